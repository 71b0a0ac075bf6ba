"""What the place at which the parser stopped says about the mistake that was made there.

`explain` tries the mistakes it knows from the most telling to the least; each knows a line, the token at which the
parser stopped and what it would have taken instead, and answers with a diagnostic or None.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from plastlang.diagnostics import Diagnostic
from plastlang.frontend.expression_mistakes import (
    closes_nothing,
    foreign_sign,
    missing_name,
    missing_operand,
    single_quotes,
    two_operands,
    unclosed_text,
    wrong_equals,
)
from plastlang.frontend.habits import PLACES, RESERVED, SOFT_WORDS
from plastlang.frontend.layout import is_word
from plastlang.frontend.line_mistakes import (
    assignment_outside,
    block_after_line,
    derivative_without_equals,
    foreign_word,
    misplaced,
    misplaced_colon,
    reserved_name,
    wrong_event,
)
from plastlang.frontend.stop import Stop, quoted


def explain(stop: Stop) -> Diagnostic:
    """One diagnostic for one mistake."""
    for mistake in _MISTAKES:
        found = mistake(stop)
        if found is not None:
            return found
    return _unexpected(stop)


def _spelling(stop: Stop) -> Diagnostic | None:
    """A word that is close to one that fits."""
    token = stop.token
    candidates = [(token, {name.lower() for name in stop.accepted if name.isalpha()})] if token is not None else []
    if stop.at <= 1 and stop.first.type == "NAME":
        candidates.append((stop.first, set(PLACES[stop.place()])))
    for word, fitting in candidates:
        if not is_word(word) or word in fitting:
            continue
        close = get_close_matches(word.lower(), sorted(fitting - {"name", "number"}), n=1, cutoff=0.7)
        if close:
            return Diagnostic(
                "P144",
                f"`{word}` is not known here.",
                stop.span(word),
                "not known here",
                (),
                f"did you mean `{close[0]}`?",
            )
    return None


_SHOWN = {
    "_NEWLINE": "the end of the line",
    "COLON": "`:`",
    "COMMA": "`,`",
    "EQUAL": "`=`",
    "RPAR": "`)`",
    "LPAR": "`(`",
    "RSQB": "`]`",
    "LSQB": "`[`",
    "QUOTE": "`'`",
    "ARROW": "`->`",
    "STRING": "a text in double quotes",
    "NUMBER": "a number",
    "NAME": "a name",
    "DOT": "`.`",
    "PLUS": "`+`",
}


def _unexpected(stop: Stop) -> Diagnostic:
    token = stop.token
    shown = "The line ends too early" if token is None else f"{quoted(token)} does not fit here"
    accepted = stop.accepted
    if "PLUS" in accepted and "STAR" in accepted:  # behind an expression: its operators say nothing
        accepted = accepted - {"PLUS", "DOT", "LPAR", "AND", "OR", "IF", "NOT", "QUOTE"}
    names = "NAME" in accepted
    wanted = [text for kind, text in _SHOWN.items() if kind in accepted]
    words = (
        []
        if names
        else sorted(
            kind.lower()
            for kind in accepted
            if kind.isalpha() and kind not in _SHOWN and kind.lower() in SOFT_WORDS | RESERVED
        )
    )
    wanted += [f"`{word}`" for word in words]
    if stop.at == 0:
        wanted = [f"`{word}`" for word in PLACES[stop.place()] if word not in ("elif", "else")]
    expected = ""
    if wanted:
        expected = "expected " + (wanted[0] if len(wanted) == 1 else ", ".join(wanted[:-1]) + " or " + wanted[-1])
    return Diagnostic("P140", f"{shown}.", stop.span(token), "unexpected", (expected,) if expected else ())


_MISTAKES: tuple[Callable[[Stop], Diagnostic | None], ...] = (
    block_after_line,
    foreign_sign,
    unclosed_text,
    single_quotes,
    closes_nothing,
    derivative_without_equals,
    reserved_name,
    foreign_word,
    wrong_event,
    misplaced,
    assignment_outside,
    wrong_equals,
    misplaced_colon,
    missing_operand,
    missing_name,
    _spelling,
    two_operands,
)
