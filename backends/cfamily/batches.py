"""The saved states of the networks of a batch as one, and back (keys: `backends.interface`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.ir.nodes import Program
from plastlang.ir.sharing import Sharing

Array = NDArray[Any]
State = Mapping[str, Array]


def merge(states: Sequence[State], program: Program, sharing: Mapping[str, Sharing]) -> dict[str, Array]:
    """One state of the states of all networks."""
    result = dict(states[0])
    result["batch"] = np.array(len(states), np.int64)
    for key in _stacked(states[0], sharing):
        result[key] = np.stack([state[key] for state in states])
    for key in _ragged(states[0], program):
        for number, state in enumerate(states[1:], 1):
            result[f"{key}@{number}"] = state[key]
    return result


def split(state: State, batch: int, program: Program, sharing: Mapping[str, Sharing]) -> list[dict[str, Array]]:
    """The states of all networks."""
    common = {key: values for key, values in state.items() if "@" not in key and key != "batch"}
    parts = [dict(common) for _ in range(batch)]
    for key in _stacked(common, sharing):
        for number, part in enumerate(parts):
            part[key] = np.asarray(state[key][number])
    for key in _ragged(common, program):
        for number, part in enumerate(parts):
            part[key] = state[f"{key}@{number}" if number else key]
    return parts


def _stacked(state: State, sharing: Mapping[str, Sharing]) -> list[str]:
    """Keys of what each network has for itself, with a value for each of its instances."""
    keys = []
    for key in state:
        owner, _, rest = key.partition("/")
        kind, _, name = rest.partition("/")
        if (kind in ("state", "last") and name in sharing[owner].own) or kind in ("next", "redraw", "late"):
            keys.append(key)
    return keys


def _ragged(state: State, program: Program) -> list[str]:
    """Keys of lists of spikes."""
    populations = {p.name for p in program.populations}
    keys = []
    for key in state:
        owner, _, rest = key.partition("/")
        if owner in populations and (rest == "schedule" or rest.startswith("spikes/")):
            keys.append(key)
    return keys
