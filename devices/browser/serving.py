"""A server that runs in a thread of this process, and the addresses under which it is found."""

from __future__ import annotations

import contextlib
import ipaddress
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import uvicorn

from devices.browser import certificate
from devices.browser.pages import Pages
from devices.browser.server import Application, Offered
from zoo.base.errors import DeviceError

STARTS_S = 20.0
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Where:
    """network: whether other devices reach it; address: by which of this machine's, the one that
    leads outside by itself. port: 0 takes a free one. plain: http there too, without a
    certificate: then a phone has one thread, a coarse clock and no camera."""

    network: bool = False
    address: str | None = None
    port: int = 0
    plain: bool = False

    @property
    def reachable(self) -> bool:
        """By other devices; whoever names an address means that."""
        return self.network or self.address is not None


@dataclass(frozen=True, kw_only=True)
class Serving:
    """A server that runs. address: what a browser opens; fingerprint: of its certificate's root."""

    pages: Pages
    offered: Offered
    token: str
    address: str
    port: int
    fingerprint: str | None = None

    def link(self, *words: str) -> str:
        """The address; words: what else the page is told, such as `start`."""
        return "&".join([f"{self.address}#t={self.token}", *words])


@contextlib.contextmanager
def serving(where: Where, pages: Pages, offered: Offered) -> Iterator[Serving]:
    """Serve until the end of the block. Raises DeviceError where the port is taken, there is no
    network, or the address cannot be served."""
    names = _names(where) if where.reachable else []
    if where.reachable and not names:
        raise DeviceError(
            "this machine has no private address on a network",
            expected="a phone and this computer on the same network",
            remedy="join one; --address IP --plain where its address is not a private one; or open "
            "the page here, without --network",
            code="no_network",
        )
    tls, fingerprint = (None, None)
    if where.reachable and not where.plain:
        root = certificate.authority(certificate.default_folder())
        tls = certificate.context(root, [*names, LOOPBACK])
        fingerprint, offered.root = certificate.fingerprint(root), certificate.root_profile(root)
    listening = _listen("0.0.0.0" if where.reachable else LOOPBACK, where.port)
    port = listening.getsockname()[1]
    token = secrets.token_urlsafe(16)
    hosts = [f"{name}:{port}" for name in [*names, LOOPBACK, "localhost"]]
    application = Application(pages, offered, token, hosts)
    name = names[0] if names else "localhost"
    address = f"{'https' if tls else 'http'}://{name}:{port}/"
    with listening, _running(application, listening, tls), pages.until_closed():
        yield Serving(
            pages=pages,
            offered=offered,
            token=token,
            address=address,
            port=port,
            fingerprint=fingerprint,
        )
        pages.closed = True


def _listen(host: str, port: int) -> socket.socket:
    # By its protocol asyncio knows that small packets are to leave at once: else each answer waits
    # 40 ms for the other side's acknowledgement.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise DeviceError(
            f"port {port} cannot be used: {error.strerror}",
            expected="a free port over 1023",
            remedy="another --port, or none: a free one is taken then",
            code="no_port",
        ) from error
    return listening


@contextlib.contextmanager
def _running(
    application: Application, listening: socket.socket, tls: ssl.SSLContext | None
) -> Iterator[None]:
    config = uvicorn.Config(
        application.asgi,
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=2,
        ssl_context_factory=(lambda config, default: tls) if tls else None,
    )
    server = uvicorn.Server(config)
    # Ctrl-C is for the command, which ends the server itself.
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until = time.monotonic() + STARTS_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > until:
            raise DeviceError("the page's server did not start", remedy="bench doctor")
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def _names(where: Where) -> list[str]:
    """Raises DeviceError for what only sockets of IPv6 would serve."""
    if where.address is None:
        return network_addresses()
    if ":" in where.address:
        raise DeviceError(
            f"--address {where.address} is an IPv6 address, or has a port",
            expected="an IPv4 address of this computer, or its name that ends in .local",
            remedy="--network, which finds an IPv4 address by itself; --port takes a port",
            code="no_network",
        )
    return [where.address]


def network_addresses() -> list[str]:
    """This machine's IPv4 addresses on private networks, first the one that leads outside."""
    import psutil

    found = {
        one.address
        for addresses in psutil.net_if_addrs().values()
        for one in addresses
        if one.family == socket.AF_INET
    }
    private = [text for text in sorted(found) if _is_private(text)]
    return sorted(private, key=lambda text: text != _outward())


def _is_private(text: str) -> bool:
    address = ipaddress.IPv4Address(text)
    return not address.is_loopback and any(address in each for each in certificate.RANGES)


def _outward() -> str | None:
    """The address that packets to elsewhere would carry; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            address: str = probe.getsockname()[0]
            return address
        except OSError:
            return None
