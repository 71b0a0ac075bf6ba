"""How many instances a site has, how their values are stored, and where the neurons of a projection stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.backends.cfamily.layout import Layout, OwnerLayout, ProjectionLayout
from plastlang.backends.cfamily.printer import Dialect
from plastlang.ir.nodes import Grid
from plastlang.ir.types import Site, Type

Ints = NDArray[np.int32]


def stored_as(type_: Type, dialect: Dialect) -> np.dtype[Any]:
    """How values of a type lie in memory."""
    real = np.float32 if dialect.real == "float" else np.float64
    return np.dtype({Type.REAL: real, Type.INT: np.int32, Type.BOOL: np.bool_}[type_])


def instances(owner: OwnerLayout, site: Site, sizes: Mapping[str, int]) -> int:
    """How many instances a site has, by the sizes of the populations; synapses are not counted here."""
    match site:
        case Site.GLOBAL:
            return 1
        case Site.NEURON:
            return sizes[owner.owner.name]
        case Site.PRE:
            assert isinstance(owner, ProjectionLayout)
            return sum(sizes[s] for s in owner.owner.sources)
        case Site.POST:
            assert isinstance(owner, ProjectionLayout)
            return sizes[owner.owner.target]
        case _:
            return 0


@dataclass(frozen=True, slots=True)
class Geometry:
    """The neurons at both ends of a projection.

    `first`: number of the first neuron of each source, and their sum. `group`: the source of each pre neuron. `near_x`,
    `near_y`: places of pre neurons inside the target's grid where that is periodic.
    """

    n_pre: int
    n_post: int
    first: Ints
    group: Ints
    pre_x: Ints
    pre_y: Ints
    post_x: Ints
    post_y: Ints
    near_x: Ints
    near_y: Ints
    periodic: bool
    width: int
    height: int


def geometry(layout: Layout, place: ProjectionLayout) -> Geometry:
    """Where the neurons of a projection stand."""
    sources = [layout.populations[s].owner for s in place.owner.sources]
    target = layout.populations[place.owner.target].owner
    pre_x, pre_y = (np.concatenate(x) for x in zip(*(_coordinates(s.size, s.grid) for s in sources), strict=True))
    post_x, post_y = _coordinates(target.size, target.grid)
    grid = target.grid
    inside = (grid.width, grid.height) if grid is not None and grid.periodic else (2**31 - 1, 2**31 - 1)
    return Geometry(
        sum(s.size for s in sources), target.size,
        np.cumsum([0, *(s.size for s in sources)]).astype(np.int32),
        np.repeat(np.arange(len(sources), dtype=np.int32), [s.size for s in sources]),
        pre_x, pre_y, post_x, post_y, (pre_x % inside[0]).astype(np.int32), (pre_y % inside[1]).astype(np.int32),
        bool(grid and grid.periodic), grid.width if grid else 1, grid.height if grid else 1,
    )  # fmt: skip


def _coordinates(size: int, grid: Grid | None) -> tuple[Ints, Ints]:
    index = np.arange(size, dtype=np.int32)
    return (index, np.zeros_like(index)) if grid is None else (index % grid.width, index // grid.width)
