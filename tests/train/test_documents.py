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


def test_the_table_of_accuracies() -> None:
    runs = [
        {"task": "digits", "kind": kind, "connectivity": p, "seed": seed, "accuracy": accuracy}
        for kind, p, seed, accuracy in [
            ("Classifier", 1.0, 0, 0.97), ("Classifier", 0.01, 0, 0.80), ("Classifier", 0.01, 1, 0.82),
            ("Classifier", 0.01, 2, 0.90), ("RewiringClassifier", 0.01, 0, 0.82), ("RewiringClassifier", 0.01, 1, 0.85),
        ]
    ]  # fmt: skip
    table = training_report.collect(runs)
    differences, p = training_report.paired(table["digits", 0.01]["static"], table["digits", 0.01]["DEEP R"])
    assert differences == pytest.approx([0.02, 0.03])
    assert p == pytest.approx(2 * (0.5 - np.arctan(5) / np.pi))  # t = 5 at one degree of freedom
    rows = training_report.lines(table).splitlines()[2:]
    assert rows[0] == "| digits | 1% | 84.0 ± 5.3 % (n = 3) | 83.5 ± 2.1 % (n = 2) | +2.5 points | 0.13 |"
    assert rows[1] == "| digits | 100% | 97.0 % (n = 1) |  |  |  |"


def test_the_speed_of_small_networks() -> None:
    found = [
        training_speed.measure("digits", condition, steps=10, batch=2, repeats=1, hidden=16)
        for condition in (training_speed.CONDITIONS[0], training_speed.CONDITIONS[3])
    ]
    assert found[0].synapses == 700 * 16 + 16 * 16 and found[1].synapses < 0.03 * found[0].synapses
    rows = training_speed.table(found).splitlines()
    assert len(rows) == 4 and rows[2].endswith("| 1.0 |")


def test_generated_events_have_their_rate() -> None:
    """20 Hz on average; the sum of 200 x 500 x 8 draws, five standard errors."""
    examples = training_speed.events(200, 4, 20.0, 500, 8)
    count = sum(len(np.asarray(example.neurons)) for example in examples)
    assert abs(count - 0.02 * 200 * 500 * 8) < 5 * np.sqrt(0.02 * 200 * 500 * 8)
    assert [example.target for example in examples] == [0, 1, 2, 3, 0, 1, 2, 3]
