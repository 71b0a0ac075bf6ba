"""`hold v for t`: a hidden counter of steps, during which v keeps its value."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from plastlang.diagnostics import Diagnostic, PlastError
from plastlang.frontend.checked import CheckedComponent, Hold
from plastlang.ir.nodes import Assign, Binary, Cast, Const, Expr, Read, Variable
from plastlang.ir.types import Site, Type
from plastlang.symbolic.build import STEP, call, divide
from plastlang.symbolic.constants import Constants

#: Different durations in one neuron; each doubles the number of solutions.
MOST = 3
_NONE = Const(0, Type.INT)
_ONE = Const(1, Type.INT)


@dataclass(frozen=True, slots=True)
class Counter:
    """The variables that are held for one and the same duration, and the hidden counter of steps left."""

    names: tuple[str, ...]
    variable: str
    duration: Expr

    @property
    def left(self) -> Expr:
        """The steps left."""
        return Read(self.variable, Site.NEURON, Type.INT)

    @property
    def active(self) -> Expr:
        """Whether the variables are held in this step."""
        return Binary(">", self.left, _NONE)


def counters(component: CheckedComponent) -> tuple[Counter, ...]:
    """One counter for each duration, named after the first variable that is held for it."""
    names: dict[Expr, list[str]] = {}
    for hold in component.holds:
        if hold.name not in names.setdefault(hold.duration, []):
            names[hold.duration].append(hold.name)
    if len(names) > MOST:
        raise _too_many(component, component.holds)
    return tuple(Counter(tuple(held), f"_hold_{held[0]}", duration) for duration, held in names.items())


def _too_many(component: CheckedComponent, holds: tuple[Hold, ...]) -> PlastError:
    message = f"{component.name} holds variables for {len({h.duration for h in holds})} different times"
    hint = f"use at most {MOST} different durations"
    return PlastError((Diagnostic("P402", message, component.span, "in this neuron", hint=hint),))


def hidden(counter: Counter) -> Variable:
    """The variable that counts the steps left."""
    return Variable(counter.variable, Site.NEURON, _NONE, Type.INT, hidden=True)


def start(counter: Counter, constants: Constants) -> Assign:
    """For the spike body: hold during the next steps."""
    steps = Cast(call("round", divide(counter.duration, STEP)), Type.INT)
    value = constants.derive(steps, f"steps{counter.variable}") if constants.is_constant(steps) else steps
    return Assign(counter.variable, value, Site.NEURON)


def count_down(counter: Counter) -> Assign:
    """For the step: one less, down to 0."""
    return Assign(counter.variable, Binary("max", Binary("-", counter.left, _ONE), _NONE), Site.NEURON)


def states(every: tuple[Counter, ...]) -> list[tuple[bool, ...]]:
    """All combinations of counters that are active, none of them first."""
    return list(product((False, True), repeat=len(every)))
