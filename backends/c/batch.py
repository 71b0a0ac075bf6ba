"""Blocks whose loops threads share, of one network or of a batch: there what happens in each network, what happens once
for all, and what all add to.

Loops are functions of their own, cut by rows or neurons: within each part one network comes after the other, so that a
shared variable takes what is added in the order of the networks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from plastlang.backends.c.idle import emit_tame, row_lines
from plastlang.backends.c.lanes import Lanes, fits
from plastlang.backends.cfamily.blocks import EmitStructure, Structural, looks_at_all, touched_later, touches
from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import Column, ProjectionLayout, Scratch
from plastlang.backends.cfamily.printer import comment, indent
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.backends.cfamily.unit import Unit, line_of, outliving
from plastlang.ir.idle import Idle, idle, resting
from plastlang.ir.nodes import Assign, Expr, If, Let, Read, Reduce, Stmt
from plastlang.ir.sharing import Sharing, addend
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import expressions, statements, walk

#: Rows, or neurons, that one network does before the next one, so that what they share stays in the cache.
_GRAIN = {Site.SYNAPSE: 16}
_NEURONS = 1024


def sharing_of_unit(unit: Unit) -> Sharing:
    """What the networks share of the unit's owner."""
    return unit.layout.sharing[unit.owner.owner.name]


def is_each_alone(unit: Unit, body: tuple[Stmt, ...]) -> bool:
    """Whether the networks run a block independently of one another."""
    sharing = sharing_of_unit(unit)
    lets = sharing.own_lets(body)
    alone = all(sharing.is_own(s, lets) or isinstance(s, Let) for s in body)
    return alone and not sharing.writes_shared(body) and not has_walk(body)


def each_network(unit: Unit, lines: Iterable[str]) -> list[str]:
    """The lines for each network of the batch, as `m` and `p`."""
    return [
        "{",
        "    pl_model *const all = m;",
        "    for (int64_t b = 0; b < all->batch; ++b) {",
        "        pl_model *const m = &all->networks[b];",
        f"        {unit.pointer}",
        "        (void)p;",
        *indent(lines, 2),
        "    }",
        "}",
    ]


def call_each(call: str) -> list[str]:
    """A call for each network, where `n` stands for it."""
    return [
        "for (int64_t b = 0; b < m->batch; ++b) {",
        "    pl_model *const n = &m->networks[b];",
        f"    {call}",
        "}",
    ]


@dataclass(frozen=True, slots=True)
class _Group:
    """Statements that share a loop; `own`: in each network."""

    own: bool
    site: Site
    body: list[Stmt]


def has_walk(body: tuple[Stmt, ...]) -> bool:
    """Whether statements go through all synapses."""
    return any(s.site in (Site.SYNAPSE, Site.PAIR) and not isinstance(s, Structural) for s in body)


class BatchEmitter:
    """Emits the statements of one block into a function that runs for one network, or for the whole batch."""

    def __init__(
        self, unit: Unit, frame: Frame, structure: EmitStructure, upto: str, name: str,
        outer: frozenset[str] = frozenset(), number: list[int] | None = None, in_steps: bool = False,
    ):  # fmt: skip
        self.in_steps = in_steps
        self.done: list[Stmt] = []
        self.unit, self.frame, self.structure, self.upto, self.name = unit, frame, structure, upto, name
        self.outer = outer
        self.number = [0] if number is None else number
        self.sharing = sharing_of_unit(unit)

    def arguments(self, values: Mapping[str, str]) -> None:
        """Keep the arguments of a signal where all networks find them."""
        for name, text in values.items():
            self.frame.locals[name] = Value(text, Type.REAL, Site.GLOBAL)
            self._keep_global(name, self.frame, own=False)

    def run(self, body: tuple[Stmt, ...]) -> None:
        """Emit all statements."""
        lets = self.sharing.own_lets(body, self.outer) if self.unit.layout.batched else self.outer
        groups = self._groups(body, lets)
        lasting = outliving(body, [g.body for g in groups])
        for group in groups:
            self._group(group, lasting, lets)
            self.done += group.body

    # ------------------------------------------------------------ groups

    def _groups(self, body: tuple[Stmt, ...], lets: frozenset[str]) -> list[_Group]:
        groups: list[_Group] = []
        for statement in body:
            site = Site.SYNAPSE if statement.site is Site.PAIR else statement.site
            own = self.unit.layout.batched and self.sharing.is_own(statement, lets)
            last = groups[-1] if groups else None
            if last is None or isinstance(statement, Structural) or isinstance(last.body[0], Structural):
                groups.append(_Group(own, site, [statement]))
            elif last.own == own and last.site is site and not (own and self._meet(last.body, statement)):
                last.body.append(statement)
            else:
                groups.append(_Group(own, site, [statement]))
        return groups

    def _meet(self, before: list[Stmt], statement: Stmt) -> bool:
        """Whether a statement must wait until all networks are done with those before, because of what they share."""
        first, second = self.sharing.writes_shared(before), self.sharing.writes_shared((statement,))
        return bool(first & (second | _reads((statement,))) or second & _reads(before))

    def _group(self, group: _Group, lasting: set[str], lets: frozenset[str]) -> None:
        first, owner, lines = group.body[0], self.unit.owner, self.frame.lines
        through_all = group.site is Site.SYNAPSE or looks_at_all(first)
        if through_all and isinstance(owner, ProjectionLayout) and touches(group.body, touched_later(owner)):
            flush = f"{self.unit.prefix}_flush({{}}, {self.upto});"
            lines += call_each(flush.format("n")) if self.unit.layout.batched else [flush.format("m")]
        if where := line_of(first.span):
            lines.append(comment(where))
        if isinstance(first, Structural):
            self._structural(first, group.own)
        elif group.site is Site.GLOBAL:
            for statement in group.body:
                self._global(statement, group.own, lets)
        else:
            self._loop(group, lasting)

    # ------------------------------------------------------------ structure, reductions

    def _structural(self, statement: Structural, own: bool) -> None:
        owner, before = self.unit.owner, len(self.unit.owner.scratch)
        if own:
            assert isinstance(statement, Reduce)
            frame = self._fresh()
            self.structure(self.unit, statement, frame)
            if not frame.locals[statement.name].indexed:
                self._keep_global(statement.name, frame, own=True)
            self.frame.lines += each_network(self.unit, frame.scope.text())
            self.frame.locals[statement.name] = frame.locals[statement.name]
            return
        self.structure(self.unit, statement, self.frame)
        for k in range(before, len(owner.scratch)):
            owner.scratch[k] = replace(owner.scratch[k], own=False)
        name = statement.name if isinstance(statement, Reduce) else getattr(statement, "bind", "")
        if name and not self.frame.locals[name].indexed:
            self._keep_global(name, self.frame, own=False)
        if self.unit.layout.batched and not isinstance(statement, Reduce):
            self.frame.lines.append(f"pl_batch_view(m, {owner.number});")

    # ------------------------------------------------------------ one value for the owner

    def _global(self, statement: Stmt, own: bool, lets: frozenset[str]) -> None:
        frame = self.frame
        if own:
            inner = self._fresh()
            inner.run(statement)
            if isinstance(statement, Let):
                self._keep_global(statement.name, inner, own=True)
                frame.locals[statement.name] = inner.locals[statement.name]
            frame.lines += each_network(self.unit, inner.scope.text())
        elif isinstance(statement, If):
            frame.lines.append(f"if ({frame.text(statement.condition)}) {{")
            for body, closing in ((statement.then, "} else {"), (statement.otherwise, "}")):
                inside = replace(frame, lines=[], locals=dict(frame.locals))
                BatchEmitter(
                    self.unit, inside, self.structure, self.upto, self.name, lets, self.number
                ).run(body)  # fmt: skip
                frame.lines += [*indent(inside.lines), closing]
        else:
            frame.run(statement)
            if isinstance(statement, Let):
                self._keep_global(statement.name, frame, own=False)

    def _fresh(self) -> Frame:
        """A frame for the lines of one network."""
        scope = Scope(numbers=self.frame.scope.numbers)
        known = {k: v for k, v in self.frame.locals.items() if v.indexed}
        frame = self.frame
        return self.unit.frame(
            scope, scope.lines, Site.GLOBAL, now=frame.now, repeat=frame.repeat, step=frame.step, locals=known
        )

    def _keep_global(self, name: str, frame: Frame, own: bool) -> None:
        """Store a GLOBAL value where functions find it."""
        owner, value = self.unit.owner, frame.locals[name]
        owner.scratch.append(Scratch(Site.GLOBAL, value.type, own))
        place = f"(({self.unit.dialect.type(value.type)} *)p->scratch[{len(owner.scratch) - 1}])"
        frame.lines.append(f"{place}[0] = {value.text};")
        frame.locals[name] = Value(place, value.type, Site.GLOBAL, indexed=True)

    # ------------------------------------------------------------ loops

    def _loop(self, group: _Group, lasting: set[str]) -> None:
        unit, site = self.unit, group.site
        outer = self._fresh()
        new: dict[str, Value] = {}
        nothing, moves = self._idle(group, lasting)
        row: list[str] = []

        def body(scope: Scope, inner: Frame) -> None:
            if nothing is not None or moves:
                pre = unit.frame(
                    scope, [], Site.PRE, now=inner.now, repeat=inner.repeat, step=inner.step, locals=inner.locals
                )  # fmt: skip
                row.extend(row_lines(unit, nothing, pre, inner, moves))
            for statement in group.body:
                inner.run(statement)
                if isinstance(statement, Let) and statement.name in lasting:
                    new[statement.name] = self._keep(statement, site, inner, group.own)

        loop = unit.loop(site, body, outer, part=True, row=row, simd=True)
        outer.lines += ["(void)step;", "(void)low;", "(void)high;", *loop]
        self.number[0] += 1
        name = f"{self.name}_part{self.number[0]}"
        arguments = "int32_t step, int32_t low, int32_t high"
        lanes = self._has_lanes(group, lasting)
        if not lanes:
            unit.function(name, arguments, outer.scope)
        if nothing is not None:
            emit_tame(unit, f"{name}_tame", nothing, self._fresh())
            call = f"{unit.prefix}_{name}_tame({{}}, {self.frame.step});"
            self.frame.lines += call_each(call.format("n")) if group.own else [call.format("m")]
        size = {Site.NEURON: "p->size", Site.POST: "p->n_post"}.get(site, "p->n_pre")
        work = "2 * p->rows.total" if site is Site.SYNAPSE else f"2 * (int64_t){size}"
        grain = _GRAIN.get(site, _NEURONS)
        if lanes:
            walk = Lanes(unit, self.sharing, group.body, name, nothing, moves)
            self.frame.lines += walk.emit(self.frame)
            name, work = f"{name}_all", f"{work} * m->batch"
        elif group.own:
            unit.lines += _through_networks(f"{unit.prefix}_{name}", grain)
            name, work = f"{name}_all", f"{work} * m->batch"
        cut = 4 if site is Site.SYNAPSE else "PL_BLOCK"
        self.frame.lines.append(f"pl_parallel(m, {unit.prefix}_{name}, {self.frame.step}, {size}, {cut}, {work});")
        self.frame.locals.update(new)

    def _has_lanes(self, group: _Group, lasting: set[str]) -> bool:
        """Whether a walk is done for all networks at once."""
        owner = self.unit.owner
        if not (self.in_steps and group.own and group.site is Site.SYNAPSE and isinstance(owner, ProjectionLayout)):
            return False
        kept = any(isinstance(s, Let) and s.name in lasting for s in group.body)
        return owner.lanes > 1 and not kept and fits(group.body, self.sharing)

    def _idle(self, group: _Group, lasting: set[str]) -> tuple[Idle | None, bool]:
        """When a walk is nothing in a row, and whether it can take a row out of rest."""
        owner = self.unit.owner
        if not self.in_steps or group.site is not Site.SYNAPSE or not isinstance(owner, ProjectionLayout):
            return None, False
        rest = resting(owner.owner)
        moves = any(isinstance(s, Assign) and s.name in rest for s in statements(group.body))
        kept = any(isinstance(s, Let) and s.name in lasting for s in group.body)
        return None if kept else idle(owner.owner, tuple(group.body), tuple(self.done)), moves

    def _keep(self, let: Let, site: Site, inner: Frame, own: bool) -> Value:
        """Store the value of a `let` for the loops that come after."""
        owner, type_ = self.unit.owner, self.unit.dialect.type(let.value.type)
        if site is Site.SYNAPSE:
            assert isinstance(owner, ProjectionLayout)
            owner.columns.append(Column("let", f"{let.name}.{len(owner.columns)}", let.value.type, own))
            place = f"(({type_} *)(void *)p->rows.column[{len(owner.columns) - 1}])"
        else:
            owner.scratch.append(Scratch(site, let.value.type, own))
            place = f"(({type_} *)p->scratch[{len(owner.scratch) - 1}])"
        inner.lines.append(f"{place}[{inner.at(site)}] = {inner.locals[let.name].text};")
        return Value(place, let.value.type, site, indexed=True)


def _through_networks(part: str, grain: int) -> list[str]:
    """A function that does a part for all networks."""
    return [
        f"PL_PHASE void {part}_all(pl_model *m, int32_t step, int32_t low, int32_t high) {{",
        f"    for (int32_t from = low; from < high; from += {grain}) {{",
        f"        const int32_t to = high - from > {grain} ? from + {grain} : high;",
        "        for (int64_t b = 0; b < m->batch; ++b) {",
        f"            {part}(&m->networks[b], step, from, to);",
        "        }",
        "    }",
        "}",
        "",
    ]


def _reads(body: Iterable[Stmt]) -> frozenset[str]:
    """Own variables of the owner that statements read, but to add to them."""
    found: set[str] = set()
    for statement in statements(body):
        parts: tuple[Expr, ...] = expressions(statement)
        if isinstance(statement, Assign) and (added := addend(statement)) is not None:
            parts = (added,)
        found.update(n.name for x in parts for n in walk(x) if isinstance(n, Read) and not n.of)
    return frozenset(found)
