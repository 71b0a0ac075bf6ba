"""What values a parameter may have: limits that are declared, and those that equations and durations imply."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from plastlang.frontend import ast
from plastlang.frontend.checked import CheckedParameter, Dimension, Hold
from plastlang.frontend.units import format_value, unit_dimension
from plastlang.ir.nodes import Block, Every, Param

#: A time, a capacitance, a conductance or a resistance by which an equation divides is above 0: with another one a
#: membrane or a trace would grow without end. A voltage, a current or a number may well be negative.
ABOVE_ZERO = frozenset(map(unit_dimension, ("ms", "pF", "nS", "MOhm")))


def durations(blocks: Iterable[Block], holds: Iterable[Hold]) -> dict[str, str]:
    """Parameters that are a duration as they stand, which cannot be negative, and what lasts as long."""
    found = {}
    for block in blocks:
        if isinstance(block.trigger, Every) and isinstance(block.trigger.period, Param):
            found[block.trigger.period.name] = "the period of `every`"
    for hold in holds:
        if isinstance(hold.duration, Param):
            found[hold.duration.name] = f"`hold {hold.name}`"
    return found


def infinite(node: ast.Expression) -> float | None:
    """`inf` or `-inf`, as a bound that is none; anything else: None."""
    match node:
        case ast.Name("inf"):
            return math.inf
        case ast.UnaryOp("-", ast.Name("inf")):
            return -math.inf
        case _:
            return None


def finite(bound: float | None) -> float | None:
    """A bound as checked components hold it: None where there is none."""
    return bound if bound is not None and math.isfinite(bound) else None


def limited(parameter: CheckedParameter) -> CheckedParameter:
    """A parameter with the limit that its use implies."""
    if not parameter.lasts and (not parameter.divides or parameter.dimension not in ABOVE_ZERO):
        return parameter
    return replace(parameter, low=max(parameter.low or 0.0, 0.0))


def limits_of(parameter: CheckedParameter) -> str:
    """The limits of a parameter in words."""
    return limits_text(parameter.low, parameter.high, parameter.dimension, zero=not parameter.divides)


def limits_text(low: float | None, high: float | None, dimension: Dimension, *, zero: bool = True) -> str:
    """`from 1 ms to 50 ms`, `at least 0 kHz`, `above 0 ms` (without `zero`), or '' where there are no limits."""
    if low is None:
        return "" if high is None else f"at most {format_value(high, dimension)}"
    above = low == 0 and not zero
    if high is None:
        return f"{'above' if above else 'at least'} {format_value(low, dimension)}"
    if above:
        return f"above {format_value(low, dimension)} and at most {format_value(high, dimension)}"
    return f"from {format_value(low, dimension)} to {format_value(high, dimension)}"
