"""A rule without neurons, ready to be measured."""

from __future__ import annotations

from typing import Any

import numpy as np

from plastlang.alone import complete
from plastlang.gallery.subject import Subject
from plastlang.standalone import StandaloneRule


def compiled(subject: Subject, n_pre: int, n_post: int, pre: Any, post: Any, dt: str) -> StandaloneRule:
    """The rule alone, with a variable for each one that it requires of another rule; 1 where a value must be given."""
    composition, ones = complete(subject.component, dict(subject.values))
    return composition.compile(n_pre, n_post, pre, post, dt=dt, precision="double", **ones)


def one_to_one(subject: Subject, count: int) -> StandaloneRule:
    """`count` synapses that share no neuron, in steps of 0.5 ms."""
    return compiled(subject, count, count, np.arange(count), np.arange(count), "0.5 ms")
