"""Every draw of a program gets a purpose of its own: 1, 2, 3, ... in the order of the program."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from plastlang.ir.nodes import (
    Block,
    Connect,
    ConnectProbability,
    Draw,
    Expr,
    GrowMatched,
    GrowThis,
    GrowUniform,
    If,
    Population,
    Program,
    Projection,
    PruneThis,
    Renewal,
    Sample,
    Spiking,
    Stmt,
)
from plastlang.ir.walk import map_body, map_spiking, map_variable, rewrite


def number_purposes(program: Program) -> Program:
    """The program with its draws, samples and processes numbered."""
    numbers = _Numbers()
    populations = tuple(numbers.population(p) for p in program.populations)
    projections = tuple(numbers.projection(p) for p in program.projections)
    assert numbers.last < 1 << 16, "more purposes than fit a counter"
    return replace(program, populations=populations, projections=projections)


class _Numbers:
    """Hands out purposes in the order in which it is asked."""

    def __init__(self) -> None:
        self._count = count(1)
        self.last = 0

    def next(self) -> int:
        self.last = next(self._count)
        return self.last

    def expression(self, expression: Expr) -> Expr:
        return rewrite(expression, lambda e: replace(e, purpose=self.next()) if isinstance(e, Draw) else e)

    def population(self, p: Population) -> Population:
        variables = tuple(map_variable(v, self.expression) for v in p.variables)
        step = self.body(p.step)
        return replace(
            p, variables=variables, step=step, spiking=self.spiking(p.spiking), blocks=tuple(map(self.block, p.blocks))
        )

    def projection(self, p: Projection) -> Projection:
        connect = self.connect(p.connect)
        variables = tuple(map_variable(v, self.expression) for v in p.variables)
        step = self.body(p.step)
        return replace(p, connect=connect, variables=variables, step=step, blocks=tuple(map(self.block, p.blocks)))

    def block(self, block: Block) -> Block:
        return replace(block, body=self.body(block.body))

    def spiking(self, spiking: Spiking | None) -> Spiking | None:
        numbered = map_spiking(spiking, self.expression)
        return replace(numbered, purpose=self.next()) if isinstance(numbered, Renewal) else numbered

    def connect(self, connect: Connect) -> Connect:
        if isinstance(connect, ConnectProbability):
            return replace(connect, probability=self.expression(connect.probability), purpose=self.next())
        return connect

    def body(self, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        return tuple(map(self.statement, map_body(body, self.expression)))

    def statement(self, statement: Stmt) -> Stmt:
        """The structural statements; the draws inside are numbered before."""
        match statement:
            case GrowUniform() | GrowMatched() | PruneThis() | GrowThis():
                return replace(statement, purpose=self.next())
            case Sample(body=body):
                purpose = self.next()
                return replace(statement, purpose=purpose, body=tuple(map(self.statement, body)))
            case If(then=then, otherwise=otherwise):
                return replace(
                    statement,
                    then=tuple(map(self.statement, then)),
                    otherwise=tuple(map(self.statement, otherwise)),
                )
            case _:
                return statement
