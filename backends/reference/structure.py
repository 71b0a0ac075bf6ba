"""Synapses come and go: the sorted arrays, uniform growth, samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.interface import LATE_NEURON
from plastlang.backends.reference import random
from plastlang.backends.reference.evaluate import Values, dtype_of
from plastlang.backends.reference.frames import Bound, Frame, Index
from plastlang.backends.reference.state import Owner, ProjectionState
from plastlang.ir.nodes import GrowThis, GrowUniform, If, Let, PruneThis, Sample, Stmt
from plastlang.ir.types import Site
from plastlang.ir.walk import statements

#: Creates one synapse (pre, post) with the body of its grow and, in a sample, the sample's number.
Make = Callable[[Frame, int, int, tuple[Stmt, ...], "int | None"], None]


def ordinals(owner: ProjectionState) -> Index:
    """For each synapse, how many older ones have the same pre and post."""
    count = owner.pre.size
    fresh = np.ones(count, np.bool_)
    fresh[1:] = (owner.pre[1:] != owner.pre[:-1]) | (owner.post[1:] != owner.post[:-1])
    positions = np.arange(count)
    return positions - np.maximum.accumulate(np.where(fresh, positions, 0))


def codes(owner: ProjectionState) -> Index:
    """pre * target size + post of each synapse, ascending."""
    return owner.pre.astype(np.int64) * owner.target.node.size + owner.post


def _columns(owner: ProjectionState) -> list[tuple[dict[str, Values], str]]:
    """Where the arrays over synapses are kept, other than pre and post, in one network."""
    places: list[tuple[dict[str, Values], str]] = []
    for variable in owner.node.variables:
        if variable.site is Site.SYNAPSE:
            places.append((owner.values, variable.name))
    for group in owner.node.lazy:
        if group.site is Site.SYNAPSE:
            places.append((owner.last, group.names[0]))
    return places


def _edit(owner: ProjectionState, change: Callable[[Values], Values], names: Iterable[dict[str, Bound]]) -> None:
    """Change the arrays of all networks of the batch; what they share stays shared."""
    changed: dict[int, Values] = {}
    kept_alive: list[Values] = []  # so that no two arrays have one identity

    def once(values: Values) -> Values:
        if id(values) not in changed:
            kept_alive.append(values)
            changed[id(values)] = change(values)
        return changed[id(values)]

    for sibling in owner.siblings:
        sibling.pre, sibling.post = once(sibling.pre), once(sibling.post)
        for place, name in _columns(sibling):
            place[name] = once(place[name])
        for name, kept in sibling.before.items():
            if sibling.variable(name).site is Site.SYNAPSE:
                kept.values = once(kept.values)
                kept.last = None if kept.last is None else once(kept.last)
    bounds = {id(bound): bound for scope in names for bound in scope.values()}
    for bound in bounds.values():
        if bound.site is Site.SYNAPSE and not bound.sampled:
            bound.values = once(bound.values)


def remove(owner: Owner, doomed: NDArray[np.bool_], names: Iterable[dict[str, Bound]]) -> None:
    """Remove synapses and count them. `names`: what is bound in each network."""
    assert isinstance(owner, ProjectionState)
    owner.eliminations += int(np.count_nonzero(doomed))
    _edit(owner, lambda column: column[~doomed], names)


def insert(owner: ProjectionState, pre: int, post: int, names: Iterable[dict[str, Bound]]) -> int:
    """Make room for one synapse, the youngest of its pair, and give its position. Its values are 0."""
    at = int(np.searchsorted(codes(owner), pre * owner.target.node.size + post, side="right"))
    _edit(owner, lambda column: np.insert(column, at, 0), names)
    owner.pre[at], owner.post[at] = pre, post  # the arrays of all networks
    return at


def replace_all(owner: ProjectionState, pre: Index, post: Index, real: np.dtype[Any]) -> None:
    """New synapses in place of the old, in all networks of the batch; their values are 0. `join_batch` follows."""
    order = np.lexsort((np.arange(pre.size), post, pre))
    for sibling in owner.siblings:
        sibling.pre, sibling.post = pre[order].astype(np.int32), post[order].astype(np.int32)
        sibling.before = {}  # of synapses that are gone; between steps nothing reads it
        for variable in owner.node.variables:
            if variable.site is Site.SYNAPSE:
                sibling.values[variable.name] = np.zeros(pre.size, dtype_of(variable.type, real))
        for group in owner.node.lazy:
            if group.site is Site.SYNAPSE:
                sibling.last[group.names[0]] = np.zeros(pre.size, np.int32)


def note_nans(frame: Frame, number: int, values: Values, judged: NDArray[np.bool_]) -> None:
    """Keep the first pair, of those that are `judged`, whose probability or rank is NaN (`ir.decisions`)."""
    assert frame.pre is not None and frame.post is not None
    bad = np.isnan(values) & judged
    pre, post = np.minimum(frame.pre[bad], LATE_NEURON), np.minimum(frame.post[bad], LATE_NEURON)
    if pre.size:
        first = np.lexsort((post, pre))[0]
        frame.network.batch[0].nans.append((number, int(pre[first]), int(post[first])))


def grow_uniform(statement: GrowUniform, frame: Frame, make: Make) -> None:
    """`grow N pairs uniformly`: draw until N absent pairs are found; all of them if there are no more."""
    owner, network = frame.owner, frame.network
    assert isinstance(owner, ProjectionState)
    wanted = int(frame.value(statement.count)[0])
    width = owner.target.node.size
    there = set(codes(owner).tolist())
    if wanted >= owner.pre_size * width - len(there):
        chosen = [code for code in range(owner.pre_size * width) if code not in there]
    else:
        last = random.counter(statement.purpose, 0, frame.repeat)
        chosen = _draw_absent(owner, wanted, there, lambda a: random.philox(a, 0, network.step, last, network.seed))
    for code in chosen:
        make(frame, code // width, code % width, statement.init, None)


def _draw_absent(
    owner: ProjectionState, wanted: int, there: set[int], words: Callable[[Index], NDArray[np.uint32]]
) -> list[int]:
    """The first `wanted` pairs that attempts 0, 1, ... draw, without those in `there` and repetitions."""
    width = owner.target.node.size
    chosen: dict[int, None] = {}
    attempt = 0
    while len(chosen) < wanted:
        w = words(np.arange(attempt, attempt + 256))
        for code in (random.below(w[0], owner.pre_size) * width + random.below(w[1], width)).tolist():
            if code not in there and len(chosen) < wanted:
                chosen[code] = None
        attempt += 256
    return list(chosen)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a sample wants: to prune its synapse (`grow` None), or to grow one."""

    names: dict[str, Bound]
    grow: GrowThis | None
    max_in: int | None = None
    max_out: int | None = None


def sample(statement: Sample, frame: Frame, make: Make) -> None:
    """Evaluate all samples on the network as it is, then grant their wishes in the order of their numbers."""
    owner = frame.owner
    assert isinstance(owner, ProjectionState)
    count = int(frame.value(statement.count)[0])
    slots = None if statement.slots is None else int(frame.value(statement.slots)[0])
    if count <= 0 or (slots is not None and slots <= 0):
        return
    numbers = np.arange(count)
    base = replace(frame, site=Site.PAIR, sample=numbers, by_sample=True, locals=dict(frame.locals))
    words = base.words(statement.purpose)
    if slots is None:
        samples, keys = _pairs(base, owner, words)
        drawn = np.ones(count, np.bool_)
    else:
        samples, keys, drawn = _slots(base, owner, words, slots, statement.body)
    wishes: list[_Wish | None] = [None] * count
    _collect(statement.body, samples, wishes)
    _grant(samples, keys, drawn, wishes, slots is None, make)


def _pairs(base: Frame, owner: ProjectionState, words: NDArray[np.uint32]) -> tuple[Frame, Index]:
    width = owner.target.node.size
    pre, post = random.below(words[0], owner.pre_size), random.below(words[1], width)
    wanted, present = pre * width + post, codes(owner)
    at = np.searchsorted(present, wanted)  # the oldest of several
    connected = np.isin(wanted, present)
    return replace(base, pre=pre, post=post, synapse=np.where(connected, at, 0), connected=connected), wanted


def _slots(
    base: Frame, owner: ProjectionState, words: NDArray[np.uint32], slots: int, body: tuple[Stmt, ...]
) -> tuple[Frame, Index, NDArray[np.bool_]]:
    """Also whether a pre could be drawn for each sample that is not connected."""
    count = words.shape[1]
    post, slot = random.below(words[0], owner.target.node.size), random.below(words[1], slots)
    connected = slot < owner.in_degree()[post]
    pre, at, drawn = np.zeros(count, np.int64), np.zeros(count, np.int64), np.ones(count, np.bool_)
    starts = np.cumsum([0, *(s.node.size for s in owner.sources)])
    spiked = np.concatenate(
        [s.spikes[0] + o for n in owner.siblings for s, o in zip(n.sources, starts, strict=False)]
    )  # network after network
    from_spiked = any(isinstance(s, GrowThis) and s.partner == "spiked" for s in statements(body))
    for a in range(count):
        if connected[a]:
            at[a] = np.flatnonzero(owner.post == post[a])[slot[a]]
            pre[a] = owner.pre[at[a]]
        elif not from_spiked:
            pre[a] = random.below(words[2, a : a + 1], owner.pre_size)[0]
        elif spiked.size:
            pre[a] = spiked[random.below(words[2, a : a + 1], spiked.size)[0]]
        else:
            drawn[a] = False
    frame = replace(base, pre=pre, post=post, synapse=at, connected=connected)
    return frame, post * slots + slot, drawn


def _collect(body: tuple[Stmt, ...], frame: Frame, wishes: list[_Wish | None]) -> None:
    """Evaluate the body for the samples of the frame and write down the first wish of each."""
    assert frame.sample is not None
    for statement in body:
        match statement:
            case Let(name=name, value=value):
                full = np.zeros(len(wishes), dtype_of(value.type, frame.network.real))
                full[frame.sample] = frame.value(value)
                frame.locals[name] = Bound(full, Site.PAIR, sampled=True)
            case If(condition=condition, then=then, otherwise=otherwise):
                chosen = frame.value(condition)
                _collect(then, replace(frame.subset(chosen), locals=dict(frame.locals)), wishes)
                _collect(otherwise, replace(frame.subset(~chosen), locals=dict(frame.locals)), wishes)
            case PruneThis() | GrowThis():
                _wish(statement, frame, wishes)
            case _:
                raise AssertionError(f"{statement} in a sample")


def _wish(statement: PruneThis | GrowThis, frame: Frame, wishes: list[_Wish | None]) -> None:
    assert frame.sample is not None
    yes = np.ones(frame.count, np.bool_)
    if statement.probability is not None:
        u = random.unit(frame.words(statement.purpose), frame.network.real)
        chance = frame.value(statement.probability)
        judged = np.array([wishes[number] is None for number in frame.sample.tolist()], np.bool_)
        note_nans(frame, statement.purpose, chance, judged)
        yes = u < chance
    caps: list[list[int] | None] = [None, None]
    if isinstance(statement, GrowThis):
        caps = [None if c is None else frame.value(c).tolist() for c in (statement.max_in, statement.max_out)]
    for k, number in enumerate(frame.sample.tolist()):
        if yes[k] and wishes[number] is None:
            limits = [None if c is None else c[k] for c in caps]
            wishes[number] = _Wish(frame.locals, statement if isinstance(statement, GrowThis) else None, *limits)


def _grant(
    samples: Frame,
    keys: Index,
    drawn: NDArray[np.bool_],
    wishes: list[_Wish | None],
    by_pair: bool,
    make: Make,
) -> None:
    owner = samples.owner
    assert isinstance(owner, ProjectionState) and samples.connected is not None
    assert samples.pre is not None and samples.post is not None and samples.synapse is not None
    taken: set[int] = set()
    where: Index = np.arange(owner.pre.size)  # positions at the start of the statement of the synapses there now, or -1
    for a, wish in enumerate(wishes):
        key, pre, post = int(keys[a]), int(samples.pre[a]), int(samples.post[a])
        if wish is None or key in taken:
            continue
        if wish.grow is None:
            assert samples.connected[a], "a prune where nothing is connected"
            doomed = where == samples.synapse[a]
            remove(owner, doomed, (samples.locals, *samples.scopes))
            where = where[~doomed]
        else:
            full = wish.max_in is not None and int(np.count_nonzero(owner.post == post)) >= wish.max_in
            full |= wish.max_out is not None and int(np.count_nonzero(owner.pre == pre)) >= wish.max_out
            if full or not drawn[a] or (by_pair and samples.connected[a]):
                continue
            at = int(np.searchsorted(codes(owner), pre * owner.target.node.size + post, side="right"))
            make(replace(samples, locals=wish.names), pre, post, wish.grow.init, a)
            where = np.insert(where, at, -1)
        taken.add(key)
