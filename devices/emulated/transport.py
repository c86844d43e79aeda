"""The device's side of the ADB transport, over TCP: what an adb server speaks to a phone.

A message is six little-endian words (command, two arguments, length of the payload, sum of its
bytes, command inverted) and the payload. Streams are opened by the server; on each one message may
be on its way to it at a time. As in AOSP, packages/modules/adb/protocol.txt.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

HEADER = struct.Struct("<6I")
VERSION = 0x01000001
MAX_PAYLOAD = 256 * 1024
TOKEN, SIGNATURE, PUBLIC_KEY = 1, 2, 3


def word(name: str) -> int:
    """A command's four letters as a number."""
    return int.from_bytes(name.encode(), "little")


CNXN, AUTH, OPEN, OKAY, WRTE, CLSE = map(word, ("CNXN", "AUTH", "OPEN", "OKAY", "WRTE", "CLSE"))

# Serves one stream: its service's name, and the stream.
Serve = Callable[[str, "Stream"], Awaitable[None]]
# By a token that it was given and its signature: whether an adb server is let in.
Trusts = Callable[[bytes, bytes], bool]


def is_users(token: bytes, signature: bytes) -> bool:
    """Whether it was signed by this user's own adb. A port is open to all users of a machine."""
    try:
        pem = (Path.home() / ".android" / "adbkey").read_bytes()
        key = serialization.load_pem_private_key(pem, None)
        if not isinstance(key, rsa.RSAPrivateKey):
            return False
        # The token stands for a hash.
        made_by = Prehashed(hashes.SHA1())
        key.public_key().verify(signature, token, padding.PKCS1v15(), made_by)
    except (OSError, ValueError, InvalidSignature):
        return False
    return True


class Connection:
    """One adb server that has connected."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        banner: bytes,
        serve: Serve,
        trusts: Trusts,
    ) -> None:
        self.reader, self.writer, self.banner = reader, writer, banner
        self.serve, self.trusts = serve, trusts
        self.authorized, self.token = False, b""
        self.streams: dict[int, Stream] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.opened = 0

    def send(self, command: int, first: int, second: int, payload: bytes = b"") -> None:
        inverted = command ^ 0xFFFFFFFF
        head = HEADER.pack(command, first, second, len(payload), sum(payload), inverted)
        self.writer.write(head + payload)

    async def run(self) -> None:
        """Answer until the other side hangs up."""
        try:
            while True:
                command, first, second, length, _, inverted = HEADER.unpack(
                    await self.reader.readexactly(HEADER.size)
                )
                if inverted != command ^ 0xFFFFFFFF or length > MAX_PAYLOAD:
                    return
                payload = await self.reader.readexactly(length)
                self.take(command, first, second, payload)
                await self.writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self.close()

    def take(self, command: int, first: int, second: int, payload: bytes) -> None:
        """One message. `first` is the sender's name of a stream, `second` ours."""
        if command in (CNXN, AUTH):
            self.greet(command, first, payload)
        elif not self.authorized:
            return
        elif command == OPEN:
            self.open(first, payload.rstrip(b"\0").decode(errors="replace"))
        elif command == OKAY and second in self.streams:
            self.streams[second].acknowledged.set()
        elif command == WRTE and second in self.streams:
            self.streams[second].received.put_nowait(payload)
            self.send(OKAY, second, first)
        elif command == CLSE and second in self.streams:
            self.streams.pop(second).end()

    def greet(self, command: int, kind: int, payload: bytes) -> None:
        signed = command == AUTH and kind == SIGNATURE
        if signed and self.token and self.trusts(self.token, payload):
            self.accept()
        elif command == CNXN or signed:
            # For a key that was never accepted the server is asked again, and shows `unauthorized`.
            self.token = os.urandom(20)
            self.send(AUTH, TOKEN, 0, self.token)

    def accept(self) -> None:
        """Let it in, by its key or since a person says yes to it."""
        self.authorized = True
        self.send(CNXN, VERSION, MAX_PAYLOAD, self.banner)

    def open(self, theirs: int, service: str) -> None:
        self.opened += 1
        stream = Stream(self, self.opened, theirs)
        self.streams[self.opened] = stream
        self.send(OKAY, self.opened, theirs)
        task = asyncio.create_task(self.follow(service, stream))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def follow(self, service: str, stream: Stream) -> None:
        with contextlib.suppress(StreamEnded, ConnectionError):
            await self.serve(service, stream)
        if self.streams.pop(stream.ours, None):
            self.send(CLSE, stream.ours, stream.theirs)

    def close(self) -> None:
        """Hang up, as a phone does whose cable is pulled. What it runs goes on."""
        for stream in self.streams.values():
            stream.end()
        self.streams.clear()
        self.writer.transport.abort()


class StreamEnded(Exception):
    """The other side closed the stream."""


class Stream:
    """One stream of a connection, under our name of it and theirs."""

    def __init__(self, connection: Connection, ours: int, theirs: int) -> None:
        self.connection, self.ours, self.theirs = connection, ours, theirs
        self.received: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.acknowledged = asyncio.Event()
        self.rest = b""
        self.ended = False

    async def write(self, payload: bytes) -> None:
        """Send, in messages of which each is acknowledged. Raises StreamEnded."""
        for start in range(0, len(payload), MAX_PAYLOAD // 4):
            if self.ended:
                raise StreamEnded
            self.acknowledged.clear()
            part = payload[start : start + MAX_PAYLOAD // 4]
            self.connection.send(WRTE, self.ours, self.theirs, part)
            await self.connection.writer.drain()
            await self.acknowledged.wait()

    async def read(self, count: int) -> bytes:
        """Exactly so many bytes. Raises StreamEnded."""
        while len(self.rest) < count:
            part = None if self.ended else await self.received.get()
            if part is None:
                raise StreamEnded
            self.rest += part
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def end(self) -> None:
        self.ended = True
        self.received.put_nowait(None)
        self.acknowledged.set()
