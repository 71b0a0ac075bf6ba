"""From the syntax tree of a file to its checked components: imports, constants, functions, neurons, rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from plastlang.diagnostics import Diagnostic, PlastError, Source, Span
from plastlang.frontend import ast
from plastlang.frontend.builtins import RESERVED
from plastlang.frontend.check_components import check_component
from plastlang.frontend.check_expressions import Elaborator
from plastlang.frontend.check_values import Place, Reporter, Value, did_you_mean
from plastlang.frontend.checked import CheckedComponent, CheckedConst, CheckedFunction, CheckedModule
from plastlang.frontend.dimensions import to_dimension
from plastlang.frontend.networks import elaborate_network
from plastlang.frontend.parse import parse_with_errors
from plastlang.frontend.recovered import Recovered
from plastlang.frontend.sources import load_import
from plastlang.frontend.spans import first_line
from plastlang.ir.nodes import Const, Local
from plastlang.ir.types import Type

Load = Callable[[str, Source | None], Source]
#: Codes of what is missing in a network, or named and not declared there.
_LACKING = ("P522", "P527", "P530")


@dataclass(slots=True)
class _Files:
    """The files of one check: what is done, and what is being done (to find circles)."""

    load: Load
    done: dict[str, CheckedModule | None] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)


def check_module(module: ast.Module, source: Source, load: Load | None = None) -> CheckedModule:
    """Check a file and everything that it imports.

    Args:
        module: the tree of the file.
        source: its text, for the paths of what it imports.
        load: gives the text of an imported path, seen from the importing source; `load_import` if None.

    Raises:
        PlastError: with every error of all the files, in the order of the text.
    """
    return check_recovered(Recovered(module), source, load)


def check_recovered(recovered: Recovered, source: Source, load: Load | None = None) -> CheckedModule:
    """As `check_module`, of a file as far as it could be read: its syntax errors are raised with all the others."""
    return _check(recovered, source, _Files(load or load_import, open=[_key(source)]))


def _key(source: Source) -> str:
    return source.path if source.path.startswith(("<", "rules:")) else str(Path(source.path).absolute().resolve())


@dataclass(slots=True)
class _Module:
    """One file that is being checked."""

    recovered: Recovered
    source: Source
    files: _Files
    reporter: Reporter = field(default_factory=Reporter)
    components: dict[str, CheckedComponent] = field(default_factory=dict)
    networks: dict[str, ast.NetworkDeclaration] = field(default_factory=dict)
    consts: dict[str, CheckedConst] = field(default_factory=dict)
    functions: dict[str, CheckedFunction] = field(default_factory=dict)
    broken: set[str] = field(init=False)
    origin: dict[str, Span | None] = field(default_factory=dict)
    foreign: list[Diagnostic] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.broken = set(self.recovered.names)

    def declare(self, name: str, span: Span | None) -> bool:
        """Whether a name of the file is new; reports where not."""
        if name in self.origin:
            self.reporter.error(
                "P204", f"`{name}` is declared already", first_line(span), "declared again", "choose another name"
            )
            return False
        if name in RESERVED["rule"] | RESERVED["neuron"]:
            self.reporter.error(
                "P206", f"`{name}` is built in", first_line(span), "cannot be declared", "choose another name"
            )
            return False
        self.origin[name] = span
        return True

    # ------------------------------------------------------------ imports

    def load(self, node: ast.Import) -> None:
        """One `import`."""
        other = self._open(node)
        if other is None:
            self.broken.update(node.names)
            return
        names = node.names or (*other.components, *other.consts, *other.functions)
        for name in names:
            self._take(name, node, other)

    def _open(self, node: ast.Import) -> CheckedModule | None:
        try:
            source = self.files.load(node.path, self.source)
        except (OSError, UnicodeDecodeError, ValueError, ModuleNotFoundError) as error:
            reason = "is not a UTF-8 text" if isinstance(error, UnicodeDecodeError) else "cannot be read"
            reason = "does not exist" if isinstance(error, FileNotFoundError | ModuleNotFoundError) else reason
            hint = "paths are relative to this file; the library is `rules:NAME.plast`"
            self.reporter.error("P501", f"`{node.path}` {reason}", node.span, "imported here", hint)
            return None
        key = _key(source)
        if key in self.files.open:
            ring = [Path(path).name for path in self.files.open[self.files.open.index(key) :]]
            self.reporter.error(
                "P502",
                "these files import each other in a circle",
                node.span,
                " -> ".join([*ring, Path(key).name]),
                "move what both need into a file of its own",
            )
            return None
        if key not in self.files.done:
            self.files.open.append(key)
            try:
                self.files.done[key] = _check(parse_with_errors(source), source, self.files)
            except PlastError as error:
                self.files.done[key] = None
                self.foreign.extend(error.diagnostics)
            self.files.open.pop()
        return self.files.done[key]

    def _take(self, name: str, node: ast.Import, other: CheckedModule) -> None:
        known = [*other.components, *other.consts, *other.functions]
        if name not in known:
            hint = did_you_mean(name, known) or ("it has: " + ", ".join(known) if known else "it declares nothing")
            self.reporter.error("P503", f"`{node.path}` has no `{name}`", node.span, "not in that file", hint)
            self.broken.add(name)
            return
        same = self.components.get(name) or self.consts.get(name) or self.functions.get(name)
        new = other.components.get(name) or other.consts.get(name) or other.functions.get(name)
        if same is not None and same is new:
            return
        if not self.declare(name, node.span):
            return
        if name in other.components:
            self.components[name] = other.components[name]
        elif name in other.consts:
            self.consts[name] = other.consts[name]
        else:
            self.functions[name] = other.functions[name]

    # ------------------------------------------------------------ constants and functions

    def const(self, node: ast.ConstDeclaration) -> None:
        """`const`, evaluated at once: it sees the constants before it."""
        elaborator = Elaborator("network", self.reporter, self.consts, self.functions, frozenset(self.broken))
        found = elaborator.constant(node.value, f"constant `{node.name}`")
        if found is None:
            self.broken.add(node.name)
            return
        number, vector, value = found
        const = Const(value.integer, Type.INT) if value.integer is not None else Const(number)
        self.consts[node.name] = CheckedConst(
            node.name, const, to_dimension(elaborator.unifier.close(vector)), node.span
        )

    def function(self, node: ast.FunctionDeclaration) -> None:
        """Checks the body of a `fn` once, for arguments of any unit."""
        elaborator = Elaborator("function", self.reporter, self.consts, self.functions, frozenset(self.broken))
        for position, name in enumerate(node.arguments):
            if name in node.arguments[:position]:
                self.reporter.error(
                    "P204", f"argument `{name}` of `{node.name}` is there twice", node.span, "declared again"
                )
            elaborator.locals[name] = Value(Local(name), elaborator.unifier.fresh())
        elaborator.open_functions.append(node.name)
        before = len(self.reporter.errors)
        value = elaborator.elaborate(node.value, Place(f"`fn {node.name}`", draws=False, state=False))
        if value is None or len(self.reporter.errors) > before:
            self.broken.add(node.name)
            self.functions.pop(node.name, None)
            return
        for name in node.arguments:
            if name not in elaborator.used:
                self.reporter.warn(
                    "W101", f"argument `{name}` of `{node.name}` is never used", node.span, "declared here"
                )

    # ------------------------------------------------------------ networks

    def network(self, node: ast.NetworkDeclaration, module: CheckedModule, broken: frozenset[str]) -> None:
        """Checks a network whose parameters are not known yet. What lacks may stand in lines that were not read."""
        reporter = Reporter()
        elaborate_network(node, module, {}, 0, reporter, broken, template=True)
        partial = node.name in self.recovered.partial
        self.reporter.found.extend(d for d in reporter.found if not (partial and d.code in _LACKING))

    # ------------------------------------------------------------ all

    def run(self) -> CheckedModule:
        """Checks every declaration."""
        declarations = self.recovered.module.declarations
        for declaration in declarations:
            if isinstance(declaration, ast.Import):
                self.load(declaration)
        fresh: list[ast.ConstDeclaration | ast.FunctionDeclaration | ast.Component | ast.NetworkDeclaration] = []
        for declaration in declarations:
            if not isinstance(declaration, ast.Import) and self.declare(declaration.name, declaration.span):
                fresh.append(declaration)
        components = {d.name for d in fresh if isinstance(d, ast.Component)}
        for declaration in fresh:
            if isinstance(declaration, ast.FunctionDeclaration):
                self.functions[declaration.name] = CheckedFunction(declaration, self.consts, self.functions)
        for declaration in fresh:
            if isinstance(declaration, ast.ConstDeclaration):
                self.const(declaration)
        for declaration in fresh:
            if isinstance(declaration, ast.FunctionDeclaration):
                self.function(declaration)
        known = frozenset(components | set(self.components))
        for declaration in fresh:
            if isinstance(declaration, ast.Component):
                checked = check_component(
                    declaration,
                    self.reporter,
                    self.consts,
                    self.functions,
                    frozenset(self.broken),
                    known,
                    self.components,
                )
                if checked is not None and declaration.name not in self.recovered.partial:
                    self.components[declaration.name] = checked
            elif isinstance(declaration, ast.NetworkDeclaration):
                self.networks[declaration.name] = declaration
        result = CheckedModule(
            self.source,
            self.recovered.module.doc,
            self.components,
            self.networks,
            self.consts,
            self.functions,
            tuple(d.name for d in fresh),
        )
        broken = frozenset(self.broken | (components - set(self.components)))
        for network in self.networks.values():
            self.network(network, result, broken)
        own = (d for d in self.reporter.errors if not self.recovered.follows(d))
        errors = (*self.recovered.diagnostics, *self.foreign, *own)
        if errors:
            raise PlastError(
                tuple(
                    sorted(
                        dict.fromkeys(errors), key=lambda d: (d.span.source.path, d.span.start) if d.span else ("", 0)
                    )
                )
            )
        return replace(result, warnings=tuple(w for w in self.reporter.warnings if not _of_a_part(w, fresh)))


def _of_a_part(warning: Diagnostic, declarations: Sequence[object]) -> bool:
    """Whether an equation without effect stands in a rule that others of the file use: they may read it."""
    rules = [d for d in declarations if isinstance(d, ast.Component)]
    used = {m.call.function for rule in rules for m in rule.members if isinstance(m, ast.UseDeclaration)}
    spans = [rule.span for rule in rules if rule.name in used and rule.span is not None]
    at = warning.span
    return warning.code == "W102" and at is not None and any(s.start <= at.start < s.end for s in spans)


def _check(recovered: Recovered, source: Source, files: _Files) -> CheckedModule:
    return _Module(recovered, source, files).run()
