"""Sums, counts and the like over synapses or neurons: statements that stand before the one that uses them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.check_operators import Operators
from plastlang.frontend.check_values import SITE_WORDS, Place, Value, did_you_mean
from plastlang.frontend.dimensions import NUMBER
from plastlang.frontend.expression_text import expression_text
from plastlang.ir.nodes import Const, Expr, Local, Reduce, Stmt
from plastlang.ir.types import REDUCTIONS, VISIBLE, Site, Type

_OVER = {
    ("rule", "synapses"): Site.SYNAPSE,
    ("rule", "pre"): Site.PRE,
    ("rule", "post"): Site.POST,
    ("neuron", "neurons"): Site.NEURON,
}
_OF = {"": Site.GLOBAL, "pre": Site.PRE, "post": Site.POST}
_REMEDY = "bind it with `let` in `each step`, `every ...` or a signal block, outside of `sample` and `grow`"


@dataclass(slots=True)
class Aggregates(Operators):
    """Elaborates aggregates. `pending`: the statements that stand before the one under way."""

    pending: list[Stmt] = field(default_factory=list)
    aggregates: int = 0

    def _aggregate(self, node: ast.Aggregate, place: Place) -> Value | None:
        shown = f"`{expression_text(replace(node, call=replace(node.call, arguments=())))}`".replace("()", "(...)")
        over = self._reach(node, shown, place)
        if over is None:
            return None
        kept = list(self.trail)
        value = self._aggregated(node, replace(place, what=f"what {shown} is taken of"), over)
        self.trail[:] = kept
        if value is None:
            return None
        site, kind = _OF[node.of], node.call.function
        self.aggregates += 1
        name = f"{kind}.n{self.aggregates}"
        fraction = None
        if kind == "quantile":
            fraction = self._fraction(node, replace(place, what="the fraction of `quantile`", draws=False), shown)
            if fraction is None:
                return None
        statement = Reduce(name, kind, value.expr, over, site, node.span, fraction)
        self.pending.append(statement)
        self.trail.append((site, node.span, shown.strip("`")))
        vector = NUMBER if kind == "count" else value.vector
        return Value(Local(name, statement.type), vector, site, state=True)

    def _reach(self, node: ast.Aggregate, shown: str, place: Place) -> Site | None:
        """The site that the aggregate goes over; reports what makes it impossible here."""
        kind = node.call.function
        if kind not in REDUCTIONS:
            hint = did_you_mean(kind, REDUCTIONS) or "there are: " + ", ".join(REDUCTIONS)
            self.reporter.error("P212", f"`{kind}` cannot be taken over {node.over}", node.call.span, "unknown", hint)
            return None
        over = _OVER.get((self.kind, node.over))
        if over is None and self.kind in ("rule", "neuron"):
            known = ", ".join(f"`over {name}`" for component, name in _OVER if component == self.kind)
            hint = f"a {self.kind} has {known}"
            self.reporter.error("P212", f"a {self.kind} does not see {shown}", node.span, "not seen here", hint)
            return None
        if over is None or not place.aggregates:
            note = "what is taken over many synapses or neurons is computed once, before the statement that uses it"
            self.reporter.error("P311", f"{shown} cannot stand here", node.span, f"in {place.what}", _REMEDY, (note,))
            return None
        arguments = node.call.arguments
        many = 2 if kind == "quantile" else 1
        if len(arguments) != many or any(argument.name for argument in arguments):
            example = {"count": "count(w > 0)", "quantile": "quantile(0.9, w)"}.get(kind, f"{kind}(w)")
            takes = "a fraction and a value" if many == 2 else "one value"
            self.reporter.error("P209", f"{shown} takes {takes}", node.call.span, "", f"write for example `{example}`")
            return None
        return over

    def _aggregated(self, node: ast.Aggregate, place: Place, over: Site) -> Value | None:
        """The value for one instance, in the type that the aggregate needs."""
        argument = node.call.arguments[-1].value
        self.trail.clear()
        value = self.value(argument, replace(place, before=False))
        if value is None:
            return None
        if not self._seen(value, over, node.span):
            return None
        if node.call.function == "count":
            return self.as_type(value, Type.BOOL, argument.span, "what `count` counts")
        if value.type is Type.BOOL:
            self.reporter.error(
                "P405",
                f"`{node.call.function}` needs numbers, and this is a condition",
                argument.span,
                "a condition",
                "count where it holds with `count(...)`",
            )
            return None
        if value.integer is not None or node.call.function in ("mean", "quantile"):
            return self.as_type(value, Type.REAL, argument.span, "")
        return value

    def _fraction(self, node: ast.Aggregate, place: Place, shown: str) -> Expr | None:
        """How large a part is not above the quantile: one number for all."""
        argument = node.call.arguments[0].value
        kept = list(self.trail)
        self.trail.clear()
        value = self.as_type(self.value(argument, place), Type.REAL, argument.span, place.what)
        seen = value is not None and self._one(value, argument.span)
        self.trail[:] = kept
        if value is None or not seen:
            return None
        if not self.unifier.unify(value.vector, NUMBER):
            self.report_unit(argument.span, f"{place.what} must be a number", value.vector)
            return None
        if isinstance(value.expr, Const) and not 0 <= value.expr.value <= 1:
            hint = f"write for example `{shown.strip('`').replace('...', '0.9, w')}`"
            self.reporter.error("P407", f"{place.what} lies between 0 and 1", argument.span, "outside", hint)
            return None
        return value.expr

    def _one(self, value: Value, span: Span | None) -> bool:
        """Whether a fraction has one value for all."""
        if value.site is Site.GLOBAL:
            return True
        found = [part for part in self.trail if part[0] is not Site.GLOBAL]
        site, where, name = found[0] if found else (value.site, span, "this")
        message = f"the fraction of `quantile` cannot depend on `{name}`"
        self.reporter.error("P301", message, where, f"one value for {SITE_WORDS[site]}", "give one number for all")
        return False

    def _seen(self, value: Value, over: Site, span: Span | None) -> bool:
        if value.site in VISIBLE[over]:
            return True
        found = [part for part in self.trail if part[0] not in VISIBLE[over]]
        site, where, name = found[0] if found else (value.site, span, "this")
        self.reporter.error(
            "P301",
            f"what is taken over {SITE_WORDS[over].removeprefix('each ')}s cannot depend on `{name}`",
            where,
            f"one value for {SITE_WORDS[site]}",
        )
        return False
