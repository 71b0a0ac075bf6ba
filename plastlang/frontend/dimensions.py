"""Algebra and inference of physical dimensions: exponent vectors over a few bases, unified as an Abelian group.

A vector maps an atom to its exponent. Atoms are the bases of the coherent system (docs/numerics.md) and, marked with a
leading `?`, open dimensions that any unit may fill.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

from plastlang.frontend.checked import Dimension

Vector = tuple[tuple[str, Fraction], ...]

#: Bases of the coherent system, in the order in which they are written.
BASES = ("ms", "um", "ng", "pA", "K", "fmol", "cd")

NUMBER: Vector = ()
TIME: Vector = (("ms", Fraction(1)),)

#: Names for common vectors: (name, exponents of ms, um, ng, pA). mV = ng um^2 ms^-3 pA^-1, and so on.
_NAMED: tuple[tuple[str, tuple[int, int, int, int]], ...] = (
    ("ms", (1, 0, 0, 0)),
    ("mV", (-3, 2, 1, -1)),
    ("nS", (3, -2, -1, 2)),
    ("pA", (0, 0, 0, 1)),
    ("pF", (4, -2, -1, 2)),
    ("GOhm", (-3, 2, 1, -2)),
    ("fC", (1, 0, 0, 1)),
    ("um", (0, 1, 0, 0)),
)


def make(exponents: dict[str, Fraction]) -> Vector:
    """The canonical vector of a mapping."""
    return tuple(sorted((atom, power) for atom, power in exponents.items() if power))


def multiply(a: Vector, b: Vector, power: Fraction | int = 1) -> Vector:
    """a * b ** power."""
    if not b:
        return a
    exponents = dict(a)
    for atom, exponent in b:
        exponents[atom] = exponents.get(atom, Fraction(0)) + exponent * power
    return make(exponents)


def divide(a: Vector, b: Vector) -> Vector:
    return multiply(a, b, -1)


def raised(a: Vector, power: Fraction | int) -> Vector:
    return tuple((atom, exponent * power) for atom, exponent in a) if power else ()


def _named_vectors() -> dict[Vector, str]:
    return {make(dict(zip(BASES, map(Fraction, powers), strict=False))): name for name, powers in _NAMED}


_NAMES = _named_vectors()
_VECTORS = {name: vector for vector, name in _NAMES.items()} | {base: ((base, Fraction(1)),) for base in BASES}


def _factor(name: str, power: Fraction) -> str:
    return name if power == 1 else f"{name} ** {power}" if power.denominator == 1 else f"{name} ** ({power})"


def _product(factors: list[tuple[str, Fraction]]) -> str:
    above = [_factor(name, power) for name, power in factors if power > 0]
    below = [_factor(name, -power) for name, power in factors if power < 0]
    if not above and not below:
        return ""
    return " / ".join([" * ".join(above) or "1", *below])


@cache
def _symbol(vector: Vector) -> str:
    """A short unit string for a closed vector: a named unit times powers of ms or um where there is one."""
    if not vector or vector in _NAMES:
        return _NAMES.get(vector, "")
    best: list[tuple[str, Fraction]] | None = None
    for named, name in _NAMES.items():
        for power in (1, 2, -1, -2):
            rest = divide(vector, raised(named, power))
            if len(rest) <= 1 and all(atom in ("ms", "um", "K", "fmol") for atom, _ in rest):
                candidate = [(name, Fraction(power)), *rest]
                if best is None or _weight(candidate) < _weight(best):
                    best = candidate
    if best is None:
        best = [(atom, dict(vector)[atom]) for atom in BASES if atom in dict(vector)]
    return _product(best)


def _weight(factors: list[tuple[str, Fraction]]) -> tuple[int, Fraction, bool]:
    return len(factors), sum((abs(power) for _, power in factors), Fraction(0)), factors[0][1] < 0


def to_dimension(vector: Vector) -> Dimension:
    """The dimension to hand out; `symbol` holds its closed part, `variable` its open part."""
    closed = tuple(pair for pair in vector if not pair[0].startswith("?"))
    opened = [(atom[1:], power) for atom, power in vector if atom.startswith("?")]
    return Dimension(_symbol(closed), _product(opened))


def _read(text: str, prefix: str) -> Vector:
    vector: Vector = ()
    if not text:
        return vector
    for position, part in enumerate(text.split(" / ")):
        for item in part.split(" * "):
            name, _, power = item.partition(" ** ")
            if name != "1":
                exponent = Fraction(power.strip("()")) if power else Fraction(1)
                atom = ((prefix + name, Fraction(1)),) if prefix else _VECTORS[name]
                vector = multiply(vector, atom, -exponent if position else exponent)
    return vector


@cache
def from_dimension(dimension: Dimension) -> Vector:
    """The inverse of `to_dimension`."""
    return multiply(_read(dimension.symbol, ""), _read(dimension.variable, "?"))


def spoken(vector: Vector) -> str:
    """The vector in a sentence: "a time (ms)", "a number without a unit", "mV / ms"."""
    match vector:
        case ():
            return "a number without a unit"
        case (("ms", power),) if power == 1:
            return "a time (ms)"
        case (("ms", power),) if power == -1:
            return "a rate (1 / ms)"
    dimension = to_dimension(vector)
    if not dimension.variable:
        names = {
            "mV": "a voltage",
            "nS": "a conductance",
            "pA": "a current",
            "pF": "a capacitance",
            "um": "a length",
            "GOhm": "a resistance",
            "fC": "a charge",
        }
        name = names.get(dimension.symbol)
        return f"{name} ({dimension.symbol})" if name else dimension.symbol
    opened = f"the unit of {dimension.variable}"
    return f"{opened} times {dimension.symbol}" if dimension.symbol else opened


@dataclass(slots=True)
class Unifier:
    """Solves equations between vectors by elimination. `kept` are open dimensions to be eliminated last."""

    solved: dict[str, Vector] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    count: int = 0

    def fresh(self, name: str = "") -> Vector:
        """A new open dimension; a named one is kept open to the outside."""
        if name:
            self.kept.add("?" + name)
            return (("?" + name, Fraction(1)),)
        self.count += 1
        return ((f"?{self.count}", Fraction(1)),)

    def resolve(self, vector: Vector) -> Vector:
        """`vector` with everything known put in."""
        result: Vector = ()
        for atom, power in vector:
            known = self.solved.get(atom)
            result = multiply(result, self.resolve(known) if known is not None else ((atom, Fraction(1)),), power)
        return result

    def unify(self, a: Vector, b: Vector) -> bool:
        """Make a and b equal if that can be; False (and nothing changed) where it cannot."""
        difference = self.resolve(divide(a, b))
        if not difference:
            return True
        opened = [pair for pair in difference if pair[0].startswith("?")]
        if not opened:
            return False
        atom, power = min(opened, key=lambda pair: (pair[0] in self.kept, pair[0]))
        rest = tuple(pair for pair in difference if pair[0] != atom)
        self.solved[atom] = raised(rest, -1 / power)
        return True

    def is_open(self, vector: Vector) -> bool:
        return any(atom.startswith("?") for atom, _ in self.resolve(vector))

    def close(self, vector: Vector) -> Vector:
        """Resolved, with every open dimension that is not kept taken as a pure number."""
        return tuple(pair for pair in self.resolve(vector) if not pair[0].startswith("?") or pair[0] in self.kept)
