"""Archives and lists that are broken, or made to do harm, instead of the official ones."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from drawn import NAMES, write_archives

from train.data.lfw import IMAGES, LIST_BYTES, MASKS, parse_list, prepare_lfw
from zoo.base.errors import DataError
from zoo.home import Home

FOLDER = "parts_lfw_funneled_gt_images"
MEMBER = f"{FOLDER}/{NAMES[0]}.ppm"
Edit = Callable[[Path], object]


def with_member(name: str, content: bytes = b"", **fields: object) -> Edit:
    """The masks, and one more member with such fields in its header."""

    def edit(path: Path) -> None:
        with tarfile.open(path, "w:gz") as tar:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            for field, value in fields.items():
                setattr(entry, field, value)
            tar.addfile(entry, io.BytesIO(content) if content else None)

    return edit


def cut(share: float) -> Edit:
    return lambda path: path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def bomb(path: Path) -> None:
    """A member that claims 1 GiB, which is let pass, and then more zeros than that."""
    entry = tarfile.TarInfo("harmless")
    entry.size = 2**30
    zeros = gzip.compress(bytes(2**24), 9)
    path.write_bytes(gzip.compress(entry.tobuf()) + zeros * 80)


def many(path: Path) -> None:
    path.write_bytes(gzip.compress(tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT) * 100_001, 1))


def twice(path: Path) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for _ in range(2):
            tar.addfile(tarfile.TarInfo(MEMBER))


def damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-6] ^= 255
    path.write_bytes(content)


def swapped(path: Path) -> None:
    path.write_bytes(path.with_name(IMAGES).read_bytes())


HOSTILE: dict[str, tuple[Edit, str]] = {
    "truncated": (cut(0.5), "cannot be read"),
    "truncated at its end": (cut(0.995), "cannot be read"),
    "damaged": (damaged, "CRC check failed"),
    "swapped": (swapped, f"holds what belongs into {IMAGES}"),
    "a web page": (lambda path: path.write_bytes(b"<html>"), "is not gzipped"),
    "empty file": (lambda path: path.write_bytes(b""), "is not gzipped"),
    "gzip of text": (
        lambda p: p.write_bytes(gzip.compress(b"x" * 999)),
        "cannot be read",
    ),
    "of something else": (with_member("readme"), "holds nothing of LFW"),
    "symbolic link": (
        with_member(MEMBER, type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        "not a file",
    ),
    "hard link": (with_member(MEMBER, type=tarfile.LNKTYPE, linkname="/etc/passwd"), "not a file"),
    "device": (with_member(MEMBER, type=tarfile.CHRTYPE, devmajor=1, devminor=5), "not a file"),
    "pipe": (with_member(MEMBER, type=tarfile.FIFOTYPE), "not a file"),
    "sparse": (with_member(MEMBER, bytes(512), type=tarfile.GNUTYPE_SPARSE), "not a file"),
    "large": (with_member(MEMBER, bytes(5 * 2**20)), "not a file of at most"),
    "10 GB": (with_member(MEMBER, size=10 * 10**9), "claims 10000000000 bytes"),
    "10 GB aside": (with_member("x", size=10 * 10**9), "claims 10000000000 bytes"),
    "claimed, not there": (with_member("x", size=10**9), "cannot be read"),
    "less than nothing": (with_member("x", pax_headers={"size": "-512"}), "claims -512 bytes"),
    "endless": (with_member("x", pax_headers={"size": "9" * 30}), "claims 9999"),
    "long header": (with_member("x", pax_headers={"comment": "x" * 2_000_000}), "a header of over"),
    "bomb": (bomb, "unpacks to over 1024 MiB"),
    "many members": (many, "over 100000 members"),
    "twice": (twice, "is there twice"),
    "control characters": (with_member(f"{FOLDER}/\x1b[31m_0001.ppm"), r"\x1b[31m_0001.ppm"),
    "hidden": (with_member(f"{FOLDER}/.._0001.ppm"), "a name that no photograph can have"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_is_one_error(tmp_path: Path, home: Home, case: str) -> None:
    archives = tmp_path / "archives"
    archives.mkdir()
    write_archives(archives)
    edit, told = HOSTILE[case]
    edit(archives / MASKS)
    began = time.monotonic()
    with pytest.raises(DataError) as caught:
        prepare_lfw(home, archives)
    assert time.monotonic() - began < 60
    assert told in str(caught.value)
    assert MASKS in caught.value.seen
    assert "\x1b" not in str(caught.value)
    assert caught.value.remedy
    assert list(home.root.glob("data/*")) == []


@pytest.mark.parametrize(
    "name",
    [f"/{MEMBER}", f"../../{MEMBER}", f"{FOLDER}/../../../{NAMES[0]}.ppm", f"{FOLDER}/a\0b"],
)
def test_a_path_that_leads_out_is_never_followed(tmp_path: Path, home: Home, name: str) -> None:
    archives = tmp_path / "archives"
    archives.mkdir()
    write_archives(archives, {name: b"harm"})
    before = sorted(tmp_path.rglob("*"))
    dataset = prepare_lfw(home, archives, seed=3)
    assert [item.id for item in dataset.record.items] == NAMES
    new = set(tmp_path.rglob("*")) - set(before)
    assert all(path.is_relative_to(home.root / "data") for path in new)


def test_photographs_cut_short_leave_nothing(tmp_path: Path, home: Home) -> None:
    write_archives(tmp_path)
    cut(0.5)(tmp_path / IMAGES)
    with pytest.raises(DataError, match="lfw-funneled"):
        prepare_lfw(home, tmp_path)
    assert [path.name for path in home.root.glob("data/*")] == [".lfw.lock"]


@pytest.mark.parametrize(
    "line",
    [
        "Ann_Lee",
        "Ann_Lee x",
        "../x 1",
        "a b 1",
        "Ann_Lee -1",
        "Ann_Lee ٣",
        "Ann_Lee 1.0",
        f"Ann_Lee {'9' * 5000}",
        "Ann\0Lee 1",
        ".hidden 1",
        "\x1b[31m 1",
        "x" * 1_000_000,
    ],
    ids=lambda line: repr(line[:12]),
)
def test_a_bad_line_is_named(line: str) -> None:
    with pytest.raises(DataError, match=r"list\.txt, line 2") as caught:
        parse_list(f"Ann_Lee 1\n{line}\n", "list.txt")
    assert len(str(caught.value)) < 600
    assert not {"\x1b", "\0"} & set(str(caught.value))


def test_a_list_without_end_is_refused(tmp_path: Path, home: Home) -> None:
    write_archives(tmp_path)
    with (tmp_path / "parts_train.txt").open("wb") as stream:
        stream.truncate(100 * LIST_BYTES)
    with pytest.raises(DataError, match=r"parts_train\.txt: over"):
        prepare_lfw(home, tmp_path)
