"""White noise in equations: the drift is solved as any equation is, then the noise of the step is added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import sympy

from plastlang.frontend.checked import Equation
from plastlang.ir.nodes import Const, Draw, Expr
from plastlang.ir.noise import drift_and_diffusion, noise_of
from plastlang.symbolic.build import STEP, ZERO, add, call, multiply
from plastlang.symbolic.classify import is_constant, rates
from plastlang.symbolic.divided import over
from plastlang.symbolic.lets import Lets
from plastlang.symbolic.methods import Workshop, constant_per_step
from plastlang.symbolic.solve import Solved, solve


def solve_with_noise(equations: Iterable[Equation], method: str, shop: Workshop, lets: Lets) -> dict[str, Solved]:
    """As `solve`, for x' = drift + diffusion xi.

    The noise of a step is `diffusion` at its start, times a normal number, times sqrt(dt), or times
    sqrt((exp(2 a dt) - 1) / (2 a)) where the drift is solved exponentially with the constant coefficient a of x.
    """
    quiet: list[Equation] = []
    noise: dict[str, Expr] = {}
    for equation in equations:
        drift, diffusion = drift_and_diffusion(equation.value)
        draw = noise_of(equation.value)
        if draw is not None and diffusion is not None:
            normal = lets.bind(Draw("normal", (Const(0.0), Const(1.0)), draw.purpose), f"xi_{equation.name}")
            noise[equation.name] = multiply(lets.bind_draws(diffusion), normal)
        quiet.append(replace(equation, value=lets.bind_draws(ZERO if drift is None else drift)))
    drifts = tuple(quiet)
    solved = solve(drifts, method, shop)
    if not noise:
        return solved
    return solved | _noisy(drifts, solved, noise, shop)


def _noisy(
    drifts: tuple[Equation, ...], solved: Mapping[str, Solved], noise: Mapping[str, Expr], shop: Workshop
) -> dict[str, Solved]:
    found = rates(drifts, shop.variables, shop.translation)
    result: dict[str, Solved] = {}
    for name, random in noise.items():
        rate, old = found[name], solved[name]
        slope = rate.slopes.get(name, sympy.Integer(0))
        spread, how = call("sqrt", STEP), "white noise is added to it"
        exponential = old.how in ("exact", "exponential_euler") and name not in rate.through
        if exponential and slope != 0 and is_constant(slope, shop.translation, shop.constants):
            decay = constant_per_step(slope, f"z_{name}", shop)
            spread = multiply(spread, call("sqrt", over(multiply(Const(2.0), decay))))
            how = "white noise is added to it as it decays in the step"
        amount = multiply(shop.constants.derive(spread, f"s_{name}"), random)
        result[name] = Solved(add(old.value, amount), old.how, f"{old.why}; {how}")
    return result
