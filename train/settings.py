"""All that decides one training, and whether a stored checkpoint is still that training's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.config import TrainConfig
from train.data.dataset import Dataset
from train.init.first_weights import FirstWeights
from train.teacher import TeacherFile
from zoo.base.errors import MissingStep, WeightsError
from zoo.checkpoint import Init, Teacher, checkpoint_path, read_record
from zoo.home import Home
from zoo.spec import ModelSpec


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The variants trained together, how, on what, from which first weights, by which teachers.

    specs: of one architecture and width, a size each; mostly a single one. Those of several share
    their kernels (train.sizes).
    """

    specs: tuple[ModelSpec, ...]
    config: TrainConfig
    dataset: Dataset
    first_weights: FirstWeights
    teachers: tuple[TeacherFile, ...] = ()

    @property
    def sizes(self) -> list[int]:
        return [spec.size for spec in self.specs]

    @property
    def name(self) -> str:
        """The variant's; of several, what they share: `mnv2_slim_unet_0.5`."""
        one = self.specs[0]
        return one.name if len(self.specs) == 1 else f"{one.arch}_{one.width}"

    def folders(self, home: Home) -> list[Path]:
        """All that the training writes in, each to be locked by whoever does."""
        names = {self.name, *(spec.name for spec in self.specs)}
        return [home.training_folder(name) for name in sorted(names)]

    def refuse_own(self, folders: Collection[Path]) -> None:
        """Raises WeightsError where its first weights or teachers lie in one of these folders, in
        which a training is about to replace them."""
        for path in (self.first_weights.path, *(file.path for file in self.teachers)):
            if path is not None and path.resolve().parent in folders:
                raise WeightsError(
                    f"{path} is what this command is to replace",
                    expected="first weights and teachers that stay as they are",
                    remedy=f"cp {path} {path.parent.name}.safetensors, and give that file",
                )

    def seen_before(self) -> list[str]:
        """A sentence for each of its first weights and teachers that may have been trained on the
        photographs by which this training is judged."""
        now, first = self.dataset.split(), self.first_weights
        files = [(first.path, first.split), *((file.path, file.split) for file in self.teachers)]
        return [
            f"{path} was trained on another split or version of {', '.join(names)} "
            f"({split.rule}): it may have seen what is validated on here, and the IoU be too high"
            for path, split in files
            if split is not None and (names := split.unlike(now))
        ]

    def are_trained(self, home: Home) -> bool:
        """Whether all of the variants have checkpoints of these very settings."""
        return all(is_trained(checkpoint_path(home, spec), self) for spec in self.specs)

    def fingerprint(self) -> dict[str, Any]:
        """Equal for two trainings that should give the same weights on the same machine."""
        return _fingerprint(
            self.specs[0],
            self.sizes,
            self.config.model_dump(mode="json"),
            self.dataset.record.sha256,
            self.first_weights.init,
            [file.teacher for file in self.teachers],
        )


def trained_together(specs: Iterable[ModelSpec]) -> list[tuple[ModelSpec, ...]]:
    """The variants in groups of one architecture and width, in the order of their first."""
    groups: dict[tuple[str, str], list[ModelSpec]] = defaultdict(list)
    for spec in specs:
        groups[spec.arch, spec.width].append(spec)
    return [tuple(group) for group in groups.values()]


def is_trained(path: Path, settings: Settings) -> bool:
    """Whether the checkpoint at `path` is whole and was trained here by these very settings."""
    try:
        record = read_record(path)
    except (MissingStep, WeightsError):
        return False
    if record.shipped is not None:
        return False
    stored = _fingerprint(
        record.spec,
        record.trained_sizes,
        record.config,
        record.split.sha256,
        record.init,
        record.teachers,
    )
    return stored == settings.fingerprint()


def _fingerprint(
    spec: ModelSpec,
    sizes: Sequence[int],
    config: dict[str, Any],
    split: str,
    init: Init,
    teachers: Sequence[Teacher],
) -> dict[str, Any]:
    return {
        "architecture": spec.arch,
        "width": spec.width,
        "sizes": list(sizes),
        "config": config,
        "split": split,
        "init": init.model_dump(mode="json"),
        "teachers": [teacher.model_dump(mode="json") for teacher in teachers],
    }
