"""Several machines, by Ray: a worker that dies loses nothing, and nothing it sends is trusted."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from commands import RECIPE, TINY, TRAIN, Chain, bench_process, invoke, running, wait_for

from train.cluster.orders import TrainingOrder, train_on_cluster
from train.cluster.parcels import (
    first_weights_parcel,
    keep_results,
    order_words,
    result_names,
    teachers_parcel,
)
from train.config import load_recipe, with_changes
from train.data.dataset import Dataset
from train.init.first_weights import FirstWeights, choose_first_weights
from train.settings import Settings
from train.teacher import choose_teachers
from zoo.base.children import Ended, Said
from zoo.base.errors import WeightsError
from zoo.checkpoint import Init, checkpoint_path
from zoo.cluster.join import Cluster
from zoo.cluster.orders import HEAD_GONE
from zoo.cluster.parcels import digest, unpack
from zoo.cluster.worker import FAILED, KILLED, LINE, PROGRESS, RESULTS, program, work_there
from zoo.home import Home
from zoo.registry import get

ON_RAY = (*TRAIN, "--ray", "local")
COMMAND = ("-m", "bench.cli.child", "train")
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason="Ray is not installed (pip install '.[cluster]'): no training on workers tested",
)


def settings_of(home: Home, seed: int | None = None) -> Settings:
    return Settings(
        specs=(get(TINY),),
        config=with_changes(load_recipe(RECIPE), seed=seed),
        dataset=Dataset.open(home, "drawn"),
        first_weights=FirstWeights(init=Init(kind="random")),
    )


@needs_ray
def test_a_killed_worker_s_variant_is_finished_elsewhere(drawn: Home, chain: Chain) -> None:
    with running(bench_process(drawn, *ON_RAY)) as process:
        assert process.stdout
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if line.startswith(f"{TINY}  epoch 1/"):
                break
        else:
            raise AssertionError("".join(said))
        wait_for(drawn.training_folder(TINY) / "resume.pt")
        [first] = workers(said)
        os.kill(first, signal.SIGKILL)
        said += process.stdout
    assert process.returncode == 0, said
    output = "".join(said)
    assert f"{TINY}: its worker was lost" in output
    assert re.search(rf"{TINY}: going on after epoch [1-9]", output)
    _, second = workers(said)
    assert second != first
    path = checkpoint_path(drawn, get(TINY))
    assert path.read_bytes() == checkpoint_path(chain.home, get(TINY)).read_bytes()
    assert list(drawn.root.glob("checkpoints/*/resume.pt")) == []
    assert "trained already" in invoke(*ON_RAY).output


def workers(said: list[str]) -> list[int]:
    """The processes that trained TINY, in turn."""
    told = re.compile(rf"{TINY}: on \S+, process (\d+)")
    return [int(match[1]) for line in said if (match := told.match(line))]


LOST = "its worker was lost (RayError)"


class Ray:
    """As much of Ray as the driver calls. Each task begun tells the next of the scripts."""

    class exceptions:
        class RayError(Exception):
            pass

        class RayTaskError(RayError):
            pass

    def __init__(self, *scripts: list[Any]) -> None:
        self.scripts, self.given = list(scripts), list[tuple[Any, ...]]()
        self.head = socket.create_server(("127.0.0.1", 0))
        self.head_at = self.head.getsockname()

    def get_runtime_context(self) -> Any:
        return SimpleNamespace(gcs_address="{}:{}".format(*self.head_at))

    def put(self, value: Any) -> Any:
        return value

    def remote(self, **how: Any) -> Any:
        return lambda task: SimpleNamespace(remote=self._begin)

    def _begin(self, *given: Any) -> Iterator[Any]:
        self.given.append(given)
        return iter(self.scripts.pop(0))

    def wait(
        self, streams: list[Any], num_returns: int, timeout: float
    ) -> tuple[list[Any], list[Any]]:
        return streams[:1], streams[1:]

    def nodes(self) -> list[dict[str, Any]]:
        return [{"NodeID": "n", "Alive": True, "Resources": {"CPU": 1.0}}]

    def cancel(self, stream: Any) -> None:
        """What it still has to tell is never asked for."""

    def get(self, told: Any) -> Any:
        if isinstance(told, Exception):
            raise told
        return told


def run_on(ray: Ray, home: Home) -> list[Said | Ended]:
    cluster = Cluster(ray=ray, cores=1, workers=1)
    with ray.head:
        return list(train_on_cluster(home, [settings_of(home)], COMMAND, cluster))


def test_nothing_is_begun_again_without_a_head(drawn: Home) -> None:
    ray = Ray([Ray.exceptions.RayError("gone")])
    ray.head.close()
    assert run_on(ray, drawn) == [Ended(name=TINY, problem=LOST, killed=True)]


def test_a_head_that_dies_in_the_middle_of_a_call_is_told(drawn: Home) -> None:
    for error in (OSError("Broken pipe"), BrokenPipeError()):
        assert run_on(Ray([error]), drawn) == [Ended(name=TINY, problem=HEAD_GONE)]
    with pytest.raises(FileNotFoundError):
        run_on(Ray([FileNotFoundError(2, "no such file")]), drawn)


def test_the_driver_begins_again_from_the_last_epoch_and_gives_up_at_last(drawn: Home) -> None:
    death = Ray.exceptions.RayError("gone")
    name = f"checkpoints/{TINY}/resume.pt"
    progress = (PROGRESS, {name: b"state"})
    ray = Ray([(LINE, "on one"), progress, death], [(KILLED, "by SIGKILL")], [death])
    events = run_on(ray, drawn)
    assert len(ray.given) == 3
    assert [given[-1].get(name) for given in ray.given] == [None, b"state", b"state"]
    assert all(b"epochs: 12" in given[-1]["recipe.yaml"] for given in ray.given)
    last = events[-1]
    assert isinstance(last, Ended)
    assert last.problem == LOST
    assert (drawn.root / name).read_bytes() == b"state"


def test_an_error_on_a_worker_is_told_and_not_tried_again(drawn: Home) -> None:
    error = Ray.exceptions.RayTaskError("Traceback ...\nModuleNotFoundError: no train")
    for told, problem in (
        ((FAILED, "failed with status 1: Error: no\x1b[2J"), "'failed with status 1: Error: no"),
        (error, "ModuleNotFoundError: no train"),
        ((RESULTS, {"../x": b""}), "the worker sent other files"),
        ((PROGRESS, {"../x": b""}), "the worker sent other files"),
    ):
        [event] = run_on(Ray([told]), drawn)
        assert isinstance(event, Ended)
        assert (event.problem or "").startswith(problem)
        assert not checkpoint_path(drawn, get(TINY)).exists()
    [event] = run_on(Ray([]), drawn)
    assert event == Ended(name=TINY, problem="the worker fell silent")


def test_a_busy_folder_stops_no_other(drawn: Home) -> None:
    script = (
        "import sys, pathlib; from zoo.base.lock import locked\n"
        "with locked(pathlib.Path(sys.argv[1])): print(flush=True); input()"
    )
    command = [sys.executable, "-c", script, str(drawn.training_folder(TINY))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        [event] = run_on(Ray(), drawn)
        holder.kill()
    assert isinstance(event, Ended)
    assert "in use by another command" in (event.problem or "")


@needs_ray
def test_a_cluster_that_is_not_there(drawn: Home) -> None:
    output = invoke(*TRAIN, "--ray", "127.0.0.1:1", status=1).output
    assert "cannot be joined" in output
    assert "ray start" in output


def test_without_ray_the_extra_is_named(drawn: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert "pip install '.[cluster]'" in invoke(*ON_RAY, status=1).output


def test_a_worker_gives_the_bytes_of_a_training_here(chain: Chain, home: Home) -> None:
    """The worker's side as Ray calls it, and the driver's keeping of it."""
    settings = settings_of(chain.home)
    order = TrainingOrder(home=chain.home, settings=settings, command=COMMAND)
    parcels = [*(make() for _, make in order.shared()), order.own()]
    digests = [digest(parcel) for parcel in parcels]
    told = list(work_there(program(order.packages), order.told(1), digests, *parcels))
    kinds = [kind for kind, _ in told]
    assert kinds[-1] == RESULTS, told[-1]
    assert kinds.count(PROGRESS) >= 2
    keep_results(home, settings, told[-1][1])
    path = checkpoint_path(home, get(TINY))
    assert path.read_bytes() == checkpoint_path(chain.home, get(TINY)).read_bytes()
    lines = [content for kind, content in told if kind == LINE]
    assert lines[-1].endswith(f"checkpoints/{TINY}/checkpoint.safetensors")
    assert not any("bench-worker" in line for line in lines)


def test_neither_side_loads_torch_only_to_pass_on_bytes() -> None:
    program = (
        "import sys, train.cluster.orders, zoo.cluster.worker; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_worker_refuses_another_program_and_broken_parcels() -> None:
    here = program(["torch"])
    [(kind, told)] = work_there(here | {"torch": "0.0"}, {}, [])
    assert kind == FAILED
    assert f"has torch {here['torch']}; this machine has torch 0.0: install the same" in told
    [(kind, told)] = work_there(here, {}, [digest({})], {"a": b"b"})
    assert kind == FAILED
    assert "not what was sent" in told


def test_what_a_worker_sends_is_checked(chain: Chain, home: Home) -> None:
    settings = settings_of(chain.home)
    names = result_names(chain.home, settings)
    files = {name: (chain.home.root / name).read_bytes() for name in names}
    for wrong in (files | {"../outside": b""}, {}, files | {names[0]: b"no checkpoint"}):
        with pytest.raises(WeightsError, match="worker sent"):
            keep_results(home, settings, wrong)
    with pytest.raises(WeightsError, match="not of this training"):
        keep_results(home, settings_of(chain.home, seed=1), files)
    assert [path for path in home.root.rglob("*") if path.is_file()] == []
    keep_results(home, settings, files)
    assert {name: (home.root / name).read_bytes() for name in names} == files


@pytest.mark.parametrize(
    ("kind", "widths"),
    [("keras", ("0.35", "0.5")), ("inherited", ("0.5", "1.0")), ("widened", ("0.2", "1.0"))],
)
def test_first_weights_and_teachers_are_the_same_there(
    chain: Chain,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    widths: tuple[str, str],
) -> None:
    encoders, there = tmp_path / "encoders", tmp_path / "there"
    encoders.mkdir()
    for width in widths:
        name = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{width}_224_no_top.h5"
        (encoders / name).write_text(width)
    first = choose_first_weights(get(TINY), kind, encoders)
    assert first.init.kind == kind
    unpack(there, first_weights_parcel(first))
    settings = settings_of(chain.home)
    sent = Settings(
        specs=settings.specs,
        config=settings.config,
        dataset=settings.dataset,
        first_weights=first,
        teachers=choose_teachers([checkpoint_path(chain.home, get(TINY))], "hair"),
    )
    order = TrainingOrder(home=chain.home, settings=sent, command=())
    # Each is sent to a machine once, by its key.
    assert len({key for key, _ in order.shared()}) == 3
    unpack(there, teachers_parcel(sent))
    words = order_words(sent, cores=1)
    options = dict(zip(words[::2], words[1::2], strict=True))
    monkeypatch.chdir(there)
    folder = Path(options.get("--encoders", "nowhere"))
    assert choose_first_weights(get(TINY), options["--init"], folder).init == first.init
    [teacher] = choose_teachers([Path(options["--teacher"])], "hair")
    assert (teacher.teacher,) == tuple(file.teacher for file in sent.teachers)
