"""What this machine's processor can do: what a runtime computes in, and how it must be set."""

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


# Runs Core ML packages by the definition of their operators (zoo.mil).
REFERENCE = "mil-reference"


def computes_in_half(
    runtime: str,
    machine: str | None = None,
    system: str | None = None,
    cpuinfo: Path = CPUINFO,
) -> bool:
    """Whether the runtime's CPU kernels compute an fp16 file in fp16 on this machine.

    Core ML does, and the reference interpreter of its programs rounds as the file says. onnxruntime
    1.32 has such kernels on Arm64 alone, where the processor has the arithmetic, and
    not on Apple's (cpu_execution_provider.cc). LiteRT's kernels compute in fp32 everywhere.
    """
    if runtime in (REFERENCE, "coreml"):
        return True
    arm = (machine or platform.machine()).lower() in ("aarch64", "arm64")
    if runtime != "onnxruntime" or not arm or (system or platform.system()) == "Darwin":
        return False
    try:
        return "asimdhp" in cpuinfo.read_text()
    except OSError:
        return False
