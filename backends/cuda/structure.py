"""Structural statements, and the index of synapses, as kernels."""

from __future__ import annotations

from typing import assert_never

from plastlang.backends.cfamily.layout import ProjectionLayout
from plastlang.backends.cuda.blocks import KernelBlock, Structural, batch_view
from plastlang.backends.cuda.growing import emit_grow_uniform
from plastlang.backends.cuda.kernels import CudaUnit
from plastlang.backends.cuda.matching import emit_grow_matched
from plastlang.backends.cuda.plan import Launches, Shape
from plastlang.backends.cuda.pruning import emit_prune_where
from plastlang.backends.cuda.ranking import emit_grow_ranked, emit_prune_ranked
from plastlang.backends.cuda.sampling import emit_sample
from plastlang.ir.nodes import GrowMatched, GrowRanked, GrowUniform, PruneRanked, PruneWhere, Sample
from plastlang.ir.types import Site


def emit_structure(block: KernelBlock, statement: Structural) -> None:
    """Add the kernels of a structural statement to a block (`KernelBlock.kernel`); its count is among its locals."""
    match statement:
        case PruneWhere():
            emit_prune_where(block, statement)
        case PruneRanked():
            emit_prune_ranked(block, statement)
        case GrowRanked():
            emit_grow_ranked(block, statement)
        case GrowMatched():
            emit_grow_matched(block, statement)
        case GrowUniform():
            emit_grow_uniform(block, statement)
        case Sample():
            emit_sample(block, statement)
        case _:
            assert_never(statement)


def emit_view(unit: CudaUnit) -> Launches:
    """In a batch: the other networks count synapses as the first does."""
    if not unit.layout.batched:
        return ()
    return (unit.kernel("view", batch_view(unit), Shape.ONE),)


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
