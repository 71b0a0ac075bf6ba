"""plast_rows.h against rows that are Python lists: any sequence of edits; columns, degrees and the index move along."""

from __future__ import annotations

import ctypes
import itertools
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plastlang.backends.c.binding import Projection
from plastlang.backends.c.toolchain import find_compiler
from plastlang.backends.cfamily.headers import INCLUDE

PRE, POST = 4, 6

WRAPPER = """
#include "plast_structure.h"
bool build(pl_projection *p, const int32_t *lengths, const int32_t *posts) {
    return pl_rows_build(&p->rows, lengths, posts) && pl_rows_transpose(&p->rows, &p->incoming);
}
int64_t insert(pl_projection *p, int32_t i, int32_t j) { return pl_synapse_new(p, i, j); }
void drop(pl_projection *p, int32_t i, int64_t s) { pl_synapse_remove(p, i, s); }
int64_t find(pl_projection *p, int32_t i, int32_t j) { return pl_rows_find(&p->rows, i, j); }
void pairs(pl_rows *r, int32_t *pre, int32_t *post) { pl_rows_pairs(r, pre, post); }
void column(pl_rows *r, int64_t c, char *dense, bool out) { pl_rows_copy(r, c, dense, out); }
int32_t filter(pl_projection *p, const uint8_t *gone) { return pl_prune(NULL, p, gone); }
void end(pl_projection *p) { pl_rows_end(&p->rows); pl_rows_end(&p->incoming); }
int64_t capacity(int32_t k) { return pl_class_capacity(k); }
int32_t class_of(int64_t n) { return pl_class_of(n); }
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    place = tmp_path_factory.mktemp("rows")
    source = place / "rows.c"
    source.write_text(WRAPPER)
    compiler = find_compiler()
    flags = ["-std=c11", "-O1", "-fPIC", "-shared", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-I", str(INCLUDE)]
    path: Path = place / "rows.so"
    subprocess.run([*compiler.command, *flags, "-o", str(path), str(source)], check=True)
    result = ctypes.CDLL(str(path))
    for name in ("insert", "find", "capacity"):
        getattr(result, name).restype = ctypes.c_int64
    result.build.restype = ctypes.c_bool
    result.drop.argtypes = (ctypes.c_void_p, ctypes.c_int32, ctypes.c_int64)
    result.column.argtypes = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_bool)
    result.class_of.argtypes = (ctypes.c_int64,)
    return result


class Rows:
    """The C rows beside the model: `model[i]` is a list of (post, value), sorted by post, then age."""

    def __init__(self, library: ctypes.CDLL, slack: bool):
        self.library = library
        self.p = Projection(n_pre=PRE, n_post=POST, has_incoming=1)
        for rows, count, posts in ((self.p.rows, PRE, POST), (self.p.incoming, POST, PRE)):
            rows.count, rows.posts, rows.slack = count, posts, slack
        self.p.rows.columns = 2
        self.p.rows.width[0], self.p.rows.width[1] = 4, 8
        self.model: list[list[tuple[int, int]]] = [[] for _ in range(PRE)]
        self.formed = self.gone = 0
        self.at = ctypes.byref(self.p)

    def build(self, pairs: list[tuple[int, int]]) -> None:
        pairs = sorted(pairs)
        lengths = np.bincount([i for i, _ in pairs] or [0], minlength=PRE).astype(np.int32)
        lengths = lengths if pairs else np.zeros(PRE, np.int32)
        posts = np.array([j for _, j in pairs], np.int32)
        assert self.library.build(
            self.at, lengths.ctypes.data_as(ctypes.c_void_p), posts.ctypes.data_as(ctypes.c_void_p)
        )
        for number, (i, j) in enumerate(pairs):
            self.model[i].append((j, 1000 + number))
        self.write()

    def write(self) -> None:
        values = [v for row in self.model for _, v in row]
        for number, kind in enumerate((np.int32, np.float64)):
            dense = np.array(values, kind)
            self.library.column(self.at_rows(), number, dense.ctypes.data, False)

    def at_rows(self) -> int:
        return ctypes.addressof(self.p) + Projection.rows.offset

    def insert(self, i: int, j: int, value: int) -> None:
        s = self.library.insert(self.at, i, j)
        place = sum(1 for post, _ in self.model[i] if post <= j)
        start = ctypes.cast(self.p.rows.start, ctypes.POINTER(ctypes.c_int64))[i]
        assert s == start + place
        self.model[i].insert(place, (j, value))
        ctypes.cast(self.p.rows.column[0], ctypes.POINTER(ctypes.c_int32))[s] = value
        ctypes.cast(self.p.rows.column[1], ctypes.POINTER(ctypes.c_double))[s] = value
        self.formed += 1

    def drop(self, i: int, k: int) -> None:
        start = ctypes.cast(self.p.rows.start, ctypes.POINTER(ctypes.c_int64))[i]
        self.library.drop(ctypes.addressof(self.p), i, start + k)
        del self.model[i][k]
        self.gone += 1

    def filter(self, wanted: Callable[[int], bool]) -> None:
        values = [v for row in self.model for _, v in row]
        flags = np.array([*(not wanted(v) for v in values), False], np.uint8)
        assert self.library.filter(self.at, flags.ctypes.data_as(ctypes.c_void_p)) == int(flags.sum())
        self.model = [[(j, v) for j, v in row if wanted(v)] for row in self.model]
        self.gone += int(flags.sum())

    def check(self) -> None:
        flat = [(i, j, v) for i, row in enumerate(self.model) for j, v in row]
        pre, post = np.zeros(len(flat), np.int32), np.zeros(len(flat), np.int32)
        as_pointer = ctypes.c_void_p
        self.library.pairs(as_pointer(self.at_rows()), pre.ctypes.data_as(as_pointer), post.ctypes.data_as(as_pointer))
        assert list(zip(pre.tolist(), post.tolist(), strict=True)) == [(i, j) for i, j, _ in flat]
        for number, kind in enumerate((np.int32, np.float64)):
            dense = np.zeros(len(flat), kind)
            self.library.column(self.at_rows(), number, dense.ctypes.data, True)
            assert dense.tolist() == [v for _, _, v in flat]
        incoming = ctypes.addressof(self.p) + Projection.incoming.offset
        self.library.pairs(as_pointer(incoming), post.ctypes.data_as(as_pointer), pre.ctypes.data_as(as_pointer))
        assert list(zip(post.tolist(), pre.tolist(), strict=True)) == sorted((j, i) for i, j, _ in flat)
        degrees = ctypes.cast(self.p.rows.in_degree, ctypes.POINTER(ctypes.c_int32))[:POST]
        assert degrees == [sum(j == k for _, j, _ in flat) for k in range(POST)]
        assert self.p.rows.total == len(flat)
        assert self.p.rows.extra == len(flat) - len({(i, j) for i, j, _ in flat})
        assert (self.p.formations, self.p.eliminations) == (self.formed, self.gone)
        for i in range(PRE):
            for j in range(POST):
                found = self.library.find(self.at, i, j)
                assert (found >= 0) == any(a == i and b == j for a, b, _ in flat)


EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.integers(0, PRE - 1), st.integers(0, POST - 1)),
        st.tuples(st.just("drop"), st.integers(0, PRE - 1), st.integers(0, 1000)),
        st.tuples(st.just("filter"), st.integers(2, 5), st.integers(0, 4)),
    ),
    max_size=120,
)
PAIRS = st.lists(st.tuples(st.integers(0, PRE - 1), st.integers(0, POST - 1)), max_size=20)


@settings(max_examples=150, deadline=None)
@given(pairs=PAIRS, edits=EDITS, slack=st.booleans())
def test_rows_follow_any_edits(
    library: ctypes.CDLL, pairs: list[tuple[int, int]], edits: list[tuple[str, int, int]], slack: bool
) -> None:
    rows = Rows(library, slack)
    rows.build(pairs)
    rows.check()
    for number, (kind, a, b) in enumerate(edits):
        if kind == "insert":
            rows.insert(a, b, number)
        elif kind == "drop" and rows.model[a]:
            rows.drop(a, b % len(rows.model[a]))
        elif kind == "filter":
            rows.filter(lambda value, a=a, b=b: value % a != b % a)  # type: ignore[misc]
    rows.check()
    library.end(rows.at)


def test_a_row_grows_without_end(library: ctypes.CDLL) -> None:
    rows = Rows(library, True)
    rows.build([])
    for number in range(3000):
        rows.insert(number % 2, number % POST, number)
    rows.check()
    # places that were left are used again: the pool stays within a small factor of what is in it
    assert rows.p.rows.used < 4 * rows.p.rows.total
    library.end(rows.at)


def test_classes_of_capacity_rise_by_less_than_two(library: ctypes.CDLL) -> None:
    capacities = [library.capacity(k) for k in range(40)]
    assert capacities[:8] == [4, 8, 12, 16, 24, 32, 48, 64]
    assert all(a < b <= 2 * a for a, b in itertools.pairwise(capacities))
    for k, capacity in enumerate(capacities):
        assert library.class_of(capacity) == k and library.class_of(capacity + 1) == k + 1
