"""Random programs with shared and own variables in batches of 1 to 3: the reference and C agree to the last bit."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plastlang.ir.text import to_text
from tests.batch.players import compare_batch
from tests.batch.sharing_programs import with_shared
from tests.cross.script import Script, scripts
from tests.programs.running import built
from tests.programs.strategies import programs

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
FEW = settings(deadline=None, suppress_health_check=SLOW, derandomize=True, database=None)


@pytest.fixture(autouse=True)
def _flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLASTLANG_CFLAGS", "-O0 -DPL_WORTHWHILE=0")


@given(programs(most_neurons=8), scripts(), st.integers(1, 3), st.integers(0, 1000))
@settings(FEW, max_examples=15)
def test_random_batches(text: str, script: Script, batch: int, marks: int) -> None:
    network = with_shared(built(text), marks, 0.6)
    compare_batch(network, script, batch, f"{text}\n{to_text(network.scheduled)}")
