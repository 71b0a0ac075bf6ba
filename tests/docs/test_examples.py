"""The examples run and say what they ought to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.docs.blocks import ROOT


def run(name: str, *arguments: str, cwd: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "examples" / name), *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_topographic_map(tmp_path: Path) -> None:
    output = run("topographic_map.py", "--for", "3", "--out", "figures", cwd=tmp_path)
    assert "in-degree, feed-forward" in output
    assert "times real time" in output
    for name in ("profiles", "receptive_fields", "edits", "degrees"):
        assert (tmp_path / "figures" / f"{name}.png").stat().st_size > 5000


def test_own_rule_conserves_the_number_of_synapses(tmp_path: Path) -> None:
    output = run("own_rule.py", cwd=tmp_path)
    sentence = r"(\d+) synapses at the start, (\d+) at the end, (\d+) moved"
    before, after, moved = map(int, re.findall(sentence, output)[0])
    assert before == after
    assert moved > 0


def test_standalone_rule(tmp_path: Path) -> None:
    output = run("standalone_rule.py", cwd=tmp_path)
    assert int(re.findall(r"(\d+) post spikes", output)[0]) > 0
