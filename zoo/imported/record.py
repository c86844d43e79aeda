"""An imported model: `imported/NAME/model.json`, beside the file itself.

The record says how a photograph becomes the file's input, and which of its outputs becomes the
mask. It is made to be read by people.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from zoo.base.errors import ArtifactError, InvalidName, MissingStep
from zoo.base.files import sha256_of, sha256_of_json, write_text
from zoo.base.frozen import Frozen
from zoo.base.pictures import shown
from zoo.home import Home
from zoo.registry import ARCHITECTURES
from zoo.runtime.feeds import Feed

SCHEMA: Final = 1
RECORD = "model.json"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Side = Annotated[int, Field(ge=8, le=8192)]
Index = Annotated[int, Field(ge=0, lt=10_000)]
Channels = tuple[float, float, float]
Layout = Literal["nhwc", "nchw"]
Colour = Literal["rgb", "bgr"]
Activation = Literal["none", "sigmoid", "softmax", "labels"]


class Input(Frozen):
    """How the photograph is fed: resized to height x width, its values spread over `range`, then
    (value - mean) / std by channel, in the order of `colour`. dtype: numpy's name of the type."""

    name: str
    dtype: Literal["float32", "float16", "uint8", "int8", "int16", "int32"]
    height: Side
    width: Side
    layout: Layout
    colour: Colour
    range: tuple[float, float]
    mean: Channels = (0.0, 0.0, 0.0)
    std: Channels = (1.0, 1.0, 1.0)

    @model_validator(mode="after")
    def _is_a_scale(self) -> Self:
        low, high = self.range
        if not low < high:
            raise ValueError(f"range {low:g}..{high:g} does not rise")
        if not all(low <= mean <= high for mean in self.mean):
            raise ValueError(f"mean {_list(self.mean)} is not within range {low:g}..{high:g}")
        if not all(std > 0 for std in self.std):
            raise ValueError(f"std {_list(self.std)} is not above 0")
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        sides = (self.height, self.width)
        return (1, *sides, 3) if self.layout == "nhwc" else (1, 3, *sides)

    @property
    def noise(self) -> Feed:
        """What it is timed on: values as photographs have them; of integers, those of a byte."""
        if self.dtype.startswith("float"):
            ends = [
                (end - m) / s
                for end in self.range
                for m, s in zip(self.mean, self.std, strict=True)
            ]
            low, high = min(ends), max(ends)
        else:
            low, high = (-128.0, 127.0) if self.dtype == "int8" else (0.0, 255.0)
        return Feed(
            name=self.name,
            shape=self.shape,
            dtype=self.dtype,
            values="noise",
            low=low,
            high=high,
        )


class Output(Frozen):
    """Which output holds the mask, and how it is read: the channel, what makes its values a
    probability, and from where on a pixel belongs to it.

    height, width: of the mask. layout: `hw` where there is no axis of channels. activation:
    `softmax` is over the channels; of `labels` the value is the number of a pixel's class, and
    `channel` that of the one looked for.
    """

    index: Index
    name: str
    height: Side
    width: Side
    layout: Literal["nhwc", "nchw", "hw"]
    channel: Index
    activation: Activation
    threshold: float

    @model_validator(mode="after")
    def _can_be_crossed(self) -> Self:
        if self.activation != "none" and not 0 < self.threshold < 1:
            raise ValueError(f"threshold {self.threshold:g} is not between 0 and 1")
        return self


class Imported(Frozen):
    """source: what the file was called. source_sha256: of that file; another than the copy's where
    its size was set, or its weights lay beside it. complexity_reason: why parameters and MACs are
    not known."""

    schema_version: Literal[1] = SCHEMA
    name: str
    source: str
    source_sha256: Sha256
    imported_at: datetime
    format: Literal["onnx", "tflite", "coreml"]
    precision: Literal["fp32", "fp16", "fp16a", "int8", "int8w", "pal6", "pal4"]
    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0)]
    input: Input
    output: Output
    complexity_reason: str = "not counted in imported files"

    @field_validator("name")
    @classmethod
    def _is_no_variant(cls, value: str) -> str:
        check_name(value)
        return value

    @property
    def key(self) -> str:
        return f"{self.format}.{self.precision}"

    @property
    def reading_sha256(self) -> str:
        """Of how it is fed and read: with the file's own hash, what its IoU depends on."""
        how = [self.input.model_dump(mode="json"), self.output.model_dump(mode="json")]
        return sha256_of_json(how)


def check_name(name: str) -> None:
    """Raises InvalidName for a name that leads elsewhere, or that a variant could have."""
    Home(root=Path()).imported_folder(name)
    family = next((arch for arch in ARCHITECTURES if name.startswith(arch)), None)
    if family is not None:
        raise InvalidName(
            f"{name!r} begins as the zoo's own variants do",
            expected=f"a name that does not begin with {family}",
            remedy="choose another --name",
        )


def record_path(home: Home, name: str) -> Path:
    return home.imported_folder(name) / RECORD


def imported_names(home: Home) -> list[str]:
    """Of all that was imported, in order of the alphabet."""
    found = []
    for path in sorted(home.imported.glob(f"*/{RECORD}")):
        try:
            check_name(path.parent.name)
        except InvalidName:
            continue
        found.append(path.parent.name)
    return found


def read_imported(home: Home, name: str) -> Imported:
    """Raises MissingStep, InvalidName, and ArtifactError for a record that is broken."""
    path = record_path(home, name)
    remedy = f"bench import FILE --name {name} --force"
    if not path.is_file():
        raise MissingStep(f"{name} is not imported any more", remedy=remedy)
    try:
        found = Imported.model_validate_json(path.read_bytes())
    except (ValidationError, InvalidName, OSError) as error:
        detail = told(error) if isinstance(error, ValidationError) else error
        raise ArtifactError(
            f"{shown(path)} is broken: {detail}",
            expected=f"a record of an imported model, of schema {SCHEMA}",
            remedy=remedy,
        ) from error
    if found.name != name:
        raise ArtifactError(
            f"{shown(path)} is of {found.name}", expected=f"one of {name}", remedy=remedy
        )
    return found


def told(error: ValidationError) -> str:
    """The first thing that is wrong, by the names in the record."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    words = first["msg"].removeprefix("Value error, ")
    return shown(f"{place}: {words}" if place else words)


def write_record(folder: Path, model: Imported) -> None:
    write_text(folder / RECORD, model.model_dump_json(indent=1) + "\n")


def verified_import(home: Home, model: Imported) -> Path:
    """The file's path, its bytes checked against the record; raises ArtifactError."""
    path = home.imported_file(model.name, model.format)
    remedy = f"bench import FILE --name {model.name} --force"
    if not path.exists():
        raise ArtifactError(f"{path} is gone", expected="the imported file", remedy=remedy)
    found = sha256_of(path)
    if found != model.sha256:
        raise ArtifactError(
            f"{path} was changed since it was imported: its hash is {found[:12]}",
            expected=f"{model.sha256[:12]}, as {RECORD} has it",
            remedy=remedy,
        )
    return path


def _list(values: Channels) -> str:
    return ", ".join(f"{value:g}" for value in values)
