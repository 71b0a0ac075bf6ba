"""A probability or a rank that is NaN ends a run after its step on the emulator as on the reference."""

from __future__ import annotations

import pytest

from plastlang import driver
from plastlang.backends.interface import NanFault, Options
from tests.cross.looking import difference
from tests.cross.nan_decisions import CONNECTED, TEXTS, seen
from tests.cross.versus import begin
from tests.cuda.playing import Machine
from tests.programs.running import built


@pytest.mark.parametrize(("name", "batch"), [(name, 1 + number % 2) for number, name in enumerate(TEXTS)])
def test_steps_are_done_and_the_first_pair_is_told(name: str, batch: int) -> None:
    network, options = built(TEXTS[name]), Options(batch=batch)
    expected, views = seen(driver.load(network, "reference", options))
    assert expected, "nothing was NaN"
    said, found = seen(Machine(seed=batch).load(network.scheduled, options))
    assert said == expected
    assert not any(difference(a, b) for a, b in zip(views, found, strict=True))


def test_a_long_run_stops_after_the_step() -> None:
    executable = Machine().load(built(TEXTS["pairs"]).scheduled, Options())
    begin(executable, 5)
    for step in (4, 6):
        with pytest.raises(NanFault, match=f"NaN in step {step}, "):
            executable.run(20)
        assert executable.step == step + 1
    executable.run(2)
    assert executable.step == 9


def test_nothing_is_connected_with_it() -> None:
    executable = Machine().load(built(CONNECTED).scheduled, Options())
    executable.reset(1)
    with pytest.raises(NanFault, match="in step 0, for pre neuron 3 and post neuron 5"):
        executable.connect("p")
    assert executable.synapses("p")[0].size == 0
    executable.run(1)
