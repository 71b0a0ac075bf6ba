"""plastc from the outside: what it prints, what it writes, how it exits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import plastlang as pl
from plastlang import cli

NETWORK = '''"""A small network."""
import Poisson from "rules:poisson.plast"
import LIF from "rules:lif.plast"
import PairSTDP from "rules:pair_stdp.plast"

network Small:
    """Poisson sources onto two neurons."""
    param n = 10
    dt 0.1 ms
    population inputs = Poisson(rate = 100 Hz * (1 + index)) size n
    population outputs = LIF(v = normal(-60 mV, 5 mV)) size 2
    project ff = inputs -> outputs.exc with PairSTDP(w_max = 200 nS):
        connect all
        w = 100 nS
    record outputs spikes
    record outputs v every 1 ms
    record ff degree every 5 ms
    record ff connectivity every 5 ms
'''
RULE = '''rule Plain:
    """Delivers."""
    synapse w = 1
    on pre spike:
        deliver w
'''


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.plast"
    path.write_text(NETWORK)
    return path


def plastc(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Run plastc in this process: exit code, stdout, stderr."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        cli.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.out + captured.err
    return int(end.value.code or 0), captured.out, captured.err


def test_help_shows_every_command_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = plastc(capsys, "--help")
    assert code == 0
    for command in ("check", "compile", "run", "emit", "explain", "fmt", "rules"):
        assert command in out
        code, shown, _ = plastc(capsys, command, "--help")
        assert code == 0 and "Example" in shown


def test_wrong_usage_is_2(capsys: pytest.CaptureFixture[str], small: Path) -> None:
    wrong = (["runn"], ["run"], ["run", small, "--threads", "0"], ["emit", small], ["run", small, "--set", "n"])
    for arguments in wrong:
        code, _, error = plastc(capsys, *arguments)
        assert code == 2 and error


def test_check(capsys: pytest.CaptureFixture[str], small: Path, tmp_path: Path) -> None:
    assert plastc(capsys, "check", small)[:2] == (0, "1 file fine\n")
    wrong = tmp_path / "wrong.plast"
    wrong.write_text(RULE.replace("deliver w", "deliver ww"))
    code, out, error = plastc(capsys, "check", small, wrong, tmp_path / "none.plast")
    assert code == 1 and out == ""
    assert "ww" in error and "^^" in error and "There is no file" in error
    code, out, _ = plastc(capsys, "check", "--json", wrong)
    told = json.loads(out)
    assert code == 1 and told[0]["line"] == 5 and told[0]["severity"] == "error"
    assert json.loads(plastc(capsys, "check", "--json", small)[1]) == []


def test_run_prints_a_summary_and_writes_files(capsys: pytest.CaptureFixture[str], small: Path, tmp_path: Path) -> None:
    out_dir = tmp_path / "out"
    code, out, error = plastc(
        capsys, "run", small, "--backend", "reference", "--for", "10 ms", "-o", out_dir, "--set", "n=4", "--verbose"
    )
    assert code == 0 and "Small: 10 ms simulated" in out and "ff: 8 synapses, in-degree 4.00" in out
    assert "parse" in out and "times real time" in error
    stored = np.load(out_dir / "recordings.npz")
    assert stored["outputs.v.values"].shape == (10, 2) and stored["ff.degree.times"].tolist() == [0, 5, 10]
    summary = json.loads((out_dir / "summary.json").read_text())
    assert summary["simulated_ms"] == pytest.approx(10) and summary["projections"]["ff"]["synapses"] == 8


def test_run_for_tools_and_in_silence(capsys: pytest.CaptureFixture[str], small: Path) -> None:
    arguments = ("run", small, "--backend", "reference", "--for", "5 ms", "--seed", "3")
    code, out, error = plastc(capsys, *arguments, "--json")
    assert code == 0 and error == ""
    first = json.loads(out)
    assert first["seed"] == 3 and first["populations"]["inputs"] == {"neurons": 10}
    again = json.loads(plastc(capsys, *arguments, "--json")[1])
    assert again["projections"] == first["projections"]
    assert plastc(capsys, *arguments, "--quiet") == (0, "", "")


def test_run_draws(capsys: pytest.CaptureFixture[str], small: Path, tmp_path: Path) -> None:
    out_dir = tmp_path / "out"
    code, out, _ = plastc(capsys, "run", small, "--backend", "reference", "--for", "10 ms", "-o", out_dir, "--plot")
    assert code == 0 and "outputs.spikes.png" in out
    for name in ("outputs.spikes", "outputs.v", "ff.degree", "ff.connectivity"):
        assert (out_dir / f"{name}.png").stat().st_size > 2000


def test_plot_without_matplotlib_is_3(small: Path) -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None; sys.modules['matplotlib.figure'] = None\n"
        "from plastlang.cli import main; main(sys.argv[1:])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "run", str(small), "--plot"], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 3 and "pip install 'plastlang[plot]'" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--for", "-1 s"), 1, "--for must be finite and not negative"),
        (("--for", "3 mV"), 1, "'3 mV' is a voltage (mV), but --for takes a time (ms)"),
        (("--network", "Smal"), 1, "did you mean 'Small'?"),
        (("--set", "m=3"), 1, "m"),
        (("--set", "n=three"), 1, "three"),
        (("--mode", "fast"), 1, "the mode 'fast' is for the backend 'cuda'"),
        (("-o", "/proc/nowhere"), 3, "cannot make the directory"),
    ],
)
def test_run_with_wrong_values(
    capsys: pytest.CaptureFixture[str], small: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    arguments = arguments if "--backend" in arguments else (*arguments, "--backend", "reference")
    found, out, error = plastc(capsys, "run", small, *arguments)
    assert found == code and message in error and out == ""


def test_a_file_without_a_network_cannot_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "rule.plast"
    path.write_text(RULE)
    code, _, error = plastc(capsys, "run", path)
    assert code == 1 and "has no network" in error


def test_the_user_is_never_shown_a_traceback(
    capsys: pytest.CaptureFixture[str], small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr("plastlang.driver.check", fail)
    code, out, error = plastc(capsys, "run", small)
    assert code == 70 and out == "" and "fault of its own (ZeroDivisionError)" in error
    trace = Path(error.split("details are in ")[1].split(";")[0])
    assert "inside" in trace.read_text()
    trace.unlink()


def test_interrupting_a_run_keeps_what_was_recorded(small: Path, tmp_path: Path) -> None:
    out_dir = tmp_path / "out"
    command = [sys.executable, "-m", "plastlang", "run", str(small), "--backend", "reference", "--for", "1000 s"]
    pipe = subprocess.PIPE
    process = subprocess.Popen([*command, "-o", str(out_dir)], stdout=pipe, stderr=pipe, text=True)
    assert process.stderr is not None and process.stderr.readline() == "simulating 1000.00 s\n"  # steps have been done
    os.kill(process.pid, signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert process.returncode == 130 and "(interrupted)" in out and "Traceback" not in error
    assert len(np.load(out_dir / "recordings.npz")["outputs.v.times"]) > 0


@pytest.mark.parametrize(
    ("stage", "part"),
    [
        ("ast", "NetworkDeclaration(name='Small'"), ("checked", "CheckedNetwork("), ("equations", "g_exc"),
        ("ir", "population inputs"), ("schedule", "schedule"),
    ],
)  # fmt: skip
def test_emit(capsys: pytest.CaptureFixture[str], small: Path, stage: str, part: str) -> None:
    code, out, _ = plastc(capsys, "emit", "--stage", stage, small)
    assert code == 0 and part in out
    assert plastc(capsys, "emit", "--stage", stage, small)[1] == out


def test_explain(capsys: pytest.CaptureFixture[str], small: Path) -> None:
    code, out, _ = plastc(capsys, "explain", small)
    assert code == 0 and "exact, lazy" in out and "exponential Euler" in out
    told = json.loads(plastc(capsys, "explain", "--json", small)[1])
    assert {"owner", "variable", "site", "how", "why"} <= set(told[0])


def test_a_file_of_rules_is_explained_rule_by_rule(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What a rule requires of another one, and what a network would have to give, need not be there for that."""
    path = tmp_path / "rules.plast"
    path.write_text(
        RULE + "rule Other:\n    require synapse w: nS\n    param tau: ms\n    pre x = 0\n    synapse q\n"
        "    x' = -x / tau\n    on pre spike:\n        x += 1\n    on post spike:\n        w += 1 nS * x * q\n"
        "neuron Cell:\n    param rate: Hz\n    spike at rate rate\nfn twice(x) = 2 * x\n"
    )
    code, out, _ = plastc(capsys, "explain", path)
    assert code == 0 and [line for line in out.splitlines() if line.endswith("steps of 0.1 ms")] == [
        "rule Plain: steps of 0.1 ms", "rule Other: steps of 0.1 ms", "neuron Cell: steps of 0.1 ms",
    ]  # fmt: skip
    assert "population" not in out.split("neuron Cell")[0] and "exact, lazy" in out
    told = json.loads(plastc(capsys, "explain", "--json", path)[1])
    assert [(item["owner"], item["variable"]) for item in told] == [
        ("Plain", "w"), ("Other", "w"), ("Other", "x"), ("Other", "q"),
    ]  # fmt: skip
    for stage, part in (("equations", "lazy"), ("ir", "population Cell"), ("schedule", "note"), ("code", "Other")):
        code, out, _ = plastc(capsys, "emit", "--stage", stage, path)
        assert code == 0 and part in out
    for command in (("explain",), ("emit", "--stage", "ir"), ("compile", "-o", tmp_path / "out")):
        assert "the network 'X' does not exist" in plastc(capsys, *command, path, "--network", "X")[2]
        assert "has no network" in plastc(capsys, *command, path, "--set", "a=1")[2]
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full, whose writes fail as on a full disk")
@pytest.mark.parametrize("name", ["outputs.v.png", "summary.json", "recordings.npz"])
def test_a_full_disk_is_said(capsys: pytest.CaptureFixture[str], small: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / name).symlink_to("/dev/full")
    code, _, error = plastc(capsys, "run", small, "--backend", "reference", "--for", "2 ms", "-o", out, "--plot")
    assert (code, "No space left" in error) == ((3, True) if name.endswith("png") else (0, False))


def test_files_of_the_library(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, error = plastc(capsys, "check", "pair_stdp.plast")
    assert code == 1 and "the library has one: write `rules:pair_stdp.plast`" in error
    code, out, _ = plastc(capsys, "compile", "rules:pair_stdp.plast")
    assert code == 0 and out.startswith("rules pair_stdp in pair_stdp:")
    assert [path.name for path in tmp_path.iterdir()] == ["pair_stdp"]


def test_a_picture_of_no_kind(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, error = plastc(capsys, "plot", "PairSTDP", "-o", tmp_path / "window.xyz")
    assert code == 1 and "let the name end in .png" in error


def test_fmt(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "rule.plast"
    path.write_text(RULE.replace("w = 1", "w   =   1"))
    assert plastc(capsys, "fmt", "--check", path)[:2] == (1, f"would format {path}\n")
    assert plastc(capsys, "fmt", path)[:2] == (0, f"formatted {path}\n")
    assert path.read_text() == RULE
    assert plastc(capsys, "fmt", "--check", path)[:2] == (0, "")
    path.write_text("rule")
    code, _, error = plastc(capsys, "fmt", path)
    assert code == 1 and "rule.plast" in error and path.read_text() == "rule"


def test_rules(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = plastc(capsys, "rules")
    assert code == 0 and "PairSTDP" in out and "LIF" in out and "TopographicMap" in out
    code, out, _ = plastc(capsys, "rules", "PairSTDP")
    assert code == 0 and "tau_plus = 20 ms" in out and "pair_stdp.plast" in out
    code, out, _ = plastc(capsys, "rules", "TopographicMap")
    assert code == 0 and "Parameters: s" in out
    code, _, error = plastc(capsys, "rules", "PairSTPD")
    assert code == 1 and "did you mean 'PairSTDP'?" in error
    told = json.loads(plastc(capsys, "rules", "PairSTDP", "--json")[1])
    assert told["parameters"][0] == {
        "name": "tau_plus", "default": 20.0, "unit": "ms", "low": 0.0, "high": None, "nonzero": True,
    }  # fmt: skip
    assert {"name": "w", "site": "synapse", "unit": "nS", "required": False} in told["state"]
    assert json.loads(plastc(capsys, "rules", "TopographicMap", "--json")[1])["parameters"] == ["s"]
    assert {entry["name"] for entry in json.loads(plastc(capsys, "rules", "--json")[1])} >= {"LIF", "MapRewiring"}


def test_compile_and_open(capsys: pytest.CaptureFixture[str], small: Path, tmp_path: Path) -> None:
    built = tmp_path / "built"
    code, out, _ = plastc(capsys, "compile", small, "-o", built, "--backend", "reference", "--set", "n=3")
    assert code == 0 and "network Small" in out and "manifest.json" in out
    model = pl.open(built, seed=2)
    model.run("5 ms")
    other = pl.load(small).Small(n=3).compile(backend="reference", seed=2)
    other.run("5 ms")
    assert model["inputs"].rate.tolist() == pytest.approx([0.1, 0.2, 0.3])
    assert np.array_equal(model["outputs"].v, other["outputs"].v) and np.array_equal(model["ff"].w, other["ff"].w)
    other.load(model.save(tmp_path / "c.npz"))
    assert set(model.recordings) == set(other.recordings)


def test_opening_needs_no_compiler(capsys: pytest.CaptureFixture[str], small: Path, tmp_path: Path) -> None:
    built = tmp_path / "built"
    plastc(capsys, "compile", small, "-o", built, "--backend", "reference")
    code = (
        "import sys, plastlang as pl; m = pl.open(sys.argv[1]); m.run('1 ms')\n"
        "print([name for name in ('sympy', 'lark', 'pint') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code, str(built)], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_opening_what_is_damaged(capsys: pytest.CaptureFixture[str], small: Path, tmp_path: Path) -> None:
    built = tmp_path / "built"
    with pytest.raises(pl.PlastError, match=r"holds no manifest.json; make it with: plastc compile"):
        pl.open(tmp_path)
    plastc(capsys, "compile", small, "-o", built, "--backend", "reference")
    program = (built / "program.ir").read_text()
    (built / "program.ir").write_text(program + "\n")
    with pytest.raises(pl.PlastError, match=r"program.ir was changed; run plastc compile again"):
        pl.open(built)
    (built / "program.ir").unlink()
    with pytest.raises(pl.PlastError, match=r"program.ir is missing"):
        pl.open(built)
    manifest = json.loads((built / "manifest.json").read_text())
    (built / "manifest.json").write_text(json.dumps(manifest | {"version": "0.0.1"}))
    with pytest.raises(pl.PlastError, match=r"was written by plastlang 0.0.1"):
        pl.open(built)
    for text in ("{", "[]", '{"format": 1}', "\x00"):
        (built / "manifest.json").write_text(text)
        with pytest.raises(pl.PlastError):
            pl.open(built)


def test_a_library_that_is_cut_off_is_not_loaded(
    capsys: pytest.CaptureFixture[str], small: Path, tmp_path: Path
) -> None:
    """Loading it would work, and calling what is not there would end the process."""
    plastc(capsys, "compile", small, "-o", tmp_path / "built")
    (library,) = (tmp_path / "built").glob("model*.so")
    library.write_bytes(library.read_bytes()[:5000])
    with pytest.raises(pl.PlastError, match=r"model-\w+\.so was changed; run plastc compile again"):
        pl.open(tmp_path / "built")


def test_a_file_of_rules_is_compiled_to_a_library(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "base.plast").write_text(RULE)
    path = tmp_path / "rules.plast"
    path.write_text('import Plain from "base.plast"\n' + RULE.replace("Plain", "Own"))
    code, out, _ = plastc(capsys, "compile", path, "-o", tmp_path / "built")
    assert code == 0 and "rules rules" in out
    path.unlink()
    (tmp_path / "base.plast").unlink()
    library = pl.open(tmp_path / "built")
    for name in ("Plain", "Own"):
        rule = getattr(library, name).compile(1, 1, [0], [0], backend="reference")
        assert rule.step(pre=[0]).tolist() == [1]
