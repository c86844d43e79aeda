"""A trained variant: safetensors weights whose header carries the record that explains them.

One file, so that weights and record cannot part; no pickle, so that loading runs no code; no
time or commit inside, so that the same training gives the same bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field, ValidationError, field_validator

from zoo.base.errors import MissingStep, WeightsError
from zoo.base.files import replacing
from zoo.base.frozen import Frozen
from zoo.home import Home
from zoo.spec import ModelSpec, parse

if TYPE_CHECKING:
    from torch import Tensor

    from zoo.network import SegmentationNetwork

SCHEMA: Final = 1
FILE_NAME = "checkpoint.safetensors"
COUNTS_NAME = "validation_counts.csv"
MISFIT = "one trained for this variant by this version"


class Init(Frozen):
    """Where the first weights came from: the encoder's (torchvision, keras, inherited: channels of
    a wider keras one, or widened: a narrower keras one and new channels), or the whole network's (a
    checkpoint of this project, or of the parent's)."""

    kind: Literal[
        "random",
        "torchvision",
        "keras",
        "inherited",
        "widened",
        "checkpoint",
        "encoder",
        "parent",
    ]
    source: str | None = None
    sha256: str | None = None


class Split(Frozen):
    """Which images were trained on and which chose the checkpoint. parts: of a joined data set, the
    hashes of those that it was joined of."""

    dataset: str
    rule: str
    sha256: str
    train_images: int
    validation_images: int
    parts: dict[str, str] = Field(default_factory=dict)

    def unlike(self, now: Split) -> list[str]:
        """The data sets that both hold under one name, but not alike: what was trained on then may
        be for validation now. By the same rule no photograph moves, whatever was added."""
        if self.rule == now.rule:
            return []
        then = self.parts or {self.dataset: self.sha256}
        held = {now.dataset: now.sha256} | now.parts
        return sorted(name for name, sha256 in then.items() if held.get(name, sha256) != sha256)


class Teacher(Frozen):
    """A variant from whose masks was learned beside the labels; sha256: of its checkpoint."""

    model: str
    sha256: str


class CheckpointRecord(Frozen):
    """What made these weights. `config` is the trainer's whole configuration, as it was used.

    sizes: those trained together with shared kernels; null where it was this one alone.
    epoch: how many were trained. The validation images chose nothing of it.
    shipped: the SHA-256 of the file in zoo/weights that it was taken from; the counts beside it are
    of the ONNX file that was exported from it there. null where it was trained here.
    """

    schema_version: Literal[1] = SCHEMA
    model: str
    sizes: tuple[int, ...] | None = None
    config: dict[str, Any]
    init: Init
    teachers: tuple[Teacher, ...] = ()
    split: Split
    threads: int
    processes: int = 1
    autocast: Literal["fp32", "bf16"]
    epoch: int
    validation_iou: float
    tools: dict[str, str]
    shipped: str | None = None

    @field_validator("model")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        return parse(value).name

    @property
    def spec(self) -> ModelSpec:
        return parse(self.model)

    @property
    def trained_sizes(self) -> tuple[int, ...]:
        return self.sizes or (self.spec.size,)


def checkpoint_path(home: Home, spec: ModelSpec) -> Path:
    return home.checkpoint_folder(spec) / FILE_NAME


def save(path: Path, network: SegmentationNetwork, record: CheckpointRecord) -> None:
    """Write the network's weights, contiguous and in fp32, with the record in the header."""
    from safetensors.torch import save as serialised

    tensors = {name: t.detach().cpu().contiguous() for name, t in network.state_dict().items()}
    # Of one key only: safetensors writes several in the order of a hash map, which varies.
    content = serialised(tensors, metadata={"record": record.model_dump_json()})
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def trained(path: Path) -> str:
    """What to type for a checkpoint that is not there."""
    model = path.parent.name
    if path.name != FILE_NAME or not model:
        return "a file that bench train made: checkpoints/NAME/checkpoint.safetensors"
    return f"bench weights take --model {model}; or bench train --model {model} --data NAME"


def read_record(path: Path) -> CheckpointRecord:
    """The record alone: reads the header, needs no torch."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise MissingStep(
            f"{path} does not exist",
            expected="a trained checkpoint",
            remedy=trained(path),
        )
    try:
        with safe_open(path, framework="numpy") as stored:
            text = (stored.metadata() or {}).get("record")
        if text is None:
            raise WeightsError(f"{path} carries no record", expected=MISFIT)
        found = json.loads(text).get("schema_version")
        if found != SCHEMA:
            raise WeightsError(
                f"{path} has checkpoint schema {found!r}", expected=f"schema {SCHEMA}"
            )
        return CheckpointRecord.model_validate_json(text)
    except (SafetensorError, OSError, ValueError, AttributeError) as error:
        detail = error.errors()[0] if isinstance(error, ValidationError) else error
        raise WeightsError(
            f"{path} is not a checkpoint of this project: {detail}",
            expected="safetensors with a record",
            remedy=f"remove it, then: {trained(path)}",
        ) from error


def load(path: Path) -> tuple[SegmentationNetwork, CheckpointRecord]:
    """The network in eval mode, rebuilt from the checkpoint alone, and its record."""
    from safetensors.torch import load_file

    from zoo import registry

    record = read_record(path)
    network = registry.build(registry.get(record.model))
    _fill(path, network, load_file(path))
    return network.eval(), record


def _fill(path: Path, network: SegmentationNetwork, tensors: dict[str, Tensor]) -> None:
    try:
        network.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise WeightsError(
            f"{path} does not fit the network: {str(error).splitlines()[1].strip()}",
            expected=MISFIT,
            remedy=f"bench train --force --model {path.parent.name} --data NAME",
        ) from error
