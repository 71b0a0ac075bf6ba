/* The arithmetic of a run, on the structs of plast_model.h or plast_device.h, whichever was included before. */
#ifndef PLAST_RUN_H
#define PLAST_RUN_H

PL_COLD float pl_decay_farf(int32_t n, float rate) { return pl_expf((float)n * rate); }
PL_COLD double pl_decay_far(int32_t n, double rate) { return pl_exp((double)n * rate); }

/* exp(n rate), from a table of the same values where n is small. */
PL_FN float pl_decayf(const float *table, int32_t n, float rate) {
    return (uint32_t)n < PL_TABLE ? table[n] : pl_decay_farf(n, rate);
}
PL_FN double pl_decay(const double *table, int32_t n, double rate) {
    return (uint32_t)n < PL_TABLE ? table[n] : pl_decay_far(n, rate);
}
PL_FN void pl_fill_tablef(float *table, float rate) {
    for (int32_t n = 0; n < PL_TABLE; ++n) {
        table[n] = pl_expf((float)n * rate);
    }
}
PL_FN void pl_fill_table(double *table, double rate) {
    for (int32_t n = 0; n < PL_TABLE; ++n) {
        table[n] = pl_exp((double)n * rate);
    }
}

/* Of walks that are nothing: +0 to the bit; a number below 2^20; one whose sign bit is clear, too; anything but -0. */
PL_FN int32_t pl_is_zerof(float x) { return pl_bitsf(x) == 0; }
PL_FN int32_t pl_is_zero(double x) { return pl_bits(x) == 0; }
PL_FN int32_t pl_is_tamef(float x) { return PL_ABSF(x) < 1048576.0f; }
PL_FN int32_t pl_is_tame(double x) { return PL_ABS(x) < 1048576.0; }
PL_FN int32_t pl_is_positivef(float x) { return pl_is_tamef(x) && (x > 0.0f || pl_is_zerof(x)); }
PL_FN int32_t pl_is_positive(double x) { return pl_is_tame(x) && (x > 0.0 || pl_is_zero(x)); }
PL_FN int32_t pl_is_sumf(float x) { return !(x == 0.0f) || pl_is_zerof(x); }
PL_FN int32_t pl_is_sum(double x) { return !(x == 0.0) || pl_is_zero(x); }

/* A sum below 2^51 as double: added to the bits of 1.5 2^52, which vectorises where int64 to double has no instruction.
 * Whatever is not below gives a magnitude of at least 2^51, or no number. */
PL_FN double pl_sum_as_double(int64_t sum) {
    return pl_from((uint64_t)sum + UINT64_C(0x4338000000000000)) - 6755399441055744.0;
}

/* The sum of a port as a number. */
PL_FN float pl_take_inputf(int64_t sum) { return (float)(pl_sum_as_double(sum) * 2.3283064365386963e-10); }
PL_FN double pl_take_input(int64_t sum) { return pl_unfixed(sum); }

/* Whether that number has left the range of sums. */
PL_FN int32_t pl_bad_inputf(float value) { return !(PL_ABSF(value) < 524288.0f); }
PL_FN int32_t pl_bad_input(double value) { return !(PL_ABS(value) < 524288.0); }

/* Squared distance on the target's grid: exact, whatever the order of its operations. On a torus `near_x` and `near_y` lie inside
 * the target's grid. */
PL_FN double pl_distance2(const pl_projection *p, int32_t i, int32_t j) {
    int32_t dx = p->near_x[i] - p->post_x[j];
    int32_t dy = p->near_y[i] - p->post_y[j];
    dx = dx < 0 ? -dx : dx;
    dy = dy < 0 ? -dy : dy;
    const int32_t across = p->width - dx, down = p->height - dy;
    dx = p->periodic && across < dx ? across : dx;
    dy = p->periodic && down < dy ? down : dy;
    return (double)dx * (double)dx + (double)dy * (double)dy;
}

#endif
