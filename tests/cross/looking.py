"""All that can be seen of a network at one moment, and where two views of it differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.interface import Executable
from plastlang.ir.nodes import SpikeRecord
from tests.cross.script import owners

#: (owner, what) -> values.
View: TypeAlias = Mapping[tuple[str, str], NDArray[Any]]


def look(executable: Executable) -> View:
    """Every variable, the synapses, degrees and counts."""
    program = executable.program
    seen: dict[tuple[str, str], NDArray[Any]] = {("", "step"): np.array(executable.step)}
    for owner in owners(program):
        for variable in owner.variables:
            seen[owner.name, variable.name] = np.array(executable.get(owner.name, variable.name))
    for projection in program.projections:
        pairs, degrees = executable.synapses(projection.name), executable.degrees(projection.name)
        seen[projection.name, "(pre)"], seen[projection.name, "(post)"] = map(np.array, pairs)
        seen[projection.name, "(out-degree)"], seen[projection.name, "(in-degree)"] = map(np.array, degrees)
        seen[projection.name, "(formations, eliminations)"] = np.array(executable.counts(projection.name))
    return seen


def recorded(executable: Executable) -> View:
    """What was recorded since the last time; empties the records."""
    seen: dict[tuple[str, str], NDArray[Any]] = {}
    for record in executable.program.records:
        if isinstance(record, SpikeRecord):
            steps, values = executable.take_spikes(record.population)
            what = "spikes"
        else:
            steps, values = executable.take_states(record.population, record.variable)
            what = f"record of {record.variable}"
        seen[record.population, f"({what}: steps)"], seen[record.population, f"({what})"] = steps, values
    return seen


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where two views differ."""

    owner: str
    what: str
    index: str
    expected: object
    found: object

    def __str__(self) -> str:
        where = f"{self.owner}.{self.what}" if self.owner else self.what
        return f"{where}{self.index}: the reference has {self.expected!r}, the other {self.found!r}"


def difference(expected: View, found: View) -> Difference | None:
    """The first difference of two views in any bit; one NaN is as good as another."""
    for key in dict.fromkeys([*expected, *found]):
        if key not in expected or key not in found:
            return Difference(*key, "", key in expected, key in found)
        a, b = np.asarray(expected[key]), np.asarray(found[key])
        if a.dtype != b.dtype or a.shape != b.shape:
            return Difference(*key, "", f"{a.dtype} {a.shape}", f"{b.dtype} {b.shape}")
        unequal = _bits(a) != _bits(b)
        if a.dtype.kind == "f":
            unequal &= ~(np.isnan(a) & np.isnan(b)).ravel()
        if unequal.any():
            flat = int(np.flatnonzero(unequal)[0])
            index = f"[{', '.join(map(str, np.unravel_index(flat, a.shape)))}]" if a.shape else ""
            more = f" ({int(unequal.sum())} of {a.size} differ)" if a.size > 1 else ""
            return Difference(*key, index + more, a.ravel()[flat], b.ravel()[flat])
    return None


def _bits(values: NDArray[Any]) -> NDArray[Any]:
    flat = np.ascontiguousarray(values).ravel()
    return flat.view(f"u{flat.dtype.itemsize}") if flat.dtype.kind == "f" else flat
