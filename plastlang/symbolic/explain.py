"""What was chosen for each variable, and why: the records behind `plastc explain`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from plastlang.frontend.checked import CheckedComponent, CheckedVariable
from plastlang.ir.lowered import Explanation
from plastlang.ir.nodes import Assign, EachStep, Every, PostSpike, PreSpike, Signal, Stmt, Trigger
from plastlang.ir.types import Site
from plastlang.ir.walk import statements
from plastlang.symbolic.solve import Solved


def explain(owner: str, component: CheckedComponent, solved: Mapping[str, Solved]) -> tuple[Explanation, ...]:
    """One record for each variable, in the order of declaration."""
    written = _written(component)
    return tuple(_explain(owner, variable, solved, written) for variable in component.variables)


def _explain(
    owner: str, variable: CheckedVariable, solved: Mapping[str, Solved], written: Mapping[str, tuple[str, ...]]
) -> Explanation:
    name, site = variable.name, variable.site
    if name in solved:
        return Explanation(owner, name, site, solved[name].how, solved[name].why)
    if site is Site.PAIR:
        return Explanation(owner, name, site, "constant", "a value of every possible pair, computed and never stored")
    if name in written:
        return Explanation(owner, name, site, "event", f"changed by {', '.join(written[name])}")
    return Explanation(owner, name, site, "constant", "no equation and no statement changes it")


def _written(component: CheckedComponent) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}

    def enter(body: Iterable[Stmt], place: str) -> None:
        for statement in statements(body):
            if isinstance(statement, Assign) and place not in found.setdefault(statement.name, []):
                found[statement.name].append(place)

    for port in component.inputs:
        found.setdefault(port.variable, []).append(f"input {port.port}")
    if component.spiking is not None:
        enter(component.spiking.body, "spike")
    for block in component.blocks:
        enter(block.body, _event(block.trigger))
    return {name: tuple(places) for name, places in found.items()}


def _event(trigger: Trigger) -> str:
    match trigger:
        case PreSpike(longest=longest):
            return f"on pre spike{' (late)' if longest else ''}"
        case PostSpike(longest=longest):
            return f"on post spike{' (late)' if longest else ''}"
        case EachStep():
            return "each step"
        case Every():
            return "every"
        case Signal(name=name):
            return f"on {name}"
