"""Maps; random programs, networks, spike trains and devices: the reference, C and emulated CUDA agree to the last bit.

`make fuzz-cuda` tries 20 000. What fails is shrunk and printed. To keep it, save the printed text, whose first line is
the script, as tests/cross/regressions/NAME.plast: all backends play it.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import Phase, given, seed, settings

from plastlang import driver
from plastlang.frontend.sources import read_source
from tests.cross.script import Action, Script, scripts
from tests.cross.test_library import RULES
from tests.cross.test_random_programs import QUICK
from tests.cross.versus import Disagreement, Player, _same
from tests.cuda.emulator import Violation
from tests.cuda.playing import DevicePlayer, Machine, compare_built, machines
from tests.cuda.test_same_bits import FEW
from tests.programs.running import built
from tests.programs.strategies import programs

#: So many parts of so many programs each; PLASTLANG_FUZZ numbers the first, so that other programs can be tried.
PARTS, EACH = 200, 100
FIRST = int(os.environ.get("PLASTLANG_FUZZ", "0"))


def agree(text: str, script: Script, machine: Machine) -> None:
    """Play a program on all three, and look after every step.

    Raises Disagreement with the program and the first difference, or with the rule that a kernel broke.
    """
    machine = replace(machine, keep=False)  # nobody asks for the same program again
    network = built(text)
    reference = Player(network, "reference", script, 1, 1).play()
    _same(text, script, reference, Player(network, "c", script, 1, 1).play(), "C")
    try:
        emulated = DevicePlayer(network, "cuda", script, 1, 1, machine).play()
    except Violation as violation:
        raise Disagreement(f"{violation}\n\n# on {machine}\n{script}\n{text}") from None
    _same(text, script, reference, emulated, f"CUDA on {machine}")


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


@pytest.mark.long
@pytest.mark.parametrize("part", range(FIRST, FIRST + PARTS))
def test_many_programs(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLASTLANG_CFLAGS", QUICK)
    most, longest = ((8, 12), (8, 12), (40, 6), (200, 3))[part % 4]

    @given(programs(most), scripts(longest), machines())
    @settings(FEW, derandomize=False, max_examples=EACH, phases=[Phase.generate, Phase.shrink])
    @seed(part)
    def play(text: str, script: Script, machine: Machine) -> None:
        agree(text, script, machine)

    play()
