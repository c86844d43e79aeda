"""LiteRT's benchmark_model: found, never bundled; which phones it runs on; which flags it knows.

Google publishes one for 64-bit phones, without a checksum: that of the first download is recorded,
and later ones are held to it.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import struct
import time
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from devices.android.adb.client import Adb
from devices.android.adb.phone import Phone
from zoo.base.download import fetch
from zoo.base.errors import DeviceError, DownloadError, FolderBusy
from zoo.base.files import sha256_of
from zoo.home import Home

VARIABLE = "BENCH_BENCHMARK_MODEL"
ADDRESS = "https://storage.googleapis.com/litert/binaries"
LIMIT_BYTES = 200 * 2**20
# How long another command may take to fetch it, and how often to look.
PATIENCE_S, LOOK_S = 600.0, 0.5
PUBLISHED_ABI = "arm64-v8a"
# By the machine in the ELF header.
_ABIS = {183: "arm64-v8a", 40: "armeabi-v7a", 62: "x86_64", 3: "x86", 243: "riscv64"}
_STAND_IN = b"#!/usr/bin/env bench-emulated-python"


@dataclass(frozen=True)
class Program:
    """The file on this machine."""

    path: Path

    @cached_property
    def sha256(self) -> str:
        return sha256_of(self.path)

    @property
    def abi(self) -> str | None:
        """The kind of phone it runs on; None for what is no program of Android's."""
        with self.path.open("rb") as stream:
            head = stream.read(64)
        if head[:4] != b"\x7fELF" or len(head) < 20:
            return None
        order = "<" if head[5] == 1 else ">"
        (machine,) = struct.unpack_from(f"{order}H", head, 18)
        return _ABIS.get(machine, f"ELF machine {machine}")

    def refuse_unless_it_runs_on(self, phone: Phone) -> None:
        """Raises DeviceError naming both kinds."""
        wanted = ", ".join(phone.abis) or "unknown"
        with self.path.open("rb") as stream:
            stand_in = stream.read(len(_STAND_IN)) == _STAND_IN
        if (stand_in and phone.emulated) or (self.abi and self.abi in phone.abis):
            return
        raise DeviceError(
            f"{self.path} is for {self.abi or 'no phone'}, the phone runs {wanted}",
            code="wrong_abi",
            expected=f"a benchmark_model built for {wanted}",
            remedy=f"--benchmark-model PATH, or {VARIABLE}; docs/android.md says how to build one",
        )


def find_program(home: Home, given: Path | None, phone: Phone) -> Program:
    """As given, by BENCH_BENCHMARK_MODEL, the stand-in for an emulated phone, or downloaded once.

    Raises DeviceError where it is not to be had or not for this phone.
    """
    named = named_program(given)
    if named is not None:
        program = Program(named)
    elif phone["ro.bench.emulated"] == "1":
        program = Program(Path(str(files("devices.emulated") / "benchmark_model.py")))
    else:
        program = Program(downloaded(home, phone))
    program.refuse_unless_it_runs_on(phone)
    return program


def named_program(given: Path | None) -> Path | None:
    """As given, or by BENCH_BENCHMARK_MODEL; raises DeviceError where that is no file."""
    named = given or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is not None and not named.is_file():
        raise DeviceError(f"{named} is no file", code="no_program", remedy="check the path")
    return named


def downloaded(home: Home, phone: Phone, address: str = ADDRESS) -> Path:
    """`published`, where the phone runs it; raises DeviceError where it does not."""
    if PUBLISHED_ABI not in phone.abis:
        raise DeviceError(
            f"Google publishes benchmark_model for {PUBLISHED_ABI} only",
            code="wrong_abi",
            expected=f"one for {', '.join(phone.abis) or 'this phone'}",
            remedy=f"build it (docs/android.md), then --benchmark-model PATH or {VARIABLE}",
        )
    return published(home, address)


def published(home: Home, address: str = ADDRESS) -> Path:
    """The program for 64-bit phones, from the cache or the network; its first hash is recorded, and
    held to. Raises DeviceError saying where to get it and where to put it, FolderBusy where another
    command does not come to an end with it."""
    version = importlib.metadata.version("ai-edge-litert")
    path = home.tools / f"benchmark_model-{version}-{PUBLISHED_ABI}"
    url = f"{address}/{version}/android_arm64/benchmark_model"
    by_hand = f"download it elsewhere and put it at {path}, or --benchmark-model PATH"
    # The command of another phone may be fetching it.
    ends = time.monotonic() + PATIENCE_S
    while not path.is_file():
        try:
            fetch(url, path, limit_bytes=LIMIT_BYTES, complaint=_not_elf, remedy=by_hand)
        except FolderBusy:
            if time.monotonic() > ends:
                raise
            time.sleep(LOOK_S)
        except DownloadError as error:
            raise DeviceError(
                error.seen, code="no_program", expected=error.expected, remedy=by_hand
            ) from error
    return path


def _not_elf(path: Path) -> str | None:
    return None if Program(path).abi == PUBLISHED_ABI else "it is no program for such phones"


@dataclass(frozen=True, kw_only=True)
class Flags:
    """What this build can do, by the flags it lists."""

    names: frozenset[str]

    @property
    def classic(self) -> bool:
        """The interpreter's tool, which can take inputs and give outputs; the newer one cannot."""
        return "output_filepath" in self.names

    @property
    def gpu(self) -> bool:
        return {"use_gpu", "require_full_delegation"} <= self.names

    @property
    def nnapi(self) -> bool:
        return "use_nnapi" in self.names


def ask_flags(adb: Adb, remote: str) -> Flags:
    """The flags that the pushed program lists, which it does when one has a value it cannot read.

    Raises DeviceError where it does not run on the phone.
    """
    answer = adb.shell(f"{remote} --num_runs=none 2>&1")
    names = frozenset(re.findall(r"(?<![\w-])--(\w+)=", answer.out))
    if "graph" in names:
        return Flags(names=names)
    problem = failure_to_start(answer.status, answer.out)
    raise DeviceError(
        f"benchmark_model does not say which flags it has: {answer.out.strip()[-200:]!r}",
        code=problem or "parse_error",
        expected="LiteRT's benchmark_model",
        remedy=f"--benchmark-model PATH, or {VARIABLE}",
    )


def failure_to_start(status: int, printed: str) -> str | None:
    """`wrong_abi` where the system could not run the program at all."""
    said = re.search(
        r"not executable: (?:64|32)-bit ELF|CANNOT LINK EXECUTABLE|unexpected e_machine"
        r"|[Ee]xec format error|cannot execute",
        printed,
    )
    return "wrong_abi" if said or status in (126, 127) else None
