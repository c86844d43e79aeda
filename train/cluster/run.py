"""The driver's side: gives out the trainings, keeps what comes back, begins the lost ones again."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from train.cluster import worker
from train.cluster.parcels import (
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
from zoo.base.errors import FolderBusy, WeightsError
from zoo.base.lock import locked
from zoo.base.pictures import shown
from zoo.cluster.join import Cluster
from zoo.cluster.parcels import Parcel, digest
from zoo.home import Home

# A training that takes its worker down each time, as by using up the memory, is given up.
DEATHS_WITHOUT_AN_EPOCH = 3
Event = Said | Ended


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """A parcel in Ray's store, which brings it to each machine once."""

    reference: Any
    digest: str


@dataclass(kw_only=True)
class _Training:
    """One on its way. deaths: of its workers since its last epoch."""

    settings: Settings
    held: ExitStack
    deaths: int = 0

    @property
    def name(self) -> str:
        return self.settings.name

    def may_die(self) -> bool:
        """Count a death; whether another worker may do what this one did not live to."""
        self.deaths += 1
        return self.deaths < DEATHS_WITHOUT_AN_EPOCH


@dataclass(kw_only=True)
class _Driver:
    """command: the words after the interpreter that mean `bench train` on a worker."""

    home: Home
    command: Sequence[str]
    cluster: Cluster
    sent: dict[object, _Sent] = field(default_factory=dict)

    def begin(self, training: _Training) -> Any:
        """Ray's stream of what a worker has to tell; it goes on after the last epoch kept here."""
        settings, ray = training.settings, self.cluster.ray
        first, dataset = settings.first_weights, settings.dataset
        order = order_parcel(self.home, settings)
        sent = [
            self._send(dataset.folder, lambda: dataset_parcel(self.home, dataset)),
            self._send(first.path, lambda: first_weights_parcel(first)),
            self._send(settings.teachers, lambda: teachers_parcel(settings)),
        ]
        # Not Ray's own retries: they would begin from the order as it was given first.
        how = {"num_cpus": self.cluster.cores, "max_retries": 0, "scheduling_strategy": "SPREAD"}
        return ray.remote(**how)(worker.train_there).remote(
            worker.program(),
            training.name,
            [*self.command, *order_words(settings, self.cluster.cores)],
            progress_name(self.home, settings),
            result_names(self.home, settings),
            [*(each.digest for each in sent), digest(order)],
            *(each.reference for each in sent),
            order,
        )

    def _send(self, key: object, make: Callable[[], Parcel]) -> _Sent:
        if key not in self.sent:
            parcel = make()
            reference = self.cluster.ray.put(parcel)
            self.sent[key] = _Sent(reference=reference, digest=digest(parcel))
        return self.sent[key]

    def next_event(self, training: _Training, stream: Any) -> Event | None:
        """What the worker told, or what became of it; None where there is nothing to show."""
        ray, name = self.cluster.ray, training.name
        try:
            kind, content = ray.get(next(stream))
        except StopIteration:
            return Ended(name=name, problem="the worker fell silent")
        except ray.exceptions.RayTaskError as error:
            return Ended(name=name, problem=shown(str(error).strip().splitlines()[-1]))
        except ray.exceptions.RayError as error:
            problem = f"its worker was lost ({type(error).__name__})"
            return Ended(name=name, problem=problem, killed=True)
        if kind == worker.PROGRESS:
            keep_progress(self.home, training.settings, content)
            training.deaths = 0
            return None
        if kind == worker.RESULTS:
            return self._keep(training, content)
        if kind == worker.LINE:
            return Said(name=name, line=shown(content))
        return Ended(name=name, problem=shown(content), killed=kind == worker.KILLED)

    def _keep(self, training: _Training, files: Parcel) -> Ended:
        try:
            keep_results(self.home, training.settings, files)
        except WeightsError as error:
            return Ended(name=training.name, problem=error.seen)
        return Ended(name=training.name)


def train_on_cluster(
    home: Home, trainings: Sequence[Settings], command: Sequence[str], cluster: Cluster
) -> Generator[Event]:
    """Train them all, as many at once as Ray has cores for, and tell what happens.

    command: the words after the interpreter that mean `bench train` on a worker. Only what comes
    back whole and is of the training asked for is written, here, under names known here.
    """
    driver = _Driver(home=home, command=command, cluster=cluster)
    begun: dict[Any, _Training] = {}
    with ExitStack() as held:
        for settings in trainings:
            training = _Training(settings=settings, held=held.enter_context(ExitStack()))
            try:
                for folder in settings.folders(home):
                    training.held.enter_context(locked(folder))
            except FolderBusy as error:
                yield Ended(name=settings.name, problem=error.seen)
                continue
            begun[driver.begin(training)] = training
        while begun:
            [stream], _ = cluster.ray.wait(list(begun), num_returns=1)
            training = begun.pop(stream)
            event = driver.next_event(training, stream)
            if not isinstance(event, Ended):
                begun[stream] = training
            elif event.killed and training.may_die():
                event = Said(name=event.name, line=f"{event.name}: {event.problem}; begun again")
                begun[driver.begin(training)] = training
            else:
                training.held.close()
            if event is not None:
                yield event
