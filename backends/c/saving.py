"""The state of a running C program as named arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.cfamily.layout import PopulationLayout, ProjectionLayout
from plastlang.ir.nodes import Renewal, Scheduled
from plastlang.ir.types import Site

if TYPE_CHECKING:
    from plastlang.backends.c.executable import CExecutable

Array = NDArray[Any]


def save(model: CExecutable) -> dict[str, Array]:
    """Copies of everything that the future depends on, under the keys of `backends.interface`."""
    result: dict[str, Array] = {
        "step": np.array(model.step, np.int64),
        "seed": np.array(model.model.seed, np.uint64),
        "precision": np.array(model.precision),
        "signals": np.array(model.model.signals, np.int64),
    }
    for name, place in (*model.layout.populations.items(), *model.layout.projections.items()):
        arrays = model.memory.owners[name]
        for parameter in place.owner.parameters:
            result[f"{name}/param/{parameter.name}"] = _out(arrays.parameters[parameter.name], parameter.site)
        for variable in place.owner.variables:
            if variable.site not in (Site.PAIR, Site.SYNAPSE):
                result[f"{name}/state/{variable.name}"] = _out(arrays.values[variable.name], variable.site)
        if isinstance(place, ProjectionLayout):
            _save_synapses(model, name, place, result)
        elif isinstance(place, PopulationLayout):
            _save_spiking(model, name, place, result)
    return result


def _out(values: Array, site: Site) -> Array:
    return values.reshape(()).copy() if site is Site.GLOBAL else values.copy()


def _save_synapses(model: CExecutable, name: str, place: ProjectionLayout, result: dict[str, Array]) -> None:
    model.flush(name)
    pre, post = model.synapses(name)
    for number, column in enumerate(place.columns):
        if column.kind in ("value", "last"):
            values = np.zeros(len(pre), model.memory.dtype(column.type))
            model.column(name, number, values, True)
            result[f"{name}/{'state' if column.kind == 'value' else 'last'}/{column.name}"] = values
    for group in place.owner.lazy:
        if group.site is not Site.SYNAPSE:
            result[f"{name}/last/{group.names[0]}"] = _out(model.memory.owners[name].last[group.names[0]], group.site)
    result[f"{name}/pre"], result[f"{name}/post"] = pre, post
    formations, eliminations = model.counts(name)
    result[f"{name}/formations"] = np.array(formations, np.int64)
    result[f"{name}/eliminations"] = np.array(eliminations, np.int64)


def _save_spiking(model: CExecutable, name: str, place: PopulationLayout, result: dict[str, Array]) -> None:
    struct, arrays = model.memory.populations[place.number], model.memory.owners[name]
    if isinstance(place.owner.spiking, Renewal):
        result[f"{name}/next"] = arrays.next.copy()
        result[f"{name}/redraw"] = np.array(bool(struct.redraw))
    if isinstance(place.owner.spiking, Scheduled):
        result[f"{name}/schedule"] = arrays.schedule[arrays.schedule[:, 0] >= model.step].copy()
    for ago in range(1, _longest_delay(model, name) + 1):
        result[f"{name}/spikes/{ago}"] = model.spikes_ago(name, ago)


def _longest_delay(model: CExecutable, name: str) -> int:
    return max((p.delay_steps for p in model.program.projections if name in p.sources), default=0)


def restore(model: CExecutable, state: Mapping[str, Array]) -> None:
    """Put what `save` gave into a program."""
    assert str(state["precision"]) == model.precision, "saved at another precision"
    model.clear()
    model.model.step, model.model.seed = int(state["step"]), int(state["seed"])
    model.model.signals = int(state["signals"])
    for name, place in (*model.layout.populations.items(), *model.layout.projections.items()):
        arrays = model.memory.owners[name]
        for parameter in place.owner.parameters:
            arrays.parameters[parameter.name][:] = state[f"{name}/param/{parameter.name}"]
        model.update_constants(name)
        for variable in place.owner.variables:
            if variable.site not in (Site.PAIR, Site.SYNAPSE):
                arrays.values[variable.name][:] = state[f"{name}/state/{variable.name}"]
        if isinstance(place, ProjectionLayout):
            _restore_synapses(model, name, place, state)
        elif isinstance(place, PopulationLayout):
            _restore_spiking(model, name, place, state)
        model.memory.keep_before(name)


def _restore_synapses(model: CExecutable, name: str, place: ProjectionLayout, state: Mapping[str, Array]) -> None:
    model.build(name, np.asarray(state[f"{name}/pre"]), np.asarray(state[f"{name}/post"]))
    for number, column in enumerate(place.columns):
        kind = model.memory.dtype(column.type)
        if column.kind == "stamp":
            values = np.full(len(state[f"{name}/pre"]), -1, kind)
        elif column.kind in ("value", "before", "last"):
            key = "last" if column.kind == "last" else "state"
            values = np.ascontiguousarray(state[f"{name}/{key}/{column.name}"], kind)
        else:
            continue
        model.column(name, number, values, False)
    for group in place.owner.lazy:
        if group.site is not Site.SYNAPSE:
            model.memory.owners[name].last[group.names[0]][:] = state[f"{name}/last/{group.names[0]}"]
    struct = model.memory.projections[place.number]
    struct.formations, struct.eliminations = int(state[f"{name}/formations"]), int(state[f"{name}/eliminations"])


def _restore_spiking(model: CExecutable, name: str, place: PopulationLayout, state: Mapping[str, Array]) -> None:
    if isinstance(place.owner.spiking, Renewal):
        model.memory.owners[name].next[:] = state[f"{name}/next"]
        model.memory.populations[place.number].redraw = bool(state[f"{name}/redraw"])
        model.find_quiet(name)
    if isinstance(place.owner.spiking, Scheduled):
        model.put_schedule(name, np.asarray(state[f"{name}/schedule"], np.int64).reshape(-1, 2))
    for ago in range(1, _longest_delay(model, name) + 1):
        model.put_spikes(name, ago, np.asarray(state[f"{name}/spikes/{ago}"], np.int32))
