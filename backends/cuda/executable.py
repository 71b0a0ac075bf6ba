"""A program that runs on a device."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.cfamily import saving
from plastlang.backends.cfamily.faults import input_fault, nan_fault
from plastlang.backends.cfamily.layout import Layout, ProjectionLayout
from plastlang.backends.cfamily.periods import period_steps
from plastlang.backends.cfamily.pieces import run_in_pieces
from plastlang.backends.cfamily.printer import Dialect
from plastlang.backends.cuda.device import Call, Device, Module
from plastlang.backends.cuda.memory import Memory, Placed
from plastlang.backends.cuda.plan import Launch, Launches, Networks, Plan, Shape
from plastlang.backends.cuda.records import Records
from plastlang.backends.cuda.sharing import CPU, DeviceArray
from plastlang.backends.cuda.stalls import Stalls
from plastlang.backends.cuda.state import DeviceState
from plastlang.backends.cuda.steps import Steps
from plastlang.backends.interface import Options
from plastlang.ir.nodes import (
    ConnectAll,
    ConnectGiven,
    ConnectOneToOne,
    ConnectProbability,
    Every,
    Program,
    Renewal,
    Signal,
)
from plastlang.ir.types import Site

Array = NDArray[Any]

#: The fault of a step that was done to its end with a probability that is NaN (PL_FAULT_NAN).
FAULT_NAN = 2
#: Blocks of one launch are no more than this often those that fill the device: threads take what there is in turns.
WAVES = 16
#: A kernel along rows that shares a launch has a thread for so many synapses (the spikes of few arrive in the same
#: step), and one part in so many of the device at the least.
RARELY, LEAST = 25, 4


def _numbers(launch: Launch) -> list[int]:
    return [launch.number, *(part.number for part in launch.parts)]


def dialect_of(precision: str) -> Dialect:
    """How REAL values are written at "single" or "double" precision."""
    return Dialect("float" if precision == "single" else "double")


class CudaExecutable(DeviceState):
    """A loaded program (`backends.interface.Executable`), or one network of a batch.

    Args:
        group: the networks of the batch that are loaded already, to which this one is added. What goes through all
            of them is launched, looked at and seen through by the first one.
    """

    batch = 1

    def __init__(
        self, program: Program, options: Options, device: Device, module: Module, plan: Plan, layout: Layout,
        memory: Memory | None = None, group: list[CudaExecutable] | None = None,
    ):  # fmt: skip
        self._batch = group
        if memory is None:
            memory = Memory(program, layout, dialect_of(options.precision), device)
        super().__init__(program, options.precision, layout, memory, group[0] if group else None)
        if group is not None:
            group.append(self)
        self._open = True
        self._device, self._module, self._plan = device, module, plan
        self.records = Records(self.memory)
        self._records = [self.records]
        self._stalls = Stalls(self.memory, list(self.edges.values()), self._records)
        self._steps = Steps(plan.step, module)
        if group is None:
            self.begin_with_constants()
            self.reset(0)

    @property
    def _group(self) -> list[CudaExecutable]:
        """All networks of the batch, or this one. One that held itself would not be given back at once."""
        return [self] if self._batch is None else self._batch

    def begin_with_constants(self) -> None:
        """All that depends on parameters."""
        self._records[:] = [member.records for member in self._group]
        for name in self._owners():
            self.update_constants(name)

    def _owners(self) -> tuple[str, ...]:
        return (*self.layout.populations, *self.layout.projections)

    # ------------------------------------------------------------ life

    def reset(self, seed: int) -> None:
        """Step 0, initial values, no synapses; parameters stay."""
        self.begin(0, seed & (2**64 - 1), 0)
        self.initialise()

    def initialise(self) -> None:
        """The start values of all but synapses."""
        for name in self._owners():
            for array in self.memory.owners[name].last.values():
                self.memory.zero(array)
            self._carry_out(self._plan.start.get(name, ()))
            self.keep_before(name)

    def begin(self, step: int, seed: int, signals: int) -> None:
        """No spikes, synapses and records, at a step."""
        memory = self.memory
        memory.change()
        model = memory.model
        model.step, model.seed, model.signals = step, seed, signals
        model.fault = model.input_word = model.stall = model.committed = model.nan_word = 0
        self.records.clear()
        for name, place in self.layout.populations.items():
            memory.populations[place.number].redraw = 1
            for entry in memory.rings[name]:
                entry.count = 0
            for array in memory.owners[name].zeroed:
                memory.zero(array)
            self.put_schedule(name, np.zeros((0, 2), np.int64))
        for name in self._owners():
            for array in memory.owners[name].stamp.values():
                memory.write(array, -1)
        for name in self.layout.projections:
            self.put_counts(name, 0, 0)
            self.build(name, np.zeros(0, np.int32), np.zeros(0, np.int32))

    def close(self) -> None:
        """Give the memory of the device back."""
        if self._open:
            self._open = False
            self.memory.close()

    def __del__(self) -> None:
        if getattr(self, "_open", False):
            self.close()

    def set_threads(self, threads: int) -> None:
        """Threads of the host have nothing to do."""

    # ------------------------------------------------------------ launching

    def _call(self, launch: Launch, data: int = 0) -> Call:
        """A launch with as many threads as its shape asks for."""
        if launch.parts:
            return self._together(launch)
        block = self._device.block
        match launch.shape:
            case Shape.ONE:
                return Call(launch.kernel, 1, 1, self.memory.model_address, data)
            case Shape.BLOCK:
                grid = 1
            case Shape.SPREAD:
                grid = self._device.spread
            case Shape.EACH | Shape.WARPS:
                threads = self.memory.count(self.place(launch.owner), launch.site)
                threads *= 32 if launch.shape is Shape.WARPS else 1
                grid = max(1, min(-(-threads // block), WAVES * self._device.spread))
        return Call(launch.kernel, grid, block, self.memory.model_address, data)

    def _together(self, launch: Launch) -> Call:
        """Kernels that share a launch: each has the blocks of the one that needs most, if they fit on the device.

        Those that have nothing to do take time, too.
        """
        calls, blocks = [self._call(part) for part in launch.parts], list[int]()
        for part, call in zip(launch.parts, calls, strict=True):
            needs = call.grid
            if part.shape is Shape.SPREAD and part.owner in self.edges:
                needs = max(self._rooms()[part.owner] // (RARELY * call.block), -(-self._device.spread // LEAST))
            blocks.append(min(needs, self._device.spread))
        block = max(call.block for call in calls)
        return Call(launch.kernel, max(blocks), block, self.memory.model_address, layers=len(calls))

    def _rooms(self) -> dict[str, int]:
        """Places of synapses of each projection."""
        structs = self.memory.projections
        return {name: int(structs[place.number].rows.room) for name, place in self.layout.projections.items()}

    def _calls(self, launches: Launches, data: int = 0, whole: bool = False) -> list[Call]:
        """The launches for this network, or for the `whole` batch."""
        calls: list[Call] = []
        if not whole or len(self._group) == 1:
            return [self._call(launch, data) for launch in launches]
        for (networks, _), part in groupby(launches, lambda x: (x.networks, x.sequence)):
            some = list(part)
            match networks:
                case Networks.ONCE:
                    calls += [self._call(launch, data) for launch in some]
                case Networks.EACH:
                    calls += [replace(self._call(launch, data), networks=len(self._group)) for launch in some]
                case Networks.ORDER:
                    calls += [member._call(launch, data) for member in self._group for launch in some]
                case _:
                    assert_never(networks)
        return calls

    def _calls_of_all(self, launches: Launches) -> list[Call]:
        return self._calls(launches, whole=True)

    def _carry_out(self, launches: Launches, data: int = 0, whole: bool = False) -> None:
        """Launch kernels between steps and wait; where one stalls, make room and go on from there."""
        if launches:
            self._launch(self._calls(launches, data, whole))
            self._settle(launches, data, whole)

    def _launch(self, calls: Sequence[Call]) -> None:
        self._send()
        self._module.launch(calls)
        self._launched()

    def _send(self) -> None:
        for member in self._group:
            member.memory.send()

    def _launched(self) -> None:
        for member in self._group:
            member.memory.launched()
            for rows in member.edges.values():
                rows.forget()

    def _settle(self, launches: Launches, data: int = 0, whole: bool = False) -> None:
        """Wait, and see launches through that stalled. A fault is raised."""
        memory = self._group[0].memory
        memory.look()
        while memory.model.fault == 0 and memory.model.stall:
            first = next(k for k, launch in enumerate(launches) if memory.model.stall_kernel in _numbers(launch))
            self._stalls.make_room()
            self._launch(self._calls(launches[first:], data, whole))
            memory.look()
        self._stalls.done()
        if memory.model.fault or memory.model.nan_word:
            self._raise_fault()

    def _raise_fault(self) -> None:
        memory = self._group[0].memory
        memory.change()
        model = memory.model
        ended, word = model.fault == FAULT_NAN, int(model.nan_word)
        input_word = int(model.input_word)
        model.fault = model.input_word = model.nan_word = 0
        if word:
            raise nan_fault(self.program, word, int(model.step) - ended)
        raise input_fault(self.program, input_word, int(model.step), len(self._group))

    # ------------------------------------------------------------ running

    def run(self, steps: int) -> int:
        """Advance by `steps`; an interrupt ends the run between two steps.

        Raises:
            RuntimeFault: a sum of inputs is too large, or a probability or rank is NaN.
            MachineError: no memory.
        """
        return run_in_pieces(steps, self._advance)

    def _advance(self, steps: int) -> int:
        """Launch some steps; where one stalls, make room, see it through, and launch the others again."""
        begun = self.step
        while (done := self.step - begun) < steps:
            self._send()
            self._steps.rooms(self._rooms())
            self._steps.launch(begun + done, steps - done, self._calls_of_all)
            self._launched()
            self._settle(self._plan.step, whole=True)
        return steps

    def profile(self, steps: int) -> dict[str, float]:
        """Advance by `steps`, a kernel at a time; gives the seconds that each kernel took in all."""
        seconds = {name: 0.0 for name, _ in self._one_by_one(self._plan.step)}
        timed = getattr(self._module, "timed", self._timed)
        for _ in range(steps):
            apart = self._one_by_one(self._steps.launches(self.step))
            self._send()
            for (name, _), took in zip(apart, timed([call for _, call in apart]), strict=True):
                seconds[name] += took
            self._launched()
            self._settle(self._plan.step, whole=True)
        return seconds

    def _one_by_one(self, launches: Launches) -> list[tuple[str, Call]]:
        """The calls of a step without any at the same time, with the names of their kernels."""
        found: list[tuple[str, Call]] = []
        for alone, some in groupby(launches, lambda launch: not launch.parts):
            if alone:
                found += [(call.kernel, call) for call in self._calls(tuple(some), whole=True)]
                continue
            for launch in some:
                for layer, part in enumerate(launch.parts):
                    calls = self._calls((replace(part, kernel=launch.kernel),), layer, whole=True)
                    found += [(part.kernel, call) for call in calls]
        return found

    def _timed(self, calls: Sequence[Call]) -> list[float]:
        """By the clock of the host, for devices whose launches are done when they return."""
        seconds = []
        for call in calls:
            begun = time.perf_counter()
            self._module.launch([call])
            seconds.append(time.perf_counter() - begun)
        return seconds

    def begin_signal(self) -> None:
        """Count one more call of a signal in this step."""
        self.memory.change()
        self.memory.model.signals += 1

    def signal(self, owner: str, name: str, arguments: tuple[float, ...]) -> None:
        """Run the blocks of a signal of one owner."""
        self.memory.write(self.memory.given, np.pad(np.array(arguments, np.float64), (0, self._spare(arguments))))
        for number, block in enumerate(self.place(owner).owner.blocks):
            if isinstance(block.trigger, Signal) and block.trigger.name == name:
                self._carry_out(self._plan.signal[owner, number], whole=True)

    def _spare(self, arguments: tuple[float, ...]) -> int:
        return self.memory.given.count - len(arguments)

    # ------------------------------------------------------------ connectivity

    def connect(self, projection: str) -> None:
        """Make the initial connectivity."""
        place, edges = self.layout.projections[projection], self.edges[projection]
        struct = self.memory.projections[place.number]
        n_pre, n_post = int(struct.n_pre), int(struct.n_post)
        match place.owner.connect:
            case ConnectAll():
                pre = np.repeat(np.arange(n_pre, dtype=np.int32), n_post)
                self.build(projection, pre, np.tile(np.arange(n_post, dtype=np.int32), n_pre))
            case ConnectOneToOne():
                both = np.arange(min(n_pre, n_post), dtype=np.int32)
                self.build(projection, both, both)
            case ConnectProbability():
                count, fill = self._plan.connect[projection]
                lengths = self.memory.place(n_pre, np.int32, f"the rows of {projection}")
                self._carry_out((count,), lengths.address)
                edges.build(self.memory.read(lengths))
                self.memory.free(lengths.address)
                self._carry_out((fill,))
                self._index(projection, edges.posts())
            case ConnectGiven():
                raise AssertionError("the pairs are to be given by the host")
        self.start_synapses(projection)

    def set_synapses(self, projection: str, pre: Array, post: Array) -> None:
        """Replace all synapses."""
        pre, post = np.asarray(pre, np.int32), np.asarray(post, np.int32)
        order = np.lexsort((np.arange(len(pre)), post, pre))
        self.build(projection, pre[order], post[order])
        self.start_synapses(projection)

    def start_synapses(self, projection: str) -> None:
        """Give all synapses their start values."""
        self._carry_out(self._plan.synapses[projection])
        self.look_again(projection)

    def build(self, projection: str, pre: Array, post: Array) -> None:
        """New rows from sorted pairs; the values of their synapses are zero."""
        edges = self.edges[projection]
        count = int(self.memory.projections[self.layout.projections[projection].number].n_pre)
        edges.build(np.bincount(pre, minlength=count))
        edges.write_posts(np.asarray(post, np.int32))
        self._index(projection, post)

    def _index(self, projection: str, posts: Array) -> None:
        self.edges[projection].room_for_index(posts)
        self._carry_out(self._plan.index[projection])

    # ------------------------------------------------------------ parameters

    def get_parameter(self, owner: str, name: str) -> NDArray[np.float64]:
        """Shape () for one value, (size,) for one per neuron."""
        parameter = next(p for p in self.place(owner).owner.parameters if p.name == name)
        values = self.parameter(owner, name)
        return values.reshape(()) if parameter.site is Site.GLOBAL else values

    def set_parameter(self, owner: str, name: str, value: float | NDArray[np.float64]) -> None:
        """Set a parameter; derived values follow."""
        self.put_parameter(owner, name, np.asarray(value))
        self.update_constants(owner)
        self.touch(owner, name)

    def update_constants(self, owner: str) -> None:
        """Derived values, tables and periods from the parameters."""
        place, arrays = self.place(owner), self.memory.owners[owner]
        struct = (
            self.memory.projections[place.number]
            if isinstance(place, ProjectionLayout)
            else self.memory.populations[place.number]
        )
        periods = np.ones(max(1, len(place.owner.blocks)), np.int32)
        for number, block in enumerate(place.owner.blocks):
            if isinstance(block.trigger, Every):
                periods[number] = period_steps(block.trigger.period, place.owner, arrays.given, self.program.dt)
                self._steps.period(owner, number, int(periods[number]))
        self.memory.write(Placed(struct.periods, len(periods), periods.dtype), periods)
        self._carry_out(self._plan.constants.get(owner, ()))

    def touch(self, owner: str, name: str) -> None:
        """Follow a change of what the rates of a Renewal depend on, or of what rows hold."""
        if owner in self.layout.projections:
            self.look_again(owner)
        if owner in self.layout.populations:
            place = self.layout.populations[owner]
            spiking = place.owner.spiking
            if isinstance(spiking, Renewal) and name in spiking.depends:
                self.memory.change()
                self.memory.populations[place.number].redraw = 1

    # ------------------------------------------------------------ values

    def get(self, owner: str, variable: str) -> Array:
        """Values now, copied from the device."""
        place = self.place(owner)
        declared = place.variable(variable)
        launches = self._plan.get.get((owner, variable), ())
        if declared.site in (Site.SYNAPSE, Site.PAIR):
            return self._get_synapses(owner, variable, launches)
        if not launches:
            values = self.stored(owner, variable)
        else:
            out = self.memory.place(self.memory.count(place, declared.site), self.memory.dtype(declared.type), variable)
            self._carry_out(launches, out.address)
            values = self.memory.read(out)
            self.memory.free(out.address)
        return values.reshape(()) if declared.site is Site.GLOBAL else values

    def _get_synapses(self, projection: str, variable: str, launches: Launches) -> Array:
        place, edges = self.layout.projections[projection], self.edges[projection]
        self.memory.look()
        kind = self.memory.dtype(place.variable(variable).type)
        if not launches:
            return edges.column(place.column("value", variable), kind)
        room = int(self.memory.projections[place.number].rows.room)
        out = self.memory.place(room, kind, f"a copy of {variable} of {projection}")
        self._carry_out(launches, out.address)
        values = edges.gathered(self.memory.read(out))
        self.memory.free(out.address)
        return values

    def on_device(self, owner: str, variable: str) -> DeviceArray | None:
        """The values of a variable where they lie; None where what lies there is not its value (lazy, synapses)."""
        array = self.memory.owners[owner].values.get(variable)
        if array is None or (owner, variable) in self._plan.get:
            return None
        where = getattr(self._device, "dlpack_device", (CPU, 0))
        return DeviceArray(array.address, array.count, array.dtype, where, self.memory.look)

    def set(self, owner: str, variable: str, values: Array) -> None:
        """Write all values, inside the variable's bounds."""
        place = self.place(owner)
        declared = place.variable(variable)
        self.memory.look()
        with np.errstate(all="ignore"):
            given = np.asarray(values).astype(self.memory.dtype(declared.type))
        if declared.site in (Site.SYNAPSE, Site.PAIR):
            total = int(self.edges[owner].lengths().sum())
            given = self.edges[owner].spread(np.broadcast_to(given, (total,)))
        else:
            given = np.broadcast_to(given, (self.memory.count(place, declared.site),))
        data = self.memory.placed(given, f"new values of {variable} of {owner}")
        self._carry_out(self._plan.set[owner, variable], data.address)
        self.memory.free(data.address)
        self.touch(owner, variable)

    # ------------------------------------------------------------ spikes in and out

    def take_spikes(self, population: str, network: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """(steps, neurons) recorded since the last call."""
        return self.records.take_spikes(population)

    def take_states(self, population: str, variable: str) -> tuple[NDArray[np.int64], Array]:
        """(steps done, values) recorded since the last call."""
        return self.records.take_states(population, variable)

    # ------------------------------------------------------------ saving

    def save(self) -> Mapping[str, Array]:
        """Everything that the future depends on."""
        return saving.save(self)

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from what `save` gave; what was recorded is dropped."""
        saving.restore(self, state)
