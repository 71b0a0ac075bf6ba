"""A rule under the names that it has in a composition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from plastlang.frontend.checked import (
    CheckedComponent,
    Equation,
)
from plastlang.ir.nodes import (
    Assign,
    Block,
    Draw,
    Every,
    Expr,
    GrowMatched,
    GrowRanked,
    GrowThis,
    GrowUniform,
    If,
    Param,
    PostSpike,
    PreSpike,
    PruneThis,
    Read,
    Sample,
    Stmt,
    Trigger,
)
from plastlang.ir.walk import map_statement, rewrite


def _statement(statement: Stmt, name: Callable[[str], str], shift: int) -> Stmt:
    """Targets renamed and purposes of structural statements shifted, at every depth."""

    def body(statements: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        return tuple(_statement(inner, name, shift) for inner in statements)

    match statement:
        case Assign():
            return replace(statement, name=name(statement.name))
        case If():
            return replace(statement, then=body(statement.then), otherwise=body(statement.otherwise))
        case GrowRanked():
            return replace(statement, init=body(statement.init))
        case GrowUniform() | GrowMatched() | GrowThis():
            return replace(statement, init=body(statement.init), purpose=statement.purpose + shift)
        case PruneThis():
            return replace(statement, purpose=statement.purpose + shift)
        case Sample():
            return replace(statement, body=body(statement.body), purpose=statement.purpose + shift)
        case _:
            return statement


def rename(
    rule: CheckedComponent, label: str, bindings: Mapping[str, str], shift: int, given: Mapping[str, str] | None = None
) -> CheckedComponent:
    """The rule with parameters `label.name` (`name` without a label), variables under the names that `bindings` gives
    them, draws shifted. `given`: other names of parameters."""

    prefix = f"{label}." if label else ""

    def name(old: str) -> str:
        return bindings.get(old, old)

    def parameter(old: str) -> str:
        return (given or {}).get(old, prefix + old)

    def node(expr: Expr) -> Expr:
        match expr:
            case Param():
                return replace(expr, name=parameter(expr.name))
            case Read(of=""):
                return replace(expr, name=name(expr.name))
            case Draw():
                return replace(expr, purpose=expr.purpose + shift)
        return expr

    def one(expr: Expr) -> Expr:
        return rewrite(expr, node)

    def maybe(expr: Expr | None) -> Expr | None:
        return None if expr is None else one(expr)

    def trigger(old: Trigger) -> Trigger:
        match old:
            case Every(period=period):
                return Every(one(period))
            case PreSpike(after=after) | PostSpike(after=after):
                return replace(old, after=maybe(after))
            case _:
                return old

    def block(old: Block) -> Block:
        body = tuple(_statement(map_statement(statement, one), name, shift) for statement in old.body)
        return replace(old, trigger=trigger(old.trigger), body=body)

    return replace(
        rule,
        name=label or rule.name,
        parameters=tuple(replace(p, name=parameter(p.name)) for p in rule.parameters),
        variables=tuple(
            replace(v, name=name(v.name), init=maybe(v.init), low=maybe(v.low), high=maybe(v.high))
            for v in rule.variables
        ),
        equations=tuple(Equation(name(q.name), one(q.value), q.span) for q in rule.equations),
        blocks=tuple(block(old) for old in rule.blocks),
    )
