"""What was emitted of a program: read back where it was kept, so that a warm start does without the emitter."""

from __future__ import annotations

from dataclasses import dataclass

from plastlang.backends.cfamily.cache import code_of, content, find, keep, name_of
from plastlang.backends.cfamily.layout import Layout
from plastlang.ir.nodes import Program


@dataclass(frozen=True, slots=True)
class Emitted:
    """A source and where the host finds things in the structs it works on."""

    source: str
    layout: Layout


def emitted(program: Program, precision: str, batch: int = 1) -> Emitted:
    """As `emit.emit`, or as it was kept."""
    code = code_of("diagnostics", "ir", "backends.c", "backends.cfamily")
    name = f"{name_of(code, content(program), precision, str(batch))}.emitted"
    found = find(name, Emitted)
    if found is None:
        from plastlang.backends.c.emit import emit

        found = emit(program, precision, batch)
        keep(name, found)
    return found
