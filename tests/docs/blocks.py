"""Code blocks of Markdown files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^(?:<!-- test: (\w+) -->\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """`kind`: what the comment above says the test is to be, or ''; `language` stands behind the fence."""

    kind: str
    language: str
    text: str
    line: int


def blocks(name: str) -> list[CodeBlock]:
    """All fenced blocks of a file of the project."""
    page = (ROOT / name).read_text(encoding="utf-8")
    return [
        CodeBlock(match[1] or "", match[2], match[3], page.count("\n", 0, match.start(3)) + 1)
        for match in _FENCE.finditer(page)
    ]
