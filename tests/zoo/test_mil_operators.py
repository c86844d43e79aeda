"""Operators of ML programs by the reference interpreter, against torch by Apple's converter."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.mil.resizing import resized
from zoo.mil.table import OPERATORS
from zoo.runtime.mil_reference import MilReferenceModel

sys.modules.setdefault("tensorflow", None)  # type: ignore[arg-type]
ct = pytest.importorskip("coremltools")
pytestmark = pytest.mark.filterwarnings("ignore")
numbers = itertools.count()
few = settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
# Of outputs of order 1: sums in another order, and a rounding to fp16 or two.
BOUNDS = {"fp32": 2e-5, "fp16": 6e-3}


class Side(nn.Module):
    """Several modules on one input, so that they are converted in one go."""

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        super().__init__()
        self.each = nn.ModuleList(modules)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(module(x) for module in self.each)


class Does(nn.Module):
    def __init__(self, what: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.what = what

    def forward(self, x: Tensor) -> Tensor:
        return self.what(x)


def held(modules: Sequence[nn.Module], x: Tensor, folder: Path, precision: str) -> list[Tensor]:
    """What the interpreter makes of x by each module, near to what torch does."""
    side = Side(modules).eval()
    program = torch.export.export(side, (x,)).run_decompositions({})
    half = precision == "fp16"
    model = ct.convert(
        program,
        inputs=[ct.TensorType(name="x", shape=tuple(x.shape), dtype=np.float32)],
        outputs=[ct.TensorType(name=f"y{n}", dtype=np.float32) for n in range(len(modules))],
        convert_to="mlprogram",
        minimum_deployment_target=ct.target.iOS16,
        compute_precision=ct.precision.FLOAT16 if half else ct.precision.FLOAT32,
    )
    path = folder / f"{next(numbers)}.mlpackage"
    model.save(str(path))
    opened = MilReferenceModel(path, 1)
    opened.set_inputs([x.numpy()])
    opened.infer()
    found = [torch.from_numpy(each) for each in opened.outputs()]
    with torch.inference_mode():
        for expected, ours in zip(side(x), found, strict=True):
            assert ours.shape == expected.shape
            scale = max(1.0, float(expected.abs().max()))
            assert float((ours - expected).abs().max()) <= BOUNDS[precision] * scale
    return found


convolutions = st.tuples(
    st.sampled_from([1, 3, 5]),
    st.sampled_from([1, 2]),
    st.sampled_from([1, 2]),
    st.sampled_from([1, 2, 8]),
    st.booleans(),
)


@few
@given(
    drawn=st.lists(convolutions, min_size=6, max_size=6),
    side=st.integers(9, 17),
    precision=st.sampled_from(["fp32", "fp16"]),
)
def test_convolutions(
    tmp_path: Path, drawn: list[tuple[int, int, int, int, bool]], side: int, precision: str
) -> None:
    modules = [
        nn.Conv2d(8, 16, k, stride, k // 2, dilation, groups, bias)
        for k, stride, dilation, groups, bias in drawn
    ]
    held(modules, torch.randn(1, 8, side, side + 2), tmp_path, precision)


OPERATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "relu6": F.relu6,
    "hardtanh": lambda x: F.hardtanh(x, -0.5, 2.0),
    "sigmoid": torch.sigmoid,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "silu": F.silu,
    "gelu": F.gelu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.1),
    "elu": F.elu,
    "tanh": torch.tanh,
    "softmax": lambda x: torch.softmax(x, dim=1),
    "mean": lambda x: x.mean(dim=(2, 3), keepdim=True),
    "add": lambda x: x + 0.5 * x,
    "mul": lambda x: x * x.mean(dim=(2, 3), keepdim=True),
    "sub": lambda x: x - 2.0,
    "div": lambda x: x / 3.0,
    "cat": lambda x: torch.cat([x, -x], dim=1),
    "cat with a constant": lambda x: torch.cat([x, torch.full((1, 1, 6, 8), 0.25)], dim=1),
    "pad": lambda x: F.pad(x, (0, 1, 2, 3), value=0.25),
    "max_pool": lambda x: F.max_pool2d(x, 3, 2, 1),
    "avg_pool": lambda x: F.avg_pool2d(x, 2, 2),
    "permute": lambda x: x.permute(0, 2, 3, 1),
    "reshape": lambda x: x.reshape(1, -1),
    "nearest": lambda x: F.interpolate(x, scale_factor=2, mode="nearest"),
    "doubled": lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False),
    "aligned": lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True),
    "to a size": lambda x: F.interpolate(x, size=(9, 13), mode="bilinear", align_corners=False),
}


@pytest.mark.parametrize("precision", BOUNDS)
def test_operators(tmp_path: Path, precision: str) -> None:
    x = torch.linspace(-4, 4, 3 * 6 * 8).reshape(1, 3, 6, 8)
    held([Does(what) for what in OPERATIONS.values()], x, tmp_path, precision)


def test_each_value_is_rounded_where_the_program_says_fp16(tmp_path: Path) -> None:
    """2049 lies between two halves, and so does 17.0003."""
    x = torch.tensor([[[[2049.0, 1.0003]]]])
    (found,) = held([Does(lambda x: x + 16.0)], x, tmp_path, "fp16")
    assert found.flatten().tolist() == [2064.0, 17.0]


# The examples that Apple's text gives for [0, 1] (iOS15/image_resizing.py), to two digits.
GRIDS = {
    ("UNALIGN_CORNERS", 5): [0.0, 0.1, 0.5, 0.9, 1.0],
    ("STRICT_ALIGN_CORNERS", 5): [0.0, 0.25, 0.5, 0.75, 1.0],
    ("ALIGN_CORNERS", 5): [0.0, 0.25, 0.5, 0.75, 1.0],
    ("DEFAULT", 5): [0.0, 0.4, 0.8, 1.0, 1.0],
    ("OFFSET_CORNERS", 5): [0.1, 0.3, 0.5, 0.7, 0.9],
    ("UNALIGN_CORNERS", 6): [0.0, 0.0, 0.33, 0.67, 1.0, 1.0],
    ("DEFAULT", 6): [0.0, 0.33, 0.67, 1.0, 1.0, 1.0],
    ("OFFSET_CORNERS", 6): [0.08, 0.25, 0.42, 0.58, 0.75, 0.92],
}


@pytest.mark.parametrize(("mode", "wanted"), GRIDS)
def test_sampling_modes_are_those_of_apples_examples(mode: str, wanted: int) -> None:
    line = torch.tensor([[[[0.0, 1.0]]]])
    found = resized(line, 1, wanted, mode)[0, 0, 0].tolist()
    assert found == pytest.approx(GRIDS[mode, wanted], abs=0.005)


ELEMENTWISE = ("add", "sub", "mul", "real_div", "maximum", "minimum", "pow")


@pytest.mark.parametrize("kind", [*ELEMENTWISE, "abs", "exp", "sqrt", "square", "erf", "tanh"])
def test_coremltools_own_inference_agrees(kind: str) -> None:
    from coremltools.converters.mil import Builder as mb

    x = np.array([[0.5, 2.0, 3.25]], np.float32)
    y = np.array([[1.5], [0.75]], np.float32)
    taken: dict[str, np.ndarray] = {"x": x, "y": y} if kind in ELEMENTWISE else {"x": x}

    @mb.program(input_specs=[mb.TensorSpec(shape=(1,))])  # type: ignore[untyped-decorator]
    def program(unused: object) -> object:
        return getattr(mb, kind)(**taken)

    (found,) = (op for op in program.functions["main"].operations if op.op_type == kind)
    ours = OPERATORS[kind].compute({name: torch.from_numpy(v) for name, v in taken.items()})
    np.testing.assert_allclose(ours.numpy(), found.outputs[0].val, rtol=1e-6)
