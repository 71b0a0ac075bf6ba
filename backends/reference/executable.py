"""The reference backend: a program interpreted as it stands, one step after the other, in plain NumPy."""

from __future__ import annotations

import signal as signals
import threading
from collections.abc import Mapping
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.interface import NanFault, Options, network_seed
from plastlang.backends.reference import random, saving
from plastlang.backends.reference.evaluate import derived_values, dtype_of
from plastlang.backends.reference.frames import Frame, value_now
from plastlang.backends.reference.phases import advance
from plastlang.backends.reference.recording import Recording
from plastlang.backends.reference.state import (
    Network,
    Owner,
    PopulationState,
    ProjectionState,
    build,
    join_batch,
    sizes,
)
from plastlang.backends.reference.statements import Event, initial, real_local, run_batch, start, store, synapse_frame
from plastlang.backends.reference.structure import note_nans, replace_all
from plastlang.ir.nodes import ConnectAll, ConnectOneToOne, ConnectProbability, Program, Renewal, Scheduled, Signal
from plastlang.ir.types import Site


class ReferenceExecutable:
    """A loaded program (`backends.interface.Executable`)."""

    def __init__(self, program: Program, options: Options):
        self.program = program
        self.batch = options.batch
        self._precision = options.precision
        self._networks = build(program, options.precision, options.batch)
        self._recording = Recording(program, self._network.real)
        self.reset(0)

    @property
    def _network(self) -> Network:
        """The first network, which stands for what all share."""
        return self._networks[0]

    # ------------------------------------------------------------ life

    def reset(self, seed: int) -> None:
        """Step 0, initial values, no synapses; parameters stay."""
        old = self._network
        self._networks = build(self.program, self._precision, self.batch)
        for network in self._networks:
            network.common = seed & (2**64 - 1)
            network.seed = network_seed(seed, network.number)
            for name, owner in network.owners.items():
                owner.parameters = old.owner(name).parameters
                owner.derived = old.owner(name).derived
        for name, owner in self._network.owners.items():
            for network in self._networks:
                initial(network, network.owner(name))
            if isinstance(owner, ProjectionState):
                replace_all(owner, np.zeros(0, np.int64), np.zeros(0, np.int64), self._network.real)
        join_batch(self._networks)
        self._recording = Recording(self.program, self._network.real)

    def close(self) -> None:
        """Nothing is held."""

    def set_threads(self, threads: int) -> None:
        """There is one thread, whatever is asked for."""

    # ------------------------------------------------------------ running

    @property
    def step(self) -> int:
        """Steps done."""
        return self._network.step

    def run(self, steps: int) -> int:
        """Advance by `steps`; Ctrl-C ends the run after the step in which it comes (unless the host handles it)."""
        interrupted = False

        def stop(number: int, frame: FrameType | None) -> None:
            nonlocal interrupted
            interrupted = True

        main = threading.current_thread() is threading.main_thread()
        ours = main and signals.getsignal(signals.SIGINT) is signals.default_int_handler
        if ours:
            signals.signal(signals.SIGINT, stop)
        try:
            for done in range(steps):
                if interrupted:
                    return done
                advance(self._networks)
                self._recording.take(self._networks)
                self._check_nans(self.step - 1)
        finally:
            if ours:
                signals.signal(signals.SIGINT, signals.default_int_handler)
        if interrupted:  # in the last step: nothing is missing, yet the host must learn of it
            raise KeyboardInterrupt
        return steps

    def begin_signal(self) -> None:
        """Count one more call of a signal in this step."""
        for network in self._networks:
            network.signals += 1

    def signal(self, owner: str, name: str, arguments: tuple[float, ...]) -> None:
        """Run the blocks of a signal of one owner."""
        network = self._network
        state = network.owner(owner)
        for block in state.node.blocks:
            if isinstance(block.trigger, Signal) and block.trigger.name == name:
                with np.errstate(all="ignore"):
                    names = {
                        n: real_local(v, network.real)
                        for n, v in zip(block.trigger.arguments, arguments, strict=True)
                    }  # fmt: skip
                run_batch(block.body, network, owner, max(0, network.signals - 1), names)
                self._check_nans(self.step)

    def _check_nans(self, step: int) -> None:
        """Raise NanFault where a probability or rank was NaN."""
        found = self._network.nans
        if found:
            number, pre, post = min(found)
            found.clear()
            raise NanFault(self.program, number, pre, post, step)

    # ------------------------------------------------------------ connectivity

    def connect(self, projection: str) -> None:
        """Make the initial connectivity."""
        owner = self._network.projections[projection]
        count, width = owner.pre_size, owner.target.node.size
        pre, post = (a.ravel() for a in np.meshgrid(np.arange(count), np.arange(width), indexing="ij"))
        match owner.node.connect:
            case ConnectAll():
                chosen = np.ones(pre.size, np.bool_)
            case ConnectOneToOne():
                chosen = pre == post
            case ConnectProbability(probability=probability, purpose=purpose):
                frame = Frame(self._network, owner, Site.PAIR, {}, 0, pre=pre, post=post, common=True)
                words = random.philox(pre, post // 4, 0, purpose, self._network.seed)
                u = (words[post % 4, np.arange(pre.size)] >> np.uint32(8)).astype(np.float64) * 2.0**-24
                chance = frame.value(probability).astype(np.float64)
                note_nans(frame, purpose, chance, np.ones(pre.size, np.bool_))
                self._check_nans(self.step)
                chosen = u < chance
            case _:
                raise AssertionError("the pairs are to be given by the host")
        self.set_synapses(projection, pre[chosen], post[chosen])

    def set_synapses(self, projection: str, pre: NDArray[Any], post: NDArray[Any]) -> None:
        """Replace all synapses."""
        network = self._network
        owner = network.projections[projection]
        replace_all(owner, np.asarray(pre, np.int64), np.asarray(post, np.int64), network.real)
        join_batch(self._networks)
        for member in self._networks:
            frame = Frame(member, member.projections[projection], Site.SYNAPSE, {}, network.step)
            start(synapse_frame(frame, np.arange(owner.pre.size)))

    def synapses(self, projection: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(pre, post) in the order (pre, post, age)."""
        owner = self._network.projections[projection]
        return owner.pre.copy(), owner.post.copy()

    def degrees(self, projection: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(out-degree per pre, in-degree per post)."""
        owner = self._network.projections[projection]
        return owner.out_degree(), owner.in_degree()

    def counts(self, projection: str) -> tuple[int, int]:
        """(formations, eliminations) since reset."""
        owner = self._network.projections[projection]
        return owner.formations, owner.eliminations

    # ------------------------------------------------------------ values

    def get_parameter(self, owner: str, name: str) -> NDArray[np.float64]:
        """Shape () for one value, (size,) for one per neuron."""
        state = self._network.owner(owner)
        parameter = next(p for p in state.node.parameters if p.name == name)
        values = state.parameters[name]
        return values[0:1].reshape(()).copy() if parameter.site is Site.GLOBAL else values.copy()

    def set_parameter(self, owner: str, name: str, value: float | NDArray[np.float64]) -> None:
        """Set a parameter; derived values follow."""
        for network in self._networks:
            state = network.owner(owner)
            old = state.parameters[name]
            state.parameters = {**state.parameters, name: np.array(np.broadcast_to(value, old.shape), np.float64)}
            state.derived = derived_values(state.node.derived, state.parameters, self.program.dt)
            self._touch(state, name)

    def get(self, owner: str, variable: str) -> NDArray[Any]:
        """Values now. Stored neuron variables are live views where there is no batch."""
        if self._is_own(owner, variable):
            return np.stack([self._get(network, owner, variable) for network in self._networks])
        return self._get(self._network, owner, variable)

    def _is_own(self, owner: str, variable: str) -> bool:
        """Whether the values of each network stand side by side."""
        return self.batch > 1 and variable in self._network.sharing[owner].own

    def _get(self, network: Network, owner: str, variable: str) -> NDArray[Any]:
        state = network.owner(owner)
        site = next(v.site for v in state.node.variables if v.name == variable)
        if isinstance(state, PopulationState):
            return state.values[variable] if site is Site.NEURON else state.values[variable].reshape(())
        if site is Site.PAIR:
            return Event(network, state).frame(Site.SYNAPSE).pair(variable)
        values = value_now(network, state, variable, np.arange(sizes(state)[site]))
        return values.reshape(()) if site is Site.GLOBAL else values

    def set(self, owner: str, variable: str, values: NDArray[Any]) -> None:
        """Write all values, inside the variable's bounds."""
        if not self._is_own(owner, variable):
            self._set(self._network, owner, variable, values)
            return
        count = self._get(self._network, owner, variable).size
        shape = (self.batch,) if self._get(self._network, owner, variable).ndim == 0 else (self.batch, count)
        for network, row in zip(self._networks, np.broadcast_to(values, shape), strict=True):
            self._set(network, owner, variable, row)

    def _set(self, network: Network, owner: str, variable: str, values: NDArray[Any]) -> None:
        state = network.owner(owner)
        declared = next(v for v in state.node.variables if v.name == variable)
        frame = Event(network, state).frame(declared.site)
        kind = dtype_of(declared.type, self._network.real)
        with np.errstate(all="ignore"):
            new = np.broadcast_to(np.asarray(values).astype(kind), (frame.count,)).copy()
        if declared.low is not None:
            low = frame.value(declared.low)
            new = np.where(new > low, new, low)
        if declared.high is not None:
            high = frame.value(declared.high)
            new = np.where(new < high, new, high)
        store(frame, variable, new)
        for member in network.batch if variable in network.sharing[owner].shared else (network,):
            self._touch(member.owner(owner), variable)

    def _touch(self, state: Owner, name: str) -> None:
        if isinstance(state, PopulationState):
            spiking = state.node.spiking
            state.redraw |= isinstance(spiking, Renewal) and name in spiking.depends

    # ------------------------------------------------------------ spikes in and out

    def set_schedule(
        self, population: str, neurons: NDArray[np.int32], steps: NDArray[np.int64], network: int = 0
    ) -> None:
        """The spikes of a `Scheduled` population from now on."""
        state = self._networks[network].populations[population]
        assert isinstance(state.node.spiking, Scheduled)
        rows = np.stack((np.asarray(steps, np.int64), np.asarray(neurons, np.int64)), axis=1)
        state.schedule = np.unique(rows[rows[:, 0] >= self._network.step], axis=0)

    def set_last_spikes(self, population: str, neurons: NDArray[np.int32], network: int = 0) -> None:
        """Say which neurons of a `Scheduled` population spiked in the step before this one."""
        state = self._networks[network].populations[population]
        assert isinstance(state.node.spiking, Scheduled)
        state.spikes[0] = np.unique(np.asarray(neurons, np.int32))

    def take_spikes(self, population: str, network: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """(steps, neurons) recorded since the last call."""
        return self._recording.take_spikes(population, network)

    def take_states(self, population: str, variable: str) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """(steps done, values) recorded since the last call."""
        return self._recording.take_states(population, variable, self.batch)

    # ------------------------------------------------------------ saving

    def save(self) -> Mapping[str, NDArray[Any]]:
        """Everything that the future depends on."""
        return saving.save(self._networks, self._precision)

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `save` gave; what was recorded is dropped."""
        networks = build(self.program, self._precision, self.batch)
        saving.restore(networks, state, self._precision)
        self._networks = networks
        self._recording = Recording(self.program, self._network.real)


class Reference:
    """The backend (`backends.interface.Backend`)."""

    name = "reference"

    def load(self, program: Program, options: Options) -> ReferenceExecutable:
        """Load a program; nothing is compiled."""
        return ReferenceExecutable(program, options)
