"""A neuron or rule of a file without a network, in a network of its own: what `plastc explain` shows of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plastlang import driver
from plastlang.components import Component, Composition
from plastlang.diagnostics import Source
from plastlang.frontend.checked import CheckedComponent, CheckedNetwork, CheckedVariable
from plastlang.ir.types import Site
from plastlang.network import Network
from plastlang.runtime.connectivity import all_to_all
from plastlang.standalone import between


def complete(component: Component, values: Mapping[str, Any]) -> tuple[Composition, dict[str, float]]:
    """A rule with what it asks of others: a variable for each that it requires, 1 for each that has no start value.

    Args:
        component: the rule.
        values: what is given to it.

    Returns:
        The composition, and start values for variables that have none.
    """
    rule = component.checked
    ones = {v.name: 1.0 for v in rule.variables if v.init is None and not v.required and v.name not in values}
    required = [v for v in rule.variables if v.required]
    if not required:
        return component(**values), ones
    shared = " shared" if any(v.shared for v in rule.variables) else ""
    lines = "".join(
        f"    {v.site}{'' if v.site is Site.PAIR else shared} {v.name}"
        f"{f': {v.dimension.symbol}' if v.dimension.symbol else ''} = {_start(v)}\n"
        for v in required
    )
    bringing = driver.check(Source("<standalone>", f"rule Given:\n{lines}")).components["Given"]
    return Component(bringing)() + component(**{v.name: v.name for v in required} | dict(values)), ones


def _start(required: CheckedVariable) -> str:
    """What is constant of each possible synapse is most often its sign; all else begins at 0."""
    return "random_sign()" if required.site is Site.PAIR and not required.dimension.symbol else "0"


def alone(checked: CheckedComponent) -> CheckedNetwork:
    """A network of one neuron or rule and nothing else; the population or projection has its name."""
    component, network, name = Component(checked), Network(name=checked.name), checked.name
    if checked.kind == "neuron":
        needed: dict[str, Any] = {p.name: 1.0 for p in checked.parameters if p.default is None}
        needed |= {v.name: 1.0 for v in checked.variables if v.init is None}
        network.population(component, 1, name=name, **needed)
        return network.checked()
    composition, ones = complete(component, {p.name: 1.0 for p in checked.parameters if p.default is None})
    return between(composition, (1, 1), all_to_all(), network, ones, name).checked()
