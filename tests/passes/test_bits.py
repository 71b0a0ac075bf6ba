"""Scheduling passes change no bit: the reference gives the same with them and without."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plastlang.backends.interface import Options
from plastlang.backends.reference import backend
from tests.programs.running import built, differences, play
from tests.programs.strategies import programs


@pytest.mark.parametrize("precision", ["single", "double"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(text=programs(most_neurons=12), seed=st.integers(0, 2**32))
def test_scheduled_programs_run_the_same(precision: str, text: str, seed: int) -> None:
    program = built(text)
    states = [
        play(backend.load(version, Options(precision)), seed, (15, 10))
        for version in (program.program, program.scheduled)
    ]
    assert differences(*states) == []
