"""Calls of an owner's functions within a step."""

from __future__ import annotations

from plastlang.backends.c.populations import mark_rate
from plastlang.backends.cfamily.layout import PopulationLayout
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.nodes import Block, EachStep
from plastlang.ir.types import Site


def advance(unit: Unit) -> str:
    """The step of a population: by several threads unless it also writes values of the whole population."""
    size = f"m->populations[{unit.owner.number}].size"
    if any(s.site is Site.GLOBAL for s in unit.owner.owner.step) or mark_rate(unit, unit.owner.owner.step):
        return f"{unit.prefix}_step(m, step, 0, {size});"
    return f"pl_parallel(m, {unit.prefix}_step, step, {size}, PL_BLOCK, {size});"


def has(unit: Unit, kind: type) -> bool:
    return any(isinstance(b.trigger, kind) and b.body for b in unit.owner.owner.blocks)


def call_block(unit: Unit, number: int, block: Block) -> list[str]:
    call = f"{unit.prefix}_block{number}(m, step);"
    if isinstance(block.trigger, EachStep):
        return [call]
    kind = "populations" if isinstance(unit.owner, PopulationLayout) else "projections"
    period = f"m->{kind}[{unit.owner.number}].periods[{number}]"
    return [f"if ((step + 1) % {period} == 0) {{", f"    {call}", "}"]
