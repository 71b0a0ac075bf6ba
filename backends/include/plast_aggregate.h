/* Sums over many values: in runs of PL_RUN, then of the sums of the runs likewise, so that parts can be summed apart. */
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

#endif
