"""The C backend: emit, compile or find in the cache, load."""

from __future__ import annotations

import hashlib
import shutil
import threading
from contextlib import suppress
from pathlib import Path

from plastlang.backends.c.batched import CBatch
from plastlang.backends.c.binding import open_library
from plastlang.backends.c.cache import library_for, runtime
from plastlang.backends.c.emitted import emitted
from plastlang.backends.c.executable import CExecutable
from plastlang.backends.c.toolchain import CompileError, compile_source, find_compiler
from plastlang.backends.cfamily.headers import INCLUDE
from plastlang.backends.interface import Options
from plastlang.diagnostics import MachineError
from plastlang.ir.nodes import Program


class CBackend:
    """The backend (`backends.interface.Compiling`, `Preparing`)."""

    name = "c"

    def load(self, program: Program, options: Options) -> CExecutable | CBatch:
        """Compile a program, or take it from the cache, and load it.

        Raises:
            MachineError: there is no compiler.
        """
        text = emitted(program, options.precision, options.batch)
        return _kind(options)(program, options, library_for(text.source, find_compiler), text.layout)

    def prepare(self) -> None:
        """Begin to compile what is the same for every program."""
        threading.Thread(target=_prepare, name="plastlang-prepare").start()

    def emit(self, program: Program, options: Options) -> str:
        """The C source of a scheduled program."""
        return emitted(program, options.precision, options.batch).source

    def write(self, program: Program, options: Options, directory: Path) -> dict[str, str]:
        """Source, headers and library for `open`; gives file name -> what it is."""
        directory.mkdir(parents=True, exist_ok=True)
        text = self.emit(program, options)
        source, library = directory / "model.c", directory / _library_name(text)
        for old in directory.glob("model-*.so"):
            old.unlink()
        source.write_text(text, encoding="utf-8")
        files = {source.name: "C source", library.name: "library"}
        for header in sorted(INCLUDE.glob("*.h")):
            shutil.copyfile(header, directory / header.name)
            files[header.name] = "run-time header"
        compile_source(find_compiler(), source, library)
        return files

    def open(self, program: Program, options: Options, directory: Path) -> CExecutable | CBatch:
        """Load what `write` left in a directory, without a compiler.

        Raises:
            MachineError: the library was made for another kind of machine.
        """
        text = emitted(program, options.precision, options.batch)
        try:
            library = open_library(directory / _library_name(text.source))
        except (OSError, AttributeError) as error:
            raise MachineError(
                f"the library in {directory} does not load on this machine ({error}); run plastc compile again here"
            ) from error
        return _kind(options)(program, options, library, text.layout)


def _prepare() -> None:
    with suppress(MachineError, CompileError, OSError):
        runtime(find_compiler())


def _kind(options: Options) -> type[CExecutable | CBatch]:
    return CBatch if options.batch > 1 else CExecutable


def _library_name(source: str) -> str:
    """By content: a process that has loaded a library gets the same one for the same name ever after.

    Comments do not count: they say where statements stand in a file, which a program that was read back does not know.
    """
    code = "\n".join(line for line in source.splitlines() if not line.lstrip().startswith("/*"))
    return f"model-{hashlib.sha256(code.encode()).hexdigest()[:16]}.so"


backend = CBackend()
