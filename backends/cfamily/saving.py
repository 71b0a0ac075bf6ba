"""The state of a running program of the C family as named arrays, and back (keys: `backends.interface`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.cfamily.geometry import stored_as
from plastlang.backends.cfamily.layout import Layout, PopulationLayout, ProjectionLayout
from plastlang.backends.cfamily.printer import Dialect
from plastlang.ir.delays import kept_steps
from plastlang.ir.nodes import Program, Renewal, Scheduled
from plastlang.ir.types import Site

Array = NDArray[Any]


class Saved(Protocol):
    """What saving needs of an executable. It gives copies; arrays of GLOBAL values have one element."""

    program: Program
    layout: Layout
    precision: str

    @property
    def step(self) -> int: ...

    @property
    def seed(self) -> int: ...

    @property
    def signals(self) -> int: ...

    def begin(self, step: int, seed: int, signals: int) -> None:
        """No spikes, synapses and records, at a step."""

    def parameter(self, owner: str, name: str) -> Array: ...

    def put_parameter(self, owner: str, name: str, values: Array) -> None: ...

    def update_constants(self, owner: str) -> None: ...

    def stored(self, owner: str, name: str) -> Array: ...

    def put_stored(self, owner: str, name: str, values: Array) -> None: ...

    def last(self, owner: str, name: str) -> Array: ...

    def put_last(self, owner: str, name: str, values: Array) -> None: ...

    def keep_before(self, owner: str) -> None: ...

    def flush(self, owner: str) -> None: ...

    def synapses(self, projection: str) -> tuple[Array, Array]: ...

    def build(self, projection: str, pre: Array, post: Array) -> None: ...

    def column(self, projection: str, number: int, values: Array, out: bool) -> None: ...

    def counts(self, projection: str) -> tuple[int, int]: ...

    def put_counts(self, projection: str, formations: int, eliminations: int) -> None: ...

    def renewal(self, population: str) -> tuple[Array, bool]: ...

    def put_renewal(self, population: str, following: Array, redraw: bool) -> None: ...

    def schedule(self, population: str) -> Array: ...

    def put_schedule(self, population: str, rows: Array) -> None: ...

    def spikes_ago(self, population: str, ago: int) -> Array: ...

    def put_spikes(self, population: str, ago: int, neurons: Array) -> None: ...


@runtime_checkable
class Waiting(Protocol):
    """What a backend brings where deliveries wait (`ir.delays`)."""

    def waiting(self, population: str, port: int) -> Array:
        """The sums that wait at a port: a row for each of the steps from this one on."""

    def put_waiting(self, population: str, port: int, sums: Array) -> None: ...


def save(model: Saved) -> dict[str, Array]:
    """Copies of everything that the future depends on."""
    result: dict[str, Array] = {
        "step": np.array(model.step, np.int64),
        "seed": np.array(model.seed, np.uint64),
        "precision": np.array(model.precision),
        "signals": np.array(model.signals, np.int64),
    }
    for name, place in (*model.layout.populations.items(), *model.layout.projections.items()):
        for parameter in place.owner.parameters:
            values = model.parameter(name, parameter.name)
            result[f"{name}/param/{parameter.name}"] = _shaped(values, parameter.site)
        for variable in place.owner.variables:
            if variable.site not in (Site.PAIR, Site.SYNAPSE):
                values = model.stored(name, variable.name)
                result[f"{name}/state/{variable.name}"] = _shaped(values, variable.site)
        if isinstance(place, ProjectionLayout):
            result |= _saved_synapses(model, name, place)
        elif isinstance(place, PopulationLayout):
            result |= _saved_spiking(model, name, place)
    return result


def _shaped(values: Array, site: Site) -> Array:
    return values.reshape(()) if site is Site.GLOBAL else values


def _saved_synapses(model: Saved, name: str, place: ProjectionLayout) -> dict[str, Array]:
    model.flush(name)
    pre, post = model.synapses(name)
    result: dict[str, Array] = {}
    for number, column in enumerate(place.columns):
        if column.kind in ("value", "last"):
            values = np.zeros(len(pre), stored_as(column.type, _dialect(model)))
            model.column(name, number, values, True)
            result[f"{name}/{'state' if column.kind == 'value' else 'last'}/{column.name}"] = values
    for group in place.owner.lazy:
        if group.site is not Site.SYNAPSE:
            result[f"{name}/last/{group.names[0]}"] = _shaped(model.last(name, group.names[0]), group.site)
    result[f"{name}/pre"], result[f"{name}/post"] = pre, post
    formations, eliminations = model.counts(name)
    result[f"{name}/formations"] = np.array(formations, np.int64)
    result[f"{name}/eliminations"] = np.array(eliminations, np.int64)
    return result


def _saved_spiking(model: Saved, name: str, place: PopulationLayout) -> dict[str, Array]:
    result: dict[str, Array] = {}
    for port in place.waiting:
        assert isinstance(model, Waiting)
        result[f"{name}/late/{place.owner.inputs[port].port}"] = model.waiting(name, port)
    if isinstance(place.owner.spiking, Renewal):
        result[f"{name}/next"], redraw = model.renewal(name)
        result[f"{name}/redraw"] = np.array(redraw)
    if isinstance(place.owner.spiking, Scheduled):
        rows = model.schedule(name)
        result[f"{name}/schedule"] = rows[rows[:, 0] >= model.step].copy()
    for ago in range(1, kept_steps(model.program, name) + 1):
        result[f"{name}/spikes/{ago}"] = model.spikes_ago(name, ago)
    return result


def _dialect(model: Saved) -> Dialect:
    return Dialect("float" if model.precision == "single" else "double")


def restore(model: Saved, state: Mapping[str, Array]) -> None:
    """Put what `save` gave into a program."""
    assert str(state["precision"]) == model.precision, "saved at another precision"
    model.begin(int(state["step"]), int(state["seed"]), int(state["signals"]))
    for name, place in (*model.layout.populations.items(), *model.layout.projections.items()):
        for parameter in place.owner.parameters:
            model.put_parameter(name, parameter.name, state[f"{name}/param/{parameter.name}"])
        model.update_constants(name)
        for variable in place.owner.variables:
            if variable.site not in (Site.PAIR, Site.SYNAPSE):
                model.put_stored(name, variable.name, state[f"{name}/state/{variable.name}"])
        if isinstance(place, ProjectionLayout):
            _restore_synapses(model, name, place, state)
        elif isinstance(place, PopulationLayout):
            _restore_spiking(model, name, place, state)
        model.keep_before(name)


def _restore_synapses(model: Saved, name: str, place: ProjectionLayout, state: Mapping[str, Array]) -> None:
    pre, post = np.asarray(state[f"{name}/pre"]), np.asarray(state[f"{name}/post"])
    model.build(name, pre, post)
    for number, column in enumerate(place.columns):
        kind = stored_as(column.type, _dialect(model))
        if column.kind == "stamp":
            values = np.full(len(pre), -1, kind)
        elif column.kind in ("value", "before", "last"):
            key = "last" if column.kind == "last" else "state"
            values = np.ascontiguousarray(state[f"{name}/{key}/{column.name}"], kind)
        else:
            continue
        model.column(name, number, values, False)
    for group in place.owner.lazy:
        if group.site is not Site.SYNAPSE:
            model.put_last(name, group.names[0], state[f"{name}/last/{group.names[0]}"])
    model.put_counts(name, int(state[f"{name}/formations"]), int(state[f"{name}/eliminations"]))


def _restore_spiking(model: Saved, name: str, place: PopulationLayout, state: Mapping[str, Array]) -> None:
    for port in place.waiting:
        sums = state[f"{name}/late/{place.owner.inputs[port].port}"]
        assert isinstance(model, Waiting)
        model.put_waiting(name, port, np.asarray(sums, np.int64))
    if isinstance(place.owner.spiking, Renewal):
        model.put_renewal(name, np.asarray(state[f"{name}/next"]), bool(state[f"{name}/redraw"]))
    if isinstance(place.owner.spiking, Scheduled):
        model.put_schedule(name, np.asarray(state[f"{name}/schedule"], np.int64).reshape(-1, 2))
    for ago in range(1, kept_steps(model.program, name) + 1):
        model.put_spikes(name, ago, np.asarray(state[f"{name}/spikes/{ago}"], np.int32))
