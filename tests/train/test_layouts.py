"""Layouts that people have: suffixes, Figaro-1k, CelebAMask-HQ, and several sets in one."""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from commands import RECIPE, TINY, TRAIN, invoke
from drawn import Bits, hair_of, portrait, write_portraits
from PIL import Image

from train.data.dataset import Dataset
from zoo.artifact.iou import pooled, read_counts
from zoo.artifact.sources import by_source
from zoo.home import Home
from zoo.registry import get


def face_of(seed: int, side: int = 96) -> Bits:
    found: Bits = (np.asarray(portrait(seed, side)[1]) == (0, 255, 0)).all(axis=2)
    return found


def figaro(folder: Path, training: int = 20, testing: int = 4) -> Path:
    for part, seeds in (
        ("Training", range(training)),
        ("Testing", range(training, training + testing)),
    ):
        if not seeds:
            continue
        images, masks = folder / "Original" / part, folder / "GT" / part
        images.mkdir(parents=True)
        masks.mkdir(parents=True)
        for seed in seeds:
            portrait(seed)[0].save(images / f"Frame{seed:05}-org.jpg")
            Image.fromarray(hair_of(seed)).save(masks / f"Frame{seed:05}-gt.pbm")
    return folder


def test_figaro(tmp_path: Path, home: Home) -> None:
    folder = figaro(tmp_path / "own")
    invoke("data", "figaro1k", "--archives", str(folder))
    dataset = Dataset.open(home, "figaro1k")
    assert len(dataset.items("test")) == 4
    assert dataset.items("train")
    assert dataset.items("validation")
    for seed, item in enumerate(dataset.record.items):
        assert item.id == f"Frame{seed:05}"
        assert ((dataset.mask(item) == 1) == hair_of(seed)).all()
    mask = folder / "GT" / "Training" / "Frame00002-gt.pbm"
    Image.open(mask).resize((48, 48)).save(mask)
    words = ("data", "figaro1k", "--archives", str(folder))
    assert "--resize-masks nearest" in invoke(*words, status=1).output
    invoke(*words, "--resize-masks", "nearest", "--masks-turned", "upright")
    (folder / "GT" / "Training" / "Frame00003-gt.pbm").unlink()
    output = invoke("data", "figaro1k", "--archives", str(folder), status=1).output
    assert "Frame00003-org.jpg: has no mask of its name" in output
    empty = str(tmp_path / "data")
    assert "unpack Figaro1k.zip" in invoke("data", "figaro1k", "--archives", empty, status=1).output


def test_the_real_figaro(home: Home) -> None:
    beside = Path(__file__).parents[3] / "shared" / "data" / "figaro1k"
    folder = Path(os.environ.get("BENCH_TEST_FIGARO", beside))
    if not folder.is_dir():
        pytest.skip(f"Figaro-1k is not at {folder}: its real masks are not tested")
    invoke("data", "figaro1k", "--archives", str(folder))
    items = Dataset.open(home, "figaro1k").record.items
    assert len(items) == 840
    found = json.loads(invoke("data", "check", str(home.dataset("figaro1k")), "--json").output)
    # Whichever of the two is hair: about a third of these photographs.
    assert 0.25 < found["statistics"]["mean_hair_share"] < 0.45


def test_suffixes_and_folders_are_options(tmp_path: Path, home: Home) -> None:
    folder = str(figaro(tmp_path / "own", testing=0))
    words = ["data", "folder", folder, "--name", "own", "--hair", "white"]
    for told in (
        r"--images Original/Training",
        r"--masks GT/Training",
        r"Frame00000-gt\.pbm lies there.*--image-suffix -org --mask-suffix -gt",
    ):
        output = invoke(*words, status=1).output
        found = re.search(told, output, re.DOTALL)
        assert found, output
        words += output.rpartition("next:")[2].partition(";")[0].split()
    invoke(*words)
    dataset = Dataset.open(home, "own")
    assert [item.id for item in dataset.record.items][:2] == ["Frame00000", "Frame00001"]
    assert ((dataset.mask(dataset.record.items[1]) == 1) == hair_of(1)).all()
    check = ("data", "check", folder, *words[5:])
    assert "20 pairs good, 0 problems" in invoke(*check).output


@pytest.mark.parametrize("suffix", ["_mask", "-seg", "_hair_label"])
def test_the_near_miss_is_named(tmp_path: Path, home: Home, suffix: str) -> None:
    folder = write_portraits(tmp_path / "own", 12)
    for path in list((folder / "masks").iterdir()):
        path.rename(path.with_name(f"{path.stem}{suffix}.ppm"))
    words = ("data", "folder", str(folder), "--name", "own")
    output = invoke(*words, status=1).output
    assert f"p000{suffix}.ppm lies there" in output
    assert f"--mask-suffix {suffix}" in output
    invoke(*words, "--mask-suffix", suffix)
    # Both in one folder.
    for path in list((folder / "masks").iterdir()):
        path.rename(folder / "images" / path.name)
    together = ("--masks", "images", "--mask-suffix", suffix)
    invoke(*words, *together)
    assert "12 pairs good" in invoke("data", "check", str(folder), *together).output


def test_masks_of_another_size(tmp_path: Path, home: Home) -> None:
    folder = write_portraits(tmp_path / "own", 12)
    for path in (folder / "masks").iterdir():
        Image.open(path).resize((48, 48), Image.Resampling.NEAREST).save(path)
    words = ("data", "folder", str(folder), "--name", "own")
    output = invoke(*words, status=1).output
    assert "the mask is 48x48" in output
    assert "--resize-masks nearest" in output
    invoke(*words, "--resize-masks", "nearest")
    dataset = Dataset.open(home, "own")
    item = dataset.record.items[0]
    mask = dataset.mask(item)
    assert mask.shape == (96, 96)
    assert set(np.unique(mask)) <= {0, 1, 2}
    assert ((mask == 1) ^ hair_of(0)).mean() < 0.05
    assert "resized" in dataset.record.sources["labels"]
    Image.open(folder / "masks" / "p003.ppm").resize((48, 30), 0).save(
        folder / "masks" / "p003.ppm"
    )
    assert "another shape" in invoke(*words, "--resize-masks", "nearest", status=1).output


def celebamask(folder: Path, count: int) -> Path:
    """Photographs of 128 pixels with masks of 64, a file a part; the last one wears a hat."""
    images, masks = folder / "CelebA-HQ-img", folder / "CelebAMask-HQ-mask-anno"
    images.mkdir(parents=True)
    for number in range(count):
        portrait(number, 128)[0].save(images / f"{number}.jpg")
        part = masks / str(number // 8)
        part.mkdir(parents=True, exist_ok=True)
        regions = {"hair": hair_of(number, 64), "skin": face_of(number, 64)}
        if number == count - 1:
            regions["hat"] = regions["hair"] & (np.arange(64)[:, None] < 24)
        for name, region in regions.items():
            Image.fromarray(region.astype(np.uint8) * 255).save(part / f"{number:05}_{name}.png")
    return folder


def test_celebamask(tmp_path: Path, home: Home) -> None:
    folder = celebamask(tmp_path / "own", 20)
    invoke("data", "celebamask", "--archives", str(folder))
    dataset = Dataset.open(home, "celebamask")
    assert len(dataset.record.items) == 20
    for number, item in enumerate(dataset.record.items):
        small = dataset.mask(item)[::2, ::2]
        hat = (np.arange(64)[:, None] < 24) & (number == 19)
        assert ((small == 1) == (hair_of(number, 64) & ~hat)).all()
        assert ((small == 2) == face_of(number, 64)).all()
    words = ("data", "celebamask", "--archives", str(folder))
    path = folder / "CelebAMask-HQ-mask-anno" / "0" / "00003_hair.png"
    Image.open(path).resize((32, 32)).save(path)
    assert "00003_hair.png" in invoke(*words, status=1).output
    path.rename(path.with_name("00003_wig.png"))
    assert "of no part that is known" in invoke(*words, status=1).output
    path.with_name("00003_wig.png").unlink()
    (folder / "CelebA-HQ-img" / "5.jpg").unlink()
    assert "number 5 has no photograph" in invoke(*words, status=1).output


def celeba_lists(folder: Path, mapping: str, partition: str) -> None:
    (folder / "CelebA-HQ-to-CelebA-mapping.txt").write_text(mapping)
    (folder / "list_eval_partition.txt").write_text(partition)


def test_celebamask_is_split_as_celeba_where_its_lists_are(tmp_path: Path, home: Home) -> None:
    folder = celebamask(tmp_path / "own", 12)
    words = ("data", "celebamask", "--archives", str(folder))
    titles = "idx             orig_idx        orig_file\n"
    # As published: with titles, in columns; the parts are of a list of many more photographs.
    lines = [f"    {n}              {99 - n}      {100 - n:06}.jpg" for n in range(30)]
    parts = [f"{n:06}.jpg {0 if n > 94 else 1 if n > 91 else 2}" for n in range(1, 120)]
    mapping, partition = titles + "\n".join(lines), "\r\n".join(parts) + "\r\n"
    celeba_lists(folder, mapping, partition)
    output = invoke(*words).output
    assert "6 train, 3 validation, 3 test (CelebA's own split" in output
    dataset = Dataset.open(home, "celebamask")
    assert [i.id for i in dataset.items("test")] == ["00009", "00010", "00011"]
    assert [i.id for i in dataset.items("validation")] == ["00006", "00007", "00008"]
    assert "list_eval_partition.txt" in dataset.record.sources
    for wrong, told in [
        ((mapping.replace("\n    7 ", "\n    77 "), partition), "does not list photograph 7"),
        ((mapping.replace("\n    7 ", "\n    6 "), partition), "line 9"),
        ((mapping + "\n00000000 1", partition), "line 32"),
        ((mapping, partition.replace("000093.jpg 1\r\n", "")), "does not list 000093.jpg"),
        ((mapping, partition + "000093.jpg 0\n"), "000093.jpg once"),
        ((mapping, partition.replace("000093.jpg 1", "000093.jpg 3")), "line 93"),
        ((mapping, partition.replace("000093.jpg", "../../3.jpg")), "line 93"),
        ((mapping, "\0\x1b[2J"), "line 1"),
    ]:
        celeba_lists(folder, *wrong)
        assert told in invoke(*words, status=1).output
    # Refused, nothing of the data set was changed.
    assert Dataset.open(home, "celebamask").record == dataset.record
    (folder / "list_eval_partition.txt").unlink()
    output = invoke(*words).output
    assert "0 test (sha256(seed:name)" in output
    assert "CelebA's own split needs list_eval_partition.txt" in output


def test_the_iou_is_told_by_source(tmp_path: Path, home: Home) -> None:
    invoke("data", "folder", str(write_portraits(tmp_path / "one", 20)), "--name", "one")
    invoke("data", "figaro1k", "--archives", str(figaro(tmp_path / "two")))
    output = invoke("data", "join", "one", "figaro1k", "--name", "drawn").output
    assert "joined, each as it was split" in output
    both = Dataset.open(home, "drawn")
    parts = {name: Dataset.open(home, name) for name in ("one", "figaro1k")}
    for item in both.record.items:
        name, _, id = item.id.partition(".")
        part = parts[name]
        own = next(one for one in part.record.items if one.id == id)
        assert (item.source, item.split, item.sha256) == (name, own.split, own.sha256)
        assert (both.mask(item) == part.mask(own)).all()
    assert (
        f"{len(both.record.items)} pairs good" in invoke("data", "check", str(both.folder)).output
    )

    told = invoke(*TRAIN, "--epochs", "1").output
    counts = read_counts(home.checkpoint_folder(get(TINY)) / "validation_counts.csv")
    found = by_source(counts, "both")
    assert [one.source for one in found] == ["figaro1k", "one"]
    for one in found:
        mine = [count for count in counts if count.image.startswith(f"{one.source}.")]
        assert (len(mine), pooled(mine)) == (one.images, one.iou.value)
        assert f"{one.source} {one.iou.text} of {one.images}" in told
    assert RECIPE in TRAIN
    again = invoke("data", "join", "drawn", "drawn", "--name", "more", status=1).output
    assert "two or more different data sets" in again


def test_eval_tells_the_iou_by_source(elsewhere: Home, tmp_path: Path) -> None:
    invoke("data", "folder", str(write_portraits(tmp_path / "more", 12)), "--name", "more")
    invoke("data", "join", "drawn", "more", "--name", "both")
    words = ("eval", "--model", TINY, "--format", "onnx", "--precision", "fp32", "--data", "both")
    (row,) = json.loads(invoke(*words, "--json").stdout)
    assert [one["source"] for one in row["by_source"]] == ["drawn", "more"]
    assert sum(one["images"] for one in row["by_source"]) == row["images"]
    told = invoke(*words).output
    for one in row["by_source"]:
        assert f"IoU on {one['source']} [95 %]" in told
        assert f"{one['iou']['value']:.3f}" in told
    (line,) = csv.DictReader(invoke(*words, "--format", "csv").stdout.splitlines())
    first = row["by_source"][0]
    assert float(line["by_source.drawn.iou.value"]) == first["iou"]["value"]
