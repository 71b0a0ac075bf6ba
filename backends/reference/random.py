"""Counter-based random numbers and draws: the NumPy twin of backends/include/plast_random.h.

Philox4x32-10 (Salmon et al., SC11, 2011); normals by Wichura's AS 241 (Applied Statistics 37, 1988).
`words` is always an array of shape (4, n), uint32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plastlang.backends.reference import mathematics

Reals = NDArray[Any]
Words = NDArray[np.uint32]

NEVER = 2**31 - 1

_P7 = (
    (59.10937472, 159.29113202, 50.434271938, 3.3871327179),
    (67.1875636, 78.757757664, 17.895169469, 1.0),
    (0.17023821103, 1.3067284816, 2.75681539, 1.4234372777),
    (0.12021132975, 0.7370016425, 1.0),
)
_P16 = (
    (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
     1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0),
    (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
     5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0),
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0,
     3.64784832476320460504e0, 5.76949722146069140550e0, 4.63033784615654529590e0, 1.42343711074968357734e0),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
     6.89767334985100004550e-1, 1.67638483018380384940e0, 2.05319162663775882187e0, 1.0),
)  # fmt: skip
_P16_FAR = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
     2.96560571828504891230e-1, 1.78482653991729133580e0, 5.46378491116411436990e0, 6.65790464350110377720e0),
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
     1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0),
)  # fmt: skip


def philox(a: ArrayLike, b: ArrayLike, step: ArrayLike, c: ArrayLike, seed: int) -> Words:
    """Philox4x32-10 of the counters (a, b, step, c); key: the 64-bit seed, low word first. Shape (4, n)."""
    low = np.uint64(0xFFFFFFFF)
    half = np.uint64(32)
    columns = np.broadcast_arrays(*(np.atleast_1d(np.asarray(v)).astype(np.int64).astype(np.uint64) & low
                                    for v in (a, b, step, c)))  # fmt: skip
    x0, x1, x2, x3 = columns
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF
    for _ in range(10):
        p = np.uint64(0xD2511F53) * x0
        q = np.uint64(0xCD9E8D57) * x2
        x0, x1, x2, x3 = (q >> half) ^ x1 ^ np.uint64(k0), q & low, (p >> half) ^ x3 ^ np.uint64(k1), p & low
        k0 = (k0 + 0x9E3779B9) & 0xFFFFFFFF
        k1 = (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack((x0, x1, x2, x3)).astype(np.uint32)


def counter(purpose: int, ordinal: ArrayLike = 0, repeat: int = 0) -> NDArray[np.int64]:
    """The last word of a counter."""
    return purpose | (np.asarray(ordinal, np.int64) & 255) << 16 | (repeat & 255) << 24


def unit(words: Words, dtype: np.dtype[Any]) -> Reals:
    """u in [0, 1), 24 bits in float32, 53 bits in float64."""
    if dtype == np.float32:
        single: Reals = (words[0] >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)
        return single
    high = (words[0] >> np.uint32(5)).astype(np.float64) * 67108864.0
    double: Reals = (high + (words[1] >> np.uint32(6)).astype(np.float64)) * 2.0**-53
    return double


def below(word: NDArray[np.uint32], n: ArrayLike) -> NDArray[np.int64]:
    """(word * n) >> 32: an index below n."""
    return ((word.astype(np.uint64) * np.asarray(n).astype(np.uint64)) >> np.uint64(32)).astype(np.int64)


def uniform(words: Words, low: Reals, high: Reals) -> Reals:
    """low + (high - low) u."""
    result: Reals = low + (high - low) * unit(words, low.dtype)
    return result


def random_sign(words: Words, dtype: np.dtype[Any]) -> Reals:
    """1 or -1, by the highest bit."""
    return np.where(words[0] >> np.uint32(31) != 0, 1.0, -1.0).astype(dtype)


def randint(words: Words, n: NDArray[np.int32]) -> NDArray[np.int32]:
    """0 .. n - 1; 0 for n <= 0."""
    return below(words[0], np.maximum(n, 0)).astype(np.int32)


def exponential(words: Words, mean: Reals) -> Reals:
    """-mean log(1 - u)."""
    return -mean * mathematics.log(mean.dtype.type(1) - unit(words, mean.dtype))


def inverse_normal(p: Reals) -> Reals:
    """Inverse of the normal distribution: PPND7 in float32 (for p >= 2^-25), PPND16 in float64."""
    real = p.dtype.type
    table = _P7 if p.dtype == np.float32 else _P16
    poly = mathematics.polynomial
    q = p - real(0.5)
    a = real(0.180625) - q * q
    middle = q * (poly(table[0], a) / poly(table[1], a))
    tail = np.where(q < 0, p, real(1) - p)
    r = np.sqrt(-mathematics.log(tail))
    z = poly(table[2], r - real(1.6)) / poly(table[3], r - real(1.6))
    if p.dtype == np.float64:
        far = poly(_P16_FAR[0], r - 5.0) / poly(_P16_FAR[1], r - 5.0)
        z = np.where(r <= 5.0, z, far)
    return np.where(np.abs(q) <= real(0.425), middle, np.where(q < 0, -z, z))


def gauss(words: Words, dtype: np.dtype[Any]) -> Reals:
    """A standard normal."""
    real = np.dtype(dtype).type
    shift, top = (2.0**-25, 1 - 2.0**-24) if dtype == np.float32 else (2.0**-54, 1 - 2.0**-53)
    u = unit(words, dtype) + real(shift)
    return inverse_normal(np.where(u < real(1), u, real(top)))


def normal(words: Words, mean: Reals, deviation: Reals) -> Reals:
    """mean + deviation N."""
    result: Reals = mean + deviation * gauss(words, mean.dtype)
    return result


def poisson(words: Words, mean: Reals) -> NDArray[np.int32]:
    """By inversion below a mean of 500, by the normal approximation from there; 0 for mean <= 0 and NaN."""
    m, u = np.broadcast_arrays(mean.astype(np.float64), unit(words, np.dtype(np.float64)))
    result = np.zeros(m.shape, np.int32)
    small = (m > 0) & (m < 500)
    term = np.where(small, mathematics.exp(-m), 1.0)
    total = term.copy()
    busy = small & ~(u < total)
    k = 0
    while busy.any() and k < 2000:
        k += 1
        result[busy] = k
        term = term * (m / float(k))
        total = total + term
        busy &= ~(u < total)
    large = mathematics.maximum(np.zeros_like(m), np.rint(m + np.sqrt(m) * gauss(words, np.dtype(np.float64))))
    return np.where(m >= 500, mathematics.to_int(large), result)


def renewal(words: Words, base: ArrayLike, rate: Reals, dt: float) -> NDArray[np.int32]:
    """Step of the next spike of a Poisson process after step `base`; NEVER where the rate is not positive."""
    r, step = rate.astype(np.float64), np.asarray(base, np.int64)
    g = np.floor(-mathematics.log(1.0 - unit(words, np.dtype(np.float64))) / (r * dt))
    g = np.where(g < 1073741823.0, g, 1073741823.0)
    g = np.where(g > 0.0, g, 0.0)
    due = step + 1 + g.astype(np.int64)
    return np.where((r > 0.0) & (due < NEVER), due, NEVER).astype(np.int32)
