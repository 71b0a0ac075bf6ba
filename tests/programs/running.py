"""From the text of a generated program to a run of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from plastlang import driver
from plastlang.backends.interface import Executable
from plastlang.diagnostics import Source
from plastlang.driver import Built
from plastlang.ir.nodes import ConnectGiven, Population, Program, Projection, Scheduled, Signal


def built(text: str) -> Built:
    """The network of the text, lowered, with the passes done. Raises PlastError, VerifyError."""
    module = driver.check(Source("<generated>", text))
    return driver.build(driver.elaborate(module))


def start(executable: Executable, seed: int) -> None:
    """Reset, connect, and give the scheduled populations spikes in the first steps."""
    program = executable.program
    executable.reset(seed)
    for projection in program.projections:
        if not isinstance(projection.connect, ConnectGiven):
            executable.connect(projection.name)
    for number, population in enumerate(program.populations):
        if isinstance(population.spiking, Scheduled):
            steps = np.repeat(np.arange(60, dtype=np.int64), population.size)
            neurons = np.tile(np.arange(population.size, dtype=np.int32), 60)
            chosen = (steps * 7 + neurons * 3 + number + seed) % 5 == 0
            executable.set_schedule(population.name, neurons[chosen], steps[chosen])


def signals(program: Program) -> list[tuple[str, str, int]]:
    """(owner, name, number of arguments) of every signal, in the order in which the host calls them."""
    owners: list[Population | Projection] = [*program.populations, *program.projections]
    found = []
    for owner in owners:
        for block in owner.blocks:
            if isinstance(block.trigger, Signal):
                entry = (owner.name, block.trigger.name, len(block.trigger.arguments))
                if entry not in found:
                    found.append(entry)
    return found


def play(executable: Executable, seed: int, pieces: tuple[int, ...]) -> Mapping[str, NDArray[np.generic]]:
    """Run the pieces (steps each) with all signals between them; what is there at the end."""
    start(executable, seed)
    for number, steps in enumerate(pieces):
        executable.run(steps)
        if number + 1 < len(pieces):
            send(executable, 0.5 * number - 0.25)
    return executable.save()


def send(executable: Executable, value: float) -> None:
    """Call every signal of every owner once, signals of one name as one call."""
    found = signals(executable.program)
    for name in dict.fromkeys(name for _, name, _ in found):
        for owner, other, count in found:
            if other == name:
                executable.signal(owner, name, (value,) * count)
        executable.begin_signal()


def differences(a: Mapping[str, NDArray[np.generic]], b: Mapping[str, NDArray[np.generic]]) -> list[str]:
    """Keys at which two states differ in any bit."""
    keys = sorted(set(a) | set(b))
    return [k for k in keys if k not in a or k not in b or np.asarray(a[k]).tobytes() != np.asarray(b[k]).tobytes()]
