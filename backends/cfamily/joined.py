"""Several blocks on one trigger as one list of statements, and blocks on spikes by their delays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from plastlang.ir.delays import Spike, is_per_synapse, late_steps
from plastlang.ir.nodes import Binary, Block, Expr, If, Let, Local, PostSpike, PreSpike, Stmt
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import map_statement, rewrite, statements

#: The local that holds how many steps ago the spike was; a name that no source can give to a variable.
LATE = "steps.late"


@dataclass(frozen=True, slots=True)
class Spikes:
    """Blocks that follow one another and act equally late.

    Attributes:
        body: their statements; where each synapse has a delay, in an `if` that reads `LATE`.
        fixed: how late they act, if all do equally.
        last: how late they act at most, in steps.
        chosen: whether they act for a neuron at `LATE`; None: they do.
        per_synapse: the body reads `LATE`.
    """

    body: tuple[Stmt, ...]
    fixed: bool
    last: int
    chosen: Expr | None
    per_synapse: bool


def spikes_on(blocks: Sequence[Block], kind: type[Spike], dt: float) -> tuple[Spikes, ...]:
    """The blocks on spikes at one end in order."""
    found = [b for b in blocks if isinstance(b.trigger, kind)]
    return tuple(_spikes(tuple(same), kind, dt) for _, same in groupby(found, lambda b: b.trigger))


def _spikes(blocks: tuple[Block, ...], kind: type[Spike], dt: float) -> Spikes:
    trigger, body = blocks[0].trigger, statements_on(blocks, kind)
    assert isinstance(trigger, (PreSpike, PostSpike))
    last = late_steps(trigger, dt)[-1]
    if trigger.after is None:
        return Spikes(body, True, last, None, False)
    chosen = Binary("==", trigger.after, Local(LATE, Type.INT))
    if not is_per_synapse(trigger):
        return Spikes(body, False, last, chosen, False)
    return Spikes((If(chosen, body, (), Site.SYNAPSE),) if body else (), False, last, None, True)


def statements_on(blocks: Sequence[Block], kind: type) -> tuple[Stmt, ...]:
    """The statements of all blocks on that trigger, one after the other; each block keeps its names for itself."""
    chosen = [b.body for b in blocks if isinstance(b.trigger, kind)]
    names = [{s.name for s in statements(body) if isinstance(s, Let)} for body in chosen]
    result: list[Stmt] = []
    for k, body in enumerate(chosen):
        taken = names[k].intersection(*[set().union(*names[:k])]) if k else set()
        result += _renamed(body, {name: f"{name} {k}" for name in taken}) if taken else body
    return tuple(result)


def _renamed(body: Sequence[Stmt], names: dict[str, str]) -> list[Stmt]:
    def local(expression: Expr) -> Expr:
        if isinstance(expression, Local) and expression.name in names:
            return replace(expression, name=names[expression.name])
        return expression

    def named(statement: Stmt) -> Stmt:
        match statement:
            case Let(name=name) if name in names:
                return replace(statement, name=names[name])
            case If():
                return replace(
                    statement, then=tuple(map(named, statement.then)), otherwise=tuple(map(named, statement.otherwise))
                )  # fmt: skip
            case _:
                return statement

    return [named(map_statement(s, lambda x: rewrite(x, local))) for s in body]
