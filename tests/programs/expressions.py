"""Random expressions as text: numbers without a unit, of moderate size whatever the operands are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Draw(Protocol):
    """The `draw` of a composite strategy."""

    def __call__(self, strategy: st.SearchStrategy[T], label: Any = None) -> T: ...


NUMBERS = ("1.0", "0.5", "0.0", "2.0", "0.1", "0.37", "3.25", "1e-3", "(-1.0)", "(-0.25)")
FUNCTIONS = (
    "abs({})", "tanh({})", "exp(-abs({}))", "sqrt(abs({}))", "log(1.0 + abs({}))", "sin({})", "cos({})", "floor({})",
    "ceil({})", "round({})", "sign({})", "expm1(-abs({}))", "log1p(abs({}))", "(-({}))", "(({}) ** 2)", "(({}) ** 3)",
)  # fmt: skip
PAIRS = (
    "({} + {})", "({} - {})", "({} * {})", "min({}, {})", "max({}, {})", "({} / (1.0 + abs({})))",
    "((0.5 + abs({})) ** clip({}, -2.0, 2.0))", "({} % (1.5 + abs({})))",
)  # fmt: skip
DRAWS = (
    "uniform()", "uniform(-1.0, {})", "normal({}, 0.5)", "exponential(0.5 + abs({}))", "(poisson(abs({})) * 0.5)",
    "(randint(5) * 0.25)", "random_sign()",
)  # fmt: skip
COMPARISONS = ("<", ">", "<=", ">=", "==", "!=")


def number(draw: Draw) -> str:
    """A literal."""
    return draw(st.sampled_from(NUMBERS))


def expression(draw: Draw, atoms: Sequence[str], depth: int = 2, draws: bool = False) -> str:
    """An expression of the atoms. Its value is limited to 16 in magnitude where it is not a single atom or number."""
    if not draw(st.integers(0, depth)):
        return _leaf(draw, atoms)
    return f"clip({_inner(draw, atoms, depth, draws)}, -16.0, 16.0)"


def _leaf(draw: Draw, atoms: Sequence[str]) -> str:
    return draw(st.sampled_from((*atoms, *NUMBERS)))


def _inner(draw: Draw, atoms: Sequence[str], depth: int, draws: bool) -> str:
    kind = draw(st.integers(0, 4 if draws else 3)) if depth else 0
    match kind:
        case 0:
            return _leaf(draw, atoms)
        case 1:
            pattern = draw(st.sampled_from(PAIRS))
            return pattern.format(*(_inner(draw, atoms, depth - 1, draws) for _ in range(2)))
        case 2:
            # a limit below every function, so that powers stay moderate
            pattern = draw(st.sampled_from(FUNCTIONS))
            return pattern.format(f"clip({_inner(draw, atoms, depth - 1, draws)}, -20.0, 20.0)")
        case 3:
            first, second = (_inner(draw, atoms, depth - 1, draws) for _ in range(2))
            return f"({first} if {condition(draw, atoms, depth - 1)} else {second})"
        case _:
            return draw(st.sampled_from(DRAWS)).replace("{}", f"clip({_leaf(draw, atoms)}, -16.0, 16.0)")


def condition(draw: Draw, atoms: Sequence[str], depth: int = 1) -> str:
    """A condition on the atoms."""
    left, right = (_inner(draw, atoms, min(depth, 1), False) for _ in range(2))
    first = f"{left} {draw(st.sampled_from(COMPARISONS))} {right}"
    if depth < 1 or not draw(st.booleans()):
        return first
    other = condition(draw, atoms, 0)
    return draw(st.sampled_from(("{0} and {1}", "{0} or {1}", "not ({0})"))).format(first, other)
