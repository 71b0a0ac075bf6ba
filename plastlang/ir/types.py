"""Types, sites and operators of the intermediate representation."""

from __future__ import annotations

from enum import StrEnum


class Type(StrEnum):
    """Value type of an expression. `REAL` becomes float or double when code is made."""

    REAL = "real"
    INT = "int"  # 32-bit signed
    BOOL = "bool"


class Site(StrEnum):
    """Where a value lives, which is also how many instances of it there are."""

    GLOBAL = "global"  # one per population or projection
    NEURON = "neuron"  # one per neuron of a population
    PRE = "pre"  # one per source neuron of a projection
    POST = "post"  # one per target neuron of a projection
    SYNAPSE = "synapse"  # one per existing synapse
    PAIR = "pair"  # one per possible synapse; constant, so it is computed and never stored


#: What may be read at each site: a synapse sees its pre, its post, its pair and the globals.
VISIBLE: dict[Site, frozenset[Site]] = {
    Site.GLOBAL: frozenset({Site.GLOBAL}),
    Site.NEURON: frozenset({Site.NEURON, Site.GLOBAL}),
    Site.PRE: frozenset({Site.PRE, Site.GLOBAL}),
    Site.POST: frozenset({Site.POST, Site.GLOBAL}),
    Site.PAIR: frozenset({Site.PAIR, Site.PRE, Site.POST, Site.GLOBAL}),
    Site.SYNAPSE: frozenset({Site.SYNAPSE, Site.PAIR, Site.PRE, Site.POST, Site.GLOBAL}),
}


def join(a: Site, b: Site) -> Site:
    """The smallest site that sees both `a` and `b` (pre and post meet in the pair)."""
    if b in VISIBLE[a]:
        return a
    if a in VISIBLE[b]:
        return b
    return Site.PAIR


#: Binary operators. Arithmetic keeps the type; comparisons give BOOL; `min(a,b)` is `a < b ? a : b`,
#: `max(a,b)` is `a > b ? a : b` in every backend, NaN included. `**` has a REAL base and exponent.
ARITHMETIC = ("+", "-", "*", "/", "%", "**", "min", "max")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
LOGICAL = ("and", "or")
#: What can be taken over many instances (`nodes.Reduce`).
REDUCTIONS = ("sum", "count", "mean", "min", "max", "quantile")
UNARY = ("-", "not")

#: Functions of REAL arguments with REAL results, and their number of arguments.
#: All but sqrt, abs, floor, ceil, round and sign come from include/plast_math.h (single and double).
FUNCTIONS: dict[str, int] = {
    "exp": 1, "log": 1, "sqrt": 1, "abs": 1, "floor": 1, "ceil": 1, "round": 1, "sign": 1,
    "sin": 1, "cos": 1, "tanh": 1, "expm1": 1, "log1p": 1,
}

#: Random draws and their arguments (docs/numerics.md gives the algorithm of each).
#: Results are REAL, but for poisson and randint, which are INT.
DRAWS: dict[str, tuple[str, ...]] = {
    "uniform": ("low", "high"),
    "normal": ("mean", "deviation"),
    "exponential": ("mean",),
    "poisson": ("mean",),
    "randint": ("n",),  # 0 .. n-1
    "random_sign": (),  # -1 or +1
}
