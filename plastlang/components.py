"""Neurons and rules as Python objects: `stdp(tau_plus="17 ms") + MapRewiring(g="w")`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from plastlang.frontend.checked import CheckedComponent, CheckedParameter, CheckedVariable
from plastlang.frontend.limits import limits_of
from plastlang.frontend.units import format_value
from plastlang.runtime.calls import bad_call, unknown

if TYPE_CHECKING:
    from plastlang.standalone import StandaloneRule

_SITES = {
    "global": "one for all", "neuron": "per neuron", "pre": "per source neuron", "post": "per target neuron",
    "synapse": "per synapse", "pair": "per possible synapse, constant",
}  # fmt: skip


class Component:
    """A neuron or a rule of a .plast file. Call it to give parameters and start values."""

    def __init__(self, checked: CheckedComponent):
        self.checked = checked
        self.__doc__ = describe(checked)

    @property
    def name(self) -> str:
        return self.checked.name

    def help(self) -> None:
        """Print what it does, with parameters, state and units."""
        print(describe(self.checked))

    def __call__(self, **arguments: Any) -> Composition:
        """With parameters and start values; what is left out keeps its default.

        Args:
            arguments: a number in coherent units, text with a unit (`"17 ms"`), an expression, an array with one value
                per neuron, or a distribution such as `plastlang.uniform("0 nS", "1 nS")`.
        """
        for name in arguments:
            argument(self.checked, name)
        return Composition((Part(self, tuple(arguments.items())),))

    def __add__(self, other: object) -> Composition:
        return self() + other

    def compile(self, n_pre: int, n_post: int, pre: ArrayLike, post: ArrayLike, **options: Any) -> StandaloneRule:
        """Compile a rule alone, without a network, for a simulator of your own.

        Args:
            n_pre: number of source neurons.
            n_post: number of target neurons.
            pre: source of each synapse.
            post: target of each synapse.
            options: `dt="0.1 ms"`, `backend="c"`, `precision="single"`, `threads=1`, `seed=0`, `mode="deterministic"`,
                and start values of the rule's variables, such as `w=` one number, or one for each synapse in the order
                of `pre` and `post`.
        """
        return self().compile(n_pre, n_post, pre, post, **options)

    def __repr__(self) -> str:
        return f"<{self.checked.kind} {self.name}>"


@dataclass(frozen=True, slots=True)
class Part:
    """A component with its arguments."""

    component: Component
    arguments: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Composition:
    """Components with their arguments, to be put on one projection in this order."""

    parts: tuple[Part, ...]

    def __repr__(self) -> str:
        return " + ".join(
            f"{part.component.name}({', '.join(f'{name}={value!r}' for name, value in part.arguments)})"
            for part in self.parts
        )

    def __add__(self, other: object) -> Composition:
        return Composition(self.parts + compose(other).parts)

    def compile(self, n_pre: int, n_post: int, pre: ArrayLike, post: ArrayLike, **options: Any) -> StandaloneRule:
        """Compile these rules alone, on the same synapses. See `Component.compile`."""
        from plastlang.standalone import compile_rule  # the compiler is loaded when something is compiled

        return compile_rule(self, n_pre, n_post, pre, post, **options)


def compose(value: object) -> Composition:
    """A component or composition as a composition, or an error for anything else."""
    match value:
        case Composition():
            return value
        case Component():
            return value()
        case _:
            raise bad_call(f"{value!r} is no neuron or rule", "take one from plastlang.load(...) or plastlang.rules")


def argument(component: CheckedComponent, name: str) -> CheckedParameter | CheckedVariable:
    """The parameter or variable that an argument of that name gives."""
    named: dict[str, CheckedParameter | CheckedVariable] = {item.name: item for item in component.parameters}
    named |= {item.name: item for item in component.variables}
    if name not in named:
        raise unknown(f"the parameter of {component.name}", name, named)
    return named[name]


def describe(component: CheckedComponent) -> str:
    """The documentation of a component as text: what it does, parameters, state, ports, signals, units."""
    lines = [f"{component.kind} {component.name}"]
    lines += [f"    {line.strip()}" for line in component.doc.strip().splitlines()]
    if component.parameters:
        lines += ["", "Parameters:"]
        for item in component.parameters:
            default = "must be given" if item.default is None else format_value(item.default, item.dimension)
            lines.append(f"    {item.name} = {default}{_bounds(item)}")
    shown = [variable for variable in component.variables if not variable.name.startswith("_")]
    if shown:
        lines += ["", "State:"]
        for variable in shown:
            needed = ", brought by another rule" if variable.required else ""
            unit = f" [{variable.dimension.symbol}]" if variable.dimension.symbol else ""
            lines.append(f"    {variable.name}{unit}: {_SITES[variable.site]}{needed}")
    if component.inputs:
        ports = [f"{item.port} [{item.dimension.symbol or '1'}]" for item in component.inputs]
        lines += ["", f"Input ports: {', '.join(ports)}"]
    return "\n".join(lines)


def _bounds(item: CheckedParameter) -> str:
    limits = limits_of(item)
    return f", {limits}" if limits else ""
