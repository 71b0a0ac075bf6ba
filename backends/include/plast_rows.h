/* Connectivity that changes at the cost of the edits.
 *
 * A row holds its entries sorted by post, then age, in one place of a pool shared by all rows; entries behind its length are
 * room to grow. A row that is full moves to a place of the next class of capacity; places that were left are used again
 * by rows of that class. Every column of synapse values moves along.
 */
#ifndef PLAST_ROWS_H
#define PLAST_ROWS_H

#include "plast_model.h"

/* Capacities 4, 8, 12, 16, 24, 32, 48, 64, ... */
PL_LOCAL int32_t pl_class_of(int64_t length) {
    int32_t k = 0;
    int64_t capacity = 4;
    while (capacity < length) {
        ++k;
        capacity = k < 4 ? 4 * (int64_t)(k + 1) : (int64_t)(2 + (k & 1 ? 2 : 1)) << (k / 2 + 1);
    }
    return k;
}
PL_LOCAL int64_t pl_class_capacity(int32_t k) {
    return k < 4 ? 4 * (int64_t)(k + 1) : (int64_t)(2 + (k & 1 ? 2 : 1)) << (k / 2 + 1);
}

/* How many arrays a column has: one for each network that has its own. */
PL_LOCAL inline int64_t pl_copies(const pl_rows *r, int64_t c) { return r->own >> c & 1 ? r->copies : 1; }

PL_LOCAL inline char **pl_column(pl_rows *r, int64_t c, int64_t k) {
    return k == 0 ? &r->column[c] : &r->others[(k - 1) * PL_COLUMNS + c];
}

PL_LOCAL void pl_rows_end(pl_rows *r) {
    free(r->start);
    free(r->length);
    free(r->capacity);
    free(r->post);
    free(r->in_degree);
    for (int64_t c = 0; c < r->columns; ++c) {
        for (int64_t k = 0; k < pl_copies(r, c); ++k) {
            free(*pl_column(r, c, k));
            *pl_column(r, c, k) = NULL;
        }
    }
    for (int32_t k = 0; k < PL_CLASSES; ++k) {
        pl_release(&r->free[k]);
    }
    r->start = NULL;
    r->length = r->capacity = r->post = r->in_degree = NULL;
    r->used = r->room = r->total = r->extra = 0;
}

/* Room for `entries` in the pool. On failure everything is as it was. */
PL_LOCAL bool pl_rows_pool(pl_rows *r, int64_t entries) {
    if (entries <= r->room) {
        return true;
    }
    const int64_t room = entries + entries / 4;
    int32_t *post = realloc(r->post, (size_t)room * sizeof *post);
    if (post == NULL) {
        return false;
    }
    r->post = post;
    for (int64_t c = 0; c < r->columns; ++c) {
        for (int64_t k = 0; k < pl_copies(r, c); ++k) {
            char *column = realloc(*pl_column(r, c, k), (size_t)(room * r->width[c]));
            if (column == NULL) {
                return false;
            }
            *pl_column(r, c, k) = column;
        }
    }
    r->room = room;
    return true;
}

/* How many entries of a row have an older one of the same pair. */
PL_LOCAL int64_t pl_rows_repeats(const pl_rows *r, int64_t i) {
    int64_t repeats = 0;
    for (int64_t s = r->start[i] + 1; s < r->start[i] + r->length[i]; ++s) {
        repeats += r->post[s] == r->post[s - 1];
    }
    return repeats;
}

/* Replace all rows: `lengths` of each, `posts` one after the other. Columns are left for the caller to fill.
 * `count`, `posts`, `columns`, `width` and `slack` of the struct are given. */
PL_LOCAL bool pl_rows_build(pl_rows *r, const int32_t *lengths, const int32_t *posts) {
    pl_rows_end(r);
    r->start = calloc((size_t)r->count + 1, sizeof *r->start);
    r->length = calloc((size_t)r->count + 1, sizeof *r->length);
    r->capacity = calloc((size_t)r->count + 1, sizeof *r->capacity);
    r->in_degree = calloc((size_t)r->posts + 1, sizeof *r->in_degree);
    if (r->start == NULL || r->length == NULL || r->capacity == NULL || r->in_degree == NULL) {
        return false;
    }
    int64_t entries = 0;
    for (int64_t i = 0; i < r->count; ++i) {
        const int64_t length = lengths[i];
        const int64_t capacity = r->slack ? pl_class_capacity(pl_class_of(length + length / 8 + 1)) : length;
        r->start[i] = entries;
        r->length[i] = (int32_t)length;
        r->capacity[i] = (int32_t)capacity;
        r->total += length;
        entries += capacity;
    }
    r->room = entries + 1;
    r->post = malloc((size_t)r->room * sizeof *r->post);
    bool fine = r->post != NULL;
    for (int64_t c = 0; c < r->columns; ++c) {
        for (int64_t k = 0; k < pl_copies(r, c); ++k) {
            *pl_column(r, c, k) = calloc((size_t)r->room, (size_t)r->width[c]);
            fine = fine && *pl_column(r, c, k) != NULL;
        }
    }
    if (!fine) {
        return false;
    }
    r->used = entries;
    for (int64_t i = 0; i < r->count; ++i) {
        for (int32_t k = 0; k < r->length[i]; ++k) {
            const int32_t j = *posts++;
            r->post[r->start[i] + k] = j;
            ++r->in_degree[j];
        }
        r->extra += pl_rows_repeats(r, i);
    }
    return true;
}

/* The first entry at or behind `from` (before `end`) whose post is at least `j`. */
PL_LOCAL inline int64_t pl_rows_lower(const int32_t *post, int64_t from, int64_t end, int32_t j) {
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
PL_LOCAL inline int64_t pl_rows_find(const pl_rows *r, int32_t i, int32_t j) {
    const int64_t end = r->start[i] + r->length[i];
    const int64_t s = pl_rows_lower(r->post, r->start[i], end, j);
    return s < end && r->post[s] == j ? s : -1;
}

/* How many older synapses the pair of entry `s` has. */
PL_LOCAL inline uint32_t pl_rows_ordinal(const pl_rows *r, int32_t i, int64_t s) {
    const int64_t start = r->start[i];
    uint32_t older = 0;
    while (s > start && r->post[s - 1] == r->post[s]) {
        --s;
        ++older;
    }
    return older;
}

PL_COLD bool pl_rows_move(pl_rows *r, int32_t i) {
    const int32_t old_class = pl_class_of(r->capacity[i]);
    const int32_t new_class = pl_class_of((int64_t)r->capacity[i] + 1);
    const int64_t capacity = pl_class_capacity(new_class);
    pl_bytes *kept = &r->free[new_class];
    int64_t place;
    if (!pl_reserve(&r->free[old_class], (int64_t)sizeof place)) {
        return false;
    }
    if (kept->used > 0) {
        kept->used -= (int64_t)sizeof place;
        memcpy(&place, kept->data + kept->used, sizeof place);
    } else {
        if (!pl_rows_pool(r, r->used + capacity)) {
            return false;
        }
        place = r->used;
        r->used += capacity;
    }
    const int64_t start = r->start[i];
    const size_t length = (size_t)r->length[i];
    memcpy(r->post + place, r->post + start, length * sizeof *r->post);
    for (int64_t c = 0; c < r->columns; ++c) {
        for (int64_t k = 0; k < pl_copies(r, c); ++k) {
            char *const column = *pl_column(r, c, k);
            memcpy(column + place * r->width[c], column + start * r->width[c], length * (size_t)r->width[c]);
        }
    }
    /* a place whose capacity is no class's own (rows built without slack) is not used again */
    if (r->capacity[i] == pl_class_capacity(old_class)) {
        pl_append(&r->free[old_class], &start, (int64_t)sizeof start);
    }
    r->start[i] = place;
    r->capacity[i] = (int32_t)capacity;
    return true;
}

PL_LOCAL void pl_rows_shift(pl_rows *r, int64_t from, int64_t to, int64_t entries) {
    memmove(r->post + to, r->post + from, (size_t)entries * sizeof *r->post);
    for (int64_t c = 0; c < r->columns; ++c) {
        const int64_t w = r->width[c];
        for (int64_t k = 0; k < pl_copies(r, c); ++k) {
            char *const column = *pl_column(r, c, k);
            memmove(column + to * w, column + from * w, (size_t)(entries * w));
        }
    }
}

/* A new entry, the youngest of its pair: its place in the pool, or -1 when there is no memory. */
PL_LOCAL int64_t pl_rows_insert(pl_rows *r, int32_t i, int32_t j) {
    if (r->length[i] == r->capacity[i] && !pl_rows_move(r, i)) {
        return -1;
    }
    const int64_t end = r->start[i] + r->length[i];
    const int64_t s = pl_rows_lower(r->post, r->start[i], end, j + 1);
    pl_rows_shift(r, s, s + 1, end - s);
    r->post[s] = j;
    for (int64_t c = 0; c < r->columns; ++c) {
        for (int64_t k = 0; k < pl_copies(r, c); ++k) {
            memset(*pl_column(r, c, k) + s * r->width[c], 0, (size_t)r->width[c]);
        }
    }
    r->extra += s > r->start[i] && r->post[s - 1] == j;
    ++r->length[i];
    ++r->in_degree[j];
    ++r->total;
    return s;
}

PL_LOCAL void pl_rows_remove(pl_rows *r, int32_t i, int64_t s) {
    const int64_t start = r->start[i], end = start + r->length[i];
    const int32_t j = r->post[s];
    r->extra -= (s > start && r->post[s - 1] == j) || (s + 1 < end && r->post[s + 1] == j);
    --r->in_degree[j];
    pl_rows_shift(r, s + 1, s, end - s - 1);
    --r->length[i];
    --r->total;
}

/* Keep the entries of row `i` whose flag is 0; returns how many went. */
PL_LOCAL int32_t pl_rows_filter(pl_rows *r, int32_t i, const uint8_t *gone) {
    const int64_t start = r->start[i], end = start + r->length[i];
    int64_t kept = start, run = start; /* what stays lies in runs, which move as a whole */
    r->extra -= pl_rows_repeats(r, i);
    for (int64_t s = start; s <= end; ++s) {
        if (s < end && !gone[s - start]) {
            continue;
        }
        if (kept != run && s > run) {
            pl_rows_shift(r, run, kept, s - run);
        }
        kept += s - run;
        run = s + 1;
        if (s < end) {
            --r->in_degree[r->post[s]];
        }
    }
    const int32_t removed = (int32_t)(start + r->length[i] - kept);
    r->length[i] -= removed;
    r->total -= removed;
    r->extra += pl_rows_repeats(r, i);
    return removed;
}

/* The part of a row with posts in [low, high). */
PL_LOCAL inline void pl_rows_part(const pl_rows *r, int32_t i, int32_t low, int32_t high, int64_t *first, int64_t *end) {
    const int64_t start = r->start[i], stop = start + r->length[i];
    *first = low <= 0 ? start : pl_rows_lower(r->post, start, stop, low);
    *end = high >= r->posts ? stop : pl_rows_lower(r->post, *first, stop, high);
}

/* Ask for the beginning of a row that is visited next. */
PL_LOCAL inline void pl_rows_prefetch(const pl_rows *r, int32_t i) {
    const int64_t start = r->start[i];
    const int64_t length = r->length[i] < 256 ? r->length[i] : 256;
    for (int64_t k = 0; k < length; k += 16) {
        __builtin_prefetch(r->post + start + k);
        for (int64_t c = 0; c < r->columns; ++c) {
            __builtin_prefetch(r->column[c] + (start + k) * r->width[c]);
        }
    }
}

/* Ahead of a search: where a row lies, and once that is here, its posts. */
PL_LOCAL inline void pl_rows_prefetch_place(const pl_rows *r, int32_t i) {
    __builtin_prefetch(&r->start[i]);
    __builtin_prefetch(&r->length[i]);
}
PL_LOCAL inline void pl_rows_prefetch_posts(const pl_rows *r, int32_t i) {
    const int32_t *const post = r->post + r->start[i];
    __builtin_prefetch(post);
    __builtin_prefetch(post + r->length[i] / 2);
}

/* The index of incoming synapses, from the rows. */
PL_LOCAL bool pl_rows_transpose(const pl_rows *r, pl_rows *in) {
    int32_t *pre = malloc((size_t)(r->total + 1) * sizeof *pre);
    int64_t *at = calloc((size_t)r->posts + 1, sizeof *at);
    bool fine = pre != NULL && at != NULL;
    if (fine) {
        for (int64_t j = 1; j < r->posts; ++j) {
            at[j] = at[j - 1] + r->in_degree[j - 1];
        }
        for (int64_t i = 0; i < r->count; ++i) {
            for (int64_t s = r->start[i]; s < r->start[i] + r->length[i]; ++s) {
                pre[at[r->post[s]]++] = (int32_t)i;
            }
        }
        fine = pl_rows_build(in, r->in_degree, pre);
    }
    free(pre);
    free(at);
    return fine;
}

/* ------------------------------------------------------------------ synapses of a batch */

/* Let the other networks see the rows of the first, after an edit. */
PL_LOCAL void pl_batch_view(pl_model *m, int64_t projection) {
    const pl_projection *const first = &m->networks[0].projections[projection];
    for (int64_t b = 1; b < m->batch; ++b) {
        pl_projection *const p = &m->networks[b].projections[projection];
        p->rows = first->rows;
        for (int64_t c = 0; c < first->rows.columns; ++c) {
            if (first->rows.own >> c & 1) {
                p->rows.column[c] = first->rows.others[(b - 1) * PL_COLUMNS + c];
            }
            if (first->rows.joined >> c & 1) {
                p->rows.column[c] += b * (first->rows.width[c] / first->rows.copies);
            }
        }
        p->rows.own = 0;
        p->incoming = first->incoming;
        if (p->history.full != NULL) {
            memcpy(p->history.full, first->history.full, (size_t)p->history.rows * sizeof *p->history.full);
        }
    }
}

/* The same after one more entry, at the cost of nothing but its own where the pool has stayed in its place. */
PL_LOCAL void pl_batch_grown(pl_model *m, int64_t projection) {
    const pl_projection *const first = &m->networks[0].projections[projection];
    const pl_rows *const r = &first->rows;
    bool same = !first->has_incoming && first->history.full == NULL;
    for (int64_t b = 1; same && b < m->batch; ++b) {
        pl_rows *const seen = &m->networks[b].projections[projection].rows;
        same = seen->room == r->room;
        seen->used = r->used;
        seen->total = r->total;
        seen->extra = r->extra;
    }
    if (!same) {
        pl_batch_view(m, projection);
    }
}

/* ------------------------------------------------------------------ synapses of a projection */

/* A new synapse of the pair with everything counted: its place, or -1 when there is no memory. */
PL_LOCAL int64_t pl_synapse_new(pl_projection *p, int32_t i, int32_t j) {
    if (p->has_incoming && pl_rows_insert(&p->incoming, j, i) < 0) {
        return -1;
    }
    const int64_t s = pl_rows_insert(&p->rows, i, j);
    if (s < 0 && p->has_incoming) {
        pl_rows_remove(&p->incoming, j, pl_rows_find(&p->incoming, j, i));
    }
    if (s >= 0) {
        ++p->formations;
        if (p->history.full != NULL) {
            p->history.full[i] = 0;
        }
    }
    return s;
}

PL_LOCAL void pl_synapse_remove(pl_projection *p, int32_t i, int64_t s) {
    if (p->has_incoming) {
        pl_rows_remove(&p->incoming, p->rows.post[s], pl_rows_find(&p->incoming, p->rows.post[s], i));
    }
    pl_rows_remove(&p->rows, i, s);
    ++p->eliminations;
    if (p->history.full != NULL) {
        p->history.full[i] = 0;
    }
}

/* The `slot`-th synapse onto `j` in the order (pre, age): its pre and how many older ones its pair has. */
PL_LOCAL void pl_synapse_slot(const pl_projection *p, int32_t j, int32_t slot, int32_t *pre, int32_t *ordinal) {
    const int64_t s = p->incoming.start[j] + slot;
    *pre = p->incoming.post[s];
    *ordinal = (int32_t)pl_rows_ordinal(&p->incoming, j, s);
}

/* ------------------------------------------------------------------ for the host */

PL_LOCAL void pl_rows_pairs(const pl_rows *r, int32_t *pre, int32_t *post) {
    for (int64_t i = 0; i < r->count; ++i) {
        for (int64_t s = r->start[i]; s < r->start[i] + r->length[i]; ++s) {
            *pre++ = (int32_t)i;
            *post++ = r->post[s];
        }
    }
}

/* Copy a column to (`out`) or from a dense array in the order of the rows. */
PL_LOCAL void pl_rows_copy(const pl_rows *r, int64_t column, char *dense, bool out) {
    const int64_t w = r->width[column];
    if (r->joined >> column & 1) {
        const int64_t one = w / r->copies;
        for (int64_t i = 0; i < r->count; ++i) {
            for (int64_t s = r->start[i]; s < r->start[i] + r->length[i]; ++s) {
                char *const kept = r->column[column] + s * w;
                memcpy(out ? dense : kept, out ? kept : dense, (size_t)one);
                dense += one;
            }
        }
        return;
    }
    for (int64_t i = 0; i < r->count; ++i) {
        char *kept = r->column[column] + r->start[i] * w;
        const size_t bytes = (size_t)(r->length[i] * w);
        if (bytes > 0) {
            memcpy(out ? dense : kept, out ? kept : dense, bytes);
        }
        dense += bytes;
    }
}

#endif
