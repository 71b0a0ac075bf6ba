"""Assignments and names in blocks: what may be written where, and the units of what is written."""

from __future__ import annotations

from dataclasses import dataclass, field

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.block_context import KEYWORD, Context
from plastlang.frontend.builtins import RESERVED, builtin_of
from plastlang.frontend.check_expressions import Elaborator
from plastlang.frontend.check_names import dotted
from plastlang.frontend.check_values import (
    SITE_WORDS,
    BrokenName,
    KnownName,
    LetName,
    ParameterName,
    Value,
    VariableName,
    nearest,
)
from plastlang.frontend.checked import Hold
from plastlang.frontend.dimensions import NUMBER, Vector, to_dimension
from plastlang.ir.nodes import (
    Assign,
    Let,
    Local,
    Read,
    Stmt,
)
from plastlang.ir.types import VISIBLE, Site, Type


@dataclass(slots=True)
class Deferred:
    """An assignment whose target's unit is not yet known; it is judged when everything else has been seen."""

    name: str
    target: Vector
    value: Vector
    op: str
    span: Span | None

    @property
    def verb(self) -> str:
        """What is done with the value `{0}`, for a sentence that goes on with the target."""
        return {"+=": "add {0} to", "-=": "subtract {0} from"}.get(self.op, "give {0} to")


@dataclass(slots=True)
class Assignments:
    """Checks `let` and assignments in the blocks of one component."""

    elaborator: Elaborator
    holds: list[Hold] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    deferred: list[Deferred] = field(default_factory=list)
    deliver: Vector | None = None
    _names: set[str] = field(default_factory=set)

    def _misplaced(self, what: str, span: Span | None, context: Context, hint: str) -> tuple[Stmt, ...]:
        self.elaborator.reporter.error("P304", f"{what} cannot stand in {context.title}", span, "not here", hint)
        return ()

    # ------------------------------------------------------------ names

    def _declare_local(self, name: str, span: Span | None, context: Context) -> str:
        """The name that the local has in the block: distinct from those of other branches."""
        e = self.elaborator
        if name in e.locals or name in e.entries:
            e.reporter.error("P204", f"`{name}` is declared already", span, "declared again", "choose another name")
        elif name in RESERVED[context.kind]:
            e.reporter.error("P206", f"`{name}` is built in", span, "cannot be declared", "choose another name")
        unique, count = name, 1
        while unique in self._names:
            count += 1
            unique = f"{name}_{count}"
        self._names.add(unique)
        return unique

    def visible(self, value: Value, site: Site, what: str) -> bool:
        """Reports what of the last expression cannot be seen at `site`."""
        if value.site in VISIBLE[site] or (site is Site.SYNAPSE):
            return True
        e = self.elaborator
        for found, span, name in e.trail:
            if found not in VISIBLE[site]:
                e.reporter.error(
                    "P301",
                    f"{what} cannot depend on `{name}`",
                    span,
                    f"one value for {SITE_WORDS[found]}",
                    "",
                    (f"{what} has one value for {SITE_WORDS[site]}",),
                )
                return False
        e.reporter.error("P301", f"{what} cannot depend on this", None)
        return False

    # ------------------------------------------------------------ plain statements

    def _let(self, node: ast.LetStatement, context: Context) -> tuple[Stmt, ...]:
        e = self.elaborator
        value = e.elaborate(node.value, context.place("a `let`"))
        name = self._declare_local(node.name, node.span, context)
        if value is None:
            e.locals[node.name] = None
            return ()
        site = context.settle(value.site)
        e.locals[node.name] = Value(Local(name, value.type), value.vector, site, None, False, value.state)
        return (Let(name, value.expr, site, node.span),)

    def _assignment(self, node: ast.Assignment, context: Context) -> tuple[Stmt, ...]:
        e = self.elaborator
        if context.inside == "sample":
            e.elaborate(node.value, context.place("an assignment"))
            return self._misplaced(
                "an assignment", node.span, context, "a sample decides; assign in the body of `grow`, or use `let`"
            )
        target = self._target(node, context)
        value = e.elaborate(node.value, context.place("an assignment"))
        if target is None or value is None:
            return ()
        self.written.add(target.name)
        if value.type is Type.BOOL:
            e.as_type(value, Type.REAL, node.value.span, "")
            return ()
        if not self.visible(value, target.site, f"`{target.name}`"):
            return ()
        if node.op in ("*=", "/="):
            if not e.unifier.unify(value.vector, NUMBER):
                e.report_unit(
                    node.value.span,
                    f"what `{target.name}` is multiplied with must be a number without a unit",
                    value.vector,
                )
                return ()
        elif not self._same_unit(target, value, node):
            return ()
        if node.op != "=":
            old = Value(Read(target.name, target.site, target.type), target.vector, target.site, state=True)
            value = e.arithmetic(node.op[0], old, value, target.vector)
        typed = e.as_type(value, target.type, node.value.span, f"`{target.name}`")
        return () if typed is None else (Assign(target.name, typed.expr, target.site, node.span),)

    def _same_unit(self, target: VariableName, value: Value, node: ast.Assignment) -> bool:
        e = self.elaborator
        known = e.unifier.resolve(target.vector)
        item = Deferred(target.name, target.vector, e.unifier.resolve(value.vector), node.op, node.value.span)
        if any(atom.startswith("?") and atom not in e.unifier.kept for atom, _ in known):
            self.deferred.append(item)
            return True
        return self._judge(item)

    def _judge(self, item: Deferred) -> bool:
        e = self.elaborator
        if e.unifier.unify(item.target, item.value):
            return True
        want, got = to_dimension(e.unifier.close(item.target)), to_dimension(e.unifier.close(item.value))
        hint = ""
        if not got.symbol and not got.variable and want.symbol:
            hint = f"give the number a unit: `... {want.symbol}`"
        elif not want.symbol and not want.variable and got.symbol:
            wherever = f"give `{item.name}` the unit {got.symbol} wherever it gets a value"
            hint = f"divide by a value of the same unit, or {wherever}"
        e.reporter.error(
            "P401",
            f"cannot {item.verb.format(e.say(item.value))} `{item.name}`, which is {e.say(item.target)}",
            item.span,
            f"this is {e.say(item.value)}",
            hint,
        )
        return False

    def settle_units(self) -> None:
        """Judges the deferred assignments, those of pure numbers first: they say what their target is."""
        e = self.elaborator
        order = sorted(self.deferred, key=lambda item: bool(e.unifier.resolve(item.value)))
        for item in order:
            self._judge(item)

    def _target(self, node: ast.Assignment, context: Context) -> VariableName | None:
        e = self.elaborator
        target = node.target
        if not isinstance(target, ast.Name):
            self._odd_target(node, context)
            return None
        name = target.name
        if name in e.locals:
            e.used.add(name)
            e.reporter.error(
                "P302",
                f"`{name}` is bound by `let` and cannot be changed",
                target.span,
                "cannot be written",
                "choose a new name with `let`, or declare a variable",
            )
            return None
        match e.entries.get(name):
            case VariableName() as variable:
                return variable if self._writable(variable, target.span, context) else None
            case ParameterName():
                hint = f"declare a variable instead: `{KEYWORD[context.writes[0]]} {name} = ...`"
                e.reporter.error(
                    "P302", f"`{name}` is a parameter and cannot be written", target.span, "a parameter", hint
                )
            case LetName():
                e.reporter.error(
                    "P302", f"`{name}` is a name for an expression and cannot be written", target.span, "a `let`"
                )
            case BrokenName():
                pass
            case KnownName() | None:
                self._unknown_target(name, target.span, context)
        return None

    def _odd_target(self, node: ast.Assignment, context: Context) -> None:
        path = dotted(node.target)
        head = path.partition(".")[0]
        reporter = self.elaborator.reporter
        if isinstance(node.target, ast.Before):
            reporter.error("P302", "a value before this step cannot be written", node.target.span, "cannot be written")
        elif head in ("pre", "post") and context.kind == "rule":
            builtin = builtin_of("rule", path) is not None
            hint = (
                ""
                if builtin
                else "a rule reaches neurons by `deliver`; state of its own is declared with `pre` or `post`"
            )
            reporter.error(
                "P302",
                f"a rule cannot write `{path}`",
                node.target.span,
                "built in" if builtin else "belongs to the neuron",
                hint,
            )
        else:
            reporter.error("P302", "this cannot be written", node.target.span, "not a variable")

    def _unknown_target(self, name: str, span: Span | None, context: Context) -> None:
        e = self.elaborator
        if name in e.broken or name in e.unknown:
            return
        if name in e.consts or builtin_of(context.kind, name) is not None or name in RESERVED[context.kind]:
            what = "a constant" if name in e.consts else "built in"
            e.reporter.error("P302", f"`{name}` is {what} and cannot be written", span, what)
            return
        near = nearest(name, [entry for entry, kind in e.entries.items() if isinstance(kind, VariableName)])
        end = {"pre spike": "pre", "post spike": "post"}.get(
            context.trigger, "state" if context.kind == "neuron" else "synapse"
        )
        hint = f"did you mean `{near}`?" if near else f"declare it: `{end} {name} = 0`"
        e.unknown.add(name)
        e.reporter.error("P202", f"`{name}` is not declared", span, "nothing comes into being by assignment", hint)

    def _writable(self, variable: VariableName, span: Span | None, context: Context) -> bool:
        reporter = self.elaborator.reporter
        if variable.site is Site.PAIR:
            reporter.error(
                "P302",
                f"`{variable.name}` is a constant of the pair and cannot be written",
                span,
                "declared with `pair`",
                f"declare it with `synapse {variable.name} = ...`",
            )
            return False
        if variable.site in context.writes:
            return True
        allowed = " and ".join(KEYWORD[site] for site in context.writes)
        hint = ""
        if context.inside == "grow":
            hint = "the body of `grow` sets up the new synapse"
        elif context.late:
            hint = f"declare it with `synapse {variable.name} = ...`, or let the delay be that of the neuron"
        elif variable.site in (Site.PRE, Site.POST) and context.trigger.endswith("spike"):
            hint = f"write it in `on {KEYWORD[variable.site]} spike`"
        elif variable.site is Site.GLOBAL:
            hint = "write it in `each step`, `every ...` or a signal block"
        notes: tuple[str, ...] = ()
        if context.late:
            notes = ("the spike comes to each synapse at a time of its own, and the neuron has none of them",)
        elif context.trigger.endswith("spike") and context.inside != "grow":
            notes = (
                f"{context.title} writes {allowed} variables only, so that the order of spikes in a step cannot matter",
            )
        reporter.error(
            "P303",
            f"{context.title} cannot write `{variable.name}`",
            span,
            f"declared with `{KEYWORD[variable.site]}`",
            hint,
            notes,
        )
        return False
