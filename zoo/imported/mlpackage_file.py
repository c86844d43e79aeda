"""What a Core ML package tells of itself, and how it is copied: its own files, and no others."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from zoo.base.files import storing
from zoo.mil.check import blobs, check
from zoo.mil.contents import Port, contents
from zoo.mil.package import blob_file, manifest_file, open_package

# Of palettes, the most bits of an index; beyond these they stand beside int8w.
PALETTES = {"pal4": 4, "pal6": 6}


def make_whole(source: Path, copy: Path, size: list[int] | None) -> None:
    """Write the copy: Manifest.json, the model, and the files of weights that it names.

    Raises ArtifactError for a package that is not sound, or that the reference does not know."""
    package = open_package(source)
    block = check(package)
    named = {one.blobFileValue.fileName for each in block.operations for one in blobs(each)}
    # A link within the package is a file in the copy: its name is kept, and what it holds.
    model = package.model.relative_to(source)
    files = {manifest_file(source).relative_to(source): manifest_file(source), model: package.model}
    for name in sorted(named):
        path = blob_file(package, name)
        files[model.parent / "weights" / path.name] = path
    with storing(copy):
        # Core ML looks for the folder that Manifest.json names, also where nothing is in it.
        (copy / model.parent / "weights").mkdir(parents=True)
        for place, file in files.items():
            shutil.copyfile(file, copy / place)


def precision(path: Path) -> str:
    """Of its weights, as the zoo names it."""
    stored = contents(open_package(path)).precision or "fp32"
    if stored.startswith("pal"):
        bits = int(stored.removeprefix("pal"))
        return next((name for name, most in PALETTES.items() if bits <= most), "int8w")
    if stored.startswith("int"):
        return "int8w"
    return "fp16" if stored == "fp16" else "fp32"


def normalisation(path: Path) -> None:
    """It is part of the program."""


def images(path: Path) -> Mapping[str, str]:
    """Of the inputs and outputs that are images of bytes, by name: rgb, bgr or grey."""
    found = contents(open_package(path))
    ports: tuple[Port, ...] = (*found.inputs, *found.outputs)
    return {port.name: port.type for port in ports if port.image}
