"""One projection: its rules composed, their arguments, what they need of the neurons, connectivity and start values."""

from __future__ import annotations

from plastlang.diagnostics import PlastError, Span
from plastlang.frontend import ast
from plastlang.frontend.check_expressions import Elaborator
from plastlang.frontend.check_values import Place, did_you_mean
from plastlang.frontend.checked import CheckedComponent, CheckedPopulation, CheckedProjection, Dimension, NeuronRead
from plastlang.frontend.compose import compose, labels, with_dimensions
from plastlang.frontend.dimensions import NUMBER, Unifier, from_dimension, to_dimension
from plastlang.frontend.evaluate import NotConstant, evaluate
from plastlang.frontend.network_arguments import Given
from plastlang.frontend.spans import head
from plastlang.frontend.varied import with_varied
from plastlang.ir.nodes import Connect, ConnectAll, ConnectGiven, ConnectOneToOne, ConnectProbability
from plastlang.ir.types import Site, Type


def check_projection(
    node: ast.ProjectDeclaration,
    name: str,
    rules: tuple[CheckedComponent, ...],
    sources: tuple[CheckedPopulation, ...],
    target: CheckedPopulation,
    outer: Elaborator,
) -> CheckedProjection | None:
    """A projection whose populations and rules are known. Errors go to the reporter of `outer`; then None."""
    reporter = outer.reporter
    before = len(reporter.errors)
    bindings = [_bindings(rule, call, rules, outer) for rule, call in zip(rules, node.rules, strict=True)]
    if len(reporter.errors) > before:
        return None
    place = head(node.span)
    try:
        rule = compose(list(zip(rules, bindings, strict=True)), place)
    except PlastError as error:
        reporter.found.extend(error.diagnostics)
        return None
    given = Given(outer, rule, "pair", rule.draws)
    for call, bound, part, label in zip(node.rules, bindings, rules, labels(rules), strict=True):
        for argument in call.arguments:
            if argument.name not in bound:
                _take(given, argument, part, label)
    for member in node.body:
        if isinstance(member, ast.InitDeclaration):
            _initial(member, given)
    given.missing(place, rules[0].name)
    rule = with_varied(rule, given.varied, reporter)
    connect = _connect(node, given, sources, target)
    port = _port(node, rule, target, given.e)
    for read in rule.neuron_reads:
        for population in sources if read.of == "pre" else (target,):
            _neuron_read(read, population, place, given.e)
    if len(reporter.errors) > before or connect is None:
        return None
    return CheckedProjection(
        name,
        tuple(source.name for source in sources),
        target.name,
        port,
        _closed(rule, given.e.unifier),
        connect,
        None,
        tuple(given.parameters),
        tuple(given.initial.items()),
    )


def _take(given: Given, argument: ast.Argument, part: CheckedComponent, label: str) -> None:
    """An argument of one of the rules: only its own parameters and variables can be meant."""
    own = [p.name for p in part.parameters] + [v.name for v in part.variables]
    if argument.name and argument.name not in own:
        hint = did_you_mean(argument.name, own) or (f"it has: {', '.join(own)}" if own else "it has none")
        given.e.reporter.error(
            "P523", f"`{part.name}` has no parameter or variable `{argument.name}`", argument.span, "not known", hint
        )
        return
    given.take(argument, part.name, f"{label}.")


def _bindings(
    rule: CheckedComponent, call: ast.CallExpression, rules: tuple[CheckedComponent, ...], outer: Elaborator
) -> dict[str, str]:
    """`MapRewiring(g = w)`: under which name the rule finds what it requires."""
    required = {v.name for v in rule.variables if v.required}
    others = [v.name for other in rules if other is not rule for v in other.variables if not v.required]
    found: dict[str, str] = {}
    for argument in call.arguments:
        if argument.name not in required:
            continue
        if isinstance(argument.value, ast.Name) and argument.value.name in others:
            found[argument.name] = argument.value.name
            continue
        wrong = argument.value.name if isinstance(argument.value, ast.Name) else ""
        hint = did_you_mean(wrong, others) if wrong else ""
        outer.reporter.error(
            "P512",
            f"`{argument.name}` of `{rule.name}` is a variable of another rule of this projection",
            argument.value.span,
            "not such a variable",
            hint or (f"there are: {', '.join(others)}" if others else "add a rule that declares it with `+`"),
        )
    return found


def _initial(member: ast.InitDeclaration, given: Given) -> None:
    variables = {v.name: v for v in given.component.variables}
    variable = variables.get(member.name)
    if variable is None:
        parameters = [p.name for p in given.component.parameters if p.name.rpartition(".")[2] == member.name]
        hint = did_you_mean(member.name, variables)
        if parameters:
            hint = f"a parameter is given with its rule: `{parameters[0].rpartition('.')[0]}({member.name} = ...)`"
        given.e.reporter.error(
            "P523", f"no rule of this projection has a variable `{member.name}`", member.span, "not known", hint
        )
        return
    given.seen.add(member.name)
    given.start(variable, member.value)


def _connect(
    node: ast.ProjectDeclaration, given: Given, sources: tuple[CheckedPopulation, ...], target: CheckedPopulation
) -> Connect | None:
    reporter = given.e.reporter
    members = [member for member in node.body if isinstance(member, ast.ConnectDeclaration)]
    for second in members[1:]:
        reporter.error("P532", "a projection has one `connect`", second.span, "the second one")
    if not members:
        reporter.error(
            "P530",
            "say which neurons are connected",
            head(node.span),
            "no `connect`",
            "write `connect with probability P`, `connect all`, `connect one to one` or `connect none`",
        )
        return None
    member = members[0]
    match member.kind:
        case "all":
            return ConnectAll()
        case "none":
            return ConnectGiven()
        case "one to one":
            count = sum(source.size for source in sources)
            if count != target.size:
                fewer = min(count, target.size)
                reporter.warn(
                    "W106",
                    f"`connect one to one` of {count} and {target.size} neurons connects the first {fewer}",
                    member.span,
                    "different sizes",
                )
            return ConnectOneToOne()
    assert member.value is not None
    value = given.e.real(member.value, Place("the probability of a connection", draws=False, state=False), NUMBER)
    if value is None:
        return None
    try:
        chance = float(evaluate(value.expr))
    except (NotConstant, ArithmeticError, ValueError):
        chance = 0.0
    if not 0 <= chance <= 1:
        reporter.error("P525", f"a probability is between 0 and 1, not {chance:g}", member.value.span)
    return ConnectProbability(value.expr, given.e.next_draw())


def _port(node: ast.ProjectDeclaration, rule: CheckedComponent, target: CheckedPopulation, e: Elaborator) -> str:
    """The input port that is delivered to, '' where nothing is."""
    ports = {item.port: item for item in target.neuron.inputs}
    place = head(node.span)
    if node.port and node.port not in ports:
        hint = did_you_mean(node.port, ports) or (
            f"it has: {', '.join(ports)}" if ports else "declare one with `input NAME -> VARIABLE`"
        )
        e.reporter.error(
            "P524",
            f"`{target.neuron.name}` has no input port `{node.port}`",
            place,
            f"`{node.target}.{node.port}`",
            hint,
        )
        return ""
    if rule.deliver_dimension is None:
        if node.port:
            e.reporter.warn(
                "W104", f"nothing is delivered to `{node.target}.{node.port}`", place, "no rule here says `deliver`"
            )
        return ""
    if not node.port:
        hint = (
            f"write `-> {node.target}.{next(iter(ports))}`" if ports else f"`{target.neuron.name}` declares no `input`"
        )
        e.reporter.error("P524", f"say to which input port of `{node.target}` is delivered", place, "no port", hint)
        return ""
    have, want = from_dimension(rule.deliver_dimension), from_dimension(ports[node.port].dimension)
    if not e.unifier.unify(have, want):
        e.reporter.error(
            "P531",
            f"`{node.target}.{node.port}` takes {e.say(want)}, but {e.say(have)} is delivered",
            place,
            "different units",
        )
    return node.port


def _neuron_read(read: NeuronRead, population: CheckedPopulation, span: Span | None, e: Elaborator) -> None:
    neuron = population.neuron
    variables = {v.name: v for v in neuron.variables}
    variable = variables.get(read.name)
    what = f"`{read.of}.{read.name}`"
    if variable is None:
        known = [v.name for v in neuron.variables if v.site is Site.NEURON]
        parameter = any(p.name == read.name for p in neuron.parameters)
        hint = "rules read state, not parameters" if parameter else did_you_mean(read.name, known)
        e.reporter.error(
            "P205",
            f"the rule reads {what}, and `{neuron.name}` (population `{population.name}`) has no state `{read.name}`",
            span,
            f"{what} is missing",
            hint or (f"it has: {', '.join(known)}" if known else ""),
        )
    elif variable.site is not Site.NEURON or variable.type is not Type.REAL:
        kind = "one value for the whole population" if variable.site is not Site.NEURON else "a whole number"
        e.reporter.error(
            "P205", f"the rule reads {what}, which in `{neuron.name}` is {kind}", span, "cannot be read by rules"
        )
    elif not e.unifier.unify(from_dimension(read.dimension), from_dimension(variable.dimension)):
        have, want = e.say(from_dimension(variable.dimension)), e.say(from_dimension(read.dimension))
        e.reporter.error(
            "P531", f"the rule takes {what} as {want}, but in `{neuron.name}` it is {have}", span, "different units"
        )


def _closed(rule: CheckedComponent, unifier: Unifier) -> CheckedComponent:
    """The rule with the units that the network has settled; what is still open is a pure number."""

    def dimension(old: Dimension) -> Dimension:
        return to_dimension(unifier.close(from_dimension(old)))

    return with_dimensions(rule, dimension)
