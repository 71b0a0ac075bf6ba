"""About how long a loop takes, from the operations in it: what decides whether threads share it."""

from __future__ import annotations

from collections.abc import Iterable

from plastlang.backends.cfamily.layout import PopulationLayout
from plastlang.backends.cfamily.unit import Unit
from plastlang.ir.nodes import Assign, Binary, Call, Cast, Draw, Expr, InputSum, Read, Select, Stmt, Threshold, Unary
from plastlang.ir.walk import all_expressions, statements, walk

#: Picoseconds in single precision, eight instances at a time; measured on a Zen 3 at 2.4 GHz.
_OPERATION, _MEMORY, _DIVISION, _FUNCTION, _DRAW, _INPUT = 50, 100, 300, 1000, 10_000, 500
_CHEAP_CALLS = frozenset({"abs", "floor", "ceil", "round", "sign"})


def step_work(unit: Unit) -> int:
    """Picoseconds for the step of one neuron by one thread, memory in cache."""
    owner = unit.owner
    assert isinstance(owner, PopulationLayout)
    body, spiking = owner.owner.step, owner.owner.spiking
    expressions = list(all_expressions(body))
    if isinstance(spiking, Threshold):
        expressions.append(spiking.condition)
    wide = 1 if unit.dialect.real == "float" else 2
    return wide * (_statements(body) + sum(_expression(x) for x in expressions))


def _statements(body: Iterable[Stmt]) -> int:
    return _MEMORY * len({s.name for s in statements(body) if isinstance(s, Assign)})


def _expression(expression: Expr) -> int:
    return sum(_node(node) for node in walk(expression))


def _node(node: Expr) -> int:
    match node:
        case Binary(op="/"):
            return _DIVISION
        case Binary(op="**") | Call(function="tanh" | "sin" | "cos" | "log1p"):
            return 4 * _FUNCTION
        case Call(function="sqrt"):
            return _DIVISION
        case Call(function=function):
            return _OPERATION if function in _CHEAP_CALLS else _FUNCTION
        case Draw():
            return _DRAW
        case InputSum():
            return _INPUT
        case Binary() | Unary() | Select() | Cast() | Read():
            return _OPERATION
        case _:
            return 0
