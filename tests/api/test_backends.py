"""One program on two backends: the same numbers, from the Python interface, plastc and compiled directories."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import plastlang as pl
from plastlang import cli, driver
from tests.api.networks import learning
from tests.api.test_checkpoints import same
from tests.cli.test_plastc import NETWORK


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_run_to_the_last_bit(threads: int) -> None:
    reference, compiled = learning("reference"), learning("c", threads)
    for model in (reference, compiled):
        model.run("30 ms")
    same(reference, compiled)
    assert np.array_equal(reference["outputs"].spikes.times, compiled["outputs"].spikes.times)
    assert np.array_equal(reference["outputs"].spikes.neurons, compiled["outputs"].spikes.neurons)


@pytest.mark.parametrize(("first", "second"), [("c", "reference"), ("reference", "c")])
def test_a_checkpoint_goes_from_one_backend_to_the_other(first: str, second: str, tmp_path: Path) -> None:
    through, start, end = learning(second), learning(first, 2), learning(second, 1, seed=99)
    through.run("20 ms")
    start.run("9 ms")
    end.load(start.save(tmp_path / "c.npz"))
    end.run("11 ms")
    same(through, end)


def test_a_rule_alone_gives_the_same() -> None:
    rng = np.random.default_rng(4)
    made = [
        pl.rules.PairSTDP.compile(4, 3, np.repeat(np.arange(4), 3), np.tile(np.arange(3), 4), backend=backend)
        for backend in ("c", "reference")
    ]
    for _ in range(200):
        pre, post = np.flatnonzero(rng.random(4) < 0.2), np.flatnonzero(rng.random(3) < 0.2)
        delivered = [rule.step(pre, post) for rule in made]
        assert np.array_equal(*delivered)
    assert np.array_equal(made[0].w, made[1].w) and np.array_equal(made[0].x, made[1].x)


def test_what_was_compiled_runs_without_any_compiler(tmp_path: Path) -> None:
    file = tmp_path / "small.plast"
    file.write_text(NETWORK)
    built = tmp_path / "built"
    with pytest.raises(SystemExit) as end:
        cli.main(["compile", str(file), "-o", str(built)])
    assert not end.value.code
    code = (
        "import sys, plastlang as pl\n"
        "m = pl.open(sys.argv[1], seed=3, threads=2); m.run('20 ms'); m.save(sys.argv[2])\n"
        "assert 'sympy' not in sys.modules and 'lark' not in sys.modules"
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    bare = {**os.environ, "PATH": str(empty), "CC": "", "XDG_CACHE_HOME": str(empty)}
    path = tmp_path / "c.npz"
    subprocess.run([sys.executable, "-c", code, str(built), str(path)], check=True, env=bare, timeout=60)
    reference = pl.load(file).Small.compile(backend="reference", seed=3)
    again = pl.load(file).Small.compile(backend="reference", seed=3)
    reference.run("20 ms")
    again.load(path)
    same(reference, again)


def test_the_code_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "small.plast"
    file.write_text(NETWORK)
    with pytest.raises(SystemExit) as end:
        cli.main(["emit", "--stage", "code", str(file)])
    assert not end.value.code and "#include" in capsys.readouterr().out


def test_a_closed_model_leaves_its_views_readable() -> None:
    model = learning("c")
    potentials = model["outputs"].v
    before = potentials.copy()
    model.close()
    assert np.array_equal(potentials, before)


def test_plastc_offers_every_stage() -> None:
    assert cli._STAGES == driver.STAGES
