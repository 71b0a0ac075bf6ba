"""Statements of the text form of a program (see `plastlang.ir.text`)."""

from __future__ import annotations

from dataclasses import dataclass, field

from plastlang.ir.expression_reader import Cursor, expression
from plastlang.ir.nodes import (
    Assign,
    Deliver,
    Expr,
    GrowMatched,
    GrowRanked,
    GrowThis,
    GrowUniform,
    If,
    Let,
    PruneRanked,
    PruneThis,
    PruneWhere,
    Reduce,
    Sample,
    Stmt,
)
from plastlang.ir.types import Site


@dataclass(slots=True)
class Line:
    """A line as a cursor over its tokens, and the lines that stand deeper below it."""

    cursor: Cursor
    below: list[Line] = field(default_factory=list)


def read_body(lines: list[Line]) -> tuple[Stmt, ...]:
    """The statements of the lines below one."""
    body: list[Stmt] = []
    for line in lines:
        if line.cursor.peek() == "else":
            last = body[-1] if body else None
            if not isinstance(last, If) or last.otherwise:
                raise line.cursor.error("else without if")
            body[-1] = If(last.condition, last.then, read_body(line.below), last.site)
        else:
            body.append(_statement(line))
    return tuple(body)


def _statement(line: Line) -> Stmt:
    cursor = line.cursor
    statement: Stmt
    if cursor.accept("let"):
        name, site = cursor.name(), cursor.site()
        cursor.expect("=")
        statement = Let(name, expression(cursor), site)
    elif cursor.accept("if"):
        condition = expression(cursor)
        statement = If(condition, read_body(line.below), (), cursor.site())
    elif cursor.accept("deliver"):
        statement = _deliver(cursor)
    elif cursor.accept("reduce"):
        statement = _reduce(cursor)
    elif cursor.accept("prune"):
        statement = _prune(cursor)
    elif cursor.accept("grow"):
        statement = _grow(line)
    elif cursor.accept("sample"):
        purpose = cursor.purpose()
        count = expression(cursor)
        slots = expression(cursor) if cursor.accept("slots") else None
        statement = Sample(count, slots, read_body(line.below), purpose)
    else:
        site, name = cursor.place()
        cursor.expect("=")
        statement = Assign(name, expression(cursor), site)
    cursor.end()
    return statement


def _deliver(cursor: Cursor) -> Stmt:
    value = expression(cursor)
    if not cursor.accept("after"):
        return Deliver(value)
    after = expression(cursor)
    cursor.expect("longest")
    return Deliver(value, None, after, cursor.number())


def _reduce(cursor: Cursor) -> Stmt:
    name, site = cursor.name(), cursor.site()
    cursor.expect("=")
    kind = cursor.name()
    cursor.expect("over")
    over = cursor.convert(Site, cursor.name())
    value = expression(cursor)
    fraction = expression(cursor) if cursor.accept("fraction") else None
    return Reduce(name, kind, value, over, site, None, fraction)


def _ranking(cursor: Cursor) -> tuple[Expr, Expr, bool, Site]:
    count, per = expression(cursor), cursor.site()
    largest = cursor.accept("largest")
    if not largest:
        cursor.expect("smallest")
    return count, expression(cursor), largest, per


def _prune(cursor: Cursor) -> Stmt:
    if cursor.accept("where"):
        condition = expression(cursor)
        return PruneWhere(condition, cursor.name() if cursor.accept("as") else "")
    if cursor.accept("ranked"):
        return PruneRanked(*_ranking(cursor))
    purpose = cursor.purpose()
    return PruneThis(expression(cursor) if cursor.accept("with") else None, purpose)


def _grow(line: Line) -> Stmt:
    cursor = line.cursor
    init = read_body(line.below)
    if cursor.accept("ranked"):
        return GrowRanked(*_ranking(cursor), init)
    purpose = cursor.purpose()
    kind = cursor.name()
    if kind == "matched":
        axonal = expression(cursor)
        cursor.expect("to")
        dendritic = expression(cursor)
        return GrowMatched(axonal, dendritic, expression(cursor) if cursor.accept("with") else None, init, purpose)
    if kind == "uniformly":
        return GrowUniform(expression(cursor), init, purpose)
    probability = expression(cursor) if cursor.accept("with") else None
    max_in = expression(cursor) if cursor.accept("in") else None
    max_out = expression(cursor) if cursor.accept("out") else None
    return GrowThis(probability, init, kind, purpose, max_in, max_out)
