"""Programs that were built before are read back; what cannot be read is built anew."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from plastlang import driver, kept
from plastlang.backends.c.emit import emit
from plastlang.backends.c.emitted import emitted
from plastlang.diagnostics import PlastError, Source
from plastlang.frontend.checked import CheckedModule, CheckedNetwork
from plastlang.frontend.sources import read_source

TEXT = """
import SpikeTimes from "rules:spike_times.plast"
import LIF from "rules:lif.plast"
import PairSTDP from "rules:pair_stdp.plast"
network Net:
    param weight = 0.5 nS
    dt 0.1 ms
    population a = SpikeTimes() size 3
    population b = LIF() size 2
    project p = a -> b.exc with PairSTDP(w = weight):
        connect all
"""
#: What takes long to load, and what a warm start does without.
HEAVY = (
    "sympy", "lark", "pint", "plastlang.frontend.check", "plastlang.frontend.networks", "plastlang.backends.c.emit"
)  # fmt: skip
LOADED = f"\nprint(built.identity, *({{*{HEAVY}}} & sys.modules.keys()))\n"
AGAIN = """
import sys
from plastlang import driver
from plastlang.backends.interface import Options
from plastlang.diagnostics import Source
built = driver.build(driver.elaborate(driver.check(Source("<text>", sys.stdin.read()))))
driver.load(built, "c", Options())
"""
IN_PYTHON = """
import sys
import plastlang as pl
from plastlang import driver
net = pl.Network(seed=1)
inputs = net.population(pl.rules.Poisson, 10, rate="15 Hz")
outputs = net.population(pl.rules.LIF, 3, name="out")
net.connect(inputs, outputs.exc, pl.rules.PairSTDP(w="1 nS"), pl.all_to_all())
net.compile().step()
built = driver.build(net.checked())
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLASTLANG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def network(text: str = TEXT, **parameters: object) -> CheckedNetwork:
    return driver.elaborate(driver.check(Source("<text>", text)), parameters=parameters)


@pytest.mark.parametrize("code", [AGAIN, IN_PYTHON], ids=["a file", "a network made in Python"])
def test_another_process_reads_what_was_made_and_needs_little(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLASTLANG_CFLAGS", "-O0")
    said = []
    for hash_seed in ("0", "1", "2"):  # nothing depends on the order of sets
        done = subprocess.run(
            [sys.executable, "-c", code + LOADED], input=TEXT, capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
        )  # fmt: skip
        said.append(done.stdout.split())
    assert len(said[0]) == len(HEAVY)  # a name and all but pint
    assert said[1] == said[2] == said[0][:1]


def test_a_module_is_read_back_until_what_it_imports_changes(tmp_path: Path) -> None:
    (tmp_path / "rule.plast").write_text("const w0 = 1 nS\n")
    (tmp_path / "all.plast").write_text('import w0 from "rule.plast"\nconst w1 = 2 * w0\n')
    source = read_source(tmp_path / "all.plast")

    def checked() -> CheckedModule:
        return driver.check(source)

    first = checked()
    assert checked() == first and checked().made_from == first.made_from != ""
    assert checked().consts["w1"] is not first.consts["w1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("plastlang.frontend.check.check_recovered", lambda *_: pytest.fail("checked again"))
        assert checked() == first
    (tmp_path / "rule.plast").write_text("const w0 = 3 nS\n")
    assert checked().consts["w1"].value.value == 6 and checked().made_from != first.made_from
    (tmp_path / "rule.plast").unlink()
    with pytest.raises(PlastError, match="does not exist"):
        checked()
    (tmp_path / "rule.plast").write_text("const w0 = 1 nS\n")
    assert checked() == first


def test_warnings_are_kept() -> None:
    text = TEXT.replace("param weight = 0.5 nS", "param weight = 0.5 nS, unused = 1")
    first, second = (driver.check(Source("<text>", text)).warnings for _ in range(2))
    assert first == second and "unused" in first[0].message and first[0].span == second[0].span


def test_values_of_other_kinds_are_not_kept(own_cache: Path) -> None:
    module = driver.check(Source("<text>", TEXT))
    assert driver.elaborate(module, parameters={"weight": 0.5}) == driver.elaborate(module)
    count = len(list(own_cache.glob("*.network")))
    assert count == 2
    driver.elaborate(module, parameters={"weight": np.float64(0.25)})
    with pytest.raises(PlastError):
        driver.elaborate(module, parameters={"weight": True})
    with pytest.raises(PlastError):
        driver.elaborate(module, parameters={"weight": "1 mV"})
    assert len(list(own_cache.glob("*.network"))) == count


def test_what_is_read_back_is_what_was_built() -> None:
    first = driver.build(network())
    second = driver.build(network())
    assert second == first and second.lowered is not first.lowered


def test_another_value_or_text_is_another_program() -> None:
    names = {kept.key(network()), kept.key(network(weight="0.6 nS")), kept.key(network("# a line more\n" + TEXT))}
    assert len(names) == 3


@pytest.mark.parametrize("damage", [b"", b"not a pickle", b"\x80\x04N."])
def test_a_damaged_entry_is_made_anew(own_cache: Path, damage: bytes) -> None:
    first = driver.build(network())
    emitted(first.scheduled, "single")
    entries = {path: path.read_bytes() for path in own_cache.iterdir()}
    assert {path.suffix for path in entries} == {".module", ".network", ".program", ".emitted"}
    for path in entries:
        path.write_bytes(damage)
    assert driver.build(network()) == first
    assert emitted(first.scheduled, "single").source == emit(first.scheduled, "single").source
    assert all(path.stat().st_size > len(damage) for path in entries)


def test_a_failed_write_is_done_without_and_leaves_nothing(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert driver.build(network()) == driver.build(network())
    assert not list(own_cache.iterdir())


def test_a_cache_that_cannot_be_written_is_done_without(own_cache: Path) -> None:
    own_cache.write_text("a file where the directory should be")
    assert driver.build(network()) == driver.build(network())
