"""`prune where`: a flag for each synapse, then all rows close up."""

from __future__ import annotations

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import ProjectionLayout
from plastlang.backends.cuda.blocks import SHAPES, KernelBlock, kept
from plastlang.backends.cuda.plan import Shape
from plastlang.ir.nodes import PruneWhere
from plastlang.ir.types import Site, Type


def emit_prune_where(block: KernelBlock, statement: PruneWhere) -> None:
    """Add the kernels of the statement, and keep its count."""
    unit = block.unit
    assert isinstance(unit.owner, ProjectionLayout)
    outer = block.frame()

    def body(inner: Frame) -> None:
        inner.lines.append(f"((uint8_t *)p->work)[s] = {inner.text(statement.condition)};")

    flag = unit.over(Site.SYNAPSE, body, outer)
    removed = kept(unit, "removed", Type.INT, Site.GLOBAL)
    outer.scope.lines += [
        f"if (!pl_flags_room(m, p, pl_kernel, {unit.owner.number})) {{",
        "    return;",
        "}",
        "if (pl_thread() == 0) {",
        f"    {removed.text} = 0;",
        "}",
        *flag,
    ]
    block.kernel(outer.scope.text(), *SHAPES[Site.SYNAPSE])
    if unit.owner.incoming:
        block.kernel(["pl_flags_index(p);"], Shape.WARPS, Site.POST)
    block.kernel([f"pl_prune(p, &{removed.text});"], Shape.WARPS, Site.PRE)
    if statement.bind:
        block.locals[statement.bind] = removed
