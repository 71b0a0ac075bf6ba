"""Names: locals, built-in values, constants, declarations of the component, state of neurons."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.builtins import CALLED, CHANGING, RESERVED, builtin_of, builtins_of
from plastlang.frontend.check_literals import Literals
from plastlang.frontend.check_values import (
    BrokenName,
    Entry,
    KnownName,
    LetName,
    ParameterName,
    Place,
    Value,
    VariableName,
    did_you_mean,
    nearest,
)
from plastlang.frontend.checked import CheckedConst
from plastlang.frontend.dimensions import (
    NUMBER,
    TIME,
    from_dimension,
    raised,
)
from plastlang.frontend.units import is_common
from plastlang.ir.nodes import Builtin, Const, Draw, Param, Read
from plastlang.ir.noise import XI
from plastlang.ir.types import DRAWS, FUNCTIONS, Site, Type


def dotted(node: ast.Expression) -> str:
    """`pre.pos.x` of an attribute chain of names, or ''."""
    match node:
        case ast.Name(name=name):
            return name
        case ast.Attribute(value=value, name=name):
            start = dotted(value)
            return f"{start}.{name}" if start else ""
    return ""


@dataclass(slots=True)
class Names(Literals):
    """Elaborates names and attributes."""

    def _name(self, node: ast.Name, place: Place) -> Value | None:
        name = node.name
        if name in self.locals:
            self.used.add(name)
            local = self.locals[name]
            if local is not None:
                self.trail.append((local.site, node.span, name))
            return local
        builtin = builtin_of(self.kind, name)
        if builtin is not None:
            return self._builtin(builtin, node.span, place)
        if name in self.entries:
            return self._entry(self.entries[name], node.span, place)
        if name in self.consts:
            self.used.add(name)
            const = self.consts[name]
            return const_value(const)
        if name in self.broken:
            return None
        if name == XI:
            return self._white_noise(node, place)
        self._unknown(node, place)
        return None

    def _white_noise(self, node: ast.Name, place: Place) -> Value | None:
        """`xi`, one for each equation; its unit makes its integral over a time t spread by sqrt(t)."""
        if not place.noise:
            self.reporter.error(
                "P309",
                f"`{XI}` is white noise, which only equations know",
                node.span,
                f"in {place.what}",
                "draw in a block: `x += normal(0, 1)`",
            )
            return None
        if self.xi is None:
            self.draws += 1
            self.xi = Value(Draw(XI, (), self.draws - 1), raised(TIME, Fraction(-1, 2)), draws=True)
        return self.xi

    def _unknown(self, node: ast.Name, place: Place) -> None:
        name = node.name
        if name in self.unknown:
            return
        self.unknown.add(name)
        known = self.names()
        if name in self.functions or name in CALLED or name in FUNCTIONS or name in DRAWS:
            arguments = "pre, post" if name == "distance" else "..."
            self.reporter.error(
                "P211", f"`{name}` is a function", node.span, "used like a value", f"write `{name}({arguments})`"
            )
        elif name in ("pre", "post", "pos"):
            example = {"pos": "pos.x"}.get(name, f"{name}.v")
            self.reporter.error(
                "P211",
                f"`{name}` alone is not a value",
                node.span,
                "needs a name behind it",
                f"write for example `{example}`",
            )
        elif name in self.components:
            self.reporter.error("P211", f"`{name}` is a neuron or rule, not a value", node.span)
        elif name in RESERVED.get(self.kind, frozenset()) or any(builtin_of(kind, name) for kind in ("neuron", "rule")):
            where = "rules" if builtin_of("rule", name) else "neurons"
            hint = f"write `pre.{name}` or `post.{name}`" if self.kind == "rule" and where == "neurons" else ""
            self.reporter.error("P201", f"`{name}` is known in {where} only", node.span, f"not in {place.what}", hint)
        else:
            hint = did_you_mean(name, known)
            if not hint and is_common(name):
                hint = "a unit stands behind a number: `1 " + name + "`"
            if not hint and self.kind in ("neuron", "rule"):
                site = "state" if self.kind == "neuron" else "synapse"
                hint = f"declare it, for example `param {name} = 1` or `{site} {name} = 0`"
            self.reporter.error("P201", f"unknown name `{name}`", node.span, "not declared", hint)

    def names(self) -> list[str]:
        """Everything that could be meant by a name here."""
        return [
            *self.locals,
            *self.entries,
            *self.consts,
            *(name for name in builtins_of(self.kind) if "." not in name),
        ]

    def _entry(self, entry: Entry, span: Span | None, place: Place) -> Value | None:
        self.used.add(entry.name)
        match entry:
            case BrokenName():
                return None
            case KnownName(value=value):
                return value
            case ParameterName():
                if not place.parameters:
                    self.reporter.error(
                        "P309",
                        f"{place.what} must be constant",
                        span,
                        "this is a parameter",
                        "use numbers, constants (`const`) and functions of them",
                    )
                    return None
                return Value(Param(entry.name), entry.vector)
            case VariableName():
                return self._variable(entry, span, place)
            case LetName():
                return self._let(entry, span, place)
            case _:
                assert_never(entry)

    def _variable(self, entry: VariableName, span: Span | None, place: Place) -> Value | None:
        self.read.add(entry.name)
        if not self._state_allowed(place, span, entry.name, entry.site):
            return None
        self.trail.append((entry.site, span, entry.name))
        return Value(
            Read(entry.name, entry.site, entry.type), entry.vector, entry.site, state=entry.site is not Site.PAIR
        )

    def _state_allowed(self, place: Place, span: Span | None, name: str, site: Site) -> bool:
        if not place.state and not (site is Site.PAIR and place.pairs):
            self.reporter.error(
                "P309",
                f"{place.what} cannot depend on `{name}`, which changes during the run",
                span,
                "this is state",
                "use parameters, constants, positions and draws" if place.draws else "use parameters and constants",
            )
            return False
        if site is Site.SYNAPSE and place.absent:
            self.reporter.error(
                "P307",
                f"`{name}` belongs to a synapse, and these pairs have none",
                span,
                f"in {place.what}",
                "use values of pre, post and the pair",
            )
            return False
        if site is Site.SYNAPSE and place.sample and not place.connected:
            self.reporter.error(
                "P307",
                f"`{name}` belongs to a synapse, and here there may be none",
                span,
                "read in a sample",
                "read it inside `if connected:`",
            )
            return False
        return True

    def _let(self, entry: LetName, span: Span | None, place: Place) -> Value | None:
        value = self.let_value(entry)
        if value is None:
            return None
        if value.state and not self._state_allowed(place, span, entry.name, Site.GLOBAL):
            return None
        sampled = Place(place.what, sample=place.sample, connected=place.connected, absent=place.absent)
        if not self._state_allowed(sampled, span, entry.name, value.site):
            return None
        if not place.parameters:
            self.reporter.error(
                "P309",
                f"{place.what} must be constant",
                span,
                f"`{entry.name}` is a `let` of the component",
                "use `const` for a constant of the file",
            )
            return None
        self.trail.append((value.site, span, entry.name))
        return value

    def let_value(self, entry: LetName) -> Value | None:
        """The value of a component's `let`, elaborated once."""
        if entry.name in self.lets:
            return self.lets[entry.name]
        if entry.name in self._open_lets:
            ring = " -> ".join([*self._open_lets[self._open_lets.index(entry.name) :], entry.name])
            self.reporter.error("P208", f"`{entry.name}` is defined by itself", entry.span, ring)
            return None
        self._open_lets.append(entry.name)
        trail, inner = self.trail, self.locals
        self.trail, self.locals = [], {}
        value = self.value(entry.value, Place("a `let` of the component", draws=False))
        self.trail, self.locals = trail, inner
        self._open_lets.pop()
        self.lets[entry.name] = value
        return value

    def _attribute(self, node: ast.Attribute, place: Place) -> Value | None:
        path = dotted(node)
        builtin = builtin_of(self.kind, path) if path else None
        if builtin is not None:
            return self._builtin(builtin, node.span, place)
        head, _, rest = path.partition(".")
        if self.kind == "rule" and head in ("pre", "post") and rest and "." not in rest:
            return self._neuron_read(head, rest, node.span, place)
        possible = [name for name in builtins_of(self.kind) if "." in name]
        near = nearest(path, possible) if path else ""
        if head in self.entries or head in self.locals:
            self.reporter.error(
                "P205",
                f"`{head}` has no parts",
                node.span,
                "not possible",
                "`pre.NAME` and `post.NAME` read the neurons of a rule" if self.kind == "rule" else "",
            )
        elif self.kind in ("pair", "place") and path in CHANGING:
            self._changing(place, path, node.span)
        elif self.kind == "neuron" and head in ("pre", "post"):
            self.reporter.error(
                "P205",
                "a neuron does not see the neurons that it is connected with",
                node.span,
                f"`{head}` is known in rules",
                "write this in a rule",
            )
        else:
            self.reporter.error(
                "P205",
                f"unknown name `{path or '...'}`",
                node.span,
                "not known here",
                f"did you mean `{near}`?" if near else "",
            )
        return None

    def _neuron_read(self, end: str, name: str, span: Span | None, place: Place) -> Value | None:
        site = Site.PRE if end == "pre" else Site.POST
        fixed = [path for path in builtins_of("rule") if path.startswith(end + ".")]
        other = f"{'post' if end == 'pre' else 'pre'}.{name}"
        if builtin_of("rule", other) is not None:
            near = nearest(f"{end}.{name}", fixed)
            self.reporter.error(
                "P205",
                f"there is no `{end}.{name}`",
                span,
                "",
                f"did you mean `{other}`?" if not near else f"did you mean `{near}` or `{other}`?",
            )
            return None
        if not self._state_allowed(place, span, f"{end}.{name}", site):
            return None
        if (end, name) not in self.neuron_reads:
            self.neuron_reads[end, name] = (self.unifier.fresh(f"{end}.{name}"), span)
        self.trail.append((site, span, f"{end}.{name}"))
        return Value(Read(name, site, of=end), self.neuron_reads[end, name][0], site, state=True)

    def _builtin(self, builtin: Builtin, span: Span | None, place: Place) -> Value | None:
        name = builtin.name
        if name == "connected" and not place.sample:
            self.reporter.error(
                "P307",
                "`connected` is known in samples only",
                span,
                "not in a sample",
                "use it inside `sample N pairs:` or `sample N slots of M per post:`",
            )
            return None
        if not place.parameters:
            self.reporter.error(
                "P309", f"{place.what} must be constant", span, f"`{name}` is known only when the network is built"
            )
            return None
        changes = name in CHANGING
        if changes and not place.state:
            self._changing(place, name, span)
            return None
        self.trail.append((builtin.site, span, name))
        return Value(builtin, TIME if name in ("t", "dt") else NUMBER, builtin.site, state=changes)

    def _changing(self, place: Place, name: str, span: Span | None) -> None:
        message = f"{place.what} cannot depend on `{name}`, which changes during the run"
        self.reporter.error("P309", message, span, "changes")

    def _before(self, node: ast.Before, place: Place) -> Value | None:
        inner = node.value
        if not place.before:
            self.reporter.error(
                "P306",
                "`@before` is known in `on pre spike` and `on post spike` only",
                node.span,
                f"not in {place.what}",
                "read the variable itself",
            )
            return None
        entry = self.entries.get(inner.name) if isinstance(inner, ast.Name) and inner.name not in self.locals else None
        if isinstance(entry, VariableName) and entry.site in (Site.PRE, Site.POST, Site.SYNAPSE):
            value = self._entry(entry, node.span, place)
            if value is not None and isinstance(value.expr, Read):
                read = Read(value.expr.name, value.expr.site, value.expr.type, before=True)
                return Value(read, value.vector, value.site, state=True)
            return None
        if isinstance(entry, BrokenName):
            return None
        if isinstance(inner, ast.Name) and self.value(inner, place) is None:
            return None
        self.reporter.error(
            "P306",
            "`@before` stands behind a pre, post or synapse variable of the rule",
            node.span,
            "not such a variable",
        )
        return None


def const_value(const: CheckedConst) -> Value:
    """A constant of the file as a value."""
    number = const.value.value
    vector = from_dimension(const.dimension)
    whole = const.value.type is Type.INT
    return Value(Const(float(number)), vector, integer=int(number) if whole else None)
