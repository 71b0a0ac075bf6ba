"""The code of a batch compiles without a warning, as that of one network does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from plastlang.backends.c.emit import emit
from plastlang.backends.cfamily.headers import INCLUDE
from tests.batch import test_api, test_idle, test_meaning
from tests.programs.running import built

STRICT = ("-std=c11", "-fopenmp-simd", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fsyntax-only")
TEXTS = {"idle": test_idle.TEXT, "sum": test_meaning.SUM, "api": test_api.TEXT.split("network Torn")[0]}


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("name", TEXTS)
def test_no_warning(name: str, batched: bool, tmp_path: Path) -> None:
    compilers = [c for c in ("gcc", "clang") if shutil.which(c)]
    assert compilers
    source = tmp_path / "model.c"
    source.write_text(emit(built(TEXTS[name]).scheduled, "double", batched).source)
    for compiler in compilers:
        done = subprocess.run(
            [compiler, *STRICT, "-I", str(INCLUDE), str(source)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
