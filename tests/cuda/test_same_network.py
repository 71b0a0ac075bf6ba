"""Maps: the reference and emulated CUDA agree to the last bit. Random programs do in many_programs.py."""

from __future__ import annotations

import pytest

from plastlang import driver
from plastlang.frontend.sources import read_source
from tests.cross.script import Action, Script
from tests.cross.test_library import RULES
from tests.cuda.playing import Machine, compare_built


@pytest.mark.parametrize(("name", "precision", "checked", "steps"), [
    ("TopographicMap", "single", True, 12),
    ("TopographicMap", "double", False, 150),
    ("TopographicMapSlots", "single", False, 150),
    ("TopographicMapSlotsFlat", "double", True, 12),
])  # fmt: skip
def test_maps(name: str, precision: str, checked: bool, steps: int) -> None:
    path = next(path for path in RULES.glob("topographic_map*.plast") if f"network {name}:" in path.read_text("utf-8"))
    network = driver.build(driver.elaborate(driver.check(read_source(path)), name))
    script = Script(
        2026, precision, 1, (Action("run", steps // 2), Action("move", 1), Action("run", steps - steps // 2))
    )
    compare_built(network, script, Machine(checked=checked, preempt=300, block=128), steps // 3, f"{path.name}, {name}")
