"""A probability or a rank that is NaN ends a run after its step, alike on the reference and on C."""

from __future__ import annotations

import pytest

from plastlang import driver
from plastlang.backends.interface import NanFault, Options
from tests.cross.looking import difference
from tests.cross.nan_decisions import CONNECTED, TEXTS, seen
from tests.cross.versus import begin
from tests.programs.running import built


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("batch", [1, 2])
def test_steps_are_done_and_the_first_pair_is_told(name: str, batch: int) -> None:
    network = built(TEXTS[name])
    expected, views = seen(driver.load(network, "reference", Options(batch=batch)))
    assert expected, "nothing was NaN"
    for precision, threads in (("single", 1), ("single", 3)):
        said, found = seen(driver.load(network, "c", Options(precision, threads, batch=batch)))
        assert said == expected
        assert not any(difference(a, b) for a, b in zip(views, found, strict=True))


@pytest.mark.parametrize("backend", ["reference", "c"])
@pytest.mark.parametrize("batch", [1, 2])
def test_a_long_run_stops_after_the_step(backend: str, batch: int) -> None:
    executable = driver.load(built(TEXTS["pairs"]), backend, Options(batch=batch))
    begin(executable, 5)
    for step in (4, 6):
        with pytest.raises(NanFault, match=rf"a probability of projection p is NaN in step {step}, for pre neuron "):
            executable.run(100)
        assert executable.step == step + 1
    executable.run(20)
    assert executable.step == 27


@pytest.mark.parametrize("backend", ["reference", "c"])
@pytest.mark.parametrize("batch", [1, 2])
def test_nothing_is_connected_with_it(backend: str, batch: int) -> None:
    executable = driver.load(built(CONNECTED), backend, Options(batch=batch))
    executable.reset(1)
    for _ in range(2):
        with pytest.raises(NanFault) as caught:
            executable.connect("p")
        said = "the probability of a connection of projection p is NaN in step 0, for pre neuron 3 and post neuron 5"
        assert str(caught.value) == said
        assert executable.synapses("p")[0].size == 0
    executable.run(3)
