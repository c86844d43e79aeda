"""Everything that decides a training besides the variant and the data: a small YAML, checked."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError

from zoo.base.errors import RecipeError, UnknownName
from zoo.base.frozen import Frozen

RECIPES = Path(__file__).parent / "recipes"
Fraction = Annotated[float, Field(ge=0, le=1)]


class Augmentation(Frozen):
    """Joint for image and mask where it moves pixels; colour for the image alone.

    crop_area_min: smallest share of the photograph that a random crop keeps. scale_share, zoom_min,
    zoom_max: share of the images that are seen from much nearer or farther instead, off centre, and
    by how much. rotation_degrees, rotation_share: largest angle, and share of the images turned.
    background_share: put before another photograph. recolour_share: hair dyed by its mask.
    brightness, contrast, saturation: factors drawn from 1 - x to 1 + x. grayscale_share: without
    colour. light_share: exposure, white balance, and light from one side. blur_share,
    low_resolution_share, noise_share, jpeg_share: what a phone loses.
    """

    crop_area_min: Annotated[float, Field(gt=0, le=1)] = 0.8
    rotation_degrees: Annotated[float, Field(ge=0, le=180)] = 15.0
    rotation_share: Fraction = 0.5
    scale_share: Fraction = 0.0
    zoom_min: Annotated[float, Field(ge=0.1, le=1)] = 0.4
    zoom_max: Annotated[float, Field(ge=1, le=10)] = 2.5
    background_share: Fraction = 0.0
    recolour_share: Fraction = 0.0
    brightness: Fraction = 0.3
    contrast: Fraction = 0.3
    saturation: Fraction = 0.3
    grayscale_share: Fraction = 0.05
    light_share: Fraction = 0.0
    blur_share: Fraction = 0.0
    low_resolution_share: Fraction = 0.0
    noise_share: Fraction = 0.0
    jpeg_share: Fraction = 0.0


class TrainConfig(Frozen):
    """AdamW, linear warm-up then cosine to zero, EMA of the weights.

    epochs 0 trains nothing: the first weights are taken as they are, and measured.
    learning_rate is the decoder's; that of an encoder with weights to keep is it times
    encoder_rate_factor, that of a random one the decoder's. ema_decay is per step. bce_share
    weighs BCE against Dice, teacher_share the masks of teachers, where there are any, against the
    labels. teacher_border: within this distance of a label's contour, a share of the shorter side,
    the teachers' masks alone are learned from. mix: of a joined data set, how often an epoch shows
    a photograph of each source, against the others; 1 for one that is not named. evaluate_every is
    in epochs. autocast `auto` is bf16 where the processor computes in it (AVX-512, GPUs), else
    fp32. threads null means all the cores but those of the loader.
    """

    target: Literal["hair", "face"] = "hair"
    epochs: Annotated[int, Field(ge=0, le=10_000)]
    batch_size: Annotated[int, Field(ge=2, le=4096)] = 8
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 2e-3
    encoder_rate_factor: Annotated[float, Field(ge=0, le=1)] = 0.5
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 1e-2
    warmup_epochs: Annotated[float, Field(ge=0)] = 1.0
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.995
    bce_share: Fraction = 0.5
    teacher_share: Fraction = 0.5
    teacher_border: Annotated[float, Field(ge=0, le=0.25)] = 0.0
    mix: dict[str, Annotated[float, Field(gt=0, le=100)]] = Field(default_factory=dict)
    evaluate_every: Annotated[int, Field(ge=1)] = 2
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    autocast: Literal["auto", "fp32", "bf16"] = "auto"
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    augmentation: Augmentation = Augmentation()


def recipe_names() -> list[str]:
    """The recipes that come with the project."""
    return sorted(path.name.removesuffix(".yaml") for path in RECIPES.glob("*.yaml"))


def load_recipe(name_or_path: str) -> TrainConfig:
    """A recipe by name, or from a YAML file where it holds a slash or ends in .yaml.

    Raises RecipeError naming the file, the key and the nearest known one; UnknownName for a name
    that is no recipe.
    """
    if "/" in name_or_path or name_or_path.endswith((".yaml", ".yml")):
        path = Path(name_or_path)
        if not path.is_file():
            raise RecipeError(f"{path} does not exist", expected="a recipe in YAML")
        return parse_recipe(path.read_bytes(), str(path))
    if name_or_path not in recipe_names():
        raise UnknownName.of("recipe", name_or_path, recipe_names(), "bench train --help")
    return parse_recipe((RECIPES / f"{name_or_path}.yaml").read_bytes(), f"recipe {name_or_path}")


def parse_recipe(text: bytes, source: str) -> TrainConfig:
    """A validated configuration from YAML bytes; `source` names them in errors."""
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise RecipeError(
            f"{source} is not YAML: {error}", expected="keys and values, such as `epochs: 24`"
        ) from error
    if not isinstance(value, dict):
        raise RecipeError(f"{source} holds no keys", expected="at least `epochs: 24`")
    try:
        return TrainConfig.model_validate(value)
    except ValidationError as error:
        raise _explained(source, error) from error


def _explained(source: str, error: ValidationError) -> RecipeError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return RecipeError(
            f"{source}: {key}: {first['msg']}, seen {first.get('input')!r}",
            remedy=f"correct {key}",
        )
    fields = Augmentation if key.startswith("augmentation.") else TrainConfig
    known = list(fields.model_fields)
    near = difflib.get_close_matches(key.rpartition(".")[2], known, n=1, cutoff=0.0)[0]
    return RecipeError(
        f"{source}: unknown key {key!r}",
        expected=f"one of {', '.join(known)}",
        remedy=f"did you mean {near}?",
    )


def with_changes(config: TrainConfig, **changes: float | str | None) -> TrainConfig:
    """The configuration with these values instead, those that are not None; validated again."""
    given = {key: value for key, value in changes.items() if value is not None}
    try:
        return TrainConfig.model_validate(config.model_dump() | given)
    except ValidationError as error:
        raise _explained("the command line", error) from error
