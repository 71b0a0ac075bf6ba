"""Measurements of rules that read their neurons, or scale weights every so often."""

from __future__ import annotations

import numpy as np

from plastlang.frontend.checked import CheckedComponent, NeuronRead
from plastlang.gallery.alone import one_to_one
from plastlang.gallery.curves import Curve, Panel, named
from plastlang.gallery.subject import Subject
from plastlang.ir.nodes import Assign, EachStep, Every, PostSpike, PreSpike
from plastlang.ir.types import Site

#: Levels of what is read of the target, by its unit: voltages, and what has none.
LEVELS = {"mV": (-80.0, -20.0), "": (0.0, 1.5)}
#: What neurons of a trained network are told of their mistakes, -1 to 1.
ERROR = "error"
COUNT, DURATION, INPUT_RATE = 61, 1000.0, 20.0
#: Post spikes a second while weights are scaled, and for how long (ms).
RATES, SCALING = (2.5, 5.0, 10.0), 10_000.0


def panels(subject: Subject) -> tuple[Panel, ...]:
    """What can be shown of such a rule; none of others."""
    rule = subject.component.checked
    if "w" in assigned(rule, Every) & {v.name for v in rule.variables if v.required}:
        return (_scaled(subject),)
    reads = [r for r in rule.neuron_reads if r.of == "post" and r.dimension.symbol in LEVELS]
    if reads and _traces(rule):
        return (_after_a_spike(subject),)
    moving = assigned(rule, EachStep) | {e.name for e in rule.equations}
    if reads and any(v.site is Site.SYNAPSE and v.name == "w" and "w" in moving for v in rule.variables):
        return (_against_level(subject, reads[0]),)
    errors = [r for r in rule.neuron_reads if r.name == ERROR and not r.dimension.symbol]
    return _against_error(subject, errors[0]) if errors else ()


def assigned(rule: CheckedComponent, trigger: type) -> set[str]:
    """What blocks of a kind assign, but for start values of new synapses."""
    blocks = [b for b in rule.blocks if isinstance(b.trigger, trigger)]
    return {s.name for b in blocks for s in b.body if isinstance(s, Assign)}


def _traces(rule: CheckedComponent) -> list[str]:
    """Synapse variables of one network's own that every step changes: eligibilities."""
    moving = assigned(rule, EachStep)
    return [v.name for v in rule.variables if v.site is Site.SYNAPSE and v.name in moving - {"w"} and not v.shared]


def _scaled(subject: Subject) -> Panel:
    """A weight that begins at 1, while its target fires regularly."""
    pieces = 100
    listens = any(isinstance(b.trigger, PostSpike) for b in subject.component.checked.blocks)
    rates = RATES if listens else RATES[:1]
    with one_to_one(subject, len(rates)) as rule:
        rule.w = 1.0
        times, weights = [0.0], [np.array(rule.w)]
        for _ in range(pieces):
            begun, end = rule.t, rule.t + SCALING / pieces
            spikes = [(k, t) for k, rate in enumerate(rates) for t in np.arange(0, SCALING, 1000.0 / rate)]
            due = [(k, t) for k, t in spikes if begun <= t < end]
            rule.run(end - begun, ((), ()), (np.array([k for k, _ in due], int), np.array([t for _, t in due])))
            times.append(rule.t)
            weights.append(np.array(rule.w))
    curves = tuple(
        Curve(subject.label + (f", target at {rate:g} Hz" if listens else ""), np.array(times), np.array(weights)[:, k])
        for k, rate in enumerate(rates)
    )
    return Panel("a weight that begins at 1", "time (ms)", "w", curves)


def _after_a_spike(subject: Subject) -> Panel:
    """Eligibilities after one pre spike, while all that is read of the neurons is 1."""
    names = _traces(subject.component.checked)
    with one_to_one(subject, 1) as rule:
        for read in subject.component.checked.neuron_reads:
            setattr(rule.target if read.of == "post" else rule.source, read.name, 1.0)
        times, values = [], []
        for k in range(int(DURATION / 4)):
            rule.step(pre=[0] if k == 20 else ())
            times.append(rule.t)
            values.append([float(getattr(rule, name)[0]) for name in names])
    curves = tuple(
        Curve(f"{subject.label}: {name}", np.array(times), np.array(values)[:, k]) for k, name in enumerate(names)
    )
    return Panel("after a spike at 10 ms", "time (ms)", "eligibility", curves)


def _against_level(subject: Subject, level: NeuronRead) -> Panel:
    """The change of w in a second against what is read of the target; what is read of the source is 1."""
    low, high = LEVELS[level.dimension.symbol]
    levels = np.linspace(low, high, COUNT)
    with one_to_one(subject, COUNT) as rule:
        for read in subject.component.checked.neuron_reads:
            if read.of == "pre":
                setattr(rule.source, read.name, 1.0)
        setattr(rule.target, level.name, levels)
        before = np.array(rule.w)
        times = np.arange(1000.0 / INPUT_RATE, DURATION, 1000.0 / INPUT_RATE)
        rule.run(DURATION, (np.tile(np.arange(COUNT), len(times)), np.repeat(times, COUNT)))
        change = np.array(rule.w) - before
    unit = next(v.dimension.symbol for v in subject.component.checked.variables if v.name == "w")
    x_label = named(f"{level.name} of the target", level.dimension.symbol)
    title = f"pre spikes at {INPUT_RATE:g} Hz for 1 s"
    return Panel(title, x_label, named("change of w", unit), (Curve(subject.label, levels, change),))


def _against_error(subject: Subject, error: NeuronRead) -> tuple[Panel, ...]:
    """What one pre spike delivers and adds to the gradient, against the error of a neuron; all else is 1."""
    rule = subject.component.checked
    errors = np.linspace(-1.0, 1.0, COUNT)
    with one_to_one(subject, COUNT) as running:
        for read in rule.neuron_reads:
            setattr(running.target if read.of == "post" else running.source, read.name, 1.0)
        setattr(running.target if error.of == "post" else running.source, error.name, errors)
        delivered = np.array(running.step(pre=np.arange(COUNT)))
        changes = {}
        if "grad" in assigned(rule, PreSpike) | assigned(rule, EachStep):
            changes["change of grad"] = np.array(running.grad)
        if delivered.any() and np.ptp(delivered):
            changes["delivered"] = delivered
    x_label = f"{error.name} of the {'target' if error.of == 'post' else 'source'}"
    return tuple(
        Panel("one pre spike", x_label, label, (Curve(subject.label, errors, values),))
        for label, values in changes.items()
    )
