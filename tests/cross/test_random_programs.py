"""Random programs, networks and spike trains: the reference and C agree to the last bit.

What fails is shrunk and printed. To keep it, save the printed text, whose first line is the script, as
tests/cross/regressions/NAME.plast.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.cross.script import Script, scripts
from tests.cross.versus import compare
from tests.programs.strategies import programs

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
#: Compiling takes most of the time, and the numbers do not depend on the optimiser. Threads share even small networks.
QUICK = "-O0 -DPL_WORTHWHILE=0"
#: The same programs in every run; `--fuzz N` tries N times as many.
FEW = settings(deadline=None, suppress_health_check=SLOW, derandomize=True, database=None)


@pytest.fixture(autouse=True)
def _flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLASTLANG_CFLAGS", QUICK)


@given(programs(most_neurons=8), scripts())
@settings(FEW, max_examples=40)
def test_small_networks(text: str, script: Script) -> None:
    compare(text, script)


@given(programs(most_neurons=40), scripts())
@settings(FEW, max_examples=25)
def test_networks(text: str, script: Script) -> None:
    compare(text, script)


@given(programs(most_neurons=300), scripts(longest=6))
@settings(FEW, max_examples=10)
def test_networks_of_many_blocks(text: str, script: Script) -> None:
    compare(text, script)


@given(programs(most_neurons=6), scripts(longest=90))
@settings(FEW, max_examples=10)
def test_long_runs(text: str, script: Script) -> None:
    compare(text, script)
