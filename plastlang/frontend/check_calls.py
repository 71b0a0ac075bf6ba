"""Calls: functions of the language, draws, functions of the file written out."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.builtins import CALLED, builtin_of
from plastlang.frontend.check_names import Names
from plastlang.frontend.check_values import (
    Place,
    Reporter,
    Value,
    did_you_mean,
    nearest,
)
from plastlang.frontend.checked import CheckedFunction
from plastlang.frontend.dimensions import (
    NUMBER,
    raised,
)
from plastlang.frontend.spans import start
from plastlang.ir.nodes import Call, Cast, Const, Draw
from plastlang.ir.types import DRAWS, FUNCTIONS, Type

#: What other languages call it.
_FOREIGN = {
    "clamp": "clip(x, low, high)",
    "power": "x ** y",
    "pow": "x ** y",
    "ln": "log(x)",
    "rand": "uniform(0, 1)",
    "random": "uniform(0, 1)",
    "randn": "normal(0, 1)",
    "gauss": "normal(mean, deviation)",
    "heaviside": "1 if x > 0 else 0",
    "where": "a if condition else b",
    "fabs": "abs(x)",
    "sgn": "sign(x)",
    "trunc": "int(x)",
    "real": "x * 1.0",
    "float": "x * 1.0",
    "mod": "x % y",
    "maximum": "max(a, b)",
    "minimum": "min(a, b)",
    "dist": "distance(pre, post)",
    "sum": "sum(...) over synapses",
    "mean": "mean(...) over synapses",
    "quantile": "quantile(0.9, w) over synapses",
    "count": "count(...) over synapses",
}


@dataclass(slots=True)
class Calls(Names):
    """Elaborates calls."""

    def _call(self, node: ast.CallExpression, place: Place) -> Value | None:
        name = node.function
        if name in self.functions:
            return self._inline(self.functions[name], node, place)
        if name == "distance":
            return self._distance(node, place)
        if name in DRAWS:
            return self._draw(node, place)
        if name not in FUNCTIONS and name not in CALLED:
            for argument in node.arguments:
                self.value(argument.value, place)
            if name not in self.broken:
                self._unknown_function(node)
            return None
        for argument in node.arguments:
            if argument.name:
                self.reporter.error("P209", f"`{name}` takes its arguments without names", argument.span)
                return None
        arguments = [self.value(argument.value, place) for argument in node.arguments]
        count = FUNCTIONS.get(name, CALLED.get(name, 1))
        if len(arguments) != count:
            self._argument_count(node, str(count))
            return None
        values = [value for value in arguments if value is not None]
        spans = [argument.value.span for argument in node.arguments]
        if len(values) < count or not self._numbers(*zip(values, spans, strict=True)):
            return None
        return self._function(name, values, spans, node)

    def _argument_count(self, node: ast.CallExpression, wanted: str) -> None:
        plural = "" if wanted == "1" else "s"
        self.reporter.error(
            "P209", f"`{node.function}` takes {wanted} argument{plural}, not {len(node.arguments)}", node.span
        )

    def _unknown_function(self, node: ast.CallExpression) -> None:
        name = node.function
        known = [*self.functions, *FUNCTIONS, *DRAWS, *CALLED]
        form, other = _FOREIGN.get(name.lower()), nearest(name, known)
        if self._declared(name):
            self.reporter.error("P211", f"`{name}` is not a function", node.span, "a value", "multiply with `*`")
            return
        hint = "functions are: " + ", ".join(sorted([*FUNCTIONS, *CALLED]))
        if form or other:
            hint = f"write `{form}`" if form else f"did you mean `{other}`?"
        self.reporter.error("P203", f"unknown function `{name}`", start(node.span, name), "not defined", hint)

    def _function(
        self, name: str, values: list[Value], spans: list[Span | None], node: ast.CallExpression
    ) -> Value | None:
        first = values[0]
        if name in ("min", "max", "clip"):
            for other in values[1:]:
                if not self.unifier.unify(first.vector, other.vector):
                    sentence = (
                        f"`{name}` needs values of one unit, not {self.say(first.vector)} and {self.say(other.vector)}"
                    )
                    self.report_mismatch(sentence, first, other, node)
                    return None
            if name != "clip":
                return self.arithmetic(name, first, values[1], first.vector)
            low = self.arithmetic("max", first, values[1], first.vector)
            return self.arithmetic("min", low, values[2], first.vector)
        if name in ("abs", "int", "sqrt", "sign"):
            vector = {"abs": first.vector, "sqrt": raised(first.vector, Fraction(1, 2))}.get(name, NUMBER)
        else:
            vector = NUMBER
        if (name == "int" or (name in FUNCTIONS and name not in ("abs", "sqrt", "sign"))) and not self.unifier.unify(
            first.vector, NUMBER
        ):
            self.report_unit(
                spans[0],
                f"the argument of `{name}` must be a number without a unit",
                first.vector,
                hint="divide by a value of the same unit",
            )
            return None
        if name == "int":
            integer = self.as_type(first, Type.INT, spans[0], "") if first.integer is not None else None
            if integer is not None or first.type is Type.INT:
                return integer or first
            return self._wrap(Cast(first.expr, Type.INT), NUMBER, first)
        return self._wrap(Call(name, (self._as_real(first),)), vector, first)

    def _distance(self, node: ast.CallExpression, place: Place) -> Value | None:
        ends = sorted(
            argument.value.name if isinstance(argument.value, ast.Name) else "" for argument in node.arguments
        )
        builtin = builtin_of(self.kind, "distance()")
        if builtin is None:
            self.reporter.error(
                "P203",
                "`distance(pre, post)` is known in rules and projections only",
                node.span,
                "no pair of neurons here",
            )
            return None
        if ends != ["post", "pre"]:
            self.reporter.error(
                "P209", "`distance` takes `pre` and `post`", node.span, "", "write `distance(pre, post)`"
            )
            return None
        return self._builtin(builtin, node.span, place)

    def _draw(self, node: ast.CallExpression, place: Place) -> Value | None:
        kind = node.function
        if not place.draws:
            self.reporter.error(
                "P309",
                f"{place.what} cannot contain a draw",
                node.span,
                "drawn at random",
                "draw in a block (`let u = ...`) or in a start value",
            )
            return None
        names = DRAWS[kind]
        arguments = self._bind(node, names, place, () if kind != "uniform" or node.arguments else names)
        if arguments is None:
            return None
        if kind == "uniform" and not arguments:
            arguments = [Value(Const(0.0), NUMBER), Value(Const(1.0), NUMBER)]
        vector = NUMBER if not arguments or kind in ("poisson", "randint") else arguments[0].vector
        for value in arguments:
            if not self.unifier.unify(value.vector, vector):
                if kind in ("poisson", "randint"):
                    self.report_unit(
                        node.span, f"the argument of `{kind}` must be a number without a unit", value.vector
                    )
                else:
                    sentence = f"`{kind}` needs values of one unit, not {self.say(vector)} and {self.say(value.vector)}"
                    self.reporter.error("P401", sentence, node.span, "different units")
                return None
        want = Type.INT if kind == "randint" else Type.REAL
        exprs = []
        for value in arguments:
            typed = self.as_type(value, want, node.span, f"the argument of `{kind}`")
            if typed is None:
                return None
            exprs.append(typed.expr)
        draw = Draw(kind, tuple(exprs), self.next_draw())
        wrapped = self._wrap(draw, vector, *arguments) if arguments else Value(draw, vector)
        return Value(draw, vector, wrapped.site, None, True, wrapped.state, wrapped.size)

    def next_draw(self) -> int:
        """The purpose of the next draw in the text."""
        self.draws += 1
        return self.draws - 1

    def _bind(
        self, node: ast.CallExpression, names: tuple[str, ...], place: Place, optional: tuple[str, ...] = ()
    ) -> list[Value] | None:
        """Arguments by position and name, in the order of `names`; reports what does not fit."""
        bound: dict[str, Value | None] = {}
        complete = True
        for position, argument in enumerate(node.arguments):
            value = self.value(argument.value, place)
            name = argument.name or (names[position] if position < len(names) else "")
            if not name:
                self._argument_count(node, str(len(names)))
                return None
            if name not in names:
                self.reporter.error(
                    "P209",
                    f"`{node.function}` has no argument `{name}`",
                    argument.span,
                    "",
                    did_you_mean(name, names) or f"it has: {', '.join(names)}",
                )
                return None
            if name in bound:
                self.reporter.error("P209", f"`{node.function}` is given `{name}` twice", argument.span)
                return None
            bound[name] = value
            complete = complete and value is not None
        missing = [name for name in names if name not in bound and name not in optional]
        if missing:
            wanted = str(len(names)) if not any(argument.name for argument in node.arguments) else ""
            if wanted:
                self._argument_count(node, wanted)
            else:
                self.reporter.error("P209", f"`{node.function}` needs `{missing[0]}`", node.span)
            return None
        values = [bound[name] for name in names if name in bound]
        return [value for value in values if value is not None] if complete else None

    def _inline(self, function: CheckedFunction, node: ast.CallExpression, place: Place) -> Value | None:
        declaration = function.declaration
        self.used.add(declaration.name)
        arguments = self._bind(node, declaration.arguments, place)
        if arguments is None:
            return None
        if declaration.name in self.open_functions:
            self.reporter.error(
                "P208",
                f"`{declaration.name}` calls itself",
                node.span,
                "functions are written out where they are called",
            )
            return None
        for name, argument in zip(declaration.arguments, arguments, strict=True):
            if argument.draws and uses(declaration.value, name) > 1:
                self.reporter.error(
                    "P309",
                    f"`{declaration.name}` uses its argument `{name}` more than once, and it is a draw",
                    node.span,
                    "would be drawn more than once",
                    "bind the draw with `let` first",
                )
                return None
        self.open_functions.append(declaration.name)
        kept = self.entries, self.locals, self.consts, self.functions, self.reporter, self.kind, self.used, self.broken
        inner = Reporter()
        self.entries, self.consts, self.functions, self.reporter, self.kind = (
            {},
            function.consts,
            function.functions,
            inner,
            "function",
        )
        self.locals = dict(zip(declaration.arguments, arguments, strict=True))
        self.used = set()
        value = self.value(declaration.value, Place(f"`fn {declaration.name}`", draws=False, state=False))
        self.entries, self.locals, self.consts, self.functions, self.reporter, self.kind, self.used, self.broken = kept
        self.open_functions.pop()
        if inner.errors:
            cause = inner.errors[0]
            self.reporter.error(
                cause.code,
                cause.message,
                node.span,
                f"in this call of `{declaration.name}`",
                cause.hint,
                (f"`{declaration.name}` is written out where it is called",),
            )
        return value


def uses(node: ast.Expression, name: str) -> int:
    """How often a name occurs in an expression."""
    match node:
        case ast.Name(name=other):
            return int(other == name)
        case ast.Number():
            return 0
        case ast.Attribute(value=value) | ast.Before(value=value) | ast.UnaryOp(value=value):
            return uses(value, name)
        case ast.BinaryOp(left=left, right=right):
            return uses(left, name) + uses(right, name)
        case ast.Comparison(operands=operands):
            return sum(uses(operand, name) for operand in operands)
        case ast.Conditional(condition=condition, then=then, otherwise=otherwise):
            return uses(condition, name) + uses(then, name) + uses(otherwise, name)
        case ast.CallExpression(arguments=arguments) | ast.Aggregate(call=ast.CallExpression(arguments=arguments)):
            return sum(uses(argument.value, name) for argument in arguments)
        case _:
            assert_never(node)
