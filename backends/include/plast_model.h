/* What a running network is made of: the plain structs that emitted code, run-time headers and the host share.
 *
 * Arrays of neurons, parameters and constants belong to the host, which fills the pointers in; rows, histories, spike
 * lists and records belong to this side. The host's twin of these structs is backends/c/binding.py.
 */
#ifndef PLAST_MODEL_H
#define PLAST_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plast_random.h"

#if defined __OPTIMIZE__ || defined __clang__
#define PL_LOCAL static __attribute__((unused))
/* A part of a step: kept as a function of its own, so that profiles can be read and compilers finish soon. */
#define PL_PHASE static __attribute__((unused, noinline))
/* What the host calls between runs: not worth a compiler's time. */
#define PL_COLD static __attribute__((unused, noinline, cold))
#else /* nothing is inlined, and gcc leaves out what is not used only where it is said to be inline */
#define PL_LOCAL static inline __attribute__((unused))
#define PL_PHASE PL_LOCAL
#define PL_COLD PL_LOCAL
#endif
#define PL_API __attribute__((visibility("default")))

/* Neurons are handled in blocks of this many; threads get whole blocks. */
#define PL_BLOCK 64
/* ... and take their step in chunks of so many, whose flags stay in the nearest cache. */
#define PL_CHUNK 512
/* Decay factors exp(n d) are kept for n below this. */
#define PL_TABLE 4096

enum { PL_FINE = 0, PL_FAULT_INPUT = 1, PL_FAULT_MEMORY = 2 };

/* A growing array of bytes. */
typedef struct pl_bytes {
    char *data;
    int64_t used, room;
} pl_bytes;

/* The neurons that spiked in one step, ascending. */
typedef struct pl_spikes {
    int32_t *neurons;
    int64_t count, room;
} pl_spikes;

typedef struct pl_population {
    void **values;       /* a pointer to each variable's values */
    void **before;       /* of those read as x@before: the value before this step, or NULL */
    int32_t **stamp;     /* ... and the step of the last write */
    double **parameters; /* as the host gave them */
    void **constants;    /* parameters, then derived values, as the program reads them */
    int64_t **inputs;    /* a pointer to the sums of each port */
    void **scratch;      /* values of `let` that outlive their loop */
    uint64_t *spiking;   /* of each block, a bit for each neuron that spikes in this step */
    int32_t *next;       /* Renewal: step of the next spike */
    int32_t *quiet;      /* ... and the smallest of each block */
    int64_t *schedule;   /* Scheduled: rows (step, neuron), ascending */
    int64_t scheduled, cursor;
    pl_spikes *ring; /* spikes of step n at n % slots */
    int64_t slots;
    pl_bytes spike_steps, spike_neurons;
    int32_t *periods; /* steps of each block's `every` */
    int32_t size, redraw, record, width, height;
} pl_population;

typedef struct pl_record {
    pl_bytes values, steps;
    int64_t population, variable, period, bytes;
    int64_t own; /* in a batch: whether each network has its own values */
} pl_record;

/* Synapses by row: sorted by post, then age, with room behind them. plast_rows.h works on them. */
#define PL_COLUMNS 24
#define PL_CLASSES 64
typedef struct pl_rows {
    int64_t *start; /* of each row in the pool */
    int32_t *length, *capacity;
    int32_t *post;             /* the pool */
    char *column[PL_COLUMNS];  /* one value of each synapse variable for each entry of the pool */
    int64_t width[PL_COLUMNS]; /* its bytes */
    int64_t columns;
    int64_t used, room;    /* entries of the pool */
    int64_t total, extra;  /* synapses, and those that have an older one of the same pair */
    int64_t count, posts;  /* rows, and the bound of `post` */
    int64_t slack;         /* whether rows get room to grow when they are built */
    int32_t *in_degree;    /* may be NULL */
    pl_bytes free[PL_CLASSES]; /* starts of places that were left, by class of capacity */
    /* In a batch: the rows of the first network move everyone's columns. */
    char **others;  /* of the other networks, PL_COLUMNS each: the columns in `own` */
    int64_t copies; /* networks */
    uint64_t own;   /* a bit for each column that every network has for itself */
    uint64_t joined; /* ... in which the values of all networks lie side by side; `width` is that of all */
} pl_rows;

/* Post spikes that wait for the next look at a synapse. plast_history.h works on them. */
#define PL_PAYLOAD 8
#define PL_RING 64
#define PL_LOG 16384
typedef struct pl_history {
    int32_t *newest;  /* of each post neuron: step of its last spike, or -1 */
    uint32_t *head;   /* ... spikes so far */
    uint32_t *settled; /* ... spikes that all rows have seen */
    int32_t *steps;   /* ... the last PL_RING of them */
    char *payload[PL_PAYLOAD];
    int64_t width[PL_PAYLOAD]; /* bytes */
    int64_t payloads;
    int32_t *log_step, *log_post; /* the last PL_LOG spikes of all, for rows onto every post neuron */
    char *log_payload[PL_PAYLOAD];
    uint64_t logged, log_settled;
    int32_t *visited; /* of each row: all spikes before this step are applied */
    uint64_t *mark;   /* ... entries of the log that are applied */
    uint8_t *full;    /* ... whether it holds each post neuron exactly once */
    int64_t posts, rows;
} pl_history;

typedef struct pl_projection {
    void **values;
    void **before;
    int32_t **stamp;
    int32_t **last; /* of each lazy group */
    double **parameters;
    void **constants;
    void **tables; /* decay factors */
    void **scratch;
    void **now; /* POST values of this step */
    int32_t *periods;
    int32_t *first; /* number of the first neuron of each source, and their sum */
    int32_t *group, *pre_x, *pre_y, *post_x, *post_y, *near_x, *near_y;
    pl_rows rows;
    pl_rows incoming; /* rows by post, entries pre */
    pl_history history;
    pl_bytes arrivals;
    uint8_t *quiet; /* of each row: 2 where its traces are known to be 0, 1 where they are not, 0 where nobody has looked */
    int64_t tame;   /* whether 0 times the values of this step is 0 */
    int64_t lanes;  /* networks whose `quiet` of a row are neighbours; it begins with that of this one */
    int64_t formations, eliminations;
    int32_t n_pre, n_post, periodic, width, height, has_incoming;
} pl_projection;

typedef struct pl_model {
    pl_population *populations;
    pl_projection *projections;
    pl_record *records;
    int64_t record_count;
    int64_t step;
    uint64_t seed;
    double dt;
    int64_t signals; /* calls of signals in this step */
    int64_t fault;
    void *pool; /* of threads; plast_pool.h */
    /* A batch: this is what its networks share, and stands for the first of them. Else 0. */
    struct pl_model *networks;
    int64_t batch, number; /* how many there are; which one this is */
    uint64_t common;       /* seed of what is drawn for all */
    int64_t repeat;        /* of a signal's draws */
    uint64_t input_word, nan_word; /* 0, or the largest pl_input_word and pl_nan_word */
} pl_model;

/* ------------------------------------------------------------------ memory */

/* Room for `more` bytes behind what is used; false when there is no memory. */
PL_LOCAL bool pl_reserve(pl_bytes *b, int64_t more) {
    if (b->used + more <= b->room) {
        return true;
    }
    int64_t room = b->room < 256 ? 256 : b->room;
    while (room < b->used + more) {
        room *= 2;
    }
    char *data = realloc(b->data, (size_t)room);
    if (data == NULL) {
        return false;
    }
    b->data = data;
    b->room = room;
    return true;
}

PL_LOCAL bool pl_append(pl_bytes *b, const void *data, int64_t bytes) {
    if (!pl_reserve(b, bytes)) {
        return false;
    }
    if (bytes > 0) {
        memcpy(b->data + b->used, data, (size_t)bytes);
    }
    b->used += bytes;
    return true;
}

PL_LOCAL void pl_release(pl_bytes *b) {
    free(b->data);
    b->data = NULL;
    b->used = b->room = 0;
}

PL_COLD void pl_no_memory(pl_model *m) { m->fault = m->fault != PL_FINE ? m->fault : PL_FAULT_MEMORY; }

/* Keep the largest of the words that threads bring. */
PL_COLD void pl_largest(uint64_t *kept, uint64_t word) {
    uint64_t old = __atomic_load_n(kept, __ATOMIC_RELAXED);
    while (old < word && !__atomic_compare_exchange_n(kept, &old, word, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

/* The inputs of neurons have left their range: those where a step has left 1. */
PL_COLD void pl_overflow(pl_model *m, int64_t population, int64_t port, int64_t *sums, int32_t low, int32_t high) {
    for (int32_t i = low; i < high; ++i) {
        if (sums[i] != 0) {
            pl_largest(&m->input_word, pl_input_word(population, m->number, port, i));
        }
        sums[i] = 0;
    }
    __atomic_store_n(&m->fault, PL_FAULT_INPUT, __ATOMIC_RELAXED);
}

/* A probability or rank of the pair (i, j) is NaN. */
PL_COLD void pl_note_nan(pl_model *m, uint32_t number, int32_t i, int32_t j) {
    pl_largest(&m->nan_word, pl_nan_word(number, i, j));
}

/* Whether what has the probability p happens to the pair (i, j). */
PL_LOCAL inline bool pl_chance(pl_model *m, double u, double p, uint32_t purpose, int32_t i, int32_t j) {
    if (p != p) {
        pl_note_nan(m, purpose, i, j);
    }
    return u < p;
}

#include "plast_run.h"

/* ------------------------------------------------------------------ walks that are nothing */

/* Nobody knows any more which rows are at rest. */
PL_LOCAL inline void pl_look_again(pl_projection *p) {
    for (int64_t i = 0; i < p->n_pre; ++i) {
        p->quiet[i * p->lanes] = 0;
    }
}

/* ------------------------------------------------------------------ batches */

/* All networks are at the step of the batch. */
PL_LOCAL void pl_batch_step(pl_model *m) {
    for (int64_t b = 0; b < m->batch; ++b) {
        m->networks[b].step = m->step;
        m->networks[b].signals = m->signals;
    }
}

/* Whether something has gone wrong: what came first in the order of the populations, then of the networks. */
PL_LOCAL bool pl_batch_fault(pl_model *m) {
    for (int64_t b = 0; b < m->batch; ++b) {
        pl_model *const n = &m->networks[b];
        if (n->fault != PL_FINE) {
            m->fault = m->fault == PL_FINE ? n->fault : m->fault;
            m->input_word = m->input_word < n->input_word ? n->input_word : m->input_word;
        }
        n->fault = PL_FINE;
        n->input_word = 0;
    }
    return m->fault != PL_FINE;
}

/* ------------------------------------------------------------------ spikes */

PL_LOCAL inline pl_spikes *pl_spikes_at(const pl_population *p, int64_t step) { return &p->ring[step % p->slots]; }

PL_LOCAL inline bool pl_spikes_reserve(pl_spikes *s, int64_t more) {
    if (s->count + more <= s->room) {
        return true;
    }
    int64_t room = s->room < 64 ? 64 : s->room;
    while (room < s->count + more) {
        room *= 2;
    }
    int32_t *neurons = realloc(s->neurons, (size_t)room * sizeof *neurons);
    if (neurons == NULL) {
        return false;
    }
    s->neurons = neurons;
    s->room = room;
    return true;
}

/* The place of the lowest bit; there is one. */
PL_LOCAL inline int32_t pl_lowest(uint64_t bits) { return (int32_t)__builtin_ctzll(bits); }

/* Bits of 32 flags. */
PL_LOCAL inline uint32_t pl_bits_of(const int32_t *flags) {
    uint32_t bits = 0;
    for (uint32_t k = 0; k < 32; ++k) {
        bits |= (uint32_t)flags[k] << k;
    }
    return bits;
}

/* Which of neurons low .. high - 1, a chunk at most, spike: bits from their flags, which are 0 behind the last one. */
PL_LOCAL void pl_mark(const pl_population *p, const int32_t *flags, int32_t low, int32_t high) {
    int32_t any = 0;
    for (int32_t k = 0; k < PL_CHUNK; ++k) {
        any |= flags[k];
    }
    for (int32_t b = low / PL_BLOCK; b * PL_BLOCK < high; ++b) {
        const int32_t *const own = flags + (b * PL_BLOCK - low);
        p->spiking[b] = any == 0 ? 0 : pl_bits_of(own) | (uint64_t)pl_bits_of(own + 32) << 32;
    }
}

/* Empty the list of step `step` and collect the neurons whose bit is set. */
PL_LOCAL pl_spikes *pl_collect(pl_model *m, pl_population *p, int64_t step) {
    pl_spikes *s = pl_spikes_at(p, step);
    s->count = 0;
    for (int32_t b = 0; b * PL_BLOCK < p->size; ++b) {
        if (p->spiking[b] == 0) {
            continue;
        }
        if (!pl_spikes_reserve(s, PL_BLOCK)) {
            pl_no_memory(m);
            return s;
        }
        for (uint64_t rest = p->spiking[b]; rest != 0; rest &= rest - 1) {
            s->neurons[s->count++] = b * PL_BLOCK + pl_lowest(rest);
        }
    }
    return s;
}

/* Scheduled populations: the neurons that the host gave for this step. */
PL_LOCAL pl_spikes *pl_scheduled(pl_model *m, pl_population *p, int64_t step) {
    pl_spikes *s = pl_spikes_at(p, step);
    s->count = 0;
    while (p->cursor < p->scheduled && p->schedule[2 * p->cursor] <= step) {
        if (p->schedule[2 * p->cursor] == step) {
            if (!pl_spikes_reserve(s, 1)) {
                pl_no_memory(m);
                return s;
            }
            s->neurons[s->count++] = (int32_t)p->schedule[2 * p->cursor + 1];
        }
        ++p->cursor;
    }
    return s;
}

/* Renewal: the neurons of a block whose next spike is due. */
PL_LOCAL inline uint64_t pl_due(const pl_population *p, int32_t b, int32_t step) {
    const int32_t end = (b + 1) * PL_BLOCK < p->size ? PL_BLOCK : p->size - b * PL_BLOCK;
    const int32_t *const next = p->next + b * PL_BLOCK;
    uint64_t due = 0;
    for (int32_t k = 0; k < end; ++k) {
        due |= (uint64_t)(next[k] == step) << k;
    }
    return due;
}

/* ... about how many ns it takes to find them and to draw their next ones. */
PL_LOCAL int64_t pl_renewal_work(const pl_population *p, int64_t step) {
    return p->size / PL_BLOCK + 150 * pl_spikes_at(p, step + p->slots - 1)->count + (p->redraw ? 80 * (int64_t)p->size : 0);
}

/* The smallest `next` of a block. */
PL_LOCAL void pl_quiet(pl_population *p, int32_t b) {
    const int32_t end = (b + 1) * PL_BLOCK < p->size ? (b + 1) * PL_BLOCK : p->size;
    int32_t least = INT32_MAX;
    for (int32_t i = b * PL_BLOCK; i < end; ++i) {
        least = p->next[i] < least ? p->next[i] : least;
    }
    p->quiet[b] = least;
}

/* ------------------------------------------------------------------ records */

PL_LOCAL void pl_record_spikes(pl_model *m, pl_population *p, const pl_spikes *s, int64_t step) {
    if (!p->record || s->count == 0) {
        return;
    }
    bool fine = pl_append(&p->spike_neurons, s->neurons, s->count * (int64_t)sizeof *s->neurons);
    for (int64_t k = 0; fine && k < s->count; ++k) {
        fine = pl_append(&p->spike_steps, &step, (int64_t)sizeof step);
    }
    if (!fine) {
        pl_no_memory(m);
    }
}

PL_LOCAL void pl_record_states(pl_model *m, int64_t records, int64_t done) {
    for (int64_t k = 0; k < records; ++k) {
        pl_record *r = &m->records[k];
        if (done % r->period == 0) {
            bool fine = pl_append(&r->steps, &done, (int64_t)sizeof done);
            for (int64_t b = 0; b < (r->own ? m->batch : 1); ++b) {
                const pl_model *const n = r->own ? &m->networks[b] : m;
                fine = fine && pl_append(&r->values, n->populations[r->population].values[r->variable], r->bytes);
            }
            if (!fine) {
                pl_no_memory(m);
            }
        }
    }
}

#endif
