"""What this machine's processor can do that changes how a runtime must be set."""

from __future__ import annotations

import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
X86 = frozenset({"x86_64", "amd64", "i386", "i686"})
# Either adds four products of 8 bits in 32 bits, at 512 or at 256 bits a register.
VNNI = frozenset({"avx512_vnni", "avx_vnni"})


def int8_products_overflow(machine: str | None = None, cpuinfo: Path = CPUINFO) -> bool:
    """Whether onnxruntime adds products of unsigned and signed 8 bits in 16 bits here.

    So it does on x86 without VNNI (onnxruntime.ai, "Quantize ONNX models"). True as well where the
    flags of an x86 are not known: a slower right mask beats a quick wrong one. machine: as
    `platform.machine()` names it.
    """
    if (machine or platform.machine()).lower() not in X86:
        return False
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return True
    flags = next((line.partition(":")[2] for line in lines if line.startswith("flags")), "")
    return VNNI.isdisjoint(flags.split())
