"""The state as named arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.interface import network_seed
from plastlang.backends.reference.evaluate import derived_values
from plastlang.backends.reference.state import Network, Owner, PopulationState, ProjectionState, join_batch
from plastlang.ir.nodes import Renewal, Scheduled
from plastlang.ir.types import Site


def save(batch: tuple[Network, ...], precision: str) -> dict[str, NDArray[Any]]:
    """Copies of everything that the future depends on, under the keys of `backends.interface`."""
    first = batch[0]
    result: dict[str, NDArray[Any]] = {
        "step": np.array(first.step, np.int64),
        "seed": np.array(first.common, np.uint64),
        "precision": np.array(precision),
        "signals": np.array(first.signals, np.int64),
    }
    if len(batch) > 1:
        result["batch"] = np.array(len(batch), np.int64)
    for name, owner in first.owners.items():
        own = first.sharing[name].own if len(batch) > 1 else frozenset()
        members = [network.owner(name) for network in batch]
        for parameter in owner.node.parameters:
            result[f"{name}/param/{parameter.name}"] = _out(owner.parameters[parameter.name], parameter.site)
        for variable in owner.node.variables:
            if variable.site is not Site.PAIR:
                values = [_out(m.values[variable.name], variable.site) for m in members]
                result[f"{name}/state/{variable.name}"] = np.stack(values) if variable.name in own else values[0]
        if isinstance(owner, ProjectionState):
            for group in owner.node.lazy:
                key = group.names[0]
                lasts = [_out(m.last[key], group.site) for m in members if isinstance(m, ProjectionState)]
                result[f"{name}/last/{key}"] = np.stack(lasts) if key in own else lasts[0]
            result[f"{name}/pre"], result[f"{name}/post"] = owner.pre.copy(), owner.post.copy()
            result[f"{name}/formations"] = np.array(owner.formations, np.int64)
            result[f"{name}/eliminations"] = np.array(owner.eliminations, np.int64)
        else:
            result |= _save_spiking(name, [network.populations[name] for network in batch])
    return result


def _out(values: NDArray[Any], site: Site) -> NDArray[Any]:
    return values.reshape(()).copy() if site is Site.GLOBAL else values.copy()


def _save_spiking(name: str, members: list[PopulationState]) -> dict[str, NDArray[Any]]:
    result: dict[str, NDArray[Any]] = {}
    first = members[0]
    for port in first.late:
        result[f"{name}/late/{port}"] = _stacked([m.late[port][:-1] for m in members])
    if isinstance(first.node.spiking, Renewal):
        result[f"{name}/next"] = _stacked([m.next for m in members])
        result[f"{name}/redraw"] = _stacked([np.array(m.redraw) for m in members])
    for number, member in enumerate(members):
        behind = f"@{number}" if number else ""
        if isinstance(first.node.spiking, Scheduled):
            result[f"{name}/schedule{behind}"] = member.schedule.copy()
        for k in range(first.kept):
            result[f"{name}/spikes/{k + 1}{behind}"] = member.spikes[k].copy()
    return result


def _stacked(values: list[NDArray[Any]]) -> NDArray[Any]:
    return np.stack(values) if len(values) > 1 else values[0].copy()


def restore(batch: tuple[Network, ...], state: Mapping[str, NDArray[Any]], precision: str) -> None:
    """Put what `save` gave into freshly built networks."""
    assert str(state["precision"]) == precision, "saved at another precision"
    assert int(state.get("batch", np.array(1))) == len(batch), "saved with another batch"
    for network in batch:
        network.step, network.common = int(state["step"]), int(state["seed"])
        network.seed = network_seed(network.common, network.number)
        network.signals = int(state["signals"])
        for name, owner in network.owners.items():
            own = network.sharing[name].own if len(batch) > 1 else frozenset()
            owner.parameters = {p.name: _in(state[f"{name}/param/{p.name}"]) for p in owner.node.parameters}
            owner.derived = derived_values(owner.node.derived, owner.parameters, network.program.dt)
            for variable in owner.node.variables:
                if variable.site is not Site.PAIR:
                    values = state[f"{name}/state/{variable.name}"]
                    owner.values[variable.name] = _in(values[network.number] if variable.name in own else values)
            _restore_rest(name, owner, state, network.number, own)
    join_batch(batch)


def _in(values: NDArray[Any]) -> NDArray[Any]:
    return np.atleast_1d(np.array(values))


def _restore_rest(name: str, owner: Owner, state: Mapping[str, NDArray[Any]], number: int, own: frozenset[str]) -> None:
    if isinstance(owner, ProjectionState):
        for group in owner.node.lazy:
            last = state[f"{name}/last/{group.names[0]}"]
            owner.last[group.names[0]] = _in(last[number] if group.names[0] in own else last)
        owner.pre, owner.post = _in(state[f"{name}/pre"]), _in(state[f"{name}/post"])
        owner.formations = int(state[f"{name}/formations"])
        owner.eliminations = int(state[f"{name}/eliminations"])
        return
    behind = f"@{number}" if number else ""
    for port, late in owner.late.items():
        waiting = np.asarray(state[f"{name}/late/{port}"])
        late[:-1], late[-1] = waiting[number] if waiting.ndim > 2 else waiting, 0
    if isinstance(owner.node.spiking, Renewal):
        following, redraw = np.asarray(state[f"{name}/next"]), np.asarray(state[f"{name}/redraw"])
        owner.next = _in(following[number] if following.ndim > 1 else following)
        owner.redraw = bool(redraw[number] if redraw.ndim else redraw)
    if isinstance(owner.node.spiking, Scheduled):
        owner.schedule = np.array(state[f"{name}/schedule{behind}"], np.int64).reshape(-1, 2)
    for k in range(owner.kept):
        owner.spikes[k] = _in(state[f"{name}/spikes/{k + 1}{behind}"])
