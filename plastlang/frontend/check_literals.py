"""Numbers with units."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.builtins import builtin_of
from plastlang.frontend.check_shared import Shared
from plastlang.frontend.check_values import (
    Value,
)
from plastlang.frontend.dimensions import (
    Vector,
    multiply,
)
from plastlang.frontend.units import UnitError, is_common, read_unit
from plastlang.ir.nodes import Const


@dataclass(slots=True)
class Literals(Shared):
    """Elaborates numbers, and units written on behind them."""

    def _number(self, node: ast.Number) -> Value | None:
        quantity = self._quantity(node)
        if quantity is None:
            return None
        number, vector = quantity
        real = self._finite(number, node.span)
        if real is None:
            return None
        if node.unit:
            return Value(Const(real), vector)
        if number == 0:
            vector = self.unifier.fresh()
        whole = node.text.isdigit() and number < 2**31
        return Value(Const(real), vector, integer=int(number) if whole else None)

    def _finite(self, number: Decimal, span: Span | None) -> float | None:
        real = float(number)
        if abs(real) == float("inf"):
            self.reporter.error("P407", "this number is too large", span)
            return None
        return real

    def _quantity(self, node: ast.Expression) -> tuple[Decimal, Vector] | None:
        """A number with its unit, the unit perhaps written on behind it: `2 mV/ms`."""
        match node:
            case ast.Number(text=text, unit=unit):
                try:
                    factor, vector = read_unit(unit)
                except UnitError as error:
                    self.report_unknown_unit(error, node.span)
                    return None
                return Decimal(text) * factor, vector
            case ast.BinaryOp(op=op, left=left, right=right):
                start = self._quantity(left)
                if start is None:
                    return None
                text, power = self._unit_power(right)
                factor, vector = read_unit(text)
                power = power if op == "*" else -power
                return start[0] * factor**power, multiply(start[1], vector, power)
        return None

    def _unit_power(self, node: ast.Expression) -> tuple[str, int]:
        match node:
            case ast.Name(name=name):
                return name, 1
            case ast.BinaryOp(op="**", left=ast.Name(name=name), right=ast.Number(text=text)):
                return name, int(text)
            case ast.BinaryOp(
                op="**", left=ast.Name(name=name), right=ast.UnaryOp(op="-", value=ast.Number(text=text))
            ):
                return name, -int(text)
        return "", 0

    def _is_quantity(self, node: ast.Expression) -> bool:
        match node:
            case ast.Number(unit=unit):
                return unit != ""
            case ast.BinaryOp(op="*" | "/", left=left, right=right):
                return self._is_unit(right) and self._is_quantity(left)
        return False

    def _is_unit(self, node: ast.Expression) -> bool:
        match node:
            case ast.Name(name=name):
                return not self._declared(name) and is_common(name)
            case ast.BinaryOp(op="**", left=ast.Name(name=name), right=right):
                digits = right.value if isinstance(right, ast.UnaryOp) and right.op == "-" else right
                whole = (
                    isinstance(digits, ast.Number)
                    and digits.text.isdigit()
                    and not digits.unit
                    and len(digits.text) < 3
                )
                return whole and not self._declared(name) and is_common(name)
        return False

    def _declared(self, name: str) -> bool:
        declared = (self.locals, self.entries, self.consts, self.broken)
        return any(name in known for known in declared) or builtin_of(self.kind, name) is not None

    def report_unknown_unit(self, error: UnitError, span: Span | None) -> None:
        hint = (
            f"did you mean `{error.suggestion}`?"
            if error.suggestion
            else "units are written like ms, mV, nS, pA, Hz, %"
        )
        self.reporter.error("P403", f"there is no unit `{error.unit}`", span, "unknown unit", hint)
