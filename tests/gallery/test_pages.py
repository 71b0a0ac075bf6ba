"""Pages, and the commands that make pages and pictures."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from typing import Any

import pytest

from plastlang import library
from plastlang.cli import main
from plastlang.diagnostics import Source
from plastlang.frontend import ast
from plastlang.frontend.parse import parse
from plastlang.gallery.events import events
from plastlang.gallery.latex import equations, expression, name_text
from plastlang.gallery.pages import page_text
from plastlang.gallery.subject import subject

PNG = b"\x89PNG"


def plastc(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("a + b * c", r"a + b\, c"),
        ("(a + b) * 2", r"\left(a + b\right) \cdot 2"),
        ("-x / tau_m", r"\frac{-x}{\tau_{\mathrm{m}}}"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("(a + b) ** 2", r"\left(a + b\right)^{2}"),
        ("exp(-d / 20 ms)", r"\exp\left(\frac{-d}{20\,\mathrm{ms}}\right)"),
        ("1.5e-3 * x", r"1.5 \cdot 10^{-3}\, x"),
        ("x@before", r"x^{-}"),
        ("post.v", r"v^{\mathrm{post}}"),
        ("sqrt(abs(x))", r"\sqrt{\left|x\right|}"),
        ("a if x >= 3 else b", r"\begin{cases} a & \text{if } x \ge 3 \\ b & \text{otherwise} \end{cases}"),
    ],
)
def test_latex(text: str, latex: str) -> None:
    tree = parse(Source("<test>", f"const k = {text}\n"))
    (declared,) = tree.declarations
    assert isinstance(declared, ast.ConstDeclaration) and expression(declared.value) == latex


def test_names() -> None:
    assert [name_text(n) for n in ("x", "tau_plus", "w_max", "g_leak_exc")] == [
        "x", r"\tau_{\mathrm{plus}}", r"w_{\mathrm{max}}", r"g_{\mathrm{leak,exc}}",
    ]  # fmt: skip


def test_a_page_says_what_the_file_says() -> None:
    of = subject("PairSTDP")
    text = page_text(of, "PairSTDP.png")
    assert equations(of.tree)[0] == r"\frac{d x}{dt} = \frac{-x}{\tau_{\mathrm{plus}}}"
    for part in (
        "# PairSTDP\n", "Song, Miller & Abbott", "![What PairSTDP does](PairSTDP.png)",
        r"| $\tau_{\mathrm{plus}}$ | `tau_plus` | 20 ms | above 0 ms |", "| $w$ | `w` | nS | per synapse |",
        "```plast\nrule PairSTDP:", 'import PairSTDP from "rules:pair_stdp.plast"',
    ):  # fmt: skip
        assert part in text


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("PairSTDP", [
            "- When a spike of the source arrives:", "    - the target receives $w$",
            r"    - $w \leftarrow w - a_{\mathrm{minus}}\, w_{\mathrm{max}}\, y$", "- When the target fires:",
        ]),
        ("MapRewiring", [
            r"- Every $1\,\mathrm{ms}$:", r"    - $\mathrm{attempts}$ pairs are drawn uniformly; for each:",
            "        - if there is a synapse:", "        - otherwise:",
            r"                - $g \leftarrow g_{\mathrm{max}}$",
        ]),
        ("SET", [r"    - $n$ synapses with the smallest $\left|w\right|$ go",
                 "    - $n$ synapses are made, places drawn uniformly:"]),
        ("DeepR", [
            r"- At the signal `update` with $\mathrm{examples}$:",
            r"    - all synapses with $w\, \mathrm{place} < 0$ go; $n$ is their number",
        ]),
        ("LIF", ["- When it fires:", r"    - $v$ keeps its value for $t_{\mathrm{ref}}$"]),
    ],
)  # fmt: skip
def test_events_are_in_words(name: str, lines: list[str]) -> None:
    of = subject(name)
    shown = page_text(of, "").splitlines()
    assert [line for line in lines if line not in shown] == []


def test_every_page_of_the_library_has_all_its_events() -> None:
    for entry in library.index().values():
        if entry.kind != "network":
            of = subject(entry.name)
            blocks = [m for m in of.tree.members if isinstance(m, ast.BlockDeclaration)]
            assert len([line for line in events(of.tree) if line.startswith("- ")]) >= len(blocks), entry.name


def test_doc(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = plastc(capsys, "doc", "PairSTDP", "Static", "--out", tmp_path / "pages")
    pages = tmp_path / "pages"
    assert code == 0 and "Static.md (no picture)" in out
    assert (pages / "PairSTDP.png").read_bytes().startswith(PNG) and not (pages / "Static.png").exists()
    index = (pages / "README.md").read_text()
    assert "[PairSTDP](PairSTDP.md)" in index and "[Static](Static.md)" in index
    assert "nothing of it changes that could be drawn" in (pages / "Static.md").read_text()


def test_a_wrong_name_writes_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = plastc(capsys, "doc", "PairSTDP", "Nothing", "--out", tmp_path / "pages")
    assert code == 1 and "Nothing" in err and not (tmp_path / "pages").exists()


def test_plot_and_compare(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert plastc(capsys, "plot", "PairSTDP(a_plus = 0.02)")[:2] == (0, "PairSTDP_a_plus_0_02.png\n")
    assert plastc(capsys, "compare", "PairSTDP", "NearestPairSTDP", "-o", "both.png")[0] == 0
    for name in ("PairSTDP_a_plus_0_02.png", "both.png"):
        assert Path(name).read_bytes().startswith(PNG)


def test_what_cannot_be_drawn(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = plastc(capsys, "plot", "Static", "-o", tmp_path / "s.png")
    assert code == 1 and "Static changes nothing alone that could be drawn" in err
    code, _, err = plastc(capsys, "plot", "PairSTDP", "-o", tmp_path / "missing" / "s.png")
    assert code == 3 and "cannot be written" in err


def test_without_matplotlib(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.split(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *rest, **named)

    for name in [n for n in sys.modules if n.startswith(("matplotlib", "plastlang.gallery.drawing"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "plastlang.analysis.figures", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    code, _, err = plastc(capsys, "plot", "PairSTDP", "-o", tmp_path / "p.png")
    assert code == 3 and "pip install 'plastlang[plot]'" in err
