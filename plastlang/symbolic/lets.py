"""Names for values that are computed in a step: equal values get one name."""

from __future__ import annotations

from plastlang.ir.nodes import Draw, Expr, Let, Local
from plastlang.ir.types import Site
from plastlang.ir.walk import children, rewrite


class Lets:
    """Collects the Lets of one site, in an order in which each uses earlier ones only."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._names: dict[Expr, Local] = {}
        self._taken: set[str] = set()
        self._statements: list[Let] = []

    @property
    def statements(self) -> tuple[Let, ...]:
        return tuple(self._statements)

    def bind(self, value: Expr, name: str) -> Expr:
        """A reference to the value, called `name` or something close to it. A leaf stands for itself."""
        if not children(value) and not isinstance(value, Draw):
            return value
        known = self._names.get(value)
        if known is not None:
            return known
        unique, number = f"{name}_", 1
        while unique in self._taken:
            number += 1
            unique = f"{name}_{number}_"
        self._taken.add(unique)
        local = Local(unique, value.type)
        self._names[value] = local
        self._statements.append(Let(unique, value, self._site))
        return local

    def bind_draws(self, expression: Expr) -> Expr:
        """The expression with every draw made once, before the step: it is constant during the step."""
        return rewrite(expression, lambda e: self.bind(e, f"draw_{e.kind}") if isinstance(e, Draw) else e)
