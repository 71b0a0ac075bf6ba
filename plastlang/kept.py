"""What was worked out before, by what it was made from, beside the compiled libraries.

A warm start reads neither the grammar nor a file of the library through the checker, and does without sympy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from plastlang.backends.cfamily import cache
from plastlang.backends.cfamily.cache import code_of, content, name_of
from plastlang.diagnostics import Source
from plastlang.frontend.checked import CheckedModule, CheckedNetwork
from plastlang.ir.lowered import Lowered
from plastlang.ir.nodes import Program

#: (lowered, program after the canonical passes, program after the scheduling passes)
Programs = tuple[Lowered, Program, Program]
#: Gives the text of an imported path, seen from the importing source.
Load = Callable[[str, Source | None], Source]


def _front() -> str:
    """Everything that turns a text into a checked network."""
    return code_of("diagnostics", "frontend", "grammar", "ir", needs=("lark", "pint"))


# ---------------------------------------------------------------- modules and networks


@dataclass(frozen=True, slots=True)
class _Import:
    """What an import led to: the source, by its path and a name of its text."""

    path: str
    importer: str
    found: str
    text: str

    def holds(self, load: Load) -> bool:
        """Whether it leads there still."""
        try:
            source = load(self.path, Source(self.importer, ""))
        except Exception:  # whatever it is, the checker says it
            return False
        return (source.path, name_of(source.text)) == (self.found, self.text)


@dataclass(frozen=True, slots=True)
class _Module:
    """A module and the imports of it and of what it imports."""

    imports: tuple[_Import, ...]
    module: CheckedModule


def module(source: Source, load: Load, check: Callable[[Load], CheckedModule]) -> CheckedModule:
    """The checked module of a source: as it was kept, if all that it imports is the same; or else by `check`."""
    name = f"{name_of(_front(), source.path, source.text)}.module"
    found = cache.find(name, _Module)
    if found is not None and all(item.holds(load) for item in found.imports):
        return found.module
    imports: dict[_Import, None] = {}

    def noted(path: str, importer: Source | None) -> Source:
        got = load(path, importer)
        imports[_Import(path, importer.path if importer else "", got.path, name_of(got.text))] = None
        return got

    checked = check(noted)
    checked = replace(checked, made_from=name_of(name, repr(tuple(imports))))
    cache.keep(name, _Module(tuple(imports), checked))
    return checked


def network(
    made_from: str, network: str, parameters: Mapping[str, object], check: Callable[[], CheckedNetwork]
) -> CheckedNetwork:
    """A network with values for its parameters: as it was kept, or by `check`.

    Args:
        made_from: what the module of the network was made from; where that is not known ('') nothing is kept.
        network: its name.
        parameters: values by name.
        check: makes it.
    """
    if not made_from or any(type(value) not in (str, int, float) for value in parameters.values()):
        return check()
    name = f"{name_of(_front(), made_from, network, repr(sorted(parameters.items())))}.network"
    found = cache.find(name, CheckedNetwork)
    if found is None:
        found = check()
        cache.keep(name, found)
    return found


# ---------------------------------------------------------------- programs


def key(checked: CheckedNetwork) -> str:
    """A name for what `checked` is lowered to; places in the source count, since emitted code names its lines."""
    return name_of(code_of("diagnostics", "ir", "symbolic", "passes", needs=("sympy",)), content(checked))


def find(name: str) -> Programs | None:
    """What was kept under a name, or None."""
    found = cache.find(f"{name}.program", tuple)
    if found is not None and [type(part) for part in found] == [Lowered, Program, Program]:
        return found
    return None


def keep(name: str, programs: Programs) -> None:
    """Keep programs for the next process."""
    cache.keep(f"{name}.program", programs)
