"""Every operator that the interpreter knows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zoo.mil.arithmetic import ARITHMETIC
from zoo.mil.convolution import CONVOLUTION
from zoo.mil.operation import Operator
from zoo.mil.resizing import RESIZING
from zoo.mil.shapes import SHAPES

OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {**ARITHMETIC, **CONVOLUTION, **RESIZING, **SHAPES}
)
# Compressed weights: coremltools' own code makes dense ones of them.
CONSTANTS = (
    "const",
    "constexpr_affine_dequantize",
    "constexpr_lut_to_dense",
    "constexpr_cast",
    "constexpr_blockwise_shift_scale",
    "constexpr_sparse_to_dense",
)
