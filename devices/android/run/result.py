"""The file that benchmark_model writes by --result_file_path: a small protocol buffer.

BenchmarkResult of tflite/tools/benchmark/proto/benchmark_result.proto (LiteRT), by field number.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

LIMIT_BYTES = 65_536
_LATENCIES = (
    "mean_ms",
    "min_ms",
    "max_ms",
    "stddev_ms",
    "p50_ms",
    "p5_ms",
    "p95_ms",
    "init_ms",
    "first_ms",
    "warmup_mean_ms",
)
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LATENCY, _MEMORY, _MISC = 2, 3, 4
_PEAK_MB, _RUNS, _WARMUP_RUNS = 3, 2, 3


@dataclass(frozen=True, kw_only=True)
class Result:
    """latencies_ms: by the names above, 0 where a field was left out; peak_mb: of the process."""

    latencies_ms: dict[str, float]
    runs: int
    warmup_runs: int
    peak_mb: float | None


def parse_result(data: bytes) -> Result:
    """Raises ValueError where it is no whole BenchmarkResult."""
    if not data or len(data) > LIMIT_BYTES:
        raise ValueError(f"{len(data)} bytes")
    outer = _fields(data)
    latency, memory, misc = (_fields(_part(outer, n)) for n in (_LATENCY, _MEMORY, _MISC))
    latencies = {name: _float(latency, n + 1) for n, name in enumerate(_LATENCIES)}
    if not all(math.isfinite(value) and value >= 0 for value in latencies.values()):
        raise ValueError("a latency that is no duration")
    peak = _float(memory, _PEAK_MB)
    return Result(
        latencies_ms=latencies,
        runs=_integer(misc, _RUNS),
        warmup_runs=_integer(misc, _WARMUP_RUNS),
        peak_mb=peak if math.isfinite(peak) and peak > 0 else None,
    )


def _fields(data: bytes) -> dict[int, int | bytes]:
    """The last value of each field."""
    found: dict[int, int | bytes] = {}
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        kind = tag & 7
        if kind == _VARINT:
            found[tag >> 3], place = _varint(data, place)
            continue
        if kind == _BYTES:
            length, place = _varint(data, place)
        elif kind in (_FIXED32, _FIXED64):
            length = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"a field of kind {kind}")
        if place + length > len(data):
            raise ValueError("it ends in the middle of a field")
        found[tag >> 3] = data[place : place + length]
        place += length
    return found


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise ValueError("it ends in the middle of a number")
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("a number without an end")


def _part(fields: dict[int, int | bytes], field: int) -> bytes:
    value = fields.get(field, b"")
    if not isinstance(value, bytes):
        raise ValueError(f"field {field} is no message")
    return value


def _float(fields: dict[int, int | bytes], field: int) -> float:
    value = fields.get(field, bytes(4))
    if not isinstance(value, bytes) or len(value) != 4:
        raise ValueError(f"field {field} is no float")
    return float(struct.unpack("<f", value)[0])


def _integer(fields: dict[int, int | bytes], field: int) -> int:
    value = fields.get(field, 0)
    if not isinstance(value, int) or value > 2**31:
        raise ValueError(f"field {field} is no count")
    return value
