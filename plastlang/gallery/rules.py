"""Measurements of rules, chosen by what the rule has: what its spikes change, what it delivers, what it grows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plastlang.frontend.checked import CheckedComponent, CheckedVariable
from plastlang.gallery import noise, responses, updates
from plastlang.gallery.alone import compiled, one_to_one
from plastlang.gallery.curves import Curve, Panel, named
from plastlang.gallery.subject import Subject
from plastlang.gallery.times import slowest
from plastlang.ir.nodes import Assign, Block, EachStep, Every, PostSpike, PreSpike, Stmt
from plastlang.ir.types import Site
from plastlang.ir.walk import statements

#: Pairs of the frequency protocol, and their time difference (Sjoestroem, Turrigiano & Nelson, Neuron 32, 2001).
PAIRS, LAG = 20, 10.0
FREQUENCIES = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0)
#: Spikes of the train of a short-term response, their interval, and the wait before the last one (ms).
TRAIN, INTERVAL, WAIT = 10, 50.0, 500.0
#: Neurons on each side of a run of a structural rule, connection probability at the start, spikes a second, and its
#: duration in times of the slowest process of the rule.
SIDE, DENSITY, RATE, TIMES = 64, 0.3, 3.0, 5

_STRUCTURAL = frozenset({
    "Sample", "PruneWhere", "GrowUniform", "PruneRanked", "GrowRanked", "GrowMatched",
})  # fmt: skip


def panels(subject: Subject) -> tuple[Panel, ...]:
    """All that can be shown of a rule that runs alone; none where nothing of it changes by itself."""
    rule = subject.component.checked
    found: list[Panel] = []
    changed = _changed(rule)
    if changed is not None and not rule.neuron_reads and _body(rule, PostSpike):
        if changed.name not in {e.name for e in rule.equations}:
            found += [_window(subject, changed), _frequency(subject, changed)]
        elif np.abs((window := _pairing(subject, changed)).curves[0].y).max() > 1e-12:
            found.append(window)
    alone = not _body(rule, PostSpike) and not rule.neuron_reads
    if rule.deliver_dimension is not None and alone and _varies(rule):
        found.append(_response(subject))
    if _grows(rule):
        found += _structure(subject)
    return (*found, *noise.panels(subject), *updates.panels(subject), *responses.panels(subject))


def _body(rule: CheckedComponent, kind: type) -> list[Stmt]:
    return [s for b in rule.blocks if isinstance(b.trigger, kind) for s in statements(b.body)]


def _changed(rule: CheckedComponent) -> CheckedVariable | None:
    """The first synapse variable that spikes change."""
    written = {s.name for kind in (PreSpike, PostSpike) for s in _body(rule, kind) if isinstance(s, Assign)}
    return next((v for v in rule.variables if v.site is Site.SYNAPSE and v.name in written), None)


def _varies(rule: CheckedComponent) -> bool:
    return any(isinstance(s, Assign) for s in _body(rule, PreSpike))


def _grows(rule: CheckedComponent) -> bool:
    def structural(block: Block) -> bool:
        return any(type(s).__name__ in _STRUCTURAL for s in statements(block.body))

    return any(isinstance(b.trigger, (EachStep, Every)) and structural(b) for b in rule.blocks)


def _window(subject: Subject, variable: CheckedVariable) -> Panel:
    """The change by one pair of spikes, against their time difference."""
    lags = np.arange(-100.0, 101.0, 2.0)
    with one_to_one(subject, len(lags)) as rule:
        before = np.array(getattr(rule, variable.name))
        each = np.arange(len(lags))
        rule.run("500 ms", (each, np.full(len(lags), 200.0)), (each, 200.0 + lags))
        change = np.array(getattr(rule, variable.name)) - before
    y_label = named(f"change of {variable.name}", variable.dimension.symbol)
    return Panel("one pair of spikes", "post - pre (ms)", y_label, (Curve(subject.label, lags, change, "points"),))


def _pairing(subject: Subject, variable: CheckedVariable) -> Panel:
    """What a pair adds to what its two spikes do alone to a variable that decays, 300 ms after the pre spike."""
    lags = np.arange(-100.0, 101.0, 2.0)
    count = len(lags)
    each = np.arange(count)
    with one_to_one(subject, 3 * count) as rule:
        pre = (np.concatenate([each, each + count]), np.full(2 * count, 200.0))
        post = (np.concatenate([each, each + 2 * count]), np.tile(200.0 + lags, 2))
        before = np.array(getattr(rule, variable.name))
        rule.run("500 ms", pre, post)
        both, first, second = np.split(np.array(getattr(rule, variable.name)) - before, 3)
    y_label = named(f"change of {variable.name}", variable.dimension.symbol)
    curve = Curve(subject.label, lags, both - first - second, "points")
    return Panel("one pair of spikes, 300 ms later", "post - pre (ms)", y_label, (curve,))


def _frequency(subject: Subject, variable: CheckedVariable) -> Panel:
    """The change by a train of pairs, against the rate at which they come."""
    count = len(FREQUENCIES)
    start = 100.0 + np.outer(1000.0 / np.array(FREQUENCIES), np.arange(PAIRS))
    neurons = np.repeat(np.arange(2 * count), PAIRS)
    first = np.concatenate([start.ravel(), start.ravel()])
    second = first + LAG
    order = neurons < count  # the first half: pre before post
    with one_to_one(subject, 2 * count) as rule:
        before = np.array(getattr(rule, variable.name))
        pre, post = np.where(order, first, second), np.where(order, second, first)
        rule.run(float(second.max()) + 200.0, (neurons, pre), (neurons, post))
        change = np.array(getattr(rule, variable.name)) - before
    curves = tuple(
        Curve(f"{subject.label}, {sign}{LAG:g} ms", np.array(FREQUENCIES), part, "line")
        for sign, part in (("+", change[:count]), ("-", change[count:]))
    )
    y_label = named(f"change of {variable.name}", variable.dimension.symbol)
    return Panel(f"{PAIRS} pairs of spikes", "pairs a second (Hz)", y_label, curves)


def _response(subject: Subject) -> Panel:
    """What each spike of a train delivers."""
    dimension = subject.component.checked.deliver_dimension
    assert dimension is not None
    times = [INTERVAL * (k + 1) for k in range(TRAIN)]
    times.append(times[-1] + WAIT)
    with one_to_one(subject, 1) as rule:
        delivered = []
        for time in times:
            rule.run(time - rule.t)
            delivered.append(float(rule.step(pre=[0])[0]))
    curve = Curve(subject.label, np.array(times), np.array(delivered), "stems")
    return Panel("a train of spikes", "time (ms)", named("delivered", dimension.symbol), (curve,))


def _structure(subject: Subject) -> tuple[Panel, ...]:
    """Synapses against time, and in-degrees at the end, with Poisson spikes on both sides."""
    rng = np.random.default_rng(1)
    pre, post = np.nonzero(rng.random((SIDE, SIDE)) < DENSITY)
    pieces, duration = 50, TIMES * slowest(subject)
    times, counts = [0.0], [float(len(pre))]
    with compiled(subject, SIDE, SIDE, pre, post, "1 ms") as rule:
        for _ in range(pieces):
            begun, piece = rule.t, duration / pieces
            rule.run(piece, _poisson(rng, begun, piece), _poisson(rng, begun, piece))
            times.append(rule.t)
            counts.append(float(len(rule.synapses.pre)))
        degrees = np.array(rule.synapses.in_degree)
    heights = np.bincount(degrees) / len(degrees)
    evolution = Curve(subject.label, np.array(times) / 1000, np.array(counts))
    histogram = Curve(subject.label, np.arange(len(heights)), heights, "steps")
    return (
        Panel(f"spikes at {RATE:g} Hz", "time (s)", "synapses", (evolution,)),
        Panel("in-degree at the end", "synapses of a post neuron", "fraction of neurons", (histogram,)),
    )


def _poisson(rng: np.random.Generator, begun: float, duration: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    spikes = rng.random((SIDE, int(duration))) < RATE / 1000
    neurons, steps = np.nonzero(spikes)
    return neurons, begun + steps.astype(np.float64)
