/* Counter-based random numbers (Philox4x32-10) and the draws made from them.
 *
 * Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011).
 * Normals: Wichura, "Algorithm AS 241", Applied Statistics 37 (1988). Twin: backends/reference/random.py.
 */
#ifndef PLAST_RANDOM_H
#define PLAST_RANDOM_H

#include "plast_math.h"

typedef struct {
    uint32_t w0, w1, w2, w3;
} pl_words;

/* A round, written out ten times below: gcc makes vectors of a loop only where it finds no other loop inside. */
#define PL_ROUND(k)                                                                    \
    {                                                                                  \
        const uint64_t p = (uint64_t)0xD2511F53u * w0, q = (uint64_t)0xCD9E8D57u * w2; \
        w0 = (uint32_t)(q >> 32) ^ w1 ^ (k0 + (k)*0x9E3779B9u);                        \
        w2 = (uint32_t)(p >> 32) ^ w3 ^ (k1 + (k)*0xBB67AE85u);                        \
        w1 = (uint32_t)q;                                                              \
        w3 = (uint32_t)p;                                                              \
    }

/* Ten rounds on the counter (a, b, step, c) with the seed as key, low word first. */
PL_FN pl_words pl_philox(uint32_t a, uint32_t b, uint32_t step, uint32_t c, uint64_t seed) {
    const uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    uint32_t w0 = a, w1 = b, w2 = step, w3 = c;
    PL_ROUND(0u)
    PL_ROUND(1u)
    PL_ROUND(2u)
    PL_ROUND(3u)
    PL_ROUND(4u)
    PL_ROUND(5u)
    PL_ROUND(6u)
    PL_ROUND(7u)
    PL_ROUND(8u)
    PL_ROUND(9u)
    pl_words x;
    x.w0 = w0;
    x.w1 = w1;
    x.w2 = w2;
    x.w3 = w3;
    return x;
}
#undef PL_ROUND

/* The last word of a counter. */
PL_FN uint32_t pl_counter(uint32_t purpose, uint32_t ordinal, uint32_t repeat) {
    return purpose | ((ordinal & 255u) << 16) | ((repeat & 255u) << 24);
}

/* What is kept of a probability or rank that is NaN (their numbers: plastlang/ir/decisions.py): the largest of these words
 * is that of the least (number, i, j), 0 that of none. Neurons from 2^24 - 1 on are not told apart. */
PL_FN uint64_t pl_nan_word(uint32_t number, int32_t i, int32_t j) {
    const uint64_t pre = i < 0xFFFFFF ? (uint64_t)i : 0xFFFFFFu, post = j < 0xFFFFFF ? (uint64_t)j : 0xFFFFFFu;
    return ~((uint64_t)number << 48 | pre << 24 | post);
}

/* What is kept of the input of a neuron that has left its range: the largest of these words is that of the least (population,
 * network, port, neuron). There are at most 2^14 populations and 2^10 ports. */
PL_FN uint64_t pl_input_word(int64_t population, int64_t network, int64_t port, int32_t i) {
    const uint64_t neuron = i < 0xFFFFFF ? (uint64_t)i : 0xFFFFFFu;
    return ~((uint64_t)population << 50 | (uint64_t)network << 34 | (uint64_t)port << 24 | neuron);
}

/* ------------------------------------------------------------------ uniform */

PL_FN float pl_uf(pl_words w) { return (float)(int32_t)(w.w0 >> 8) * 5.9604644775390625e-08f; }
PL_FN double pl_u(pl_words w) {
    return ((double)(int32_t)(w.w0 >> 5) * 67108864.0 + (double)(int32_t)(w.w1 >> 6)) * 1.1102230246251565e-16;
}
/* The u of initial connectivity, from one word. */
PL_FN double pl_connect_u(uint32_t word) { return (double)(int32_t)(word >> 8) * 5.9604644775390625e-08; }

PL_FN float pl_uniformf(pl_words w, float low, float high) { return low + (high - low) * pl_uf(w); }
PL_FN double pl_uniform(pl_words w, double low, double high) { return low + (high - low) * pl_u(w); }

/* (word * n) >> 32: an index below n. */
PL_FN uint32_t pl_below(uint32_t word, uint32_t n) { return (uint32_t)(((uint64_t)word * n) >> 32); }
PL_FN int32_t pl_randint(pl_words w, int32_t n) { return n > 0 ? (int32_t)pl_below(w.w0, (uint32_t)n) : 0; }

PL_FN float pl_random_signf(pl_words w) { return (w.w0 >> 31) ? 1.0f : -1.0f; }
PL_FN double pl_random_sign(pl_words w) { return (w.w0 >> 31) ? 1.0 : -1.0; }

PL_FN float pl_exponentialf(pl_words w, float mean) { return -mean * pl_logf(1.0f - pl_uf(w)); }
PL_FN double pl_exponential(pl_words w, double mean) { return -mean * pl_log(1.0 - pl_u(w)); }

/* ------------------------------------------------------------------ normal */

/* PPND7; no outermost branch, which begins below p = 1.4e-11 (a float u' is at least 2^-25). */
PL_FN float pl_ppndf(float p) {
    const float q = p - 0.5f;
    const float a = 0.180625f - q * q;
    float n = 59.10937472f;
    n = n * a + 159.29113202f;
    n = n * a + 50.434271938f;
    n = n * a + 3.3871327179f;
    float d = 67.1875636f;
    d = d * a + 78.757757664f;
    d = d * a + 17.895169469f;
    d = d * a + 1.0f;
    const float middle = q * (n / d);
    const float tail = q < 0.0f ? p : 1.0f - p;
    const float r = PL_SQRTF(-pl_logf(tail)) - 1.6f;
    n = 0.17023821103f;
    n = n * r + 1.3067284816f;
    n = n * r + 2.75681539f;
    n = n * r + 1.4234372777f;
    d = 0.12021132975f;
    d = d * r + 0.7370016425f;
    d = d * r + 1.0f;
    const float z = n / d;
    const float outer = q < 0.0f ? -z : z;
    return PL_ABSF(q) <= 0.425f ? middle : outer;
}

/* PPND16. */
PL_FN double pl_ppnd(double p) {
    const double q = p - 0.5;
    const double a = 0.180625 - q * q;
    double n = 2.5090809287301226727e+3;
    n = n * a + 3.3430575583588128105e+4;
    n = n * a + 6.7265770927008700853e+4;
    n = n * a + 4.5921953931549871457e+4;
    n = n * a + 1.3731693765509461125e+4;
    n = n * a + 1.9715909503065514427e+3;
    n = n * a + 1.3314166789178437745e+2;
    n = n * a + 3.3871328727963666080e+0;
    double d = 5.2264952788528545610e+3;
    d = d * a + 2.8729085735721942674e+4;
    d = d * a + 3.9307895800092710610e+4;
    d = d * a + 2.1213794301586595867e+4;
    d = d * a + 5.3941960214247511077e+3;
    d = d * a + 6.8718700749205790830e+2;
    d = d * a + 4.2313330701600911252e+1;
    d = d * a + 1.0;
    const double middle = q * (n / d);
    const double tail = q < 0.0 ? p : 1.0 - p;
    const double r = PL_SQRT(-pl_log(tail));
    const double b = r - 1.6;
    n = 7.74545014278341407640e-4;
    n = n * b + 2.27238449892691845833e-2;
    n = n * b + 2.41780725177450611770e-1;
    n = n * b + 1.27045825245236838258e+0;
    n = n * b + 3.64784832476320460504e+0;
    n = n * b + 5.76949722146069140550e+0;
    n = n * b + 4.63033784615654529590e+0;
    n = n * b + 1.42343711074968357734e+0;
    d = 1.05075007164441684324e-9;
    d = d * b + 5.47593808499534494600e-4;
    d = d * b + 1.51986665636164571966e-2;
    d = d * b + 1.48103976427480074590e-1;
    d = d * b + 6.89767334985100004550e-1;
    d = d * b + 1.67638483018380384940e+0;
    d = d * b + 2.05319162663775882187e+0;
    d = d * b + 1.0;
    const double near_tail = n / d;
    const double c = r - 5.0;
    n = 2.01033439929228813265e-7;
    n = n * c + 2.71155556874348757815e-5;
    n = n * c + 1.24266094738807843860e-3;
    n = n * c + 2.65321895265761230930e-2;
    n = n * c + 2.96560571828504891230e-1;
    n = n * c + 1.78482653991729133580e+0;
    n = n * c + 5.46378491116411436990e+0;
    n = n * c + 6.65790464350110377720e+0;
    d = 2.04426310338993978564e-15;
    d = d * c + 1.42151175831644588870e-7;
    d = d * c + 1.84631831751005468180e-5;
    d = d * c + 7.86869131145613259100e-4;
    d = d * c + 1.48753612908506148525e-2;
    d = d * c + 1.36929880922735805310e-1;
    d = d * c + 5.99832206555887937690e-1;
    d = d * c + 1.0;
    const double far_tail = n / d;
    const double z = r <= 5.0 ? near_tail : far_tail;
    const double outer = q < 0.0 ? -z : z;
    return PL_ABS(q) <= 0.425 ? middle : outer;
}

/* A standard normal from the words: u moved to the middle of its interval, and kept below 1. */
PL_FN float pl_gaussf(pl_words w) {
    const float u = pl_uf(w) + 2.98023223876953125e-08f;
    return pl_ppndf(u < 1.0f ? u : 0.999999940395355224609375f);
}
PL_FN double pl_gauss(pl_words w) {
    const double u = pl_u(w) + 5.5511151231257827e-17;
    return pl_ppnd(u < 1.0 ? u : 0.99999999999999988898);
}
PL_FN float pl_normalf(pl_words w, float mean, float deviation) { return mean + deviation * pl_gaussf(w); }
PL_FN double pl_normal(pl_words w, double mean, double deviation) { return mean + deviation * pl_gauss(w); }

/* ------------------------------------------------------------------ poisson */

PL_FN int32_t pl_poisson(pl_words w, double mean) {
    if (!(mean > 0.0)) {
        return 0;
    }
    if (mean < 500.0) {
        const double u = pl_u(w);
        double term = pl_exp(-mean);
        double sum = term;
        int32_t k = 0;
        while (!(u < sum) && k < 2000) {
            ++k;
            term *= mean / (double)k;
            sum += term;
        }
        return k;
    }
    return pl_cast(pl_max(0.0, PL_RINT(mean + PL_SQRT(mean) * pl_gauss(w))));
}

/* Step of the next spike of a Poisson process: base + g, g = 1 + floor(-log(1 - u) / (rate dt)) <= 2^30;
 * 2^31 - 1 ("never") where rate <= 0 or NaN, or where the sum would be larger. */
PL_FN int32_t pl_renewal(pl_words w, int64_t base, double rate, double dt) {
    double g = PL_FLOOR(-pl_log(1.0 - pl_u(w)) / (rate * dt));
    g = g < 1073741823.0 ? g : 1073741823.0;
    g = g > 0.0 ? g : 0.0;
    const int64_t next = base + 1 + (int64_t)g;
    return rate > 0.0 && next < 2147483647 ? (int32_t)next : 2147483647;
}

#endif
