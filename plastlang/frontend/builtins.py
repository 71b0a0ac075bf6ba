"""The names that are there without being declared, per kind of component and place."""

from __future__ import annotations

from plastlang.ir.builtins import COMMON, POPULATION, PROJECTION
from plastlang.ir.nodes import Builtin
from plastlang.ir.types import DRAWS, FUNCTIONS, Site, Type

#: Functions of the language that are no functions of the IR, and their number of arguments.
CALLED: dict[str, int] = {"min": 2, "max": 2, "clip": 3, "int": 1, "distance": 2}
#: What changes during a run.
CHANGING = frozenset({"t", "step", "synapses", "connected", "pre.out_degree", "post.in_degree"})

_Table = dict[str, tuple[Type, Site]]


def _names(table: _Table, constant: bool = False) -> dict[str, Builtin]:
    return {
        "distance()" if name == "distance" else name: Builtin(name, kind, site)
        for name, (kind, site) in table.items()
        if not (constant and name in CHANGING)
    }


#: "place": arguments of a population; "pair": connectivity of a projection; "synapse": its start values.
_TABLES: dict[str, dict[str, Builtin]] = {
    "neuron": _names(POPULATION),
    "rule": _names(PROJECTION),
    "place": _names(POPULATION, constant=True),
    "pair": _names(PROJECTION, constant=True),
    "network": {},
    "function": {},
}
_FUNCTION_NAMES = frozenset([*FUNCTIONS, *DRAWS, *CALLED])
#: Names that a component of each kind may not declare.
RESERVED: dict[str, frozenset[str]] = {
    kind: frozenset(name.split(".")[0].removesuffix("()") for name in [*table, *COMMON]) | _FUNCTION_NAMES
    for kind, table in _TABLES.items()
}


def builtin_of(kind: str, name: str) -> Builtin | None:
    """The built-in value `name` (with dots; `distance()` for the call) in this kind of component or place."""
    return _TABLES[kind].get(name)


def builtins_of(kind: str) -> tuple[str, ...]:
    return tuple(name for name in _TABLES[kind] if not name.endswith("()"))
