"""The example and the notebook run, on few epochs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.docs.test_examples import run

ROOT = Path(__file__).parents[2]
pytest.importorskip("sklearn", reason="scikit-learn (plastlang[train]) is not installed, so there are no digits")


def test_digits(tmp_path: Path) -> None:
    first = run("train_digits.py", "--epochs", "1", "--hidden", "40", cwd=tmp_path)
    before, after = map(int, re.findall(r"(\d+) input synapses at the start, (\d+) at the end", first)[0])
    assert before == after > 50
    assert float(re.findall(r"never seen: ([\d.]+)%", first)[0]) > 20
    assert (tmp_path / "out" / "train_digits.png").stat().st_size > 5000
    again = run("train_digits.py", "--epochs", "1", "--hidden", "40", cwd=tmp_path)
    assert again.splitlines()[1:] == first.splitlines()[1:]  # it goes on from where it was: it had ended


def test_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib = pytest.importorskip("matplotlib", reason="matplotlib (plastlang[plot]) is not installed")
    matplotlib.use("agg")
    cells = json.loads((ROOT / "examples" / "train_digits.ipynb").read_text("utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert all(not cell.get("outputs") for cell in cells)
    names: dict[str, object] = {}
    for text in code:
        text = text.replace("EPOCHS = 8", "EPOCHS = 1").replace("examples[:1347]", "examples[:200]")
        exec(compile(text.replace("held_out, callbacks", "held_out[:50], callbacks"), "notebook", "exec"), names)
    assert len(names["history"]) == 1  # type: ignore[arg-type]
    matplotlib.pyplot.close("all")
