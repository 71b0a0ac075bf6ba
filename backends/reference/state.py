"""The state of a running program: plain arrays per owner. Synapses are flat arrays in the order (pre, post, age)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.reference.evaluate import (
    REALS,
    Values,
    constant_leaf,
    default_parameters,
    derived_values,
    dtype_of,
    evaluate,
)
from plastlang.ir.delays import kept_steps, waiting_steps
from plastlang.ir.nodes import (
    Block,
    Every,
    Expr,
    LazyGroup,
    Population,
    Program,
    Projection,
    Read,
    Renewal,
    Stmt,
    Threshold,
    Variable,
)
from plastlang.ir.sharing import Sharing, sharing_of
from plastlang.ir.types import Site
from plastlang.ir.walk import all_expressions, walk

Ints = NDArray[np.int32]


@dataclass(slots=True)
class Before:
    """What a variable was at the start of the step: its stored values and, of a lazy one, its `last`."""

    values: Values
    last: Ints | None


@dataclass(slots=True, kw_only=True)
class OwnerState:
    """Values by variable name: shape (1,) for GLOBAL, else one per instance. Parameters and derived are double."""

    parameters: dict[str, NDArray[np.float64]]
    derived: dict[str, Values]
    values: dict[str, Values] = field(default_factory=dict)
    before: dict[str, Before] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class PopulationState(OwnerState):
    """`spikes[k]`: the neurons that spiked k + 1 steps ago (k steps, once thresholds of this step are done).
    `kept`: how many of these the next step needs.

    `late[port][k]`: what will be added to the port in k steps.
    """

    node: Population
    inputs: dict[str, NDArray[np.int64]]
    late: dict[str, NDArray[np.int64]]
    spikes: list[Ints]
    next: Ints
    redraw: bool
    schedule: NDArray[np.int64]
    kept: int
    old_names: frozenset[str]


@dataclass(slots=True, kw_only=True)
class ProjectionState(OwnerState):
    """`last[name]` holds the steps of the lazy group whose first member is `name`."""

    node: Projection
    sources: tuple[PopulationState, ...]
    target: PopulationState
    pre_size: int
    pre: Ints
    post: Ints
    last: dict[str, Ints] = field(default_factory=dict)
    formations: int = 0
    eliminations: int = 0
    old_names: frozenset[str]
    siblings: tuple[ProjectionState, ...] = ()  # this projection in all networks of the batch

    def variable(self, name: str) -> Variable:
        """The declaration of a variable."""
        return next(v for v in self.node.variables if v.name == name)

    def group(self, name: str) -> LazyGroup | None:
        """The lazy group of a variable, None for a stored one."""
        return next((g for g in self.node.lazy if name in g.names), None)

    def shared_groups(self, network: Network) -> list[str]:
        """First names of the lazy groups that the networks of a batch share."""
        shared = network.sharing[self.node.name].shared
        return [g.names[0] for g in self.node.lazy if g.names[0] in shared and g.names[0] in self.last]

    def out_degree(self) -> Ints:
        """Synapses per source neuron."""
        return np.bincount(self.pre, minlength=self.pre_size).astype(np.int32)

    def in_degree(self) -> Ints:
        """Synapses per target neuron."""
        return np.bincount(self.post, minlength=self.target.node.size).astype(np.int32)


Owner = PopulationState | ProjectionState


@dataclass(slots=True)
class Network:
    """Everything that a run of one network changes. `running` is true inside a step, false between steps.

    The networks of a batch hold the same arrays for what they share; `common` is the seed of what is drawn for all.
    `nans`: (number, pre, post) of probabilities and ranks that were NaN (`ir.decisions`), in the first network.
    """

    program: Program
    real: np.dtype[Any]
    populations: dict[str, PopulationState]
    projections: dict[str, ProjectionState]
    sharing: dict[str, Sharing]
    number: int = 0
    batch: tuple[Network, ...] = ()
    seed: int = 0
    common: int = 0
    step: int = 0
    signals: int = 0
    running: bool = False
    nans: list[tuple[int, int, int]] = field(default_factory=list)

    def owner(self, name: str) -> Owner:
        """A population or projection."""
        return self.populations[name] if name in self.populations else self.projections[name]

    @property
    def owners(self) -> dict[str, Owner]:
        """Populations, then projections, by name."""
        return {**self.populations, **self.projections}


def period_steps(every: Every, owner: Owner, dt: float) -> int:
    """The number of steps between two runs of an `every` block, from the parameters as they are now."""
    leaf = constant_leaf(owner.parameters, owner.derived, dt)
    period = float(evaluate(every.period, np.dtype(np.float64), leaf)[0])
    return max(1, int(np.rint(period / dt)))


def build(program: Program, precision: str, batch: int = 1) -> tuple[Network, ...]:
    """The networks of a batch at step 0 with default parameters and nothing drawn yet."""
    sharing = sharing_of(program)
    networks = []
    for number in range(batch):
        populations = {p.name: _population(p, program) for p in program.populations}
        projections = {p.name: _projection(p, populations, program) for p in program.projections}
        networks.append(Network(program, REALS[precision], populations, projections, sharing, number))
    everyone = tuple(networks)
    for network in everyone:
        network.batch = everyone
        for name, projection in network.projections.items():
            projection.siblings = tuple(n.projections[name] for n in everyone)
    return everyone


def join_batch(networks: tuple[Network, ...]) -> None:
    """Let all networks hold the first one's arrays of what they share."""
    first = networks[0]
    for network in networks[1:]:
        for name, owner in network.owners.items():
            leader = first.owners[name]
            for variable in first.sharing[name].shared & leader.values.keys():
                owner.values[variable] = leader.values[variable]
            if isinstance(owner, ProjectionState) and isinstance(leader, ProjectionState):
                owner.pre, owner.post = leader.pre, leader.post
                for group in leader.shared_groups(first):
                    owner.last[group] = leader.last[group]


def sizes(owner: Owner) -> dict[str, int]:
    """The number of instances at each site."""
    if isinstance(owner, PopulationState):
        return {Site.GLOBAL: 1, Site.NEURON: owner.node.size}
    return {Site.GLOBAL: 1, Site.PRE: owner.pre_size, Site.POST: owner.target.node.size, Site.SYNAPSE: owner.pre.size}


def empty_values(variable: Variable, count: int, real: np.dtype[Any]) -> Values:
    """Room for `count` instances."""
    return np.zeros(count, dtype_of(variable.type, real))


def _population(node: Population, program: Program) -> PopulationState:
    parameters = default_parameters(node.parameters, {Site.GLOBAL: 1, Site.NEURON: node.size})
    read = {
        r.name
        for p in program.projections
        for r in _reads(p)
        if r.before and node.name in {"pre": p.sources, "post": (p.target,)}.get(r.of, ())
    }
    return PopulationState(
        parameters=parameters,
        derived=derived_values(node.derived, parameters, program.dt),
        node=node,
        inputs={i.port: np.zeros(node.size, np.int64) for i in node.inputs},
        late={
            i.port: np.zeros((1 + waiting, node.size), np.int64)
            for i in node.inputs
            if (waiting := waiting_steps(program, node.name, i.port))
        },
        spikes=[np.zeros(0, np.int32) for _ in range(1 + kept_steps(program, node.name))],
        next=np.zeros(node.size if isinstance(node.spiking, Renewal) else 0, np.int32),
        redraw=True,
        schedule=np.zeros((0, 2), np.int64),
        kept=kept_steps(program, node.name),
        old_names=frozenset(read | {r.name for r in _reads(node) if r.before}),
    )


def _projection(node: Projection, populations: dict[str, PopulationState], program: Program) -> ProjectionState:
    parameters = default_parameters(node.parameters, {Site.GLOBAL: 1})
    sources = tuple(populations[name] for name in node.sources)
    return ProjectionState(
        parameters=parameters,
        derived=derived_values(node.derived, parameters, program.dt),
        node=node,
        sources=sources,
        target=populations[node.target],
        pre_size=sum(s.node.size for s in sources),
        pre=np.zeros(0, np.int32),
        post=np.zeros(0, np.int32),
        old_names=frozenset(r.name for r in _reads(node) if r.before and not r.of),
    )


def _reads(node: Population | Projection) -> list[Read]:
    """Every read in the statements of an owner."""
    blocks: tuple[Block, ...] = node.blocks
    bodies: list[tuple[Stmt, ...]] = [node.step, *(b.body for b in blocks)]
    expressions: list[Expr] = []
    if isinstance(node, Population) and node.spiking is not None:
        bodies.append(node.spiking.body)
        if isinstance(node.spiking, Threshold):
            expressions.append(node.spiking.condition)
    expressions += [x for body in bodies for x in all_expressions(body)]
    return [e for x in expressions for e in walk(x) if isinstance(e, Read)]
