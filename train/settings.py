"""All that decides one training, and whether a stored checkpoint is still that training's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.config import TrainConfig
from train.dataset import Dataset
from train.encoders import EncoderSource
from zoo.checkpoint import read_record
from zoo.errors import MissingStep, WeightsError
from zoo.spec import ModelSpec


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A variant, how, on what, from which first weights."""

    spec: ModelSpec
    config: TrainConfig
    dataset: Dataset
    encoder: EncoderSource

    def fingerprint(self) -> dict[str, Any]:
        """Equal for two trainings that should give the same weights on the same machine."""
        return {
            "model": self.spec.name,
            "config": self.config.model_dump(mode="json"),
            "split": self.dataset.record.sha256,
            "init": self.encoder.init.model_dump(mode="json"),
        }


def is_trained(path: Path, settings: Settings) -> bool:
    """Whether the checkpoint at `path` is whole and came from these very settings."""
    try:
        record = read_record(path)
    except (MissingStep, WeightsError):
        return False
    stored = {
        "model": record.model,
        "config": record.config,
        "split": record.split.sha256,
        "init": record.init.model_dump(mode="json"),
    }
    return stored == settings.fingerprint()
