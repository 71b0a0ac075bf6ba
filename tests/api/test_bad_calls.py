"""Every wrong call is one clear sentence, and the model is afterwards as it was before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import plastlang as pl
from plastlang.runtime.model import Model
from tests.api.networks import counting, learning

CALLS: list[tuple[Callable[[Model], Any], str]] = [
    (lambda m: m["cuonters"], "the population or projection 'cuonters' does not exist; did you mean 'counters'?"),
    (lambda m: m[3], "3 is no population or projection, nor the name of one"),
    (lambda m: m["counters"].gian, "the variable or parameter of counters 'gian' does not exist; did you mean 'gain'?"),
    (lambda m: m.set_parameter("counters", "baias", 1), "did you mean 'bias'?"),
    (
        lambda m: m.set_parameter("counters", "bias", "3 ms"),
        "'3 ms' is a time (ms), but bias of counters takes a voltage (mV)",
    ),
    (lambda m: m.set_parameter("counters", "bias", "3 mVV"), "unknown unit `mVV`"),
    (lambda m: m.set_parameter("counters", "bias", [1, 2]), "bias of counters takes one number, not an array"),
    (lambda m: m.set_parameter("counters", "bias", float("nan")), "the new bias of counters is NaN"),
    (lambda m: m.set_parameter("counters", "n", 3), "n of counters is a variable; write model['counters'].n = ..."),
    (lambda m: setattr(m["counters"], "n", [1, 2, 3]), "n of counters takes one number or an array of shape (2,)"),
    (lambda m: setattr(m["wires"], "w", [1, np.nan, 1, 1, 1, 1]), "the new w[1] of wires is NaN"),
    (lambda m: setattr(m["wires"], "w", "heavy"), "w of wires: 'heavy' is not a number with a unit"),
    (lambda m: setattr(m["wires"], "w", object()), "is not a number or an array of numbers"),
    (lambda m: setattr(m["wires"], "pre", [1]), "pre of wires cannot be assigned"),
    (lambda m: m["wires"].set_synapses([0], [2]), "post[0] is 2, but there are 2 neurons (0 to 1)"),
    (lambda m: m["wires"].set_synapses([0, -1], [0, 0]), "pre holds -1, which is no index"),
    (lambda m: m["wires"].set_synapses([0, 1], [0]), "pre and post must be of one length, not 2 and 1"),
    (lambda m: m["wires"].set_synapses([0.5], [0]), "pre must hold whole numbers, not float64"),
    (lambda m: m["wires"].set_synapses([0], [0], w=[np.nan]), "w takes one number, or 1 numbers, and no NaN"),
    (lambda m: m["wires"].set_synapses([0], [0], ww=1), "did you mean 'w'?"),
    (lambda m: m["clocks"].schedule([3], [0.1]), "neurons[0] is 3, but there are 3 neurons (0 to 2)"),
    (lambda m: m["clocks"].schedule([0, 1], [0.1]), "neurons and times must be of one length, not 2 and 1"),
    (lambda m: m["clocks"].schedule([0], [np.inf]), "spike times must be finite"),
    (lambda m: m["clocks"].schedule([0], ([1], "mV")), "'mV' is a voltage (mV), but `times` takes a time (ms)"),
    (lambda m: m.run("-1 s"), "the duration must be finite and not negative, not '-1 s'"),
    (lambda m: m.run(float("nan")), "the duration must be finite and not negative"),
    (lambda m: m.run("3 mV"), "'3 mV' is a voltage (mV), but the duration takes a time (ms)"),
    (lambda m: m.run([1, 2]), "the duration must be one time, not an array"),
    (lambda m: m.step(-1), "the number of steps must be a whole number at least 0, not -1"),
    (lambda m: m.step(1.5), "the number of steps must be a whole number at least 0, not 1.5"),
    (lambda m: m.signal("rewrad", 1, 2), "the signal 'rewrad' does not exist; did you mean 'reward'?"),
    (lambda m: m.signal("reward", 1), "reward needs a value for scale"),
    (lambda m: m.signal("reward", 1, 2, 3), "reward(amount, scale) takes 2 values, not 3"),
    (lambda m: m.signal("reward", 1, amount=2), "amount of reward is given twice"),
    (lambda m: m.signal("reward", 1, scael=2), "did you mean 'scale'?"),
    (lambda m: m.signal("reward", np.nan, 1), "amount of reward must be one finite number"),
    (lambda m: m.set_threads(0), "the number of threads must be a whole number from 1 to 1024, not 0"),
    (lambda m: m.recordings["counters.v"], "the recording 'counters.v' does not exist; did you mean 'counters.n'?"),
    (lambda m: m["counters"].spikes, 'of counters are not recorded; say net.record(counters, "spikes"), or `record'),
    (lambda m: setattr(m["counters"], "n", np.full(99, "3 mV")), " is not a number or an array of numbers"),
    (lambda m: m.reset(-1), "a seed must be a whole number from 0"),
    (lambda m: m.load("nowhere.npz"), "there is no checkpoint nowhere.npz"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_the_message_is_clear_and_nothing_has_changed(number: int) -> None:
    call, message = CALLS[number]
    model, _ = counting()
    before = {name: value.copy() for name, value in model.executable.save().items()}
    with pytest.raises(pl.PlastError) as caught:
        call(model)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    after = model.executable.save()
    assert set(after) == set(before)
    for name, value in before.items():
        assert np.array_equal(value, after[name]), name


def test_an_unknown_name_is_an_attribute_error_too() -> None:
    model, _ = counting()
    assert not hasattr(model["counters"], "nothing")
    assert getattr(model["counters"], "nothing", None) is None


def test_a_spike_of_the_past_is_refused() -> None:
    model, _ = counting()
    model.step(5)
    with pytest.raises(pl.PlastError, match=r"a spike at 0.2 ms lies before the present, 0.5 ms"):
        model["clocks"].schedule([0], [0.2])
    model["clocks"].schedule([0], [0.5])


def test_only_scheduled_neurons_are_scheduled() -> None:
    with pytest.raises(pl.PlastError, match="outputs fires by itself"):
        learning()["outputs"].schedule([0], [0])


def test_a_closed_model_says_so() -> None:
    model, _ = counting()
    view = model["counters"]
    model.close()
    for call in (
        lambda: model.run(1), lambda: model.step(), lambda: model.t, lambda: view.n, lambda: model.signal("drop", 1),
        lambda: setattr(view, "n", 1), lambda: model.save("x"), lambda: model.load("x"), lambda: model.reset(),
    ):  # fmt: skip
        with pytest.raises(pl.PlastError, match="the model is closed; compile or open it again"):
            call()


def test_a_duration_that_is_rounded_is_said() -> None:
    model, _ = counting()
    with pytest.warns(UserWarning, match=r"0.26 ms is not a multiple of dt = 0.1 ms; it is rounded to 3 steps"):
        model.run("0.26 ms")
    assert model.t == pytest.approx(0.3)


def test_backends_that_are_not_there() -> None:
    with pytest.raises(pl.PlastError, match="the backend 'fortran' does not exist; there is c, cuda, reference"):
        counting("fortran")
    with pytest.raises(pl.PlastError, match="the precision 'half' does not exist"):
        counting(precision="half")
    with pytest.raises(pl.PlastError, match="the mode 'quick' does not exist"):
        counting(mode="quick")
    with pytest.raises(pl.PlastError, match="the mode 'fast' is for the backend 'cuda'; 'reference' always"):
        counting(mode="fast")
    with pytest.raises(pl.PlastError, match="the number of threads must be a whole number"):
        counting(threads=0)
