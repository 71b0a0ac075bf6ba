"""What every backend offers: one way to load a program, one way to run and look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plastlang.ir.decisions import Ranked, decisions
from plastlang.ir.nodes import ConnectProbability, Program


@dataclass(frozen=True, slots=True)
class Options:
    precision: str = "single"  # or "double"
    threads: int = 1
    mode: str = "deterministic"  # or "fast": gives up the bits for speed, where a backend can
    batch: int = 1  # networks with shared structure and shared variables


#: The seeds of a batch's networks lie this far apart (mod 2^64).
SEED_STRIDE = 0x9E3779B97F4A7C15


def network_seed(seed: int, number: int) -> int:
    """The seed of the draws of a network's own; that of the first network is the seed of what is shared."""
    return (seed + number * SEED_STRIDE) & (2**64 - 1)


class RuntimeFault(Exception):
    """A run cannot go on. The text is a sentence, without its capital and full stop."""


class InputFault(RuntimeFault):
    """The sum that arrived at a port is too large, or no number. The run ended in the middle of the step.

    Args:
        population: at which it arrived.
        port: likewise.
        neuron: likewise, the first.
        step: in which it did.
        network: of a batch, if it is one.
    """

    def __init__(self, population: str, port: str, neuron: int, step: int, network: int | None = None):
        self.population, self.port = population, port
        where = "" if network is None else f" in network {network} of the batch"
        to = f"the input {port} of neuron {_neuron(neuron)} of population {population}"
        super().__init__(f"{to} is too large or no number in step {step}{where}")


#: Neurons from this one on are not told apart in faults.
LATE_NEURON = 2**24 - 1


class NanFault(RuntimeFault):
    """A probability or a rank is NaN.

    The step, the signal's block or the connection was carried out to its end: what was to happen with that probability
    did not, and what had that rank came last.

    Args:
        program: that has it.
        number: of the decision (`ir.decisions`), the least in the step of which that is so.
        pre: of the pair for which it is, the first in the order (pre, post).
        post: likewise.
        step: in which it is, or before which where a signal came.
    """

    def __init__(self, program: Program, number: int, pre: int, post: int, step: int):
        self.number, self.step = number, step
        projection, decision = decisions(program.projections)[number]
        what = "the probability of a connection" if isinstance(decision, ConnectProbability) else "a probability"
        what = "a rank" if isinstance(decision, Ranked) else what
        self.place = f"pre neuron {_neuron(pre)} and post neuron {_neuron(post)}"
        super().__init__(f"{what} of projection {projection.name} is NaN in step {step}, for {self.place}")


def _neuron(number: int) -> str:
    return str(number) if number < LATE_NEURON else f"{LATE_NEURON} or later"


class Executable(Protocol):
    """A program that is loaded and has state. Owners are populations and projections, by name.

    In a batch of B > 1 networks (docs/numerics.md, "Batches") values of what each network has for itself have a first
    axis of length B; `network` counts from 0.

    REAL values cross as float32 or float64 (the model's precision), INT as int32.
    Life: `load` -> `set_seed`, parameters, populations' state -> `connect` -> `run`, `signal`, ...
    Initial values of NEURON, PRE, POST and GLOBAL variables are computed by `load`/`reset` from their `init`.
    """

    program: Program
    batch: int

    def reset(self, seed: int) -> None:
        """Step 0, initial values drawn with `seed`, no synapses, counters zero. Parameters stay."""

    def connect(self, projection: str) -> None:
        """Make the initial connectivity from the program's `Connect`, not ConnectGiven; variables from their `init`."""

    def set_synapses(self, projection: str, pre: NDArray[np.int32], post: NDArray[np.int32]) -> None:
        """Replace all synapses (any order, multapses allowed: age is the order given); variables from their `init`."""

    @property
    def step(self) -> int:
        """Steps done."""

    def run(self, steps: int) -> int:
        """Advance; returns the steps done (fewer when a fault or an interrupt ended it). Raises RuntimeFault."""

    def signal(self, owner: str, name: str, arguments: tuple[float, ...]) -> None:
        """Run the signal's blocks of one owner (the model calls all populations and projections that have it)."""

    def begin_signal(self) -> None:
        """Count one more signal call in this step (the `repeat` of its draws); called once per model.signal."""

    def get_parameter(self, owner: str, name: str) -> NDArray[np.float64]: ...

    def set_parameter(self, owner: str, name: str, value: float | NDArray[np.float64]) -> None:
        """Parameters are kept in double. Derived values follow; due renewals are redrawn at the next step."""

    def get(self, owner: str, variable: str) -> NDArray[np.generic]:
        """Values now: shape (size,) for NEURON, PRE and POST, () for GLOBAL, (synapses,) in the order (pre, post, age).

        Lazy ones are advanced to now. A stored (not lazy) neuron variable is a live view where the backend can give it.
        """

    def set(self, owner: str, variable: str, values: NDArray[np.generic]) -> None:
        """Write all values (a write as in a block between steps: lazy groups are brought to now, bounds applied)."""

    def synapses(self, projection: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(pre, post) in the order (pre, post, age)."""

    def degrees(self, projection: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(out-degree per pre, in-degree per post)."""

    def counts(self, projection: str) -> tuple[int, int]:
        """(formations, eliminations) since reset."""

    def set_schedule(
        self, population: str, neurons: NDArray[np.int32], steps: NDArray[np.int64], network: int = 0
    ) -> None:
        """The spikes of a `Scheduled` population, from now on (steps not before the current one)."""

    def set_last_spikes(self, population: str, neurons: NDArray[np.int32], network: int = 0) -> None:
        """Replace those neurons of a `Scheduled` population that spiked in the step before this one (ascending)."""

    def take_spikes(self, population: str, network: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """(steps, neurons) recorded since the last call, ordered by (step, neuron); the record is emptied."""

    def take_states(self, population: str, variable: str) -> tuple[NDArray[np.int64], NDArray[np.generic]]:
        """(steps done, values of shape (k, size), GLOBAL (k, 1)) recorded since the last call; emptied.

        In a batch (k, B, size) for what is each network's own.
        """

    def save(self) -> Mapping[str, NDArray[np.generic]]:
        """Everything that the future depends on, the same keys and values from every backend.

        `step`, `seed` (uint64), `precision` ("single", "double"), `signals` (calls of signals in this step);
        `OWNER/param/NAME` (float64); `OWNER/state/NAME` (stored values, shapes as `get`, synapses in the order
        (pre, post, age)); `OWNER/last/NAME` (steps, int32, NAME the first of the lazy group); `PROJECTION/pre`,
        `/post` (int32), `/formations`, `/eliminations`; `POPULATION/next` (int32) and `/redraw` (bool) of a Renewal;
        `POPULATION/late/PORT` (int64): the sums still to be added at a port where deliveries wait, a row for each of
        the steps from this one on;
        `POPULATION/schedule` (int64, rows (step, neuron), still to come, ascending, each once);
        `POPULATION/spikes/K` (int32): the neurons that spiked K steps ago, for K = 1 .. longest delay from there.
        Not what was recorded.
        A batch of B > 1 has `batch`, and a first axis of length B for what is each network's own (`last` of groups of
        own variables and `next` too); `schedule` and `spikes/K` of the networks from the second on have `@NUMBER`
        behind their keys.
        """

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None: ...

    def set_threads(self, threads: int) -> None: ...

    def close(self) -> None: ...


class Backend(Protocol):
    name: str

    def load(self, program: Program, options: Options) -> Executable:
        """Raises MachineError where the machine lacks what is needed."""


class Preparing(Backend, Protocol):
    """A backend that can begin before there is a program."""

    def prepare(self) -> None:
        """Begin in the background what does not depend on the program. Never fails: `load` says what is missing."""


class Compiling(Backend, Protocol):
    """A backend that makes code which can be kept: `plastc compile` and `plastlang.open`."""

    def emit(self, program: Program, options: Options) -> str:
        """The code of a scheduled program, for reading."""

    def write(self, program: Program, options: Options, directory: Path) -> dict[str, str]:
        """Put source and library into a directory; gives file name -> what it is."""

    def open(self, program: Program, options: Options, directory: Path) -> Executable:
        """Load what `write` left there, without a compiler. Raises MachineError on another kind of machine."""
