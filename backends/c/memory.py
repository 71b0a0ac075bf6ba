"""The arrays of a loaded program: allocated here with NumPy, pointed to by the structs that emitted code works on."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from plastlang.backends.c.binding import (
    BLOCK,
    COLUMNS,
    TABLE,
    Bytes,
    Model,
    Population,
    Projection,
    Record,
    Rows,
    Spikes,
)
from plastlang.backends.cfamily.geometry import geometry, instances, stored_as
from plastlang.backends.cfamily.layout import Layout, OwnerLayout, PopulationLayout, ProjectionLayout
from plastlang.backends.cfamily.printer import Dialect
from plastlang.ir.nodes import Program, SpikeRecord, StateRecord
from plastlang.ir.types import Site, Type

Array = NDArray[Any]


class OwnerArrays:
    """Arrays of one population or projection by what they are and, for variables, by name."""

    def __init__(self) -> None:
        self.values: dict[str, Array] = {}
        self.last: dict[str, Array] = {}
        self.parameters: dict[str, Array] = {}
        self.before: dict[str, Array] = {}
        self.stamp: dict[str, Array] = {}
        self.scratch: list[Array] = []
        self.periods = np.zeros(0, np.int32)
        self.rested = np.zeros((0, 1), np.uint8)  # of all networks whose synapses lie side by side
        self.quiet = np.zeros(0, np.uint8)
        self.next = np.zeros(0, np.int32)
        self.schedule = np.zeros((0, 2), np.int64)


def aligned(count: int, dtype: np.dtype[Any]) -> Array:
    """Zeros that begin at a cache line, with room to the end of a block."""
    rounded = -(-max(count, 1) // BLOCK) * BLOCK
    raw = np.zeros(rounded * dtype.itemsize + 64, np.uint8)
    offset = -raw.ctypes.data % 64
    view: Array = raw[offset : offset + rounded * dtype.itemsize].view(dtype)
    return view[:count]


class Memory:
    """The structs of a program and the arrays they point to."""

    def __init__(
        self, program: Program, layout: Layout, dialect: Dialect, batch: int = 1, leader: Memory | None = None,
        model: Model | None = None, number: int = 0,
    ):  # fmt: skip
        """Arrays of one network. `leader`: the memory of the first one of its batch; `model`: its struct."""
        self.program, self.layout, self.dialect = program, layout, dialect
        self.batch, self.leader, self.number = batch, leader, number
        self.blocks: dict[tuple[str, str], Array] = {}
        self._kept: list[object] = []
        self.owners: dict[str, OwnerArrays] = {}
        self.inputs: dict[str, list[Array]] = {}
        self.model = Model() if model is None else model
        self.populations = (Population * max(1, len(program.populations)))()
        self.projections = (Projection * max(1, len(program.projections)))()
        self.recorded = [r for r in dict.fromkeys(program.records) if isinstance(r, StateRecord)]
        self.recorded = list({(r.population, r.variable, r.every_steps): r for r in self.recorded}.values())
        self.records = (Record * max(1, len(self.recorded)))()
        self.sizes = {p.name: p.size for p in program.populations}
        for name, place in layout.populations.items():
            self._population(self.populations[place.number], place, name)
        for name, home in layout.projections.items():
            self._projection(self.projections[home.number], home, name)
        for k, record in enumerate(self.recorded):
            self._record(self.records[k], record)
        self.model.populations, self.model.projections = self.populations, self.projections
        self.model.records = self.records
        self.model.record_count = 0 if leader is not None else len(self.recorded)
        self.model.number = number
        self.model.dt = program.dt

    def dtype(self, type_: Type) -> np.dtype[Any]:
        """How values of a type are stored."""
        return stored_as(type_, self.dialect)

    def count(self, owner: OwnerLayout, site: Site) -> int:
        """Instances of a site, synapses excepted."""
        return instances(owner, site, self.sizes)

    # ------------------------------------------------------------ beginning anew

    def clear_inputs(self, place: PopulationLayout) -> None:
        """Nothing has arrived."""
        for array in self.inputs[place.owner.name]:
            array[:] = 0

    def clear_stamps(self, owner: str) -> None:
        """Nothing was written in this step."""
        for array in self.owners[owner].stamp.values():
            array[:] = -1

    def keep_before(self, owner: str) -> None:
        """The values now are those before this step."""
        arrays = self.owners[owner]
        for name, array in arrays.before.items():
            array[:] = arrays.values[name]

    # ------------------------------------------------------------ filling structs

    def _variable(self, owner: str, kind: str, name: str, count: int, dtype: np.dtype[Any]) -> Array:
        """An array of a variable; the networks of a batch have one for what they share."""
        shared = name in self.layout.sharing[owner].shared
        if shared and self.leader is not None:
            array: Array = getattr(self.leader.owners[owner], kind)[name]
            return array
        if self.batch > 1 and kind == "values" and not shared:
            first = self if self.leader is None else self.leader
            if (owner, name) not in first.blocks:
                rounded = -(-max(count, 1) // BLOCK) * BLOCK
                block = aligned(self.batch * rounded, dtype).reshape(self.batch, rounded)
                first.blocks[owner, name] = block[:, :count]
            row: Array = first.blocks[owner, name][self.number]
            return row
        return self._array(count, dtype)

    def _array(self, count: int, dtype: DTypeLike) -> Array:
        array = aligned(count, np.dtype(dtype))
        self._kept.append(array)
        return array

    def _pointers(self, arrays: Iterable[Array | None]) -> int:
        """The address of an array of pointers."""
        addresses = [0 if a is None else a.ctypes.data for a in arrays]
        pointers = (ctypes.c_void_p * max(1, len(addresses)))(*addresses)
        self._kept.append(pointers)
        return ctypes.addressof(pointers)

    def _owner(self, struct: Population | Projection, place: OwnerLayout, name: str) -> OwnerArrays:
        arrays = self.owners[name] = OwnerArrays()
        owner = place.owner
        values: list[Array | None] = []
        before: list[Array | None] = []
        stamp: list[Array | None] = []
        for variable in owner.variables:
            count = self.count(place, variable.site)
            stored = variable.site not in (Site.SYNAPSE, Site.PAIR)
            old = stored and variable.name in place.before
            kind, called = self.dtype(variable.type), variable.name
            values.append(self._variable(name, "values", called, count, kind) if stored else None)
            before.append(self._variable(name, "before", called, count, kind) if old else None)
            stamp.append(self._variable(name, "stamp", called, count, np.dtype(np.int32)) if old else None)
            for kept, array in ((arrays.values, values[-1]), (arrays.before, before[-1]), (arrays.stamp, stamp[-1])):
                if array is not None:
                    kept[variable.name] = array
        for parameter in owner.parameters:
            array = self._array(self.count(place, parameter.site), np.float64)
            array[:] = parameter.default
            arrays.parameters[parameter.name] = array
        constants = [(p.site, p.type) for p in owner.parameters] + [(d.site, d.value.type) for d in owner.derived]
        struct.values, struct.before = self._pointers(values), self._pointers(before)
        struct.stamp = self._pointers(stamp)
        struct.parameters = self._pointers(arrays.parameters.values())
        struct.constants = self._pointers([self._array(self.count(place, s), self.dtype(t)) for s, t in constants])
        arrays.scratch = [
            self._array(self.count(place, x.site) * x.lanes, self.dtype(x.type))
            if x.own or self.leader is None
            else self.leader.owners[name].scratch[k]
            for k, x in enumerate(place.scratch)
        ]
        struct.scratch = self._pointers(arrays.scratch)
        arrays.periods = self._array(max(1, len(owner.blocks)), np.int32)
        arrays.periods[:] = 1
        struct.periods = arrays.periods.ctypes.data
        if self.leader is not None:
            self._follow(struct, arrays, place, name)
        return arrays

    def _follow(self, struct: Population | Projection, arrays: OwnerArrays, place: OwnerLayout, name: str) -> None:
        """Parameters and what comes of them are those of the first network."""
        assert self.leader is not None
        of_first = self.leader.owners[name]
        structs = self.leader.populations if isinstance(place, PopulationLayout) else self.leader.projections
        first = structs[place.number]
        arrays.parameters, arrays.periods = of_first.parameters, of_first.periods
        struct.parameters, struct.constants, struct.periods = first.parameters, first.constants, first.periods

    def _population(self, struct: Population, place: PopulationLayout, name: str) -> None:
        arrays = self._owner(struct, place, name)
        population = place.owner
        size = population.size
        self.inputs[name] = [self._array(size, np.int64) for _ in population.inputs]
        self.inputs[name] += [self._array(size * (1 + steps), np.int64) for steps in place.waiting.values()]
        struct.inputs = self._pointers(self.inputs[name])
        arrays.next = self._array(size, np.int32)
        quiet = self._array(-(-size // BLOCK), np.int32)
        spiking = self._array(-(-size // BLOCK), np.uint64)
        struct.spiking, struct.next, struct.quiet = spiking.ctypes.data, arrays.next.ctypes.data, quiet.ctypes.data
        ring = (Spikes * place.slots)()
        self._kept.append(ring)
        struct.ring, struct.slots = ring, place.slots
        struct.size, struct.redraw = size, 1
        struct.width = population.grid.width if population.grid else size
        struct.height = population.grid.height if population.grid else 1
        struct.record = any(isinstance(r, SpikeRecord) and r.population == name for r in self.program.records)

    def _projection(self, struct: Projection, place: ProjectionLayout, name: str) -> None:
        arrays = self._owner(struct, place, name)
        projection = place.owner
        where = geometry(self.layout, place)
        n_pre, n_post = where.n_pre, where.n_post
        lasts: list[Array | None] = []
        for group in projection.lazy:
            count, called = self.count(place, group.site), group.names[0]
            lasts.append(
                None if group.site is Site.SYNAPSE else self._variable(name, "last", called, count, np.dtype(np.int32))
            )
            if lasts[-1] is not None:
                arrays.last[group.names[0]] = lasts[-1]
        struct.last = self._pointers(lasts)
        struct.tables = self._pointers([self._array(TABLE, self.dtype(Type.REAL)) for _ in place.tables])
        if self.leader is not None:
            struct.tables = self.leader.projections[place.number].tables
        now = [
            self._array(n_post, self.dtype(v.type)) if v.site is Site.POST and place.group(v.name) else None
            for v in projection.variables
        ]
        struct.now = self._pointers(now)
        for name in ("first", "group", "pre_x", "pre_y", "post_x", "post_y", "near_x", "near_y"):
            setattr(struct, name, self._filled(getattr(where, name)).ctypes.data)
        if self.leader is None or place.lanes == 1:
            arrays.rested = self._array(n_pre * place.lanes, np.uint8).reshape(n_pre, place.lanes)
        else:
            arrays.rested = self.leader.owners[projection.name].rested
        arrays.quiet = arrays.rested[:, self.number % place.lanes]
        struct.quiet, struct.lanes = arrays.quiet.ctypes.data, place.lanes
        struct.n_pre, struct.n_post = n_pre, n_post
        struct.periodic, struct.width, struct.height = where.periodic, where.width, where.height
        struct.has_incoming = place.incoming
        rows, incoming, history = struct.rows, struct.incoming, struct.history
        rows.count, rows.posts, rows.slack = n_pre, n_post, place.structural
        rows.columns = len(place.columns)
        for k, column in enumerate(place.columns):
            joined = place.lanes > 1 and column.joined
            rows.width[k] = self.dialect.size(column.type) * (place.lanes if joined else 1)
        if self.batch > 1 and self.leader is None:
            self._others(rows, place)
        incoming.count, incoming.posts, incoming.slack = n_post, n_pre, place.structural
        if place.schedule.post == "deferred":
            history.rows, history.posts, history.payloads = n_pre, n_post, len(place.schedule.payload)
            for k, read in enumerate(place.schedule.payload):
                history.width[k] = self.dialect.size(read.type)

    def _others(self, rows: Rows, place: ProjectionLayout) -> None:
        """Room for the columns of the other networks, which the first one's rows move."""
        others = (ctypes.c_void_p * ((self.batch - 1) * COLUMNS))()
        self._kept.append(others)
        rows.others, rows.copies = ctypes.addressof(others), self.batch
        joined = {k for k, column in enumerate(place.columns) if place.lanes > 1 and column.joined}
        rows.own = sum(1 << k for k, column in enumerate(place.columns) if column.own and k not in joined)
        rows.joined = sum(1 << k for k in joined)

    def _filled(self, values: Array) -> Array:
        array = self._array(len(values), np.int32)
        array[:] = values
        return array

    def _record(self, struct: Record, record: StateRecord) -> None:
        place = self.layout.populations[record.population]
        variable = place.variable(record.variable)
        struct.population, struct.variable = place.number, place.index(record.variable)
        struct.period = record.every_steps
        struct.bytes = self.count(place, variable.site) * self.dialect.size(variable.type)
        struct.own = self.batch > 1 and not variable.shared


def copied(address: int | None, count: int, dtype: np.dtype[Any]) -> Array:
    """A copy of `count` values at an address."""
    if not address or count == 0:
        return np.zeros(count, dtype)
    result = np.empty(count, dtype)
    ctypes.memmove(result.ctypes.data, address, result.nbytes)
    return result


def taken(bytes_: Bytes, dtype: np.dtype[Any]) -> Array:
    """What was appended to a growing array of bytes, which is emptied."""
    result = copied(bytes_.data, bytes_.used // dtype.itemsize, dtype)
    bytes_.used = 0
    return result
