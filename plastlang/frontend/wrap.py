"""Breaking long lines inside their brackets."""

from __future__ import annotations

import re

#: Lines that are longer are broken where that is possible.
LINE_WIDTH = 110
_CONTINUATION = " " * 8
#: How tightly what stands at a place holds together: behind the bracket of a call with names, behind a comma, before
#: an operator that stands between blanks, behind the bracket of a group.
_CALL, _COMMA, _GROUP = 0, 1, 4
_OPERATORS = {"if": 1, "else": 1, "or": 2, "and": 3, "+": 5, "-": 5, "*": 6, "/": 6}
_NAMED_CALL = re.compile(r"(?<=\w)\((?=\w+ = )")
_BREAK = re.compile(r"[(\[\])]|, | (?=(?:and|or|if|else|\+|-|\*|/) )")
#: The limits of a parameter or variable stay together.
_LIMITS = re.compile(r" in \[[^\]]*\]")


def wrapped(text: str, indent: int) -> str:
    """A line of code, broken inside its brackets so that it fits behind `indent` columns.

    A break is made where the fewest brackets are open, then where it holds together least, then as far right as
    possible; a line without brackets stays, and so do limits.
    """
    lines: list[str] = []
    room = LINE_WIDTH - indent
    depth = 0  # brackets open at the start of `text`
    while len(text) > room:
        places = [place for place in _places(text, room, depth) if place[2] > room // 3]
        if not places:
            break
        depth, _, end = min(places, key=lambda place: (place[0], place[1], -place[2]))
        lines.append(text[:end].rstrip())
        text = text[end:]
        room = LINE_WIDTH - indent - len(_CONTINUATION)
    return ("\n" + _CONTINUATION).join([*lines, text])


def _places(text: str, room: int, depth: int) -> list[tuple[int, int, int]]:
    """Where a line may be broken up to `room`: the brackets open there, how tightly it holds together, the place."""
    found: list[tuple[int, int, int]] = []
    limits = [match.span() for match in _LIMITS.finditer(text)]
    for match in _BREAK.finditer(text[: room + 1]):
        if any(begin < match.start() < end for begin, end in limits):
            continue
        sign = match.group()
        if sign in ("(", "["):
            depth += 1
            if match.end() <= room and _NAMED_CALL.match(text, match.start()):
                found.append((depth, _CALL, match.end()))
            elif match.end() <= room and text[match.start() - 1] == " ":
                found.append((depth, _GROUP, match.end()))
        elif sign in (")", "]"):
            depth -= 1
        elif depth > 0 and match.end() <= room:
            tightness = _COMMA if sign == ", " else _OPERATORS[text[match.end() :].split(" ", 1)[0]]
            found.append((depth, tightness, match.end()))
    return found
