"""A phone that is a program: the device's end of adb, a folder for its files, real inference.

Always marked as emulated: its properties say so, and no switch takes that back.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import psutil

from devices.emulated.faults import OF_PROGRAM
from devices.emulated.root import State, build, environment, show
from devices.emulated.shell import Shell
from devices.emulated.sync import serve_sync
from devices.emulated.transport import Connection, Stream, is_users

REFRESH_S = 0.2
FULL_AFTER_BYTES = VANISH_AFTER_BYTES = 100_000
# Long enough for the program to be at its measuring.
VANISH_AFTER_S = HOT_AFTER_S = 0.7
AWAY_S = 1.0
TMP = "/data/local/tmp"
_JOB = re.compile(r"bench-job ([0-9a-f]+)")


class EmulatedPhone:
    """A context manager. address: what `adb connect` takes. faults: see faults.py; they may be
    changed at any time. root: its file system, a temporary folder by default. vanished: how often
    it was gone in a run; served: how many services it was asked for; led: what adb asked of its
    ports."""

    def __init__(
        self,
        *,
        state: State | None = None,
        faults: Iterable[str] = (),
        root: Path | None = None,
        port: int = 0,
    ) -> None:
        self.temporary = None if root else tempfile.mkdtemp(prefix="bench-phone-")
        self.root = Path(root or self.temporary or "").resolve()
        self.state, self.faults, self.port = state or State(), set(faults), port
        self.shell = Shell(self.root, environment(self.root))
        self.connections: set[Connection] = set()
        self.waiting: set[asyncio.Task[None]] = set()
        self.last_job, self.vanished, self.served = b"", 0, 0
        self.led: list[str] = []
        self.began = time.monotonic()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        build(self.root)
        show(self.root, self.state, 0.0)
        self.thread.start()
        self.appear()
        self._call(self._start_clock())
        return self

    def __exit__(self, *_: object) -> None:
        self.vanish()
        for session in self.shell.sessions:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(session, signal.SIGKILL)
        self._call(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
        if self.temporary:
            shutil.rmtree(self.temporary, ignore_errors=True)

    def become(self, **changes: Any) -> None:
        """Change the state; what it heats begins anew."""
        self.state, self.began = replace(self.state, **changes), time.monotonic()
        show(self.root, self.state, 0.0)

    def vanish(self) -> None:
        """Be gone, as if the cable were pulled. What runs on the phone goes on."""
        self._call(self._vanish())

    def appear(self) -> None:
        """Be there again, under the same address."""
        self._call(self._listen())

    def strike(self, what: str, after_s: float) -> None:
        """Later, by itself: `vanish`, `appear` (which also ends every fault), `accept` (the
        computer's key, by a person), or a fault."""
        self.loop.call_soon_threadsafe(lambda: self._later(after_s, lambda: self._strike(what)))

    def running(self) -> list[str]:
        """The command lines of what was started on the phone and still runs."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, ProcessLookupError):
                if os.getsid(process.pid) in self.shell.sessions:
                    found.append(" ".join(process.cmdline()))
        return found

    def stored(self) -> list[str]:
        """The files that lie in the folder where adb may write."""
        folder = self.root / TMP.lstrip("/")
        return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())

    def log(self) -> list[str]:
        """The commands that changed or read a setting, in order."""
        path = self.root / "log"
        return path.read_text().splitlines() if path.exists() else []

    def locate(self, name: str) -> Path:
        """Where a path of the phone lies here; never outside the root."""
        path = (self.root / name.lstrip("/")).resolve()
        return path if path.is_relative_to(self.root) else self.root / "outside"

    def _call(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=30)

    async def _listen(self) -> None:
        if self.server is None:
            self.server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
            self.port = self.server.sockets[0].getsockname()[1]

    async def _vanish(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None
        for connection in list(self.connections):
            connection.close()

    def _later(self, after_s: float, work: Callable[[], Awaitable[None]]) -> None:
        """Of the loop's own thread."""

        async def waiting() -> None:
            await asyncio.sleep(after_s)
            await work()

        task = self.loop.create_task(waiting())
        self.waiting.add(task)
        task.add_done_callback(self.waiting.discard)

    async def _strike(self, what: str) -> None:
        if what == "vanish":
            await self._vanish()
        elif what == "appear":
            self.faults.clear()
            await self._listen()
        elif what == "accept":
            self.faults.discard("unauthorized")
            for connection in self.connections:
                connection.accept()
        else:
            self.faults.add(what)

    async def _start_clock(self) -> None:
        self.clock = asyncio.create_task(self._run_clock())

    async def _run_clock(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            show(self.root, self.state, time.monotonic() - self.began)

    async def _stop(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # what was aborted is closed by the loop's next turns

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if "offline" in self.faults:
            try:
                while await reader.read(4096):
                    pass
            finally:
                writer.transport.abort()
            return
        connection = Connection(reader, writer, self._banner(), self._serve, self._trusts)
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)

    def _trusts(self, token: bytes, signature: bytes) -> bool:
        return "unauthorized" not in self.faults and is_users(token, signature)

    def _banner(self) -> bytes:
        features = "" if "old-shell" in self.faults else "features=shell_v2,cmd,stat_v2,ls_v2"
        values = {"ro.product.name": "bench", "ro.product.model": self.state.model}
        shown = "".join(f"{name}={value};" for name, value in values.items())
        return f"device::{shown}{features}".encode()

    async def _serve(self, service: str, stream: Stream) -> None:
        self.served += 1
        if service.startswith("sync:"):
            await serve_sync(stream, self.locate, self._inspect)
        elif service.startswith("shell"):
            await self._run(service, stream)
        elif service.startswith("reverse:"):
            # Its localhost is this machine's, so that nothing has to be led anywhere.
            self.led.append(service.removeprefix("reverse:"))
            await stream.write(b"OKAY")

    async def _run(self, service: str, stream: Stream) -> None:
        job = _JOB.search(service) is not None
        if job and "stale" in self.faults and self.last_job:
            await stream.write(self.last_job)
            return
        returns = "vanish-in-run-once" in self.faults
        if job and self._takes("vanish-in-run"):
            self.vanished += 1
            self._later(VANISH_AFTER_S, self._vanish)
            if returns:
                self._later(VANISH_AFTER_S + AWAY_S, self._listen)
        if job and "hot-in-run" in self.faults and "report_peak_memory" not in service:
            self._later(HOT_AFTER_S, self._grow_hot)
        faults = self.faults & set(OF_PROGRAM)
        self.shell.environment["BENCH_FAULTS"] = " ".join(sorted(faults))
        printed = await self.shell.serve(service, stream)
        if job:
            # In the shell's newer form: one packet of output, and a good end.
            length = len(printed).to_bytes(4, "little")
            self.last_job = b"\1" + length + printed + b"\3\1\0\0\0\0"

    async def _grow_hot(self) -> None:
        self.become(thermal_status=2)

    async def _inspect(self, blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """A push, as the faults have it."""
        received = 0
        corrupt = self._takes("corrupt")
        full = self._takes("full")
        async for block in blocks:
            received += len(block)
            if full and received > FULL_AFTER_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if "vanish-in-push" in self.faults and received > VANISH_AFTER_BYTES:
                await self._vanish()
            yield bytes([block[0] ^ 1]) + block[1:] if corrupt else block
            corrupt = False

    def _takes(self, fault: str) -> bool:
        """Whether this push suffers it; one that is to happen once is used up."""
        once = f"{fault}-once"
        suffers = fault in self.faults or once in self.faults
        self.faults.discard(once)
        return suffers
