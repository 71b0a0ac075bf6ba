"""Several rules on one projection made one: parameters `Rule.name`, required variables resolved, blocks in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from plastlang.diagnostics import PlastError, Span
from plastlang.frontend.check_late import changing_delays
from plastlang.frontend.check_values import Reporter, did_you_mean
from plastlang.frontend.checked import (
    CheckedComponent,
    CheckedVariable,
    Dimension,
    NeuronRead,
)
from plastlang.frontend.dimensions import Unifier, Vector, from_dimension, spoken, to_dimension
from plastlang.frontend.renaming import rename
from plastlang.ir.nodes import (
    Read,
)
from plastlang.ir.types import Type
from plastlang.ir.walk import walk

Part = tuple[CheckedComponent, Mapping[str, str]]


def compose(parts: Sequence[Part], span: Span | None = None) -> CheckedComponent:
    """Merge rules into one component; a single rule is composed, too, so that its parameters are `Rule.name`.

    Args:
        parts: rules, and for each the names under which it finds what it requires.
        span: where the composition is written.

    Raises:
        PlastError: a variable with two owners or none, bindings of names that are not there, units that do not fit.
    """
    reporter = Reporter()
    renamed = [rename(rule, label, bindings, offset) for (rule, bindings), label, offset in _labelled(parts)]
    for number in range(len(parts)):
        _check_bindings(number, parts, reporter, span)
    owners = _owners(parts, renamed, reporter, span)
    _check_required(parts, renamed, owners, reporter, span)
    _check_equations(parts, renamed, reporter, span)
    if reporter.errors:
        raise PlastError(reporter.errors)
    unifier = Unifier()
    scoped = [_scoped(component, number, unifier) for number, component in enumerate(renamed)]
    variables = _unified(parts, scoped, owners, unifier, reporter, span)
    deliver = _deliver(parts, scoped, unifier, reporter, span)
    if reporter.errors:
        raise PlastError(reporter.errors)
    whole = _merged(scoped, variables, deliver, unifier, span)
    if changing := tuple(changing_delays(whole)):
        raise PlastError(changing)
    return whole


def _labelled(parts: Sequence[Part]) -> list[tuple[Part, str, int]]:
    """Each part with its name in the composition (`Rule`, `Rule2`) and the number of draws before it."""
    seen: Counter[str] = Counter()
    taken = {rule.name for rule, _ in parts}
    result = []
    draws = 0
    for part in parts:
        rule = part[0]
        seen[rule.name] += 1
        count = seen[rule.name]
        label = rule.name if count == 1 else f"{rule.name}{count}"
        while count > 1 and label in taken:
            label += "_"
        taken.add(label)
        result.append((part, label, draws))
        draws += rule.draws
    return result


def labels(rules: Sequence[CheckedComponent]) -> tuple[str, ...]:
    """The names that rules have in their composition."""
    return tuple(label for _, label, _ in _labelled([(rule, {}) for rule in rules]))


# ---------------------------------------------------------------- who owns what


def _check_bindings(number: int, parts: Sequence[Part], reporter: Reporter, span: Span | None) -> None:
    rule, bindings = parts[number]
    required = [v.name for v in rule.variables if v.required]
    others = [v.name for k, (other, _) in enumerate(parts) if k != number for v in other.variables if not v.required]
    for name, target in bindings.items():
        if name not in required:
            reporter.error(
                "P512", f"`{rule.name}` requires no variable `{name}`", span, "", did_you_mean(name, required)
            )
        elif target not in others:
            hint = did_you_mean(target, others) or (
                f"there are: {', '.join(others)}" if others else "add a rule that declares it"
            )
            reporter.error(
                "P512",
                f"no rule of this projection declares `{target}`",
                span,
                f"`{rule.name}({name} = {target})`",
                hint,
            )


def _owners(
    parts: Sequence[Part], renamed: Sequence[CheckedComponent], reporter: Reporter, span: Span | None
) -> dict[str, CheckedVariable]:
    owners: dict[str, tuple[str, CheckedVariable]] = {}
    twice: dict[tuple[str, str], list[str]] = {}
    for component in renamed:
        for variable in component.variables:
            if variable.required:
                continue
            if variable.name in owners:
                twice.setdefault((owners[variable.name][0], component.name), []).append(variable.name)
            else:
                owners[variable.name] = component.name, variable
    for (first, second), names in twice.items():
        listed = ", ".join(f"`{name}`" for name in names)
        reporter.error(
            "P511",
            f"{listed} {'is' if len(names) == 1 else 'are'} declared by `{first}` and by `{second}`",
            span,
            "two owners",
            f"let one of them say `require {owners[names[0]][1].site.value} {names[0]}`, or rename one",
            ("rules on one projection share one set of names",),
        )
    return {name: variable for name, (_, variable) in owners.items()}


def _check_required(
    parts: Sequence[Part],
    renamed: Sequence[CheckedComponent],
    owners: Mapping[str, CheckedVariable],
    reporter: Reporter,
    span: Span | None,
) -> None:
    for (rule, bindings), component in zip(parts, renamed, strict=True):
        for original, variable in zip(rule.variables, component.variables, strict=True):
            if not variable.required or (original.name in bindings and variable.name not in owners):
                continue
            owner = owners.get(variable.name)
            if owner is None:
                same = [name for name, other in owners.items() if other.site is variable.site]
                hint = (
                    f"write `{rule.name}({original.name} = {same[0]})` if that is meant"
                    if same
                    else "add a rule that declares it with `+`"
                )
                reporter.error(
                    "P512",
                    f"`{rule.name}` requires a {variable.site.value} variable `{variable.name}`,"
                    " and no rule here declares it",
                    span,
                    f"`{variable.name}` is missing",
                    hint,
                )
            elif owner.site is not variable.site:
                reporter.error(
                    "P512",
                    f"`{rule.name}` requires `{variable.name}` at {variable.site.value},"
                    f" but it is declared at {owner.site.value}",
                    span,
                    "different places",
                )
            elif owner.type is not Type.REAL:
                reporter.error(
                    "P512",
                    f"`{rule.name}` requires `{variable.name}`, which holds whole numbers",
                    span,
                    "must be real",
                    "start it with a real number, for example `0.0`",
                )


def _check_equations(
    parts: Sequence[Part], renamed: Sequence[CheckedComponent], reporter: Reporter, span: Span | None
) -> None:
    first: dict[str, str] = {}
    declared = Counter(v.name for component in renamed for v in component.variables if not v.required)
    twice = {name for name, count in declared.items() if count > 1}
    for component in renamed:
        for equation in component.equations:
            if equation.name in first and equation.name not in twice:
                reporter.error(
                    "P511",
                    f"`{equation.name}` has an equation in `{first[equation.name]}` and in `{component.name}`",
                    span,
                    "two equations",
                )
            first.setdefault(equation.name, component.name)
    methods = {component.method for component in renamed if component.method}
    if len(methods) > 1:
        reporter.error("P513", f"these rules ask for different methods: {', '.join(sorted(methods))}", span)


# ---------------------------------------------------------------- units


def _scoped(component: CheckedComponent, number: int, unifier: Unifier) -> CheckedComponent:
    """Open dimensions named apart: `w` of the second rule is not `w` of the first until they are unified."""

    def dimension(old: Dimension) -> Dimension:
        if not old.variable:
            return old
        vector = tuple(
            sorted((f"{atom}#{number}" if atom.startswith("?") else atom, power) for atom, power in from_dimension(old))
        )
        unifier.kept.update(atom for atom, _ in vector if atom.startswith("?"))
        return to_dimension(vector)

    return with_dimensions(component, dimension)


def with_dimensions(component: CheckedComponent, dimension: Callable[[Dimension], Dimension]) -> CheckedComponent:
    """The component with `dimension` applied to every dimension of it."""
    deliver = component.deliver_dimension
    return replace(
        component,
        parameters=tuple(replace(p, dimension=dimension(p.dimension)) for p in component.parameters),
        variables=tuple(replace(v, dimension=dimension(v.dimension)) for v in component.variables),
        deliver_dimension=None if deliver is None else dimension(deliver),
        neuron_reads=tuple(replace(r, dimension=dimension(r.dimension)) for r in component.neuron_reads),
    )


def _unified(
    parts: Sequence[Part],
    scoped: Sequence[CheckedComponent],
    owners: Mapping[str, CheckedVariable],
    unifier: Unifier,
    reporter: Reporter,
    span: Span | None,
) -> tuple[CheckedVariable, ...]:
    own = {v.name: v for component in scoped for v in component.variables if not v.required}
    for (rule, _), component in zip(parts, scoped, strict=True):
        for variable in component.variables:
            want, have = from_dimension(variable.dimension), from_dimension(own[variable.name].dimension)
            if variable.required and not unifier.unify(have, want):
                reporter.error(
                    "P515",
                    f"`{rule.name}` requires `{variable.name}` in {_say(unifier, want)},"
                    f" but it is {_say(unifier, have)}",
                    span,
                    "different units",
                )
    reads: dict[tuple[str, str], NeuronRead] = {}
    for component in scoped:
        for read in component.neuron_reads:
            other = reads.setdefault((read.of, read.name), read)
            if not unifier.unify(from_dimension(read.dimension), from_dimension(other.dimension)):
                reporter.error(
                    "P515", f"`{read.of}.{read.name}` is used in two units by these rules", span, "different units"
                )
    return ordered(tuple(own.values()))


def ordered(variables: tuple[CheckedVariable, ...]) -> tuple[CheckedVariable, ...]:
    """Variables in an order in which each start value reads earlier ones only."""
    pending = list(variables)
    done: list[CheckedVariable] = []
    names: set[str] = set()
    own = {v.name for v in variables}
    while pending:
        for variable in pending:
            init = variable.init
            needs = (
                {p.name for p in walk(init) if isinstance(p, Read) and not p.of} & own if init is not None else set()
            )
            if needs <= names:
                break
        else:
            return (*done, *pending)
        pending.remove(variable)
        done.append(variable)
        names.add(variable.name)
    return tuple(done)


def _say(unifier: Unifier, vector: Vector) -> str:
    return spoken(unifier.close(vector)).replace("#", " of rule ")


def _deliver(
    parts: Sequence[Part], scoped: Sequence[CheckedComponent], unifier: Unifier, reporter: Reporter, span: Span | None
) -> Vector | None:
    found: Vector | None = None
    for component in scoped:
        if component.deliver_dimension is None:
            continue
        vector = from_dimension(component.deliver_dimension)
        if found is None:
            found = vector
        elif not unifier.unify(found, vector):
            reporter.error(
                "P514",
                f"these rules deliver {_say(unifier, found)} and {_say(unifier, vector)} to one input",
                span,
                "different units",
            )
    return found


def _merged(
    scoped: Sequence[CheckedComponent],
    variables: tuple[CheckedVariable, ...],
    deliver: Vector | None,
    unifier: Unifier,
    span: Span | None,
) -> CheckedComponent:
    reads = {(read.of, read.name): read for component in scoped for read in component.neuron_reads}
    whole = CheckedComponent(
        "rule",
        "+".join(component.name for component in scoped),
        "\n".join(component.doc for component in scoped if component.doc),
        tuple(p for component in scoped for p in component.parameters),
        variables,
        tuple(q for component in scoped for q in component.equations),
        (),
        None,
        (),
        tuple(block for component in scoped for block in component.blocks),
        next((component.method for component in scoped if component.method), ""),
        None if deliver is None else to_dimension(deliver),
        sum(component.draws for component in scoped),
        tuple(reads.values()),
        span,
    )
    return with_dimensions(whole, lambda old: _plain(unifier.resolve(from_dimension(old))))


def _plain(vector: Vector) -> Dimension:
    """Open dimensions of the first rule under their plain names again."""
    return to_dimension(tuple(sorted((atom.removesuffix("#0"), power) for atom, power in vector)))
