"""Programs on which the backends once differed (regressions/), and programs that lead into corners (corners/)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cross.script import Script
from tests.cross.versus import compare

HERE = Path(__file__).parent
FILES = [*sorted(HERE.glob("regressions/*.plast")), *sorted(HERE.glob("corners/*.plast"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_kept_programs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLASTLANG_CFLAGS", "-O1 -DPL_WORTHWHILE=0")  # threads share even the smallest network
    text = path.read_text("utf-8")
    plays = [Script.read(line) for line in text.splitlines() if line.startswith("# play ")]
    assert plays, "such a file begins with what its host does"
    for script in plays:
        steps = sum(action.number for action in script.actions if action.kind == "run")
        compare(text, script, every=1 + steps // 50)
