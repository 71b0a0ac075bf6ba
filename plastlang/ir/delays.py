"""What waits: deliveries, for which inputs are kept ahead, and spikes, kept until all has been done for them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from plastlang.ir.nodes import Builtin, Deliver, PostSpike, PreSpike, Program, Projection, Read
from plastlang.ir.types import Site
from plastlang.ir.walk import statements, walk

Spike = PreSpike | PostSpike


def in_steps(time: float, dt: float) -> int:
    """A time in ms as the nearest number of steps, half to even."""
    return int(np.rint(time / dt))


def waiting_steps(program: Program, population: str, port: str) -> int:
    """The longest time, in steps, that something delivered to a port waits; 0 where nothing does."""
    longest = [
        statement.longest
        for projection in program.projections
        if (projection.target, projection.port) == (population, port)
        for block in projection.blocks
        for statement in statements(block.body)
        if isinstance(statement, Deliver)
    ]
    return max((in_steps(ms, program.dt) for ms in longest), default=0)


def late_steps(trigger: Spike, dt: float) -> range:
    """How many steps after a spike its block may run."""
    longest = in_steps(trigger.longest, dt)
    return range(longest, longest + 1) if trigger.after is None else range(longest + 1)


def is_per_synapse(trigger: Spike) -> bool:
    """Whether the synapses of a spike have delays of their own."""
    end = Site.PRE if isinstance(trigger, PreSpike) else Site.POST
    seen = (Site.GLOBAL, end)
    nodes = () if trigger.after is None else walk(trigger.after)
    return any(isinstance(n, (Read, Builtin)) and n.site not in seen for n in nodes)


def is_late(projection: Projection) -> bool:
    """Whether a block of the projection runs later than its spike."""
    triggers = (b.trigger for b in projection.blocks)
    return any(isinstance(t, (PreSpike, PostSpike)) and t != type(t)() for t in triggers)


def kept_steps(program: Program, population: str) -> int:
    """For how many steps the spikes of a population are needed after the step in which they are emitted."""
    return max(_needed(program, population), default=0)


def _needed(program: Program, population: str) -> Iterator[int]:
    for projection in program.projections:
        if population in projection.sources:
            yield projection.delay_steps
        for trigger in (b.trigger for b in projection.blocks):
            if isinstance(trigger, PreSpike) and population in projection.sources:
                yield projection.delay_steps + late_steps(trigger, program.dt)[-1]
            if isinstance(trigger, PostSpike) and population == projection.target:
                yield late_steps(trigger, program.dt)[-1]
