"""Whatever stands in a file of values or in `--input`: it is read well, or one error tells why."""

from __future__ import annotations

import shlex
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from fuzzing import EDITS, edited, often, refusal
from hypothesis import given
from hypothesis import strategies as st

from bench.work.feeding import feeds_of
from bench.work.typed_inputs import said, written, written_of
from devices.records import AS_GIVEN, RunRequest
from zoo.base.errors import BenchError
from zoo.runtime.declared import Slot
from zoo.runtime.feeds import arrays, read_values

# As numpy's header may promise values: too many, none at all, or what would be executed.
SHAPES = st.lists(st.integers(-2, 4) | st.integers(), max_size=4).map(tuple)
TYPES = st.sampled_from(["<f4", ">f2", "|b1", "|u1", "|O", "<U4", "<M8[s]", "|V0", "<f16"])


@pytest.mark.soak
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_any_header_of_values(version: tuple[int, int], tmp_path: Path) -> None:
    path, outcomes = tmp_path / "values.npy", {"read": 0, "refused": 0}
    size = 2 if version == (1, 0) else 4

    @often
    @given(SHAPES, TYPES | st.text(max_size=6), st.booleans(), EDITS, st.integers(0, 2**32 - 1))
    def check(
        shape: tuple[int, ...],
        dtype: str,
        fortran: bool,
        edits: list[tuple[float, int, bytes | None]],
        length: int,
    ) -> None:
        about = {"descr": dtype, "fortran_order": fortran, "shape": shape}
        header = edited(f"{about}\n".encode(), edits)
        told = (len(header) if length % 4 else length) % 256**size
        start = b"\x93NUMPY" + bytes(version) + told.to_bytes(size, "little")
        path.write_bytes(start + header + bytes(64))
        found: list[int] = []
        refused = refusal(lambda: found.append(read_values(path).nbytes))
        outcomes["read" if refused is None else "refused"] += 1
        assert refused is None or path.name in refused
        assert sum(found) <= 64

    check()
    print(f"\n{version}: {outcomes}")
    assert outcomes["refused"] > 0


NAMES = st.sampled_from(["x", "a=b", "it's", "-x", "serving_default_x:0"]) | st.text(max_size=6)
WORDS = (
    st.text("0123456789.eE+-x[],=", max_size=12)
    | st.lists(st.integers(0, 300)).map(lambda sides: "x".join(map(str, sides)))
    | st.lists(st.integers(0, 300)).map(lambda sides: str(sides).replace(" ", ""))
    | st.tuples(st.floats(), st.floats()).map(lambda span: f"{span[0]}..{span[1]}")
    | st.floats().map(str)
    | st.text(max_size=6).map(lambda name: f"{name}.npy")
)
DECLARED: list[tuple[tuple[int | str, ...] | None, str]] = [
    (None, "float32"),
    ((1, 3, "h", "w"), "float16"),
    ((4,), "int64"),
    (("n",), "uint8"),
    ((), "bool"),
]


@pytest.mark.soak
def test_any_words_of_an_input(tmp_path: Path) -> None:
    outcomes = {"read": 0, "refused": 0, "fed": 0}

    @often
    @given(st.lists(st.builds("{}={}".format, NAMES, WORDS), max_size=3) | st.lists(st.text()))
    def check(texts: list[str]) -> None:
        found: dict[str, object] = {}
        refused = refusal(lambda: found.update(said(texts)))
        outcomes["read" if refused is None else "refused"] += 1
        if refused is None and all(text.isprintable() for text in texts):
            assert said(typed(written(said(texts)))) == found
        for shape, dtype in DECLARED:
            for name in found:
                slot = Slot(name=name, shape=shape, dtype=dtype)
                outcomes["fed"] += fed_the_same(slot, texts, tmp_path)

    check()
    print(f"\ninputs: {outcomes}")
    assert outcomes["read"] > 0


def typed(options: list[str]) -> list[str]:
    """What a shell makes of `--input` and its words, the option itself left out."""
    return shlex.split(" ".join(options))[1::2]


def fed_the_same(slot: Slot, texts: list[str], folder: Path) -> bool:
    """Whether it can be fed; what its session would then propose feeds it the same."""
    with suppress(BenchError):
        feeds = feeds_of(folder / "m.onnx", [slot], said(texts), folder)
        if slot.name.isprintable():
            request = RunRequest(
                model="m.onnx",
                size=None,
                format="onnx",
                precision=AS_GIVEN,
                artifact_sha256="0" * 64,
                runtime="onnxruntime",
                threads=1,
                inputs=feeds,
            )
            again = said(typed(written_of(request, folder)))
            assert feeds_of(folder / "m.onnx", [slot], again, folder) == feeds
        if np.prod(feeds[0].shape) < 10**5:
            assert arrays(feeds, 0, folder)[0].shape == feeds[0].shape
        return True
    return False
