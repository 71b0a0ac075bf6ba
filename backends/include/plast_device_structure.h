/* Structural statements on a device: wishes are settled, absent pairs are found, synapses are flagged that go. */
#ifndef PLAST_DEVICE_STRUCTURE_H
#define PLAST_DEVICE_STRUCTURE_H

#include "plast_device_edits.h"

/* ------------------------------------------------------------------ settling */

PL_DEVICE int64_t pl_claim_from(const pl_work *w, int64_t key) {
    return (int64_t)((((uint64_t)key * UINT64_C(0x9E3779B97F4A7C15)) >> 20) & (uint64_t)(w->head->places - 1));
}

/* Sample `a` has a wish. */
PL_DEVICE void pl_wishes(const pl_work *w, int32_t a) { w->wishes[atomicAdd(&w->head->wishes, 1)] = a; }

/* Put a key into the set, together with other threads. Gives its place, and whether it was not there yet. */
PL_DEVICE int64_t pl_claim_key(const pl_work *w, long long key, bool *claimed) {
    int64_t at = pl_claim_from(w, key);
    for (;;) {
        const long long there =
            (long long)atomicCAS((unsigned long long *)&w->keys[at], (unsigned long long)-1LL, (unsigned long long)key);
        if (there == -1 || there == key) {
            *claimed = there == -1;
            return at;
        }
        at = (at + 1) & (w->head->places - 1);
    }
}

/* Claim a key for wish `a`, together with other threads. Gives its place in the set. */
PL_DEVICE int32_t pl_claim(const pl_work *w, int64_t key, int32_t a) {
    bool first;
    const int64_t at = pl_claim_key(w, (long long)key, &first);
    atomicMin(&w->least[at], a);
    return (int32_t)at;
}

/* How many threads of the block before this one say yes, and how many of all; `counts` is shared. */
PL_DEVICE int32_t pl_block_rank(bool yes, int32_t *counts, int32_t *all) {
    const unsigned mask = __ballot_sync(0xffffffffu, yes);
    const int32_t warp = (int32_t)(threadIdx.x >> 5), warps = (int32_t)(blockDim.x >> 5);
    if (pl_lane() == 0) {
        counts[warp] = __popc(mask);
    }
    __syncthreads();
    int32_t before = 0, sum = 0;
    for (int32_t k = 0; k < warps; ++k) {
        before += k < warp ? counts[k] : 0;
        sum += counts[k];
    }
    __syncthreads();
    *all = sum;
    return before + pl_rank(mask);
}

/* Wishes that are settled at a time, at most: a thread for each. */
#define PL_TURN 256

/* What they know of each other, in shared memory. */
typedef struct pl_turn {
    int32_t pre[PL_TURN], post[PL_TURN], settled[PL_TURN];
    int32_t counts[32];
} pl_turn;

/* List the wishes in the order of the samples, by one block. */
PL_DEVICE void pl_wishes_in_order(const pl_work *w, int32_t *counts) {
    int32_t listed = 0, found = 0;
    for (int64_t from = 0; listed < w->head->wishes; from += blockDim.x) {
        const int64_t a = from + threadIdx.x;
        const bool wish = a < w->head->count && w->edits[a].kind != 0;
        const int32_t number = listed + pl_block_rank(wish, counts, &found);
        if (wish) {
            w->wishes[number] = (int32_t)a;
        }
        listed += found;
    }
    __syncthreads();
}

/* Grant wish `a` if it may be. Those before it for the same pre or post are settled; beside it others claim other keys. */
PL_DEVICE void pl_settle(const pl_projection *p, const pl_work *w, int32_t a) {
    pl_edit *const e = &w->edits[a];
    int32_t *const out = &w->net[0][e->pre], *const in = &w->net[1][e->post];
    if (e->kind > 0 && (p->rows.in_degree[e->post] + *in >= e->max_in || p->rows.length[e->pre] + *out >= e->max_out)) {
        return;
    }
    bool claimed;
    (void)pl_claim_key(w, (long long)e->key, &claimed);
    if (!claimed) {
        return;
    }
    e->granted = 1;
    *out += e->kind > 0 ? 1 : -1;
    *in += e->kind > 0 ? 1 : -1;
}

/* Grant wishes in their order where degrees are limited, by one block: each by a thread, which waits for the wish before it for
 * the same pre and for that for the same post. One key is of one post, so who claims the same key waits, too. */
PL_DEVICE void pl_settle_in_order(const pl_projection *p, pl_turn *turn) {
    if (blockIdx.x != 0) {
        return;
    }
    const pl_work w = pl_work_now(p);
    pl_wishes_in_order(&w, turn->counts);
    const int32_t me = (int32_t)threadIdx.x, threads = blockDim.x < PL_TURN ? (int32_t)blockDim.x : PL_TURN;
    for (int32_t from = 0; from < w.head->wishes; from += threads) {
        bool waits = me < threads && from + me < w.head->wishes;
        const int32_t a = waits ? w.wishes[from + me] : 0;
        int32_t pre = 0, post = 0, before_pre = -1, before_post = -1;
        if (waits) {
            pre = turn->pre[me] = w.edits[a].pre;
            post = turn->post[me] = w.edits[a].post;
            turn->settled[me] = 0;
        }
        __syncthreads();
        for (int32_t k = 0; waits && k < me; ++k) {
            before_pre = turn->pre[k] == pre ? k : before_pre;
            before_post = turn->post[k] == post ? k : before_post;
        }
        while (__syncthreads_or(waits)) {
            const bool now = waits && (before_pre < 0 || turn->settled[before_pre] != 0)
                             && (before_post < 0 || turn->settled[before_post] != 0);
            __syncthreads();
            if (now) {
                pl_settle(p, &w, a);
                turn->settled[me] = 1;
                waits = false;
            }
        }
    }
}

/* ------------------------------------------------------------------ growing uniformly */

/* Room for keys of attempts of one round beyond those that count. */
#define PL_ROUND 1024

/* Absent pairs: `wanted` drawn ones, or all. */
PL_DEVICE int64_t pl_absent(const pl_projection *p) {
    return (int64_t)p->n_pre * p->n_post - (p->rows.total - p->rows.extra);
}

/* The pair of attempt `a`. */
PL_DEVICE void pl_attempt(
    const pl_model *m, const pl_projection *p, uint32_t counter, int64_t a, int32_t *i, int32_t *j) {
    const pl_words words = pl_philox((uint32_t)a, 0u, (uint32_t)m->step, counter, m->seed);
    *i = (int32_t)pl_below(words.w0, (uint32_t)p->n_pre);
    *j = (int32_t)pl_below(words.w1, (uint32_t)p->n_post);
}

/* As many attempts as pairs are wanted, none of which can be one too many, by all threads: their claims, or -1. */
PL_DEVICE void pl_grow_attempts(const pl_model *m, const pl_projection *p, uint32_t counter) {
    const pl_work w = pl_work_now(p);
    int32_t *const claims = (int32_t *)w.more;
    for (int64_t a = pl_thread(); w.head->places > 0 && a < w.head->count; a += pl_threads()) {
        int32_t i, j;
        pl_attempt(m, p, counter, a, &i, &j);
        claims[a] = pl_rows_find(&p->rows, i, j) < 0 ? pl_claim(&w, (int64_t)i * p->n_post + j, (int32_t)a) : -1;
    }
}

/* Count the pairs in the order of the attempts, by one block, which makes those attempts that are still missing; or take all
 * absent pairs in their order. */
PL_DEVICE void pl_grow_uniformly(const pl_model *m, const pl_projection *p, uint32_t counter, int32_t *counts) {
    if (blockIdx.x != 0) {
        return;
    }
    const pl_work w = pl_work_now(p);
    const int32_t *const claims = (const int32_t *)w.more;
    const bool all = w.head->places == 0;
    const int64_t pairs = (int64_t)p->n_pre * p->n_post;
    int64_t grown = 0;
    for (int64_t round = 0; grown < w.head->count; round += blockDim.x) {
        const int64_t a = round + threadIdx.x;
        int32_t i = 0, j = 0, claim = -1, found = 0;
        bool absent = false;
        if (all && a < pairs) {
            i = (int32_t)(a / p->n_post);
            j = (int32_t)(a % p->n_post);
            absent = pl_rows_find(&p->rows, i, j) < 0;
        } else if (!all) {
            /* the keys of the claims are not read again: others may claim already for the next round */
            pl_attempt(m, p, counter, a, &i, &j);
            const bool made = a < w.head->count;
            claim = made ? claims[a]
                    : pl_rows_find(&p->rows, i, j) < 0 ? pl_claim(&w, (int64_t)i * p->n_post + j, (int32_t)a)
                                                       : -1;
        }
        __syncthreads();
        const bool counts_it = all ? absent : claim >= 0 && w.least[claim] == (int32_t)a;
        const int64_t number = grown + pl_block_rank(counts_it, counts, &found);
        if (counts_it && number < w.head->count) {
            pl_edit *const e = &w.edits[number];
            e->kind = e->granted = 1;
            e->pre = i;
            e->post = j;
            e->ordinal = 0;
        }
        grown += found;
    }
}

/* ------------------------------------------------------------------ pruning where a condition holds */

/* Flags stand in the work memory, for the places of the rows and then of the index. */
PL_DEVICE uint8_t *pl_flags(const pl_projection *p, int32_t side) {
    return (uint8_t *)p->work + (side == 0 ? 0 : p->rows.room);
}

PL_DEVICE bool pl_flags_room(pl_model *m, const pl_projection *p, int64_t kernel, int64_t owner) {
    return pl_work_room(m, p, kernel, owner, p->rows.room + (p->has_incoming ? p->incoming.room : 0));
}

/* Flags of the index from those of the rows. */
PL_DEVICE void pl_flags_index(const pl_projection *p) {
    const pl_rows *const in = &p->incoming;
    const uint8_t *const rows = pl_flags(p, 0);
    uint8_t *const flags = pl_flags(p, 1);
    for (int64_t k = pl_warp(); k < p->n_post; k += pl_warps()) {
        const int32_t j = (int32_t)k;
        const int64_t end = in->start[j] + in->length[j];
        for (int64_t e = in->start[j] + pl_lane(); e < end; e += 32) {
            flags[e] = rows[pl_rows_find(&p->rows, in->post[e], j) + pl_rows_ordinal(in, j, e)];
        }
    }
}

/* Remove what is flagged, and count it. */
PL_DEVICE void pl_prune(pl_projection *p, int32_t *removed) {
    const int64_t turns = (int64_t)p->n_pre + (p->has_incoming ? p->n_post : 0);
    for (int64_t turn = pl_warp(); turn < turns; turn += pl_warps()) {
        const int32_t side = turn >= p->n_pre, row = (int32_t)(side ? turn - p->n_pre : turn);
        const int32_t gone = pl_rows_filter(side == 0 ? &p->rows : &p->incoming, row, pl_flags(p, side));
        if (side == 0 && gone > 0 && pl_lane() == 0) {
            pl_count(&p->eliminations, gone);
            atomicAdd(removed, gone);
        }
    }
}

#endif
