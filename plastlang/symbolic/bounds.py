"""Bounds of variables become part of every value that is assigned to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from plastlang.frontend.checked import CheckedVariable
from plastlang.ir.nodes import (
    Assign,
    Binary,
    Const,
    Expr,
    GrowMatched,
    GrowRanked,
    GrowThis,
    GrowUniform,
    If,
    Sample,
    Stmt,
)

Bounds: TypeAlias = "Mapping[str, tuple[Expr | None, Expr | None]]"


def bounds_of(variables: tuple[CheckedVariable, ...]) -> Bounds:
    """The bounds of those variables that have any."""
    return {v.name: (v.low, v.high) for v in variables if v.low is not None or v.high is not None}


def clip(name: str, value: Expr, bounds: Bounds) -> Expr:
    """min(max(value, low), high), as far as `name` has bounds and `value` is not a number within them."""
    low, high = bounds.get(name, (None, None))
    if _within(value, low, high):
        return value
    if low is not None:
        value = Binary("max", value, low)
    if high is not None:
        value = Binary("min", value, high)
    return value


def _within(value: Expr, low: Expr | None, high: Expr | None) -> bool:
    """Whether all are numbers and the value lies between."""
    numbers = [e.value for e in (low, value, high) if isinstance(e, Const)]
    given = sum(e is not None for e in (low, value, high))
    return len(numbers) == given and numbers == sorted(numbers)


def bound_body(body: tuple[Stmt, ...], bounds: Bounds) -> tuple[Stmt, ...]:
    """The statements with every assignment bounded, the nested ones too."""
    return tuple(_bound(statement, bounds) for statement in body)


def _bound(statement: Stmt, bounds: Bounds) -> Stmt:
    match statement:
        case Assign(name=name, value=value):
            return replace(statement, value=clip(name, value, bounds))
        case If(then=then, otherwise=otherwise):
            return replace(statement, then=bound_body(then, bounds), otherwise=bound_body(otherwise, bounds))
        case GrowUniform(init=init) | GrowRanked(init=init) | GrowMatched(init=init) | GrowThis(init=init):
            return replace(statement, init=bound_body(init, bounds))
        case Sample(body=body):
            return replace(statement, body=bound_body(body, bounds))
        case _:
            return statement
