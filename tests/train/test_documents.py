"""docs/training.md shows what works, names what there is, and its benchmarks run on small networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import plastlang as pl
from benchmarks import training_report, training_speed
from tests.docs.blocks import ROOT, blocks

PAGE = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (text,) = [block.text for block in blocks("docs/training.md") if block.kind == "python"]
    monkeypatch.chdir(tmp_path)
    exec(compile(text, "docs/training.md", "exec"), {})
    assert "synapses moved" in capsys.readouterr().out and (tmp_path / "training.npz").exists()


@pytest.mark.parametrize("file", ["eprop_neurons", "eprop", "optimisers", "deep_r", "classifier"])
def test_every_rule_is_named(file: str) -> None:
    library = pl.load(ROOT / "rules" / f"{file}.plast")
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `rules/{file}.plast`"))
    source = (ROOT / "rules" / f"{file}.plast").read_text("utf-8")
    own = [
        line.split()[1].rstrip(":") for line in source.splitlines() if line.startswith(("rule ", "neuron ", "network "))
    ]
    assert own and all(f"`{name}`" in row and hasattr(library, name) for name in own)


RUNS = [
    {
        "task": "digits", "kind": kind, "connectivity": p, "seed": seed, "accuracy": accuracy,
        "synapses": {"from_source": 80, "recurrent": 160}, "moved": {"from_source": [3, 4]} if moves else {},
    }
    for kind, p, seed, accuracy, moves in [
        ("Classifier", 1.0, 0, 0.97, 0), ("Classifier", 1.0, 1, 0.95, 0), ("Classifier", 0.01, 0, 0.80, 0),
        ("Classifier", 0.01, 1, 0.82, 0), ("Classifier", 0.01, 2, 0.90, 0), ("RewiringClassifier", 0.01, 0, 0.82, 1),
        ("RewiringClassifier", 0.01, 1, 0.85, 1),
    ]
]  # fmt: skip


def test_the_table_of_accuracies() -> None:
    table = training_report.collect(training_report.record(RUNS))
    found = training_report.paired(table["digits", 0.01]["static"], table["digits", 0.01]["DEEP R"])
    assert found.differences == pytest.approx([0.02, 0.03])
    assert found.p == pytest.approx(2 * (0.5 - np.arctan(5) / np.pi))  # t = 5 at one degree of freedom
    rows = training_report.lines(table).splitlines()[2:]
    assert rows[0] == (
        "| digits | 1% | 84.0 ± 5.3 % (n = 3) | 83.5 ± 2.1 % (n = 2) | +2.5 points, p = 0.13 (n = 2)"
        " | -12.5 points, p = 0.13 (n = 2) |"
    )
    assert rows[1] == "| digits | dense | 96.0 ± 1.4 % (n = 2) |  |  |  |"


def test_the_record_of_accuracies() -> None:
    rows = training_report.record(RUNS).splitlines()
    assert rows[0] == "task,connectivity,kind,seed,input synapses,recurrent synapses,moved,accuracy"
    assert rows[1] == "digits,0.01,DEEP R,0,80,160,7,0.82" and rows[-1] == "digits,1.0,dense,1,80,160,0,0.95"
    assert len(rows) == 1 + len(RUNS)


def test_the_table_in_the_document_is_that_of_the_record() -> None:
    table = training_report.collect(training_report.RECORD.read_text("utf-8"))
    assert training_report.lines(table) in PAGE
    for task in ("digits", "yin-yang"):
        for p, kinds in [*((p, ("static", "DEEP R")) for p in (0.01, 0.05, 0.1)), (1.0, ("dense",))]:
            assert all(len(table[task, p][kind]) >= 5 for kind in kinds), f"{task} at {p}: fewer than five seeds"


def test_the_speed_of_small_networks() -> None:
    chosen = (training_speed.CONDITIONS[0], training_speed.CONDITIONS[3])
    found = training_speed.measure("digits", chosen, steps=10, batch=2, repeats=2, hidden=16)
    assert found[0].synapses == 700 * 16 + 16 * 16 and found[1].synapses < 0.03 * found[0].synapses
    assert all(len(timing.seconds) == 2 for timing in found)
    rows = training_speed.table(found).splitlines()
    assert len(rows) == 4 and rows[2].endswith("| 1.0 (1.0 .. 1.0) |")


def test_what_a_dense_network_moves() -> None:
    """Between an update alone and walks through all synapses in every step."""
    least = training_speed.least_bytes("digits", 20, 4, hidden=8)
    synapses = 708 * 8
    assert synapses * 64 < least < synapses * (64 + 20 * 72)
    rows = training_speed.recurrent_rows("digits", 20, 4, hidden=8)
    assert 0 < rows < 20 * 8
    assert training_speed.least_bytes("digits", 20, 4, 8, rows) == least + rows * 8 * (16 * 4 + 8)


def test_a_python_without_torch_is_an_error(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(SystemExit, match="has no PyTorch that works"):
        training_speed.torch(str(python), "eprop", "digits", 2, 2, 1)


def test_generated_events_have_their_rate() -> None:
    """20 Hz on average; the sum of 200 x 500 x 8 draws, five standard errors."""
    examples = training_speed.events(200, 4, 20.0, 500, 8)
    count = sum(len(np.asarray(example.neurons)) for example in examples)
    assert abs(count - 0.02 * 200 * 500 * 8) < 5 * np.sqrt(0.02 * 200 * 500 * 8)
    assert [example.target for example in examples] == [0, 1, 2, 3, 0, 1, 2, 3]
