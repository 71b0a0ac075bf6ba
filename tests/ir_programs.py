"""Small programs built by hand from the intermediate representation, for the tests of every backend.

Each function returns a `Program`; `ALL` names one instance of each. Sizes are a few neurons, dt is 1 ms or 0.5 ms, so
that expectations can be worked out by hand. A `Scheduled` population needs `set_schedule`.
"""

from __future__ import annotations

from collections.abc import Callable

from plastlang.ir.nodes import (
    ELAPSED,
    Assign,
    Binary,
    Block,
    Builtin,
    Call,
    Cast,
    ConnectAll,
    ConnectGiven,
    ConnectOneToOne,
    ConnectProbability,
    Const,
    Deliver,
    Derived,
    DerivedValue,
    Draw,
    EachStep,
    Every,
    Expr,
    Grid,
    GrowThis,
    GrowUniform,
    If,
    Input,
    InputSum,
    LazyGroup,
    Let,
    Local,
    Param,
    Parameter,
    Population,
    PostSpike,
    PreSpike,
    Program,
    Projection,
    PruneThis,
    PruneWhere,
    Read,
    Renewal,
    Sample,
    Scheduled,
    Select,
    Signal,
    SpikeRecord,
    StateRecord,
    Stmt,
    Threshold,
    Unary,
    Variable,
)
from plastlang.ir.types import Site, Type

G, N, PRE, POST, SYN, PAIR = Site.GLOBAL, Site.NEURON, Site.PRE, Site.POST, Site.SYNAPSE, Site.PAIR
INT, REAL, BOOL = Type.INT, Type.REAL, Type.BOOL

# ---------------------------------------------------------------- short names


def c(value: float) -> Const:
    return Const(float(value))


def i(value: int) -> Const:
    return Const(value, INT)


def op(symbol: str, *terms: Expr) -> Expr:
    """`a op b op c`, from left to right."""
    result = terms[0]
    for term in terms[1:]:
        result = Binary(symbol, result, term)
    return result


def call(name: str, *arguments: Expr) -> Call:
    return Call(name, arguments)


def own(name: str, site: Site, type: Type = REAL, before: bool = False) -> Read:
    return Read(name, site, type, "", before)


def bounded(value: Expr, low: Expr, high: Expr) -> Expr:
    return op("min", op("max", value, low), high)


def built(name: str) -> Builtin:
    kinds = {
        "index": (INT, N), "size": (INT, G), "pos.x": (REAL, N), "pos.y": (REAL, N), "dt": (REAL, G), "t": (REAL, G),
        "step": (INT, G), "pre.index": (INT, PRE), "post.index": (INT, POST), "pre.pos.x": (REAL, PRE),
        "post.pos.y": (REAL, POST), "pre.group": (INT, PRE), "distance": (REAL, PAIR), "pre.out_degree": (INT, PRE),
        "post.in_degree": (INT, POST), "synapses": (INT, G), "pre.size": (INT, G), "post.size": (INT, G),
        "connected": (BOOL, PAIR),
    }  # fmt: skip
    return Builtin(name, *kinds[name])


# ---------------------------------------------------------------- populations


def clock(name: str, size: int, grid: Grid | None = None) -> Population:
    """Spikes when the host says."""
    return Population(name, size, grid, (), (), (), (), (), Scheduled(()), ())


def poisson(
    name: str, size: int, rate: float, purpose: int, grid: Grid | None = None, per_neuron: bool = False
) -> Population:
    """Poisson sources; `rate` in 1/ms."""
    return Population(
        name, size, grid, (Parameter("rate", rate, N if per_neuron else G),), (), (), (), (),
        Renewal(Param("rate"), ("rate",), (), purpose), (),
    )  # fmt: skip


def lif(name: str, size: int, drive: float = 0.0, grid: Grid | None = None, t_ref_steps: int = 2) -> Population:
    """Leaky integrate-and-fire with an input port `exc`, refractory by a hidden counter, threshold 10, reset 0."""
    v, g = own("v", N), own("g", N)
    target = op("+", Param("drive"), g)
    step: tuple[Stmt, ...] = (
        Assign("g", op("+", op("*", g, Derived("keep_g")), InputSum("exc")), N),
        If(
            op(">", own("held", N, INT), i(0)),
            (Assign("held", op("-", own("held", N, INT), i(1)), N),),
            (Assign("v", op("+", target, op("*", op("-", v, target), Derived("keep"))), N),),
            N,
        ),
    )
    body = (Assign("v", c(0), N), Assign("held", i(t_ref_steps), N))
    decay = call("exp", op("/", Unary("-", built("dt")), Param("tau")))
    decay_g = call("exp", op("/", Unary("-", built("dt")), Param("tau_g")))
    return Population(
        name, size, grid,
        (Parameter("drive", drive, N), Parameter("tau", 10.0), Parameter("tau_g", 4.0)),
        (DerivedValue("keep", decay), DerivedValue("keep_g", decay_g)),
        (Variable("v", N, c(0)), Variable("g", N, c(0)), Variable("held", N, i(0), INT, hidden=True)),
        (Input("exc"),), step, Threshold(op(">", v, c(10)), body), (),
    )  # fmt: skip


def tally(name: str, size: int, port: str = "exc", grid: Grid | None = None, threshold: float = 1e9) -> Population:
    """Adds up what arrives: `last` is the input of this step, `total` the sum of all."""
    step: tuple[Stmt, ...] = (
        Let("now", InputSum(port), N),
        Assign("last", Local("now"), N),
        Assign("total", op("+", own("total", N), Local("now")), N),
    )
    return Population(
        name, size, grid, (), (), (Variable("last", N, c(0)), Variable("total", N, c(0))), (Input(port),), step,
        Threshold(op(">", own("last", N), c(threshold)), ()), (),
    )  # fmt: skip


def program(populations: tuple[Population, ...], projections: tuple[Projection, ...], dt: float = 1.0) -> Program:
    records = tuple(SpikeRecord(p.name) for p in populations)
    return Program("test", dt, populations, projections, records)


def static(
    name: str,
    sources: tuple[str, ...],
    target: str,
    weight: Expr,
    delay: int = 1,
    blocks: tuple[Block, ...] = (),
    connect: ConnectAll | ConnectGiven | ConnectOneToOne | ConnectProbability | None = None,
    variables: tuple[Variable, ...] = (),
    parameters: tuple[Parameter, ...] = (),
) -> Projection:
    """Delivers a weight `w` that starts at `weight`."""
    pre = Block(PreSpike(), (Deliver(own("w", SYN)),))
    return Projection(
        name, sources, target, "exc", delay, parameters, (), (Variable("w", SYN, weight), *variables), (), (),
        (pre, *blocks), connect or ConnectGiven(),
    )  # fmt: skip


# ---------------------------------------------------------------- plasticity


def trace(name: str, site: Site) -> LazyGroup:
    """A trace with time constant `tau`."""
    gone = Cast(Local(ELAPSED, INT), REAL)
    return LazyGroup((name,), site, (op("*", Local(name), call("exp", op("*", gone, Derived("minus_dt_tau")))),))


def stdp(
    name: str,
    source: str,
    target: str,
    before: bool = False,
    delay: int = 1,
    connect: ConnectAll | ConnectGiven | ConnectOneToOne | ConnectProbability | None = None,
    blocks: tuple[Block, ...] = (),
    variables: tuple[Variable, ...] = (),
) -> Projection:
    """Pair STDP on lazy traces, bounds [0, w_max]; `before`: nothing at a time difference of 0."""
    w, low, high = own("w", SYN), c(0), Param("w_max")
    x, y = own("x", PRE, before=before), own("y", POST)
    minus = bounded(op("-", w, op("*", Param("a_minus"), y)), low, high)
    plus = bounded(op("+", w, op("*", Param("a_plus"), x)), low, high)
    pre = (Deliver(w), Assign("w", minus, SYN), Assign("x", op("+", own("x", PRE), c(1)), PRE))
    post = (Assign("w", plus, SYN), Assign("y", op("+", y, c(1)), POST))
    return Projection(
        name, (source,), target, "exc", delay,
        (Parameter("a_plus", 0.1), Parameter("a_minus", 0.12), Parameter("w_max", 2.0), Parameter("tau", 20.0)),
        (DerivedValue("minus_dt_tau", op("/", Unary("-", built("dt")), Param("tau"))),),
        (
            Variable("w", SYN, c(1), low=low, high=high),
            Variable("x", PRE, c(0)),
            Variable("y", POST, c(0)),
            *variables,
        ),
        (trace("x", PRE), trace("y", POST)), (),
        (Block(PreSpike(), pre), Block(PostSpike(), post), *blocks), connect or ConnectAll(),
    )  # fmt: skip


def lif_fixed_input() -> Program:
    """Five neurons with a constant drive each; nothing else."""
    result = program((lif("cells", 5, drive=12.0),), (), dt=0.5)
    return Program(result.name, result.dt, result.populations, (), (*result.records, StateRecord("cells", "v", 3)))


def poisson_stdp(before: bool = False, delay: int = 1) -> Program:
    """20 Poisson sources onto 6 neurons, half of the pairs connected, pair STDP."""
    half = ConnectProbability(c(0.5), 2)
    return program(
        (poisson("src", 20, 0.05, 1), lif("cells", 6, drive=8.0)),
        (stdp("plastic", "src", "cells", before, delay, connect=half),),
        dt=0.5,
    )


def stdp_pair(before: bool = False, delay: int = 1) -> Program:
    """One clocked source and one clocked target: windows can be worked out by hand."""
    target = clock("post", 1)
    target = Population(target.name, 1, None, (), (), (), (Input("exc"),), (), target.spiking, ())
    return program((clock("pre", 1), target), (stdp("plastic", "pre", "post", before, delay),))


def two_rules() -> Program:
    """A nearest-neighbour variant: traces set to 1 and a synapse trace, two pre and two post blocks in order."""
    base = stdp("plastic", "src", "cells")
    e = own("e", SYN)
    blocks = (
        *base.blocks,
        Block(PreSpike(), (Assign("e", op("+", e, own("y", POST)), SYN),)),
        Block(PostSpike(), (Let("half", op("*", e, c(0.5)), SYN), Assign("e", Local("half"), SYN))),
    )
    projection = Projection(
        base.name, base.sources, base.target, base.port, 3, base.parameters, base.derived,
        (*base.variables, Variable("e", SYN, c(0))), (*base.lazy, trace("e", SYN)), (), blocks, base.connect,
    )  # fmt: skip
    return program((poisson("src", 12, 0.06, 1), lif("cells", 4, drive=11.0)), (projection,), dt=0.5)


def stepped() -> Program:
    """Stepped synapse, pre, post and global variables, reading the neurons at both ends after their advance."""
    w, e, m = own("w", SYN), own("e", SYN), own("m", POST)
    rise = op("+", op("*", own("k", PRE), c(0.9)), c(0.01))
    step: tuple[Stmt, ...] = (
        Assign("mean", op("+", op("*", own("mean", G), c(0.99)), c(0.01)), G),
        Assign("k", rise, PRE),
        Assign("m", op("+", op("*", m, c(0.8)), op("*", c(0.02), Read("v", POST, REAL, "post"))), POST),
        Assign("e", op("+", op("*", e, c(0.95)), op("*", own("k", PRE), m)), SYN),
    )
    each = Block(
        EachStep(),
        (Assign("w", bounded(op("+", w, op("*", c(1e-3), op("-", e, own("mean", G)))), c(0), c(3)), SYN),),
    )
    pre = Block(PreSpike(), (Deliver(op("*", w, c(2))), Assign("k", op("+", own("k", PRE), c(0.5)), PRE)))
    projection = Projection(
        "syn", ("src",), "cells", "exc", 2, (), (),
        (
            Variable("w", SYN, Draw("uniform", (c(0.5), c(1.5)), 5)), Variable("e", SYN, c(0)),
            Variable("k", PRE, c(0)), Variable("m", POST, c(0)), Variable("mean", G, Draw("normal", (c(1), c(0.1)), 6)),
        ),
        (), step, (pre, each), ConnectProbability(c(0.4), 2),
    )  # fmt: skip
    return program((poisson("src", 15, 0.04, 1), lif("cells", 5, drive=9.0)), (projection,), dt=0.5)


# ---------------------------------------------------------------- structure


def near(sigma: float) -> Expr:
    squared = op("*", built("distance"), built("distance"))
    return call("exp", Unary("-", op("/", squared, c(2 * sigma * sigma))))


def rewiring_pairs(width: int = 5, attempts: int = 6, period: float = 1.0) -> Program:
    """Map rewiring by sampled pairs over STDP: weak synapses are pruned, near ones grown."""
    weak = op("<", own("w", SYN), op("/", Param("w_max"), c(2)))
    body: tuple[Stmt, ...] = (
        If(
            built("connected"),
            (PruneThis(Select(weak, c(0.5), c(0.05)), 11),),
            (
                Let("p", op("*", c(0.6), near(1.5)), PAIR),
                GrowThis(Local("p"), (Assign("w", Param("w_max"), SYN),), "pair", 12),
            ),
            PAIR,
        ),
    )
    every = Block(Every(c(period)), (Sample(i(attempts), None, body, 10),))
    grid = Grid(width, width, True)
    probability = ConnectProbability(op("*", c(0.5), near(2)), 2)
    projection = stdp("map", "src", "cells", True, connect=probability, blocks=(every,))
    cells = lif("cells", width * width, 8.0, grid)
    return program((poisson("src", width * width, 0.03, 1, grid), cells), (projection,), dt=0.5)


def rewiring_slots(width: int = 4, attempts: int = 5, slots: int = 6) -> Program:
    """Rewiring by slots of a post neuron, from two sources; growth from a neuron that spiked, with both caps."""
    strong = op(">", own("w", SYN), c(0.8))
    body: tuple[Stmt, ...] = (
        If(
            built("connected"),
            (If(strong, (PruneThis(c(0.1), 21),), (PruneThis(c(0.6), 22),), SYN),),
            (
                GrowThis(
                    op("*", c(0.9), near(1.5)), (Assign("w", c(0.9), SYN),), "spiked", 23,
                    max_in=i(slots), max_out=i(3 * slots),
                ),
            ),
            PAIR,
        ),
    )  # fmt: skip
    each = Block(EachStep(), (Sample(i(attempts), i(slots), body, 20),))
    grid = Grid(width, width, True)
    size = width * width
    start = Draw("uniform", (c(0.3), c(1.2)), 6)
    projection = static("map", ("near", "cells"), "cells", start, 2, (each,), ConnectProbability(c(0.1), 2))
    return program((poisson("near", size, 0.1, 1, grid), lif("cells", size, 9.0, grid)), (projection,), dt=0.5)


def grow_and_prune(count: int = 7) -> Program:
    """Every 2 ms weights drift and those below a threshold are replaced at random; the counts are bound and summed."""
    w = own("w", SYN)
    body: tuple[Stmt, ...] = (
        Assign("w", op("+", w, Draw("normal", (c(-0.05), c(0.2)), 7)), SYN),
        PruneWhere(op("<", w, c(0.2)), "gone"),
        GrowUniform(Local("gone", INT), (Assign("w", op("+", w, c(0.25)), SYN), Assign("born", built("step"), SYN)), 8),
        Assign("lost", op("+", own("lost", G, INT), Local("gone", INT)), G),
    )
    projection = static(
        "net", ("src",), "cells", Draw("uniform", (c(0), c(1)), 5), 1, (Block(Every(c(2.0)), body),),
        ConnectProbability(c(0.3), 2), (Variable("born", SYN, i(-1), INT), Variable("lost", G, i(0), INT)),
    )  # fmt: skip
    return program((poisson("src", count, 0.1, 1), lif("cells", count + 2, 8.0)), (projection,))


def signals() -> Program:
    """Signals with arguments in a population and a projection: draws, structure, state."""
    w = own("w", SYN)
    kick = Block(
        Signal("kick", ("size",)),
        (
            Assign("v", op("+", own("v", N), op("*", Local("size"), Draw("uniform", (c(0), c(1)), 31))), N),
            Assign("kicks", op("+", own("kicks", G, INT), i(1)), G),
        ),
    )
    reward = Block(
        Signal("reward", ("gain", "count")),
        (
            Assign("w", op("*", w, Local("gain")), SYN),
            PruneWhere(op(">", w, c(4))),
            GrowUniform(Cast(Local("count"), INT), (), 32),
        ),
    )
    cells = lif("cells", 4, 9.0)
    cells = Population(
        cells.name, cells.size, cells.grid, cells.parameters, cells.derived,
        (*cells.variables, Variable("kicks", G, i(0), INT)), cells.inputs, cells.step, cells.spiking, (kick,),
    )  # fmt: skip
    start = Draw("exponential", (c(1),), 5)
    projection = static("net", ("src",), "cells", start, 1, (reward,), ConnectProbability(c(0.5), 2))
    return program((poisson("src", 6, 0.1, 1), cells), (projection,))


def several_sources() -> Program:
    """Two sources onto one of them, delay 3; the weight depends on the group and the pair."""
    start = op(
        "+",
        Cast(built("pre.group"), REAL),
        op("*", c(0.1), op("*", Draw("random_sign", (), 5), Cast(built("post.index"), REAL))),
    )
    projection = static("both", ("outside", "inside"), "inside", start, 3, (), ConnectAll())
    outside = poisson("outside", 7, 0.05, 1, per_neuron=True)
    return program((outside, lif("inside", 5, 9.5)), (projection,), dt=0.5)


def moving_rate() -> Program:
    """Poisson sources on a grid whose rates follow a centre that jumps every 5 ms."""
    dx = op("-", built("pos.x"), own("cx", G))
    rate = op("+", c(0.01), op("*", c(0.3), call("exp", Unary("-", op("*", dx, dx)))))
    jump = Block(Every(c(5.0)), (Assign("cx", Cast(Draw("randint", (i(4),), 3), REAL), G),))
    source = Population(
        "src", 16, Grid(4, 4, False), (), (), (Variable("cx", G, Cast(Draw("randint", (i(4),), 2), REAL)),), (), (),
        Renewal(rate, ("cx",), (), 1), (jump,),
    )  # fmt: skip
    counts = tally("cells", 16)
    return program((source, counts), (static("line", ("src",), "cells", c(1), 1, (), ConnectOneToOne()),))


def all_draws() -> Program:
    """Every kind of draw, at every site, each step."""
    draws: tuple[Stmt, ...] = (
        Assign("a", Draw("uniform", (c(-1), c(2)), 1), N),
        Assign("b", Draw("normal", (c(1), c(3)), 2), N),
        Assign("d", Draw("exponential", (c(2),), 3), N),
        Assign("k", Draw("poisson", (c(4.5),), 4), N),
        Assign("m", Draw("randint", (op("+", built("index"), i(1)),), 5), N),
        Assign("s", Draw("random_sign", (), 6), N),
        Assign("big", Draw("poisson", (c(700),), 7), G),
    )
    variables = tuple(Variable(n, N, c(0)) for n in "abds")
    variables += (Variable("k", N, i(0), INT), Variable("m", N, i(0), INT), Variable("big", G, i(0), INT))
    pop = Population("pop", 6, None, (), (), variables, (Input("exc"),), draws, Scheduled(()), ())
    w = own("w", SYN)
    body = (Assign("w", op("+", w, Draw("normal", (c(0), own("p", PAIR)), 9)), SYN),)
    pair = Variable("p", PAIR, Draw("uniform", (c(0), c(1)), 10))
    connect = ConnectGiven()
    projection = static("self", ("pop",), "pop", c(0), 1, (Block(EachStep(), body),), connect, (pair,))
    return program((pop,), (projection,))


ALL: dict[str, Callable[[], Program]] = {
    "lif_fixed_input": lif_fixed_input,
    "poisson_stdp": poisson_stdp,
    "poisson_stdp_before": lambda: poisson_stdp(before=True, delay=4),
    "stdp_pair": stdp_pair,
    "stdp_pair_before": lambda: stdp_pair(before=True),
    "two_rules": two_rules,
    "stepped": stepped,
    "rewiring_pairs": rewiring_pairs,
    "rewiring_slots": rewiring_slots,
    "grow_and_prune": grow_and_prune,
    "signals": signals,
    "several_sources": several_sources,
    "moving_rate": moving_rate,
    "all_draws": all_draws,
}
