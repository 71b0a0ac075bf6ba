"""A new synapse, in one network or in all of a batch."""

from __future__ import annotations

from plastlang.backends.c.batch import call_each, each_network
from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import ProjectionLayout, Scratch
from plastlang.backends.cfamily.printer import indent
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.nodes import (
    Assign,
    Let,
    Stmt,
)
from plastlang.ir.types import Site


def make(unit: Unit, frame: Frame, body: tuple[Stmt, ...], known: dict[str, Value]) -> list[str]:
    """Lines that make the synapse (i, j) and run the body of its grow."""
    owner = unit.owner
    assert isinstance(owner, ProjectionLayout)
    lines = []
    if owner.schedule.post == "deferred":
        lines += everywhere(unit, f"{unit.prefix}_flush_row", f"i, {upto(frame)}")
    lines += ["const int64_t s = pl_synapse_new(p, i, j);", "if (s < 0) {", "    pl_no_memory(m);", "    return;", "}"]
    if unit.layout.batched:
        lines.append(f"pl_batch_grown(m, {owner.number});")
    lines += everywhere(unit, f"{unit.prefix}_start", f"i, j, s, step, {frame.repeat}")
    if body and unit.layout.batched:
        lines += _make_in_batch(unit, frame, body, known)
    elif body:
        scope = Scope(numbers=frame.scope.numbers)
        new = unit.frame(
            scope, scope.lines, Site.SYNAPSE, now=frame.now, repeat=frame.repeat, locals={**frame.locals, **known}
        )
        for statement in body:
            new.run(statement)
        lines += ["{", *indent(scope.text()), "}"]
    return lines


def everywhere(unit: Unit, function: str, arguments: str) -> list[str]:
    """A call in every network there is."""
    return call_each(f"{function}(n, {arguments});") if unit.layout.batched else [f"{function}(m, {arguments});"]


def _make_in_batch(unit: Unit, frame: Frame, body: tuple[Stmt, ...], known: dict[str, Value]) -> list[str]:
    """The body of a grow: in each network, but for what they share."""
    owner, lines = unit.owner, list[str]()
    names = {**frame.locals, **known}
    shared = unit.layout.sharing[owner.owner.name].shared
    for statement in body:
        scope = Scope(numbers=frame.scope.numbers)
        new = unit.frame(scope, scope.lines, Site.SYNAPSE, now=frame.now, repeat=frame.repeat, locals=dict(names))
        new.run(statement)
        if isinstance(statement, Let):
            type_ = unit.dialect.type(statement.value.type)
            owner.scratch.append(Scratch(Site.GLOBAL, statement.value.type))
            place = f"(({type_} *)p->scratch[{len(owner.scratch) - 1}])[0]"
            scope.lines.append(f"{place} = {new.locals[statement.name].text};")
            names[statement.name] = Value(place, statement.value.type, Site.SYNAPSE)
        if isinstance(statement, Assign) and statement.name in shared:
            lines += ["{", *indent(scope.text()), "}"]
        else:
            lines += each_network(unit, scope.text())
    return lines


def upto(frame: Frame) -> str:
    """Post spikes before this step have happened: in a block those of this step too."""
    return "step + 1" if frame.now else "step"
