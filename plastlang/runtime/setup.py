"""What a network holds beside its program: arrays and pairs that the host gives when a run begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.interface import Executable
from plastlang.ir.nodes import ConnectGiven
from plastlang.runtime.connectivity import FixedInDegree, Pairs

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Setup:
    """Applied after the backend has drawn its own start values.

    `parameters`, `initial`: (owner, name) -> values in coherent units; synapse values in the order in which the pairs
    were given. `pairs`: projection -> its synapses.
    """

    parameters: Mapping[tuple[str, str], Array] = field(default_factory=dict)
    initial: Mapping[tuple[str, str], Array] = field(default_factory=dict)
    pairs: Mapping[str, Pairs | FixedInDegree] = field(default_factory=dict)


def begin(executable: Executable, setup: Setup, seed: int) -> None:
    """Bring an executable to step 0: parameters, start values, initial connectivity."""
    for (owner, name), values in setup.parameters.items():
        executable.set_parameter(owner, name, values)
    executable.reset(seed)
    orders: dict[str, Array] = {}
    for number, projection in enumerate(executable.program.projections):
        if not isinstance(projection.connect, ConnectGiven):
            executable.connect(projection.name)
        elif given := setup.pairs.get(projection.name):
            sizes = {population.name: population.size for population in executable.program.populations}
            n_pre = sum(sizes[source] for source in projection.sources)
            pre, post = given.draw(n_pre, sizes[projection.target], seed, number)
            executable.set_synapses(projection.name, pre, post)
            orders[projection.name] = np.lexsort((np.arange(len(pre)), post, pre))
    for (owner, name), values in setup.initial.items():
        by_synapse = owner in orders and len(values) == len(orders[owner]) and _is_synaptic(executable, owner, name)
        executable.set(owner, name, values[orders[owner]] if by_synapse else values)


def _is_synaptic(executable: Executable, owner: str, name: str) -> bool:
    projection = next(p for p in executable.program.projections if p.name == owner)
    return any(v.name == name and v.site == "synapse" for v in projection.variables)
