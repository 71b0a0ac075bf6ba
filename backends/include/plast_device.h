/* What a running network is made of on a device: the structs that emitted CUDA, device headers and the host share.
 *
 * Everything lies in device memory, allocated and laid out by the host (backends/cuda/memory.py; the twin of these structs
 * is backends/cuda/binding.py). Members that expressions reach have the names they have in plast_model.h.
 *
 * Every kernel is `extern "C" __global__ void NAME(pl_model *m, void *data)` and begins with PL_ENTER: after a fault or a
 * stall, what was launched after it changes nothing. A kernel works for any grid and any block that is a multiple of 32.
 */
#ifndef PLAST_DEVICE_H
#define PLAST_DEVICE_H

#include "plast_random.h"

#ifdef __CUDACC__
#define restrict __restrict__
#elif !defined restrict
#define restrict
#endif

/* Functions of kernels. */
#define PL_DEVICE PL_FN
#define PL_COLD PL_FN

/* Decay factors exp(n d) are kept for n below this. */
#define PL_TABLE 4096
/* Spikes are counted in runs of this many neurons. */
#define PL_SPIKE_RUN 512
/* Places that a row has to spare after it has moved, at the least. */
#define PL_SPARE 8

/* Why a run cannot go on. */
enum { PL_FINE = 0, PL_FAULT_INPUT = 1, PL_FAULT_NAN = 2 };

/* Why the host has to make room before the kernel `stall_kernel` is launched again; it has changed nothing yet. */
enum { PL_STALL_ROWS = 1, PL_STALL_INCOMING = 2, PL_STALL_WORK = 3, PL_STALL_SPIKES = 4, PL_STALL_STATES = 5 };

/* The neurons that spiked in one step, ascending; room for all of the population. */
typedef struct pl_spikes {
    int32_t *neurons;
    int64_t count;
} pl_spikes;

typedef struct pl_population {
    void **values;       /* a pointer to each variable's values */
    void **before;       /* of those read as x@before: the value before this step, or NULL */
    int32_t **stamp;     /* ... and the step of the last write */
    double **parameters; /* as the host gave them */
    void **constants;    /* parameters, then derived values, as the program reads them */
    int64_t **inputs;    /* a pointer to the sums of each port */
    void **scratch;      /* values that outlive their kernel */
    int32_t *flags;      /* whether each neuron spikes in this step */
    int32_t *partial;    /* spikes of each run of PL_SPIKE_RUN neurons: those of even steps, then of odd steps. Zero at the start */
    int32_t *next;       /* Renewal: step of the next spike */
    int64_t *schedule;   /* Scheduled: rows (step, neuron), ascending */
    int64_t scheduled, cursor;
    pl_spikes *ring; /* spikes of step n at n % slots */
    int64_t slots;
    int64_t *spike_steps; /* the record: `recorded` spikes, of at most `record_room`; room for `size` when a step begins */
    int32_t *spike_neurons;
    int64_t recorded, record_room;
    int32_t *periods; /* steps of each block's `every` */
    int32_t size, redraw, record, width, height, spare;
} pl_population;

/* State of one variable at the end of every `period`-th step: `count` times `bytes`, of at most `room` times; room for one
 * when a step begins. */
typedef struct pl_record {
    char *values;
    int64_t *steps;
    int64_t count, room, population, variable, period, bytes;
} pl_record;

/* Synapses by row: sorted by post, then age. Row i has the places start[i] .. start[i] + capacity[i] of the pool. */
typedef struct pl_rows {
    int64_t *start;
    int32_t *length, *capacity;
    int32_t *post;  /* the pool */
    void **column;  /* one value of each synapse variable for each place of the pool */
    int64_t *width; /* its bytes */
    int64_t columns;
    int64_t room, used;   /* places of the pool; from `used` on they are of no row */
    int64_t total, extra; /* synapses, and those that have an older one of the same pair */
    int64_t count, posts; /* rows, and the bound of `post` */
    int32_t *in_degree;   /* of the posts; NULL for `incoming` */
} pl_rows;

typedef struct pl_projection {
    void **values;
    void **before;
    int32_t **stamp;
    int32_t **last; /* of each lazy group */
    double **parameters;
    void **constants;
    void **tables; /* decay factors */
    void **scratch;
    int32_t *periods;
    int32_t *first; /* number of the first neuron of each source, and their sum */
    int32_t *group, *pre_x, *pre_y, *post_x, *post_y, *near_x, *near_y;
    pl_rows rows;
    pl_rows incoming; /* rows by post, entries pre (sorted by pre, then age); where synapses never move, a column of int64 places */
    char *work;       /* memory of structural statements, of `work_room` bytes */
    int64_t work_room;
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
    double *given;   /* the arguments of a signal */
    int64_t committed; /* whether the records of this step are counted */
    uint64_t input_word; /* 0, or the largest pl_input_word */
    int64_t fault;
    int64_t stall, stall_kernel, stall_owner, stall_need;
    /* Of a batch: the structs of its networks, the first of which knows of faults and stalls; this one's number among
     * them; the seed of what they share. Rows, parameters and what they share are the same arrays in all. */
    struct pl_model **networks, *first;
    int64_t batch, number;
    uint64_t common;
    uint64_t nan_word; /* of the first: 0, or the largest pl_nan_word */
} pl_model;

#include "plast_aggregate.h"
#include "plast_run.h"

/* ------------------------------------------------------------------ threads */

/* In code for a batch a row of the grid is for the network of its number, where there is more than one row. */
#ifdef PL_BATCH
#define PL_NETWORK(m) (m) = gridDim.y > 1 ? (m)->networks[blockIdx.y] : (m)
#define PL_FIRST(m) ((m)->first)
#define PL_NUMBER(m) ((m)->number)
#define PL_COUNT(m) ((m)->batch)
#define PL_MEMBER(m, b) ((m)->networks[b])
#else
#define PL_NETWORK(m) (void)0
#define PL_FIRST(m) (m)
#define PL_NUMBER(m) ((int64_t)0)
#define PL_COUNT(m) ((int64_t)1)
#define PL_MEMBER(m, b) (m)
#endif

/* The beginning of every kernel, `number` its number in the module. */
#define PL_ENTER(m, number)                                                                                      \
    const int64_t pl_kernel = (number);                                                                          \
    (void)pl_kernel;                                                                                             \
    PL_NETWORK(m);                                                                                               \
    if (pl_halted(m)) {                                                                                          \
        return;                                                                                                  \
    }

/* The beginning of a kernel that shares a launch with others that may stall, as it may itself. All threads of a block see the
 * same: after a stall all of them are launched again, those that have run as well. */
#define PL_ENTER_BLOCK(m, number)                                                                                \
    const int64_t pl_kernel = (number);                                                                          \
    (void)pl_kernel;                                                                                             \
    PL_NETWORK(m);                                                                                               \
    if (__syncthreads_or(pl_halted(m))) {                                                                        \
        return;                                                                                                  \
    }

/* The beginning of kernels that find input that is too large: every thread gets to look. */
#define PL_ENTER_ADVANCE(m, number)                                                                              \
    const int64_t pl_kernel = (number);                                                                          \
    (void)pl_kernel;                                                                                             \
    PL_NETWORK(m);                                                                                               \
    if ((PL_FIRST(m)->fault | PL_FIRST(m)->stall) != 0) {                                                        \
        return;                                                                                                  \
    }

/* The beginning of the kernel that ends a step: it looks for itself. */
#define PL_ENTER_TICK(m, number)                                                                                 \
    const int64_t pl_kernel = (number);                                                                          \
    (void)pl_kernel;

PL_DEVICE bool pl_halted(const pl_model *m) {
    const volatile pl_model *const now = PL_FIRST(m);
    return (now->fault | now->stall | (int64_t)now->input_word) != 0;
}

/* Of kernels that share a launch: the one of this layer of the grid; where there is one layer, the one that `data` names. */
PL_DEVICE unsigned pl_layer(const void *data) { return gridDim.z > 1 ? blockIdx.z : (unsigned)(uint64_t)data; }

PL_DEVICE int64_t pl_thread(void) { return (int64_t)blockIdx.x * blockDim.x + threadIdx.x; }
PL_DEVICE int64_t pl_threads(void) { return (int64_t)gridDim.x * blockDim.x; }
PL_DEVICE int32_t pl_lane(void) { return (int32_t)(threadIdx.x & 31u); }
PL_DEVICE int64_t pl_warp(void) { return pl_thread() >> 5; }
PL_DEVICE int64_t pl_warps(void) { return pl_threads() >> 5; }

/* The sum over the lanes of a warp, in every lane. */
PL_DEVICE int32_t pl_warp_sum(int32_t x) {
    for (int32_t d = 16; d > 0; d >>= 1) {
        x += __shfl_xor_sync(0xffffffffu, x, d);
    }
    return x;
}

/* The sum over the lanes before this one. */
PL_DEVICE int32_t pl_warp_before(int32_t x) {
    int32_t sum = x;
    for (int32_t d = 1; d < 32; d <<= 1) {
        const int32_t other = __shfl_up_sync(0xffffffffu, sum, (unsigned)d);
        sum += pl_lane() >= d ? other : 0;
    }
    return sum - x;
}

/* How many warps share an item of work, so that all have some. */
PL_DEVICE int64_t pl_share(int64_t items) {
    const int64_t warps = pl_warps();
    return items > 0 && items < warps ? warps / items : 1;
}

/* ------------------------------------------------------------------ faults and stalls */

/* The input of neuron i has left its range. Every population of the step does its work, so that the least is known. */
PL_DEVICE void pl_overflow(pl_model *m, int64_t population, int64_t port, int32_t i) {
    const uint64_t word = pl_input_word(population, PL_NUMBER(m), port, i);
    atomicMax((unsigned long long *)&PL_FIRST(m)->input_word, (unsigned long long)word);
}

/* A probability or rank of the pair (i, j) is NaN. The step is carried out to its end. */
PL_DEVICE void pl_note_nan(pl_model *m, uint32_t number, int32_t i, int32_t j) {
    atomicMax((unsigned long long *)&PL_FIRST(m)->nan_word, (unsigned long long)pl_nan_word(number, i, j));
}

/* Whether what has the probability p happens to the pair (i, j). */
PL_DEVICE bool pl_chance(pl_model *m, double u, double p, uint32_t purpose, int32_t i, int32_t j) {
    if (p != p) {
        pl_note_nan(m, purpose, i, j);
    }
    return u < p;
}

/* The host has to make room before `kernel` runs again; the kernel has changed nothing yet. By one thread. Of several kernels
 * at the same time the first one is heard; the others say it again. */
PL_DEVICE void pl_stall(pl_model *m, int64_t why, int64_t kernel, int64_t owner, int64_t need) {
    /* other blocks look at it as they begin */
    if (atomicCAS((unsigned long long *)&m->stall, 0ull, (unsigned long long)why) == 0ull) {
        m->stall_kernel = kernel;
        m->stall_owner = owner;
        m->stall_need = need;
    }
}

/* ------------------------------------------------------------------ inputs */

PL_DEVICE void pl_deliver(int64_t *sum, int64_t value) {
    if (value != 0) {
        atomicAdd((unsigned long long *)sum, (unsigned long long)value);
    }
}

/* ------------------------------------------------------------------ spikes */

PL_DEVICE pl_spikes *pl_spikes_at(const pl_population *p, int64_t step) { return &p->ring[step % p->slots]; }

/* Runs of neurons of a population, and where those of a step are counted. */
PL_DEVICE int64_t pl_runs(const pl_population *p) { return (p->size + PL_SPIKE_RUN - 1) / PL_SPIKE_RUN; }
PL_DEVICE int32_t *pl_run_counts(const pl_population *p, int64_t step) { return p->partial + (step & 1) * pl_runs(p); }
PL_DEVICE void pl_count_spike(int32_t *counts, int32_t i) { atomicAdd(&counts[i / PL_SPIKE_RUN], 1); }

/* Spikes before a run; the whole warp asks. */
PL_DEVICE int32_t pl_spikes_before(const int32_t *counts, int64_t run) {
    int32_t sum = 0;
    for (int64_t r = pl_lane(); r < run; r += 32) {
        sum += counts[r];
    }
    return pl_warp_sum(sum);
}

/* How many lanes before this one are in the mask. */
PL_DEVICE int32_t pl_rank(unsigned mask) { return __popc(mask & ((1u << pl_lane()) - 1u)); }

#ifdef PL_BATCH
/* Whether a neuron is in a list of spikes. */
PL_DEVICE bool pl_spiked(const pl_spikes *spiked, int32_t i) {
    int64_t from = 0, n = spiked->count;
    while (n > 0) {
        const int64_t half = n / 2;
        const bool right = spiked->neurons[from + half] < i;
        from = right ? from + half + 1 : from;
        n = right ? n - half - 1 : half;
    }
    return from < spiked->count && spiked->neurons[from] == i;
}
#endif

/* The first row of a schedule that is not before `step`. */
PL_DEVICE int64_t pl_schedule_from(const pl_population *p, int64_t step) {
    int64_t from = 0, n = p->scheduled;
    while (n > 0) {
        const int64_t half = n / 2;
        const bool right = p->schedule[2 * (from + half)] < step;
        from = right ? from + half + 1 : from;
        n = right ? n - half - 1 : half;
    }
    return from;
}

/* ------------------------------------------------------------------ records */

/* Copy what is due at the end of the step. */
PL_DEVICE void pl_record_states(const pl_model *m) {
    for (int64_t k = 0; k < m->record_count; ++k) {
        const pl_record *const r = &m->records[k];
        if ((m->step + 1) % r->period != 0) {
            continue;
        }
        const char *const from = (const char *)m->populations[r->population].values[r->variable];
        char *const to = r->values + r->count * r->bytes;
        if (r->bytes % 4 == 0) {
            for (int64_t b = pl_thread(); b < r->bytes / 4; b += pl_threads()) {
                ((int32_t *)to)[b] = ((const int32_t *)from)[b];
            }
        } else {
            for (int64_t b = pl_thread(); b < r->bytes; b += pl_threads()) {
                to[b] = from[b];
            }
        }
    }
}

/* Count what a network has recorded in this step. */
PL_DEVICE void pl_commit(pl_model *m, int64_t done, int64_t populations) {
    if (m->committed) {
        return;
    }
    m->committed = 1;
    for (int64_t k = 0; k < populations; ++k) {
        pl_population *const p = &m->populations[k];
        p->recorded += p->record ? pl_spikes_at(p, m->step)->count : 0;
    }
    for (int64_t k = 0; k < m->record_count; ++k) {
        pl_record *const r = &m->records[k];
        if (done % r->period == 0) {
            r->steps[r->count++] = done;
        }
    }
}

/* Whether a network has room for the records of another step; else `first` stalls. */
PL_DEVICE bool pl_records_room(const pl_model *m, pl_model *first, int64_t kernel, int64_t populations) {
    for (int64_t k = 0; k < populations; ++k) {
        const pl_population *const p = &m->populations[k];
        if (p->record && p->record_room - p->recorded < p->size) {
            pl_stall(first, PL_STALL_SPIKES, kernel, k, p->size);
            return false;
        }
    }
    for (int64_t k = 0; k < m->record_count; ++k) {
        if (m->records[k].room - m->records[k].count < 1) {
            pl_stall(first, PL_STALL_STATES, kernel, k, 1);
            return false;
        }
    }
    return true;
}

/* The end of a step, by one thread: counts what was recorded, looks for room for the next step, goes on to it. */
PL_DEVICE void pl_tick(pl_model *m, int64_t kernel, int64_t populations) {
    if (m->fault == PL_FINE && m->input_word != 0) {
        m->fault = PL_FAULT_INPUT;
    }
    if (pl_halted(m)) {
        return;
    }
    const int64_t done = m->step + 1;
    for (int64_t b = 0; b < PL_COUNT(m); ++b) {
        pl_commit(PL_MEMBER(m, b), done, populations);
    }
    for (int64_t b = 0; b < PL_COUNT(m); ++b) {
        if (!pl_records_room(PL_MEMBER(m, b), m, kernel, populations)) {
            return;
        }
    }
    for (int64_t b = 0; b < PL_COUNT(m); ++b) {
        pl_model *const n = PL_MEMBER(m, b);
        n->committed = 0;
        n->signals = 0;
        n->step = done;
    }
    if (m->nan_word != 0) {
        m->fault = PL_FAULT_NAN;
    }
}

#endif
