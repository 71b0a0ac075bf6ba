/* Elementary functions from IEEE operations alone, so that every backend gives the same bits.
 *
 * Its twin is backends/reference/mathematics.py: the same operations in the same order. Compile with
 * -ffp-contract=off and without -ffast-math. Nothing here branches, so that loops over these functions
 * vectorise (with -fno-math-errno -fno-trapping-math, which change no value).
 *
 * The polynomials are Chebyshev fits on the reduced intervals, with errors below the last place. Largest errors
 * (tests/arithmetic): exp 1.1 ulp, log 1 ulp at either precision; expm1 1.8 ulp, log1p, sin, cos, tanh 0.51 ulp in float,
 * in double 2 ulp, tanh 2.5.
 * Beyond |x| = 1.6e6 sin and cos lose accuracy with the spacing of x, and stay in [-1, 1].
 */
#ifndef PLAST_MATH_H
#define PLAST_MATH_H

#ifdef __CUDACC_RTC__
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
#define INT32_MAX 2147483647
#define INT32_MIN (-2147483647 - 1)
#define INT64_MAX 9223372036854775807LL
#define UINT64_C(x) x##ULL
#else
#include <stdint.h>
#include <string.h>
#endif

/* What a function here is: inline; in CUDA for the device. */
#ifndef PL_FN
#ifdef __CUDACC__
#define PL_FN static __device__ __forceinline__
#else
#define PL_FN static inline
#endif
#endif

/* ------------------------------------------------------------------ bits */

#ifdef __CUDA_ARCH__
PL_FN uint32_t pl_bitsf(float x) { return __float_as_uint(x); }
PL_FN float pl_fromf(uint32_t b) { return __uint_as_float(b); }
PL_FN uint64_t pl_bits(double x) { return (uint64_t)__double_as_longlong(x); }
PL_FN double pl_from(uint64_t b) { return __longlong_as_double((long long)b); }
#else
PL_FN uint32_t pl_bitsf(float x) { uint32_t b; memcpy(&b, &x, sizeof b); return b; }
PL_FN float pl_fromf(uint32_t b) { float x; memcpy(&x, &b, sizeof x); return x; }
PL_FN uint64_t pl_bits(double x) { uint64_t b; memcpy(&b, &x, sizeof b); return b; }
PL_FN double pl_from(uint64_t b) { double x; memcpy(&x, &b, sizeof x); return x; }
#endif

#define PL_NANF pl_fromf(0x7fc00000u)
#define PL_INFF pl_fromf(0x7f800000u)
#define PL_NAN pl_from(UINT64_C(0x7ff8000000000000))
#define PL_INF pl_from(UINT64_C(0x7ff0000000000000))

#ifdef __CUDACC__
#define PL_RINTF(x) rintf(x)
#define PL_RINT(x) rint(x)
#define PL_CEILF(x) ceilf(x)
#define PL_CEIL(x) ceil(x)
#define PL_FLOORF(x) floorf(x)
#define PL_FLOOR(x) floor(x)
#define PL_SQRTF(x) sqrtf(x)
#define PL_SQRT(x) sqrt(x)
#define PL_ABSF(x) fabsf(x)
#define PL_ABS(x) fabs(x)
#else
#define PL_RINTF(x) __builtin_rintf(x)
#define PL_RINT(x) __builtin_rint(x)
#define PL_CEILF(x) __builtin_ceilf(x)
#define PL_CEIL(x) __builtin_ceil(x)
#define PL_FLOORF(x) __builtin_floorf(x)
#define PL_FLOOR(x) __builtin_floor(x)
#define PL_SQRTF(x) __builtin_sqrtf(x)
#define PL_SQRT(x) __builtin_sqrt(x)
#define PL_ABSF(x) __builtin_fabsf(x)
#define PL_ABS(x) __builtin_fabs(x)
#endif

/* ------------------------------------------------------------------ operators */

PL_FN float pl_minf(float a, float b) { return a < b ? a : b; }
PL_FN float pl_maxf(float a, float b) { return a > b ? a : b; }
PL_FN double pl_min(double a, double b) { return a < b ? a : b; }
PL_FN double pl_max(double a, double b) { return a > b ? a : b; }
PL_FN int32_t pl_mini(int32_t a, int32_t b) { return a < b ? a : b; }
PL_FN int32_t pl_maxi(int32_t a, int32_t b) { return a > b ? a : b; }

PL_FN float pl_signf(float x) { return (float)((x > 0.0f) - (x < 0.0f)); }
PL_FN double pl_sign(double x) { return (double)((x > 0.0) - (x < 0.0)); }

PL_FN float pl_modf(float a, float b) { return a - PL_FLOORF(a / b) * b; }
PL_FN double pl_mod(double a, double b) { return a - PL_FLOOR(a / b) * b; }

/* Integers wrap; % has the sign of b, and is 0 for b = 0. */
PL_FN int32_t pl_addi(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }
PL_FN int32_t pl_subi(int32_t a, int32_t b) { return (int32_t)((uint32_t)a - (uint32_t)b); }
PL_FN int32_t pl_muli(int32_t a, int32_t b) { return (int32_t)((uint32_t)a * (uint32_t)b); }
PL_FN int32_t pl_negi(int32_t a) { return (int32_t)(0u - (uint32_t)a); }
PL_FN int32_t pl_modi(int32_t a, int32_t b) {
    const int64_t d = b == 0 ? 1 : b;
    const int64_t r = (int64_t)a % d;
    return (int32_t)(r != 0 && ((r < 0) != (d < 0)) ? r + d : r);
}

/* REAL to INT: towards zero, saturating, NaN gives 0. */
PL_FN int32_t pl_cast(double x) {
    double y = x == x ? x : 0.0;
    y = y > -2147483648.0 ? y : -2147483648.0;
    y = y < 2147483647.0 ? y : 2147483647.0;
    return (int32_t)y;
}
PL_FN int32_t pl_castf(float x) { return pl_cast((double)x); }

/* ------------------------------------------------------------------ exp */

/* exp(r) - 1 of y = n log 2 + r; `n` as wrapped bits. */
PL_FN float pl_reducef(float y, uint32_t *n_bits) {
    const float t = y * 1.442695f + 12582912.0f; /* 1.5 * 2^23: the low bits are the nearest integer */
    const float n = t - 12582912.0f;
    const float r = (y - n * 0.693359375f) - n * -2.1219444e-4f;
    float p = 1.392625e-3f;
    p = p * r + 8.363233e-3f;
    p = p * r + 4.1666552e-2f;
    p = p * r + 1.6666576e-1f;
    p = p * r + 0.5f;
    *n_bits = pl_bitsf(t) - 0x4b400000u;
    return p * (r * r) + r;
}

PL_FN double pl_reduce(double y, uint64_t *n_bits) {
    const double t = y * 1.4426950408889634 + 6755399441055744.0; /* 1.5 * 2^52 */
    const double n = t - 6755399441055744.0;
    const double r = (y - n * 0.6931471803691238) - n * 1.9082149292705877e-10;
    double p = 2.09147553258932e-09;
    p = p * r + 2.5105312729622103e-08;
    p = p * r + 2.755727347871858e-07;
    p = p * r + 2.755725517000089e-06;
    p = p * r + 2.480158732567746e-05;
    p = p * r + 1.984126987500228e-04;
    p = p * r + 1.3888888888883711e-03;
    p = p * r + 8.333333333326084e-03;
    p = p * r + 4.166666666666667e-02;
    p = p * r + 1.666666666666667e-01;
    p = p * r + 0.5;
    *n_bits = pl_bits(t) - UINT64_C(0x4338000000000000);
    return p * (r * r) + r;
}

/* At least -low, at most 89, for low > 0: positive floats are in the order of their bits, negative ones come behind them and
 * in the order of their size. An instruction each where compilers make two or three of comparisons, for the sake of NaN. */
PL_FN float pl_clampf(float x, float low) {
    const int32_t most = (int32_t)pl_bitsf(89.0f), bits = (int32_t)pl_bitsf(x);
    const uint32_t y = (uint32_t)(bits < most ? bits : most), least = pl_bitsf(-low);
    return pl_fromf(y < least ? y : least);
}

PL_FN float pl_expf(float x) {
    const float y = pl_clampf(x, 104.0f);
    uint32_t k;
    const float e = pl_reducef(y, &k) + 1.0f;
    /* 2^n in two factors, so that both are normal and one rounding makes a denormal result */
    const uint32_t h = (k + 256u) >> 1;
    const float z = (e * pl_fromf((h - 1u) << 23)) * pl_fromf((k - h + 255u) << 23);
    return x == x ? z : x;
}

PL_FN double pl_exp(double x) {
    double y = x > 710.0 ? 710.0 : x;
    y = y < -746.0 ? -746.0 : y;
    uint64_t k;
    const double e = pl_reduce(y, &k) + 1.0;
    const uint64_t h = (k + 2048u) >> 1;
    const double z = (e * pl_from((h - 1u) << 52)) * pl_from((k - h + 2047u) << 52);
    return x == x ? z : x;
}

/* exp(x) - 1, accurate near 0. */
PL_FN double pl_expm1(double x) {
    double y = x > 710.0 ? 710.0 : x;
    y = y < -50.0 ? -50.0 : y;
    uint64_t k;
    const double e = pl_reduce(y, &k);
    const double s = pl_from((k + 1022u) << 52); /* 2^(n-1): 2^n itself may be too large */
    const double z = 2.0 * (s * e + (s - 0.5));
    return PL_ABS(x) > 5e-17 ? z : x; /* NaN and -0 come back as they are */
}
/* exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1): what is small stays exact. */
PL_FN float pl_expm1f(float x) {
    const float y = pl_clampf(x, 30.0f);
    uint32_t k;
    const float e = pl_reducef(y, &k);
    const float s = pl_fromf((k + 126u) << 23); /* 2^(n-1): 2^n itself may be too large */
    const float z = 2.0f * (s * e + (s - 0.5f));
    return PL_ABSF(x) > 2e-8f ? z : x; /* NaN and -0 come back as they are */
}

/* ------------------------------------------------------------------ log */

PL_FN float pl_logf(float x) {
    const int tiny = x < 1.17549435e-38f;
    const float y = tiny ? x * 8388608.0f : x;
    const uint32_t b = pl_bitsf(y) + 0x004afb0du; /* puts the change of exponent at sqrt(1/2) */
    const float k = (float)(int32_t)(b >> 23) - (tiny ? 150.0f : 127.0f);
    const float f = pl_fromf((b & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
    const float s = f / (f + 2.0f);
    const float z = s * s;
    float p = 2.95804e-01f;
    p = p * z + 3.998877e-01f;
    p = p * z + 6.6666687e-01f;
    const float h = (0.5f * f) * f;
    const float v = k * 0.693359375f - ((h - (s * (p * z + h) + k * -2.1219444e-4f)) - f);
    const float w = x > 0.0f ? v : (x == 0.0f ? -PL_INFF : PL_NANF);
    return x < PL_INFF ? w : x;
}

PL_FN double pl_log(double x) {
    const int tiny = x < 2.2250738585072014e-308;
    const double y = tiny ? x * 18014398509481984.0 : x; /* 2^54 */
    const uint64_t b = pl_bits(y) + UINT64_C(0x00095f619980c433);
    /* the exponent as double through the bits of 2^52 + exponent */
    const double k = pl_from((b >> 52) | UINT64_C(0x4330000000000000)) - (tiny ? 4503599627371573.0 : 4503599627371519.0);
    const double f = pl_from((b & UINT64_C(0x000fffffffffffff)) + UINT64_C(0x3fe6a09e667f3bcd)) - 1.0;
    const double s = f / (f + 2.0);
    const double z = s * s;
    double p = 1.461703754879165e-01;
    p = p * z + 1.533167403016786e-01;
    p = p * z + 1.8182890556695602e-01;
    p = p * z + 2.222221111514416e-01;
    p = p * z + 2.857142862609589e-01;
    p = p * z + 3.999999999989924e-01;
    p = p * z + 6.66666666666667e-01;
    const double h = (0.5 * f) * f;
    const double v = k * 0.6931471803691238 - ((h - (s * (p * z + h) + k * 1.9082149292705877e-10)) - f);
    const double w = x > 0.0 ? v : (x == 0.0 ? -PL_INF : PL_NAN);
    return x < PL_INF ? w : x;
}

/* log(1 + x), accurate near 0: what 1 + x rounds away comes back as a correction. */
PL_FN double pl_log1p(double x) {
    const double u = 1.0 + x;
    const double lost = x > 1.0 ? 1.0 - (u - x) : x - (u - 1.0);
    const double c = (u > 0.0 && u < 1e300) ? lost / u : 0.0;
    const double z = pl_log(u) + c;
    return PL_ABS(x) > 5e-17 ? z : x;
}
PL_FN float pl_log1pf(float x) { return (float)pl_log1p((double)x); }

/* ------------------------------------------------------------------ sin, cos */

/* sin(x + quarters * pi/2) */
PL_FN double pl_sine(double x, uint64_t quarters) {
    const double t = x * 0.6366197723675814 + 6755399441055744.0;
    const double n = t - 6755399441055744.0;
    const double d = x - n * 1.5707963267341256;
    const double b = n * 6.077100506303966e-11;
    const double e = d - b;
    const double f = ((d - e) - b) - n * 2.0222662487959506e-21;
    double r = e + f;
    const double tail = PL_ABS(r) < 0.7854 ? (e - r) + f : 0.0;
    r = r < -0.7854 ? -0.7854 : r; /* only where x is so large that the reduction has lost its digits */
    r = r > 0.7854 ? 0.7854 : r;
    const double z = r * r;
    double p = 1.5917867766896243e-10;
    p = p * z + -2.5051128211610636e-08;
    p = p * z + 2.7557316085102794e-06;
    p = p * z + -1.9841269836724904e-04;
    p = p * z + 8.333333333330925e-03;
    p = p * z + -1.6666666666666666e-01;
    const double s = r + ((z * r) * p + tail);
    double q = -1.1382468815765352e-11;
    q = q * z + 2.087614399539826e-09;
    q = q * z + -2.755731726081361e-07;
    q = q * z + 2.4801587298744625e-05;
    q = q * z + -1.3888888888887382e-03;
    q = q * z + 4.1666666666666664e-02;
    const double h = 0.5 * z;
    const double o = 1.0 - h;
    const double c = o + (((1.0 - o) - h) + ((z * z) * q - r * tail));
    const uint64_t k = pl_bits(t) + quarters;
    const double v = (k & 1u) ? c : s;
    return (k & 2u) ? -v : v;
}
PL_FN double pl_sin(double x) { const double v = pl_sine(x, 0u); return PL_ABS(x) < PL_INF ? v : PL_NAN; }
PL_FN double pl_cos(double x) { const double v = pl_sine(x, 1u); return PL_ABS(x) < PL_INF ? v : PL_NAN; }
PL_FN float pl_sinf(float x) { return (float)pl_sin((double)x); }
PL_FN float pl_cosf(float x) { return (float)pl_cos((double)x); }

/* ------------------------------------------------------------------ tanh, pow */

PL_FN double pl_tanh(double x) {
    const double a = PL_ABS(x);
    const double y = a < 25.0 ? a : 25.0;
    const double e = pl_expm1(2.0 * y);
    const double z = y > 0.5 ? 1.0 - 2.0 / (e + 2.0) : e / (e + 2.0);
    const double v = x < 0.0 ? -z : z;
    return a > 1e-9 ? v : x;
}
PL_FN float pl_tanhf(float x) { return (float)pl_tanh((double)x); }

/* exp(y log|x|), with the sign of x for odd y; 1 for y = 0 or x = 1; NaN for x < 0 and y not an integer. */
PL_FN double pl_pow(double x, double y) {
    const double m = pl_exp(y * pl_log(PL_ABS(x)));
    const int whole = PL_FLOOR(y) == y;
    const int odd = y - 2.0 * PL_FLOOR(0.5 * y) == 1.0;
    const double s = x < 0.0 ? (whole ? (odd ? -m : m) : PL_NAN) : m;
    return (y == 0.0 || x == 1.0) ? 1.0 : s;
}
PL_FN float pl_powf(float x, float y) { return (float)pl_pow((double)x, (double)y); }

/* ------------------------------------------------------------------ where bits do not matter */

/* The device's own functions: as accurate, faster, and their bits are their own. */
#ifdef PL_FAST
#define pl_expf(x) expf(x)
#define pl_exp(x) exp(x)
#define pl_expm1f(x) expm1f(x)
#define pl_expm1(x) expm1(x)
#define pl_logf(x) logf(x)
#define pl_log(x) log(x)
#define pl_log1pf(x) log1pf(x)
#define pl_log1p(x) log1p(x)
#define pl_sinf(x) sinf(x)
#define pl_sin(x) sin(x)
#define pl_cosf(x) cosf(x)
#define pl_cos(x) cos(x)
#define pl_tanhf(x) tanhf(x)
#define pl_tanh(x) tanh(x)
#define pl_powf(x, y) powf(x, y)
#define pl_pow(x, y) pow(x, y)
#endif

/* ------------------------------------------------------------------ fixed point */

/* What `deliver` adds to a port: times 2^32 (float models) or 2^43 (double models), to the nearest integer. Magnitudes of
 * 2^19 and more (float) or above 2^18 (double), infinity and no number give what puts the sum out of range.
 *
 * In float the bits of v 2^32 + 1.5 2^52 are those of the integer, and behind that range they are far away from it. */
PL_FN int64_t pl_fixedf(float v) {
    const double x = v * 4294967296.0f; /* exact, or infinite */
    return (int64_t)(pl_bits(x + 6755399441055744.0) - UINT64_C(0x4338000000000000));
}
PL_FN int64_t pl_fixed(double v) {
    const double x = PL_ABS(v) <= 262144.0 ? v : 699050.625; /* about 2^64 / 3 */
    return (int64_t)PL_RINT(x * 8796093022208.0);
}
PL_FN float pl_unfixedf(int64_t sum) { return (float)((double)sum * 2.3283064365386963e-10); }
PL_FN double pl_unfixed(int64_t sum) { return (double)sum * 1.1368683772161603e-13; }

#endif
