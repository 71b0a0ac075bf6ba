"""Random programs in which some variables are shared, as many as the rules of sharing let pass."""

from __future__ import annotations

import random
from dataclasses import replace

from plastlang.driver import Built
from plastlang.ir.nodes import Population, Program, Projection
from plastlang.ir.sharing_faults import faults, structure_faults
from plastlang.ir.types import Site
from plastlang.passes import SCHEDULING


def with_shared(network: Built, seed: int, chance: float) -> Built:
    """The network with variables marked at random, and without blocks whose structure a batch cannot share."""
    source = random.Random(seed)
    program = network.program
    for owner in (*program.populations, *program.projections):
        groups = [set(g.names) for g in owner.lazy] if isinstance(owner, Projection) else []
        for variable in owner.variables:
            names = next((g for g in groups if variable.name in g), {variable.name})
            if variable.hidden or variable.site is Site.PAIR or source.random() > chance:
                continue
            marked = _marked(program, owner.name, names)
            if not faults(marked):
                program = marked
    program = _without_foreign_structure(program)
    scheduled = program
    for scheduling in SCHEDULING:
        scheduled = scheduling(scheduled)
    return replace(network, program=program, scheduled=scheduled)


def _marked(program: Program, owner: str, names: set[str]) -> Program:
    def mark(found: Population | Projection) -> Population | Projection:
        if found.name != owner:
            return found
        return replace(found, variables=tuple(replace(v, shared=v.shared or v.name in names) for v in found.variables))

    populations = tuple(p for p in map(mark, program.populations) if isinstance(p, Population))
    projections = tuple(p for p in map(mark, program.projections) if isinstance(p, Projection))
    return replace(program, populations=populations, projections=projections)


def _without_foreign_structure(program: Program) -> Program:
    """Leave out the blocks that `structure_faults` finds something in."""
    kept = []
    for projection in program.projections:
        alone = [replace(program, projections=(replace(projection, blocks=(b,), step=()),)) for b in projection.blocks]
        blocks = tuple(b for b, p in zip(projection.blocks, alone, strict=True) if not structure_faults(p))
        kept.append(replace(projection, blocks=blocks))
    return replace(program, projections=tuple(kept))
