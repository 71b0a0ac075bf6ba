"""Networks that are built in Python, and starting whatever was built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plastlang import __version__, driver, kept
from plastlang.backends.cfamily.cache import content
from plastlang.backends.interface import Options
from plastlang.builder import NetworkBuilder, PopulationHandle, Port, ProjectionHandle
from plastlang.components import Component, Composition
from plastlang.diagnostics import Source
from plastlang.frontend.checked import CheckedComponent, CheckedModule, CheckedNetwork
from plastlang.runtime.calls import bad_call, unknown, whole
from plastlang.runtime.connectivity import Connectivity
from plastlang.runtime.durations import milliseconds
from plastlang.runtime.model import Model, check_seed
from plastlang.runtime.setup import Setup


class Network:
    """A network of populations and projections, to be compiled.

    Args:
        dt: the time step, `"0.1 ms"` or a number in ms.
        seed: of every random draw; the same seed gives the same run, on any backend and number of threads.
        name: what to call it.
    """

    def __init__(self, dt: object = "0.1 ms", seed: int = 0, name: str = "built"):
        step = milliseconds(dt, "dt")
        if step == 0:
            raise bad_call("dt must be more than 0", code="R104")
        self.seed = check_seed(seed)
        self._builder = NetworkBuilder(name, step)

    def population(
        self, neuron: Component | Composition, size: int | None = None, *, grid: tuple[int, int] | None = None,
        periodic: bool = False, name: str = "", **arguments: Any,
    ) -> PopulationHandle:  # fmt: skip
        """Add neurons.

        Args:
            neuron: what they are.
            size: how many, or
            grid: (width, height), where they stand one by one.
            periodic: whether the grid is a torus.
            name: what to call them; the name of the neuron without one.
            arguments: parameters and start values: numbers (coherent units), text with a unit, expressions of `index`
                and `pos`, arrays with one value per neuron, and for start values distributions.
        """
        return self._builder.population(neuron, size, grid, periodic, name, arguments)

    def connect(
        self, pre: PopulationHandle | Sequence[PopulationHandle], post: Port | PopulationHandle,
        rule: Component | Composition, connectivity: Connectivity, *, delay: object = None, name: str = "",
        **initial: Any,
    ) -> ProjectionHandle:  # fmt: skip
        """Add a projection.

        Args:
            pre: the source, or several, whose neurons are then numbered on.
            post: a population, or its input port (`tectum.exc`) where the rule delivers.
            rule: what happens at its synapses; `A + B` puts both there.
            connectivity: which pairs are connected at the start.
            delay: at least one step, which is what it is without one.
            name: what to call it.
            initial: start values: as for populations; arrays with one value per synapse need `pairs`.
        """
        return self._builder.connect(pre, post, rule, connectivity, delay, name, initial)

    def record(self, owner: PopulationHandle | ProjectionHandle | str, what: str, *, every: object = None) -> None:
        """Record during every run: `"spikes"`, a variable, and of projections `"degree"` and `"connectivity"`."""
        self._builder.record(owner, what, every)

    def source(self) -> str:
        """The network in the language, without the text of its neurons and rules. Arrays stand as 0."""
        return self._builder.source()

    def compile(
        self, backend: str = "c", precision: str = "single", threads: int = 1, mode: str = "deterministic",
        batch: int = 1,
    ) -> Model:  # fmt: skip
        """Make a model of it.

        Args:
            backend: `"c"` (fast), `"cuda"` (on an NVIDIA GPU) or `"reference"` (NumPy; slow; defines the meaning).
            precision: `"single"` or `"double"`.
            threads: results do not depend on it.
            mode: `"deterministic"` gives the same bits on every backend; `"fast"`, on `"cuda"` alone, gives them up for
                speed (docs/numerics.md says by how much).
            batch: so many networks with one structure, one set of parameters and one value of each `shared` variable;
                everything else each has for itself, and arrays of it have a first axis of this length.

        Raises:
            PlastError: the network is wrong (units, ports, what rules need of one another), or a batch cannot share
                its structure.
            MachineError: no compiler, or the backend cannot run on this machine.
        """
        checked = self.checked()
        return start(
            checked, self._builder.setup(), backend=backend, precision=precision, threads=threads, seed=self.seed,
            mode=mode, batch=batch,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<network {self._builder.name}: {', '.join(self._builder.handles) or 'nothing in it yet'}>"

    def checked(self) -> CheckedNetwork:
        """The network as it is compiled, checked."""
        source, components, name = Source("<network>", self.source()), self._builder.components, self._builder.name
        made_from = content((source, tuple(components.items())))
        return kept.network(made_from, name, {}, lambda: _check(source, components, name))


def _check(source: Source, components: Mapping[str, CheckedComponent], name: str) -> CheckedNetwork:
    """The network of a text that sees these components."""
    from plastlang.frontend.ast import NetworkDeclaration
    from plastlang.frontend.parse import parse  # brings the grammar, which a warm start does without

    tree = parse(source)
    networks = {item.name: item for item in tree.declarations if isinstance(item, NetworkDeclaration)}
    return driver.elaborate(CheckedModule(source, "", dict(components), networks, {}, {}, (name,)), name)


def start(
    checked: CheckedNetwork, setup: Setup | None = None, *, backend: str, precision: str, threads: int, seed: int,
    mode: str = "deterministic", batch: int = 1, clock: driver.Clock | None = None,
) -> Model:  # fmt: skip
    """Lower, compile and load a checked network, at step 0."""
    if precision not in ("single", "double"):
        raise unknown("the precision", str(precision), ("single", "double"))
    options = Options(
        precision, whole(threads, "the number of threads", 1, 1024), driver.check_mode(mode, backend),
        whole(batch, "the batch", 1, 1 << 16),
    )  # fmt: skip
    built = driver.build(checked, clock, backend)
    executable = driver.load(built, backend, options, clock)
    with (clock or driver.Clock()).stage("start"):
        return Model(
            executable, built.identity, __version__, precision, backend, check_seed(seed), checked.records, setup
        )
