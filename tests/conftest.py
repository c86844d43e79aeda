"""Real things, small: drawn portraits, a variant trained on them, its exported files."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from commands import TINY, TRAIN, Chain, invoke
from drawn import write_portraits
from once import made_once

from zoo.home import Home

pytest_plugins = ["self_figures"]

# torch's threads spin while they wait for each other: where others need the cores too, as the
# tests beside these, that takes tens of times what the work takes. Read when torch is imported.
PATIENT = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}

# Files that take minutes begin first, so that no worker is left with one of them in the end. The
# second needs no chain: while one worker makes that, the other one need not wait.
LONGEST = (
    "test_recovery.py",
    "test_android_faults.py",
    "test_light_install.py",
    "test_cluster.py",
    "test_browser_engines.py",
    "test_export.py",
    "test_jobs.py",
    "test_import_mlpackage.py",
    "test_mil_sabotage.py",
    "test_box.py",
    "test_train.py",
    "test_leaks.py",
)


# Of tests that a shell began in the background, the commands would pass over Ctrl-C too.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """What measures the tool itself is to find it as its users do."""
    if not any("benchmarks" in word for word in config.args):
        os.environ |= PATIENT


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


@pytest.fixture(scope="session", autouse=True)
def locks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of their own, so that tests that run side by side may measure."""
    folder = tmp_path_factory.mktemp("locks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_LOCKS", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def own_locks(locks: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that a test leaves open holds nothing that the next one measures."""
    monkeypatch.setenv("BENCH_LOCKS", str(locks / f"{id(request.node):x}"))


@pytest.fixture(scope="session")
def lfw_archives() -> Path:
    """The real archives; without them the test says what it did not check."""
    beside = Path(__file__).parents[2] / "shared" / "data" / "lfw"
    folder = Path(os.environ.get("BENCH_TEST_LFW", beside))
    if not folder.is_dir():
        pytest.skip(f"the LFW archives are not at {folder}: real photographs not tested")
    return folder


@pytest.fixture(scope="session")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_portraits(tmp_path_factory.mktemp("portraits"), 40)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home that the commands use too."""
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))
    monkeypatch.delenv("BENCH_ENCODERS", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "no-cache"))
    return Home(root=tmp_path)


@pytest.fixture(scope="module")
def adb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A real one, for emulated phones; the environment leads to it."""
    from phones import adbs, server

    with server(adbs()[0], tmp_path_factory.mktemp("adb") / "home"):
        yield


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A .tflite file of one's own."""
    from tiny_tflite import write_tiny

    return write_tiny(tmp_path / "tiny.tflite")


@pytest.fixture
def drawn(home: Home, portraits: Path) -> Home:
    """A home with the portraits as a data set."""
    invoke("data", "folder", str(portraits), "--name", "drawn")
    return home


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Chain]:
    """The whole chain by its commands, for all the tests that look at what it left. Files of tests
    that run side by side share one, and each has a copy."""
    root = made_once(tmp_path_factory, worker_id, "chain", make_chain)
    copy = tmp_path_factory.mktemp("chain") / "home"
    shutil.copytree(root, copy)
    with at_home(copy):
        yield Chain(home=Home(root=copy))


def make_chain(root: Path) -> None:
    with at_home(root):
        portraits, model = write_portraits(root / "portraits", 40), ("--model", TINY)
        invoke("data", "folder", str(portraits), "--name", "drawn")
        invoke(*TRAIN)
        # One exporter for each format: to load a converter takes longer than to export with it.
        for format in ("onnx", "tflite", "coreml"):
            invoke("export", *model, "--format", format, "--jobs", "1")
        invoke("run", *model, "--sessions", "6", "--max-sessions", "6", "--rounds", "4")
        invoke("report")


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Home:
    """A home with the package's weights of one variant, exported to TFLite. Copy it."""
    return Home(root=made_once(tmp_path_factory, worker_id, "shipped", make_shipped))


def make_shipped(root: Path) -> None:
    with at_home(root):
        invoke("weights", "take", "--model", TINY)
        words = ("--format", "tflite", "--precision", "fp16", "--jobs", "1")
        invoke("export", "--model", TINY, *words)


@contextmanager
def at_home(root: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_HOME", str(root))
        patch.setenv("TORCH_HOME", str(root / "no-cache"))
        yield


@pytest.fixture
def in_chain(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> Chain:
    """The finished chain, as the home of the commands this test runs. Leave it as it is."""
    monkeypatch.setenv("BENCH_HOME", str(chain.home.root))
    return chain


@pytest.fixture
def elsewhere(chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of the finished chain, to be changed at will, as the home of the commands."""
    for name in ("checkpoints", "artifacts", "results"):
        shutil.copytree(chain.home.root / name, tmp_path / name)
    (tmp_path / "data").symlink_to(chain.home.root / "data")
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))
    return Home(root=tmp_path)
