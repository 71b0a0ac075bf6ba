"""Sources, spans, diagnostics and the one renderer."""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable
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


def sentence(words: str) -> str:
    """Words as a sentence: with a capital, but for a name in backticks or quotes, and a full stop."""
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "?", "!")) else ".")


class PlastError(Exception):
    """The user's program or call is wrong. Carries every diagnostic found; exit code 1."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]):
        self.diagnostics = diagnostics
        super().__init__("\n".join(d.message for d in diagnostics))

    def __str__(self) -> str:
        """With places and excerpts where there are some, since an uncaught error shows just this."""
        if all(d.span is None for d in self.diagnostics):
            return "\n".join(f"{d.message.rstrip('.')}; {d.hint}" if d.hint else d.message for d in self.diagnostics)
        return "\n" + render(self.diagnostics).rstrip()


class MachineError(Exception):
    """The machine lacks something (compiler, GPU, memory); says what to do; exit code 3."""


# ---------------------------------------------------------------- telling

#: More diagnostics than these are counted, not shown.
SHOWN = 50
#: Longer source lines are cut to a window of about this many columns round the span.
EXCERPT_WIDTH = 110
_TAB_WIDTH = 4
_LINE_END = re.compile(r"\r\n|\n|\r")
_COLORS = {
    "error": "\033[1;31m",
    "warning": "\033[1;33m",
    "frame": "\033[34m",
    "strong": "\033[1m",
    "help": "\033[1;36m",
}
_PLAIN = "\033[0m"


def tidy(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sorted by file and place, those without a place first; each said once."""

    def place(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
        span = diagnostic.span
        where = ("", -1, -1) if span is None else (span.source.path, span.start, span.end)
        return (*where, diagnostic.code, diagnostic.message)

    return tuple({place(d): d for d in sorted(diagnostics, key=place)}.values())


def render(diagnostics: Iterable[Diagnostic], color: bool = False) -> str:
    """Diagnostics as text for people: sentence, place, excerpt with the span underlined, notes and help.

    Args:
        diagnostics: in any order.
        color: whether to use ANSI colours.

    Returns:
        The text, ending in a newline, or "" if there is nothing to tell.
    """
    every = tidy(diagnostics)
    lines_of: dict[int, _Lines] = {}
    texts = [_render_one(d, lines_of, _paint if color else _no_paint) for d in every[:SHOWN]]
    if len(every) > SHOWN:
        texts.append(f"... and {len(every) - SHOWN} more\n")
    return "\n".join(texts)


def to_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Diagnostics as a JSON list for tools. Lines and columns count from 1, in characters; ends are exclusive."""
    lines_of: dict[int, _Lines] = {}
    found: list[dict[str, object]] = []
    for diagnostic in tidy(diagnostics):
        entry: dict[str, object] = {
            "code": diagnostic.code,
            "severity": str(diagnostic.severity),
            "message": diagnostic.message,
            "label": diagnostic.label,
            "notes": list(diagnostic.notes),
            "hint": diagnostic.hint,
            "file": None,
            "line": None,
            "column": None,
            "end_line": None,
            "end_column": None,
        }
        if diagnostic.span is not None:
            lines = _lines(diagnostic.span.source, lines_of)
            entry["file"] = diagnostic.span.source.path
            entry["line"], entry["column"] = lines.place(diagnostic.span.start)
            entry["end_line"], entry["end_column"] = lines.place(max(diagnostic.span.start, diagnostic.span.end))
        found.append(entry)
    return json.dumps(found, indent=2, ensure_ascii=False)


class _Lines:
    """The lines of a text: where each begins and ends (without its line end)."""

    def __init__(self, text: str):
        self.text = text
        ends = list(_LINE_END.finditer(text))
        self.starts = [0, *(end.end() for end in ends)]
        self.ends = [*(end.start() for end in ends), len(text)]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1."""
        line = bisect_right(self.starts, offset) - 1
        return line + 1, offset - self.starts[line] + 1


def _lines(source: Source, known: dict[int, _Lines]) -> _Lines:
    if id(source) not in known:
        known[id(source)] = _Lines(source.text)
    return known[id(source)]


def _paint(text: str, kind: str) -> str:
    return f"{_COLORS[kind]}{text}{_PLAIN}" if text else text


def _no_paint(text: str, kind: str) -> str:
    return text


def _render_one(diagnostic: Diagnostic, lines_of: dict[int, _Lines], paint: Callable[[str, str], str]) -> str:
    severity = str(diagnostic.severity)
    head = paint(f"{severity}[{diagnostic.code}]", severity) + paint(f": {diagnostic.message}", "strong")
    result = [head]
    gutter = ""
    if diagnostic.span is not None:
        span = diagnostic.span
        lines = _lines(span.source, lines_of)
        first, column = lines.place(span.start)
        last, _ = lines.place(max(span.start, span.end - 1))
        gutter = " " * len(str(last))
        result.append(f"{gutter}{paint('-->', 'frame')} {span.source.path}:{first}:{column}")
        if span.source.text:
            result.append(paint(f"{gutter} |", "frame"))
        for number in dict.fromkeys((first, last)) if span.source.text else ():
            if number == last > first + 1:
                result.append(paint("...", "frame"))
            start, end = lines.starts[number - 1], lines.ends[number - 1]
            low = max(span.start, start)
            if number > first:  # not the indentation of a later line
                low = start + len(span.source.text[start:end]) - len(span.source.text[start:end].lstrip())
            high = min(max(span.end, low), end)
            text, before, marked = _excerpt(span.source.text[start:end], low - start, high - start)
            label = f" {diagnostic.label}" if number == first and diagnostic.label else ""
            result.append((paint(f"{number:>{len(gutter)}} |", "frame") + f" {text}").rstrip())
            marks = paint("^" * max(1, marked) + label, severity)
            result.append(paint(f"{gutter} |", "frame") + f" {' ' * before}{marks}")
    for note in diagnostic.notes:
        result.append(f"{gutter} {paint('=', 'frame')} {paint('note', 'strong')}: {note}")
    if diagnostic.hint:
        result.append(f"{gutter} {paint('=', 'frame')} {paint('help', 'help')}: {diagnostic.hint}")
    return "\n".join(result) + "\n"


def _excerpt(line: str, low: int, high: int) -> tuple[str, int, int]:
    """A line as shown, and the columns before and under characters `low` to `high`."""
    cut_before, cut_after = 0, len(line)
    if len(line) > EXCERPT_WIDTH:
        cut_before = max(0, min(low - EXCERPT_WIDTH // 3, len(line) - EXCERPT_WIDTH))
        cut_after = cut_before + EXCERPT_WIDTH
    high = min(high, cut_after)
    lead = "... " if cut_before else ""
    shown, columns = [], [len(lead)]
    for character in line[cut_before:cut_after]:
        piece = _shown(character, columns[-1])
        shown.append(piece)
        columns.append(columns[-1] + _width(piece))
    before, under = columns[low - cut_before], columns[high - cut_before]
    return lead + "".join(shown) + (" ..." if cut_after < len(line) else ""), before, under - before


def _shown(character: str, column: int) -> str:
    """What stands for a character: tabs become spaces, what cannot be seen or would change the terminal a sign."""
    if character == "\t":
        return " " * (_TAB_WIDTH - column % _TAB_WIDTH)
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return "\N{REPLACEMENT CHARACTER}"
    return character


def _width(text: str) -> int:
    """Columns of a terminal: wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
