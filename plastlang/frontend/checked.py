"""What the checker gives: components with every name resolved, every literal converted, every type and unit known."""

from __future__ import annotations

from dataclasses import dataclass, field

from plastlang.diagnostics import Span
from plastlang.ir.nodes import Block, Connect, Expr, Grid, Spiking
from plastlang.ir.types import Site, Type


@dataclass(frozen=True, slots=True)
class Dimension:
    """A physical dimension. `symbol` is a pint unit string in the coherent system ("nS", "mV / ms", "" for none);

    `variable` is the name of an open dimension (a required or undeclared unit that any unit may fill), or ''.
    """

    symbol: str = ""
    variable: str = ""


@dataclass(frozen=True, slots=True)
class CheckedParameter:
    """`default` in coherent units, or None where the user must give a value."""

    name: str
    default: float | None
    dimension: Dimension
    low: float | None = None
    high: float | None = None
    type: Type = Type.REAL
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CheckedVariable:
    """`init` None: required, or its value must be given. Bounds are not yet part of assignments."""

    name: str
    site: Site
    type: Type
    dimension: Dimension
    init: Expr | None
    low: Expr | None = None
    high: Expr | None = None
    required: bool = False
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Equation:
    """d(name)/dt = value, in 1/ms. `value` reads variables by `Read`, parameters by `Param`."""

    name: str
    value: Expr
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Hold:
    """After a spike `name` keeps its value for `duration` (ms, constant)."""

    name: str
    duration: Expr


@dataclass(frozen=True, slots=True)
class CheckedInput:
    port: str
    variable: str
    dimension: Dimension


@dataclass(frozen=True, slots=True)
class CheckedComponent:
    """A neuron or a rule. In expressions, parameters and variables carry the names of the source;

    draws carry purposes 0, 1, 2, ... in the order of the text, renumbered when a program is linked.
    Assignments are as written (`+=` expanded, bounds not applied). The deliver dimension is what `deliver` gives
    (None where nothing is delivered).
    """

    kind: str  # "neuron" or "rule"
    name: str
    doc: str
    parameters: tuple[CheckedParameter, ...]
    variables: tuple[CheckedVariable, ...]
    equations: tuple[Equation, ...]
    inputs: tuple[CheckedInput, ...]
    spiking: Spiking | None
    holds: tuple[Hold, ...]
    blocks: tuple[Block, ...]
    method: str  # "", "exponential_euler", "rk4", "euler"
    deliver_dimension: Dimension | None = None
    draws: int = 0
    span: Span | None = field(default=None, compare=False, repr=False)




@dataclass(frozen=True, slots=True)
class CheckedPopulation:
    """`parameters`: name -> value at NEURON or GLOBAL site (Const, or an expression of index and pos, without draws).

    `initial`: start values that replace the component's, at the variable's site.
    """

    name: str
    neuron: CheckedComponent
    size: int
    grid: Grid | None
    parameters: tuple[tuple[str, Expr], ...] = ()
    initial: tuple[tuple[str, Expr], ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedProjection:
    """`rule` is the composed component: parameters are named `Rule.name`, required variables are resolved."""

    name: str
    sources: tuple[str, ...]
    target: str
    port: str
    rule: CheckedComponent
    connect: Connect
    delay: float | None  # ms; None: one step
    parameters: tuple[tuple[str, Expr], ...] = ()
    initial: tuple[tuple[str, Expr], ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedRecord:
    """`what`: "spikes", "degree", "connectivity" or a variable; `every` in ms, or None (spikes)."""

    owner: str
    what: str
    every: float | None


@dataclass(frozen=True, slots=True)
class CheckedNetwork:
    name: str
    doc: str
    dt: float  # ms
    populations: tuple[CheckedPopulation, ...]
    projections: tuple[CheckedProjection, ...]
    records: tuple[CheckedRecord, ...] = ()
    seed: int = 0
