"""`bench explain` of a Core ML package that is not the zoo's: what is inside it."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reports.text.listing import Format
    from zoo.mil.contents import Contents, Port


def tell(path: Path, format: Format | None, as_json: bool) -> None:
    """Prints what is known without running it. Raises ArtifactError for a package that is broken,
    and, once all is printed, where the reference interpreter does not know something in it."""
    from reports.text.fitting import fitted, next_steps
    from reports.text.listing import column, listing
    from zoo.base.files import size_bytes
    from zoo.base.pictures import shown
    from zoo.mil.check import check, not_known
    from zoo.mil.contents import contents
    from zoo.mil.package import open_package
    from zoo.runtime.processor import REFERENCE
    from zoo.runtime.runtime import ready

    ready(REFERENCE)
    package = open_package(path)
    found = contents(package)
    if not found.unknown:
        check(package)
    kinds = [{"operation": shown(kind), "count": n} for kind, n in found.operations.items()]
    if as_json:
        record = {"file": shown(path.name), "size_bytes": size_bytes(path)}
        click.echo(json.dumps(record | asdict(found) | {"precision": found.precision}, indent=1))
    elif format:
        columns = [column("operation", "operation"), column("count", "count", right=True)]
        click.echo(listing(columns, kinds, format))
    else:
        click.echo(fitted(_words(path, size_bytes(path), found)))
    if found.unknown:
        raise not_known(path, found.unknown)
    if not as_json and not format:
        click.echo(next_steps([f"bench eval {shlex.quote(shown(path))} --data lfw"]))


def _words(path: Path, size: int, found: Contents) -> str:
    from zoo.base.files import sha256_of
    from zoo.base.pictures import shown

    target = f", {found.target} or later" if found.target else ""
    stored = ", ".join(f"{count:,} as {kind}" for kind, count in found.weights.items()) or "none"
    kinds = ", ".join(f"{shown(kind)} {count}" for kind, count in found.operations.items())
    known = f"does not know {len(found.unknown)} of them" if found.unknown else "knows all of them"
    return "\n".join(
        [
            f"{shown(path.name)} is in no manifest: its hash is {sha256_of(path)[:12]}",
            "so there is no network to compare it with; what is inside:",
            f"ML program, {size / 1e6:.2f} MB, {found.precision or 'no weights'}",
            f"specification version {found.specification_version}{target}",
            *(f"input: {_port(port)}" for port in found.inputs),
            *(f"output: {_port(port)}" for port in found.outputs),
            f"weights: {stored}",
            f"operations: {sum(found.operations.values())}: {kinds}",
            f"the reference interpreter {known}",
        ]
    )


def _port(port: Port) -> str:
    from zoo.base.pictures import shown

    sides: Any = list(port.shape) if port.shape else "of no fixed shape"
    if port.image:
        sides = "x".join(map(str, port.shape))
        return f"{shown(port.name)}, {port.type} image of {sides} (height and width)"
    return f"{shown(port.name)}, {port.type} {sides}"
