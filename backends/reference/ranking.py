"""Synapses with the smallest or largest values go, absent pairs come; vacant elements are matched at random."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.reference import random
from plastlang.backends.reference.evaluate import Values
from plastlang.backends.reference.frames import Frame, Index
from plastlang.backends.reference.state import ProjectionState
from plastlang.backends.reference.structure import Make, codes, note_nans
from plastlang.ir.decisions import rank_number
from plastlang.ir.nodes import GrowMatched, GrowRanked, PruneRanked
from plastlang.ir.types import Site

#: Ordinals of the draws that order the vacant elements.
AXONAL, DENDRITIC = 1, 2


def chosen(keys: Values, largest: bool, group: Index, wanted: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which of the instances are among the `wanted[g]` first of their group g; NaN comes last, ties by position."""
    order = np.lexsort((np.arange(keys.size), -keys if largest else keys, group))
    numbers = np.bincount(group, minlength=wanted.size)
    starts = np.cumsum(numbers) - numbers
    result = np.zeros(keys.size, np.bool_)
    result[order] = np.arange(keys.size) - starts[group[order]] < wanted[group[order]]
    return result


def doomed(statement: PruneRanked, synapses: Frame, counting: Frame) -> NDArray[np.bool_]:
    """The synapses that go; `counting` is the frame of the statement's `per`."""
    keys, group = synapses.value(statement.key), _group(synapses, statement.per)
    _note_nans(synapses, statement, keys)
    return chosen(keys, statement.largest, group, counting.value(statement.count))


def grow_ranked(statement: GrowRanked, frame: Frame, counting: Frame, make: Make) -> None:
    """Choose among the absent pairs, then make the synapses in the order (pre, post)."""
    owner = frame.owner
    assert isinstance(owner, ProjectionState)
    width = owner.target.node.size
    absent = np.setdiff1d(np.arange(owner.pre_size * width), codes(owner))
    pairs = replace(frame, site=Site.PAIR, pre=absent // width, post=absent % width)
    keys, group = pairs.value(statement.key), _group(pairs, statement.per)
    _note_nans(pairs, statement, keys)
    for code in absent[chosen(keys, statement.largest, group, counting.value(statement.count))].tolist():
        make(frame, code // width, code % width, statement.init, None)


def _note_nans(frame: Frame, statement: PruneRanked | GrowRanked, keys: Values) -> None:
    assert isinstance(frame.owner, ProjectionState)
    if np.isnan(keys).any():
        number = rank_number(frame.network.program.projections, frame.owner.node, statement)
        note_nans(frame, number, keys, np.ones(keys.size, np.bool_))


def _group(frame: Frame, per: Site) -> Index:
    return np.zeros(frame.count, np.int64) if per is Site.GLOBAL else frame.select(per)


def grow_matched(statement: GrowMatched, frame: Frame, pre: Frame, post: Frame, make: Make) -> None:
    """Match vacant elements; `pre` and `post` are the frames of all neurons at the ends."""
    axons = _shuffled(pre.value(statement.axonal), frame, statement.purpose, AXONAL)
    dendrites = _shuffled(post.value(statement.dendritic), frame, statement.purpose, DENDRITIC)
    count = min(axons.size, dendrites.size)
    axons, dendrites = axons[:count], dendrites[:count]
    made = np.ones(count, np.bool_)
    if statement.probability is not None and count:
        matches: dict[str, Any] = {"sample": np.arange(count), "by_sample": True, "site": Site.PAIR}
        pairs = replace(frame, pre=axons, post=dendrites, **matches)
        u = random.unit(pairs.words(statement.purpose), frame.network.real)
        chance = pairs.value(statement.probability)
        note_nans(pairs, statement.purpose, chance, made)
        made = u < chance
    for i, j in zip(axons[made].tolist(), dendrites[made].tolist(), strict=True):
        make(frame, i, j, statement.init, None)


def _shuffled(vacant: Values, frame: Frame, purpose: int, ordinal: int) -> Index:
    """The neurons of all vacant elements, in the order of their random keys."""
    vacant = np.maximum(vacant, 0)
    neurons = np.repeat(np.arange(vacant.size), vacant)
    numbers = np.arange(neurons.size) - np.repeat(np.cumsum(vacant) - vacant, vacant)
    last = random.counter(purpose, ordinal, frame.repeat)
    words = random.philox(neurons, numbers, frame.step, last, frame.network.seed)
    keys = words[0].astype(np.uint64) << np.uint64(32) | words[1].astype(np.uint64)
    return neurons[np.lexsort((np.arange(neurons.size), keys))]
