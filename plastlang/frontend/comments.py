"""Lines of the formatter, and where the comments and blank lines of the source go among them."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from plastlang.diagnostics import Source
from plastlang.frontend.grammar import tokenize

_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(slots=True)
class Written:
    """A line as it will be written: `text` at `depth`, then `comment`. An own-line comment has no text.

    `start`: where it begins in the source, -1 without one. `blank`: an empty line goes before it, `wants_blank`: before
    it or the comments that stand on it.
    """

    depth: int
    text: str
    start: int = -1
    blank: bool = False
    wants_blank: bool = False
    comment: str = ""

    @property
    def own_comment(self) -> bool:
        return not self.text


class Places:
    """Where tokens that have no node of their own stand in a source: docstrings and `else`."""

    def __init__(self, source: Source):
        tokens = tokenize(source.text)
        self.text = source.text
        self.line_starts = [0, *(end.end() for end in _LINE_END.finditer(source.text))]
        self.docs = [token.start_pos or 0 for token in tokens if token.type == "DOC"]
        self.elses = [token.start_pos or 0 for token in tokens if token.type == "ELSE"]
        self.comments = [(token.start_pos or 0, str(token).rstrip()) for token in tokens if token.type == "COMMENT"]

    def doc_from(self, start: int) -> int:
        """The first docstring at or after a place."""
        return self.docs[bisect_right(self.docs, start - 1)]

    def else_before(self, start: int) -> int:
        """The last `else` before a place."""
        return self.elses[bisect_right(self.elses, start) - 1]

    def column(self, offset: int) -> int:
        """How far a place is from the start of its line."""
        return offset - self.line_starts[bisect_right(self.line_starts, offset) - 1]

    def blank_before(self, offset: int) -> bool:
        """Whether the line above the line of a place is empty."""
        line = bisect_right(self.line_starts, offset) - 1
        return line > 0 and not self.text[self.line_starts[line - 1] : self.line_starts[line]].strip(" \t\r\n")

    def behind_code(self, offset: int) -> bool:
        """Whether something stands before a place on its line."""
        return bool(self.text[offset - self.column(offset) : offset].strip())


def with_comments(lines: list[Written], places: Places) -> list[Written]:
    """The lines with every comment of the source, and with its blank lines (one for many).

    A comment behind code stays behind that line, or goes before it where the line has a later one. A comment on a
    line of its own goes before the line that follows; its column says to which of the blocks that end there it belongs.
    """
    starts = [line.start for line in lines]
    before: list[list[Written]] = [[] for _ in range(len(lines) + 1)]
    columns: list[int] = []  # of the line last seen at each depth
    seen = 0
    for start, comment in places.comments:
        number = bisect_right(starts, start)  # of the line that follows
        for line in lines[seen:number]:
            columns[line.depth :] = [places.column(line.start)]
        seen = max(seen, number)
        if places.behind_code(start) and number > 0:
            owner = lines[number - 1]
            if owner.comment:
                before[number - 1].append(Written(owner.depth, "", comment=owner.comment))
            owner.comment = comment
            continue
        depth = lines[number].depth if number < len(lines) else 0
        if number > 0:
            for deeper in range(depth + 1, lines[number - 1].depth + 1):
                if columns[deeper] <= places.column(start):
                    depth = deeper
        before[number].append(Written(depth, "", start, places.blank_before(start), comment=comment))
    result: list[Written] = []
    for number, line in enumerate(lines):
        line.blank = places.blank_before(line.start)
        for own in before[number]:
            if own.start < 0:  # was behind an earlier part of the line
                own.blank, line.blank = line.blank, False
        result += [*before[number], line]
    return result + before[-1]


def spaced(lines: list[Written]) -> list[Written]:
    """The lines with the blank lines of the layout: what wants one gets it above the comments that stand on it."""
    for number, line in enumerate(lines):
        if line.wants_blank:
            first = number
            while first > 0 and lines[first - 1].own_comment and lines[first - 1].depth == 0 and not lines[first].blank:
                first -= 1
            lines[first].blank = True
    for above, line in zip([None, *lines], lines, strict=False):
        if above is None or (line.depth > above.depth and not above.own_comment):
            line.blank = False
    return lines
