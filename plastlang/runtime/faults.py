"""What to tell of a run that could not go on because of what arrived at a neuron."""

from __future__ import annotations

from plastlang.backends.interface import RuntimeFault
from plastlang.diagnostics import Diagnostic, PlastError, sentence
from plastlang.ir.nodes import Deliver, Program
from plastlang.ir.walk import statements


def faulty_input(program: Program, fault: RuntimeFault) -> PlastError:
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
