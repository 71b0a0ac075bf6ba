"""The pipeline: source -> tree -> checked module -> checked network -> program -> scheduled program -> executable."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from plastlang import kept
from plastlang.backends.cfamily.cache import cache_directory
from plastlang.backends.interface import Backend, Compiling, Executable, Options, Preparing
from plastlang.diagnostics import Diagnostic, PlastError, Source
from plastlang.frontend.checked import CheckedModule, CheckedNetwork
from plastlang.frontend.limits import limits_text
from plastlang.frontend.sources import load_import, read_source
from plastlang.frontend.units import format_value, unit_dimension
from plastlang.ir.lowered import Lowered
from plastlang.ir.nodes import Program, Variable
from plastlang.ir.text import to_text
from plastlang.ir.types import Site
from plastlang.runtime.calls import bad_call, unknown
from plastlang.runtime.files import writing
from plastlang.runtime.memory import check_memory

#: Stages that `plastc emit` shows, in order.
STAGES = ("ast", "checked", "equations", "ir", "schedule", "code")
BACKENDS = ("c", "reference", "cuda")
#: How a backend may compute: the same bits everywhere, or faster.
MODES = ("deterministic", "fast")
#: Where the rules are that come with plastlang.
LIBRARY = Path(str(resources.files("plastlang.rules")))


@dataclass(slots=True)
class Clock:
    """Seconds that each stage took, in order."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun


@dataclass(frozen=True, slots=True)
class Built:
    """A network on its way to a backend: what each stage gave."""

    checked: CheckedNetwork
    lowered: Lowered
    program: Program  # the meaning: what the reference runs, and what a checkpoint belongs to
    scheduled: Program  # the same with the notes that the emitters follow

    @property
    def identity(self) -> str:
        """Hash of the program's text."""
        return hashlib.sha256(to_text(self.program).encode()).hexdigest()


def check(source: Source, clock: Clock | None = None) -> CheckedModule:
    """Read and check a file with everything that it imports.

    What has been checked on this machine before is read back instead.

    Raises:
        PlastError: with every fault found.
    """
    clock = clock or Clock()

    def fresh(load: kept.Load) -> CheckedModule:
        from plastlang.frontend.check import check_recovered  # bring the grammar and the checker, which a warm
        from plastlang.frontend.parse import parse_with_errors  # start does without

        with clock.stage("parse"):
            recovered = parse_with_errors(source)
        with clock.stage("check"):
            return check_recovered(recovered, source, load)

    return kept.module(source, load_import, fresh)


def source_of(path: str | Path) -> Source:
    """The text of a file; `rules:NAME.plast` is one of the library."""
    if not str(path).startswith("rules:"):
        name = Path(path).name
        if name in _library_files() and not Path(path).exists():
            hint = f"the library has one: write `rules:{name}`"
            raise PlastError((Diagnostic("P100", f"There is no file `{path}`.", hint=hint),))
        return read_source(path)
    try:
        return load_import(str(path), None)
    except OSError:
        known = [f"rules:{name}" for name in _library_files()]
        raise unknown("the file of the library", str(path), known) from None


def _library_files() -> frozenset[str]:
    return frozenset(entry.name for entry in LIBRARY.glob("*.plast"))


def diagnose(path: str | Path) -> tuple[Diagnostic, ...]:
    """Everything there is to say about a file: errors, or else warnings."""
    try:
        return check(source_of(path)).warnings
    except PlastError as error:
        return error.diagnostics


def network_name(module: CheckedModule, wanted: str = "") -> str:
    """The network of a module: the one of that name, or the only one."""
    own = [name for name in module.networks if name in module.defined] or list(module.networks)
    if wanted:
        if wanted not in module.networks:
            raise unknown("the network", wanted, module.networks)
        return wanted
    if len(own) == 1:
        return own[0]
    what = f"{len(own)} networks: {', '.join(own)}" if own else "no network, so there is nothing to run"
    hint = "choose one with --network NAME" if own else "write a `network` that uses its neurons and rules"
    raise PlastError((Diagnostic("R110", f"{module.source.path} has {what}", hint=hint),))


def build(checked: CheckedNetwork, clock: Clock | None = None, backend_name: str = "") -> Built:
    """Lower a network and run the passes over it; the verifier looks at every step.

    What has been built on this machine before is read back instead. Otherwise the backend that is going to load the
    network, where it is given, prepares meanwhile what does not depend on the program.
    """
    clock = clock or Clock()
    with clock.stage("look up"):
        key = kept.key(checked)
        found = kept.find(key)
    if found is not None:
        lowered, program, scheduled = found
        return Built(checked, lowered, program, scheduled)
    if backend_name and hasattr(backend(backend_name), "prepare"):
        cast(Preparing, backend(backend_name)).prepare()
    with clock.stage("lower"):
        from plastlang.ir.verify import verify
        from plastlang.symbolic import lower  # brings sympy, which takes longer than all the rest

        lowered = lower(checked)
        verify(lowered.program)
    with clock.stage("passes"):
        from plastlang.passes import CANONICAL, SCHEDULING

        program = _passes(lowered.program, CANONICAL)
        scheduled = _passes(program, SCHEDULING)
    kept.keep(key, (lowered, program, scheduled))
    return Built(checked, lowered, program, scheduled)


def _passes(program: Program, passes: tuple[Callable[[Program], Program], ...]) -> Program:
    from plastlang.ir.verify import verify

    for step in passes:
        program = step(program)
        verify(program)
    return program


def elaborate(
    module: CheckedModule, network: str = "", parameters: Mapping[str, object] | None = None, clock: Clock | None = None
) -> CheckedNetwork:
    """The network of a module with values for its parameters."""
    with (clock or Clock()).stage("check"):
        name, values = network_name(module, network), dict(parameters or {})
        return kept.network(module.made_from, name, values, lambda: _check_network(module, name, values))


def _check_network(module: CheckedModule, name: str, values: Mapping[str, object]) -> CheckedNetwork:
    from plastlang.frontend.networks import check_network  # brings the checker

    return check_network(module, name, values)


def backend(name: str) -> Backend:
    """A backend by name; each is imported when it is asked for.

    Raises:
        PlastError: there is no such backend.
    """
    match name:
        case "c":
            from plastlang.backends import c  # finding a compiler is not for who does not need it

            return c.backend
        case "reference":
            from plastlang.backends import reference

            return reference.backend
        case "cuda":
            from plastlang.backends import cuda  # whether there is a GPU is found out when one is needed

            return cuda.backend
        case _:
            raise unknown("the backend", name, BACKENDS)


def check_mode(mode: str, backend_name: str) -> str:
    """How a backend is to compute: `mode`, if it can.

    Raises:
        PlastError: there is no such mode, or not there.
    """
    if mode not in MODES:
        raise unknown("the mode", str(mode), MODES)
    if mode == "fast" and backend_name in ("c", "reference"):
        raise bad_call(f"the mode 'fast' is for the backend 'cuda'; {backend_name!r} always gives the same bits")
    return mode


def compiling_backend(name: str) -> Compiling:
    """The backend whose code can be kept. Raises as `backend` does."""
    found = backend(name)
    assert hasattr(found, "write"), name
    return cast(Compiling, found)


def load(built: Built, backend_name: str, options: Options, clock: Clock | None = None) -> Executable:
    """Make code of a network and load it.

    Raises:
        MachineError: the machine lacks what is needed.
        PlastError: the networks of a batch cannot share what they have to.
    """
    if options.batch > 1:
        check_batch(built)
    if backend_name != "cuda":
        check_memory(built.program, 4 if options.precision == "single" else 8, options.batch)
    with (clock or Clock()).stage("load"):
        program = built.program if backend_name == "reference" else built.scheduled
        with writing(f"the code of the network to the cache, {cache_directory()}"):
            executable = backend(backend_name).load(program, options)
        for (owner, name), values in neuron_parameters(built.lowered).items():
            executable.set_parameter(owner, name, values)
        return executable


def check_batch(built: Built) -> None:
    """Raise PlastError where a network cannot be one of a batch."""
    from plastlang.ir.sharing_faults import structure_faults

    if structure_faults(built.program):
        from plastlang.symbolic import lower  # what was kept of an earlier lowering does not know its places

        raise PlastError(structure_faults(lower(built.checked).program))


def neuron_parameters(lowered: Lowered) -> dict[tuple[str, str], NDArray[np.float64]]:
    """The values per neuron of the parameters that are given as expressions: (owner, name) -> shape (size,).

    Evaluated in double by the reference backend, as start values of a population that has nothing else.
    """
    found: dict[tuple[str, str], NDArray[np.float64]] = {}
    populations = {population.name: population for population in lowered.program.populations}
    for owner, name, value in lowered.parameter_values:
        place = populations[owner]
        variable = Variable(name, Site.NEURON, value, value.type)
        alone = replace(
            place, parameters=(), derived=(), variables=(variable,), inputs=(), step=(), spiking=None, blocks=()
        )
        program = Program("parameters", lowered.program.dt, (alone,), ())
        values = backend("reference").load(program, Options("double")).get(owner, name)
        item = next(p for p in place.parameters if p.name == name)
        if item.nonzero and not values.all():
            raise bad_call(f"{name}[{int(np.argmin(values != 0))}] of {owner} is 0, and an equation divides by it")
        low, high = (-np.inf if item.low is None else item.low), (np.inf if item.high is None else item.high)
        outside = np.less(values, low) | np.greater(values, high)
        if outside.any():
            at, unit = int(np.argmax(outside)), unit_dimension(item.unit)
            limits = limits_text(item.low, item.high, unit, zero=not item.nonzero)
            raise bad_call(f"{name}[{at}] of {owner} must be {limits}, not {format_value(float(values[at]), unit)}")
        found[owner, name] = values.astype(np.float64)
    return found
