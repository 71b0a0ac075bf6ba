"""Training from Python: what it learns, and that stopping and going on changes nothing."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import plastlang as pl
from plastlang import train
from tests.train.task import examples, model

ROOT = Path(__file__).parents[2]


def state(of: pl.Model) -> dict[str, bytes]:
    return {key: np.asarray(value).tobytes() for key, value in of.executable.save().items()}


@pytest.mark.parametrize("name", ["Classifier", "RewiringClassifier"])
def test_a_network_learns(name: str) -> None:
    with model(name) as network:
        before = train.evaluate(network, examples(60, 1))
        history = train.fit(network, examples(120), epochs=8, batch_size=10, validation=examples(60, 1))
        after = train.evaluate(network, examples(60, 1))
    assert before.accuracy is not None and after.accuracy is not None
    assert before.accuracy < 0.5 and after.accuracy > 0.9
    assert len(history) == 8 and history.column("loss")[-1] < 0.6 * history.column("loss")[0]
    assert history.epochs[-1].validation_accuracy == after.accuracy
    assert history.epochs[-1].validation_loss == after.loss
    assert after.confusion.sum() == 60 and np.trace(after.confusion) == round(60 * after.accuracy)


def test_the_feedback_stays_equal_to_the_read_out() -> None:
    with model() as network:
        train.fit(network, examples(30), epochs=2, batch_size=7)
        forward, back = network["forward"], network["back"]
        assert (forward.w.reshape(20, 3) == back.w.reshape(3, 20).T).all() and np.abs(forward.w).max() > 0.01


def test_values_are_learnt() -> None:
    rng = np.random.default_rng(0)
    values = rng.random((60, 8))
    targets = np.stack([values[:, 0], 1 - values[:, 1]], axis=1)
    net = pl.Network(dt="1 ms", seed=3)
    source = net.population(pl.rules.SpikeTimes, 8, name="source")
    hidden = net.population(pl.rules.SurrogateALIF, 30, beta=0)
    out = net.population(pl.rules.ValueReadOut, 2)
    adam = pl.rules.Adam(rate=0.01)
    net.connect(source, hidden.exc, pl.rules.EPropLIF(c_reg=0) + adam, pl.all_to_all(), w=pl.normal(0.2, 0.4))
    net.connect(hidden, out.exc, pl.rules.ReadOutGradient + adam, pl.all_to_all(), w=0)
    net.connect(out, hidden.feedback, pl.rules.SymmetricFeedback + adam, pl.all_to_all(), w=0)
    data = [train.Example(np.arange(8), 20 * (1 - v), t, 40) for v, t in zip(values, targets, strict=True)]
    with net.compile() as network:
        history = train.fit(network, data, epochs=25, batch_size=10)
        found = train.evaluate(network, data)
    assert found.accuracy is None and history.epochs[0].accuracy is None
    assert history.column("loss")[-1] < 0.5 * history.column("loss")[0]
    assert found.outputs.shape == (60, 2) and np.isnan(history.column("accuracy")).all()


@pytest.mark.parametrize("batch", [1, 3])
def test_other_rules_are_the_same_on_both_backends(batch: int) -> None:
    soft = pl.rules.SoftDeepR(temperature=0.01, rate=0.05)
    noisy = pl.rules.NoisyDescent(temperature=0.001)
    found = []
    for backend in ("reference", "c"):
        net = pl.Network(dt="1 ms", seed=3)
        source = net.population(pl.rules.SpikeTimes, 6)
        hidden = net.population(pl.rules.SurrogateALIF, 9, beta=0)
        out = net.population(pl.rules.ValueReadOut, 2)
        rule = pl.rules.EPropLIF + soft
        net.connect(source, hidden.exc, rule, pl.all_to_all(), name="syn", w=0.5, theta=pl.normal(0.1, 0.2))
        net.connect(hidden, out.exc, pl.rules.ReadOutGradient + noisy, pl.all_to_all(), w=pl.normal(0, 0.1))
        net.connect(out, hidden.feedback, pl.rules.RandomFeedback, pl.all_to_all(), w=pl.normal(0, 0.5))
        with net.compile(backend=backend, batch=batch) as network:
            data = [train.Example(np.arange(6), np.arange(6) % (k + 1), [0.1 * k, 1.0], 15) for k in range(6)]
            train.fit(network, data, epochs=2, batch_size=4)
            found.append(state(network))
            assert (network["syn"].w == 0).any() and (network["syn"].w != 0).any()
    assert found[0] == found[1]


def test_evaluating_leaves_no_trace() -> None:
    with model() as network:
        train.fit(network, examples(20), epochs=1, batch_size=10)
        before = state(network)
        first = train.evaluate(network, examples(10, 2))
        assert state(network) == before
        assert (train.evaluate(network, examples(10, 2)).outputs == first.outputs).all()
        assert (train.predict(network, examples(10, 2)) == first.predictions).all()


def test_backends_and_seeds() -> None:
    found = []
    for backend, seed in (("c", 0), ("reference", 0), ("c", 1)):
        with model(backend=backend) as network:
            train.fit(network, examples(12), epochs=1, batch_size=4, seed=seed)
            found.append(state(network))
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("batch", [3, 4])
def test_many_examples_at_once_teach_the_same(batch: int) -> None:
    """Sums over examples are made in another order, and nothing else: 10 examples are 4 + 4 + 2 or 3 + 3 + 3 + 1."""
    found = []
    for together in (1, batch):
        with model("Classifier", batch=together, precision="double", c_reg=0, rate=0.005) as network:
            history = train.fit(network, examples(30), epochs=2, batch_size=10, validation=examples(7, 1))
            outputs = train.evaluate(network, examples(7, 1)).outputs
            found.append((np.array(network["from_source"].w), outputs, history.column("loss")))
    for one, many in zip(*found, strict=True):
        np.testing.assert_allclose(many, one, rtol=1e-8, atol=1e-9)


def test_a_batch_rewires_and_goes_on_to_the_last_bit(tmp_path: Path) -> None:
    path = tmp_path / "b.npz"
    with model(batch=4) as network:
        train.fit(network, examples(30), epochs=2, batch_size=10)
        end = state(network)
        assert network["from_source"].moved > 0
    with model(batch=4) as network:
        train.fit(network, examples(30), epochs=1, batch_size=10, callbacks=[train.Checkpoint(path)])
    with model(batch=4) as network:
        train.fit(network, examples(30), epochs=2, batch_size=10, resume=path)
        assert state(network) == end


class Stop(train.Callback):
    """Stands for a kill: leaves the training after so many minibatches in all."""

    def __init__(self, after: int):
        self.left = after

    def minibatch(self, run: object) -> None:
        self.left -= 1
        if self.left == 0:
            raise RuntimeError("killed")


@pytest.mark.parametrize("killed_after", [1, 3, 4, 9, 11])
def test_going_on_after_a_kill_changes_no_bit(tmp_path: Path, killed_after: int) -> None:
    def settings(path: Path) -> tuple[train.RewiringRecord, list[train.Callback]]:
        record = train.RewiringRecord()
        rate = train.LearningRate(train.cosine(0.03, 0.001, 3))
        return record, [record, train.Checkpoint(path, minibatches=2), train.EarlyStopping("loss", 2), rate]

    data = examples(38)
    with model() as whole:
        wanted_record, callbacks = settings(tmp_path / "whole.npz")
        wanted = train.fit(whole, data, epochs=3, batch_size=10, seed=4, callbacks=callbacks)
        end = state(whole)
    path = tmp_path / "killed.npz"
    with model() as first, pytest.raises(RuntimeError, match="killed"):
        train.fit(first, data, epochs=3, batch_size=10, seed=4, callbacks=[*settings(path)[1], Stop(killed_after)])
    with model() as second:
        record, callbacks = settings(path)
        history = train.fit(second, data, epochs=3, batch_size=10, seed=4, callbacks=callbacks, resume=path)
        assert state(second) == end
    assert history == wanted
    assert {k: list(v) for k, v in record.moved.items()} == {k: list(v) for k, v in wanted_record.moved.items()}
    assert len(record.moved["from_source"]) == 12


def test_a_finished_training_stays_finished(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with model() as network:
        done = train.fit(network, examples(10), epochs=2, callbacks=[train.Checkpoint(path)])
        end = state(network)
        assert train.fit(network, examples(10), epochs=2, resume=path) == done and state(network) == end


def test_ctrl_c_writes_a_checkpoint_at_the_end_of_a_minibatch(tmp_path: Path) -> None:
    script = textwrap.dedent(
        f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        from plastlang import train
        from tests.train.task import examples, model

        class Say(train.Callback):
            def minibatch(self, run):
                print("going", flush=True)

        with model() as network:
            train.fit(network, examples(60), epochs=100000, batch_size=6,
                      callbacks=[Say(), train.Checkpoint({str(tmp_path / "c.npz")!r})])
        """
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    with model() as network:
        history = train.fit(network, examples(60), epochs=1, batch_size=6, resume=tmp_path / "c.npz")
        assert len(history) >= 1


def test_early_stopping() -> None:
    with model(rate=0) as network:
        history = train.fit(
            network,
            examples(9),
            epochs=20,
            callbacks=[train.EarlyStopping("validation_loss", 3)],
            validation=examples(9),
        )
    assert len(history) == 4 and "not become better for 3 epochs" in history.stopped


def test_learning_rates() -> None:
    assert [train.step_decay(1.0, 0.5, 2)(n) for n in range(5)] == [1, 1, 0.5, 0.5, 0.25]
    assert train.cosine(1.0, 0.0, 10)(0) == 1 and train.cosine(1.0, 0.2, 10)(10) == pytest.approx(0.2)
    assert train.cosine(1.0, 0.0, 10)(5) == pytest.approx(0.5)
    with model() as network:
        train.fit(network, examples(6), epochs=3, callbacks=[train.LearningRate(train.step_decay(0.8, 0.5, 1))])
        assert network["forward"].rate == network["from_source"].rate == pytest.approx(0.1)


def test_progress_without_a_terminal() -> None:
    stream = io.StringIO()
    with model() as network:
        train.fit(network, examples(6), epochs=2, validation=examples(6), callbacks=[train.ProgressBar(stream)])
    first, second = stream.getvalue().splitlines()
    assert first.startswith("epoch 1: loss 1.0") and "accuracy" in first and "s left)" in first
    assert second.startswith("epoch 2: ") and second.endswith(" 0 s left)")


def test_progress_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    with model() as network:
        train.fit(network, examples(6), epochs=2, callbacks=[train.ProgressBar(stream)])
    assert "epoch 2: loss" in stream.getvalue() and "100 %" in stream.getvalue()
