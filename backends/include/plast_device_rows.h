/* Rows of synapses on a device: found, ordered, and changed by a warp for each row. */
#ifndef PLAST_DEVICE_ROWS_H
#define PLAST_DEVICE_ROWS_H

#include "plast_device.h"

/* ------------------------------------------------------------------ finding */

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

/* ------------------------------------------------------------------ counting */

PL_DEVICE void pl_count(int64_t *counter, int64_t more) {
    if (more != 0) {
        atomicAdd((unsigned long long *)counter, (unsigned long long)more);
    }
}

/* How many entries of a row have an older one of the same pair, in every lane. */
PL_DEVICE int32_t pl_rows_repeats(const pl_rows *r, int32_t i) {
    const int64_t start = r->start[i];
    int32_t repeats = 0;
    for (int64_t s = start + 1 + pl_lane(); s < start + r->length[i]; s += 32) {
        repeats += r->post[s] == r->post[s - 1];
    }
    return pl_warp_sum(repeats);
}

/* ------------------------------------------------------------------ sorting */

template <typename T> PL_DEVICE void pl_ascend(T *x, int64_t low, int64_t high, int64_t n) {
    if (high < n && x[high] < x[low]) {
        const T larger = x[low];
        x[low] = x[high];
        x[high] = larger;
    }
}

/* Sort n values by one warp: a bitonic network whose comparators all point one way, so that it may be cut off at n. */
template <typename T> PL_DEVICE void pl_warp_sort(T *x, int64_t n) {
    for (int64_t size = 2; size < 2 * n; size *= 2) {
        const int64_t pairs = (n + size - 1) / size * (size / 2);
        for (int64_t t = pl_lane(); t < pairs; t += 32) {
            const int64_t inside = t & (size / 2 - 1), first = 2 * (t - inside);
            pl_ascend(x, first + inside, first + size - 1 - inside, n);
        }
        __syncwarp();
        for (int64_t apart = size / 4; apart > 0; apart /= 2) {
            for (int64_t t = pl_lane(); t < pairs; t += 32) {
                const int64_t low = 2 * t - (t & (apart - 1));
                pl_ascend(x, low, low + apart, n);
            }
            __syncwarp();
        }
    }
}

/* How many of n ascending values are smaller than `x`. */
PL_DEVICE int32_t pl_smaller(const int64_t *values, int32_t n, int64_t x) {
    int32_t from = 0;
    while (n > 0) {
        const int32_t half = n / 2;
        const bool right = values[from + half] < x;
        from = right ? from + half + 1 : from;
        n = right ? n - half - 1 : half;
    }
    return from;
}

/* ------------------------------------------------------------------ moving */

template <typename T> PL_DEVICE void pl_carry(void *column, bool mine, int64_t from, int64_t to) {
    T *const values = (T *)column;
    const T value = mine ? values[from] : (T)0;
    __syncwarp();
    if (mine) {
        values[to] = value;
    }
}

/* Each lane may bring one entry, with its values, to another place: all lanes read before any writes. By a whole warp. */
PL_DEVICE void pl_rows_carry(const pl_rows *r, bool mine, int64_t from, int64_t to) {
    pl_carry<int32_t>(r->post, mine, from, to);
    for (int64_t c = 0; c < r->columns; ++c) {
        switch (r->width[c]) {
        case 8: pl_carry<int64_t>(r->column[c], mine, from, to); break;
        case 4: pl_carry<int32_t>(r->column[c], mine, from, to); break;
        default: pl_carry<int8_t>(r->column[c], mine, from, to); break;
        }
    }
    __syncwarp();
}

/* A new entry whose values are 0. By one thread. */
PL_DEVICE void pl_rows_put(const pl_rows *r, int64_t s, int32_t post) {
    r->post[s] = post;
    for (int64_t c = 0; c < r->columns; ++c) {
        for (int64_t b = 0; b < r->width[c]; ++b) {
            ((char *)r->column[c])[s * r->width[c] + b] = 0;
        }
    }
}

/* Keep the entries of row `i` that are not flagged, `gone` by place in the pool; says how many went. By a whole warp. */
PL_DEVICE int32_t pl_rows_filter(pl_rows *r, int32_t i, const uint8_t *gone) {
    const int64_t start = r->start[i], end = start + r->length[i];
    int32_t flagged = 0;
    for (int64_t s = start + pl_lane(); s < end; s += 32) {
        flagged += gone[s];
    }
    flagged = pl_warp_sum(flagged);
    if (flagged == 0) {
        return 0;
    }
    const int32_t before = pl_rows_repeats(r, i);
    __syncwarp();
    int64_t kept = start;
    for (int64_t from = start; from < end; from += 32) {
        const int64_t s = from + pl_lane();
        const bool goes = s < end && gone[s] != 0, stays = s < end && !goes;
        if (goes && r->in_degree != nullptr) {
            atomicAdd(&r->in_degree[r->post[s]], -1);
        }
        const unsigned mask = __ballot_sync(0xffffffffu, stays);
        const int64_t to = kept + pl_rank(mask);
        pl_rows_carry(r, stays && to != s, s, to);
        kept += __popc(mask);
    }
    if (pl_lane() == 0) {
        r->length[i] = (int32_t)(kept - start);
    }
    __syncwarp();
    const int32_t after = pl_rows_repeats(r, i);
    if (pl_lane() == 0 && r->in_degree != nullptr) {
        pl_count(&r->total, -(int64_t)flagged);
        pl_count(&r->extra, (int64_t)after - before);
    }
    return flagged;
}

/* Bring row `i` with its values to places of the pool that are of no row, with room for `fresh` more entries; says whether
 * there were as many. Where rows lie is nothing that results depend on. By a whole warp. */
PL_DEVICE bool pl_rows_widen(pl_rows *r, int32_t i, int32_t fresh) {
    const int64_t from = r->start[i], length = r->length[i], need = length + fresh;
    const int64_t capacity = need + (need / 4 > PL_SPARE ? need / 4 : PL_SPARE);
    long long to = 0;
    if (pl_lane() == 0) {
        to = (long long)atomicAdd((unsigned long long *)&r->used, (unsigned long long)capacity);
    }
    to = __shfl_sync(0xffffffffu, to, 0);
    if (to + capacity > r->room) {
        return false;
    }
    for (int64_t k = pl_lane(); k - pl_lane() < length; k += 32) {
        pl_rows_carry(r, k < length, from + k, to + k);
    }
    __syncwarp(); /* all lanes have read where the row was */
    if (pl_lane() == 0) {
        r->start[i] = to;
        r->capacity[i] = (int32_t)capacity;
    }
    __syncwarp();
    return true;
}

/* ------------------------------------------------------------------ edits of a row */

/* An entry that is to come, among the edits of a row: its post, then the number of the edit. Entries that are to go are
 * smaller: their places from the beginning of the row. */
#define PL_NEW ((int64_t)1 << 62)
PL_DEVICE int64_t pl_new(int32_t post, int32_t number) { return PL_NEW | (int64_t)post << 31 | (int64_t)number; }
PL_DEVICE int32_t pl_new_post(int64_t edit) { return (int32_t)((edit & ~PL_NEW) >> 31); }
PL_DEVICE int32_t pl_new_number(int64_t edit) { return (int32_t)(edit & INT32_MAX); }

PL_DEVICE void pl_rows_remove(pl_rows *r, int32_t i, const int64_t *edits, int32_t gone) {
    const int64_t start = r->start[i], length = r->length[i];
    for (int32_t k = pl_lane(); r->in_degree != nullptr && k < gone; k += 32) {
        atomicAdd(&r->in_degree[r->post[start + edits[k]]], -1);
    }
    __syncwarp();
    for (int64_t from = edits[0]; from < length; from += 32) {
        const int64_t k = from + pl_lane();
        const int32_t before = pl_smaller(edits, gone, k);
        const bool stays = k < length && (before == gone || edits[before] != k);
        pl_rows_carry(r, stays && before > 0, start + k, start + k - before);
    }
}

/* `length` entries are there. */
PL_DEVICE void pl_rows_insert(pl_rows *r, int32_t i, int64_t length, const int64_t *edits, int32_t fresh, int64_t *place) {
    const int64_t start = r->start[i];
    for (int32_t k = pl_lane(); k < fresh; k += 32) {
        const int32_t post = pl_new_post(edits[k]);
        place[k] = pl_rows_lower(r->post, start, start + length, post + 1) + k;
        if (r->in_degree != nullptr) {
            atomicAdd(&r->in_degree[post], 1);
        }
    }
    __syncwarp();
    // from the end, so that what is overwritten has gone already; before the first new entry nothing moves
    for (int64_t end = length; end > 0; end -= 32) {
        const int64_t k = end - 32 + pl_lane();
        const int32_t before = k < 0 ? 0 : pl_smaller(edits, fresh, pl_new(r->post[start + k], 0));
        if (!__any_sync(0xffffffffu, before > 0)) {
            break;
        }
        pl_rows_carry(r, before > 0, start + k, start + k + before);
    }
    __syncwarp();
    for (int32_t k = pl_lane(); k < fresh; k += 32) {
        pl_rows_put(r, place[k], pl_new_post(edits[k]));
    }
}

/* Change row `i`, which has room: `edits` are sorted, `gone` entries to leave out and then `fresh` new ones, whose places in the
 * pool are given back. By a whole warp. */
PL_DEVICE void pl_rows_apply(
    pl_rows *r, int32_t i, const int64_t *edits, int32_t gone, int32_t fresh, int64_t *place) {
    const int32_t length = r->length[i], before = r->in_degree != nullptr ? pl_rows_repeats(r, i) : 0;
    __syncwarp();
    if (gone > 0) {
        pl_rows_remove(r, i, edits, gone);
    }
    if (fresh > 0) {
        pl_rows_insert(r, i, length - gone, edits + gone, fresh, place);
    }
    __syncwarp();
    if (pl_lane() == 0) {
        r->length[i] = length - gone + fresh;
    }
    __syncwarp();
    if (r->in_degree != nullptr) {
        const int32_t after = pl_rows_repeats(r, i);
        if (pl_lane() == 0) {
            pl_count(&r->total, (int64_t)fresh - gone);
            pl_count(&r->extra, (int64_t)after - before);
        }
        __syncwarp();
    }
}

/* ------------------------------------------------------------------ the index by post */

/* After the host has filled the rows: nothing is counted, no entry is in the index. */
PL_DEVICE void pl_index_clear(pl_projection *p) {
    for (int64_t j = pl_thread(); j < p->n_post; j += pl_threads()) {
        p->rows.in_degree[j] = 0;
        if (p->has_incoming) {
            p->incoming.length[j] = 0;
        }
    }
    if (pl_thread() == 0) {
        p->rows.total = p->rows.extra = 0;
    }
}

/* Count the synapses and put them in the index, in any order. */
PL_DEVICE void pl_index_fill(pl_projection *p) {
    pl_rows *const r = &p->rows, *const in = &p->incoming;
    for (int64_t i = pl_warp(); i < p->n_pre; i += pl_warps()) {
        const int64_t end = r->start[i] + r->length[i];
        for (int64_t s = r->start[i] + pl_lane(); s < end; s += 32) {
            const int32_t j = r->post[s];
            atomicAdd(&r->in_degree[j], 1);
            if (p->has_incoming) {
                in->post[in->start[j] + atomicAdd(&in->length[j], 1)] = (int32_t)i;
            }
        }
        const int32_t repeats = pl_rows_repeats(r, (int32_t)i);
        if (pl_lane() == 0) {
            pl_count(&r->total, r->length[i]);
            pl_count(&r->extra, repeats);
        }
    }
}

/* Bring the index in order. */
PL_DEVICE void pl_index_sort(pl_projection *p) {
    for (int64_t j = pl_warp(); j < p->n_post; j += pl_warps()) {
        pl_warp_sort(p->incoming.post + p->incoming.start[j], p->incoming.length[j]);
    }
}

#ifdef PL_BATCH
/* After a change of the structure, which the first network makes, the others count as it does. By one thread. */
PL_DEVICE void pl_batch_view(pl_model *m, int64_t owner) {
    const pl_rows *const first = &m->projections[owner].rows;
    for (int64_t b = 1; b < m->batch; ++b) {
        pl_rows *const rows = &m->networks[b]->projections[owner].rows;
        rows->total = first->total;
        rows->extra = first->extra;
    }
}
#endif

#endif
