"""How long a rule has to be watched: its own times say."""

from __future__ import annotations

from plastlang.frontend.units import quantity
from plastlang.gallery.subject import Subject

#: No shorter and no longer than this (ms): the slowest process of a rule.
SHORTEST, LONGEST = 1000.0, 20_000.0


def slowest(subject: Subject) -> float:
    """The longest of the times and of the inverse rates among the parameters (ms), within limits."""
    given = dict(subject.values)
    found = [SHORTEST]
    for parameter in subject.component.checked.parameters:
        symbol = parameter.dimension.symbol
        if symbol not in ("ms", "1 / ms"):
            continue
        value = parameter.default
        if parameter.name in given:
            value = float(quantity(given[parameter.name], parameter.dimension, parameter.name))
        if value:
            found.append(abs(value if symbol == "ms" else 1 / value))
    return min(max(found), LONGEST)
