"""Structural statements that choose by rank or by matching, and what all structural statements need."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.block_context import Context
from plastlang.frontend.check_assignments import Assignments
from plastlang.frontend.dimensions import NUMBER
from plastlang.ir.nodes import Const, Draw, Expr, GrowMatched, GrowRanked, PruneRanked, Stmt
from plastlang.ir.types import Site

_PER = {"": Site.GLOBAL, "pre": Site.PRE, "post": Site.POST}


@dataclass(slots=True)
class Rankings(Assignments):
    """Checks `prune N synapses ...`, `grow N pairs with ...` and `grow by matching ...`."""

    @abstractmethod
    def _body(self, body: tuple[ast.Statement, ...], context: Context) -> tuple[Stmt, ...]:
        """The statements of a body."""

    def _structural(self, what: str, span: Span | None, context: Context) -> bool:
        if (
            context.kind != "rule"
            or context.trigger in ("pre spike", "post spike", "spike")
            or context.inside in ("sample", "grow")
        ):
            self._misplaced(what, span, context, "write it in `each step`, `every ...` or a signal block of a rule")
            return False
        return True

    def _global(self, node: ast.Expression, what: str, context: Context) -> Expr | None:
        value = self.elaborator.whole(node, context.place(what))
        return value.expr if value is not None and self.visible(value, Site.GLOBAL, what) else None

    def _probability(self, node: ast.Expression | None, context: Context) -> tuple[bool, Expr | None]:
        if node is None:
            return True, None
        value = self.elaborator.real(node, context.place("a probability"), NUMBER)
        return value is not None, value.expr if value else None

    # ------------------------------------------------------------ by rank

    def _counted(self, node: ast.Expression, site: Site, what: str, context: Context) -> Expr | None:
        value = self.elaborator.whole(node, context.place(what))
        return value.expr if value is not None and self.visible(value, site, what) else None

    def _prune_ranked(self, node: ast.PruneRankedStatement, context: Context) -> tuple[Stmt, ...]:
        if not self._structural("`prune ... synapses`", node.span, context):
            return ()
        per = _PER[node.per]
        count = self._counted(node.count, per, "the number of synapses", context)
        key: Expr | None = None
        if node.key is None:
            key = Draw("uniform", (Const(0.0), Const(1.0)), self.elaborator.next_draw())
        else:
            value = self.elaborator.real(node.key, context.place("what the synapses are compared by"))
            key = None if value is None else value.expr
        if count is None or key is None:
            return ()
        return (PruneRanked(count, key, node.order == "largest", per, node.span),)

    def _grow_ranked(self, node: ast.GrowRankedStatement, context: Context) -> tuple[Stmt, ...]:
        if not self._structural("`grow ... pairs`", node.span, context):
            return ()
        per = _PER[node.per]
        count = self._counted(node.count, per, "the number of pairs", context)
        place = replace(context.place("what absent pairs are compared by"), absent=True)
        key = self.elaborator.real(node.key, place)
        init = self._body(node.body, replace(context, inside="grow"))
        if count is None or key is None:
            return ()
        return (GrowRanked(count, key.expr, node.order == "largest", per, init, node.span),)

    # ------------------------------------------------------------ by matching

    def _grow_matched(self, node: ast.GrowMatchedStatement, context: Context) -> tuple[Stmt, ...]:
        if not self._structural("`grow by matching`", node.span, context):
            return ()
        axonal = self._counted(node.axonal, Site.PRE, "the number of axonal elements", context)
        dendritic = self._counted(node.dendritic, Site.POST, "the number of dendritic elements", context)
        purpose = self.elaborator.next_draw()
        chance: Expr | None = None
        fine = True
        if node.probability is not None:
            place = replace(context.place("a probability"), absent=True)
            value = self.elaborator.real(node.probability, place, NUMBER)
            fine, chance = value is not None, value.expr if value else None
        init = self._body(node.body, replace(context, inside="grow"))
        if axonal is None or dendritic is None or not fine:
            return ()
        return (GrowMatched(axonal, dendritic, chance, init, purpose, node.span),)
