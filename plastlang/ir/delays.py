"""Deliveries that wait: how many steps ahead the inputs of a port are kept."""

from __future__ import annotations

import numpy as np

from plastlang.ir.nodes import Deliver, Program
from plastlang.ir.walk import statements


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
    return max((int(np.rint(ms / program.dt)) for ms in longest), default=0)
