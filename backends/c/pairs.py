"""Constants of pairs that are drawn, such as the signs of DEEP R: kept beside the synapses that use them."""

from __future__ import annotations

from plastlang.backends.c.binding import COLUMNS
from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import Column, ProjectionLayout, has_draw
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope
from plastlang.backends.cfamily.unit import Unit, around
from plastlang.ir.nodes import Binary, Call, Cast, Const, Draw, Expr, Projection, Read, Sample, Select, Unary
from plastlang.ir.types import Site
from plastlang.ir.walk import all_expressions, walk

#: Columns that are left for names of blocks.
_LEFT = 8


def keep_pairs(owner: ProjectionLayout) -> None:
    """Give the constants that blocks read at synapses a column each, as far as there is room."""
    for variable in owner.owner.variables:
        drawn = variable.site is Site.PAIR and has_draw(variable.init) and _is_fixed(variable.init)
        if drawn and _is_read(owner.owner, variable.name) and len(owner.columns) < COLUMNS - _LEFT:
            owner.columns.append(Column("pair", variable.name, variable.type, own=False))


def _is_fixed(expression: Expr) -> bool:
    """Whether a value depends on the pair and the seed alone, and on no parameter that may be changed."""
    return all(isinstance(n, (Const, Draw, Binary, Unary, Call, Cast, Select)) for n in walk(expression))


def _is_read(projection: Projection, name: str) -> bool:
    bodies = (projection.step, *(block.body for block in projection.blocks))
    looked_at = [s for body in bodies for s in body if not isinstance(s, Sample)]
    nodes = (n for x in all_expressions(looked_at) for n in walk(x) if isinstance(n, Read))
    return any(n.site is Site.PAIR and n.name == name for n in nodes)


def pair_lines(owner: ProjectionLayout, frame: Frame) -> list[str]:
    """Lines that compute the constants of the synapse `s`."""
    names = [c.name for c in owner.columns if c.kind == "pair"]
    return [f"{frame.item('pair', name)} = {frame.pair_anew(name)};" for name in names]


def emit_pairs(unit: Unit) -> None:
    """A function that computes the constants of all synapses, after rows were put there as a whole."""
    assert isinstance(unit.owner, ProjectionLayout)
    if not has_pairs(unit.owner):
        return
    scope = Scope()
    frame = unit.frame(scope, [], Site.SYNAPSE, now=False, step="0")
    frame.lines += pair_lines(unit.owner, frame)
    scope.lines = around(Site.SYNAPSE, frame.lines)
    about = f"{unit.owner.owner.name}: constants of pairs"
    unit.function("pairs", "", scope, about=about)


def has_pairs(owner: ProjectionLayout) -> bool:
    """Whether there are such columns."""
    return any(c.kind == "pair" for c in owner.columns)


def first_only(unit: Unit, lines: list[str]) -> list[str]:
    """Lines that one network of a batch runs for all."""
    return ["if (m->number == 0) {", *indent(lines), "}"] if lines and unit.layout.batched else lines
