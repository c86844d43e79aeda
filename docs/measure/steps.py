"""The steps by which figures are made. Each takes the workshop, and writes its files under docs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from busy import hogs

from measure.points import points_table
from measure.record import DOCS
from measure.workshop import PROGRAMS, Workshop
from zoo.base.errors import DataError
from zoo.base.files import write_text

MODELS = "mnv2_slim_unet_*"
MEASURED = DOCS / "measured"
JOINED = "both"
HOST = ("--runtime", "litert", "--precision", "fp32", "--precision", "fp16")
TFLITE = ("--format", "tflite", "--precision", "fp32", "--precision", "fp16")
BOTH = ("--runtime", "litert", "--runtime", "onnxruntime")
PRECISIONS = ("--precision", "fp32", "--precision", "fp16", "--precision", "int8")


def exports(shop: Workshop, *chosen: str, home: Path | None = None) -> None:
    """Of every variant the chosen files, all by default."""
    there = home or shop.files
    shop.bench(there, "weights", "take", "--model", MODELS)
    shop.bench(there, "export", "--model", MODELS, *chosen)


def newcomers(shop: Workshop, name: str) -> Path:
    """A home as `make zoo` leaves it for who has no photographs."""
    home = shop.home(name)
    exports(shop, *TFLITE, home=home)
    return home


def proved(shop: Workshop) -> None:
    """Every file of every variant, with its IoU."""
    photographs(shop)
    exports(shop)


def files(shop: Workshop) -> None:
    """What each precision of each format costs in IoU."""
    proved(shop)
    listed = shop.bench(shop.files, "models", "--model", MODELS, "--long", "--json")
    write_text(MEASURED / "precision/files.json", listed)
    write_text(MEASURED / "precision/points.md", points_table(json.loads(listed)))


def packages(shop: Workshop) -> None:
    """The same of Core ML's packages, by the reference interpreter where there is no Mac."""
    photographs(shop)
    exports(shop, "--format", "coreml")
    listed = json.loads(shop.bench(shop.files, "models", "--model", MODELS, "--long", "--json"))
    kept = [
        {"model": model["model"], "artifacts": _of_format(model["artifacts"], "coreml")}
        for model in listed
    ]
    write_text(MEASURED / "precision/packages.json", json.dumps(kept, indent=1) + "\n")
    write_text(MEASURED / "precision/packages.md", points_table(kept))


def mil_reference(shop: Workshop) -> None:
    """The reference interpreter's own time, and sums in halves."""
    photographs(shop)
    exports(shop, "--format", "coreml")
    test, home = "tests/benchmarks/test_mil_reference.py", {"BENCH_SELF_HOME": str(shop.files)}
    shop.benchmark("measured/precision/mil-reference.md", test, **home)


def _of_format(files: dict[str, Any], format: str) -> dict[str, Any]:
    return {key: file for key, file in files.items() if file["format"] == format}


def resizes(shop: Workshop) -> None:
    """What the ways cost in which applications shrink photographs."""
    photographs(shop)
    exports(shop, *TFLITE)
    model = ("--model", "mnv2_slim_unet_0.5_224", "--format", "tflite", "--precision", "fp32")
    ways = ("--resize", "linear", "--resize", "area", "--resize", "halving", "--side", "1080")
    parts = []
    for grain in "04":
        asked = (*model, *ways, "--grain", grain, "--format", "markdown")
        parts.append(f"Grain {grain}:\n\n{shop.bench(shop.files, 'eval', *asked)}")
    write_text(MEASURED / "precision/resizes.md", "\n".join(parts))


def host(shop: Workshop) -> None:
    """Latencies of this machine, with nothing else of ours running."""
    home = _measured_host(shop)
    answer = shop.bench(home, "report")
    out = home / "reports/out"
    write_text(MEASURED / "host/answer.md", f"```\n{_until_files(answer)}```\n")
    write_text(MEASURED / "host/fp32.md", _section((out / "table.md").read_text(), "fp32"))
    _copy(out, {"pareto.png": "host/pareto.png", "table.csv": "host/table.csv"})
    _copy(out, {"precision.csv": "host/precision-quiet.csv"})
    shop.screenshot(out / "index.html", MEASURED / "host/page.png", 1100, 1100)


def _measured_host(shop: Workshop) -> Path:
    """The home of its sessions, which are taken where they are not there yet."""
    home = newcomers(shop, "host")
    words = ("run", "--model", MODELS, *HOST, "--target", "2%", "--time-limit", "165", "--resume")
    shop.bench(home, *words)
    return home


def host_busy(shop: Workshop) -> None:
    """The same beside as many busy programs as cores."""
    home = newcomers(shop, "host-busy")
    words = ("run", "--model", MODELS, *HOST, "--target", "2%", "--time-limit", "600", "--resume")
    with hogs():
        _keep_run(shop, home, words, "host/run-busy.txt")
    shop.bench(home, "report")
    names = {"table.csv": "host/table-busy.csv", "precision.csv": "host/precision-busy.csv"}
    _copy(home / "reports/out", names)


def precisions(shop: Workshop) -> None:
    """What each precision costs in time: the files of two runtimes beside each other."""
    proved(shop)
    home = shop.beside(shop.files, "precisions")
    limits = ("--target", "2%", "--time-limit", "900", "--resume")
    shop.bench(home, "run", "--model", MODELS, *BOTH, *PRECISIONS, *limits)
    shop.bench(home, "report")
    out = home / "reports/out"
    costs = re.split(r"\n(?=\*\*What precision costs)", (out / "table.md").read_text())[1:]
    parts = [re.split(r"\n\n(?=\| model)", part, maxsplit=1) for part in costs]
    write_text(MEASURED / "precision/costs.md", "\n\n".join(p[0] for p in parts) + "\n")
    write_text(MEASURED / "precision/rows.md", "\n".join(costs).rstrip() + "\n")
    names = ("precision.csv", "precision.png")
    _copy(out, {name: f"precision/{name}" for name in names})


def example(shop: Workshop) -> None:
    """A report of the host's run and of the emulated phone, as a newcomer would open it."""
    host_home = _measured_host(shop)
    home = shop.beside(host_home, "example")
    shutil.copytree(host_home / "results", home / "results", dirs_exist_ok=True)
    command = [str(PROGRAMS / "bench"), "devices", "--emulate", "android"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as phone:
        try:
            assert phone.stdout is not None
            serial = next(found[0] for line in phone.stdout if (found := _serial(line)))
            chosen = ("--model", "mnv2_slim_unet_0.35_*", "--precision", "fp32", "--sessions", "6")
            shop.bench(home, "run", "--device", f"android:{serial}", *chosen)
        finally:
            phone.terminate()
    shop.bench(home, "report", "--output", str(DOCS / "example-report"))
    (DOCS / "example-report/.made_from.json").unlink()


def photographs(shop: Workshop) -> None:
    """Both data sets that the package's weights were trained on, in one."""
    if (shop.files / "data" / JOINED).is_dir():
        return
    if shop.lfw is None or shop.figaro is None:
        raise DataError(
            "LFW and Figaro-1k are not at hand",
            expected="the folders with their archives",
            remedy="make measured LFW=FOLDER FIGARO=FOLDER",
        )
    shop.bench(shop.files, "data", "lfw", "--archives", str(shop.lfw))
    figaro = ("figaro1k", "--archives", str(shop.figaro))
    shop.bench(shop.files, "data", *figaro)
    shop.bench(shop.files, "data", "join", "lfw", "figaro1k", "--name", JOINED)


def _keep_run(shop: Workshop, home: Path, words: tuple[str, ...], name: str) -> None:
    """What a run printed, below its command."""
    printed = shop.bench(home, *words)
    write_text(MEASURED / name, f"bench {' '.join(words)}\n{printed}")


def _until_files(answer: str) -> str:
    """Without what comes after the figures: a path of this machine, and what to type next."""
    return answer.partition("\nreport:")[0].rstrip() + "\n"


def _section(table: str, precision: str) -> str:
    """Of table.md: the part of one precision, without its notes."""
    parts = re.split(r"\n(?=\*\*)", table)
    (part,) = [p for p in parts if f", {precision}," in p.partition("\n")[0] and "| front |" in p]
    lines = part.strip().splitlines()
    last = max(place for place, line in enumerate(lines) if line.startswith("|"))
    return "\n".join(lines[: last + 1]) + "\n"


def _copy(folder: Path, names: dict[str, str]) -> None:
    for name, target in names.items():
        shutil.copyfile(folder / name, MEASURED / target)


def _serial(line: str) -> re.Match[str] | None:
    return re.search(r"127\.0\.0\.1:[0-9]+", line)
