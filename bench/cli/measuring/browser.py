"""What `run`, `serve` and `demo` share: a server for browsers, told of in the terminal."""

from __future__ import annotations

import io
import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from devices.browser.device import BrowserDevice
    from devices.browser.pages import Page, Pages
    from devices.browser.server import Offered
    from devices.browser.serving import Serving, Where
    from zoo.artifact.manifest import Artifact
    from zoo.home import Home

# Of portraits that no training drew: in these networks of the package find hair that is seen.
PORTRAITS = (84, 109, 108, 33)
ASKED = {
    "iphone": "This measures models in Safari's engine on this iPhone; not in Core ML.",
    "android": "This measures models in the browser of this phone; not in an app.",
    "browser": "This measures models in this browser.",
}


def offered_by(home: Home, asked: str, measures: bool) -> Offered:
    """What pages may fetch: exported files that are not rejected, to be tried, and portraits."""
    from devices.browser.server import Offered

    offered = Offered(portraits=[partial(_portrait, number) for number in PORTRAITS])
    models = []
    for path, row in _exported(home):
        offered.files[row["sha256"]] = path
        models.append(row)
    offered.welcome = {"asked": asked, "measures": measures, "models": models}
    return offered


def _exported(home: Home) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Each file that a browser can run, and what the page shows of it; the smallest model first."""
    from zoo.artifact.manifest import read_manifest, verified
    from zoo.base.errors import BenchError
    from zoo.registry import select

    for spec in select(["*"]):
        try:
            artifacts = read_manifest(home, spec).artifacts.values()
        except BenchError:
            continue
        for one in artifacts:
            # The demo feeds and reads floats.
            if one.format not in ("tflite", "onnx") or one.io != "float" or one.rejected:
                continue
            path = verified(home, spec, one)
            yield (
                path,
                {
                    "name": spec.name,
                    "precision": one.precision,
                    "size": spec.size,
                    "format": one.format,
                    "sha256": one.sha256,
                    "size_bytes": one.size_bytes,
                    **_iou(path.parent, one),
                },
            )


def _iou(folder: Path, artifact: Artifact) -> dict[str, float | str | None]:
    """Of this very file, and on which data set; null where it was not measured, or its counts were
    changed."""
    from zoo.artifact.iou import whole_counts
    from zoo.artifact.sources import headline_iou, parted

    parts = dict[str, Any]()
    for known in artifact.validated:
        counts = whole_counts(folder / known.counts_file, known.counts_sha256)
        parts |= parted(counts, known.dataset) if counts else {}
    if not parts:
        return {"iou": None, "iou_on": None}
    source, iou = headline_iou(parts)
    return {"iou": iou, "iou_on": source}


def _portrait(number: int) -> tuple[bytes, str]:
    """A portrait that is drawn: of no person."""
    from train.proof.expect import SEED
    from train.synthetic.scene import portrait

    content = io.BytesIO()
    portrait(SEED, number)[0].save(content, "PNG")
    return content.getvalue(), "image/png"


@contextmanager
def server_for(where: Where, pages: Pages, offered: Offered) -> Iterator[Serving]:
    """A server, and in the terminal how to reach it."""
    from devices.browser.serving import serving

    with serving(where, pages, offered) as server:
        announce(server, where)
        yield server


def announce(server: Serving, where: Where) -> None:
    """The address, as text and as a code for a camera. On standard error: results stand alone."""
    import segno

    link = server.link()
    click.echo(f"open {link}", err=True)
    if not where.reachable:
        click.echo("a phone on this network reaches it with --network", err=True)
        return
    if shutil.get_terminal_size().columns >= 45:
        code = io.StringIO()
        segno.make(link, error="l").terminal(out=code, compact=True)
        click.echo(code.getvalue(), err=True)
    if server.fingerprint:
        click.echo(
            "The phone warns of the certificate, which this computer made: docs/browser.md shows "
            f"how to accept it.\nIts root's SHA-256 begins with {server.fingerprint[:23]}",
            err=True,
        )


def one_browser(
    home: Home, wanted: str, where: Where, wait_s: float, deadline_s: float
) -> BrowserDevice:
    """The first page that comes, as a device; its server ends with it. Raises DeviceError."""
    from bench.cli.measuring.expected import torch_masks
    from devices.browser.device import BrowserDevice
    from devices.browser.pages import Pages
    from devices.browser.tab import Known

    threading.Thread(target=_import_early, daemon=True).start()
    came: queue.SimpleQueue[Page] = queue.SimpleQueue()
    pages = Pages(refuses=refusing(wanted), arrived=came.put)
    held = ExitStack()
    try:
        offered = offered_by(home, ASKED[wanted], measures=True)
        server = held.enter_context(server_for(where, pages, offered))
        _open_by_cable(held, wanted, where, server)
        page = _first(came, wait_s)
        pages.closed = True
        device = BrowserDevice(
            page, offered, Known(expect=torch_masks(home)), deadline_s, held.close
        )
    except BaseException:
        held.close()
        raise
    click.echo(f"measuring in {device.info().name} on {device.info().os}", err=True)
    return device


def _open_by_cable(held: ExitStack, wanted: str, where: Where, server: Serving) -> None:
    """On a phone that hangs on one; else its user opens the page."""
    from devices.android.adb.client import Adb, find_adb
    from devices.browser import cable
    from zoo.base.errors import DeviceError

    link = server.link("start")
    if wanted == "android" and not where.reachable:
        try:
            adb = Adb(program=find_adb(None))
            serial = held.enter_context(cable.opened_on_android(adb, server.port, link))
        except DeviceError as error:
            click.echo(f"not opened by a cable: {error.seen}", err=True)
        else:
            click.echo(f"opened on android:{serial} by its cable", err=True)
    elif wanted == "iphone" and held.enter_context(cable.opened_on_iphone(link)):
        click.echo(f"asked {cable.OPENER} to open it on the iPhone that hangs on a cable", err=True)


def _import_early() -> None:
    """What the first figure would wait for, while somebody scans the code."""
    from zoo.runtime.runtime import load_library, why_not

    for runtime in ("litert", "torch"):
        if why_not(runtime) is None:
            load_library(runtime)


def refusing(wanted: str) -> Callable[[Any], str | None]:
    """By what a browser tells of itself: why it is not what was asked for."""
    from devices.browser.identity import Browser

    return lambda join: Browser.of(join).why_not(wanted)


def _first(came: queue.SimpleQueue[Page], wait_s: float) -> Page:
    from zoo.base.errors import DeviceError

    until = time.monotonic() + wait_s
    # In short waits, so that Ctrl-C is heard.
    while time.monotonic() < until:
        try:
            return came.get(timeout=0.2)
        except queue.Empty:
            continue
    raise DeviceError(
        f"no page came within {wait_s:g} s",
        expected="the address opened on the device, and Start tapped",
        remedy="the same command again; --wait waits longer",
        code="no_page_came",
    )
