"""The driver's side: gives out orders, keeps what comes back, begins the lost ones again."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from zoo.base.children import Ended, Said
from zoo.base.errors import BenchError, FolderBusy
from zoo.base.files import storing
from zoo.base.lock import Folders
from zoo.base.pictures import shown
from zoo.cluster import worker
from zoo.cluster.join import WHOLE, Cluster
from zoo.cluster.parcels import Parcel, digest

# An order that takes its worker down each time, as by using up the memory, is given up.
DEATHS_WITHOUT_PROGRESS = 3
# How often Ray's head is looked for, and how long it may be missing: Ray ends this process after
# a minute of that.
LOOK_S, MISSING_S = 5.0, 30.0
# Of a machine, for an order that runs beside others there.
A_SHARE = 0.001
HEAD_GONE = "the machine that began this Ray does not answer any more"
Event = Said | Ended
# What makes a parcel that several orders share, by what tells it from others.
Shared = tuple[Hashable, Callable[[], Parcel]]


class Order(Protocol):
    """A command for some machine, and what of its answer is kept here."""

    @property
    def name(self) -> str: ...

    @property
    def folders(self) -> Sequence[Path]:
        """Held here while it runs."""

    @property
    def beside_others(self) -> bool:
        """Whether other commands may store there meanwhile."""

    @property
    def packages(self) -> Sequence[str]:
        """Whose versions must be equal there."""

    @property
    def node(self) -> str | None:
        """The only machine that can do it; None where any can."""

    @property
    def alone(self) -> bool:
        """Whether no other order may run on that machine meanwhile."""

    def shared(self) -> Sequence[Shared]:
        """Parcels that are brought to each machine once."""

    def own(self) -> Parcel:
        """What this order alone needs, as it is now."""

    def told(self, cores: int) -> dict[str, Any]:
        """words: after the interpreter; answers: whether what it prints is told, beside its
        progress; progress, results: which files of the home are sent back while it runs, and at its
        end; partly: even where it failed; folders: of the home, by the variables that name them;
        environment: variables as they are."""

    def keep_progress(self, files: Parcel) -> None:
        """Store what was sent back while it runs. Raises BenchError where it is not of this."""

    def keep_results(self, files: Parcel) -> None:
        """Store what it made. Raises BenchError where it is not of this."""


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """A parcel in Ray's store, which brings it to each machine once."""

    reference: Any
    digest: str


@dataclass(kw_only=True)
class _Begun:
    """One on its way. deaths: of its workers since it last made progress. kept: its results."""

    order: Order
    deaths: int = 0
    kept: bool = False

    def may_die(self) -> bool:
        """Count a death; whether another worker may do what this one did not live to."""
        self.deaths += 1
        return self.deaths < DEATHS_WITHOUT_PROGRESS


@dataclass(kw_only=True)
class _Driver:
    """looked, seen: when Ray's head was looked for last, and was there last."""

    cluster: Cluster
    sent: dict[Hashable, _Sent] = field(default_factory=dict)
    programs: dict[Sequence[str], Mapping[str, str]] = field(default_factory=dict)
    looked: float = field(default_factory=time.monotonic)
    seen: float = field(default_factory=time.monotonic)

    def begin(self, order: Order) -> Any:
        """Ray's stream of what a worker has to tell; it goes on from what is kept here."""
        own = order.own()
        sent = [self._send(key, make) for key, make in order.shared()]
        # Not Ray's own retries: they would begin from the order as it was given first.
        how = {"num_cpus": self.cluster.cores, "max_retries": 0, **self._where(order)}
        return self.cluster.ray.remote(**how)(worker.work_there).remote(
            self._program(tuple(order.packages)),
            order.told(self.cluster.cores),
            [*(each.digest for each in sent), digest(own)],
            *(each.reference for each in sent),
            own,
        )

    def next_stream(self, streams: Sequence[Any]) -> Any | None:
        """One that has something to tell; None where the head has gone."""
        while not self._head_gone():
            ready, _ = self.cluster.ray.wait(streams, num_returns=1, timeout=LOOK_S)
            if ready:
                return ready[0]
        return None

    def _head_gone(self) -> bool:
        now = time.monotonic()
        if now - self.looked >= LOOK_S:
            self.looked = now
            if self.cluster.head_answers():
                self.seen = now
        return now - self.seen > MISSING_S

    def reaches(self, order: Order) -> bool:
        """Whether a machine that can do it is there."""
        # Without its head, Ray would wait for the answer until it ends this process.
        if not self.cluster.head_answers():
            return False
        sizes, fit = self._sizes(), self.cluster.nodes
        if order.node is None:
            able = [size for node, size in sizes.items() if fit is None or node in fit]
            return any(size >= self.cluster.cores for size in able)
        return order.node in sizes

    def _sizes(self) -> dict[str, float]:
        """The cores of each machine that is there."""
        return {node: found.get("CPU", 0) for node, found in self._resources().items()}

    def _resources(self) -> dict[str, dict[str, float]]:
        nodes = [node for node in self.cluster.ray.nodes() if node["Alive"]]
        return {node["NodeID"]: node["Resources"] for node in nodes}

    def _where(self, order: Order) -> dict[str, Any]:
        if order.node is None:
            fit = self.cluster.nodes
            among = {"ray.io/node-id": f"in({','.join(sorted(fit))})"} if fit else None
            return {"scheduling_strategy": "SPREAD", "label_selector": among}
        strategies = self.cluster.ray.util.scheduling_strategies
        pinned = strategies.NodeAffinitySchedulingStrategy(node_id=order.node, soft=False)
        found = self._resources().get(order.node, {})
        how = {"scheduling_strategy": pinned, "num_cpus": found.get("CPU", 0) if order.alone else 0}
        # A phone's order takes no core, and still waits for what is to be alone there.
        if WHOLE in found:
            how["resources"] = {WHOLE: 1 if order.alone else A_SHARE}
        return how

    def _program(self, packages: Sequence[str]) -> Mapping[str, str]:
        if packages not in self.programs:
            self.programs[packages] = worker.program(packages)
        return self.programs[packages]

    def _send(self, key: Hashable, make: Callable[[], Parcel]) -> _Sent:
        if key not in self.sent:
            parcel = make()
            reference = self.cluster.ray.put(parcel)
            self.sent[key] = _Sent(reference=reference, digest=digest(parcel))
        return self.sent[key]

    def next_event(self, begun: _Begun, stream: Any) -> Event | None:
        """What the worker told, or what became of it; None where there is nothing to show."""
        ray, name = self.cluster.ray, begun.order.name
        try:
            kind, content = ray.get(next(stream))
        except StopIteration:
            return Ended(name=name, problem=None if begun.kept else "the worker fell silent")
        except ray.exceptions.RayTaskError as error:
            return Ended(name=name, problem=shown(str(error).strip().splitlines()[-1]))
        except ray.exceptions.RayError as error:
            problem = f"its worker was lost ({type(error).__name__})"
            return Ended(name=name, problem=problem, killed=True)
        if kind == worker.PROGRESS:
            return self._keep(begun, stream, begun.order.keep_progress, content)
        if kind == worker.RESULTS:
            lost = self._keep(begun, stream, begun.order.keep_results, content)
            begun.kept = lost is None
            return lost
        line = shown(content)
        if kind == worker.LINE or begun.kept:
            return Said(name=name, line=line if kind == worker.LINE else f"{name}: {line}")
        return Ended(name=name, problem=line, killed=kind == worker.KILLED)

    def _keep(
        self, begun: _Begun, stream: Any, keep: Callable[[Parcel], None], files: Parcel
    ) -> Ended | None:
        try:
            with storing(begun.order.folders[0]):
                keep(files)
        except BenchError as error:
            # What it makes from now on is not wanted.
            self.cluster.ray.cancel(stream)
            return Ended(name=begun.order.name, problem=error.seen)
        begun.deaths = 0
        return None


def run_orders(orders: Iterable[Order], cluster: Cluster) -> Generator[Event]:
    """Do them all, as many at once as Ray has room for, and tell what happens.

    Only what comes back whole and is of the order is written, here, under names known here.
    """
    driver = _Driver(cluster=cluster)
    running: dict[Any, _Begun] = {}
    with Folders() as folders:
        for order in orders:
            try:
                folders.hold(order.folders, shared=order.beside_others)
            except FolderBusy as error:
                yield Ended(name=order.name, problem=error.seen)
                continue
            running[driver.begin(order)] = _Begun(order=order)
        try:
            yield from _events(driver, running, folders)
        except OSError as error:
            # Ray's own, in the moment in which its head dies, has no number of the system's.
            if error.errno is not None and not isinstance(error, ConnectionError):
                raise
            yield from _head_gone(running)


def _events(
    driver: _Driver, running: dict[Any, _Begun], folders: Folders
) -> Generator[Event, None, None]:
    while running:
        stream = driver.next_stream(list(running))
        if stream is None:
            yield from _head_gone(running)
            return
        begun = running[stream]
        event = driver.next_event(begun, stream)
        if isinstance(event, Ended):
            if event.killed and driver.reaches(begun.order) and begun.may_die():
                running[driver.begin(begun.order)] = begun
                event = Said(name=event.name, line=f"{event.name}: {event.problem}; begun again")
            else:
                folders.leave(begun.order.folders)
            del running[stream]
        if event is not None:
            yield event


def _head_gone(running: Mapping[Any, _Begun]) -> Iterator[Ended]:
    for one in running.values():
        yield Ended(name=one.order.name, problem=HEAD_GONE)
