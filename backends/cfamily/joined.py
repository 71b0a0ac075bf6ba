"""Several blocks on one trigger as one list of statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from plastlang.ir.nodes import Block, Expr, If, Let, Local, Stmt
from plastlang.ir.walk import map_statement, rewrite, statements


def statements_on(blocks: Sequence[Block], kind: type) -> tuple[Stmt, ...]:
    """The statements of all blocks on that trigger, one after the other; each block keeps its names for itself."""
    chosen = [b.body for b in blocks if isinstance(b.trigger, kind)]
    names = [{s.name for s in statements(body) if isinstance(s, Let)} for body in chosen]
    result: list[Stmt] = []
    for k, body in enumerate(chosen):
        taken = names[k].intersection(*[set().union(*names[:k])]) if k else set()
        result += _renamed(body, {name: f"{name} {k}" for name in taken}) if taken else body
    return tuple(result)


def _renamed(body: Sequence[Stmt], names: dict[str, str]) -> list[Stmt]:
    def local(expression: Expr) -> Expr:
        if isinstance(expression, Local) and expression.name in names:
            return replace(expression, name=names[expression.name])
        return expression

    def named(statement: Stmt) -> Stmt:
        match statement:
            case Let(name=name) if name in names:
                return replace(statement, name=names[name])
            case If():
                return replace(
                    statement, then=tuple(map(named, statement.then)), otherwise=tuple(map(named, statement.otherwise))
                )  # fmt: skip
            case _:
                return statement

    return [named(map_statement(s, lambda x: rewrite(x, local))) for s in body]
