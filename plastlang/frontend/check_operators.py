"""Operators: arithmetic, comparison, conditions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from plastlang.frontend import ast
from plastlang.frontend.check_calls import Calls
from plastlang.frontend.check_values import (
    Place,
    Value,
)
from plastlang.frontend.dimensions import (
    NUMBER,
    divide,
    multiply,
    raised,
)
from plastlang.frontend.evaluate import NotConstant, evaluate
from plastlang.ir.nodes import Binary, Const, Select, Unary
from plastlang.ir.types import Type

_VERBS = {"+": "add {1} to {0}", "-": "subtract {1} from {0}", "%": "take {0} modulo {1}"}


@dataclass(slots=True)
class Operators(Calls):
    """Elaborates operators."""

    def _unary(self, node: ast.UnaryOp, place: Place) -> Value | None:
        value = self.value(node.value, place)
        if value is None:
            return None
        if node.op == "not":
            value = self.as_type(value, Type.BOOL, node.value.span, "what `not` stands before")
            return None if value is None else self._wrap(Unary("not", value.expr), NUMBER, value)
        if value.type is Type.BOOL:
            self._not_a_number(node.value.span)
            return None
        if node.op == "+":
            return value
        if isinstance(value.expr, Const):
            integer = None if value.integer is None else -value.integer
            return Value(Const(-value.expr.value, value.type), value.vector, integer=integer)
        return self._wrap(Unary("-", value.expr), value.vector, value)

    def _binary(self, node: ast.BinaryOp, place: Place) -> Value | None:
        if node.op in ("*", "/") and self._is_quantity(node):
            quantity = self._quantity(node)
            real = self._finite(quantity[0], node.span) if quantity else None
            return None if quantity is None or real is None else Value(Const(real), quantity[1])
        left = self.value(node.left, place)
        right = self.value(node.right, place)
        if left is None or right is None:
            return None
        if node.op in ("and", "or"):
            a = self.as_type(left, Type.BOOL, node.left.span, f"what stands before `{node.op}`")
            b = self.as_type(right, Type.BOOL, node.right.span, f"what stands behind `{node.op}`")
            return None if a is None or b is None else self._wrap(Binary(node.op, a.expr, b.expr), NUMBER, a, b)
        if not self._numbers((left, node.left.span), (right, node.right.span)):
            return None
        if node.op == "**":
            return self._power(left, right, node)
        if node.op == "*":
            vector = multiply(left.vector, right.vector)
        elif node.op == "/":
            vector = divide(left.vector, right.vector)
        else:
            if not self.unifier.unify(left.vector, right.vector):
                first, second = (left, right)
                sentence = _VERBS[node.op].format(self.say(first.vector), self.say(second.vector))
                self.report_mismatch(f"cannot {sentence}", left, right, node)
                return None
            vector = left.vector
        return self.arithmetic(node.op, left, right, vector)

    def _power(self, base: Value, exponent: Value, node: ast.BinaryOp) -> Value | None:
        if not self.unifier.unify(exponent.vector, NUMBER):
            self.report_unit(node.right.span, "an exponent must be a number without a unit", exponent.vector)
            return None
        try:
            literal: float | None = float(evaluate(exponent.expr))
        except (NotConstant, ArithmeticError, ValueError):
            literal = None
        if literal is not None and abs(literal) <= 64:
            vector = raised(base.vector, Fraction(literal).limit_denominator(1000))
        elif self.unifier.unify(base.vector, NUMBER):
            vector = NUMBER
        else:
            self.report_unit(
                node.left.span,
                "the base of an exponent that is not a literal must be a number without a unit",
                base.vector,
                hint="divide by a reference value first",
            )
            return None
        a = self._as_real(base)
        if literal in (2.0, 3.0) and not base.draws:
            square = Binary("*", a, a)
            return self._wrap(square if literal == 2.0 else Binary("*", square, a), vector, *([base] * int(literal)))
        return self._wrap(Binary("**", a, self._as_real(exponent)), vector, base, exponent)

    def _comparison(self, node: ast.Comparison, place: Place) -> Value | None:
        operands = [self.value(operand, place) for operand in node.operands]
        result: Value | None = None
        for position, op in enumerate(node.ops):
            left, right = operands[position], operands[position + 1]
            if left is None or right is None:
                return None
            spans = node.operands[position].span, node.operands[position + 1].span
            if not self._numbers((left, spans[0]), (right, spans[1])):
                return None
            if not self.unifier.unify(left.vector, right.vector):
                sentence = f"cannot compare {self.say(left.vector)} with {self.say(right.vector)}"
                self.report_mismatch(sentence, left, right, node)
                return None
            if right.draws and position + 1 < len(node.ops):
                self.reporter.error(
                    "P309",
                    "a draw in the middle of a comparison would be made twice",
                    spans[1],
                    "drawn here",
                    "bind it with `let` first",
                )
                return None
            a, b = self._together(left, right)
            step = self._wrap(Binary(op, a, b), NUMBER, left, right)
            result = step if result is None else self._wrap(Binary("and", result.expr, step.expr), NUMBER, result, step)
        return result

    def _conditional(self, node: ast.Conditional, place: Place) -> Value | None:
        condition = self.as_type(
            self.value(node.condition, place), Type.BOOL, node.condition.span, "what stands behind `if`"
        )
        then = self.value(node.then, place)
        otherwise = self.value(node.otherwise, place)
        if condition is None or then is None or otherwise is None:
            return None
        if (then.type is Type.BOOL) != (otherwise.type is Type.BOOL):
            self._not_a_number((node.then if then.type is Type.BOOL else node.otherwise).span)
            return None
        if not self.unifier.unify(then.vector, otherwise.vector):
            sentence = f"`if ... else` gives {self.say(then.vector)} or {self.say(otherwise.vector)}"
            self.report_mismatch(sentence, then, otherwise, node)
            return None
        a, b = self._together(then, otherwise)
        return self._wrap(Select(condition.expr, a, b), then.vector, condition, then, otherwise)
