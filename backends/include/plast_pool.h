/* A small pool of threads for the phases of a step.
 *
 * Every phase is cut into as many parts as there are threads, by neuron, by row or by what else is alone with its numbers, so
 * that each number is computed by one thread as one thread alone would have done it: results do not depend on the number of
 * threads. A look at what another core has written takes a few hundred ns, so a phase needs two of them: the workers see what
 * is to be done, and the calling thread sees that it is done. Parts are made so large that all are done at the same time. A
 * worker that has not begun when the calling thread is done with its own part (it may not have a core) loses its part to that,
 * and phases are not shared for a while. Workers wait actively for a bounded time, then sleep; small phases run on the calling
 * thread alone.
 */
#ifndef PLAST_POOL_H
#define PLAST_POOL_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "plast_model.h"

typedef void (*pl_part)(pl_model *m, int32_t step, int32_t low, int32_t high);

#define PL_THREADS 64
/* Looks at the phase before a waiting thread yields its core, and yields before it sleeps. */
#define PL_SPINS 2000
#define PL_YIELDS 50
/* Looks before a part is taken back that its worker has not begun. */
#ifndef PL_PATIENCE
#define PL_PATIENCE 20
#endif
/* Phases of less work (ns) than this are not worth sharing, ... */
#ifndef PL_WORTHWHILE
#define PL_WORTHWHILE 2000
#endif
/* ... and of less than this not worth waking anyone up. */
#define PL_WAKING (PL_WORTHWHILE * 15)
/* So many phases at most are not shared after workers have lost their parts. */
#define PL_REST (PL_WORTHWHILE / 2)
/* Shares of the workers are kept for so many phases. */
#define PL_SHARES 16
/* A phase that concerns several populations is cut in units of so many a population. */
#define PL_UNITS 64

/* Each line of the cache is written by one side. */
typedef struct pl_worker {
    _Alignas(64) _Atomic uint64_t asked; /* phase whose part the calling thread would have back, ... */
    _Atomic uint64_t kept, lost;         /* ... and what it then says of it: the worker has it, or not */
    _Alignas(64) _Atomic uint64_t begun; /* phase whose part the worker does */
    _Alignas(64) _Atomic uint64_t done;
} pl_worker;

typedef struct pl_pool {
    _Alignas(64) _Atomic uint64_t phase; /* and what it is about, in the same line */
    pl_model *model;
    pl_part part;
    double each; /* grains for each worker */
    int32_t step, size, grain, workers;
    _Alignas(64) _Atomic int32_t sleeping;
    _Atomic bool ended;
    _Alignas(64) _Atomic bool adding;
    _Alignas(64) pthread_mutex_t lock;
    pthread_cond_t wake;
    uint64_t calls;       /* to those who sleep */
    int64_t owed;         /* work (ns) that would have been shared if nobody had slept */
    int32_t missed, rest; /* phases that are left out after a miss, and still to be left out */
    double share[PL_SHARES]; /* of phases by their function: a worker's part, 1 where all have the same */
    pthread_t thread[PL_THREADS];
    pl_worker worker[PL_THREADS];
} pl_pool;

/* Where unit `low` of PL_UNITS begins: a multiple of `grain`. */
PL_LOCAL inline int32_t pl_cut(int32_t size, int32_t grain, int32_t low) {
    const int64_t grains = ((int64_t)size + grain - 1) / grain;
    const int64_t at = grains * low / PL_UNITS * grain;
    return at < size ? (int32_t)at : size;
}

PL_LOCAL inline void pl_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* A look that was in vain. */
PL_LOCAL inline void pl_wait(int32_t looks) {
    if (looks < PL_SPINS) {
        pl_relax();
    } else {
        sched_yield();
    }
}

/* Wait for a phase after phase `seen`. */
PL_LOCAL uint64_t pl_await_phase(pl_pool *pool, uint64_t seen) {
    for (;;) {
        for (int32_t k = 0; k < PL_SPINS + PL_YIELDS; ++k) {
            const uint64_t phase = atomic_load_explicit(&pool->phase, memory_order_acquire);
            if (phase != seen) {
                return phase;
            }
            pl_wait(k);
        }
        pthread_mutex_lock(&pool->lock);
        atomic_fetch_add(&pool->sleeping, 1);
        const uint64_t calls = pool->calls;
        while (atomic_load(&pool->phase) == seen && pool->calls == calls) {
            pthread_cond_wait(&pool->wake, &pool->lock);
        }
        atomic_fetch_sub(&pool->sleeping, 1);
        pthread_mutex_unlock(&pool->lock);
    }
}

PL_LOCAL void pl_do_part(const pl_pool *pool, int32_t number) {
    const int64_t first = (int64_t)(number * pool->each + 0.5) * pool->grain;
    const int64_t end = number < pool->workers ? (int64_t)((number + 1) * pool->each + 0.5) * pool->grain : pool->size;
    if (first < end) {
        pool->part(pool->model, pool->step, (int32_t)first, (int32_t)(end < pool->size ? end : pool->size));
    }
}

/* Whether the worker has its part of a phase. Either it sees that the part is asked back, or the calling thread sees that it is
 * begun, or both; then that one says how it is. What the phase is about stays as it is until all parts are done. */
PL_LOCAL bool pl_begin_part(pl_worker *w, uint64_t phase) {
    atomic_store(&w->begun, phase);
    if (atomic_load(&w->asked) < phase) {
        return true;
    }
    for (int32_t k = 0;; ++k) {
        if (atomic_load_explicit(&w->kept, memory_order_acquire) == phase) {
            return true;
        }
        if (atomic_load_explicit(&w->lost, memory_order_acquire) >= phase) {
            return false;
        }
        pl_wait(k);
    }
}

/* Take a part back; false when the worker has begun it. */
PL_LOCAL bool pl_take_back(pl_worker *w, uint64_t phase) {
    atomic_store(&w->asked, phase);
    const bool kept = atomic_load(&w->begun) == phase;
    atomic_store_explicit(kept ? &w->kept : &w->lost, phase, memory_order_release);
    return !kept;
}

typedef struct pl_place {
    pl_pool *pool;
    int32_t number;
} pl_place;

PL_LOCAL void *pl_work(void *given) {
    const pl_place place = *(pl_place *)given;
    free(given);
    pl_worker *const w = &place.pool->worker[place.number];
    uint64_t seen = 0;
    for (;;) {
        seen = pl_await_phase(place.pool, seen);
        if (atomic_load(&place.pool->ended)) {
            return NULL;
        }
        if (pl_begin_part(w, seen)) {
            pl_do_part(place.pool, place.number);
            atomic_store_explicit(&w->done, seen, memory_order_release);
        }
    }
}

PL_LOCAL void pl_wake(pl_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    ++pool->calls;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

/* Whether a phase is shared that takes one thread about `work` ns. */
PL_LOCAL inline bool pl_is_shared(const pl_model *m, int64_t work) { return m->pool != NULL && work >= PL_WORTHWHILE; }

/* Whether the workers are there to share a phase. Those who sleep are called, but are too late for this one. */
PL_LOCAL bool pl_are_there(pl_pool *pool, int64_t work) {
    if (atomic_load_explicit(&pool->sleeping, memory_order_relaxed) > 0) {
        pool->owed += work;
        if (pool->owed >= PL_WAKING) {
            pool->owed = 0;
            pl_wake(pool);
            return PL_WAKING == 0;
        }
        return false;
    }
    if (pool->rest > 0) {
        --pool->rest;
        return false;
    }
    return true;
}

/* Do a phase for 0 .. size - 1, cut at multiples of `grain`. `work` is about how many ns it takes one thread. */
PL_LOCAL void pl_parallel(pl_model *m, pl_part part, int32_t step, int32_t size, int32_t grain, int64_t work) {
    pl_pool *const pool = m->pool;
    if (!pl_is_shared(m, work) || size <= grain || !pl_are_there(pool, work)) {
        part(m, step, 0, size);
        return;
    }
    pool->model = m;
    pool->part = part;
    pool->step = step;
    pool->size = size;
    pool->grain = grain;
    double *const share = &pool->share[((uintptr_t)part >> 4) % PL_SHARES];
    pool->each = (double)(((int64_t)size + grain - 1) / grain) * *share / (pool->workers + 1);
    const uint64_t phase = atomic_load_explicit(&pool->phase, memory_order_relaxed) + 1;
    atomic_store_explicit(&pool->phase, phase, memory_order_release);
    pl_do_part(pool, pool->workers);
    bool late = false, missed = false;
    for (int32_t k = 0; k < pool->workers; ++k) {
        pl_worker *const w = &pool->worker[k];
        bool asked = false;
        late = late || atomic_load_explicit(&w->done, memory_order_acquire) != phase;
        for (int32_t looks = 0; atomic_load_explicit(&w->done, memory_order_acquire) != phase; ++looks) {
            if (looks >= PL_PATIENCE && !asked) {
                asked = true;
                if (pl_take_back(w, phase)) {
                    missed = true;
                    pl_do_part(pool, k);
                    break;
                }
            }
            pl_wait(looks);
        }
    }
    /* cores may be of different speed, and the phase begins later for workers: so that all are done at the same time */
    *share = late ? *share * (1.0 - 1.0 / 64) : *share * (1.0 + 1.0 / 64);
    *share = *share < 0.25 ? 0.25 : *share > 1.25 ? 1.25 : *share;
    pool->missed = missed ? 2 * pool->missed + 1 : 0;
    pool->missed = pool->missed < PL_REST ? pool->missed : PL_REST;
    pool->rest = pool->missed;
}

/* Rows are shared, each thread with sums of its own, where the post neurons are so few ... */
#define PL_FEW_POSTS 4096
/* ... and get so much that adding the sums is little in comparison. */
PL_LOCAL inline bool pl_few_posts(const pl_projection *p, int64_t events) {
    return p->n_post <= PL_FEW_POSTS && events > 2 * (int64_t)p->n_post && events <= INT32_MAX;
}

/* Add a thread's own sums, one thread after the other. */
PL_LOCAL void pl_add_sums(const pl_model *m, int64_t *restrict sums, const int64_t *restrict own, int32_t count) {
    pl_pool *const pool = m->pool;
    for (int32_t k = 0; pool != NULL && atomic_exchange_explicit(&pool->adding, true, memory_order_acquire); ++k) {
        pl_wait(k);
    }
    for (int32_t j = 0; j < count; ++j) {
        sums[j] += own[j];
    }
    if (pool != NULL) {
        atomic_store_explicit(&pool->adding, false, memory_order_release);
    }
}

PL_LOCAL void pl_pool_end(pl_model *m) {
    pl_pool *const pool = m->pool;
    if (pool == NULL) {
        return;
    }
    atomic_store(&pool->ended, true);
    atomic_fetch_add(&pool->phase, 1);
    pl_wake(pool);
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
    pl_pool *const pool = aligned_alloc(_Alignof(pl_pool), sizeof *pool);
    if (pool == NULL) {
        return;
    }
    memset(pool, 0, sizeof *pool);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    m->pool = pool;
    for (int32_t k = 0; k < PL_SHARES; ++k) {
        pool->share[k] = 1.0;
    }
    for (int32_t k = 0; k < threads - 1; ++k) {
        pl_place *const place = malloc(sizeof *place);
        if (place == NULL) {
            break;
        }
        *place = (pl_place){pool, k};
        if (pthread_create(&pool->thread[k], NULL, pl_work, place) != 0) {
            free(place);
            break;
        }
        pool->workers = k + 1;
    }
    if (pool->workers == 0) {
        pl_pool_end(m);
    }
}

#endif
