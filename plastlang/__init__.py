"""plastlang: a language and compiler for synaptic and structural plasticity in sparse spiking networks.

    import plastlang as pl

    net = pl.Network(dt="0.1 ms", seed=1)
    inputs = net.population(pl.rules.Poisson, 1000, rate="15 Hz")
    outputs = net.population(pl.rules.LIF, 100)
    synapses = net.connect(inputs, outputs.exc, pl.rules.PairSTDP(tau_plus="17 ms"), pl.fixed_probability(0.1))
    model = net.compile()
    model.run("1 s")

Importing this package loads nothing else; each name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plastlang import rules
    from plastlang.api import Library, NetworkTemplate, load
    from plastlang.compiled import open
    from plastlang.components import Component, Composition
    from plastlang.diagnostics import Diagnostic, MachineError, PlastError, render
    from plastlang.network import Network
    from plastlang.runtime.connectivity import (
        all_to_all,
        exponential,
        fixed_in_degree,
        fixed_probability,
        none,
        normal,
        one_to_one,
        pairs,
        probability,
        uniform,
    )
    from plastlang.runtime.model import Model
    from plastlang.runtime.recording import Connectivity, Degrees, Spikes, States
    from plastlang.runtime.run import Progress
    from plastlang.standalone import StandaloneRule

__version__ = "0.1.0"

__all__ = [
    "Component", "Composition", "Connectivity", "Degrees", "Diagnostic", "Library", "MachineError", "Model", "Network",
    "NetworkTemplate", "PlastError", "Progress", "Spikes", "StandaloneRule", "States", "all_to_all", "exponential",
    "fixed_in_degree", "fixed_probability", "load", "none", "normal", "one_to_one", "open", "pairs", "probability",
    "render", "rules", "uniform",
]  # fmt: skip

_CONNECTIVITY = (
    "all_to_all", "exponential", "fixed_in_degree", "fixed_probability", "none", "normal", "one_to_one", "pairs",
    "probability", "uniform",
)  # fmt: skip
_HOMES = {
    "Library": "api", "NetworkTemplate": "api", "load": "api", "open": "compiled", "Component": "components",
    "Composition": "components", "Diagnostic": "diagnostics", "MachineError": "diagnostics",
    "PlastError": "diagnostics", "render": "diagnostics", "Network": "network", "Model": "runtime.model",
    "Connectivity": "runtime.recording", "Degrees": "runtime.recording", "Spikes": "runtime.recording",
    "States": "runtime.recording", "Progress": "runtime.run", "StandaloneRule": "standalone",
} | dict.fromkeys(_CONNECTIVITY, "runtime.connectivity")  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "rules":
        return importlib.import_module("plastlang.rules")
    if name not in _HOMES:
        raise AttributeError(f"module 'plastlang' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"plastlang.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__", "train"])
