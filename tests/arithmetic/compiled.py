"""The headers of backends/include as a library, compiled with one compiler and one set of flags."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

INCLUDE = Path(__file__).resolve().parents[2] / "backends" / "include"

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-ffp-contract=off")
FREE = ("-fno-math-errno", "-fno-trapping-math")

#: (compiler, flags): with and without optimisation, vectorisation, fused operations in the instruction set.
BUILDS: tuple[tuple[str, tuple[str, ...]], ...] = tuple(
    (compiler, flags)
    for compiler in ("gcc", "clang")
    if shutil.which(compiler)
    for flags in (("-O0",), ("-O2",), ("-O3", "-march=native", *FREE))
)

UNARY = ("exp", "log", "expm1", "log1p", "sin", "cos", "tanh", "sign")
BINARY = ("pow", "mod", "min", "max")


def _source() -> str:
    lines = ['#include "plast_random.h"']
    for suffix, real in (("f", "float"), ("", "double")):
        for name in UNARY:
            lines.append(
                f"void {name}_{real}(long n, const {real} *x, {real} *r)"
                f" {{ for (long i = 0; i < n; ++i) r[i] = pl_{name}{suffix}(x[i]); }}"
            )
        for name in BINARY:
            lines.append(
                f"void {name}_{real}(long n, const {real} *x, const {real} *y, {real} *r)"
                f" {{ for (long i = 0; i < n; ++i) r[i] = pl_{name}{suffix}(x[i], y[i]); }}"
            )
        for name, result in (("cast", "int32_t"), ("fixed", "int64_t")):
            lines.append(
                f"void {name}_{real}(long n, const {real} *x, {result} *r)"
                f" {{ for (long i = 0; i < n; ++i) r[i] = pl_{name}{suffix}(x[i]); }}"
            )
        lines.append(
            f"void unfixed_{real}(long n, const int64_t *x, {real} *r)"
            f" {{ for (long i = 0; i < n; ++i) r[i] = pl_unfixed{suffix}(x[i]); }}"
        )
        for name in ("uniform", "normal"):
            lines.append(
                f"void {name}_{real}(long n, const uint32_t *w, {real} a, {real} b, {real} *r)"
                f" {{ for (long i = 0; i < n; ++i) r[i] = pl_{name}{suffix}(words(w, n, i), a, b); }}"
            )
        lines.append(
            f"void exponential_{real}(long n, const uint32_t *w, {real} a, {real} *r)"
            f" {{ for (long i = 0; i < n; ++i) r[i] = pl_exponential{suffix}(words(w, n, i), a); }}"
        )
        lines.append(
            f"void random_sign_{real}(long n, const uint32_t *w, {real} *r)"
            f" {{ for (long i = 0; i < n; ++i) r[i] = pl_random_sign{suffix}(words(w, n, i)); }}"
        )
    lines[1:1] = [
        "static pl_words words(const uint32_t *w, long n, long i)"
        " { pl_words r; r.w0 = w[i]; r.w1 = w[n + i]; r.w2 = w[2 * n + i]; r.w3 = w[3 * n + i]; return r; }",
        "void philox(long n, const uint32_t *c, uint64_t seed, uint32_t *w) { for (long i = 0; i < n; ++i) {"
        " pl_words r = pl_philox(c[i], c[n + i], c[2 * n + i], c[3 * n + i], seed);"
        " w[i] = r.w0; w[n + i] = r.w1; w[2 * n + i] = r.w2; w[3 * n + i] = r.w3; } }",
        "void poisson(long n, const uint32_t *w, const double *m, int32_t *r)"
        " { for (long i = 0; i < n; ++i) r[i] = pl_poisson(words(w, n, i), m[i]); }",
        "void randint(long n, const uint32_t *w, const int32_t *m, int32_t *r)"
        " { for (long i = 0; i < n; ++i) r[i] = pl_randint(words(w, n, i), m[i]); }",
        "void renewal(long n, const uint32_t *w, const int64_t *b, const double *m, double dt, int32_t *r)"
        " { for (long i = 0; i < n; ++i) r[i] = pl_renewal(words(w, n, i), b[i], m[i], dt); }",
        "void modi(long n, const int32_t *x, const int32_t *y, int32_t *r)"
        " { for (long i = 0; i < n; ++i) r[i] = pl_modi(x[i], y[i]); }",
        "void integers(int32_t a, int32_t b, int32_t *r) { r[0] = pl_addi(a, b); r[1] = pl_subi(a, b);"
        " r[2] = pl_muli(a, b); r[3] = pl_negi(a); r[4] = pl_mini(a, b); r[5] = pl_maxi(a, b); }",
        "double connect_u(uint32_t word) { return pl_connect_u(word); }",
        "uint32_t counter(uint32_t p, uint32_t o, uint32_t r) { return pl_counter(p, o, r); }",
    ]
    return "\n".join(lines) + "\n"


class Library:
    """Calls of the compiled functions over arrays."""

    def __init__(self, folder: Path, compiler: str, flags: tuple[str, ...]):
        source, target = folder / "arithmetic.c", folder / "arithmetic.so"
        source.write_text(_source())
        command = [compiler, *STRICT, *flags, "-shared", "-fPIC", f"-I{INCLUDE}", str(source), "-o", str(target), "-lm"]
        subprocess.run(command, check=True, timeout=120)
        self.functions = ctypes.CDLL(str(target))
        self.functions.connect_u.restype = ctypes.c_double
        self.functions.counter.restype = ctypes.c_uint32

    def call(self, name: str, *arguments: Any, result: Any, shape: tuple[int, ...] | None = None) -> NDArray[Any]:
        """The function over arrays (scalars: ctypes objects); the first argument is an array and gives the length."""
        arrays = [np.ascontiguousarray(a) if isinstance(a, np.ndarray) else a for a in arguments]
        count = arrays[0].shape[-1]
        out = np.empty(count if shape is None else shape, result)
        passed = [a.ctypes.data_as(ctypes.c_void_p) if isinstance(a, np.ndarray) else a for a in arrays]
        self.functions[name](ctypes.c_long(count), *passed, out.ctypes.data_as(ctypes.c_void_p))
        return out


def same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Equal bits; any NaN equals any NaN."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    kind = np.uint32 if a.dtype == np.float32 else np.uint64
    return bool(np.all((a.view(kind) == b.view(kind)) | (np.isnan(a) & np.isnan(b))))
