/* Edits of rows on a device: where they lie, room for them, and how rows change.
 *
 * Each stage is a kernel of its own. What they hand on lies in the projection's work memory. Nothing of the network is changed
 * before there is room for everything.
 */
#ifndef PLAST_DEVICE_EDITS_H
#define PLAST_DEVICE_EDITS_H

#include "plast_device_rows.h"

/* A wish, and the edit that it becomes when it is granted. `kind`: 0 none, -1 prune, else the number of a grow. */
typedef struct pl_edit {
    int64_t key;     /* what it claims */
    int64_t place;   /* of a new synapse in the pool */
    int32_t kind, pre, post;
    int32_t ordinal; /* of a synapse that goes: older ones of its pair at the start of the statement */
    int32_t max_in, max_out;
    int32_t claim;   /* where its key is in the set of keys */
    int32_t granted;
    int32_t next[2]; /* 1 + number of the next edit of its row, and of its row of the index; 0 at the end */
} pl_edit;

typedef struct pl_edits {
    int64_t count;      /* wishes, or edits */
    int64_t places;     /* of the set of keys: a power of two, or 0 */
    int32_t wishes;     /* samples that have one */
    int32_t granted;
    int32_t linked;     /* whether they are on the lists of their rows */
    int32_t used[2];    /* entries of `sorted`, for rows and for the index */
    int32_t most[2];    /* new entries that a row gets at most */
    int32_t is_short[2];
} pl_edits;

/* The work memory. Arrays of two: for rows and for the index. */
typedef struct pl_work {
    pl_edits *head;
    pl_edit *edits;
    int64_t *sorted[2]; /* edits of each row, together */
    int64_t *place[2];  /* of new entries */
    long long *keys;    /* the set: -1 where it is empty */
    int32_t *least;     /* the least number of the wishes that claim the key */
    int32_t *wishes;    /* numbers of samples that have a wish, in no order or, once settled in order, in that */
    int32_t *list;      /* of granted edits */
    int32_t *row[2];    /* of each neuron: 1 + number of its first edit */
    int32_t *fresh[2];  /* ... how many new entries it gets */
    int32_t *net[2];    /* ... how many more it has, of what was granted so far */
    char *more;         /* what statements keep for each wish */
} pl_work;

/* A wish about a pair, which claims `key`; no wish yet. */
PL_DEVICE pl_edit pl_wish(int64_t key, int32_t pre, int32_t post, int32_t ordinal) {
    const pl_edit wish = {key, 0, 0, pre, post, ordinal, INT32_MAX, INT32_MAX, 0, 0, {0, 0}};
    return wish;
}

PL_DEVICE char *pl_part(char **at, int64_t bytes) {
    char *const part = *at;
    *at += (bytes + 15) / 16 * 16;
    return part;
}

/* Where everything lies; `more` ends the memory. */
PL_DEVICE pl_work pl_work_of(const pl_projection *p, int64_t count, int64_t places) {
    char *at = p->work;
    pl_work w;
    w.head = (pl_edits *)pl_part(&at, (int64_t)sizeof(pl_edits));
    w.edits = (pl_edit *)pl_part(&at, count * (int64_t)sizeof(pl_edit));
    for (int32_t side = 0; side < 2; ++side) {
        const int64_t neurons = side == 0 ? p->n_pre : p->n_post;
        w.sorted[side] = (int64_t *)pl_part(&at, count * (int64_t)sizeof(int64_t));
        w.place[side] = (int64_t *)pl_part(&at, count * (int64_t)sizeof(int64_t));
        w.row[side] = (int32_t *)pl_part(&at, neurons * (int64_t)sizeof(int32_t));
        w.fresh[side] = (int32_t *)pl_part(&at, neurons * (int64_t)sizeof(int32_t));
        w.net[side] = (int32_t *)pl_part(&at, neurons * (int64_t)sizeof(int32_t));
    }
    w.keys = (long long *)pl_part(&at, places * (int64_t)sizeof(long long));
    w.least = (int32_t *)pl_part(&at, places * (int64_t)sizeof(int32_t));
    w.wishes = (int32_t *)pl_part(&at, count * (int64_t)sizeof(int32_t));
    w.list = (int32_t *)pl_part(&at, count * (int64_t)sizeof(int32_t));
    w.more = at;
    return w;
}
PL_DEVICE pl_work pl_work_now(const pl_projection *p) {
    const pl_edits *const head = (const pl_edits *)p->work;
    return pl_work_of(p, head->count, head->places);
}

/* ------------------------------------------------------------------ beginning */

/* Whether there are so many bytes of work memory; the host makes room otherwise. All threads ask for the same. */
PL_DEVICE bool pl_work_room(pl_model *m, const pl_projection *p, int64_t kernel, int64_t owner, int64_t need) {
    if (need <= p->work_room) {
        return true;
    }
    if (pl_thread() == 0) {
        pl_stall(m, PL_STALL_WORK, kernel, owner, need);
    }
    return false;
}

/* Clear the memory of `count` wishes with `bytes` more for each, and of a set of `keys` keys; `tail` bytes at the end are left as
 * they are. Where there is too little, it begins again with `kernel`. By all threads. */
PL_DEVICE void pl_work_begin(
    pl_model *m, const pl_projection *p, int64_t kernel, int64_t owner, int64_t count, int64_t bytes, int64_t keys,
    int64_t tail) {
    int64_t places = keys > 0 ? 64 : 0;
    while (places < 2 * keys) {
        places *= 2;
    }
    count = count < 0 ? 0 : count;
    const pl_work w = pl_work_of(p, count, places);
    if (!pl_work_room(m, p, kernel, owner, (int64_t)(w.more - p->work) + (count * bytes + 63) / 64 * 64 + tail)) {
        return;
    }
    for (int64_t k = pl_thread(); k < places; k += pl_threads()) {
        w.keys[k] = -1;
        w.least[k] = INT32_MAX;
    }
    for (int32_t side = 0; side < 2; ++side) {
        const int64_t neurons = side == 0 ? p->n_pre : p->n_post;
        for (int64_t k = pl_thread(); k < neurons; k += pl_threads()) {
            w.row[side][k] = 0;
            w.fresh[side][k] = 0;
            w.net[side][k] = 0;
        }
    }
    if (pl_thread() == 0) {
        w.head->count = count;
        w.head->places = places;
        w.head->wishes = w.head->granted = w.head->linked = 0;
        for (int32_t side = 0; side < 2; ++side) {
            w.head->used[side] = w.head->most[side] = w.head->is_short[side] = 0;
        }
    }
}

/* ------------------------------------------------------------------ lists and room */

/* Put an edit on the lists of its rows, if it is granted. */
PL_DEVICE void pl_edit_link(const pl_projection *p, const pl_work *w, int32_t a) {
    pl_edit *const e = &w->edits[a];
    if (!e->granted) {
        return;
    }
    w->list[atomicAdd(&w->head->granted, 1)] = a;
    for (int32_t side = 0; side <= p->has_incoming; ++side) {
        const int32_t row = side == 0 ? e->pre : e->post;
        e->next[side] = atomicExch(&w->row[side][row], a + 1);
        if (e->kind > 0) {
            atomicAdd(&w->fresh[side][row], 1);
        }
    }
}

PL_DEVICE void pl_edits_link(const pl_projection *p) {
    const pl_work w = pl_work_now(p);
    for (int64_t a = pl_thread(); a < w.head->count; a += pl_threads()) {
        pl_edit_link(p, &w, (int32_t)a);
    }
}

/* The same for wishes, which are few, by one block. `by_claim`: granted is who claimed its key with the least number. */
PL_DEVICE void pl_wishes_link(const pl_projection *p, bool by_claim) {
    const pl_work w = pl_work_now(p);
    if (blockIdx.x != 0 || w.head->linked) {
        return;
    }
    for (int64_t k = threadIdx.x; k < w.head->wishes; k += blockDim.x) {
        const int32_t a = w.wishes[k];
        if (by_claim) {
            w.edits[a].granted = w.least[w.edits[a].claim] == a;
        }
        pl_edit_link(p, &w, a);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        w.head->linked = 1;
    }
}

/* See that all rows have room, by one block: those without move behind the others, and where the pool ends it stalls. */
PL_DEVICE void pl_edits_room(pl_model *m, pl_projection *p, int64_t kernel, int64_t owner) {
    if (blockIdx.x != 0) {
        return;
    }
    const pl_work w = pl_work_now(p);
    if (threadIdx.x == 0) {
        for (int32_t side = 0; side < 2; ++side) {
            w.head->most[side] = w.head->is_short[side] = 0;
        }
    }
    __syncthreads();
    for (int32_t side = 0; side <= p->has_incoming; ++side) {
        pl_rows *const r = side == 0 ? &p->rows : &p->incoming;
        int32_t most = 0, is_short = 0;
        for (int64_t from = threadIdx.x & ~31u; from < w.head->granted; from += blockDim.x) {
            const int64_t k = from + pl_lane();
            int32_t row = 0, fresh = 0;
            if (k < w.head->granted) {
                const int32_t a = w.list[k];
                row = side == 0 ? w.edits[a].pre : w.edits[a].post;
                fresh = w.row[side][row] == a + 1 ? w.fresh[side][row] : 0; /* each row once */
            }
            most = fresh > most ? fresh : most;
            unsigned full = __ballot_sync(0xffffffffu, fresh > 0 && fresh > r->capacity[row] - r->length[row]);
            for (; full != 0; full &= full - 1) {
                const int32_t lane = __ffs((int)full) - 1;
                const int32_t i = __shfl_sync(0xffffffffu, row, lane), more = __shfl_sync(0xffffffffu, fresh, lane);
                is_short |= !pl_rows_widen(r, i, more);
            }
        }
        if (most > 0) {
            atomicMax(&w.head->most[side], most);
            atomicMax(&w.head->is_short[side], is_short);
        }
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        if (w.head->is_short[0]) {
            pl_stall(m, PL_STALL_ROWS, kernel, owner, w.head->most[0]);
        } else if (w.head->is_short[1]) {
            pl_stall(m, PL_STALL_INCOMING, kernel, owner, w.head->most[1]);
        }
    }
}

/* ------------------------------------------------------------------ changing rows */

/* The edit as the row sees it: where the entry is that goes, or what comes. */
PL_DEVICE int64_t pl_edit_in_row(const pl_rows *r, const pl_edit *e, int32_t side, int32_t a, int32_t ordinal) {
    const int32_t row = side == 0 ? e->pre : e->post, entry = side == 0 ? e->post : e->pre;
    return e->kind > 0 ? pl_new(entry, a) : pl_rows_find(r, row, entry) + ordinal - r->start[row];
}

/* New entries of a row that a warp has changed. */
typedef struct pl_edited {
    const int64_t *edits, *place;
    int32_t fresh;
} pl_edited;

/* Change the row whose list begins with the granted edit of this turn; nothing if none does. The turns of the index come
 * after those of the rows, and give nothing back. By a whole warp. */
PL_DEVICE pl_edited pl_edits_row(pl_projection *p, const pl_work *w, int64_t turn) {
    const int32_t granted = w->head->granted, side = turn >= granted, a = w->list[side ? turn - granted : turn];
    pl_rows *const r = side == 0 ? &p->rows : &p->incoming;
    const int32_t row = side == 0 ? w->edits[a].pre : w->edits[a].post;
    pl_edited result = {nullptr, nullptr, 0};
    if (w->row[side][row] != a + 1) {
        return result;
    }
    int32_t n = 0, gone = 0;
    for (int32_t next = a + 1; next != 0; next = w->edits[next - 1].next[side]) {
        ++n;
        gone += w->edits[next - 1].kind < 0;
    }
    int32_t from = 0;
    if (pl_lane() == 0) {
        from = atomicAdd(&w->head->used[side], n);
        int32_t k = from;
        for (int32_t next = a + 1; next != 0; next = w->edits[next - 1].next[side]) {
            w->sorted[side][k++] = next - 1;
        }
    }
    from = __shfl_sync(0xffffffffu, from, 0);
    int64_t *const sorted = w->sorted[side] + from, *const place = w->place[side] + from;
    __syncwarp();
    for (int32_t k = pl_lane(); k < n; k += 32) {
        const int32_t b = (int32_t)sorted[k];
        sorted[k] = pl_edit_in_row(r, &w->edits[b], side, b, w->edits[b].ordinal);
    }
    __syncwarp();
    pl_warp_sort(sorted, n);
    pl_rows_apply(r, row, sorted, gone, n - gone, place);
    if (side == 0) {
        result.edits = sorted + gone;
        result.place = place;
        result.fresh = n - gone;
        if (pl_lane() == 0) {
            pl_count(&p->formations, n - gone);
            pl_count(&p->eliminations, gone);
        }
    }
    return result;
}

/* Turns of `pl_edits_row`. */
PL_DEVICE int64_t pl_edits_turns(const pl_projection *p, const pl_work *w) {
    return (int64_t)w->head->granted * (p->has_incoming ? 2 : 1);
}

/* How many older synapses of its pair went by edits before edit `a`. */
PL_DEVICE int32_t pl_edits_older_gone(const pl_work *w, int32_t a) {
    const pl_edit *const e = &w->edits[a];
    int32_t gone = 0;
    for (int32_t next = w->row[0][e->pre]; next != 0 && e->ordinal > 0; next = w->edits[next - 1].next[0]) {
        const pl_edit *const other = &w->edits[next - 1];
        gone += next - 1 < a && other->kind < 0 && other->post == e->post && other->ordinal < e->ordinal;
    }
    return gone;
}

/* How many synapses of its pair, all older than the new one, go by edits after edit `a`. */
PL_DEVICE uint32_t pl_edits_gone_later(const pl_work *w, int32_t a) {
    const pl_edit *const e = &w->edits[a];
    uint32_t gone = 0;
    for (int32_t next = w->row[0][e->pre]; next != 0; next = w->edits[next - 1].next[0]) {
        const pl_edit *const other = &w->edits[next - 1];
        gone += next - 1 > a && other->kind < 0 && other->post == e->post;
    }
    return gone;
}

/* Carry out one edit, as the one warp that does one after the other. A new synapse is complete when its values have started. */
PL_DEVICE void pl_edits_one(pl_projection *p, const pl_work *w, int32_t a) {
    pl_edit *const e = &w->edits[a];
    const int32_t ordinal = e->kind < 0 ? e->ordinal - pl_edits_older_gone(w, a) : 0;
    for (int32_t side = 0; side <= p->has_incoming; ++side) {
        pl_rows *const r = side == 0 ? &p->rows : &p->incoming;
        const int64_t edit = pl_edit_in_row(r, e, side, a, ordinal);
        if (pl_lane() == 0) {
            w->sorted[side][0] = edit;
        }
        __syncwarp();
        pl_rows_apply(r, side == 0 ? e->pre : e->post, w->sorted[side], e->kind < 0, e->kind > 0, w->place[side]);
    }
    if (pl_lane() == 0) {
        e->place = w->place[0][0];
        pl_count(e->kind > 0 ? &p->formations : &p->eliminations, 1);
    }
    __syncwarp();
}

/* Which of 32 wishes from `from` on were granted, in every lane. */
PL_DEVICE unsigned pl_edits_granted(const pl_work *w, int64_t from) {
    const int64_t mine = from + pl_lane();
    return __ballot_sync(0xffffffffu, mine < w->head->count && w->edits[mine].granted != 0);
}

#endif
