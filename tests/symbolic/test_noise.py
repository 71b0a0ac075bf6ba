"""White noise in equations: how it is split off, and the statistics that it has."""

from __future__ import annotations

import numpy as np
import pytest

from plastlang import driver
from plastlang.backends.interface import Options
from plastlang.ir.nodes import Binary, Call, Const, Draw, Expr, Param, Select, Unary
from plastlang.ir.noise import NotLinear, drift_and_diffusion
from plastlang.ir.types import Type
from tests.programs.running import built

XI = Draw("xi", (), 3)
A, B = Param("a"), Param("b")


def op(sign: str, left: Expr, right: Expr) -> Expr:
    return Binary(sign, left, right)


@pytest.mark.parametrize(
    ("expression", "drift", "diffusion"),
    [
        (A, A, None),
        (XI, None, Const(1.0)),
        (op("+", A, op("*", B, XI)), A, B),
        (op("-", A, XI), A, Unary("-", Const(1.0))),
        (op("*", op("-", XI, A), B), op("*", Unary("-", A), B), B),
        (op("/", op("+", A, op("*", XI, B)), B), op("/", A, B), op("/", B, B)),
        (Unary("-", op("*", XI, A)), None, Unary("-", A)),
        (
            Select(op("<", A, B), op("+", A, XI), B),
            Select(op("<", A, B), A, B),
            Select(op("<", A, B), Const(1.0), Const(0.0)),
        ),
    ],
)
def test_parts(expression: Expr, drift: Expr | None, diffusion: Expr | None) -> None:
    assert drift_and_diffusion(expression) == (drift, diffusion)


@pytest.mark.parametrize(
    "expression",
    [op("*", XI, XI), op("/", A, XI), Call("exp", (XI,)), Select(op("<", XI, A), A, B), op("**", XI, Const(2.0))],
)
def test_what_is_not_linear_is_refused(expression: Expr) -> None:
    assert expression.type is not Type.INT
    with pytest.raises(NotLinear):
        drift_and_diffusion(expression)


def states(equation: str, dt: str, steps: int, every: int, count: int = 4000, start: str = "0.0") -> np.ndarray:
    """Values of `x` in many neurons, at the end of every `every`-th step."""
    text = f"neuron N:\n    state x = {start}\n    x' = {equation}\nnetwork Net:\n    dt {dt}\n"
    model = driver.load(built(text + f"    population p = N() size {count}\n"), "reference", Options("double"))
    model.reset(5)
    found = []
    for _ in range(steps // every):
        model.run(every)
        found.append(np.array(model.get("p", "x")))
    return np.array(found)


@pytest.mark.parametrize("dt", ["0.1 ms", "5 ms", "40 ms"])
def test_a_linear_equation_has_its_exact_spread_at_any_step(dt: str) -> None:
    step = float(dt.split()[0])
    x = states("(1 - x) / (10 ms) + 2 * sqrt(2 / (10 ms)) * xi", dt, 4 * round(60 / step) or 4, round(60 / step) or 1)
    last = x[-1]
    assert abs(last.mean() - 1) < 5 * 2 / np.sqrt(last.size) + 0.01
    assert abs(last.var() - 4) < 5 * 4 * np.sqrt(2 / last.size)


def test_free_noise_spreads_with_the_root_of_time() -> None:
    x = states("0.3 / sqrt(1 ms) * xi", "0.5 ms", 200, 50)
    for number, values in enumerate(x, 1):
        wanted = 0.09 * 25 * number
        assert abs(values.var() - wanted) < 5 * wanted * np.sqrt(2 / values.size)


def test_noise_that_depends_on_the_state_is_that_of_ito() -> None:
    x = states("0.2 / sqrt(1 ms) * x * xi", "0.1 ms", 100, 100, 20000, "1.0")[-1]
    assert abs(x.mean() - 1) < 5 * np.sqrt(np.exp(0.4) - 1) / np.sqrt(x.size)  # a martingale: no drift
    assert abs(np.log(x).mean() + 0.02 * 10) < 0.03


def test_equations_and_neurons_have_noise_of_their_own() -> None:
    text = "neuron N:\n    state x = 0.0, y = 0.0\n    x' = xi / sqrt(1 ms)\n    y' = xi / sqrt(1 ms)\n"
    text += "network Net:\n    dt 1 ms\n    population p = N() size 3000\n"
    model = driver.load(built(text), "reference", Options("double"))
    model.run(3)
    x, y = model.get("p", "x"), model.get("p", "y")
    assert abs(np.corrcoef(x, y)[0, 1]) < 5 / np.sqrt(3000)
    assert abs(np.corrcoef(x[1:], x[:-1])[0, 1]) < 5 / np.sqrt(3000)
