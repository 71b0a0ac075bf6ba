"""The memory of a loaded program on a device: arrays by address, and the structs that point to them.

The structs lie in one block, the head, of which the host keeps a copy: it is fetched when the host wants to look at
what kernels have changed, and sent before the next launch when the host has changed something itself.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from plastlang.backends.cfamily.geometry import geometry, instances, stored_as
from plastlang.backends.cfamily.layout import Column, Layout, OwnerLayout, PopulationLayout, ProjectionLayout
from plastlang.backends.cfamily.printer import Dialect
from plastlang.backends.cuda.binding import ARGUMENTS, TABLE, Model, Population, Projection, Record, Spikes
from plastlang.backends.cuda.device import Device
from plastlang.backends.cuda.plan import keeps_places
from plastlang.ir.nodes import Program, SpikeRecord, StateRecord
from plastlang.ir.types import Site, Type

Array = NDArray[Any]
Struct = TypeVar("Struct", bound=ctypes.Structure)

#: Neurons of a run whose spikes are counted together (PL_SPIKE_RUN).
RUN = 512
#: Spikes that a record has room for, beyond those of one step.
SPIKES_KEPT = 1 << 16
#: Bytes and times that a record of states has room for.
STATES_BYTES, STATES_KEPT = 1 << 24, 1024
#: The least memory of structural statements (bytes).
WORK = 1 << 16


@dataclass(frozen=True, slots=True)
class Placed:
    """An array on the device."""

    address: int
    count: int
    dtype: np.dtype[Any]

    @property
    def bytes(self) -> int:
        return self.count * self.dtype.itemsize


class OwnerArrays:
    """Arrays of one population or projection on the device by what they are and, for variables, by name."""

    def __init__(self) -> None:
        self.values: dict[str, Placed] = {}
        self.before: dict[str, Placed] = {}
        self.stamp: dict[str, Placed] = {}
        self.last: dict[str, Placed] = {}
        self.parameters: dict[str, Placed] = {}
        self.given: dict[str, Array] = {}  # parameters as the host set them
        self.scratch: list[Placed] = []
        self.late: dict[int, Placed] = {}  # sums that wait, by number of the port: a row for each of some steps
        self.zeroed: list[Placed] = []  # inputs and counts of spikes, empty at the start of a run


class Memory:
    """Everything of a program that lies on a device.

    In a batch each network has one: what all share lies in that of the first network, the `leader` of the others.
    """

    def __init__(
        self, program: Program, layout: Layout, dialect: Dialect, device: Device, batch: int = 1, number: int = 0,
        leader: Memory | None = None,
    ):  # fmt: skip
        self.program, self.layout, self.dialect, self.device = program, layout, dialect, device
        self.batch, self.number, self.leader = batch, number, leader
        self.owners: dict[str, OwnerArrays] = {}
        self.given: Placed
        self.sizes = {p.name: p.size for p in program.populations}
        recorded = {(r.population, r.variable, r.every_steps): r for r in program.records if isinstance(r, StateRecord)}
        self.recorded = list(recorded.values())
        self._allocated: dict[int, int] = {}  # address -> bytes
        self._head = Head(layout, len(self.recorded))
        self._base = self._allocate(self._head.bytes, "the structs of the network")
        self._fresh, self._changed = True, False
        head = self._head
        self.populations, self.projections, self.records, self.rings = (
            head.populations, head.projections, head.records, head.rings,
        )  # fmt: skip
        try:
            self._fill()
        except BaseException:  # there is too little memory: what was taken already is given back
            self.close()
            raise

    def _fill(self) -> None:
        for name, place in self.layout.populations.items():
            self._population(self.populations[place.number], place, name)
        for name, home in self.layout.projections.items():
            self._projection(self.projections[home.number], home, name)
        for record, declared in zip(self.records, self.recorded, strict=True):
            self._record(record, declared)
        arguments = self.leader.given if self.leader else self.place(ARGUMENTS, np.float64, "arguments of signals")
        self.given = arguments
        self._model()

    # ------------------------------------------------------------ the head

    @property
    def model_address(self) -> int:
        """Where the struct of the model lies: the first argument of every kernel."""
        return self._base

    @property
    def model(self) -> Model:
        """The host's copy of the struct of the model."""
        return self._head.model

    def launched(self) -> None:
        """Kernels may have changed the head."""
        self._fresh = False

    def look(self) -> None:
        """Bring the host's copy up to date; waits for everything that was launched."""
        if not self._fresh:
            self.device.read(self._base, self._head.bytes_)
            self._fresh = True

    def change(self) -> None:
        """Bring the host's copy up to date, and send it before the next launch."""
        self.look()
        self._changed = True

    def send(self) -> None:
        """Send what the host has changed."""
        if self._changed:
            self.device.write(self._base, self._head.bytes_)
            self._changed = False

    # ------------------------------------------------------------ arrays

    def _allocate(self, bytes_: int, what: str) -> int:
        bytes_ = max(1, bytes_)  # a device has no memory of no bytes
        address = self.device.allocate(bytes_, what)
        self._allocated[address] = bytes_
        return address

    def place(self, count: int, dtype: DTypeLike, what: str) -> Placed:
        """A new array of zeros."""
        kind = np.dtype(dtype)
        return Placed(self._allocate(count * kind.itemsize, what), count, kind)

    def placed(self, values: Array, what: str) -> Placed:
        """A new array that holds values."""
        array = self.place(len(values), values.dtype, what)
        self.write(array, values)
        return array

    def free(self, address: int | None) -> None:
        """Give an array back, if it is one."""
        if address:
            del self._allocated[address]
            self.device.free(address)

    def read(self, array: Placed) -> Array:
        """A copy of an array."""
        values = np.zeros(array.count, array.dtype)
        if array.count:
            self.device.read(array.address, values)
        return values

    def write(self, array: Placed, values: Array | float) -> None:
        """Fill an array; one value fills all of it."""
        if array.count:
            filled = np.broadcast_to(np.asarray(values, array.dtype), (array.count,))
            self.device.write(array.address, np.ascontiguousarray(filled))

    def zero(self, array: Placed) -> None:
        """Fill an array with zeros."""
        if array.count:
            self.device.zero(array.address, array.bytes)

    def copy(self, target: Placed, source: Placed) -> None:
        """From one array to another of its size."""
        if source.count:
            self.device.copy(target.address, source.address, source.bytes)

    @property
    def bytes(self) -> int:
        """What is allocated now."""
        return sum(self._allocated.values())

    def close(self) -> None:
        """Give everything back."""
        for address in self._allocated:
            self.device.free(address)
        self._allocated.clear()

    # ------------------------------------------------------------ questions

    def dtype(self, type_: Type) -> np.dtype[Any]:
        """How values of a type are stored."""
        return stored_as(type_, self.dialect)

    def count(self, owner: OwnerLayout, site: Site) -> int:
        """Instances of a site, synapses excepted."""
        return instances(owner, site, self.sizes)

    def keep_before(self, owner: str) -> None:
        """The values now are those before this step."""
        arrays = self.owners[owner]
        for name, array in arrays.before.items():
            self.copy(array, arrays.values[name])

    # ------------------------------------------------------------ filling structs

    def _pointers(self, arrays: Iterable[Placed | None], what: str) -> int:
        """The address of an array of pointers."""
        addresses = [0 if a is None else a.address for a in arrays]
        return self.placed(np.array(addresses or [0], np.uint64), what).address

    def _model(self) -> None:
        model, head = self.model, self._head
        model.populations, model.projections = self._base + head.at_populations, self._base + head.at_projections
        model.records = self._base + head.at_records
        model.record_count, model.dt, model.given = len(self.recorded), self.program.dt, self.given.address
        model.first = self.leader.model_address if self.leader else self._base
        model.batch, model.number = self.batch, self.number
        self.change()

    def join(self, members: Sequence[Memory]) -> None:
        """Let the first network know all of a batch."""
        self.change()
        addresses = np.array([m.model_address for m in members], np.uint64)
        self.model.networks = self.placed(addresses, "the structs of the networks").address

    def columns(self, place: ProjectionLayout) -> list[Column]:
        """The columns of the pool of a projection: those of the first network, then the others' own."""
        own = [c for c in place.columns if c.own]
        return [*place.columns, *(own * (self.batch - 1 if self.leader is None else 0))]

    def _owner(self, struct: Population | Projection, place: OwnerLayout, name: str) -> OwnerArrays:
        arrays = self.owners[name] = OwnerArrays()
        owner = place.owner
        what = f"the variables of {name}"
        values: list[Placed | None] = []
        before: list[Placed | None] = []
        stamp: list[Placed | None] = []
        for variable in owner.variables:
            count = self.count(place, variable.site)
            stored = variable.site not in (Site.SYNAPSE, Site.PAIR)
            old = stored and variable.name in place.before
            if self.leader and variable.shared:
                known = self.leader.owners[name]
                for mine, theirs, of in (
                    (values, known.values, arrays.values), (before, known.before, arrays.before),
                    (stamp, known.stamp, arrays.stamp),
                ):  # fmt: skip
                    mine.append(theirs.get(variable.name))
                    of.update({n: a for n, a in theirs.items() if n == variable.name})
                continue
            values.append(self.place(count, self.dtype(variable.type), what) if stored else None)
            before.append(self.place(count, self.dtype(variable.type), what) if old else None)
            stamp.append(self.place(count, np.int32, what) if old else None)
            for kept, array in ((arrays.values, values[-1]), (arrays.before, before[-1]), (arrays.stamp, stamp[-1])):
                if array is not None:
                    kept[variable.name] = array
        struct.values, struct.before = self._pointers(values, what), self._pointers(before, what)
        struct.stamp = self._pointers(stamp, what)
        struct.scratch = self._pointers(self._scratch(place, name, arrays), what)
        if self.leader:
            self._follow(struct, name, arrays)
            return arrays
        for parameter in owner.parameters:
            given = np.full(self.count(place, parameter.site), parameter.default, np.float64)
            arrays.given[parameter.name] = given
            arrays.parameters[parameter.name] = self.placed(given, f"the parameters of {name}")
        constants = [(p.site, p.type) for p in owner.parameters] + [(d.site, d.value.type) for d in owner.derived]
        struct.parameters = self._pointers(arrays.parameters.values(), what)
        struct.constants = self._pointers(
            [self.place(self.count(place, s), self.dtype(t), what) for s, t in constants], what
        )
        struct.periods = self.placed(np.ones(max(1, len(owner.blocks)), np.int32), what).address
        return arrays

    def _scratch(self, place: OwnerLayout, name: str, arrays: OwnerArrays) -> list[Placed]:
        """Memory for what outlives its kernel."""
        for number, scratch in enumerate(place.scratch):
            if self.leader and not scratch.own:
                arrays.scratch.append(self.leader.owners[name].scratch[number])
            else:
                count, what = self.count(place, scratch.site), f"the variables of {name}"
                arrays.scratch.append(self.place(count, self.dtype(scratch.type), what))
        return arrays.scratch

    def _follow(self, struct: Population | Projection, name: str, arrays: OwnerArrays) -> None:
        """Parameters, and what follows from them, are those of the leader."""
        assert self.leader is not None
        first, known = self.leader.struct(name), self.leader.owners[name]
        for field in ("parameters", "constants", "periods"):
            setattr(struct, field, getattr(first, field))
        arrays.parameters, arrays.given = known.parameters, known.given

    def struct(self, name: str) -> Population | Projection:
        """The struct of a population or projection."""
        if name in self.layout.populations:
            return self.populations[self.layout.populations[name].number]
        return self.projections[self.layout.projections[name].number]

    def _population(self, struct: Population, place: PopulationLayout, name: str) -> None:
        arrays = self._owner(struct, place, name)
        population, what = place.owner, f"the spikes of {name}"
        size = population.size
        inputs = [self.place(size, np.int64, f"the inputs of {name}") for _ in population.inputs]
        partial = self.place(2 * -(-size // RUN), np.int32, what)
        for port, steps in place.waiting.items():
            arrays.late[port] = self.place(size * (1 + steps), np.int64, f"the inputs of {name}")
        inputs += arrays.late.values()
        arrays.zeroed = [*inputs, partial]
        struct.inputs, struct.partial = self._pointers(inputs, what), partial.address
        struct.flags = self.place(size, np.int32, what).address
        struct.next = self.place(size, np.int32, what).address
        ring = self.rings[name]
        for entry in ring:
            entry.neurons = self.place(size, np.int32, what).address
        struct.ring, struct.slots = self._base + self._head.at_rings[name], place.slots
        struct.size, struct.redraw = size, 1
        struct.width = population.grid.width if population.grid else size
        struct.height = population.grid.height if population.grid else 1
        struct.record = any(isinstance(r, SpikeRecord) and r.population == name for r in self.program.records)
        struct.record_room = size + SPIKES_KEPT if struct.record else 0
        struct.spike_steps = self.place(struct.record_room, np.int64, f"the recorded spikes of {name}").address
        struct.spike_neurons = self.place(struct.record_room, np.int32, f"the recorded spikes of {name}").address

    def _projection(self, struct: Projection, place: ProjectionLayout, name: str) -> None:
        arrays = self._owner(struct, place, name)
        what = f"the projection {name}"
        where = geometry(self.layout, place)
        lasts: list[Placed | None] = []
        for group in place.owner.lazy:
            inside = group.site is not Site.SYNAPSE
            if self.leader and inside and place.variable(group.names[0]).shared:
                lasts.append(self.leader.owners[name].last[group.names[0]])
                arrays.last[group.names[0]] = self.leader.owners[name].last[group.names[0]]
                continue
            lasts.append(self.place(self.count(place, group.site), np.int32, what) if inside else None)
            if lasts[-1] is not None:
                arrays.last[group.names[0]] = lasts[-1]
        struct.last = self._pointers(lasts, what)
        if self.leader:
            self._follow_projection(struct, self.leader.projections[place.number], place, what)
            return
        real = self.dtype(Type.REAL)
        struct.tables = self._pointers([self.place(TABLE, real, what) for _ in place.tables], what)
        for field in ("first", "group", "pre_x", "pre_y", "post_x", "post_y", "near_x", "near_y"):
            setattr(struct, field, self.placed(getattr(where, field), what).address)
        struct.n_pre, struct.n_post = where.n_pre, where.n_post
        struct.periodic, struct.width, struct.height = where.periodic, where.width, where.height
        struct.has_incoming = place.incoming
        columns = [self.dialect.size(c.type) for c in self.columns(place)]
        for rows, count, posts, widths in (
            (struct.rows, where.n_pre, where.n_post, columns),
            (struct.incoming, where.n_post, where.n_pre, [8] if keeps_places(place) else []),
        ):
            rows.count, rows.posts, rows.columns = count, posts, len(widths)
            rows.start = self.place(count, np.int64, what).address
            rows.length = self.place(count, np.int32, what).address
            rows.capacity = self.place(count, np.int32, what).address
            rows.column = self._pointers([None] * len(widths), what)
            rows.width = self.placed(np.array(widths or [0], np.int64), what).address
        struct.rows.in_degree = self.place(where.n_post, np.int32, what).address
        struct.work_room = WORK if place.structural else 0
        struct.work = self.place(struct.work_room, np.uint8, f"the work of {name}").address

    def _follow_projection(self, struct: Projection, first: Projection, place: ProjectionLayout, what: str) -> None:
        """Rows, their index and all that the connectivity needs are the leader's; own columns come with the rows."""
        for field in (
            "tables", "first", "group", "pre_x", "pre_y", "post_x", "post_y", "near_x", "near_y", "n_pre", "n_post",
            "periodic", "width", "height", "has_incoming",
        ):  # fmt: skip
            setattr(struct, field, getattr(first, field))
        for mine, theirs in ((struct.rows, first.rows), (struct.incoming, first.incoming)):
            ctypes.memmove(ctypes.byref(mine), ctypes.byref(theirs), ctypes.sizeof(theirs))
        struct.rows.columns = len(place.columns)
        struct.rows.column = self._pointers([None] * len(place.columns), what)

    def _record(self, struct: Record, record: StateRecord) -> None:
        place = self.layout.populations[record.population]
        variable = place.variable(record.variable)
        struct.population, struct.variable = place.number, place.index(record.variable)
        struct.period = record.every_steps
        struct.bytes = self.count(place, variable.site) * self.dialect.size(variable.type)
        struct.room = max(1, min(STATES_KEPT, STATES_BYTES // max(1, struct.bytes)))
        what = f"the record of {record.variable} of {record.population}"
        struct.values = self.place(struct.room * struct.bytes, np.uint8, what).address
        struct.steps = self.place(struct.room, np.int64, what).address


class Head:
    """The structs of a network in one array of bytes, in the order model, populations, projections, records, rings."""

    def __init__(self, layout: Layout, records: int):
        places = list(layout.populations.items())
        self._size = 0
        at_model = self._reserve(Model, 1)
        self.at_populations = self._reserve(Population, len(places))
        self.at_projections = self._reserve(Projection, len(layout.projections))
        self.at_records = self._reserve(Record, records)
        self.at_rings = {name: self._reserve(Spikes, place.slots) for name, place in places}
        self._raw = bytearray(self._size)
        self.bytes_ = np.frombuffer(self._raw, np.uint8)
        self.model = self._structs(Model, at_model, 1)[0]
        self.populations = self._structs(Population, self.at_populations, len(places))
        self.projections = self._structs(Projection, self.at_projections, len(layout.projections))
        self.records = self._structs(Record, self.at_records, records)
        self.rings = {name: self._structs(Spikes, self.at_rings[name], place.slots) for name, place in places}

    @property
    def bytes(self) -> int:
        """Its size."""
        return self._size

    def _reserve(self, kind: type[ctypes.Structure], count: int) -> int:
        at = self._size
        self._size += -(-ctypes.sizeof(kind) * count // 16) * 16
        return at

    def _structs(self, kind: type[Struct], at: int, count: int) -> Sequence[Struct]:
        return [kind.from_buffer(self._raw, at + k * ctypes.sizeof(kind)) for k in range(count)]
