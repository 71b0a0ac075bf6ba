"""What the networks of a batch share, and which statements happen once for all of them.

Structure, parameters and shared variables exist once; every other variable is a network's own. A statement that needs
nothing of a network's own and writes only what is shared happens once; every other one happens in each network, one
network after the other (docs/numerics.md, "Batches").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from plastlang.ir.nodes import (
    Assign,
    Binary,
    Deliver,
    Draw,
    Expr,
    If,
    InputSum,
    Let,
    Local,
    Population,
    Program,
    Projection,
    Read,
    Reduce,
    Stmt,
)
from plastlang.ir.types import Site
from plastlang.ir.walk import all_expressions, statements, walk

#: Statements that are not about the structure.
_PLAIN = (Let, Assign, If, Deliver, Reduce)
_BINDS = (Let, Reduce)


@dataclass(frozen=True, slots=True)
class Sharing:
    """`own`: the owner's variables that each network has for itself; `ends`: those of the neurons at pre and post."""

    shared: frozenset[str]
    own: frozenset[str]
    ends: Mapping[str, frozenset[str]]

    def own_reads(self, expression: Expr, lets: Iterable[str] = ()) -> list[str]:
        """Names of what an expression reads that is a network's own; `lets`: names bound to such values."""
        found: list[str] = []
        for node in walk(expression):
            match node:
                case Read(of="", name=name) if name in self.own:
                    found.append(name)
                case Read(of=of, name=name) if of and name in self.ends[of]:
                    found.append(f"{of}.{name}")
                case InputSum(port=port):
                    found.append(port)
                case Local(name=name) if name in lets:
                    found.append(name)
                case _:
                    pass
        return found

    def own_lets(self, body: tuple[Stmt, ...], outer: Iterable[str] = ()) -> frozenset[str]:
        """Names of a block that are bound to a value of each network's own.

        One that is drawn and needs nothing of a network is drawn in each network where a statement of each uses it.
        `outer`: such names from outside the body.
        """
        lets = set(outer)
        drawn: set[str] = set()
        for statement in body:
            if isinstance(statement, _BINDS):
                if self.own_reads(statement.value, lets):
                    lets.add(statement.name)
                elif any(isinstance(n, (Draw, Local)) for n in walk(statement.value)):
                    drawn.add(statement.name)
        while True:
            own = [s for s in body if self.is_own(s, lets)]
            used = {n.name for x in all_expressions(own) for n in walk(x) if isinstance(n, Local)}
            new = (used & drawn) - lets
            if not new:
                return frozenset(lets)
            lets |= new

    def is_own(self, statement: Stmt, lets: Iterable[str]) -> bool:
        """Whether a statement happens in each network."""
        if not isinstance(statement, _PLAIN):
            return False
        inner = tuple(statements((statement,)))
        if isinstance(statement, _BINDS):
            return statement.name in lets
        if any(not isinstance(s, _PLAIN) for s in inner):
            return False
        if any(isinstance(s, Deliver) or (isinstance(s, Assign) and s.name in self.own) for s in inner):
            return True
        return any(self.own_reads(x, lets) for x in all_expressions((statement,)))

    @staticmethod
    def is_structural(statement: Stmt) -> bool:
        """Whether a statement itself is about the structure."""
        return not isinstance(statement, _PLAIN)

    def writes_shared(self, body: Iterable[Stmt]) -> frozenset[str]:
        """Shared variables that statements assign."""
        return frozenset(s.name for s in statements(body) if isinstance(s, Assign) and s.name in self.shared)


def sharing_of(program: Program) -> dict[str, Sharing]:
    """By the name of the owner."""
    populations = {p.name: p for p in program.populations}
    owners: tuple[Population | Projection, ...] = (*program.populations, *program.projections)
    return {owner.name: _sharing(owner, populations) for owner in owners}


def _sharing(owner: Population | Projection, populations: Mapping[str, Population]) -> Sharing:
    ends: dict[str, frozenset[str]] = {"pre": frozenset(), "post": frozenset()}
    if isinstance(owner, Projection):
        ends["pre"] = frozenset(v.name for s in owner.sources for v in populations[s].variables if not v.shared)
        ends["post"] = frozenset(v.name for v in populations[owner.target].variables if not v.shared)
    shared = frozenset(v.name for v in owner.variables if v.shared or v.site is Site.PAIR)
    return Sharing(shared, frozenset(v.name for v in owner.variables) - shared, ends)


def addend(assign: Assign) -> Expr | None:
    """What an assignment adds to its variable (`x + a`, `x - a`, inside bounds or not), or None where it does not."""
    value = assign.value
    while isinstance(value, Binary) and value.op in ("min", "max"):
        value = value.left
    if not isinstance(value, Binary) or value.op not in ("+", "-"):
        return None
    if not (isinstance(value.left, Read) and _is(value.left, assign.name) and not value.left.before):
        return None
    return None if any(_is(node, assign.name) for node in walk(value.right)) else value.right


def _is(node: Expr, name: str) -> bool:
    return isinstance(node, Read) and not node.of and node.name == name
