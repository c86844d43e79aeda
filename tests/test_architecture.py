"""The table of imports: who may know whom."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "zoo": set(),
    "train": {"zoo"},
    "devices": {"zoo"},
    "bench": {"zoo", "devices"},
    "reports": {"zoo", "devices", "bench"},
    "bench/cli": {"zoo", "train", "devices", "bench", "reports", "bench.cli"},
}
OURS = {"zoo", "train", "devices", "bench", "reports"}
SOURCES = sorted(p for folder in OURS for p in (ROOT / folder).rglob("*.py"))


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_follow_the_table(path: Path) -> None:
    relative = path.relative_to(ROOT).as_posix()
    folder = "bench/cli" if relative.startswith("bench/cli") else relative.partition("/")[0]
    for module in imports(path):
        top = module.partition(".")[0]
        if top not in OURS or top == folder:
            assert folder in ("bench/cli",) or not module.startswith("bench.cli"), module
            continue
        assert top in MAY_IMPORT[folder], f"{relative} imports {module}"
        assert folder == "bench/cli" or not module.startswith("bench.cli"), module


def test_no_file_is_named_utils_or_helpers() -> None:
    assert not [p for p in SOURCES if p.name in ("utils.py", "helpers.py")]
