"""Packages from elsewhere: run where all is known, else refused before anything runs."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commands import TINY, Chain
from packages import INSIDE, Whole, converted, first, rewritten

from zoo.base.errors import ArtifactError
from zoo.imported import mlpackage_file
from zoo.mil.interpreter import Interpreter
from zoo.registry import get

ct = pytest.importorskip("coremltools")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def package(chain: Chain, tmp_path: Path) -> Path:
    """A sound one, to be spoilt."""
    path = tmp_path / "some.mlpackage"
    shutil.copytree(chain.home.artifact(get(TINY), "coreml", "fp16"), path)
    return path


def leads_out(package: Path) -> None:
    manifest = json.loads((package / "Manifest.json").read_text())
    manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"] = "../../elsewhere.mlmodel"
    (package / "Manifest.json").write_text(json.dumps(manifest))


def links_out(package: Path) -> None:
    outside = package.parent / "outside.bin"
    (package / INSIDE / "weights" / "weight.bin").rename(outside)
    (package / INSIDE / "weights" / "weight.bin").symlink_to(outside)


def weights_elsewhere(package: Path) -> None:
    def change(spec: Any, block: Any) -> None:
        const = next(o for o in block.operations if o.attributes["val"].HasField("blobFileValue"))
        const.attributes["val"].blobFileValue.fileName = "@model_path/weights/../../x.bin"

    rewritten(package, change)


def beyond_its_file(package: Path) -> None:
    def change(spec: Any, block: Any) -> None:
        const = next(o for o in block.operations if o.attributes["val"].HasField("blobFileValue"))
        const.attributes["val"].blobFileValue.offset = 10**12

    rewritten(package, change)


def huge(package: Path) -> None:
    def change(spec: Any, block: Any) -> None:
        tensor = first(block, "conv").outputs[0].type.tensorType
        tensor.dimensions[0].constant.size = 10**6

    rewritten(package, change)


def in_a_circle(package: Path) -> None:
    def change(spec: Any, block: Any) -> None:
        conv, last = first(block, "conv"), block.outputs[0]
        conv.inputs["x"].arguments[0].name = last

    rewritten(package, change)


def of_no_protobuf(package: Path) -> None:
    (package / INSIDE / "model.mlmodel").write_bytes(b"\xff" * 100)


def of_an_older_kind(package: Path) -> None:
    def change(spec: Any, block: Any) -> None:
        spec.neuralNetwork.arrayInputShapeMapping = 1

    rewritten(package, change)


def of_two_functions(package: Path) -> None:
    def change(spec: Any, block: Any) -> None:
        spec.mlProgram.functions["other"].CopyFrom(spec.mlProgram.functions["main"])

    rewritten(package, change)


def without_weights(package: Path) -> None:
    (package / INSIDE / "weights" / "weight.bin").unlink()


SPOILT: dict[Callable[[Path], None], str] = {
    leads_out: "leads out of the package",
    links_out: "leads out of the package",
    weights_elsewhere: "its weights lie in",
    beyond_its_file: "no entry at",
    huge: "a tensor of",
    in_a_circle: "before it is made",
    of_no_protobuf: "no protobuf of Core ML",
    of_an_older_kind: "holds a neuralNetwork",
    of_two_functions: "its functions are main, other",
    without_weights: "is missing",
}


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
def test_hostile_packages_are_refused(package: Path, spoil: Callable[[Path], None]) -> None:
    spoil(package)
    with pytest.raises(ArtifactError) as refusal:
        Interpreter(package, 1)
    assert SPOILT[spoil] in refusal.value.seen
    assert refusal.value.remedy


def test_all_that_is_unknown_is_named_at_once(package: Path) -> None:
    def change(spec: Any, block: Any) -> None:
        first(block, "sigmoid").type = "erfinv"
        first(block, "add").type = "scatter_along_axis"
        first(block, "pad").inputs["colour"].CopyFrom(first(block, "pad").inputs["mode"])

    rewritten(package, change)
    with pytest.raises(ArtifactError, match=r"erfinv, pad\(colour\), scatter_along_axis"):
        Interpreter(package, 1)


@pytest.mark.parametrize("name", ["lraspp_mobilenet_v3_large", "deeplabv3_mobilenet_v3_large"])
def test_a_network_of_another_project_is_run(tmp_path: Path, name: str) -> None:
    from torchvision.models import segmentation

    torch.manual_seed(0)
    made = getattr(segmentation, name)(weights=None, weights_backbone=None)
    network = Whole(made, lambda found: torch.softmax(found, dim=1))
    x = torch.rand(1, 3, 96, 128)
    given = ct.TensorType(name="x", shape=tuple(x.shape))
    path = converted(network, x, tmp_path / f"{name}.mlpackage", given)
    (ours,) = Interpreter(path, 1).run([x.numpy()])
    with torch.inference_mode():
        np.testing.assert_allclose(ours, network(x).numpy(), atol=2e-5)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8w", "pal6", "pal4"])
def test_a_package_says_what_xcode_and_ios_read(chain: Chain, precision: str) -> None:
    from coremltools.proto import Model_pb2

    path = chain.home.artifact(get(TINY), "coreml", precision)
    spec = Model_pb2.Model()
    spec.ParseFromString((path / INSIDE / "model.mlmodel").read_bytes())
    (given,), (result,) = spec.description.input, spec.description.output
    image = given.type.imageType
    assert (given.name, image.width, image.height) == ("image", 128, 128)
    assert image.colorSpace == image.RGB
    mask = result.type.multiArrayType
    assert (result.name, list(mask.shape)) == ("mask", [1, 1, 128, 128])
    # From iOS 16 on the output of a program in fp16 is fp16.
    assert mask.dataType == (mask.FLOAT32 if precision == "fp32" else mask.FLOAT16)
    # iOS 16, macOS 13.
    assert spec.specificationVersion == 7
    assert mlpackage_file.precision(path) == precision
    told = spec.description.metadata.userDefined
    assert told["com.apple.coreml.model.preview.type"] == "imageSegmenter"
    assert "labels" in json.loads(told["com.apple.coreml.model.preview.params"])


def leaves(message: Any) -> Iterator[tuple[Any, Any]]:
    """Every single field with a value, and the message that it is of."""
    for field, value in message.ListFields():
        if field.message_type is None:
            yield message, field
        elif field.message_type.GetOptions().map_entry:
            yield from (leaf for one in value.values() for leaf in leaves(one))
        else:
            inside = [value] if hasattr(value, "ListFields") else value
            yield from (leaf for one in inside for leaf in leaves(one))


# By protobuf's kinds of numbers, texts and truths.
VALUES: dict[str, tuple[object, ...]] = {
    "int": (-1, 0, 1, 2, 7, 10**6),
    "float": (0.0, -3.0, 1e30, float("nan")),
    "str": ("", "x", "valid", "same", "custom", "image"),
    "bytes": (b"", b"\xff" * 8),
    "bool": (False, True),
}


@pytest.mark.soak
def test_whatever_stands_in_a_program_it_runs_or_is_refused(package: Path) -> None:
    """One value of one operation changed: nothing but our own error comes out of it."""
    path, generator = package / INSIDE / "model.mlmodel", random.Random(0)
    whole, ends = path.read_bytes(), Counter[str]()
    image = np.zeros((1, 3, 128, 128), np.float32)

    def change(spec: Any, block: Any) -> None:
        message, field = generator.choice(list(leaves(generator.choice(block.operations))))
        before = getattr(message, field.name)
        kind = type(before).__name__ if type(before).__name__ in VALUES else None
        values = VALUES[kind or type(before[0]).__name__]
        with suppress(ValueError, TypeError):
            value = generator.choice(values)
            if kind:
                setattr(message, field.name, value)
            else:
                before[generator.randrange(len(before))] = value

    for _ in range(int(os.environ.get("BENCH_FUZZ", "40"))):
        path.write_bytes(whole)
        rewritten(package, change)
        try:
            Interpreter(package, 1).run([image])
            ends["run"] += 1
        except ArtifactError:
            ends["refused"] += 1
    assert ends["refused"]
    assert ends["run"]
