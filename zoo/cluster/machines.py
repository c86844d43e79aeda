"""The machines of a Ray, and one question to all of them."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from zoo.base.errors import ClusterError
from zoo.base.pictures import shown
from zoo.base.progress import say
from zoo.base.provenance import machine
from zoo.cluster.join import WHOLE, Cluster
from zoo.cluster.worker import differences, program

ANSWER_S = 60.0
# Sessions are put in order, and apart by day, by the clock of the machine that took them.
CLOCK_S = 30.0
# A resource that Ray gives to the first machine alone.
_HEAD = "node:__internal_head__"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One machine that joined. key: a hash that tells it from others; None where it did not
    answer. problem: why nothing can be done on it. head: whether the others joined it. of_farm:
    whether `bench farm` began its Ray. found: its answer; declared: the names of devices that it
    joined with."""

    node: str
    name: str
    key: str | None
    problem: str | None
    head: bool
    of_farm: bool
    declared: tuple[str, ...]
    found: Any = None


def fit_for(cluster: Cluster, packages: Sequence[str]) -> Cluster:
    """With those machines alone that have these packages as they are here; the others are named.
    Raises ClusterError where there is none."""
    if cluster.local:
        return cluster
    machines = ask_all(cluster, nothing, packages)
    fit = frozenset(one.node for one in machines if one.problem is None)
    if len(fit) == len(machines):
        return cluster
    problems = [one.problem for one in machines if one.problem]
    if not fit:
        raise ClusterError(
            f"no machine of this Ray can do it: {'; '.join(problems)}",
            expected="one that has the same as this one",
            remedy="pip install there what is installed here",
        )
    for problem in problems:
        say(f"left out: {problem}")
    sizes = [
        int(node["Resources"].get("CPU", 0))
        for node in cluster.ray.nodes()
        if node["NodeID"] in fit
    ]
    return replace(cluster, nodes=fit, workers=sum(size // cluster.cores for size in sizes))


def nothing() -> None:
    """A question to machines whose versions alone are asked for."""


def ask_all(
    cluster: Cluster, question: Callable[[], Any], packages: Sequence[str] = ()
) -> list[Machine]:
    """What each machine answers, in the order of their names; those that cannot be used say why.

    question: a function of a module of ours, without arguments, whose answer is plain values.
    packages: whose versions must be as here, beside our own sources.
    """
    ray = cluster.ray
    wanted, task = program(packages), ray.remote(num_cpus=0, max_retries=0)(answer)
    strategy = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    asked, began = {}, time.time()
    for node in ray.nodes():
        if node["Alive"]:
            pinned = task.options(scheduling_strategy=strategy(node_id=node["NodeID"], soft=False))
            asked[pinned.remote(wanted, question)] = node
    ready, _ = ray.wait(list(asked), num_returns=len(asked), timeout=ANSWER_S)
    span = began, time.time()
    found = [
        _machine(ray, node, one if one in ready else None, span) for one, node in asked.items()
    ]
    return sorted(_told_apart(found), key=lambda each: (each.name, each.node))


def _told_apart(machines: Sequence[Machine]) -> list[Machine]:
    """Of several of one name, each with the beginning of what Ray calls it."""
    often = Counter(one.name for one in machines)
    return [
        replace(one, name=f"{one.name}-{one.node[:6]}") if often[one.name] > 1 else one
        for one in machines
    ]


def _machine(ray: Any, node: dict[str, Any], told: Any, span: tuple[float, float]) -> Machine:
    name, key, problem, found = node["NodeManagerHostname"], None, None, None
    if told is None:
        problem = f"{name} did not answer within {ANSWER_S:.0f} s"
    else:
        try:
            name, key, problem, there, found = ray.get(told)
            problem = problem or wrong_clock(name, there, span)
        except ray.exceptions.RayError as error:
            problem = f"{name}: {str(error).strip().splitlines()[-1]}"
    return Machine(
        node=node["NodeID"],
        name=shown(name),
        key=key,
        problem=problem and shown(problem),
        head=_HEAD in node["Resources"],
        of_farm=WHOLE in node["Resources"],
        declared=tuple(sorted(one for one in node["Resources"] if one.startswith("android:"))),
        found=found,
    )


def answer(
    wanted: dict[str, str], question: Callable[[], Any]
) -> tuple[str, str, str | None, float, Any]:
    """On the machine itself: its name and key, why it cannot be used, its time in seconds since
    1970, and its answer. wanted: the versions there must be."""
    host = socket.gethostname()
    problem = differences(wanted, program(wanted), host) or None
    return host, machine(), problem, time.time(), None if problem else question()


def wrong_clock(host: str, there: float, span: tuple[float, float]) -> str | None:
    """What is wrong with a clock that showed `there` at a moment between the ends of the span, by
    this machine's. A machine may be slow to answer."""
    began, ended = span
    if began - CLOCK_S <= there <= ended + CLOCK_S:
        return None
    ahead = there > ended
    off = there - ended if ahead else began - there
    way = "ahead of" if ahead else "behind"
    return f"the clock of {host} is {off:.0f} s {way} this machine's: set it"
