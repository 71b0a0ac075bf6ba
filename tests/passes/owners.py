"""Small programs for the tests of the passes, in the text form."""

from __future__ import annotations

from plastlang.ir.nodes import Population, Program, Projection
from plastlang.ir.text import expression_text, from_text, to_text
from plastlang.ir.verify import verify


def neuron(*lines: str) -> Program:
    """A program of one population `a` with these lines."""
    return _program("population a size 3\n" + _indented(lines))


def rule(*lines: str) -> Program:
    """A program of one projection `p` from `a` to `a.exc` with these lines; neurons have `v`."""
    neurons = "population a size 3\n  var v at neuron = 0.0\n  input exc\n"
    return _program(f"{neurons}\nprojection p : a -> a.exc delay 1\n  connect all\n" + _indented(lines))


def _indented(lines: tuple[str, ...]) -> str:
    return "".join(f"  {line}\n" for line in lines)


def _program(text: str) -> Program:
    program = from_text(f"program test\ndt 0.1\n\n{text}")
    verify(program)
    return program


def owner(program: Program) -> Population | Projection:
    """The projection, or the population where there is none."""
    return program.projections[0] if program.projections else program.populations[0]


def lines(program: Program) -> list[str]:
    """The lines of the owner, without its head."""
    text = to_text(program).rstrip("\n").split("\n\n")
    index = next(i for i, part in enumerate(text) if part.startswith(("projection", "population")))
    parts = [part for part in text[index:] if part.startswith("projection")] or [text[index]]
    return [line[2:] for line in parts[0].split("\n")[1:]]


def derived(program: Program) -> dict[str, str]:
    """Derived values of the owner as text."""
    return {d.name: expression_text(d.value) for d in owner(program).derived}
