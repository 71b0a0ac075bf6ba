"""Each value is computed once: common subexpressions, and what does not change along a row of synapses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from plastlang.ir.delays import is_per_synapse
from plastlang.ir.nodes import (
    Assign,
    Binary,
    Block,
    Call,
    Deliver,
    Draw,
    Expr,
    If,
    InputSum,
    Let,
    Local,
    Population,
    PostSpike,
    PreSpike,
    Program,
    Projection,
    Read,
    Stmt,
)
from plastlang.ir.types import VISIBLE, Site, Type
from plastlang.ir.walk import children, map_children, statements, walk
from plastlang.passes.schedule import schedule_of

_HEAVY = frozenset({"/", "%", "**"})
#: A subexpression is worth a name from this number of operations on; a heavy operation counts as many.
_WORTH = 2


def share(program: Program) -> Program:
    """Name what is computed more than once.

    Before: a verified program with schedules. After: in a list of statements no costly expression (a function, a
    division, a lazy variable, two operations) of a site is written twice while what it reads is the same; in
    `on pre spike`, and in `on post spike` that is applied at once, the synapse statements hold no operation on values
    of the spiking neuron alone: that stands before them, at the site of the neuron. Draws stay where they are. The
    same operations are done on the same values, so no bit of any result changes. Blocks that add to what the
    networks of a batch share stay as they are.
    """
    return replace(
        program,
        populations=tuple(_population(p) for p in program.populations),
        projections=tuple(_projection(p, schedule_of(program, p.name).post) for p in program.projections),
    )


def _adds_up(body: tuple[Stmt, ...], owner: Population | Projection) -> bool:
    """Whether statements write what the networks of a batch share: what they add must be seen to be a sum."""
    shared = {v.name for v in owner.variables if v.shared}
    return any(isinstance(s, Assign) and s.name in shared for s in statements(body))


def _population(population: Population) -> Population:
    population = replace(
        population,
        step=_Sharing(population.step).body(population.step),
        blocks=tuple(
            b if _adds_up(b.body, population) else replace(b, body=_Sharing(b.body).body(b.body))
            for b in population.blocks
        ),
    )
    spiking = population.spiking
    if spiking is None or _adds_up(spiking.body, population):
        return population
    return replace(population, spiking=replace(spiking, body=_Sharing(spiking.body).body(spiking.body)))


def _projection(projection: Projection, post: str) -> Projection:
    lazy = frozenset(name for group in projection.lazy for name in group.names)
    return replace(
        projection,
        step=_Sharing(projection.step, lazy).body(projection.step),
        blocks=tuple(b if _adds_up(b.body, projection) else _block(b, lazy, post) for b in projection.blocks),
    )


def _block(block: Block, lazy: frozenset[str], post: str) -> Block:
    sharing = _Sharing(block.body, lazy)
    body = block.body
    match block.trigger:
        case PreSpike() | PostSpike() if is_per_synapse(block.trigger):
            pass  # the statements run for synapses only
        case PreSpike():
            body = sharing.lift(body, Site.PRE)
        case PostSpike() if post != "deferred":
            body = sharing.lift(body, Site.POST)
        case _:
            pass
    return replace(block, body=sharing.body(body))


# ---------------------------------------------------------------- going through statements with versions


@dataclass(frozen=True, slots=True)
class _Where:
    """Where an expression stands in a list: under which statement of it, and which values variables have there."""

    top: int
    direct: bool  # not inside a branch
    site: Site
    versions: Mapping[str, int]
    inner: frozenset[str]  # names bound inside the branch


_Visit = Callable[[Expr, _Where], Expr]


@dataclass(slots=True)
class _Versions:
    """The number of the last write of each variable; every write has a number of its own."""

    now: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def write(self, names: Iterator[str]) -> None:
        for name in names:
            self.count += 1
            self.now[name] = self.count

    def barrier(self) -> None:
        """A change of structure: nothing is known to be the same after it."""
        self.count += 1
        self.now = {"": self.count}

    def value(self, name: str) -> int:
        return self.now.get(name, self.now.get("", 0))


def _written(body: tuple[Stmt, ...]) -> Iterator[str]:
    return (s.name for s in statements(body) if isinstance(s, Assign))


def _bound(body: tuple[Stmt, ...]) -> frozenset[str]:
    return frozenset(s.name for s in statements(body) if isinstance(s, Let))


def _visit(
    body: tuple[Stmt, ...],
    visit: _Visit,
    versions: _Versions,
    top: int | None = None,
    inner: frozenset[str] = frozenset(),
) -> tuple[Stmt, ...]:
    """The list with `visit` applied to the expressions of it and of its branches; structural statements stay."""
    new: list[Stmt] = []
    for index, statement in enumerate(body):
        here = index if top is None else top
        where = _Where(here, top is None, statement.site, dict(versions.now), inner)
        match statement:
            case Let() | Deliver():
                new.append(replace(statement, value=visit(statement.value, where)))
            case Assign():
                new.append(replace(statement, value=visit(statement.value, where)))
                versions.write(iter((statement.name,)))
            case If():
                condition = visit(statement.condition, where)
                names = inner | _bound((statement,))
                branches = []
                for branch in (statement.then, statement.otherwise):
                    versions.now = dict(where.versions)
                    branches.append(_visit(branch, visit, versions, here, names))
                versions.now = dict(where.versions)
                versions.write(_written((statement,)))
                if any(not isinstance(s, (Let, Assign, Deliver, If)) for s in statements((statement,))):
                    versions.barrier()
                new.append(replace(statement, condition=condition, then=branches[0], otherwise=branches[1]))
            case _:
                new.append(statement)
                versions.barrier()
    return tuple(new)


_Key = tuple[str, tuple[int, ...]]


def _key(expression: Expr, where: _Where) -> _Key:
    """Equal keys are equal values. (The text, since 0.0 and -0.0 compare equal.)"""
    versions = _Versions(dict(where.versions))
    reads = (node for node in walk(expression) if isinstance(node, Read) and not node.of and not node.before)
    return repr(expression), (versions.value(""), *(versions.value(read.name) for read in reads))


# ---------------------------------------------------------------- one list of statements


class _Sharing:
    """Makes names that are new in a whole block."""

    def __init__(self, body: tuple[Stmt, ...], lazy: frozenset[str] = frozenset()):
        self._taken = {s.name for s in statements(body) if isinstance(s, Let)}
        self._lazy = lazy
        self._number = 0

    def _name(self) -> str:
        while True:
            self._number += 1
            name = f"_s{self._number}"
            if name not in self._taken:
                return name

    # ------------------------------------------------------------ common subexpressions

    def body(self, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        """The list with every costly common subexpression named, then its branches."""
        while True:
            found = self._most_worth(body)
            if found is None:
                break
            body = self._named(body, *found)
        return tuple(
            replace(s, then=self.body(s.then), otherwise=self.body(s.otherwise)) if isinstance(s, If) else s
            for s in body
        )

    def _most_worth(self, body: tuple[Stmt, ...]) -> tuple[_Key, Site] | None:
        """The largest expression that occurs twice with one value, at least once outside of branches."""
        seen: dict[tuple[_Key, Site], list[tuple[int, bool]]] = {}

        def note(expression: Expr, where: _Where) -> Expr:
            for node in walk(expression):
                if self._shareable(node, where) and self._cost(node) >= _WORTH:
                    size = sum(1 for _ in walk(node))
                    seen.setdefault((_key(node, where), where.site), []).append((size, where.direct))
            return expression

        _visit(body, note, _Versions())
        best: tuple[_Key, Site] | None = None
        largest = 0
        for key, occurrences in seen.items():
            size = occurrences[0][0]
            if len(occurrences) > 1 and any(direct for _, direct in occurrences) and size > largest:
                best, largest = key, size
        return best

    def _named(self, body: tuple[Stmt, ...], key: _Key, site: Site) -> tuple[Stmt, ...]:
        name = self._name()
        first: list[tuple[int, Expr]] = []

        def substitute(expression: Expr, where: _Where) -> Expr:
            if where.site is site and self._shareable(expression, where) and _key(expression, where) == key:
                first.append((where.top, expression))
                return Local(name, expression.type)
            return map_children(expression, lambda child: substitute(child, where))

        new = list(_visit(body, substitute, _Versions()))
        index, value = first[0]
        new.insert(index, Let(name, value, site))
        return tuple(new)

    def _shareable(self, expression: Expr, where: _Where) -> bool:
        if expression.type is Type.BOOL:
            return False
        for node in walk(expression):
            if isinstance(node, (Draw, InputSum)) or (isinstance(node, Local) and node.name in where.inner):
                return False
        return True

    def _cost(self, expression: Expr) -> int:
        own = 1 if children(expression) else 0
        match expression:
            case Call():
                own = _WORTH
            case Binary(op=op) if op in _HEAVY:
                own = _WORTH
            case Read(name=name, of="") if name in self._lazy:
                own = _WORTH
            case _:
                pass
        return own + sum(self._cost(child) for child in children(expression))

    # ------------------------------------------------------------ values of the spiking neuron

    def lift(self, body: tuple[Stmt, ...], end: Site) -> tuple[Stmt, ...]:
        """Compute what synapse statements make of values of the neuron at `end` once, before them."""
        sites = {s.name: s.site for s in statements(body) if isinstance(s, Let)}
        lifted: dict[_Key, tuple[str, Expr]] = {}
        places: dict[_Key, _Where] = {}

        def visit(expression: Expr, where: _Where) -> Expr:
            if where.site is not Site.SYNAPSE:
                return expression
            if self._of_end(expression, end, sites) and self._shareable(expression, where) and self._cost(expression):
                key = _key(expression, where)
                if key not in lifted:
                    lifted[key] = (self._name(), expression)
                    places[key] = where
                return Local(lifted[key][0], expression.type)
            return map_children(expression, lambda child: visit(child, where))

        new = list(_visit(body, visit, _Versions()))
        starts = [self._earliest(body, key, value, places[key].top) for key, (_, value) in lifted.items()]
        lets = [Let(name, value, end) for name, value in lifted.values()]
        for start, let in sorted(zip(starts, lets, strict=True), key=lambda item: item[0])[::-1]:
            new.insert(start, let)
        return tuple(new)

    def _of_end(self, expression: Expr, end: Site, sites: Mapping[str, Site]) -> bool:
        """Whether everything in the expression can be seen at `end`, and something of it is no constant."""
        varies = False
        for node in walk(expression):
            match node:
                case Read(site=site):
                    varies = True
                case Local(name=name):
                    varies, site = True, sites.get(name, Site.GLOBAL)
                case _:
                    site = getattr(node, "site", Site.GLOBAL)
                    varies = varies or hasattr(node, "site")
            if site not in VISIBLE[end]:
                return False
        return varies

    def _earliest(self, body: tuple[Stmt, ...], key: _Key, value: Expr, last: int) -> int:
        """The first place in the list from which on the value is the one with this key."""
        names = {node.name for node in walk(value) if isinstance(node, Local)}
        snapshots: list[_Where] = []

        def note(expression: Expr, where: _Where) -> Expr:
            if len(snapshots) <= where.top:
                snapshots.extend([where] * (where.top + 1 - len(snapshots)))
            return expression

        _visit(body, note, _Versions())
        place = last
        while place > 0:
            before = body[place - 1]
            if isinstance(before, Let) and before.name in names:
                break
            if _key(value, snapshots[place - 1]) != key:
                break
            place -= 1
        return place
