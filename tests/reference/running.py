"""Loads a program into the reference backend and gives its projections their synapses."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from plastlang.backends.interface import Options
from plastlang.backends.reference import Reference, ReferenceExecutable
from plastlang.ir.nodes import ConnectGiven, Program
from plastlang.ir.verify import verify

Pairs = Iterable[tuple[int, int]]


def load(
    program: Program,
    pairs: Pairs = (),
    seed: int = 1,
    precision: str = "double",
    spikes: dict[str, Pairs] | None = None,
) -> ReferenceExecutable:
    """`pairs`: synapses of every projection that wants them given; `spikes`: (step, neuron) by population."""
    verify(program)
    executable = Reference().load(program, Options(precision))
    executable.reset(seed)
    given = np.array(list(pairs), np.int32).reshape(-1, 2)
    for projection in program.projections:
        if isinstance(projection.connect, ConnectGiven):
            executable.set_synapses(projection.name, given[:, 0], given[:, 1])
        else:
            executable.connect(projection.name)
    for name, rows in (spikes or {}).items():
        table = np.array(list(rows), np.int64).reshape(-1, 2)
        executable.set_schedule(name, table[:, 1].astype(np.int32), table[:, 0])
    return executable


def pairs_of(executable: ReferenceExecutable, projection: str) -> list[tuple[int, int]]:
    pre, post = executable.synapses(projection)
    return list(zip(pre.tolist(), post.tolist(), strict=True))
