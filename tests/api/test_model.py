"""Running, looking at and changing a model."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path

import numpy as np
import pytest

import plastlang as pl
from tests.api.networks import counting, learning


def test_scheduled_spikes_arrive_a_step_later_and_are_recorded() -> None:
    model, _ = counting()
    model["clocks"].schedule([0, 2, 2], [0.0, 0.1, 0.1])
    model.run("0.2 ms")
    assert model["counters"].n.tolist() == [1, 1]
    model.run(0.1)
    assert model["counters"].n.tolist() == [2, 2]
    assert model.t == pytest.approx(0.3)
    spikes = model["clocks"].spikes
    assert spikes.times.tolist() == pytest.approx([0.0, 0.1]) and spikes.neurons.tolist() == [0, 2]
    states = model.recordings["counters.n"]
    assert isinstance(states, pl.States)
    assert states.times.tolist() == pytest.approx([0.2]) and states.values.tolist() == [[1, 1]]


def test_what_the_host_looks_at_is_taken_at_its_times_and_at_the_start() -> None:
    model, _ = counting()
    model.step(4)
    model.step(2)
    degrees = model.recordings["wires.degree"]
    assert isinstance(degrees, pl.Degrees)
    assert degrees.times.tolist() == pytest.approx([0.0, 0.3, 0.6])
    assert degrees.in_degree.tolist() == [[3, 3]] * 3 and degrees.out_degree.tolist() == [[2, 2, 2]] * 3
    snapshots = model.recordings["wires.connectivity"]
    assert isinstance(snapshots, pl.Connectivity)
    assert snapshots.times.tolist() == pytest.approx([0.0, 0.5])
    assert snapshots[1].pre.tolist() == [0, 0, 1, 1, 2, 2] and snapshots[1].values["w"].tolist() == [1] * 6


def test_pieces_of_a_run_make_no_difference() -> None:
    whole, parts = learning(), learning()
    whole.run("30 ms")
    for duration in ("0.1 ms", "9.9 ms", 15, "5 ms"):
        parts.run(duration)
    assert np.array_equal(whole["ff"].w, parts["ff"].w)
    assert np.array_equal(whole["outputs"].spikes.times, parts["outputs"].spikes.times)
    assert np.array_equal(whole["outputs"].v, parts["outputs"].v)


def test_state_is_live_where_it_can_be_and_read_only_where_not() -> None:
    model, _ = counting()
    model["counters"].n[1] = 7
    assert model["counters"].n.tolist() == [0, 7]
    weights = model["wires"].w
    with pytest.raises(pl.PlastError) as caught:
        weights[0] = 3
    assert str(caught.value) == (
        "what was read of a model is a read-only copy; change a copy of your own and assign that: "
        "w = view.w.copy(), w[0] = 1, view.w = w"
    )
    with pytest.raises(ValueError, match="read-only"):
        weights[1:][0] = 3
    model["wires"].w = np.arange(6)
    assert model["wires"].w.tolist() == [0, 1, 2, 3, 4, 5]
    model["wires"].w = 99  # beyond its bounds
    assert model["wires"].w.tolist() == [10] * 6


def test_state_is_changed_in_place() -> None:
    model, _ = counting()
    model["wires"].w = np.arange(6)
    model["wires"].w += 1
    model["wires"].w *= np.array([1, 1, 1, 1, 1, 0.5])
    model["wires"].w **= 2
    assert model["wires"].w.tolist() == [1, 4, 9, 10, 10, 9]
    model["counters"].n += 3
    assert model["counters"].n.tolist() == [3, 3]


def test_what_is_computed_of_state_is_a_plain_array() -> None:
    model, _ = counting()
    model["wires"].w = np.arange(6)
    weights = model["wires"].w
    for result in (weights + 1, -weights, weights.copy(), np.sqrt(weights), np.concatenate([weights, weights])):
        assert type(result) is np.ndarray and result.flags.writeable
    assert repr(weights) == repr(np.asarray(weights)) and weights.sum() == 15
    for number in (weights.max(), weights.mean(), np.median(weights), weights @ weights):
        assert type(number) is type(weights[0])
    own = weights.copy()
    own[0] = 5
    own += 1
    assert own.tolist() == [6, 2, 3, 4, 5, 6] and weights.tolist() == [0, 1, 2, 3, 4, 5]
    changed = pickle.loads(pickle.dumps(weights))
    assert np.array_equal(changed, weights)


def test_units_in_and_out() -> None:
    model, _ = counting()
    model["counters"].v = "0.5 V"
    assert model["counters"].get("v").tolist() == [500, 500]
    assert model["counters"].get("v", "V").tolist() == [0.5, 0.5]
    assert model["counters"].unit("v") == "mV" and model["counters"].unit("n") == ""
    model["counters"].set("v", [1, 2], "V")
    assert model["counters"].v.tolist() == [1000, 2000]
    model.set_parameter("counters", "bias", "1 mV")
    assert model["counters"].bias == 1.0
    model["counters"].bias = 2
    model.step()
    assert model["counters"].v.tolist() == [1002, 2002]


def test_signals_reach_everyone_who_listens() -> None:
    model, _ = counting()
    model.signal("reward", 0.5, scale=2)
    model.signal("reward", amount=3, scale=1)
    assert model["counters"].total == 4
    model["wires"].w = [1, 2, 3, 4, 5, 6]
    model.signal("drop", 3.5)
    assert model["wires"].w.tolist() == [4, 5, 6]
    assert model["wires"].eliminations == 3 and model["wires"].formations == 0
    assert model["wires"].pre.tolist() == [1, 2, 2] and model["wires"].in_degree.tolist() == [1, 2]


def test_synapses_can_be_replaced() -> None:
    model, _ = counting()
    model["wires"].set_synapses([2, 0, 2], [1, 1, 1], w=[5, 6, 7])
    assert model["wires"].pre.tolist() == [0, 2, 2] and model["wires"].w.tolist() == [6, 5, 7]
    assert len(model["wires"]) == 3


def test_reset_begins_again_with_any_seed() -> None:
    model = learning()
    start = model["ff"].w.copy()
    model.run("5 ms")
    model.reset(9)
    assert model.t == 0 and len(model["outputs"].spikes.times) == 0
    other = learning(seed=9)
    assert np.array_equal(model["ff"].w, other["ff"].w) and not np.array_equal(model["ff"].w, start)
    model.reset(5)
    assert np.array_equal(model["ff"].w, start)


def test_recordings_survive_closing_and_go_to_a_file(tmp_path: Path) -> None:
    model, _ = counting()
    with model:
        model["clocks"].schedule([1], [0])
        model.step(3)
    assert model["clocks"].spikes.neurons.tolist() == [1]
    stored = np.load(model.recordings.save(tmp_path / "r.npz"))
    assert stored["clocks.spikes.neurons"].tolist() == [1]
    assert stored["wires.connectivity.start"].tolist() == [0, 6]
    model.close()
    assert "closed" in repr(model)


def test_progress_is_reported_until_the_end() -> None:
    model, _ = counting()
    seen: list[pl.Progress] = []
    model.run("2 ms", progress=seen.append)
    assert seen[-1].done == seen[-1].total == 20 and seen[-1].simulated == pytest.approx(2.0)
    assert [p.done for p in seen] == sorted(p.done for p in seen)


def test_progress_is_two_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    model, _ = counting()
    model.run("2 ms", progress=True)
    error = capsys.readouterr().err
    assert error.startswith("simulating 2 ms\n2 ms simulated in") and error.count("\n") == 2


def test_models_run_in_other_threads() -> None:
    model, _ = counting()
    worker = threading.Thread(target=model.run, args=("1 ms",))
    worker.start()
    worker.join()
    assert model.t == pytest.approx(1.0)
