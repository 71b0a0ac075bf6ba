"""A batch on one backend, and what can be seen of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plastlang import driver
from plastlang.backends.interface import Executable, Options, RuntimeFault
from plastlang.driver import Built
from plastlang.ir.nodes import ConnectGiven, Scheduled, SpikeRecord
from tests.cross.looking import View, difference, look
from tests.cross.script import Action, Script, act
from tests.cross.versus import Disagreement, named


@dataclass(frozen=True, slots=True)
class BatchPlayer:
    """A network in a batch; it is looked at after so many steps and after every action (0: only at the end)."""

    network: Built
    backend: str
    script: Script
    batch: int
    every: int = 1
    threads: int = 1

    def load(self, backend: str = "") -> Executable:
        """A fresh executable."""
        options = Options(self.script.precision, self.threads, batch=self.batch)
        return driver.load(self.network, backend or self.backend, options)

    def play(self) -> list[tuple[str, View]]:
        """What was seen, and when; a fault is the last."""
        executable = self.load()
        seen: list[tuple[str, View]] = []
        begin(executable, self.script.seed, self.batch)
        try:
            for number, action in enumerate(self.script.actions):
                if action.kind == "run":
                    self._run(executable, action.number, seen)
                elif action.kind == "move":
                    executable = self._move(executable, action)
                else:
                    act(executable, action, number)
                if self.every:
                    seen.append((f"after '{action}'", look(executable)))
        except RuntimeFault as fault:
            return [*seen, ("in the fault", {("", "fault"): np.array(str(fault))})]
        seen.append(("at the end", look(executable)))
        seen.append(("in what is saved", named(executable.save())))
        executable.close()
        return seen

    def _run(self, executable: Executable, steps: int, seen: list[tuple[str, View]]) -> None:
        most = self.every or max(1, steps)
        for begun in range(0, steps, most):
            executable.run(min(most, steps - begun))
            if self.every:
                seen.append((f"after step {executable.step - 1}", look(executable)))
        seen.append((f"recorded before step {executable.step}", taken(executable, self.batch)))

    def _move(self, executable: Executable, action: Action) -> Executable:
        state = executable.save()
        executable.close()
        if action.number % 2:
            between = self.load("reference" if self.backend == "c" else "c")
            between.restore(state)
            state = between.save()
            between.close()
        fresh = self.load()
        fresh.restore(state)
        return fresh


def begin(executable: Executable, seed: int, batch: int, number: int = 0) -> None:
    """Step 0, the initial connectivity, and spikes of their own for each network (those of the network `number` on)."""
    executable.reset(seed)
    for projection in executable.program.projections:
        if not isinstance(projection.connect, ConnectGiven):
            executable.connect(projection.name)
    for population in executable.program.populations:
        if isinstance(population.spiking, Scheduled):
            for network in range(batch):
                source = np.random.default_rng([number + network, population.size])
                count = int(source.integers(0, 20 * population.size + 1))
                neurons = source.integers(0, population.size, count).astype(np.int32)
                executable.set_schedule(population.name, neurons, source.integers(0, 60, count), network)


def taken(executable: Executable, batch: int) -> View:
    """What was recorded since the last time."""
    seen = {}
    for record in executable.program.records:
        if isinstance(record, SpikeRecord):
            for network in range(batch):
                steps, neurons = executable.take_spikes(record.population, network)
                seen[record.population, f"(steps {network})"] = steps
                seen[record.population, f"(spikes {network})"] = neurons
        else:
            steps, values = executable.take_states(record.population, record.variable)
            seen[record.population, f"({record.variable} at)"] = steps
            seen[record.population, f"({record.variable})"] = values
    return seen


def compare_batch(network: Built, script: Script, batch: int, text: str = "") -> None:
    """The reference and C on one thread step for step, and C on several threads at the end."""
    expected = BatchPlayer(network, "reference", script, batch).play()
    same(text, script, expected, BatchPlayer(network, "c", script, batch).play(), f"C, a batch of {batch}")
    quiet = BatchPlayer(network, "c", script, batch, every=0, threads=script.threads).play()
    times = {when for when, _ in quiet}
    expected = [(when, view) for when, view in expected if when in times]
    same(text, script, expected, quiet, f"C, a batch of {batch} on {script.threads} threads")


def same(text: str, script: Script, expected: list[tuple[str, View]], found: list[tuple[str, View]], who: str) -> None:
    """Raise Disagreement at the first difference."""
    assert [when for when, _ in expected] == [when for when, _ in found]
    for (when, a), (_, b) in zip(expected, found, strict=True):
        if (first := difference(a, b)) is not None:
            raise Disagreement(f"{who} differs {when}:\n{first}\n\n{script}\n{text}")
