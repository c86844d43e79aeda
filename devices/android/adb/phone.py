"""What a phone is: read once, the same from session to session."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from devices.android.adb.client import Adb
from devices.records import DeviceInfo
from zoo.base.errors import DeviceError
from zoo.base.pictures import shown

CPUS = "/sys/devices/system/cpu"
# The properties, then memory, then each core's number and its highest clock in kHz. Names come in
# the order of text, so cpu10 before cpu2.
_COMMAND = (
    "getprop; echo @; cat /proc/meminfo; echo @; "
    f"for cpu in {CPUS}/cpu[0-9]*; do "
    "echo ${cpu##*cpu} $(cat $cpu/cpufreq/cpuinfo_max_freq 2>/dev/null || echo 0); done"
)


@dataclass(frozen=True, kw_only=True)
class Phone:
    """properties: of getprop. clocks_khz: of each core by its number, 0 where it does not tell."""

    properties: dict[str, str]
    memory_bytes: int
    clocks_khz: dict[int, int]

    @property
    def abis(self) -> list[str]:
        """The kinds of program it can run, the best first."""
        named = self["ro.product.cpu.abilist"] or self["ro.product.cpu.abi"]
        return [abi for abi in named.split(",") if abi]

    @property
    def emulated(self) -> bool:
        """Whether it is no phone but a program: ours, or Google's emulator."""
        return self["ro.bench.emulated"] == "1" or "1" in (
            self["ro.kernel.qemu"],
            self["ro.boot.qemu"],
        )

    def __getitem__(self, name: str) -> str:
        return self.properties.get(name, "")

    def core_mask(self, wanted: str, threads: int) -> str:
        """Cores as taskset takes them, in hexadecimal: `big` and `little` are as many as there are
        threads of the fastest and the slowest of which it tells the clock; else as given. Raises
        DeviceError where the phone does not tell them apart."""
        if wanted not in ("big", "little"):
            return wanted
        known = sorted((khz, core) for core, khz in self.clocks_khz.items() if khz)
        if len({khz for khz, _ in known}) < 2:
            raise DeviceError(
                f"the phone does not tell which of its cores are {wanted}",
                code="unsupported",
                expected="cores of two clocks, which it tells",
                remedy="--cores MASK, such as f0, or leave --cores out",
            )
        chosen = known[-threads:] if wanted == "big" else known[:threads]
        return f"{sum(1 << core for _, core in chosen):x}"

    def info(self, how: str = "") -> DeviceInfo:
        """For the record. how: what is done to it while measuring; it is a part of the name, so
        that figures of unlike ways never meet. The serial number stands there as a hash."""
        serial = self["ro.serialno"] or self["ro.build.fingerprint"]
        unit = hashlib.sha256(serial.encode()).hexdigest()[:6]
        model = f"{self['ro.product.manufacturer']} {self['ro.product.model']}".strip() or "phone"
        name = f"emulated {model}" if self.emulated else model
        soc = f"{self['ro.soc.manufacturer']} {self['ro.soc.model']}".strip()
        return DeviceInfo(
            kind="android",
            name=shown(f"{name}{how}"),
            os=shown(
                f"Android {self['ro.build.version.release']} "
                f"(API {self['ro.build.version.sdk']}, {self['ro.build.id']})"
            ),
            cpu=shown(soc or self["ro.board.platform"] or self["ro.hardware"] or "unknown"),
            cores=max(1, len(self.clocks_khz)),
            memory_bytes=self.memory_bytes,
            emulated=self.emulated,
            unit=unit,
        )


def read_phone(adb: Adb) -> Phone:
    """Raises DeviceError."""
    properties, memory, clocks = [*adb.shell(_COMMAND).out.split("\n@\n"), "", ""][:3]
    found = re.findall(r"^\[([^\]\n]+)\]: \[([^\]\n]*)\]", properties, re.MULTILINE)
    kib = re.search(r"^MemTotal:\s+(\d{1,12}) kB", memory, re.MULTILINE)
    return Phone(
        properties={name: value[:200] for name, value in found[:5000]},
        memory_bytes=int(kib[1]) * 1024 if kib else 0,
        clocks_khz={
            int(core): int(khz or 0)
            for core, khz in re.findall(r"^(\d{1,2})(?: (\d{1,9}))?$", clocks, re.MULTILINE)[:64]
        },
    )
