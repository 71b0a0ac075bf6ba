"""Parts of the places of nodes: what is underlined of a long one."""

from __future__ import annotations

from plastlang.diagnostics import Span


def first_line(span: Span | None) -> Span | None:
    """The first line of a place."""
    if span is None:
        return None
    end = span.source.text.find("\n", span.start)
    return span if end < 0 or end >= span.end else Span(span.source, span.start, end)


def start(span: Span | None, name: str) -> Span | None:
    """The name that a place begins with."""
    return None if span is None else Span(span.source, span.start, span.start + len(name))


def head(span: Span | None) -> Span | None:
    """The first line of a block, without its `:` and comment."""
    line = first_line(span)
    if line is None:
        return None
    text = line.source.text[line.start : line.end].split("#")[0].rstrip().removesuffix(":")
    return Span(line.source, line.start, line.start + max(1, len(text)))
