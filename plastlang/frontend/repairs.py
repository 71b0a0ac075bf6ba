"""What a faulty line was meant to be, where there is no doubt: it is read so, that the rest can be checked too."""

from __future__ import annotations

import re

from lark import Token

from plastlang.diagnostics import Diagnostic
from plastlang.frontend.habits import SPIKE_EVENT, STEP_EVENT

_CLOSER = {"LPAR": ("RPAR", ")"), "LSQB": ("RSQB", "]")}


def repaired(tokens: list[Token], found: Diagnostic | None, opens: bool) -> list[Token] | None:
    """The tokens that were meant, or None where that is not known.

    Args:
        tokens: of the line.
        found: what is wrong with it; None for a bracket that is never closed.
        opens: whether a block follows.
    """
    if found is None:
        return _closed(tokens) if opens else None
    if found.span is None:
        return None
    at = next((i for i, token in enumerate(tokens) if token.start_pos == found.span.start), len(tokens))
    match found.code:
        case "P132":
            return [*tokens, _new("COLON", ":", tokens[-1])]
        case "P134" if at < len(tokens) and tokens[at] in ("=", "=="):
            meant = ("EQUALS", "==") if tokens[at] == "=" else ("EQUAL", "=")
            return [*tokens[:at], _new(*meant, tokens[at]), *tokens[at + 1 :]]
        case "P136" if at < len(tokens):
            return _event(tokens, at)
        case "P138" if tokens[0].type == "ELSE" and at == 0:
            return [_new("ELIF", "elif", tokens[0]), *tokens[2:]]
    return None


def _new(kind: str, text: str, at: Token) -> Token:
    return Token.new_borrow_pos(kind, text, at)


def _closed(tokens: list[Token]) -> list[Token]:
    """With the brackets closed that are open at the end."""
    colon = tokens[-1:] if tokens[-1].type == "COLON" else []
    body = tokens[: len(tokens) - len(colon)]
    open_brackets: list[Token] = []
    for token in body:
        if token.type in _CLOSER:
            open_brackets.append(token)
        elif token.type in ("RPAR", "RSQB") and open_brackets:
            open_brackets.pop()
    closers = [_new(*_CLOSER[bracket.type], body[-1]) for bracket in reversed(open_brackets)]
    return [*body, *closers, *(colon or [_new("COLON", ":", body[-1])])]


def _event(tokens: list[Token], at: int) -> list[Token] | None:
    """`on post_spike` and `on post` as `on post spike`, `on each step` without `on`."""
    if at == 0:
        return tokens[1:]
    if at == 2:  # `on post spikes`
        return [*tokens[:2], _new("SPIKE", "spike", tokens[2]), *tokens[3:]]
    if re.fullmatch(STEP_EVENT, tokens[at], re.IGNORECASE):
        return [_new("EACH", "each", tokens[0]), _new("STEP", "step", tokens[at]), *tokens[at + 1 :]]
    meant = re.fullmatch(SPIKE_EVENT, tokens[at], re.IGNORECASE)
    if meant is None or not meant["end"]:
        return None
    end = meant["end"].lower()
    return [*tokens[:at], _new(end.upper(), end, tokens[at]), _new("SPIKE", "spike", tokens[at]), *tokens[at + 1 :]]
