"""The state as named arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.reference.evaluate import derived_values
from plastlang.backends.reference.state import Network, Owner, PopulationState, ProjectionState
from plastlang.ir.nodes import Renewal, Scheduled
from plastlang.ir.types import Site


def save(network: Network, precision: str) -> dict[str, NDArray[Any]]:
    """Copies of everything that the future depends on, under the keys of `backends.interface`."""
    result: dict[str, NDArray[Any]] = {
        "step": np.array(network.step, np.int64),
        "seed": np.array(network.seed, np.uint64),
        "precision": np.array(precision),
        "signals": np.array(network.signals, np.int64),
    }
    for name, owner in network.owners.items():
        for parameter in owner.node.parameters:
            result[f"{name}/param/{parameter.name}"] = _out(owner.parameters[parameter.name], parameter.site)
        for variable in owner.node.variables:
            if variable.site is not Site.PAIR:
                result[f"{name}/state/{variable.name}"] = _out(owner.values[variable.name], variable.site)
        if isinstance(owner, ProjectionState):
            for group in owner.node.lazy:
                result[f"{name}/last/{group.names[0]}"] = _out(owner.last[group.names[0]], group.site)
            result[f"{name}/pre"], result[f"{name}/post"] = owner.pre.copy(), owner.post.copy()
            result[f"{name}/formations"] = np.array(owner.formations, np.int64)
            result[f"{name}/eliminations"] = np.array(owner.eliminations, np.int64)
        else:
            result |= _save_spiking(name, owner)
    return result


def _out(values: NDArray[Any], site: Site) -> NDArray[Any]:
    return values.reshape(()).copy() if site is Site.GLOBAL else values.copy()


def _save_spiking(name: str, owner: PopulationState) -> dict[str, NDArray[Any]]:
    result: dict[str, NDArray[Any]] = {}
    if isinstance(owner.node.spiking, Renewal):
        result[f"{name}/next"] = owner.next.copy()
        result[f"{name}/redraw"] = np.array(owner.redraw)
    if isinstance(owner.node.spiking, Scheduled):
        result[f"{name}/schedule"] = owner.schedule.copy()
    for k in range(owner.longest_delay):
        result[f"{name}/spikes/{k + 1}"] = owner.spikes[k].copy()
    return result


def restore(network: Network, state: Mapping[str, NDArray[Any]], precision: str) -> None:
    """Put what `save` gave into a freshly built network."""
    assert str(state["precision"]) == precision, "saved at another precision"
    network.step, network.seed = int(state["step"]), int(state["seed"])
    network.signals = int(state["signals"])
    for name, owner in network.owners.items():
        owner.parameters = {p.name: _in(state[f"{name}/param/{p.name}"]) for p in owner.node.parameters}
        owner.derived = derived_values(owner.node.derived, owner.parameters, network.program.dt)
        for variable in owner.node.variables:
            if variable.site is not Site.PAIR:
                owner.values[variable.name] = _in(state[f"{name}/state/{variable.name}"])
        _restore_rest(name, owner, state)


def _in(values: NDArray[Any]) -> NDArray[Any]:
    return np.atleast_1d(np.array(values))


def _restore_rest(name: str, owner: Owner, state: Mapping[str, NDArray[Any]]) -> None:
    if isinstance(owner, ProjectionState):
        owner.last = {g.names[0]: _in(state[f"{name}/last/{g.names[0]}"]) for g in owner.node.lazy}
        owner.pre, owner.post = _in(state[f"{name}/pre"]), _in(state[f"{name}/post"])
        owner.formations = int(state[f"{name}/formations"])
        owner.eliminations = int(state[f"{name}/eliminations"])
        return
    if isinstance(owner.node.spiking, Renewal):
        owner.next, owner.redraw = _in(state[f"{name}/next"]), bool(state[f"{name}/redraw"])
    if isinstance(owner.node.spiking, Scheduled):
        owner.schedule = np.array(state[f"{name}/schedule"], np.int64).reshape(-1, 2)
    for k in range(owner.longest_delay):
        owner.spikes[k] = _in(state[f"{name}/spikes/{k + 1}"])
