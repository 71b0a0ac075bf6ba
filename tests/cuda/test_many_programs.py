"""The long profile itself: it records, goes on where it ended, and keeps what fails as a program that is small."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cross.script import Script
from tests.cross.versus import Disagreement
from tests.cuda import many_programs
from tests.cuda.emulator import build
from tests.cuda.many_programs import Case, cases, main
from tests.cuda.test_kernels import compiler
from tests.programs.running import built


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_programs, "PART", 4)
    for name in ("CC", "PLASTLANG_CFLAGS", many_programs.VARIABLE):  # the profile sets them
        monkeypatch.setenv(name, os.environ.get(name, ""))


def lines(into: Path) -> list[tuple[int, int, int, int]]:
    text = (into / "record.jsonl").read_text("utf-8")
    return [(x["from"], x["to"], x["programs"], x["failed"]) for x in map(json.loads, text.splitlines())]


def test_programs_have_numbers() -> None:
    assert cases(1) == cases(1) and len(cases(1)) == many_programs.PART
    assert cases(1) != cases(5)


def test_all_three_agree_and_it_is_recorded(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["1", "2", "--into", str(tmp_path)]) == 0
    assert lines(tmp_path) == [(1, 2, 1, 0)] and "1 programs in all, 0 failed" in capfd.readouterr().out
    assert main(["0", "3", "--into", str(tmp_path)]) == 0
    assert lines(tmp_path)[1:] == [(0, 1, 1, 0), (2, 3, 1, 0)]
    assert not [path for path in tmp_path.rglob("*.so") if not path.name.startswith("engine-")]


def test_kernels_run_as_ptx(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [case.machine.variant for case in cases(0, ptx=True)] == ["ptx"] * 4
    compiler("nvrtc")
    assert main(["0", "1", "--ptx", "--into", str(tmp_path)]) == 0 and lines(tmp_path) == [(0, 1, 1, 0)]
    monkeypatch.setattr(build, "compilers", tuple)
    build.nvrtc.cache_clear()
    assert main(["0", "1", "--ptx", "--into", str(tmp_path)]) == 3
    assert "the PTX is made by NVRTC, which is not installed" in capsys.readouterr().out


def test_what_fails_is_shrunk_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def agree(case: Case, *_: object) -> None:
        if "    delay" in case.text:
            raise Disagreement("a delay")

    monkeypatch.setattr(many_programs, "agree", agree)
    monkeypatch.setattr(many_programs.Preparing, "begin", lambda self, number, case: (None, []))
    monkeypatch.setattr(many_programs, "SHRINKING", 2)
    assert main(["0", "4", "--into", str(tmp_path)]) == 1
    failed = sorted((tmp_path / "failed").glob("*.plast"))
    expected = [number for number, case in enumerate(cases(0)) if "    delay" in case.text]
    assert [int(path.stem) for path in failed] == expected and lines(tmp_path) == [(0, 4, 4, len(expected))]
    kept = failed[0].read_text("utf-8")
    assert Script.read(kept.splitlines()[0]).actions and kept.splitlines()[1] == "# a delay"
    assert "    delay" in kept and built(kept)
    assert sum(len(path.read_text("utf-8")) for path in failed) < sum(len(str(cases(0)[k])) for k in expected)


def test_a_crash_is_a_finding_and_does_not_end_the_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = cases(0)[1]

    def finish(self: object, number: int, begun: object, case: Case) -> str:
        return "" if case != second else os._exit(9)  # type: ignore[func-returns-value]

    monkeypatch.setattr(many_programs.Preparing, "begin", lambda self, number, case: (None, []))
    monkeypatch.setattr(many_programs.Preparing, "finish", finish)
    assert main(["0", "4", "--into", str(tmp_path)]) == 1
    assert lines(tmp_path) == [(0, 2, 2, 1), (2, 4, 2, 0)]
    kept = (tmp_path / "failed" / "000001.plast").read_text("utf-8")
    assert second.text in kept and "ended with status" in kept
