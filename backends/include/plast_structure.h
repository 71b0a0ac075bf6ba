/* Structural statements: what the emitted code of each has in common. */
#ifndef PLAST_STRUCTURE_H
#define PLAST_STRUCTURE_H

#include "plast_aggregate.h"
#include "plast_history.h"
#include "plast_ranking.h"

/* Samples are judged in blocks of this many; threads get whole blocks. */
#define PL_SAMPLES 16
/* A wish that is to be judged when its row is up to date. */
#define PL_WAITS (-3)

/* A sample's wish begins with this. `kind`: 0 none, -1 prune, -2 pruned, PL_WAITS, else the number of a grow. `key` is what it
 * claims. */
typedef struct pl_wish {
    int64_t key;
    int32_t kind, pre, post, ordinal, max_in, max_out;
    bool drawn, connected;
} pl_wish;

/* A set of keys by open addressing, empty where -1; and for each block of samples a bit for each that has a wish, in a line of the
 * cache of its own. */
typedef struct pl_claims {
    int64_t *keys;
    uint64_t mask;
    char *wished;
    int32_t slots;
} pl_claims;

PL_LOCAL inline uint32_t *pl_wished(const pl_claims *c, int32_t block) {
    return (uint32_t *)(void *)(c->wished + block / PL_SAMPLES * (int64_t)64);
}

/* Room for `count` wishes of `bytes` each, a set of their keys behind them, and what `pl_claims_of` finds at the end, in the
 * projection's scratch memory. */
PL_LOCAL char *pl_wishes(pl_model *m, pl_projection *p, int64_t count, int32_t slots, int64_t bytes, pl_claims *claims) {
    int64_t places = 16;
    while (places < 2 * count) {
        places *= 2;
    }
    const int64_t wishes = (count * bytes + 63) / 64 * 64;
    const int64_t wished = wishes + places * (int64_t)sizeof *claims->keys;
    const int64_t blocks = (count + PL_SAMPLES - 1) / PL_SAMPLES;
    p->arrivals.used = 0;
    if (!pl_reserve(&p->arrivals, wished + blocks * 64 + (int64_t)sizeof *claims)) {
        pl_no_memory(m);
        return NULL;
    }
    claims->keys = (int64_t *)(void *)(p->arrivals.data + wishes);
    claims->mask = (uint64_t)places - 1;
    claims->wished = p->arrivals.data + wished;
    claims->slots = slots;
    memset(claims->keys, 0xff, (size_t)places * sizeof *claims->keys);
    memcpy(claims->wished + blocks * 64, claims, sizeof *claims);
    p->arrivals.used = wished + blocks * 64;
    return p->arrivals.data;
}

/* The claims of the statement that is being done. */
PL_LOCAL pl_claims pl_claims_of(const pl_projection *p) {
    pl_claims claims;
    memcpy(&claims, p->arrivals.data + p->arrivals.used, sizeof claims);
    return claims;
}

/* The place of a key, or where it would go. */
PL_LOCAL inline int64_t *pl_claim_at(const pl_claims *c, int64_t key) {
    uint64_t at = ((uint64_t)key * UINT64_C(0x9E3779B97F4A7C15)) >> 20;
    at &= c->mask;
    while (c->keys[at] != -1 && c->keys[at] != key) {
        at = (at + 1) & c->mask;
    }
    return &c->keys[at];
}

/* Flags for all synapses in the order of the rows. */
PL_LOCAL uint8_t *pl_flags(pl_model *m, pl_projection *p) {
    p->arrivals.used = 0;
    if (!pl_reserve(&p->arrivals, p->rows.total + 1)) {
        pl_no_memory(m);
        return NULL;
    }
    return (uint8_t *)p->arrivals.data;
}

/* Remove the flagged synapses; returns how many. */
PL_LOCAL int32_t pl_prune(pl_model *m, pl_projection *p, const uint8_t *gone) {
    int64_t removed = 0;
    for (int64_t i = 0; i < p->rows.count; ++i) {
        const int32_t length = p->rows.length[i];
        if (length > 0 && memchr(gone, 1, (size_t)length) != NULL) {
            removed += pl_rows_filter(&p->rows, (int32_t)i, gone);
            if (p->history.full != NULL) {
                p->history.full[i] = 0;
            }
        }
        gone += length;
    }
    if (removed > 0 && p->has_incoming && !pl_rows_transpose(&p->rows, &p->incoming)) {
        pl_no_memory(m);
    }
    p->eliminations += removed;
    return (int32_t)removed;
}

/* Remove the synapse that a wish names; older ones of its pair may have gone since. */
PL_LOCAL void pl_prune_wish(pl_projection *p, const char *wishes, int64_t bytes, int64_t number) {
    const pl_wish *const wish = (const pl_wish *)(const void *)(wishes + number * bytes);
    int32_t ordinal = wish->ordinal;
    for (int64_t a = 0; wish->ordinal > 0 && a < number; ++a) {
        const pl_wish *const other = (const pl_wish *)(const void *)(wishes + a * bytes);
        ordinal -= other->kind == -2 && other->pre == wish->pre && other->post == wish->post && other->ordinal < wish->ordinal;
    }
    pl_synapse_remove(p, wish->pre, pl_rows_find(&p->rows, wish->pre, wish->post) + ordinal);
}

#endif
