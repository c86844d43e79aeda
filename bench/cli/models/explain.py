"""`bench explain`: where an exported file departs from its network."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import Percent, PictureFile, format_option, json_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.text.listing import Column, Format
    from zoo.artifact.manifest import Artifact
    from zoo.base.errors import ArtifactError
    from zoo.explain.compare import LayerError
    from zoo.home import Home
    from zoo.network import SegmentationNetwork
    from zoo.preprocess import Float32

WORST = 5


@click.command()
@click.argument("artifact", type=click.Path(path_type=Path))
@click.option(
    "--image",
    "photographs",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A photograph to run. Repeatable.  [default: four drawn portraits]",
)
@click.option(
    "--bound",
    type=Percent(),
    help="A layer departs if its error, relative to its own output, is larger than this.  "
    "[default: by precision]",
)
@click.option(
    "--plot",
    type=PictureFile(".png"),
    help="[default: beside the artifact, .layers.png]",
)
@format_option("the worst layers")
@json_option
def command(
    artifact: Path,
    photographs: tuple[Path, ...],
    bound: float | None,
    plot: Path | None,
    format: Format | None,
    as_json: bool,
) -> None:
    """Walk the graph of an exported file of the zoo against torch, layer by layer.

    Names the first layer whose output departs beyond the bound, draws the error of all, and names
    a usual fault of converting where one explains the masks. A Core ML package is run by the
    reference interpreter. For a Core ML package of other people there is no network to compare
    with. Then it says what is inside, and what the reference interpreter does not know.

    \b
    Example:
      bench explain artifacts/mnv2_slim_unet_0.5_224/mnv2_slim_unet_0.5_224.int8.tflite
      bench explain theirs.mlpackage
    """
    from bench.cli.models.inside import tell
    from reports.pictures.layers import draw_layers
    from reports.text.fitting import fitted
    from reports.text.listing import listing
    from train.proof.prove import current
    from zoo.checkpoint import checkpoint_path, load
    from zoo.explain.compare import BOUNDS, first_beyond, layer_errors
    from zoo.home import Home
    from zoo.registry import get

    home = Home.default()
    found = _exported(home, artifact)
    if found is None:
        package = _package_of_others(home, artifact)
        if package is None:
            raise _unexplained(home, artifact)
        if photographs or bound or plot:
            raise click.UsageError("--image, --bound and --plot are of the zoo's files")
        tell(package, format, as_json)
        return
    spec = get(found.model)
    current(home, spec, found)
    network, _ = load(checkpoint_path(home, spec))
    images = _images(photographs, spec.size)
    cause = _cause(found, network, artifact, images)
    errors = layer_errors(network, artifact, images)
    allowed = BOUNDS[found.precision] if bound is None else bound
    first = first_beyond(errors, allowed)
    drawn = plot or artifact.with_name(f"{artifact.name}.layers.png")
    draw_layers(errors, allowed, f"{found.model} {found.format} {found.precision}", drawn)
    if as_json:
        rows = [asdict(error) for error in errors]
        named = first.name if first else None
        record = {"bound": allowed, "first": named, "cause": cause, "layers": rows}
        click.echo(json.dumps(record, indent=1))
        return
    if format:
        click.echo(listing(_columns(), [asdict(error) for error in errors], format))
    else:
        click.echo(fitted(_words(errors, allowed, first)))
        if cause:
            click.echo(fitted(f"likely: {cause}; the masks are those of torch with that fault"))
        click.echo(f"drawn: {drawn}")


def _cause(
    found: Artifact, network: SegmentationNetwork, path: Path, images: Sequence[Float32]
) -> str | None:
    from train.evaluate import torch_predictor
    from train.proof.prove import runtime_for
    from zoo.base.children import threads_here
    from zoo.explain.suspects import suspect
    from zoo.runtime.runtime import open_model

    runtime, _ = runtime_for(found)
    if runtime is None:
        return None
    predict = open_model(path, runtime, threads_here()).predict
    return suspect(torch_predictor(network), predict, images)


def _exported(home: Home, path: Path) -> Artifact | None:
    """What a manifest says of the file; None where none holds it."""
    from zoo.artifact.manifest import read_manifest
    from zoo.base.files import sha256_of
    from zoo.registry import all_specs

    if not path.exists():
        return None
    sha256 = sha256_of(path)
    return next(
        (
            artifact
            for spec in all_specs()
            for artifact in read_manifest(home, spec).artifacts.values()
            if artifact.sha256 == sha256
        ),
        None,
    )


def _package_of_others(home: Home, path: Path) -> Path | None:
    """A Core ML package that no manifest holds, by its path or the name it was imported under."""
    from zoo.home import EXTENSIONS
    from zoo.imported.record import imported_names, read_imported, verified_import

    name, format = str(path), "coreml"
    if name in imported_names(home):
        model = read_imported(home, name)
        return verified_import(home, model) if model.format == format else None
    # What was exported and changed since is to be exported again.
    ours = path.resolve().is_relative_to(home.artifacts)
    is_package = path.is_dir() and path.suffix == f".{EXTENSIONS[format]}"
    return path if is_package and not ours else None


def _unexplained(home: Home, path: Path) -> ArtifactError:
    """Why nothing can be told of what is no package and in no manifest."""
    from zoo.base.errors import ArtifactError
    from zoo.base.files import sha256_of
    from zoo.base.pictures import shown
    from zoo.imported.record import imported_names, read_imported

    imported = imported_names(home)
    if str(path) in imported:
        return _no_network(str(path))
    if not path.exists():
        return ArtifactError(
            f"{shown(path)} is not there",
            expected="an .onnx or .tflite file, or an .mlpackage, under artifacts/",
            remedy="bench export --help",
        )
    sha256 = sha256_of(path)
    for name in imported:
        if read_imported(home, name).sha256 == sha256:
            return _no_network(name)
    ours = path.resolve().is_relative_to(home.artifacts)
    model = path.resolve().parent.name if ours else "NAME"
    return ArtifactError(
        f"{shown(path)} is in no manifest: its hash is {sha256[:12]}",
        expected="an exported file of the zoo, unchanged",
        remedy=f"bench export --force --model {model}",
    )


def _no_network(name: str) -> ArtifactError:
    from zoo.base.errors import ArtifactError

    return ArtifactError(
        f"{name} was imported: there is no network of it to walk its layers against",
        expected="an exported file of the zoo",
        remedy=f"bench predict PHOTOGRAPH --model {name} shows its mask",
    )


def _images(photographs: Sequence[Path], size: int) -> list[Float32]:
    from train.synthetic.scene import portrait
    from zoo.preprocess import open_photograph
    from zoo.resizing import to_input

    if photographs:
        return [to_input(open_photograph(path), size) for path in photographs]
    return [to_input(portrait(0, index)[0], size) for index in range(4)]


def _columns() -> list[Column]:
    from reports.text.listing import Column, column

    return [
        column("layer", "name"),
        column("kind", "kind"),
        Column(title="relative error", text=lambda row: f"{row['error']:.2%}", right=True),
        Column(title="at most", text=lambda row: f"{row['largest']:.3g}", right=True),
    ]


def _words(errors: Sequence[LayerError], bound: float, first: LayerError | None) -> str:
    worst = sorted(errors, key=lambda each: -each.error)[:WORST]
    lines = [f"{len(errors)} layers; relative error of each against torch, bound {bound:.2%}"]
    if first is None:
        lines.append("no layer departs beyond the bound")
    else:
        place = errors.index(first) + 1
        lines.append(f"the first beyond it: {first.name}, layer {place}: {first.error:.2%}")
    lines.append("worst:")
    lines += [f"  {e.name:28} {e.error:8.2%}  by at most {e.largest:.3g}" for e in worst]
    return "\n".join(lines)
