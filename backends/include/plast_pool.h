/* A small pool of threads for the phases of a step.
 *
 * Every phase is cut into `threads` parts by neuron or by post neuron, so that each number is computed by one thread in the
 * order in which one thread alone would have done it: results do not depend on the number of threads. Parts are claimed: the
 * calling thread does what no worker has taken by then, so that it waits only for parts that are being done. Workers wait
 * actively for a bounded time, then sleep; small phases run on the calling thread alone.
 */
#ifndef PLAST_POOL_H
#define PLAST_POOL_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "plast_model.h"

typedef void (*pl_part)(pl_model *m, int32_t step, int32_t low, int32_t high);

#define PL_THREADS 64
/* Looks at the counter before a waiting thread yields its core, and yields before it sleeps. */
#define PL_SPINS 2000
#define PL_YIELDS 50
/* Phases of less work (ns) than this are not worth waking anyone. */
#ifndef PL_WORTHWHILE
#define PL_WORTHWHILE 10000
#endif

typedef struct pl_pool {
    pthread_t thread[PL_THREADS];
    pthread_mutex_t lock;
    pthread_cond_t wake;
    _Atomic uint64_t claim;    /* the number of the phase, and in the low 8 bits the next part that nobody has taken */
    _Atomic int32_t finished;  /* parts of the phase that are done */
    _Atomic int32_t sleeping;
    _Atomic bool ended;
    pl_model *model;
    pl_part part;
    int32_t step, size, grain, workers;
} pl_pool;

/* The beginning of part `k` of `parts`: a multiple of `grain`. */
PL_LOCAL inline int32_t pl_cut(int32_t size, int32_t grain, int32_t k, int32_t parts) {
    const int64_t grains = ((int64_t)size + grain - 1) / grain;
    const int64_t at = grains * k / parts * grain;
    return at < size ? (int32_t)at : size;
}

PL_LOCAL inline void pl_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* Wait for a phase after phase `seen`. */
PL_LOCAL void pl_await_phase(pl_pool *pool, uint64_t seen) {
    for (int32_t k = 0; k < PL_SPINS + PL_YIELDS; ++k) {
        if (atomic_load_explicit(&pool->claim, memory_order_acquire) >> 8 != seen) {
            return;
        }
        if (k < PL_SPINS) {
            pl_relax();
        } else {
            sched_yield();
        }
    }
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->sleeping, 1);
    while (atomic_load(&pool->claim) >> 8 == seen) {
        pthread_cond_wait(&pool->wake, &pool->lock);
    }
    atomic_fetch_sub(&pool->sleeping, 1);
    pthread_mutex_unlock(&pool->lock);
}

/* Do parts of the phase as long as there are some that nobody has taken; returns its number. What a phase is about does not
 * change before all its parts are done, so it can be read once one of them is claimed. */
PL_LOCAL uint64_t pl_take_parts(pl_pool *pool) {
    const uint64_t parts = (uint64_t)pool->workers + 1;
    uint64_t claim = atomic_load(&pool->claim);
    const uint64_t phase = claim >> 8;
    while (claim >> 8 == phase && (claim & 255u) < parts) {
        if (!atomic_compare_exchange_weak(&pool->claim, &claim, claim + 1)) {
            continue;
        }
        const int32_t part = (int32_t)(claim & 255u);
        const int32_t low = pl_cut(pool->size, pool->grain, part, (int32_t)parts);
        const int32_t high = pl_cut(pool->size, pool->grain, part + 1, (int32_t)parts);
        if (low < high) {
            pool->part(pool->model, pool->step, low, high);
        }
        atomic_fetch_add(&pool->finished, 1);
        claim = atomic_load(&pool->claim);
    }
    return phase;
}

PL_LOCAL void *pl_work(void *given) {
    pl_pool *const pool = given;
    uint64_t seen = 0;
    for (;;) {
        pl_await_phase(pool, seen);
        if (atomic_load(&pool->ended)) {
            return NULL;
        }
        seen = pl_take_parts(pool);
    }
}

/* `taken` parts are nobody's to do: 0, or 255 for a phase without any. */
PL_LOCAL void pl_begin_phase(pl_pool *pool, uint64_t taken) {
    atomic_store(&pool->finished, 0);
    atomic_store(&pool->claim, ((atomic_load(&pool->claim) >> 8) + 1) << 8 | taken);
    if (atomic_load(&pool->sleeping) > 0) {
        pthread_mutex_lock(&pool->lock);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->lock);
    }
}

/* Do a phase for neurons 0 .. size - 1, cut at multiples of `grain`. `work` is about how many ns it takes one thread. */
PL_LOCAL void pl_parallel(pl_model *m, pl_part part, int32_t step, int32_t size, int32_t grain, int64_t work) {
    pl_pool *const pool = m->pool;
    if (pool == NULL || work < PL_WORTHWHILE || size <= grain) {
        part(m, step, 0, size);
        return;
    }
    pool->model = m;
    pool->part = part;
    pool->step = step;
    pool->size = size;
    pool->grain = grain;
    pl_begin_phase(pool, 0);
    pl_take_parts(pool);
    for (int32_t k = 0; atomic_load_explicit(&pool->finished, memory_order_acquire) <= pool->workers; ++k) {
        if (k < PL_SPINS) {
            pl_relax();
        } else {
            sched_yield();
        }
    }
}

PL_LOCAL void pl_pool_end(pl_model *m) {
    pl_pool *const pool = m->pool;
    if (pool == NULL) {
        return;
    }
    atomic_store(&pool->ended, true);
    pl_begin_phase(pool, 255);
    for (int32_t k = 0; k < pool->workers; ++k) {
        pthread_join(pool->thread[k], NULL);
    }
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
    m->pool = NULL;
}

/* Have `threads` in all; fewer where the system gives no more. */
PL_LOCAL void pl_pool_begin(pl_model *m, int32_t threads) {
    pl_pool_end(m);
    threads = threads < PL_THREADS ? threads : PL_THREADS;
    if (threads < 2) {
        return;
    }
    pl_pool *const pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        return;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    m->pool = pool;
    int32_t workers = 0;
    while (workers < threads - 1 && pthread_create(&pool->thread[workers], NULL, pl_work, pool) == 0) {
        ++workers;
    }
    pool->workers = workers;
    if (pool->workers == 0) {
        pl_pool_end(m);
    }
}

#endif
