"""Populations and projections of a model as objects: `model[pop].v`, `model[syn].w`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plastlang.frontend.limits import limits_text
from plastlang.frontend.units import format_value, quantity, unit_dimension
from plastlang.ir.nodes import Parameter, Population, Projection, Scheduled, Variable
from plastlang.ir.types import Site, Type
from plastlang.runtime.calls import bad_call, unknown, whole
from plastlang.runtime.connectivity import check_pairs, check_range, indices
from plastlang.runtime.durations import spike_steps
from plastlang.runtime.recording import Spikes
from plastlang.runtime.values import frozen

if TYPE_CHECKING:
    from plastlang.runtime.model import Model

Array: TypeAlias = NDArray[Any]

#: Sites whose values are stored, and so can be read and written.
_STORED = (Site.GLOBAL, Site.NEURON, Site.PRE, Site.POST, Site.SYNAPSE)


class View(ABC):
    """One population or projection of a model. Its variables and parameters are attributes, in coherent units."""

    def __init__(self, model: Model, owner: Population | Projection):
        object.__setattr__(self, "_model", model)
        object.__setattr__(self, "_owner", owner)
        visible = {v.name: v for v in owner.variables if not v.hidden and v.site in _STORED}
        object.__setattr__(self, "_variables", visible)
        object.__setattr__(self, "_parameters", {p.name: p for p in owner.parameters})

    _model: Model
    _owner: Population | Projection
    _variables: dict[str, Variable]
    _parameters: dict[str, Parameter]

    @property
    def name(self) -> str:
        return self._owner.name

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of what changes during a run."""
        return tuple(self._variables)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of what only the host changes."""
        return tuple(self._parameters)

    def unit(self, name: str) -> str:
        """The unit in which values of a variable or parameter are kept; '' for a number."""
        return self._find(name).unit

    def get(self, name: str, unit: str = "") -> Any:
        """The values of a variable or parameter now, in `unit` (in coherent units without one)."""
        item = self._find(name)
        value = self._read(item)
        if not unit:
            return value
        factor = quantity(f"1 {unit}", unit_dimension(item.unit), f"{item.name} of {self.name}")
        return np.asarray(value, dtype=np.float64) / factor if np.ndim(value) else float(value) / factor

    def on_device(self, name: str) -> Any:
        """The values of a variable in the memory of a GPU, without a copy, for CuPy, PyTorch and others.

        It has `__cuda_array_interface__` and `__dlpack__`, follows the run, and ends when the model is closed.

        Raises:
            PlastError: not on the backend "cuda", or not a stored variable of neurons.
        """
        item = self._find(name)
        share = getattr(self._model.executable, "on_device", None)
        if share is None:
            raise bad_call(f"{item.name} of {self.name} is not on a GPU", 'compile with backend="cuda"', "R108")
        found = None if isinstance(item, Parameter) else share(self.name, item.name)
        if found is None:
            raise bad_call(f"{item.name} of {self.name} does not lie on the GPU as it is read", "use get", "R108")
        return found

    def set(self, name: str, value: object, unit: str = "") -> None:
        """Write all values: an array, or one value for all; text such as `"-60 mV"` brings its unit.

        Raises:
            PlastError: wrong name, shape, unit, type or NaN. The model is as it was before.
        """
        item = self._find(name)
        self._model.executable  # noqa: B018  # a closed model says so before anything else is looked at
        values = quantity((value, unit) if unit else value, unit_dimension(item.unit), f"{item.name} of {self.name}")
        self._write(item, values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._read(self._find(name))

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(getattr(type(self), name, None), property):
            raise bad_call(f"{name} of {self.name} cannot be assigned")
        self.set(name, value)

    def __dir__(self) -> list[str]:
        return [*object.__dir__(self), *self._variables, *(p.rpartition(".")[2] for p in self._parameters)]

    def _find(self, name: str) -> Variable | Parameter:
        """A variable, or a parameter by its full name or, where that says it, its last part."""
        if name in self._variables:
            return self._variables[name]
        if name in self._parameters:
            return self._parameters[name]
        everything: dict[str, Variable | Parameter] = {**self._parameters}
        everything |= {full: v for full, v in self._variables.items() if "." in full}  # parameters given per synapse
        found = [item for full, item in everything.items() if full.rpartition(".")[2] == name]
        if len(found) == 1:
            return found[0]
        if found:
            names = " or ".join(p.name for p in found)
            raise bad_call(f"{name!r} could be {names} of {self.name}", "use get or set with the full name", "R101")
        short = [full.rpartition(".")[2] for full in self._parameters]
        raise unknown(f"the variable or parameter of {self.name}", name, [*self._variables, *short, *self._more()])

    def _more(self) -> tuple[str, ...]:
        return ()

    def _read(self, item: Variable | Parameter) -> Any:
        executable = self._model.executable
        if isinstance(item, Parameter):
            given = executable.get_parameter(self.name, item.name)
            return float(given) if np.ndim(given) == 0 else frozen(given)
        values: Any = executable.get(self.name, item.name)
        if np.ndim(values) == 0:
            return np.asarray(values)[()].item()
        return values if self._model.is_live(self.name, item) else frozen(values)

    @abstractmethod
    def _size(self, site: Site) -> int: ...

    def _write(self, item: Variable | Parameter, values: Any) -> None:
        where = f"{item.name} of {self.name}"
        shape = () if item.site == Site.GLOBAL else (self._size(item.site),)
        array = np.asarray(values, dtype=np.float64)
        batch = self._model.batch
        if batch > 1 and isinstance(item, Variable) and not item.shared and array.shape == (batch, *shape):
            shape = array.shape
        if array.ndim and array.shape != shape:
            wanted = f"one number or an array of shape {shape}" if shape else "one number"
            if batch > 1 and isinstance(item, Variable) and not item.shared:
                wanted += f", or of shape {(batch, *shape)} for the networks of the batch"
            raise bad_call(f"{where} takes {wanted}, not an array of shape {array.shape}")
        if np.isnan(array).any():
            place = f"[{', '.join(map(str, np.argwhere(np.isnan(array))[0]))}]" if array.ndim else ""
            raise bad_call(f"the new {item.name}{place} of {self.name} is NaN")
        if item.type == Type.INT and (np.abs(array) > 2**31 - 1).any() | (array != np.rint(array)).any():
            raise bad_call(f"{where} takes whole numbers")
        if isinstance(item, Parameter):
            self._check_limits(item, array)
            self._model.executable.set_parameter(self.name, item.name, array if array.ndim else float(array))
            return
        dtype = np.int32 if item.type == Type.INT else np.bool_ if item.type == Type.BOOL else self._model.real
        self._model.executable.set(self.name, item.name, np.array(np.broadcast_to(array, shape), dtype=dtype))

    def _check_limits(self, item: Parameter, array: NDArray[np.float64]) -> None:
        """A parameter stays inside the limits that its declaration gives; what an equation divides by is not 0."""
        if item.nonzero and not array.all():
            place = f"[{np.flatnonzero(array == 0)[0]}]" if array.ndim else ""
            raise bad_call(f"{item.name}{place} of {self.name} cannot be 0: an equation divides by it")
        low = -np.inf if item.low is None else item.low
        high = np.inf if item.high is None else item.high
        outside = np.flatnonzero((array < low) | (array > high))
        if outside.size:
            place = f"[{outside[0]}]" if array.ndim else ""
            given = format_value(float(array.ravel()[outside[0]]), unit_dimension(item.unit))
            limits = limits_text(item.low, item.high, unit_dimension(item.unit), zero=not item.nonzero)
            raise bad_call(f"{item.name}{place} of {self.name} must be {limits}, not {given}")


class PopulationView(View):
    """The neurons of a population."""

    _owner: Population

    @property
    def size(self) -> int:
        """The number of neurons."""
        return self._owner.size

    @property
    def spikes(self) -> Spikes:
        """The spikes recorded so far (`record pop spikes`)."""
        if f"{self.name}.spikes" not in self._model.recordings:
            hint = f'say net.record({self.name}, "spikes"), or `record {self.name} spikes` in a file and compile anew'
            raise bad_call(f"the spikes of {self.name} are not recorded", hint, "R101")
        recording = self._model.recordings[f"{self.name}.spikes"]
        assert isinstance(recording, Spikes)
        return recording

    def schedule(self, neurons: ArrayLike, times: Any, network: int | None = None) -> None:
        """Say when neurons of a `spike at times` population fire from now on; what was still to come is replaced.

        Args:
            neurons: indices.
            times: for each, in ms (or `(array, "s")`), rounded to the nearest step. Twice the same is once.
            network: in a batch, whose neurons are meant; those of all networks without it.
        """
        if not isinstance(self._owner.spiking, Scheduled):
            raise bad_call(f"{self.name} fires by itself", "only `spike at times` neurons are told when", "R108")
        who = indices(neurons, "neurons")
        check_range(who, self.size, "neurons")
        executable = self._model.executable
        steps = spike_steps(times, executable.program.dt)
        if steps.shape != who.shape:
            raise bad_call(f"neurons and times must be of one length, not {len(who)} and {len(steps)}")
        if steps.size and steps.min() < executable.step:
            late = float(steps.min() * executable.program.dt)
            raise bad_call(f"a spike at {late:g} ms lies before the present, {self._model.t:g} ms", code="R104")
        rows = np.unique(np.stack([steps, who.astype(np.int64)], axis=1), axis=0)
        last = self._model.batch - 1
        chosen = range(last + 1) if network is None else (whole(network, "the number of a network", 0, last),)
        for member in chosen:
            executable.set_schedule(self.name, rows[:, 1].astype(np.int32), rows[:, 0].copy(), member)

    def _size(self, site: Site) -> int:
        return self._owner.size

    def _more(self) -> tuple[str, ...]:
        return ("spikes", "schedule", "size")

    def __repr__(self) -> str:
        return f"<population {self.name}: {self.size} neurons, {', '.join(self._variables) or 'no state'}>"


class ProjectionView(View):
    """The synapses of a projection, in the order (pre, post, age)."""

    _owner: Projection

    @property
    def pre(self) -> Array:
        """The source neuron of each synapse (int32); with several sources they are numbered on."""
        return frozen(self._model.executable.synapses(self.name)[0])

    @property
    def post(self) -> Array:
        """The target neuron of each synapse (int32)."""
        return frozen(self._model.executable.synapses(self.name)[1])

    @property
    def out_degree(self) -> Array:
        """Synapses per source neuron."""
        return frozen(self._model.executable.degrees(self.name)[0])

    @property
    def in_degree(self) -> Array:
        """Synapses per target neuron."""
        return frozen(self._model.executable.degrees(self.name)[1])

    @property
    def formations(self) -> int:
        """Synapses made since the start of the run, the initial ones not counted."""
        return self._model.executable.counts(self.name)[0]

    @property
    def eliminations(self) -> int:
        """Synapses removed since the start of the run."""
        return self._model.executable.counts(self.name)[1]

    @property
    def shape(self) -> tuple[int, int]:
        """(source neurons, target neurons)."""
        sizes = self._model.sizes
        return sum(sizes[source] for source in self._owner.sources), sizes[self._owner.target]

    def __len__(self) -> int:
        return len(self._model.executable.synapses(self.name)[0])

    def set_synapses(self, pre: ArrayLike, post: ArrayLike, **values: Any) -> None:
        """Replace all synapses. Their variables begin at the declared start values, or `values` in the order given."""
        sources, targets = indices(pre, "pre"), indices(post, "post")
        check_pairs(sources, targets, *self.shape)
        order = np.lexsort((np.arange(len(sources)), targets, sources))
        ready: list[tuple[Variable, Array]] = []
        for name, value in values.items():
            item = self._variables.get(name)
            if item is None or item.site != Site.SYNAPSE:
                raise unknown(f"the synapse variable of {self.name}", name, self._synaptic())
            array = np.asarray(quantity(value, unit_dimension(item.unit), name), dtype=np.float64)
            if (array.ndim and array.shape != order.shape) or np.isnan(array).any():
                raise bad_call(f"{name} takes one number, or {len(order)} numbers, and no NaN")
            ready.append((item, array[order] if array.ndim else array))
        self._model.executable.set_synapses(self.name, sources, targets)
        for item, array in ready:
            self._write(item, array)

    def _synaptic(self) -> list[str]:
        return [name for name, item in self._variables.items() if item.site == Site.SYNAPSE]

    def _size(self, site: Site) -> int:
        match site:
            case Site.PRE:
                return self.shape[0]
            case Site.POST:
                return self.shape[1]
            case _:
                return len(self)

    def _more(self) -> tuple[str, ...]:
        return ("pre", "post", "in_degree", "out_degree", "formations", "eliminations")

    def __repr__(self) -> str:
        sources = " + ".join(self._owner.sources)
        state = ", ".join(self._variables) or "no state"
        return f"<projection {self.name}: {sources} -> {self._owner.target}, {state}>"
