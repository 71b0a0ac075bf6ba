"""Blocks that run for all instances: `each step`, `every`, signals and stepped variables of projections.

Statements of one site that follow one another share a loop: each instance sees its own site, the two neurons, and the
globals, none of which such a loop writes for another instance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import Column, ProjectionLayout, Scratch
from plastlang.backends.cfamily.printer import comment, indent
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.backends.cfamily.unit import Unit, line_of, outliving
from plastlang.ir.nodes import (
    Assign,
    GrowMatched,
    GrowRanked,
    GrowUniform,
    If,
    Let,
    PostSpike,
    PruneRanked,
    PruneWhere,
    Read,
    Reduce,
    Sample,
    Stmt,
)
from plastlang.ir.types import Site
from plastlang.ir.walk import all_expressions, statements, walk

Structural = PruneWhere | PruneRanked | GrowUniform | GrowRanked | GrowMatched | Sample | Reduce
#: Emits a structural statement, or a reduction, into the block: (unit, statement, frame of the block, lines).
EmitStructure = Callable[[Unit, Structural, Frame], None]


def touched_later(owner: ProjectionLayout) -> frozenset[str]:
    """Synapse variables that deferred post spikes read or write."""
    if owner.schedule.post != "deferred":
        return frozenset()
    post = [s for b in owner.owner.blocks if isinstance(b.trigger, PostSpike) for s in b.body]
    edge = [s for s in post if s.site in (Site.SYNAPSE, Site.PAIR)]
    names = {s.name for s in statements(edge) if isinstance(s, Assign)}
    names |= {n.name for x in all_expressions(edge) for n in walk(x) if isinstance(n, Read) and n.site is Site.SYNAPSE}
    for group in owner.owner.lazy:
        if names.intersection(group.names):
            names.update(group.names)
    return frozenset(names)


def looks_at_all(statement: Stmt) -> bool:
    """Whether a statement of another site goes through all synapses."""
    return isinstance(statement, PruneWhere | PruneRanked) or (
        isinstance(statement, Reduce) and statement.over is Site.SYNAPSE
    )


def touches(body: list[Stmt] | tuple[Stmt, ...], names: frozenset[str]) -> bool:
    """Whether statements read or write one of the synapse variables."""
    if any(isinstance(s, Assign) and s.name in names for s in statements(body)):
        return True
    return any(isinstance(n, Read) and n.name in names for x in all_expressions(body) for n in walk(x))


class BlockEmitter:
    """Emits the statements of one block into a function."""

    def __init__(self, unit: Unit, frame: Frame, structure: EmitStructure, upto: str):
        self.unit, self.frame, self.structure, self.upto = unit, frame, structure, upto

    def run(self, body: tuple[Stmt, ...]) -> None:
        """Emit all statements."""
        groups = _groups(body)
        lasting = outliving(body, groups)
        for group in groups:
            self._group(group, lasting)

    def _group(self, group: list[Stmt], lasting: set[str]) -> None:
        first = group[0]
        owner = self.unit.owner
        if isinstance(owner, ProjectionLayout) and first.site is Site.SYNAPSE and touches(group, touched_later(owner)):
            self.frame.lines.append(f"{self.unit.prefix}_flush(m, {self.upto});")
        if where := line_of(first.span):
            self.frame.lines.append(comment(where))
        if isinstance(first, Structural):
            if looks_at_all(first) and isinstance(owner, ProjectionLayout) and touches(group, touched_later(owner)):
                self.frame.lines.append(f"{self.unit.prefix}_flush(m, {self.upto});")
            self.structure(self.unit, first, self.frame)
        elif first.site is Site.GLOBAL:
            for statement in group:
                self._global(statement, lasting)
        else:
            self._loop(group, lasting)

    def _global(self, statement: Stmt, lasting: set[str]) -> None:
        if isinstance(statement, If) and any(isinstance(s, Structural) for s in statements((statement,))):
            frame = self.frame
            frame.lines.append(f"if ({frame.text(statement.condition)}) {{")
            for body, closing in ((statement.then, "} else {"), (statement.otherwise, "}")):
                inside = replace(frame, lines=[], locals=dict(frame.locals))
                BlockEmitter(self.unit, inside, self.structure, self.upto).run(body)
                frame.lines += [*indent(inside.lines), closing]
        else:
            self.frame.run(statement)

    def _loop(self, group: list[Stmt], lasting: set[str]) -> None:
        site = Site.SYNAPSE if group[0].site is Site.PAIR else group[0].site
        new: dict[str, Value] = {}

        def body(scope: Scope, inner: Frame) -> None:
            for statement in group:
                inner.run(statement)
                if isinstance(statement, Let) and statement.name in lasting:
                    new[statement.name] = self._keep(statement, site, inner)

        self.frame.lines += self.unit.loop(site, body, self.frame, simd=True)
        self.frame.locals.update(new)

    def _keep(self, let: Let, site: Site, inner: Frame) -> Value:
        """Store the value of a `let` for the loops that come after."""
        owner, type_ = self.unit.owner, self.unit.dialect.type(let.value.type)
        if site is Site.SYNAPSE:
            assert isinstance(owner, ProjectionLayout)
            owner.columns.append(Column("let", f"{let.name}.{len(owner.columns)}", let.value.type))
            place = f"(({type_} *)(void *)p->rows.column[{len(owner.columns) - 1}])"
        else:
            owner.scratch.append(Scratch(site, let.value.type))
            place = f"(({type_} *)p->scratch[{len(owner.scratch) - 1}])"
        inner.lines.append(f"{place}[{inner.at(site)}] = {inner.locals[let.name].text};")
        return Value(place, let.value.type, site, indexed=True)


def _groups(body: tuple[Stmt, ...]) -> list[list[Stmt]]:
    """Statements that may share a loop."""
    groups: list[list[Stmt]] = []
    for statement in body:
        site = Site.SYNAPSE if statement.site is Site.PAIR else statement.site
        alone = isinstance(statement, Structural)
        if groups and not alone and not isinstance(groups[-1][0], Structural):
            last = Site.SYNAPSE if groups[-1][0].site is Site.PAIR else groups[-1][0].site
            if last is site:
                groups[-1].append(statement)
                continue
        groups.append([statement])
    return groups
