"""`use RULE(...)`: a rule inside another one, as if its members stood there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.check_dynamics import Dynamics
from plastlang.frontend.check_values import ParameterName, VariableName, did_you_mean
from plastlang.frontend.checked import CheckedComponent, CheckedParameter, Dimension
from plastlang.frontend.compose import with_dimensions
from plastlang.frontend.dimensions import Unifier, Vector, from_dimension, to_dimension
from plastlang.frontend.limits import limits_of
from plastlang.frontend.renaming import rename
from plastlang.frontend.units import format_value
from plastlang.ir.nodes import Read
from plastlang.ir.types import Type
from plastlang.ir.walk import all_expressions, walk


@dataclass(slots=True)
class Uses(Dynamics):
    """Checks the rules that a rule uses. `known`: the neurons and rules that are checked already."""

    known: Mapping[str, CheckedComponent] = field(default_factory=dict)
    used: dict[int, CheckedComponent] = field(default_factory=dict)  # by the place of the member
    taken: set[tuple[str, str]] = field(default_factory=set)  # rules that are used, and their labels
    bound: set[str] = field(default_factory=set)  # variables of this rule that used ones require

    def use(self, node: ast.UseDeclaration, place: int) -> None:
        """Take over the names of a rule; its blocks follow when their turn comes (`place_used`)."""
        name = node.call.function
        rule = self.known.get(name)
        if rule is None or rule.kind != "rule":
            self._unknown_rule(node, rule)
            return
        if (name, node.label) in self.taken:
            example = "" if node.label else f", for example `use {name}(...) as slow`: `x` is then `slow_x`"
            self.reporter.error(
                "P204", f"`{name}` is used twice", node.span, "the same names again",
                f"give one of them a name of its own{example}",
            )  # fmt: skip
            return
        self.taken.add((name, node.label))
        parameters, given = self._arguments(node, rule)
        names = self._bindings(node, rule)
        if node.label:
            given = {p.name: f"{node.label}_{p.name}" for p in rule.parameters} | given
            names = {v.name: f"{node.label}_{v.name}" for v in rule.variables if not v.required} | names
        rule = rename(replace(rule, parameters=parameters), "", names, self.e.draws, given)
        self.e.draws += rule.draws
        span = node.span
        for parameter in rule.parameters:
            if self.declare(parameter.name, span):
                self._open(parameter.dimension)
                vector = from_dimension(parameter.dimension)
                self.e.entries[parameter.name] = ParameterName(parameter.name, vector, span)
        own = {item.name for member in self._variables() for item in member.items if not member.required}
        for variable in rule.variables:
            if variable.required and variable.name in own:
                self.bound.add(variable.name)
            elif variable.required and variable.name in self.e.entries:
                continue  # of a rule used before
            elif self.declare(variable.name, span):
                self._open(variable.dimension)
                vector = from_dimension(variable.dimension)
                entry = VariableName(variable.name, variable.site, variable.type, vector, variable.required, span)
                self.e.entries[variable.name] = entry
        for read in rule.neuron_reads:
            self._open(read.dimension)
            vector = from_dimension(read.dimension)
            other = self.e.neuron_reads.setdefault((read.of, read.name), (vector, read.span))
            self.e.unifier.unify(other[0], vector)
        if rule.deliver_dimension is not None:
            self._open(rule.deliver_dimension)
            self.s.deliver = self._delivered(from_dimension(rule.deliver_dimension), span)
        self.used[place] = rule

    def _variables(self) -> list[ast.VariableDeclaration]:
        return [m for m in self.declaration.members if isinstance(m, ast.VariableDeclaration)]

    def _unknown_rule(self, node: ast.UseDeclaration, found: CheckedComponent | None) -> None:
        name, rules = node.call.function, [n for n, c in self.known.items() if c.kind == "rule"]
        if name in self.e.broken:
            return
        if found is not None:
            self.reporter.error("P211", f"`{name}` is a neuron", node.call.span, "not a rule", "rules use rules")
            return
        later = name in self.e.components
        hint = "declare it above this rule" if later else did_you_mean(name, rules) or "import it, or declare it above"
        label = "declared further down" if later else "not declared"
        self.reporter.error("P201", f"unknown rule `{name}`", node.call.span, label, hint)

    def _delivered(self, vector: Vector, span: Span | None) -> Vector:
        if self.s.deliver is None or self.e.unifier.unify(self.s.deliver, vector):
            return vector
        self.e.report_unit(span, f"another rule used here delivers {self.e.say(self.s.deliver)}", vector)
        return self.s.deliver

    def _open(self, dimension: Dimension) -> None:
        """Units that the used rule leaves open stay open to the outside."""
        self.e.unifier.kept.update(a for a, _ in from_dimension(dimension) if a.startswith("?"))

    # ------------------------------------------------------------ arguments

    def _arguments(
        self, node: ast.UseDeclaration, rule: CheckedComponent
    ) -> tuple[tuple[CheckedParameter, ...], dict[str, str]]:
        """The parameters with the values given (numbers that stand for the defaults), and those for which parameters
        of this rule stand."""
        given: dict[str, str] = {}
        known = {p.name: p for p in rule.parameters}
        required = [v.name for v in rule.variables if v.required]
        for argument in node.call.arguments:
            name = argument.name
            if name in required:
                continue
            if name not in known:
                self._no_such(rule, name, [*known, *required], argument.span)
                continue
            own = self.e.entries.get(argument.value.name) if isinstance(argument.value, ast.Name) else None
            if isinstance(own, ParameterName):
                self._same(known[name], own, argument)
                given[name] = own.name
                continue
            found = self.e.constant(argument.value, f"`{name}`")
            if found is None:
                continue
            want = from_dimension(known[name].dimension)
            if not Unifier().unify(want, self.e.unifier.resolve(found[1])):
                self.e.report_unit(argument.value.span, f"`{name}` must be {self.e.say(want)}", found[1])
                continue
            low, high = known[name].low, known[name].high
            if (low is not None and found[0] < low) or (high is not None and found[0] > high):
                self.reporter.error(
                    "P525", f"`{name}` is {format_value(found[0], known[name].dimension)}, outside its bounds",
                    argument.value.span, f"must be {limits_of(known[name])}",
                )  # fmt: skip
            known[name] = replace(known[name], default=found[0])
        return tuple(p for p in known.values() if p.name not in given), given

    def _same(self, parameter: CheckedParameter, own: ParameterName, argument: ast.Argument) -> None:
        """A parameter of this rule stands for one of the used rule: in its unit, and within its limits."""
        self.e.used.add(own.name)
        span, name = argument.value.span, parameter.name
        want = from_dimension(parameter.dimension)
        if not self.e.unifier.unify(want, own.vector):
            self.e.report_unit(span, f"`{name}` must be {self.e.say(want)}", own.vector)
        limits = next((bounds for item, _, _, bounds in self.parameters if item.name == own.name), None)
        own_low, own_high = limits or (-math.inf, math.inf)
        low, high = parameter.low, parameter.high
        if (parameter.divides or parameter.lasts) and low == 0:  # then this rule's own parameter is used so, too
            low = None
        if (low is not None and own_low < low) or (high is not None and own_high > high):
            self.reporter.error(
                "P525", f"`{name}` is limited, and `{own.name}` may leave its limits", span,
                f"must be {limits_of(parameter)}", f"give `{own.name}` these limits, too: `in [...]`",
            )  # fmt: skip

    def _no_such(self, rule: CheckedComponent, name: str, known: list[str], span: Span | None) -> None:
        if not name:
            self.reporter.error("P523", f"`{rule.name}` takes its arguments by name", span, "", "write `NAME = VALUE`")
            return
        variables = [v.name for v in rule.variables]
        hint = did_you_mean(name, known) or (f"it has: {', '.join(known)}" if known else "it has none")
        if name in variables:
            hint = "start values are given in the network"
        self.reporter.error("P523", f"`{rule.name}` has no parameter `{name}`", span, "not known", hint)

    def _bindings(self, node: ast.UseDeclaration, rule: CheckedComponent) -> dict[str, str]:
        """`use Rewiring(g = w)`: under which name the rule finds what it requires."""
        required = {v.name for v in rule.variables if v.required}
        own = [item.name for member in self._variables() for item in member.items]
        own += [v.name for other in self.used.values() for v in other.variables]
        found: dict[str, str] = {}
        for argument in node.call.arguments:
            if argument.name not in required:
                continue
            name = argument.value.name if isinstance(argument.value, ast.Name) else ""
            if name in own:
                found[argument.name] = name
                continue
            self.reporter.error(
                "P512",
                f"`{argument.name}` of `{rule.name}` is a variable of this rule or of one used above",
                argument.value.span,
                "not such a variable",
                did_you_mean(name, own) or (f"there are: {', '.join(own)}" if own else "declare one"),
            )
        return found

    # ------------------------------------------------------------ members

    def place_used(self, place: int) -> None:
        """What the rule does, at the place where it is used; what it requires must be there as it wants it."""
        rule = self.used.get(place)
        if rule is None:
            return
        span = self.declaration.members[place].span
        for variable in rule.variables:
            entry = self.e.entries.get(variable.name)
            if not variable.required or not isinstance(entry, VariableName):
                continue
            if entry.site is not variable.site or entry.type is not Type.REAL:
                self.reporter.error(
                    "P512", f"`{rule.name}` requires `{variable.name}` as a {variable.site.value} variable", span,
                    "declared otherwise here",
                )  # fmt: skip
            elif not self.e.unifier.unify(entry.vector, from_dimension(variable.dimension)):
                want = self.e.say(from_dimension(variable.dimension))
                self.e.report_unit(span, f"`{rule.name}` requires `{variable.name}` in {want}", entry.vector)
        for equation in rule.equations:
            if any(known.name == equation.name for known in self.equations):
                self.reporter.error("P204", f"`{equation.name}` has two equations", span, "the second one")
        self.equations += rule.equations
        self.blocks += rule.blocks
        bodies = [x for block in rule.blocks for x in all_expressions(block.body)]
        for expression in (*bodies, *(e.value for e in rule.equations)):
            self.bound.update(r.name for r in walk(expression) if isinstance(r, Read) and not r.of)

    def finished(self, place: int) -> CheckedComponent:
        """A used rule with the units that are known at the end."""

        def dimension(old: Dimension) -> Dimension:
            return to_dimension(self.e.unifier.close(from_dimension(old)))

        return with_dimensions(self.used[place], dimension)
