"""Programs with one mistake each, and the names under which `messages.txt` keeps what is said about them."""

from __future__ import annotations

from plastlang.diagnostics import PlastError, Source, render
from plastlang.frontend.check import check_recovered
from plastlang.frontend.parse import parse_with_errors

STDP = """rule PairSTDP:
    param tau_plus = 20 ms, tau_minus = 20 ms, a_plus = 0.01, a_minus = 0.0105, w_max = 1 nS
    synapse w = 0.5 nS in [0 nS, w_max]
    pre  x_trace = 0
    post y = 0
    x_trace' = -x_trace / tau_plus
    y' = -y / tau_minus
    on pre spike:
        deliver w
        w -= a_minus * w_max * y
        x_trace += 1
    on post spike:
        w += a_plus * w_max * x_trace
        y += 1
"""
LIF = """neuron LIF:
    param tau_m = 20 ms, tau_exc = 5 ms, v_rest = -70 mV, v_th = -54 mV, e_exc = 0 mV, g_leak = 10 nS, t_ref = 5 ms
    state v = v_rest
    state g_exc = 0 nS in [0 nS, 1 uS]
    let i_exc = g_exc * (e_exc - v)
    v'     = (v_rest - v + i_exc / g_leak) / tau_m
    g_exc' = -g_exc / tau_exc
    input exc -> g_exc
    spike when v > v_th:
        v = v_rest
        hold v for t_ref
"""
REWIRING = """rule Rewiring:
    require synapse g: nS
    param p_form = 0.16, g_max = 0.2 nS, attempts = 10
    every 1 ms:
        sample attempts pairs:
            if connected:
                prune with probability (1 if g < g_max / 2 else 0.5)
            else:
                grow with probability p_form * exp(-distance(pre, post)):
                    g = g_max
"""
NET = (
    LIF
    + STDP
    + REWIRING
    + """network Map:
    param s = 1
    dt 0.1 ms
    population a = LIF(v = normal(-60 mV, 5 mV)) on grid(4 * s, 4 * s, periodic)
    population b = LIF(tau_m = 10 ms + 1 ms * index) size 16
    project ab = a -> b.exc with PairSTDP(w_max = 0.2 nS) + Rewiring(g = w):
        connect with probability 0.5 * exp(-distance(pre, post))
        delay 0.2 ms
        w = 0.1 nS
    record b spikes
    record b v every 1 ms
"""
)


def said(text: str) -> str:
    """What is said about a program, errors or else warnings, as it is shown."""
    source = Source("model.plast", text)
    try:
        return render(check_recovered(parse_with_errors(source), source).warnings)
    except PlastError as error:
        return render(error.diagnostics)


def _changed(base: str, *cases: tuple[str, str, str]) -> dict[str, str]:
    result = {}
    for name, old, new in cases:
        assert base.count(old) >= 1, (name, old)
        result[name] = base.replace(old, new, 1)
    return result


_Y = "        y += 1\n"


def _quantile(arguments: str) -> str:
    taken = f"let share = quantile({arguments}) over synapses of post"
    return STDP + f"    every 1 s:\n        {taken}\n        w *= share / w_max\n"


NEURON_THAT_HOLDS = """\
neuron Holding:
    param t_ref = 5 ms
    state v = 0
    input e -> v
    v' = -v / (10 ms)
    spike when v > 1:
        v = 0
        hold v for t_ref
"""

CASES: dict[str, str] = {
    "nothing wrong with the rule": STDP,
    "nothing wrong with the network": NET,
    **_changed(
        STDP,
        # the mistakes that everybody makes
        ("a typo", "w_max * x_trace", "w_max * x_trc"),
        ("the time constant forgotten", "y' = -y / tau_minus", "y' = -y"),
        ("the time constant forgotten, longer", "y' = -y / tau_minus", "y' = 1 - y"),
        ("assignment to a parameter", _Y, "        y += 1\n        a_plus = 2\n"),
        ("undeclared variable", _Y, "        y += 1\n        z += 1\n"),
        ("unknown function", _Y, "        y += 1\n        w = clamp(w, 0 nS, w_max)\n"),
        ("unknown unit", "20 ms, tau_minus", "20 msec, tau_minus"),
        ("unknown unit without a guess", "20 ms, tau_minus", "20 wombats, tau_minus"),
        ("a time added to a number", _Y, "        y += tau_minus\n"),
        ("a time added to a number first", _Y, "        y += tau_minus\n        y += 1\n"),
        (
            "a time added to a plain zero",
            _Y,
            "        y += 1\n        n += tau_minus\n        m += n\n    post n = 0, m = 0\n",
        ),
        ("a plain zero used with a unit", _Y, "        y += 1 if u < w_max else 2\n    post u = 0\n"),
        (
            "a parameter of plain zero with a unit",
            _Y,
            "        w += offset + w_max\n        y += 1\n    param offset = 0\n",
        ),
        ("a start with a unit that is a number", _Y, "        y += 1\n        n += tau_minus\n    post n = 1\n"),
        (
            "nothing wrong with a zero of an open unit",
            _Y,
            "        y += 1\n        u += q\n        q += u\n    synapse q, u = 0\n",
        ),
        # names
        ("declared twice", "post y = 0", "post y = 0, y = 1"),
        ("declared as built in", "post y = 0", "post y = 0\n    pre t = 0"),
        ("function as a value", _Y, "        y += exp\n"),
        ("value as a function", _Y, "        y += a_plus(2)\n"),
        ("too few arguments", _Y, "        y += min(1)\n"),
        ("argument by name", _Y, "        y += exp(x = 1)\n"),
        ("unknown argument of a draw", _Y, "        y += normal(mean = 1, sigma = 2)\n"),
        ("missing argument of a draw", _Y, "        y += normal(mean = 1)\n"),
        ("argument of a draw twice", _Y, "        y += normal(1, mean = 1)\n"),
        ("unknown method", "synapse w =", "method exponental_euler\n    synapse w ="),
        ("two methods", "synapse w =", "method euler\n    method rk4\n    synapse w ="),
        ("pre alone", _Y, "        y += pre\n"),
        ("no such attribute", _Y, "        y += post.out_degree\n"),
        ("attribute of a variable", _Y, "        y += w.x\n"),
        ("index without an end", _Y, "        y += index\n"),
        ("let refers to itself", _Y, "        y += q\n    let q = r + 1\n    let r = q * 2\n"),
        ("local again", _Y, "        let a = 1\n        let a = 2\n        y += a\n"),
        ("distance without its ends", _Y, "        w += a_plus * w_max * distance(pre)\n        y += 1\n"),
        ("distance as a value", _Y, "        w += a_plus * w_max * distance\n        y += 1\n"),
        ("equation of nothing", _Y, "        y += 1\n    z' = -z / tau_plus\n"),
        ("equation of a parameter", _Y, "        y += 1\n    a_plus' = -a_plus / tau_plus\n"),
        ("two equations", _Y, "        y += 1\n    y' = -y / tau_plus\n"),
        # sites
        ("post state reads a synapse", _Y, "        y += w / w_max\n"),
        ("pre spike writes post", "        x_trace += 1\n", "        x_trace += 1\n        y = 0\n"),
        ("spike writes global", _Y, "        y += 1\n        n += 1\n    global n = 0\n"),
        ("pair written", _Y, "        y += 1\n        s = 1\n    pair s = random_sign()\n"),
        ("pair with an equation", _Y, "        y += 1\n    pair s = 1\n    s' = -s / tau_plus\n"),
        ("neuron written", _Y, "        y += 1\n        post.v = 1 mV\n"),
        ("built-in written", _Y, "        y += 1\n        t = 1 ms\n"),
        ("let written", _Y, "        let a = 1\n        a = 2\n        y += a\n"),
        ("if of two places", _Y, "        if w > 0.1 nS:\n            w = 0 nS\n            y = 1\n"),
        ("condition of another place", _Y, "        if w > 0.1 nS:\n            y = 1\n"),
        ("deliver at a post spike", _Y, "        y += 1\n        deliver w\n"),
        ("two deliveries", "        deliver w\n", "        deliver w\n        deliver 1 mV\n"),
        ("hold in a rule", _Y, "        y += 1\n        hold w for 1 ms\n"),
        ("prune in a spike block", _Y, "        y += 1\n        prune where w < 0.1 nS\n"),
        ("before in each step", _Y, "        y += 1\n    each step:\n        y = y@before\n"),
        ("before of a parameter", _Y, "        y += a_plus@before\n"),
        ("start value not there yet", "x_trace = 0\n", "x_trace = x_trace + 1\n"),
        ("start value of another place", "post y = 0", "post y = w / w_max"),
        ("draw in an equation", "-y / tau_minus", "-y / tau_minus * uniform()"),
        ("draw in a let of the component", _Y, "        y += q\n    let q = normal(0, 1)\n"),
        ("state in a neuron only", "pre  x_trace", "state x_trace"),
        ("spike in a rule", "    on pre spike:", "    spike when x_trace > 1\n    on pre spike:"),
        # units and types
        ("conductance and number", _Y, "        w += w + 1\n        y += 1\n"),
        ("comparison of units", _Y, "        w = 0 nS if w > 1 mV else w\n        y += 1\n"),
        ("sides of a choice", _Y, "        w = w if w > 1 nS else 1 mV\n        y += 1\n"),
        ("units of min", _Y, "        w = min(w, 1)\n        y += 1\n"),
        ("argument of exp", _Y, "        y += exp(-tau_plus)\n"),
        ("exponent with a unit", _Y, "        y += y ** tau_plus\n"),
        ("power of a quantity", _Y, "        w = w ** y\n        y += 1\n"),
        ("product with a quantity", _Y, "        w *= w_max\n        y += 1\n"),
        ("condition as a number", _Y, "        y += w > 1 nS\n"),
        ("number as a condition", _Y, "        if w:\n            w = 0 nS\n        y += 1\n"),
        ("not of a number", _Y, "        y += 1 if not w else 0\n"),
        ("randint of a real number", _Y, "        y += randint(a_plus)\n"),
        ("start value in another unit", "w = 0.5 nS", "w: mV = 0.5 nS"),
        ("bounds in another unit", "in [0 nS, w_max]", "in [0 mV, w_max]"),
        ("bounds the wrong way", "in [0 nS, w_max]", "in [1 nS, 0 nS]"),
        ("start outside the bounds", "in [0 nS, w_max]", "in [1 nS, 2 nS]"),
        ("parameter without unit", "a_plus = 0.01", "a_plus"),
        ("parameter that depends on a parameter", "w_max = 1 nS", "w_max = a_plus * 1 nS"),
        ("division by zero", "a_plus = 0.01", "a_plus = 1 / 0"),
        ("number too large", "a_plus = 0.01", "a_plus = 1e400"),
        ("period of every", _Y, "        y += 1\n    every 10:\n        y = 0\n"),
        ("period of every below zero", _Y, "        y += 1\n    every -1 ms:\n        y = 0\n"),
        ("delay of a delivery without a limit", "deliver w\n", "deliver w after 1 ms\n"),
        ("delay of a delivery without unit", "deliver w\n", "deliver w after 2 at most 5 ms\n"),
        ("limit of a delay that changes", "deliver w\n", "deliver w after 2 ms at most tau_plus\n"),
        ("limit of a delay without unit", "deliver w\n", "deliver w after 2 ms at most 5\n"),
        ("limit of a delay below zero", "deliver w\n", "deliver w after 2 ms at most -5 ms\n"),
        ("late spike without a limit", "pre spike:", "pre spike after tau_plus:"),
        ("late spike without unit", "pre spike:", "pre spike after 3:"),
        ("late spike that is not late", "post spike:", "post spike after 0 ms:"),
        ("late spike with a limit that changes", "pre spike:", "pre spike after 2 ms at most tau_plus:"),
        ("late spike that is drawn", "pre spike:", "pre spike after uniform() * 1 ms at most 2 ms:"),
        ("late spike with a delay that changes", "post spike:", "post spike after 1 ms * y at most 2 ms:"),
        (
            "late spike with a delay that the network changes",
            "post spike:",
            "post spike after 1 ms * post.in_degree at most 2 ms:",
        ),
        (
            "late spike of each synapse and a variable of the neuron",
            "post spike:",
            "post spike after 1 ms * distance(pre, post) at most 2 ms:",
        ),
        ("late spike in another order", "post spike:", "post spike at most 2 ms after 1 ms:"),
        ("noise in a block", _Y, "        y += xi\n"),
        ("noise squared", "-y / tau_minus", "-y / tau_minus + xi ** 2"),
        ("ranked at a spike", _Y, "        y += 1\n        prune 3 synapses with smallest w\n"),
        (
            "number of pruned that differs",
            _Y,
            "        y += 1\n    every 1 s:\n        prune int(y) synapses with smallest w\n",
        ),
        (
            "number of another end",
            _Y,
            "        y += 1\n    every 1 s:\n        prune int(y) synapses with smallest w per pre\n",
        ),
        ("synapse of an absent pair", _Y, "        y += 1\n    every 1 s:\n        grow 3 pairs with largest w\n"),
        (
            "elements of the other end",
            _Y,
            "        y += 1\n    every 1 s:\n        grow by matching int(y) per pre with 1 per post\n",
        ),
        (
            "ranked by a condition",
            _Y,
            "        y += 1\n    every 1 s:\n        prune 3 synapses with smallest w > 1 nS\n",
        ),
        ("sum without over", _Y, "        y += 1\n    every 1 s:\n        w *= sum(w)\n"),
        ("sum at a spike", _Y, "        y += 1 / sum(w / w_max) over synapses of post\n"),
        ("sum in an equation", "-y / tau_minus", "-y / tau_minus * sum(x_trace) over pre"),
        (
            "sum inside a sample",
            _Y,
            "        y += 1\n    every 1 s:\n        sample 2 pairs:\n            if connected:\n"
            "                prune with probability mean(w / w_max) over synapses\n",
        ),
        (
            "sum of what the if has changed",
            _Y,
            "        y += 1\n    every 1 s:\n        if t > 1 s:\n            w = w_max\n"
            "            w = mean(w) over synapses\n",
        ),
        (
            "sum of what the if has bound",
            _Y,
            "        y += 1\n    every 1 s:\n        if w > 0.1 nS:\n            let half = w / 2\n"
            "            w = mean(half) over synapses\n",
        ),
        (
            "sum after the if has pruned",
            _Y,
            "        y += 1\n    every 1 s:\n        if t > 1 s:\n            prune 2 synapses uniformly\n"
            "            prune count(w > 0.1 nS) over synapses synapses uniformly\n",
        ),
        ("sum over neurons in a rule", _Y, "        y += 1\n    every 1 s:\n        y = sum(y) over neurons\n"),
        ("sum of another place", _Y, "        y += 1\n    every 1 s:\n        y = sum(w / w_max) over pre\n"),
        ("sum of two values", _Y, "        y += 1\n    every 1 s:\n        y = max(y, 1) over post\n"),
        ("sum of a condition", _Y, "        y += 1\n    every 1 s:\n        y = sum(y > 1) over post\n"),
        ("count of a number", _Y, "        y += 1\n    every 1 s:\n        y = count(y) over post\n"),
        ("sum in another unit", _Y, "        y += 1\n    every 1 s:\n        y = sum(w) over synapses of post\n"),
        (
            "sum of one value for each pre",
            _Y,
            "        y += 1\n    every 1 s:\n        y = sum(y) over synapses of pre\n",
        ),
        ("unknown aggregate", _Y, "        y += 1\n    every 1 s:\n        y = avg(y) over post\n"),
        ("period of every that changes", _Y, "        y += 1\n    every y * 1 ms:\n        y = 0\n"),
        # warnings
        ("unused parameter", "a_plus = 0.01", "a_plus = 0.01, unused = 1"),
        ("unused let", _Y, "        let a = 1\n        y += 1\n"),
        ("equation without effect", _Y, "        y += 1\n    post q = 1\n    q' = -q / tau_plus\n"),
    ),
    **_changed(
        REWIRING,
        ("synapse read where none is", "p_form * exp(-distance(pre, post))", "g / g_max"),
        (
            "prune where nothing is",
            "grow with probability p_form * exp(-distance(pre, post)):\n                    g = g_max",
            "prune",
        ),
        ("grow where something is", "prune with probability (1 if g < g_max / 2 else 0.5)", "grow"),
        ("assignment in a sample", "prune with probability (1 if g < g_max / 2 else 0.5)", "g = g_max"),
        ("if in the body of grow", "g = g_max\n", "if p_form > 0:\n                        g = g_max\n"),
        ("never reached", "prune with probability (1 if g < g_max / 2 else 0.5)", "prune\n                prune"),
        ("spiked partner of a pair", "grow with", "grow from spiked pre with"),
        (
            "connected outside a sample",
            "    every 1 ms:\n",
            "    each step:\n        if connected:\n            g = 0 nS\n    every 1 ms:\n",
        ),
        ("prune outside a sample", "        sample attempts", "        prune\n        sample attempts"),
        ("grow outside a sample", "        sample attempts", "        grow\n        sample attempts"),
        ("number of samples differs", "sample attempts pairs", "sample pre.out_degree pairs"),
    ),
    **_changed(
        LIF,
        ("noise without the root of a time", "g_leak) / tau_m\n", "g_leak) / tau_m + 1 mV * xi\n"),
        ("pre in a neuron", "state g_exc", "synapse g_exc"),
        ("pre spike in a neuron", "    input exc", "    on pre spike:\n        v = v_rest\n    input exc"),
        ("neuron reads post", "v > v_th:", "v > post.v:"),
        ("two ways to spike", "    input exc", "    spike at rate 5 Hz\n    input exc"),
        ("rate that is none", "spike when v > v_th:", "spike at rate 5 ms:"),
        ("input to a parameter", "input exc -> g_exc", "input exc -> g_leak"),
        ("input twice", "    input exc -> g_exc\n", "    input exc -> g_exc\n    input exc -> v\n"),
        ("hold of a number", "hold v for t_ref", "hold v for 5"),
        ("hold of a parameter", "hold v for t_ref", "hold v_th for t_ref"),
        ("hold twice", "hold v for t_ref", "hold v for t_ref\n        hold v for t_ref"),
        ("distance in a neuron", "v > v_th:", "v > v_th and distance(pre, post) > 1:"),
        ("nested too deeply", "v > v_th:", "v > v_th" + " + 1 mV" * 130 + ":"),
    ),
    **_changed(
        NET,
        ("unknown neuron", "LIF(v =", "Lif(v ="),
        ("rule as a neuron", "LIF(v = normal(-60 mV, 5 mV))", "PairSTDP()"),
        ("unknown rule", "+ Rewiring(g", "+ Rewirings(g"),
        ("unknown argument", "tau_m = 10 ms + 1 ms * index", "tau_n = 10 ms"),
        ("argument without a name", "tau_m = 10 ms + 1 ms * index", "10 ms"),
        ("argument twice", "tau_m = 10 ms + 1 ms * index", "tau_m = 10 ms, tau_m = 11 ms"),
        ("argument in another unit", "w_max = 0.2 nS", "w_max = 0.2 mV"),
        ("nothing wrong with an argument per synapse", "w_max = 0.2 nS", "w_max = 0.2 nS * uniform(0.5, 1)"),
        ("rule argument that differs", "w_max = 0.2 nS", "tau_plus = 20 ms + 1 ms * pre.index"),
        ("start value in another unit, network", "normal(-60 mV, 5 mV)", "normal(-60 ms, 5 ms)"),
        ("start value outside, network", "w = 0.1 nS", "w = -0.1 nS"),
        ("start value of nothing", "w = 0.1 nS", "q = 0.1 nS"),
        ("start value of a parameter", "w = 0.1 nS", "w_max = 0.1 nS"),
        ("unknown population", "a -> b.exc", "c -> b.exc"),
        ("source twice", "a -> b.exc", "a + a -> b.exc"),
        ("unknown port", "b.exc", "b.inh"),
        ("no port", "b.exc", "b"),
        ("no connect", "        connect with probability 0.5 * exp(-distance(pre, post))\n", ""),
        ("two connects", "        delay 0.2 ms\n", "        connect all\n"),
        ("probability above one", "0.5 * exp(-distance(pre, post))", "1.5"),
        ("draw in a probability", "0.5 * exp(-distance(pre, post))", "uniform()"),
        ("degree in a probability", "0.5 * exp(-distance(pre, post))", "0.5 * pre.out_degree"),
        ("delay too short", "delay 0.2 ms", "delay 0.01 ms"),
        ("delay between steps", "delay 0.2 ms", "delay 0.25 ms"),
        ("delay without unit", "delay 0.2 ms", "delay 2"),
        ("delay below zero", "delay 0.2 ms", "delay -1 ms"),
        ("two delays", "        delay 0.2 ms\n", "        delay 0.2 ms\n        delay 0.3 ms\n"),
        ("no time step", "    dt 0.1 ms\n", ""),
        ("two time steps", "    dt 0.1 ms\n", "    dt 0.1 ms\n    dt 0.2 ms\n"),
        ("population of no neurons", "size 16", "size 0"),
        ("population of half a neuron", "size 16", "size 1.5"),
        ("population twice", "    population b", "    population a = LIF() size 2\n    population b"),
        ("record of nothing", "record b spikes", "record q spikes"),
        ("record of an unknown variable", "record b v", "record b w"),
        ("record without a period", "record b v every 1 ms", "record b v"),
        ("record of spikes with a period", "record b spikes", "record b spikes every 1 ms"),
        ("record between steps", "record b v every 1 ms", "record b v every 0.15 ms"),
        ("binding to nothing", "Rewiring(g = w)", "Rewiring(g = q)"),
        ("binding to a number", "Rewiring(g = w)", "Rewiring(g = 1 nS)"),
        ("required variable missing", "Rewiring(g = w)", "Rewiring()"),
        ("two owners", "+ Rewiring(g = w)", "+ PairSTDP()"),
        ("nothing delivered", "        deliver w\n", ""),
        ("delivered in another unit", "        deliver w\n", "        deliver w * 1 mV\n"),
        ("neuron without the state", "        y += 1\n", "        y += 1 if post.u > 0 mV else 0\n"),
        ("neuron's state in another unit", "        y += 1\n", "        y += 1 if post.v > 1 nS else 0\n"),
        ("unused parameter of the network", "param s = 1", "param s = 1, q = 2"),
        (
            "population parameter that differs",
            "    spike when v > v_th:",
            "    global q = 0\n    each step:\n        q = tau_m / (1 ms)\n    spike when v > v_th:",
        ),
    ),
    **{
        name: STDP + REWIRING + "rule Both:\n" + "".join(f"    {line}\n" for line in lines)
        for name, lines in {
            "nothing wrong with a rule in a rule": ("use PairSTDP(a_plus = 0.02)", "use Rewiring(g = w)"),
            "use of an unknown rule": ("use PairSTPD()",),
            "use with an unknown argument": ("use PairSTDP(a_plu = 0.02)",),
            "use with an argument in another unit": ("use PairSTDP(w_max = 2 mV)",),
            "use with an argument that is not constant": ("param a = 1", "use PairSTDP(a_plus = 2 * a)"),
            "use and a variable of the same name": ("use PairSTDP()", "synapse y = 1"),
            "use with a binding to nothing": ("use PairSTDP()", "use Rewiring(g = q)"),
            "use of what is required elsewhere": ("pre q = 0 nS", "use Rewiring(g = q)"),
            "use with a parameter in another unit": ("param a = 1 nS", "use PairSTDP(a_plus = a)"),
            "use twice": ("use PairSTDP()", "use PairSTDP(a_plus = 0.02)"),
            "use twice under one name": ("use PairSTDP() as p", "use PairSTDP() as p"),
            "use as a name that is taken": ("post p_y = 0", "use PairSTDP() as p"),
            "use as nothing": ("use PairSTDP() as", "post q = 0"),
        }.items()
    },
    "use of what comes later": "rule Both:\n    use PairSTDP()\n" + STDP,
    "use in a neuron": LIF + "    use PairSTDP()\n",
    "one to one of different sizes": NET.replace("size 16", "size 9").replace(
        "connect with probability 0.5 * exp(-distance(pre, post))", "connect one to one"
    ),
    "missing file": 'import "nowhere.plast"\n' + STDP,
    "missing rule of the library": 'import PairSTDPP from "rules:pair_stdp.plast"\n',
    "imported name declared again": 'import PairSTDP from "rules:pair_stdp.plast"\n' + STDP,
    "component twice": STDP + STDP,
    "built-in function declared": "fn exp(x) = x * 2\n" + STDP,
    "function calls itself": "fn f(x) = f(x) + 1\n" + STDP,
    "function with an unknown name": "fn f(x) = x * q\n" + STDP,
    "function called with another unit": "fn f(x) = exp(x)\n" + STDP.replace(_Y, "        y += f(tau_plus)\n"),
    "function draws twice": "fn f(x) = x * x\n" + STDP.replace(_Y, "        y += f(uniform())\n"),
    "function argument twice": "fn f(x, x) = x\n" + STDP,
    "function argument unused": "fn f(x, q) = x\n" + STDP,
    "constant that is none": "const c = uniform()\n" + STDP,
    "constant declared again": "const w = 2\n" + STDP,
    "constant written": "const c = 2\n" + STDP.replace(_Y, "        y += 1\n        c = 3\n"),
    "written out too large": "fn f(x) = x + x + x + x\nfn g(x) = f(f(f(x)))\n"
    + STDP.replace(_Y, "        y += g(g(g(y)))\n"),
    "time constant that is zero by default": STDP.replace("tau_plus = 20 ms", "tau_plus = 0 ms"),
    "time constant given as zero": NET.replace("PairSTDP(w_max = 0.2 nS)", "PairSTDP(tau_plus = 0 ms)"),
    "time constant that is negative by default": STDP.replace("tau_plus = 20 ms", "tau_plus = -20 ms"),
    "time constant given as negative": NET.replace("PairSTDP(w_max = 0.2 nS)", "PairSTDP(tau_plus = -20 ms)"),
    "parameter below a limit without an upper one": NET.replace(
        "PairSTDP(w_max = 0.2 nS)", "PairSTDP(w_max = -0.2 nS)"
    ).replace("w_max = 1 nS", "w_max = 1 nS in [0 nS, inf]"),
    "parameter above a limit without a lower one": NET.replace(
        "PairSTDP(w_max = 0.2 nS)", "PairSTDP(w_max = 3 nS)"
    ).replace("w_max = 1 nS", "w_max = 1 nS in [-inf, 2 nS]"),
    "refractory time that is negative by default": NEURON_THAT_HOLDS.replace("t_ref = 5 ms", "t_ref = -5 ms"),
    "period that is negative by default": STDP.replace("w_max = 1 nS", "w_max = 1 nS, period = -2 ms")
    + "    every period:\n        y = 0\n",
    "rate outside its limits is said in Hz": NET.replace("PairSTDP(w_max = 0.2 nS)", "PairSTDP(f = 0.5 Hz)").replace(
        "w_max = 1 nS", "w_max = 1 nS, f = 5 Hz in [1 Hz, 50 Hz]"
    ),
    "quantile without a fraction": _quantile("w"),
    "quantile of a fraction beyond 1": _quantile("90, w"),
    "quantile whose fraction is no number": _quantile("tau_plus, w"),
    "quantile of many fractions": _quantile("w / w_max, w"),
    "quantile of conditions": _quantile("0.5, w > 0 nS"),
    "nothing wrong with a variable without an upper bound": STDP.replace("in [0 nS, w_max]", "in [0 nS, inf]"),
    "several at once": STDP.replace("x_trace += 1", "x_trac += 1")
    .replace("tau_plus = 20 ms", "tau_plus = 20 msec")
    .replace(_Y, "        y += foo\n"),
}
