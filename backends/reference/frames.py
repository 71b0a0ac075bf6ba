"""Frames: which instances a statement runs for, and what names mean there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.reference import mathematics, random
from plastlang.backends.reference.evaluate import Values, cast, evaluate
from plastlang.backends.reference.state import Before, Network, Owner, PopulationState, ProjectionState
from plastlang.ir.nodes import ELAPSED, Builtin, Derived, Expr, Grid, InputSum, LazyGroup, Local, Param, Read
from plastlang.ir.types import Site

Index = NDArray[np.int64]


@dataclass(slots=True)
class Bound:
    """The values of a `let`: for all instances of `site`, or (`sampled`) one for each sample."""

    values: Values
    site: Site
    sampled: bool = False


@dataclass(slots=True)
class Frame:
    """Instances of `site`.

    Attributes:
        index: neuron numbers at NEURON; None elsewhere.
        pre, post: neuron numbers of the two ends; None where the site has none.
        synapse: positions in the synapse arrays; None where there are none.
        sample: sample numbers (inside `sample`).
        by_sample: draws count by sample number instead of by instance.
        step: the step in the counters of draws.
        repeat: earlier calls of signals in this step.
        common: draws are those that the networks of a batch share.
    """

    network: Network
    owner: Owner
    site: Site
    locals: dict[str, Bound]
    step: int
    repeat: int = 0
    index: Index | None = None
    pre: Index | None = None
    post: Index | None = None
    synapse: Index | None = None
    sample: Index | None = None
    connected: NDArray[np.bool_] | None = None
    by_sample: bool = False
    ordinal: Index | None = field(default=None)
    common: bool = False
    scopes: tuple[dict[str, Bound], ...] = ()  # the names of the block in all networks of the batch

    @property
    def count(self) -> int:
        """The number of instances."""
        for key in (self.sample, self.synapse, self.index, self.pre, self.post):
            if key is not None:
                return int(key.size)
        return 1

    def subset(self, chosen: NDArray[np.bool_]) -> Frame:
        """The same for the instances where `chosen`."""
        keys = ("index", "pre", "post", "synapse", "sample", "connected", "ordinal")
        return replace(self, **{k: v[chosen] for k in keys if (v := getattr(self, k)) is not None})

    def value(self, expression: Expr) -> Values:
        """The value of an expression for every instance, shape (count,)."""
        values = evaluate(expression, self.network.real, self.leaf, self.words)
        return np.broadcast_to(values, (self.count,)).copy()

    # ------------------------------------------------------------ names

    def select(self, site: Site) -> Index:
        """Positions of what the instances see at `site`."""
        found = {
            Site.GLOBAL: np.zeros(1, np.int64),
            Site.NEURON: self.index,
            Site.PRE: self.pre,
            Site.POST: self.post,
            Site.SYNAPSE: self.synapse,
        }[site]
        assert found is not None, f"{site} cannot be seen at {self.site}"
        return found

    def leaf(self, expression: Param | Derived | Read | Local | Builtin | InputSum) -> Values:
        """The value of a name or builtin."""
        real = self.network.real
        match expression:
            case Param(name=name, type=type_):
                return self._constant(cast(self.owner.parameters[name], type_, real))
            case Derived(name=name, type=type_):
                return self._constant(cast(self.owner.derived[name], type_, real))
            case Local(name=name):
                bound = self.locals[name]
                if bound.sampled:
                    assert self.sample is not None
                    return bound.values[self.sample]
                return bound.values[self.select(Site.SYNAPSE if bound.site is Site.PAIR else bound.site)]
            case Read():
                return self._read(expression)
            case Builtin(name=name):
                return self._builtin(name)
            case InputSum(port=port):
                assert isinstance(self.owner, PopulationState)
                return mathematics.unfixed(self.owner.inputs[port], real)[self.select(Site.NEURON)]

    def _constant(self, values: Values) -> Values:
        return values if values.size == 1 or self.index is None else values[self.index]

    def _read(self, read: Read) -> Values:
        owner = self.owner
        if read.of:
            assert isinstance(owner, ProjectionState)
            ends = owner.sources if read.of == "pre" else (owner.target,)
            old = read.before and self.network.running
            parts = [e.before[read.name].values if old else e.values[read.name] for e in ends]
            return np.concatenate(parts)[self.select(Site(read.of))]
        if read.site is Site.PAIR:
            return self.pair(read.name)
        kept = owner.before.get(read.name) if read.before and self.network.running else None
        return value_now(self.network, owner, read.name, self.select(read.site), kept)

    def pair(self, name: str) -> Values:
        """The value of a PAIR variable."""
        assert isinstance(self.owner, ProjectionState)
        pair = Frame(self.network, self.owner, Site.PAIR, {}, 0, pre=self.pre, post=self.post, common=True)
        return pair.value(self.owner.variable(name).init)

    # ------------------------------------------------------------ what the network gives

    def _builtin(self, name: str) -> Values:
        network, owner, real = self.network, self.owner, self.network.real
        match name:
            case "dt":
                return np.full(1, network.program.dt, real)
            case "t":
                return np.full(1, float(network.step) * network.program.dt, real)
            case "step":
                return np.full(1, network.step, np.int32)
            case "connected":
                assert self.connected is not None
                return self.connected
        if isinstance(owner, PopulationState):
            if name == "size":
                return np.full(1, owner.node.size, np.int32)
            return _position(name, self.select(Site.NEURON), owner.node.grid, real)
        match name:
            case "synapses":
                return np.full(1, owner.pre.size, np.int32)
            case "pre.size":
                return np.full(1, owner.pre_size, np.int32)
            case "post.size":
                return np.full(1, owner.target.node.size, np.int32)
            case "pre.out_degree":
                return owner.out_degree()[self.select(Site.PRE)]
            case "post.in_degree":
                return owner.in_degree()[self.select(Site.POST)]
            case "pre.index":
                return self.select(Site.PRE).astype(np.int32)
            case "post.index":
                return self.select(Site.POST).astype(np.int32)
            case "pre.group":
                return _pre(owner, "group", real)[self.select(Site.PRE)]
            case "pre.pos.x" | "pre.pos.y":
                return _pre(owner, name[4:], real)[self.select(Site.PRE)]
            case "post.pos.x" | "post.pos.y":
                return _position(name[5:], self.select(Site.POST), owner.target.node.grid, real)
            case "distance":
                return _distance(owner, self.select(Site.PRE), self.select(Site.POST), real)
            case _:
                raise AssertionError(f"there is no builtin {name}")

    # ------------------------------------------------------------ randomness

    def words(self, purpose: int) -> NDArray[np.uint32]:
        """The four random words of each instance."""
        a, b = self._who()
        count = (self.count,)
        ordinal: Any = 0 if self.ordinal is None or self.by_sample or self.site is not Site.SYNAPSE else self.ordinal
        last = random.counter(purpose, ordinal, self.repeat)
        seed = self.network.common if self.common else self.network.seed
        return random.philox(np.broadcast_to(a, count), np.broadcast_to(b, count), self.step, last, seed)

    def _who(self) -> tuple[Index, Index]:
        zero = np.zeros(1, np.int64)
        if self.by_sample:
            assert self.sample is not None
            return self.sample, zero
        match self.site:
            case Site.GLOBAL:
                return zero, zero
            case Site.NEURON | Site.PRE | Site.POST:
                return self.select(self.site), zero
            case _:
                return self.select(Site.PRE), self.select(Site.POST)


def value_now(network: Network, owner: Owner, name: str, at: Index, kept: Before | None = None) -> Values:
    """Stored values of a variable, or lazy ones advanced to now, at positions `at`.

    `kept` makes it the value from before this step.
    """
    group = owner.group(name) if isinstance(owner, ProjectionState) else None
    if group is None:
        return (owner.values[name] if kept is None else kept.values)[at]
    assert isinstance(owner, ProjectionState)
    return advanced(network, owner, group, name, at, kept is not None)


def advanced(
    network: Network, owner: ProjectionState, group: LazyGroup, name: str, at: Index, before: bool = False
) -> Values:
    """A lazy variable brought to the current step, at positions `at`; nothing is stored."""
    stored = {m: (owner.before[m].values if before else owner.values[m])[at] for m in group.names}
    lasts = owner.before[group.names[0]].last if before else owner.last[group.names[0]]
    assert lasts is not None
    gone = np.int32(network.step) - lasts[at]
    frame = Frame(network, owner, Site.GLOBAL, {}, network.step)

    def leaf(expression: Param | Derived | Read | Local | Builtin | InputSum) -> Values:
        if isinstance(expression, Local):
            return gone if expression.name == ELAPSED else stored[expression.name]
        return frame.leaf(expression)

    moved = evaluate(group.advance[group.names.index(name)], network.real, leaf)
    return np.where(gone == 0, stored[name], moved)


# ---------------------------------------------------------------- space


def _coordinates(size: int, grid: Grid | None) -> tuple[Index, Index]:
    index = np.arange(size, dtype=np.int64)
    return (index, np.zeros_like(index)) if grid is None else (index % grid.width, index // grid.width)


def _position(name: str, index: Index, grid: Grid | None, real: np.dtype[Any]) -> Values:
    if name == "index":
        return index.astype(np.int32)
    x, y = _coordinates(int(index.max(initial=0)) + 1, grid)
    return (x if name == "pos.x" else y)[index].astype(real)


def _pre(owner: ProjectionState, name: str, real: np.dtype[Any]) -> Values:
    """A property of all source neurons, over all sources."""
    if name == "group":
        return np.repeat(np.arange(len(owner.sources), dtype=np.int32), [s.node.size for s in owner.sources])
    axis = 0 if name == "pos.x" else 1
    return np.concatenate([_coordinates(s.node.size, s.node.grid)[axis] for s in owner.sources]).astype(real)


def _distance(owner: ProjectionState, pre: Index, post: Index, real: np.dtype[Any]) -> Values:
    grid = owner.target.node.grid
    squares = np.zeros(pre.shape, np.int64)
    ends = _coordinates(owner.target.node.size, grid)
    for axis, extent in ((0, grid.width if grid else 1), (1, grid.height if grid else 1)):
        start = np.concatenate([_coordinates(s.node.size, s.node.grid)[axis] for s in owner.sources])
        d = np.abs(start[pre] - ends[axis][post])
        if grid is not None and grid.periodic:
            d = d % extent
            d = np.minimum(d, extent - d)
        squares += d * d
    root: Values = np.sqrt(squares.astype(real))
    return root
