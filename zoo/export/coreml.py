"""Core ML: an mlprogram package for iOS 16 and later, with an image input, by coremltools."""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path

import torch
from torch import nn

from zoo.preprocess import INPUT_NAME, OUTPUT_NAME
from zoo.spec import ModelSpec


def export(deployed: nn.Module, spec: ModelSpec, precision: str, path: Path) -> None:
    """Write the package `path`; raises whatever coremltools raises."""
    # TensorFlow beside this torch kills `import coremltools` by SIGSEGV; hidden, it is not tried.
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
    import coremltools as ct

    example = torch.zeros(1, 3, spec.size, spec.size)
    program = torch.export.export(deployed, (example,)).run_decompositions({})
    image = ct.ImageType(
        name=INPUT_NAME, shape=tuple(example.shape), scale=1 / 255, color_layout=ct.colorlayout.RGB
    )
    half = precision == "fp16"
    model = ct.convert(
        program,
        inputs=[image],
        outputs=[ct.TensorType(name=OUTPUT_NAME)],
        convert_to="mlprogram",
        minimum_deployment_target=ct.target.iOS16,
        compute_precision=ct.precision.FLOAT16 if half else ct.precision.FLOAT32,
    )
    model.save(str(path))
    _settle(path)


def _settle(package: Path) -> None:
    """Take out what changes from run to run: dates, random identifiers, map order."""
    from coremltools.proto import Model_pb2

    file = package / "Data" / "com.apple.CoreML" / "model.mlmodel"
    model = Model_pb2.Model()
    model.ParseFromString(file.read_bytes())
    del model.description.metadata.userDefined["com.github.apple.coremltools.conversion_date"]
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
