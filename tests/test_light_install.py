"""The package without its extras: small, quick to install, and enough to measure and to report."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_BYTES = 1_000_000_000
ABSENT = ("torch", "torchvision", "coremltools", "litert_torch")


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with nothing but the package and what it asks for."""
    folder = tmp_path_factory.mktemp("light")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    source = folder / "source"
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in files.stdout.splitlines():
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    words = ["install", "--quiet", "-c", str(ROOT / "constraints.txt"), str(source)]
    done = subprocess.run([folder / "bin" / "pip", *words], capture_output=True, text=True)
    if done.returncode and "No matching distribution" in done.stderr:
        pytest.skip("no package index is in reach: the installation without extras is not tested")
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def bench(light: Path, home: Path, *words: str, status: int = 0) -> str:
    environment = os.environ | {"BENCH_HOME": str(home)}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [light / "bench", *words], env=environment, cwd=home, capture_output=True, text=True
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_it_is_small_and_holds_no_trainer(light: Path) -> None:
    packages = light.parent / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    assert [name for name in ABSENT if (packages / name).exists()] == []
    files = [path for path in light.parent.rglob("*") if path.is_file() and not path.is_symlink()]
    kept = [path for path in files if light.parent / "source" not in path.parents]
    assert sum(path.stat().st_size for path in kept) <= MOST_BYTES


def test_it_measures_compares_and_reports(light: Path, model: Path, tmp_path: Path) -> None:
    words = ("--sessions", "1", "--rounds", "4")
    assert "1 steady" in bench(light, tmp_path, "run", str(model), *words)
    assert "mnv2_slim_unet_0.35_128" in bench(light, tmp_path, "models")
    assert "host " in bench(light, tmp_path, "devices")
    assert model.name in bench(light, tmp_path, "report")
    assert (tmp_path / "reports" / "out" / "pareto.png").is_file()


def test_what_is_missing_is_said_in_a_line(light: Path, tmp_path: Path) -> None:
    told = bench(light, tmp_path, "weights", "take", "--model", "mnv2_slim_unet_0.35_128", status=1)
    assert "this needs torch, which is of the extra `train`" in told
    assert "pip install 'mobile-segmentation-zoo[train]'" in told
    assert "Traceback" not in told
