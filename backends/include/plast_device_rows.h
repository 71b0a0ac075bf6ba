/* Rows of synapses on a device. */
#ifndef PLAST_DEVICE_ROWS_H
#define PLAST_DEVICE_ROWS_H

#include "plast_device.h"

/* The first entry at or behind `from` (before `end`) whose post is at least `j`. */
PL_DEVICE int64_t pl_rows_lower(const int32_t *post, int64_t from, int64_t end, int32_t j) {
    int64_t n = end - from;
    while (n > 0) {
        const int64_t half = n / 2;
        const bool right = post[from + half] < j;
        from = right ? from + half + 1 : from;
        n = right ? n - half - 1 : half;
    }
    return from;
}

/* The oldest synapse of a pair, or -1. */
PL_DEVICE int64_t pl_rows_find(const pl_rows *r, int32_t i, int32_t j) {
    const int64_t end = r->start[i] + r->length[i];
    const int64_t s = pl_rows_lower(r->post, r->start[i], end, j);
    return s < end && r->post[s] == j ? s : -1;
}

/* How many older synapses the pair of entry `s` has. */
PL_DEVICE uint32_t pl_rows_ordinal(const pl_rows *r, int32_t i, int64_t s) {
    const int64_t start = r->start[i];
    uint32_t older = 0;
    while (s > start && r->post[s - 1] == r->post[s]) {
        --s;
        ++older;
    }
    return older;
}

#endif
