// CUDA's words for a C++ compiler: put in front of emitted CUDA, which then runs on the emulator.
#pragma once

#include "engine.hpp"

#include <string.h>

// Of <math.h> what kernels use: a C++ compiler takes longer to read the rest than to compile a kernel.
extern "C" {
float rintf(float), ceilf(float), floorf(float), sqrtf(float), fabsf(float);
double rint(double), ceil(double), floor(double), sqrt(double), fabs(double);
}

#define __global__ __attribute__((visibility("default")))
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __shared__ static __attribute__((section("emu_shared")))
#define __constant__ static const

// ---------------------------------------------------------------- who a thread is

template <unsigned (*ask)(void)> struct emu_number {
    __attribute__((always_inline)) operator unsigned() const { return ask(); }
};
template <unsigned (*ask)(void), unsigned others> struct emu_dimensions {
    emu_number<ask> x;
    static constexpr unsigned y = others, z = others;
};
static constexpr emu_dimensions<emu_thread_index, 0> threadIdx{};
template <unsigned (*ask)(void), unsigned (*row)(void), unsigned (*layer)(void)> struct emu_space {
    emu_number<ask> x;
    emu_number<row> y;
    emu_number<layer> z;
};
static constexpr emu_space<emu_block_index, emu_block_row, emu_block_layer> blockIdx{};
static constexpr emu_dimensions<emu_block_size, 1> blockDim{};
static constexpr emu_space<emu_grid_size, emu_grid_rows, emu_grid_layers> gridDim{};
static constexpr int warpSize = 32;

// ---------------------------------------------------------------- barriers

#define EMU_HERE const char *file = __builtin_FILE(), int line = __builtin_LINE()
#define EMU_FN static inline __attribute__((always_inline))

EMU_FN void __syncthreads(EMU_HERE) { emu_barrier(EMU_BARRIER_PLAIN, 0, file, line); }
EMU_FN int __syncthreads_or(int x, EMU_HERE) { return emu_barrier(EMU_BARRIER_OR, x, file, line); }
EMU_FN int __syncthreads_and(int x, EMU_HERE) { return emu_barrier(EMU_BARRIER_AND, x, file, line); }
EMU_FN int __syncthreads_count(int x, EMU_HERE) { return emu_barrier(EMU_BARRIER_COUNT, x, file, line); }
EMU_FN void __syncwarp(unsigned mask = 0xffffffffu, EMU_HERE) { emu_warp(EMU_SYNC, mask, 0, 0, 32, file, line); }
// No fence makes another thread wait, so none orders accesses here.
EMU_FN void __threadfence() {}
EMU_FN void __threadfence_block() {}
EMU_FN void __threadfence_system() {}

// ---------------------------------------------------------------- words between lanes

template <typename T> EMU_FN uint64_t emu_bits(T x) {
    uint64_t bits = 0;
    static_assert(sizeof x <= 8, "a register, or two");
    __builtin_memcpy(&bits, &x, sizeof x);
    return bits;
}
template <typename T> EMU_FN T emu_value(uint64_t bits) {
    T x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}
template <typename T> EMU_FN T __shfl_sync(unsigned mask, T x, int lane, int width = 32, EMU_HERE) {
    return emu_value<T>(emu_warp(EMU_SHFL, mask, emu_bits(x), lane, width, file, line));
}
template <typename T> EMU_FN T __shfl_up_sync(unsigned mask, T x, unsigned by, int width = 32, EMU_HERE) {
    return emu_value<T>(emu_warp(EMU_UP, mask, emu_bits(x), (int)by, width, file, line));
}
template <typename T> EMU_FN T __shfl_down_sync(unsigned mask, T x, unsigned by, int width = 32, EMU_HERE) {
    return emu_value<T>(emu_warp(EMU_DOWN, mask, emu_bits(x), (int)by, width, file, line));
}
template <typename T> EMU_FN T __shfl_xor_sync(unsigned mask, T x, int by, int width = 32, EMU_HERE) {
    return emu_value<T>(emu_warp(EMU_XOR, mask, emu_bits(x), by, width, file, line));
}
EMU_FN unsigned __ballot_sync(unsigned mask, int x, EMU_HERE) {
    return (unsigned)emu_warp(EMU_BALLOT, mask, x != 0, 0, 32, file, line);
}
EMU_FN int __any_sync(unsigned mask, int x, EMU_HERE) {
    return (int)emu_warp(EMU_ANY, mask, x != 0, 0, 32, file, line);
}
EMU_FN int __all_sync(unsigned mask, int x, EMU_HERE) {
    return (int)emu_warp(EMU_ALL, mask, x != 0, 0, 32, file, line);
}
template <typename T> EMU_FN unsigned __match_any_sync(unsigned mask, T x, EMU_HERE) {
    return (unsigned)emu_warp(EMU_MATCH, mask, emu_bits(x), 0, 32, file, line);
}
// Which lanes are together is not said anywhere: a lane alone is always right.
EMU_FN unsigned __activemask() { return 1u << (emu_thread_index() & 31u); }

// ---------------------------------------------------------------- atomics

#define EMU_ATOMIC(name, type, kind)                                                                                   \
    EMU_FN type name(type *address, type x) {                                                                          \
        return emu_value<type>(emu_atomic(kind, address, sizeof x, emu_bits(x), 0));                                   \
    }
#define EMU_INTEGERS(name, kind)                                                                                       \
    EMU_ATOMIC(name, int, kind)                                                                                        \
    EMU_ATOMIC(name, unsigned, kind)                                                                                   \
    EMU_ATOMIC(name, unsigned long long, kind)
EMU_INTEGERS(atomicAdd, EMU_ADD)
EMU_ATOMIC(atomicAdd, float, EMU_ADD_FLOAT)
EMU_ATOMIC(atomicAdd, double, EMU_ADD_DOUBLE)
EMU_ATOMIC(atomicMin, int, EMU_MIN)
EMU_ATOMIC(atomicMin, long long, EMU_MIN)
EMU_ATOMIC(atomicMin, unsigned, EMU_UMIN)
EMU_ATOMIC(atomicMin, unsigned long long, EMU_UMIN)
EMU_ATOMIC(atomicMax, int, EMU_MAX)
EMU_ATOMIC(atomicMax, long long, EMU_MAX)
EMU_ATOMIC(atomicMax, unsigned, EMU_UMAX)
EMU_ATOMIC(atomicMax, unsigned long long, EMU_UMAX)
EMU_INTEGERS(atomicExch, EMU_EXCH)
EMU_ATOMIC(atomicExch, float, EMU_EXCH)
EMU_INTEGERS(atomicOr, EMU_OR)
EMU_INTEGERS(atomicAnd, EMU_AND)
template <typename T> EMU_FN T atomicCAS(T *address, T compare, T x) {
    return emu_value<T>(emu_atomic(EMU_CAS, address, sizeof x, emu_bits(compare), emu_bits(x)));
}
template <typename T> EMU_FN T atomicSub(T *address, T x) { return atomicAdd(address, (T)(0 - x)); }

// ---------------------------------------------------------------- bits and loads

EMU_FN int __ffs(int x) { return __builtin_ffs(x); }
EMU_FN int __ffsll(long long x) { return __builtin_ffsll(x); }
EMU_FN int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }
EMU_FN int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
EMU_FN int __popc(unsigned x) { return __builtin_popcount(x); }
EMU_FN int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
EMU_FN unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((uint64_t)a * b >> 32); }
EMU_FN int __mulhi(int a, int b) { return (int)((int64_t)a * b >> 32); }
EMU_FN unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}
EMU_FN int __float_as_int(float x) { return emu_value<int>(emu_bits(x)); }
EMU_FN unsigned __float_as_uint(float x) { return emu_value<unsigned>(emu_bits(x)); }
EMU_FN float __int_as_float(int x) { return emu_value<float>(emu_bits(x)); }
EMU_FN float __uint_as_float(unsigned x) { return emu_value<float>(emu_bits(x)); }
EMU_FN long long __double_as_longlong(double x) { return emu_value<long long>(emu_bits(x)); }
EMU_FN double __longlong_as_double(long long x) { return emu_value<double>(emu_bits(x)); }
template <typename T> EMU_FN T __ldg(const T *address) { return *address; }

// Where the shared variables of the module lie; both are NULL where it has none.
extern "C" char __start_emu_shared __attribute__((weak)), __stop_emu_shared __attribute__((weak));
extern "C" __attribute__((used, visibility("default"))) inline void *emu_shared_begin() { return &__start_emu_shared; }
extern "C" __attribute__((used, visibility("default"))) inline void *emu_shared_end() { return &__stop_emu_shared; }

// Where the library lies, by the linker.
extern "C" __attribute__((visibility("hidden"))) char __ehdr_start, _end;
extern "C" __attribute__((used, visibility("default"))) inline void *emu_image_begin() { return &__ehdr_start; }
extern "C" __attribute__((used, visibility("default"))) inline void *emu_image_end() { return &_end; }
