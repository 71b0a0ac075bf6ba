"""e-prop computes the gradient of backpropagation through time with the recurrent spike path cut."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import plastlang as pl
from plastlang import train
from tests.train.networks import gradient_model
from tests.train.through_time import Gradients, Layer, gradients, softmax_error, squared_error

STEPS = 120


def dense(model: pl.Model, name: str, variable: str) -> NDArray[np.float64]:
    view = model[name]
    values = np.zeros(view.shape)
    values[view.pre, view.post] = view.get(variable)
    return values


def layer(model: pl.Model, beta: float) -> Layer:
    return Layer(*(dense(model, name, "w") for name in ("from_source", "recurrent", "forward", "back")), beta=beta)


def present(model: pl.Model, spikes: NDArray[np.float64]) -> None:
    steps, neurons = np.nonzero(spikes)
    model["source"].schedule(neurons, model.t + steps)
    model.signal("begin", len(spikes))
    model.step(len(spikes) + 1)


def same(model: pl.Model, wanted: Gradients, tolerance: float = 1e-10) -> None:
    for name, gradient in (("from_source", wanted.w_in), ("recurrent", wanted.w_rec), ("forward", wanted.w_out)):
        view = model[name]
        there = gradient[view.pre, view.post]
        assert np.abs(there).max() > 0.01, f"{name}: nothing to compare"
        assert np.abs(view.grad - there).max() <= tolerance * max(1, np.abs(there).max()), name


def inputs(seed: int) -> NDArray[np.float64]:
    return (np.random.default_rng(seed).random((STEPS, 7)) < 0.15).astype(float)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("beta", [0.0, 0.3])
def test_classes(seed: int, beta: float) -> None:
    rule = pl.rules.EPropALIF(beta=beta, tau_adapt="80 ms", tau_out="15 ms", c_reg=0)
    model = gradient_model(rule, beta, seed=seed)
    model["back"].w = dense(model, "forward", "w").T.ravel()
    model["out"].label = 2
    present(model, inputs(seed))
    wanted = gradients(layer(model, beta), inputs(seed), softmax_error(2))
    assert wanted.spikes.sum() > 25
    assert model["out"].loss == pytest.approx(wanted.loss, rel=1e-12)
    same(model, wanted)


def test_without_adaptation_the_shorter_rule_is_enough() -> None:
    short = gradient_model(pl.rules.EPropLIF(tau_out="15 ms", c_reg=0), 0.0)
    full = gradient_model(pl.rules.EPropALIF(beta=0, tau_adapt="80 ms", tau_out="15 ms", c_reg=0), 0.0)
    full["from_source"].w, full["recurrent"].w = short["from_source"].w, short["recurrent"].w
    full["forward"].w, full["back"].w = short["forward"].w, short["back"].w
    for model in (short, full):
        present(model, inputs(4))
    assert (short["from_source"].grad == full["from_source"].grad).all()
    same(short, gradients(layer(short, 0.0), inputs(4), softmax_error(0)))


def test_values_and_random_feedback() -> None:
    rule = pl.rules.EPropALIF(beta=0.3, tau_adapt="80 ms", tau_out="15 ms", c_reg=0)
    model = gradient_model(rule, 0.3, "ValueReadOut", "RandomFeedback")
    target = np.array([0.5, -0.2, 1.0])
    model["out"].target = target
    present(model, inputs(5))
    wanted = gradients(layer(model, 0.3), inputs(5), squared_error(target))
    assert not np.allclose(dense(model, "forward", "w"), dense(model, "back", "w").T)
    assert model["out"].loss == pytest.approx(wanted.loss, rel=1e-12)
    same(model, wanted)


def test_examples_add_up_and_do_not_see_one_another() -> None:
    rule = pl.rules.EPropALIF(beta=0.3, tau_adapt="80 ms", tau_out="15 ms", c_reg=0)
    model = gradient_model(rule, 0.3)
    net = layer(model, 0.3)
    wanted = {name: np.zeros(model[name].shape) for name in ("from_source", "recurrent", "forward")}
    for seed, label in ((1, 0), (2, 2), (1, 0)):
        model["out"].label = label
        present(model, inputs(seed))
        one = gradients(net, inputs(seed), softmax_error(label))
        for name, part in zip(wanted, (one.w_in, one.w_rec, one.w_out), strict=True):
            wanted[name] += part
    for name, gradient in wanted.items():
        view = model[name]
        np.testing.assert_allclose(
            view.grad, gradient[view.pre, view.post], rtol=0, atol=1e-10 * np.abs(gradient).max()
        )


def test_feedback_makes_the_same_gradient_as_the_forward_synapses() -> None:
    rule = pl.rules.EPropALIF(beta=0.3, tau_adapt="80 ms", tau_out="15 ms", c_reg=0)
    model = gradient_model(rule, 0.3)
    present(model, inputs(6))
    assert (dense(model, "forward", "grad") == dense(model, "back", "grad").T).all()
    assert np.abs(model["back"].grad).max() > 0.01


def test_rates_are_pulled_towards_the_target() -> None:
    """With no error fed back, what is left is c_reg (activity - target) e, summed here from recorded states."""
    rule = pl.rules.EPropLIF(tau_out="15 ms", c_reg="0.5 ms", f_target="10 Hz")
    model = gradient_model(rule, 0.0, feedback="RandomFeedback")
    model["back"].w = 0
    steps, neurons = np.nonzero(inputs(7))
    model["source"].schedule(neurons, steps)
    model.signal("begin", STEPS)
    view = model["from_source"]
    wanted, z = np.zeros(len(view)), np.zeros(7)
    for n in range(STEPS + 1):
        model.step()
        wanted += 0.5 * (model["hidden"].activity[view.post] - 0.01) * model["hidden"].slope[view.post] * z[view.pre]
        z = np.exp(-1 / 20) * (z + (inputs(7)[n - 1] if n > 0 else 0))
    assert np.abs(wanted).max() > 1e-3
    np.testing.assert_allclose(view.grad, wanted, rtol=1e-10, atol=1e-14)


def test_reference_and_c_agree() -> None:
    rule = pl.rules.EPropALIF(beta=0.3, tau_adapt="80 ms", tau_out="15 ms")
    models = [gradient_model(rule, 0.3, backend=backend) for backend in ("reference", "c")]
    for model in models:
        present(model, inputs(8))
    for name in ("from_source", "recurrent", "forward", "back"):
        assert (models[0][name].grad == models[1][name].grad).all()


def test_errors_of_the_last_part_of_an_example_alone() -> None:
    """`recall`: nothing is to be said before, and what was before is learnt all the same."""
    rule = pl.rules.EPropALIF(beta=0.3, tau_adapt="80 ms", tau_out="15 ms", c_reg=0)
    model = gradient_model(rule, 0.3, recall="25 ms")
    model["back"].w = dense(model, "forward", "w").T.ravel()
    model["out"].label = 1
    present(model, inputs(6))
    steps, late = iter(range(STEPS)), softmax_error(1)

    def error(y: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        return late(y) if next(steps) >= STEPS - 25 else (0.0, np.zeros(3))

    wanted = gradients(layer(model, 0.3), inputs(6), error)
    assert model["out"].loss == pytest.approx(wanted.loss, rel=1e-12)
    assert model["out"].vote.sum() == pytest.approx(25)
    same(model, wanted)


def test_patterns() -> None:
    """The target of each step is a sum of sinusoids, of which every read-out has its own."""
    _, of = train.pattern_generation(3, seed=1)
    rule = pl.rules.EPropALIF(beta=0.3, tau_adapt="80 ms", tau_out="15 ms", c_reg=0)
    model = gradient_model(rule, 0.3, "PatternReadOut", **of)
    model["back"].w = dense(model, "forward", "w").T.ravel()
    model["out"].target = [1.0, 0.5, -1.0]
    present(model, inputs(7))
    steps = iter(range(STEPS))

    def error(y: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        seconds = next(steps) / 1000
        radians = [2 * np.pi * f * seconds + of[f"phase_{k}"] for k, f in enumerate((1, 2, 3, 5), 1)]
        signal = sum(of[f"a_{k}"] * np.sin(angle) for k, angle in enumerate(radians, 1))
        return squared_error(np.array([1.0, 0.5, -1.0]) * signal)(y)

    wanted = gradients(layer(model, 0.3), inputs(7), error)
    assert model["out"].loss == pytest.approx(wanted.loss, rel=1e-9)
    same(model, wanted)
