"""Every model by its name: the registry's variants, and what was imported."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from pathlib import Path

from zoo import registry
from zoo.base.errors import InvalidName, InvalidSize, UnknownName
from zoo.home import Home
from zoo.imported.record import Imported, imported_names, read_imported
from zoo.spec import ModelSpec

Model = ModelSpec | Imported


def select(home: Home, patterns: Iterable[str]) -> list[Model]:
    """The models that match any of the names or wildcards: variants in the registry's order, then
    imported ones.

    Raises as `registry.select` does, and as `read_imported` for one whose record is broken.
    """
    known = imported_names(home)
    specs, names = set[ModelSpec](), set[str]()
    for pattern in patterns:
        matching = fnmatch.filter(known, pattern)
        names.update(matching)
        try:
            specs.update(registry.select([pattern]))
        except InvalidSize:
            raise
        except InvalidName:
            if not matching:
                _explain_unknown(pattern, known)
    variants = [spec for spec in registry.all_specs() if spec in specs]
    return [*variants, *(read_imported(home, name) for name in sorted(names))]


def get(home: Home, name: str) -> Model:
    """The one model of that name; raises as `select` does."""
    if name in imported_names(home):
        return read_imported(home, name)
    try:
        return registry.get(name)
    except InvalidSize:
        raise
    except InvalidName:
        _explain_unknown(name, imported_names(home))
        raise


def folder(home: Home, model: Model) -> Path:
    """Where its files lie, to be locked while they are at work."""
    if isinstance(model, Imported):
        return home.imported_folder(model.name)
    return home.artifact_folder(model)


def _explain_unknown(name: str, imported: list[str]) -> None:
    """Raises UnknownName with the nearest, where there are imported ones to choose from."""
    if imported:
        names = [*(spec.name for spec in registry.all_specs()), *imported]
        raise UnknownName.of("model", name, names, "bench models")
    registry.select([name])
