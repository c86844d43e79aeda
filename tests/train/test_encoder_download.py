"""`bench weights encoders`: Keras' files from a real server, held to what came first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import invoke
from file_server import FileServer, closed_port, running_file_server
from keras_file import write_keras_file

from train.init.encoder_download import file_name
from train.init.first_weights import choose_first_weights
from zoo import registry
from zoo.base.download_record import RECORD
from zoo.home import Home

SPEC = registry.get("mnv2_unet_0.5_128")
NAME = file_name("0.5")


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    write_keras_file(tmp_path / NAME, registry.build(SPEC))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with running_file_server() as server:
        server.files = {NAME: (tmp_path / NAME).read_bytes()}
        yield server


def test_an_encoder_is_fetched_once_and_begun_from(home: Home, mirror: FileServer) -> None:
    words = ("weights", "encoders", "--width", "0.5", "--mirror", mirror.address)
    assert "fetched" in invoke(*words).output
    assert "there already" in invoke(*words).output
    assert len(mirror.served) == 1
    first = choose_first_weights(SPEC, "auto", home.encoders)
    assert (first.init.kind, first.init.source) == ("keras", NAME)


def test_another_file_than_the_first_is_refused(home: Home, mirror: FileServer) -> None:
    words = ("weights", "encoders", "--width", "0.5", "--mirror", mirror.address)
    invoke(*words)
    (home.encoders / NAME).unlink()
    other = home.root / "other.h5"
    write_keras_file(other, registry.build(SPEC), "kernel")
    mirror.files[NAME] = other.read_bytes()
    output = invoke(*words, status=1).output
    assert "as recorded when it came first" in output
    assert RECORD in output


def test_what_is_no_encoder_is_not_taken(home: Home, mirror: FileServer) -> None:
    mirror.files[NAME] = b"<!doctype html><p>Moved"
    words = ("weights", "encoders", "--width", "0.5", "--mirror")
    assert "not a Keras MobileNetV2" in invoke(*words, mirror.address, status=1).output
    assert not (home.encoders / NAME).exists()
    output = invoke(*words, f"http://127.0.0.1:{closed_port()}", status=1).output
    assert f"put the file into {home.encoders} by hand" in output
    assert "nearest: 0.5" in invoke("weights", "encoders", "--width", "0.6", status=1).output
