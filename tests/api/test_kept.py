"""Programs that were built before are read back; what cannot be read is built anew."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plastlang import driver, kept
from plastlang.diagnostics import Source
from plastlang.frontend.checked import CheckedNetwork

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
AGAIN = """
import sys
from plastlang import driver
from plastlang.diagnostics import Source
built = driver.build(driver.elaborate(driver.check(Source("<text>", sys.stdin.read()))))
print(built.identity, "sympy" in sys.modules)
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLASTLANG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def network(text: str = TEXT, **parameters: object) -> CheckedNetwork:
    return driver.elaborate(driver.check(Source("<text>", text)), parameters=parameters)


def test_another_process_reads_the_program_and_needs_no_sympy() -> None:
    built = driver.build(network())
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", AGAIN], input=TEXT, capture_output=True, text=True, check=True, env=os.environ
        )
        assert done.stdout.split() == [built.identity, "False"]


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
    (entry,) = own_cache.glob("*.program")
    entry.write_bytes(damage)
    assert driver.build(network()) == first
    assert kept.find(entry.stem) is not None


def test_a_failed_write_is_done_without_and_leaves_nothing(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert driver.build(network()) == driver.build(network())
    assert not list(own_cache.iterdir())


def test_a_cache_that_cannot_be_written_is_done_without(own_cache: Path) -> None:
    own_cache.write_text("a file where the directory should be")
    assert driver.build(network()) == driver.build(network())
