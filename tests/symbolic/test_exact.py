"""Linear equations with constant coefficients are solved exactly, for whatever the parameters are set to."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.symbolic.models import Machine, hows, lowered, neuron

DT = 0.1


def flow(matrix: np.ndarray, inflow: np.ndarray, state: np.ndarray, dt: float) -> np.ndarray:
    """The exact solution of x' = A x + b after dt, in many digits.

    scipy's expm loses half of them where two rates are nearly equal.
    """
    n = len(state)
    whole = np.zeros((n + 1, n + 1))
    whole[:n, :n], whole[:n, n] = matrix * dt, inflow * dt
    with mpmath.workdps(40):
        end = mpmath.expm(mpmath.matrix(whole)) * mpmath.matrix(np.append(state, 1.0))
        return np.array([float(end[i]) for i in range(n)])


CURRENT = neuron(
    {"v": "(v_rest - v + ge + gi) / tau_m", "ge": "-ge / tau_e", "gi": "-gi / tau_i"},
    {"v_rest": -70.0, "tau_m": 20.0, "tau_e": 5.0, "tau_i": 10.0},
    init={"v": -60.0, "ge": 12.0, "gi": -7.0},
    inputs={"exc": "ge", "inh": "gi"},
)


def test_current_synapses_come_out_as_a_sum_of_products() -> None:
    program = lowered(CURRENT).program
    machine = Machine(program.populations[0], DT)
    got = machine.step()
    want = flow(
        np.array([[-1 / 20, 1 / 20, 1 / 20], [0, -1 / 5, 0], [0, 0, -1 / 10]]),
        np.array([-70 / 20, 0, 0]),
        np.array([-60.0, 12.0, -7.0]),
        DT,
    )
    assert [got[n] for n in ("v", "ge", "gi")] == pytest.approx(want, rel=1e-13)
    assert hows(lowered(CURRENT)) == {"v": "exact", "ge": "exact", "gi": "exact"}
    step = repr(program.populations[0].step)
    assert "Call" not in step and "'/'" not in step  # neither functions nor divisions are left in the loop


TIMES = st.one_of(
    st.sampled_from([0.05, 1.0, 5.0, 10.0, 20.0]),
    st.floats(0.01, 1000.0),
    st.floats(1e-14, 1e-2).map(lambda e: 5.0 * (1 + e)),
)


@settings(max_examples=60, deadline=None)
@given(TIMES, TIMES, TIMES)
def test_any_time_constants_without_compiling_again(tau_m: float, tau_e: float, tau_i: float) -> None:
    machine = Machine(CURRENT_POPULATION, DT, {"tau_m": tau_m, "tau_e": tau_e, "tau_i": tau_i})
    got = machine.step()
    want = flow(
        np.array([[-1 / tau_m, 1 / tau_m, 1 / tau_m], [0, -1 / tau_e, 0], [0, 0, -1 / tau_i]]),
        np.array([-70 / tau_m, 0, 0]),
        np.array([-60.0, 12.0, -7.0]),
        DT,
    )
    assert [got[n] for n in ("v", "ge", "gi")] == pytest.approx(want, rel=1e-12, abs=1e-12)


CURRENT_POPULATION = lowered(CURRENT).program.populations[0]

ALPHA = neuron(
    {"v": "(v_rest - v + r * x2) / tau_m", "x2": "(x1 - x2) / tau", "x1": "-x1 / tau"},
    {"v_rest": -70.0, "tau_m": 20.0, "tau": 5.0, "r": 3.0},
    init={"v": -65.0, "x1": 2.0, "x2": 1.0},
)
ALPHA_POPULATION = lowered(ALPHA).program.populations[0]


@settings(max_examples=60, deadline=None)
@given(TIMES, TIMES)
def test_alpha_synapse(tau_m: float, tau: float) -> None:
    got = Machine(ALPHA_POPULATION, DT, {"tau_m": tau_m, "tau": tau}).step()
    matrix = np.array([[-1 / tau_m, 3 / tau_m, 0], [0, -1 / tau, 1 / tau], [0, 0, -1 / tau]])
    want = flow(matrix, np.array([-70 / tau_m, 0, 0]), np.array([-65.0, 1.0, 2.0]), DT)
    assert [got[n] for n in ("v", "x2", "x1")] == pytest.approx(want, rel=1e-12, abs=1e-12)


def test_equal_and_nearly_equal_time_constants() -> None:
    for other in (5.0, np.nextafter(5.0, 6.0), 5.0 + 1e-9, 5.0 - 1e-4, 5.1):
        got = Machine(ALPHA_POPULATION, DT, {"tau_m": other}).step(100)
        matrix = np.array([[-1 / other, 3 / other, 0], [0, -1 / 5, 1 / 5], [0, 0, -1 / 5]])
        want = flow(matrix, np.array([-70 / other, 0, 0]), np.array([-65.0, 1.0, 2.0]), 100 * DT)
        assert [got[n] for n in ("v", "x2", "x1")] == pytest.approx(want, rel=1e-12)


PAIR = neuron(
    {"v": "a * v + b * w + e", "w": "c * v + d * w + f", "g": "-g * k"},
    dict.fromkeys("abcdefk", 0.0),
    init={"v": 1.5, "w": -0.7, "g": 0.3},
)
DRIVEN = neuron(
    {"v": "a * v + b * w + e * g", "w": "c * v + d * w + f * g", "g": "-g * k", "x": "v + w - k * x"},
    dict.fromkeys("abcdefk", 0.0),
    init={"v": 1.5, "w": -0.7, "g": 0.3, "x": 0.1},
)
PAIR_POPULATION = lowered(PAIR).program.populations[0]
DRIVEN_POPULATION = lowered(DRIVEN).program.populations[0]
COEFFICIENTS = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 0.5]), st.floats(-20.0, 20.0), st.floats(-1e-3, 1e-3))


@settings(max_examples=150, deadline=None)
@given(st.tuples(*[COEFFICIENTS] * 6))
def test_two_coupled_variables(numbers: tuple[float, ...]) -> None:
    a, b, c, d, e, f = numbers
    got = Machine(PAIR_POPULATION, DT, dict(zip("abcdef", numbers, strict=True))).step()
    want = flow(np.array([[a, b], [c, d]]), np.array([e, f]), np.array([1.5, -0.7]), DT)
    assert [got["v"], got["w"]] == pytest.approx(want, rel=2e-12, abs=2e-12)


@settings(max_examples=150, deadline=None)
@given(st.tuples(*[COEFFICIENTS] * 6), st.floats(0.0, 20.0))
def test_two_coupled_variables_driven_and_driving(numbers: tuple[float, ...], k: float) -> None:
    a, b, c, d, e, f = numbers
    got = Machine(DRIVEN_POPULATION, DT, {**dict(zip("abcdef", numbers, strict=True)), "k": k}).step()
    matrix = np.array([[a, b, e], [c, d, f], [0, 0, -k]])
    want = flow(matrix, np.zeros(3), np.array([1.5, -0.7, 0.3]), DT)
    assert [got[n] for n in "vwg"] == pytest.approx(want, rel=2e-12, abs=2e-12)


def test_a_chain_through_a_pair_has_no_closed_form() -> None:
    result = lowered(DRIVEN)
    assert hows(result) == {"v": "exact", "w": "exact", "g": "exact", "x": "exponential_euler"}
    assert "v and w are coupled and stand in a chain of 3 equations" in result.explanations[3].why


def test_zero_coupling_and_zero_rates() -> None:
    machine = Machine(PAIR_POPULATION, DT, dict.fromkeys("abcdef", 0.0))
    assert (machine.step()["v"], machine.state["w"]) == (1.5, -0.7)
    machine = Machine(PAIR_POPULATION, DT, {**dict.fromkeys("abcd", 0.0), "e": 2.0, "f": -3.0})
    got = machine.step()
    assert [got["v"], got["w"]] == pytest.approx([1.5 + 2 * DT, -0.7 - 3 * DT], rel=1e-15)


def test_large_rates_neither_overflow_nor_lose_the_equilibrium() -> None:
    machine = Machine(CURRENT_POPULATION, DT, {"tau_m": 1e-6, "tau_e": 1e-5, "tau_i": 1e3})
    got = machine.step()
    assert got["v"] == pytest.approx(-70.0 + got["gi"], rel=1e-6)
    assert got["ge"] == 0.0


def test_a_random_chain() -> None:
    """Four variables, each driven by those before it, with rates that coincide in part."""
    rng = np.random.default_rng(1)
    names = "pqrs"
    params = {f"k{i}{j}": 0.0 for i in range(4) for j in range(i + 1)}
    equations = {names[i]: " + ".join(f"k{i}{j} * {names[j]}" for j in range(i + 1)) for i in range(4)}
    chain = neuron(equations, params, init=dict(zip(names, (1.0, -2.0, 0.5, 3.0), strict=True)))
    result = lowered(chain)
    assert set(hows(result).values()) == {"exact"}
    for rates in ([-1, -1, -1, -1], [-0.2, -0.2, -3, -3], [-40, -0.1, -0.1, -8], [0, 0, -1, 0], [5, -5, 5, -90]):
        matrix = np.tril(rng.normal(size=(4, 4)), -1) + np.diag(rates)
        given_ = {f"k{i}{j}": matrix[i, j] for i in range(4) for j in range(i + 1)}
        got = Machine(result.program.populations[0], DT, given_).step()
        want = flow(matrix, np.zeros(4), np.array([1.0, -2.0, 0.5, 3.0]), DT)
        assert [got[n] for n in names] == pytest.approx(want, rel=1e-12, abs=1e-13)


def test_what_is_read_besides_is_constant_during_the_step() -> None:
    model = neuron({"v": "(i * r - v) / tau"}, {"tau": 20.0, "r": 2.0}, states=("i",), init={"v": 1.0, "i": 4.0})
    result = lowered(model)
    got = Machine(result.program.populations[0], DT).step()
    assert got["v"] == pytest.approx(8 + (1 - 8) * np.exp(-DT / 20), rel=1e-14)
    assert hows(result) == {"v": "exact", "i": "constant"}


def test_linear_after_cancelling() -> None:
    model = neuron({"v": "((v - a) * (v - b) - v ** 2) / tau"}, {"a": 1.0, "b": 2.0, "tau": 10.0}, init={"v": 5.0})
    result = lowered(model)
    assert hows(result) == {"v": "exact"}
    got = Machine(result.program.populations[0], DT).step()["v"]
    rate = -3.0 / 10
    assert got == pytest.approx((5 + 0.2 / rate) * np.exp(rate * DT) - 0.2 / rate, rel=1e-13)
