// Instructions of PTX that take more than an operator of C++: put in front of what ptx.py makes.
#pragma once

#include "shim.hpp"

extern "C" {
float truncf(float), fmaf(float, float, float), nextafterf(float, float);
double trunc(double), fma(double, double, double), exp2(double);
// of the engine; a checked module calls it before each access
void __tsan_read1(void *), __tsan_read2(void *), __tsan_read4(void *), __tsan_read8(void *);
void __tsan_write1(void *), __tsan_write2(void *), __tsan_write4(void *), __tsan_write8(void *);
void __tsan_volatile_read4(void *), __tsan_volatile_read8(void *);
void __tsan_volatile_write4(void *), __tsan_volatile_write8(void *);
}

// ---------------------------------------------------------------- registers hold bits

#define F(x) emu_value<float>((uint32_t)(x))
#define D(x) emu_value<double>((uint64_t)(x))
#define BITS(x) ptx_bits(x)
EMU_FN uint32_t ptx_bits(float x) { return emu_value<uint32_t>(emu_bits(x)); }
EMU_FN uint64_t ptx_bits(double x) { return emu_bits(x); }

// Where shared memory begins.
#define SHARED ((uint64_t)&__start_emu_shared)

template <typename T> EMU_FN T ptx_load(uint64_t address) {
    T x;
    __builtin_memcpy(&x, (const void *)address, sizeof x);
    return x;
}
template <typename T> EMU_FN void ptx_store(uint64_t address, T x) { __builtin_memcpy((void *)address, &x, sizeof x); }

// ---------------------------------------------------------------- integers

// A division by zero has no meaning, and does not end the process; the least by -1 is the least.
template <typename T> EMU_FN T ptx_div(T a, T b) { return b == 0 ? (T)-1 : b == (T)-1 && (T)-1 < 0 ? (T)(0 - a) : (T)(a / b); }
template <typename T> EMU_FN T ptx_rem(T a, T b) { return b == 0 ? a : b == (T)-1 && (T)-1 < 0 ? (T)0 : (T)(a % b); }
template <typename T> EMU_FN T ptx_min(T a, T b) { return b < a ? b : a; }
template <typename T> EMU_FN T ptx_max(T a, T b) { return a < b ? b : a; }

// By more than there are bits: none is left, or the sign.
template <typename T> EMU_FN T ptx_shl(T a, uint32_t n) { return n < 8 * sizeof a ? (T)(a << n) : (T)0; }
template <typename T> EMU_FN T ptx_shr(T a, uint32_t n) {
    return n < 8 * sizeof a ? (T)(a >> n) : a < 0 ? (T)-1 : (T)0;
}
template <typename T> EMU_FN T ptx_insert(T a, T b, uint32_t from, uint32_t n) {
    from &= 255, n &= 255;
    const T ones = n < 8 * sizeof a ? (T)(((T)1 << n) - 1) : (T) ~(T)0, mask = ptx_shl(ones, from);
    return (T)((b & (T)~mask) | (ptx_shl(a, from) & mask));
}
EMU_FN uint32_t ptx_reverse(uint32_t a) {
    uint32_t b = 0;
    for (int k = 0; k < 32; ++k) {
        b |= (a >> k & 1u) << (31 - k);
    }
    return b;
}

// ---------------------------------------------------------------- numbers

// The other one where one is NaN, and -0 is less than 0.
template <typename T> EMU_FN T ptx_least(T a, T b) {
    if (a != a || b != b) {
        return a != a ? b : a;
    }
    return a == b ? (__builtin_signbit(a) ? a : b) : a < b ? a : b;
}
template <typename T> EMU_FN T ptx_most(T a, T b) {
    if (a != a || b != b) {
        return a != a ? b : a;
    }
    return a == b ? (__builtin_signbit(a) ? b : a) : a < b ? b : a;
}
// As an integer, towards 0. What is too large becomes the largest; NaN becomes 0, or the least of the type where it or its
// source has 64 bits (`wide`).
template <typename T> EMU_FN T ptx_whole(double x, bool wide) {
    const bool is_signed = (T)-1 < 0;
    const T top = (T)((T)1 << (8 * sizeof(T) - 1)), least = is_signed ? top : (T)0;
    const double limit = (is_signed ? 1.0 : 2.0) * (double)((uint64_t)1 << (8 * sizeof(T) - 1));
    if (x != x) {
        return wide || sizeof(T) == 8 ? top : (T)0;
    }
    return x >= limit ? (T)~least : x <= (is_signed ? -limit : 0.0) ? least : (T)x;
}

// ---------------------------------------------------------------- the fast mode

// As wrong as it may be, 2^-bits of the value, up or down by the parity of the bits of the right one.
EMU_FN float ptx_about(double exact, int bits) {
    const double error = 1.0 / (double)(1 << bits);
    return (float)(exact * (1.0 + (__builtin_parityll(emu_bits(exact)) ? error : -error)));
}
EMU_FN float ptx_power(float x) {
    const float least = 1.17549435e-38f, power = ptx_about(exp2(fabsf(x) < least ? 0.0f : x), 22);
    return power < least ? 0.0f : power;
}
// The upper half of a double.
EMU_FN double ptx_reciprocal(double x) { return emu_value<double>(emu_bits(1.0 / x) >> 32 << 32); }
EMU_FN float ptx_fma_down(float a, float b, float c) {
    const long double exact = (long double)((double)a * b) + c;
    const float near = (float)exact;
    return near > exact ? nextafterf(near, -__builtin_inff()) : near;
}
EMU_FN float ptx_saturated(float x) { return x >= 1.0f ? 1.0f : x > 0.0f ? x : 0.0f; }

// ---------------------------------------------------------------- between lanes

// The parts of a warp between which nothing goes are said by 32 - width in `c`.
EMU_FN uint32_t ptx_shuffle(int kind, uint32_t value, uint32_t lane, uint32_t c, uint32_t mask, const char *file, int line) {
    return (uint32_t)emu_warp(kind, mask, value, (int)lane, 32 - (int)(c >> 8 & 31u), file, line);
}
// Whether the lane that was asked is in the same part.
EMU_FN bool ptx_inside(int kind, uint32_t by, uint32_t c) {
    const uint32_t width = 32 - (c >> 8 & 31u), lane = (emu_thread_index() & 31u) % width;
    switch (kind) {
    case EMU_UP: return lane >= by;
    case EMU_DOWN: return lane + by < width;
    case EMU_XOR: return (lane ^ by) < width;
    default: return true;
    }
}
