"""What is wrong with examples, networks and files is said in one sentence, and nothing is lost."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import plastlang as pl
from plastlang import library, train
from plastlang.diagnostics import MachineError, PlastError
from plastlang.train import Example
from tests.train.task import examples, model

ROOT = Path(__file__).parents[2]
PLAIN = """
rule Plain:
    synapse w
    on pre spike:
        deliver w
    on update(n):
        w = 0
"""
GOOD = Example([0, 1], [0.0, 5.0], 2, 20)


@pytest.fixture(scope="module")
def network() -> pl.Model:
    return model()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "the dataset is empty; give at least one example"),
        (7, "a dataset is a sequence of train.Example, not int"),
        ("spikes", "a dataset is a sequence of train.Example, not str"),
        ([GOOD, (np.zeros(3), 1)], "example 1 is tuple, no train.Example"),
        ([Example([0], [1.0], 3, 20)], "example 0 has the label 3; there are 3 read-outs (0 to 2)"),
        ([Example([0], [1.0], -1, 20)], "example 0 has the label -1; there are 3 read-outs (0 to 2)"),
        ([Example([0], [1.0], 0.5, 20)], "example 0: a label is a whole number, not 0.5"),
        ([Example([0], [1.0], "cat", 20)], "example 0: a label is a whole number, not 'cat'"),
        ([Example([0, 12], [1.0, 2.0], 0, 20)], "example 0: a spike of neuron 12, but the source has 12 (0 to 11)"),
        ([Example([-1], [1.0], 0, 20)], "example 0: a spike of neuron -1, but the source has 12 (0 to 11)"),
        (
            [GOOD, Example([0], [20.0], 0, 20)],
            "example 1: a spike at 20 ms, but it lasts from 0 to 20 ms; drop such events, or make the example longer",
        ),
        (
            [Example([0], [-0.5], 0, 20)],
            "example 0: a spike at -0.5 ms, but it lasts from 0 to 20 ms; drop such events, or make the example longer",
        ),
        (
            [Example([0], [np.nan], 0, 20)],
            "example 0: a spike at nan ms, but it lasts from 0 to 20 ms; drop such events, or make the example longer",
        ),
        (
            [Example([0, 1], [1.0], 0, 20)],
            "example 0: neurons and times must be two lists of one length, not (2,) and (1,)",
        ),
        (
            [Example([0.5], [1.0], 0, 20)],
            "example 0: neurons must be whole numbers and times numbers, not float64 and float64",
        ),
        ([Example([0], [1.0], 0, 0)], "example 0 lasts 0; a duration is a number of ms above 0"),
        ([Example([0], [1.0], 0, "20 ms")], "example 0 lasts '20 ms'; a duration is a number of ms above 0"),
        ([Example([0], [1.0], 0, np.inf)], "example 0 lasts inf; a duration is a number of ms above 0"),
    ],
)
def test_examples(network: pl.Model, data: object, message: str) -> None:
    before = {k: np.asarray(v).tobytes() for k, v in network.executable.save().items()}
    with pytest.raises(PlastError) as caught:
        train.fit(network, data, epochs=1)  # type: ignore[arg-type]
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == ("R401", message)
    with pytest.raises(PlastError):
        train.evaluate(network, data)  # type: ignore[arg-type]
    assert before == {k: np.asarray(v).tobytes() for k, v in network.executable.save().items()}


def test_spikes_on_the_grid(network: pl.Model) -> None:
    """A spike shortly before the end stays in the example; two in one step are one; none at all is allowed."""
    same = train.evaluate(network, [Example([0, 0, 3], [2.0, 2.2, 19.9], 0, 20)]).outputs
    assert (train.evaluate(network, [Example([3, 0], [19, 2], 0, 20.0)]).outputs == same).all()
    assert train.evaluate(network, [Example([], [], 0, 20)]).outputs == pytest.approx(np.full((1, 3), 1 / 3))


def test_targets_of_values() -> None:
    net = pl.Network(dt="1 ms")
    source = net.population(pl.rules.SpikeTimes, 2)
    out = net.population(pl.rules.ValueReadOut, 3)
    listening = pl.load(PLAIN).Plain
    net.connect(source, out.exc, listening, pl.all_to_all(), w=1)
    compiled = net.compile()
    for target in (1, [1.0, 2.0], [1.0, np.nan, 2.0], ["a", "b", "c"]):
        with pytest.raises(PlastError, match="example 0: a target is 3 finite numbers, one for each read-out"):
            train.evaluate(compiled, [Example([0], [1], target, 5)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": -1}, "epochs must be a whole number at least 0, not -1"),
        ({"epochs": 1, "batch_size": 0}, "batch_size must be a whole number at least 1, not 0"),
        (
            {"epochs": 1, "source": "hidden_layer"},
            "hidden_layer cannot be the source; its neuron must `spike at",
        ),
        ({"epochs": 1, "source": "sorce"}, "the population 'sorce' does not exist; did you mean 'source'?"),
        ({"epochs": 1, "readout": "source"}, "source cannot be the read-out; its neuron needs vote, loss, shown"),
        ({"epochs": 1, "callbacks": [train.EarlyStopping()]}, "there is no validation_loss to stop by; give fit("),
        (
            {"epochs": 1, "callbacks": [train.LearningRate(train.step_decay(1, 1, 1), "speed")]},
            "no projection has a parameter `speed`; give LearningRate(parameter=...)",
        ),
        ({"epochs": 1, "callbacks": [7]}, "7 is no callback; take for example train.ProgressBar()"),
        ({"epochs": 1, "validation": []}, "the dataset is empty; give at least one example"),
        (
            {"epochs": 1, "validation": [GOOD, Example([0], [1.0], 3, 20)]},
            "example 1 has the label 3; there are 3 read-outs (0 to 2)",
        ),
    ],
)
def test_options(network: pl.Model, options: dict[str, object], message: str) -> None:
    before = network.executable.step
    with pytest.raises(PlastError, match=re.escape(message)):
        train.fit(network, [GOOD], **options)  # type: ignore[arg-type]
    assert network.executable.step == before or "validation_loss" in message  # which is missed after the first epoch


@pytest.mark.parametrize(
    ("where", "why"), [("none/c.npz", "there is no directory .*none"), (".", "it is a directory")]
)
def test_a_checkpoint_that_cannot_be_written_is_refused_before_the_training(
    tmp_path: Path, network: pl.Model, where: str, why: str
) -> None:
    before = network.executable.step
    with pytest.raises(MachineError, match=f"cannot write .*: {why}"):
        train.fit(network, [GOOD], epochs=1, callbacks=[train.Checkpoint(tmp_path / where)])
    assert network.executable.step == before


def test_networks_that_cannot_be_trained() -> None:
    net = pl.Network(dt="1 ms")
    net.population(pl.rules.LIF, 2)
    with net.compile() as compiled, pytest.raises(PlastError, match="no population can be the source; its neuron must"):
        train.fit(compiled, [GOOD], epochs=1)
    net = pl.Network(dt="1 ms")
    net.population(pl.rules.SpikeTimes, 2, name="a")
    net.population(pl.rules.SpikeTimes, 2, name="b")
    net.population(pl.rules.ClassReadOut, 2)
    with net.compile() as compiled:
        with pytest.raises(PlastError, match=r"a, b could be the source; say which: source=\.\.\."):
            train.fit(compiled, [GOOD], epochs=1)
        with pytest.raises(PlastError, match="nothing in the network listens to the signal `update`; training sends"):
            train.fit(compiled, [GOOD], epochs=1, source="a")
    with model("Classifier") as static, pytest.raises(PlastError, match="no projection has the variable `moved_last`"):
        train.fit(static, [GOOD], epochs=1, callbacks=[train.RewiringRecord()])
    with pytest.raises(PlastError, match="'colour' is no column of the history"):
        train.EarlyStopping("colour")


def test_a_loss_that_is_no_number_ends_the_training_and_leaves_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    net = pl.Network(dt="1 ms")
    source = net.population(pl.rules.SpikeTimes, 2)
    text = library.index()["ValueReadOut"].path.read_text("utf-8")
    text = text[text.index("neuron ValueReadOut:") : text.index("neuron PatternReadOut:")]
    text = text.replace("tau_out = 20 ms", "growth = -50 Hz").replace("-y / tau_out", "growth * y")
    growing = pl.load(text).ValueReadOut
    out = net.population(growing, 1, name="out")
    net.connect(source, out.exc, pl.load(PLAIN).Plain, pl.all_to_all(), w=1)
    data = [Example([0, 1], [0.0, 3.0], [0.5], 5)] * 4

    class Break(train.Callback):
        def minibatch(self, run: object) -> None:
            broken["out"].growth = 1000.0  # a kHz: y grows without bounds

    with net.compile() as broken:
        train.fit(broken, data, epochs=1, batch_size=2, callbacks=[train.Checkpoint(path)])
        whole = path.read_bytes()
        with pytest.raises(PlastError) as caught:
            train.fit(broken, data, epochs=3, batch_size=2, callbacks=[Break(), train.Checkpoint(path)], resume=path)
        (diagnostic,) = caught.value.diagnostics
        written = "a checkpoint that was written before is whole"
        if diagnostic.code == "R302":  # a look at the state of the run, as often as time allows, came first
            assert re.search(r"of population out, a variable of \w+, became (NaN|infinite) in", diagnostic.message)
            assert diagnostic.notes[-1] == f"it was minibatch 2 of epoch 2 of a training; {written}"
        else:
            assert (diagnostic.code, diagnostic.notes) == ("R402", (f"the training ended there; {written}",))
            assert diagnostic.message == "the loss became nan in minibatch 2 of epoch 2"
            assert diagnostic.hint == "lower the learning rate or the start values of the weights"
        assert path.read_bytes() == whole
        assert len(train.fit(broken, data, epochs=2, batch_size=2, resume=path)) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda o: o | {"batch_size": 4}, "was written by a training with another batch_size; resume with the same"),
        (lambda o: o | {"seed": 9}, "was written by a training with another seed; resume with the same"),
        (lambda o: o | {"examples": examples(20, 3)}, "was written by a training with other examples; resume with"),
    ],
)
def test_a_checkpoint_of_another_training(
    tmp_path: Path, change: Callable[[dict[str, object]], dict[str, object]], message: str
) -> None:
    path = tmp_path / "c.npz"
    options: dict[str, object] = {"examples": examples(20), "epochs": 1, "batch_size": 5}
    with model() as network:
        train.fit(network, **options, callbacks=[train.Checkpoint(path)])  # type: ignore[arg-type]
        with pytest.raises(PlastError, match=re.escape(message)):
            train.fit(network, **change(options), resume=path)  # type: ignore[arg-type]


def test_checkpoints_that_are_none(tmp_path: Path, network: pl.Model) -> None:
    path = network.save(tmp_path / "model.npz")
    with pytest.raises(PlastError, match=r"holds a model but no training; use model\.load to read it"):
        train.fit(network, [GOOD], epochs=1, resume=path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(PlastError, match="is not a plastlang checkpoint, or it is damaged"):
        train.fit(network, [GOOD], epochs=1, resume=path)
    with model("Classifier") as other:
        train.fit(other, [GOOD], epochs=1, callbacks=[train.Checkpoint(tmp_path / "o.npz")])
    with pytest.raises(PlastError, match="was saved by another program"):
        train.fit(network, [GOOD], epochs=1, resume=tmp_path / "o.npz")


def test_a_run_that_cannot_go_on_leaves_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    with model(rate=1e38) as broken:
        with pytest.raises(PlastError, match=r"w of projection forward.* too large to be delivered") as caught:
            train.fit(broken, examples(20), epochs=3, batch_size=5, callbacks=[train.Checkpoint(path, minibatches=1)])
        assert caught.value.diagnostics[0].code == "R302"
        train.fit(broken, examples(20), epochs=0, batch_size=5, resume=path)


def test_a_killed_process_leaves_a_checkpoint_that_is_whole(tmp_path: Path) -> None:
    """SIGKILL while checkpoints are written all the time; going on ends with the bits of what was never stopped."""
    path = tmp_path / "c.npz"
    script = f"""if True:
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        from plastlang import library, train
        from tests.train.task import examples, model
        class Say(train.Callback):
            def minibatch(self, run):
                print("going", flush=True)
        with model() as network:
            train.fit(network, examples(20), epochs=100000, batch_size=5,
                      callbacks=[train.Checkpoint({str(path)!r}, minibatches=1), Say()])
    """
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    for _ in range(7):
        process.stdout.readline()
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode < 0 and path.exists()
    with model() as network:
        done = len(train.fit(network, examples(20), epochs=0, batch_size=5, resume=path))
        history = train.fit(network, examples(20), epochs=done + 2, batch_size=5, resume=path)
        resumed = {k: np.asarray(v).tobytes() for k, v in network.executable.save().items()}
    assert done >= 1
    with model() as network:
        assert train.fit(network, examples(20), epochs=done + 2, batch_size=5) == history
        assert {k: np.asarray(v).tobytes() for k, v in network.executable.save().items()} == resumed
