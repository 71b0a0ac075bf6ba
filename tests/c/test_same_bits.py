"""The C backend gives what the reference gives, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from plastlang.passes.schedule import schedule
from tests import ir_programs
from tests.c.pairing import load_both, same_records, same_state

PRECISIONS = ("single", "double")


@pytest.mark.parametrize("name", ir_programs.ALL)
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("waiting", [False, True])
def test_hand_built_programs(name: str, precision: str, waiting: bool) -> None:
    program = ir_programs.ALL[name]()
    if waiting:
        program = schedule(program)
    reference, compiled = load_both(program, precision)
    same_state(reference.save(), compiled.save())
    for steps in (1, 2, 40, 157):
        assert reference.run(steps) == steps
        assert compiled.run(steps) == steps
        same_records(reference, compiled)
        same_state(reference.save(), compiled.save())
    for projection in program.projections:
        for a, b in zip(reference.degrees(projection.name), compiled.degrees(projection.name), strict=True):
            assert np.array_equal(a, b)
        for variable in projection.variables:
            x, y = reference.get(projection.name, variable.name), compiled.get(projection.name, variable.name)
            assert x.shape == y.shape and x.tobytes() == y.tobytes(), variable.name
