"""Structural statements, and the index of synapses, as kernels."""

from __future__ import annotations

from plastlang.backends.cuda.blocks import KernelBlock, Structural
from plastlang.backends.cuda.kernels import CudaUnit
from plastlang.backends.cuda.plan import Launches
from plastlang.diagnostics import Diagnostic, PlastError


def emit_structure(block: KernelBlock, statement: Structural) -> None:
    """Add the kernels of a structural statement to a block (`KernelBlock.kernel`); its count is kept (`keep`)."""
    raise PlastError((Diagnostic("P800", "structural statements do not run on cuda yet", statement.span),))


def emit_index(unit: CudaUnit) -> Launches:
    """Kernels that follow a change of `rows` by the host (`Plan.index`)."""
    return ()
