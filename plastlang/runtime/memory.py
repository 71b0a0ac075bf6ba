"""Whether a network can fit into this machine at all, asked before the system has to kill the process."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from plastlang.diagnostics import MachineError
from plastlang.ir.delays import kept_steps, waiting_steps
from plastlang.ir.nodes import ConnectAll, ConnectProbability, Const, Population, Program, Projection
from plastlang.ir.types import Site

_WORD = 4
#: Bytes of a sum of deliveries, and of the list of the spikes of one step, without the spikes.
_SUM, _LIST = 8, 24


def check_memory(program: Program, real: int = _WORD, batch: int = 1, available: int | None = None) -> None:
    """Raise MachineError where even the least that the network needs is more than there is.

    Args:
        program: of the network.
        real: bytes of a real number.
        batch: how many networks.
        available: bytes there are; those of this machine without it.
    """
    sizes = {population.name: population.size for population in program.populations}
    needed = {f"population {p.name}": _of_population(p, real, batch) for p in program.populations}
    needed |= {f"what waits for population {p.name}": _of_waiting(program, p, batch) for p in program.populations}
    needed |= {f"projection {p.name}": _of_projection(p, sizes, real, batch) for p in program.projections}
    total = sum(needed.values())
    most = memory_of_machine() if available is None else available
    if most is not None and total > most:
        largest = max(needed, key=needed.__getitem__)
        raise MachineError(
            f"the network needs at least {_spoken(total)} of memory, of which {_spoken(needed[largest])} are for "
            f"{largest}; this machine has {_spoken(most)}"
        )


def _of_population(population: Population, real: int, batch: int) -> int:
    """The state of all neurons."""
    states = sum(variable.site is Site.NEURON for variable in population.variables)
    return population.size * (_WORD + states * real * batch)


def _of_waiting(program: Program, population: Population, batch: int) -> int:
    """Deliveries and spikes for as long as the longest delays say."""
    ahead = sum(waiting_steps(program, population.name, item.port) for item in population.inputs)
    return batch * (ahead * population.size * _SUM + kept_steps(program, population.name) * _LIST)


def _of_projection(projection: Projection, sizes: dict[str, int], real: int, batch: int) -> int:
    """The target and the variables of the synapses that there are to be expected at the start."""
    n_pre, n_post = sum(sizes[source] for source in projection.sources), sizes[projection.target]
    match projection.connect:
        case ConnectAll():
            synapses = n_pre * n_post
        case ConnectProbability(probability=Const(value=p)):
            synapses = int(n_pre * n_post * min(max(p, 0.0), 1.0) / 2)  # half of it there is all but certainly
        case _:
            synapses = 0
    columns = [1 if v.shared else batch for v in projection.variables if v.site is Site.SYNAPSE]
    return _WORD * n_pre + synapses * (_WORD + real * sum(columns))


def memory_of_machine() -> int | None:
    """Bytes of memory that a process may have, or None where the system does not say."""
    found = []
    with suppress(ValueError, OSError, AttributeError):  # not on every system
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with suppress(ValueError, OSError):  # the limit of a container; "max" where there is none
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return min(found, default=None)


def _spoken(size: int) -> str:
    return f"{size / 2**30:,.3g} GiB" if size >= 1 << 28 else f"{size / 2**20:.3g} MiB"
