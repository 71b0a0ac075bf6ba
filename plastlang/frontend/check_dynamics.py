"""Equations, inputs and spikes of one component."""

from __future__ import annotations

from dataclasses import dataclass, field

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.block_context import Context
from plastlang.frontend.check_declarations import Declarations
from plastlang.frontend.check_values import (
    BrokenName,
    ParameterName,
    Place,
    Value,
    VariableName,
    did_you_mean,
    nearest,
)
from plastlang.frontend.checked import (
    Equation,
)
from plastlang.frontend.dimensions import TIME, Vector, divide, raised
from plastlang.ir.nodes import (
    Assign,
    Binary,
    Block,
    Builtin,
    Call,
    Const,
    Draw,
    EachStep,
    Param,
    Read,
    Renewal,
    Scheduled,
    Spiking,
    Stmt,
    Threshold,
    Unary,
)
from plastlang.ir.noise import XI, NotLinear, drift_and_diffusion
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import statements, walk

_RATE: Vector = raised(TIME, -1)


@dataclass(slots=True)
class Dynamics(Declarations):
    """Checks what a neuron or rule does by itself."""

    equations: list[Equation] = field(default_factory=list)
    inputs: list[tuple[str, str, Vector]] = field(default_factory=list)
    spiking: Spiking | None = None
    rate: tuple[Value, tuple[Stmt, ...]] | None = None
    spike_span: Span | None = None
    blocks: list[Block] = field(default_factory=list)

    # ------------------------------------------------------------ equations, inputs, spikes

    def equation(self, node: ast.EquationDeclaration) -> None:
        """`x' = ...`."""
        entry = self.e.entries.get(node.name)
        if not isinstance(entry, VariableName | BrokenName):
            self._no_variable(node, entry)
        self.e.xi = None
        value = self.e.elaborate(node.value, Place("an equation", draws=False, noise=True))
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
        try:
            drift_and_diffusion(typed.expr)
        except NotLinear:
            self.reporter.error(
                "P309",
                f"`{XI}` must stand alone or in a product in `{node.name}'`",
                node.value.span,
                "not linear in the noise",
                f"write `{node.name}' = ... + sigma * {XI}`",
                ("white noise has no powers, and no function of it has a meaning",),
            )
            return
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
