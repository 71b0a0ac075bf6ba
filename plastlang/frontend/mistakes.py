"""What a token at which the parser stopped says about the mistake that was made."""

from __future__ import annotations

from dataclasses import dataclass

from lark import Token

from plastlang.diagnostics import Diagnostic, Source, Span


@dataclass(slots=True)
class Mistake:
    """Where the parser stopped: token `at` of a line (its length: at the line's end; one more: after it)."""

    source: Source
    tokens: list[Token]
    end: Token
    at: int
    accepted: set[str]
    block: list[Token]


def explain(mistake: Mistake) -> Diagnostic:
    """One diagnostic for one mistake."""
    tokens = mistake.tokens
    token = tokens[mistake.at] if mistake.at < len(tokens) else mistake.end
    span = Span(mistake.source, token.start_pos or 0, token.end_pos or 0)
    return Diagnostic("P140", "unexpected " + repr(str(token)), span, "", (" ".join(sorted(mistake.accepted)),))
