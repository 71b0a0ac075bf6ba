"""What the place at which the parser stopped says about the mistake that was made there.

`explain` tries the mistakes it knows from the most telling to the least; each knows a line, the token at which the
parser stopped and what it would have taken instead, and answers with a diagnostic or None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

from lark import Token

from plastlang.diagnostics import Diagnostic, Source, Span
from plastlang.frontend.habits import (
    BLOCK_HEADS,
    HERE,
    PLACE_NAMES,
    PLACES,
    RESERVED,
    SIGNS,
    SOFT_WORDS,
    WITHOUT_EQUALS,
    WORDS,
)
from plastlang.frontend.layout import is_word, starts_operand

_ASSIGNING = ("=", "+=", "-=", "*=", "/=")
_BINARY = ("+", "-", "*", "/", "%", "**", "<", "<=", ">", ">=", "==", "!=", "and", "or")


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the parser stopped in a line.

    `at` is the number of the token; len(tokens) stands for the end of the line, len(tokens) + 1 for what comes after
    it (a block that is missing or not expected). `accepted` are the terminals the parser would have taken there,
    `at_start` at the beginning of the line, `at_end` in place of the end of the line. `block` is the first line of the block below.
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


def explain(stop: Stop) -> Diagnostic:
    """One diagnostic for one mistake."""
    for mistake in _MISTAKES:
        found = mistake(stop)
        if found is not None:
            return found
    return _unexpected(stop)


def quoted(token: Token) -> str:
    """A token as shown in a sentence."""
    return f"`{token}`" if len(token) <= 30 else f"`{token[:27]}...`"


# ---------------------------------------------------------------- after the end of the line


def _block_after_line(stop: Stop) -> Diagnostic | None:
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
        return _missing_colon(stop)
    first = stop.block[0]
    return Diagnostic(
        "P112",
        "This line is indented, but the line above it opens no block.",
        stop.span(first),
        "indented too far",
        (),
        "begin it in the same column as the line above",
    )


def _missing_colon(stop: Stop) -> Diagnostic:
    return Diagnostic(
        "P132",
        f"A `:` is missing at the end of this line: `{stop.first}` opens a block.",
        stop.span(None),
        "`:` expected here",
        (),
        "end the line with `:`",
    )


# ---------------------------------------------------------------- tokens that fit nowhere


def _foreign_sign(stop: Stop) -> Diagnostic | None:
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


def _unclosed_text(stop: Stop) -> Diagnostic | None:
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


def _single_quotes(stop: Stop) -> Diagnostic | None:
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


def _closes_nothing(stop: Stop) -> Diagnostic | None:
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


# ---------------------------------------------------------------- words


def _reserved_name(stop: Stop) -> Diagnostic | None:
    token, previous = stop.token, stop.previous
    word: Token | None = None
    if token in _ASSIGNING and stop.at == 1 and previous in RESERVED:
        word = previous
    elif token in RESERVED and "NAME" in stop.accepted:
        operator = token in ("and", "or", "if", "else", "in", "elif", "not")
        declared = "NUMBER" not in stop.accepted and stop.at > 0
        if declared or (not operator and stop.at > 0) or (stop.after in _ASSIGNING and stop.at == 0):
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


def _derivative_without_equals(stop: Stop) -> Diagnostic | None:
    token, previous, tokens = stop.token, stop.previous, stop.tokens
    if previous is not None and previous.type == "QUOTE" and "EQUAL" in stop.accepted:
        name = tokens[stop.at - 2]
        rest = "..." if token is None else stop.source.text[token.start_pos or 0 : tokens[-1].end_pos or 0].lstrip("=:")
        short = rest if len(rest) <= 60 and "\n" not in rest else "..."
        return Diagnostic(
            "P137",
            f"The equation of `{name}` lacks its `=`.",
            stop.span(token),
            "`=` expected here",
            (),
            f"write `{name}' = {short.strip() or '...'}`",
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


def _foreign_word(stop: Stop) -> Diagnostic | None:
    token, first = stop.token, stop.first
    if first == "else" and stop.at == 1 and token == "if":
        return Diagnostic(
            "P138", "`else if` is written `elif` here.", stop.span(first, token), "two words", (), "write `elif`"
        )
    if first in WORDS and stop.at <= 1 and not (stop.at == 1 and token in (*_ASSIGNING, "'")):
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
    if token == "[" and "LPAR" in stop.accepted | {"LPAR"} and stop.previous is not None and is_word(stop.previous):
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


def _misplaced(stop: Stop) -> Diagnostic | None:
    """A line that begins with a word which belongs elsewhere."""
    first, place = stop.first, stop.place()
    if (
        stop.at > 1
        or not is_word(first)
        or (stop.at == 1 and (stop.token is None or stop.token in (*_ASSIGNING, "'", ".")))
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
    return Diagnostic(
        "P141",
        f"`{first}` does not stand here.",
        stop.span(first),
        "not here",
        (HERE[place],),
        f"`{first}` stands {where}",
    )


def _assignment_outside(stop: Stop) -> Diagnostic | None:
    """`x = 1` among the declarations of a component or at the top level."""
    token, first = stop.token, stop.first
    if not is_word(first) or first in RESERVED:
        return None
    assigning = stop.at == 1 and token in _ASSIGNING
    at_top = stop.at == 0 and len(stop.tokens) > 1 and stop.tokens[1] in _ASSIGNING
    place = stop.place()
    if assigning and first in WITHOUT_EQUALS and first in PLACES[place]:
        return _needless_equals(stop, first, stop.tokens[1])
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


def _needless_equals(stop: Stop, word: Token, sign: Token) -> Diagnostic:
    return Diagnostic(
        "P142", f"`{word}` takes its value without `{sign}`.", stop.span(sign), "not needed", (), f"remove the `{sign}`"
    )


def _equals(stop: Stop) -> Diagnostic | None:
    token, previous = stop.token, stop.previous
    if token == "==" and "EQUAL" in stop.accepted:
        return Diagnostic(
            "P134", "`==` compares; a value is given with `=`.", stop.span(token), "a comparison", (), "write `=`"
        )
    if token not in _ASSIGNING:
        return None
    assert token is not None
    if previous is not None and previous in WITHOUT_EQUALS:
        return _needless_equals(stop, previous, token)
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
    if any(t in _ASSIGNING for t in before) and not stop.open_brackets():
        return Diagnostic(
            "P142",
            "A line holds one assignment.",
            stop.span(token),
            "a second one",
            (),
            "write each on a line of its own",
        )
    return None


# ---------------------------------------------------------------- lines and expressions


def _colon(stop: Stop) -> Diagnostic | None:
    token, previous = stop.token, stop.previous
    if token is None and "COLON" in stop.accepted and stop.first in BLOCK_HEADS:
        return _missing_colon(stop)
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


def _spike_event(stop: Stop) -> Diagnostic | None:
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


def _operand(stop: Stop) -> Diagnostic | None:
    """An expression was expected."""
    token, previous = stop.token, stop.previous
    if (
        not {"NAME", "NUMBER"} <= stop.accepted
        or stop.at == 0
        or (token is not None and starts_operand(token) and token != "not")
    ):
        return None
    if token is not None and token in _ASSIGNING and "EQUAL" in stop.accepted:
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
    elif previous in _BINARY or previous == "not":
        other = f" before {quoted(token)}" if token is not None else ""
        message = f"An operand is missing behind `{previous}`{other}."
    elif token in _BINARY:
        message = f"An operand is missing before `{token}`."
    else:
        message = f"An expression is missing behind `{previous}`."
    return Diagnostic(
        "P133", message, span, "a value is expected here", (), "write a number, a name or an expression in brackets"
    )


def _name(stop: Stop) -> Diagnostic | None:
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


def _spelling(stop: Stop) -> Diagnostic | None:
    """A word that is close to one that fits."""
    token = stop.token
    candidates = [(token, {name.lower() for name in stop.accepted if name.isalpha()})] if token is not None else []
    if stop.at <= 1 and stop.first.type == "NAME":
        candidates.append((stop.first, set(PLACES[stop.place()])))
    for word, fitting in candidates:
        if word is None or not is_word(word) or word in fitting:
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


def _two_operands(stop: Stop) -> Diagnostic | None:
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
    _block_after_line,
    _foreign_sign,
    _unclosed_text,
    _single_quotes,
    _closes_nothing,
    _derivative_without_equals,
    _reserved_name,
    _foreign_word,
    _spike_event,
    _misplaced,
    _assignment_outside,
    _equals,
    _colon,
    _operand,
    _name,
    _spelling,
    _two_operands,
)
