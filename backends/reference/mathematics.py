"""Elementary functions from IEEE operations alone: the NumPy twin of backends/include/plast_math.h.

Every function takes float32 or float64 arrays and gives the bits that the header gives. Coefficients and
order of operations are explained there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[Any]

_EXP32 = (1.392625e-3, 8.363233e-3, 4.1666552e-2, 1.6666576e-1, 0.5)
_EXP64 = (
    2.09147553258932e-09, 2.5105312729622103e-08, 2.755727347871858e-07, 2.755725517000089e-06,
    2.480158732567746e-05, 1.984126987500228e-04, 1.3888888888883711e-03, 8.333333333326084e-03,
    4.166666666666667e-02, 1.666666666666667e-01, 0.5,
)  # fmt: skip
_LOG32 = (2.95804e-01, 3.998877e-01, 6.6666687e-01)
_LOG64 = (
    1.461703754879165e-01, 1.533167403016786e-01, 1.8182890556695602e-01, 2.222221111514416e-01,
    2.857142862609589e-01, 3.999999999989924e-01, 6.66666666666667e-01,
)  # fmt: skip
_SIN = (
    1.5917867766896243e-10, -2.5051128211610636e-08, 2.7557316085102794e-06, -1.9841269836724904e-04,
    8.333333333330925e-03, -1.6666666666666666e-01,
)  # fmt: skip
_COS = (
    -1.1382468815765352e-11, 2.087614399539826e-09, -2.755731726081361e-07, 2.4801587298744625e-05,
    -1.3888888888887382e-03, 4.1666666666666664e-02,
)  # fmt: skip


def polynomial(coefficients: tuple[float, ...], x: Reals) -> Reals:
    """Horner's scheme, highest power first, each step rounded in the type of `x`."""
    real = x.dtype.type
    p = np.full_like(x, real(coefficients[0]))
    for c in coefficients[1:]:
        p = p * x + real(c)
    return p


def minimum(a: Reals, b: Reals) -> Reals:
    """`a < b ? a : b`."""
    return np.where(a < b, a, b)


def maximum(a: Reals, b: Reals) -> Reals:
    """`a > b ? a : b`."""
    return np.where(a > b, a, b)


def sign(x: Reals) -> Reals:
    """`(x > 0) - (x < 0)`; 0 for NaN."""
    result: Reals = (x > 0).astype(x.dtype) - (x < 0).astype(x.dtype)
    return result


def modulo(a: Reals, b: Reals) -> Reals:
    """`a - floor(a / b) * b`."""
    result: Reals = a - np.floor(a / b) * b
    return result


def modulo_int(a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.int32]:
    """Integer remainder with the sign of `b`; 0 where `b` is 0."""
    wide = np.where(b == 0, np.int64(1), b.astype(np.int64))
    return np.mod(a.astype(np.int64), wide).astype(np.int32)


def to_int(x: Reals) -> NDArray[np.int32]:
    """Towards zero, saturating; NaN gives 0."""
    y = np.where(x == x, x, 0).astype(np.float64)
    return np.clip(y, -2147483648.0, 2147483647.0).astype(np.int32)


def exp(x: Reals) -> Reals:
    """e to the x."""
    return _exp32(x) if x.dtype == np.float32 else _exp64(x)


def _exp32(x: Reals) -> Reals:
    f = np.float32
    y = np.where(x > f(89), f(89), x)
    y = np.where(y < f(-104), f(-104), y)
    e, k = _reduced32(y)
    h = (k + np.uint32(256)) >> np.uint32(1)
    first = ((h - np.uint32(1)) << np.uint32(23)).view(np.float32)
    second = ((k - h + np.uint32(255)) << np.uint32(23)).view(np.float32)
    return np.where(x == x, ((e + f(1)) * first) * second, x)


def _reduced32(y: Reals) -> tuple[Reals, NDArray[np.uint32]]:
    """`exp(r) - 1` and the integer n (as wrapped bits) of y = n log 2 + r."""
    f = np.float32
    t = y * f(1.442695) + f(12582912)
    n = t - f(12582912)
    r = (y - n * f(0.693359375)) - n * f(-2.1219444e-4)
    return polynomial(_EXP32, r) * (r * r) + r, t.view(np.uint32) - np.uint32(0x4B400000)


def _reduced64(y: Reals) -> tuple[Reals, NDArray[np.uint64]]:
    t = y * 1.4426950408889634 + 6755399441055744.0
    n = t - 6755399441055744.0
    r = (y - n * 0.6931471803691238) - n * 1.9082149292705877e-10
    return polynomial(_EXP64, r) * (r * r) + r, t.view(np.uint64) - np.uint64(0x4338000000000000)


def _exp64(x: Reals) -> Reals:
    y = np.where(x > 710.0, 710.0, x)
    y = np.where(y < -746.0, -746.0, y)
    e, k = _reduced64(y)
    h = (k + np.uint64(2048)) >> np.uint64(1)
    first = ((h - np.uint64(1)) << np.uint64(52)).view(np.float64)
    second = ((k - h + np.uint64(2047)) << np.uint64(52)).view(np.float64)
    return np.where(x == x, ((e + 1.0) * first) * second, x)


def expm1(x: Reals) -> Reals:
    """exp(x) - 1, accurate near 0."""
    return _expm1_32(x) if x.dtype == np.float32 else _expm1_64(x)


def _expm1_32(x: Reals) -> Reals:
    f = np.float32
    y = np.where(x > f(89), f(89), x)
    y = np.where(y < f(-30), f(-30), y)
    e, k = _reduced32(y)
    s = ((k + np.uint32(126)) << np.uint32(23)).view(np.float32)
    return np.where(np.abs(x) > f(2e-8), f(2) * (s * e + (s - f(0.5))), x)


def _expm1_64(x: Reals) -> Reals:
    y = np.where(x > 710.0, 710.0, x)
    y = np.where(y < -50.0, -50.0, y)
    e, k = _reduced64(y)
    s = ((k + np.uint64(1022)) << np.uint64(52)).view(np.float64)
    return np.where(np.abs(x) > 5e-17, 2.0 * (s * e + (s - 0.5)), x)


def log(x: Reals) -> Reals:
    """Natural logarithm."""
    return _log32(x) if x.dtype == np.float32 else _log64(x)


def _log32(x: Reals) -> Reals:
    f = np.float32
    tiny = x < f(1.17549435e-38)
    y = np.where(tiny, x * f(8388608), x)
    b = y.view(np.uint32) + np.uint32(0x004AFB0D)
    k = (b >> np.uint32(23)).astype(np.float32) - np.where(tiny, f(150), f(127))
    m = ((b & np.uint32(0x007FFFFF)) + np.uint32(0x3F3504F3)).view(np.float32) - f(1)
    s = m / (m + f(2))
    z = s * s
    h = (f(0.5) * m) * m
    v = k * f(0.693359375) - ((h - (s * (polynomial(_LOG32, z) * z + h) + k * f(-2.1219444e-4))) - m)
    w = np.where(x > 0, v, np.where(x == 0, f(-np.inf), f(np.nan)))
    return np.where(x < f(np.inf), w, x)


def _log64(x: Reals) -> Reals:
    tiny = x < 2.2250738585072014e-308
    y = np.where(tiny, x * 18014398509481984.0, x)
    b = y.view(np.uint64) + np.uint64(0x00095F619980C433)
    exponent = ((b >> np.uint64(52)) | np.uint64(0x4330000000000000)).view(np.float64)
    k = exponent - np.where(tiny, 4503599627371573.0, 4503599627371519.0)
    m = ((b & np.uint64(0x000FFFFFFFFFFFFF)) + np.uint64(0x3FE6A09E667F3BCD)).view(np.float64) - 1.0
    s = m / (m + 2.0)
    z = s * s
    h = (0.5 * m) * m
    v = k * 0.6931471803691238 - ((h - (s * (polynomial(_LOG64, z) * z + h) + k * 1.9082149292705877e-10)) - m)
    w = np.where(x > 0, v, np.where(x == 0, -np.inf, np.nan))
    return np.where(x < np.inf, w, x)


def log1p(x: Reals) -> Reals:
    """log(1 + x), accurate near 0."""
    if x.dtype == np.float32:
        return log1p(x.astype(np.float64)).astype(np.float32)
    u = 1.0 + x
    lost = np.where(x > 1.0, 1.0 - (u - x), x - (u - 1.0))
    c = np.where((u > 0.0) & (u < 1e300), lost / u, 0.0)
    return np.where(np.abs(x) > 5e-17, log(u) + c, x)


def _sine(x: Reals, quarters: int) -> Reals:
    t = x * 0.6366197723675814 + 6755399441055744.0
    n = t - 6755399441055744.0
    d = x - n * 1.5707963267341256
    b = n * 6.077100506303966e-11
    e = d - b
    f = ((d - e) - b) - n * 2.0222662487959506e-21
    r = e + f
    tail = np.where(np.abs(r) < 0.7854, (e - r) + f, 0.0)
    r = np.where(r < -0.7854, -0.7854, r)
    r = np.where(r > 0.7854, 0.7854, r)
    z = r * r
    s = r + ((z * r) * polynomial(_SIN, z) + tail)
    h = 0.5 * z
    o = 1.0 - h
    c = o + (((1.0 - o) - h) + ((z * z) * polynomial(_COS, z) - r * tail))
    k = t.view(np.uint64) + np.uint64(quarters)
    v = np.where((k & np.uint64(1)) != 0, c, s)
    v = np.where((k & np.uint64(2)) != 0, -v, v)
    return np.where(np.abs(x) < np.inf, v, np.nan)


def sin(x: Reals) -> Reals:
    """Sine of radians."""
    return _sine(x.astype(np.float64), 0).astype(x.dtype)


def cos(x: Reals) -> Reals:
    """Cosine of radians."""
    return _sine(x.astype(np.float64), 1).astype(x.dtype)


def tanh(x: Reals) -> Reals:
    """Hyperbolic tangent."""
    if x.dtype == np.float32:
        return tanh(x.astype(np.float64)).astype(np.float32)
    a = np.abs(x)
    y = np.where(a < 25.0, a, 25.0)
    e = expm1(2.0 * y)
    z = np.where(y > 0.5, 1.0 - 2.0 / (e + 2.0), e / (e + 2.0))
    return np.where(a > 1e-9, np.where(x < 0.0, -z, z), x)


def power(x: Reals, y: Reals) -> Reals:
    """exp(y log|x|) in double with the sign for odd y; 1 for y = 0 or x = 1; NaN for x < 0 and y not whole."""
    base, exponent = np.broadcast_arrays(x.astype(np.float64), y.astype(np.float64))
    m = exp(exponent * log(np.abs(base)))
    whole = np.floor(exponent) == exponent
    odd = exponent - 2.0 * np.floor(0.5 * exponent) == 1.0
    negative = np.where(whole, np.where(odd, -m, m), np.nan)
    value = np.where(base < 0.0, negative, m)
    return np.where((exponent == 0.0) | (base == 1.0), 1.0, value).astype(x.dtype)


def fixed(x: Reals) -> NDArray[np.int64]:
    """What `deliver` adds to a port: times 2^32 (float32) or 2^43 (float64), to the nearest integer.

    Magnitudes of 2^19 and more (float32) or above 2^18 (float64), infinity and NaN give what puts the sum out of range.
    """
    if x.dtype == np.float64:
        within = np.abs(x) <= 262144.0
        return np.rint(np.where(within, x, 699050.625) * 2.0**43).astype(np.int64)
    with np.errstate(over="ignore"):
        scaled = (x * np.float32(2.0**32)).astype(np.float64)
    # the bits of 1.5 2^52 and an integer below 2^51 count on from those of 1.5 2^52
    return (scaled + 1.5 * 2.0**52).view(np.int64) - np.int64(0x4338000000000000)


def unfixed(total: NDArray[np.int64], dtype: np.dtype[Any]) -> Reals:
    """A sum of fixed-point inputs as REAL."""
    return (total.astype(np.float64) * (2.0**-32 if dtype == np.float32 else 2.0**-43)).astype(dtype)
