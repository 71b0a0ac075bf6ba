"""From the checked network to a program: equations solved, bounds applied, draws numbered."""

from __future__ import annotations

from plastlang.diagnostics import PlastError
from plastlang.frontend.checked import CheckedNetwork, CheckedRecord
from plastlang.ir.lowered import Lowered
from plastlang.ir.nodes import Program, Record, SpikeRecord, StateRecord
from plastlang.ir.sharing_faults import faults
from plastlang.symbolic.link import number_purposes
from plastlang.symbolic.neurons import lower_population
from plastlang.symbolic.owners import parameter_values
from plastlang.symbolic.rules import lower_projection


def lower(network: CheckedNetwork) -> Lowered:
    """Solve the equations of a network and write it as a program.

    Raises:
        PlastError: a variable without a start value or a parameter without a value, too many durations of holds, a
            shared variable that depends on what each network of a batch has for itself.
    """
    populations = [lower_population(p) for p in network.populations]
    projections = [lower_projection(p, network.dt) for p in network.projections]
    records = tuple(_record(r, network.dt) for r in network.records if _is_taken_in_run(r, network))
    program = Program(
        network.name,
        network.dt,
        tuple(p for p, _ in populations),
        tuple(p for p, _ in projections),
        records,
    )
    if wrong := faults(program):
        raise PlastError(wrong)
    values = tuple((p.name, n, v) for p in network.populations for n, v in parameter_values(p.parameters))
    explanations = tuple(e for _, found in (*populations, *projections) for e in found)
    return Lowered(number_purposes(program), values, explanations)


def _is_taken_in_run(record: CheckedRecord, network: CheckedNetwork) -> bool:
    """Spikes and neuron states are recorded by the program; the rest is looked at between chunks of a run."""
    return record.owner in {p.name for p in network.populations}


def _record(record: CheckedRecord, dt: float) -> Record:
    if record.what == "spikes":
        return SpikeRecord(record.owner)
    every = 1 if record.every is None else max(1, round(record.every / dt))
    return StateRecord(record.owner, record.what, every)
