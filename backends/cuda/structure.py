"""Structural statements, and the index of synapses, as kernels."""

from __future__ import annotations

from plastlang.backends.cfamily.layout import ProjectionLayout
from plastlang.backends.cuda.blocks import KernelBlock, Structural
from plastlang.backends.cuda.kernels import CudaUnit
from plastlang.backends.cuda.plan import Launches, Shape
from plastlang.diagnostics import Diagnostic, PlastError
from plastlang.ir.types import Site


def emit_structure(block: KernelBlock, statement: Structural) -> None:
    """Add the kernels of a structural statement to a block (`KernelBlock.kernel`); its count is kept (`keep`)."""
    raise PlastError((Diagnostic("P800", "structural statements do not run on cuda yet", statement.span),))


def emit_index(unit: CudaUnit) -> Launches:
    """Kernels that follow a change of `rows` by the host (`Plan.index`)."""
    owner = unit.owner
    assert isinstance(owner, ProjectionLayout)
    about = f"{owner.owner.name}: the index of synapses"
    clear = unit.kernel("index_clear", ["pl_index_clear(p);"], Shape.EACH, Site.POST, about)
    fill = unit.kernel("index_fill", ["pl_index_fill(p);"], Shape.WARPS, Site.PRE)
    if not owner.incoming:
        return clear, fill
    return clear, fill, unit.kernel("index_sort", ["pl_index_sort(p);"], Shape.WARPS, Site.POST)
