/* Post spikes wait in the history of their neuron until a row is visited.
 *
 * Each post neuron keeps its last PL_RING spikes (step, payload); a log of all post spikes serves rows that hold every post
 * neuron exactly once, where the post is the place in the row. A row has seen every spike before `visited`. Before a ring or
 * the log overflows, all rows are brought up to date.
 */
#ifndef PLAST_HISTORY_H
#define PLAST_HISTORY_H

#include "plast_rows.h"

PL_LOCAL void pl_history_end(pl_history *h) {
    free(h->newest);
    free(h->head);
    free(h->settled);
    free(h->steps);
    free(h->log_step);
    free(h->log_post);
    free(h->visited);
    free(h->mark);
    free(h->full);
    for (int64_t k = 0; k < h->payloads; ++k) {
        free(h->payload[k]);
        free(h->log_payload[k]);
        h->payload[k] = h->log_payload[k] = NULL;
    }
    h->newest = h->steps = h->log_step = h->log_post = h->visited = NULL;
    h->head = h->settled = NULL;
    h->mark = NULL;
    h->full = NULL;
}

/* Empty histories. `posts`, `rows`, `payloads` and `width` of the struct are given. */
PL_LOCAL bool pl_history_begin(pl_history *h) {
    pl_history_end(h);
    const size_t posts = (size_t)h->posts, rows = (size_t)h->rows;
    h->newest = malloc(posts * sizeof *h->newest);
    h->head = calloc(posts, sizeof *h->head);
    h->settled = calloc(posts, sizeof *h->settled);
    h->steps = calloc(posts * PL_RING, sizeof *h->steps);
    h->log_step = calloc(PL_LOG, sizeof *h->log_step);
    h->log_post = calloc(PL_LOG, sizeof *h->log_post);
    h->visited = calloc(rows, sizeof *h->visited);
    h->mark = calloc(rows, sizeof *h->mark);
    h->full = calloc(rows, sizeof *h->full);
    h->logged = h->log_settled = 0;
    bool fine = h->newest != NULL && h->head != NULL && h->settled != NULL && h->steps != NULL && h->log_step != NULL &&
                h->log_post != NULL && h->visited != NULL && h->mark != NULL && h->full != NULL;
    for (int64_t k = 0; k < h->payloads; ++k) {
        h->payload[k] = calloc(posts * PL_RING, (size_t)h->width[k]);
        h->log_payload[k] = calloc(PL_LOG, (size_t)h->width[k]);
        fine = fine && h->payload[k] != NULL && h->log_payload[k] != NULL;
    }
    for (size_t j = 0; fine && j < posts; ++j) {
        h->newest[j] = -1;
    }
    return fine;
}

/* Find out which rows hold every post neuron exactly once: sorted, so when they are as long as the posts are many and rise. */
PL_LOCAL void pl_history_survey(pl_history *h, const pl_rows *r) {
    for (int64_t i = 0; i < r->count; ++i) {
        bool full = r->length[i] == r->posts;
        for (int64_t k = 0; full && k < r->posts; ++k) {
            full = r->post[r->start[i] + k] == k;
        }
        h->full[i] = full;
    }
}

/* Whether the spikes of a step find room. */
PL_LOCAL bool pl_history_has_room(const pl_history *h, const pl_spikes *s) {
    if (h->logged - h->log_settled + (uint64_t)s->count > PL_LOG) {
        return false;
    }
    for (int64_t k = 0; k < s->count; ++k) {
        const int32_t j = s->neurons[k];
        if (h->head[j] - h->settled[j] >= PL_RING) {
            return false;
        }
    }
    return true;
}

/* A new spike: the ring's and the log's place for its payload. */
PL_LOCAL inline int64_t pl_history_push(pl_history *h, int32_t j, int32_t step, int64_t *log_place) {
    const int64_t place = (int64_t)j * PL_RING + (int64_t)(h->head[j] % PL_RING);
    *log_place = (int64_t)(h->logged % PL_LOG);
    h->steps[place] = step;
    h->newest[j] = step;
    ++h->head[j];
    h->log_step[*log_place] = step;
    h->log_post[*log_place] = j;
    ++h->logged;
    return place;
}

/* The first spike of `j` (counted by `head`) that is not before `since`. */
PL_LOCAL inline uint32_t pl_history_from(const pl_history *h, int32_t j, int32_t since) {
    uint32_t e = h->head[j];
    const uint32_t least = h->settled[j];
    while (e != least && h->steps[(int64_t)j * PL_RING + (int64_t)((e - 1) % PL_RING)] >= since) {
        --e;
    }
    return e;
}

/* All rows have seen every spike before `upto`. */
PL_LOCAL void pl_history_settle(pl_history *h, int32_t upto) {
    for (int64_t i = 0; i < h->rows; ++i) {
        h->visited[i] = upto;
        h->mark[i] = h->logged;
    }
    memcpy(h->settled, h->head, (size_t)h->posts * sizeof *h->settled);
    h->log_settled = h->logged;
}

#endif
