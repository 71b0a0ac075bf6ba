"""Sources, spans, diagnostics and the one renderer."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Source:
    """A text and where it came from (`path` is '<text>' for a string)."""

    path: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` (exclusive) of a source."""

    source: Source = field(repr=False)
    start: int
    end: int


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing to tell the user: what (`message`), where (`span`, `label`), why (`notes`), what to write (`hint`)."""

    code: str  # stable, like "P203"
    message: str
    span: Span | None = None
    label: str = ""
    notes: tuple[str, ...] = ()
    hint: str = ""
    severity: Severity = Severity.ERROR


class PlastError(Exception):
    """The user's program or call is wrong. Carries every diagnostic found; exit code 1."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]):
        self.diagnostics = diagnostics
        super().__init__("\n".join(d.message for d in diagnostics))


class MachineError(Exception):
    """The machine lacks something (compiler, GPU, memory); says what to do; exit code 3."""
