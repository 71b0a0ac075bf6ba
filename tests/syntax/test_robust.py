"""Whatever the text, the parser answers with a tree or with diagnostics, and in time."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plastlang.diagnostics import PlastError, Source, render, to_json
from plastlang.frontend import ast
from plastlang.frontend.parse import parse
from plastlang.frontend.sources import decode

ROOT = Path(__file__).parents[2]
RULES = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "rules").glob("*.plast"))}
EXAMPLES = {
    f"language.md {number}": text
    for number, text in enumerate(re.findall(r"```\n(.*?)```", (ROOT / "docs" / "language.md").read_text(), re.DOTALL))
}
TEXTS = RULES | EXAMPLES


def answered(text: str) -> ast.Module | tuple[str, ...]:
    """The tree, or the codes of what is wrong; the rendered text must show each of them."""
    try:
        return parse(Source("<text>", text))
    except PlastError as error:
        assert error.diagnostics
        codes = tuple(diagnostic.code for diagnostic in error.diagnostics)
        assert all(re.fullmatch(r"P1\d\d", code) for code in codes)
        assert "error[" in render(error.diagnostics)
        assert to_json(error.diagnostics)
        return codes


@pytest.mark.parametrize("name", TEXTS)
def test_texts_parse(name: str) -> None:
    assert isinstance(answered(TEXTS[name]), ast.Module)


@pytest.mark.parametrize("name", TEXTS)
def test_every_truncation_has_one_root_cause_at_most(name: str) -> None:
    text = TEXTS[name]
    for end in range(0, len(text), 1 if name in RULES else 3):
        found = answered(text[:end])
        assert isinstance(found, ast.Module) or len(found) == 1, text[:end][-80:]


@pytest.mark.parametrize("name", RULES)
def test_every_line_left_out(name: str) -> None:
    lines = RULES[name].splitlines(keepends=True)
    for number in range(len(lines)):
        answered("".join(lines[:number] + lines[number + 1 :]))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_mutations(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(sorted(TEXTS.values())))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        other = data.draw(
            st.one_of(
                st.text(max_size=4),
                st.sampled_from(
                    [
                        "(",
                        ")",
                        "[",
                        "]",
                        ":",
                        "\n",
                        "    ",
                        "\n  ",
                        "\t",
                        '"""',
                        '"',
                        "'",
                        "if",
                        "else",
                        "on ",
                        "=",
                        "==",
                        "'",
                        "@",
                        ".",
                        ",",
                        "-",
                        "**",
                        "%",
                        "#",
                        "1 ms",
                    ]
                ),
            )
        )
        text = text[:start] + other + text[end:]
    answered(text)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes(data: bytes) -> None:
    try:
        source = decode("random", data)
    except PlastError as error:
        assert render(error.diagnostics)
        return
    answered(source.text)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(sorted({*re.findall(r"\w+|\S|\n +|\n", "".join(TEXTS.values())), "\n", "    "})), max_size=60
    )
)
def test_random_words(words: list[str]) -> None:
    answered(" ".join(words))


MILLION = 1_000_000
LONG = {
    "sum": "const a = " + "a + " * (MILLION // 4) + "a\n",
    "name": "const " + "a" * MILLION + " = 1\n",
    "opening": "const a = " + "(" * MILLION,
    "closing": "const a = " + ")" * (MILLION // 5),
    "signs": "const a = " + "-" * (MILLION // 5) + "1\n",
    "blank": "\n" * MILLION,
    "spaces": " " * MILLION,
    "comments": "# x\n" * (MILLION // 4),
    "doc": '"""' + "x\n" * (MILLION // 2),
    "quotes": '"' * MILLION,
    "backslashes": '"""' + '\\"' * (MILLION // 2),
    "stray": "?" * MILLION,
    "bad_lines": "?\n" * (MILLION // 10),
    "open_lines": "(\n" * (MILLION // 10),
    "deeper_and_deeper": "".join(" " * depth + "if a:\n" for depth in range(1400)),
    "constants": "const a = 1\n" * (MILLION // 12),
    "arguments": "const a = f(" + "1, " * (MILLION // 20) + "1)\n",
    "parameters": "rule A:\n    param " + ", ".join(["a = 1"] * (MILLION // 40)) + "\n",
    "numbers": "const a = " + "1" * MILLION + "\n",
    "carriage_returns": "\r" * MILLION,
}


@pytest.mark.parametrize("name", LONG)
def test_up_to_a_million_characters(name: str) -> None:
    start = time.process_time()
    found = answered(LONG[name])
    assert time.process_time() - start < 60  # about 5 s on a quiet core; what grows as the square takes hours
    if name in ("name", "constants", "arguments", "parameters", "numbers"):
        assert isinstance(found, ast.Module)
    else:
        assert found == ("P105",) or len(found) >= 1


def test_the_number_of_diagnostics_is_bounded() -> None:
    with pytest.raises(PlastError) as caught:
        parse(Source("<text>", "?\n" * 5000))
    assert len(caught.value.diagnostics) == 1000
    assert render(caught.value.diagnostics).endswith("... and 950 more\n")
