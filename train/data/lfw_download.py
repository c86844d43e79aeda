"""Fetches the official LFW archives, or takes them as they were put by hand.

The address and the MD5 of the photographs are torchvision's. For the masks and the lists no
checksum is published: theirs are recorded when they first come (`zoo.base.download_record`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from train.data.archive import members
from train.data.lfw import IMAGES, LISTS, MASKS, parse_list
from zoo.base.download import fetch
from zoo.base.download_part import discard_part
from zoo.base.download_record import BY_HAND, verify
from zoo.base.errors import DataError
from zoo.base.lock import locked
from zoo.home import Home

MB = 10**6
REPACKED = "; or add --repacked, if it holds the same photographs in another packing"


@dataclass(frozen=True, kw_only=True)
class Official:
    """One of the five files. `about_bytes` is told to the user, `limit_bytes` is kept."""

    name: str
    below: str
    about_bytes: int
    limit_bytes: int


# The small ones first: what is amiss with the address shows before the long download.
FILES = (
    *(
        Official(name=name, below="part_labels/", about_bytes=20_000, limit_bytes=MB)
        for name in LISTS.values()
    ),
    Official(name=MASKS, below="part_labels/", about_bytes=3 * MB, limit_bytes=50 * MB),
    Official(name=IMAGES, below="", about_bytes=243 * MB, limit_bytes=500 * MB),
)


def download_lfw(
    home: Home,
    mirror: str | None = None,
    repacked: bool = False,
    announce: Callable[[str], None] = print,
) -> Path:
    """The folder that holds all five files, each whole; fetches those that are missing.

    mirror: an address that holds them side by side, in place of the official one. repacked: do
    not hold the photographs to the published MD5. Raises DownloadError naming the file, the
    reason, and where it can be put by hand.
    """
    folder = home.lfw_archives
    address_of, md5_of = _addresses(mirror), {} if repacked else _published_md5()
    missing = [file for file in FILES if not (folder / file.name).is_file()]
    with locked(folder):
        for file in FILES:
            if file not in missing:
                _take(folder / file.name, md5_of.get(file.name))
    if missing:
        about = sum(file.about_bytes for file in missing) / MB
        source = address_of[IMAGES].removesuffix(IMAGES)
        announce(
            f"fetching {len(missing)} of {len(FILES)} files, about {about:.1f} MB, from {source} "
            f"to {folder}"
        )
    for index, file in enumerate(missing):
        md5 = md5_of.get(file.name)
        fetch(
            address_of[file.name],
            folder / file.name,
            limit_bytes=file.limit_bytes,
            md5=md5,
            complaint=partial(complaint, name=file.name),
            remedy=_by_hand(folder, [file.name for file in missing[index:]]),
            remedy_if_wrong="the same command fetches it again" + (REPACKED if md5 else ""),
        )
    return folder


def complaint(path: Path, name: str) -> str | None:
    """What is wrong with the content of `path`, which is to be the file `name`; None if nothing."""
    try:
        if name in LISTS.values():
            text = path.read_text(encoding="utf-8", errors="replace")
            return None if parse_list(text, name) else "it is empty"
        for _ in members(path):
            pass
    except DataError as error:
        return error.seen
    return None


def _take(path: Path, md5: str | None) -> None:
    """A file that is there already: by an earlier download, or by hand."""
    discard_part(path)
    verify(
        path,
        path,
        BY_HAND,
        md5=md5,
        complaint=partial(complaint, name=path.name),
        remedy=f"rm '{path}', then the same command" + (REPACKED if md5 else ""),
    )


def _by_hand(folder: Path, names: list[str]) -> str:
    return (
        f"put {', '.join(names)} into {folder} by hand, then: bench data lfw; or from another "
        "address: bench data lfw --mirror ADDRESS; or without lists: bench data lfw --archives "
        f"{folder}"
    )


def _addresses(mirror: str | None) -> dict[str, str]:
    if mirror is not None:
        return {file.name: f"{mirror.rstrip('/')}/{file.name}" for file in FILES}
    from torchvision.datasets import LFWPeople

    prefix = LFWPeople.download_url_prefix
    return {file.name: f"{prefix}{file.below}{file.name}" for file in FILES}


def _published_md5() -> dict[str, str]:
    """By the name of the file: what torchvision knows of LFW's archives."""
    from torchvision.datasets import LFWPeople

    return {name: md5 for _, name, md5 in LFWPeople.file_dict.values()}
