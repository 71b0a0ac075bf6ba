"""What a run leaves behind: spikes, states, degrees, synapses; in memory, and as .npz."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plastlang.runtime.calls import unknown
from plastlang.runtime.files import replace_file

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Spikes:
    """Spikes in the order (time, neuron): `times` in ms (float64) and `neurons` (int32), of one length.

    In a batch `networks` (int32) says whose they are, in the order (time, network, neuron); else it is None.
    """

    times: Array
    neurons: Array
    networks: Array | None = None

    def __repr__(self) -> str:
        return f"<{len(self.times)} spikes of {len(np.unique(self.neurons))} neurons{_span(self.times)}>"

    def of(self, network: int) -> Spikes:
        """The spikes of one network of a batch."""
        if self.networks is None:
            return self
        mine = self.networks == network
        return Spikes(self.times[mine], self.neurons[mine])

    def arrays(self) -> dict[str, Array]:
        more = {} if self.networks is None else {"networks": self.networks}
        return {"times": self.times, "neurons": self.neurons, **more}


@dataclass(frozen=True, slots=True)
class States:
    """`values[k, i]` is the value of neuron i at `times[k]` (ms); in a batch `values[k, network, i]`."""

    times: Array
    values: Array

    def __repr__(self) -> str:
        return f"<states of shape {self.values.shape}{_span(self.times)}>"

    def arrays(self) -> dict[str, Array]:
        return {"times": self.times, "values": self.values}


@dataclass(frozen=True, slots=True)
class Degrees:
    """At `times[k]` (ms): `out_degree[k, pre]`, `in_degree[k, post]`, and the counts since the start of the run."""

    times: Array
    out_degree: Array
    in_degree: Array
    formations: Array
    eliminations: Array

    def __repr__(self) -> str:
        return f"<degrees at {len(self.times)} times{_span(self.times)}>"

    def arrays(self) -> dict[str, Array]:
        return {
            "times": self.times, "out_degree": self.out_degree, "in_degree": self.in_degree,
            "formations": self.formations, "eliminations": self.eliminations,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The synapses at `time` (ms) in the order (pre, post, age), with their variables by name."""

    time: float
    pre: Array
    post: Array
    values: Mapping[str, Array]

    def __repr__(self) -> str:
        return f"<{len(self.pre)} synapses at {self.time:g} ms: {', '.join(self.values) or 'no variables'}>"


@dataclass(frozen=True, slots=True)
class Connectivity:
    """Snapshots of a projection, first to last."""

    snapshots: tuple[Snapshot, ...]

    def __repr__(self) -> str:
        return f"<connectivity at {len(self.snapshots)} times{_span(self.times)}>"

    def __len__(self) -> int:
        return len(self.snapshots)

    def __getitem__(self, index: int) -> Snapshot:
        return self.snapshots[index]

    @property
    def times(self) -> Array:
        return np.array([snapshot.time for snapshot in self.snapshots], dtype=np.float64)

    def arrays(self) -> dict[str, Array]:
        """All snapshots end to end; snapshot k is `[start[k]:start[k + 1]]`."""
        counts = [len(snapshot.pre) for snapshot in self.snapshots]
        result = {"times": self.times, "start": np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])}
        result["pre"] = _join([s.pre for s in self.snapshots], np.int32)
        result["post"] = _join([s.post for s in self.snapshots], np.int32)
        for name in self.snapshots[0].values if self.snapshots else ():
            result[name] = np.concatenate([s.values[name] for s in self.snapshots], axis=-1)
        return result


Recording: TypeAlias = Spikes | States | Degrees | Connectivity


def _span(times: Array) -> str:
    return f", {times[0]:g} to {times[-1]:g} ms" if len(times) else ""


def _join(parts: list[Array], dtype: Any) -> Array:
    return np.concatenate(parts) if parts else np.empty(0, dtype)


@dataclass(slots=True)
class Tape:
    """Collects one recording during a run. `what`: spikes, degree, connectivity, or a variable.

    `every` is in steps (1 for spikes); `host` says that the model takes it between steps, not the backend.
    """

    owner: str
    what: str
    every: int
    host: bool
    kind: type[Recording]
    parts: list[tuple[Any, ...]] = field(default_factory=list)
    last: int = -1  # the step at which the model looked last
    nothing: tuple[Array, ...] = ()  # what spikes of a batch have beside steps and neurons, before the first

    def read(self, dt: float) -> Recording:
        """Everything collected so far."""
        columns = list(zip(*self.parts, strict=True))
        if self.kind is Connectivity:
            return Connectivity(tuple(Snapshot(step * dt, *rest) for step, *rest in self.parts))
        if self.kind is Degrees:
            if not columns:
                nothing = np.empty(0, np.int64)
                return Degrees(np.empty(0), nothing, nothing, nothing, nothing)
            steps, out, into, formed, gone = columns
            return Degrees(np.array(steps) * dt, np.stack(out), np.stack(into), np.array(formed), np.array(gone))
        if len(self.parts) > 1:  # keep the joined arrays, so that reading again costs nothing
            self.parts[:] = [tuple(np.concatenate(column) for column in columns)]
        empty: tuple[Any, ...] = (np.empty(0), np.empty(0, np.int32), *self.nothing)
        steps, values, *more = self.parts[0] if self.parts else empty
        times = np.asarray(steps) * dt
        return Spikes(times, values, *more) if self.kind is Spikes else States(times, values)


class Recordings(Mapping[str, Recording]):
    """The recordings of a model by name: `model.recordings["tectum.spikes"]`."""

    def __init__(self, tapes: tuple[Tape, ...], dt: float):
        self._tapes = {f"{tape.owner}.{tape.what}": tape for tape in tapes}
        self._dt = dt

    def __getitem__(self, name: str) -> Recording:
        if name not in self._tapes:
            raise unknown("the recording", name, self._tapes)
        return self._tapes[name].read(self._dt)

    def __contains__(self, name: object) -> bool:
        return name in self._tapes

    def __iter__(self) -> Iterator[str]:
        return iter(self._tapes)

    def __len__(self) -> int:
        return len(self._tapes)

    def __repr__(self) -> str:
        return f"<recordings: {', '.join(self) or 'none'}>"

    def clear(self) -> None:
        """Forget what was recorded so far; recording goes on."""
        for tape in self._tapes.values():
            tape.parts.clear()

    def save(self, path: str | Path) -> Path:
        """Write everything to one .npz file, with names such as `tectum.spikes.times`."""
        arrays = {f"{name}.{part}": array for name in self for part, array in self[name].arrays().items()}
        with replace_file(Path(path)) as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        return Path(path)
