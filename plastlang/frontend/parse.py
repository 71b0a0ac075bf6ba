"""`parse`: from the text of a .plast file to its syntax tree, or to all its syntax errors at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

from lark import Lark, Token
from lark.exceptions import UnexpectedToken
from platformdirs import user_cache_path

from plastlang.diagnostics import Diagnostic, PlastError, Source, Span
from plastlang.frontend import ast
from plastlang.frontend.layout import Line, lay_out
from plastlang.frontend.mistakes import explain
from plastlang.frontend.stop import Stop
from plastlang.frontend.transform import SOURCE, SyntaxFault, TreeBuilder

#: After this many errors the rest of the file is not looked at.
MAX_ERRORS = 1000


class _PlainTokens:
    """Keeps the terminals that no rule uses; the lines are made by `lay_out`."""

    always_accept = ("LINE_END", "COMMENT", "OPEN_DOC", "OPEN_STRING", "FOREIGN", "STRAY")

    def process(self, stream: Iterable[Token]) -> Iterator[Token]:
        yield from stream


def _tables_path(grammar: str) -> str | bool:
    """Where the parser's tables are kept between runs (making them takes half a second), or False for nowhere."""
    digest = hashlib.sha256(f"{_PlainTokens.always_accept}{grammar}".encode()).hexdigest()[:16]
    try:
        return str(user_cache_path("plastlang", ensure_exists=True) / f"grammar-{digest}.tables")
    except OSError:
        return False


@cache
def _parser() -> Lark:
    grammar = resources.files("plastlang.grammar").joinpath("plast.lark").read_text(encoding="utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        start="module",
        keep_all_tokens=True,
        maybe_placeholders=True,
        transformer=TreeBuilder(),
        postlex=_PlainTokens(),
        cache=_tables_path(grammar),
    )


def tokenize(text: str) -> list[Token]:
    """All tokens of a text, comments and line ends too; characters that fit nothing are STRAY tokens."""
    session: Any = _parser().parse_interactive(text)
    return list(session.lexer_thread.lex(session.parser_state))


class _Blocks:
    """How each open block is treated: 'real' (its statements are parsed), 'flat' (its indentation is ignored),

    'skip' (nothing in it is looked at).
    """

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.skipped = 0

    def push(self, kind: str) -> None:
        self.kinds.append(kind)
        self.skipped += kind == "skip"

    def pop(self) -> str:
        kind = self.kinds.pop()
        self.skipped -= kind == "skip"
        return kind


#: What stands in for a faulty line that opens a block, so that the block is still read.
_STAND_INS: dict[str, tuple[tuple[tuple[str, str], ...], ...]] = {
    "RULE": ((("RULE", "rule"), ("NAME", "x")),),
    "NEURON": ((("NEURON", "neuron"), ("NAME", "x")),),
    "NETWORK": ((("NETWORK", "network"), ("NAME", "x")),),
    "ON": ((("EACH", "each"), ("STEP", "step")),),
    "EACH": ((("EACH", "each"), ("STEP", "step")),),
    "EVERY": ((("EACH", "each"), ("STEP", "step")),),
    "SPIKE": ((("SPIKE", "spike"), ("AT", "at"), ("TIMES", "times")),),
    "IF": ((("IF", "if"), ("NAME", "x")),),
    "ELIF": ((("ELIF", "elif"), ("NAME", "x")), (("IF", "if"), ("NAME", "x"))),
    "ELSE": ((("ELSE", "else"),), (("IF", "if"), ("NAME", "x"))),
    "SAMPLE": ((("SAMPLE", "sample"), ("NAME", "x"), ("PAIRS", "pairs")),),
    "GROW": ((("GROW", "grow"),),),
    "PROJECT": (
        (("PROJECT", "project"), ("NAME", "x"), ("ARROW", "->"), ("NAME", "x"), ("WITH", "with"), ("NAME", "x")),
    ),
}


Saved: TypeAlias = "tuple[list[object], list[object]]"  # the stacks of the parser


class _Driver:
    """Feeds lines to the parser; after an error it goes on as if the line had not been there."""

    def __init__(self, source: Source, lines: list[Line]):
        self.source = source
        self.lines = lines
        self.session: Any = _parser().parse_interactive("")
        self.diagnostics: list[Diagnostic] = []
        self.blocks = _Blocks()
        self.if_lost = False

    def accepts(self) -> set[str]:
        return set(self.session.accepts())

    def feed(self, kind: str, text: str = "", start: int = 0) -> None:
        self.session.feed_token(Token(kind, text, start_pos=start, end_pos=start + len(text)))

    def close(self, count: int, position: int) -> None:
        """End `count` blocks. A block whose statements were all faulty gets one, since it may not be empty."""
        for _ in range(count):
            if self.blocks.pop() != "real" or self.blocks.skipped:
                continue
            if self.diagnostics and "_DEDENT" not in self.accepts():
                for kind, text in (("NAME", "x"), ("EQUAL", "="), ("NUMBER", "0"), ("_NEWLINE", "")):
                    self.feed(kind, text, position)
            self.feed("_DEDENT", "", position)

    def read_line(self, line: Line, following: Line | None) -> Diagnostic | None:
        """Feed one line; the first thing wrong with it, if any."""
        saved = self.save()
        tokens = line.tokens
        opens = following is not None and following.opens
        at = 0
        try:
            for token in tokens:
                self.session.feed_token(token)
                at += 1
            self.feed("_NEWLINE", "", line.end.start_pos or 0)
        except UnexpectedToken:
            return explain(self.stop(saved, line, at, following))
        except SyntaxFault as fault:
            return fault.diagnostic
        # only what ends in `:` waits for a block, but a block may follow anything
        if (opens or tokens[-1].type == "COLON") and opens != ("_INDENT" in self.accepts()):
            return explain(self.stop(saved, line, len(tokens) + 1, following))
        return None

    def stop(self, saved: Saved, line: Line, at: int, following: Line | None) -> Stop:
        """What the parser takes at the start of a line, at token `at` and instead of its end."""
        self.restore(saved)
        accepted: list[frozenset[str]] = []
        for number, token in enumerate([*line.tokens[:at], None]):
            if number in (0, at, len(line.tokens)):
                accepted.append(frozenset(self.accepts()))
            if token is not None:
                self.session.feed_token(token)
        block = tuple(following.tokens) if following is not None and following.opens else ()
        reached = at >= len(line.tokens)
        return Stop(
            self.source,
            tuple(line.tokens),
            at,
            accepted[-1],
            accepted[0],
            accepted[-1] if reached else frozenset(),
            block,
        )

    def stand_in(self, line: Line) -> bool:
        """Put a sound head in place of a faulty one, so that its block can be read."""
        else_if = line.tokens[0].type == "ELSE" and len(line.tokens) > 1 and line.tokens[1].type == "IF"
        for tokens in _STAND_INS.get("ELIF" if else_if else line.tokens[0].type, ()):
            saved = self.save()
            try:
                for kind, text in (*tokens, ("COLON", ":"), ("_NEWLINE", "")):
                    self.feed(kind, text, line.tokens[0].start_pos or 0)
                return True
            except UnexpectedToken:
                self.restore(saved)
        return False

    def save(self) -> Saved:
        state = self.session.parser_state
        return list(state.state_stack), list(state.value_stack)

    def restore(self, saved: Saved) -> None:
        state = self.session.parser_state
        state.state_stack[:], state.value_stack[:] = saved

    def run(self) -> None:
        opening = ""  # how the block that the next line opens is treated
        for number, line in enumerate(self.lines):
            following = self.lines[number + 1] if number + 1 < len(self.lines) else None
            position = line.tokens[0].start_pos or 0
            if line.opens and number == 0:
                self.diagnostics.append(
                    Diagnostic(
                        "P112",
                        "The first line of the file is indented.",
                        Span(self.source, position, line.tokens[0].end_pos or 0),
                        "indented too far",
                        (),
                        "begin it in the first column",
                    )
                )
            if line.opens:
                self.blocks.push(opening or "flat")
                if opening == "real" and not self.blocks.skipped:
                    self.feed("_INDENT", "", position)
            self.close(line.closes, position)
            opening = "real"
            if self.blocks.skipped:
                opening = "skip"
                continue
            saved = self.save()
            first = line.tokens[0].type
            lost = self.if_lost and first in ("ELSE", "ELIF")
            found = None if line.faulty or lost else self.read_line(line, following)
            self.if_lost = False
            if found is None and not line.faulty and not lost:
                continue
            self.restore(saved)
            if found is not None:
                self.diagnostics.append(found)
                if len(self.diagnostics) >= MAX_ERRORS:
                    return
            if following is not None and following.opens:
                opening = (
                    "flat" if found is not None and found.code == "P112" else "real" if self.stand_in(line) else "skip"
                )
            self.if_lost = (first in ("IF", "ELIF", "ELSE") and opening != "real") or (
                first in ("IF", "ELIF") and not (following is not None and following.opens)
            )


def parse(source: Source) -> ast.Module:
    """The syntax tree of a text.

    Raises:
        PlastError: with every syntax error that can be told apart, in the order of the text.
    """
    token = SOURCE.set(source)
    try:
        return _parse(source)
    finally:
        SOURCE.reset(token)


def _parse(source: Source) -> ast.Module:
    text = source.text
    nul = text.find("\0")
    if nul >= 0:
        raise PlastError(
            (Diagnostic("P104", "The file holds a NUL character; it is not a text.", Span(source, nul, nul + 1)),)
        )
    layout = lay_out(source, tokenize(text))
    driver = _Driver(source, layout.lines)
    driver.diagnostics.extend(layout.diagnostics)
    driver.run()
    found = driver.diagnostics
    if not found and not any(line.tokens[0].type != "DOC" for line in layout.lines):
        found.append(
            Diagnostic(
                "P105",
                "The file declares nothing.",
                Span(source, 0, 0),
                "empty",
                (),
                "write a `neuron`, a `rule` or a `network`; `plastc rules` shows the ones that are installed",
            )
        )
    if found:
        found.sort(key=lambda d: (d.span.start, d.span.end) if d.span else (0, 0))
        raise PlastError(tuple(found))
    driver.close(layout.closes, len(text))
    end = Token("$END", "", start_pos=len(text), end_pos=len(text))
    module = driver.session.feed_eof(end)
    assert isinstance(module, ast.Module)
    return module
