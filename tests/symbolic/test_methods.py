"""What has no exact solution: exponential Euler, Runge-Kutta, Euler, and which of them is taken."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from plastlang.ir.nodes import Binary, Call, Draw, Let, Param, Read, Threshold
from plastlang.ir.types import Site
from plastlang.ir.walk import all_expressions, walk
from tests.symbolic.models import Machine, component, hows, lowered, neuron

CONDUCTANCE = {
    "v": "(v_rest - v + ge * (e_e - v) + gi * (e_i - v)) / tau_m",
    "ge": "-ge / tau_e",
    "gi": "-gi / tau_i",
}
VALUES = {"v_rest": -60.0, "tau_m": 20.0, "e_e": 0.0, "e_i": -80.0, "tau_e": 5.0, "tau_i": 10.0}
START = {"v": -60.0, "ge": 0.4, "gi": 2.0}


def test_conductances_take_one_exponential_with_derived_constants() -> None:
    result = lowered(neuron(CONDUCTANCE, VALUES, init=START))
    assert hows(result) == {"v": "exponential_euler", "ge": "exact", "gi": "exact"}
    step = result.program.populations[0].step
    calls = [e for body in all_expressions(step) for e in walk(body) if isinstance(e, Call)]
    assert [c.function for c in calls] == ["expm1"]
    got = Machine(result.program.populations[0], 0.1).step()
    rate = (1 + 0.4 + 2.0) / 20
    target = (-60 + 0.4 * 0 + 2.0 * -80) / 3.4
    assert got["v"] == pytest.approx(target + (-60 - target) * math.exp(-rate * 0.1), rel=1e-14)
    assert got["ge"] == pytest.approx(0.4 * math.exp(-0.1 / 5), rel=1e-15)


def test_a_rate_of_zero_is_a_straight_line() -> None:
    model = neuron({"v": "g * (e - v) + c"}, {"e": 3.0, "c": 2.0}, states=("g",), init={"v": 1.0})
    result = lowered(model)
    assert hows(result)["v"] == "exponential_euler"
    for g in (0.0, 1e-300, 1e-12):
        machine = Machine(result.program.populations[0], 0.1)
        machine.state["g"] = g
        assert machine.step()["v"] == pytest.approx(1.2, rel=1e-12)
    for real in (np.float32, np.float64):
        machine = Machine(result.program.populations[0], 0.1, real=real)
        assert machine.step()["v"] == pytest.approx(1.2, rel=1e-6)


ADEX = {
    "v": "(g * (e_l - v) + g * d_t * exp((v - v_t) / d_t) - w + i) / c",
    "w": "(a * (v - e_l) - w) / tau_w",
}
ADEX_VALUES = {
    "g": 30.0, "e_l": -70.6, "d_t": 2.0, "v_t": -50.4, "i": 700.0, "c": 281.0, "a": 4.0, "tau_w": 144.0,
}  # fmt: skip
IZHIKEVICH = {"v": "0.04 * v ** 2 + 5 * v + 140 - u + i", "u": "a * (b * v - u)"}
IZHIKEVICH_VALUES = {"a": 0.02, "b": 0.2, "i": 3.0}


def adex(_: float, y: np.ndarray) -> list[float]:
    p, (v, w) = ADEX_VALUES, y
    drive = p["g"] * (p["e_l"] - v) + p["g"] * p["d_t"] * math.exp((v - p["v_t"]) / p["d_t"])
    return [(drive - w + p["i"]) / p["c"], (p["a"] * (v - p["e_l"]) - w) / p["tau_w"]]


def izhikevich(_: float, y: np.ndarray) -> list[float]:
    v, u = y
    return [0.04 * v**2 + 5 * v + 140 - u + 3.0, 0.02 * (0.2 * v - u)]


@pytest.mark.parametrize(
    ("equations", "values", "right", "start"),
    [(ADEX, ADEX_VALUES, adex, (-65.0, 5.0)), (IZHIKEVICH, IZHIKEVICH_VALUES, izhikevich, (-60.0, -10.0))],
)
def test_what_is_not_linear_is_of_fourth_order(equations: dict, values: dict, right: object, start: tuple) -> None:
    names = list(equations)
    model = neuron(equations, values, init=dict(zip(names, start, strict=True)))
    result = lowered(model)
    assert set(hows(result).values()) == {"rk4"}
    want = solve_ivp(right, (0, 8.0), start, rtol=1e-12, atol=1e-12, method="DOP853").y[:, -1]
    errors = []
    for dt in (0.2, 0.1):
        population = lowered(model, dt=dt).program.populations[0]
        machine = Machine(population, dt)
        machine.step(round(8.0 / dt))
        errors.append(max(abs(machine.state[n] - w) for n, w in zip(names, want, strict=True)))
    assert errors[1] < 1e-4
    assert 10 < errors[0] / errors[1] < 25  # 2 ** 4 = 16


def test_exact_variables_stay_exact_beside_runge_kutta() -> None:
    model = neuron(
        {"v": "-(v - e) ** 3 / tau + g", "g": "-g / tau_g"}, {"e": 1.0, "tau": 10.0, "tau_g": 3.0},
        init={"v": 2.0, "g": 5.0},
    )  # fmt: skip
    result = lowered(model)
    assert hows(result) == {"v": "rk4", "g": "exact"}
    machine = Machine(result.program.populations[0], 0.1)
    machine.step(50)
    assert machine.state["g"] == pytest.approx(5 * math.exp(-5 / 3), rel=1e-13)
    want = solve_ivp(
        lambda t, y: [-((y[0] - 1) ** 3) / 10 + 5 * math.exp(-t / 3)], (0, 5), [2.0], rtol=1e-12, atol=1e-12
    ).y[0, -1]
    assert machine.state["v"] == pytest.approx(want, abs=1e-6)  # second order, if g stood still in the stages


def test_time_moves_through_the_stages() -> None:
    model = neuron({"v": "-v ** 3 + sin(t)"}, {"p": 1.0}, init={"v": 1.0})
    want = solve_ivp(lambda t, y: [-(y[0] ** 3) + math.sin(t)], (0, 2), [1.0], rtol=1e-12, atol=1e-12).y[0, -1]
    errors = []
    for dt in (0.1, 0.05):
        machine = Machine(lowered(model, dt=dt).program.populations[0], dt)
        machine.step(round(2 / dt))
        errors.append(abs(machine.state["v"] - want))
    assert 10 < errors[0] / errors[1] < 25


def test_the_method_can_be_chosen_for_what_is_not_exact() -> None:
    for method, v in (("euler", -60.0 + 0.1 * (2.0 * -20 + 0.4 * 60) / 20), ("rk4", None), ("exponential_euler", None)):
        result = lowered(neuron(CONDUCTANCE, VALUES, init=START, method=method))
        assert hows(result) == {"v": method, "ge": "exact", "gi": "exact"}
        got = Machine(result.program.populations[0], 0.1).step()["v"]
        if v is not None:
            assert got == pytest.approx(v, rel=1e-14)
    want = solve_ivp(
        lambda t, y: [
            (-60 - y[0] + 0.4 * math.exp(-t / 5) * -y[0] + 2 * math.exp(-t / 10) * (-80 - y[0])) / 20
        ],
        (0, 0.1), [-60.0], rtol=1e-12, atol=1e-12,
    ).y[0, -1]  # fmt: skip
    fourth = Machine(lowered(neuron(CONDUCTANCE, VALUES, init=START, method="rk4")).program.populations[0], 0.1).step()
    assert fourth["v"] == pytest.approx(want, abs=1e-9)


def test_exponential_euler_cannot_be_forced_on_what_is_not_linear() -> None:
    result = lowered(neuron(IZHIKEVICH, IZHIKEVICH_VALUES, method="exponential_euler"))
    assert hows(result) == {"v": "rk4", "u": "rk4"}
    assert "v is not linear in itself" in result.explanations[0].why


def test_a_draw_in_an_equation_is_made_once_a_step() -> None:
    model = neuron({"v": "-v ** 3 + s * normal(0, 1)", "u": "-u / tau + normal(0, 1)"}, {"s": 0.1, "tau": 5.0})
    result = lowered(model)
    assert hows(result) == {"v": "rk4", "u": "exact"}
    step = result.program.populations[0].step
    draws = [s for s in step if isinstance(s, Let) and isinstance(s.value, Draw)]
    everywhere = [e for body in all_expressions(step) for e in walk(body) if isinstance(e, Draw)]
    # both draws have the purpose 0 in their own texts here, so they are one and the same
    assert len(draws) == len(everywhere) == 1


def test_conditions_make_an_equation_bent_and_parameters_do_not() -> None:
    bent = lowered(neuron({"v": "1 if v > a else 2"}, {"a": 1.0}))
    assert hows(bent) == {"v": "rk4"}
    straight = lowered(neuron({"v": "-v / (a if a > b else b)"}, {"a": 4.0, "b": 5.0}, init={"v": 1.0}))
    assert hows(straight) == {"v": "exact"}
    got = Machine(straight.program.populations[0], 0.1).step()["v"]
    assert got == pytest.approx(math.exp(-0.1 / 5), rel=1e-15)


def test_division_inside_floor_is_left_alone() -> None:
    model = neuron({"v": "floor(v / n) - v / n"}, {"n": 49.0}, init={"v": 49.0})
    population = lowered(model).program.populations[0]
    first = next(s.value for s in population.step if isinstance(s, Let))
    assert 49.0 * (1 / 49.0) < 1.0  # which floor would make 0
    assert Machine(population, 0.1).value(first) == 1.0 - 49.0 * (1 / 49.0)


def test_literal_powers_become_products() -> None:
    model = neuron({"v": "-v ** 3 + v ** 2 + v ** 2.5 + v ** a"}, {"a": 3.0}, spike="v ** 2 > a")
    population = lowered(model).program.populations[0]
    powers = [e for b in all_expressions(population.step) for e in walk(b) if isinstance(e, Binary) and e.op == "**"]
    assert len(powers) == 2 * 4
    assert isinstance(population.spiking, Threshold)
    v = Read("v", Site.NEURON)
    assert population.spiking.condition == Binary(">", Binary("*", v, v), Param("a"))


def test_global_equations_of_a_population_come_after_its_neurons() -> None:
    model = component(
        {"v": "(d - v) / tau", "d": "-d / tau"}, {"tau": 10.0}, {"v": Site.NEURON, "d": Site.GLOBAL}, {"d": 2.0}
    )
    result = lowered(model)
    got = Machine(result.program.populations[0], 0.1).step()
    assert got["v"] == pytest.approx(2.0 * -math.expm1(-0.01), rel=1e-14)
    assert got["d"] == pytest.approx(2.0 * math.exp(-0.01), rel=1e-14)
