"""Core ML: an mlprogram package for iOS 16 and later, with an image input, by coremltools."""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from zoo.artifact.label import AUTHOR, COLOURS, LICENCE, Label
from zoo.artifact.steps import NetworkRanges
from zoo.preprocess import INPUT_NAME, OUTPUT_NAME
from zoo.spec import ModelSpec

if TYPE_CHECKING:
    from coremltools.models import MLModel

CONVERSION_DATE = "com.github.apple.coremltools.conversion_date"
# By these keys Xcode knows how to preview a model.
PREVIEW = "com.apple.coreml.model.preview.type"
# Bits of a palette's index, for tensors of at least so many weights; smaller ones have SMALL_BITS,
# for at 4 bits they lose several points of IoU and are next to nothing in the file.
PALETTES = {"pal6": 6, "pal4": 4}
LARGE, SMALL_BITS = 9000, 6


def export(deployed: nn.Module, spec: ModelSpec, label: Label, path: Path) -> None:
    """Write the package `path`; raises whatever coremltools raises."""
    _hide_tensorflow()
    import coremltools as ct

    example = torch.zeros(1, 3, spec.size, spec.size)
    program = torch.export.export(deployed, (example,)).run_decompositions({})
    image = ct.ImageType(
        name=INPUT_NAME, shape=tuple(example.shape), scale=1 / 255, color_layout=ct.colorlayout.RGB
    )
    half = label.precision == "fp16"
    model = ct.convert(
        program,
        inputs=[image],
        outputs=[ct.TensorType(name=OUTPUT_NAME)],
        convert_to="mlprogram",
        minimum_deployment_target=ct.target.iOS16,
        compute_precision=ct.precision.FLOAT16 if half else ct.precision.FLOAT32,
    )
    _save(model, label, path)


def recast(source: Path, label: Label, path: Path, ranges: NetworkRanges | None) -> None:
    """Write the package `path` from the fp16 package `source`; activations and arithmetic stay
    fp16: to quantise activations coremltools runs the model, which takes a Mac.

    int8w: weights in int8, a scale a channel. pal6, pal4: weights from a palette a tensor, found
    by k-means (an evenly spaced one loses 30 points of IoU and more).
    """
    _hide_tensorflow()
    import coremltools as ct
    import coremltools.optimize.coreml as cto

    model = ct.models.MLModel(str(source), skip_model_load=True)
    if label.precision == "int8w":
        how = cto.OpLinearQuantizerConfig(mode="linear_symmetric")
        model = cto.linear_quantize_weights(model, cto.OptimizationConfig(global_config=how))
    else:
        large = cto.get_weights_metadata(model, weight_threshold=LARGE)
        palettes = cto.OptimizationConfig(
            global_config=cto.OpPalettizerConfig(mode="kmeans", nbits=SMALL_BITS),
            op_name_configs={
                name: cto.OpPalettizerConfig(mode="kmeans", nbits=PALETTES[label.precision])
                for name in large
            },
        )
        model = cto.palettize_weights(model, palettes)
    _save(model, label, path)


def _save(model: MLModel, label: Label, path: Path) -> None:
    """With the label where Xcode shows it, and its preview for image segmentation."""
    model.short_description, model.author = label.description, AUTHOR
    model.license, model.version = LICENCE, label.version
    model.input_description[INPUT_NAME] = "An RGB photograph, upright."
    model.output_description[OUTPUT_NAME] = f"The probability of {label.target}, 0..1."
    preview = {"labels": ["background", label.target], "colors": list(COLOURS)}
    shown = {PREVIEW: "imageSegmenter", f"{PREVIEW[:-4]}params": json.dumps(preview)}
    for key, value in (label.entries | shown).items():
        model.user_defined_metadata[key] = value
    model.save(str(path))
    _settle(path)


def _hide_tensorflow() -> None:
    """TensorFlow beside this torch kills `import coremltools` by SIGSEGV; hidden, it is let be."""
    sys.modules["tensorflow"] = None  # type: ignore[assignment]


def _settle(package: Path) -> None:
    """Take out what changes from run to run: dates, random identifiers, map order."""
    from coremltools.proto import Model_pb2

    file = package / "Data" / "com.apple.CoreML" / "model.mlmodel"
    model = Model_pb2.Model()
    model.ParseFromString(file.read_bytes())
    model.description.metadata.userDefined.pop(CONVERSION_DATE, None)
    file.write_bytes(model.SerializeToString(deterministic=True))
    (package / "executorch_debug_handle_mapping.json").unlink(missing_ok=True)
    _rename_entries(package / "Manifest.json")


def _rename_entries(path: Path) -> None:
    manifest = json.loads(path.read_text())
    entries = manifest["itemInfoEntries"]
    names = {old: str(uuid.uuid5(uuid.NAMESPACE_OID, entries[old]["path"])) for old in entries}
    manifest["itemInfoEntries"] = {names[old]: entries[old] for old in entries}
    manifest["rootModelIdentifier"] = names[manifest["rootModelIdentifier"]]
    path.write_text(json.dumps(manifest, indent=4, sort_keys=True) + "\n")
