"""Taking recordings from a running program: what the backend keeps, and what is looked at between steps."""

from __future__ import annotations

import numpy as np

from plastlang.backends.interface import Executable
from plastlang.frontend.checked import CheckedRecord
from plastlang.ir.nodes import Program, Projection, SpikeRecord, StateRecord
from plastlang.ir.types import Site
from plastlang.runtime.calls import bad_call, unknown
from plastlang.runtime.durations import period_steps
from plastlang.runtime.recording import Connectivity, Degrees, Spikes, States, Tape


class Taker:
    """Fills the tapes of a model."""

    def __init__(self, program: Program, records: tuple[CheckedRecord, ...]):
        self._program = program
        self._projections = {projection.name: projection for projection in program.projections}
        self.tapes = (*(_native(record) for record in program.records), *self._host_tapes(records))
        self._native = tuple(tape for tape in self.tapes if not tape.host)
        self._host = tuple(tape for tape in self.tapes if tape.host)

    def _host_tapes(self, records: tuple[CheckedRecord, ...]) -> tuple[Tape, ...]:
        """Those of projections: degrees, connectivity, variables; the backend knows nothing of them."""
        tapes = []
        for record in records:
            projection = self._projections.get(record.owner)
            if projection is None:
                continue
            if record.every is None:
                raise bad_call(f"record {record.owner} {record.what} needs a period", 'say every="1 s"', "R104")
            every = period_steps(record.every, self._program.dt, "the period of a recording")
            tapes.append(Tape(record.owner, record.what, every, True, _kind(projection, record.what)))
        return tuple(tapes)

    def next_stop(self, step: int) -> int:
        """The first step after `step` at which something has to be taken between steps."""
        return min((step - step % tape.every + tape.every for tape in self._host), default=1 << 62)

    def start(self, executable: Executable) -> None:
        """What is looked at between steps is looked at once before the first of them, too."""
        for tape in self._host:
            self._look(executable, tape)

    def take(self, executable: Executable) -> None:
        """Empty what the backend has recorded, and look at what is due at the present step."""
        for tape in self._native:
            if tape.kind is Spikes and executable.batch > 1:
                _take_batch(executable, tape)
                continue
            steps, values = (
                executable.take_spikes(tape.owner)
                if tape.kind is Spikes
                else executable.take_states(tape.owner, tape.what)
            )
            if len(steps):
                tape.parts.append((np.array(steps), np.array(values)))
        for tape in self._host:
            due = executable.step % tape.every == 0
            if due and (not tape.parts or tape.last != executable.step):
                self._look(executable, tape)

    def _look(self, executable: Executable, tape: Tape) -> None:
        step, owner = executable.step, tape.owner
        tape.last = step
        if tape.kind is Degrees:
            out, into = executable.degrees(owner)
            tape.parts.append((step, np.array(out), np.array(into), *executable.counts(owner)))
        elif tape.kind is Connectivity:
            pre, post = executable.synapses(owner)
            names = [v.name for v in self._projections[owner].variables if v.site == Site.SYNAPSE and not v.hidden]
            wanted = names if tape.what == "connectivity" else [tape.what]
            values = {name: np.array(executable.get(owner, name)) for name in wanted}
            tape.parts.append((step, np.array(pre), np.array(post), values))
        else:
            tape.parts.append((np.array([step]), np.array(executable.get(owner, tape.what))[None]))


def _take_batch(executable: Executable, tape: Tape) -> None:
    """The spikes of all networks in the order (step, network, neuron)."""
    tape.nothing = (np.empty(0, np.int32),)
    found = [executable.take_spikes(tape.owner, network) for network in range(executable.batch)]
    steps = np.concatenate([s for s, _ in found])
    neurons = np.concatenate([n for _, n in found])
    networks = np.repeat(np.arange(executable.batch, dtype=np.int32), [len(s) for s, _ in found])
    order = np.argsort(steps, kind="stable")
    if len(steps):
        tape.parts.append((steps[order], neurons[order], networks[order]))


def _native(record: SpikeRecord | StateRecord) -> Tape:
    if isinstance(record, SpikeRecord):
        return Tape(record.population, "spikes", 1, False, Spikes)
    return Tape(record.population, record.variable, record.every_steps, False, States)


def _kind(projection: Projection, what: str) -> type[Degrees] | type[Connectivity] | type[States]:
    if what == "degree":
        return Degrees
    if what == "connectivity":
        return Connectivity
    visible = {v.name: v for v in projection.variables if not v.hidden and v.site != Site.PAIR}
    if what not in visible:
        raise unknown(f"the variable of {projection.name}", what, [*visible, "degree", "connectivity"])
    return Connectivity if visible[what].site == Site.SYNAPSE else States
