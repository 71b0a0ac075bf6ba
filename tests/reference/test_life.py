"""Sources, schedules, saving, interrupts, the life of an executable."""

from __future__ import annotations

import os
import signal
import threading
import time
from itertools import pairwise

import numpy as np
import pytest

from plastlang.backends.reference import random
from plastlang.ir.nodes import ConnectGiven
from tests import ir_programs as ir

from .running import load

stats = pytest.importorskip("scipy.stats")


# ---------------------------------------------------------------- sources


def test_poisson_sources_have_the_rate_and_exponential_gaps() -> None:
    """400 neurons at 20 Hz for 2000 steps of 0.5 ms: counts and gaps, each wrong by chance once in 10^4."""
    program = ir.program((ir.poisson("src", 400, 0.02, 1),), (), dt=0.5)
    executable = load(program, seed=9)
    executable.run(2000)
    steps, neurons = executable.take_spikes("src")
    p = -np.expm1(-0.02 * 0.5)
    expected = 400 * 2000 * p
    assert abs(steps.size - expected) < 3.9 * np.sqrt(expected * (1 - p))
    order = np.lexsort((steps, neurons))
    gaps = np.diff(steps[order])[np.diff(neurons[order]) == 0]
    short = gaps[gaps <= 200]  # long gaps do not fit into the run; cut where few are lost
    edges = np.arange(0, 201, 20)
    law = np.diff(stats.geom(p).cdf(edges))
    fits = np.histogram(short, edges + 0.5)[0]
    starts = np.array([np.clip(2000 - (a + b) / 2, 0, None) for a, b in pairwise(edges)])
    weights = law * starts  # a gap of k steps can begin in 2000 - k steps
    assert stats.chisquare(fits, weights / weights.sum() * fits.sum()).pvalue > 1e-4


def test_renewal_draws_by_the_book() -> None:
    program = ir.program((ir.poisson("src", 3, 0.1, 17),), ())
    executable = load(program, seed=2)
    rate, index = np.full(3, 0.1), np.arange(3)
    due = random.renewal(random.philox(index, 1, 0, 17, 2), -1, rate, 1.0)
    spikes: list[tuple[int, int]] = []
    for step in range(200):
        for neuron in np.flatnonzero(due == step):
            spikes.append((step, int(neuron)))
        again = random.renewal(random.philox(index, 0, step, 17, 2), step, rate, 1.0)
        due = np.where(due == step, again, due)
    executable.run(200)
    assert [(int(s), int(n)) for s, n in zip(*executable.take_spikes("src"), strict=True)] == spikes


def test_a_new_rate_redraws_all() -> None:
    executable = load(ir.program((ir.poisson("src", 50, 0.0, 1),), ()))
    executable.run(100)
    assert executable.take_spikes("src")[0].size == 0
    executable.set_parameter("src", "rate", 50.0)
    executable.run(2)
    assert executable.take_spikes("src")[0].tolist() == [100] * 50 + [101] * 50
    executable.set_parameter("src", "rate", 0.0)
    executable.run(20)
    assert executable.take_spikes("src")[0].size == 0


def test_rates_per_neuron() -> None:
    executable = load(ir.several_sources())
    executable.set_parameter("outside", "rate", np.array([0, 0, 100, 0, 0, 0, 100.0]))
    executable.run(5)
    steps, neurons = executable.take_spikes("outside")
    assert neurons.tolist() == [2, 6] * 5 and steps.tolist() == np.repeat(np.arange(5), 2).tolist()


def test_schedule() -> None:
    executable = load(ir.stdp_pair())
    executable.run(3)
    executable.set_schedule("pre", np.array([0, 0, 0, 0], np.int32), np.array([7, 4, 2, 7]))
    assert executable.save()["pre/schedule"].tolist() == [[4, 0], [7, 0]]
    executable.run(3)
    assert executable.save()["pre/schedule"].tolist() == [[7, 0]]
    executable.run(10)
    steps, neurons = executable.take_spikes("pre")
    assert steps.tolist() == [4, 7] and neurons.tolist() == [0, 0]
    assert steps.dtype == np.int64 and neurons.dtype == np.int32
    assert executable.take_spikes("pre")[0].size == 0


# ---------------------------------------------------------------- saving


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("name", sorted(ir.ALL))
def test_saved_and_continued_is_the_same(name: str, precision: str) -> None:
    program = ir.ALL[name]()
    pairs = [(k % 6, (k * 5) % 6) for k in range(9)] if name == "all_draws" else [(0, 0)]
    spikes = {"pre": [(5, 0), (33, 0), (36, 0)], "post": [(9, 0), (35, 0)]} if name.startswith("stdp_pair") else None
    whole = load(program, pairs, 8, precision, spikes)
    for executable in (whole,):
        executable.run(25)
        if name == "signals":
            executable.begin_signal()
            executable.signal("cells", "kick", (2.0,))
    kept = {key: value.copy() for key, value in whole.save().items()}
    whole.run(20)
    other = load(program, pairs, 99, precision)
    other.run(3)
    other.restore(kept)
    assert all(np.array_equal(v, kept[k]) and v.dtype == kept[k].dtype for k, v in other.save().items())
    if name == "signals":
        assert int(kept["signals"]) == 1
    other.run(20)
    ended, again = whole.save(), other.save()
    assert ended.keys() == again.keys()
    for key in ended:
        assert ended[key].dtype == again[key].dtype and ended[key].tobytes() == again[key].tobytes(), key


def test_keys_of_what_is_saved() -> None:
    keys = set(load(ir.poisson_stdp(delay=2)).save())
    of_model = {"step", "seed", "precision", "signals"}
    of_src = {"param/rate", "next", "redraw", "spikes/1", "spikes/2"}
    of_cells = {"param/drive", "param/tau", "param/tau_g", "state/v", "state/g", "state/held"}
    of_plastic = {f"param/{p}" for p in ("a_plus", "a_minus", "w_max", "tau")} | {f"state/{v}" for v in "wxy"}
    of_plastic |= {"last/x", "last/y", "pre", "post", "formations", "eliminations"}
    owned = {"src": of_src, "cells": of_cells, "plastic": of_plastic}
    assert keys == of_model | {f"{owner}/{key}" for owner, names in owned.items() for key in names}


def test_reset_starts_again_and_keeps_parameters() -> None:
    executable = load(ir.poisson_stdp(), seed=5)
    executable.set_parameter("src", "rate", 0.2)
    first = load(ir.poisson_stdp(), seed=5)
    first.set_parameter("src", "rate", 0.2)
    first.run(40)
    executable.run(17)
    executable.reset(5)
    assert executable.step == 0 and executable.synapses("plastic")[0].size == 0
    executable.connect("plastic")
    executable.run(40)
    a, b = first.save(), executable.save()
    assert all(np.array_equal(a[key], b[key]) for key in a)


def test_seeds_and_precisions_differ() -> None:
    one, two = (load(ir.poisson_stdp(), seed=s) for s in (1, 2))
    one.run(50), two.run(50)
    assert not np.array_equal(one.take_spikes("src")[0], two.take_spikes("src")[0])
    single = load(ir.poisson_stdp(), precision="single")
    assert single.get("plastic", "w").dtype == np.float32 and one.get("plastic", "w").dtype == np.float64
    assert single.get("cells", "held").dtype == np.int32


def test_synapses_set_later_are_drawn_with_the_step() -> None:
    program = ir.all_draws()
    assert isinstance(program.projections[0].connect, ConnectGiven)
    executable = load(ir.grow_and_prune())
    executable.run(3)
    executable.set_synapses("net", np.array([4, 1], np.int32), np.array([0, 2], np.int32))
    words = [random.philox(p, q, 3, 5, 1) for p, q in ((1, 2), (4, 0))]
    assert executable.get("net", "w").tolist() == [float(random.unit(w, np.dtype(np.float64))[0]) for w in words]


# ---------------------------------------------------------------- interrupts


def test_an_interrupt_ends_the_run_between_steps() -> None:
    executable = load(ir.lif_fixed_input())

    def interrupt() -> None:
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    done = executable.run(10**7)
    thread.join()
    assert 0 < done < 10**7 and executable.step == done
    fresh = load(ir.lif_fixed_input())
    fresh.run(done)
    assert np.array_equal(fresh.get("cells", "v"), executable.get("cells", "v"))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
