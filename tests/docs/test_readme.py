"""What README.md shows works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import plastlang as pl
from plastlang.cli import plastc
from tests.docs.blocks import ROOT, blocks

README = blocks("README.md")


def test_the_rules_load() -> None:
    (text,) = [block.text for block in README if block.kind == "plast"]
    library = pl.load(text)
    assert (library.PairSTDP.name, library.Replace.name) == ("PairSTDP", "Replace")


def test_the_python_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (text,) = [block.text for block in README if block.kind == "python"]
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(text, "README.md", "exec"), names)
    output = capsys.readouterr().out
    weight = float(output.split()[0])
    assert 0 < weight < 0.4
    assert int(re.findall(r"(\d+) spikes", output)[0]) > 0
    assert (tmp_path / "run.npz").exists()


def test_every_plastc_command_exists() -> None:
    lines = [line for block in README for line in block.text.splitlines() if line.startswith("plastc ")]
    assert len(lines) >= 5
    for line in lines:
        _, command, *rest = shlex.split(line, comments=True)
        options = {option for parameter in plastc.commands[command].params for option in parameter.opts}
        assert options >= {word for word in rest if word.startswith("-")}, line


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    pages = [*README, *blocks("CONTRIBUTING.md")]
    lines = [line for block in pages for line in block.text.splitlines() if line.startswith("make ")]
    assert lines[0].startswith("make demo")
    for line in lines:
        assert f"\n{line.split()[1]}:" in makefile, line


def test_ci_runs_what_the_readme_says() -> None:
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1] == "exec make test"


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_linked_file_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target


def test_every_path_in_the_architecture_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:plastlang|backends|grammar|rules|docs|tests)/[\w/.]*)`", text)
    assert len(paths) > 10
    for path in paths:
        assert (ROOT / path).exists(), path
