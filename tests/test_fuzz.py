"""Whatever lies in a file, reading it ends well or in one error of ours that names the file."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from commands import RECIPE, TINY, Chain
from drawn import encoded, portrait, write_archives
from fuzzing import EDITS, edited, often, refusal
from hypothesis import given
from hypothesis import strategies as st
from own_models import Segmenter

from bench.sessions.store import read_session
from train.config import parse_recipe
from train.data.archive import members
from train.data.dataset import Dataset, read_mask
from train.data.labels import LFW, Labelling
from train.data.lfw import MASKS, parse_list
from train.data.meaning import Census, read_labels
from train.data.prepare import read_photograph
from train.init.keras_weights import read_keras
from train.init.parent_weights import read_parent
from train.layouts.celeba_lists import read_mapping, read_partition
from train.layouts.coco import photograph_labels, read_annotations
from train.layouts.run_lengths import as_mask
from zoo import registry
from zoo.artifact.iou import read_counts
from zoo.artifact.manifest import manifest_path, read_manifest
from zoo.base.download_record import read_record
from zoo.base.errors import DataError
from zoo.checkpoint import checkpoint_path, load
from zoo.home import Home
from zoo.imported.accuracy import read_evaluations
from zoo.imported.choices import Choices
from zoo.imported.record import RECORD, read_imported
from zoo.imported.take import take
from zoo.preprocess import open_photograph
from zoo.registry import get
from zoo.runtime.feeds import read_values

SPEC = get(TINY)


@dataclass(frozen=True)
class Parser:
    """name: what the file is called under the folder; whole: a sound one; read: what reads it."""

    name: str
    whole: Callable[[Chain, Path], bytes]
    read: Callable[[Path], object]


def jpeg(_: Chain, __: Path) -> bytes:
    stream = io.BytesIO()
    portrait(0, side=32)[0].save(stream, format="JPEG")
    return stream.getvalue()


def mask(chain: Chain, _: Path) -> bytes:
    return next((chain.home.dataset("drawn") / "masks").iterdir()).read_bytes()


def own_mask(format: str) -> Callable[[Chain, Path], bytes]:
    return lambda _, __: encoded(portrait(0, side=32)[1], format)


def photograph(format: str) -> Callable[[Chain, Path], bytes]:
    return lambda _, __: encoded(portrait(0, side=32)[0], format)


def heic(_: Chain, folder: Path) -> bytes:
    library = pytest.importorskip("pillow_heif", reason="the extra `heic` is not installed")
    library.from_pillow(portrait(0, side=32)[0]).save(folder / "whole.heic", quality=90)
    return (folder / "whole.heic").read_bytes()


def values(_: Chain, __: Path) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.linspace(0, 1, 48, dtype=np.float32).reshape(1, 3, 4, 4))
    return stream.getvalue()


def as_labels(path: Path) -> object:
    """What a mask of one's own is read by, of hard and of soft labels, by colour and by number."""
    numbers = Labelling.parse(["1"], ["2"], ["0", "3-9"], ["transparent"])
    for labelling in (LFW, numbers):
        with suppress(DataError):
            read_labels(path.read_bytes(), str(path), labelling, Census(labelling))
    soft = Labelling.parse(soft=True)
    return read_labels(path.read_bytes(), str(path), soft, Census(soft))


def coco_file(_: Chain, __: Path) -> bytes:
    pytest.importorskip("pycocotools", reason="the extra `coco` is not installed")
    about = {"image_id": 1, "category_id": 7}
    shapes = ([[1.0, 2, 3, 4, 5, 6]], {"size": [8, 8], "counts": [60, 4]})
    whole = {
        "images": [{"id": 1, "file_name": "p.jpg", "width": 8, "height": 8}],
        "annotations": [about | {"segmentation": shape} for shape in shapes],
        "categories": [{"id": 7, "name": "hair"}],
    }
    return json.dumps(whole).encode()


def as_annotations(path: Path) -> object:
    found = read_annotations(path)
    return [
        photograph_labels(path, one, found.annotations, {7: "hair"})
        for one in found.images
        if one.width * one.height < 10**6
    ]


def session(chain: Chain, _: Path) -> bytes:
    return next(chain.home.results.glob("*/*.json")).read_bytes()


def archive(_: Chain, folder: Path) -> bytes:
    folder.mkdir(exist_ok=True)
    return (write_archives(folder) / MASKS).read_bytes()


def keras(_: Chain, folder: Path) -> bytes:
    with h5py.File(folder / "small.h5", "w") as file:
        file["Conv1/Conv1/kernel:0"] = np.zeros((3, 3, 3, 4), np.float32)
        file["bn_Conv1/bn_Conv1/gamma:0"] = np.ones(4, np.float32)
    return (folder / "small.h5").read_bytes()


def record(_: Chain, folder: Path) -> bytes:
    home = Home(root=folder / "imports")
    take(home, Segmenter().write(folder / "a.onnx"), "mine", Choices(), None, force=True)
    return (home.imported_folder("mine") / RECORD).read_bytes()


def parent(_: Chain, folder: Path) -> bytes:
    torch.save({"state_dict": {"model.a": torch.zeros(3)}, "epoch": 1}, folder / "p.ckpt")
    return (folder / "p.ckpt").read_bytes()


PARSERS = {
    "recipe": Parser(
        "mine.yaml",
        lambda c, f: Path(RECIPE).read_bytes(),
        lambda p: parse_recipe(p.read_bytes(), str(p)),
    ),
    "list": Parser(
        "parts_train.txt",
        lambda c, f: b"Ann_Lee 1\nBo_Ek 0002\n",
        lambda p: parse_list(p.read_text(errors="replace"), str(p)),
    ),
    "photograph": Parser("photo.jpg", jpeg, open_photograph),
    "mask": Parser("mask.png", mask, read_mask),
    **{
        f"{format} mask of one's own": Parser(f"own.{format.lower()}", own_mask(format), as_labels)
        for format in ("PNG", "PPM", "TIFF", "BMP", "GIF", "JPEG")
    },
    **{
        f"{format} photograph": Parser(
            f"photo.{format.lower()}",
            photograph(format),
            lambda p: read_photograph(p.read_bytes(), str(p)),
        )
        for format in ("AVIF", "TIFF", "BMP", "GIF", "MPO")
    },
    "HEIC photograph": Parser(
        "photo.heic", heic, lambda p: read_photograph(p.read_bytes(), str(p))
    ),
    "values": Parser("values.npy", values, read_values),
    "CelebA's mapping": Parser(
        "mapping.txt", lambda c, f: b"idx orig_idx orig_file\n0 9 000010.jpg\n", read_mapping
    ),
    "CelebA's partition": Parser(
        "partition.txt", lambda c, f: b"000009.jpg 1\n000010.jpg 0\n", read_partition
    ),
    "annotations": Parser("coco.json", coco_file, as_annotations),
    "archive": Parser("a.tgz", archive, lambda p: [read() for _, read in members(p)]),
    "checkpoint": Parser(
        f"{TINY}/checkpoint.safetensors",
        lambda c, f: checkpoint_path(c.home, SPEC).read_bytes(),
        load,
    ),
    "manifest": Parser(
        f"artifacts/{TINY}/manifest.json",
        lambda c, f: manifest_path(c.home, SPEC).read_bytes(),
        lambda p: read_manifest(Home(root=p.parents[2]), SPEC),
    ),
    "session": Parser("session.json", session, read_session),
    "counts": Parser(
        "counts.csv",
        lambda c, f: (c.home.checkpoint_folder(SPEC) / "validation_counts.csv").read_bytes(),
        read_counts,
    ),
    "data set": Parser(
        "data/drawn/dataset.json",
        lambda c, f: (c.home.dataset("drawn") / "dataset.json").read_bytes(),
        lambda p: Dataset.open(Home(root=p.parents[2]), "drawn"),
    ),
    "downloads": Parser(
        "downloads.json",
        lambda c, f: b'{"schema_version":1,"files":{}}',
        lambda p: read_record(p.parent),
    ),
    "keras": Parser("mobilenet_v2.h5", keras, read_keras),
    "imported": Parser(
        f"imported/mine/{RECORD}", record, lambda p: read_imported(Home(root=p.parents[2]), "mine")
    ),
    "accuracy": Parser(
        "imported/mine/accuracy.json",
        lambda c, f: b'{"schema_version":1,"found":[]}',
        lambda p: read_evaluations(Home(root=p.parents[2]), "mine"),
    ),
    "parent": Parser("parent.ckpt", parent, read_parent),
}


@pytest.mark.soak
@pytest.mark.parametrize("kind", PARSERS)
def test_any_file(kind: str, chain: Chain, tmp_path: Path) -> None:
    parser = PARSERS[kind]
    whole = parser.whole(chain, tmp_path)
    path = tmp_path / "fuzzed" / parser.name
    path.parent.mkdir(parents=True)
    outcomes = {"read": 0, "refused": 0}

    @often
    @given(EDITS, st.binary(max_size=200) | st.none())
    def check(edits: list[tuple[float, int, bytes | None]], instead: bytes | None) -> None:
        path.write_bytes(edited(whole, edits) if instead is None else instead)
        said = refusal(lambda: parser.read(path))
        outcomes["read" if said is None else "refused"] += 1
        assert said is None or path.name in said or path.parent.name in said

    check()
    print(f"\n{kind}: {outcomes}")
    assert outcomes["refused"] > 0


@pytest.mark.soak
@often
@given(st.text(st.characters(min_codepoint=40, max_codepoint=120)) | st.lists(st.integers(0, 200)))
def test_any_run_lengths(counts: str | list[int]) -> None:
    found = as_mask(counts, 12, 9)
    assert found is None or found.shape == (12, 9)


@pytest.mark.soak
@often
@given(st.text() | EDITS.map(lambda edits: edited(TINY.encode(), edits).decode("utf-8", "replace")))
def test_any_name(name: str) -> None:
    assert refusal(lambda: registry.select([name])) is None or name != TINY
    home = Home(root=Path("/home"))
    if refusal(lambda: home.imported_folder(name)) is None:
        assert home.imported_folder(name).parent == Path("/home/imported")
    if refusal(lambda: home.dataset(name)) is None:
        assert home.dataset(name).parent == Path("/home/data")
