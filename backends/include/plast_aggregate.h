/* Sums over many values, and their quantiles. Sums are made in runs of PL_RUN, then of the sums of the runs likewise, so
 * that parts can be summed apart. */
#ifndef PLAST_AGGREGATE_H
#define PLAST_AGGREGATE_H

#include "plast_math.h"

#define PL_RUN 256
/* PL_RUN to this power is more than there can be neurons. */
#define PL_LEVELS 4

typedef struct pl_sum {
    double part[PL_LEVELS];
    int32_t count[PL_LEVELS];
} pl_sum;

PL_FN void pl_sum_add(pl_sum *s, double value) {
    int32_t k = 0;
    s->part[0] += value;
    while (++s->count[k] == PL_RUN && k + 1 < PL_LEVELS) {
        const double run = s->part[k];
        s->part[k] = 0.0;
        s->count[k] = 0;
        s->part[++k] += run;
    }
}

PL_FN double pl_sum_total(const pl_sum *s) {
    double rest = 0.0;
    for (int32_t k = 0; k < PL_LEVELS; ++k) {
        rest = s->part[k] + rest;
    }
    return rest;
}

/* A quantile is found bit by bit: values are counted PL_BITS + 1 times, first all of them, then those whose highest bits
 * are those found so far. */
#define PL_BITSF 32
#define PL_BITS 64

typedef struct pl_quantile {
    uint64_t key; /* the bits found so far, the others 0 */
    int64_t rest; /* its rank among the values that have them, from 1; 0 where there is no value */
    int64_t count;
} pl_quantile;

/* The bits of numbers in their order; 0 and -0 are one. */
PL_FN uint64_t pl_orderf(float x) {
    const uint32_t bits = pl_bitsf(x + 0.0f);
    return bits >> 31 ? ~bits : bits | 1u << 31;
}
PL_FN uint64_t pl_order(double x) {
    const uint64_t bits = pl_bits(x + 0.0);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

/* Whether a value counts before `bit` is known (PL_BITS: before any is). NaN takes no part. */
PL_FN int32_t pl_countsf(uint64_t key, int32_t bit, float x) {
    return x == x && (bit == PL_BITSF || pl_orderf(x) >> bit == key >> bit);
}
PL_FN int32_t pl_counts(uint64_t key, int32_t bit, double x) {
    return x == x && (bit == PL_BITS || pl_order(x) >> bit == key >> bit);
}

/* The rank of a quantile among n values; NaN counts as 0. */
PL_FN int64_t pl_quantile_rank(double fraction, int64_t n) {
    const double rank = -PL_FLOOR(-(fraction * (double)n));
    return n == 0 ? 0 : rank >= 1.0 ? (rank < (double)n ? (int64_t)rank : n) : 1;
}

/* What the counts of a pass say. A fraction below 1 is taken for a little less than it is (docs/numerics.md). */
PL_FN void pl_quantile_pass(pl_quantile *q, int32_t bit, int32_t bits, double fraction) {
    if (bit == bits) {
        q->rest = pl_quantile_rank(fraction, q->count);
    } else if (q->rest > q->count) {
        q->rest -= q->count;
        q->key |= UINT64_C(1) << bit;
    }
    q->count = 0;
}
PL_FN void pl_quantile_nextf(pl_quantile *q, int32_t bit, float fraction) {
    pl_quantile_pass(q, bit, PL_BITSF, fraction >= 1.0f ? 1.0 : (double)fraction * (1.0 - 0x1p-23));
}
PL_FN void pl_quantile_next(pl_quantile *q, int32_t bit, double fraction) {
    pl_quantile_pass(q, bit, PL_BITS, fraction >= 1.0 ? 1.0 : fraction * (1.0 - 0x1p-51));
}

PL_FN float pl_quantile_valuef(const pl_quantile *q) {
    const uint32_t key = (uint32_t)q->key;
    return q->rest == 0 ? PL_NANF : pl_fromf(key >> 31 ? key ^ 1u << 31 : ~key);
}
PL_FN double pl_quantile_value(const pl_quantile *q) {
    return q->rest == 0 ? PL_NAN : pl_from(q->key >> 63 ? q->key ^ UINT64_C(1) << 63 : ~q->key);
}

#endif
