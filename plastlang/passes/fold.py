"""Constant folding and the identities that hold for every floating-point number."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from plastlang.ir.nodes import (
    Binary,
    Block,
    Call,
    Cast,
    Const,
    Derived,
    DerivedValue,
    Every,
    Expr,
    If,
    Let,
    Population,
    Program,
    Projection,
    Select,
    Stmt,
    Unary,
)
from plastlang.ir.types import COMPARISONS, Type
from plastlang.ir.walk import map_population, map_projection, rewrite, statements, walk

Owner = TypeVar("Owner", Population, Projection)

#: Functions whose result IEEE arithmetic fixes, so that folding gives what any backend would.
_EXACT: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "floor": lambda x: float(math.floor(x)),
    "ceil": lambda x: math.copysign(float(math.ceil(x)), x),
    "round": lambda x: math.copysign(float(round(x)), x),
    "sign": lambda x: float((x > 0) - (x < 0)),
    "sqrt": math.sqrt,
}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def fold(program: Program) -> Program:
    """Compute constants in double and drop what does nothing.

    Before: any verified program. After: no operation has only literals for operands (but `**` and functions that
    need the shared mathematics, and what would not be finite), no `if` or conditional has a literal condition unless
    its names would clash, no `x * 1`, `x / 1`, `x - 0` or double negation is left, and every derived value is used.
    Part of the meaning: constants are rounded once.
    """
    return replace(
        program,
        populations=tuple(_population(p) for p in program.populations),
        projections=tuple(_owner(map_projection(p, _rewrite)) for p in program.projections),
    )


def _rewrite(expression: Expr) -> Expr:
    return rewrite(expression, fold_node)


def _population(population: Population) -> Population:
    population = map_population(population, _rewrite)
    if population.spiking is None:
        return _owner(population)
    spiking = replace(population.spiking, body=_branches(population.spiking.body))
    return _owner(replace(population, spiking=spiking))


def _owner(owner: Owner) -> Owner:
    derived = tuple(replace(d, value=_rewrite(d.value)) for d in owner.derived)
    blocks = tuple(replace(_period(b), body=_branches(b.body)) for b in owner.blocks)
    owner = replace(owner, derived=derived, step=_branches(owner.step), blocks=blocks)
    return replace(owner, derived=_used(owner))


def _period(block: Block) -> Block:
    if isinstance(block.trigger, Every):
        return replace(block, trigger=Every(_rewrite(block.trigger.period)))
    return block


# ---------------------------------------------------------------- expressions


def fold_node(expression: Expr) -> Expr:
    """Simplify one node whose operands are simplified already."""
    match expression:
        case Unary(op="-", value=Const(value=value, type=Type.REAL)):
            return Const(-float(value))
        case Unary(op="-", value=Const(value=value, type=Type.INT)):
            return Const(_wrap(-int(value)), Type.INT)
        case Unary(op="not", value=Const(value=value)):
            return Const(not value, Type.BOOL)
        case Unary(op=op, value=Unary(op=inner, value=value)) if op == inner:
            return value
        case Binary(op="and" | "or"):
            return _logical(expression)
        case Binary(op=op, left=Const(value=left), right=Const(value=right)) if op in COMPARISONS:
            return Const(_COMPARE[op](left, right), Type.BOOL)
        case Binary(left=Const(type=Type.INT), right=Const(type=Type.INT)):
            return _integer(expression)
        case Binary(left=Const(), right=Const()):
            return _real(expression)
        case Binary():
            return _identity(expression)
        case Select(condition=Const(value=value), then=then, otherwise=otherwise):
            return then if value else otherwise
        case Select(then=then, otherwise=otherwise) if then == otherwise and repr(then) == repr(otherwise):
            return then
        case Call(function=function, arguments=(Const(value=number),)) if function in _EXACT:
            return _finite(lambda: _EXACT[function](float(number)), expression)
        case Cast(value=value, type=type_) if value.type is type_:
            return value
        case Cast(value=Const() as constant, type=type_):
            return _cast(constant, type_)
        case _:
            return expression


def _logical(expression: Binary) -> Expr:
    absorbing = expression.op == "or"
    for constant, other in ((expression.left, expression.right), (expression.right, expression.left)):
        if isinstance(constant, Const):
            return constant if constant.value is absorbing else other
    return expression


def _wrap(value: int) -> int:
    return (value + 2**31) % 2**32 - 2**31


def _integer(expression: Binary) -> Expr:
    assert isinstance(expression.left, Const) and isinstance(expression.right, Const)
    a, b = int(expression.left.value), int(expression.right.value)
    match expression.op:
        case "+":
            value = a + b
        case "-":
            value = a - b
        case "*":
            value = a * b
        case "%":
            value = a % b if b else 0
        case "min":
            value = min(a, b)
        case "max":
            value = max(a, b)
        case _:
            return expression
    return Const(_wrap(value), Type.INT)


def _real(expression: Binary) -> Expr:
    assert isinstance(expression.left, Const) and isinstance(expression.right, Const)
    a, b = float(expression.left.value), float(expression.right.value)
    match expression.op:
        case "+":
            return _finite(lambda: a + b, expression)
        case "-":
            return _finite(lambda: a - b, expression)
        case "*":
            return _finite(lambda: a * b, expression)
        case "/":
            return _finite(lambda: a / b, expression)
        case "%":
            return _finite(lambda: a - math.floor(a / b) * b, expression)
        case "min":
            return Const(a if a < b else b)
        case "max":
            return Const(a if a > b else b)
        case _:
            return expression


def _finite(compute: Callable[[], float], expression: Expr) -> Expr:
    """The constant, or the expression as it is where the run has to give infinity or NaN."""
    try:
        value = compute()
    except (ArithmeticError, ValueError):
        return expression
    return Const(value) if math.isfinite(value) else expression


def _identity(expression: Binary) -> Expr:
    """`x * 1`, `1 * x`, `x / 1`, `x - 0`: exact for every x. (`x + 0` is not: it turns -0 into 0.)"""
    left, right, op = expression.left, expression.right, expression.op
    if isinstance(right, Const):
        if op in ("*", "/") and right.value == 1:
            return left
        if op == "-" and right.value == 0 and math.copysign(1, right.value) > 0:
            return left
        if op == "+" and right.value == 0 and right.type is Type.INT:
            return left
    if isinstance(left, Const):
        if op == "*" and left.value == 1:
            return right
        if op == "+" and left.value == 0 and left.type is Type.INT:
            return right
    return expression


def _cast(constant: Const, type_: Type) -> Expr:
    value = constant.value
    match type_:
        case Type.REAL:
            return Const(float(value))
        case Type.BOOL:
            return Const(bool(value), Type.BOOL)
        case Type.INT:
            limited = min(max(float(value), -(2.0**31)), 2.0**31 - 1)
            return Const(int(limited), Type.INT)


# ---------------------------------------------------------------- statements and derived values


def _branches(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Put the taken branch of an `if` with a literal condition in its place."""
    new: list[Stmt] = []
    for statement in body:
        if isinstance(statement, If):
            then, otherwise = _branches(statement.then), _branches(statement.otherwise)
            statement = replace(statement, then=then, otherwise=otherwise)
            if isinstance(statement.condition, Const):
                taken = then if statement.condition.value else otherwise
                if not _clash(taken, body):
                    new.extend(taken)
                    continue
            elif not then and not otherwise:
                continue
        new.append(statement)
    return tuple(new)


def _clash(branch: tuple[Stmt, ...], body: tuple[Stmt, ...]) -> bool:
    """Whether a name of the branch is bound more than once in the body (an outer scope cannot hold both)."""
    names = [s.name for s in statements(body) if isinstance(s, Let)]
    return any(names.count(s.name) > 1 for s in branch if isinstance(s, Let))


def _used(owner: Owner) -> tuple[DerivedValue, ...]:
    used: set[str] = set()

    def note(expression: Expr) -> Expr:
        used.update(e.name for e in walk(expression) if isinstance(e, Derived))
        return expression

    match owner:
        case Population():
            map_population(owner, note)
        case Projection():
            map_projection(owner, note)
    for block in owner.blocks:
        if isinstance(block.trigger, Every):
            note(block.trigger.period)
    kept: list[DerivedValue] = []
    for derived in reversed(owner.derived):
        if derived.name in used:
            note(derived.value)
            kept.append(derived)
    return tuple(reversed(kept))
