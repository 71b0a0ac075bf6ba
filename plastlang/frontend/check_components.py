"""Neurons and rules: declarations, equations, inputs, spikes and blocks of one component."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.builtins import RESERVED
from plastlang.frontend.check_expressions import Elaborator
from plastlang.frontend.check_statements import Context, Statements
from plastlang.frontend.check_values import (
    SITE_WORDS,
    BrokenName,
    LetName,
    ParameterName,
    Place,
    Reporter,
    Value,
    VariableName,
    did_you_mean,
    nearest,
)
from plastlang.frontend.checked import (
    CheckedComponent,
    CheckedConst,
    CheckedFunction,
    CheckedInput,
    CheckedParameter,
    CheckedVariable,
    Dimension,
    Equation,
    NeuronRead,
)
from plastlang.frontend.dimensions import TIME, Vector, divide, raised, to_dimension
from plastlang.frontend.units import UnitError, read_unit
from plastlang.ir.nodes import (
    Assign,
    Binary,
    Block,
    Builtin,
    Call,
    Const,
    Draw,
    EachStep,
    Every,
    Expr,
    Param,
    PostSpike,
    PreSpike,
    Read,
    Renewal,
    Scheduled,
    Signal,
    Spiking,
    Stmt,
    Threshold,
    Trigger,
    Unary,
)
from plastlang.ir.types import VISIBLE, Site, Type
from plastlang.ir.walk import expressions, statements, walk

METHODS = ("exponential_euler", "rk4", "euler")
_RATE: Vector = raised(TIME, -1)
_SITES = {
    "state": Site.NEURON,
    "global": Site.GLOBAL,
    "pre": Site.PRE,
    "post": Site.POST,
    "synapse": Site.SYNAPSE,
    "pair": Site.PAIR,
}
_ALLOWED = {"neuron": ("state", "global"), "rule": ("pre", "post", "synapse", "pair", "global")}
#: Names of signals that were meant to be events.
_EVENTS = {
    "pre_spike": "on pre spike",
    "prespike": "on pre spike",
    "on_pre": "on pre spike",
    "pre": "on pre spike",
    "post_spike": "on post spike",
    "postspike": "on post spike",
    "on_post": "on post spike",
    "post": "on post spike",
    "spike": "on pre spike",
    "each_step": "each step",
    "step": "each step",
    "every_step": "each step",
    "on_step": "each step",
}


@dataclass(slots=True)
class _Declared:
    """A variable on its way to a CheckedVariable."""

    item: ast.VariableItem
    name: VariableName
    init: Expr | None = None
    low: Expr | None = None
    high: Expr | None = None


@dataclass(slots=True)
class _Component:
    """One neuron or rule that is being checked."""

    declaration: ast.Component
    e: Elaborator
    s: Statements
    reporter: Reporter
    parameters: list[tuple[ast.ParameterItem, Vector, float | None, tuple[float, float] | None]] = field(
        default_factory=list
    )
    variables: list[_Declared] = field(default_factory=list)
    equations: list[Equation] = field(default_factory=list)
    inputs: list[tuple[str, str, Vector]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    spiking: Spiking | None = None
    rate: tuple[Value, tuple[Stmt, ...]] | None = None
    spike_span: Span | None = None
    method: str = ""

    @property
    def kind(self) -> str:
        return self.declaration.kind

    # ------------------------------------------------------------ declarations

    def declare(self, name: str, span: Span | None) -> bool:
        """Whether `name` can be declared; reports where not."""
        if name in self.e.entries:
            self.reporter.error("P204", f"`{name}` is declared already", span, "declared again", "choose another name")
            return False
        if name in RESERVED[self.kind]:
            self.reporter.error("P206", f"`{name}` is built in", span, "cannot be declared", "choose another name")
            self.e.entries[name] = BrokenName(name, span)
            return False
        if name in self.e.consts:
            self.reporter.error(
                "P204", f"`{name}` is a constant of the file", span, "declared again", "choose another name"
            )
            self.e.entries[name] = BrokenName(name, span)
            return False
        return True

    def unit(self, text: str, span: Span | None) -> Vector | None:
        try:
            return read_unit(text)[1]
        except UnitError as error:
            self.e.report_unknown_unit(error, span)
            return None

    def parameter(self, item: ast.ParameterItem) -> None:
        """One `param`."""
        if not self.declare(item.name, item.span):
            return
        self.e.entries[item.name] = BrokenName(item.name, item.span)
        if not item.unit and item.default is None:
            self.reporter.error(
                "P408",
                f"parameter `{item.name}` has neither a default nor a unit",
                item.span,
                "unit not known",
                f"write `{item.name}: mV`, or `{item.name}: 1` for a number",
            )
            return
        vector = self.unit(item.unit, item.span) if item.unit else self.e.unifier.fresh()
        if vector is None:
            return
        self.e.entries[item.name] = ParameterName(item.name, vector, item.span)
        default = (
            self._number(item.default, f"the default of `{item.name}`", vector) if item.default is not None else None
        )
        if item.default is not None and default is None:
            self.e.entries[item.name] = BrokenName(item.name, item.span)
            return
        bounds = None
        if item.bounds is not None:
            low = self._number(item.bounds[0], f"a bound of `{item.name}`", vector)
            high = self._number(item.bounds[1], f"a bound of `{item.name}`", vector)
            bounds = (low, high) if low is not None and high is not None else None
            self._ordered(item, bounds, default)
        self.parameters.append((item, vector, default, bounds))

    def _number(self, node: ast.Expression, what: str, vector: Vector) -> float | None:
        found = self.e.constant(node, what)
        if found is None:
            return None
        if not self.e.unifier.unify(found[1], vector):
            self.e.report_unit(node.span, f"{what} must be {self.e.say(vector)}", found[1])
            return None
        return found[0]

    def _ordered(
        self, item: ast.ParameterItem | ast.VariableItem, bounds: tuple[float, float] | None, value: float | None
    ) -> None:
        if bounds is None:
            return
        start = item.default if isinstance(item, ast.ParameterItem) else item.init
        if bounds[0] > bounds[1]:
            self.reporter.error(
                "P407",
                f"the lower bound of `{item.name}` is above the upper one",
                item.bounds[0].span if item.bounds else None,
                "lower bound",
                "write `in [LOW, HIGH]`",
            )
        elif value is not None and not bounds[0] <= value <= bounds[1]:
            self.reporter.error(
                "P407", f"the start of `{item.name}` is outside its bounds", start.span if start else None, "outside"
            )

    def variable(self, declaration: ast.VariableDeclaration, item: ast.VariableItem) -> None:
        """Makes the name known; `start` gives it its value."""
        if not self.declare(item.name, item.span):
            return
        vector = (
            self.unit(item.unit, item.span)
            if item.unit
            else self.e.unifier.fresh(item.name if item.init is None else "")
        )
        if vector is None:
            self.e.entries[item.name] = BrokenName(item.name, item.span)
            return
        name = VariableName(item.name, _SITES[declaration.site], Type.REAL, vector, declaration.required, item.span)
        self.e.entries[item.name] = name
        self.variables.append(_Declared(item, name))

    def start(self, number: int) -> None:
        """Start value and bounds of a variable; its type is that of the start value."""
        declared = self.variables[number]
        item, name = declared.item, declared.name
        pair = name.site is Site.PAIR
        if item.init is not None:
            place = Place(f"the start value of `{item.name}`", state=not pair, pairs=True)
            value = self.e.elaborate(item.init, place)
            if value is not None and value.type is Type.BOOL:
                self.e.as_type(value, Type.REAL, item.init.span, "")
                value = None
            if value is not None and not self.e.unifier.unify(value.vector, name.vector):
                self.e.report_unit(item.init.span, f"`{item.name}` must be {self.e.say(name.vector)}", value.vector)
                value = None
            if value is not None and self._start_visible(value, declared, number):
                declared.name = VariableName(name.name, name.site, value.type, name.vector, name.required, name.span)
                self.e.entries[item.name] = declared.name
                declared.init = value.expr
            else:
                self.e.entries[item.name] = BrokenName(item.name, item.span)
        if item.bounds is not None and isinstance(self.e.entries[item.name], VariableName):
            declared.low, declared.high = (self._bound(bound, declared) for bound in item.bounds)
            low, high, init = declared.low, declared.high, declared.init
            if isinstance(low, Const) and isinstance(high, Const):
                self._ordered(item, (low.value, high.value), init.value if isinstance(init, Const) else None)

    def _start_visible(self, value: Value, declared: _Declared, number: int) -> bool:
        item, site = declared.item, declared.name.site
        earlier = {other.item.name for other in self.variables[:number]}
        for found, span, name in self.e.trail:
            if found not in VISIBLE[site]:
                self.reporter.error(
                    "P301",
                    f"the start value of `{item.name}` cannot depend on `{name}`",
                    span,
                    f"one value for {SITE_WORDS[found]}",
                    "",
                    (f"`{item.name}` has one value for {SITE_WORDS[site]}",),
                )
                return False
        for part in walk(value.expr):
            if isinstance(part, Read) and not part.of and part.name not in earlier:
                self.reporter.error(
                    "P309",
                    f"the start value of `{item.name}` reads `{part.name}`, which is not there yet",
                    item.init.span if item.init else None,
                    f"`{part.name}` is declared later" if part.name != item.name else "its own value",
                    "declare it before" if part.name != item.name else "",
                )
                return False
        return True

    def _bound(self, node: ast.Expression, declared: _Declared) -> Expr | None:
        what = f"a bound of `{declared.item.name}`"
        value = self.e.elaborate(node, Place(what, draws=False, state=False))
        if value is None:
            return None
        if not self.e.unifier.unify(value.vector, declared.name.vector):
            self.e.report_unit(node.span, f"{what} must be {self.e.say(declared.name.vector)}", value.vector)
            return None
        if not self.s.visible(value, declared.name.site, what):
            return None
        typed = self.e.as_type(value, declared.name.type, node.span, what)
        return typed.expr if typed else None

    # ------------------------------------------------------------ equations, inputs, spikes

    def equation(self, node: ast.EquationDeclaration) -> None:
        """`x' = ...`."""
        entry = self.e.entries.get(node.name)
        if not isinstance(entry, VariableName | BrokenName):
            self._no_variable(node, entry)
        value = self.e.elaborate(node.value, Place("an equation", draws=False))
        if not isinstance(entry, VariableName):
            return
        if any(known.name == node.name for known in self.equations):
            self.reporter.error(
                "P204",
                f"`{node.name}` has two equations",
                node.span,
                "the second one",
                "write one equation with the sum",
            )
            return
        if entry.site is Site.PAIR:
            self.reporter.error(
                "P308",
                f"`{node.name}` is a constant of the pair and cannot change",
                node.span,
                "declared with `pair`",
                f"declare it with `synapse {node.name} = ...`",
            )
            return
        if entry.type is Type.INT:
            self.reporter.error(
                "P405",
                f"`{node.name}` holds whole numbers and cannot have an equation",
                node.span,
                "",
                "start it with a real number, for example `0.0`",
            )
            return
        if value is None:
            return
        if value.type is Type.BOOL:
            self.e.as_type(value, Type.REAL, node.value.span, "")
            return
        if not self.s.visible(value, entry.site, f"`{node.name}'`"):
            return
        if not self.e.unifier.unify(value.vector, divide(entry.vector, TIME)):
            self._equation_unit(node, entry, value)
            return
        typed = self.e.as_type(value, Type.REAL, node.value.span, "")
        assert typed is not None
        self.equations.append(Equation(node.name, typed.expr, node.span))

    def _no_variable(self, node: ast.EquationDeclaration, entry: object) -> None:
        if entry is not None:
            self.reporter.error(
                "P308",
                f"`{node.name}` is not a variable and cannot have an equation",
                node.span,
                "a parameter" if isinstance(entry, ParameterName) else "a `let`",
            )
            return
        if node.name in self.e.broken:
            return
        near = nearest(node.name, [d.item.name for d in self.variables])
        keyword = "state" if self.kind == "neuron" else "synapse"
        hint = f"did you mean `{near}'`?" if near else f"declare it: `{keyword} {node.name} = 0`"
        self.e.unknown.add(node.name)
        self.reporter.error("P202", f"`{node.name}` is not declared", node.span, "an equation of nothing", hint)

    def _equation_unit(self, node: ast.EquationDeclaration, entry: VariableName, value: Value) -> None:
        want = self.e.say(divide(entry.vector, TIME))
        got = self.e.say(value.vector)
        hint = ""
        notes: tuple[str, ...] = ()
        if self.e.unifier.close(value.vector) == self.e.unifier.close(entry.vector):
            span = node.value.span
            text = span.source.text[span.start : span.end] if span else f"... {node.name}"
            simple = text.replace("-", "").replace("_", "").isalnum()
            hint = f"divide by a time constant: `{node.name}' = {text if simple else f'({text})'} / tau`"
            notes = (f"`{node.name}'` is the change of `{node.name}` per time",)
        self.reporter.error(
            "P402", f"`{node.name}'` must be {want}, not {got}", node.value.span, f"this is {got}", hint, notes
        )

    def input(self, node: ast.InputDeclaration) -> None:
        """`input exc -> g_exc`."""
        if any(port == node.port for port, _, _ in self.inputs):
            self.reporter.error(
                "P204", f"input `{node.port}` is declared already", node.span, "declared again", "choose another name"
            )
            return
        entry = self.e.entries.get(node.variable)
        if isinstance(entry, BrokenName) or (entry is None and node.variable in self.e.broken):
            return
        if not isinstance(entry, VariableName) or entry.site is not Site.NEURON or entry.type is Type.INT:
            states = [d.item.name for d in self.variables if d.name.site is Site.NEURON]
            self.reporter.error(
                "P202",
                f"an input is added to a state variable, and `{node.variable}` is none",
                node.span,
                "not a state variable",
                did_you_mean(node.variable, states),
            )
            return
        self.inputs.append((node.port, node.variable, entry.vector))
        self.s.written.add(node.variable)

    def spike(self, node: ast.SpikeDeclaration) -> None:
        """`spike when`, `spike at rate`, `spike at times`."""
        if self.spike_span is not None:
            self.reporter.error(
                "P204",
                "a neuron spikes in one way only",
                node.span,
                "the second `spike`",
                "join the conditions with `or`",
            )
            return
        self.spike_span = node.span
        condition: Value | None = None
        if node.kind == "when" and node.value is not None:
            condition = self.e.condition(node.value, Place("the condition of `spike when`"))
        rate: Value | None = None
        if node.kind == "rate" and node.value is not None:
            rate = self.e.real(node.value, Place("the rate of `spike at rate`"), _RATE)
        purpose = self.e.next_draw() if node.kind == "rate" else 0
        body = self.s.block(node.body, Context(self.kind, "spike"))
        if condition is not None:
            self.spiking = Threshold(condition.expr, body)
        elif rate is not None:
            self.rate = rate, body
            self.spiking = Renewal(rate.expr, (), body, purpose)
        elif node.kind == "times":
            self.spiking = Scheduled(body)

    def settle_rate(self) -> None:
        """A rate that may change every step is tested at every step; another is drawn ahead."""
        if self.rate is None or not isinstance(self.spiking, Renewal):
            return
        value, body = self.rate
        parts = tuple(walk(value.expr))
        changing = {equation.name for equation in self.equations} | {variable for _, variable, _ in self.inputs}
        often = [block.body for block in self.blocks if isinstance(block.trigger, EachStep)]
        for statement in statements(s for group in (body, *often) for s in group):
            if isinstance(statement, Assign):
                changing.add(statement.name)
        every_step = any(
            isinstance(part, Draw)
            or (isinstance(part, Builtin) and part.name in ("t", "step"))
            or (isinstance(part, Read) and part.name in changing)
            for part in parts
        )
        if every_step:
            chance = Binary(
                "-",
                Const(1.0),
                Call("exp", (Unary("-", Binary("*", value.expr, Builtin("dt", Type.REAL, Site.GLOBAL))),)),
            )
            draw = Draw("uniform", (Const(0.0), Const(1.0)), self.spiking.purpose)
            self.spiking = Threshold(Binary("<", draw, chance), body)
        else:
            names = dict.fromkeys(part.name for part in parts if isinstance(part, Read | Param))
            self.spiking = Renewal(value.expr, tuple(names), body, self.spiking.purpose)

    # ------------------------------------------------------------ blocks

    def block(self, node: ast.BlockDeclaration) -> None:
        """`on pre spike`, `each step`, `every T`, `on NAME(...)`."""
        trigger = self._trigger(node)
        if trigger is None:
            return
        body = self.s.block(node.body, Context(self.kind, node.trigger), node.arguments)
        self.blocks.append(Block(trigger, body, node.span))

    def _trigger(self, node: ast.BlockDeclaration) -> Trigger | None:
        match node.trigger:
            case "pre spike" | "post spike" if self.kind == "neuron":
                self.reporter.error(
                    "P310",
                    f"`on {node.trigger}` stands in rules only",
                    _head(node),
                    "in a neuron",
                    "write `spike when ...:` for what a neuron does at its spike",
                )
                return None
            case "pre spike":
                return PreSpike()
            case "post spike":
                return PostSpike()
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
        event = _EVENTS.get(node.signal.lower())
        if event is not None:
            place = "" if self.kind == "rule" or event == "each step" else " (in a rule)"
            hint = f"write `{event}:`{place}" if node.signal != "spike" else "write `on pre spike:` or `on post spike:`"
            if node.signal == "spike" and self.kind == "neuron":
                hint = "write `spike when CONDITION:`"
            self.reporter.error("P207", f"there is no event `{node.signal}`", _head(node), "not an event", hint)
            return None
        for position, name in enumerate(node.arguments):
            if name in self.e.entries or name in node.arguments[:position]:
                self.reporter.error(
                    "P204",
                    f"`{name}` is declared already",
                    _head(node),
                    "declared again as an argument",
                    "choose another name",
                )
                return None
            if name in RESERVED[self.kind]:
                self.reporter.error(
                    "P206", f"`{name}` is built in", _head(node), "cannot be an argument", "choose another name"
                )
                return None
        return Signal(node.signal, node.arguments)

    # ------------------------------------------------------------ all

    def run(self) -> None:
        """Checks every member."""
        members = [member for member in self.declaration.members if self._fits(member)]
        for member in members:
            if isinstance(member, ast.ParameterDeclaration):
                for parameter in member.items:
                    self.parameter(parameter)
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
                case ast.ParameterDeclaration() | ast.VariableDeclaration() | ast.LetDeclaration():
                    pass
        kept = set(self.e.used)
        for entry in tuple(self.e.entries.values()):
            if isinstance(entry, LetName):
                self.e.let_value(entry)
        self.s.settle_units()
        self.settle_rate()
        self._warn(kept)

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
            case ast.VariableDeclaration(required=True) if self.kind == "neuron":
                self.reporter.error("P310", "`require` stands in rules only", member.span, "in a neuron")
            case ast.SpikeDeclaration() | ast.InputDeclaration() if self.kind == "rule":
                word = "spike" if isinstance(member, ast.SpikeDeclaration) else "input"
                span = _head(member) if isinstance(member, ast.SpikeDeclaration) else member.span
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
        from_blocks = _reads_of_blocks(bodies)
        return found | from_blocks | {p.name for part in parts for p in walk(part) if isinstance(p, Read) and not p.of}

    # ------------------------------------------------------------ result

    def result(self) -> CheckedComponent:
        """The component; to be asked only when nothing was wrong."""

        def dimension(vector: Vector) -> Dimension:
            return to_dimension(self.e.unifier.close(vector))

        d = self.declaration
        return CheckedComponent(
            d.kind,
            d.name,
            d.doc,
            tuple(
                CheckedParameter(
                    i.name,
                    default,
                    dimension(vector),
                    bounds[0] if bounds else None,
                    bounds[1] if bounds else None,
                    span=i.span,
                )
                for i, vector, default, bounds in self.parameters
            ),
            tuple(
                CheckedVariable(
                    v.item.name,
                    v.name.site,
                    v.name.type,
                    dimension(v.name.vector),
                    v.init,
                    v.low,
                    v.high,
                    v.name.required,
                    v.item.span,
                )
                for v in self.variables
            ),
            tuple(self.equations),
            tuple(CheckedInput(port, variable, dimension(vector)) for port, variable, vector in self.inputs),
            self.spiking,
            tuple(self.s.holds),
            tuple(self.blocks),
            self.method,
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


def _head(node: ast.BlockDeclaration | ast.SpikeDeclaration) -> Span | None:
    """The first line of a block."""
    if node.span is None:
        return None
    text = node.span.source.text
    end = text.find("\n", node.span.start)
    stop = node.span.end if end < 0 else min(node.span.end, end)
    line = text[node.span.start : stop].split("#")[0].rstrip().removesuffix(":")
    return Span(node.span.source, node.span.start, node.span.start + max(1, len(line)))


def check_component(
    declaration: ast.Component,
    reporter: Reporter,
    consts: Mapping[str, CheckedConst],
    functions: Mapping[str, CheckedFunction],
    broken: frozenset[str] = frozenset(),
    components: frozenset[str] = frozenset(),
) -> CheckedComponent | None:
    """Check one neuron or rule. What is wrong goes to `reporter`, and the result is then None."""
    before = len(reporter.errors)
    elaborator = Elaborator(declaration.kind, reporter, consts, functions, broken, components)
    component = _Component(declaration, elaborator, Statements(elaborator), reporter)
    component.run()
    return component.result() if len(reporter.errors) == before else None
