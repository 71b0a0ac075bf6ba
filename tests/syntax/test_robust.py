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


@pytest.fixture
def thorough(pytestconfig: pytest.Config) -> bool:
    """Whether every case is tried and not a sample: `--fuzz`."""
    return bool(pytestconfig.getoption("--fuzz") > 1)


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
def test_every_truncation_has_one_root_cause_at_most(name: str, thorough: bool) -> None:
    text = TEXTS[name]
    for end in range(0, len(text), 1 if thorough else 13):
        found = answered(text[:end])
        assert isinstance(found, ast.Module) or len(found) == 1, text[:end][-80:]


@pytest.mark.parametrize("name", RULES)
def test_every_line_left_out(name: str, thorough: bool) -> None:
    lines = RULES[name].splitlines(keepends=True)
    for number in range(0, len(lines), 1 if thorough else 3):
        answered("".join(lines[:number] + lines[number + 1 :]))


@settings(max_examples=50, deadline=None)
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


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes(data: bytes) -> None:
    try:
        source = decode("random", data)
    except PlastError as error:
        assert render(error.diagnostics)
        return
    answered(source.text)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(sorted({*re.findall(r"\w+|\S|\n +|\n", "".join(TEXTS.values())), "\n", "    "})), max_size=60
    )
)
def test_random_words(words: list[str]) -> None:
    answered(" ".join(words))


MILLION = 1_000_000


def long_texts(size: int) -> dict[str, str]:
    """Texts of about so many characters."""
    return {
        "sum": "const a = " + "a + " * (size // 4) + "a\n",
        "name": "const " + "a" * size + " = 1\n",
        "opening": "const a = " + "(" * size,
        "closing": "const a = " + ")" * (size // 5),
        "signs": "const a = " + "-" * (size // 5) + "1\n",
        "blank": "\n" * size,
        "spaces": " " * size,
        "comments": "# x\n" * (size // 4),
        "doc": '"""' + "x\n" * (size // 2),
        "quotes": '"' * size,
        "backslashes": '"""' + '\\"' * (size // 2),
        "stray": "?" * size,
        "bad_lines": "?\n" * (size // 10),
        "open_lines": "(\n" * (size // 10),
        "deeper_and_deeper": "".join(" " * depth + "if a:\n" for depth in range(int(size**0.5))),
        "constants": "const a = 1\n" * (size // 12),
        "arguments": "const a = f(" + "1, " * (size // 20) + "1)\n",
        "parameters": "rule A:\n    param " + ", ".join(["a = 1"] * (size // 40)) + "\n",
        "numbers": "const a = " + "1" * size + "\n",
        "carriage_returns": "\r" * size,
    }


@pytest.mark.parametrize("name", long_texts(10))
def test_up_to_a_million_characters(name: str, thorough: bool) -> None:
    size = MILLION if thorough else MILLION // 12
    text = long_texts(size)[name]
    start = time.process_time()
    found = answered(text)
    assert time.process_time() - start < 60 * size / MILLION + 1  # a few seconds for a million on a quiet core
    if name in ("name", "constants", "arguments", "parameters", "numbers"):
        assert isinstance(found, ast.Module)
    else:
        assert found == ("P105",) or len(found) >= 1


def test_the_number_of_diagnostics_is_bounded() -> None:
    with pytest.raises(PlastError) as caught:
        parse(Source("<text>", "?\n" * 5000))
    assert len(caught.value.diagnostics) == 1000
    assert render(caught.value.diagnostics).endswith("... and 950 more\n")
