/* The smallest of many values, per neuron or of all, and the random order of vacant elements. */
#ifndef PLAST_RANKING_H
#define PLAST_RANKING_H

#include "plast_model.h"

/* A candidate: compared by group, then key, then place. */
typedef struct pl_ranked {
    uint64_t key;
    int64_t place;
    int64_t group;
} pl_ranked;

/* Keys in the order of the numbers; 0 and -0 are one, NaN comes last. */
PL_LOCAL inline uint64_t pl_rank_key(double value) {
    uint64_t bits;
    if (value != value) {
        return UINT64_MAX;
    }
    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

/* The key of the pair (i, j), in a choice of that number (plastlang/ir/decisions.py). */
PL_LOCAL inline uint64_t pl_rank_of(pl_model *m, double value, uint32_t number, int32_t i, int32_t j) {
    if (value != value) {
        pl_note_nan(m, number, i, j);
    }
    return pl_rank_key(value);
}

PL_LOCAL int pl_rank_compare(const void *a, const void *b) {
    const pl_ranked *const x = a, *const y = b;
    if (x->group != y->group) {
        return x->group < y->group ? -1 : 1;
    }
    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    return x->place < y->place ? -1 : x->place > y->place;
}

PL_LOCAL int64_t pl_rank_count(const pl_bytes *list) { return list->used / (int64_t)sizeof(pl_ranked); }

PL_LOCAL inline pl_ranked *pl_rank_items(const pl_bytes *list) { return (pl_ranked *)(void *)list->data; }

PL_LOCAL void pl_rank_sort(pl_bytes *list) {
    if (list->used > 0) {
        qsort(list->data, (size_t)pl_rank_count(list), sizeof(pl_ranked), pl_rank_compare);
    }
}

PL_LOCAL inline bool pl_rank_push(pl_bytes *list, int64_t group, uint64_t key, int64_t place) {
    const pl_ranked item = {key, place, group};
    return pl_append(list, &item, (int64_t)sizeof item);
}

/* As `pl_rank_push`, where only the first `wanted` will be needed: forgets the others before the list grows long. */
PL_LOCAL inline bool pl_rank_offer(pl_bytes *list, int32_t wanted, uint64_t key, int64_t place) {
    if (wanted <= 0) {
        return true;
    }
    const int64_t most = wanted > 512 ? (int64_t)2 * wanted : 1024;
    if (pl_rank_count(list) >= most) {
        pl_rank_sort(list);
        list->used = (int64_t)wanted * (int64_t)sizeof(pl_ranked);
    }
    return pl_rank_push(list, 0, key, place);
}

/* Move the first `wanted` of `list` behind `chosen`, as a group of its own; `list` is empty then. */
PL_LOCAL bool pl_rank_take(pl_bytes *list, int32_t wanted, pl_bytes *chosen) {
    pl_rank_sort(list);
    const int64_t count = pl_rank_count(list), most = wanted > 0 ? wanted : 0;
    const bool fine = pl_append(chosen, list->data, (count < most ? count : most) * (int64_t)sizeof(pl_ranked));
    list->used = 0;
    return fine;
}

/* The chosen ones in the order of their places. */
PL_LOCAL void pl_rank_by_place(pl_bytes *chosen) {
    pl_ranked *const items = pl_rank_items(chosen);
    const int64_t count = pl_rank_count(chosen);
    for (int64_t k = 0; k < count; ++k) {
        items[k].key = 0;
        items[k].group = 0;
    }
    pl_rank_sort(chosen);
}

/* Flag the first `wanted[group]` of each group of a list at their places. */
PL_LOCAL void pl_rank_mark(pl_bytes *list, const int32_t *wanted, uint8_t *flags, int64_t places) {
    if (places > 0) {
        memset(flags, 0, (size_t)places);
    }
    pl_rank_sort(list);
    const pl_ranked *const items = pl_rank_items(list);
    const int64_t count = pl_rank_count(list);
    int64_t rank = 0;
    for (int64_t k = 0; k < count; ++k) {
        rank = k > 0 && items[k - 1].group == items[k].group ? rank + 1 : 0;
        if (rank < wanted[items[k].group]) {
            flags[items[k].place] = 1;
        }
    }
}

/* Add the `vacant` elements of neuron `i`, each with its random key. */
PL_LOCAL bool pl_rank_elements(pl_model *m, pl_bytes *list, int32_t i, int32_t vacant, int32_t step, uint32_t counter) {
    for (int32_t k = 0; k < vacant; ++k) {
        const pl_words w = pl_philox((uint32_t)i, (uint32_t)k, (uint32_t)step, counter, m->seed);
        if (!pl_rank_push(list, 0, (uint64_t)w.w0 << 32 | w.w1, (int64_t)i << 31 | k)) {
            return false;
        }
    }
    return true;
}

#endif
