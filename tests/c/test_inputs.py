"""Sums of inputs as numbers: exact inside the range, and every sum outside is noticed."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plastlang.backends.c.toolchain import find_compiler
from plastlang.backends.cfamily.headers import INCLUDE

WRAPPER = """
#include "plast_model.h"
int32_t bad_single(int64_t sum) { return pl_bad_inputf(pl_take_inputf(sum)); }
int32_t bad_double(int64_t sum) { return pl_bad_input(pl_take_input(sum)); }
float take(int64_t sum) { return pl_take_inputf(sum); }
float plain(int64_t sum) { return pl_unfixedf(sum); }
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    place: Path = tmp_path_factory.mktemp("inputs")
    (place / "inputs.c").write_text(WRAPPER)
    compiler = find_compiler()
    flags = ["-std=c11", "-O1", "-fPIC", "-shared", "-fno-trapping-math", "-I", str(INCLUDE)]
    subprocess.run([*compiler.command, *flags, "-o", str(place / "inputs.so"), str(place / "inputs.c")], check=True)
    result = ctypes.CDLL(str(place / "inputs.so"))
    for name in ("bad_single", "bad_double"):
        getattr(result, name).restype, getattr(result, name).argtypes = ctypes.c_int32, (ctypes.c_int64,)
    for name in ("take", "plain"):
        getattr(result, name).restype, getattr(result, name).argtypes = ctypes.c_float, (ctypes.c_int64,)
    return result


@given(st.integers(-(2**63), 2**63 - 1).flatmap(lambda x: st.integers(0, 62).map(lambda k: x >> k)))
@example(2**51 - 1)
@example(2**51)
@example(-(2**51))
@example(-(2**51) + 1)
@example(2**51 - 2**26)
@example(2**51 - 2**26 - 1)
@example(2**62 - 2**8)
@example(2**62 - 2**8 - 1)
@example(2**62)
@example(-(2**62))
@example(2**63 - 1)
@example(-(2**63))
@example(0x3CC0000000000001)  # its bits behind 1.5 2^52 are those of no number
def test_the_range_of_sums(library: ctypes.CDLL, total: int) -> None:
    assert (library.bad_single(total) != 0) == (abs(total) >= 2**51 - 2**26)  # from there on a float is 2^19
    assert (library.bad_double(total) != 0) == (abs(total) >= 2**62 - 2**8)
    if abs(total) < 2**51:
        assert library.take(total) == library.plain(total)
