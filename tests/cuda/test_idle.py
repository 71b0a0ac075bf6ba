"""Rows whose walk is provably nothing are skipped on a device, too, and no bit of any result changes."""

from __future__ import annotations

import numpy as np
import pytest

from plastlang import driver
from plastlang.backends.cuda import idle
from plastlang.backends.cuda.emit import emit
from plastlang.backends.interface import Executable, Options
from tests.batch.test_idle import TEXT, played
from tests.cross.looking import difference
from tests.cuda.playing import Machine
from tests.programs.running import built

#: Synapses come and go, with traces of their own: a row that rests does not any more.
REWIRED = TEXT.replace(
    "    each step:\n        let now",
    "    every 4 ms:\n"
    "        prune where w < 0.28\n"
    "        sample 40 pairs:\n"
    "            if not connected:\n"
    "                grow:\n"
    "                    filtered = uniform(-1, 1)\n"
    "                    w = uniform(0.2, 0.4)\n"
    "    each step:\n        let now",
)


def _same(text: str, machine: Machine, batch: int, strange: float, precision: str = "single") -> bool:
    network, options = built(text), Options(precision, batch=batch)
    expected = played(driver.load(network, "reference", options), batch, strange)
    found = played(machine.load(network.scheduled, options), batch, strange)
    return all(difference(a, b) is None for a, b in zip(expected, found, strict=True))


@pytest.mark.parametrize("text", [TEXT, REWIRED], ids=["at rest", "rewired"])
@pytest.mark.parametrize(("batch", "strange"), [(1, 0.3), (1, -np.inf), (3, -1e30)])
def test_no_bit_changes(text: str, batch: int, strange: float) -> None:
    assert text is TEXT or text != TEXT
    machine = Machine(seed=batch, block=32 * batch)
    assert _same(text, machine, batch, strange, "double" if batch == 1 and strange == 0.3 else "single")


@pytest.mark.parametrize(("text", "without"), [
    (TEXT, ("blocks.wild_lines",)), (REWIRED, ("edits.renewed", "blocks.forget")),
])  # fmt: skip
def test_what_is_not_looked_at_is_seen(text: str, without: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison above would find rows that are skipped though something happens in them."""
    for name in without:
        monkeypatch.setattr(f"plastlang.backends.cuda.{name}", lambda *given: [])
    assert not _same(text, Machine(checked=False), 1, -np.inf)


def _numbers(executable: Executable) -> np.ndarray:
    memory = executable.memory  # type: ignore[attr-defined]
    number = idle.place(executable.layout.projections["p"])  # type: ignore[attr-defined]
    return memory.read(memory.owners["p"].scratch[number])


def test_rows_that_rest_are_skipped() -> None:
    executable = Machine().load(built(TEXT).scheduled, Options())
    executable.reset(3)
    executable.connect("p")
    executable.set_schedule("a", np.array([4, 7], np.int32), np.array([2, 9]))
    executable.run(20)
    numbers = _numbers(executable)
    assert [int(i) for i in np.flatnonzero(numbers == 1)] == [4, 7] and np.count_nonzero(numbers == 3) == 28
    executable.signal("p", "begin", ())
    assert not _numbers(executable).any()


def test_walks_that_are_never_nothing_look_at_nothing() -> None:
    other = TEXT.replace("0.01 * now", "0.01")
    assert "rows at rest" in emit(built(TEXT).scheduled, "single").source
    assert "rows at rest" not in emit(built(other).scheduled, "single").source
