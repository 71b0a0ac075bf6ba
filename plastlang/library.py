"""The rules that come with plastlang: where each name is defined, and what its file says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from plastlang.api import Library, NetworkTemplate, load
from plastlang.components import Component, describe
from plastlang.driver import LIBRARY
from plastlang.runtime.calls import unknown

_DEFINITION = re.compile(r"^(neuron|rule|network)\s+([^\W\d]\w*)\s*:[^\n]*\n\s+\"\"\"([^\"]*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A name of the library: kind (neuron, rule, network), file, and the first line of its documentation."""

    name: str
    kind: str
    path: Path
    summary: str


@lru_cache(maxsize=1)
def index() -> dict[str, Entry]:
    """Every name of the library, without checking the files."""
    found: dict[str, Entry] = {}
    for path in sorted(LIBRARY.glob("*.plast")):
        for match in _DEFINITION.finditer(path.read_text(encoding="utf-8")):
            kind, name, doc = match.groups()
            found[name] = Entry(name, kind, path, doc.strip().splitlines()[0] if doc.strip() else "")
    return found


@cache
def _file(path: Path) -> Library:
    return load(path)


def description(name: str) -> str:
    """What a name of the library is: its documentation, parameters, state, ports, and where it stands."""
    found = component(name)
    entry = index()[name]
    text = describe(found.checked) if isinstance(found, Component) else f"network {name}\n    {found.__doc__}"
    if isinstance(found, NetworkTemplate) and found.parameters:
        text += f"\n\nParameters: {', '.join(found.parameters)}"
    return f"{text}\n\nFile: {entry.path}\nImport it: import {name} from \"rules:{entry.path.name}\""


def details(name: str) -> dict[str, Any]:
    """The same for tools. Values are in coherent units, with these beside them."""
    found, entry = component(name), index()[name]
    result: dict[str, Any] = {
        "name": name, "kind": entry.kind, "file": str(entry.path), "documentation": (found.__doc__ or "").strip(),
    }  # fmt: skip
    if isinstance(found, NetworkTemplate):
        return result | {"parameters": list(found.parameters)}
    checked = found.checked
    return result | {
        "documentation": checked.doc.strip(),
        "parameters": [
            {
                "name": p.name, "default": p.default, "unit": p.dimension.symbol, "low": p.low, "high": p.high,
                "nonzero": bool(p.divides),
            }
            for p in checked.parameters
        ],
        "state": [
            {"name": v.name, "site": v.site, "unit": v.dimension.symbol, "required": v.required}
            for v in checked.variables if not v.name.startswith("_")
        ],
        "inputs": [{"name": i.port, "unit": i.dimension.symbol} for i in checked.inputs],
    }  # fmt: skip


def component(name: str) -> Component | NetworkTemplate:
    """A neuron, rule or network of the library by its name."""
    entry = index().get(name)
    if entry is None:
        raise unknown("the rule", name, index())
    found: Component | NetworkTemplate = getattr(_file(entry.path), name)
    return found
