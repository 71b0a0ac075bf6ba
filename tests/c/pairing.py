"""The same program on the reference and on the C backend, driven alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.c import backend as compiled
from plastlang.backends.interface import Executable, Options
from plastlang.backends.reference import backend as reference
from plastlang.ir.nodes import ConnectGiven, Program, Scheduled, SpikeRecord, StateRecord
from plastlang.ir.verify import verify


def load_both(program: Program, precision: str, seed: int = 1, threads: int = 1) -> tuple[Executable, Executable]:
    """(reference, C) at step 0 with the same synapses and scheduled spikes."""
    verify(program)
    options = Options(precision, threads)
    both = (reference.load(program, options), compiled.load(program, options))
    for executable in both:
        begin(executable, seed)
    return both


def begin(executable: Executable, seed: int) -> None:
    """Start values, synapses, scheduled spikes, all from the seed."""
    program = executable.program
    executable.reset(seed)
    rng = np.random.default_rng(seed)
    sizes = {p.name: p.size for p in program.populations}
    for projection in program.projections:
        if isinstance(projection.connect, ConnectGiven):
            n_pre, n_post = sum(sizes[s] for s in projection.sources), sizes[projection.target]
            count = n_pre * n_post // 2
            pre, post = rng.integers(0, n_pre, count), rng.integers(0, n_post, count)
            executable.set_synapses(projection.name, pre.astype(np.int32), post.astype(np.int32))
        else:
            executable.connect(projection.name)
    for population in program.populations:
        if isinstance(population.spiking, Scheduled):
            steps, neurons = np.nonzero(rng.random((1000, population.size)) < 0.1)
            executable.set_schedule(population.name, neurons.astype(np.int32), steps.astype(np.int64))


def same_state(a: Mapping[str, NDArray[Any]], b: Mapping[str, NDArray[Any]]) -> None:
    """Assert that two saved states are the same to the last bit."""
    assert sorted(a) == sorted(b)
    for key in a:
        assert a[key].dtype == b[key].dtype and a[key].shape == b[key].shape, key
        assert a[key].tobytes() == b[key].tobytes(), (key, a[key], b[key])


def same_records(a: Executable, b: Executable) -> None:
    """Assert that the same was recorded."""
    for record in a.program.records:
        match record:
            case SpikeRecord(population=population):
                pairs = zip(a.take_spikes(population), b.take_spikes(population), strict=True)
            case StateRecord(population=population, variable=variable):
                pairs = zip(a.take_states(population, variable), b.take_states(population, variable), strict=True)
        for x, y in pairs:
            assert np.array_equal(x, y), record
