"""A Poisson process draws its next spike ahead where the rate stands still, and tests each step where it does not."""

from __future__ import annotations

from plastlang.frontend.checked import CheckedComponent
from plastlang.ir.nodes import (
    Assign,
    Binary,
    Builtin,
    Draw,
    EachStep,
    Expr,
    Param,
    Read,
    Renewal,
    Spiking,
    Stmt,
    Threshold,
)
from plastlang.ir.walk import statements, walk
from plastlang.symbolic.build import ONE, STEP, ZERO, call, multiply, negate


def choose(spiking: Spiking, neuron: CheckedComponent) -> Spiking:
    """The same but for a rate that can change in every step, which becomes a threshold on u < 1 - exp(-rate dt)."""
    if not isinstance(spiking, Renewal):
        return spiking
    if _moves(spiking.rate, spiking.body, neuron):
        chance = negate(call("expm1", negate(multiply(spiking.rate, STEP))))
        return Threshold(Binary("<", Draw("uniform", (ZERO, ONE), spiking.purpose), chance), spiking.body)
    names = (e.name for e in walk(spiking.rate) if isinstance(e, Read | Param))
    return Renewal(spiking.rate, tuple(dict.fromkeys(names)), spiking.body, spiking.purpose)


def _moves(rate: Expr, body: tuple[Stmt, ...], neuron: CheckedComponent) -> bool:
    moving = {e.name for e in neuron.equations} | {i.variable for i in neuron.inputs} | _assigned(body)
    for block in neuron.blocks:
        if isinstance(block.trigger, EachStep):
            moving |= _assigned(block.body)
    for e in walk(rate):
        match e:
            case Draw() | Builtin(name="t" | "step"):
                return True
            case Read(name=name) if name in moving:
                return True
            case _:
                pass
    return False


def _assigned(body: tuple[Stmt, ...]) -> set[str]:
    return {s.name for s in statements(body) if isinstance(s, Assign)}
