"""The `shell:` service: one command in a process of its own, which outlives its stream."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import struct
from collections.abc import Mapping
from pathlib import Path

from devices.emulated.transport import Stream, StreamEnded

STDOUT, STDERR, EXIT = 1, 2, 3
PACKET = struct.Struct("<BI")
# What a command names by these paths lies below the phone's root.
_PATHS = re.compile(r"/data/local/tmp|/sys/devices/system/cpu")


class Shell:
    """Runs commands for one phone. sessions: the process groups that were started."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self.root, self.environment = root, dict(environment)
        self.sessions: list[int] = []

    async def serve(self, service: str, stream: Stream) -> bytes:
        """One command, by `shell:COMMAND` or `shell,v2,...:COMMAND`; returns what it printed."""
        options, _, command = service.partition(":")
        newer = "v2" in options.split(",")
        process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            _PATHS.sub(lambda found: f"{self.root}{found[0]}", command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE if newer else asyncio.subprocess.STDOUT,
            env=self.environment,
            cwd=self.root,
            start_new_session=True,
        )
        self.sessions.append(process.pid)
        output = Output(stream, newer)
        pumps = [output.pump(process.stdout, STDOUT)]
        if newer:
            pumps.append(output.pump(process.stderr, STDERR))
        try:
            await asyncio.gather(*pumps)
            status = await process.wait()
        except asyncio.CancelledError:
            # The phone is switched off.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.communicate()
            raise
        await output.exit(status)
        return bytes(output.printed)


class Output:
    """What a command prints, sent on in the form of its stream."""

    def __init__(self, stream: Stream, newer: bool) -> None:
        self.stream, self.newer = stream, newer
        self.turn = asyncio.Lock()
        self.printed = bytearray()

    async def pump(self, pipe: asyncio.StreamReader | None, kind: int) -> None:
        """Until the pipe ends. What is printed once nobody listens is dropped."""
        assert pipe
        while part := await pipe.read(65_536):
            self.printed += part[: 2**20 - len(self.printed)]
            with contextlib.suppress(StreamEnded, ConnectionError):
                await self.send(kind, part)

    async def send(self, kind: int, part: bytes) -> None:
        async with self.turn:
            if self.newer:
                await self.stream.write(PACKET.pack(kind, len(part)) + part)
            else:
                await self.stream.write(part.replace(b"\n", b"\r\n"))

    async def exit(self, status: int) -> None:
        """A shell tells death by a signal as 128 and its number."""
        if self.newer:
            code = status if status >= 0 else 128 - status
            await self.send(EXIT, bytes([code & 0xFF]))
