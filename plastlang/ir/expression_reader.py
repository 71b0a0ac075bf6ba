"""Tokens and expressions of the text form of a program (see `plastlang.ir.text`)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TypeVar

from plastlang.ir.builtins import POPULATION, PROJECTION
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
from plastlang.ir.types import COMPARISONS, Site, Type

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)(?![\w.]))"""
    r"""|(?P<name>[$#@]?[^\W\d]\w*(?:\.[^\W\d]\w*)*)"""
    r"""|(?P<string>"(?:[^"\\]|\\.)*")"""
    r"""|(?P<op>->|\*\*|<=|>=|==|!=|[-+*/%<>=(),:\[\]{}]))"""
)
_LETTER = re.compile(r"[^\W\d]")
_BUILTINS = POPULATION | PROJECTION
_LEVELS: tuple[tuple[str, ...], ...] = (("or",), ("and",), ("not",), COMPARISONS, ("+", "-"), ("*", "/", "%"))
_END = ""
T = TypeVar("T")


class TextError(ValueError):
    """The text is not one that `to_text` writes."""


class Cursor:
    """Goes over the tokens of one line. The end is the empty token."""

    def __init__(self, line: str, number: int):
        self._line, self._number = line, number
        self._tokens: list[str] = []
        self._starts: list[int] = []
        self._at = 0
        place = 0
        while place < len(line):
            match = _TOKEN.match(line, place)
            if match is None:
                raise self.error(f"cannot read {line[place:]!r}")
            self._tokens.append(match[0].strip())
            self._starts.append(place)
            place = match.end()
        self._tokens.append(_END)
        self._starts.append(len(line))

    def error(self, message: str) -> TextError:
        return TextError(f"line {self._number}: {message}")

    def peek(self, ahead: int = 0) -> str:
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def take(self) -> str:
        token = self.peek()
        if token == _END:
            raise self.error("the line ends too early")
        self._at += 1
        return token

    def accept(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self._at += 1
        return True

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise self.error(f"expected {token}, found {self.peek()!r}")

    def at_end(self) -> bool:
        return self.peek() == _END

    def end(self) -> None:
        if not self.at_end():
            raise self.error(f"more than expected: {self.peek()}")

    def name(self) -> str:
        token = self.take()
        if not _LETTER.match(token):
            raise self.error(f"expected a name, found {token}")
        return token

    def rest(self) -> str:
        """The words that are left, as they are."""
        words = self._tokens[self._at : -1]
        self._at = len(self._tokens) - 1
        return " ".join(words)

    def raw(self) -> str:
        """The text that is left."""
        return self._line[self._starts[self._at] :]

    def convert(self, kind: Callable[[str], T], text: str) -> T:
        """`kind(text)`, or a `TextError` where that is a ValueError."""
        try:
            return kind(text)
        except ValueError:
            raise self.error(f"{text} is out of place") from None

    def integer(self) -> int:
        return self.convert(int, self.take())

    def number(self) -> float:
        sign = -1.0 if self.accept("-") else 1.0
        return sign * self.convert(float, self.take())

    def string(self) -> str:
        token = self.take()
        if not token.startswith('"'):
            raise self.error(f"expected a string, found {token}")
        return str(self.convert(json.loads, token))

    def string_or_empty(self) -> str:
        return self.string() if self.peek().startswith('"') else ""

    def type(self) -> Type:
        """`:int`, `:bool`, or nothing for real."""
        return self.convert(Type, self.name()) if self.accept(":") else Type.REAL

    def site(self) -> Site:
        """`at SITE`."""
        self.expect("at")
        return self.convert(Site, self.name())

    def place(self) -> tuple[Site, str]:
        """`SITE.NAME`."""
        site, _, name = self.name().partition(".")
        if not name or site not in set(Site):
            raise self.error(f"expected a variable, found {site}")
        return Site(site), name

    def purpose(self) -> int:
        """`[NUMBER]`."""
        self.expect("[")
        purpose = self.integer()
        self.expect("]")
        return purpose


def expression(cursor: Cursor, level: int = 0) -> Expr:
    """Read an expression of the operators from `level` on (0: all)."""
    if level == len(_LEVELS):
        return _unary(cursor)
    operators = _LEVELS[level]
    if operators == ("not",):
        if cursor.accept("not"):
            return Unary("not", expression(cursor, level))
        return expression(cursor, level + 1)
    left = expression(cursor, level + 1)
    while cursor.peek() in operators:
        op = cursor.take()
        left = Binary(op, left, expression(cursor, level + 1))
    return left


def _unary(cursor: Cursor) -> Expr:
    if cursor.peek() == "-" and not cursor.peek(1)[:1].isdigit():
        cursor.expect("-")
        return Unary("-", _power(cursor))
    return _power(cursor)


def _power(cursor: Cursor) -> Expr:
    left = _leaf(cursor)
    return Binary("**", left, _leaf(cursor)) if cursor.accept("**") else left


def _leaf(cursor: Cursor) -> Expr:
    token = cursor.take()
    if token == "(":
        return _bracket(cursor)
    if token == "-":
        return _number("-" + cursor.take(), cursor)
    if token[0].isdigit():
        return _number(token, cursor)
    if token in ("@true", "@false"):
        return Const(token == "@true", Type.BOOL)
    match token[0]:
        case "$":
            return Param(token[1:], cursor.type())
        case "#":
            return Derived(token[1:], cursor.type())
        case "@":
            if token[1:] not in _BUILTINS:
                raise cursor.error(f"there is no {token}")
            return Builtin(token[1:], *_BUILTINS[token[1:]])
    if not _LETTER.match(token):
        raise cursor.error(f"cannot read {token!r}")
    if cursor.peek() == "[":
        purpose = cursor.purpose()
        cursor.expect("(")
        return Draw(token, _arguments(cursor), purpose)
    if cursor.accept("("):
        return _call(token, cursor)
    if cursor.accept("->"):
        name, type_ = cursor.name(), cursor.type()
        return Read(name, cursor.convert(Site, token), type_, of=token, before=cursor.accept("@before"))
    site, dot, name = token.partition(".")
    if dot and site in set(Site):
        type_ = cursor.type()
        return Read(name, Site(site), type_, before=cursor.accept("@before"))
    return Local(token, cursor.type())


def _number(text: str, cursor: Cursor) -> Const:
    if text.lstrip("-").isdigit():
        return Const(cursor.convert(int, text), Type.INT)
    return Const(cursor.convert(float, text), Type.REAL)


def _bracket(cursor: Cursor) -> Expr:
    inner = expression(cursor)
    if cursor.accept("if"):
        condition = expression(cursor)
        cursor.expect("else")
        inner = Select(condition, inner, expression(cursor))
    cursor.expect(")")
    return inner


def _call(function: str, cursor: Cursor) -> Expr:
    if function == "input":
        port = cursor.name()
        cursor.expect(")")
        return InputSum(port)
    arguments = _arguments(cursor)
    if function in ("min", "max") and len(arguments) == 2:
        return Binary(function, arguments[0], arguments[1])
    if function in set(Type) and len(arguments) == 1:
        return Cast(arguments[0], Type(function))
    return Call(function, arguments)


def _arguments(cursor: Cursor) -> tuple[Expr, ...]:
    arguments = []
    while not cursor.accept(")"):
        arguments.append(expression(cursor))
        cursor.accept(",")
    return tuple(arguments)
