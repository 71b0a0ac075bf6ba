"""One program on two backends, with the same host: all that can be seen must be the same to the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang import driver
from plastlang.backends.interface import Executable, Options, RuntimeFault
from plastlang.driver import Built
from plastlang.ir.nodes import ConnectGiven, Scheduled
from tests.cross.looking import View, difference, look, recorded
from tests.cross.script import Action, Script, act, give_spikes
from tests.programs.running import built


@dataclass(slots=True)
class Player:
    """A network on one backend.

    `every`: it is looked at after so many steps and after every action; 0: only at the end.
    """

    network: Built
    backend: str
    script: Script
    every: int
    threads: int

    def load(self, backend: str = "") -> Executable:
        """A fresh executable."""
        return driver.load(self.network, backend or self.backend, Options(self.script.precision, self.threads))

    def play(self) -> list[tuple[str, View]]:
        """What was seen, and when. A fault of the run is seen, too, and is the last."""
        executable = self.load()
        begin(executable, self.script.seed)
        seen: list[tuple[str, View]] = [("at the start", look(executable))] if self.every else []
        try:
            self._follow(executable, seen)
        except RuntimeFault as fault:
            seen.append(("in the fault", {("", "fault"): np.array(str(fault))}))
        return seen

    def _follow(self, executable: Executable, seen: list[tuple[str, View]]) -> None:
        for number, action in enumerate(self.script.actions):
            if action.kind == "run" and action.number:
                self._run(executable, action.number, seen)
            elif action.kind == "move":
                executable = self._move(executable, action)
            elif action.kind != "run":
                act(executable, action, number)
                if self.every:
                    seen.append((f"after '{action}' between the steps", look(executable)))
        seen.append(("at the end", look(executable)))
        seen.append(("in what is saved", named(executable.save())))
        executable.close()

    def _run(self, executable: Executable, steps: int, seen: list[tuple[str, View]]) -> None:
        most = self.every or steps
        for begun in range(0, steps, most):
            piece = min(most, steps - begun)
            assert executable.run(piece) == piece
            if self.every:
                seen.append((f"after step {executable.step - 1}", look(executable)))
        seen.append((f"recorded before step {executable.step}", recorded(executable)))

    def _move(self, executable: Executable, action: Action) -> Executable:
        """Go on in a fresh executable; at odd numbers on the other backend for a moment."""
        state = executable.save()
        executable.close()
        if action.number % 2:
            between = self.load("c" if self.backend == "reference" else "reference")
            between.restore(state)
            state = between.save()
            between.close()
        fresh = self.load()
        fresh.restore(state)
        return fresh


def begin(executable: Executable, seed: int) -> None:
    """Step 0, the initial connectivity, and spikes for the populations that wait for them."""
    executable.reset(seed)
    for projection in executable.program.projections:
        if not isinstance(projection.connect, ConnectGiven):
            executable.connect(projection.name)
    for number, population in enumerate(executable.program.populations):
        if isinstance(population.spiking, Scheduled):
            give_spikes(executable, population, np.random.default_rng([seed & 0xFFFFFFFF, number]))


def named(state: Mapping[str, NDArray[Any]]) -> View:
    """A saved state as a view."""
    return {("save", f"({key})"): np.asarray(values) for key, values in sorted(state.items())}


class Disagreement(AssertionError):
    """Two backends gave different numbers."""


def compare(text: str, script: Script, every: int = 1) -> None:
    """Play a program on the reference and on C.

    The reference is looked at after every step (`every` steps). C is too, on one thread; then once more on
    `script.threads` threads without a look before the end. Raises Disagreement with the program and the first
    difference.
    """
    compare_built(built(text), script, every, text)


def compare_built(network: Built, script: Script, every: int = 1, text: str = "") -> None:
    """The same for a network that is lowered already; `text` is shown where backends differ."""
    reference = Player(network, "reference", script, every, 1).play()
    _same(text, script, reference, Player(network, "c", script, every, 1).play(), "C on 1 thread")
    quiet = Player(network, "c", script, 0, script.threads).play()
    times = {when for when, _ in quiet}
    expected = [(when, view) for when, view in reference if when in times]
    _same(text, script, expected, quiet, f"C on {script.threads} threads, looked at only at the end")


def _same(text: str, script: Script, expected: list[tuple[str, View]], found: list[tuple[str, View]], who: str) -> None:
    assert [when for when, _ in expected] == [when for when, _ in found]
    for (when, a), (_, b) in zip(expected, found, strict=True):
        first = difference(a, b)
        if first is not None:
            raise Disagreement(f"{who} differs {when}:\n{first}\n\n{script}\n{text}")
