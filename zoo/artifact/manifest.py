"""What was exported of one variant: `artifacts/{variant}/manifest.json`.

Commit and time stand here and not inside the files, so that the same weights and tools give the
same bytes. Missing is null with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from zoo.artifact.calibration import CalibrationSource
from zoo.artifact.iou import FEWEST_IMAGES
from zoo.artifact.judgement import MASK_BOUNDS, Figure, Judgement
from zoo.artifact.label import Io
from zoo.artifact.neural_engine import Leaving
from zoo.base.errors import ArtifactError
from zoo.base.files import sha256_of, write_text
from zoo.base.frozen import Frozen, exactly_one, read_json
from zoo.home import Home
from zoo.spec import ModelSpec

SCHEMA: Final = 1
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Parity(Frozen):
    """How far the file's masks are from torch's, on the same images: probabilities in 0..1.
    unlike_pixels: the share on the other side of the threshold; runtime: what ran the file; both
    null in older manifests."""

    images: Annotated[int, Field(gt=0)]
    source: str
    max_abs_difference: Annotated[float, Field(ge=0)]
    mean_abs_difference: Annotated[float, Field(ge=0)]
    unlike_pixels: Annotated[float, Field(ge=0, le=1)] | None = None
    runtime: str | None = None


class Source(Frozen):
    """What those images of a joined data set say that came from one of its parts."""

    images: Annotated[int, Field(gt=0)]
    judgement: Judgement


class Accuracy(Frozen):
    """Where the per-image counts of this very file lie, and those of its network in torch on the
    same images; the judgement derives from them. computed_in: the type in which the runtime
    computed a file of another one, so that its weights alone were judged; null where it was the
    file's own. sources: of a joined data set each part alone: a loss on one must not drown in the
    larger photographs of another."""

    dataset: str
    split: Literal["train", "validation", "test"]
    split_sha256: Sha256
    runtime: str
    images: Annotated[int, Field(gt=0)]
    counts_file: Annotated[str, Field(pattern=r"^[^/\\]+\.csv$")]
    counts_sha256: Sha256
    torch_counts_file: Annotated[str, Field(pattern=r"^[^/\\]+\.csv$")]
    torch_counts_sha256: Sha256
    judgement: Judgement
    computed_in: Literal["fp32"] | None = None
    sources: dict[str, Source] = Field(default_factory=dict)

    @property
    def rejected(self) -> str | None:
        """Why the file is not to be used, if so. Older manifests judged by any number of images."""
        judged = {"": (self.images, self.judgement)}
        judged |= {f"on {name} ": (one.images, one.judgement) for name, one in self.sources.items()}
        reasons = [
            f"{where}{judgement.rejected}"
            for where, (images, judgement) in judged.items()
            if images >= FEWEST_IMAGES and judgement.rejected
        ]
        return next(iter(reasons), None)

    @property
    def unjudged(self) -> str | None:
        """Why the file is neither rejected nor vouched for, if so."""
        if self.images >= FEWEST_IMAGES:
            return None
        return f"{self.images} images are too few to judge by: {FEWEST_IMAGES} are needed"


class Reference(Frozen):
    """What the reference interpreter gives of a package that Core ML itself ran. difference: of
    Core ML's IoU from it, paired over the images. Both are null without photographs."""

    parity: Parity
    accuracy: Accuracy | None = None
    difference: Figure | None = None


class Artifact(Frozen):
    """One exported file (or package), and what is known of it.

    io: the type of its ends. accuracy: on the validation images of its checkpoint; others: on
    further images, by data set and split; parts: which of these data sets its checkpoint's was
    joined of. weights: in manifests of before, what a package's
    weights gave in torch. half: where the runtime computes an fp16 file in fp32,
    what its weights give in fp16 arithmetic, in torch. largest: of an fp16 file, what no number
    inside exceeds, whatever the image. neural_engine: of a package, what is known to leave it; null
    where nobody looked. reference: see Reference.
    """

    model: str
    format: Literal["onnx", "tflite", "coreml"]
    precision: Literal["fp32", "fp16", "fp16a", "int8", "int8w", "pal6", "pal4"]
    io: Io = "float"
    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0)]
    checkpoint_sha256: Sha256
    code_sha256: Sha256
    tools: dict[str, str]
    calibration: CalibrationSource | None = None
    exported_at: datetime
    commit: str | None
    parity: Parity | None = None
    parity_reason: str | None = None
    accuracy: Accuracy | None = None
    accuracy_reason: str | None = None
    others: dict[str, Accuracy] = Field(default_factory=dict)
    parts: tuple[str, ...] = ()
    weights: Accuracy | None = None
    half: Accuracy | None = None
    largest: Annotated[float, Field(gt=0)] | None = None
    neural_engine: tuple[Leaving, ...] | None = None
    reference: Reference | None = None

    @model_validator(mode="after")
    def _missing_has_a_reason(self) -> Artifact:
        exactly_one(parity=self.parity, parity_reason=self.parity_reason)
        exactly_one(accuracy=self.accuracy, accuracy_reason=self.accuracy_reason)
        return self

    def accuracy_on(self, dataset: str, split: str) -> Accuracy | None:
        own = self.accuracy
        if own is not None and (own.dataset, own.split) == (dataset, split):
            return own
        return self.others.get(f"{dataset} {split}")

    @property
    def validated(self) -> tuple[Accuracy, ...]:
        """On the validation images of its checkpoint: on all of them, else on those of the parts of
        its data set that were at hand."""
        if self.accuracy is not None:
            return (self.accuracy,)
        found = (self.others.get(f"{name} validation") for name in self.parts)
        return tuple(one for one in found if one is not None)

    @property
    def rejected(self) -> str | None:
        """Why the file is not to be used, if so."""
        judged = self.validated or ((self.weights,) if self.weights else ())
        reason = next((one.rejected for one in judged if one.rejected), None)
        if reason is None and self.half is not None and self.half.rejected:
            return f"in fp16 arithmetic {self.half.rejected}"
        return reason or self._unlike_torch

    @property
    def _unlike_torch(self) -> str | None:
        allowed = MASK_BOUNDS[self.precision]
        if self.parity is None or self.parity.mean_abs_difference <= allowed:
            return None
        off = self.parity.mean_abs_difference
        return f"its masks are {off:.3f} off torch's on average, {allowed:g} is allowed"

    @property
    def key(self) -> str:
        return f"{self.format}.{self.precision}"


class Manifest(Frozen):
    """artifacts and failures: by `format.precision`; a failure holds the reason."""

    schema_version: Literal[1] = SCHEMA
    model: str
    artifacts: dict[str, Artifact] = Field(default_factory=dict)
    failures: dict[str, str] = Field(default_factory=dict)

    def those(self, keys: Iterable[str]) -> list[Artifact]:
        """Of these keys the artifacts that are there, in that order."""
        return [self.artifacts[key] for key in keys if key in self.artifacts]

    def with_artifact(self, artifact: Artifact) -> Manifest:
        failures = {k: v for k, v in self.failures.items() if k != artifact.key}
        artifacts = self.artifacts | {artifact.key: artifact}
        return self.model_copy(update={"artifacts": artifacts, "failures": failures})

    def with_failure(self, key: str, reason: str) -> Manifest:
        artifacts = {k: v for k, v in self.artifacts.items() if k != key}
        failures = self.failures | {key: reason}
        return self.model_copy(update={"artifacts": artifacts, "failures": failures})


def manifest_path(home: Home, spec: ModelSpec) -> Path:
    return home.artifact_folder(spec) / "manifest.json"


def read_manifest(home: Home, spec: ModelSpec) -> Manifest:
    """The stored manifest, empty where nothing was exported; raises ArtifactError when broken."""
    path = manifest_path(home, spec)
    if not path.is_file():
        return Manifest(model=spec.name)
    manifest = read_json(Manifest, path, f"a manifest of schema {SCHEMA}", spec.name)
    if manifest.model != spec.name:
        raise ArtifactError(f"{path} is of {manifest.model}", expected=f"one of {spec.name}")
    return manifest


def write_manifest(home: Home, spec: ModelSpec, manifest: Manifest) -> None:
    write_text(manifest_path(home, spec), manifest.model_dump_json(indent=1) + "\n")


def verified(home: Home, spec: ModelSpec, artifact: Artifact) -> Path:
    """The artifact's path, its bytes checked against the manifest; raises ArtifactError."""
    path = home.artifact(spec, artifact.format, artifact.precision)
    remedy = f"bench export --force --model {spec.name}"
    if not path.exists():
        raise ArtifactError(f"{path} is gone", expected="the file of the manifest", remedy=remedy)
    found = sha256_of(path)
    if found != artifact.sha256:
        raise ArtifactError(
            f"{path} was changed: its hash is {found[:12]}",
            expected=f"{artifact.sha256[:12]}, as the manifest has it",
            remedy=remedy,
        )
    return path


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
