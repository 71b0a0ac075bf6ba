"""Going through expressions and statements, and rebuilding them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import assert_never

from plastlang.ir.nodes import (
    Assign,
    Binary,
    Block,
    Builtin,
    Call,
    Cast,
    Connect,
    ConnectProbability,
    Const,
    Deliver,
    Derived,
    Draw,
    Expr,
    GrowMatched,
    GrowRanked,
    GrowThis,
    GrowUniform,
    If,
    InputSum,
    LazyGroup,
    Let,
    Local,
    Param,
    Population,
    PostSpike,
    PreSpike,
    Projection,
    PruneRanked,
    PruneThis,
    PruneWhere,
    Read,
    Reduce,
    Renewal,
    Sample,
    Scheduled,
    Select,
    Spiking,
    Stmt,
    Threshold,
    Unary,
    Variable,
)

Rewrite = Callable[[Expr], Expr]


def children(expression: Expr) -> tuple[Expr, ...]:
    """The direct subexpressions, from left to right."""
    match expression:  # what is most common comes first: a large part of the time of compiling is spent here
        case Binary(left=left, right=right):
            return (left, right)
        case Local() | Read() | Const() | Param() | Derived() | Builtin() | InputSum():
            return ()
        case Call(arguments=arguments) | Draw(arguments=arguments):
            return arguments
        case Unary(value=value) | Cast(value=value):
            return (value,)
        case Select(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case _:
            assert_never(expression)


def map_children(expression: Expr, function: Rewrite) -> Expr:
    """The same node over `function` of each child; the very same object where nothing changed."""
    old = children(expression)
    new = tuple(function(child) for child in old)
    if all(a is b for a, b in zip(old, new, strict=True)):
        return expression
    match expression:
        case Unary(op=op):
            return Unary(op, new[0])
        case Cast(type=type_):
            return Cast(new[0], type_)
        case Binary(op=op):
            return Binary(op, new[0], new[1])
        case Select():
            return Select(new[0], new[1], new[2])
        case Call() | Draw():
            return replace(expression, arguments=new)
        case _:
            raise AssertionError(f"a leaf has no children: {expression}")


def rewrite(expression: Expr, function: Rewrite) -> Expr:
    """Rebuild from the leaves up: `function` is given every node after its children are done."""
    return function(map_children(expression, lambda child: rewrite(child, function)))


def walk(expression: Expr) -> Iterator[Expr]:
    """The expression and everything in it, each node before its children."""
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        yield node
        inside = children(node)
        if inside:
            waiting.extend(inside[::-1])


def bodies(statement: Stmt) -> tuple[tuple[Stmt, ...], ...]:
    """The statement lists inside a statement."""
    match statement:
        case If(then=then, otherwise=otherwise):
            return (then, otherwise)
        case GrowUniform(init=init) | GrowRanked(init=init) | GrowMatched(init=init) | GrowThis(init=init):
            return (init,)
        case Sample(body=body):
            return (body,)
        case Let() | Assign() | Deliver() | Reduce() | PruneWhere() | PruneRanked() | PruneThis():
            return ()
        case _:
            assert_never(statement)


def statements(body: Iterable[Stmt]) -> Iterator[Stmt]:
    """All statements, the nested ones too, each before those inside it."""
    for statement in body:
        yield statement
        for inner in bodies(statement):
            yield from statements(inner)


def expressions(statement: Stmt) -> tuple[Expr, ...]:
    """The expressions that the statement itself holds, without those of nested statements."""
    match statement:
        case Let(value=value) | Assign(value=value):
            return (value,)
        case Reduce(value=value, fraction=fraction):
            return (value,) if fraction is None else (value, fraction)
        case Deliver(value=value, after=after):
            return (value,) if after is None else (value, after)
        case If(condition=condition) | PruneWhere(condition=condition):
            return (condition,)
        case GrowUniform(count=count):
            return (count,)
        case PruneRanked(count=count, key=key) | GrowRanked(count=count, key=key):
            return (count, key)
        case GrowMatched(axonal=axonal, dendritic=dendritic, probability=probability):
            return (axonal, dendritic) if probability is None else (axonal, dendritic, probability)
        case PruneThis(probability=probability):
            return () if probability is None else (probability,)
        case GrowThis(probability=probability, max_in=max_in, max_out=max_out):
            return tuple(e for e in (probability, max_in, max_out) if e is not None)
        case Sample(count=count, slots=slots):
            return (count,) if slots is None else (count, slots)
        case _:
            assert_never(statement)


def all_expressions(body: Iterable[Stmt]) -> Iterator[Expr]:
    """Every expression of a statement list, nested statements included."""
    for statement in statements(body):
        yield from expressions(statement)


def map_statement(statement: Stmt, function: Rewrite) -> Stmt:
    """Apply `function` to every expression of the statement and of those inside it."""

    def optional(expression: Expr | None) -> Expr | None:
        return None if expression is None else function(expression)

    match statement:
        case Let() | Assign():
            return replace(statement, value=function(statement.value))
        case Reduce():
            return replace(statement, value=function(statement.value), fraction=optional(statement.fraction))
        case Deliver():
            return replace(statement, value=function(statement.value), after=optional(statement.after))
        case If():
            return replace(
                statement,
                condition=function(statement.condition),
                then=map_body(statement.then, function),
                otherwise=map_body(statement.otherwise, function),
            )
        case PruneWhere():
            return replace(statement, condition=function(statement.condition))
        case GrowUniform():
            return replace(statement, count=function(statement.count), init=map_body(statement.init, function))
        case PruneRanked():
            return replace(statement, count=function(statement.count), key=function(statement.key))
        case GrowRanked():
            return replace(
                statement,
                count=function(statement.count),
                key=function(statement.key),
                init=map_body(statement.init, function),
            )
        case GrowMatched():
            return replace(
                statement,
                axonal=function(statement.axonal),
                dendritic=function(statement.dendritic),
                probability=optional(statement.probability),
                init=map_body(statement.init, function),
            )
        case PruneThis():
            return replace(statement, probability=optional(statement.probability))
        case GrowThis():
            return replace(
                statement,
                probability=optional(statement.probability),
                init=map_body(statement.init, function),
                max_in=optional(statement.max_in),
                max_out=optional(statement.max_out),
            )
        case Sample():
            return replace(
                statement,
                count=function(statement.count),
                slots=optional(statement.slots),
                body=map_body(statement.body, function),
            )
        case _:
            assert_never(statement)


def map_body(body: tuple[Stmt, ...], function: Rewrite) -> tuple[Stmt, ...]:
    """`map_statement` over a statement list."""
    return tuple(map_statement(statement, function) for statement in body)


def map_block(block: Block, function: Rewrite) -> Block:
    """Apply `function` to the expressions of a block's body and the delay of its spike.

    The period of `every` stays as it is.
    """
    trigger = block.trigger
    if isinstance(trigger, (PreSpike, PostSpike)) and trigger.after is not None:
        trigger = replace(trigger, after=function(trigger.after))
    return replace(block, trigger=trigger, body=map_body(block.body, function))


def map_spiking(spiking: Spiking | None, function: Rewrite) -> Spiking | None:
    """Apply `function` to the condition or rate and to the body."""
    match spiking:
        case None:
            return None
        case Threshold():
            return replace(spiking, condition=function(spiking.condition), body=map_body(spiking.body, function))
        case Renewal():
            return replace(spiking, rate=function(spiking.rate), body=map_body(spiking.body, function))
        case Scheduled():
            return replace(spiking, body=map_body(spiking.body, function))
        case _:
            assert_never(spiking)


def map_variable(variable: Variable, function: Rewrite) -> Variable:
    """Apply `function` to the start value and the bounds."""
    return replace(
        variable,
        init=function(variable.init),
        low=None if variable.low is None else function(variable.low),
        high=None if variable.high is None else function(variable.high),
    )


def map_lazy(group: LazyGroup, function: Rewrite) -> LazyGroup:
    """Apply `function` to the advance expressions."""
    return replace(group, advance=tuple(function(e) for e in group.advance))


def map_connect(connect: Connect, function: Rewrite) -> Connect:
    """Apply `function` to the connection probability."""
    if isinstance(connect, ConnectProbability):
        return replace(connect, probability=function(connect.probability))
    return connect


def map_population(population: Population, function: Rewrite) -> Population:
    """Apply `function` to every expression but the derived values and the periods of `every`."""
    return replace(
        population,
        variables=tuple(map_variable(v, function) for v in population.variables),
        step=map_body(population.step, function),
        spiking=map_spiking(population.spiking, function),
        blocks=tuple(map_block(b, function) for b in population.blocks),
    )


def map_projection(projection: Projection, function: Rewrite) -> Projection:
    """Apply `function` to every expression but the derived values and the periods of `every`."""
    return replace(
        projection,
        variables=tuple(map_variable(v, function) for v in projection.variables),
        lazy=tuple(map_lazy(g, function) for g in projection.lazy),
        step=map_body(projection.step, function),
        blocks=tuple(map_block(b, function) for b in projection.blocks),
        connect=map_connect(projection.connect, function),
    )
