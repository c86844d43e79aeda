"""Ray: found, joined or started, and left again."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.base.children import share_of_cores
from zoo.base.errors import ClusterError

LOCAL = "local"
KNOCK_S = 5.0
TOKEN = Path("~/.ray/auth_token")
# Whether Ray puts the outer address in the place of 127.0.0.1; named after what else it is for.
OUTER = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
# Whether Ray kills a worker's commands, which end by themselves when the worker does.
KILLS = "RAY_kill_child_processes_on_worker_exit"
# How far Ray's workers give way to all else; by default so far that they hardly progress.
NICE = "RAY_worker_niceness"
# A resource of which each machine of a farm has one: what is to run alone there takes all of it.
WHOLE = "machine"
QUIET = {"include_dashboard": False, "log_to_driver": False, "logging_level": "error"}


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Ray, joined. cores: those that each order gets, on whatever machine. nodes: those that may
    have an order which any machine can do; None is all. workers: how many orders there is room for
    at once. local: of this process, on this machine alone."""

    ray: Any
    cores: int
    workers: int
    nodes: frozenset[str] | None = None
    local: bool = False

    def head_answers(self) -> bool:
        """Whether the machine that began this Ray still listens."""
        try:
            _knock(self.ray.get_runtime_context().gcs_address)
        except OSError:
            return False
        return True


@contextmanager
def join_cluster(address: str, jobs: int, cores: int | None) -> Iterator[Cluster]:
    """Join the Ray at `address` (`auto`, `HOST:PORT`), or start one in this process (`local`).

    jobs: trainings at once on a machine. cores: of a machine, for each, instead of an equal share.
    Raises ClusterError where Ray is not installed, cannot be reached, or has no such machine.
    """
    ray = import_ray()
    try:
        if address == LOCAL:
            cores = cores or share_of_cores(jobs)
            # Of its own, whatever Ray runs here, and out of reach of other machines.
            own = {"address": LOCAL, "_node_ip_address": "127.0.0.1", "num_cpus": jobs * cores}
            os.environ[NICE] = "0"
            ray.init(**own, resources={WHOLE: 1}, **QUIET)
        else:
            _knock(address)
            ray.init(address=address, **QUIET)
    except Exception as error:  # Ray's are of many kinds, Exception itself among them.
        raise ClusterError(
            f"Ray at {address!r} cannot be joined: {str(error).strip().partition(chr(10))[0]}",
            expected="local, auto, or the HOST:PORT of a Ray that runs, of the same version",
            remedy="ray status; ray start --head here, ray start --address HOST:PORT elsewhere",
        ) from error
    try:
        cores, sizes = _cores_each(ray.nodes(), jobs, cores)
        workers = sum(size // cores for size in sizes)
        yield Cluster(ray=ray, cores=cores, workers=workers, local=address == LOCAL)
    finally:
        ray.shutdown()


def is_loopback(host: str) -> bool:
    """Whether it is of this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _knock(address: str) -> None:
    """Raise OSError where nobody listens: Ray itself would try for minutes."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_S).close()


def has_token() -> bool:
    """Whether this user has what a Ray with token authentication asks for."""
    return TOKEN.expanduser().is_file() or bool(os.environ.get("RAY_AUTH_TOKEN"))


def import_ray() -> Any:
    """Raises ClusterError where it is not installed."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Else Ray takes 127.0.0.1 for this machine's outer address, where a farm of its own is not.
    os.environ.setdefault(OUTER, "0")
    os.environ[KILLS] = "false"
    if has_token():
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        import ray
    except ModuleNotFoundError as error:
        raise ClusterError(
            "Ray is not installed: it is an extra of this package",
            expected="the extra `cluster`, here and on every machine that is to train",
            remedy="pip install '.[cluster]'",
        ) from error
    return ray


def _cores_each(
    nodes: Sequence[dict[str, Any]], jobs: int, cores: int | None
) -> tuple[int, list[int]]:
    """By default an equal share of the smallest machine, so that an order fits on each; and the
    cores of each machine."""
    sizes = [int(node["Resources"].get("CPU", 0)) for node in nodes if node["Alive"]]
    largest, smallest = max(sizes, default=0), min(filter(None, sizes), default=0)
    if (cores or 1) > largest:
        raise ClusterError(
            f"Ray has no machine of {cores or 1} cores; the largest has {largest}",
            expected="one with as many as a training is to use",
            remedy="fewer --cores, or start Ray with more --num-cpus",
        )
    return cores or max(smallest // jobs, 1), sizes
