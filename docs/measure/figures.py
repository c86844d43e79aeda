"""The figures that README and docs show: how each is made, and which files it is."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from measure import steps
from measure.distortions import distortions
from measure.labels import labels
from measure.pairs import pairs
from measure.pictures import pictures
from measure.weights import weights
from measure.workshop import Workshop

PROTOCOL = "measured/protocol"
TWINS, SHARED = "test_protocol_zoo.py", "test_shared_process.py"
QUIET = "memory or quiet"
REPORT = (
    "index.html pareto.png pareto.svg precision.csv precision.png precision.svg rows.json "
    "table.csv table.md table.parquet"
)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """make: writes the files, whose paths are under docs. command: what it runs, for readers."""

    name: str
    command: str
    files: tuple[str, ...]
    make: Callable[[Workshop], None]


def _in(folder: str, names: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}" for name in names.split())


def _benchmark(name: str, output: str, test: str, *options: str, proved: bool = False) -> Figure:
    """A figure of the tool by its benchmarks. proved: it needs the exported files of the zoo."""

    def make(shop: Workshop) -> None:
        if proved:
            steps.proved(shop)
        given = {"BENCH_SELF_HOME": str(shop.files)} if proved else {}
        shop.benchmark(output, f"tests/benchmarks/{test}", *options, **given)

    command = shlex.join(["pytest", f"tests/benchmarks/{test}", *options])
    return Figure(name=name, command=command, files=(output,), make=make)


FIGURES = (
    Figure(
        name="weights",
        command="bench models --long",
        files=("measured/weights.md",),
        make=weights,
    ),
    Figure(
        name="host",
        command="bench run, bench report",
        files=_in(
            "measured/host",
            "answer.md fp32.md page.png pareto.png precision-quiet.csv table.csv",
        ),
        make=steps.host,
    ),
    Figure(
        name="host-busy",
        command="bench run beside a busy program for each core, bench report",
        files=_in("measured/host", "precision-busy.csv run-busy.txt table-busy.csv"),
        make=steps.host_busy,
    ),
    Figure(
        name="files",
        command="bench export, bench models --long --json",
        files=_in("measured/precision", "files.json points.md"),
        make=steps.files,
    ),
    Figure(
        name="packages",
        command="bench export --format coreml, bench models --long --json",
        files=_in("measured/precision", "packages.json packages.md"),
        make=steps.packages,
    ),
    Figure(
        name="pictures",
        command="bench show --pass, bench serve, bench demo",
        files=_in("measured", "browser.png pass.png"),
        make=pictures,
    ),
    Figure(
        name="precisions",
        command="bench run of 96 files, bench report",
        files=_in("measured/precision", "costs.md precision.csv precision.png rows.md"),
        make=steps.precisions,
    ),
    Figure(
        name="resizes",
        command="bench eval --resize linear --resize area --resize halving",
        files=_in("measured/precision", "resizes.md"),
        make=steps.resizes,
    ),
    Figure(
        name="distortions",
        command="bench eval --distort all of four variants",
        files=_in("measured/precision", "distortions.md"),
        make=distortions,
    ),
    Figure(
        name="labels",
        command="the IoU of two variants without what labels may have otherwise",
        files=("measured/labels.md",),
        make=labels,
    ),
    Figure(
        name="pairs",
        command="bench compare of ten pairs in two runtimes",
        files=("measured/pairs.md",),
        make=pairs,
    ),
    Figure(
        name="example-report",
        command="bench devices --emulate android, bench run, bench report",
        files=_in("example-report", REPORT),
        make=steps.example,
    ),
    Figure(
        name="mil-reference",
        command="pytest tests/benchmarks/test_mil_reference.py",
        files=_in("measured/precision", "mil-reference.md"),
        make=steps.mil_reference,
    ),
    _benchmark("costs-now", "measured/precision/costs-now.md", "test_precision_cost.py"),
    _benchmark("upsampling", "measured/precision/upsampling.md", "test_upsampling.py", proved=True),
    _benchmark("operators", "measured/precision/operators.md", "test_operator_times.py"),
    _benchmark("browser", "measured/browser.md", "test_browser.py", proved=True),
    _benchmark("first-hour", "measured/first-hour.md", "test_first_hour.py"),
    _benchmark("tool", "measured/bench-self.md", "test_self.py"),
    _benchmark("phone", "measured/phone.md", "test_phone.py"),
    _benchmark("many-sessions", "measured/many-sessions.md", "test_many_sessions.py"),
    _benchmark("native-clocks", "measured/native-clocks.md", "test_native_clock.py"),
    _benchmark("pair", f"{PROTOCOL}/pair.md", "test_protocol.py", proved=True),
    _benchmark("zoo", f"{PROTOCOL}/zoo.md", TWINS, "-k", "tflite", proved=True),
    _benchmark("onnx", f"{PROTOCOL}/onnx.md", TWINS, "-k", "onnx and quiet", proved=True),
    _benchmark(
        "shared-process",
        f"{PROTOCOL}/shared.md",
        "test_shared_process.py",
        "-k",
        QUIET,
        proved=True,
    ),
)
