"""Mistakes inside a line: signs of other languages, brackets, operands, `=` and `==`."""

from __future__ import annotations

from lark import Token

from plastlang.diagnostics import Diagnostic, Span
from plastlang.frontend.habits import (
    SIGNS,
    WITHOUT_EQUALS,
)
from plastlang.frontend.layout import is_word, starts_operand
from plastlang.frontend.line_mistakes import needless_equals
from plastlang.frontend.stop import ASSIGNING, BINARY, Stop, quoted


def foreign_sign(stop: Stop) -> Diagnostic | None:
    token = stop.token
    if token is None or token.type not in ("FOREIGN", "STRAY"):
        return None
    if token.startswith("//"):
        return Diagnostic(
            "P138",
            "`//` begins no comment and is no operator.",
            Span(stop.source, token.start_pos or 0, (token.start_pos or 0) + 2),
            "not known here",
            (),
            "begin a comment with `#`; write `floor(a / b)` for a whole quotient",
        )
    sign = (
        token
        if token in SIGNS
        else Token(token.type, token[0], start_pos=token.start_pos, end_pos=(token.start_pos or 0) + 1)
    )
    said, hint = SIGNS.get(sign, ("", ""))
    if said:
        return Diagnostic("P138", said, stop.span(sign), "not known here", (), hint)
    name = f"`{sign}`" if sign.isprintable() else f"U+{ord(sign[0]):04X}"
    return Diagnostic(
        "P120", f"The character {name} means nothing here.", stop.span(sign), "not known here", (), "remove it"
    )


def unclosed_text(stop: Stop) -> Diagnostic | None:
    token = stop.token
    if token is None or token.type not in ("OPEN_DOC", "OPEN_STRING"):
        return None
    start = token.start_pos or 0
    if token.type == "OPEN_DOC":
        return Diagnostic(
            "P123",
            "This docstring is never closed.",
            Span(stop.source, start, start + 3),
            "opened here",
            (),
            'add `"""` where it ends',
        )
    return Diagnostic(
        "P124", "This text is not closed on its line.", stop.span(token), "opened here", (), 'add `"` where it ends'
    )


def single_quotes(stop: Stop) -> Diagnostic | None:
    token = stop.token
    if token is None or token.type != "QUOTE":
        return None
    if stop.previous is not None and stop.previous.type == "QUOTE":
        return Diagnostic(
            "P137",
            "Only first derivatives are written: `x''` is not.",
            stop.span(stop.previous, token),
            "second derivative",
            (),
            "introduce a variable for the first derivative: `x' = v` and `v' = ...`",
        )
    if stop.previous is not None and stop.previous.type in ("IMPORT", "FROM"):
        return Diagnostic("P125", "A text stands in double quotes.", stop.span(token), "single quote", (), 'write `"`')
    return Diagnostic(
        "P137",
        "A derivative cannot stand here.",
        stop.span(token),
        "",
        ("`x'` begins an equation of a `neuron` or `rule`",),
        "name its right side with `let` and use that name",
    )


def closes_nothing(stop: Stop) -> Diagnostic | None:
    token = stop.token
    if token is None or token.type not in ("RPAR", "RSQB"):
        return None
    brackets = stop.open_brackets()
    if not brackets:
        return Diagnostic(
            "P131",
            f"This `{token}` closes nothing.",
            stop.span(token),
            "no bracket is open here",
            (),
            f"remove the `{token}`",
        )
    wanted = ")" if brackets[-1].type == "LPAR" else "]"
    if token != wanted:
        return Diagnostic(
            "P131",
            f"`{brackets[-1]}` is closed by `{token}`.",
            stop.span(token),
            f"`{wanted}` expected",
            (),
            f"write `{wanted}`",
        )
    return None


def wrong_equals(stop: Stop) -> Diagnostic | None:
    token, previous = stop.token, stop.previous
    if token == "==" and "EQUAL" in stop.accepted:
        return Diagnostic(
            "P134", "`==` compares; a value is given with `=`.", stop.span(token), "a comparison", (), "write `=`"
        )
    if token not in ASSIGNING or previous in ASSIGNING:
        return None
    assert token is not None
    if previous is not None and previous in WITHOUT_EQUALS:
        return needless_equals(stop, previous, token)
    before = stop.tokens[: stop.at]
    if any(t in ("if", "elif", "when", "where", "and", "or", "not", "<", ">", "<=", ">=", "==", "!=") for t in before):
        if token == "=":
            return Diagnostic(
                "P134",
                "`=` gives a value; a comparison is written `==`.",
                stop.span(token),
                "an assignment",
                (),
                "write `==`",
            )
        return Diagnostic(
            "P134", f"`{token}` changes a value; it cannot stand in a condition.", stop.span(token), "an assignment"
        )
    if any(t in ASSIGNING for t in before) and not stop.open_brackets():
        return Diagnostic(
            "P142",
            "A line holds one assignment.",
            stop.span(token),
            "a second one",
            (),
            "write each on a line of its own",
        )
    return None


def missing_operand(stop: Stop) -> Diagnostic | None:
    """An expression was expected."""
    token, previous = stop.token, stop.previous
    if (
        not {"NAME", "NUMBER"} <= stop.accepted
        or stop.at == 0
        or (token is not None and starts_operand(token) and token != "not")
    ):
        return None
    if token is not None and token in ASSIGNING and "EQUAL" in stop.accepted:
        return None
    if previous == "+" and stop.at >= 2 and stop.tokens[stop.at - 2] == "+" and token is None:
        return Diagnostic(
            "P138",
            "`++` is no operator.",
            stop.span(stop.tokens[stop.at - 2], previous),
            "not known here",
            (),
            "write `+= 1`",
        )
    if token is None:
        span = stop.span(None)
    elif token.type in ("DOC", "STRING"):
        return Diagnostic(
            "P133",
            "A text is no value of an expression.",
            stop.span(token),
            "a text",
            (),
            "write a number with its unit, such as `20 ms`",
        )
    else:
        span = stop.span(token)
    if previous in ("(", "[") and token is not None and token in (")", "]"):
        message = "These brackets are empty."
    elif previous in BINARY or previous == "not":
        other = f" before {quoted(token)}" if token is not None else ""
        message = f"An operand is missing behind `{previous}`{other}."
    elif token in BINARY:
        message = f"An operand is missing before `{token}`."
    else:
        message = f"An expression is missing behind `{previous}`."
    return Diagnostic(
        "P133", message, span, "a value is expected here", (), "write a number, a name or an expression in brackets"
    )


def missing_name(stop: Stop) -> Diagnostic | None:
    """A name was expected."""
    if "NAME" not in stop.accepted or "NUMBER" in stop.accepted or stop.at == 0 or stop.previous is None:
        return None
    if stop.token is not None and is_word(stop.token):
        return None
    shown = "the line ends" if stop.token is None else f"{quoted(stop.token)} is none"
    return Diagnostic(
        "P145",
        f"A name is expected behind `{stop.previous}`, but {shown}.",
        stop.span(stop.token),
        "a name is expected here",
    )


def two_operands(stop: Stop) -> Diagnostic | None:
    token, previous = stop.token, stop.previous
    if token is None or previous is None or not {"PLUS", "STAR"} <= stop.accepted:
        return None
    if not (starts_operand(token) or token == "("):
        return None
    if token == "not":
        return None
    if previous.type == "UNIT_NAME" and token.type == "NAME":
        return Diagnostic(
            "P143",
            f"An operator is missing between `{previous}` and {quoted(token)}.",
            stop.span(token),
            "expected an operator before this",
            (),
            f"write a product of units with `*`: `{previous} * {token}`",
        )
    comma = " or a `,`" if "COMMA" in stop.accepted else ""
    return Diagnostic(
        "P143",
        f"An operator{comma} is missing between {quoted(previous)} and {quoted(token)}.",
        stop.span(token),
        "expected an operator before this",
    )
