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


class Connection:
    """One adb server that has connected. authorized: whether its key is accepted."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        banner: bytes,
        serve: Serve,
        authorized: bool,
    ) -> None:
        self.reader, self.writer, self.banner = reader, writer, banner
        self.serve, self.authorized = serve, authorized
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
            self.greet(command, first)
        elif command == OPEN:
            self.open(first, payload.rstrip(b"\0").decode(errors="replace"))
        elif command == OKAY and second in self.streams:
            self.streams[second].acknowledged.set()
        elif command == WRTE and second in self.streams:
            self.streams[second].received.put_nowait(payload)
            self.send(OKAY, second, first)
        elif command == CLSE and second in self.streams:
            self.streams.pop(second).end()

    def greet(self, command: int, kind: int) -> None:
        if self.authorized:
            self.send(CNXN, VERSION, MAX_PAYLOAD, self.banner)
        elif command == CNXN or kind == SIGNATURE:
            # A key that was never accepted: the server is asked again and shows `unauthorized`.
            self.send(AUTH, TOKEN, 0, os.urandom(20))

    def accept(self) -> None:
        """A person says yes to the computer's key."""
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
