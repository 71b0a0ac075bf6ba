"""Feeds the logical lines of a text to the parser; after an error it goes on with the next line."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from lark import Token, Tree
from lark.exceptions import UnexpectedToken

from plastlang.diagnostics import Diagnostic, Source, Span
from plastlang.frontend.grammar import Stacks
from plastlang.frontend.layout import Line, is_word
from plastlang.frontend.mistakes import explain
from plastlang.frontend.parts import SyntaxFault
from plastlang.frontend.recovered import FILLER, Losses
from plastlang.frontend.repairs import repaired
from plastlang.frontend.stop import Stop

#: After this many errors the rest of the file is not looked at.
MAX_ERRORS = 1000
#: Errors behind which it is not known which block a line belongs to.
_UNCERTAIN = ("P111", "P112", "P114")
#: Errors of a declaration whose name is not there or no name, and the words that begin one.
_NAMELESS = ("P135", "P142", "P145")
_DECLARING = frozenset(
    {"PARAM", "STATE", "GLOBAL", "PRE", "POST", "SYNAPSE", "PAIR", "REQUIRE", "LET"}
    | {"CONST", "FN", "NEURON", "RULE", "NETWORK", "POPULATION", "PROJECT"}
)


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


#: The stacks of the parser, and how long the lists on them are.
Saved: TypeAlias = "tuple[list[object], list[object], list[tuple[Tree[object], int]]]"


class LineReader:
    """Reads lines; a faulty one is read as what it was meant to be or else as if it had not been there."""

    def __init__(self, source: Source, lines: list[Line]):
        self.source = source
        self.lines = lines
        self.stacks = Stacks()
        self.diagnostics: list[Diagnostic] = []
        self.blocks = _Blocks()
        self.if_lost = False
        self.stand_ins: set[int] = set()
        self.lost: list[int] = []
        self.uncertain: list[int] = []
        self.names: set[str] = set()
        self.faulty: list[tuple[int, int]] = []
        self.nameless = False  # something is declared of which the name is not known
        self.hopeless = False  # nothing that follows can be trusted

    def accepts(self) -> set[str]:
        return self.stacks.accepts()

    def feed(self, kind: str, text: str = "", start: int = 0) -> None:
        self.stacks.feed(Token(kind, text, start_pos=start, end_pos=start + len(text)))

    def close(self, count: int, position: int) -> None:
        """End `count` blocks. A block whose statements were all faulty gets one, since it may not be empty."""
        for _ in range(count):
            if self.blocks.pop() != "real" or self.blocks.skipped:
                continue
            if self.diagnostics and "_DEDENT" not in self.accepts():
                for kind, text in (("NAME", FILLER), ("EQUAL", "="), ("NUMBER", "0"), ("_NEWLINE", "")):
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
                self.stacks.feed(token)
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
                self.stacks.feed(token)
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
                self.stand_ins.add(line.tokens[0].start_pos or 0)
                return True
            except UnexpectedToken:
                self.restore(saved)
        return False

    def repair(self, line: Line, found: Diagnostic | None, following: Line | None) -> bool:
        """Read a faulty line as what it was meant to be, where that is known."""
        tokens = repaired(line.tokens, found, following is not None and following.opens)
        if tokens is None:
            return False
        saved = self.save()
        if self.read_line(replace(line, tokens=tokens), following) is None:
            return True
        self.restore(saved)
        return False

    def lose(self, line: Line, found: Diagnostic | None) -> None:
        """Note what may be unknown because of a line that is not read."""
        position = line.tokens[0].start_pos or 0
        self.lost.append(position)
        self.names.update(str(token) for token in line.tokens if is_word(token))
        swallowed = found is None and "\n" in self.source.text[position : line.tokens[-1].start_pos]
        if swallowed or (found is not None and found.code in _UNCERTAIN):
            self.uncertain.append(position)
        if (found is None or found.code in _NAMELESS) and line.tokens[0].type in _DECLARING:
            self.nameless = True
        if line.tokens[0].type == "IMPORT" or any(token.type == "OPEN_DOC" for token in line.tokens):
            self.hopeless = True

    def losses(self) -> Losses:
        """What of the tree does not come from the text, and what is missing from it."""
        return Losses(frozenset(self.stand_ins), tuple(self.lost), tuple(self.uncertain))

    def save(self) -> Saved:
        values = list(self.stacks.values)
        return list(self.stacks.states), values, [(v, len(v.children)) for v in values if isinstance(v, Tree)]

    def restore(self, saved: Saved) -> None:
        self.stacks.states[:], self.stacks.values[:], lists = saved
        for tree, length in lists:  # the parser appends to the lists of repeated symbols in place
            del tree.children[length:]

    def run(self) -> None:
        opening = ""  # how the block that the next line opens is treated
        for number, line in enumerate(self.lines):
            following = self.lines[number + 1] if number + 1 < len(self.lines) else None
            position = line.tokens[0].start_pos or 0
            if line.opens and number == 0:
                self.uncertain.append(position)
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
                    self.hopeless = True
                    return
            self.faulty.append((position, line.tokens[-1].end_pos or 0))
            if not lost and self.repair(line, found, following):
                continue
            self.lose(line, found)
            if following is not None and following.opens:
                opening = (
                    "flat" if found is not None and found.code == "P112" else "real" if self.stand_in(line) else "skip"
                )
            self.if_lost = (first in ("IF", "ELIF", "ELSE") and opening != "real") or (
                first in ("IF", "ELIF") and not (following is not None and following.opens)
            )
