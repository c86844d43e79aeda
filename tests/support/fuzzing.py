"""What fuzzing needs: how often, edits of sound files, and what our error says."""

from __future__ import annotations

import os
from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from zoo.base.errors import BenchError

INPUTS = int(os.environ.get("BENCH_FUZZ", "40"))
often = settings(
    max_examples=INPUTS, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


# What breaks parsers past their first check: a few places of a sound file changed, cut, put in or
# doubled. Each edit: where (a share of the length), how much goes, what comes, or a copy of itself.
EDITS = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.sampled_from([0, 1, 2, 4, 8, 64, 10**9]),
        st.none() | st.binary(max_size=8),
    ),
    max_size=5,
)


def edited(whole: bytes, edits: list[tuple[float, int, bytes | None]]) -> bytes:
    content = bytearray(whole)
    for place, length, piece in edits:
        start = int(place * len(content))
        gone = bytes(content[start : start + length])
        content[start : start + length] = 2 * gone[:4096] if piece is None else piece
    return bytes(content)


def refusal(read: Callable[[], object]) -> str | None:
    """What our error says; None where there is none. Any other exception is the test's failure."""
    try:
        read()
    except BenchError as error:
        return str(error)
    return None
