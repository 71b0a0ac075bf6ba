"""Measurements of rules with noise in the equation of a synapse variable: where it wanders, what pairs of spikes do."""

from __future__ import annotations

import numpy as np

from plastlang.frontend.checked import CheckedComponent, CheckedVariable
from plastlang.gallery.alone import one_to_one
from plastlang.gallery.curves import Curve, Panel, named
from plastlang.gallery.subject import Subject
from plastlang.gallery.times import slowest
from plastlang.ir.nodes import Assign, Const, Draw, PostSpike, PreSpike
from plastlang.ir.types import Site
from plastlang.ir.walk import statements, walk

#: Synapses that wander, how many of them are drawn, and points of their paths.
WANDERING, SHOWN, POINTS = 400, 3, 150
#: Time differences (ms), pairs (one a second) and synapses for each difference of the pairing protocol.
LAGS, PAIRS, COPIES = np.arange(-60.0, 61.0, 10.0), 40, 16


def panels(subject: Subject) -> tuple[Panel, ...]:
    """The paths of the first such variable, or its mean after pairs if both spikes of a synapse do something."""
    rule = subject.component.checked
    noisy = {e.name for e in rule.equations if any(isinstance(part, Draw) for part in walk(e.value))}
    variable = next((v for v in rule.variables if v.site is Site.SYNAPSE and v.name in noisy), None)
    if variable is None or rule.neuron_reads:
        return ()
    if _moved(rule, PreSpike) and _moved(rule, PostSpike):
        return (_after_pairs(subject, variable),)
    return _paths(subject, variable)


def _moved(rule: CheckedComponent, kind: type) -> bool:
    bodies = [b.body for b in rule.blocks if isinstance(b.trigger, kind)]
    return any(isinstance(s, Assign) for body in bodies for s in statements(body))


def _paths(subject: Subject, variable: CheckedVariable) -> tuple[Panel, ...]:
    """Paths of a few synapses without spikes, and the values of many at the end."""
    duration = 6 * slowest(subject)
    with one_to_one(subject, WANDERING) as rule:
        times, values = [0.0], [np.array(getattr(rule, variable.name))]
        for _ in range(POINTS):
            rule.run(duration / POINTS)
            times.append(rule.t)
            values.append(np.array(getattr(rule, variable.name)))
    label = named(variable.name, variable.dimension.symbol)
    paths = tuple(
        Curve(f"{subject.label}, synapse {k}", np.array(times) / 1000, np.array(values)[:, k]) for k in range(SHOWN)
    )
    heights, edges = np.histogram(np.concatenate(values[POINTS // 2 :]), 40, density=True)
    spread = Curve(subject.label, (edges[:-1] + edges[1:]) / 2, heights)
    return (
        Panel("synapses without spikes", "time (s)", label, paths),
        Panel(f"{WANDERING} synapses, later half", label, "density", (spread,)),
    )


def _after_pairs(subject: Subject, variable: CheckedVariable) -> Panel:
    """The mean after pairs of spikes against their time difference; what begins at 0 begins at 1, too."""
    starts: tuple[float | None, ...] = (None,)
    if variable.init == Const(0.0) and not variable.dimension.symbol:
        starts = (0.0, 1.0)
    count = len(LAGS) * COPIES
    each = np.tile(np.arange(count), PAIRS)
    pre = np.repeat(200.0 + 1000.0 * np.arange(PAIRS), count)
    curves = []
    for start in starts:
        with one_to_one(subject, count) as rule:
            if start is not None:
                setattr(rule, variable.name, start)
            rule.run(1000.0 * PAIRS + 400, (each, pre), (each, pre + np.tile(np.repeat(LAGS, COPIES), PAIRS)))
            mean = np.array(getattr(rule, variable.name)).reshape(len(LAGS), COPIES).mean(axis=1)
        curves.append(Curve(subject.label + ("" if start is None else f", from {start:g}"), LAGS, mean, "points"))
    label = named(f"mean {variable.name} of {COPIES} synapses", variable.dimension.symbol)
    return Panel(f"{PAIRS} pairs of spikes, one a second", "post - pre (ms)", label, tuple(curves))
