"""Fetches Keras' ImageNet encoders, a file a width, as keras.applications does.

Keras publishes no checksum for them: the SHA-256 of the first file seen is recorded beside them,
and later ones are held to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from train.init.keras_weights import read_keras
from zoo.base.download import fetch
from zoo.base.download_part import discard_part
from zoo.base.errors import UnknownName, WeightsError

# keras/src/applications/mobilenet_v2.py: BASE_WEIGHT_PATH and the widths that have weights.
ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2"
WIDTHS = ("0.35", "0.5", "0.75", "1.0", "1.3", "1.4")
SIZE = 224
LIMIT_BYTES = 60_000_000


def file_name(width: str) -> str:
    return f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{width}_{SIZE}_no_top.h5"


def fetch_encoders(
    widths: Sequence[str],
    folder: Path,
    mirror: str | None = None,
    announce: Callable[[str], None] = print,
) -> None:
    """The files of these widths in `folder`; those that are there already are left alone.

    mirror: an address that holds them side by side, in place of Keras' own. Raises UnknownName for
    a width that Keras has no weights of, DownloadError naming the address and the reason.
    """
    for width in widths:
        if width not in WIDTHS:
            raise UnknownName.of("width", width, WIDTHS, "bench weights encoders --help")
    for width in widths:
        path = folder / file_name(width)
        if path.is_file():
            # What a download left that broke off, before the file was put there by hand.
            discard_part(path)
            announce(f"{path}: there already")
            continue
        fetch(
            f"{(mirror or ADDRESS).rstrip('/')}/{path.name}",
            path,
            limit_bytes=LIMIT_BYTES,
            complaint=_complaint,
            remedy=f"put the file into {folder} by hand, or from elsewhere: --mirror ADDRESS",
        )
        announce(f"{path}: fetched")


def _complaint(path: Path) -> str | None:
    try:
        read_keras(path)
    except WeightsError as error:
        return error.seen
    return None
