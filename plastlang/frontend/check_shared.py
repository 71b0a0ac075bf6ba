"""What every part of elaborating expressions needs: the names in scope, types brought together, units compared."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.check_values import (
    Entry,
    Place,
    Reporter,
    Value,
)
from plastlang.frontend.checked import CheckedConst, CheckedFunction
from plastlang.frontend.dimensions import (
    Unifier,
    Vector,
    spoken,
    to_dimension,
)
from plastlang.ir.nodes import Binary, Cast, Const, Expr
from plastlang.ir.types import Site, Type, join


@dataclass(slots=True)
class Shared(ABC):
    """State of an elaboration, and what all of it needs: types brought together, complaints about units."""

    kind: str
    reporter: Reporter
    consts: Mapping[str, CheckedConst]
    functions: Mapping[str, CheckedFunction]
    broken: frozenset[str] = frozenset()  # names of the file that have an error of their own
    components: frozenset[str] = frozenset()
    entries: dict[str, Entry] = field(default_factory=dict)
    locals: dict[str, Value | None] = field(default_factory=dict)
    unifier: Unifier = field(default_factory=Unifier)
    unknown: set[str] = field(default_factory=set)  # names that were reported as unknown: once is enough
    neuron_reads: dict[tuple[str, str], tuple[Vector, Span | None]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    draws: int = 0
    xi: Value | None = None  # the white noise of the equation under way
    trail: list[tuple[Site, Span | None, str]] = field(default_factory=list)
    lets: dict[str, Value | None] = field(default_factory=dict)
    _open_lets: list[str] = field(default_factory=list)
    open_functions: list[str] = field(default_factory=list)
    _depth: int = 0

    @abstractmethod
    def value(self, node: ast.Expression, place: Place) -> Value | None:
        """The value of an expression, or None where it is wrong; `Elaborator` dispatches."""

    def say(self, vector: Vector) -> str:
        return spoken(self.unifier.close(vector))

    def _wrap(self, expr: Expr, vector: Vector, *parts: Value) -> Value:
        site = parts[0].site
        for part in parts[1:]:
            site = join(site, part.site)
        return Value(
            expr,
            vector,
            site,
            None,
            any(part.draws for part in parts),
            any(part.state for part in parts),
            1 + sum(part.size for part in parts),
        )

    def arithmetic(self, op: str, left: Value, right: Value, vector: Vector) -> Value:
        """left op right, both numbers, their types brought together."""
        if left.integer is not None and right.integer is not None and op in ("+", "-", "*"):
            result = {
                "+": left.integer + right.integer,
                "-": left.integer - right.integer,
                "*": left.integer * right.integer,
            }[op]
            if abs(result) < 2**31:
                return Value(Const(float(result)), vector, integer=result)
        if op == "/":
            a, b = self._as_real(left), self._as_real(right)
        else:
            a, b = self._together(left, right)
        return self._wrap(Binary(op, a, b), vector, left, right)

    def _numbers(self, *parts: tuple[Value, Span | None]) -> bool:
        for value, span in parts:
            if value.type is Type.BOOL:
                self._not_a_number(span)
                return False
        return True

    def _not_a_number(self, span: Span | None) -> None:
        self.reporter.error("P405", "a condition is not a number", span, "true or false", "write `1 if ... else 0`")

    def _as_real(self, value: Value) -> Expr:
        return value.expr if value.type is Type.REAL else Cast(value.expr, Type.REAL)

    def _together(self, left: Value, right: Value) -> tuple[Expr, Expr]:
        if left.type is right.type:
            return left.expr, right.expr
        if left.type is Type.INT and right.integer is not None:
            return left.expr, Const(right.integer, Type.INT)
        if right.type is Type.INT and left.integer is not None:
            return Const(left.integer, Type.INT), right.expr
        return self._as_real(left), self._as_real(right)

    def as_type(self, value: Value | None, want: Type, span: Span | None, what: str) -> Value | None:
        """The value as `want`; REAL is never made INT silently."""
        if value is None or (value.type is want and not (want is Type.INT and value.integer is not None)):
            return value
        if want is Type.BOOL:
            self.reporter.error(
                "P405", f"{what} must be a condition", span, "this is a number", "compare it, for example `... > 0`"
            )
            return None
        if value.type is Type.BOOL:
            self._not_a_number(span)
            return None
        if want is Type.REAL:
            return Value(
                Cast(value.expr, Type.REAL), value.vector, value.site, None, value.draws, value.state, value.size
            )
        if value.integer is not None:
            return Value(Const(value.integer, Type.INT), value.vector, integer=value.integer)
        self.reporter.error("P405", f"{what} must be a whole number", span, "this is a real number", "write `int(...)`")
        return None

    def report_unit(self, span: Span | None, sentence: str, got: Vector, hint: str = "") -> None:
        self.reporter.error("P401", f"{sentence}, not {self.say(got)}", span, f"this is {self.say(got)}", hint)

    def report_mismatch(self, sentence: str, left: Value, right: Value, node: ast.Expression) -> None:
        one, other = self.say(left.vector), self.say(right.vector)
        hint = ""
        for value, against in ((left, right), (right, left)):
            symbol = to_dimension(self.unifier.close(against.vector)).symbol
            if isinstance(value.expr, Const) and not self.unifier.close(value.vector) and symbol:
                hint = f"give the number a unit: `{value.expr.value:g} {symbol}`"
        self.reporter.error("P401", sentence, node.span, f"{one} and {other}", hint)
