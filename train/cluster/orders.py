"""A training as an order for some machine of a Ray."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.cluster.parcels import (
    TORCH,
    USED,
    dataset_parcel,
    first_weights_parcel,
    keep_progress,
    keep_results,
    order_parcel,
    order_words,
    progress_name,
    result_names,
    teachers_parcel,
)
from train.settings import Settings
from zoo.base.children import Ended, Said
from zoo.base.errors import WeightsError
from zoo.cluster.join import Cluster
from zoo.cluster.orders import Shared, run_orders
from zoo.cluster.parcels import Parcel
from zoo.home import Home

# What shapes the bytes of a training.
PACKAGES = ("torch", "torchvision")


@dataclass(frozen=True, kw_only=True)
class TrainingOrder:
    """command: the words after the interpreter that mean `bench train` on a worker."""

    home: Home
    settings: Settings
    command: tuple[str, ...]
    packages: tuple[str, ...] = PACKAGES
    node: str | None = None
    alone: bool = False
    beside_others: bool = False

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def folders(self) -> Sequence[Path]:
        return self.settings.folders(self.home)

    def shared(self) -> list[Shared]:
        first, dataset = self.settings.first_weights, self.settings.dataset
        teachers = tuple(one.teacher.sha256 for one in self.settings.teachers)
        return [
            (dataset.folder, lambda: dataset_parcel(self.home, dataset, USED)),
            (first.path, lambda: first_weights_parcel(first)),
            (teachers, lambda: teachers_parcel(self.settings)),
        ]

    def own(self) -> Parcel:
        return order_parcel(self.home, self.settings)

    def told(self, cores: int) -> dict[str, Any]:
        return {
            "name": self.name,
            "words": [*self.command, *order_words(self.settings, cores)],
            "progress": [progress_name(self.home, self.settings)],
            "results": result_names(self.home, self.settings),
            "folders": {"TORCH_HOME": TORCH},
            "environment": {},
            "answers": True,
            "partly": False,
        }

    def keep_progress(self, files: Parcel) -> None:
        wanted = progress_name(self.home, self.settings)
        if list(files) != [wanted]:
            raise WeightsError(f"the worker sent other files than {wanted}")
        keep_progress(self.home, self.settings, files[wanted])

    def keep_results(self, files: Parcel) -> None:
        keep_results(self.home, self.settings, files)


def train_on_cluster(
    home: Home, trainings: Sequence[Settings], command: Sequence[str], cluster: Cluster
) -> Generator[Said | Ended]:
    """Train them all, as many at once as Ray has cores for, and tell what happens."""
    return run_orders(
        [
            TrainingOrder(home=home, settings=settings, command=tuple(command))
            for settings in trainings
        ],
        cluster,
    )
