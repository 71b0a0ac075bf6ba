"""Every generated program is a program: it parses, checks, lowers, and its text reads back."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from plastlang.ir.text import from_text, to_text
from tests.programs.running import built
from tests.programs.strategies import programs


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(programs())
def test_generated_programs_are_well_typed(text: str) -> None:
    program = built(text)  # raises where a stage finds anything wrong
    for version in (program.lowered.program, program.program, program.scheduled):
        assert from_text(to_text(version)) == version
