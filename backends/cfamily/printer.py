"""Expressions and statements as text of the C family: what the C and CUDA emitters share.

The text keeps the tree: every operation is in parentheses of its own, so compilers round where the program does. How a
variable, a parameter or the words of a draw are reached is the business of a `Places`, which each emitter brings.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, assert_never

import numpy as np

from plastlang.ir.nodes import (
    Binary,
    Builtin,
    Call,
    Cast,
    Const,
    Derived,
    Draw,
    Expr,
    InputSum,
    Local,
    Param,
    Read,
    Select,
    Unary,
)
from plastlang.ir.types import Type


class Places(Protocol):
    """Text for what an expression finds at the place where it stands."""

    def leaf(self, expression: Param | Derived | Read | Local | Builtin | InputSum) -> str:
        """The value of a name."""

    def words(self, purpose: int) -> str:
        """A `pl_words` with the four random words of a draw."""

    def replacement(self, expression: Expr) -> str | None:
        """Text that stands for a whole expression (a value computed before), or None."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How numbers are written at one precision. `real` is "float" or "double"."""

    real: str

    @property
    def suffix(self) -> str:
        """What ends the names of REAL functions of plast_math.h and plast_random.h."""
        return "f" if self.real == "float" else ""

    def type(self, type_: Type) -> str:
        return {Type.REAL: self.real, Type.INT: "int32_t", Type.BOOL: "bool"}[type_]

    def size(self, type_: Type) -> int:
        """Bytes of a stored value."""
        return {Type.REAL: 4 if self.real == "float" else 8, Type.INT: 4, Type.BOOL: 1}[type_]

    def literal(self, constant: Const) -> str:
        """A constant, rounded to the precision, to the last bit."""
        value = constant.value
        match constant.type:
            case Type.BOOL:
                return "true" if value else "false"
            case Type.INT:
                return "(-2147483647 - 1)" if value == -(2**31) else f"({value})" if value < 0 else f"{value}"
            case Type.REAL:
                number = float(np.float32(value)) if self.real == "float" else float(value)
                if math.isinf(number):
                    text = "PL_INFF" if self.real == "float" else "PL_INF"
                    return text if number > 0 else f"(-{text})"
                text = (
                    number.hex() + self.suffix
                    if number != int(number) or abs(number) >= 1e6
                    else f"{number!r}{self.suffix}"
                )
                return f"({text})" if math.copysign(1, number) < 0 else text
            case _:
                assert_never(constant.type)

    def expression(self, expression: Expr, places: Places) -> str:
        """The text of an expression."""
        known = places.replacement(expression)
        if known is not None:
            return known

        def text(inner: Expr) -> str:
            return self.expression(inner, places)

        match expression:
            case Const():
                return self.literal(expression)
            case Param() | Derived() | Read() | Local() | Builtin() | InputSum():
                return places.leaf(expression)
            case Unary(op="not", value=value):
                return f"(!{text(value)})"
            case Unary(value=value):
                return f"pl_negi({text(value)})" if value.type is Type.INT else f"(-{text(value)})"
            case Binary(op=op, left=left, right=right):
                return self._binary(op, left.type, text(left), text(right))
            case Select(condition=condition, then=then, otherwise=otherwise):
                return f"({text(condition)} ? {text(then)} : {text(otherwise)})"
            case Call(function=function, arguments=arguments):
                return self._call(function, [text(a) for a in arguments])
            case Cast(value=value, type=type_):
                return self._cast(value.type, type_, text(value))
            case Draw(kind=kind, arguments=arguments, purpose=purpose):
                return self._draw(kind, [text(a) for a in arguments], places.words(purpose))
            case _:
                assert_never(expression)

    def _binary(self, op: str, type_: Type, a: str, b: str) -> str:
        if op in ("and", "or"):
            return f"({a} {'&&' if op == 'and' else '||'} {b})"
        if type_ is Type.INT and op in _INT_OPERATORS:
            return f"{_INT_OPERATORS[op]}({a}, {b})"
        if op in _REAL_FUNCTIONS:
            return f"{_REAL_FUNCTIONS[op]}{self.suffix}({a}, {b})"
        return f"({a} {op} {b})"

    def _call(self, function: str, arguments: list[str]) -> str:
        name = _MACROS.get(function)
        head = f"pl_{function}{self.suffix}" if name is None else f"{name}{self.suffix.upper()}"
        return f"{head}({', '.join(arguments)})"

    def _cast(self, old: Type, new: Type, text: str) -> str:
        if new is Type.BOOL:
            return f"({text} != 0)"
        if new is Type.INT and old is Type.REAL:
            return f"pl_cast{self.suffix}({text})"
        return f"({self.type(new)})({text})"

    def _draw(self, kind: str, arguments: list[str], words: str) -> str:
        match kind:
            case "randint":
                return f"pl_randint({words}, {arguments[0]})"
            case "poisson":
                return f"pl_poisson({words}, (double)({arguments[0]}))"
            case _:
                return f"pl_{kind}{self.suffix}({', '.join([words, *arguments])})"


_INT_OPERATORS = {
    "+": "pl_addi", "-": "pl_subi", "*": "pl_muli", "%": "pl_modi", "min": "pl_mini", "max": "pl_maxi",
}  # fmt: skip
_REAL_FUNCTIONS = {"min": "pl_min", "max": "pl_max", "%": "pl_mod", "**": "pl_pow"}
_MACROS = {"sqrt": "PL_SQRT", "abs": "PL_ABS", "floor": "PL_FLOOR", "ceil": "PL_CEIL", "round": "PL_RINT"}


@dataclass(slots=True)
class Names:
    """C identifiers for names of the source: readable, ASCII, each used once."""

    given: dict[tuple[str, str], str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def of(self, kind: str, name: str) -> str:
        """The identifier of `name` among names of this kind (a prefix such as "v")."""
        key = (kind, name)
        if key not in self.given:
            ascii_name = "".join(c if c.isascii() else f"u{ord(c):x}" for c in name)
            base = f"{kind}_{re.sub(r'[^A-Za-z0-9_]', '_', ascii_name)}"
            text, number = base, 2
            while text in self.taken:
                text, number = f"{base}_{number}", number + 1
            self.taken.add(text)
            self.given[key] = text
        return self.given[key]


def indent(lines: Iterable[str], levels: int = 1) -> list[str]:
    """Lines moved to the right."""
    return ["    " * levels + line if line else line for line in lines]


def comment(text: str) -> str:
    """A comment of one line."""
    return f"/* {' '.join(text.replace('*/', '* /').split())} */"
