"""benchmarks/gpu.py at small size on the emulator: that it does all it says; its figures mean nothing here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import gpu
from plastlang.backends.cuda import backend as cuda
from tests.cuda.emulator import EmulatedDevice


@pytest.fixture(autouse=True)
def emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    device = EmulatedDevice(checked=False)
    real = device.compile

    def exact(source: str, precision: str, mode: str = "deterministic") -> object:
        return real(source, precision)  # the emulator has no fast mode

    monkeypatch.setattr(device, "compile", exact)
    monkeypatch.setattr(cuda, "_device", device)


def test_no_bit_differs() -> None:
    table = gpu.bits(["poisson_stdp", "rewiring_slots"], steps=20)
    assert [row[:3] for row in table.rows] == [
        (name, precision, "0") for name in ("poisson_stdp", "rewiring_slots") for precision in ("single", "double")
    ]
    assert all(int(row[3]) > 1000 for row in table.rows)


def test_bits_that_differ_are_counted() -> None:
    value = np.array([1.0, np.nan, 3.0], np.float32)
    other = value.copy()
    other[2] = np.nextafter(np.float32(3), np.float32(4))
    assert gpu.different_bits({"a": value}, {"a": other}) == (1, 96)
    assert gpu.different_bits({"a": value}, {"a": other[:2]}) == (96, 96)
    assert gpu.different_bits({"a": np.int64(1), "b": np.array("x")}, {"a": np.int64(2), "b": np.array("y")}) == (2, 64)


def test_the_map_and_its_parts() -> None:
    table = gpu.map_table([1], biological=0.01, profiled=10, copied=1 << 16)  # rewiring is due once in 10 steps
    row = dict(zip(table.head, table.rows[0], strict=True))
    assert row["s"] == "1" and 1000 < float(row["synapses"]) < 20_000
    shares = [int(row[name].removesuffix(" %")) for name, _ in gpu.SHARES]
    assert 95 <= sum(shares) <= 105 and row["rewiring and blocks"] != "0 %"


def test_a_scale_without_memory_is_a_row_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = gpu.measure

    def measure(model: Any, *rest: Any) -> gpu.Timing:
        if model["retina"].size > 256:
            raise gpu.pl.MachineError("the GPU has too little memory")
        return real(model, *rest)

    monkeypatch.setattr(gpu, "measure", measure)
    table = gpu.map_table([1, 2], biological=0.001, profiled=1, copied=1 << 16)
    assert [len(row) for row in table.rows] == [len(table.head)] * 2
    assert table.rows[1][:3] == ("2", "deterministic", "the GPU has too little memory")


def test_what_is_known_is_written_before_the_next_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*given: Any) -> gpu.Table:
        raise gpu.pl.MachineError("no memory")

    def stopped(*given: Any) -> gpu.Table:
        raise KeyboardInterrupt

    monkeypatch.setattr(gpu, "TARGET", tmp_path / "gpu.md")
    monkeypatch.setattr(gpu, "bits", lambda: gpu.Table("Bits", "", ("a",), (("1",),)))
    monkeypatch.setattr(gpu, "balanced_table", broken)
    monkeypatch.setattr(gpu, "training_table", stopped)
    monkeypatch.setattr(gpu.sys, "argv", ["gpu.py", "bits", "balanced", "training"])
    with pytest.raises(KeyboardInterrupt):
        gpu.main()
    assert gpu.TARGET.read_text("utf-8").endswith("| 1 |\n\n## Balanced\n\n\n| not done |\n|---|\n| no memory |\n")


def test_the_balanced_network() -> None:
    table = gpu.balanced_table(neurons=200, synapses=20, biological=0.01, profiled=3)
    assert [row[0] for row in table.rows] == ["deterministic", "fast"]
    assert 2000 < float(table.rows[0][1]) < 6000


def test_training() -> None:
    table = gpu.training_table(batch=2, steps=3, repeats=1, hidden=8, tasks=["digits"], conditions=2)
    assert [row[:2] for row in table.rows] == [("700-8-20", "dense"), ("700-8-20", "static 1 %")]
    assert table.rows[0][2:] == (str(708 * 8), table.rows[0][3], "1.0 (1.0 .. 1.0)")
    assert all(float(row[3]) > 0 for row in table.rows) and float(table.rows[1][2]) < 0.03 * 708 * 8


def test_every_kernel_belongs_to_a_part() -> None:
    for kernel, part in (
        ("pop_a_step_0", "neurons"), ("proj_ff_arrive_1", "arriving spikes"), ("proj_ff_post_0", "post spikes"),
        ("proj_ff_block2_5", "rewiring and blocks"), ("proj_ff_step_0", "synapses in each step"),
        ("plast_tick", "records, end of step"),
    ):  # fmt: skip
        assert gpu.part_of(kernel) == part


def test_without_sanitizer_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu.shutil, "which", lambda *a, **k: None)
    assert "not on this machine: nothing was looked at" in str(gpu.sanitizer(["signals"]))


def test_sanitizers_are_asked_and_their_answers_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in = tmp_path / "compute-sanitizer"
    stand_in.write_text('#!/bin/sh\necho "$@" >> "$0.asked"\necho "========= ERROR SUMMARY: 0 errors"\n')
    stand_in.chmod(0o755)
    monkeypatch.setattr(gpu.shutil, "which", lambda *a, **k: str(stand_in))
    table = gpu.sanitizer(["signals"])
    assert table.rows == tuple((tool, "ERROR SUMMARY: 0 errors") for tool in gpu.TOOLS)
    asked = Path(f"{stand_in}.asked").read_text().splitlines()
    assert len(asked) == 4 and all(re.search(r"--error-exitcode 9 .*gpu\.py --drive signals$", line) for line in asked)


def test_the_page_names_the_machine() -> None:
    text = gpu.page([gpu.Table("T", "about", ("a", "b"), (("1", "2"),))])
    assert "emulator" in text and "| a | b |\n|---|---|\n| 1 | 2 |" in text


def test_what_is_known_without_a_gpu_stays_on_the_page() -> None:
    table = gpu.Table("T", "about", ("a", "b"), (("1", "2"),))
    once = gpu.page([table], f"# Old\n\nold\n\n{gpu.KEPT}\nBy hand.\n")
    assert once.endswith(f"| 1 | 2 |\n\n{gpu.KEPT}\nBy hand.\n") and "old" not in once
    assert gpu.page([table], once) == once
    assert gpu.KEPT in gpu.TARGET.read_text("utf-8")
