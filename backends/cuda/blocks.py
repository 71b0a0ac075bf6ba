"""Statements as kernels: those of one site that stand together share one, and what outlives it is kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from plastlang.backends.cfamily.frame import Frame
from plastlang.backends.cfamily.layout import Column, PopulationLayout, ProjectionLayout, Scratch
from plastlang.backends.cfamily.scope import Scope, Value
from plastlang.backends.cfamily.unit import line_of, outliving
from plastlang.backends.cuda.aggregates import COUNTS, Reduction, part
from plastlang.backends.cuda.idle import forget, look_lines, place, row_lines, wild_lines
from plastlang.backends.cuda.kernels import CudaUnit
from plastlang.backends.cuda.plan import Launch, Networks, Shape
from plastlang.backends.cuda.quantiles import by_row, of_all
from plastlang.backends.cuda.uses import of_block
from plastlang.ir.idle import idle, resting
from plastlang.ir.nodes import (
    Assign,
    GrowMatched,
    GrowRanked,
    GrowUniform,
    If,
    Let,
    PruneRanked,
    PruneWhere,
    Read,
    Reduce,
    Renewal,
    Sample,
    Stmt,
)
from plastlang.ir.sharing import Sharing
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import all_expressions, statements, walk

Structural = PruneWhere | PruneRanked | GrowUniform | GrowRanked | GrowMatched | Sample
#: The threads that a group of statements of a site gets.
SHAPES = {
    Site.GLOBAL: (Shape.ONE, Site.GLOBAL), Site.NEURON: (Shape.EACH, Site.NEURON), Site.PRE: (Shape.EACH, Site.PRE),
    Site.POST: (Shape.EACH, Site.POST), Site.SYNAPSE: (Shape.WARPS, Site.PRE),
}  # fmt: skip


@dataclass(slots=True)
class KernelBlock:
    """The kernels of one block, in order.

    Attributes:
        unit: whose block it is.
        name: what the names of its kernels begin with.
        structure: emits a structural statement: adds its kernels with `kernel`, its count to `locals`.
        head: lines after the beginning of every kernel: conditions under which there is nothing to do.
        now: inside a step; otherwise `@before` means now.
        repeat: the last part of draws' counters.
        locals: names bound so far that later kernels may use; their text reads memory.
        outer: of these, in a batch, names of values that each network has for itself.
        every: the number of a block that runs in some steps.
        in_steps: runs in every step, so that rows in which nothing happens are known.
        done: statements of the block that stand before those to be emitted.
    """

    unit: CudaUnit
    name: str
    structure: EmitStructure
    head: tuple[str, ...] = ()
    now: bool = True
    repeat: str = "0u"
    locals: dict[str, Value] = field(default_factory=dict)
    outer: frozenset[str] = frozenset()
    every: int | None = None
    in_steps: bool = False
    done: list[Stmt] = field(default_factory=list)
    launches: list[Launch] = field(default_factory=list)

    # ------------------------------------------------------------ kernels

    def frame(self) -> Frame:
        """What all instances of a new kernel share: a frame at GLOBAL with a scope of its own."""
        scope = Scope()
        return self.unit.frame(
            scope, scope.lines, Site.GLOBAL, now=self.now, repeat=self.repeat, locals=dict(self.locals)
        )  # fmt: skip

    def kernel(
        self, body: list[str], shape: Shape, site: Site = Site.GLOBAL, about: str = "",
        networks: Networks = Networks.ONCE,
    ) -> Launch:  # fmt: skip
        """Add a kernel to the block. `body` sees `m`, `p`, `step` and `pl_kernel`, the number of the kernel."""
        name = f"{self.name}_{len(self.launches)}"
        uses = of_block(self.unit)
        launch = self.unit.kernel(name, [*self.head, *body], shape, site, about, networks=networks, uses=uses)
        if self.every is not None:
            launch = replace(launch, every=frozenset({(launch.owner, self.every)}))
        self.launches.append(launch)
        return launch

    # ------------------------------------------------------------ statements

    def run(self, body: Sequence[Stmt]) -> None:
        """Emit all statements."""
        unit, sharing = self.unit, self.unit.sharing
        lets = sharing.own_lets(tuple(body), self.outer) if unit.layout.batched else self.outer

        def own(statement: Stmt) -> bool:
            return unit.layout.batched and sharing.is_own(statement, lets)

        def apart(before: list[Stmt], statement: Stmt) -> bool:
            return own(before[0]) != own(statement) or (own(statement) and meet(sharing, before, (statement,)))

        groups = grouped(body, apart)
        lasting = outliving(tuple(body), groups)
        for group in groups:
            first = group[0]
            if isinstance(first, Structural):
                self._structural(first)
            elif isinstance(first, Reduce):
                self._reduce(first, own(first))
            elif isinstance(first, If) and is_structural(first):
                self._branch(first, lets)
            else:
                self._group(group, lasting, own(first))
            self.done += group

    def forget(self, body: Sequence[Stmt]) -> None:
        """After a block that comes now and then: rows that were at rest may not be any more."""
        if lines := forget(self.unit, body):
            networks = Networks.EACH if self.unit.layout.batched else Networks.ONCE
            self.kernel(lines, Shape.EACH, Site.PRE, networks=networks)

    def _structural(self, statement: Structural) -> None:
        """What all networks share; later statements of each network may use what it leaves."""
        owner, before = self.unit.owner, len(self.unit.owner.scratch)
        self.structure(self, statement)
        owner.scratch[before:] = [replace(s, own=False) for s in owner.scratch[before:]]
        if self.unit.layout.batched:
            self.kernel(batch_view(self.unit), Shape.ONE)

    def _group(self, group: list[Stmt], lasting: set[str], own: bool) -> None:
        site = site_of(group[0])
        row = self._row(group, lasting, own)
        outer = self.frame()
        new: dict[str, Value] = {}

        def body(inner: Frame) -> None:
            new.update(run_keeping(self.unit, inner, group, lasting, site, own or not self.unit.layout.batched))

        lines = self.unit.over(site, body, outer, row)
        if lines:
            marks = marks_rate(self.unit, group)
            outer.scope.lines += lines if marks and not own and self.unit.layout.batched else [*lines, *marks]
            text, networks = outer.scope.text(), self.unit.among(group) if own else Networks.ONCE
            if networks is Networks.ORDER:
                # every thread has the same instances in all networks, so that one goes through them in their order
                text, networks = self.unit.each_network(text), Networks.ONCE
            elif marks and not own and self.unit.layout.batched:
                text += self.unit.each_network(marks)
            self.kernel(text, *SHAPES[site], about=line_of(group[0].span), networks=networks)
        self.locals.update(new)

    def _row(self, group: list[Stmt], lasting: set[str], own: bool) -> list[str]:
        """What a walk in every step does first in each row; kernels before it find where it does nothing."""
        unit, owner = self.unit, self.unit.owner
        synaptic = self.in_steps and site_of(group[0]) is Site.SYNAPSE
        if not synaptic or not isinstance(owner, ProjectionLayout) or place(owner) is None:
            return []
        kept = any(isinstance(s, Let) and s.name in lasting for s in group)
        nothing = None if kept else idle(owner.owner, tuple(group), tuple(self.done))
        if nothing is not None:
            networks = Networks.EACH if own else Networks.ONCE
            for find, shape, site in (
                (wild_lines, Shape.EACH, Site.POST), (look_lines, Shape.WARPS, Site.PRE),
            ):  # fmt: skip
                outer = self.frame()
                outer.scope.lines += find(unit, nothing, outer)
                if outer.scope.lines:
                    self.kernel(outer.scope.text(), shape, site, "rows at rest", networks)
        rest = resting(owner.owner)
        moves = any(isinstance(s, Assign) and s.name in rest for s in statements(group))
        return row_lines(unit, nothing, moves)

    def _reduce(self, statement: Reduce, own: bool) -> None:
        over = statement.over
        networks = Networks.EACH if own else Networks.ONCE
        result = kept(
            self.unit, statement.name, statement.type, statement.site, own or not self.unit.layout.batched
        )  # fmt: skip
        if statement.kind == "quantile":
            every = statement.site is Site.GLOBAL
            outer = self.frame()
            outer.scope.lines += (of_all if every else by_row)(self.unit, statement, outer, result)
            shape = Shape.BLOCK if every else Shape.WARPS
            launch = self.kernel(outer.scope.text(), shape, statement.site, line_of(statement.span), networks)
            if every:  # the block is all there may be
                self.launches[-1] = replace(launch, apart=True, sequence=launch.kernel)
            self.locals[statement.name] = result
            return
        reduction = Reduction(self.unit, statement)
        if statement.site is not Site.GLOBAL:
            self._reduced(statement, networks, reduction.by_row, statement.site, result)
        else:
            count, values = COUNTS.get(over, "p->rows.total"), None
            if over is Site.SYNAPSE:
                # the sum over a projection is that of its rows
                over, values = Site.PRE, part(self.unit, Site.PRE, reduction.sum)
                self._reduced(statement, networks, reduction.by_row, over, values)
            runs = part(self.unit, over, reduction.sum)
            self._reduced(statement, networks, reduction.by_run, over, values, runs, shape=Shape.EACH)
            self.kernel(reduction.total(over, runs, result, count), Shape.ONE, networks=networks)
        self.locals[statement.name] = result

    def _reduced(
        self, statement: Reduce, networks: Networks, emit: Callable[..., list[str]], site: Site, *places: object,
        shape: Shape = Shape.WARPS,
    ) -> None:  # fmt: skip
        outer = self.frame()
        outer.scope.lines += emit(outer, site, *places)
        self.kernel(outer.scope.text(), shape, site, line_of(statement.span), networks)

    def _branch(self, statement: If, lets: frozenset[str]) -> None:
        """Kernels that look at a condition found before."""
        condition = kept(self.unit, "condition", Type.BOOL, Site.GLOBAL, own=False).text
        outer = self.frame()

        def body(inner: Frame) -> None:
            inner.lines.append(f"{condition} = {inner.text(statement.condition)};")

        outer.scope.lines += self.unit.over(Site.GLOBAL, body, outer)
        self.kernel(outer.scope.text(), Shape.ONE, about=line_of(statement.span))
        for branch, test in ((statement.then, f"!{condition}"), (statement.otherwise, condition)):
            if branch:
                inside = replace(self, head=(*self.head, f"if ({test}) {{", "    return;", "}"))
                inside.locals, inside.outer = dict(self.locals), lets
                inside.run(branch)


#: Emits a structural statement of a block.
EmitStructure = Callable[[KernelBlock, Structural], None]


def site_of(statement: Stmt) -> Site:
    """The site whose instances a statement runs for: those of pairs are synapses."""
    return Site.SYNAPSE if statement.site is Site.PAIR else statement.site


def is_structural(statement: Stmt) -> bool:
    """Whether the statement changes the structure, or one inside it."""
    return any(isinstance(s, Structural) for s in statements((statement,)))


def _alone(statement: Stmt) -> bool:
    return isinstance(statement, Reduce) or is_structural(statement)


def meet(sharing: Sharing, before: Sequence[Stmt], after: Sequence[Stmt]) -> bool:
    """Whether statements must wait until all networks are done with those before, because of what they share."""
    first, second = sharing.writes_shared(before), sharing.writes_shared(after)
    return bool(first & (second | _reads(after)) or second & _reads(before))


def _reads(body: Sequence[Stmt]) -> frozenset[str]:
    return frozenset(n.name for x in all_expressions(body) for n in walk(x) if isinstance(n, Read) and not n.of)


def _never(before: list[Stmt], statement: Stmt) -> bool:
    return False


def grouped(body: Sequence[Stmt], apart: Callable[[list[Stmt], Stmt], bool] = _never) -> list[list[Stmt]]:
    """Statements that may share a kernel; `apart`: whether a statement may not stand with those before it."""
    groups: list[list[Stmt]] = []
    for statement in body:
        last = groups[-1][0] if groups else None
        if (
            last is None or _alone(last) or _alone(statement) or site_of(last) is not site_of(statement)
            or apart(groups[-1], statement)
        ):  # fmt: skip
            groups.append([statement])
        else:
            groups[-1].append(statement)
    return groups


def kept(unit: CudaUnit, name: str, type_: Type, site: Site, own: bool = True) -> Value:
    """Memory for one value of each instance of a site; `own`: in a batch, of each network."""
    owner, text = unit.owner, unit.dialect.type(type_)
    if site is Site.SYNAPSE:
        assert isinstance(owner, ProjectionLayout)
        owner.columns.append(Column("let", f"{name}.{len(owner.columns)}", type_, own))
        return Value(f"(({text} *)p->rows.column[{len(owner.columns) - 1}])", type_, site, indexed=True)
    owner.scratch.append(Scratch(site, type_, own))
    place = f"(({text} *)p->scratch[{len(owner.scratch) - 1}])"
    if site is Site.GLOBAL:
        return Value(f"{place}[0]", type_, site)
    return Value(place, type_, site, indexed=True)


def batch_view(unit: CudaUnit) -> list[str]:
    """In a batch: the other networks count synapses as the first does."""
    return ["if (pl_thread() == 0) {", f"    pl_batch_view(m, {unit.owner.number});", "}"]


def run_keeping(
    unit: CudaUnit, frame: Frame, group: Sequence[Stmt], lasting: set[str], site: Site, own: bool = True
) -> dict[str, Value]:  # fmt: skip
    """Run statements of one instance; names that are used in other kernels are kept."""
    new: dict[str, Value] = {}
    for statement in group:
        frame.run(statement)
        if isinstance(statement, Let) and statement.name in lasting:
            value = kept(unit, statement.name, statement.value.type, site, own)
            at = f"[{frame.at(site)}]" if value.indexed else ""
            frame.lines.append(f"{value.text}{at} = {frame.locals[statement.name].text};")
            new[statement.name] = value
    return new


def marks_rate(unit: CudaUnit, body: Sequence[Stmt]) -> list[str]:
    """The rates of a Renewal are taken anew after statements that write what they depend on."""
    spiking = unit.owner.owner.spiking if isinstance(unit.owner, PopulationLayout) else None
    if not isinstance(spiking, Renewal):
        return []
    if not any(isinstance(s, Assign) and s.name in spiking.depends for s in statements(body)):
        return []
    return ["if (pl_thread() == 0) {", "    p->redraw = 1;", "}"]
