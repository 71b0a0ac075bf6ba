"""The probabilities of a program, by the purposes of their draws."""

from __future__ import annotations

from typing import TypeAlias

from plastlang.ir.nodes import ConnectProbability, GrowMatched, GrowThis, Program, Projection, PruneThis
from plastlang.ir.walk import statements

Chance: TypeAlias = ConnectProbability | GrowMatched | GrowThis | PruneThis


def chances(program: Program) -> dict[int, tuple[Projection, Chance]]:
    """Purpose -> what happens with a probability, and the projection to which it does."""
    found: dict[int, tuple[Projection, Chance]] = {}
    for projection in program.projections:
        if isinstance(projection.connect, ConnectProbability):
            found[projection.connect.purpose] = projection, projection.connect
        for block in projection.blocks:
            for statement in statements(block.body):
                if isinstance(statement, GrowMatched | GrowThis | PruneThis) and statement.probability is not None:
                    found[statement.purpose] = projection, statement
    return found
