"""Which kernels run, on how many threads and in what order: made by the emitter, carried out by the executable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from plastlang.backends.cfamily.layout import ProjectionLayout
from plastlang.ir.types import Site


class Shape(Enum):
    """How the threads of a launch are counted. Kernels work for any number, but those that are `apart`."""

    ONE = "one"  # a single thread
    BLOCK = "block"  # one block, whose threads work together
    EACH = "each"  # a thread for each instance of a site of the owner
    WARPS = "warps"  # a warp for each instance of a site of the owner (PRE: rows, POST: incoming rows)
    SPREAD = "spread"  # as many blocks as fill the device; warps or threads take what there is in turns


class Networks(Enum):
    """For which networks of a batch a kernel runs."""

    ONCE = "once"  # for the first one: what all share, or a kernel that goes through the networks by itself
    EACH = "each"  # for all at the same time: a row of blocks for each network
    ORDER = "order"  # for one after the other, with the kernels of the same sequence beside it


@dataclass(frozen=True, slots=True)
class Uses:
    """What a kernel of a step reads, writes, and adds to in any order: names of parts of the network."""

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    adds: frozenset[str] = frozenset()

    def meet(self, other: Uses) -> bool:
        """Whether the order of the two matters."""
        return bool(
            self.writes & (other.reads | other.writes | other.adds)
            or other.writes & (self.reads | self.adds)
            or self.adds & other.reads
            or other.adds & self.reads
        )


@dataclass(frozen=True, slots=True)
class Launch:
    """One kernel. `number` is its number in the module, which a stall names; `owner` a population or projection.

    Attributes:
        sequence: kernels of ORDER that stand together and have the same one run all for a network before the next.
        uses: what the order among the kernels of a step follows from; None: everything.
        stalls: it may stall, before it has changed anything; to run it once more after it has run changes nothing.
        apart: it shares no launch, and stays beside those of its sequence.
        every: blocks (owner, number) of which one at the least is due where it does anything; empty: in each step.
        parts: kernels that do not meet, and run at the same time, a layer of the grid each.
    """

    kernel: str
    number: int
    shape: Shape
    owner: str = ""
    site: Site = Site.GLOBAL
    networks: Networks = Networks.ONCE
    sequence: str = ""
    uses: Uses | None = None
    stalls: bool = False
    apart: bool = False
    every: frozenset[tuple[str, int]] = frozenset()
    parts: tuple[Launch, ...] = ()


Launches = tuple[Launch, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that the host launches. Keys: owner name, (owner, variable) or (owner, number of the block).

    step: one step of the network; the last one advances `m->step`. Kernels of `every` blocks look by themselves
        whether they are due, so that launching them does no harm.
    constants: from parameters (`p->parameters`) to `p->constants` and tables.
    start: start values of NEURON, PRE, POST, GLOBAL variables.
    synapses: start values of all synapses of a projection.
    get: values now into `data`: dense for NEURON, PRE, POST and GLOBAL; SYNAPSE and PAIR by place in the pool. Of a
        variable that has no entry the stored value is the value now.
    set: from `data`, of the same shape, as a write in a block between steps.
    signal: the blocks of a signal; arguments in `m->given`.
    connect: (count, fill) of ConnectProbability: `count` puts the length of each row in `data` (int32); `fill`
        puts the posts of each row in its place of the pool.
    index: after the host has filled `rows` (start, length, capacity, post): in-degrees, `total`, `extra`, `incoming`,
        with the places of its synapses where it keeps them.
    """

    step: Launches
    constants: Mapping[str, Launches]
    start: Mapping[str, Launches]
    synapses: Mapping[str, Launches]
    get: Mapping[tuple[str, str], Launches]
    set: Mapping[tuple[str, str], Launches]
    signal: Mapping[tuple[str, int], Launches]
    connect: Mapping[str, tuple[Launch, Launch]]
    index: Mapping[str, Launches]


def keeps_places(projection: ProjectionLayout) -> bool:
    """Whether the index by post has a column with the place (int64) of each synapse: where places never change."""
    return projection.incoming and not projection.structural
