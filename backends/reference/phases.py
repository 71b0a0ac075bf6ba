"""One step of a network, phase by phase in the order of docs/numerics.md."""

from __future__ import annotations

import numpy as np

from plastlang.backends.interface import RuntimeFault
from plastlang.backends.reference import random
from plastlang.backends.reference.state import (
    Before,
    Ints,
    Network,
    Owner,
    PopulationState,
    ProjectionState,
    period_steps,
)
from plastlang.backends.reference.statements import Event, run
from plastlang.ir.nodes import EachStep, Every, PostSpike, PreSpike, Renewal, Scheduled, Threshold
from plastlang.ir.types import Site

#: Sums of inputs of this magnitude end the run.
LIMITS = {"float32": 2**51, "float64": 2**62}


def advance(network: Network) -> None:
    """Do the step `network.step`.

    Raises:
        RuntimeFault: a sum of inputs is too large.
    """
    network.running = True
    try:
        _remember(network)
        for projection in network.projections.values():
            _arrivals(network, projection)
        for population in network.populations.values():
            _advance_population(network, population)
        for projection in network.projections.values():
            run(projection.node.step, Event(network, projection))
        for population in network.populations.values():
            spiked = _spikes(network, population)
            population.spikes = [spiked, *population.spikes[:-1]]
        for projection in network.projections.values():
            _post_spikes(network, projection)
        for owner in network.owners.values():
            _blocks(network, owner, due=False)
        for owner in network.owners.values():
            _blocks(network, owner, due=True)
    finally:
        network.running = False
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
    delay = projection.node.delay_steps
    offset, parts = 0, []
    for source in projection.sources:
        parts.append(source.spikes[delay - 1].astype(np.int64) + offset)
        offset += source.node.size
    arrived = np.concatenate(parts)
    if arrived.size:
        for block in projection.node.blocks:
            if isinstance(block.trigger, PreSpike):
                run(block.body, Event(network, projection, pre=arrived))


def _advance_population(network: Network, population: PopulationState) -> None:
    for port, total in population.inputs.items():
        if np.any(np.abs(total.astype(np.float64)) >= LIMITS[network.real.name]):
            name = population.node.name
            raise RuntimeFault(f"the input {port} of population {name} is too large in step {network.step}")
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
    spiked = projection.target.spikes[0].astype(np.int64)
    if spiked.size:
        for block in projection.node.blocks:
            if isinstance(block.trigger, PostSpike):
                run(block.body, Event(network, projection, post=spiked))


def _blocks(network: Network, owner: Owner, due: bool) -> None:
    """`each step` blocks, or (`due`) the `every` blocks of this step."""
    for block in owner.node.blocks:
        match block.trigger:
            case EachStep() if not due:
                run(block.body, Event(network, owner))
            case Every() if due and (network.step + 1) % period_steps(block.trigger, owner, network.program.dt) == 0:
                run(block.body, Event(network, owner))
            case _:
                pass
