"""What is written whole or not at all, also where a process is killed in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo.base.files import folder_beside, replacing, user_home
from zoo.base.lock import locked
from zoo.home import Home


def test_what_a_killed_process_left_is_put_back_or_cleared_away(tmp_path: Path) -> None:
    """As where two folders cannot be swapped, and it was killed between the two renames."""
    folder = tmp_path / "model"
    (tmp_path / ".bench-aside.model").mkdir()
    (tmp_path / ".bench-aside.model" / "old").write_text("whole")
    (tmp_path / ".bench-0123abcd.model").mkdir()
    with locked(folder):
        assert (folder / "old").read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".bench")] == []
    # Where the new one took its place, the old one is not wanted any more.
    (tmp_path / ".bench-aside.model").mkdir()
    with locked(folder):
        assert (folder / "old").exists()
    assert not (tmp_path / ".bench-aside.model").exists()


def test_what_breaks_leaves_the_old_folder_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    with pytest.raises(FileNotFoundError), replacing(folder) as temporary:
        (temporary / "missing").read_text()
    with pytest.raises(FileNotFoundError), folder_beside(folder) as beside:
        (beside / "missing").read_text()
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("home", ["/", "/nowhere/me"])
def test_a_text_is_told_without_the_user_s_folder(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", home)
    told = Home(root=tmp_path).told(f"{tmp_path}/artifacts/x of /nowhere/me/y, 3 km/h")
    assert told == f"artifacts/x of {'~' if user_home() else home + 'nowhere/me'}/y, 3 km/h"
