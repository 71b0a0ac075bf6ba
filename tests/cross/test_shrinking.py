"""A property that fails takes a bounded time, and shows the smallest example that was found in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import shrinking
from tests.shrinking import Bound, bounded

SLOW = """
import time
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

@pytest.mark.parametrize("least", [1000, 10])
@given(numbers=st.lists(st.integers(0, 10**6), max_size=30))
@settings(deadline=None, database=None, derandomize=True, max_examples=40, suppress_health_check=list(HealthCheck))
def test_sum(numbers, least):
    time.sleep(0.05)
    assert sum(numbers) < least

@given(numbers=st.lists(st.integers(0, 10**6), max_size=30))
@settings(deadline=None, database=None, derandomize=True, max_examples=40)
def test_that_holds(numbers):
    assert sum(numbers) >= 0
"""
PLUGIN = """
import sys
sys.path.insert(0, {root!r})
from tests import shrinking
shrinking.LIMIT = 0.5
from tests.conftest import *
"""


def test_every_test_is_bounded_by_itself_and_shows_what_was_found(tmp_path: Path) -> None:
    (tmp_path / "test_slow.py").write_text(SLOW)
    (tmp_path / "conftest.py").write_text(PLUGIN.format(root=str(Path(shrinking.__file__).parents[1])))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "."]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "2 failed, 1 passed" in done.stdout, done.stdout[-2000:]
    shown = re.findall(r"^E +numbers=\[", done.stdout, re.MULTILINE)  # where CI is set, the summary tells it again
    assert len(shown) == 2 and "Flaky" not in done.stdout


def test_what_has_not_failed_is_not_tried_behind_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def small(x: int) -> None:
        tried.append(x)
        assert x < 5

    bound = Bound()
    test = bounded(small, bound)
    test(x=3)
    with pytest.raises(AssertionError):
        test(x=9)
    with pytest.raises(AssertionError):
        test(x=8)
    monkeypatch.setattr(shrinking, "LIMIT", -1.0)
    test(x=7)
    assert tried == [3, 9, 8]
    with pytest.raises(AssertionError):
        test(x=9)
    bound.reset()
    with pytest.raises(AssertionError):
        test(x=7)
