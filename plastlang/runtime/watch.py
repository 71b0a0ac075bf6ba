"""Values that become NaN, infinite by an equation or too large to be delivered: found in runs, traced to their step."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.interface import Executable, NanFault
from plastlang.diagnostics import Diagnostic, PlastError
from plastlang.ir.nodes import Assign, Deliver, Population, Program, Projection, Read, Variable
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import statements

State = Mapping[str, NDArray[Any]]

#: Looking takes at most this part of the time, and so does keeping the state at the beginning of runs.
_SHARE = 0.03
#: What a port takes at any precision (docs/numerics.md).
LARGEST_INPUT = 2.0**18
#: Runs of fewer steps are not traced back, nor are networks with more values of state, which would be kept twice.
_STEPS, _VALUES = 100, 1 << 20
_PLACES = {
    Site.NEURON: "neuron {}",
    Site.PRE: "pre neuron {}",
    Site.POST: "post neuron {}",
}


@dataclass(slots=True)
class Watch:
    """Looks for NaN in the state of one model, and for what lies beyond the `limits` of its variables.

    `clean`: a step at which there was none. `kept`: the state then, of this run. `told`: what has been reported.
    `cost`, `looked`: seconds that the last look took, and when; `keeping`, `begun`: likewise for the last run that was
    kept at its beginning. `traced`: whether this run is worth keeping.
    """

    clean: int = 0
    kept: State | None = None
    told: set[tuple[str, str]] = field(default_factory=set)
    cost: float = 0.0
    looked: float = 0.0
    traced: bool = False
    limits: Mapping[tuple[str, str], float] | None = None
    keeping: float = 0.0
    begun: float = 0.0

    def forget(self) -> None:
        """The state comes from elsewhere."""
        self.kept, self.told, self.looked, self.begun = None, set(), 0.0, 0.0

    def begin(self, executable: Executable, steps: int) -> None:
        """A run begins; what the host did before it is not to be run again.

        Of many short runs, as in a training, not each is traced from its beginning.
        """
        self.kept, self.traced = None, steps >= _STEPS
        begun = time.perf_counter()
        if not self.traced or (begun - self.begun) * _SHARE < self.keeping:
            return
        self._keep(executable)
        self.begun = time.perf_counter()
        self.keeping = self.begun - begun

    def look(self, executable: Executable, ended: bool = True) -> None:
        """Look, unless that was a moment ago.

        `ended`: the last step was done to its end. Otherwise what neurons hold may come from what ended it.

        Raises:
            PlastError: there is a NaN that has not been reported yet. The model is at the present step, and whole.
        """
        begun = time.perf_counter()
        if ended and (begun - self.looked) * _SHARE < self.cost:
            return
        found = next((f for f in self._found(executable) if ended or isinstance(f[0], Projection)), None)
        if found is None:
            if not ended:
                return
            self.clean = executable.step
            if self.traced:
                self._keep(executable)
            self.looked = time.perf_counter()
            self.cost = self.looked - begun
            return
        first, last = self.clean, executable.step - 1
        owner, variable, where, word = found[0], found[1], _place(executable, *found), _word(executable, *found)
        if self.kept is not None:
            traced = self._trace(executable, self.kept)
            if traced is None:
                return
            owner, variable, where, word, first = traced
            last = first
        self.kept = None
        self.told.update((o.name, v.name) for o, v, _ in list(self._found(executable)))
        raise _report(executable, owner, variable, where, word, first, last)

    def _keep(self, executable: Executable) -> None:
        self.kept = executable.save() if _values(executable) <= _VALUES else None
        self.clean = executable.step

    def _found(self, executable: Executable) -> Iterator[tuple[Population | Projection, Variable, tuple[int, ...]]]:
        """Variables with a NaN, and the first place of each."""
        owners = _owners(executable.program)
        if self.limits is None:
            self.limits = {(o.name, name): limit for o in owners for name, limit in _limits(o).items()}
        for owner in owners:
            for variable in owner.variables:
                if variable.type is not Type.REAL or variable.site is Site.PAIR or variable.hidden:
                    continue
                if (owner.name, variable.name) in self.told:
                    continue
                values = executable.get(owner.name, variable.name)
                limit = self.limits.get((owner.name, variable.name))
                bad = np.isnan(values) if limit is None else ~np.isfinite(values) | (np.abs(values) > limit)
                if bad.any():
                    yield owner, variable, tuple(int(k) for k in np.argwhere(np.atleast_1d(bad))[0])

    def _trace(
        self, executable: Executable, state: State
    ) -> tuple[Population | Projection, Variable, str, str, int] | None:
        """Run from a clean state again, in halves, up to the step that makes the NaN; then back to the present.

        None where it came in a step that did not end.
        """
        present, low, high = executable.save(), self.clean, executable.step
        try:
            while high - low > 1:
                middle = (low + high) // 2
                executable.restore(state)
                _run_to(executable, middle)
                if next(self._found(executable), None) is None:
                    low, state = middle, executable.save()
                else:
                    high = middle
            executable.restore(state)
            _run_to(executable, high)
            found = next(self._found(executable), None)
            if found is None:
                return None
            owner, variable, index = found
            where, word = _place(executable, owner, variable, index), _word(executable, owner, variable, index)
        finally:
            executable.restore(present)
        return owner, variable, where, word, low


def _owners(program: Program) -> tuple[Population | Projection, ...]:
    return (*program.populations, *program.projections)


def _limits(owner: Population | Projection) -> dict[str, float]:
    """The largest magnitudes that can be meant: finite by an equation, what a port takes for what is delivered."""
    found = {s.name: np.inf for s in owner.step if isinstance(s, Assign)}
    for block in owner.blocks if isinstance(owner, Projection) else ():
        for statement in statements(block.body):
            if isinstance(statement, Deliver) and isinstance(statement.value, Read) and not statement.value.of:
                found[statement.value.name] = LARGEST_INPUT
    return found


def _run_to(executable: Executable, step: int) -> None:
    """Run, whatever interrupts it: who has asked for a stop is heard when the state is that of the present again."""
    while executable.step < step:
        with suppress(NanFault):  # after a step, and told already
            executable.run(step - executable.step)


def _values(executable: Executable) -> int:
    """About how many numbers the state is."""
    program = executable.program
    count = sum(p.size * (1 + len(p.variables)) for p in program.populations)
    for projection in program.projections:
        columns = 2 + sum(v.site is Site.SYNAPSE for v in projection.variables)
        out_degree, in_degree = executable.degrees(projection.name)
        count += columns * int(out_degree.sum()) + (len(out_degree) + len(in_degree)) * len(projection.variables)
    return count


def _place(executable: Executable, owner: Population | Projection, variable: Variable, index: tuple[int, ...]) -> str:
    """ "neuron 3", "the synapse from neuron 3 to neuron 5", "" for what there is once."""
    batch = f" of network {index[0]}" if len(index) > 1 else ""
    if variable.site is Site.GLOBAL:
        return batch.removeprefix(" of ")
    if variable.site is Site.SYNAPSE:
        pre, post = executable.synapses(owner.name)
        return f"the synapse from neuron {pre[index[-1]]} to neuron {post[index[-1]]}{batch}"
    return _PLACES[variable.site].format(index[-1]) + batch


def _word(executable: Executable, owner: Population | Projection, variable: Variable, index: tuple[int, ...]) -> str:
    value = np.atleast_1d(executable.get(owner.name, variable.name))[index]
    if np.isnan(value):
        return "NaN"
    return "infinite" if np.isinf(value) else f"{value:g}, which is too large to be delivered,"


def _report(
    executable: Executable,
    owner: Population | Projection,
    variable: Variable,
    where: str,
    word: str,
    first: int,
    last: int,
) -> PlastError:
    kind = "population" if isinstance(owner, Population) else "projection"
    dt = executable.program.dt
    when = f"in step {first} (at {first * dt:g} ms)" if first == last else f"in one of the steps {first} to {last}"
    of = f", a variable of {variable.rule}," if variable.rule else ""
    sentence = f"{variable.name} of {kind} {owner.name}{of} became {word} {when}{f': {where}' if where else ''}"
    why = "NaN comes from 0 / 0, infinity - infinity, the logarithm or root of a negative number, or a mean of nothing"
    if word != "NaN":
        why = "infinity comes from a division by 0, an exp of a large number, or a value that grows without limit"
    if word not in ("NaN", "infinite"):
        why = f"a port takes values of magnitudes up to {LARGEST_INPUT:.0f} {variable.unit}".rstrip()
    hint = ""
    if variable.name in {s.name for s in owner.step if isinstance(s, Assign)}:
        hint = f"a step of {dt:g} ms may be too long for its equation: try a shorter dt"
    notes = (why, "the run stopped here; the state can be read, saved and run on")
    return PlastError((Diagnostic("R302", sentence, notes=notes, hint=hint),))
