"""The derived values of one owner: what depends on parameters and dt only, and so is computed once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from plastlang.ir.nodes import Binary, Builtin, Call, Cast, Const, Derived, DerivedValue, Draw, Expr, Param, Unary
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import children, map_children, walk
from plastlang.symbolic.build import ONE, divide, multiply

_INEXACT = ("floor", "ceil", "round", "sign")  # a last bit changes their result by a whole number


class Constants:
    """Collects derived values; equal expressions get one name.

    Args:
        parameters: the site of each parameter of the owner.
        taken: names that a derived value may not have.
    """

    def __init__(self, parameters: Mapping[str, Site], taken: Iterable[str]) -> None:
        self._parameters = parameters
        self._taken = set(taken)
        self._names: dict[Expr, Derived] = {}
        self._sites: dict[str, Site] = {}
        self._values: list[DerivedValue] = []

    def copy(self) -> Constants:
        """The same so far; what is derived from then on is not shared."""
        twin = Constants(self._parameters, self._taken)
        twin._names, twin._sites, twin._values = dict(self._names), dict(self._sites), list(self._values)
        return twin

    @property
    def values(self) -> tuple[DerivedValue, ...]:
        """In an order in which each uses earlier ones only."""
        return tuple(self._values)

    def is_constant(self, expression: Expr) -> bool:
        """Whether it depends on parameters and dt only."""
        return all(_constant_leaf(e) for e in walk(expression) if not children(e)) and not _draws(expression)

    def derive(self, expression: Expr, name: str) -> Expr:
        """A reference to the value of a constant expression, called `name` or something close to it."""
        if not children(expression):
            return expression
        known = self._names.get(expression)
        if known is not None:
            return known
        unique, number = f"_{name}", 1
        while unique in self._taken:
            number += 1
            unique = f"_{name}_{number}"
        self._taken.add(unique)
        reference = Derived(unique, expression.type)
        site = self._site(expression)
        self._names[expression] = reference
        self._sites[unique] = site
        self._values.append(DerivedValue(unique, expression, site))
        return reference

    def hoist(self, expression: Expr, name: str) -> Expr:
        """The expression with its largest constant parts derived, and division by a constant made a multiplication.

        Inside floor, round, comparisons and the like a division stays, since there its last bit can matter.
        """
        return self._hoist(expression, name, exact=False)

    def _hoist(self, expression: Expr, name: str, exact: bool) -> Expr:
        if self.is_constant(expression) and expression.type is Type.REAL:
            return self.derive(expression, f"{name}_c") if _has_parameter(expression) else expression
        match expression:
            case Binary(op="/", left=left, right=right) if not exact and self.is_constant(right):
                factor = self.derive(divide(ONE, right), f"{name}_per_{_word(right)}")
                return multiply(self._hoist(left, name, exact), factor)
            case Binary(op=op) if op in ("%", "<", "<=", ">", ">=", "==", "!="):
                exact = True
            case Call(function=function) if function in _INEXACT:
                exact = True
            case Cast():
                exact = True
            case _:
                pass
        return map_children(expression, lambda child: self._hoist(child, name, exact))

    def _site(self, expression: Expr) -> Site:
        for leaf in walk(expression):
            if isinstance(leaf, Param) and self._parameters[leaf.name] is Site.NEURON:
                return Site.NEURON
            if isinstance(leaf, Derived) and self._sites[leaf.name] is Site.NEURON:
                return Site.NEURON
        return Site.GLOBAL


def _constant_leaf(leaf: Expr) -> bool:
    match leaf:
        case Const() | Param() | Derived() | Builtin(name="dt"):
            return True
        case _:
            return False


def _draws(expression: Expr) -> bool:
    return any(isinstance(e, Draw) for e in walk(expression))


def _has_parameter(expression: Expr) -> bool:
    return any(isinstance(e, Param | Derived | Builtin) for e in walk(expression))


def _word(expression: Expr) -> str:
    """A short name for a divisor."""
    match expression:
        case Param(name=name) | Derived(name=name):
            return name.rpartition(".")[2].lstrip("_")
        case Unary(value=value):
            return _word(value)
        case _:
            return "k"
