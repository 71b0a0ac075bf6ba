"""What a host does with a network: a list of actions that is also a line of text.

Actions name their objects by number, taken modulo how many there are, so that every script fits every program and a
failing pair of program and script can be shrunk apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from plastlang.backends.interface import Executable
from plastlang.ir.nodes import Population, Program, Projection, Scheduled, Variable
from plastlang.ir.types import Site, Type
from tests.programs.running import signals

#: Kinds of actions: run N; the others take an object's number and a number that values are made of.
KINDS = ("run", "signal", "parameter", "write", "rewire", "schedule", "last", "move")


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that the host does.

    `run`: `number` steps. `move`: to a fresh executable (the other way at odd numbers).
    """

    kind: str
    number: int = 0
    value: int = 0

    def __str__(self) -> str:
        return (
            f"{self.kind} {self.number}" if self.kind in ("run", "move") else f"{self.kind} {self.number} {self.value}"
        )


@dataclass(frozen=True, slots=True)
class Script:
    """Everything beside the text of the program that a run depends on."""

    seed: int = 0
    precision: str = "single"
    threads: int = 1
    actions: tuple[Action, ...] = field(default=(Action("run", 5),))

    def __str__(self) -> str:
        return f"# play {self.seed} {self.precision} {self.threads}: {', '.join(map(str, self.actions))}"

    @staticmethod
    def read(line: str) -> Script:
        """The script of a line that begins with `# play`."""
        head, _, rest = line.partition(":")
        _, _, seed, precision, threads = head.split()
        parts = [part.split() for part in rest.split(",")]
        return Script(int(seed), precision, int(threads), tuple(Action(k, *map(int, n)) for k, *n in parts))


def scripts(longest: int = 12) -> st.SearchStrategy[Script]:
    """Scripts of a few actions each; runs of up to `longest` steps, or of none, stand between them."""
    small, runs = st.integers(0, 30), st.builds(Action, st.just("run"), st.integers(0, longest))
    other = st.builds(Action, st.sampled_from(KINDS[1:]), small, small)
    return st.builds(
        lambda seed, precision, threads, first, rest: Script(
            seed, precision, threads, (first, *(action for pair in rest for action in pair))
        ),
        st.integers(0, 2**64 - 1),
        st.sampled_from(["single", "double"]),
        st.integers(1, 3),
        runs,
        st.lists(st.tuples(other, runs), max_size=4),
    )


def act(executable: Executable, action: Action, salt: int) -> None:
    """Do one action, but `run` and `move`, which are the player's."""
    match action.kind:
        case "signal":
            _signal(executable, action)
        case "parameter":
            _parameter(executable, action)
        case "write":
            _write(executable, action, salt)
        case "rewire":
            _rewire(executable, action, salt)
        case "schedule":
            _schedule(executable, action, salt)
        case "last":
            _last(executable, action, salt)
        case kind:
            raise AssertionError(kind)


def owners(program: Program) -> tuple[Population | Projection, ...]:
    """Populations, then projections."""
    return (*program.populations, *program.projections)


def stored(owner: Population | Projection) -> list[Variable]:
    """The variables that a host may look at and write."""
    return [v for v in owner.variables if v.site is not Site.PAIR and not v.hidden]


def _source(action: Action, salt: int) -> np.random.Generator:
    return np.random.default_rng([action.number, action.value, salt & 0xFFFFFFFF])


def _signal(executable: Executable, action: Action) -> None:
    found = signals(executable.program)
    names = list(dict.fromkeys(name for _, name, _ in found))
    if not names:
        return
    executable.begin_signal()
    for owner, other, count in found:
        if other == names[action.number % len(names)]:
            executable.signal(owner, other, (action.value * 0.07 - 0.5,) * count)


def _parameter(executable: Executable, action: Action) -> None:
    found = [(owner, p) for owner in owners(executable.program) for p in owner.parameters if p.type is Type.REAL]
    if not found:
        return
    owner, parameter = found[action.number % len(found)]
    value = parameter.default * (0.5 + action.value * 0.05)
    if parameter.site is Site.NEURON:
        assert isinstance(owner, Population)
        executable.set_parameter(owner.name, parameter.name, value * (1 + 0.1 * np.arange(owner.size)))
    else:
        executable.set_parameter(owner.name, parameter.name, value)


def _write(executable: Executable, action: Action, salt: int) -> None:
    found = [(owner.name, v) for owner in owners(executable.program) for v in stored(owner)]
    if not found:
        return
    owner, variable = found[action.number % len(found)]
    old = executable.get(owner, variable.name)
    source = _source(action, salt)
    new: NDArray[np.generic]
    if variable.type is Type.REAL:
        new = source.uniform(-1, 3, old.shape).astype(old.dtype)
    else:
        new = source.integers(-2, 5, old.shape).astype(old.dtype)
    executable.set(owner, variable.name, new)


def _sizes(program: Program, projection: Projection) -> tuple[int, int]:
    size = {population.name: population.size for population in program.populations}
    return sum(size[name] for name in projection.sources), size[projection.target]


def _rewire(executable: Executable, action: Action, salt: int) -> None:
    projections = executable.program.projections
    if not projections:
        return
    projection = projections[action.number % len(projections)]
    n_pre, n_post = _sizes(executable.program, projection)
    source = _source(action, salt)
    count = int(source.integers(0, 2 * n_post + 2))
    pre, post = source.integers(0, n_pre, count), source.integers(0, n_post, count)
    executable.set_synapses(projection.name, pre.astype(np.int32), post.astype(np.int32))


def _scheduled(program: Program) -> list[Population]:
    return [population for population in program.populations if isinstance(population.spiking, Scheduled)]


def _schedule(executable: Executable, action: Action, salt: int) -> None:
    _with_scheduled(executable, action, lambda population: give_spikes(executable, population, _source(action, salt)))


def give_spikes(executable: Executable, population: Population, source: np.random.Generator) -> None:
    """Spikes in the next 60 steps, a third of all that there could be, in no order, some twice."""
    count = int(source.integers(0, 20 * population.size + 1))
    steps = executable.step + source.integers(0, 60, count)
    executable.set_schedule(population.name, source.integers(0, population.size, count).astype(np.int32), steps)


def _last(executable: Executable, action: Action, salt: int) -> None:
    def give(population: Population) -> None:
        chosen = np.flatnonzero(_source(action, salt).random(population.size) < 0.5)
        executable.set_last_spikes(population.name, chosen.astype(np.int32))

    _with_scheduled(executable, action, give)


def _with_scheduled(executable: Executable, action: Action, give: Callable[[Population], None]) -> None:
    found = _scheduled(executable.program)
    if found:
        give(found[action.number % len(found)])
