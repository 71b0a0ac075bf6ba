"""The arguments of a neuron or rule in a network: values of parameters and start values of state."""

from __future__ import annotations

from dataclasses import dataclass, field

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.check_expressions import Elaborator
from plastlang.frontend.check_values import SITE_WORDS, Place, Value, did_you_mean
from plastlang.frontend.checked import CheckedComponent, CheckedParameter, CheckedVariable
from plastlang.frontend.dimensions import from_dimension
from plastlang.frontend.evaluate import NotConstant, evaluate
from plastlang.frontend.limits import limits_of
from plastlang.frontend.units import format_value
from plastlang.ir.nodes import Const, Every, Expr, Param, Read
from plastlang.ir.types import VISIBLE, Site
from plastlang.ir.walk import expressions, statements, walk


@dataclass(slots=True)
class Given:
    """Collects arguments. `kind`: "place" (a population) or "pair" (a projection); draws are numbered from `draws`."""

    outer: Elaborator
    component: CheckedComponent
    kind: str
    draws: int
    parameters: list[tuple[str, Expr]] = field(default_factory=list)
    initial: dict[str, Expr] = field(default_factory=dict)
    varied: dict[str, tuple[Expr, Span | None]] = field(default_factory=dict)  # parameters given per synapse
    seen: set[str] = field(default_factory=set)
    e: Elaborator = field(init=False)

    def __post_init__(self) -> None:
        outer = self.outer
        self.e = Elaborator(
            self.kind,
            outer.reporter,
            outer.consts,
            outer.functions,
            outer.broken,
            outer.components,
            outer.entries,
            used=outer.used,
        )
        self.e.draws = self.draws

    def take(self, argument: ast.Argument, owner: str, prefix: str = "") -> None:
        """One argument `NAME = VALUE` of a component; `prefix` is what its parameters have before their names."""
        component = self.component
        names = [p.name.removeprefix(prefix) for p in component.parameters if p.name.startswith(prefix)]
        names += [v.name for v in component.variables]
        if not argument.name:
            self.e.reporter.error(
                "P523", f"`{owner}` takes its arguments by name", argument.span, "no name", "write `NAME = VALUE`"
            )
            return
        if prefix + argument.name in self.seen:
            self.e.reporter.error("P523", f"`{argument.name}` is given twice", argument.span, "given again")
            return
        self.seen.add(prefix + argument.name)
        for parameter in component.parameters:
            if parameter.name == prefix + argument.name:
                self._parameter(parameter, argument.value, argument.name)
                return
        for variable in component.variables:
            if variable.name == argument.name:
                self.start(variable, argument.value)
                return
        hint = did_you_mean(argument.name, names) or (f"it has: {', '.join(names)}" if names else "it has none")
        self.e.reporter.error(
            "P523", f"`{owner}` has no parameter or variable `{argument.name}`", argument.span, "not known", hint
        )

    def _parameter(self, parameter: CheckedParameter, node: ast.Expression, name: str) -> None:
        value = self.e.real(node, Place(f"`{name}`", draws=self.kind == "pair", state=False))
        if value is None or not self._unit(value, parameter, node, name):
            return
        try:
            number = float(evaluate(value.expr))
        except NotConstant:
            if self.kind == "pair":
                self.varied[parameter.name] = (value.expr, node.span)
            else:
                self.parameters.append((parameter.name, value.expr))
            return
        except (ArithmeticError, ValueError) as error:
            self.e.reporter.error("P407", f"`{name}` cannot be computed: {error}", node.span)
            return
        if (parameter.low is not None and number < parameter.low) or (
            parameter.high is not None and number > parameter.high
        ):
            self.e.reporter.error(
                "P525",
                f"`{name}` is {format_value(number, parameter.dimension)}, outside its bounds",
                node.span,
                f"must be {limits_of(parameter)}",
            )
            return
        if number == 0 and parameter.divides:
            self.e.reporter.error(
                "P525",
                f"`{name}` is 0, and the equation of `{parameter.divides}` divides by it",
                node.span,
                "0 is no value for it",
            )
            return
        self.parameters.append((parameter.name, Const(number)))

    def start(self, variable: CheckedVariable, node: ast.Expression) -> None:
        """A start value that replaces the declared one."""
        name = variable.name
        if variable.site is Site.PAIR:
            self.e.reporter.error(
                "P525", f"`{name}` is a constant of the pair and is given where it is declared", node.span
            )
            return
        if variable.site is Site.SYNAPSE:
            self.e.locals = self._pair_constants()
        value = self.e.elaborate(node, Place(f"the start value of `{name}`", state=False))
        self.e.locals = {}
        if value is None or not self._unit(value, variable, node, name):
            return
        typed = self.e.as_type(value, variable.type, node.span, f"`{name}`")
        if typed is None:
            return
        if value.site not in VISIBLE[variable.site]:
            self.e.reporter.error(
                "P301",
                f"`{name}` has one value for {SITE_WORDS[variable.site]}",
                node.span,
                f"one value for {SITE_WORDS[value.site]}",
            )
            return
        if isinstance(typed.expr, Const) and not self._inside(variable, float(typed.expr.value)):
            self.e.reporter.error("P525", f"the start value of `{name}` is outside its bounds", node.span, "outside")
            return
        self.initial[name] = typed.expr

    def _pair_constants(self) -> dict[str, Value | None]:
        """What a start value of a synapse may read of its rules; names of the network hide them."""
        return {
            v.name: Value(Read(v.name, Site.PAIR, v.type), from_dimension(v.dimension), Site.PAIR)
            for v in self.component.variables
            if v.site is Site.PAIR and v.name not in self.e.entries
        }

    def _inside(self, variable: CheckedVariable, number: float) -> bool:
        low, high = variable.low, variable.high
        too_low = isinstance(low, Const) and number < low.value
        return not too_low and not (isinstance(high, Const) and number > high.value)

    def _unit(self, value: Value, item: CheckedParameter | CheckedVariable, node: ast.Expression, name: str) -> bool:
        want = from_dimension(item.dimension)
        if self.e.unifier.unify(want, value.vector):
            return True
        self.e.reporter.error(
            "P531",
            f"`{name}` must be {self.e.say(want)}, not {self.e.say(value.vector)}",
            node.span,
            f"this is {self.e.say(value.vector)}",
            f"write for example `1 {item.dimension.symbol}`"
            if item.dimension.symbol and not item.dimension.variable
            else "",
        )
        return False

    def missing(self, span: Span | None, owner: str) -> None:
        """Reports what has no value."""
        given = {name for name, _ in self.parameters} | set(self.initial) | set(self.varied) | self.seen
        for parameter in self.component.parameters:
            if parameter.default is None and parameter.name not in given:
                self._lacks(parameter.name, "parameter", span, owner)
        for variable in self.component.variables:
            if variable.init is None and variable.name not in given:
                self._lacks(variable.name, "variable", span, owner)

    def _lacks(self, name: str, what: str, span: Span | None, owner: str) -> None:
        short = name.rpartition(".")[2]
        inside = (
            f" (or `{short} = ...` in the block of the projection)"
            if self.kind == "pair" and what == "variable"
            else ""
        )
        self.e.reporter.error(
            "P530",
            f"{what} `{short}` of `{owner}` has no value",
            span,
            f"`{short}` is missing",
            f"write `{name.rpartition('.')[0] or owner}({short} = ...)`{inside}",
        )


def parameters_of_all(component: CheckedComponent) -> set[str]:
    """Parameters on which something of the whole population depends."""
    parts: list[Expr] = []
    whole = {v.name for v in component.variables if v.site is Site.GLOBAL}
    for variable in component.variables:
        if variable.site is Site.GLOBAL:
            parts += [part for part in (variable.init, variable.low, variable.high) if part is not None]
    parts += [equation.value for equation in component.equations if equation.name in whole]
    for block in component.blocks:
        if isinstance(block.trigger, Every):
            parts.append(block.trigger.period)
        for statement in statements(block.body):
            if statement.site is Site.GLOBAL:
                parts += expressions(statement)
    return {node.name for part in parts for node in walk(part) if isinstance(node, Param)}
