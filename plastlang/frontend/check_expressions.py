"""Expressions of the tree to typed expressions of the intermediate representation: names, units, types, sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.check_aggregates import Aggregates
from plastlang.frontend.check_values import (
    Place,
    Value,
)
from plastlang.frontend.dimensions import (
    NUMBER,
    Vector,
)
from plastlang.frontend.evaluate import NotConstant, evaluate
from plastlang.ir.nodes import Cast
from plastlang.ir.types import Type

DEEPEST = 120
LARGEST = 5000


@dataclass(slots=True)
class Elaborator(Aggregates):
    """Elaborates the expressions of one component or network. `kind`: neuron, rule, network (constants), pair."""

    def elaborate(self, node: ast.Expression, place: Place) -> Value | None:
        """The value of an expression, or None if something in it is wrong (and has been reported)."""
        self.trail.clear()
        return self.value(node, place)

    def real(self, node: ast.Expression, place: Place, vector: Vector | None = None) -> Value | None:
        """As `elaborate`, made REAL, with the unit `vector` if one is given."""
        value = self.as_type(self.elaborate(node, place), Type.REAL, node.span, place.what)
        if value is None or vector is None:
            return value
        if not self.unifier.unify(value.vector, vector):
            self.report_unit(node.span, f"{place.what} must be {self.say(vector)}", value.vector)
            return None
        return value

    def condition(self, node: ast.Expression, place: Place) -> Value | None:
        return self.as_type(self.elaborate(node, place), Type.BOOL, node.span, place.what)

    def whole(self, node: ast.Expression, place: Place) -> Value | None:
        """As `elaborate`, made INT by force: counts may be given by REAL parameters."""
        value = self.elaborate(node, place)
        if value is None:
            return None
        if not self.unifier.unify(value.vector, NUMBER):
            self.report_unit(node.span, f"{place.what} must be a number", value.vector)
            return None
        if value.type is Type.REAL and value.integer is None:
            return Value(Cast(value.expr, Type.INT), NUMBER, value.site, None, value.draws, value.state, value.size + 1)
        return self.as_type(value, Type.INT, node.span, place.what)

    def constant(self, node: ast.Expression, what: str) -> tuple[float, Vector, Value] | None:
        """The number that a constant expression is."""
        place = Place(what, draws=False, state=False, parameters=False)
        value = self.elaborate(node, place)
        if value is None:
            return None
        if value.type is Type.BOOL:
            self.reporter.error("P405", f"{what} must be a number, not a condition", node.span)
            return None
        number = self.number(value, node.span, what)
        return None if number is None else (number, value.vector, value)

    def number(self, value: Value, span: Span | None, what: str) -> float | None:
        """The finite number that an elaborated constant expression has."""
        try:
            number = float(evaluate(value.expr))
        except NotConstant:
            self.reporter.error(
                "P309",
                f"{what} must be known before the run",
                span,
                "this is not constant",
                "use numbers, constants and functions of them",
            )
            return None
        except (ArithmeticError, ValueError) as error:
            self.reporter.error("P407", f"{what} cannot be computed: {error}", span)
            return None
        if not abs(number) < float("inf"):
            self.reporter.error("P407", f"{what} is not a finite number", span)
            return None
        return number

    def value(self, node: ast.Expression, place: Place) -> Value | None:
        self._depth += 1
        try:
            if self._depth > DEEPEST:
                self.reporter.error(
                    "P406",
                    "this expression is nested too deeply",
                    node.span,
                    f"more than {DEEPEST} levels",
                    "name its parts with `let`",
                )
                return None
            value = self._dispatch(node, place)
        finally:
            self._depth -= 1
        if value is not None and value.size > LARGEST:
            self.reporter.error(
                "P406",
                "this expression is too large once functions and names are written out",
                node.span,
                f"more than {LARGEST} operations",
                "bind parts that occur often with `let` in a block",
            )
            return None
        return value

    def _dispatch(self, node: ast.Expression, place: Place) -> Value | None:
        match node:
            case ast.Number():
                return self._number(node)
            case ast.Name():
                return self._name(node, place)
            case ast.Attribute():
                return self._attribute(node, place)
            case ast.Before():
                return self._before(node, place)
            case ast.UnaryOp():
                return self._unary(node, place)
            case ast.BinaryOp():
                return self._binary(node, place)
            case ast.Comparison():
                return self._comparison(node, place)
            case ast.Conditional():
                return self._conditional(node, place)
            case ast.CallExpression():
                return self._call(node, place)
            case ast.Aggregate():
                return self._aggregate(node, place)
            case _:
                assert_never(node)
