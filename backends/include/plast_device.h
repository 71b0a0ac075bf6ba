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

/* Decay factors exp(n d) are kept for n below this. */
#define PL_TABLE 4096

/* Why a run cannot go on. */
enum { PL_FINE = 0, PL_FAULT_INPUT = 1 };

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
    int32_t *partial;    /* spikes of each run of PL_RUN neurons */
    int32_t *next;       /* Renewal: step of the next spike */
    int64_t *schedule;   /* Scheduled: rows (step, neuron), ascending */
    int64_t scheduled, cursor;
    pl_spikes *ring; /* spikes of step n at n % slots */
    int64_t slots;
    int64_t *spike_steps; /* the record: `recorded` spikes in any order, of at most `record_room` */
    int32_t *spike_neurons;
    int64_t recorded, record_room;
    int32_t *periods; /* steps of each block's `every` */
    int32_t size, redraw, record, width, height, spare;
} pl_population;

/* State of one variable at the end of every `period`-th step: `count` times `bytes`, of at most `room` times. */
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
    int64_t room;         /* places of the pool */
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
    pl_rows incoming; /* rows by post, entries pre (sorted by pre, then age), no columns */
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
    int64_t fault, fault_owner, fault_detail;
    int64_t stall, stall_kernel, stall_owner, stall_need;
} pl_model;

#endif
