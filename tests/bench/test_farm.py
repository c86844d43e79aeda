"""A farm of two nodes of this machine: all devices at once, and nothing lost when one dies."""

from __future__ import annotations

import importlib.util
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from commands import TINY, bench_process, invoke, running
from farms import Farm, children_left, node, processes_of, two_nodes
from file_server import closed_port

from bench.sessions.store import read_all
from zoo.artifact.manifest import Accuracy, read_manifest
from zoo.home import Home
from zoo.registry import get

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason="Ray is not installed (pip install '.[cluster]'): no farm tested",
)
FEW = ("--model", TINY, "--runtime", "litert", "--precision", "fp32", "--rounds", "4")
RUN = ("run", "--device", "host", "--all", *FEW, "--sessions", "2", "--max-sessions", "2")
LONG = ("run", "--device", "host", "--all", *FEW, "--sessions", "200", "--max-sessions", "200")


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    with two_nodes(tmp_path / "user") as found:
        yield found


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """One for the tests that leave it as it was; they are the last ones here."""
    with two_nodes(tmp_path_factory.mktemp("farm") / "user") as found:
        yield found


@pytest.fixture
def exported(shipped: Home, home: Home) -> Home:
    shutil.copytree(shipped.root, home.root, dirs_exist_ok=True)
    return home


def test_a_node_that_dies_loses_no_session(farm: Farm, exported: Home) -> None:
    with running(bench_process(exported, *LONG, "--ray", farm.address)) as process:
        assert process.stdout
        told = []
        for line in process.stdout:
            told.append(line)
            if "pass 1:" in line:
                break
        stored = read_all(exported).sessions
        assert stored
        farm.kill_second()
        lost = next(line for line in process.stdout if "its worker was lost" in line)
        # The first node goes on, or begins, where the lock of this machine is free again.
        (measured,) = [path.parent for path in exported.results.glob("*/*.json")][:1]
        known = len(list(measured.glob("*.json")))
        until = time.monotonic() + 60
        while len(list(measured.glob("*.json"))) <= known:
            assert time.monotonic() < until, [*told, lost]
            time.sleep(0.2)
        # Ctrl-C ends it, and all that it began.
        process.send_signal(signal.SIGINT)
        told += process.stdout
    assert process.returncode == 130, "".join(told)
    assert "Traceback" not in "".join(told)
    after = read_all(exported).sessions
    assert {session.id for session in stored} < {session.id for session in after}
    assert children_left(farm) == []


def test_an_export_goes_on_elsewhere(farm: Farm, home: Home) -> None:
    models = ("mnv2_slim_unet_0.35_128", "mnv2_slim_unet_0.35_160")
    words = [word for name in models for word in ("--model", name)]
    invoke("weights", "take", *words)
    command = ("export", *words, "--format", "onnx", "--precision", "fp32", "--ray", farm.address)
    with running(bench_process(home, *command)) as process:
        assert process.stdout
        told = []
        for line in process.stdout:
            told.append(line)
            if sum(" on " in one and "process" in one for one in told) == 2:
                break
        farm.kill_second()
        told += process.stdout
    assert process.returncode == 0, "".join(told)
    assert any("its worker was lost" in line for line in told), told
    for name in models:
        assert "onnx.fp32" in read_manifest(home, get(name)).artifacts


def answer(*words: str) -> subprocess.CompletedProcess[str]:
    """Of a command that goes well; what it prints, and what it says beside."""
    done = subprocess.run(
        [Path(sys.executable).with_name("bench"), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_a_computer_that_cannot_export_gets_no_exports(home: Home, tmp_path: Path) -> None:
    """The second one has another exporter of TFLite files, as far as its metadata say."""
    other = tmp_path / "packages" / "litert_torch-0.0.1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: litert-torch\nVersion: 0.0.1\n")
    models = ("mnv2_slim_unet_0.35_128", "mnv2_slim_unet_0.35_160")
    words = [word for name in models for word in ("--model", name)]
    invoke("weights", "take", *words)
    command = ("export", *words, "--format", "onnx", "--precision", "fp32", "--json")
    with two_nodes(tmp_path / "user", path_of_second=other.parent) as farm:
        done = answer(*command, "--ray", farm.address)
    assert "left out: " in done.stderr
    assert "litert-torch 0.0.1" in done.stderr
    assert {one["model"] for one in json.loads(done.stdout)} == set(models)


def test_by_itself_a_farm_is_of_this_computer_alone(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    port = str(closed_port())
    with node(("start", "--port", port, "--cpus", "1"), "is a farm") as alone:
        listening = {
            address.laddr.ip
            for process in processes_of(alone)
            for address in process.net_connections("tcp")
            if address.status == psutil.CONN_LISTEN
        }
        assert listening, "it listens somewhere"
        assert all(ip.removeprefix("::ffff:").startswith("127.") for ip in listening), listening
        for address in ("auto", f"127.0.0.1:{port}"):
            with running(bench_process(home, "devices", "--ray", address)) as process:
                told, _ = process.communicate(timeout=120)
            assert told.count("ready") == 1, told


def test_every_host_is_measured_and_two_callers_take_turns(standing: Farm, exported: Home) -> None:
    listed = invoke("devices", "--ray", standing.address).output
    assert listed.count("ready") == 2, listed
    # `local` is a Ray of this command's own, whatever runs here.
    listed = invoke("devices", "--ray", "local").output
    assert listed.count("ready") == 1, listed
    on_farm = (*RUN, "--ray", standing.address)
    with (
        running(bench_process(exported, *on_farm)) as one,
        running(bench_process(exported, *on_farm)) as two,
    ):
        told = [process.communicate(timeout=120)[0] for process in (one, two)]
    assert [process.returncode for process in (one, two)] == [0, 0], "".join(told)
    sessions = read_all(exported).sessions
    assert len({session.id for session in sessions}) == len(sessions)
    # Both nodes are this machine, so its lock holds three of the four back at a time.
    assert len({session.batch for session in sessions}) == 4
    assert len({session.machine for session in sessions}) == 1
    assert all(session.timed or session.round == 0 for session in sessions)
    assert "waiting: this machine is in use by another command" in "".join(told)
    assert "bench report --open" in told[0]
    before = {session.id for session in read_all(exported).sessions}
    again = bench_process(exported, *on_farm, "--resume")
    with running(again) as process:
        output, _ = process.communicate(timeout=120)
    assert "every session is there already" in output
    assert {session.id for session in read_all(exported).sessions} == before


def test_a_farm_counts_what_this_machine_does(
    standing: Farm, exported: Home, portraits: Path
) -> None:
    def counted() -> list[Accuracy | None]:
        files = read_manifest(exported, get(TINY)).artifacts.values()
        return [file.accuracy_on("drawn", "validation") for file in files]

    invoke("data", "folder", str(portraits), "--name", "drawn")
    command = ("eval", "--model", TINY, "--data", "drawn", "--json")
    there, told = json.loads(answer(*command, "--ray", standing.address).stdout), counted()
    assert None not in told
    assert json.loads(answer(*command, "--force").stdout) == there
    assert counted() == told


def test_who_has_no_token_is_kept_out(
    standing: Farm, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    monkeypatch.setenv("HOME", str(stranger))
    assert "copy it from there" in invoke("farm", "join", standing.address, status=1).output
    with running(bench_process(home, "devices", "--ray", standing.address)) as process:
        told, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "cannot be joined" in told
