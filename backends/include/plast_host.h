/* Functions that the host calls and that are the same for every program. Emitted code includes this once. */
#ifndef PLAST_HOST_H
#define PLAST_HOST_H

#include "plast_lanes.h"
#include "plast_pool.h"
#include "plast_structure.h"

/* A source is compiled as one, or in parts at the same time: the one whose number is PL_ONLY. What one part calls of another
 * is then seen by the linker, and by nobody else. Part -1 is what is the same for every program, made once on a machine. */
#ifdef PL_ONLY
#ifndef PL_PARTS
#define PL_PARTS 1 /* so many are made; the others' numbers are taken modulo that */
#endif
#define PL_PART(number) ((number) < 0 ? PL_ONLY < 0 : (number) % PL_PARTS == PL_ONLY)
#define PL_LINKED __attribute__((visibility("hidden")))
#else
#define PL_PART(number) 1
#define PL_LINKED static
#endif
#define PL_LOCAL_LINKED PL_LINKED __attribute__((unused))
#define PL_PHASE_LINKED PL_LINKED __attribute__((unused, noinline))
#define PL_COLD_LINKED PL_LINKED __attribute__((unused, noinline, cold))

#if PL_PART(-1)

/* Sizes of the structs, for the host to compare with its own. */
PL_API void plast_sizes(int64_t *sizes);
PL_API void plast_sizes(int64_t *sizes) {
    sizes[0] = (int64_t)sizeof(pl_population);
    sizes[1] = (int64_t)sizeof(pl_projection);
    sizes[2] = (int64_t)sizeof(pl_record);
    sizes[3] = (int64_t)sizeof(pl_model);
    sizes[4] = PL_BLOCK;
    sizes[5] = PL_TABLE;
}

/* New rows for a projection: `lengths` by pre, `posts` sorted. Values of synapses are zero. False: no memory. */
PL_API bool plast_build(pl_model *m, int64_t projection, const int32_t *lengths, const int32_t *posts);
PL_API bool plast_build(pl_model *m, int64_t projection, const int32_t *lengths, const int32_t *posts) {
    pl_projection *const p = &m->projections[projection];
    if (!pl_rows_build(&p->rows, lengths, posts) || (p->has_incoming && !pl_rows_transpose(&p->rows, &p->incoming))) {
        return false;
    }
    if (p->history.rows > 0) {
        if (!pl_history_begin(&p->history)) {
            return false;
        }
        pl_history_survey(&p->history, &p->rows);
    }
    return true;
}

/* A batch: the rows of all networks are those of the first; nothing waits in the history of network `number`. */
PL_API bool plast_join(pl_model *m, int64_t projection, int64_t number);
PL_API bool plast_join(pl_model *m, int64_t projection, int64_t number) {
    pl_history *const h = &m->networks[number].projections[projection].history;
    pl_projection *const p = &m->networks[number].projections[projection];
    const bool fine = number == 0 || h->rows == 0 || pl_history_begin(h);
    pl_look_again(p);
    if (fine) {
        pl_batch_view(m, projection);
    }
    return fine;
}

PL_API void plast_pairs(pl_model *m, int64_t projection, int32_t *pre, int32_t *post);
PL_API void plast_pairs(pl_model *m, int64_t projection, int32_t *pre, int32_t *post) {
    pl_rows_pairs(&m->projections[projection].rows, pre, post);
}

/* Copy a column of stored values to (`out`) or from a dense array. */
PL_API void plast_column(pl_model *m, int64_t projection, int64_t column, char *dense, int32_t out);
PL_API void plast_column(pl_model *m, int64_t projection, int64_t column, char *dense, int32_t out) {
    pl_rows_copy(&m->projections[projection].rows, column, dense, out != 0);
}

/* The list of spikes of step `step`; the host puts its own there. False: no memory. */
PL_API bool plast_put_spikes(pl_model *m, int64_t population, int64_t step, const int32_t *neurons, int64_t count);
PL_API bool plast_put_spikes(pl_model *m, int64_t population, int64_t step, const int32_t *neurons, int64_t count) {
    pl_population *const p = &m->populations[population];
    pl_spikes *const s = pl_spikes_at(p, step + p->slots);
    s->count = 0;
    if (!pl_spikes_reserve(s, count + 1)) {
        return false;
    }
    if (count > 0) {
        memcpy(s->neurons, neurons, (size_t)count * sizeof *neurons);
    }
    s->count = count;
    return true;
}

/* Renewal: the smallest next step of every block, after the host has set them. */
PL_API void plast_quiet(pl_model *m, int64_t population);
PL_API void plast_quiet(pl_model *m, int64_t population) {
    pl_population *const p = &m->populations[population];
    for (int32_t b = 0; b * PL_BLOCK < p->size; ++b) {
        pl_quiet(p, b);
    }
}

/* How many threads a run may use. */
PL_API void plast_threads(pl_model *m, int32_t threads);
PL_API void plast_threads(pl_model *m, int32_t threads) {
    if (threads < 2) {
        pl_pool_end(m);
    } else {
        pl_pool_begin(m, threads);
    }
}

/* Give all memory of this side back. */
PL_API void plast_end(pl_model *m, int64_t populations, int64_t projections, int64_t records);
PL_API void plast_end(pl_model *m, int64_t populations, int64_t projections, int64_t records) {
    for (int64_t k = 0; k < populations; ++k) {
        pl_population *const p = &m->populations[k];
        for (int64_t s = 0; s < p->slots; ++s) {
            free(p->ring[s].neurons);
            p->ring[s].neurons = NULL;
            p->ring[s].count = p->ring[s].room = 0;
        }
        pl_release(&p->spike_steps);
        pl_release(&p->spike_neurons);
    }
    for (int64_t k = 0; k < projections; ++k) {
        pl_projection *const p = &m->projections[k];
        if (m->number == 0) { /* who holds the rows of a batch */
            pl_rows_end(&p->rows);
            pl_rows_end(&p->incoming);
        }
        pl_history_end(&p->history);
        pl_release(&p->arrivals);
    }
    for (int64_t k = 0; k < records; ++k) {
        pl_release(&m->records[k].values);
        pl_release(&m->records[k].steps);
    }
}

#endif /* PL_PART(-1) */

/* ------------------------------------------------------------------ connect all, one to one */

PL_LOCAL bool pl_connect_all(const pl_projection *p, int32_t *lengths, pl_bytes *posts) {
    if (!pl_reserve(posts, (int64_t)p->n_pre * p->n_post * (int64_t)sizeof(int32_t))) {
        return false;
    }
    int32_t *at = (int32_t *)(void *)posts->data;
    for (int32_t i = 0; i < p->n_pre; ++i) {
        lengths[i] = p->n_post;
        for (int32_t j = 0; j < p->n_post; ++j) {
            *at++ = j;
        }
    }
    return true;
}

PL_LOCAL bool pl_connect_one_to_one(const pl_projection *p, int32_t *lengths, pl_bytes *posts) {
    for (int32_t i = 0; i < p->n_pre; ++i) {
        lengths[i] = i < p->n_post;
        if (lengths[i] && !pl_append(posts, &i, (int64_t)sizeof i)) {
            return false;
        }
    }
    return true;
}

#endif
