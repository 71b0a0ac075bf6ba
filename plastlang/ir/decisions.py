"""What probabilities and ranks of a program decide, each with a number of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from plastlang.ir.nodes import (
    ConnectProbability,
    GrowMatched,
    GrowRanked,
    GrowThis,
    Projection,
    PruneRanked,
    PruneThis,
    Stmt,
)
from plastlang.ir.walk import statements

Ranked: TypeAlias = PruneRanked | GrowRanked
Decision: TypeAlias = ConnectProbability | GrowMatched | GrowThis | PruneThis | Ranked


def decisions(projections: Iterable[Projection]) -> dict[int, tuple[Projection, Decision]]:
    """Number -> what is decided by a probability or a rank in the projections of a program, and in which of them.

    The number of a probability is the purpose of its draw. Those of ranks, in the order of the program, end with 65534.
    """
    found: dict[int, tuple[Projection, Decision]] = {}
    ranked: list[tuple[Projection, Ranked]] = []
    for projection in projections:
        if isinstance(projection.connect, ConnectProbability):
            found[projection.connect.purpose] = projection, projection.connect
        for statement in _statements(projection):
            if isinstance(statement, GrowMatched | GrowThis | PruneThis) and statement.probability is not None:
                found[statement.purpose] = projection, statement
            elif isinstance(statement, Ranked):
                ranked.append((projection, statement))
    return found | dict(enumerate(ranked, 0xFFFF - len(ranked)))


def rank_number(projections: Iterable[Projection], projection: Projection, statement: Ranked) -> int:
    """The number of a rank: of several statements of a projection that are the same, of the first."""
    return next(
        number
        for number, (owner, decision) in decisions(projections).items()
        if owner.name == projection.name and decision == statement
    )


def _statements(projection: Projection) -> tuple[Stmt, ...]:
    return tuple(s for block in projection.blocks for s in statements(block.body))
