"""`grow N pairs uniformly`: attempts, of which the first that find an absent pair count.

All threads make as many attempts as pairs are wanted; one block puts them in order, and makes the few that are missing.
"""

from __future__ import annotations

from plastlang.backends.cfamily.wishes import Growth
from plastlang.backends.cuda.blocks import KernelBlock
from plastlang.backends.cuda.edits import emit_edits
from plastlang.backends.cuda.plan import Shape
from plastlang.ir.nodes import GrowUniform


def emit_grow_uniform(block: KernelBlock, statement: GrowUniform) -> None:
    """Add the kernels of the statement."""
    number = block.unit.owner.number
    outer = block.frame()
    wanted = outer.text(statement.count)
    outer.scope.lines += [
        f"const int32_t wanted = {wanted};",
        "const int64_t absent = pl_absent(p);",
        "const bool all = wanted >= absent;",
        "const int64_t keys = all ? 0 : (int64_t)wanted + PL_ROUND;",
        f"pl_work_begin(m, p, pl_kernel, {number}, all ? absent : wanted, all ? 0 : (int64_t)sizeof(int32_t), "
        "keys, 0);",
    ]
    block.kernel(outer.scope.text(), Shape.SPREAD)
    counter = f"pl_counter({statement.purpose}u, 0u, {block.repeat})"
    block.kernel([f"pl_grow_attempts(m, p, {counter});"], Shape.SPREAD)
    draw = ["__shared__ int32_t counts[32];", f"pl_grow_uniformly(m, p, {counter}, counts);"]
    block.kernel(draw, Shape.BLOCK)
    emit_edits(block, [Growth(statement.init, {})])
