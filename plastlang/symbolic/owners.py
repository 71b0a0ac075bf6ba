"""Parameters, variables and names: what neurons and rules have in common."""

from __future__ import annotations

from collections.abc import Mapping

from plastlang.diagnostics import Diagnostic, PlastError
from plastlang.frontend.checked import CheckedComponent, CheckedParameter, CheckedVariable
from plastlang.ir.nodes import Const, Expr, Parameter, Read, Variable
from plastlang.ir.types import Site, Type
from plastlang.symbolic.bounds import Bounds, clip
from plastlang.symbolic.constants import Constants
from plastlang.symbolic.convert import Translation
from plastlang.symbolic.lets import Lets
from plastlang.symbolic.methods import Workshop


def parameters(component: CheckedComponent, given: tuple[tuple[str, Expr], ...]) -> tuple[Parameter, ...]:
    """The parameters with the values given; one given as an expression has a value per neuron."""
    values = dict(given)
    return tuple(_parameter(p, values.get(p.name), component) for p in component.parameters)


def _parameter(parameter: CheckedParameter, value: Expr | None, component: CheckedComponent) -> Parameter:
    default = parameter.default
    if isinstance(value, Const):
        default = float(value.value)
    if default is None and value is None:
        raise _missing(f"the parameter {parameter.name} of {component.name} has no value", parameter)
    site = Site.GLOBAL if value is None or isinstance(value, Const) else Site.NEURON
    return Parameter(
        parameter.name, 0.0 if default is None else default, site, parameter.dimension.symbol, parameter.type,
        parameter.low, parameter.high, bool(parameter.divides),
    )  # fmt: skip


def parameter_values(given: tuple[tuple[str, Expr], ...]) -> tuple[tuple[str, Expr], ...]:
    """The values that have to be computed for each neuron when the program is loaded."""
    return tuple((name, value) for name, value in given if not isinstance(value, Const))


def variables(
    component: CheckedComponent, initial: tuple[tuple[str, Expr], ...], bounds: Bounds
) -> tuple[Variable, ...]:
    """The variables with the start values given, else those declared; first what given start values may read."""
    values = dict(initial)
    ordered = sorted(component.variables, key=lambda v: v.site is not Site.PAIR)
    return tuple(_variable(v, values.get(v.name, v.init), component, bounds) for v in ordered)


def _variable(variable: CheckedVariable, init: Expr | None, component: CheckedComponent, bounds: Bounds) -> Variable:
    if init is None:
        raise _missing(f"the variable {variable.name} of {component.name} has no start value", variable)
    name = variable.name
    return Variable(
        name,
        variable.site,
        clip(name, init, bounds),
        variable.type,
        variable.dimension.symbol,
        variable.low,
        variable.high,
        shared=variable.shared,
        rule=variable.rule,
    )


def _missing(message: str, declared: CheckedParameter | CheckedVariable) -> PlastError:
    hint = f"give it one where it is declared or in the network: {declared.name} = ..."
    return PlastError((Diagnostic("P401", message, declared.span, "declared here", hint=hint),))


def constants_of(component: CheckedComponent, known: tuple[Parameter, ...]) -> Constants:
    """An empty collection of derived values for the owner."""
    taken = [p.name for p in known] + [v.name for v in component.variables]
    return Constants({p.name: p.site for p in known}, taken)


def workshop(
    component: CheckedComponent,
    site: Site,
    constants: Constants,
    lets: Lets,
    frozen: frozenset[str] = frozenset(),
    still: frozenset[str] = frozenset(),
) -> Workshop:
    """What the solvers of one site need.

    `frozen`: variables of the site whose equations are left out; `still`: those of them that keep their values, too.
    """
    solved = solvable(component, site, frozen)
    moving = frozenset(e.name for e in component.equations) - solved.keys() - still
    return Workshop(Translation(), constants, lets, solved, moving)


def solvable(component: CheckedComponent, site: Site, frozen: frozenset[str] = frozenset()) -> Mapping[str, Read]:
    """The variables of the site that have an equation, as they are read."""
    known = {v.name: v for v in component.variables}
    return {
        e.name: Read(e.name, site, Type.REAL)
        for e in component.equations
        if known[e.name].site is site and e.name not in frozen
    }
