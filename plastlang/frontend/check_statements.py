"""Statements of blocks: `if`, what spikes do, and what a sample may do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import assert_never

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.block_context import KEYWORD, Context
from plastlang.frontend.check_late import longest_time, within
from plastlang.frontend.check_ranking import Rankings
from plastlang.frontend.check_values import (
    SITE_WORDS,
    BrokenName,
    Place,
    Value,
    VariableName,
    nearest,
)
from plastlang.frontend.checked import Hold
from plastlang.frontend.dimensions import NUMBER, TIME
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
    Reduce,
    Sample,
    Stmt,
)
from plastlang.ir.types import VISIBLE, Site, Type, join
from plastlang.ir.walk import expressions, statements, walk


@dataclass(slots=True)
class Statements(Rankings):
    """Checks the blocks of one component."""

    _done: list[Stmt] = field(default_factory=list)  # by what stands before, in the outermost `if` under way

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
        outer, done = dict(self.elaborator.locals), len(self._done)
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
            if not context.inside:
                self.elaborator.pending.clear()
            taken = len(self.elaborator.pending)
            made_of = self._statement(statement, context)
            if not context.inside:
                result.extend(self.elaborator.pending)
            elif context.inside == "if":
                for reduce in self.elaborator.pending[taken:]:
                    self._taken_before(reduce)
                self._done.extend(made_of)
            result.extend(made_of)
            ended = context.inside == "sample" and (
                isinstance(statement, ast.PruneStatement | ast.GrowStatement) and statement.probability is None
            )
        for name, span in made:
            if name not in self.elaborator.used:
                self.elaborator.reporter.warn("W101", f"`{name}` is never used", span, "bound here")
        self.elaborator.locals = outer
        del self._done[done:]
        return tuple(result)

    def _taken_before(self, reduce: Stmt) -> None:
        """What is taken inside an `if` is taken before the outermost one: nothing there may come before it."""
        assert isinstance(reduce, Reduce)
        nodes = [n for expression in expressions(reduce) for n in walk(expression)]
        read = {n.name for n in nodes if isinstance(n, Local) or (isinstance(n, Read) and not n.of)}
        for statement in statements(self._done):
            match statement:
                case Let(name=name):
                    what, why = f"`{name}`", "this `if` binds"
                case Assign(name=name):
                    what, why = f"`{name}`", "this `if` changes"
                case If() | Deliver():
                    continue
                case _:
                    name, what, why = "", "the synapses", "this `if` changes"
            if name in read or not name:
                self.elaborator.reporter.error(
                    "P312",
                    f"`{reduce.kind}(...)` is taken before the `if`, and {why} {what} first",
                    reduce.span,
                    f"does not see the new {name or 'synapses'}",
                    "end the `if` before it, and bind it with `let` there",
                    ("what is taken over many synapses or neurons is computed once, for all branches",),
                )
                return

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
            case ast.PruneRankedStatement():
                return self._prune_ranked(node, context)
            case ast.GrowRankedStatement():
                return self._grow_ranked(node, context)
            case ast.GrowMatchedStatement():
                return self._grow_matched(node, context)
            case _:
                assert_never(node)

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
            names = " and ".join(sorted(KEYWORD[site] for site in sites))
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
        if node.after is None or node.longest is None:
            return (Deliver(value.expr, node.span),)
        after = e.real(node.after, context.place("the time after which is delivered"), TIME)
        longest = longest_time(e, node.longest, "the longest time")
        if after is None or longest is None:
            return ()
        return (Deliver(value.expr, node.span, within(after.expr, longest), longest),)

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
