"""What the machine itself can do, measured in the same run: the scale for every other figure."""

from __future__ import annotations

import ctypes
import tempfile
from pathlib import Path

from benchmarks.timing import Row
from plastlang.backends.c.toolchain import compile_source, find_compiler

#: Each function does its work `times` times and gives nanoseconds for one piece of it.
SOURCE = r"""
#define _POSIX_C_SOURCE 199309L
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#define API __attribute__((visibility("default")))
double integer_add(int64_t times);
double exponential(int64_t times);
double reading(int64_t times);
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}
/* Sixteen additions of which each waits for the one before: a clock cycle each. */
API double integer_add(int64_t times) {
    uint64_t x = 1;
    const double begun = now();
    for (int64_t k = 0; k < times; ++k) {
        for (int j = 0; j < 16; ++j) {
            __asm__ volatile("" : "+r"(x));
            x += 3;
        }
    }
    return (now() - begun) / (double)times / 16.0;
}
/* exp of 1024 numbers in cache, as a neuron's step computes it: what the vector units do. */
API double exponential(int64_t times) {
    static float x[1024], y[1024];
    for (int k = 0; k < 1024; ++k) {
        x[k] = -(float)k / 512.0f;
    }
    const double begun = now();
    for (int64_t j = 0; j < times; ++j) {
        #pragma omp simd
        for (int k = 0; k < 1024; ++k) {
            y[k] = pl_expf(x[k]);
        }
        __asm__ volatile("" : : "r"(y) : "memory");
    }
    return (now() - begun) / (double)times / 1024.0;
}
/* 256 MiB from memory, by 8 bytes. */
API double reading(int64_t times) {
    const int64_t count = (int64_t)1 << 25;
    uint64_t *data = malloc((size_t)count * sizeof *data), sum = 0;
    if (data == NULL) {
        return 0.0;
    }
    memset(data, 1, (size_t)count * sizeof *data);
    const double begun = now();
    for (int64_t j = 0; j < times; ++j) {
        #pragma omp simd reduction(+ : sum)
        for (int64_t k = 0; k < count; ++k) {
            sum += data[k];
        }
        __asm__ volatile("" : "+r"(sum));
    }
    const double spent = now() - begun;
    free(data);
    return spent / (double)times / (double)count / 8.0;
}
"""
REPEATS = 5


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / "machine.c"
        source.write_text('#include "plast_random.h"\n' + SOURCE, encoding="utf-8")
        library = source.with_suffix(".so")
        compile_source(find_compiler(), source, library)
        functions = ctypes.CDLL(str(library))
        result = []
        for name, text, times, unit in (
            ("integer_add", "this machine: one addition after another", 2_000_000, "ns"),
            ("exponential", "this machine: exp of a neuron, in cache", 2_000, "ns"),
            ("reading", "this machine: reading memory, one thread", 3, "ns a byte"),
        ):
            function = functions[name]
            function.restype, function.argtypes = ctypes.c_double, (ctypes.c_int64,)
            result.append(Row(text, tuple(function(times) for _ in range(REPEATS)), unit))
    return result
