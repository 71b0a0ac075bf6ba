"""The renderer: order, excerpts, alignment, colours, JSON."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from plastlang.diagnostics import Diagnostic, PlastError, Severity, Source, Span, render, to_json


def at(text: str, start: int, end: int, **more: object) -> Diagnostic:
    return Diagnostic("P999", "Said.", Span(Source("a.plast", text), start, end), **more)  # type: ignore[arg-type]


def test_everything_there_can_be() -> None:
    found = at("one\ntwo three\n", 8, 13, label="this", notes=("first", "second"), hint="do", severity=Severity.WARNING)
    assert render([found]) == (
        "warning[P999]: Said.\n"
        " --> a.plast:2:5\n"
        "  |\n"
        "2 | two three\n"
        "  |     ^^^^^ this\n"
        "  = note: first\n"
        "  = note: second\n"
        "  = help: do\n"
    )


def test_nothing_to_tell() -> None:
    assert render([]) == ""
    assert to_json([]) == "[]"


def test_without_a_place() -> None:
    assert render([Diagnostic("P999", "Said.", hint="do")]) == "error[P999]: Said.\n = help: do\n"


def test_several_lines() -> None:
    text = "one (\n  two\n  three) four\n"
    assert render([at(text, 4, 20, label="this")]) == (
        "error[P999]: Said.\n --> a.plast:1:5\n  |\n1 | one (\n  |     ^ this\n...\n3 |   three) four\n  |   ^^^^^^\n"
    )
    assert render([at(text, 4, 11, label="this")]) == (
        "error[P999]: Said.\n --> a.plast:1:5\n  |\n1 | one (\n  |     ^ this\n2 |   two\n  |   ^^^\n"
    )


def test_tabs_and_wide_characters_are_aligned() -> None:
    assert render([at("\ta ｘｙ\tb = c\n", 6, 7)]).splitlines()[3:] == ["1 |     a ｘｙ  b = c", "  |             ^"]
    assert render([at("e\u0301 = 変数\n", 5, 7)]).splitlines()[3:] == ["1 | e\u0301 = 変数", "  |     ^^^^"]


def test_what_would_change_the_terminal_is_not_shown() -> None:
    shown = render([at("a \x1b[31m \u202e b\n", 0, 1)])
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_long_lines_are_cut_round_the_place() -> None:
    text = "x" * 5000 + "here" + "y" * 5000
    excerpt, marks = render([at(text, 5000, 5004)]).splitlines()[3:]
    assert len(excerpt) < 130
    assert excerpt.startswith("1 | ... x")
    assert excerpt.endswith("y ...")
    assert excerpt[marks.index("^") : marks.rindex("^") + 1] == "here"


def test_end_of_the_file_and_all_line_ends() -> None:
    assert render([at("a\r\nb\rc", 6, 6)]).splitlines()[1:] == [" --> a.plast:3:2", "  |", "3 | c", "  |  ^"]
    assert render([at("a\n", 2, 2)]).splitlines()[1:] == [" --> a.plast:2:1", "  |", "2 |", "  | ^"]


def test_sorted_and_told_once() -> None:
    first, second = at("ab", 0, 1), at("ab", 1, 2)
    other = Diagnostic("P998", "Other.", Span(Source("0.plast", "x"), 0, 1))
    shown = render([second, first, second, other, Diagnostic("P997", "Nowhere.")])
    assert re.findall(r"(?:Nowhere|Other|:1:\d)", shown) == ["Nowhere", "Other", ":1:1", ":1:1", ":1:2"]


def test_only_so_many_are_shown() -> None:
    shown = render([at("x" * 100, i, i + 1) for i in range(73)])
    assert shown.count("error[") == 50
    assert shown.endswith("... and 23 more\n")


def test_colours() -> None:
    found = [at("one two", 4, 7, label="this", notes=("n",), hint="h")]
    assert "\033[1;31m" in render(found, color=True)
    assert re.sub(r"\033\[[\d;]*m", "", render(found, color=True)) == render(found)


def test_json() -> None:
    (entry,) = json.loads(to_json([at("one\ntwo\n", 4, 7, label="l", notes=("n",), hint="h")]))
    assert entry == {
        "code": "P999",
        "severity": "error",
        "message": "Said.",
        "label": "l",
        "notes": ["n"],
        "hint": "h",
        "file": "a.plast",
        "line": 2,
        "column": 1,
        "end_line": 2,
        "end_column": 4,
    }
    (entry,) = json.loads(to_json([Diagnostic("P999", "Said.")]))
    assert entry["file"] is None
    assert entry["line"] is None


@given(st.text(max_size=60), st.data())
def test_any_span_of_any_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    shown = render([at(text, start, end)])
    assert "error[P999]: Said." in shown
    assert "^" in shown or not text
    json.loads(to_json([at(text, start, end)]))


def test_an_error_shows_its_diagnostics() -> None:
    assert "1 | one" in str(PlastError((at("one", 0, 1),)))


def test_the_renderer_needs_nothing_heavy() -> None:
    code = "import sys, plastlang.diagnostics; print(sorted({'rich', 'lark', 'sympy', 'numpy'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
