"""Statements as kernels: those of one site that stand together share one, and what outlives it is kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from plastlang.backends.cfamily.frame import Frame, Scope, Value
from plastlang.backends.cfamily.layout import Column, PopulationLayout, ProjectionLayout, Scratch
from plastlang.backends.cfamily.unit import line_of, outliving
from plastlang.backends.cuda.aggregates import COUNTS, Reduction, part
from plastlang.backends.cuda.kernels import CudaUnit
from plastlang.backends.cuda.plan import Launch, Shape
from plastlang.ir.nodes import (
    Assign,
    GrowMatched,
    GrowRanked,
    GrowUniform,
    If,
    Let,
    PruneRanked,
    PruneWhere,
    Reduce,
    Renewal,
    Sample,
    Stmt,
)
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import statements

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
        structure: emits a structural statement: adds its kernels with `kernel`, its count with `keep`.
        head: lines after the beginning of every kernel: conditions under which there is nothing to do.
        now: inside a step; otherwise `@before` means now.
        repeat: the last part of draws' counters.
        locals: names bound so far that later kernels may use; their text reads memory.
    """

    unit: CudaUnit
    name: str
    structure: EmitStructure
    head: tuple[str, ...] = ()
    now: bool = True
    repeat: str = "0u"
    locals: dict[str, Value] = field(default_factory=dict)
    launches: list[Launch] = field(default_factory=list)

    # ------------------------------------------------------------ kernels

    def frame(self) -> Frame:
        """What all instances of a new kernel share: a frame at GLOBAL with a scope of its own."""
        scope = Scope()
        return self.unit.frame(
            scope, scope.lines, Site.GLOBAL, now=self.now, repeat=self.repeat, locals=dict(self.locals)
        )  # fmt: skip

    def kernel(self, body: list[str], shape: Shape, site: Site = Site.GLOBAL, about: str = "") -> Launch:
        """Add a kernel to the block. `body` sees `m`, `p`, `step` and `pl_kernel`, the number of the kernel."""
        name = f"{self.name}_{len(self.launches)}"
        launch = self.unit.kernel(name, [*self.head, *body], shape, site, about)
        self.launches.append(launch)
        return launch

    def keep(self, name: str, type_: Type, site: Site) -> Value:
        """Memory for a name that later kernels use: one value for each instance of the site."""
        value = kept(self.unit, name, type_, site)
        self.locals[name] = value
        return value

    # ------------------------------------------------------------ statements

    def run(self, body: Sequence[Stmt]) -> None:
        """Emit all statements."""
        groups = grouped(body)
        lasting = outliving(tuple(body), groups)
        for group in groups:
            first = group[0]
            if isinstance(first, Structural):
                self.structure(self, first)
            elif isinstance(first, Reduce):
                self._reduce(first)
            elif isinstance(first, If) and is_structural(first):
                self._branch(first)
            else:
                self._group(group, lasting)

    def _group(self, group: list[Stmt], lasting: set[str]) -> None:
        site = site_of(group[0])
        outer = self.frame()
        new: dict[str, Value] = {}

        def body(inner: Frame) -> None:
            new.update(run_keeping(self.unit, inner, group, lasting, site))

        lines = self.unit.over(site, body, outer)
        if lines:
            outer.scope.lines += [*lines, *marks_rate(self.unit, group)]
            self.kernel(outer.scope.text(), *SHAPES[site], about=line_of(group[0].span))
        self.locals.update(new)

    def _reduce(self, statement: Reduce) -> None:
        reduction, over = Reduction(self.unit, statement), statement.over
        result = kept(self.unit, statement.name, statement.type, statement.site)
        if statement.site is not Site.GLOBAL:
            self._reduced(statement, reduction.by_row, statement.site, result)
        else:
            count, values = COUNTS.get(over, "p->rows.total"), None
            if over is Site.SYNAPSE:
                # the sum over a projection is that of its rows
                over, values = Site.PRE, part(self.unit, Site.PRE, reduction.sum)
                self._reduced(statement, reduction.by_row, over, values)
            runs = part(self.unit, over, reduction.sum)
            self._reduced(statement, reduction.by_run, over, values, runs, shape=Shape.EACH)
            self.kernel(reduction.total(over, runs, result, count), Shape.ONE)
        self.locals[statement.name] = result

    def _reduced(
        self, statement: Reduce, emit: Callable[..., list[str]], site: Site, *places: object, shape: Shape = Shape.WARPS
    ) -> None:  # fmt: skip
        outer = self.frame()
        outer.scope.lines += emit(outer, site, *places)
        self.kernel(outer.scope.text(), shape, site, line_of(statement.span))

    def _branch(self, statement: If) -> None:
        """Kernels that look at a condition found before."""
        condition = kept(self.unit, "condition", Type.BOOL, Site.GLOBAL).text
        outer = self.frame()

        def body(inner: Frame) -> None:
            inner.lines.append(f"{condition} = {inner.text(statement.condition)};")

        outer.scope.lines += self.unit.over(Site.GLOBAL, body, outer)
        self.kernel(outer.scope.text(), Shape.ONE, about=line_of(statement.span))
        for branch, test in ((statement.then, f"!{condition}"), (statement.otherwise, condition)):
            if branch:
                inside = replace(self, head=(*self.head, f"if ({test}) {{", "    return;", "}"))
                inside.locals = dict(self.locals)
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


def grouped(body: Sequence[Stmt]) -> list[list[Stmt]]:
    """Statements that may share a kernel."""
    groups: list[list[Stmt]] = []
    for statement in body:
        last = groups[-1][0] if groups else None
        if last is None or _alone(last) or _alone(statement) or site_of(last) is not site_of(statement):
            groups.append([statement])
        else:
            groups[-1].append(statement)
    return groups


def kept(unit: CudaUnit, name: str, type_: Type, site: Site) -> Value:
    """Memory for one value of each instance of a site."""
    owner, text = unit.owner, unit.dialect.type(type_)
    if site is Site.SYNAPSE:
        assert isinstance(owner, ProjectionLayout)
        owner.columns.append(Column("let", f"{name}.{len(owner.columns)}", type_))
        return Value(f"(({text} *)p->rows.column[{len(owner.columns) - 1}])", type_, site, indexed=True)
    owner.scratch.append(Scratch(site, type_))
    place = f"(({text} *)p->scratch[{len(owner.scratch) - 1}])"
    if site is Site.GLOBAL:
        return Value(f"{place}[0]", type_, site)
    return Value(place, type_, site, indexed=True)


def run_keeping(unit: CudaUnit, frame: Frame, group: Sequence[Stmt], lasting: set[str], site: Site) -> dict[str, Value]:
    """Run statements of one instance; names that are used in other kernels are kept."""
    new: dict[str, Value] = {}
    for statement in group:
        frame.run(statement)
        if isinstance(statement, Let) and statement.name in lasting:
            value = kept(unit, statement.name, statement.value.type, site)
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
