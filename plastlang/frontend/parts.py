"""What lies on the stack of the parser: expressions with their extent and depth, blocks, lists; and the text itself."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from lark import Token

from plastlang.diagnostics import Diagnostic, Source, Span
from plastlang.frontend import ast

#: Operators, brackets and function calls that may be inside one another; all later walks over a tree recurse.
MAX_EXPRESSION_DEPTH = 100

#: The text that is being parsed: the callbacks of the one cached parser make spans into it.
SOURCE: ContextVar[Source] = ContextVar("SOURCE")


class SyntaxFault(Exception):
    """A mistake that is only seen when a piece of the tree is made."""

    def __init__(self, diagnostic: Diagnostic):
        self.diagnostic = diagnostic
        super().__init__(diagnostic.message)


@dataclass(frozen=True, slots=True)
class Part:
    """An expression on the parser's stack: its node, its extent (with parentheses) and its depth."""

    node: ast.Expression
    start: int
    end: int
    depth: int


@dataclass(frozen=True, slots=True)
class Block:
    """The statements of a block and where it ends."""

    body: tuple[Any, ...]
    end: int


@dataclass(frozen=True, slots=True)
class Arguments:
    """Arguments of a call or names of a list."""

    items: tuple[Any, ...]
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Caps:
    """`at most ...` of a grow: the limits per end, and the last token."""

    limits: dict[str, ast.Expression]
    last: Token | None


Child: TypeAlias = Any  # Token, Part, a node, or None


def start_of(child: Child) -> int:
    match child:
        case Token():
            return int(child.start_pos or 0)
        case Part():
            return child.start
    return int(child.span.start)


def end_of(child: Child) -> int:
    match child:
        case Token():
            return int(child.end_pos or 0)
        case Part() | Block():
            return child.end
    return int(child.span.end)


def span_of(first: Child, last: Child) -> Span:
    return Span(SOURCE.get(), start_of(first), end_of(last))


def part_of(node: Any, first: Child, last: Child, *inside: Part | Arguments) -> Part:
    depth = 1 + max((child.depth for child in inside), default=0)
    if depth > MAX_EXPRESSION_DEPTH:
        span = Span(SOURCE.get(), start_of(first), min(end_of(last), start_of(first) + 40))
        raise SyntaxFault(
            Diagnostic(
                "P117",
                f"This expression is nested more than {MAX_EXPRESSION_DEPTH} levels deep.",
                span,
                "in here",
                ("every operator of a chain `a + b + c + ...` and every bracket counts as one level",),
                "split it: give the parts names with `let`",
            )
        )
    start, end = start_of(first), end_of(last)
    return Part(replace(node, span=Span(SOURCE.get(), start, end)), start, end, depth)


def nodes_of(children: tuple[Child, ...]) -> tuple[Any, ...]:
    return tuple(child for child in children if child is not None and not isinstance(child, Token))
