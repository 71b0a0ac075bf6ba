"""Spikes that act late, as text, and what the verifier says of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plastlang.ir.delays import is_per_synapse, kept_steps, late_steps
from plastlang.ir.nodes import Block, Builtin, Const, Deliver, Expr, Let, PostSpike, PreSpike, Program, Read
from plastlang.ir.reader import TextError, from_text
from plastlang.ir.text import to_text
from plastlang.ir.types import Site, Type
from plastlang.ir.verify import verify
from plastlang.ir.verify_expression import VerifyError
from tests import ir_programs

OF_NEURON = Builtin("pre.index", Type.INT, Site.PRE)
OF_SYNAPSE = Builtin("post.index", Type.INT, Site.POST)


def _program(*triggers: PreSpike | PostSpike) -> Program:
    source, cells = ir_programs.clock("src", 3), ir_programs.tally("cells", 4)
    base = ir_programs.static("p", ("src",), "cells", Const(1.0), connect=ir_programs.ConnectAll())
    blocks = tuple(Block(t, (Deliver(Const(1.0)),) if isinstance(t, PreSpike) else ()) for t in triggers)
    return ir_programs.program((source, cells), (replace(base, delay_steps=2, blocks=blocks),))


def test_text_and_back() -> None:
    program = _program(PreSpike(), PreSpike(None, 2.5), PreSpike(OF_NEURON, 4.0), PostSpike(OF_SYNAPSE, 1.0))
    text = to_text(program)
    assert "on pre spike after 2.5\n" in text
    assert from_text(text) == program
    verify(program)
    with pytest.raises(TextError, match="has a longest one"):
        from_text(text.replace(" longest 4.0", ""))


def test_how_late_and_for_how_long() -> None:
    assert list(late_steps(PreSpike(None, 2.5), 0.5)) == [5]
    assert list(late_steps(PreSpike(OF_NEURON, 1.5), 0.5)) == [0, 1, 2, 3]
    assert [is_per_synapse(t) for t in (PreSpike(OF_NEURON, 1.0), PreSpike(OF_SYNAPSE, 1.0))] == [False, True]
    assert [is_per_synapse(t) for t in (PostSpike(OF_NEURON, 1.0), PostSpike(OF_SYNAPSE, 1.0))] == [True, False]
    program = _program(PreSpike(None, 3.0), PostSpike(OF_SYNAPSE, 7.0))
    steps = round(1 / program.dt)
    assert kept_steps(program, "src") == 2 + 3 * steps
    assert kept_steps(program, "cells") == 7 * steps


def _spoiled(trigger: PreSpike, *more: Let) -> Program:
    program = _program(trigger)
    projection = program.projections[0]
    block = replace(projection.blocks[0], body=(*more, *projection.blocks[0].body))
    return replace(program, projections=(replace(projection, blocks=(block,)),))


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (_spoiled(PreSpike(None, -1.0)), "after at most -1.0 ms"),
        (_spoiled(PreSpike(OF_NEURON, float("nan"))), "after at most nan ms"),
        (_spoiled(PreSpike(Const(1.0), 2.0)), "type"),
        (_spoiled(PreSpike(Read("nothing", Site.PRE, Type.INT), 2.0)), "nothing"),
        (_spoiled(PreSpike(OF_SYNAPSE, 2.0), Let("a", Const(1.0), Site.PRE)), "a delay of its own"),
    ],
)
def test_what_is_wrong(program: Program, said: str) -> None:
    with pytest.raises(VerifyError, match=said):
        verify(program)


def test_the_delay_of_a_neuron_leaves_its_names() -> None:
    value: Expr = Const(1.0)
    verify(_spoiled(PreSpike(OF_NEURON, 2.0), Let("a", value, Site.PRE)))
