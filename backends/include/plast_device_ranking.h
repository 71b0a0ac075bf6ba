/* The smallest of many values, of all or of each row, and the random order of vacant elements, on a device. */
#ifndef PLAST_DEVICE_RANKING_H
#define PLAST_DEVICE_RANKING_H

#include "plast_device_structure.h"

/* Of what cannot be chosen; no number has this key. */
#define PL_NO_KEY (~UINT64_C(0))

/* Keys in the order of the numbers; 0 and -0 are one, NaN comes last. */
PL_DEVICE uint64_t pl_rank_key(double value) {
    const uint64_t bits = pl_bits(value + 0.0);
    const uint64_t key = bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
    return value != value ? PL_NO_KEY - 1 : key;
}

/* The key of the pair (i, j), in a choice of that number (plastlang/ir/decisions.py). */
PL_DEVICE uint64_t pl_rank_of(pl_model *m, double value, uint32_t number, int32_t i, int32_t j) {
    if (value != value) {
        pl_note_nan(m, number, i, j);
    }
    return pl_rank_key(value);
}

/* ------------------------------------------------------------------ of a row */

/* Flag the `wanted` smallest of n keys, of equal ones the first: keys[first], keys[first + stride], ... By a whole warp. */
PL_DEVICE void pl_select_row(
    const uint64_t *keys, uint8_t *flags, int64_t first, int64_t stride, int64_t n, int64_t wanted) {
    uint64_t most = PL_NO_KEY;
    int32_t rest = (int32_t)(wanted < n ? wanted : n);
    if (wanted < n) {
        most = 0;
        for (int32_t bit = 63; bit >= 0 && wanted > 0; --bit) {
            int32_t below = 0;
            for (int64_t k = pl_lane(); k < n; k += 32) {
                below += keys[first + k * stride] >> bit == most >> bit;
            }
            below = pl_warp_sum(below);
            if (rest > below) {
                rest -= below;
                most |= UINT64_C(1) << bit;
            }
        }
    }
    for (int64_t from = 0; from < n; from += 32) {
        const int64_t k = from + pl_lane(), at = first + k * stride;
        const uint64_t key = k < n ? keys[at] : PL_NO_KEY;
        const unsigned equal = __ballot_sync(0xffffffffu, k < n && key == most);
        if (k < n) {
            const bool chosen = key < most || (key == most && pl_rank(equal) < rest);
            flags[at] = wanted > 0 && key != PL_NO_KEY && chosen;
        }
        rest -= __popc(equal);
    }
}

/* ------------------------------------------------------------------ of all */

/* The bound is found digit by digit: eight of the key, then five of the place. */
#define PL_DIGITS 13

typedef struct pl_bound {
    uint64_t key;
    int64_t place, rest;
} pl_bound;

typedef struct pl_selection {
    pl_bound found[PL_DIGITS + 1]; /* when so many digits are known */
    int64_t histogram[PL_DIGITS][256]; /* pairs may be more than 2^31 */
} pl_selection;

/* Memory of a ranking, which lies at the end of the work memory; edits come to lie at its beginning. */
typedef struct pl_ranks {
    pl_selection *selection;
    uint64_t *keys;       /* of synapses or pairs, by place */
    uint64_t *index_keys; /* of entries of the index */
    uint8_t *flags;       /* of pairs */
    int32_t *counts;      /* chosen pairs of the rows before each, and of all behind them */
    int64_t bytes;
} pl_ranks;

/* For so many places, of them `flagged` with flags in this memory, and places of the index. */
PL_DEVICE pl_ranks pl_ranks_of(const pl_projection *p, int64_t places, int64_t flagged, int64_t index) {
    const int64_t sizes[5] = {(int64_t)sizeof(pl_selection), 8 * places, 8 * index, flagged, 4 * ((int64_t)p->n_pre + 1)};
    int64_t at[6] = {0, 0, 0, 0, 0, 0};
    for (int32_t k = 0; k < 5; ++k) {
        at[k + 1] = at[k] + (sizes[k] + 15) / 16 * 16;
    }
    char *const begin = p->work + (p->work_room - at[5]);
    const pl_ranks ranks = {(pl_selection *)(begin + at[0]), (uint64_t *)(begin + at[1]), (uint64_t *)(begin + at[2]),
                            (uint8_t *)(begin + at[3]), (int32_t *)(begin + at[4]), at[5]};
    return ranks;
}
PL_DEVICE pl_ranks pl_ranks_of_synapses(const pl_projection *p, bool by_post) {
    return pl_ranks_of(p, p->rows.room, 0, by_post ? p->incoming.room : 0);
}
PL_DEVICE int64_t pl_pairs(const pl_projection *p) { return (int64_t)p->n_pre * p->n_post; }
PL_DEVICE pl_ranks pl_ranks_of_pairs(const pl_projection *p) { return pl_ranks_of(p, pl_pairs(p), pl_pairs(p), 0); }

/* Look whether there is room behind `front` bytes; no key can be chosen then. By all threads. */
PL_DEVICE void pl_ranks_begin(
    pl_model *m, const pl_projection *p, int64_t kernel, int64_t owner, pl_ranks ranks, int64_t front, int64_t places) {
    if (!pl_work_room(m, p, kernel, owner, (front + 63) / 64 * 64 + ranks.bytes)) {
        return;
    }
    for (int64_t k = pl_thread(); k < places; k += pl_threads()) {
        ranks.keys[k] = PL_NO_KEY;
    }
    for (int64_t k = pl_thread(); k < PL_DIGITS * 256; k += pl_threads()) {
        ranks.selection->histogram[k / 256][k % 256] = 0;
    }
}

/* One more digit of the bound. */
PL_DEVICE pl_bound pl_next_bound(pl_bound bound, const int64_t *histogram, int32_t digit) {
    int64_t chosen = 0;
    while (chosen < 255 && bound.rest > histogram[chosen]) {
        bound.rest -= histogram[chosen++];
    }
    if (digit < 8) {
        bound.key |= (uint64_t)chosen << (56 - 8 * digit);
    } else {
        bound.place |= chosen << (32 - 8 * (digit - 8));
    }
    return bound;
}

/* The bound as far as it is known before this digit, in every thread; `bound` is shared. */
PL_DEVICE void pl_bound_before(pl_selection *selection, int32_t digit, int64_t wanted, pl_bound *bound) {
    if (threadIdx.x == 0) {
        pl_bound *const found = &selection->found[digit];
        pl_bound now = {0, 0, wanted};
        if (digit > 0) {
            now = pl_next_bound(found[-1], selection->histogram[digit - 1], digit - 1);
        }
        bound->key = now.key;
        bound->place = now.place;
        if (blockIdx.x == 0) {
            found->key = now.key;
            found->place = now.place;
            found->rest = now.rest;
        }
    }
    __syncthreads();
}

/* Count the digits of those that have the digits found so far. `counts` and `bound` are shared. */
PL_DEVICE void pl_select_digit(
    const pl_ranks *ranks, int64_t places, int32_t digit, int64_t wanted, int32_t *counts, pl_bound *bound) {
    for (int32_t k = (int32_t)threadIdx.x; k < 256; k += (int32_t)blockDim.x) {
        counts[k] = 0;
    }
    pl_bound_before(ranks->selection, digit, wanted, bound);
    for (int64_t k = pl_thread(); k < places; k += pl_threads()) {
        const uint64_t key = ranks->keys[k];
        const int32_t shift = digit < 8 ? 56 - 8 * digit : 32 - 8 * (digit - 8);
        const bool alike = digit == 0 || (digit < 8 ? key >> (shift + 8) == bound->key >> (shift + 8)
                                                    : key == bound->key && k >> (shift + 8) == bound->place >> (shift + 8));
        if (alike) {
            atomicAdd(&counts[digit < 8 ? (key >> shift) & 255u : (uint64_t)(k >> shift) & 255u], 1);
        }
    }
    __syncthreads();
    for (int32_t k = (int32_t)threadIdx.x; k < 256; k += (int32_t)blockDim.x) {
        if (counts[k] != 0) {
            pl_count(&ranks->selection->histogram[digit][k], counts[k]);
        }
    }
}

/* Flag what is not beyond the bound. */
PL_DEVICE void pl_select_flag(const pl_ranks *ranks, uint8_t *flags, int64_t places, int64_t wanted, pl_bound *bound) {
    pl_bound_before(ranks->selection, PL_DIGITS, wanted, bound);
    for (int64_t k = pl_thread(); k < places; k += pl_threads()) {
        const uint64_t key = ranks->keys[k];
        flags[k] = wanted > 0 && key != PL_NO_KEY && (key < bound->key || (key == bound->key && k <= bound->place));
    }
}

/* ------------------------------------------------------------------ synapses onto a neuron */

/* Keys in the order of the index. */
PL_DEVICE void pl_rank_index(const pl_projection *p, const pl_ranks *ranks) {
    const pl_rows *const in = &p->incoming;
    for (int64_t k = pl_warp(); k < p->n_post; k += pl_warps()) {
        const int32_t j = (int32_t)k;
        const int64_t end = in->start[j] + in->length[j];
        for (int64_t e = in->start[j] + pl_lane(); e < end; e += 32) {
            ranks->index_keys[e] = ranks->keys[pl_rows_find(&p->rows, in->post[e], j) + pl_rows_ordinal(in, j, e)];
        }
    }
}

/* Flags of the rows from those of the index. */
PL_DEVICE void pl_flags_from_index(const pl_projection *p) {
    const pl_rows *const in = &p->incoming;
    uint8_t *const rows = pl_flags(p, 0);
    const uint8_t *const flags = pl_flags(p, 1);
    for (int64_t k = pl_warp(); k < p->n_post; k += pl_warps()) {
        const int32_t j = (int32_t)k;
        const int64_t end = in->start[j] + in->length[j];
        for (int64_t e = in->start[j] + pl_lane(); e < end; e += 32) {
            rows[pl_rows_find(&p->rows, in->post[e], j) + pl_rows_ordinal(in, j, e)] = flags[e];
        }
    }
}

/* ------------------------------------------------------------------ chosen pairs become edits */

/* How many come before each of some counts, and how many there are. By one block; `counts` is shared. */
PL_DEVICE void pl_block_scan(int32_t *values, int64_t n, int32_t *total, int32_t *counts) {
    const int32_t warp = (int32_t)(threadIdx.x >> 5), warps = (int32_t)(blockDim.x >> 5);
    int32_t before = 0;
    for (int64_t from = 0; from < n; from += blockDim.x) {
        const int64_t k = from + threadIdx.x;
        const int32_t value = k < n ? values[k] : 0;
        const int32_t inside = pl_warp_before(value), all = pl_warp_sum(value);
        if (pl_lane() == 0) {
            counts[warp] = all;
        }
        __syncthreads();
        int32_t sum = before + inside;
        for (int32_t w = 0; w < warps; ++w) {
            sum += w < warp ? counts[w] : 0;
            before += counts[w];
        }
        __syncthreads();
        if (k < n) {
            values[k] = sum;
        }
    }
    if (threadIdx.x == 0) {
        *total = before;
    }
}

PL_DEVICE void pl_chosen_count(const pl_projection *p, const pl_ranks *ranks) {
    for (int64_t i = pl_warp(); i < p->n_pre; i += pl_warps()) {
        int32_t chosen = 0;
        for (int64_t j = pl_lane(); j < p->n_post; j += 32) {
            chosen += ranks->flags[i * p->n_post + j];
        }
        chosen = pl_warp_sum(chosen);
        if (pl_lane() == 0) {
            ranks->counts[i] = chosen;
        }
    }
}

/* Edit `a` makes a synapse of the pair. */
PL_DEVICE void pl_edit_grow(const pl_work *w, int64_t a, int32_t i, int32_t j, bool granted) {
    pl_edit edit = pl_wish(0, i, j, 0);
    edit.kind = 1;
    edit.granted = granted;
    w->edits[a] = edit;
}

/* In the order of the pairs. */
PL_DEVICE void pl_chosen_grow(const pl_projection *p, const pl_ranks *ranks) {
    const pl_work w = pl_work_now(p);
    for (int64_t i = pl_warp(); i < p->n_pre; i += pl_warps()) {
        int64_t a = ranks->counts[i];
        for (int64_t from = 0; from < p->n_post; from += 32) {
            const int64_t j = from + pl_lane();
            const bool chosen = j < p->n_post && ranks->flags[i * p->n_post + j] != 0;
            const unsigned mask = __ballot_sync(0xffffffffu, chosen);
            if (chosen) {
                pl_edit_grow(&w, a + pl_rank(mask), (int32_t)i, (int32_t)j, true);
            }
            a += __popc(mask);
        }
    }
}

/* ------------------------------------------------------------------ vacant elements */

/* An element k of a neuron; equal keys are in the order of the neurons, then of k. */
typedef struct pl_element {
    uint64_t key;
    int64_t place; /* neuron << 31 | k */
} pl_element;

PL_DEVICE bool operator<(const pl_element &a, const pl_element &b) {
    return a.key < b.key || (a.key == b.key && a.place < b.place);
}

/* The axonal elements, and the dendritic ones behind them, at the end of the work memory. */
PL_DEVICE pl_element *pl_elements(const pl_projection *p, int64_t count) {
    return (pl_element *)(p->work + (p->work_room - count * (int64_t)sizeof(pl_element)));
}

PL_DEVICE void pl_elements_of(
    const pl_model *m, pl_element *elements, const int32_t *from, int64_t neurons, int32_t total, uint32_t counter) {
    for (int64_t i = pl_warp(); i < neurons; i += pl_warps()) {
        const int32_t end = i + 1 < neurons ? from[i + 1] : total;
        for (int32_t k = from[i] + pl_lane(); k < end; k += 32) {
            const int32_t number = k - from[i];
            const pl_words w = pl_philox((uint32_t)i, (uint32_t)number, (uint32_t)m->step, counter, m->seed);
            elements[k].key = (uint64_t)w.w0 << 32 | w.w1;
            elements[k].place = i << 31 | number;
        }
    }
}

/* As `pl_warp_sort`, by a block. */
template <typename T> PL_DEVICE void pl_block_sort(T *x, int64_t n) {
    for (int64_t size = 2; size < 2 * n; size *= 2) {
        const int64_t pairs = (n + size - 1) / size * (size / 2);
        for (int64_t t = threadIdx.x; t < pairs; t += blockDim.x) {
            const int64_t inside = t & (size / 2 - 1), first = 2 * (t - inside);
            pl_ascend(x, first + inside, first + size - 1 - inside, n);
        }
        __syncthreads();
        for (int64_t apart = size / 4; apart > 0; apart /= 2) {
            for (int64_t t = threadIdx.x; t < pairs; t += blockDim.x) {
                const int64_t low = 2 * t - (t & (apart - 1));
                pl_ascend(x, low, low + apart, n);
            }
            __syncthreads();
        }
    }
}

/* Elements that a block sorts at a time. */
#define PL_SORTED 2048

/* Sort runs of elements, each by a block. */
PL_DEVICE void pl_elements_sort(pl_element *x, int64_t n) {
    for (int64_t from = (int64_t)blockIdx.x * PL_SORTED; from < n; from += (int64_t)gridDim.x * PL_SORTED) {
        pl_block_sort(x + from, n - from < PL_SORTED ? n - from : PL_SORTED);
    }
}

/* Each element of the sorted runs to its place among all, which is how many of all runs are less. By all threads. */
PL_DEVICE void pl_elements_place(const pl_element *x, int64_t n, pl_element *sorted) {
    for (int64_t k = pl_thread(); k < n; k += pl_threads()) {
        const pl_element mine = x[k];
        int64_t less = 0;
        for (int64_t from = 0; from < n; from += PL_SORTED) {
            int64_t low = from, high = n - from < PL_SORTED ? n : from + PL_SORTED;
            while (low < high) {
                const int64_t middle = low + (high - low) / 2;
                if (x[middle] < mine) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            less += low - from;
        }
        sorted[less] = mine;
    }
}

#endif
