"""Measurements of rules that act when the signal `update` comes: optimisers, pulls, and structure that follows them."""

from __future__ import annotations

import numpy as np

from plastlang.frontend.checked import CheckedComponent
from plastlang.gallery.alone import compiled, one_to_one
from plastlang.gallery.curves import Curve, Panel
from plastlang.gallery.responses import assigned
from plastlang.gallery.subject import Subject
from plastlang.ir.nodes import GrowUniform, PruneWhere, Signal
from plastlang.ir.walk import statements

UPDATES = 2000
#: Places, all of one sign once in 2^15.
PLACES = 16
#: Neurons on each side, connection probability, updates, and by how much weights differ after each of them (SD).
SIDE, DENSITY, REWIRINGS, MOVE = 64, 0.1, 300, 0.05


def panels(subject: Subject) -> tuple[Panel, ...]:
    """What can be shown of such a rule; none of others."""
    rule = subject.component.checked
    if not any(isinstance(b.trigger, Signal) and b.trigger.name == "update" for b in rule.blocks):
        return ()
    required = {v.name for v in rule.variables if v.required}
    if {"w", "grad"} <= required and "w" in assigned(rule, Signal):
        return (_descent(subject),)
    if {"w", "place"} <= required and _rewires(rule):
        return _rewiring(subject)
    if "grad" in required & assigned(rule, Signal) and any(v.name == "place" for v in rule.variables):
        return (_pull(subject),)
    return ()


def _rewires(rule: CheckedComponent) -> bool:
    every = [s for b in rule.blocks for s in statements(b.body)]
    return any(isinstance(s, PruneWhere) for s in every) and any(isinstance(s, GrowUniform) for s in every)


def _descent(subject: Subject) -> Panel:
    """Three weights on w^2 / 2, whose gradient is w."""
    start = np.array([1.0, 0.5, -1.0])
    with one_to_one(subject, len(start)) as rule:
        rule.w = start
        path = [start]
        for _ in range(UPDATES):
            rule.grad = path[-1]
            rule.signal("update", 1)
            path.append(np.array(rule.w))
    curves = tuple(
        Curve(f"{subject.label} from {begun:g}", np.arange(UPDATES + 1.0), np.array(path)[:, k])
        for k, begun in enumerate(start)
    )
    return Panel("descent on w² / 2", "updates", "w", curves)


def _pull(subject: Subject) -> Panel:
    """What is added to a gradient of 0 by and by, at places of either sign."""
    with one_to_one(subject, PLACES) as rule:
        path = [np.array(rule.grad)]
        for _ in range(20):
            rule.signal("update", 1)
            path.append(np.array(rule.grad))
    kinds = sorted({float(total): k for k, total in enumerate(path[-1])}.items())
    curves = tuple(
        Curve(f"{subject.label}, place {np.sign(total):+g}", np.arange(21.0), np.array(path)[:, k])
        for total, k in kinds
    )
    return Panel("updates with a gradient of 0", "updates", "grad", curves)


def _rewiring(subject: Subject) -> tuple[Panel, ...]:
    """How many synapses move in an update, and how many there are, while weights walk at random from 0."""
    rng = np.random.default_rng(1)
    pre, post = np.nonzero(rng.random((SIDE, SIDE)) < DENSITY)
    moved, counts = [0.0], [float(len(pre))]
    with compiled(subject, SIDE, SIDE, pre, post, "1 ms") as rule:
        for _ in range(REWIRINGS):
            rule.w = np.array(rule.w) + rng.normal(0, MOVE, len(rule.synapses.pre))
            before = rule.synapses.eliminations
            rule.signal("update", 1)
            moved.append(float(rule.synapses.eliminations - before))
            counts.append(float(len(rule.synapses.pre)))
    updates = np.arange(REWIRINGS + 1.0)
    return (
        Panel(
            "weights that walk at random",
            "updates",
            "synapses that moved",
            (Curve(subject.label, updates, np.array(moved)),),
        ),
        Panel("their number", "updates", "synapses", (Curve(subject.label, updates, np.array(counts)),)),
    )
