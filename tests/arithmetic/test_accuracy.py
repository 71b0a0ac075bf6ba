"""How far the functions are from the exact values, in units in the last place, against extended precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from plastlang.backends.reference import mathematics
from plastlang.backends.reference.random import inverse_normal

DOUBLE_CASES = [
    ("exp", -745, 709, 1.1), ("exp", -1, 1, 1.1), ("expm1", -40, 700, 2.0), ("expm1", -1e-3, 1e-3, 2.0),
    ("expm1", -1, 1, 2.0), ("log1p", -0.999, 3, 1.5), ("log1p", -1e-6, 1e-6, 1.5), ("log", 1e-300, 1e-290, 1.0),
    ("log", 0.5, 2, 1.0), ("log", 1, 1e9, 1.0), ("sin", -1.6e6, 1.6e6, 1.5), ("cos", -1e3, 1e3, 1.5),
    ("sin", -1, 1, 1.0), ("tanh", -20, 20, 2.5), ("tanh", -1e-3, 1e-3, 2.5),
]  # fmt: skip
FLOAT_CASES = [
    ("exp", -87, 88.7, 1.1), ("log", 1e-38, 1e-30, 1.0), ("log", 0.5, 2, 1.0), ("log", 1, 1e9, 1.0),
    ("expm1", -10, 80, 1.8), ("expm1", -1e-4, 1e-4, 0.51), ("log1p", -0.99, 10, 0.51), ("sin", -1e5, 1e5, 0.51),
    ("cos", -1e5, 1e5, 0.51), ("tanh", -9, 9, 0.51),
]  # fmt: skip


def ulps(value: NDArray[Any], exact: NDArray[np.longdouble], real: Any) -> float:
    return float(np.max(np.abs(value.astype(np.longdouble) - exact) / np.spacing(np.abs(exact).astype(real))))


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="needs an extended long double")
@pytest.mark.parametrize(("name", "low", "high", "bound"), DOUBLE_CASES)
def test_double(name: str, low: float, high: float, bound: float) -> None:
    x = np.random.default_rng(1).uniform(low, high, 300_000)
    exact = getattr(np, name)(x.astype(np.longdouble))
    assert ulps(getattr(mathematics, name)(x), exact, np.float64) <= bound


@pytest.mark.parametrize(("name", "low", "high", "bound"), FLOAT_CASES)
def test_float(name: str, low: float, high: float, bound: float) -> None:
    x = np.random.default_rng(2).uniform(low, high, 300_000).astype(np.float32)
    exact = getattr(np, name)(x.astype(np.longdouble))
    assert ulps(getattr(mathematics, name)(x), exact, np.float32) <= bound


@pytest.mark.parametrize("name", ["exp", "log", "expm1", "log1p", "sin", "cos", "tanh"])
def test_against_many_digits(name: str) -> None:
    """A few hundred points in 50 digits, so that no other library's errors count."""
    x = np.random.default_rng(3).uniform(0.001, 30, 300)
    with mpmath.workdps(50):
        got = getattr(mathematics, name)(x)
        errors = [
            abs(mpmath.mpf(float(g)) - getattr(mpmath, name)(mpmath.mpf(float(v)))) / float(np.spacing(abs(g)))
            for v, g in zip(x, got, strict=True)
        ]
    assert max(errors) <= 2.5


def test_denormal_results() -> None:
    x = np.linspace(-745, -708.5, 2001)
    exact = np.exp(x.astype(np.longdouble))
    assert np.max(np.abs(mathematics.exp(x).astype(np.longdouble) - exact)) <= 5e-324 * 1.1 + 2e-16 * exact.max()
    y = np.linspace(-103, -87.5, 2001).astype(np.float32)
    assert np.max(np.abs(mathematics.exp(y) - np.exp(y.astype(np.float64)))) <= 1.5e-45 + 1.2e-7 * 1.2e-38


@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_special_values(real: Any) -> None:
    def at(function: Callable[..., NDArray[Any]], *values: float) -> list[float]:
        with np.errstate(all="ignore"):
            return [float(v) for v in function(np.array(values, real))]

    inf, nan = np.inf, np.nan
    assert at(mathematics.exp, inf, -inf, 0.0, 1e4, -1e4) == [inf, 0, 1, inf, 0]
    assert at(mathematics.log, 0.0, 1.0, inf) == [-inf, 0, inf]
    assert at(mathematics.expm1, 0.0, -inf, inf, -1e3) == [0, -1, inf, -1]
    assert at(mathematics.log1p, 0.0, -1.0, inf) == [0, -inf, inf]
    assert at(mathematics.tanh, inf, -inf, 0.0) == [1, -1, 0]
    for function in (mathematics.exp, mathematics.log, mathematics.expm1, mathematics.log1p, mathematics.tanh):
        assert np.isnan(at(function, nan)[0])
    assert np.all(np.isnan(at(mathematics.log, -1.0, -inf)))
    assert np.all(np.isnan([*at(mathematics.sin, inf, nan), *at(mathematics.cos, -inf, nan)]))
    assert np.signbit(mathematics.expm1(np.array([-0.0], real)))[0]
    assert at(mathematics.sign, nan, -3.0, 0.0, 2.0) == [0, -1, 0, 1]
    assert np.all(np.abs(at(mathematics.sin, 1e7, 1e15, 1e30, 3e38)) <= 1)


def test_power() -> None:
    def power(x: float, y: float) -> float:
        with np.errstate(all="ignore"):
            return float(mathematics.power(np.array([x], np.float64), np.array([y], np.float64))[0])

    assert power(-2, 3) == pytest.approx(-8, rel=1e-15)
    assert power(-2, 2) == pytest.approx(4, rel=1e-15)
    assert np.isnan(power(-2, 0.5))
    assert [power(0, 2), power(0, -1), power(0, 0), power(np.nan, 0), power(1, np.nan)] == [0, np.inf, 1, 1, 1]
    assert [power(np.inf, 2), power(0.5, np.inf), power(2, -np.inf)] == [np.inf, 0, 0]
    assert np.isnan(power(2, np.nan)) and np.isnan(power(np.nan, 2))
    numbers = np.random.default_rng(4)
    x, y = numbers.uniform(0.01, 10, 100_000), numbers.uniform(-5, 5, 100_000)
    assert np.max(np.abs(mathematics.power(x, y) / np.power(x, y) - 1)) < 4e-15
    single = mathematics.power(x.astype(np.float32), y.astype(np.float32))
    exact = np.power(x.astype(np.float32).astype(np.float64), y.astype(np.float32).astype(np.float64))
    assert ulps(single, exact.astype(np.longdouble), np.float32) <= 0.51


def test_inverse_normal() -> None:
    """PPND16 is good to about 1 part in 10^16, PPND7 to 1 in 10^7 (Wichura 1988), besides rounding."""
    special = pytest.importorskip("scipy.special")
    p = np.concatenate([10 ** np.random.default_rng(5).uniform(-16, -0.31, 50_000), np.linspace(0.001, 0.999, 998)])
    middle = np.abs(p - 0.5) > 1e-3
    assert np.max(np.abs(inverse_normal(p) / special.ndtri(p) - 1)[middle]) < 3e-15
    q = np.concatenate([10 ** np.random.default_rng(6).uniform(-7.5, -0.31, 50_000)]).astype(np.float32)
    q = q[np.abs(q - 0.5) > 1e-2]
    assert np.max(np.abs(inverse_normal(q) / special.ndtri(q.astype(np.float64)) - 1)) < 2e-6
