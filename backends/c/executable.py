"""A program that runs as compiled C."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.c.binding import Bytes, Model
from plastlang.backends.c.memory import Memory, copied, taken
from plastlang.backends.cfamily import saving
from plastlang.backends.cfamily.faults import input_fault, nan_fault
from plastlang.backends.cfamily.layout import Layout, OwnerLayout, ProjectionLayout
from plastlang.backends.cfamily.periods import period_steps
from plastlang.backends.cfamily.pieces import run_in_pieces
from plastlang.backends.cfamily.printer import Dialect
from plastlang.backends.interface import Options
from plastlang.diagnostics import MachineError
from plastlang.ir.nodes import ConnectGiven, Every, Program, Renewal, Scheduled, Signal
from plastlang.ir.types import Site

Array = NDArray[Any]

FAULT_INPUT, FAULT_MEMORY = 1, 2


class CExecutable:
    """A loaded program (`backends.interface.Executable`)."""

    batch = 1

    def __init__(
        self, program: Program, options: Options, library: ctypes.CDLL, layout: Layout, memory: Memory | None = None
    ):
        self.program = program
        self.precision = options.precision
        self.layout = layout
        self._library = library
        self._open = True
        dialect = Dialect("float" if options.precision == "single" else "double")
        self.memory = Memory(program, layout, dialect) if memory is None else memory
        self._model = ctypes.pointer(self.memory.model)
        self.numbers = {name: place.number for name, place in layout.populations.items()}
        self.numbers |= {n: len(layout.populations) + p.number for n, p in layout.projections.items()}
        self.set_threads(options.threads)
        for name in self.numbers:
            self.update_constants(name)
        self.reset(0)

    @property
    def model(self) -> Model:
        """The struct of the model."""
        return self.memory.model

    def place(self, owner: str) -> OwnerLayout:
        """The layout of a population or projection."""
        return self.layout.populations.get(owner) or self.layout.projections[owner]

    # ------------------------------------------------------------ life

    def reset(self, seed: int) -> None:
        """Step 0, initial values, no synapses; parameters stay."""
        self.clear()
        self.model.seed = seed & (2**64 - 1)
        for name, number in self.numbers.items():
            for array in self.memory.owners[name].last.values():
                array[:] = 0
            self._library.plast_init(self._model, number)
            self.memory.keep_before(name)

    def clear(self) -> None:
        """Back to nothing: no spikes, synapses, records."""
        model = self.model
        model.step = model.signals = model.fault = model.input_word = model.nan_word = 0
        self._release()
        for name, place in self.layout.populations.items():
            self.memory.populations[place.number].redraw = 1
            self.put_schedule(name, np.zeros((0, 2), np.int64))
            self.memory.clear_inputs(place)
        for name in self.numbers:
            self.memory.clear_stamps(name)
        for name, projection in self.layout.projections.items():
            struct = self.memory.projections[projection.number]
            struct.formations = struct.eliminations = 0
            self.build(name, np.zeros(0, np.int32), np.zeros(0, np.int32))

    def _release(self) -> None:
        counts = (len(self.layout.populations), len(self.layout.projections), len(self.memory.recorded))
        self._library.plast_end(self._model, *counts)

    def close(self) -> None:
        """Give the memory of the C side back."""
        if self._open:
            self._library.plast_threads(self._model, 1)
            self._release()
            self._open = False

    def __del__(self) -> None:
        if getattr(self, "_open", False) and hasattr(self, "memory"):
            self.close()

    def set_threads(self, threads: int) -> None:
        """How many threads a run may use."""
        self._library.plast_threads(self._model, max(1, threads))

    # ------------------------------------------------------------ running

    @property
    def step(self) -> int:
        """Steps done."""
        return int(self.model.step)

    def run(self, steps: int) -> int:
        """Advance by `steps`; an interrupt ends the run after the step in which it comes.

        Raises:
            RuntimeFault: a sum of inputs is too large, or a probability or rank is NaN.
            MachineError: no memory.
        """
        return run_in_pieces(steps, self._advance)

    def _advance(self, steps: int) -> int:
        done: int = self._library.plast_run(self._model, steps)
        self._check(self.step - 1)
        return done

    def _check(self, step: int) -> None:
        """Raise what has gone wrong in a step or before it."""
        model = self.model
        word, model.nan_word = int(model.nan_word), 0
        if model.fault:
            self._raise_fault()
        if word:
            raise nan_fault(self.program, word, step)

    def _raise_fault(self) -> None:
        model = self.model
        fault, model.fault = model.fault, 0
        if fault == FAULT_MEMORY:
            raise MachineError(f"there is no memory for the network to grow further ({self._synapses()} synapses)")
        word, model.input_word = int(model.input_word), 0
        raise input_fault(self.program, word, int(model.step), self.memory.batch)

    def _synapses(self) -> int:
        return sum(int(self.memory.projections[p.number].rows.total) for p in self.layout.projections.values())

    def begin_signal(self) -> None:
        """Count one more call of a signal in this step."""
        self.model.signals += 1

    def signal(self, owner: str, name: str, arguments: tuple[float, ...]) -> None:
        """Run the blocks of a signal of one owner."""
        given = np.array(arguments or (0.0,), np.float64)
        for number, block in enumerate(self.place(owner).owner.blocks):
            if isinstance(block.trigger, Signal) and block.trigger.name == name:
                repeat = max(0, int(self.model.signals) - 1)
                self._library.plast_signal(self._model, self.numbers[owner], number, repeat, given.ctypes.data)
                self._check(self.step)

    # ------------------------------------------------------------ connectivity

    def connect(self, projection: str) -> None:
        """Make the initial connectivity."""
        place = self.layout.projections[projection]
        assert not isinstance(place.owner.connect, ConnectGiven), "the pairs are to be given by the host"
        struct = self.memory.projections[place.number]
        lengths, chance = np.zeros(struct.n_pre, np.int32), np.zeros(struct.n_post, np.float64)
        posts = Bytes()
        number = self.numbers[projection]
        fine = self._library.plast_connect(
            self._model, number, lengths.ctypes.data, ctypes.byref(posts), chance.ctypes.data
        )
        bad = bool(self.model.nan_word)
        fine = fine and (bad or self._library.plast_build(self._model, place.number, lengths.ctypes.data, posts.data))
        ctypes.CDLL(None).free(ctypes.c_void_p(posts.data))
        if not fine:
            self._no_memory(int(lengths.sum()))
        self._check(self.step)
        self.follow_rows(projection)
        self._library.plast_start(self._model, number)

    def set_synapses(self, projection: str, pre: Array, post: Array) -> None:
        """Replace all synapses."""
        pre, post = np.asarray(pre), np.asarray(post)
        order = np.lexsort((np.arange(len(pre)), post, pre))
        self.build(projection, pre[order], post[order])
        self._library.plast_start(self._model, self.numbers[projection])

    def build(self, projection: str, pre: Array, post: Array) -> None:
        """New rows from sorted pairs; the values of their synapses are zero."""
        place = self.layout.projections[projection]
        n_pre = self.memory.projections[place.number].n_pre
        lengths = np.bincount(pre, minlength=n_pre).astype(np.int32)
        posts = np.ascontiguousarray(post, np.int32)
        if not self._library.plast_build(self._model, place.number, lengths.ctypes.data, posts.ctypes.data):
            self._no_memory(len(posts))
        self.follow_rows(projection)

    def follow_rows(self, projection: str) -> None:
        """New rows are there, of which nothing is known."""
        self.memory.owners[projection].quiet[:] = 0

    def _no_memory(self, synapses: int) -> None:
        raise MachineError(f"there is no memory for {synapses} synapses")

    def synapses(self, projection: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(pre, post) in the order (pre, post, age)."""
        place = self.layout.projections[projection]
        total = int(self.memory.projections[place.number].rows.total)
        pre, post = np.zeros(total, np.int32), np.zeros(total, np.int32)
        self._library.plast_pairs(self._model, place.number, pre.ctypes.data, post.ctypes.data)
        return pre, post

    def degrees(self, projection: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(out-degree per pre, in-degree per post)."""
        struct = self.memory.projections[self.layout.projections[projection].number]
        kind = np.dtype(np.int32)
        return copied(struct.rows.length, struct.n_pre, kind), copied(struct.rows.in_degree, struct.n_post, kind)

    def counts(self, projection: str) -> tuple[int, int]:
        """(formations, eliminations) since reset."""
        struct = self.memory.projections[self.layout.projections[projection].number]
        return int(struct.formations), int(struct.eliminations)

    # ------------------------------------------------------------ values

    def get_parameter(self, owner: str, name: str) -> NDArray[np.float64]:
        """Shape () for one value, (size,) for one per neuron."""
        place = self.place(owner)
        parameter = next(p for p in place.owner.parameters if p.name == name)
        values = self.memory.owners[owner].parameters[name].copy()
        return values.reshape(()) if parameter.site is Site.GLOBAL else values

    def set_parameter(self, owner: str, name: str, value: float | NDArray[np.float64]) -> None:
        """Set a parameter; derived values follow."""
        self.flush(owner)
        self.memory.owners[owner].parameters[name][:] = value
        self.update_constants(owner)
        self.touch(owner, name)

    def update_constants(self, owner: str) -> None:
        """Derived values, tables and periods from the parameters."""
        self._library.plast_constants(self._model, self.numbers[owner])
        place = self.place(owner)
        arrays = self.memory.owners[owner]
        for number, block in enumerate(place.owner.blocks):
            if isinstance(block.trigger, Every):
                arrays.periods[number] = period_steps(
                    block.trigger.period, place.owner, arrays.parameters, self.program.dt
                )

    def flush(self, owner: str) -> None:
        """Bring synapses up to date with the post spikes so far."""
        self._library.plast_flush(self._model, self.numbers[owner])

    def get(self, owner: str, variable: str) -> Array:
        """Values now. Stored neuron variables are live views."""
        place = self.place(owner)
        declared = place.variable(variable)
        kept = self.memory.owners[owner].values.get(variable)
        if kept is not None and not (isinstance(place, ProjectionLayout) and place.group(variable)):
            if declared.site is Site.GLOBAL:
                return kept.reshape(()).copy()
            return kept if declared.site is Site.NEURON else kept.copy()
        self.flush(owner)
        count = self._count(place, declared.site)
        result = np.zeros(count, self.memory.dtype(declared.type))
        self._library.plast_get(self._model, self.numbers[owner], place.index(variable), result.ctypes.data)
        return result.reshape(()) if declared.site is Site.GLOBAL else result

    def _count(self, place: OwnerLayout, site: Site) -> int:
        if site in (Site.SYNAPSE, Site.PAIR):
            return int(self.memory.projections[place.number].rows.total)
        return self.memory.count(place, site)

    def set(self, owner: str, variable: str, values: Array) -> None:
        """Write all values, inside the variable's bounds."""
        place = self.place(owner)
        declared = place.variable(variable)
        shape = (self._count(place, declared.site),)
        self.put(owner, variable, np.broadcast_to(self._stored_as(owner, variable, values), shape))

    def rows_of(self, owner: str, variable: str, values: Array, batch: int) -> Array:
        """Values for all networks of a batch as they are stored, a row for each."""
        site = self.place(owner).variable(variable).site
        stored, count = self._stored_as(owner, variable, values), self._count(self.place(owner), site)
        if site is Site.GLOBAL:
            return np.broadcast_to(stored, (batch,)).reshape(batch, 1)
        return np.broadcast_to(stored, (batch, count))

    def _stored_as(self, owner: str, variable: str, values: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(values).astype(self.memory.dtype(self.place(owner).variable(variable).type))

    def put(self, owner: str, variable: str, values: Array) -> None:
        """Write values that are as they are stored."""
        self.flush(owner)
        given = np.ascontiguousarray(values)
        number = self.place(owner).index(variable)
        self._library.plast_set(self._model, self.numbers[owner], number, given.ctypes.data)
        self.touch(owner, variable)

    def touch(self, owner: str, name: str) -> None:
        """Follow a change of what the rates of a Renewal depend on, or of what rows hold."""
        self.memory.owners[owner].quiet[:] = 0
        if owner in self.layout.populations:
            place = self.layout.populations[owner]
            spiking = place.owner.spiking
            if isinstance(spiking, Renewal) and name in spiking.depends:
                self.memory.populations[place.number].redraw = 1

    # ------------------------------------------------------------ spikes in and out

    def set_schedule(self, population: str, neurons: Array, steps: Array, network: int = 0) -> None:
        """The spikes of a `Scheduled` population from now on."""
        assert isinstance(self.layout.populations[population].owner.spiking, Scheduled)
        size = self.layout.populations[population].owner.size
        keys = np.asarray(steps, np.int64) * size + np.asarray(neurons, np.int64)
        keys = keys[np.asarray(steps) >= self.step]
        if (np.diff(keys) <= 0).any():
            keys = np.unique(keys)
        self.put_schedule(population, np.stack(np.divmod(keys, size), axis=1))

    def put_schedule(self, population: str, rows: Array) -> None:
        """Sorted rows (step, neuron)."""
        arrays = self.memory.owners[population]
        struct = self.memory.populations[self.layout.populations[population].number]
        arrays.schedule = np.ascontiguousarray(rows, np.int64)
        struct.schedule, struct.scheduled, struct.cursor = arrays.schedule.ctypes.data, len(rows), 0

    def set_last_spikes(self, population: str, neurons: Array, network: int = 0) -> None:
        """Say which neurons of a `Scheduled` population spiked in the step before this one."""
        assert isinstance(self.layout.populations[population].owner.spiking, Scheduled)
        self.put_spikes(population, 1, np.unique(np.asarray(neurons, np.int32)))

    def put_spikes(self, population: str, ago: int, neurons: Array) -> None:
        """The neurons that spiked some steps ago (1: in the last step)."""
        number = self.layout.populations[population].number
        kept = np.ascontiguousarray(neurons, np.int32)
        if not self._library.plast_put_spikes(self._model, number, self.step - ago, kept.ctypes.data, len(kept)):
            self._no_memory(0)

    def waiting(self, population: str, port: int) -> NDArray[np.int64]:
        """The sums that wait at a port: a row for each of the steps from this one on."""
        place = self.layout.populations[population]
        rows = self.memory.inputs[population][place.late(port)].reshape(place.waiting[port] + 1, -1)
        return np.roll(rows, -(self.step % len(rows)), 0)[:-1]

    def put_waiting(self, population: str, port: int, sums: NDArray[np.int64]) -> None:
        """The inverse of `waiting`."""
        place = self.layout.populations[population]
        rows = self.memory.inputs[population][place.late(port)].reshape(place.waiting[port] + 1, -1)
        rows[:] = np.roll(np.concatenate((sums, np.zeros_like(rows[:1]))), self.step % len(rows), 0)

    def spikes_ago(self, population: str, ago: int) -> NDArray[np.int32]:
        """The neurons that spiked some steps ago."""
        struct = self.memory.populations[self.layout.populations[population].number]
        entry = struct.ring[(self.step - ago + struct.slots) % struct.slots]
        return copied(ctypes.cast(entry.neurons, ctypes.c_void_p).value, entry.count, np.dtype(np.int32))

    def take_spikes(self, population: str, network: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """(steps, neurons) recorded since the last call."""
        struct = self.memory.populations[self.layout.populations[population].number]
        return taken(struct.spike_steps, np.dtype(np.int64)), taken(struct.spike_neurons, np.dtype(np.int32))

    def take_states(self, population: str, variable: str) -> tuple[NDArray[np.int64], Array]:
        """(steps done, values) recorded since the last call."""
        place = self.layout.populations[population]
        declared = place.variable(variable)
        width, kind = self.memory.count(place, declared.site), self.memory.dtype(declared.type)
        shape = (width,) if self.memory.batch == 1 or declared.shared else (self.memory.batch, width)
        steps, values = [np.zeros(0, np.int64)], [np.zeros((0, *shape), kind)]
        for k, record in enumerate(self.memory.recorded):
            if (record.population, record.variable) == (population, variable):
                struct = self.memory.records[k]
                steps.append(taken(struct.steps, np.dtype(np.int64)))
                values.append(taken(struct.values, kind).reshape(-1, *shape))
        all_steps, first = np.unique(np.concatenate(steps), return_index=True)
        return all_steps, np.concatenate(values)[first]

    # ------------------------------------------------------------ saving

    def save(self) -> Mapping[str, Array]:
        """Everything that the future depends on."""
        return saving.save(self)

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from what `save` gave; what was recorded is dropped."""
        saving.restore(self, state)
        self.pairs_again()

    def pairs_again(self) -> None:
        """Compute the constants that synapses keep of their pairs, after all synapses came from elsewhere."""
        for name in self.layout.projections:
            self._library.plast_pairs_again(self._model, self.numbers[name])

    @property
    def seed(self) -> int:
        """Of every random draw."""
        return int(self.model.seed)

    @property
    def signals(self) -> int:
        """Calls of signals in this step."""
        return int(self.model.signals)

    def begin(self, step: int, seed: int, signals: int) -> None:
        """No spikes, synapses and records, at a step."""
        self.clear()
        self.model.step, self.model.seed, self.model.signals = step, seed, signals

    def parameter(self, owner: str, name: str) -> NDArray[np.float64]:
        """A copy of a parameter's values."""
        return self.memory.owners[owner].parameters[name].copy()

    def put_parameter(self, owner: str, name: str, values: Array) -> None:
        """Set a parameter; `update_constants` has to follow."""
        self.memory.owners[owner].parameters[name][:] = values

    def stored(self, owner: str, name: str) -> Array:
        """A copy of the stored values of a variable (not of synapses)."""
        return self.memory.owners[owner].values[name].copy()

    def put_stored(self, owner: str, name: str, values: Array) -> None:
        """Set stored values as they are."""
        self.memory.owners[owner].values[name][:] = values

    def last(self, owner: str, name: str) -> Array:
        """A copy of the steps of the last writes to a lazy group."""
        return self.memory.owners[owner].last[name].copy()

    def put_last(self, owner: str, name: str, values: Array) -> None:
        """Set the steps of the last writes to a lazy group."""
        self.memory.owners[owner].last[name][:] = values

    def keep_before(self, owner: str) -> None:
        """The values now are those before this step."""
        self.memory.keep_before(owner)

    def put_counts(self, projection: str, formations: int, eliminations: int) -> None:
        """Set the counts of edits."""
        struct = self.memory.projections[self.layout.projections[projection].number]
        struct.formations, struct.eliminations = formations, eliminations

    def renewal(self, population: str) -> tuple[Array, bool]:
        """(step of each neuron's next spike, whether they are to be drawn anew)."""
        struct = self.memory.populations[self.layout.populations[population].number]
        return self.memory.owners[population].next.copy(), bool(struct.redraw)

    def put_renewal(self, population: str, following: Array, redraw: bool) -> None:
        """Set what `renewal` gives."""
        number = self.layout.populations[population].number
        self.memory.owners[population].next[:] = following
        self.memory.populations[number].redraw = redraw
        self._library.plast_quiet(self._model, number)

    def schedule(self, population: str) -> NDArray[np.int64]:
        """Rows (step, neuron) of a `Scheduled` population."""
        return self.memory.owners[population].schedule

    def column(self, projection: str, number: int, values: Array, out: bool) -> None:
        """Copy a column of stored values to (`out`) or from a dense array."""
        if not out:
            self.memory.owners[projection].quiet[:] = 0
        self._library.plast_column(
            self._model, self.layout.projections[projection].number, number, values.ctypes.data, out
        )
