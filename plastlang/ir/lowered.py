"""What lowering gives: a program, and what goes with it."""

from __future__ import annotations

from dataclasses import dataclass

from plastlang.ir.nodes import Expr, Program
from plastlang.ir.types import Site


@dataclass(frozen=True, slots=True)
class Explanation:
    """`how`: 'exact', 'lazy', 'exponential_euler', 'rk4', 'euler', 'constant' or 'event'; `why`: a phrase."""

    owner: str
    variable: str
    site: Site
    how: str
    why: str


@dataclass(frozen=True, slots=True)
class Lowered:
    """A program and what goes with it.

    Attributes:
        program: ready for the passes and backends.
        parameter_values: (owner, parameter, expression of index, pos and size): the values per neuron, to be computed
            and set when the program is loaded. The parameter's site is NEURON and its default the component's, or 0.
        explanations: one record for each variable, owners in the order of the program.
    """

    program: Program
    parameter_values: tuple[tuple[str, str, Expr], ...]
    explanations: tuple[Explanation, ...]
