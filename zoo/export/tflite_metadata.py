"""LiteRT metadata: what Android Studio and MediaPipe show and read of a TFLite file.

A flatbuffer of its own in the file, by tflite-support's metadata_schema.fbs. No maintained Python
package writes it any more, so its few tables are built here, slot by slot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from zoo.artifact.label import AUTHOR, LICENCE, Label
from zoo.preprocess import INPUT_NAME, OUTPUT_NAME

ENTRY = b"TFLITE_METADATA"
METADATA_IDENTIFIER = b"M001"
PARSER_VERSION = "1.0.0"
# Of unions and enumerations in the schema.
NORMALIZATION_OPTIONS = 1
FEATURE_PROPERTIES, IMAGE_PROPERTIES = 1, 2
RGB = 1


def add_metadata(model: Any, label: Label) -> None:
    """Put the label into the schema's ModelT, in the place of one that is there."""
    content = schema.BufferT()
    content.data = list(metadata_bytes(label))
    kept = [entry for entry in model.metadata or [] if entry.name != ENTRY]
    entry = schema.MetadataT()
    entry.name, entry.buffer = ENTRY, len(model.buffers)
    model.buffers.append(content)
    model.metadata = [*kept, entry]


def metadata_bytes(label: Label) -> bytes:
    """The flatbuffer of the label, root table ModelMetadata."""
    builder = flatbuffers.Builder(2048)
    image = _tensor(
        builder,
        INPUT_NAME,
        "An RGB photograph, upright, divided by 255.",
        content=_table(
            builder,
            2,
            {1: _table(builder, 2, {}, {0: RGB})},
            {0: IMAGE_PROPERTIES},
        ),
        units=[_normalisation(builder, mean=0.0, std=255.0)],
    )
    mask = _tensor(
        builder,
        OUTPUT_NAME,
        f"The probability of {label.target} of each pixel.",
        content=_table(builder, 2, {1: _table(builder, 0, {})}, {0: FEATURE_PROPERTIES}),
        units=[],
    )
    graph = _table(builder, 7, {2: _vector(builder, [image]), 3: _vector(builder, [mask])})
    texts = {
        0: label.name,
        1: f"{label.description} Checkpoint {label.checkpoint_sha256}.",
        2: label.version,
        4: AUTHOR,
        5: LICENCE,
        7: PARSER_VERSION,
    }
    slots = {slot: builder.CreateString(text) for slot, text in texts.items()}
    root = _table(builder, 8, slots | {3: _vector(builder, [graph])})
    builder.Finish(root, METADATA_IDENTIFIER)
    return bytes(builder.Output())


def _tensor(
    builder: flatbuffers.Builder, name: str, text: str, content: int, units: Sequence[int]
) -> int:
    """TensorMetadata of values in 0..1."""
    ends = {0: _floats(builder, [1.0]), 1: _floats(builder, [0.0])}
    slots = {
        0: builder.CreateString(name),
        1: builder.CreateString(text),
        3: content,
        5: _table(builder, 2, ends),
    }
    if units:
        slots[4] = _vector(builder, units)
    return _table(builder, 7, slots)


def _normalisation(builder: flatbuffers.Builder, mean: float, std: float) -> int:
    """ProcessUnit: (value - mean) / std."""
    options = _table(builder, 2, {0: _floats(builder, [mean]), 1: _floats(builder, [std])})
    return _table(builder, 2, {1: options}, {0: NORMALIZATION_OPTIONS})


def _table(
    builder: flatbuffers.Builder,
    size: int,
    references: Mapping[int, int],
    bytes_: Mapping[int, int] | None = None,
) -> int:
    """A table of so many slots: references to other objects, and single bytes."""
    builder.StartObject(size)
    for slot, reference in references.items():
        builder.PrependUOffsetTRelativeSlot(slot, reference, 0)
    for slot, value in (bytes_ or {}).items():
        builder.PrependUint8Slot(slot, value, 0)
    return int(builder.EndObject())


def _vector(builder: flatbuffers.Builder, references: Sequence[int]) -> int:
    builder.StartVector(4, len(references), 4)
    for reference in reversed(references):
        builder.PrependUOffsetTRelative(reference)
    return int(builder.EndVector())


def _floats(builder: flatbuffers.Builder, values: Sequence[float]) -> int:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependFloat32(value)
    return int(builder.EndVector())
