"""What the checker makes of neurons and rules."""

from __future__ import annotations

import pytest

from plastlang.diagnostics import Source
from plastlang.frontend.check import check_module
from plastlang.frontend.checked import CheckedComponent, Dimension, NeuronRead
from plastlang.frontend.parse import parse
from plastlang.ir.nodes import (
    Assign,
    Binary,
    Builtin,
    Call,
    Cast,
    Const,
    Deliver,
    Draw,
    Every,
    Expr,
    GrowThis,
    GrowUniform,
    If,
    Let,
    Local,
    Param,
    PruneThis,
    PruneWhere,
    Read,
    Renewal,
    Sample,
    Scheduled,
    Select,
    Signal,
    Threshold,
    Unary,
)
from plastlang.ir.types import Site, Type
from tests.check.cases import LIF, REWIRING, STDP


def component(text: str) -> CheckedComponent:
    source = Source("model.plast", text)
    return next(iter(check_module(parse(source), source).components.values()))


STATE = """    synapse w = 1, v = 1
    pre x = 1
    post y = 1
    global n = randint(5), r = 1.0
    param p = 2, tau = 1 ms
"""


def rule(block: str) -> CheckedComponent:
    """A rule with the state above and one block."""
    lines = "".join(f"    {line}\n" for line in block.splitlines())
    return component(f"rule R:\n{STATE}{lines}")


def value_of(expression: str) -> Expr:
    """The elaborated right side of an assignment to a synapse variable in `on pre spike`."""
    block = rule(f"on pre spike:\n    w = {expression}").blocks[0]
    assign = block.body[-1]
    assert isinstance(assign, Assign)
    return assign.value


W = Read("w", Site.SYNAPSE)
X = Read("x", Site.PRE)
N = Read("n", Site.GLOBAL, Type.INT)
BETWEEN = Binary("and", Binary("<", Const(0.0), X), Binary("<", X, Param("p")))


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("-2", Const(-2.0)),
        ("+w", W),
        ("w ** 2", Binary("*", W, W)),
        ("w ** 3", Binary("*", Binary("*", W, W), W)),
        ("w ** 4", Binary("**", W, Const(4.0))),
        ("w ** -1", Binary("**", W, Const(-1.0))),
        ("uniform() ** 2", Binary("**", Draw("uniform", (Const(0.0), Const(1.0)), 1), Const(2.0))),
        ("n ** 2", Binary("*", Cast(N, Type.REAL), Cast(N, Type.REAL))),
        ("n + 1", Cast(Binary("+", N, Const(1, Type.INT)), Type.REAL)),
        ("n + 1.0", Binary("+", Cast(N, Type.REAL), Const(1.0))),
        ("n / 2", Binary("/", Cast(N, Type.REAL), Const(2.0))),
        ("n * w", Binary("*", Cast(N, Type.REAL), W)),
        ("n % 3", Cast(Binary("%", N, Const(3, Type.INT)), Type.REAL)),
        ("abs(n)", Call("abs", (Cast(N, Type.REAL),))),
        ("int(w)", Cast(Cast(W, Type.INT), Type.REAL)),
        ("clip(w, 0, p)", Binary("min", Binary("max", W, Const(0.0)), Param("p"))),
        ("1 if 0 < x < p else w", Select(BETWEEN, Const(1.0), W)),
        ("1 if not x > 0 else 2", Select(Unary("not", Binary(">", X, Const(0.0))), Const(1.0), Const(2.0))),
        ("x@before", Read("x", Site.PRE, before=True)),
        ("post.v", Read("v", Site.POST, of="post")),
        ("pre.index", Cast(Builtin("pre.index", Type.INT, Site.PRE), Type.REAL)),
        ("distance(pre, post)", Builtin("distance", Type.REAL, Site.PAIR)),
        ("tau / (20 ms)", Binary("/", Param("tau"), Const(20.0))),
        ("30 %", Const(0.3)),
        ("2 s/s", Const(2.0)),
        ("tau * 5 Hz", Binary("*", Param("tau"), Const(0.005))),
        ("2 * 3 + 1", Const(7.0)),
        ("random_sign()", Draw("random_sign", (), 1)),
        ("normal(deviation = 2, mean = 1)", Draw("normal", (Const(1.0), Const(2.0)), 1)),
    ],
)  # fmt: skip
def test_expressions(text: str, expr: Expr) -> None:
    assert value_of(text) == expr


def test_the_documented_neuron() -> None:
    lif = component(LIF)
    assert [(p.name, p.default) for p in lif.parameters][:3] == [("tau_m", 20.0), ("tau_exc", 5.0), ("v_rest", -70.0)]
    assert [(v.name, v.dimension.symbol) for v in lif.variables] == [("v", "mV"), ("g_exc", "nS")]
    assert lif.inputs[0].dimension == Dimension("nS")
    assert lif.holds[0].duration == Param("t_ref")
    assert isinstance(lif.spiking, Threshold)
    g = Read("g_exc", Site.NEURON)
    current = Binary("*", g, Binary("-", Param("e_exc"), Read("v", Site.NEURON)))
    rest = Binary("-", Param("v_rest"), Read("v", Site.NEURON))
    assert lif.equations[0].value == Binary(
        "/", Binary("+", rest, Binary("/", current, Param("g_leak"))), Param("tau_m")
    )


def test_the_documented_rule() -> None:
    stdp = component(STDP)
    w = Read("w", Site.SYNAPSE)
    change = Binary("*", Binary("*", Param("a_minus"), Param("w_max")), Read("y", Site.POST))
    assert stdp.blocks[0].body == (
        Deliver(w),
        Assign("w", Binary("-", w, change), Site.SYNAPSE),
        Assign("x_trace", Binary("+", Read("x_trace", Site.PRE), Const(1.0)), Site.PRE),
    )
    assert stdp.deliver_dimension == Dimension("nS")
    assert {v.name: v.dimension.symbol for v in stdp.variables} == {"w": "nS", "x_trace": "", "y": ""}


def test_samples() -> None:
    rewiring = component(REWIRING)
    every = rewiring.blocks[0]
    assert every.trigger == Every(Const(1.0))
    (sample,) = every.body
    assert isinstance(sample, Sample) and sample.count == Cast(Param("attempts"), Type.INT)
    (choice,) = sample.body
    assert isinstance(choice, If) and choice.condition == Builtin("connected", Type.BOOL, Site.PAIR)
    assert isinstance(choice.then[0], PruneThis) and isinstance(choice.otherwise[0], GrowThis)
    assert choice.otherwise[0].init == (Assign("g", Param("g_max"), Site.SYNAPSE),)
    assert rewiring.draws == 3


def test_prune_and_grow_of_a_signal() -> None:
    deep = component(
        "rule DeepR:\n    require synapse w, grad\n    param l1 = 1e-8\n    pair s = random_sign()\n    on rewire:\n"
        "        let n = prune where sign(w) != s\n        grow n pairs uniformly:\n"
        "            w = 0\n            grad = l1 * s\n"
    )
    prune, grow = deep.blocks[0].body
    assert isinstance(prune, PruneWhere) and prune.bind == "n"
    assert isinstance(grow, GrowUniform) and grow.count == Local("n", Type.INT)
    assert deep.blocks[0].trigger == Signal("rewire", ())
    assert [v.required for v in deep.variables] == [True, True, False]


def test_sites_of_lets_and_ifs() -> None:
    body = (
        rule("on pre spike:\n    let a = p\n    let b = y\n    if b > a:\n        let c = x\n        w = c\n    x = a")
        .blocks[0]
        .body
    )
    assert [statement.site for statement in body] == [Site.PRE, Site.SYNAPSE, Site.SYNAPSE, Site.PRE]
    assert isinstance(body[2], If) and [s.site for s in body[2].then] == [Site.SYNAPSE, Site.SYNAPSE]


def test_lets_of_two_branches_are_told_apart() -> None:
    body = (
        rule(
            "on pre spike:\n    if x > 1:\n        let a = x\n        w = a\n    else:\n"
            "        let a = y\n        w = a"
        )
        .blocks[0]
        .body
    )
    assert isinstance(body[0], If)
    names = [s.name for branch in (body[0].then, body[0].otherwise) for s in branch if isinstance(s, Let)]
    assert names == ["a", "a_2"]


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ("param rate = 5 Hz\n    spike at rate rate", Renewal),
        ("global q = 1\n    every 1 ms:\n        q = 2\n    spike at rate q * 5 Hz", Renewal),
        ("state q = 1\n    q' = -q / (10 ms)\n    spike at rate q * 5 Hz", Threshold),
        ("state q = 1\n    input exc -> q\n    spike at rate q * 5 Hz", Threshold),
        ("state q = 1\n    each step:\n        q = 2\n    spike at rate q * 5 Hz", Threshold),
        ("state q = 1\n    spike at rate q * 5 Hz:\n        q = 2", Threshold),
        ("spike at rate 5 Hz * t / (1 s)", Threshold),
        ("spike at rate 5 Hz * uniform()", Threshold),
        ("spike at times", Scheduled),
    ],
)
def test_kinds_of_sources(members: str, kind: type) -> None:
    assert isinstance(component(f"neuron N:\n    {members}\n").spiking, kind)


def test_a_rate_that_changes_becomes_a_threshold() -> None:
    spiking = component("neuron N:\n    spike at rate 5 Hz * step\n").spiking
    rate = Binary("*", Const(0.005), Cast(Builtin("step", Type.INT, Site.GLOBAL), Type.REAL))
    chance = Binary(
        "-", Const(1.0), Call("exp", (Unary("-", Binary("*", rate, Builtin("dt", Type.REAL, Site.GLOBAL))),))
    )
    assert spiking == Threshold(Binary("<", Draw("uniform", (Const(0.0), Const(1.0)), 0), chance), ())


def test_open_units_are_inferred() -> None:
    static = component("rule S:\n    synapse w\n    on pre spike:\n        deliver w * 2\n")
    assert static.variables[0].dimension == Dimension("", "w") == static.deliver_dimension
    adam = component(
        "rule A:\n    require synapse w, grad\n    synapse m = 0, v = 0\n"
        "    param lr = 0.001, b = 0.9\n    on update:\n"
        "        m = b * m + (1 - b) * grad\n        v = b * v + (1 - b) * grad ** 2\n        w -= lr * m / sqrt(v)\n"
    )
    assert [v.dimension for v in adam.variables] == [
        Dimension(),
        Dimension("", "grad"),
        Dimension("", "grad"),
        Dimension("", "grad ** 2"),
    ]
    dopamine = component(
        "rule D:\n    synapse c = 0, w = 1\n    global d = 0 kHz\n    c' = -c / (1 s)\n"
        "    d' = -d / (200 ms)\n    w' = c * d\n"
        "    on reward(amount):\n        d += amount\n    on pre spike:\n        deliver w\n        c += 1\n"
    )
    assert [v.dimension.symbol for v in dopamine.variables] == ["", "", "1 / ms"]


def test_reads_of_neurons_are_kept() -> None:
    clopath = component(
        "rule C:\n    synapse w = 1 nS\n    on pre spike:\n"
        "        w -= 1 nS if post.u > -70 mV and pre.q > 0 else 0 nS\n"
    )
    assert clopath.neuron_reads == (
        NeuronRead("post", "u", Dimension("mV")),
        NeuronRead("pre", "q", Dimension("", "pre.q")),
    )


def test_functions_and_constants_are_written_out() -> None:
    text = (
        "const k = 2 * 3\nfn f(a, b) = a * k + b\nfn g(a) = f(a, b = 1 ms)\nrule R:\n"
        "    param tau = 1 ms\n    synapse w = 1 ms\n    on pre spike:\n        deliver w\n        w = g(tau)\n"
    )
    source = Source("model.plast", text)
    block = check_module(parse(source), source).components["R"].blocks[0]
    assert block.body[1] == Assign("w", Binary("+", Binary("*", Param("tau"), Const(6.0)), Const(1.0)), Site.SYNAPSE)
