"""What is said about each mistake, word for word as it is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.check.cases import CASES, said

GOLDEN = Path(__file__).with_name("messages.txt")
#: Mistakes of which the remedy names something that stands in the program.
ROOT_CAUSES = [name for name in CASES if name not in ("several at once",)]


def _expected() -> dict[str, str]:
    parts = re.split(r"^=== (.*) ===\n", GOLDEN.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: text.strip("\n") for name, text in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.parametrize("name", CASES)
def test_message(name: str) -> None:
    assert said(CASES[name]).strip("\n") == _expected()[name]


@pytest.mark.parametrize("name", ROOT_CAUSES)
def test_one_mistake_gives_one_message(name: str) -> None:
    assert len(re.findall(r"^(error|warning)\[", said(CASES[name]), flags=re.MULTILINE)) == (
        0 if "nothing wrong" in name else 1
    )


def test_errors_of_a_file_come_together_in_order() -> None:
    codes = re.findall(r"^error\[(\w+)\]", said(CASES["several at once"]), flags=re.MULTILINE)
    assert codes == ["P403", "P202", "P201"]


def test_golden_file_has_nothing_else() -> None:
    assert list(_expected()) == list(CASES)
