"""Mistakes in what a line is: its place, its first words, its `:` and its block."""

from __future__ import annotations

import re

from lark import Token

from plastlang.diagnostics import Diagnostic
from plastlang.frontend.habits import (
    BLOCK_HEADS,
    HERE,
    PLACE_NAMES,
    PLACES,
    RESERVED,
    WITHOUT_EQUALS,
    WORDS,
)
from plastlang.frontend.layout import is_word
from plastlang.frontend.stop import ASSIGNING, Stop


def block_after_line(stop: Stop) -> Diagnostic | None:
    if stop.at <= len(stop.tokens):
        return None
    if not stop.block:
        return Diagnostic(
            "P113",
            "This block is empty.",
            stop.span(stop.first, stop.tokens[-1]),
            "nothing is indented below this line",
            (),
            "write what belongs to it below, indented by four more spaces, or remove the line",
        )
    if "COLON" in stop.at_end:
        return missing_colon(stop)
    first = stop.block[0]
    return Diagnostic(
        "P112",
        "This line is indented, but the line above it opens no block.",
        stop.span(first),
        "indented too far",
        (),
        "begin it in the same column as the line above",
    )


def missing_colon(stop: Stop) -> Diagnostic:
    return Diagnostic(
        "P132",
        f"A `:` is missing at the end of this line: `{stop.first}` opens a block.",
        stop.span(None),
        "`:` expected here",
        (),
        "end the line with `:`",
    )


def misplaced_colon(stop: Stop) -> Diagnostic | None:
    token, previous = stop.token, stop.previous
    if token is None and "COLON" in stop.accepted and stop.first in BLOCK_HEADS:
        return missing_colon(stop)
    if token is not None and previous == ":" and "_NEWLINE" in stop.accepted:
        return Diagnostic(
            "P114",
            "A block begins on a new line.",
            stop.span(token),
            "put this on the next line",
            (),
            "break the line after `:` and indent what follows by four spaces",
        )
    return None


def wrong_event(stop: Stop) -> Diagnostic | None:
    first, token = stop.first, stop.token
    if first != "on" or stop.at > 2:
        return None
    rest = stop.tokens[1:]
    if len(rest) and rest[0] in ("each", "every"):
        return Diagnostic(
            "P136",
            f"`{rest[0]}` stands without `on`.",
            stop.span(first),
            "not needed",
            (),
            "write `each step:` or `every 1 ms:`",
        )
    if len(rest) > 1 and rest[0] in ("pre", "post") and stop.at == 2 and token is not None and is_word(token):
        return Diagnostic(
            "P136",
            f"`on {rest[0]} {token}` is no event.",
            stop.span(token),
            "not an event",
            (),
            f"write `on {rest[0]} spike:`",
        )
    return None


def misplaced(stop: Stop) -> Diagnostic | None:
    """A line that begins with a word which belongs elsewhere."""
    first, place = stop.first, stop.place()
    if (
        stop.at > 1
        or not is_word(first)
        or (stop.at == 1 and (stop.token is None or stop.token in (*ASSIGNING, "'", ".")))
    ):
        return None
    if first in PLACES[place]:
        if first in ("elif", "else") and stop.at == 0:
            return Diagnostic(
                "P141",
                f"This `{first}` has no `if` above it.",
                stop.span(first),
                "no `if` in this block",
                (),
                "it stands in the same column as its `if`, directly after the block of that",
            )
        return None
    homes = [home for home in PLACES if first in PLACES[home]]
    if not homes or (stop.at == 1 and first.type == "NAME"):
        return None
    where = " or ".join(PLACE_NAMES[home] for home in homes)
    importing = "; a name from another file comes by `import`" if first == "use" and place == "top" else ""
    return Diagnostic(
        "P141",
        f"`{first}` does not stand here.",
        stop.span(first),
        "not here",
        (HERE[place],),
        f"`{first}` stands {where}{importing}",
    )


def assignment_outside(stop: Stop) -> Diagnostic | None:
    """`x = 1` among the declarations of a component or at the top level."""
    token, first = stop.token, stop.first
    if not is_word(first) or first in RESERVED:
        return None
    assigning = stop.at == 1 and token in ASSIGNING
    at_top = stop.at == 0 and len(stop.tokens) > 1 and stop.tokens[1] in ASSIGNING
    place = stop.place()
    if assigning and first in WITHOUT_EQUALS and first in PLACES[place]:
        return needless_equals(stop, first, stop.tokens[1])
    if place == "component" and assigning:
        return Diagnostic(
            "P142",
            f"`{first}` cannot be assigned here, outside a block.",
            stop.span(stop.tokens[1]),
            "an assignment",
            (HERE[place],),
            f"declare it (`state {first} = ...`, `synapse {first} = ...`), name an expression (`let {first} = ...`),"
            f" write its equation (`{first}' = ...`), or assign it in a block (`on pre spike:`)",
        )
    if place == "top" and at_top:
        return Diagnostic(
            "P142",
            f"`{first}` cannot be assigned here.",
            stop.span(first),
            "an assignment",
            (HERE[place],),
            f"write `const {first} = ...` for a constant",
        )
    if place == "network" and (assigning or at_top):
        return Diagnostic(
            "P142",
            f"`{first}` cannot be assigned here.",
            stop.span(first),
            "an assignment",
            (HERE[place],),
            f"write `param {first} = ...`, or give values where the population or projection is made",
        )
    return None


def needless_equals(stop: Stop, word: Token, sign: Token) -> Diagnostic:
    return Diagnostic(
        "P142", f"`{word}` takes its value without `{sign}`.", stop.span(sign), "not needed", (), f"remove the `{sign}`"
    )


def reserved_name(stop: Stop) -> Diagnostic | None:
    token, previous = stop.token, stop.previous
    word: Token | None = None
    if token in ASSIGNING and stop.at == 1 and previous in RESERVED:
        word = previous
    elif token in RESERVED and "NAME" in stop.accepted:
        operator = token in ("and", "or", "if", "else", "in", "elif", "not")
        declared = "NUMBER" not in stop.accepted and stop.at > 0
        if declared or (not operator and stop.at > 0) or (stop.after in ASSIGNING and stop.at == 0):
            word = token
    if word is None:
        return None
    return Diagnostic(
        "P135",
        f"`{word}` is a word of the language and cannot be a name.",
        stop.span(word),
        "reserved",
        (),
        f"choose another name, such as `{word}_`",
    )


def derivative_without_equals(stop: Stop) -> Diagnostic | None:
    token, previous, tokens = stop.token, stop.previous, stop.tokens
    if previous is not None and previous.type == "QUOTE" and "EQUAL" in stop.accepted:
        name = tokens[stop.at - 2]
        rest = "..." if token is None else stop.source.text[token.start_pos or 0 : tokens[-1].end_pos or 0].lstrip("=:")
        short = re.sub(r"^- +", "-", rest.strip()) if len(rest) <= 60 and "\n" not in rest else ""
        return Diagnostic(
            "P137",
            f"The equation of `{name}` lacks its `=`.",
            stop.span(token),
            "`=` expected here",
            (),
            f"write `{name}' = {short or '...'}`",
        )
    if (
        stop.place() == "component"
        and len(tokens) > 2
        and tokens[0].startswith("d")
        and tokens[1] == "/"
        and tokens[2] == "dt"
    ):
        name = Token("NAME", tokens[0][1:] or "x")
        return Diagnostic(
            "P137",
            f"The derivative of `{name}` is written `{name}'` here.",
            stop.span(tokens[0], tokens[2]),
            "",
            (),
            f"write `{name}' = ...`",
        )
    return None


def foreign_word(stop: Stop) -> Diagnostic | None:
    token, first = stop.token, stop.first
    if first == "else" and stop.at == 1 and token == "if":
        return Diagnostic(
            "P138", "`else if` is written `elif` here.", stop.span(first, token), "two words", (), "write `elif`"
        )
    if first in WORDS and stop.at <= 1 and not (stop.at == 1 and token in (*ASSIGNING, "'")):
        placed = first in PLACES[stop.place()] or (first == "synapse" and stop.place() != "top")
        if not placed:
            said, hint = WORDS[first]
            return Diagnostic("P138", said, stop.span(first), "not known here", (), hint)
    if token == "then" and "COLON" in stop.accepted:
        return Diagnostic(
            "P138", "There is no `then`; a condition ends in `:`.", stop.span(token), "not known here", (), "write `:`"
        )
    if token in ("+", "-") and stop.after == token and "PLUS_ASSIGN" in stop.accepted:
        return Diagnostic(
            "P138",
            f"`{token}{token}` is no operator.",
            stop.span(token, stop.after),
            "not known here",
            (),
            f"write `{token}= 1`",
        )
    if token == "[" and stop.previous is not None and is_word(stop.previous):
        if "IN" in stop.tokens[: stop.at]:
            return None
        return Diagnostic(
            "P138",
            "There is no indexing: a statement runs for every neuron or synapse.",
            stop.span(token),
            "not known here",
            (),
            "write the name alone; `pre.NAME` and `post.NAME` are the values at the two ends",
        )
    if token == "(" and stop.at >= 3 and stop.tokens[stop.at - 2] == ".":
        name = stop.tokens[stop.at - 1]
        return Diagnostic(
            "P138",
            f"Functions have plain names: `{name}(...)`.",
            stop.span(stop.tokens[stop.at - 2], name),
            "a dotted name",
            (),
            f"write `{name}(...)`",
        )
    return None
