"""The private certificate authority of `bench serve`, and the server certificates it signs.

A phone that was given the root believes whatever the root signs. Were its key stolen, it could pose
as any site: so it is good for private addresses and names alone, and for 30 days.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import ssl
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from zoo.base.errors import DeviceError
from zoo.base.files import replacing, storing
from zoo.base.lock import locked

Key = ec.EllipticCurvePrivateKey
VARIABLE = "BENCH_CONFIG"
ROOT, ROOT_KEY = "root.pem", "root.key"
ROOT_LIFE, LEAF_LIFE = timedelta(days=30), timedelta(days=7)
# A root with less left than this is replaced, so that a leaf fits into it whole.
LEFT = timedelta(days=8)
# The clock of a phone may be behind.
BEHIND = timedelta(hours=1)
_IPV4 = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16")
_IPV6 = ("fc00::/7", "fe80::/10", "::1/128")
RANGES = tuple(ipaddress.ip_network(text) for text in _IPV4 + _IPV6)
# Each permits the names below it too.
NAMES = ("localhost", "local")
_LOCAL_NAME = re.compile(r"([a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?\.)*(localhost|local)")
_PLAIN = (Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A root and its key, which signs the certificates of the server."""

    certificate: x509.Certificate
    key: Key


def default_folder() -> Path:
    """`browser` in $BENCH_CONFIG, else in the folder where the system keeps such settings."""
    if given := os.environ.get(VARIABLE):
        folder = Path(given)
    elif sys.platform == "darwin":
        folder = Path("~/Library/Application Support/bench")
    elif sys.platform == "win32":
        folder = Path(os.environ.get("APPDATA") or "~/AppData/Roaming") / "bench"
    else:
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config") / "bench"
    return folder.expanduser() / "browser"


def authority(folder: Path, now: datetime | None = None) -> Authority:
    """The root in `folder`; a new one where there is none, it is near its end, or is broken.

    Raises DeviceError for a key that others can read, FolderBusy while another command is making
    the root, StorageError where it cannot be written.
    """
    now = now or datetime.now(UTC)
    with locked(folder, variable=VARIABLE):
        stored = _load(folder)
        if stored and stored.certificate.not_valid_after_utc - now >= LEFT:
            return stored
        made = _make(now)
        with storing(folder, VARIABLE):
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
        # Killed in between, it leaves two that do not belong together, which is a broken root.
        certificate = made.certificate.public_bytes(Encoding.PEM)
        for name, content in ((ROOT_KEY, made.key.private_bytes(*_PLAIN)), (ROOT, certificate)):
            with replacing(folder / name, VARIABLE) as temporary:
                temporary.touch(mode=0o600, exist_ok=False)
                temporary.write_bytes(content)
        return made


def forget(folder: Path) -> bool:
    """Delete the root and its key. Whether there was one. Raises FolderBusy and StorageError."""
    if not folder.is_dir():
        return False
    # The lock also clears away the keys of commands that were killed while they wrote.
    with locked(folder, variable=VARIABLE), storing(folder, VARIABLE):
        there = [path for path in (folder / ROOT_KEY, folder / ROOT) if path.exists()]
        for path in there:
            path.unlink()
    return bool(there)


def leaf(
    authority: Authority, addresses: Sequence[str], now: datetime | None = None
) -> tuple[bytes, bytes]:
    """The certificate of a server at these IP addresses and names, good for 7 days, and its key.

    Both are PEM. Raises DeviceError for an address that the root does not permit.
    """
    now = now or datetime.now(UTC)
    names = [_general_name(address) for address in dict.fromkeys(addresses)]
    key, root = ec.generate_private_key(ec.SECP256R1()), authority.certificate
    end = min(now + LEAF_LIFE, root.not_valid_after_utc)
    server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    certificate = (
        # A space in the name, so that nobody takes it for a host.
        _builder(key, "bench serve", root.subject, now, end)
        .add_extension(server, critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM), key.private_bytes(*_PLAIN)


def context(authority: Authority, addresses: Sequence[str]) -> ssl.SSLContext:
    """For a server at these addresses, TLS 1.2 or later, with a new leaf. Raises as `leaf` does."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    # ssl reads keys from files only.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leaf.pem"
        path.touch(mode=0o600)
        path.write_bytes(b"".join(leaf(authority, addresses)))
        made.load_cert_chain(path)
    return made


def root_profile(authority: Authority) -> bytes:
    """What a phone installs when it downloads it as application/x-x509-ca-cert (DER)."""
    return authority.certificate.public_bytes(Encoding.DER)


def fingerprint(authority: Authority) -> str:
    """SHA-256 of the root, for the eye: `A1:B2:...`."""
    return authority.certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _load(folder: Path) -> Authority | None:
    """None where there is no root, or a broken one. Raises DeviceError for a key others can read.

    A key that others could read may have been copied, so it is not quietly mended.
    """
    path = folder / ROOT_KEY
    with suppress(OSError, TypeError, ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        if path.stat().st_mode & 0o077:
            raise DeviceError(
                f"{path} can be read by other users",
                expected="mode 0600: whoever has this key can pose as this computer",
                remedy="bench serve --forget",
            )
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate((folder / ROOT).read_bytes())
        if isinstance(key, Key) and key.public_key() == certificate.public_key():
            return Authority(certificate=certificate, key=key)
    return None


def _make(now: datetime) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    host = socket.gethostname().encode("ascii", "replace").decode()
    permitted = [*map(x509.IPAddress, RANGES), *map(x509.DNSName, NAMES)]
    private_only = x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None)
    # A common name holds up to 64 characters.
    certificate = (
        _builder(key, f"bench serve on {host}"[:64], None, now, now - BEHIND + ROOT_LIFE)
        .add_extension(private_only, critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate=certificate, key=key)


def _builder(
    key: Key, name: str, issuer: x509.Name | None, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    """What a root, which has no issuer but itself, and a leaf have in common."""
    root = issuer is None
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    basic = x509.BasicConstraints(ca=root, path_length=0 if root else None)
    usage = x509.KeyUsage(
        digital_signature=not root,
        key_cert_sign=root,
        crl_sign=root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEHIND)
        .not_valid_after(end)
        .add_extension(basic, critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _general_name(address: str) -> x509.GeneralName:
    """Raises DeviceError for what the root does not permit."""
    try:
        # What follows % is a network card of this machine, which no certificate names.
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        if _LOCAL_NAME.fullmatch(address.lower()):
            return x509.DNSName(address.lower())
    else:
        if any(number in network for network in RANGES):
            return x509.IPAddress(number)
    raise DeviceError(
        f"{address!r} is no address of a local network",
        expected="a private IP address, localhost, or a name that ends in .local",
        remedy="--address with one of the network that the phone is in; or --plain, which needs no "
        "certificate",
    )
