"""The C headers and their NumPy twins give the same bits, whatever the compiler and its flags."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plastlang.backends.reference import mathematics, random

from .compiled import BUILDS, UNARY, Library, same

EDGES = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-40, 1.17549435e-38,
    2.2250738585072014e-308, 5e-324, -5e-324, 1e-310, 3.4e38, -3.4e38, 1.7e308, -1.7e308, 88.72, 88.73, 89.0, -87.3,
    -103.9, -104.1, 709.7, 709.8, 710.1, -708.0, -745.1, -746.0, 0.7071067, 0.70710678, 1.4142135, 0.34657359,
    -0.34657359, 1e-8, 1e-9, -1e-9, 5e-17, 1e-17, 1.5707963267948966, 3.141592653589793, 1e5, 1.6e6, 1e15, 1e300,
    2147483647.0, -2147483648.0, 2147483648.0, -2147483649.0, 262144.0, -262144.0, 262143.9999,
]  # fmt: skip


def inputs(real: Any, count: int = 400_000) -> NDArray[Any]:
    """Edges, random bit patterns (every exponent), and ordinary magnitudes."""
    numbers = np.random.default_rng(7)
    width = np.uint32 if real is np.float32 else np.uint64
    bits = numbers.integers(0, np.iinfo(width).max, count, width, endpoint=True).view(real)
    parts = [np.array(EDGES, np.float64), numbers.normal(0, 1, count), numbers.uniform(-100, 100, count)]
    with np.errstate(all="ignore"):
        return np.concatenate([bits, *(p.astype(real) for p in parts)])


@pytest.fixture(scope="module", params=BUILDS, ids=lambda b: " ".join((b[0], *b[1][:2])))
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(tmp_path_factory.mktemp("arithmetic"), *request.param)


@pytest.fixture(autouse=True)
def silent() -> Any:
    with np.errstate(all="ignore"):
        yield


REALS = pytest.mark.parametrize("real", [np.float32, np.float64], ids=["float", "double"])


def c_name(name: str, real: Any) -> str:
    return f"{name}_{'float' if real is np.float32 else 'double'}"


def c_scalar(real: Any, value: float) -> Any:
    return ctypes.c_float(value) if real is np.float32 else ctypes.c_double(value)


@REALS
@pytest.mark.parametrize("name", UNARY)
def test_functions(library: Library, name: str, real: Any) -> None:
    x = inputs(real)
    assert same(library.call(c_name(name, real), x, result=real), getattr(mathematics, name)(x))


@REALS
@pytest.mark.parametrize(
    ("name", "twin"), [("mod", "modulo"), ("min", "minimum"), ("max", "maximum"), ("pow", "power")]
)
def test_binary(library: Library, name: str, twin: str, real: Any) -> None:
    x = inputs(real, 100_000)
    y = np.random.default_rng(1).permutation(x)
    edges = np.array(EDGES).astype(real)
    a = np.concatenate([x, np.repeat(edges, edges.size), np.abs(x)])
    b = np.concatenate([y, np.tile(edges, edges.size), np.rint(y % real(9))])
    assert same(library.call(c_name(name, real), a, b, result=real), getattr(mathematics, twin)(a, b))


@REALS
def test_conversions(library: Library, real: Any) -> None:
    x = inputs(real)
    assert same(library.call(c_name("cast", real), x, result=np.int32), mathematics.to_int(x))
    fixed = mathematics.fixed(x)
    assert same(library.call(c_name("fixed", real), x, result=np.int64), fixed)
    sums = np.concatenate([fixed, np.random.default_rng(3).integers(-(2**62), 2**62, 100_000)])
    assert same(library.call(c_name("unfixed", real), sums, result=real), mathematics.unfixed(sums, np.dtype(real)))


def test_integers(library: Library) -> None:
    edges = np.array([0, 1, -1, 2, -2, 7, -7, 2**31 - 1, -(2**31)], np.int64)
    a, b = (v.astype(np.int32) for v in (np.repeat(edges, edges.size), np.tile(edges, edges.size)))
    expected = mathematics.modulo_int(a, b)
    assert same(library.call("modi", a, b, result=np.int32), expected)
    assert [int(v) for v in expected[(b == 7) & (a < 0)]] == [int(v) % 7 for v in a[(b == 7) & (a < 0)]]
    assert np.all(expected[b == 0] == 0)
    for x, y in zip(a.tolist(), b.tolist(), strict=True):
        out = np.empty(6, np.int32)
        library.functions.integers(x, y, out.ctypes.data_as(ctypes.c_void_p))
        wrapped = np.array([x + y, x - y, x * y, -x, min(x, y), max(x, y)]).astype(np.int64).astype(np.int32)
        assert np.array_equal(out, wrapped)


def words(count: int = 200_000) -> NDArray[np.uint32]:
    drawn = np.random.default_rng(11).integers(0, 2**32 - 1, (4, count), np.uint32, endpoint=True)
    drawn[:, 0], drawn[:, 1] = 0, 2**32 - 1
    return drawn


def test_philox(library: Library) -> None:
    counters = words()
    for seed in (0, 1, 2**64 - 1, 0x0123456789ABCDEF):
        expected = random.philox(*counters, seed)
        made = library.call("philox", counters, ctypes.c_uint64(seed), result=np.uint32, shape=counters.shape)
        assert same(made, expected)
    for purpose, ordinal, repeat in ((0, 0, 0), (65535, 255, 255), (7, 256, 300)):
        assert library.functions.counter(purpose, ordinal, repeat) == random.counter(purpose, ordinal, repeat)


@REALS
def test_real_draws(library: Library, real: Any) -> None:
    w = words()
    low, high = np.full(1, -1.5, real), np.full(1, 2.25, real)
    pair = (c_scalar(real, -1.5), c_scalar(real, 2.25))
    assert same(library.call(c_name("uniform", real), w, *pair, result=real), random.uniform(w, low, high))
    assert same(library.call(c_name("normal", real), w, *pair, result=real), random.normal(w, low, high))
    assert same(library.call(c_name("exponential", real), w, pair[1], result=real), random.exponential(w, high))
    assert same(library.call(c_name("random_sign", real), w, result=real), random.random_sign(w, np.dtype(real)))


def test_integer_draws(library: Library) -> None:
    w = words()
    numbers = np.random.default_rng(5)
    mean = np.concatenate([[0.0, -1, np.nan, np.inf, 499.9, 500, 1e20], 10 ** numbers.uniform(-4, 3.5, w.shape[1] - 7)])
    assert same(library.call("poisson", w, mean, result=np.int32), random.poisson(w, mean))
    n = np.concatenate([[0, -5, 1, 2**31 - 1], numbers.integers(1, 1000, w.shape[1] - 4)]).astype(np.int32)
    assert same(library.call("randint", w, n, result=np.int32), random.randint(w, n))


def test_renewal(library: Library) -> None:
    w = words()
    numbers = np.random.default_rng(6)
    special = np.array([0.0, -0.0, -1, np.nan, np.inf, -np.inf, 1e-300, -1e-310, 1e300])
    rate = np.concatenate([special, 10 ** numbers.uniform(-8, 2, w.shape[1] - special.size)])
    base = numbers.integers(-1, 2**31 - 2, w.shape[1])
    made = library.call("renewal", w, base, rate, ctypes.c_double(0.1), result=np.int32)
    assert same(made, random.renewal(w, base, rate, 0.1))
    assert np.all(made > base)
    assert np.all(made[:4] == random.NEVER)


def test_connect_word(library: Library) -> None:
    for word in (0, 255, 256, 2**31, 2**32 - 1):
        assert library.functions.connect_u(ctypes.c_uint32(word)) == (word >> 8) / 2**24
