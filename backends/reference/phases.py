"""One step of a network, phase by phase in the order of docs/numerics.md."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.interface import LATE_NEURON, InputFault
from plastlang.backends.reference import random
from plastlang.backends.reference.mathematics import unfixed
from plastlang.backends.reference.state import (
    Before,
    Ints,
    Network,
    Owner,
    PopulationState,
    ProjectionState,
    period_steps,
)
from plastlang.backends.reference.statements import Event, acting, run, run_batch
from plastlang.ir.delays import late_steps
from plastlang.ir.nodes import EachStep, Every, PostSpike, PreSpike, Renewal, Scheduled, Threshold
from plastlang.ir.types import Site

#: Inputs of this magnitude end the run.
LIMIT = 2**19


def advance(batch: tuple[Network, ...]) -> None:
    """Do the next step of all networks of a batch.

    Raises:
        InputFault: a sum of inputs is too large.
    """
    first = batch[0]
    for network in batch:
        network.running = True
    try:
        for network in batch:
            _remember(network)
        for name in first.projections:
            for network in batch:
                _arrivals(network, network.projections[name])
        for name in first.populations:
            for network in batch:
                _advance_population(network, network.populations[name])
        for name, projection in first.projections.items():
            run_batch(projection.node.step, first, name)
        for name in first.populations:
            for network in batch:
                population = network.populations[name]
                spiked = _spikes(network, population)
                population.spikes = [spiked, *population.spikes[:-1]]
        for name in first.projections:
            for network in batch:
                _post_spikes(network, network.projections[name])
        for due in (False, True):
            for name, owner in first.owners.items():
                _blocks(first, name, owner, due)
    finally:
        for network in batch:
            network.running = False
    for network in batch:
        network.step += 1
        network.signals = 0


def _remember(network: Network) -> None:
    """Keep what `@before` will read."""
    for owner in network.owners.values():
        owner.before = {}
        for name in owner.old_names:
            group = owner.group(name) if isinstance(owner, ProjectionState) else None
            for member in (name,) if group is None else group.names:
                last = None
                if group is not None and isinstance(owner, ProjectionState):
                    last = owner.last[group.names[0]].copy()
                if member in owner.values:
                    owner.before[member] = Before(owner.values[member].copy(), last)


def _arrivals(network: Network, projection: ProjectionState) -> None:
    for block in projection.node.blocks:
        if isinstance(block.trigger, PreSpike):
            for late in late_steps(block.trigger, network.program.dt):
                arrived = _arrived(projection, projection.node.delay_steps + late)
                if arrived.size:
                    run(block.body, acting(Event(network, projection, pre=arrived), block.trigger, late))


def _arrived(projection: ProjectionState, steps: int) -> NDArray[np.int64]:
    """The source neurons that spiked so many steps ago."""
    offset, parts = 0, []
    for source in projection.sources:
        parts.append(source.spikes[steps - 1].astype(np.int64) + offset)
        offset += source.node.size
    return np.concatenate(parts)


def _advance_population(network: Network, population: PopulationState) -> None:
    for port, late in population.late.items():
        population.inputs[port] += late[0]
        population.late[port] = np.concatenate((late[1:], np.zeros_like(late[:1])))
    for port, total in population.inputs.items():
        bad = np.flatnonzero(np.abs(unfixed(total, network.real)) >= LIMIT)
        if bad.size:
            number = network.number if len(network.batch) > 1 else None
            raise InputFault(population.node.name, port, min(int(bad[0]), LATE_NEURON), network.step, number)
    run(population.node.step, Event(network, population))
    for total in population.inputs.values():
        total[:] = 0


def _spikes(network: Network, population: PopulationState) -> Ints:
    """Which neurons spike; their spike bodies are run."""
    event = Event(network, population)
    spiking = population.node.spiking
    spiked: Ints
    match spiking:
        case None:
            return np.zeros(0, np.int32)
        case Threshold(condition=condition):
            spiked = np.flatnonzero(event.frame(Site.NEURON).value(condition)).astype(np.int32)
        case Renewal():
            spiked = _renewal(network, population, spiking)
        case Scheduled():
            due = population.schedule[:, 0] == network.step
            spiked = population.schedule[due, 1].astype(np.int32)
            population.schedule = population.schedule[population.schedule[:, 0] > network.step]
    if spiked.size:
        run(spiking.body, Event(network, population, neurons=spiked.astype(np.int64)))
    return spiked


def _renewal(network: Network, population: PopulationState, spiking: Renewal) -> Ints:
    n, dt = network.step, network.program.dt
    frame = Event(network, population).frame(Site.NEURON)
    rate = frame.value(spiking.rate)
    everyone = np.arange(population.node.size)

    def gaps(base: int, kind: int) -> Ints:
        with np.errstate(all="ignore"):
            words = random.philox(everyone, kind, n, spiking.purpose, network.seed)
            return random.renewal(words, base, rate, dt)

    if population.redraw:
        population.next = gaps(n - 1, 1)
        population.redraw = False
    spiked = population.next == n
    population.next = np.where(spiked, gaps(n, 0), population.next).astype(np.int32)
    return np.flatnonzero(spiked).astype(np.int32)


def _post_spikes(network: Network, projection: ProjectionState) -> None:
    for block in projection.node.blocks:
        if isinstance(block.trigger, PostSpike):
            for late in late_steps(block.trigger, network.program.dt):
                spiked = projection.target.spikes[late].astype(np.int64)
                if spiked.size:
                    run(block.body, acting(Event(network, projection, post=spiked), block.trigger, late))


def _blocks(network: Network, name: str, owner: Owner, due: bool) -> None:
    """`each step` blocks, or (`due`) the `every` blocks of this step."""
    for block in owner.node.blocks:
        match block.trigger:
            case EachStep() if not due:
                run_batch(block.body, network, name)
            case Every() if due and (network.step + 1) % period_steps(block.trigger, owner, network.program.dt) == 0:
                run_batch(block.body, network, name)
            case _:
                pass
