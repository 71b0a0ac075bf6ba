"""Where the parser stopped, as the search for the mistake sees it."""

from __future__ import annotations

from dataclasses import dataclass

from lark import Token

from plastlang.diagnostics import Source, Span

ASSIGNING = ("=", "+=", "-=", "*=", "/=")
BINARY = ("+", "-", "*", "/", "%", "**", "<", "<=", ">", ">=", "==", "!=", "and", "or")


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the parser stopped in a line.

    `at` is the number of the token; len(tokens) stands for the end of the line, len(tokens) + 1 for what comes after
    it (a block that is missing or not expected). `accepted` are the terminals the parser would have taken there,
    `at_start` at the beginning of the line, `at_end` in place of the end of the line. `block` is the first line of the
    block below.
    """

    source: Source
    tokens: tuple[Token, ...]
    at: int
    accepted: frozenset[str]
    at_start: frozenset[str]
    at_end: frozenset[str]
    block: tuple[Token, ...]

    @property
    def token(self) -> Token | None:
        """The token that did not fit, None at the end of the line."""
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    @property
    def previous(self) -> Token | None:
        return self.tokens[self.at - 1] if 0 < self.at <= len(self.tokens) else None

    @property
    def after(self) -> Token | None:
        return self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None

    @property
    def first(self) -> Token:
        return self.tokens[0]

    def span(self, first: Token | None, last: Token | None = None) -> Span:
        """The characters of tokens; of None, the place behind the last token of the line."""
        if first is None:
            end = self.tokens[-1].end_pos or 0
            return Span(self.source, end, end)
        return Span(self.source, first.start_pos or 0, (last or first).end_pos or 0)

    def place(self) -> str:
        """What the line stands in: a key of PLACES."""
        if "RULE" in self.at_start:
            return "top"
        if "DELIVER" in self.at_start:
            return "block"
        if "ON" in self.at_start:
            return "component"
        return "network" if "PARAM" in self.at_start else "project"

    def open_brackets(self) -> list[Token]:
        """The brackets that are open before the token."""
        found: list[Token] = []
        for token in self.tokens[: self.at]:
            if token.type in ("LPAR", "LSQB"):
                found.append(token)
            elif token.type in ("RPAR", "RSQB") and found:
                found.pop()
        return found


def quoted(token: Token) -> str:
    """A token as shown in a sentence."""
    return f"`{token}`" if len(token) <= 30 else f"`{token[:27]}...`"
