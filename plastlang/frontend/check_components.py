"""Neurons and rules: all members of one component, its blocks, and what of it is never used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from plastlang.frontend import ast
from plastlang.frontend.block_context import Context
from plastlang.frontend.builtins import RESERVED
from plastlang.frontend.check_expressions import Elaborator
from plastlang.frontend.check_late import changing_delays, spike_trigger
from plastlang.frontend.check_statements import Statements
from plastlang.frontend.check_use import Uses
from plastlang.frontend.check_values import (
    BrokenName,
    LetName,
    Place,
    Reporter,
    did_you_mean,
)
from plastlang.frontend.check_zeros import report_plain_zeros
from plastlang.frontend.checked import (
    CheckedComponent,
    CheckedConst,
    CheckedFunction,
    CheckedInput,
    CheckedParameter,
    CheckedVariable,
    Dimension,
    NeuronRead,
)
from plastlang.frontend.compose import ordered
from plastlang.frontend.dimensions import TIME, Vector, to_dimension
from plastlang.frontend.divisors import divisors
from plastlang.frontend.limits import durations, finite, limited, limits_of
from plastlang.frontend.spans import head
from plastlang.frontend.units import format_value
from plastlang.ir.delays import is_per_synapse
from plastlang.ir.nodes import (
    Assign,
    Block,
    Builtin,
    Const,
    EachStep,
    Every,
    Expr,
    PostSpike,
    PreSpike,
    Read,
    Renewal,
    Signal,
    Stmt,
    Threshold,
    Trigger,
)
from plastlang.ir.types import Site
from plastlang.ir.walk import expressions, statements, walk

METHODS = ("exponential_euler", "rk4", "euler")
_ALLOWED = {"neuron": ("state", "global"), "rule": ("pre", "post", "synapse", "pair", "global")}


@dataclass(slots=True)
class _Component(Uses):
    """One neuron or rule that is being checked."""

    method: str = ""

    # ------------------------------------------------------------ blocks

    def block(self, node: ast.BlockDeclaration) -> None:
        """`on pre spike`, `each step`, `every T`, `on NAME(...)`."""
        trigger = self._trigger(node)
        if trigger is None:
            return
        late = isinstance(trigger, (PreSpike, PostSpike)) and is_per_synapse(trigger)
        body = self.s.block(node.body, Context(self.kind, node.trigger, late=late), node.arguments)
        self.blocks.append(Block(trigger, body, node.span))

    def _trigger(self, node: ast.BlockDeclaration) -> Trigger | None:
        match node.trigger:
            case "pre spike" | "post spike" if self.kind == "neuron":
                self.reporter.error(
                    "P310",
                    f"`on {node.trigger}` stands in rules only",
                    head(node.span),
                    "in a neuron",
                    "write `spike when ...:` for what a neuron does at its spike",
                )
                return None
            case "pre spike" | "post spike":
                return spike_trigger(self.e, node)
            case "each step":
                return EachStep()
            case "every":
                assert node.period is not None
                period = self.e.real(node.period, Place("the period of `every`", draws=False, state=False), TIME)
                if period is None or not self.s.visible(period, Site.GLOBAL, "the period of `every`"):
                    return None
                if isinstance(period.expr, Const) and period.expr.value <= 0:
                    self.reporter.error("P407", "the period of `every` must be above zero", node.period.span)
                    return None
                if any(isinstance(part, Builtin) and part.name != "dt" for part in walk(period.expr)):
                    self.reporter.error(
                        "P309",
                        "the period of `every` must be constant",
                        node.period.span,
                        "",
                        "use parameters and numbers",
                    )
                    return None
                return Every(period.expr)
        return self._signal(node)

    def _signal(self, node: ast.BlockDeclaration) -> Trigger | None:
        for position, name in enumerate(node.arguments):
            if name in self.e.entries or name in node.arguments[:position]:
                self.reporter.error(
                    "P204",
                    f"`{name}` is declared already",
                    head(node.span),
                    "declared again as an argument",
                    "choose another name",
                )
                return None
            if name in RESERVED[self.kind]:
                self.reporter.error(
                    "P206", f"`{name}` is built in", head(node.span), "cannot be an argument", "choose another name"
                )
                return None
        return Signal(node.signal, node.arguments)

    # ------------------------------------------------------------ all

    def run(self) -> None:
        """Checks every member."""
        before = len(self.reporter.errors)
        members = [member for member in self.declaration.members if self._fits(member)]
        for member in members:
            if isinstance(member, ast.ParameterDeclaration):
                for parameter in member.items:
                    self.parameter(parameter)
        for member in members:
            if isinstance(member, ast.UseDeclaration):
                self.use(member, self._place(member))
        for member in members:
            if isinstance(member, ast.VariableDeclaration):
                for variable in member.items:
                    self.variable(member, variable)
            elif isinstance(member, ast.LetDeclaration) and self.declare(member.name, member.span):
                self.e.entries[member.name] = LetName(member.name, member.value, member.span)
        for number in range(len(self.variables)):
            self.start(number)
        for member in members:
            match member:
                case ast.EquationDeclaration():
                    self.equation(member)
                case ast.InputDeclaration():
                    self.input(member)
                case ast.MethodDeclaration():
                    self._method(member)
                case ast.SpikeDeclaration():
                    self.spike(member)
                case ast.BlockDeclaration():
                    self.block(member)
                case ast.UseDeclaration():
                    self.place_used(self._place(member))
                case ast.ParameterDeclaration() | ast.VariableDeclaration() | ast.LetDeclaration():
                    pass
        kept = set(self.e.used)
        for entry in tuple(self.e.entries.values()):
            if isinstance(entry, LetName):
                self.e.let_value(entry)
        self.s.settle_units()
        self.settle_rate()
        if len(self.reporter.errors) == before:  # else one of them may be what gives the unit
            self._plain_zeros()
        self._warn(kept)

    def _plain_zeros(self) -> None:
        parameters = [(item, vector) for item, vector, _, _ in self.parameters]
        variables = [(declared.item, declared.name.vector) for declared in self.variables]
        report_plain_zeros([*parameters, *variables], self.s.deferred, self.e)

    def _place(self, member: ast.Member) -> int:
        """The number of a member; others may be written like it."""
        return next(number for number, other in enumerate(self.declaration.members) if other is member)

    def _fits(self, member: ast.Member) -> bool:
        match member:
            case ast.VariableDeclaration(site=site) if site not in _ALLOWED[self.kind]:
                other = (
                    "`state` or `global`" if self.kind == "neuron" else "`pre`, `post`, `synapse`, `pair` or `global`"
                )
                what = "neurons" if site == "state" else "rules"
                self.reporter.error(
                    "P310", f"`{site}` is declared in {what} only", member.span, f"in a {self.kind}", f"use {other}"
                )
            case ast.UseDeclaration() if self.kind == "neuron":
                self.reporter.error("P310", "`use` stands in rules only", member.span, "in a neuron")
            case ast.VariableDeclaration(required=True) if self.kind == "neuron":
                self.reporter.error("P310", "`require` stands in rules only", member.span, "in a neuron")
            case ast.SpikeDeclaration() | ast.InputDeclaration() if self.kind == "rule":
                word = "spike" if isinstance(member, ast.SpikeDeclaration) else "input"
                span = head(member.span) if isinstance(member, ast.SpikeDeclaration) else member.span
                self.reporter.error(
                    "P310",
                    f"`{word}` stands in neurons only",
                    span,
                    "in a rule",
                    "rules use `on pre spike` and `on post spike`" if word == "spike" else "",
                )
            case _:
                return True
        if isinstance(member, ast.VariableDeclaration):
            for item in member.items:
                self.e.entries.setdefault(item.name, BrokenName(item.name, item.span))
        return False

    def _method(self, node: ast.MethodDeclaration) -> None:
        if self.method:
            self.reporter.error("P204", "a component has one `method`", node.span, "the second one")
        elif node.name not in METHODS:
            self.reporter.error(
                "P210",
                f"unknown method `{node.name}`",
                node.span,
                "not a method",
                did_you_mean(node.name, METHODS) or "methods are: " + ", ".join(METHODS),
            )
        else:
            self.method = node.name

    def _warn(self, used: set[str]) -> None:
        warn = self.reporter.warn
        inputs = {variable for _, variable, _ in self.inputs}
        for item, _, _, _ in self.parameters:
            if item.name not in used:
                warn("W101", f"parameter `{item.name}` is never used", item.span, "declared here")
        for entry in self.e.entries.values():
            if isinstance(entry, LetName) and entry.name not in used:
                warn("W101", f"`{entry.name}` is never used", entry.span, "declared here")
        own: dict[str, set[str]] = {}
        for equation in self.equations:
            own.setdefault(equation.name, set()).update(
                p.name for p in walk(equation.value) if isinstance(p, Read) and not p.of
            )
        elsewhere = self._read_outside_own_equation(own)
        for declared in self.variables:
            name = declared.item.name
            equation_of = [q for q in self.equations if q.name == name]
            if name in elsewhere or name in inputs or declared.name.required:
                continue
            if equation_of and self.kind == "rule":
                warn("W102", f"the equation of `{name}` has no effect", equation_of[0].span, "nothing reads it")
            elif not equation_of and name not in self.s.written and declared.item.init is not None:
                warn("W101", f"`{name}` is never used", declared.item.span, "declared here")

    def _read_outside_own_equation(self, own: dict[str, set[str]]) -> set[str]:
        found = {name for target, names in own.items() for name in names if name != target}
        bodies = [block.body for block in self.blocks]
        parts: list[Expr] = [d.init for d in self.variables if d.init is not None]
        if isinstance(self.spiking, Threshold):
            parts.append(self.spiking.condition)
        if isinstance(self.spiking, Renewal):
            parts.append(self.spiking.rate)
        if self.spiking is not None:
            bodies.append(self.spiking.body)
        triggers = (block.trigger for block in self.blocks)
        delays = [t.after for t in triggers if isinstance(t, (PreSpike, PostSpike)) and t.after is not None]
        from_blocks = _reads_of_blocks(bodies) | self.bound | {r.name for x in delays for r in _reads(x)}
        return found | from_blocks | {p.name for part in parts for p in walk(part) if isinstance(p, Read) and not p.of}

    # ------------------------------------------------------------ result

    def result(self) -> CheckedComponent:
        """The component; to be asked only when nothing was wrong."""

        def dimension(vector: Vector) -> Dimension:
            return to_dimension(self.e.unifier.close(vector))

        d = self.declaration
        used = [self.finished(place) for place in sorted(self.used)]
        declared = {v.name.name for v in self.variables} | {v.name for u in used for v in u.variables if not v.required}
        taken = tuple(v for u in used for v in u.variables if not (v.required and v.name in declared))
        divided = divisors(self.equations)
        lasting = durations(self.blocks, self.s.holds)
        return CheckedComponent(
            d.kind,
            d.name,
            d.doc,
            tuple(p for u in used for p in u.parameters)
            + tuple(
                limited(
                    CheckedParameter(
                        i.name,
                        default,
                        dimension(vector),
                        finite(bounds[0]) if bounds else None,
                        finite(bounds[1]) if bounds else None,
                        span=i.span,
                        divides=divided.get(i.name, ""),
                        lasts=lasting.get(i.name, ""),
                    )
                )
                for i, vector, default, bounds in self.parameters
            ),
            ordered(
                taken
                + tuple(
                    CheckedVariable(
                        v.item.name,
                        v.name.site,
                        v.name.type,
                        dimension(v.name.vector),
                        v.init,
                        v.low,
                        v.high,
                        v.name.required,
                        v.shared,
                        v.item.span,
                        d.name,
                    )
                    for v in self.variables
                )
            ),
            tuple(self.equations),
            tuple(CheckedInput(port, variable, dimension(vector)) for port, variable, vector in self.inputs),
            self.spiking,
            tuple(self.s.holds),
            tuple(self.blocks),
            self.method or next((u.method for u in used if u.method), ""),
            None if self.s.deliver is None else dimension(self.s.deliver),
            self.e.draws,
            tuple(
                NeuronRead(of, name, dimension(vector), span)
                for (of, name), (vector, span) in self.e.neuron_reads.items()
            ),
            d.span,
        )


def _reads_of_blocks(bodies: list[tuple[Stmt, ...]]) -> set[str]:
    """Variables read in blocks, but for the reading of itself in `x += 1`."""

    found: set[str] = set()
    for body in bodies:
        for statement in statements(body):
            for expr in expressions(statement):
                for part in _reads(expr):
                    if not (isinstance(statement, Assign) and part.name == statement.name):
                        found.add(part.name)
    return found


def _reads(expr: Expr) -> Iterator[Read]:
    for part in walk(expr):
        if isinstance(part, Read) and not part.of:
            yield part


def check_component(
    declaration: ast.Component,
    reporter: Reporter,
    consts: Mapping[str, CheckedConst],
    functions: Mapping[str, CheckedFunction],
    broken: frozenset[str] = frozenset(),
    components: frozenset[str] = frozenset(),
    known: Mapping[str, CheckedComponent] | None = None,
) -> CheckedComponent | None:
    """Check one neuron or rule; `known` are those that it may use.

    What is wrong goes to `reporter`, and the result is then None.
    """
    before = len(reporter.errors)
    elaborator = Elaborator(declaration.kind, reporter, consts, functions, broken, components)
    component = _Component(declaration, elaborator, Statements(elaborator), reporter)
    component.known = known or {}
    component.run()
    if len(reporter.errors) > before:
        return None
    result = component.result()
    reporter.found += changing_delays(result)
    for parameter in result.parameters:
        name, default, low = parameter.name, parameter.default, parameter.low
        value = "" if default is None else format_value(default, parameter.dimension)
        if parameter.divides and default is not None and (default == 0 or (low is not None and default < low)):
            reporter.error(
                "P407",
                f"the default of `{name}` is {value}, and the equation of `{parameter.divides}` divides by it",
                parameter.span,
                "0 is no value for it" if default == 0 else f"must be {limits_of(parameter)}",
            )
        elif parameter.lasts and default is not None and default < 0:
            reporter.error(
                "P407",
                f"the default of `{name}` is {value}, and {parameter.lasts} lasts as long",
                parameter.span,
                f"must be {limits_of(parameter)}",
            )
    return result if len(reporter.errors) == before else None
