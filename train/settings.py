"""All that decides one training, and whether a stored checkpoint is still that training's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.config import TrainConfig
from train.dataset import Dataset
from train.first_weights import FirstWeights
from zoo.checkpoint import Init, read_record
from zoo.errors import MissingStep, WeightsError
from zoo.spec import ModelSpec


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A variant, how, on what, from which first weights."""

    spec: ModelSpec
    config: TrainConfig
    dataset: Dataset
    first_weights: FirstWeights

    def fingerprint(self) -> dict[str, Any]:
        """Equal for two trainings that should give the same weights on the same machine."""
        config, init = self.config.model_dump(mode="json"), self.first_weights.init
        return _fingerprint(self.spec.name, config, self.dataset.record.sha256, init)


def is_trained(path: Path, settings: Settings) -> bool:
    """Whether the checkpoint at `path` is whole and came from these very settings."""
    try:
        record = read_record(path)
    except (MissingStep, WeightsError):
        return False
    stored = _fingerprint(record.model, record.config, record.split.sha256, record.init)
    return stored == settings.fingerprint()


def _fingerprint(model: str, config: dict[str, Any], split: str, init: Init) -> dict[str, Any]:
    return {
        "model": model,
        "config": config,
        "split": split,
        "init": init.model_dump(mode="json"),
    }
