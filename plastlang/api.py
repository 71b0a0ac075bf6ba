"""Loading .plast files from Python."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plastlang import driver
from plastlang.components import Component
from plastlang.diagnostics import Source
from plastlang.frontend.ast import ParameterDeclaration
from plastlang.frontend.checked import CheckedModule
from plastlang.network import start
from plastlang.runtime.calls import bad_call, unknown
from plastlang.runtime.model import Model


def load(what: str | Path) -> Library:
    """Read and check a .plast file, or a text in the language.

    Args:
        what: a path; a string of several lines is the text itself.

    Returns:
        A library: its neurons, rules and networks are attributes.

    Raises:
        PlastError: with every fault in it; `plastlang.render(error.diagnostics)` shows them with their places.
    """
    if not isinstance(what, (str, Path)):
        raise bad_call(f"load takes a path or a text, not {what!r}")
    is_text = isinstance(what, str) and "\n" in what
    source = Source("<text>", str(what)) if is_text else driver.source_of(what)
    module = driver.check(source)
    for warning in module.warnings:
        warnings.warn(warning.message, stacklevel=2)
    return Library(module)


class Library:
    """What a .plast file defines and imports."""

    def __init__(self, module: CheckedModule):
        self._module = module
        self.__doc__ = module.doc

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in self._module.components:
            return Component(self._module.components[name])
        if name in self._module.networks:
            return NetworkTemplate(self._module, name)
        raise unknown(f"the neuron, rule or network of {self._module.source.path}", name, self._names())

    def __dir__(self) -> list[str]:
        return [*object.__dir__(self), *self._names()]

    def _names(self) -> list[str]:
        return [*self._module.components, *self._module.networks]

    def __repr__(self) -> str:
        return f"<{self._module.source.path}: {', '.join(self._names())}>"


class NetworkTemplate:
    """A `network` of a file. Call it to give its parameters: `TopographicMap(s=2)`."""

    def __init__(self, module: CheckedModule, name: str, values: Mapping[str, object] | None = None):
        self._module = module
        self.name = name
        self._values = dict(values or {})
        self.__doc__ = module.networks[name].doc

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of what may be given."""
        members = self._module.networks[self.name].members
        return tuple(item.name for m in members if isinstance(m, ParameterDeclaration) for item in m.items)

    def __call__(self, **values: object) -> NetworkTemplate:
        for name in values:
            if name not in self.parameters:
                raise unknown(f"the parameter of {self.name}", name, self.parameters)
        return NetworkTemplate(self._module, self.name, {**self._values, **values})

    def compile(
        self, backend: str = "c", precision: str = "single", threads: int = 1, seed: int = 0,
        mode: str = "deterministic", batch: int = 1,
    ) -> Model:  # fmt: skip
        """Make a model of it. See `Network.compile`."""
        checked = driver.elaborate(self._module, self.name, self._values)
        return start(checked, backend=backend, precision=precision, threads=threads, seed=seed, mode=mode, batch=batch)

    def __repr__(self) -> str:
        return f"<network {self.name}({', '.join(self.parameters)})>"
