"""Planted faults: each is found, and the sentence says where."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from plastlang.ir.nodes import Binary, Const, Expr, If, Let, PreSpike, Program, Sample, Stmt
from plastlang.ir.text import from_text
from plastlang.ir.types import Site, Type
from plastlang.ir.verify import VerifyError, verify
from tests.ir.sample import EVERYTHING

FAULTS = [
    ("dt 0.1", "dt 0.0", "dt is 0.0, not a positive number"),
    ("population clock", "population cells", "program: the owner cells is declared 2 times"),
    ("size 12 grid", "size 13 grid", "population input: a grid of 4 x 3 for 13 neurons"),
    ("size 3\n", "size 0\n", "population clock: size 0"),
    ("param width at global", "param rate at global", "population input: the name rate is declared 2 times"),
    ("param width at global", "param width at synapse", "population input, parameter width: real at synapse"),
    ("var boost at neuron", "var boost at pre", "population input, variable boost: at site pre"),
    ("derived k1 at neuron = $rate", "derived k1 at global = $rate", "parameter rate at neuron cannot be seen here"),
    ("= $rate * @dt", "= $rate * @t", "population input, derived k1: t is not known here"),
    ("= $rate * @dt", "= $rate * neuron.boost", "derived k1: the variable boost cannot be read here"),
    ("derived k1 at global = 1.0 / $PairSTDP.tau", "derived k1 at global = #k2", "no derived value k2 at this point"),
    ("k2 at global = #k1 * 2.0", "k2 at global = #k2", "derived k2: there is no derived value k2 at this point"),
    ("var cx at global = real(randint", "var cx at global = real(poisson", "argument of poisson is not real"),
    ("randint[2]", "randint[0]", "the purpose 0 of a draw is also used in population input, variable cx"),
    ("randint[2]", "randint[65536]", "population input, every: the purpose 65536 of a draw is out of range"),
    ("spike[1]", "spike[0]", "population input, spike: the purpose 0 of a draw is also used in"),
    ("depends rate boost cx", "depends rate cx", "the rate uses boost, which `depends` leaves out"),
    ("depends rate boost cx", "depends rate boost cx cy", "the rate depends on cy, which is not there"),
    ("amount * 2.0", "amounts * 2.0", "population input, on cheer: amounts is not bound at this point"),
    ("cheer(amount, who)", "cheer(amount, amount)", "on cheer: the argument amount is declared 2 times"),
    ("neuron.boost + scaled", "neuron.boost + scaled:int", "on cheer: scaled is real, used as int"),
    ("let scaled at global = amount", "let scaled at neuron = amount", None),
    ("var seen:int at neuron = 0", "var seen:int at neuron = 0.0", "of type int, its start value of type real"),
    ("neuron.seen = neuron.seen:int + 1", "neuron.seen = neuron.seen:int + 1.0", "clock, spike: int + real"),
    ("neuron.seen = neuron.seen:int + 1", "neuron.seen = 1.0", "seen of type int is given a value of type real"),
    ("neuron.seen = neuron.seen", "neuron.unseen = neuron.seen", "there is no variable unseen to assign to"),
    ("input inh", "input exc", "population cells: the port exc is declared 2 times"),
    ("input(exc) -", "input(ex) -", "population cells, step: the sum of port ex is not known here"),
    ("    neuron.v = (neuron.v if", "    neuron.v = (input(exc) if", "cells, each step: the sum of port exc is"),
    ("spike when neuron.v > -54.0 and neuron.rest:int == 0", "spike when neuron.v", "type real where bool is wanted"),
    (" and neuron.rest:int == 0", " and neuron.rest:int", "population cells, spike: bool and int"),
    (" == 0\n", " == 0.0\n", "population cells, spike: int == real"),
    ("    let g at neuron", "    neuron.v = g\n    let g at neuron", "step: g is not bound at this point"),
    (" - input(inh)\n", " - input(inh)\n    let g at neuron = 1.0\n", "population cells, step: g is bound twice"),
    ("if neuron.rest:int > 0 at neuron", "if neuron.rest:int > 0 at global", "rest at neuron cannot be seen here"),
    ("input + clock -> cells.exc", "input + input -> cells.exc", "projection ff: the source input is declared 2 times"),
    ("input + clock -> cells.exc", "input + clocks -> cells.exc", "projection ff: there is no population clocks"),
    ("-> cells.exc", "-> cells.excite", "projection ff: population cells has no port excite"),
    ("-> cells.exc", "-> cells", "projection ff, on pre spike: deliver where nothing can be delivered"),
    ("delay 2", "delay 0", "projection ff: a delay of 0 steps"),
    ("probability 0.16 *", "probability synapse.w *", "projection ff, connect: variable w at synapse cannot be seen"),
    ("probability 0.16 *", "probability uniform[99](0.0, 1.0) *", "uniform is drawn where no draw is allowed"),
    ("probability 0.16 *", "probability post->v *", "projection ff, connect: the variable v cannot be read here"),
    ("= random_sign[5]()", "= synapse.w", "variable s: variable w at synapse cannot be seen here"),
    ("= 0.5 + pair.s * 0.1", "= synapse.e", "variable w: its start value reads e, which is declared after it"),
    ("low 0.0\n    high 1.0", "low 0\n    high 1.0", "variable w: of type real, a bound of type int"),
    ("    trace = trace *", "    traces = trace *", "projection ff, lazy traces: traces is not a pre variable"),
    ("trace = trace * exp", "trace = pre.trace * exp", "the variable trace cannot be read here"),
    ("late = late + post_trace", "late = late + trace", "trace is not bound at this point"),
    ("late = late + post_trace", "late = late + uniform[70](0.0, 1.0)", "uniform is drawn where no draw is allowed"),
    ("    late = late +", "    post_trace = late +", "the lazy variable post_trace is declared 2 times"),
    ("post.slow = post.slow", "post.late = post.slow", "projection ff, step: the lazy variable late is stepped"),
    ("    pre.trace = pre.trace + 1.0", "    post.slow = 1.0", "post variable slow is assigned at site post"),
    ("    post.late = post.late", "    pre.trace = 1.0", "pre variable trace is assigned at site pre"),
    ("    post.late = post.late", "    post.late = synapse.w", "variable w at synapse cannot be seen here"),
    ("    post.late = post.late", "    global.total = 1.0", "global variable total is assigned at site global"),
    ("    post.late = post.late", "    deliver 1.0", "on post spike: deliver where nothing can be delivered"),
    ("    post.late = post.late", "    prune where 1.0 < 2.0", "on post spike: PruneWhere is not allowed here"),
    ("    pre.trace = pre.trace + 1.0", "    pair.s = 1.0", "pair variable s is assigned at site pair"),
    ("    pre.trace = pre.trace + 1.0", "    synapse.trace = 1.0", "pre variable trace is assigned at site synapse"),
    ("* post->v * 0.001", "* post->u * 0.001", "the neurons of cells have no variable u"),
    ("* post->v * 0.001", "* pre->v * 0.001", "the neurons of input have no variable v"),
    ("* post->v * 0.001", "* @index", "projection ff, on post spike: index is not known here"),
    ("sqrt(abs(synapse.e))", "sqrt(abs(1))", "abs of or to something that is not real"),
    ("sqrt(abs(synapse.e))", "sqrt(1.0, 2.0)", "sqrt with 2 arguments"),
    ("sqrt(abs(synapse.e))", "bool(synapse.e)", "a cast from real to bool"),
    ("sqrt(abs(synapse.e))", "(1.0 if synapse.e else 2.0)", "real if real else real"),
    ("not uniform[6]", "not not uniform[6]", None),
    ("if not uniform[6](0.0, 1.0) < 0.5", "if uniform[6](0.0) < 0.5", "a draw uniform with 1 arguments"),
    ("change - 1.0", "-(@true)", "- of a value of type bool"),
    ("    global.total = global.total", "    post.slow = 1.0 if@", "line"),
    ("after min(int(synapse.e), 8)", "after synapse.e", "a value of type real where int is wanted"),
    ("longest 0.8", "longest -0.8", "deliver after at most -0.8 ms"),
    ("2 at post largest", "2 at synapse largest", "each step: PruneRanked per synapse"),
    ("2 at post largest", "@pre.out_degree at post largest", "pre.out_degree at pre cannot be seen here"),
    ("smallest pre.trace * @distance", "smallest synapse.w", "variable w at synapse cannot be seen here"),
    ("smallest pre.trace * @distance", "smallest 1", "a value of type int where real is wanted"),
    ("to int(post.slow) with", "to @pre.out_degree with", "pre.out_degree at pre cannot be seen here"),
    ("with exp(-@distance)", "with 1", "a value of type int where real is wanted"),
    ("grow[18] matched", "grow[16] matched", "the purpose 16 of a draw is also used in"),
    ("= sum over synapse", "= median over synapse", "projection ff, each step: median over synapse at post"),
    ("= count over pre", "= count over neuron", "projection ff, each step: count over neuron at global"),
    ("sum.n1 at post = sum over synapse", "sum.n1 at post = sum over pre", "sum over pre at post"),
    ("count over pre pre.trace > 0.5", "count over pre pre.trace", "count of values of type real"),
    ("count over pre pre.trace > 0.5", "count over pre synapse.w > 0.5", "variable w at synapse cannot be seen here"),
    ("sum over synapse synapse.w * post->v", "sum over synapse 1.0 < 2.0", "sum of values of type bool"),
    ("    let depression", "    reduce s.n at post = sum over synapse 1.0\n    let depression", "Reduce is not"),
    ("uniformly gone:int", "uniformly 2.5", "a value of type real where int is wanted"),
    ("      synapse.w = 0.25", "      deliver 0.25", "Deliver in the start of a synapse"),
    ("  every $PairSTDP.tau", "  every global.total", "every: the variable total cannot be read here"),
    ("  every $PairSTDP.tau", "  every 3", "projection ff, every: a period of type int"),
    ("let chance at pair = exp(-@distance)", "let chance at pair = synapse.w", "w at synapse cannot be seen here"),
    ("grow[10] pair with 0.5 * chance", "grow[10] pair with synapse.w", "w at synapse cannot be seen here"),
    ("grow[10] pair with", "grow[10] spiked with", "grow with the partner 'spiked'"),
    ("      if not @connected at pair", "      if @connected or 1.0 < 2.0 at pair", None),
    ("        prune[14]", "        synapse.w = 1.0", "Assign inside a sample"),
    ("    sample[12]", "    prune[12] with 0.5\n    sample[16]", "PruneThis outside a sample"),
    ("prune[9] with (0.5 if synapse.w < 0.5 else 0.01)", "prune[9] with 1", "type int where real is wanted"),
    ("spiked in 5 out", "spiked in 5.0 out", "a value of type real where int is wanted"),
    ("let start at synapse = uniform[11](0.1, 0.2)", "let start at synapse = real(@connected)", "connected is not"),
    ("  connect one to one\n", "  connect one to one\n  param x at neuron = 1.0\n", "parameter x: real at neuron"),
    ("record cells spikes", "record cell spikes", "record: there is no population cell"),
    ("record cells variable v", "record cells variable u", "record: population cells has no variable u"),
    ("every 10\n", "every 0\n", "record of cells.v: every 0 steps"),
    ('note "ff"', 'note "gg"', "note schedule: there is no population or projection gg"),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS)
def test_planted_fault(old: str, new: str, message: str | None) -> None:
    assert old in EVERYTHING
    if message is None:  # the change is harmless
        verify(from_text(EVERYTHING.replace(old, new, 1)))
        return
    with pytest.raises((VerifyError, ValueError), match=re.escape(message)):
        verify(from_text(EVERYTHING.replace(old, new, 1)))


def _with_step(*body: Stmt) -> Program:
    program = from_text(EVERYTHING)
    cells = program.populations[2]
    cells = replace(cells, step=body, name="cells")
    return replace(program, populations=(*program.populations[:2], cells))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Const(float("nan")), "the constant nan of type real"),
        (Const(1, Type.REAL), "the constant 1 of type real"),
        (Const(True, Type.INT), "the constant True of type int"),
        (Const(2**31, Type.INT), "the constant 2147483648 of type int"),
        (Const(1, Type.BOOL), "the constant 1 of type bool"),
        (Binary("/", Const(1, Type.INT), Const(2, Type.INT)), "int / int"),
        (Binary("^", Const(1.0), Const(2.0)), "real ^ real"),
    ],
)
def test_faults_that_have_no_text(value: Expr, message: str) -> None:
    with pytest.raises(VerifyError, match=re.escape(f"population cells, step: {message}")):
        verify(_with_step(Let("x", value, Site.NEURON)))


def test_a_name_that_is_none_and_mixed_sites() -> None:
    with pytest.raises(VerifyError, match="'a b' is no name"):
        verify(_with_step(Let("a b", Const(1.0), Site.NEURON)))
    mixed = If(Const(True, Type.BOOL), (Let("a", Const(1.0), Site.NEURON),), (), Site.GLOBAL)
    with pytest.raises(VerifyError, match="a neuron statement inside an if at global"):
        verify(_with_step(mixed))


def test_structure_and_spikes_have_no_place_in_populations() -> None:
    program = from_text(EVERYTHING)
    cells = program.populations[2]
    sample = Sample(Const(1, Type.INT), None, (), 90)
    block = replace(cells.blocks[0], body=(sample,))
    broken = replace(program, populations=(*program.populations[:2], replace(cells, blocks=(block,))))
    with pytest.raises(VerifyError, match="Sample is not allowed here"):
        verify(broken)
    block = replace(cells.blocks[0], trigger=PreSpike())
    broken = replace(program, populations=(*program.populations[:2], replace(cells, blocks=(block,))))
    with pytest.raises(VerifyError, match="a block on PreSpike in a population"):
        verify(broken)
