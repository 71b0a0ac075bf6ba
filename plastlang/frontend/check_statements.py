"""Statements of blocks: who may be written where, the site of each, and what a sample may do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import assert_never

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.builtins import RESERVED, builtin_of
from plastlang.frontend.check_expressions import Elaborator
from plastlang.frontend.check_names import dotted
from plastlang.frontend.check_values import (
    SITE_WORDS,
    BrokenName,
    KnownName,
    LetName,
    ParameterName,
    Place,
    Value,
    VariableName,
    nearest,
)
from plastlang.frontend.checked import Hold
from plastlang.frontend.dimensions import NUMBER, TIME, Vector, to_dimension
from plastlang.ir.nodes import (
    Assign,
    Deliver,
    Expr,
    GrowThis,
    GrowUniform,
    If,
    Let,
    Local,
    PruneThis,
    PruneWhere,
    Read,
    Sample,
    Stmt,
)
from plastlang.ir.types import VISIBLE, Site, Type, join

#: Sites that each kind of block writes, per kind of component.
WRITES: dict[tuple[str, str], tuple[Site, ...]] = {
    ("rule", "pre spike"): (Site.PRE, Site.SYNAPSE),
    ("rule", "post spike"): (Site.POST, Site.SYNAPSE),
    ("rule", "each step"): (Site.GLOBAL, Site.PRE, Site.POST, Site.SYNAPSE),
    ("rule", "every"): (Site.GLOBAL, Site.PRE, Site.POST, Site.SYNAPSE),
    ("rule", "signal"): (Site.GLOBAL, Site.PRE, Site.POST, Site.SYNAPSE),
    ("neuron", "spike"): (Site.NEURON,),
    ("neuron", "each step"): (Site.GLOBAL, Site.NEURON),
    ("neuron", "every"): (Site.GLOBAL, Site.NEURON),
    ("neuron", "signal"): (Site.GLOBAL, Site.NEURON),
}
_KEYWORD = {
    Site.GLOBAL: "global",
    Site.NEURON: "state",
    Site.PRE: "pre",
    Site.POST: "post",
    Site.SYNAPSE: "synapse",
    Site.PAIR: "pair",
}
_TITLES = {
    "pre spike": "`on pre spike`",
    "post spike": "`on post spike`",
    "each step": "`each step`",
    "every": "`every`",
    "signal": "a signal block",
    "spike": "a spike block",
}


@dataclass(frozen=True, slots=True)
class Context:
    """The block that a statement stands in. `inside`: "", "if", "sample", "grow"."""

    kind: str
    trigger: str
    inside: str = ""
    sample: str = ""
    connected: bool | None = None

    @property
    def title(self) -> str:
        return {"sample": "a sample", "grow": "the body of `grow`"}.get(self.inside, _TITLES[self.trigger])

    @property
    def writes(self) -> tuple[Site, ...]:
        return (Site.SYNAPSE,) if self.inside == "grow" else WRITES[self.kind, self.trigger]

    def place(self, what: str) -> Place:
        sample = self.sample if self.inside == "sample" else ""
        return Place(what, before=self.trigger in ("pre spike", "post spike"), sample=sample, connected=self.connected)

    def settle(self, site: Site) -> Site:
        """The site at which a statement that needs `site` runs in this block."""
        if self.inside == "grow":
            return Site.SYNAPSE
        if self.sample:
            return Site.SYNAPSE if self.connected else Site.PAIR
        if self.trigger in ("pre spike", "post spike"):
            end = Site.PRE if self.trigger == "pre spike" else Site.POST
            return end if site in (Site.GLOBAL, end) else Site.SYNAPSE
        if self.trigger == "spike":
            return Site.NEURON
        return Site.SYNAPSE if site is Site.PAIR else site


@dataclass(slots=True)
class Deferred:
    """An assignment whose target's unit is not yet known; it is judged when everything else has been seen."""

    name: str
    target: Vector
    value: Vector
    op: str
    span: Span | None


@dataclass(slots=True)
class Statements:
    """Checks the blocks of one component."""

    elaborator: Elaborator
    holds: list[Hold] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    deferred: list[Deferred] = field(default_factory=list)
    deliver: Vector | None = None
    _names: set[str] = field(default_factory=set)

    def block(
        self, body: tuple[ast.Statement, ...], context: Context, arguments: tuple[str, ...] = ()
    ) -> tuple[Stmt, ...]:
        """The statements of a whole block; `arguments` are those of a signal."""
        self._names = set(arguments)
        outer = self.elaborator.locals
        self.elaborator.locals = {name: Value(Local(name), self.elaborator.unifier.fresh()) for name in arguments}
        statements = self._body(body, context)
        self.elaborator.locals = outer
        return statements

    def _body(self, body: tuple[ast.Statement, ...], context: Context) -> tuple[Stmt, ...]:
        outer = dict(self.elaborator.locals)
        made: list[tuple[str, Span | None]] = []
        result: list[Stmt] = []
        ended = False
        for statement in body:
            if ended:
                self.elaborator.reporter.warn(
                    "W103", "this statement is never reached", statement.span, "after a sure `prune` or `grow`"
                )
                ended = False
            bound = statement.name if isinstance(statement, ast.LetStatement) else getattr(statement, "bind", "")
            if bound:
                self.elaborator.used.discard(bound)
                made.append((bound, statement.span))
            result.extend(self._statement(statement, context))
            ended = context.inside == "sample" and (
                isinstance(statement, ast.PruneStatement | ast.GrowStatement) and statement.probability is None
            )
        for name, span in made:
            if name not in self.elaborator.used:
                self.elaborator.reporter.warn("W101", f"`{name}` is never used", span, "bound here")
        self.elaborator.locals = outer
        return tuple(result)

    def _statement(self, node: ast.Statement, context: Context) -> tuple[Stmt, ...]:
        match node:
            case ast.LetStatement():
                return self._let(node, context)
            case ast.Assignment():
                return self._assignment(node, context)
            case ast.IfStatement():
                return self._if(node, context)
            case ast.DeliverStatement():
                return self._deliver(node, context)
            case ast.HoldStatement():
                return self._hold(node, context)
            case ast.PruneStatement():
                return self._prune(node, context)
            case ast.GrowStatement():
                return self._grow(node, context)
            case ast.SampleStatement():
                return self._sample(node, context)
            case _:
                assert_never(node)

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
        item = Deferred(target.name, target.vector, value.vector, node.op, node.value.span)
        if any(atom.startswith("?") and atom not in e.unifier.kept for atom, _ in known):
            self.deferred.append(item)
            return True
        return self._judge(item)

    def _judge(self, item: Deferred) -> bool:
        e = self.elaborator
        if e.unifier.unify(item.target, item.value):
            return True
        verb = {"+=": "add {0} to", "-=": "subtract {0} from"}.get(item.op, "give {0} to").format(e.say(item.value))
        want, got = to_dimension(e.unifier.close(item.target)), to_dimension(e.unifier.close(item.value))
        hint = ""
        if not got.symbol and not got.variable and want.symbol:
            hint = f"give the number a unit: `... {want.symbol}`"
        elif not want.symbol and not want.variable and got.symbol:
            hint = f"divide by a value of the same unit, or declare `{item.name}: {got.symbol}`"
        e.reporter.error(
            "P401",
            f"cannot {verb} `{item.name}`, which is {e.say(item.target)}",
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
        self.deferred.clear()

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
                hint = f"declare a variable instead: `{_KEYWORD[context.writes[0]]} {name} = ...`"
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
        allowed = " and ".join(_KEYWORD[site] for site in context.writes)
        hint = ""
        if context.inside == "grow":
            hint = "the body of `grow` sets up the new synapse"
        elif variable.site in (Site.PRE, Site.POST) and context.trigger.endswith("spike"):
            hint = f"write it in `on {_KEYWORD[variable.site]} spike`"
        elif variable.site is Site.GLOBAL:
            hint = "write it in `each step`, `every ...` or a signal block"
        reporter.error(
            "P303",
            f"{context.title} cannot write `{variable.name}`",
            span,
            f"declared with `{_KEYWORD[variable.site]}`",
            hint,
            (f"{context.title} writes {allowed} variables only, so that the order of spikes in a step cannot matter",)
            if context.trigger.endswith("spike") and context.inside != "grow"
            else (),
        )
        return False

    # ------------------------------------------------------------ if

    def _if(self, node: ast.IfStatement, context: Context) -> tuple[Stmt, ...]:
        e = self.elaborator
        if context.inside == "grow":
            return self._misplaced("`if`", node.span, context, "assign a conditional value: `x = a if c else b`")
        condition = e.condition(node.condition, context.place("what stands behind `if`"))
        trail = list(e.trail)
        yes, no = _connected(node.condition) if context.sample else (None, None)
        inner = context if context.inside else replace(context, inside="if")
        then = self._body(node.then, replace(inner, connected=context.connected if yes is None else yes))
        otherwise = self._body(node.otherwise, replace(inner, connected=context.connected if no is None else no))
        if condition is None:
            return ()
        if context.inside == "sample":
            return (If(condition.expr, then, otherwise, context.settle(Site.PAIR), node.span),)
        every = [*then, *otherwise]
        sites = {statement.site for statement in every if not isinstance(statement, Let)}
        if len(sites) > 1:
            names = " and ".join(sorted(_KEYWORD[site] for site in sites))
            e.reporter.error(
                "P305",
                "this `if` mixes statements of different places",
                node.span,
                names,
                "split it, one `if` for each place",
                (
                    "a statement runs once for each thing that it belongs to,"
                    " so all statements of an `if` must belong to the same",
                ),
            )
            return ()
        site = sites.pop() if sites else None
        if site is None:
            for statement in every:
                condition = replace(condition, site=join(condition.site, statement.site))
            site = context.settle(condition.site)
        e.trail = trail
        if not self.visible(condition, site, "this condition"):
            return ()
        for statement in every:
            if isinstance(statement, Let) and statement.site not in VISIBLE[site]:
                e.reporter.error(
                    "P305",
                    f"`{statement.name}` cannot be computed once for {SITE_WORDS[site]}",
                    statement.span,
                    f"one value for {SITE_WORDS[statement.site]}",
                    "split the `if`",
                )
                return ()
        return (If(condition.expr, _moved(then, site), _moved(otherwise, site), site, node.span),)

    # ------------------------------------------------------------ spikes

    def _deliver(self, node: ast.DeliverStatement, context: Context) -> tuple[Stmt, ...]:
        e = self.elaborator
        if (context.kind, context.trigger) != ("rule", "pre spike"):
            return self._misplaced("`deliver`", node.span, context, "deliver in `on pre spike` of a rule")
        value = e.real(node.value, context.place("what is delivered"))
        if value is None:
            return ()
        if self.deliver is None:
            self.deliver = value.vector
        elif not e.unifier.unify(self.deliver, value.vector):
            e.report_unit(node.span, f"this rule delivers {e.say(self.deliver)} elsewhere", value.vector)
            return ()
        return (Deliver(value.expr, node.span),)

    def _hold(self, node: ast.HoldStatement, context: Context) -> tuple[Stmt, ...]:
        e = self.elaborator
        if (context.kind, context.trigger) != ("neuron", "spike") or context.inside:
            return self._misplaced(
                "`hold`", node.span, context, "write it in the block of `spike when ...`, not inside `if`"
            )
        entry = e.entries.get(node.name)
        duration = e.real(node.duration, Place("the duration of `hold`", draws=False, state=False), TIME)
        if isinstance(entry, BrokenName) or (entry is None and node.name in e.broken):
            return ()
        if not isinstance(entry, VariableName) or entry.site is not Site.NEURON:
            near = nearest(node.name, [name for name, known in e.entries.items() if isinstance(known, VariableName)])
            e.reporter.error(
                "P202",
                f"`hold` needs a state variable, and `{node.name}` is none",
                node.span,
                "not a state variable",
                f"did you mean `{near}`?" if near and near != node.name else "",
            )
            return ()
        if node.name in self.held:
            e.reporter.error("P204", f"`{node.name}` is held twice", node.span)
            return ()
        self.held.add(node.name)
        if duration is not None and self.visible(duration, Site.NEURON, "the duration of `hold`"):
            self.holds.append(Hold(node.name, duration.expr))
        return ()

    # ------------------------------------------------------------ structure

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

    def _prune(self, node: ast.PruneStatement, context: Context) -> tuple[Stmt, ...]:
        e = self.elaborator
        if node.where is not None:
            if not self._structural("`prune where`", node.span, context):
                return ()
            condition = e.condition(node.where, context.place("the condition of `prune where`"))
            name = self._declare_local(node.bind, node.span, context) if node.bind else ""
            if node.bind:
                e.locals[node.bind] = Value(Local(name, Type.INT), NUMBER, state=True)
            return () if condition is None else (PruneWhere(condition.expr, name, node.span),)
        if context.inside != "sample":
            return self._misplaced(
                "plain `prune`", node.span, context, "write `prune where ...`, or use it inside `sample ...:`"
            )
        purpose = e.next_draw()
        fine, probability = self._probability(node.probability, context)
        if not context.connected:
            e.reporter.error(
                "P307",
                "there may be no synapse to prune here",
                node.span,
                "not inside `if connected:`",
                "write it inside `if connected:`",
            )
            return ()
        return (PruneThis(probability, purpose, node.span),) if fine else ()

    def _grow(self, node: ast.GrowStatement, context: Context) -> tuple[Stmt, ...]:
        e = self.elaborator
        body_context = replace(context, inside="grow")
        if node.count is not None:
            if not self._structural("`grow ... pairs uniformly`", node.span, context):
                return ()
            count = self._global(node.count, "the number of pairs", context)
            purpose = e.next_draw()
            init = self._body(node.body, replace(body_context, sample="", connected=None))
            return () if count is None else (GrowUniform(count, init, purpose, node.span),)
        if context.inside != "sample":
            return self._misplaced(
                "plain `grow`", node.span, context, "write `grow N pairs uniformly`, or use it inside `sample ...:`"
            )
        purpose = e.next_draw()
        fine = context.connected is False
        if not fine:
            e.reporter.error(
                "P307",
                "there may be a synapse already here",
                node.span,
                "not where nothing is connected",
                "write it in the `else:` of `if connected:`",
            )
        elif node.spiked and context.sample == "pair":
            e.reporter.error(
                "P307",
                "the sampled pair has its pre neuron already",
                node.span,
                "`from spiked pre` is not possible here",
                "leave `from spiked pre` out, or write `sample N slots of M per post:`",
            )
            fine = False
        ok, probability = self._probability(node.probability, context)
        caps: list[Expr | None] = []
        for cap in (node.max_per_post, node.max_per_pre):
            value = e.whole(cap, context.place("a cap of a degree")) if cap is not None else None
            ok = ok and (cap is None or value is not None)
            caps.append(value.expr if value else None)
        init = self._body(node.body, replace(body_context, connected=True))
        if not fine or not ok:
            return ()
        return (GrowThis(probability, init, "spiked" if node.spiked else "pair", purpose, caps[0], caps[1], node.span),)

    def _sample(self, node: ast.SampleStatement, context: Context) -> tuple[Stmt, ...]:
        e = self.elaborator
        if not self._structural("`sample`", node.span, context):
            return ()
        count = self._global(node.count, "the number of samples", context)
        slots = self._global(node.slots, "the number of slots", context) if node.slots is not None else None
        purpose = e.next_draw()
        kind = "pair" if node.slots is None else "slot"
        body = self._body(node.body, replace(context, inside="sample", sample=kind, connected=None))
        if count is None or (node.slots is not None and slots is None):
            return ()
        return (Sample(count, slots, body, purpose, node.span),)


def _connected(node: ast.Expression) -> tuple[bool | None, bool | None]:
    """What a condition says about `connected` where it holds and where it does not."""
    match node:
        case ast.Name(name="connected"):
            return True, False
        case ast.UnaryOp(op="not", value=value):
            yes, no = _connected(value)
            return no, yes
        case ast.BinaryOp(op="and", left=left, right=right):
            first, second = _connected(left)[0], _connected(right)[0]
            return first if first is not None else second, None
        case ast.BinaryOp(op="or", left=left, right=right):
            first, second = _connected(left)[1], _connected(right)[1]
            return None, first if first is not None else second
    return None, None


def _moved(statements: tuple[Stmt, ...], site: Site) -> tuple[Stmt, ...]:
    return tuple(replace(s, site=site) if isinstance(s, Let) else s for s in statements)
