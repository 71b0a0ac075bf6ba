"""A rule alone, for simulators that are not plastlang: spikes go in as arrays, what is delivered comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plastlang import driver
from plastlang.components import Component, Composition
from plastlang.diagnostics import Source
from plastlang.frontend.checked import CheckedComponent, Dimension
from plastlang.network import Network
from plastlang.runtime.calls import bad_call, whole
from plastlang.runtime.connectivity import Connectivity, check_range, indices, pairs
from plastlang.runtime.durations import duration_steps, spike_steps
from plastlang.runtime.model import Model
from plastlang.runtime.views import ProjectionView

#: (neurons, times): arrays of one length.
SpikeArrays: TypeAlias = tuple[ArrayLike, Any]

_SOURCE, _TARGET, _RULE, _PORT = "source_", "target_", "rule_", "received"
_NOTHING: SpikeArrays = ((), ())


def compile_rule(
    composition: Composition, n_pre: int, n_post: int, pre: ArrayLike, post: ArrayLike, *, dt: object = "0.1 ms",
    backend: str = "c", precision: str = "single", threads: int = 1, seed: int = 0, mode: str = "deterministic",
    **initial: Any,
) -> StandaloneRule:  # fmt: skip
    """Make an object of a rule (or of several on the same synapses). See `Component.compile`."""
    sizes = whole(n_pre, "n_pre", 1), whole(n_post, "n_post", 1)
    given = pairs(pre, post)
    given.draw(*sizes, 0, 0)
    network = between(composition, sizes, given, Network(dt, seed, "standalone"), initial)
    return StandaloneRule(network.compile(backend, precision, threads, mode))


def between(
    composition: Composition, sizes: tuple[int, int], given: Connectivity, network: Network, initial: Mapping[str, Any],
    name: str = _RULE,
) -> Network:  # fmt: skip
    """An empty network with rules in it, as a projection of that name between neurons that do nothing by themselves."""
    rules = [part.component.checked for part in composition.parts]
    delivers = next((rule.deliver_dimension for rule in rules if rule.deliver_dimension is not None), None)
    module = driver.check(Source("<standalone>", _neurons(rules, delivers)))
    source = network.population(Component(module.components["Source"]), sizes[0], name=_SOURCE)
    target = network.population(Component(module.components["Target"]), sizes[1], name=_TARGET)
    port = getattr(target, _PORT) if delivers is not None else target
    network.connect(source, port, composition, given, name=name, **initial)
    return network


def _neurons(rules: Sequence[CheckedComponent], delivers: Dimension | None) -> str:
    """The two neurons at the ends: they fire when they are told to, and keep what the rules read of them."""
    states: dict[str, dict[str, str]] = {"pre": {}, "post": {}}
    for rule in rules:
        for read in rule.neuron_reads:
            states[read.of][read.name] = read.dimension.symbol
    ends = {end: "".join(_state(name, unit) for name, unit in states[end].items()) for end in states}
    port = "" if delivers is None else f"{_state('delivered_', delivers.symbol)}    input {_PORT} -> delivered_\n"
    return f"neuron Source:\n{ends['pre']}    spike at times\nneuron Target:\n{ends['post']}{port}    spike at times\n"


def _state(name: str, unit: str) -> str:
    return f"    state {name}{f': {unit}' if unit else ''} = 0\n"


class StandaloneRule:
    """Synapses with a rule, and nothing else: no neurons that do anything by themselves.

    In step m the pre spikes of step m arrive (`on pre spike`), then the post spikes of step m come (`on post spike`),
    as docs/numerics.md says. State is read and written as attributes: `rule.w`, `rule.pre`, `rule.in_degree`.
    """

    def __init__(self, model: Model):
        object.__setattr__(self, "model", model)

    model: Model

    @property
    def synapses(self) -> ProjectionView:
        """State of the synapses and of the rule at both ends."""
        view = self.model[_RULE]
        assert isinstance(view, ProjectionView)
        return view

    @property
    def source(self) -> Any:
        """State that the rule reads of the pre neuron (`pre.NAME`): yours to write."""
        return self.model[_SOURCE]

    @property
    def target(self) -> Any:
        """State that the rule reads of the post neuron (`post.NAME`): yours to write."""
        return self.model[_TARGET]

    @property
    def t(self) -> float:
        """Time in ms."""
        return self.model.t

    def step(self, pre: ArrayLike = (), post: ArrayLike = ()) -> NDArray[Any]:
        """Do one step.

        Args:
            pre: indices of the sources whose spikes arrive in this step.
            post: indices of the targets that spike in this step.

        Returns:
            What was delivered to each target, shape (n_post,), in coherent units.
        """
        n_pre, n_post = self.synapses.shape
        arriving, firing = indices(pre, "pre"), indices(post, "post")
        check_range(arriving, n_pre, "pre")
        check_range(firing, n_post, "post")
        executable = self.model.executable
        executable.set_last_spikes(_SOURCE, np.unique(arriving))
        if firing.size:
            firing = np.unique(firing)
            executable.set_schedule(_TARGET, firing, np.full(firing.size, executable.step, np.int64))
        self.model.step()
        return self._delivered(n_post)

    def run(
        self, duration: object, pre_spikes: SpikeArrays = _NOTHING, post_spikes: SpikeArrays = _NOTHING,
        progress: bool = False,
    ) -> NDArray[Any]:  # fmt: skip
        """Run for a duration with spikes that are known beforehand.

        Args:
            duration: `"1 s"`, or a number in ms.
            pre_spikes: (neurons, times): when spikes arrive. Times in ms since the beginning, inside this run.
            post_spikes: (neurons, times): when targets spike.
            progress: whether to show it.

        Returns:
            What was delivered to each target in the whole run, shape (n_post,).
        """
        executable = self.model.executable
        n_pre, n_post = self.synapses.shape
        first, steps = executable.step, duration_steps(duration, self.model.dt)
        arriving, arrivals = self._spikes(pre_spikes, n_pre, first, first + steps, "pre_spikes")
        firing, spikes = self._spikes(post_spikes, n_post, first, first + steps, "post_spikes")
        now = arrivals == first  # a spike is emitted a step before it arrives
        executable.set_last_spikes(_SOURCE, np.unique(arriving[now]))
        executable.set_schedule(_SOURCE, arriving[~now], arrivals[~now] - 1)
        executable.set_schedule(_TARGET, firing, spikes)
        self.model.run(steps * self.model.dt, progress=progress)
        return self._delivered(n_post)

    def _spikes(
        self, given: SpikeArrays, size: int, first: int, end: int, what: str
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        parts = tuple(given)
        if len(parts) != 2 or np.ndim(parts[0]) != 1:
            raise bad_call(f"{what} are (neurons, times)")
        neurons = indices(parts[0], f"the neurons of {what}")
        check_range(neurons, size, what)
        steps = spike_steps(parts[1], self.model.dt)
        if steps.shape != neurons.shape:
            raise bad_call(f"{what} need a time for each neuron, not {len(steps)} for {len(neurons)}")
        if steps.size and (steps.min() < first or steps.max() >= end):
            dt = self.model.dt
            raise bad_call(f"{what} must lie inside the run, from {first * dt:g} to {end * dt:g} ms", code="R104")
        rows = np.unique(np.stack([steps, neurons.astype(np.int64)], axis=1), axis=0)
        return rows[:, 1].astype(np.int32), rows[:, 0].copy()

    def _delivered(self, n_post: int) -> NDArray[Any]:
        view = self.model[_TARGET]
        if "delivered_" not in view.variables:
            return np.zeros(n_post, self.model.real)
        values = np.array(view.delivered_)
        if values.any():
            view.delivered_ = 0.0
        return values

    def signal(self, name: str, *values: object, **named: object) -> None:
        """Run the `on NAME(...)` blocks of the rule."""
        self.model.signal(name, *values, **named)

    def save(self, path: str | Path) -> Path:
        """Write a checkpoint (see `Model.save`)."""
        return self.model.save(path)

    def load(self, path: str | Path) -> None:
        """Take the state of a checkpoint (see `Model.load`)."""
        self.model.load(path)

    def close(self) -> None:
        """Give the memory back."""
        self.model.close()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.synapses, name)

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(getattr(type(self), name, None), property):
            raise bad_call(f"{name} of a rule cannot be assigned")
        setattr(self.synapses, name, value)

    def __repr__(self) -> str:
        n_pre, n_post = self.model.sizes[_SOURCE], self.model.sizes[_TARGET]
        return f"<rule alone, {n_pre} to {n_post} neurons: {', '.join(self.synapses.variables) or 'no state'}>"

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *dir(self.synapses)})

    def __enter__(self) -> StandaloneRule:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
