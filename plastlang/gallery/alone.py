"""A rule without neurons, ready to be measured."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from plastlang.api import load
from plastlang.components import Component, Composition
from plastlang.gallery.subject import Subject
from plastlang.ir.types import Site
from plastlang.standalone import StandaloneRule


def compiled(subject: Subject, n_pre: int, n_post: int, pre: Any, post: Any, dt: str) -> StandaloneRule:
    """The rule alone, with a variable for each one that it requires of another rule; 1 where a value must be given."""
    rule = subject.component.checked
    given_names = {name for name, _ in subject.values}
    ones = {v.name: 1.0 for v in rule.variables if v.init is None and not v.required and v.name not in given_names}
    required = [v for v in rule.variables if v.required]
    composition: Composition = subject.component(**dict(subject.values))
    if required:
        shared = " shared" if any(v.shared for v in rule.variables) else ""
        lines = "".join(
            f"    {v.site}{'' if v.site is Site.PAIR else shared} {v.name}"
            f"{f': {v.dimension.symbol}' if v.dimension.symbol else ''} = 0\n"
            for v in required
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that nothing uses the variables is what is wanted here
            given: Component = load(f"rule Given:\n{lines}").Given
        named_values = {v.name: v.name for v in required} | dict(subject.values)
        composition = given() + subject.component(**named_values)
    return composition.compile(n_pre, n_post, pre, post, dt=dt, precision="double", **ones)


def one_to_one(subject: Subject, count: int) -> StandaloneRule:
    """`count` synapses that share no neuron, in steps of 0.5 ms."""
    return compiled(subject, count, count, np.arange(count), np.arange(count), "0.5 ms")
