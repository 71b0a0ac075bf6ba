"""A network that is put together in Python: it becomes a `network` of the language, and arrays beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from plastlang.components import Composition, Part, argument, compose
from plastlang.frontend.checked import CheckedComponent, CheckedParameter, CheckedVariable, Dimension
from plastlang.frontend.compose import labels
from plastlang.frontend.habits import RESERVED
from plastlang.frontend.limits import limits_of
from plastlang.frontend.units import format_value, quantity
from plastlang.ir.types import Site
from plastlang.runtime.calls import bad_call, unknown, whole
from plastlang.runtime.connectivity import Distribution, FixedInDegree, Named, Pairs, Probability
from plastlang.runtime.durations import milliseconds
from plastlang.runtime.setup import Setup

#: A number with a unit; anything else is an expression.
_QUANTITY = re.compile(r"\s*[+-]?[\d.]+([eE][+-]?\d+)?\s*[^\W\d_]*\s*")
_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class PopulationHandle:
    """A population of a network that is being built; `handle.exc` is its input port of that name."""

    name: str
    component: CheckedComponent
    size: int

    def __repr__(self) -> str:
        return f"<population {self.name}: {self.size} {self.component.name}>"

    def __dir__(self) -> list[str]:
        return [*object.__dir__(self), *(item.port for item in self.component.inputs)]

    def __getattr__(self, port: str) -> Port:
        ports = [item.port for item in self.component.inputs]
        if port not in ports:
            raise unknown(f"the input port of {self.name}", port, ports)
        return Port(self, port)


@dataclass(frozen=True, slots=True)
class Port:
    """An input port of a population."""

    population: PopulationHandle
    port: str

    def __repr__(self) -> str:
        return f"<port {self.port} of {self.population.name}>"


@dataclass(frozen=True, slots=True)
class ProjectionHandle:
    """A projection of a network that is being built."""

    name: str
    rules: tuple[CheckedComponent, ...]
    n_pre: int
    n_post: int

    def __repr__(self) -> str:
        rules = " + ".join(rule.name for rule in self.rules)
        return f"<projection {self.name}: {rules}, {self.n_pre} to {self.n_post} neurons>"


Handle: TypeAlias = PopulationHandle | ProjectionHandle


@dataclass(slots=True)
class NetworkBuilder:
    """Collects the lines of a `network`, the components that it names, and the arrays that go in when it runs."""

    name: str
    dt: float
    lines: list[str] = field(default_factory=list)
    components: dict[str, CheckedComponent] = field(default_factory=dict)
    handles: dict[str, Handle] = field(default_factory=dict)
    parameters: dict[tuple[str, str], Any] = field(default_factory=dict)
    initial: dict[tuple[str, str], Any] = field(default_factory=dict)
    pairs: dict[str, Pairs | FixedInDegree] = field(default_factory=dict)

    def source(self) -> str:
        """The network in the language."""
        lines = "".join(f"    {line}\n" for line in self.lines)
        return f"network {self.name}:\n    dt {self.dt!r} ms\n{lines}"

    def setup(self) -> Setup:
        return Setup(dict(self.parameters), dict(self.initial), dict(self.pairs))

    def population(
        self, neuron: object, size: int | None, grid: tuple[int, int] | None, periodic: bool, name: str,
        arguments: dict[str, Any],
    ) -> PopulationHandle:  # fmt: skip
        """Add a population. Nothing is added where anything is wrong."""
        part = _single(neuron, "neuron", arguments)
        if (size is None) == (grid is None):
            raise bad_call(f"a population of {part.component.name} needs either a size or a grid")
        if grid is not None:
            if len(grid) != 2:
                raise bad_call(f"a grid is (width, height), not {grid!r}")
            width, height = whole(grid[0], "the width of a grid", 1), whole(grid[1], "the height of a grid", 1)
            count, place = width * height, f"on grid({width}, {height}{', periodic' if periodic else ''})"
        else:
            count = whole(size, "the size of a population", 1)
            place = f"size {count}"
        chosen = self._choose(name, part.component.name.lower())
        handle = PopulationHandle(chosen, part.component.checked, count)
        arrays = _Arrays({Site.NEURON: count})
        text = self._call(part, arrays)
        self._add(handle, f"population {chosen} = {text} {place}", arrays)
        return handle

    def connect(
        self, pre: object, post: object, rule: object, connectivity: object, delay: object, name: str,
        initial: dict[str, Any],
    ) -> ProjectionHandle:  # fmt: skip
        """Add a projection. Nothing is added where anything is wrong."""
        sources = [self._known(source) for source in (pre if isinstance(pre, (list, tuple)) else [pre])]
        if not sources:
            raise bad_call("a projection needs a source")
        target = self._known(post.population if isinstance(post, Port) else post)
        port = f".{post.port}" if isinstance(post, Port) else ""
        composition = _rules(rule)
        if not port and any(part.component.checked.deliver_dimension is not None for part in composition.parts):
            ports = " or ".join(f"{target.name}.{item.port}" for item in target.component.inputs)
            hint = f"take {ports}" if ports else f"{target.component.name} declares no `input`"
            raise bad_call(f"{rule!r} delivers, but to no input port of {target.name}", hint)
        if not isinstance(connectivity, (Probability, Named, Pairs, FixedInDegree)):
            raise bad_call(f"{connectivity!r} is no connectivity", "take for example plastlang.fixed_probability(0.1)")
        n_pre = sum(source.size for source in sources)
        if isinstance(connectivity, (Pairs, FixedInDegree)):
            connectivity.draw(n_pre, target.size, 0, 0)  # whatever is wrong with it is said here
        chosen = self._choose(name, "_".join([*(source.name for source in sources), target.name]))
        rules = tuple(part.component.checked for part in composition.parts)
        handle = ProjectionHandle(chosen, rules, n_pre, target.size)
        count = len(connectivity.pre) if isinstance(connectivity, Pairs) else None
        arrays = _Arrays({Site.PRE: n_pre, Site.POST: target.size, Site.SYNAPSE: count})
        parts = zip(composition.parts, labels(rules), strict=True)
        calls = " + ".join(self._call(part, arrays, label) for part, label in parts)
        head = f"project {chosen} = {' + '.join(s.name for s in sources)} -> {target.name}{port} with {calls}:"
        body = [connectivity.source()]
        if delay is not None:
            body.append(f"delay {_above_zero(delay, 'the delay')!r} ms")
        body += [f"{key} = {_value(_variable(rules, key), value, arrays)}" for key, value in initial.items()]
        self._add(handle, "\n        ".join([head, *body]), arrays)
        if isinstance(connectivity, (Pairs, FixedInDegree)):
            self.pairs[chosen] = connectivity
        return handle

    def record(self, owner: object, what: str, every: object) -> None:
        """Add a recording."""
        handle = self.handles.get(owner if isinstance(owner, str) else getattr(owner, "name", ""))
        if handle is None:
            raise unknown("the population or projection", str(getattr(owner, "name", owner)), self.handles)
        if every is None and what != "spikes":
            raise bad_call(f"record {handle.name} {what} needs a period", 'say every="1 ms"', "R104")
        period = "" if every is None else f" every {_above_zero(every, 'the period')!r} ms"
        components = (handle.component,) if isinstance(handle, PopulationHandle) else handle.rules
        special = ("spikes",) if isinstance(handle, PopulationHandle) else ("degree", "connectivity")
        names = [v.name for component in components for v in component.variables]
        if what not in (*special, *names):
            raise unknown(f"what could be recorded of {handle.name}", what, (*special, *names))
        self.lines.append(f"record {handle.name} {what}{period}")

    def _known(self, value: object) -> PopulationHandle:
        handle = self.handles.get(getattr(value, "name", ""))
        if not isinstance(value, PopulationHandle) or handle is not value:
            raise bad_call(f"{getattr(value, 'name', value)!r} is no population of this network", code="R101")
        return value

    def _choose(self, name: str, otherwise: str) -> str:
        """The name asked for, or one that is free."""
        if name:
            if not _NAME.fullmatch(name):
                raise bad_call(f"{name!r} cannot be a name", "a name is letters, digits and _")
            if name in RESERVED:
                raise bad_call(f"{name!r} is a word of the language and cannot be a name")
            if name in self.handles:
                raise bad_call(f"there is already a {name!r} in this network")
            return name
        number = 1
        while (chosen := otherwise if number == 1 else f"{otherwise}_{number}") in self.handles:
            number += 1
        return chosen

    def _add(self, handle: Handle, line: str, arrays: _Arrays) -> None:
        self.handles[handle.name] = handle
        self.lines.append(line)
        self.parameters |= {(handle.name, key): array for key, array in arrays.parameters.items()}
        self.initial |= {(handle.name, key): array for key, array in arrays.initial.items()}

    def _call(self, part: Part, arrays: _Arrays, label: str = "") -> str:
        """`LIF(v_rest = -70 mV)`, under a name that means this component and no other; `label` in a composition."""
        arrays.label = label
        checked = part.component.checked
        name, number = checked.name, 1
        while self.components.setdefault(name, checked) != checked:
            number += 1
            name = f"{checked.name}_{number}"
        values = [f"{key} = {_value(argument(checked, key), value, arrays)}" for key, value in part.arguments]
        return f"{name}({', '.join(values)})"


@dataclass(slots=True)
class _Arrays:
    """Arrays among the arguments of one population or projection; `sizes` by site, None where it is not known yet."""

    sizes: dict[Site, int | None]
    parameters: dict[str, Any] = field(default_factory=dict)
    initial: dict[str, Any] = field(default_factory=dict)
    label: str = ""  # of the rule in the composition

    def take(self, item: CheckedParameter | CheckedVariable, array: Any) -> str:
        """Keep an array for later; gives the text that stands for it meanwhile."""
        of_parameter = Site.SYNAPSE if Site.SYNAPSE in self.sizes else Site.NEURON
        site = item.site if isinstance(item, CheckedVariable) else of_parameter
        size = self.sizes.get(site)
        if size is None:
            remedy = "give the synapses by plastlang.pairs" if site == Site.SYNAPSE else "give one value"
            raise bad_call(f"{item.name} cannot take an array here", remedy)
        if array.shape != (size,):
            raise bad_call(f"{item.name} takes an array of shape ({size},), not {array.shape}")
        if np.isnan(array).any():
            raise bad_call(f"{item.name}[{int(np.argmax(np.isnan(array)))}] is NaN")
        zero = format_value(0.0, Dimension(item.dimension.symbol))
        if isinstance(item, CheckedVariable):
            self.initial[item.name] = array
            return zero
        low, high = (-np.inf if item.low is None else item.low), (np.inf if item.high is None else item.high)
        outside = (array < low) | (array > high)
        if outside.any():
            place = int(np.argmax(outside))
            given = format_value(float(array[place]), item.dimension)
            raise bad_call(f"{item.name}[{place}] must be {limits_of(item)}, not {given}")
        if item.divides and not array.all():
            place = int(np.argmin(array != 0))
            raise bad_call(f"{item.name}[{place}] is 0, and the equation of {item.divides} divides by it")
        if site is Site.SYNAPSE:
            self.initial[f"{self.label}.{item.name}"] = array
            default = format_value(item.default or 0.0, item.dimension)
            return f"{default} + {zero} * pre.index"  # so that there is one for each synapse
        self.parameters[item.name] = array
        return f"{zero} * index"  # so that there is one for each neuron


def _value(item: CheckedParameter | CheckedVariable, value: Any, arrays: _Arrays) -> str:
    """The text of an argument."""
    match value:
        case Distribution():
            given = ", ".join(_value(item, part, arrays) for part in value.arguments)
            return f"{value.function}({given})"
        case str():
            if _QUANTITY.fullmatch(value):
                quantity(value, item.dimension, item.name)
            return " ".join(value.split())  # an expression is read by the checker
    number = quantity(value, item.dimension, item.name)
    if isinstance(number, float):
        if not np.isfinite(number):
            raise bad_call(f"{item.name} must be finite, not {value!r}")
        return format_value(number, item.dimension)
    return arrays.take(item, number)


def _above_zero(time: object, what: str) -> float:
    found = milliseconds(time, what)
    if found == 0:
        raise bad_call(f"{what} must be above 0", code="R104")
    return found


def _single(neuron: object, kind: str, arguments: dict[str, Any]) -> Part:
    composition = compose(neuron)
    part = composition.parts[0]
    if len(composition.parts) > 1 or part.component.checked.kind != kind:
        raise bad_call(f"a population is made of one neuron, not of {part.component!r}")
    return part.component(**{**dict(part.arguments), **arguments}).parts[0]


def _rules(rule: object) -> Composition:
    composition = compose(rule)
    for part in composition.parts:
        if part.component.checked.kind != "rule":
            raise bad_call(f"{part.component.name} is a {part.component.checked.kind}, and a projection needs rules")
    return composition


def _variable(rules: tuple[CheckedComponent, ...], name: str) -> CheckedVariable:
    named = {variable.name: variable for rule in rules for variable in rule.variables if not variable.required}
    if name not in named:
        for rule in rules:
            if name in {parameter.name for parameter in rule.parameters}:
                raise bad_call(f"{name} is a parameter", f"give it to the rule: {rule.name}({name}=...)", "R101")
        raise unknown("the start value of", name, named)
    return named[name]
