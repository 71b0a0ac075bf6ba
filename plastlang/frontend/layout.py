"""From plain tokens to logical lines: indentation, lines that go on inside brackets, units behind numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lark import Token

from plastlang.diagnostics import Diagnostic, PlastError, Source, Span

#: Blocks inside one another; later walks over a tree recurse.
MAX_BLOCK_DEPTH = 20
TAB_WIDTH = 4

_OPENERS = {"LPAR": "RPAR", "LSQB": "RSQB"}
_CLOSERS = {"RPAR": "LPAR", "RSQB": "LSQB"}
_QUIET = {"LINE_END", "COMMENT"}
#: Words that begin a line and stand nowhere inside an expression.
_LINE_HEADS = {"PARAM", "GLOBAL", "LET", "ON", "NEURON", "RULE", "NETWORK", "FN", "CONST", "IMPORT", "DELIVER", "ELIF"}
#: Words that begin a line when a name, a number or another word follows them.
_SOFT_HEADS = {
    "STATE",
    "PRE",
    "POST",
    "SYNAPSE",
    "PAIR",
    "REQUIRE",
    "INPUT",
    "METHOD",
    "SPIKE",
    "EACH",
    "EVERY",
    "HOLD",
    "PRUNE",
    "GROW",
    "SAMPLE",
    "DT",
    "POPULATION",
    "PROJECT",
    "CONNECT",
    "DELAY",
    "RECORD",
}
_OPERATORS = {"IF", "ELSE", "AND", "OR", "IN"}
#: Keywords that may follow an expression: behind `30 %` they end it.
_AFTER_EXPRESSION = {
    "AFTER", "AT", "WITH", "PAIRS", "SYNAPSES", "SLOTS", "PER", "UNIFORMLY", "OF", "FOR", "EVERY", "SIZE", "FROM",
    "WHERE",
}  # fmt: skip
_ASSIGNING = {"=", "+=", "-=", "*=", "/=", "'"}


@dataclass(slots=True)
class Line:
    """One logical line: blocks closed before it, whether it opens one, its tokens and the end-of-line token.

    `faulty`: what is wrong with it has been said already.
    """

    closes: int
    opens: bool
    tokens: list[Token]
    end: Token
    faulty: bool = False


@dataclass(slots=True)
class Layout:
    """The logical lines of a text, and what is wrong with them."""

    lines: list[Line] = field(default_factory=list)
    closes: int = 0  # blocks still open at the end of the file
    diagnostics: list[Diagnostic] = field(default_factory=list)


def is_word(token: Token) -> bool:
    """Whether it is spelled like a name (keywords are)."""
    return token[:1].isalpha() or token[:1] == "_"


def starts_operand(token: Token) -> bool:
    """Whether it begins an expression (brackets and signs aside)."""
    return token.type == "NUMBER" or (is_word(token) and token.type not in _OPERATORS)


def _ends_operand(token: Token) -> bool:
    return token.type in ("NUMBER", "UNIT_PERCENT", *_CLOSERS) or (
        is_word(token) and token.type not in _OPERATORS | {"NOT"}
    )


class _Reader:
    """The state of one pass over the tokens."""

    def __init__(self, source: Source):
        self.source = source
        self.layout = Layout()
        self.levels = [0]
        self.taken_as: dict[int, int] = {}  # columns that fit no block, and the column of the block they were taken for
        self.indent = 0
        self.closes = 0
        self.opens = False
        self.line: list[Token] = []
        self.open: list[Token] = []
        self.faulty = False
        self.tab_seen = False

    def say(
        self,
        code: str,
        message: str,
        start: int,
        end: int,
        label: str = "",
        notes: tuple[str, ...] = (),
        hint: str = "",
    ) -> None:
        self.layout.diagnostics.append(Diagnostic(code, message, Span(self.source, start, end), label, notes, hint))

    def measure(self, start: int, first: Token) -> int:
        """The column of the first token of a line."""
        position = first.start_pos or 0
        blank = self.source.text[start:position]
        if "\t" not in blank:
            return position - start
        if not self.tab_seen:
            self.tab_seen = True
            tab = start + blank.index("\t")
            self.say(
                "P110",
                "The indentation holds a tab.",
                tab,
                tab + 1,
                "a tab",
                ("how wide a tab is depends on the editor, so blocks are made by spaces alone",),
                f"replace every tab at the start of a line by {TAB_WIDTH} spaces",
            )
        return len(blank.expandtabs(TAB_WIDTH))

    def begin(self, start: int, first: Token) -> None:
        """Compare the indentation of a new logical line with the open blocks."""
        indent = self.measure(start, first)
        indent = self.taken_as.get(indent, indent)
        self.indent, self.closes, self.opens, self.faulty = indent, 0, False, False
        if indent > self.levels[-1]:
            self.opens = True
            self.levels.append(indent)
            if len(self.levels) > MAX_BLOCK_DEPTH + 1:
                self.say(
                    "P116",
                    f"Blocks are nested more than {MAX_BLOCK_DEPTH} deep.",
                    first.start_pos or 0,
                    first.end_pos or 0,
                    "too deep",
                    (),
                    "join conditions with `and`, or name them with `let`",
                )
                raise PlastError(tuple(self.layout.diagnostics))
            return
        left = self.levels[-1]
        while len(self.levels) > 1 and indent < self.levels[-1]:
            left = self.levels.pop()
            self.taken_as = {column: level for column, level in self.taken_as.items() if level != left}
            self.closes += 1
        if indent != self.levels[-1]:
            wanted = sorted({*self.levels, left})
            if left - indent <= indent - self.levels[-1]:
                self.levels.append(left)
                self.closes -= 1
            self.taken_as[indent] = self.levels[-1]
            choices = " or ".join(str(level) for level in wanted[-2:])
            self.say(
                "P111",
                f"This line is indented by {indent} spaces, which fits no block above it.",
                start,
                first.start_pos or 0,
                f"{indent} spaces",
                ("the lines of one block begin in the same column",),
                f"indent it by {choices} spaces",
            )

    def finish(self, end: Token) -> None:
        if self.line:
            self.layout.lines.append(Line(self.closes, self.opens, self.line, end, self.faulty))
        self.line, self.open = [], []

    def unclosed(self) -> None:
        opener = self.open[-1]
        closer = ")" if opener.type == "LPAR" else "]"
        more = len(self.open) - 1
        notes = (
            (f"{more} more bracket{'s' * (more > 1)} on this line {'are' if more > 1 else 'is'} not closed",)
            if more
            else ()
        )
        self.say(
            "P130",
            f"A `{closer}` is missing: this `{opener}` is never closed.",
            opener.start_pos or 0,
            opener.end_pos or 0,
            "opened here",
            notes,
            f"add `{closer}` where the bracket should end",
        )
        self.faulty = True

    def ended_before(self, token: Token, after: Token | None, column: int) -> bool:
        """Whether a line that begins inside brackets cannot be part of them, so that one must be unclosed."""
        last = self.line[-1]
        if last.type == "COLON" or token.type in _LINE_HEADS:
            return True
        if token.type == "IF" and not _ends_operand(last):
            return True
        if token.type in _SOFT_HEADS and after is not None and (is_word(after) or after.type == "NUMBER"):
            return after.type not in _OPERATORS
        if column > self.indent:
            return False
        if _ends_operand(last) and starts_operand(token):
            return True
        return (
            is_word(token)
            and after is not None
            and after in _ASSIGNING
            and not (after == "=" and last.type in ("COMMA", "LPAR"))
        )


def _with_units(tokens: list[Token]) -> list[Token]:
    """A name or `%` behind a number on the same line is its unit, unless `%` has a right operand."""
    result = list(tokens)
    for i in range(1, len(tokens)):
        token = tokens[i]
        if tokens[i - 1].type != "NUMBER":
            continue
        if token.type == "NAME" and token != "then":  # which other languages write behind a condition
            result[i] = Token.new_borrow_pos("UNIT_NAME", str(token), token)
        elif token.type == "PERCENT":
            after = tokens[i + 1] if i + 1 < len(tokens) else None
            operand = after is not None and (
                after.type in ("NUMBER", "LPAR", "NAME")
                or (is_word(after) and after.type not in _AFTER_EXPRESSION | _OPERATORS | _LINE_HEADS)
            )
            if not operand:
                result[i] = Token.new_borrow_pos("UNIT_PERCENT", str(token), token)
    return result


def lay_out(source: Source, stream: Iterable[Token]) -> Layout:
    """Make logical lines; what is wrong with the layout goes into `diagnostics` and its line is `faulty`.

    Args:
        source: the text.
        stream: its tokens, comments and line ends among them.

    Raises:
        PlastError: when blocks are nested too deep to go on.
    """
    tokens = _with_units([token for token in stream if token.type != "COMMENT"])
    reader = _Reader(source)
    start = 0
    fresh = True  # no token yet on this physical line
    for i, token in enumerate(tokens):
        if token.type == "LINE_END":
            start, fresh = token.end_pos or 0, True
            if not reader.open:
                reader.finish(token)
            continue
        if fresh and reader.open:
            after = tokens[i + 1] if i + 1 < len(tokens) else None
            if reader.ended_before(token, after, reader.measure(start, token)):
                reader.unclosed()
                reader.finish(Token("LINE_END", "", start_pos=start, end_pos=start))
        if not reader.line:
            reader.begin(start, token)
        fresh = False
        if token.type in _OPENERS:
            reader.open.append(token)
        elif token.type in _CLOSERS and reader.open:
            reader.open.pop()
        reader.line.append(token)
    if reader.open:
        reader.unclosed()
    length = len(source.text)
    reader.finish(Token("LINE_END", "", start_pos=length, end_pos=length))
    reader.layout.closes = len(reader.levels) - 1
    return reader.layout
