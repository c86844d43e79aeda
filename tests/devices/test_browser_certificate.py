"""The certificates of `bench serve`, with real TLS: whom a phone that has the root believes."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import ssl
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from file_server import running
from pages import served

from devices.browser import certificate
from devices.browser.certificate import Authority, authority, context, fingerprint, forget, leaf
from devices.browser.serving import Where
from zoo.base.errors import DeviceError
from zoo.home import Home

ADDRESSES = ["127.0.0.1", "192.168.1.20", "fe80::1%eth0", "Desk.local", "localhost"]
FOREIGN = [x509.DNSName("example.org"), x509.IPAddress(ipaddress.ip_address("8.8.8.8"))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "bench" / "browser"


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"the page")

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(offered: ssl.SSLContext) -> Iterator[int]:
    """The port of a real https server on 127.0.0.1."""
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        server.socket = offered.wrap_socket(server.socket, server_side=True)
        with running(server):
            yield server.server_port


def visit(port: int, host: str, root: Authority) -> bytes:
    """What a client that trusts nothing but the root gets from `host`, which is this port."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    client.load_verify_locations(cadata=certificate.root_profile(root))
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        client.wrap_socket(plain, server_hostname=host) as secure,
        secure.makefile("rb") as answer,
    ):
        secure.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return answer.read()


def by_hand(root: Authority, name: x509.GeneralName, path: Path) -> ssl.SSLContext:
    """A server whose certificate the root signed without looking at the name."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key())
    signed = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(root.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=True)
        .add_extension(issuer, critical=False)
        .sign(root.key, hashes.SHA256())
    )
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    path.write_bytes(signed.public_bytes(pem) + key.private_bytes(pem, *plain))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(path)
    return made


def test_a_client_that_trusts_the_root_alone_gets_the_page(folder: Path) -> None:
    root = authority(folder)
    with serving(context(root, ADDRESSES)) as port:
        for host in ("127.0.0.1", "192.168.1.20", "fe80::1", "desk.local", "localhost"):
            assert visit(port, host, root).endswith(b"the page")
        with pytest.raises(ssl.SSLCertVerificationError, match=r"not valid for 'other\.local'"):
            visit(port, "other.local", root)


def test_a_client_with_another_root_refuses(folder: Path) -> None:
    root, other = authority(folder), authority(folder.with_name("other"))
    with serving(context(root, ADDRESSES)) as port, pytest.raises(ssl.SSLCertVerificationError):
        visit(port, "127.0.0.1", other)


@pytest.mark.parametrize("name", FOREIGN, ids=["name", "address"])
def test_the_root_can_not_vouch_for_the_outside(
    folder: Path, tmp_path: Path, name: x509.GeneralName
) -> None:
    root = authority(folder)
    with serving(by_hand(root, x509.DNSName("desk.local"), tmp_path / "inside.pem")) as port:
        assert visit(port, "desk.local", root).endswith(b"the page")
    outside = by_hand(root, name, tmp_path / "outside.pem")
    with (
        serving(outside) as port,
        pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"),
    ):
        visit(port, str(name.value), root)


def test_openssl_verifies_the_chain(folder: Path, tmp_path: Path) -> None:
    if not (openssl := shutil.which("openssl")):
        pytest.skip("there is no openssl program: the chain is checked by Python's ssl alone")
    signed, _ = leaf(authority(folder), ADDRESSES)
    (tmp_path / "leaf.pem").write_bytes(signed)
    command = [openssl, "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile"]
    files = [str(folder / "root.pem"), str(tmp_path / "leaf.pem")]
    ended = subprocess.run([*command, *files], capture_output=True, text=True, timeout=30)
    assert ended.returncode == 0, ended.stderr


def test_the_days_of_root_and_leaf(folder: Path) -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    hour, day = timedelta(hours=1), timedelta(days=1)
    root = authority(folder, now)
    assert root.certificate.not_valid_before_utc == now - hour
    assert root.certificate.not_valid_after_utc == now - hour + 30 * day
    fresh = x509.load_pem_x509_certificate(leaf(root, ADDRESSES, now)[0])
    assert fresh.not_valid_before_utc == now - hour
    assert fresh.not_valid_after_utc == now + 7 * day
    late = x509.load_pem_x509_certificate(leaf(root, ADDRESSES, now + 25 * day)[0])
    assert late.not_valid_after_utc == root.certificate.not_valid_after_utc


def test_a_root_is_kept_until_a_leaf_no_longer_fits(folder: Path) -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    first = authority(folder, now)
    assert fingerprint(authority(folder, now + timedelta(days=21))) == fingerprint(first)
    later = authority(folder, now + timedelta(days=22))
    assert fingerprint(later) != fingerprint(first)
    assert fingerprint(authority(folder, now + timedelta(days=22))) == fingerprint(later)


@pytest.mark.parametrize("broken", ["root.pem", "root.key"])
def test_a_broken_root_is_replaced_by_a_whole_one(folder: Path, broken: str) -> None:
    first, other = authority(folder), authority(folder.with_name("other"))
    shutil.copy(folder.with_name("other") / broken, folder / broken)
    second = authority(folder)
    assert fingerprint(second) not in (fingerprint(first), fingerprint(other))
    (folder / broken).write_text("-----BEGIN")
    third = authority(folder)
    (folder / broken).unlink()
    assert len({fingerprint(root) for root in (second, third, authority(folder))}) == 3


def test_the_key_is_never_readable_by_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: dict[str, int] = {}
    really = os.open

    def watched(
        path: str | Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None
    ) -> int:
        descriptor = really(path, flags, mode, dir_fd=dir_fd)
        modes.setdefault(Path(path).name, stat.S_IMODE(os.fstat(descriptor).st_mode))
        return descriptor

    before = os.umask(0)
    try:
        folder.mkdir(parents=True)
        monkeypatch.setattr(os, "open", watched)
        context(authority(folder), ADDRESSES)
    finally:
        os.umask(before)
    keys = [modes[name] for name in modes if name.endswith(("root.key", "leaf.pem"))]
    assert keys == [0o600, 0o600]
    assert stat.S_IMODE((folder / "root.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(path.name for path in folder.iterdir()) == ["root.key", "root.pem"]


def test_a_key_that_others_can_read_is_refused_until_forgotten(folder: Path) -> None:
    first = authority(folder)
    (folder / "root.key").chmod(0o640)
    with pytest.raises(DeviceError, match="read by other users") as caught:
        authority(folder)
    assert caught.value.remedy == "bench serve --forget"
    assert forget(folder)
    assert not list(folder.iterdir())
    assert not forget(folder)
    assert fingerprint(authority(folder)) != fingerprint(first)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "172.32.0.1", "2001:db8::1", "example.org", "evillocal", "*.local", ""]
)
def test_an_address_outside_of_the_local_network_is_refused(folder: Path, address: str) -> None:
    with pytest.raises(DeviceError, match="no address of a local network"):
        context(authority(folder), ["127.0.0.1", address])


def test_what_a_phone_is_given_is_the_root_and_never_its_key(folder: Path) -> None:
    root = authority(folder)
    given = x509.load_der_x509_certificate(certificate.root_profile(root))
    assert given == root.certificate
    basic = given.extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical
    assert basic.value == x509.BasicConstraints(ca=True, path_length=0)
    shown = bytes.fromhex(fingerprint(root).replace(":", ""))
    assert shown == given.fingerprint(hashes.SHA256())


def test_the_folder_is_where_the_system_keeps_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BENCH_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert certificate.default_folder() == Path.home() / ".config/bench/browser"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/settings")
    assert certificate.default_folder() == Path("/settings/bench/browser")
    monkeypatch.setattr("sys.platform", "darwin")
    support = Path.home() / "Library/Application Support"
    assert certificate.default_folder() == support / "bench/browser"
    monkeypatch.setenv("BENCH_CONFIG", "/own")
    assert certificate.default_folder() == Path("/own/browser")


@pytest.mark.parametrize("address", ["fe80::1", "192.168.1.20:8000"])
def test_an_address_that_is_not_served(tmp_path: Path, address: str) -> None:
    with (
        pytest.raises(DeviceError, match="is an IPv6 address, or has a port") as caught,
        served(Home(root=tmp_path), tmp_path, Where(address=address)),
    ):
        pass
    assert "--network" in caught.value.remedy


def test_a_public_address_is_served_without_a_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CONFIG", str(tmp_path / "config"))
    home, public = Home(root=tmp_path), "203.0.113.5"
    with (
        pytest.raises(DeviceError, match="no address of a local network") as caught,
        served(home, tmp_path, Where(address=public)),
    ):
        pass
    assert "--plain" in caught.value.remedy
    with served(home, tmp_path, Where(address=public, plain=True)) as here:
        assert here.server.link().startswith("http://203.0.113.5:")
