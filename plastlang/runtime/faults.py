"""What to tell of a run that could not go on: of what arrived at a neuron, and of probabilities and ranks."""

from __future__ import annotations

from plastlang.backends.interface import InputFault, NanFault, RuntimeFault
from plastlang.diagnostics import Diagnostic, PlastError, sentence
from plastlang.ir.decisions import Ranked, decisions
from plastlang.ir.nodes import ConnectProbability, Deliver, Program
from plastlang.ir.walk import statements


def faulty(program: Program, fault: RuntimeFault) -> PlastError:
    """The fault for the user."""
    if isinstance(fault, NanFault):
        return faulty_decision(program, fault)
    assert isinstance(fault, InputFault)
    return faulty_input(program, fault)


def faulty_decision(program: Program, fault: NanFault) -> PlastError:
    """The fault, with the line of the statement."""
    projection, decision = decisions(program.projections)[fault.number]
    ended = "the run stopped after that step; the state can be read, saved and run on"
    span, label, what = None, "", f"the probability of a connection of projection {projection.name} is NaN"
    if isinstance(decision, ConnectProbability):
        ended = "nothing was connected"
    else:
        kind = "rank" if isinstance(decision, Ranked) else "probability"
        span = decision.span
        label = f"this has the {kind}" if span else ""
        what = f"a {kind} of projection {projection.name} became NaN in step {fault.step}"
        what += f" (at {fault.step * program.dt:g} ms)"
    notes = (
        "NaN comes from 0 / 0, infinity - infinity, the logarithm or root of a negative number, or a mean of nothing",
        ended,
    )
    hint = "a probability below 0 counts as 0 and one above 1 as 1, but NaN is no probability"
    if isinstance(decision, Ranked):
        hint = "what is to be chosen last can have the rank inf or -inf, but NaN is no rank"
    return PlastError((Diagnostic("R303", sentence(f"{what}: {fault.place}"), span, label, notes, hint),))


def faulty_input(program: Program, fault: InputFault) -> PlastError:
    """The fault, with the `deliver` from which it comes where there is only one, else their projections."""
    found = [
        (projection.name, statement)
        for projection in program.projections
        if (projection.target, projection.port) == (fault.population, fault.port)
        for block in projection.blocks
        for statement in statements(block.body)
        if isinstance(statement, Deliver)
    ]
    span, label, through = None, "", [name for name, _ in found]
    if len(found) == 1 and found[0][1].span is not None:
        span, label = found[0][1].span, f"this arrives there, through projection {through[0]}"
    notes = (
        "a port takes the sum of what is delivered, which has to be a number below 2^19 or so",
        *([] if span else [f"it came through {' or '.join(f'projection {name}' for name in dict.fromkeys(through))}"]),
        "the run ended there, in the middle of the step",
    )
    hint = "look for what is divided by 0 in what is delivered, or grows without limit"
    return PlastError((Diagnostic("R301", sentence(str(fault)), span, label, notes, hint),))
