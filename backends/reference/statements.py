"""Runs the statements of a block, one after the other, each for all its instances."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.reference import aggregates, mathematics, ranking, structure
from plastlang.backends.reference.evaluate import Values, dtype_of
from plastlang.backends.reference.frames import Bound, Frame, Index, advanced
from plastlang.backends.reference.state import Network, Owner, PopulationState, ProjectionState, sizes
from plastlang.ir.delays import Spike, is_per_synapse
from plastlang.ir.nodes import (
    Assign,
    Deliver,
    Expr,
    GrowMatched,
    GrowRanked,
    GrowThis,
    GrowUniform,
    If,
    Let,
    PreSpike,
    PruneRanked,
    PruneThis,
    PruneWhere,
    Reduce,
    Renewal,
    Sample,
    Stmt,
)
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import statements


@dataclass(frozen=True, slots=True)
class Event:
    """What a block runs for: `pre`, `post`, `synapses` (positions) or `neurons` restrict the instances; None means all
    there are.
    """

    network: Network
    owner: Owner
    repeat: int = 0
    neurons: Index | None = None
    pre: Index | None = None
    post: Index | None = None
    synapses: Index | None = None
    locals: dict[str, Bound] = field(default_factory=dict)
    scopes: tuple[dict[str, Bound], ...] = ()

    def frame(self, site: Site) -> Frame:
        """The instances of `site` that the event concerns, as they are now."""
        network, owner = self.network, self.owner
        frame = Frame(network, owner, site, self.locals, network.step, self.repeat, scopes=self.scopes)
        if isinstance(owner, PopulationState):
            if site is Site.NEURON:
                return replace(frame, index=np.arange(owner.node.size) if self.neurons is None else self.neurons)
            return frame
        match site:
            case Site.PRE:
                return replace(frame, pre=np.arange(owner.pre_size) if self.pre is None else self.pre)
            case Site.POST:
                return replace(frame, post=np.arange(owner.target.node.size) if self.post is None else self.post)
            case Site.SYNAPSE | Site.PAIR if self.synapses is not None:
                return synapse_frame(frame, self.synapses)
            case Site.SYNAPSE | Site.PAIR:
                chosen = np.ones(owner.pre.size, np.bool_)
                if self.pre is not None:
                    chosen &= np.isin(owner.pre, self.pre)
                if self.post is not None:
                    chosen &= np.isin(owner.post, self.post)
                return synapse_frame(frame, np.flatnonzero(chosen))
            case _:
                return frame


def synapse_frame(frame: Frame, at: Index) -> Frame:
    """`frame` for the synapses at positions `at`."""
    owner = frame.owner
    assert isinstance(owner, ProjectionState)
    return replace(
        frame,
        pre=owner.pre[at].astype(np.int64),
        post=owner.post[at].astype(np.int64),
        synapse=at,
        ordinal=structure.ordinals(owner)[at],
    )


def acting(event: Event, trigger: Spike, late: int) -> Event:
    """The part of a spike that acts so many steps after it: some of its neurons, or some of their synapses."""
    if trigger.after is None:
        return event
    end = Site.PRE if isinstance(trigger, PreSpike) else Site.POST
    frame = event.frame(Site.SYNAPSE if is_per_synapse(trigger) else end)
    now = frame.subset(frame.value(trigger.after) == late)
    if is_per_synapse(trigger):
        return replace(event, synapses=now.synapse)
    return replace(event, pre=now.pre) if end is Site.PRE else replace(event, post=now.post)


def run(body: tuple[Stmt, ...], event: Event) -> None:
    """Run the statements of a block in one network."""
    for statement in body:
        _statement(statement, event, event.frame(statement.site))
    if isinstance(event.owner, PopulationState):
        _mark_rate(body, event.owner)


def run_batch(
    body: tuple[Stmt, ...], network: Network, owner: str, repeat: int = 0, names: dict[str, Bound] | None = None
) -> None:
    """Run the statements of a block in all networks of a batch: each statement in all of them, or once for all."""
    networks = network.batch
    scopes = tuple(dict(names or {}) for _ in networks)
    events = tuple(
        Event(n, n.owner(owner), repeat, locals=scope, scopes=scopes)
        for n, scope in zip(networks, scopes, strict=True)
    )  # fmt: skip
    _together(body, events, frozenset())
    for event in events:
        if isinstance(event.owner, PopulationState):
            _mark_rate(body, event.owner)


def _together(body: tuple[Stmt, ...], events: tuple[Event, ...], outer: frozenset[str]) -> None:
    first = events[0]
    sharing = first.network.sharing[first.owner.node.name]
    lets = sharing.own_lets(body, outer)
    for statement in body:
        if sharing.is_own(statement, lets):
            for event in events:
                _statement(statement, event, event.frame(statement.site))
        elif isinstance(statement, If) and statement.site is Site.GLOBAL:
            holds = first.frame(Site.GLOBAL).value(statement.condition)[0]
            _together(statement.then if holds else statement.otherwise, events, lets)
        else:
            known = set(first.locals)
            _statement(statement, first, first.frame(statement.site))
            for name in first.locals.keys() - known:
                for event in events[1:]:
                    event.locals[name] = first.locals[name]


def _mark_rate(body: tuple[Stmt, ...], owner: PopulationState) -> None:
    spiking = owner.node.spiking
    written = {s.name for s in statements(body) if isinstance(s, Assign)}
    if isinstance(spiking, Renewal) and written & set(spiking.depends):
        owner.redraw = True


def _statement(statement: Stmt, event: Event, frame: Frame) -> None:
    match statement:
        case Let(name=name, value=value, site=site):
            bind(name, value, site, frame)
        case Assign(name=name, value=value):
            store(frame, name, frame.value(value))
        case If(condition=condition, then=then, otherwise=otherwise):
            chosen = frame.value(condition)
            _branch(then, event, frame, chosen)
            _branch(otherwise, event, frame, ~chosen)
        case Deliver(value=value, after=after):
            owner = frame.owner
            assert isinstance(owner, ProjectionState) and frame.post is not None
            given, port = mathematics.fixed(frame.value(value)), owner.node.port
            if after is None:
                np.add.at(owner.target.inputs[port], frame.post, given)
            else:
                np.add.at(owner.target.late[port], (frame.value(after), frame.post), given)
        case Reduce(name=name, site=site):
            event.locals[name] = Bound(_reduce(statement, event), site)
        case PruneWhere(condition=condition, bind=name):
            doomed = event.frame(Site.SYNAPSE).value(condition)
            structure.remove(frame.owner, doomed, event.scopes)
            if name:
                event.locals[name] = Bound(np.full(1, np.count_nonzero(doomed), np.int32), Site.GLOBAL)
        case PruneRanked(per=per):
            gone = ranking.doomed(statement, event.frame(Site.SYNAPSE), event.frame(per))
            structure.remove(frame.owner, gone, event.scopes)
        case GrowUniform():
            structure.grow_uniform(statement, frame, make)
        case GrowRanked(per=per):
            ranking.grow_ranked(statement, frame, event.frame(per), make)
        case GrowMatched():
            ranking.grow_matched(statement, frame, event.frame(Site.PRE), event.frame(Site.POST), make)
        case Sample():
            structure.sample(statement, frame, make)
        case PruneThis() | GrowThis():
            raise AssertionError("outside a sample")
        case _:
            assert_never(statement)


def _reduce(statement: Reduce, event: Event) -> Values:
    """The value for each instance of the statement's site."""
    kind, type_, real = statement.kind, statement.type, event.network.real
    instances = event.frame(statement.over)
    values = instances.value(statement.value)
    part = 0.0 if statement.fraction is None else float(event.frame(Site.GLOBAL).value(statement.fraction)[0])
    everything = np.zeros(values.size, np.int64)
    if statement.site is not Site.GLOBAL:
        group = instances.select(statement.site)
        return aggregates.reduced(kind, values, type_, group, sizes(event.owner)[statement.site], real, part)
    if type_ is not Type.REAL or kind not in ("sum", "mean"):
        return aggregates.reduced(kind, values, type_, everything, 1, real, part)
    sums = values.astype(np.float64)
    if statement.over is Site.SYNAPSE:  # of each row first
        double = np.dtype(np.float64)
        sums = aggregates.reduced("sum", sums, type_, instances.select(Site.PRE), sizes(event.owner)[Site.PRE], double)
    total = aggregates.summed_in_runs(sums)
    with np.errstate(all="ignore"):
        return (total / values.size if kind == "mean" else total).astype(real)


def _branch(body: tuple[Stmt, ...], event: Event, frame: Frame, chosen: NDArray[np.bool_]) -> None:
    """Run a branch of an `if` for the chosen instances."""
    if frame.site is Site.GLOBAL:
        if chosen[0]:
            for statement in body:
                _statement(statement, event, event.frame(statement.site))
        return
    part = frame.subset(chosen)
    for statement in body:
        _statement(statement, event, part)


def bind(name: str, value: Expr, site: Site, frame: Frame) -> None:
    """Let `name` stand for `value`, kept for all instances of the site (others are 0)."""
    values = frame.value(value)
    place = Site.SYNAPSE if site is Site.PAIR else site
    full = np.zeros(sizes(frame.owner)[place], dtype_of(value.type, frame.network.real))
    full[frame.select(place)] = values
    frame.locals[name] = Bound(full, place)


def store(frame: Frame, name: str, values: Values) -> None:
    """Assign to a variable for the instances of the frame; a lazy group is brought to now first."""
    owner, network = frame.owner, frame.network
    at = frame.select(frame.site)
    group = owner.group(name) if isinstance(owner, ProjectionState) else None
    if group is not None:
        assert isinstance(owner, ProjectionState)
        current = {member: advanced(network, owner, group, member, at) for member in group.names}
        for member, value in current.items():
            owner.values[member][at] = value
        owner.last[group.names[0]][at] = network.step
    owner.values[name][at] = values


def make(frame: Frame, pre: int, post: int, body: tuple[Stmt, ...], sample: int | None) -> None:
    """Create one synapse in all networks: start values, then the statements of the grow's body."""
    owner, network = frame.owner, frame.network
    assert isinstance(owner, ProjectionState)
    at = structure.insert(owner, pre, post, (frame.locals, *frame.scopes))
    shared = network.sharing[owner.node.name].shared
    new: list[Frame] = []
    for member, sibling, scope in zip(network.batch, owner.siblings, frame.scopes, strict=True):
        names = {**frame.locals, **({} if member is network else scope)}
        base = Frame(member, sibling, Site.SYNAPSE, names, network.step, frame.repeat)
        new.append(synapse_frame(base, np.array([at])))
        if sample is not None:
            new[-1] = replace(new[-1], sample=np.array([sample]))
    for one in new:
        start(one)
    for statement in body:
        match statement:
            case Let(name=name, value=value, site=site):
                for one in new:
                    bind(name, value, site, replace(one, site=site))
            case Assign(name=name, value=value):
                for one in new[:1] if name in shared else new:
                    store(one, name, one.value(value))
            case _:
                raise AssertionError(f"{statement} in the body of a grow")
    owner.formations += 1


def start(frame: Frame) -> None:
    """Give the synapses of the frame the declared start values: of what is shared, in the first network."""
    owner = frame.owner
    assert isinstance(owner, ProjectionState) and frame.synapse is not None
    at = frame.synapse
    later = frame.network.sharing[owner.node.name].shared if frame.network.number else frozenset()
    for variable in owner.node.variables:
        if variable.site is Site.SYNAPSE and variable.name not in later:
            owner.values[variable.name][at] = replace(frame, locals={}).value(variable.init)
    for group in owner.node.lazy:
        if group.site is Site.SYNAPSE:
            owner.last[group.names[0]][at] = frame.network.step
    for name, kept in owner.before.items():
        if owner.variable(name).site is Site.SYNAPSE:
            kept.values[at] = owner.values[name][at]
            if kept.last is not None:
                kept.last[at] = frame.network.step


def initial(network: Network, owner: Owner) -> None:
    """Start values of all variables but those of synapses and pairs, in the order of declaration.

    What the networks of a batch share gets them in the first one, which comes before.
    """
    event = Event(network, owner)
    later = network.sharing[owner.node.name].shared if network.number else frozenset()
    for variable in owner.node.variables:
        if variable.site in (Site.SYNAPSE, Site.PAIR):
            continue
        if variable.name in later:
            owner.values[variable.name] = network.batch[0].owner(owner.node.name).values[variable.name]
        else:
            frame = replace(event.frame(variable.site), step=0)
            owner.values[variable.name] = frame.value(variable.init)
    if isinstance(owner, ProjectionState):
        for group in owner.node.lazy:
            if group.site is not Site.SYNAPSE:
                owner.last[group.names[0]] = np.zeros(sizes(owner)[group.site], np.int32)


def real_local(value: float, real: np.dtype[Any]) -> Bound:
    """A signal's argument."""
    return Bound(np.full(1, value, real), Site.GLOBAL)
