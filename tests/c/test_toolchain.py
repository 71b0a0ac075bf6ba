"""Which compiler is used, and what the cache of compiled programs does."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from plastlang.backends.c import backend, toolchain
from plastlang.backends.c.cache import cache_key
from plastlang.backends.c.emit import emit
from plastlang.backends.interface import Options
from plastlang.diagnostics import MachineError
from tests import ir_programs as programs

SMALL = programs.program((programs.clock("a", 3),), ())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLASTLANG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PLASTLANG_CFLAGS", "-O0")
    return tmp_path / "cache"


def test_a_compiler_that_does_not_run_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "/nowhere/cc -m64")
    with pytest.raises(MachineError, match="that CC names"):
        toolchain.find_compiler()


def test_without_any_compiler_there_is_something_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(toolchain.shutil, "which", lambda name: None)
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda name: None)
    toolchain._find.cache_clear()
    with pytest.raises(MachineError, match="install gcc or clang"):
        toolchain.find_compiler()
    toolchain._find.cache_clear()


def test_what_a_compiler_says_is_kept_until_it_changes(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "cc"
    monkeypatch.setenv("CC", str(script))

    def found(says: str = "") -> toolchain.Compiler:
        if says:
            script.write_text(f"#!/bin/sh\necho {says}\n")
            script.chmod(0o755)
        toolchain._find.cache_clear()
        return toolchain.find_compiler()

    first = found("one")
    assert first.version == "one"
    with monkeypatch.context() as patch:
        patch.setattr(toolchain, "_version", lambda command: pytest.fail("asked again"))
        assert found() == first
    assert found("the other").version == "the other"
    toolchain._find.cache_clear()


def test_zig_stands_in(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    pytest.importorskip("ziglang")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(toolchain.shutil, "which", lambda name: None)
    toolchain._find.cache_clear()
    assert "ziglang" in toolchain.find_compiler().command
    executable = backend.load(SMALL, Options())
    assert executable.run(5) == 5
    toolchain._find.cache_clear()


def test_a_second_load_compiles_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend.load(SMALL, Options()).run(2)
    assert {p.suffix for p in cache.iterdir()} - {".compiler"} == {".c", ".emitted", ".o", ".so"}

    def refuse(*_: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr("plastlang.backends.c.cache.compile_parts", refuse)
    assert backend.load(SMALL, Options()).run(2) == 2
    with pytest.raises(AssertionError, match="compiled again"):
        backend.load(SMALL, Options("double"))


def test_sizes_and_values_are_not_in_the_source() -> None:
    other = programs.program((programs.clock("a", 7000),), (), dt=0.1)
    assert emit(SMALL, "single").source == emit(other, "single").source
    small, large = programs.rewiring_pairs(5), programs.rewiring_pairs(50)
    assert emit(small, "single").source == emit(large, "single").source


def test_the_key_depends_on_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = toolchain.find_compiler()
    keys = {cache_key("a", compiler), cache_key("b", compiler)}
    keys.add(cache_key("a", toolchain.Compiler(compiler.command, "another version", compiler.flags)))
    keys.add(cache_key("a", toolchain.Compiler(compiler.command, compiler.version, (*compiler.flags, "-O0"))))
    monkeypatch.setattr("plastlang.backends.c.cache.processor", lambda: "another processor")
    keys.add(cache_key("a", compiler))
    assert len(keys) == 5


def test_a_damaged_entry_is_made_anew(cache: Path) -> None:
    backend.load(SMALL, Options()).close()
    (library,) = cache.glob("*.so")
    before = library.read_bytes()
    library.unlink()  # the loaded one stays mapped
    library.write_bytes(b"not a library")
    # as another process would find it
    code = (
        "from plastlang.backends.c import backend; from plastlang.backends.interface import Options;"
        "from tests.c.test_toolchain import SMALL; assert backend.load(SMALL, Options()).run(3) == 3"
    )
    subprocess.run([toolchain.sys.executable, "-c", code], check=True, timeout=120)
    assert library.stat().st_size == len(before)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PLASTLANG_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(MachineError, match="PLASTLANG_CACHE"):
        backend.load(SMALL, Options())


def test_a_refused_source_leaves_the_message(tmp_path: Path) -> None:
    source = tmp_path / "bad.c"
    source.write_text("int f(void) { return undeclared; }\n")
    with pytest.raises(toolchain.CompileError, match=r"bad\.log"):
        toolchain.compile_source(toolchain.find_compiler(), source, tmp_path / "bad.so")
    assert "undeclared" in (tmp_path / "bad.log").read_text()


def test_what_is_written_loads_without_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = backend.write(SMALL, Options(), tmp_path / "out")
    assert set(files) == {p.name for p in (tmp_path / "out").iterdir()} >= {"model.c", "plast_rows.h"}
    (library,) = (name for name in files if name.endswith(".so"))
    monkeypatch.setenv("CC", "/nowhere/cc")
    assert backend.open(SMALL, Options(), tmp_path / "out").run(4) == 4
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / library).write_bytes(b"of another machine")
    with pytest.raises(MachineError, match="plastc compile"):
        backend.open(SMALL, Options(), tmp_path / "away")
