"""A source in parts: compiled at the same time they are the library that the source is when compiled at once."""

from __future__ import annotations

import re
import subprocess
import threading
from pathlib import Path

import pytest

from plastlang import driver
from plastlang.backends.c import backend, cache, parts
from plastlang.backends.c.binding import open_library
from plastlang.backends.c.emit import emit
from plastlang.backends.c.emitted import Emitted, emitted
from plastlang.backends.c.executable import CExecutable
from plastlang.backends.c.toolchain import CompileError, compile_parts, compile_source, find_compiler
from plastlang.backends.cfamily.headers import INCLUDE
from plastlang.backends.interface import Options
from plastlang.driver import Built
from tests import ir_programs
from tests.cross.looking import difference, look
from tests.programs.running import start

#: Compiled at once, in two parts, and as one beside what all programs share.
NAMES = ("one.so", "two.so", "rest.so")


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLASTLANG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PLASTLANG_CFLAGS", "-O0")
    return tmp_path / "cache"


def the_map() -> tuple[Built, Emitted]:
    checked = driver.elaborate(driver.check(driver.source_of("rules:topographic_map.plast")), "TopographicMap")
    built = driver.build(checked)
    return built, emitted(built.scheduled, "single")


def test_parts_have_the_bits_of_the_whole(own_cache: Path, tmp_path: Path) -> None:
    built, text = the_map()
    compiler, source = find_compiler(), tmp_path / "m.c"
    source.write_text(text.source)
    compile_source(compiler, source, tmp_path / "one.so")
    compile_parts(compiler, source, 2, lambda: cache.runtime(compiler), tmp_path / "two.so")
    compile_parts(compiler, source, 1, lambda: cache.runtime(compiler), tmp_path / "rest.so")
    played = []
    for name in NAMES:
        executable = CExecutable(built.scheduled, Options(), open_library(tmp_path / name), the_map()[1].layout)
        start(executable, 3)
        assert executable.run(150) == 150
        played.append(look(executable))
    assert difference(played[0], played[1]) is None and difference(played[0], played[2]) is None
    names = [exported(tmp_path / name) for name in NAMES]
    assert names[0] == names[1] == names[2] and all(name.startswith("plast_") for name in names[0])


def exported(library: Path) -> set[str]:
    done = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True)
    return {line.split()[2] for line in done.stdout.splitlines() if line.split()[1] == "T"}


def test_no_part_is_much_larger_than_another(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = the_map()[1].source
    sizes = [0, 0]
    for number, text in re.findall(r"^#if PL_PART\((\d)\)$(.*?)^#endif$", source, re.MULTILINE | re.DOTALL):
        sizes[int(number)] += len(text)
    compiler = find_compiler()
    assert cache._parts(source, compiler) == 1 and "-O0" in compiler.flags
    monkeypatch.delenv("PLASTLANG_CFLAGS")
    monkeypatch.setattr(cache.os, "cpu_count", lambda: 2)
    assert cache._parts(source, find_compiler()) == 2 and sum(sizes) > 0.9 * len(source) - 5000
    assert max(sizes) < 2 * min(sizes)


@pytest.mark.parametrize("level", ["-O0", "-O1"])
@pytest.mark.parametrize("part", ["-1", "0", "1"])
def test_no_part_has_a_warning(part: str, level: str, own_cache: Path, tmp_path: Path) -> None:
    (tmp_path / "m.c").write_text(the_map()[1].source)
    compiler = find_compiler()
    strict = (level, "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fsyntax-only")
    chosen = (f"-DPL_ONLY={part}", "-DPL_PARTS=2", "-I", str(INCLUDE), str(tmp_path / "m.c"))
    command = [*compiler.command, *compiler.flags, *strict, *chosen]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]


def test_small_sources_are_one_part() -> None:
    assert "PL_PART" not in emit(ir_programs.program((ir_programs.clock("a", 3),), ()), "single").source


def test_a_part_that_is_refused_says_where(own_cache: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.c").write_text("#if PL_ONLY\nint f(void) { return undeclared; }\n#else\nint g;\n#endif\n")
    compiler = find_compiler()
    with pytest.raises(CompileError, match=r"bad\.log"):
        compile_parts(compiler, tmp_path / "bad.c", 2, lambda: cache.runtime(compiler), tmp_path / "bad.so")
    log = (tmp_path / "bad.log").read_text()
    assert "undeclared" in log and "-DPL_ONLY=1" in log


def test_the_part_that_has_least_takes_the_next_owner() -> None:
    assert parts._shared_out([5, 50, 40, 6], 10) == [1, 1, 0, 0]


def test_what_is_common_is_compiled_once(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = find_compiler()
    first = cache.runtime(compiler)
    monkeypatch.setattr(cache, "compile_rest", lambda *_: pytest.fail("compiled again"))
    assert cache.runtime(compiler) == first and first.parent == own_cache


def test_to_prepare_never_fails(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed: list[object] = []
    monkeypatch.setattr(threading, "excepthook", failed.append)
    monkeypatch.setenv("CC", "/nowhere/cc")
    backend.prepare()
    for thread in threading.enumerate():
        if thread.name == "plastlang-prepare":
            thread.join()
    assert not failed
