/* Values of the networks of a batch side by side: those of one instance in all networks are neighbours. */
#ifndef PLAST_LANES_H
#define PLAST_LANES_H

#include "plast_model.h"

#define PL_INLINE static inline __attribute__((unused, always_inline))

typedef float pl_float4 __attribute__((vector_size(16)));

#ifdef __clang__
#define PL_PICK(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
typedef int32_t pl_int4 __attribute__((vector_size(16)));
#define PL_PICK(a, b, i, j, k, l) __builtin_shuffle(a, b, (pl_int4){i, j, k, l})
#endif

/* Four values from anywhere. */
PL_INLINE pl_float4 pl_load4(const float *from) {
    pl_float4 v;
    memcpy(&v, from, sizeof v);
    return v;
}
PL_INLINE void pl_store4(float *to, pl_float4 v) { memcpy(to, &v, sizeof v); }

/* Rows become columns: t[k][n] of what comes out is v[n][k]. Loops would not stay in registers. */
#define PL_TURN(t0, t1, t2, t3, v0, v1, v2, v3)                                              \
    const pl_float4 low01 = PL_PICK(v0, v1, 0, 4, 1, 5), low23 = PL_PICK(v2, v3, 0, 4, 1, 5);   \
    const pl_float4 high01 = PL_PICK(v0, v1, 2, 6, 3, 7), high23 = PL_PICK(v2, v3, 2, 6, 3, 7); \
    const pl_float4 t0 = PL_PICK(low01, low23, 0, 1, 4, 5), t1 = PL_PICK(low01, low23, 2, 3, 6, 7); \
    const pl_float4 t2 = PL_PICK(high01, high23, 0, 1, 4, 5), t3 = PL_PICK(high01, high23, 2, 3, 6, 7);

/* to[i * lanes + b] = from[b][i] for i in low .. high - 1. */
PL_INLINE void pl_join_lanesf(const float *const *from, float *restrict to, int32_t low, int32_t high, int32_t lanes) {
    const int32_t whole = lanes % 4 == 0 ? low + (high - low) / 4 * 4 : low;
    for (int32_t b = 0; b < lanes && low < whole; b += 4) {
        const float *const f0 = from[b], *const f1 = from[b + 1], *const f2 = from[b + 2], *const f3 = from[b + 3];
        for (int32_t i = low; i < whole; i += 4) {
            const pl_float4 v0 = pl_load4(f0 + i), v1 = pl_load4(f1 + i), v2 = pl_load4(f2 + i), v3 = pl_load4(f3 + i);
            PL_TURN(t0, t1, t2, t3, v0, v1, v2, v3)
            float *const here = to + (int64_t)i * lanes + b;
            pl_store4(here, t0);
            pl_store4(here + lanes, t1);
            pl_store4(here + 2 * lanes, t2);
            pl_store4(here + 3 * lanes, t3);
        }
    }
    for (int32_t i = whole; i < high; ++i) {
        for (int32_t b = 0; b < lanes; ++b) {
            to[(int64_t)i * lanes + b] = from[b][i];
        }
    }
}

#define PL_JOIN_LANES(name, type)                                                                            \
    PL_INLINE void name(const type *const *from, type *restrict to, int32_t low, int32_t high, int32_t lanes) { \
        for (int32_t i = low; i < high; ++i) {                                                                \
            for (int32_t b = 0; b < lanes; ++b) {                                                             \
                to[(int64_t)i * lanes + b] = from[b][i];                                                      \
            }                                                                                                 \
        }                                                                                                     \
    }
PL_JOIN_LANES(pl_join_lanes, double)
PL_JOIN_LANES(pl_join_lanesi, int32_t)
PL_JOIN_LANES(pl_join_lanesb, bool)

/* to[q] takes, for q in 0 .. n - 1, values[q * lanes + b] of all b, one after the other; n is at most 4. */
PL_INLINE void pl_add_lanesf(float *to, const float *values, int32_t n, int32_t lanes, bool minus) {
    if (n == 4 && lanes % 4 == 0) {
        pl_float4 sum = pl_load4(to);
        for (int32_t b = 0; b < lanes; b += 4) {
            const float *const here = values + b;
            const pl_float4 v0 = pl_load4(here), v1 = pl_load4(here + lanes);
            const pl_float4 v2 = pl_load4(here + 2 * lanes), v3 = pl_load4(here + 3 * lanes);
            PL_TURN(t0, t1, t2, t3, v0, v1, v2, v3)
            if (minus) {
                sum = sum - t0;
                sum = sum - t1;
                sum = sum - t2;
                sum = sum - t3;
            } else {
                sum = sum + t0;
                sum = sum + t1;
                sum = sum + t2;
                sum = sum + t3;
            }
        }
        pl_store4(to, sum);
        return;
    }
    for (int32_t q = 0; q < n; ++q) {
        float sum = to[q];
        for (int32_t b = 0; b < lanes; ++b) {
            sum = minus ? sum - values[q * lanes + b] : sum + values[q * lanes + b];
        }
        to[q] = sum;
    }
}

#define PL_ADD_LANES(name, type)                                                                   \
    PL_INLINE void name(type *to, const type *values, int32_t n, int32_t lanes, bool minus) {     \
        for (int32_t q = 0; q < n; ++q) {                                                          \
            type sum = to[q];                                                                      \
            for (int32_t b = 0; b < lanes; ++b) {                                                  \
                sum = minus ? sum - values[q * lanes + b] : sum + values[q * lanes + b];           \
            }                                                                                      \
            to[q] = sum;                                                                           \
        }                                                                                          \
    }
PL_ADD_LANES(pl_add_lanes, double)

/* Whether a row moves (1) in all networks. */
PL_INLINE bool pl_all_move(const uint8_t *quiet, int32_t lanes) {
    bool all = true;
    int32_t b = 0;
    for (; b + 8 <= lanes; b += 8) {
        uint64_t eight;
        memcpy(&eight, quiet + b, sizeof eight);
        all = all && eight == UINT64_C(0x0101010101010101);
    }
    for (; b < lanes; ++b) {
        all = all && quiet[b] == 1;
    }
    return all;
}

#endif
