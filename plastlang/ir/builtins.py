"""The values that the network gives: their types and sites, for neurons and for projections."""

from __future__ import annotations

from plastlang.ir.types import Site, Type

#: Known everywhere.
COMMON: dict[str, tuple[Type, Site]] = {
    "dt": (Type.REAL, Site.GLOBAL),
    "t": (Type.REAL, Site.GLOBAL),
    "step": (Type.INT, Site.GLOBAL),
}

#: Known in populations.
POPULATION: dict[str, tuple[Type, Site]] = COMMON | {
    "index": (Type.INT, Site.NEURON),
    "pos.x": (Type.REAL, Site.NEURON),
    "pos.y": (Type.REAL, Site.NEURON),
    "size": (Type.INT, Site.GLOBAL),
}

#: Known in projections. `connected` is known in samples only.
PROJECTION: dict[str, tuple[Type, Site]] = COMMON | {
    "pre.index": (Type.INT, Site.PRE),
    "post.index": (Type.INT, Site.POST),
    "pre.pos.x": (Type.REAL, Site.PRE),
    "pre.pos.y": (Type.REAL, Site.PRE),
    "post.pos.x": (Type.REAL, Site.POST),
    "post.pos.y": (Type.REAL, Site.POST),
    "pre.group": (Type.INT, Site.PRE),
    "pre.out_degree": (Type.INT, Site.PRE),
    "post.in_degree": (Type.INT, Site.POST),
    "pre.size": (Type.INT, Site.GLOBAL),
    "post.size": (Type.INT, Site.GLOBAL),
    "synapses": (Type.INT, Site.GLOBAL),
    "distance": (Type.REAL, Site.PAIR),
    "connected": (Type.BOOL, Site.PAIR),
}
