"""How runtimes are set by what the processor can do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import TINY, Chain
from own_models import write_convolutions

from zoo.registry import get
from zoo.runtime.processor import int8_products_overflow
from zoo.runtime.runtime import open_model

SPEC = get(TINY)


@pytest.mark.parametrize(
    ("machine", "flags", "overflow"),
    [
        ("x86_64", "flags : sse2 avx2 fma", True),
        ("x86_64", "flags : sse2 avx2 avx512f avx512_vnni", False),
        ("AMD64", "flags : avx2 avx_vnni", False),
        ("x86_64", "model name : one that tells no flags", True),
        ("x86_64", None, True),
        ("aarch64", None, False),
        ("arm64", "Features : asimd asimddp", False),
    ],
)
def test_whether_products_of_int8_overflow(
    tmp_path: Path, machine: str, flags: str | None, overflow: bool
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    if flags is not None:
        cpuinfo.write_text(f"processor : 0\n{flags}\n")
    assert int8_products_overflow(machine, cpuinfo) is overflow


def test_only_int8_files_are_set_and_say_so(chain: Chain, tmp_path: Path) -> None:
    chosen = "1" if int8_products_overflow() else "0"
    int8 = open_model(chain.home.artifact(SPEC, "onnx", "int8"), "onnxruntime", 1)
    assert int8.settings == f"x64quantprecision={chosen}"
    others = [chain.home.artifact(SPEC, "onnx", "fp32"), write_convolutions(tmp_path / "a.onnx", 1)]
    assert {open_model(path, "onnxruntime", 1).settings for path in others} == {None}
    mask = int8.predict(np.zeros((1, 3, SPEC.size, SPEC.size), np.float32))
    assert np.isfinite(mask).all()
