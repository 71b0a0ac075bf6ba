"""Programs on which the backends once differed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cross.script import Script
from tests.cross.versus import compare

PLACE = Path(__file__).with_name("regressions")


@pytest.mark.parametrize("path", sorted(PLACE.glob("*.plast")), ids=lambda path: path.stem)
def test_regression(path: Path) -> None:
    text = path.read_text("utf-8")
    plays = [Script.read(line) for line in text.splitlines() if line.startswith("# play ")]
    assert plays, "a regression begins with what its host does"
    for script in plays:
        compare(text, script)
