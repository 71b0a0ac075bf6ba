"""When the work of post spikes on synapses is done: at the spike, or at the next look at the synapse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from plastlang.ir.delays import is_late
from plastlang.ir.nodes import (
    Assign,
    Block,
    Builtin,
    Draw,
    EachStep,
    Expr,
    If,
    Let,
    Local,
    PostSpike,
    PreSpike,
    Program,
    Projection,
    PruneRanked,
    PruneThis,
    PruneWhere,
    Read,
    Reduce,
    Sample,
    Stmt,
)
from plastlang.ir.schedule import Schedule
from plastlang.ir.types import Site
from plastlang.ir.walk import all_expressions, map_statement, rewrite, statements, walk

KEY = "schedule"
_EDGE_SITES = frozenset({Site.SYNAPSE, Site.PAIR})
#: Values of the network that change while a post spike waits.
_CHANGING = {
    "pre.out_degree": "the out-degree of its pre neuron",
    "post.in_degree": "the in-degree of its post neuron",
    "synapses": "the number of synapses",
}


class _Hindrance(Exception):
    """Why the work cannot wait; the text completes "at once, because ..."."""


def schedule(program: Program) -> Program:
    """Put a `Schedule` for every projection in the notes.

    Before: a verified program. After: the same blocks, but in deferred post blocks the synapse statements hold no
    names bound at other sites (their expressions stand in their place), so that they read the synapse, its pair,
    its pre neuron's traces, parameters, literals, draws, the step, and the payload. No bit of any result changes.
    """
    planned = [_plan(projection) for projection in program.projections]
    notes = tuple(note for note in program.notes if note[1] != KEY)
    return replace(
        program,
        projections=tuple(projection for projection, _ in planned),
        notes=notes + tuple((projection.name, KEY, plan) for projection, plan in planned),
    )


def schedule_of(program: Program, projection: str) -> Schedule:
    """The schedule in the notes."""
    for owner, key, value in program.notes:
        if owner == projection and key == KEY and isinstance(value, Schedule):
            return value
    raise AssertionError(f"projection {projection} has no schedule")


def _plan(projection: Projection) -> tuple[Projection, Schedule]:
    slots = any(isinstance(s, Sample) and s.slots is not None for b in projection.blocks for s in statements(b.body))
    post = tuple(b for b in projection.blocks if isinstance(b.trigger, PostSpike))
    if not any(isinstance(s, Assign) and s.site is Site.SYNAPSE for b in post for s in statements(b.body)):
        return projection, Schedule("none", "no synapse changes when its post neuron spikes", (), slots)
    if is_late(projection):
        reason = "each is applied at once, through the index of incoming synapses, because some spikes act later"
        return projection, Schedule("eager", reason, (), True)
    try:
        blocks, payload = _deferred(projection, post)
    except _Hindrance as hindrance:
        reason = f"each is applied at once, through the index of incoming synapses, because {hindrance}"
        return projection, Schedule("eager", reason, (), True)
    kept = ", ".join(f"{'post.' if r.of else ''}{r.name}{'@before' if r.before else ''}" for r in payload)
    reason = (
        "each is kept in the history of its neuron and applied to a synapse when that is next looked at, because it "
        "needs only the synapse, what its pre neuron left at its last spike, "
        f"and {kept or 'the time'} at the post spike"
    )
    waiting = iter(blocks)
    new = tuple(next(waiting) if isinstance(b.trigger, PostSpike) else b for b in projection.blocks)
    return replace(projection, blocks=new), Schedule("deferred", reason, payload, slots)


# ---------------------------------------------------------------- legality


def _deferred(projection: Projection, post: tuple[Block, ...]) -> tuple[tuple[Block, ...], tuple[Read, ...]]:
    """The rewritten post blocks and their payload. Raises `_Hindrance`."""
    blocks = tuple(replace(b, body=_inline(b.body)) for b in post)
    edge = [s for b in blocks for s in b.body if s.site in _EDGE_SITES]
    touched = _variables(edge, Site.SYNAPSE)
    for group in projection.lazy:
        if touched.intersection(group.names):
            touched.update(group.names)
    for statement in _every_step(projection):
        common = touched & _variables((statement,), Site.SYNAPSE)
        if common:
            raise _Hindrance(f"{_list(common)} of every synapse is looked at or changed in every step")
    _together(projection, edge)
    writers = _Writers(projection)
    for expression in all_expressions(edge):
        _allowed(expression, projection, writers)
        if _prunes(projection) and any(isinstance(node, Draw) for node in walk(expression)):
            # what is drawn depends on the place of the synapse among those of its pair
            raise _Hindrance("it draws random numbers, which change where an older synapse of the pair is pruned")
    return blocks, _payload(blocks)


def _every_step(projection: Projection) -> Iterator[Stmt]:
    """The statements that go through all synapses in every step."""
    each = [s for b in projection.blocks if isinstance(b.trigger, EachStep) for s in b.body]
    for statement in (*projection.step, *each):
        over = statement.over if isinstance(statement, Reduce) else statement.site
        if over is Site.SYNAPSE or isinstance(statement, PruneWhere | PruneRanked):
            yield statement


def _prunes(projection: Projection) -> bool:
    every = (s for b in projection.blocks for s in statements(b.body))
    return any(isinstance(s, PruneWhere | PruneRanked | PruneThis) for s in every)


def _together(projection: Projection, edge: list[Stmt]) -> None:
    """What the networks of a batch add to at spikes is summed in their order, and read as it is in that order."""
    shared = {v.name for v in projection.variables if v.shared}
    if sums := shared & _written(edge):
        raise _Hindrance(f"the networks of a batch share {_list(sums)}, which takes what is added in their order")
    pre = (s for b in projection.blocks if isinstance(b.trigger, PreSpike) for s in b.body)
    added = shared & _written(pre)
    reads = {n.name for x in all_expressions(edge) for n in walk(x) if isinstance(n, Read) and not n.of}
    if moving := added & reads:
        raise _Hindrance(f"it reads {_list(moving)}, which the spikes of all networks of a batch add to")


class _Writers:
    """Which variables are written, by pre spikes only or otherwise too."""

    def __init__(self, projection: Projection):
        self.all: set[str] = set()
        self.not_pre: set[str] = set(_written(projection.step))
        for block in projection.blocks:
            (self.all if isinstance(block.trigger, PreSpike) else self.not_pre).update(_written(block.body))
        self.all |= self.not_pre
        # a write to one member of a lazy group stores all of them anew
        for group in projection.lazy:
            if self.not_pre.intersection(group.names):
                self.not_pre.update(group.names)


def _allowed(expression: Expr, projection: Projection, writers: _Writers) -> None:
    pairs = {v.name: v.init for v in projection.variables if v.site is Site.PAIR}
    for node in walk(expression):
        match node:
            case Read(site=Site.SYNAPSE, before=True, name=name):
                raise _Hindrance(f"it reads {name}@before, which the synapse does not keep")
            case Read(of="pre", name=name):
                raise _Hindrance(f"it reads pre.{name}, which may change in every step")
            case Read(of="", site=Site.PRE, name=name) if name in writers.not_pre:
                raise _Hindrance(f"it reads {name}, which is written elsewhere than in `on pre spike`")
            case Read(site=Site.GLOBAL, name=name) if name in writers.all:
                raise _Hindrance(f"it reads {name}, which may change before the next look at the synapse")
            case Read(site=Site.PAIR, name=name):
                _allowed(pairs[name], projection, writers)
            case Builtin(name=name) if name in _CHANGING:
                raise _Hindrance(f"it reads {_CHANGING[name]}, which changes with the structure")
            case _:
                pass


def _payload(blocks: tuple[Block, ...]) -> tuple[Read, ...]:
    """POST values that synapse statements read. Each must be one value at all places where it is read."""
    payload: list[Read] = []
    stale: set[str] = set()
    for statement in (s for b in blocks for s in b.body):
        if statement.site is Site.POST:
            stale.update(_written((statement,)) & {r.name for r in payload if not r.of and not r.before})
        elif statement.site in _EDGE_SITES:
            for node in (n for e in all_expressions((statement,)) for n in walk(e)):
                if not isinstance(node, Read) or node.site is not Site.POST:
                    continue
                if not node.of and not node.before and node.name in stale:
                    raise _Hindrance(f"it reads {node.name} both before and after writing it")
                if node not in payload:
                    payload.append(node)
    return tuple(payload)


# ---------------------------------------------------------------- names bound at other sites


@dataclass(frozen=True, slots=True)
class _Bound:
    value: Expr
    hindrance: str = ""  # why the value cannot be computed again later, or ""


def _inline(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Put the values of names bound at POST, PRE or GLOBAL into the synapse statements that use them."""
    bound: dict[str, _Bound] = {}

    def substitute(node: Expr) -> Expr:
        if not isinstance(node, Local) or node.name not in bound:
            return node
        if bound[node.name].hindrance:
            raise _Hindrance(bound[node.name].hindrance)
        return bound[node.name].value

    new: list[Stmt] = []
    for statement in body:
        if statement.site in _EDGE_SITES:
            new.append(map_statement(statement, lambda e: rewrite(e, substitute)))
            continue
        new.append(statement)
        if isinstance(statement, Let):
            bound[statement.name] = _bind(statement, substitute)
        for name in _written((statement,)):
            for let, known in bound.items():
                if not known.hindrance and _reads_now(known.value, name):
                    why = f"it uses {let}, which holds {name} as it was before it was written"
                    bound[let] = replace(known, hindrance=why)
    return _without_unused(tuple(new), set(bound))


def _bind(let: Let, substitute: Callable[[Expr], Expr]) -> _Bound:
    try:
        value = rewrite(let.value, substitute)
    except _Hindrance as hindrance:
        return _Bound(let.value, str(hindrance))
    if any(isinstance(node, Draw) for node in walk(value)):
        return _Bound(value, f"it uses {let.name}, which is drawn once for all its synapses")
    return _Bound(value)


def _reads_now(expression: Expr, name: str) -> bool:
    reads = (node for node in walk(expression) if isinstance(node, Read))
    return any(read.name == name and not read.of and not read.before for read in reads)


def _without_unused(body: tuple[Stmt, ...], candidates: set[str]) -> tuple[Stmt, ...]:
    kept: list[Stmt] = []
    used: set[str] = set()
    for statement in reversed(body):
        if isinstance(statement, Let) and statement.name in candidates and statement.name not in used:
            continue
        used.update(n.name for e in all_expressions((statement,)) for n in walk(e) if isinstance(n, Local))
        kept.append(statement)
    return tuple(reversed(kept))


# ---------------------------------------------------------------- reads and writes


def _written(body: Iterable[Stmt]) -> set[str]:
    """Variables of the projection that the statements assign (new synapses' start values are no writes)."""
    names: set[str] = set()
    for statement in body:
        match statement:
            case Assign(name=name):
                names.add(name)
            case If(then=then, otherwise=otherwise):
                names |= _written(then) | _written(otherwise)
            case _:
                pass
    return names


def _variables(body: Iterable[Stmt], site: Site) -> set[str]:
    """Variables at `site` that the statements read or write."""
    body = tuple(body)
    names = {s.name for s in statements(body) if isinstance(s, Assign) and s.site is site}
    for expression in all_expressions(body):
        names |= {n.name for n in walk(expression) if isinstance(n, Read) and n.site is site and not n.of}
    return names


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
