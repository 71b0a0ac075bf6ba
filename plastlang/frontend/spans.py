"""Parts of the places of nodes: what is underlined of a long one."""

from __future__ import annotations

from plastlang.diagnostics import Span


def first_line(span: Span | None) -> Span | None:
    """The first line of a place."""
    if span is None:
        return None
    end = span.source.text.find("\n", span.start)
    return span if end < 0 or end >= span.end else Span(span.source, span.start, end)


def head(span: Span | None) -> Span | None:
    """The first line of a block, without its `:` and comment."""
    line = first_line(span)
    if line is None:
        return None
    text = line.source.text[line.start : line.end].split("#")[0].rstrip().removesuffix(":")
    return Span(line.source, line.start, line.start + max(1, len(text)))
