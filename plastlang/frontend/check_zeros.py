"""A variable or parameter that is given as a plain 0 is a number: the unit of anything else has to be written."""

from __future__ import annotations

from collections.abc import Iterable

from plastlang.frontend import ast
from plastlang.frontend.check_assignments import Deferred
from plastlang.frontend.check_expressions import Elaborator
from plastlang.frontend.dimensions import Vector, to_dimension
from plastlang.frontend.units import format_value


def report_plain_zeros(
    declared: Iterable[tuple[ast.ParameterItem | ast.VariableItem, Vector]], assigned: Iterable[Deferred], e: Elaborator
) -> None:
    """Reports what is declared with a plain 0 and used with a unit.

    The zero of `max(v, 0)` takes the unit of v. That of `pre x = 0` would take the unit of whatever is added to x, so
    that `x += tau` made a time of a trace without a word. A unit that depends on an open one, such as that of a
    `synapse w` without a start value, cannot be written, and stays.

    Args:
        declared: variables and parameters, each with the dimension that was found for it.
        assigned: assignments to variables whose dimension was open when they were read.
        e: of the component.
    """
    found = [(item, vector) for item, vector in declared if _is_plain_zero(item) and _has_unit(vector, e)]
    # What is assigned and has a unit by itself is to blame, not what follows from it.
    culprits = {a.name: a for a in reversed(tuple(assigned)) if a.value and not any(n[0] == "?" for n, _ in a.value)}
    direct = [(item, vector) for item, vector in found if item.name in culprits]
    for item, vector in direct or found:
        remedy = f"declare `{item.name} = {format_value(0.0, to_dimension(e.unifier.resolve(vector)))}`"
        culprit = culprits.get(item.name)
        if culprit is None:
            sentence = f"`{item.name}` is given as a plain 0, and used as {e.say(vector)}"
            e.reporter.error("P412", sentence, item.span, "no unit", remedy)
            continue
        what = e.say(culprit.value)
        e.reporter.error(
            "P412",
            f"cannot {culprit.verb.format(what)} `{item.name}`, which begins with a plain 0: a number without a unit",
            culprit.span,
            f"this is {what}",
            f"divide by a value of the same unit, or {remedy}",
        )


def _is_plain_zero(item: ast.ParameterItem | ast.VariableItem) -> bool:
    start = item.default if isinstance(item, ast.ParameterItem) else item.init
    return isinstance(start, ast.Number) and not start.unit and not item.unit and float(start.text) == 0


def _has_unit(vector: Vector, e: Elaborator) -> bool:
    known = e.unifier.resolve(vector)
    return bool(known) and not e.unifier.is_open(known)
