"""Which variables are coupled both ways, and in what order the others drive them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def reachable(start: str, inflows: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Everything that `start` depends on, at any distance; itself only if it is on a cycle."""
    found: set[str] = set()
    pending = list(inflows.get(start, ()))
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(inflows.get(name, ()))
    return frozenset(found)


def coupled(names: tuple[str, ...], inflows: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """For each name those that depend on it and that it depends on (itself included), in the order of `names`."""
    behind = {name: reachable(name, inflows) for name in names}
    return {
        name: tuple(other for other in names if other == name or (other in behind[name] and name in behind[other]))
        for name in names
    }
