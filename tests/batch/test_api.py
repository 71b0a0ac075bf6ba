"""Batches from Python: shapes, spikes of each network, checkpoints, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plastlang
from plastlang import cli

TEXT = """
neuron Driven:
    state v = 0 mV, i_ext = 0 mV
    state bias = uniform(0 mV, 1 mV)
    global shared told = 0
    v' = (i_ext + bias - v) / (10 ms)
    on tell(x):
        told = x
    spike when v > 1 mV:
        v = 0 mV
neuron Told:
    state g = 0
    g' = -g / (5 ms)
    input e -> g
    spike at times
rule Learn:
    synapse shared w = 0.5, grad = 0
    global shared updates = 0
    pre x = 0
    x' = -x / (20 ms)
    on pre spike:
        deliver w
        x += 1
    on post spike:
        grad += x
    on update(rate):
        w += rate * grad
        grad = 0
        updates += 1
rule Structure:
    synapse w = 1
    on pre spike:
        deliver w
        w -= 0.1
    every 5 ms:
        prune where w < 0
network Net:
    dt 1 ms
    population a = Driven() size 4
    population b = Told() size 3
    project ab = a -> b.e with Learn():
        connect all
    record a spikes
    record a v every 2 ms
    record ab connectivity every 10 ms
network Torn:
    dt 1 ms
    population a = Driven() size 4
    population b = Told() size 3
    project ab = a -> b.e with Structure():
        connect all
"""


def model(backend: str, batch: int = 3, **more: Any) -> plastlang.Model:
    return plastlang.load(TEXT).Net.compile(backend, batch=batch, seed=4, **more)


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_shapes_spikes_and_signals(backend: str) -> None:
    with model(backend) as m:
        assert m.batch == 3
        assert m["a"].v.shape == (3, 4) and m["ab"].w.shape == (12,) and m["ab"].x.shape == (3, 4)
        assert np.ndim(m["a"].told) == 0 and len({tuple(row) for row in m["a"].bias}) == 3
        m["a"].i_ext = np.array([[0.0], [2.0], [8.0]]) * np.ones((3, 4))
        for network in range(3):
            m["b"].schedule([network], [11.0 + network], network=network)
        m.run(30)
        assert m["ab"].grad.any()
        m.signal("update", 0.1)
        assert m["ab"].updates == 1 and not m["ab"].grad.any()
        m.signal("tell", 7)
        assert m["a"].told == 7
        spikes = m["a"].spikes
        assert (np.diff(spikes.times) >= 0).all() and len(spikes.of(0).times) < len(spikes.of(2).times)
        recorded = m.recordings["a.v"]
        assert recorded.values.shape == (15, 3, 4)
        assert m.recordings["ab.connectivity"][0].values["w"].shape == (12,)


def test_one_shape_for_all_networks_or_each_its_own() -> None:
    with model("c") as m:
        m["a"].v = np.arange(4) * 0.1
        assert np.array_equal(m["a"].v, np.tile(np.arange(4, dtype=np.float32) * np.float32(0.1), (3, 1)))
        with pytest.raises(plastlang.PlastError, match=r"shape \(4,\), or of shape \(3, 4\) for the networks"):
            m["a"].v = np.zeros((2, 4))
        with pytest.raises(plastlang.PlastError, match=r"not an array of shape \(3, 12\)"):
            m["ab"].w = np.zeros((3, 12))
        view = m["a"].v
        view[1, 2] = 0.5
        assert m["a"].v[1, 2] == 0.5


@pytest.mark.parametrize("threads", [1, 2])
def test_a_checkpoint_goes_on_bit_for_bit(tmp_path: Path, threads: int) -> None:
    with model("c", threads=threads) as m, model("reference") as other:
        m["a"].i_ext = np.array([[0.5], [2.0], [8.0]]) * np.ones((3, 4))
        m["b"].schedule([0, 1, 2], [11.0, 25.0, 27.0])
        m.run(20)
        other.load(m.save(tmp_path / "state.npz"))
        for each in (m, other):
            each.run(20)
            each.signal("update", 0.1)
        for name in ("w", "x"):
            assert np.array_equal(getattr(m["ab"], name), getattr(other["ab"], name))
        assert np.array_equal(m["a"].v, other["a"].v)
    wanted = "saved with a batch of 3, this model has one of 2"
    with model("c", batch=2) as smaller, pytest.raises(plastlang.PlastError, match=wanted):
        smaller.load(tmp_path / "state.npz")


def test_structure_of_one_network_s_own_values() -> None:
    library = plastlang.load(TEXT)
    library.Torn.compile("reference").close()
    for _ in range(2):  # the second time it was lowered before
        with pytest.raises(plastlang.PlastError) as caught:
            library.Torn.compile("reference", batch=2)
        (found,) = caught.value.diagnostics
        assert found.code == "P324" and "depends on `w`" in found.message and found.span is not None


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_what_was_compiled_for_a_batch_is_opened(backend: str, tmp_path: Path) -> None:
    open_a_batch(backend, tmp_path)


def test_a_network_with_signals_is_opened(tmp_path: Path) -> None:
    """Its code names the lines of its file; the program in the directory knows of none."""
    file = tmp_path / "alone.plast"
    file.write_text(TEXT)
    with pytest.raises(SystemExit) as end:
        cli.main(["compile", str(file), "--network", "Net", "-o", str(tmp_path / "d")])
    assert not end.value.code
    with plastlang.open(tmp_path / "d") as opened:
        opened.signal("update", 0.1)
        opened.run(3)
        assert float(opened["ab"].updates) == 1


def open_a_batch(backend: str, tmp_path: Path) -> None:
    """`plastc compile --batch`, then `open`: the same as a batch that is compiled from Python, to the last bit."""
    file = tmp_path / "batch.plast"
    file.write_text(TEXT)
    options = ["--network", "Net", "--backend", backend, "--batch", "3"]
    with pytest.raises(SystemExit) as end:
        cli.main(["compile", str(file), *options, "-o", str(tmp_path / "d")])
    assert not end.value.code
    with plastlang.open(tmp_path / "d", seed=4) as opened, model("reference") as expected:
        assert opened.batch == 3
        for each in (opened, expected):
            each["a"].i_ext = np.arange(12.0).reshape(3, 4)
            each["b"].schedule([0, 1, 2], [3.0, 9.0, 12.0])
            each.run(15)
            each.signal("update", 0.1)
            each.run(6)
        for owner, name in (("a", "v"), ("b", "g"), ("ab", "w"), ("ab", "x")):
            assert np.array_equal(getattr(opened[owner], name), getattr(expected[owner], name)), name
        found, wanted = (each["a"].spikes for each in (opened, expected))
        assert len(wanted.times) and np.array_equal(found.times, wanted.times)
        assert np.array_equal(found.networks, wanted.networks)


def test_a_batch_that_cannot_be_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "batch.plast"
    file.write_text(TEXT)
    with pytest.raises(SystemExit) as end:
        cli.main(["compile", str(file), "--network", "Torn", "--batch", "2", "-o", str(tmp_path / "d")])
    assert end.value.code == 1 and "error[P324]" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()
