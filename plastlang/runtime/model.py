"""A program with state that runs: what `Network.compile`, `plastc run` and `plastlang.open` give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Protocol, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.interface import Executable, RuntimeFault
from plastlang.frontend.checked import CheckedRecord, Dimension
from plastlang.frontend.units import quantity
from plastlang.ir.nodes import Population, Projection, Signal, Variable
from plastlang.ir.types import Site
from plastlang.runtime.calls import bad_call, unknown, whole
from plastlang.runtime.checkpoint import Header, check_state, read_checkpoint, write_checkpoint
from plastlang.runtime.durations import duration_steps
from plastlang.runtime.faults import faulty
from plastlang.runtime.guarded import Guarded
from plastlang.runtime.progress import reporter
from plastlang.runtime.recording import Recordings
from plastlang.runtime.run import Progress, Stop, advance, interruptible
from plastlang.runtime.setup import Setup, begin
from plastlang.runtime.taking import Taker
from plastlang.runtime.views import PopulationView, ProjectionView
from plastlang.runtime.watch import Watch

ProgressOption: TypeAlias = bool | Callable[[Progress], None]


class Named(Protocol):
    """Anything that stands for a population or projection: it has its name."""

    @property
    def name(self) -> str: ...


class Model:
    """A running network.

    `model[population].v` and `model[projection].w` read and write state; `run`, `step` and `signal` move it on.
    A `with` block closes it at the end. Threads may share a model: there is one run at a time, and others see the state
    between two of its pieces, each of which is some whole steps.

    All values are in the units of docs/numerics.md (ms, mV, nS, pA, pF, kHz).
    """

    def __init__(
        self,
        executable: Executable,
        identity: str,
        version: str,
        precision: str,
        backend: str,
        seed: int = 0,
        records: tuple[CheckedRecord, ...] = (),
        setup: Setup | None = None,
    ):
        self._guarded = Guarded(executable)
        self._setup = setup or Setup()
        self._header = Header(identity, version, precision, seed)
        self.backend = backend
        self._batch = executable.batch
        self.program = executable.program
        self.real = np.float32 if precision == "single" else np.float64
        self.sizes = {population.name: population.size for population in self.program.populations}
        self._views: dict[str, PopulationView | ProjectionView] = {
            population.name: PopulationView(self, population) for population in self.program.populations
        } | {projection.name: ProjectionView(self, projection) for projection in self.program.projections}
        self._live: dict[tuple[str, str], bool] = {}
        self._watch = Watch()
        self._taker = Taker(self.program, records)
        self._recordings = Recordings(self._taker.tapes, self.program.dt)
        self._begin(executable, seed)
        self._taker.start(executable)

    def _begin(self, executable: Executable, seed: int) -> None:
        try:
            begin(executable, self._setup, seed)
        except RuntimeFault as fault:
            raise faulty(self.program, fault) from None

    # ------------------------------------------------------------ looking

    @property
    def executable(self) -> Executable:
        """What the backend gave. Raises PlastError once the model is closed."""
        self._guarded.opened()
        return cast(Executable, self._guarded)

    def __getitem__(self, owner: str | Named) -> Any:
        """The population or projection of that name (or that `Network` made)."""
        name = owner if isinstance(owner, str) else getattr(owner, "name", None)
        if not isinstance(name, str):
            raise bad_call(f"{owner!r} is no population or projection, nor the name of one", code="R101")
        if name not in self._views:
            raise unknown("the population or projection", name, self._views)
        return self._views[name]

    @property
    def populations(self) -> tuple[str, ...]:
        return tuple(population.name for population in self.program.populations)

    @property
    def projections(self) -> tuple[str, ...]:
        return tuple(projection.name for projection in self.program.projections)

    @property
    def batch(self) -> int:
        """How many networks run side by side."""
        return self._batch

    @property
    def dt(self) -> float:
        """The time step in ms."""
        return self.program.dt

    @property
    def t(self) -> float:
        """The simulated time in ms."""
        return self.executable.step * self.program.dt

    @property
    def seed(self) -> int:
        return self._header.seed

    @property
    def recordings(self) -> Recordings:
        """What was recorded, by name: `model.recordings["tectum.spikes"].times`. They stay when the model is closed."""
        return self._recordings

    def is_live(self, owner: str, variable: Variable) -> bool:
        """Whether reading a variable gives the memory of the model itself, so that writing to it is seen."""
        if variable.site != Site.NEURON:
            return False
        key = (owner, variable.name)
        if key not in self._live:
            get = self.executable.get
            self._live[key] = bool(np.shares_memory(get(*key), get(*key)))
        return self._live[key]

    # ------------------------------------------------------------ moving on

    def run(self, duration: object, progress: ProgressOption = False) -> None:
        """Run for a duration such as `"10 s"` or 10_000 (ms).

        Args:
            duration: rounded to a multiple of dt, with a warning where it is none.
            progress: True shows a bar (a line at the end where there is no terminal); a function is called about 20
                times a second with a `Progress`.

        Raises:
            KeyboardInterrupt: after Ctrl-C. The run then ended at the end of a step with everything recorded until
                there; the model is whole and can be looked at, saved and run on.
            PlastError: a wrong duration, or the run cannot go on (the message names population, port and step).
        """
        executable = self.executable
        with interruptible() as stop, self._guarded.alone():
            steps = duration_steps(duration, self.dt)
            with reporter(progress, steps * self.dt) as report:
                if not self._advance(executable, steps, report, stop):
                    raise KeyboardInterrupt
        if stop.requested:  # when everything was done: the caller has to learn of it
            raise KeyboardInterrupt

    def step(self, n: int = 1) -> None:
        """Do `n` steps."""
        executable = self.executable
        with interruptible() as stop, self._guarded.alone():
            if not self._advance(executable, whole(n, "the number of steps"), None, stop):
                raise KeyboardInterrupt
        if stop.requested:
            raise KeyboardInterrupt

    def _advance(
        self, executable: Executable, steps: int, report: Callable[[Progress], None] | None, stop: Stop
    ) -> bool:
        def between(ended: bool) -> None:
            self._taker.take(executable)
            self._watch.look(executable, ended)

        stop.busy = True
        self._watch.begin(executable, steps)
        stop.busy = False
        try:
            return advance(executable, steps, self._taker.next_stop, between, report, stop, self._guarded.lock)
        except RuntimeFault as fault:
            raise faulty(self.program, fault) from None

    def signal(self, name: str, *values: object, **named: object) -> None:
        """Run the `on NAME(...)` blocks of everyone who has some, between two steps.

        Args:
            name: of the signal.
            values: its arguments, as numbers or text with a unit, in the order of the text or by name.
        """
        executable = self.executable
        found = self._listeners()
        if name not in found:
            raise unknown("the signal", name, found)
        calls: list[tuple[str, tuple[float, ...]]] = []
        for owner, arguments in found[name].items():
            if len(values) > len(arguments):
                form = f"{name}({', '.join(arguments)})"
                raise bad_call(f"{form} takes {len(arguments)} values, not {len(values)}", code="R108")
            given: dict[str, object] = dict(zip(arguments, values, strict=False))
            for key, value in named.items():
                if key not in arguments:
                    raise unknown(f"the argument of {name}", key, arguments)
                if key in given:
                    raise bad_call(f"{key} of {name} is given twice", code="R108")
                given[key] = value
            if missing := [key for key in arguments if key not in given]:
                raise bad_call(f"{name} needs a value for {missing[0]}", code="R108")
            calls.append((owner, tuple(_finite(f"{key} of {name}", given[key]) for key in arguments)))
        with self._guarded.lock:
            executable.begin_signal()
            for owner, numbers in calls:
                try:
                    executable.signal(owner, name, numbers)
                except RuntimeFault as fault:
                    raise faulty(self.program, fault) from None

    def _listeners(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Signal -> owner -> names of its arguments."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        owners: tuple[Population | Projection, ...] = (*self.program.populations, *self.program.projections)
        for owner in owners:
            for block in owner.blocks:
                if isinstance(block.trigger, Signal):
                    found.setdefault(block.trigger.name, {})[owner.name] = block.trigger.arguments
        return found

    def set_parameter(self, owner: str | Named, name: str, value: object) -> None:
        """Change a parameter: a number in coherent units, text with a unit, or one value per neuron."""
        view = self[owner]
        if name in view.variables:
            raise bad_call(f"{name} of {view.name} is a variable", f"write model[{view.name!r}].{name} = ...", "R108")
        view.set(name, value)

    def set_threads(self, threads: int) -> None:
        """Change the number of threads; results do not depend on it."""
        self.executable.set_threads(whole(threads, "the number of threads", 1, 1024))

    def reset(self, seed: int | None = None) -> None:
        """Back to step 0 with the start values of `seed` (that of the model without one); recordings are emptied."""
        executable = self.executable
        if seed is not None:
            self._header = replace(self._header, seed=check_seed(seed))
        with self._guarded.alone(), self._guarded.lock:
            self._begin(executable, self.seed)
            self._watch.forget()
            self._taker.take(executable)
            self._recordings.clear()
            self._taker.start(executable)

    # ------------------------------------------------------------ keeping

    def save(self, path: str | Path) -> Path:
        """Write a checkpoint, so that a run loaded from it goes on to the last bit as this one would.

        It holds all state but not what was recorded. A file that was there stays whole until the new one is complete.
        """
        target = Path(path)
        write_checkpoint(target, self._header, self.executable.save())
        return target

    def load(self, path: str | Path) -> None:
        """Take the state of a checkpoint of the same program, whatever backend and number of threads wrote it.

        Raises:
            PlastError: no such file, damaged, or of another program. The model is as it was before.
        """
        self.executable  # noqa: B018  # a closed model says so before anything else is looked at
        self.take(Path(path), *read_checkpoint(Path(path)))

    @property
    def header(self) -> Header:
        """What a checkpoint of this model says about itself."""
        return self._header

    def take(self, path: Path, header: Header, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Take what was read from the checkpoint at `path`. See `load`."""
        executable = self.executable
        with self._guarded.alone(), self._guarded.lock:
            before = executable.save()
            check_state(path, header, state, self._header, before)
            try:
                executable.restore(state)
            except Exception as error:
                executable.restore(before)
                raise bad_call(f"{path} is damaged: {error}", code="R105") from error
            self._header = header
            self._watch.forget()

    def close(self) -> None:
        """Give the memory back. Recordings stay; everything else then says that the model is closed."""
        self._guarded.close()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """What copies, pickles and sends to other processes asks for."""
        remedy = "save it, compile another one, and load the file there"
        raise bad_call("a model cannot be copied or sent", remedy, "R111")

    def __enter__(self) -> Model:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._guarded.closed else f"at {self.t:g} ms"
        return f"<model {self.program.name} on {self.backend}, {state}: {', '.join(self._views)}>"


def check_seed(seed: object) -> int:
    """A seed as an int of 64 bits, or an error."""
    return whole(seed, "a seed", 0, 2**64 - 1)


def _finite(what: str, value: object) -> float:
    number = quantity(value, Dimension("", "any"), what)
    if not isinstance(number, float) or not np.isfinite(number):
        raise bad_call(f"{what} must be one finite number, not {value!r}")
    return number
