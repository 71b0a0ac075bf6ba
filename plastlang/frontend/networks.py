"""Networks: parameters, populations, projections and records of one `network`, evaluated and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.check_values import Reporter, did_you_mean
from plastlang.frontend.checked import (
    CheckedComponent,
    CheckedModule,
    CheckedNetwork,
    CheckedPopulation,
    CheckedProjection,
    CheckedRecord,
)
from plastlang.frontend.network_arguments import Given, parameters_of_all
from plastlang.frontend.network_values import LARGEST_POPULATION, NetworkValues
from plastlang.frontend.projections import check_projection
from plastlang.frontend.spans import first_line
from plastlang.ir.nodes import Const, Grid
from plastlang.ir.types import Site


def check_network(
    module: CheckedModule, name: str, parameters: Mapping[str, object] | None = None, seed: int = 0
) -> CheckedNetwork:
    """A network of a module with values for its parameters.

    Args:
        module: where it is declared, with the names that it sees.
        name: of the network; must be there.
        parameters: numbers (coherent units) or text such as `"7"` or `"20 ms"`, by name.
        seed: kept in the result.

    Raises:
        PlastError: with every error found.
    """
    reporter = Reporter()
    network = elaborate_network(module.networks[name], module, parameters or {}, seed, reporter)
    reporter.raise_errors()
    assert network is not None
    return network


def elaborate_network(
    declaration: ast.NetworkDeclaration,
    module: CheckedModule,
    parameters: Mapping[str, object],
    seed: int,
    reporter: Reporter,
    broken: frozenset[str] = frozenset(),
    template: bool = False,
) -> CheckedNetwork | None:
    """As `check_network`, but errors go to `reporter`.

    Args:
        broken: names of the file that have errors of their own, of which nothing more is said.
        template: parameters without a default are taken as unknown and not as missing.
    """
    before = len(reporter.errors)
    network = _Network(declaration, module, reporter, broken)
    result = network.run(parameters, seed, template)
    return result if len(reporter.errors) == before else None


@dataclass(slots=True)
class _Network(NetworkValues):
    """One network that is being checked."""

    dt: float | None = None
    populations: dict[str, CheckedPopulation | None] = field(default_factory=dict)
    projections: dict[str, CheckedProjection | None] = field(default_factory=dict)

    # ------------------------------------------------------------ populations

    def new_name(self, name: str, span: Span | None) -> bool:
        if name in self.populations or name in self.projections or name in self.e.entries:
            self.reporter.error("P204", f"`{name}` is declared already", span, "declared again", "choose another name")
            return False
        return True

    def population(self, node: ast.PopulationDeclaration) -> None:
        """One `population`."""
        if not self.new_name(node.name, node.span):
            return
        self.populations[node.name] = None
        size: int | None = None
        grid: Grid | None = None
        if node.grid is not None:
            width = self.whole(node.grid.width, "the width of a grid")
            height = self.whole(node.grid.height, "the height of a grid")
            if width is not None and height is not None:
                grid, size = Grid(width, height, node.grid.periodic), width * height
                if size > LARGEST_POPULATION:
                    self.reporter.error("P526", f"a grid of {width} x {height} has too many neurons", node.grid.span)
                    return
        elif node.size is not None:
            size = self.whole(node.size, "the size of a population")
        neuron = self.component(node.neuron, "neuron")
        if neuron is None:
            return
        given = Given(self.e, neuron, "place", neuron.draws)
        for argument in node.neuron.arguments:
            given.take(argument, neuron.name)
        given.missing(node.neuron.span, neuron.name)
        if size is not None:
            checked = CheckedPopulation(
                node.name, neuron, size, grid, tuple(given.parameters), tuple(given.initial.items())
            )
            self._one_value(checked, node)
            self.populations[node.name] = checked

    def _one_value(self, population: CheckedPopulation, node: ast.PopulationDeclaration) -> None:
        """Parameters that something of the whole population uses must have one value."""
        needed = parameters_of_all(population.neuron)
        for name, value in population.parameters:
            if not isinstance(value, Const) and name in needed:
                self.reporter.error(
                    "P525",
                    f"`{name}` of `{population.neuron.name}` must be one number for the whole population",
                    node.neuron.span,
                    f"`{name}` differs between neurons",
                    notes=("something that exists once for the population depends on it",),
                )

    def component(self, call: ast.CallExpression, kind: str) -> CheckedComponent | None:
        """The neuron or rule that a call names."""
        found = self.module.components.get(call.function)
        if found is not None and found.kind == kind:
            return found
        if call.function in self.broken:
            return None
        known = [name for name, component in self.module.components.items() if component.kind == kind]
        if found is not None:
            self.reporter.error(
                "P521", f"`{call.function}` is a {found.kind}, not a {kind}", call.span, f"a {kind} is needed"
            )
        else:
            hint = did_you_mean(call.function, known) or (
                f"there are: {', '.join(known)}" if known else f"declare a {kind}, or `import` one"
            )
            self.reporter.error("P521", f"unknown {kind} `{call.function}`", call.span, "not declared", hint)
        return None

    # ------------------------------------------------------------ records

    def record(self, node: ast.RecordDeclaration) -> CheckedRecord | None:
        """One `record`."""
        owners = [*self.populations, *self.projections]
        every = self.time(node.every, "the period of a recording", "P529") if node.every is not None else None
        if node.owner not in owners and node.owner in self.broken:
            return None
        if node.owner not in owners:
            self.reporter.error(
                "P522",
                f"unknown population or projection `{node.owner}`",
                node.span,
                "not declared",
                did_you_mean(node.owner, owners),
            )
            return None
        if node.every is not None and every is None:
            return None
        if node.owner in self.projections:
            projection = self.projections[node.owner]
            if projection is None:
                return None
            possible = ["degree", "connectivity"]
            possible += [v.name for v in projection.rule.variables if v.site is not Site.PAIR]
        else:
            population = self.populations[node.owner]
            if population is None:
                return None
            neuron = population.neuron
            possible = ["spikes"] if neuron.spiking is not None else []
            possible += [v.name for v in neuron.variables if v.site is Site.NEURON]
        if node.what not in possible:
            hint = did_you_mean(node.what, possible) or ("it has: " + ", ".join(possible) if possible else "")
            self.reporter.error(
                "P529", f"`{node.what}` of `{node.owner}` cannot be recorded", node.span, "not there", hint
            )
            return None
        if node.what != "spikes" and every is None:
            self.reporter.error(
                "P529",
                f"say how often `{node.what}` is to be recorded",
                node.span,
                "no period",
                f"write `record {node.owner} {node.what} every 1 ms`",
            )
            return None
        if node.what == "spikes" and every is not None:
            self.reporter.error(
                "P529",
                "every spike is recorded, so there is no period",
                node.span,
                "",
                f"write `record {node.owner} spikes`",
            )
            return None
        if every is not None:
            self.on_steps(every, "the period", node.every.span if node.every else None, "P529")
        return CheckedRecord(node.owner, node.what, every)

    def on_steps(self, time: float, what: str, span: Span | None, code: str) -> bool:
        """Whether a time is at least one step; warns where it is no multiple of dt."""
        if self.dt is None:
            return True
        steps = round(time / self.dt)
        if steps < 1:
            self.reporter.error(code, f"{what} is shorter than one step of {self.dt:g} ms", span, f"{time:g} ms")
            return False
        if abs(time / self.dt - steps) > 1e-6 * steps:
            self.reporter.warn(
                "W105", f"{what} is no multiple of dt; it is rounded to {steps * self.dt:g} ms", span, f"{time:g} ms"
            )
        return True

    # ------------------------------------------------------------ all

    def run(self, parameters: Mapping[str, object], seed: int, template: bool) -> CheckedNetwork | None:
        """Checks every member."""
        members = self.declaration.members
        items = [item for member in members if isinstance(member, ast.ParameterDeclaration) for item in member.items]
        for name in parameters:
            names = [item.name for item in items]
            if name not in names:
                hint = did_you_mean(name, names) or (f"it has: {', '.join(names)}" if names else "it has none")
                self.reporter.error(
                    "P523", f"network `{self.declaration.name}` has no parameter `{name}`", None, "", hint
                )
        for item in items:
            self.parameter(item, parameters, template)
        self._timestep()
        for member in members:
            if isinstance(member, ast.PopulationDeclaration):
                self.population(member)
        for member in members:
            if isinstance(member, ast.ProjectDeclaration):
                self._project(member)
        records = [self.record(member) for member in members if isinstance(member, ast.RecordDeclaration)]
        for item in items:
            if item.name not in self.e.used:
                self.reporter.warn("W101", f"parameter `{item.name}` is never used", item.span, "declared here")
        populations = [p for p in self.populations.values() if p is not None]
        projections = [p for p in self.projections.values() if p is not None]
        if self.dt is None:
            return None
        return CheckedNetwork(
            self.declaration.name,
            self.declaration.doc,
            self.dt,
            tuple(populations),
            tuple(projections),
            tuple(record for record in records if record is not None),
            seed,
            self.reporter.warnings,
        )

    def _timestep(self) -> None:
        nodes = [member for member in self.declaration.members if isinstance(member, ast.TimestepDeclaration)]
        for node in nodes[1:]:
            self.reporter.error("P204", "a network has one `dt`", node.span, "the second one")
        if nodes:
            self.dt = self.time(nodes[0].value, "`dt`", "P527")
        else:
            self.reporter.error(
                "P527",
                f"network `{self.declaration.name}` has no time step",
                first_line(self.declaration.span),
                "no `dt`",
                "write `dt 0.1 ms`",
            )

    def _project(self, node: ast.ProjectDeclaration) -> None:
        name = node.name or "_".join([*node.sources, node.target])
        if not self.new_name(name, node.span):
            return
        self.projections[name] = None
        ends: list[CheckedPopulation | None] = []
        for end in (*node.sources, node.target):
            if end not in self.populations and end in self.broken:
                ends.append(None)
            elif end not in self.populations:
                self.reporter.error(
                    "P522",
                    f"unknown population `{end}`",
                    first_line(node.span),
                    "not declared",
                    did_you_mean(end, self.populations),
                )
                ends.append(None)
            else:
                ends.append(self.populations[end])
        for position, end in enumerate(node.sources):
            if end in node.sources[:position]:
                self.reporter.error("P522", f"`{end}` is a source twice", first_line(node.span), "named twice")
                return
        rules = [self.component(call, "rule") for call in node.rules]
        known = [rule for rule in rules if rule is not None]
        fine = [end for end in ends if end is not None]
        if len(known) < len(rules) or len(fine) < len(ends):
            return
        delays = [member for member in node.body if isinstance(member, ast.DelayDeclaration)]
        for second in delays[1:]:
            self.reporter.error("P532", "a projection has one `delay`", second.span, "the second one")
        delay = self.time(delays[0].value, "a delay", "P528") if delays else None
        if delays and (delay is None or not self.on_steps(delay, "the delay", delays[0].span, "P528")):
            return
        checked = check_projection(node, name, tuple(known), tuple(fine[:-1]), fine[-1], self.e)
        self.projections[name] = None if checked is None else replace(checked, delay=delay)
