"""The table of floors and rooms, and who imports whom, read from the sources."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
# From the lowest to the highest, each with those that it may import.
FLOORS: dict[str, frozenset[str]] = {
    "zoo": frozenset(),
    "train": frozenset({"zoo"}),
    "devices": frozenset({"zoo"}),
    "bench": frozenset({"zoo", "devices"}),
    "reports": frozenset({"zoo", "devices", "bench"}),
    "bench/cli": frozenset({"zoo", "train", "devices", "bench", "reports"}),
}
# What each room is for stands in its __init__.py; here is which files answer that.
ROOMS: Mapping[str, str] = {
    "zoo": "app_resizing box catalogue checkpoint complexity home mnv2_slim_unet mnv2_unet "
    "mnv2_unet_parent network preprocess registry resizing segmenting spec",
    "zoo/base": "children download download_part download_record errors extras files formats "
    "frozen lock pictures progress provenance temporary web",
    "zoo/mil": "arithmetic check contents convolution interpreter operation package program "
    "resizing shapes table",
    "zoo/runtime": "core_ml declared engines feeds interpreter members mil_reference open_model "
    "processor runtime",
    "zoo/artifact": "calibration denormals distortion_record expected half iou judgement label "
    "manifest neural_engine parity resize_record sources steps tflite_graph",
    "zoo/export": "__main__ channels_last coreml exporter fold layers onnx ranges "
    "run targets tflite tflite_biases tflite_metadata",
    "zoo/explain": "activations compare suspects",
    "zoo/imported": "accuracy choices feeding guess guess_output look mlpackage_file onnx_file "
    "record take tflite_file",
    "zoo/cluster": "join machines orders parcels worker",
    "train": "augment config distort evaluate history loader loop losses memory processes resume "
    "settings sizes step teacher",
    "train/data": "archive check dataset folder join labels leaks lfw lfw_download meaning "
    "names people plausible prepare values",
    "train/layouts": "celeba_lists celebamask coco figaro run_lengths",
    "train/init": "encoder_download first_weights keras_weights narrow parent_weights pretrained "
    "widen",
    "train/proof": "accuracy calibrate card distortions expect imported pack photographs prove "
    "ranges resizes worst",
    "train/cluster": "files orders parcels",
    "train/synthetic": "canvas frame hair person prepare scene traits",
    "devices": "base find finding frame masks programs records replay roads",
    "devices/host": "clocks conditions device process quiet taken worker",
    "devices/android": "device",
    "devices/android/adb": "client conditions discovery gate phone storage",
    "devices/android/run": "flags inputs job outcome output profile program result session "
    "settings",
    "devices/browser": "cable certificate checks conditions device identity inputs messages pages "
    "server serving session site tab",
    "devices/emulated": "benchmark_model faults line page phone root shell sync transport",
    "bench": "browsers check compare doctor in_a_row protocol sampling stored turns warming",
    "bench/work": "again chosen feeding find item naming subject typed_inputs",
    "bench/statistics": "bursts changes neighbours pooling ratios relative stats "
    "students_t verdict",
    "bench/sessions": "record store",
    "bench/cli": "child options signals spread typed",
    "bench/cli/models": "explain export import_ inside models photographs predict proving "
    "shown_iou weights",
    "bench/cli/training": "checking costs data eval evaluating judging labelling layouts leaks "
    "many sheet train",
    "bench/cli/measuring": "browser compare compared demo device_options expected measure "
    "own_files phones plan_options profile run serve summary",
    "bench/cli/results": "card check pick report show",
    "bench/cli/machine": "devices doctor emulate",
    "bench/cli/farm": "farm here joining listing measure node orders",
    "reports": "load precision since unchanged write",
    "reports/stored": "digest effects index read sessions",
    "reports/gather": "accuracy details flat groups joined merge pairs places pooled reference "
    "report rows unmeasured",
    "reports/fronts": "choose draws fronts pareto",
    "reports/pictures": "charts figures labels layers overlay panels pass_picture "
    "precision_figure profile series sheet vega",
    "reports/page": "columns page payload",
    "reports/text": "answer card costs feeding files fitting imported imported_card listing "
    "readings session tables",
}
SOURCES = tuple(
    sorted(
        path
        for floor in ("zoo", "train", "devices", "bench", "reports")
        for path in (ROOT / floor).rglob("*.py")
        if "node_modules" not in path.parts
    )
)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str) -> str:
    """The folder that its file stands in; of a package's own, that package."""
    folder = module.replace(".", "/")
    return folder if (ROOT / folder / "__init__.py").is_file() else folder.rpartition("/")[0]


def floor_of(module: str) -> str:
    return "bench/cli" if f"{module}.".startswith("bench.cli.") else module.partition(".")[0]


def purpose(room: str) -> str:
    """The first paragraph of what its __init__.py says."""
    text = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text())) or ""
    return " ".join(text.partition("\n\n")[0].split())


@cache
def imports() -> Mapping[str, frozenset[str]]:
    """By module of ours: the modules of ours that it imports, at any place in it."""
    known = {module_of(path) for path in SOURCES}
    return {module_of(path): frozenset(_imported(path, known)) for path in SOURCES}


def _imported(path: Path, known: set[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                name = full if full in known else node.module
                if name in known:
                    yield name


def between_rooms() -> Mapping[str, frozenset[str]]:
    """As `imports`, with a room's files taken for one; those flat on a floor stay apart."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, others in imports().items():
        for other in others:
            if _place(module) != _place(other):
                found[_place(module)].add(_place(other))
    return {place: frozenset(others) for place, others in found.items()}


def _place(module: str) -> str:
    room = room_of(module)
    return module if room in FLOORS else room


def circle(edges: Mapping[str, frozenset[str]]) -> list[str]:
    """One that the edges hold, its first place again at its end; empty where there is none."""
    done: set[str] = set()

    def walk(place: str, way: list[str]) -> list[str]:
        if place in way:
            return [*way[way.index(place) :], place]
        if place in done:
            return []
        for other in sorted(edges.get(place, ())):
            if found := walk(other, [*way, place]):
                return found
        done.add(place)
        return []

    for place in sorted(edges):
        if found := walk(place, []):
            return found
    return []
