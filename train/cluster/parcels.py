"""What goes to a worker, and what of its answer is kept: files by their names in a home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import yaml

from train.data.dataset import RECORD, Dataset, SplitName
from train.history import CURVE_NAME, PROGRESS_NAME, TABLE_NAME
from train.init.first_weights import FirstWeights
from train.settings import Settings, is_trained
from zoo.base.errors import WeightsError
from zoo.base.files import replacing
from zoo.checkpoint import COUNTS_NAME, checkpoint_path
from zoo.cluster.parcels import Parcel
from zoo.home import Home

# What a training reads: it never looks at test images.
USED: tuple[SplitName, ...] = ("train", "validation")
RECIPE_NAME = "recipe.yaml"
FIRST = "first"
TEACHERS = "teachers"
# Where torch looks for weights it has downloaded, under TORCH_HOME.
TORCH = "torch"
TORCH_CACHE = f"{TORCH}/hub/checkpoints"


def dataset_parcel(home: Home, dataset: Dataset, splits: Sequence[SplitName]) -> Parcel:
    """The record, and the photographs and masks of these splits."""
    used = [item for item in dataset.record.items if item.split in splits]
    names = [RECORD, *(name for item in used for name in (item.image, item.mask))]
    return {_name(home, dataset.folder / n): (dataset.folder / n).read_bytes() for n in names}


def first_weights_parcel(first: FirstWeights) -> Parcel:
    """The one file that they stand in; nothing for random ones."""
    if first.path is None:
        return {}
    folder = TORCH_CACHE if first.init.kind == "torchvision" else FIRST
    return {f"{folder}/{first.path.name}": first.path.read_bytes()}


def teachers_parcel(settings: Settings) -> Parcel:
    """Their checkpoints, in the order of the options."""
    files = zip(_teacher_names(settings), settings.teachers, strict=True)
    return {name: file.path.read_bytes() for name, file in files}


def _teacher_names(settings: Settings) -> list[str]:
    return [f"{TEACHERS}/{number}.safetensors" for number in range(len(settings.teachers))]


def order_parcel(home: Home, settings: Settings) -> Parcel:
    """The recipe as it was changed by options, and where the training stands, if it was begun."""
    config = settings.config.model_dump(mode="json")
    parcel = {RECIPE_NAME: yaml.safe_dump(config).encode()}
    progress = home.root / progress_name(home, settings)
    if progress.is_file():
        parcel[_name(home, progress)] = progress.read_bytes()
    return parcel


def order_words(settings: Settings, cores: int) -> list[str]:
    """The options of `bench train` that mean this training in a home with these parcels."""
    words = [word for spec in settings.specs for word in ("--model", spec.name)]
    words += ["--data", settings.dataset.folder.name, "--recipe", RECIPE_NAME]
    words += ["--cores", str(cores), *_init_words(settings.first_weights)]
    words += [word for name in _teacher_names(settings) for word in ("--teacher", name)]
    return [*words, "--together"] if len(settings.specs) > 1 else words


def _init_words(first: FirstWeights) -> list[str]:
    if first.path is None:
        return ["--init", "random"]
    match first.init.kind:
        case "torchvision":
            return ["--init", "torchvision"]
        case "inherited" | "widened" as kind:
            return ["--init", kind, "--encoders", FIRST]
    return ["--init", f"{FIRST}/{first.path.name}"]


def progress_name(home: Home, settings: Settings) -> str:
    return _name(home, home.training_folder(settings.name) / PROGRESS_NAME)


def result_names(home: Home, settings: Settings) -> list[str]:
    """What a finished training leaves; the checkpoints first."""
    folder = home.training_folder(settings.name)
    paths = [checkpoint_path(home, spec) for spec in settings.specs]
    paths += [home.checkpoint_folder(spec) / COUNTS_NAME for spec in settings.specs]
    return [_name(home, path) for path in (*paths, folder / TABLE_NAME, folder / CURVE_NAME)]


def keep_progress(home: Home, settings: Settings, content: bytes) -> None:
    """Write `resume.pt`. Whoever goes on from it reads it as tensors alone, and checks it."""
    with replacing(home.root / progress_name(home, settings)) as temporary:
        temporary.write_bytes(content)


def keep_results(home: Home, settings: Settings, files: Mapping[str, bytes]) -> None:
    """Write what a worker made, under the names it must have, if it is of this very training.

    Raises WeightsError where it is not; then nothing is written.
    """
    names, checkpoints = result_names(home, settings), len(settings.specs)
    if sorted(files) != sorted(names):
        raise WeightsError(f"the worker sent other files than {', '.join(names)}")
    with ExitStack() as written:
        # They take their places in the reverse order, so the checkpoints last.
        for number, name in enumerate(names):
            temporary = written.enter_context(replacing(home.root / name))
            temporary.write_bytes(files[name])
            if number < checkpoints and not is_trained(temporary, settings):
                raise WeightsError(f"the {name} that the worker sent is not of this training")
    (home.root / progress_name(home, settings)).unlink(missing_ok=True)


def _name(home: Home, path: Path) -> str:
    return path.relative_to(home.root).as_posix()
