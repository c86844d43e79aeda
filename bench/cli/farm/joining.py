"""A computer's part in a farm: Ray's own processes, for as long as this command runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from zoo.base.children import last_line, lifeline
from zoo.base.errors import ClusterError
from zoo.cluster.join import NICE, OUTER, TOKEN, WHOLE, has_token, import_ray, is_loopback

READY_S = 60.0
STOP_S = 15.0
# Of what Ray said before it ended.
LINES = 7
FARM_ALONE = "begin the farm with --host IP: one of 127.0.0.1 is of its own computer alone"
NO_FARM = "see that bench farm start runs there, and that no firewall stands between"
ENVIRONMENT = {"RAY_AUTH_MODE": "token", NICE: "0", "RAY_USAGE_STATS_ENABLED": "0"}


def lead(host: str, port: int, cpus: int | None, adb: str | None) -> None:
    """Begin a farm, and stay in it. Raises ClusterError where Ray does not start."""
    _make_token()
    words = ["--head", f"--port={port}", f"--node-ip-address={host}", "--include-dashboard=false"]
    address = f"{host}:{port}"
    with _node(words, cpus, adb, outer=not is_loopback(host)) as node:
        _await(node, address, "another --port or --host; ray status tells what runs here")
        click.echo(
            f"this computer is a farm at {address}; Ctrl-C ends it\n"
            f"each other computer needs {TOKEN}, a file as good as a password, and then\n"
            f"  bench farm join {address}"
        )
        _stay(node)


def follow(address: str, host: str | None, cpus: int | None, adb: str | None) -> None:
    """Join the farm at `address`, and stay in it. Raises ClusterError where it is not there, or
    runs another version."""
    if not has_token():
        raise ClusterError(
            f"this computer has no {TOKEN}",
            expected="the file that `bench farm start` left on the first computer",
            remedy=f"copy it from there, then bench farm join {address}",
        )
    words = [f"--address={address}", *([f"--node-ip-address={host}"] if host else [])]
    alone = is_loopback(address.rpartition(":")[0])
    with _node(words, cpus, adb, outer=True) as node:
        _await(node, address, FARM_ALONE if alone else NO_FARM)
        _refuse_another_version(address)
        click.echo(f"joined the farm at {address}; Ctrl-C leaves it")
        _stay(node)


@dataclass(frozen=True)
class _Node:
    """Ray's processes on this computer, and what they said."""

    process: subprocess.Popen[str]
    said: list[str]

    @property
    def last(self) -> str:
        """An error of Ray's may be of several lines: what each side has, and then nothing more."""
        said = [line.strip() for line in self.said if line.strip()]
        return " ".join(said[-LINES:]) or "nothing"


@contextmanager
def _node(
    words: Sequence[str], cpus: int | None, adb: str | None, *, outer: bool
) -> Iterator[_Node]:
    """Ray's processes on this computer, which end with the block. outer: whether they are to be
    reached from other computers; by itself Ray listens on all of a computer's addresses."""
    resources = json.dumps(dict.fromkeys([WHOLE, *_phones(adb)], 1))
    command = [sys.executable, "-P", "-m", "bench.cli.farm.node", *words]
    command += [f"--resources={resources}", "--disable-usage-stats"]
    command += [f"--num-cpus={cpus}"] if cpus else []
    import_ray()
    with (
        lifeline() as end,
        subprocess.Popen(
            command,
            env=os.environ | ENVIRONMENT | _adb(adb) | {OUTER: str(int(outer))},
            stdin=end,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Ctrl-C is for us to pass on.
            start_new_session=True,
        ) as process,
    ):
        node = _Node(process, [])
        threading.Thread(target=_listen, args=(node,), daemon=True).start()
        try:
            yield node
        finally:
            _end(process)


def _adb(given: str | None) -> dict[str, str]:
    """For whatever runs on this computer. Raises DeviceError where it is not there."""
    from devices.android.adb.client import ADB_VARIABLE, find_adb

    return {ADB_VARIABLE: str(Path(find_adb(given)).absolute())} if given else {}


def _listen(node: _Node) -> None:
    assert node.process.stdout
    for line in node.process.stdout:
        node.said.append(line.rstrip())


def _end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _await(node: _Node, address: str, remedy: str) -> None:
    """Until Ray says that it runs. Raises ClusterError with the remedy where it does not."""
    ends = time.monotonic() + READY_S
    while time.monotonic() < ends and node.process.poll() is None:
        if any("Ray runtime started" in line for line in node.said):
            return
        time.sleep(0.2)
    raise ClusterError(
        f"Ray did not start; it said: {node.last}",
        expected=f"a farm at {address}",
        remedy=remedy,
    )


def _refuse_another_version(address: str) -> None:
    from zoo.cluster.join import join_cluster
    from zoo.cluster.machines import ask_all, nothing

    with join_cluster(address, 1, 1) as cluster:
        machines = ask_all(cluster, nothing)
    if other := [one.problem for one in machines if one.head and one.problem]:
        raise ClusterError(
            other[0],
            expected="the same version and the same time on every computer",
            remedy=f"mend that, then: bench farm join {address}",
        )


def _stay(node: _Node) -> None:
    for which in (signal.SIGINT, signal.SIGTERM):
        signal.signal(which, _interrupted)
    try:
        status = node.process.wait()
    except KeyboardInterrupt:
        return
    raise ClusterError(
        f"Ray ended by itself with status {status}; it said: {node.last}",
        remedy="the same command again",
    )


def _interrupted(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _phones(adb: str | None) -> list[str]:
    """Those that are there now, by their names for --device."""
    from devices.android.adb.client import Adb, find_adb
    from devices.android.adb.discovery import READY, visible
    from zoo.base.errors import DeviceError

    try:
        found = visible(Adb(program=find_adb(adb)))
    except DeviceError:
        return []
    return [f"android:{one.serial}" for one in found if one.state == READY]


def _make_token() -> None:
    """Unless there is one."""
    import_ray()
    words = (sys.executable, "-m", "ray.scripts.scripts", "get-auth-token", "--generate")
    done = subprocess.run(words, env=os.environ | ENVIRONMENT, capture_output=True, text=True)
    if done.returncode:
        raise ClusterError(
            f"Ray made no token: {last_line(done.stderr.splitlines())}",
            expected=f"to write {TOKEN}",
            remedy="look at that folder, then the same command again",
        )
