"""Are the statements of a block well formed, and may they stand there?"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import assert_never

from plastlang.ir.delays import Spike, is_per_synapse
from plastlang.ir.nodes import (
    Assign,
    Block,
    Deliver,
    EachStep,
    Every,
    Expr,
    GrowMatched,
    GrowRanked,
    GrowThis,
    GrowUniform,
    If,
    Let,
    PostSpike,
    PreSpike,
    Projection,
    PruneRanked,
    PruneThis,
    PruneWhere,
    Reduce,
    Sample,
    Signal,
    Stmt,
)
from plastlang.ir.types import REDUCTIONS, VISIBLE, Site, Type
from plastlang.ir.verify_expression import Names, Place, VerifyError, check_expression, connected_when

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
CLOSED = Place("", frozenset({Site.GLOBAL, Site.NEURON}), draws=False, reads="none", closed=True)


@dataclass(frozen=True, slots=True)
class Body:
    """Where statements stand: what they may write and do. `where` begins every message."""

    names: Names
    place: Place
    statements: frozenset[Site]  # sites of assignments
    purposes: dict[int, str]
    input_sum: bool = False
    deliver: bool = False
    structure: bool = False
    reduce: bool = False
    lazy_writes: bool = True
    locals: dict[str, tuple[Type, Site]] = field(default_factory=dict)

    def inside(self) -> Body:
        """The same with a copy of the names bound so far."""
        return replace(self, locals=dict(self.locals))


def check_block(block: Block, base: Body) -> None:
    """The body of a block, in what its trigger allows."""
    where = base.place.where
    projection = isinstance(base.names.owner, Projection)
    trigger = block.trigger
    match trigger:
        case PreSpike():
            body = replace(base, statements=frozenset({Site.PRE, Site.SYNAPSE}), deliver=True)
            place = "on pre spike"
            _late(block, trigger, base, f"{where}, {place}")
        case PostSpike():
            body = replace(base, statements=frozenset({Site.POST, Site.SYNAPSE}))
            place = "on post spike"
            _late(block, trigger, base, f"{where}, {place}")
        case EachStep():
            body, place = replace(base, structure=projection, reduce=True), "each step"
        case Every(period=period):
            place = "every"
            check_expression(period, base.names, replace(CLOSED, where=f"{where}, every"), {}, {})
            if period.type is not Type.REAL:
                raise VerifyError(f"{where}, every: a period of type {period.type}")
            body = replace(base, structure=projection, reduce=True)
        case Signal(name=name, arguments=arguments):
            place = f"on {name}"
            check_unique(f"{where}, {place}", "argument", arguments)
            check_names(f"{where}, {place}", [name, *arguments])
            bound = dict.fromkeys(arguments, (Type.REAL, Site.GLOBAL))
            body = replace(base, structure=projection, reduce=True, locals=bound)
        case _:
            assert_never(trigger)
    check_statements(block.body, replace(body.inside(), place=replace(base.place, where=f"{where}, {place}")))


def _late(block: Block, trigger: Spike, base: Body, where: str) -> None:
    """The delay behind a spike."""
    longest = trigger.longest
    if not (math.isfinite(longest) and longest >= 0):
        raise VerifyError(f"{where}: after at most {longest} ms")
    if trigger.after is None:
        return
    place = replace(base.place, where=f"{where}, after", draws=False)
    check_typed(trigger.after, Type.INT, replace(base, place=place), {}, Site.SYNAPSE)
    for statement in block.body if is_per_synapse(trigger) else ():
        if statement.site not in (Site.SYNAPSE, Site.PAIR):
            raise VerifyError(f"{where}: a {statement.site} statement where each synapse has a delay of its own")


def check_statements(body: Iterable[Stmt], context: Body) -> None:
    """A list of statements; names that it binds end with it."""
    context = context.inside()
    for statement in body:
        _statement(statement, context)


def _statement(statement: Stmt, context: Body) -> None:
    where, names = context.place.where, context.names
    match statement:
        case Let(name=name, value=value, site=site):
            _check(value, context, site)
            _bind(name, value.type, site, context)
        case Assign(name=name, value=value, site=site):
            variable = names.variables.get(name)
            if variable is None:
                raise VerifyError(f"{where}: there is no variable {name} to assign to")
            if variable.site is not site or site not in context.statements:
                raise VerifyError(f"{where}: {variable.site} variable {name} is assigned at site {site}")
            if not context.lazy_writes and name in names.lazy:
                raise VerifyError(f"{where}: the lazy variable {name} is stepped")
            _check(value, context, site)
            if value.type is not variable.type:
                raise VerifyError(f"{where}: {name} of type {variable.type} is given a value of type {value.type}")
        case If(condition=condition, then=then, otherwise=otherwise, site=site):
            check_typed(condition, Type.BOOL, context, context.locals, site)
            for branch in (then, otherwise):
                for inner in branch:
                    if inner.site is not site:
                        raise VerifyError(f"{where}: a {inner.site} statement inside an if at {site}")
                check_statements(branch, replace(context, reduce=False))
        case Deliver(value=value, after=after, longest=longest):
            if not context.deliver or not isinstance(names.owner, Projection) or not names.owner.port:
                raise VerifyError(f"{where}: deliver where nothing can be delivered")
            check_typed(value, Type.REAL, context, context.locals, Site.SYNAPSE)
            if not (math.isfinite(longest) and longest >= 0) or (after is None and longest):
                raise VerifyError(f"{where}: deliver after at most {longest} ms")
            if after is not None:
                check_typed(after, Type.INT, context, context.locals, Site.SYNAPSE)
        case Reduce():
            _reduce(statement, context)
        case PruneWhere(condition=condition, bind=bind):
            _structural(statement, Site.GLOBAL, context)
            check_typed(condition, Type.BOOL, context, context.locals, Site.SYNAPSE)
            if bind:
                _bind(bind, Type.INT, Site.GLOBAL, context)
        case GrowUniform(count=count, init=init, purpose=purpose):
            _structural(statement, Site.GLOBAL, context)
            claim_purpose(purpose, where, context.purposes)
            check_typed(count, Type.INT, context, context.locals, Site.GLOBAL)
            _initial(init, context)
        case PruneRanked():
            _ranked(statement, Site.SYNAPSE, context)
        case GrowRanked(init=init):
            _ranked(statement, Site.PAIR, context)
            _initial(init, context)
        case GrowMatched(axonal=axonal, dendritic=dendritic, probability=probability, init=init, purpose=purpose):
            _structural(statement, Site.GLOBAL, context)
            claim_purpose(purpose, where, context.purposes)
            check_typed(axonal, Type.INT, context, context.locals, Site.PRE)
            check_typed(dendritic, Type.INT, context, context.locals, Site.POST)
            if probability is not None:
                check_typed(probability, Type.REAL, context, context.locals, Site.PAIR)
            _initial(init, context)
        case Sample(count=count, slots=slots, body=body, purpose=purpose):
            _structural(statement, Site.GLOBAL, context)
            claim_purpose(purpose, where, context.purposes)
            for number in (count, slots):
                if number is not None:
                    check_typed(number, Type.INT, context, context.locals, Site.GLOBAL)
            sample = replace(context.inside(), place=replace(context.place, visible=VISIBLE[Site.PAIR], connected=True))
            _sample_body(body, sample, slots is not None)
        case PruneThis() | GrowThis():
            raise VerifyError(f"{where}: {type(statement).__name__} outside a sample")
        case _:
            assert_never(statement)


def _reduce(statement: Reduce, context: Body) -> None:
    where, over, site, kind = context.place.where, statement.over, statement.site, statement.kind
    if not context.reduce:
        raise VerifyError(f"{where}: Reduce is not allowed here")
    population = not isinstance(context.names.owner, Projection)
    allowed = {Site.NEURON} if population else {Site.SYNAPSE, Site.PRE, Site.POST}
    sites = {Site.GLOBAL, Site.PRE, Site.POST} if over is Site.SYNAPSE else {Site.GLOBAL}
    if kind not in REDUCTIONS or over not in allowed or site not in sites:
        raise VerifyError(f"{where}: {kind} over {over} at {site}")
    _check(statement.value, context, over)
    type_ = statement.value.type
    real = kind in ("mean", "quantile")
    if (type_ is Type.BOOL) != (kind == "count") or (real and type_ is not Type.REAL):
        raise VerifyError(f"{where}: {kind} of values of type {type_}")
    if (statement.fraction is None) == (kind == "quantile"):
        raise VerifyError(f"{where}: {kind} with a fraction, or without one")
    if statement.fraction is not None:
        check_typed(statement.fraction, Type.REAL, context, context.locals, Site.GLOBAL)
    _bind(statement.name, statement.type, site, context)


def _ranked(statement: PruneRanked | GrowRanked, instances: Site, context: Body) -> None:
    _structural(statement, Site.GLOBAL, context)
    if statement.per not in (Site.GLOBAL, Site.PRE, Site.POST):
        raise VerifyError(f"{context.place.where}: {type(statement).__name__} per {statement.per}")
    check_typed(statement.count, Type.INT, context, context.locals, statement.per)
    check_typed(statement.key, Type.REAL, context, context.locals, instances)


def _sample_body(body: tuple[Stmt, ...], context: Body, slots: bool) -> None:
    """`context.place.visible` holds SYNAPSE where the sampled synapse is known to exist."""
    context = context.inside()
    where, purposes = context.place.where, context.purposes
    widest = Site.SYNAPSE if Site.SYNAPSE in context.place.visible else Site.PAIR
    for statement in body:
        match statement:
            case Let(name=name, value=value, site=site):
                _check(value, context, site)
                _bind(name, value.type, site, context)
            case If(condition=condition, then=then, otherwise=otherwise):
                check_typed(condition, Type.BOOL, context, context.locals, widest)
                for branch, taken in ((then, True), (otherwise, False)):
                    known = connected_when(condition, taken)
                    visible = VISIBLE[Site.SYNAPSE] if known else context.place.visible
                    _sample_body(branch, replace(context, place=replace(context.place, visible=visible)), slots)
            case PruneThis(probability=probability, purpose=purpose):
                _site(statement, Site.SYNAPSE, where)
                if probability is not None:
                    claim_purpose(purpose, where, purposes)
                    check_typed(probability, Type.REAL, context, context.locals, widest)
            case GrowThis(probability=probability, init=init, partner=partner, purpose=purpose):
                _site(statement, Site.PAIR, where)
                if partner not in ("pair", "spiked") or (partner == "spiked" and not slots):
                    raise VerifyError(f"{where}: grow with the partner {partner!r}")
                if probability is not None:
                    claim_purpose(purpose, where, purposes)
                    check_typed(probability, Type.REAL, context, context.locals, widest)
                for cap in (statement.max_in, statement.max_out):
                    if cap is not None:
                        check_typed(cap, Type.INT, context, context.locals, Site.PAIR)
                _initial(init, context)
            case _:
                raise VerifyError(f"{where}: {type(statement).__name__} inside a sample")


def _initial(init: tuple[Stmt, ...], context: Body) -> None:
    """The statements run on a new synapse."""
    place = replace(context.place, visible=VISIBLE[Site.SYNAPSE], connected=False)
    context = replace(context.inside(), place=place, statements=frozenset({Site.SYNAPSE}))
    for statement in init:
        if not isinstance(statement, (Let, Assign)):
            raise VerifyError(f"{context.place.where}: {type(statement).__name__} in the start of a synapse")
        _statement(statement, context)


def _structural(statement: Stmt, site: Site, context: Body) -> None:
    if not context.structure:
        raise VerifyError(f"{context.place.where}: {type(statement).__name__} is not allowed here")
    _site(statement, site, context.place.where)


def _site(statement: Stmt, site: Site, where: str) -> None:
    if statement.site is not site:
        raise VerifyError(f"{where}: {type(statement).__name__} at site {statement.site}")


def _check(value: Expr, context: Body, site: Site) -> None:
    """`value` at `site`, in the names bound so far."""
    if site not in context.place.visible:
        raise VerifyError(f"{context.place.where}: a statement at site {site}")
    place = replace(context.place, visible=context.place.visible & VISIBLE[site])
    check_expression(value, context.names, place, context.locals, context.purposes)


def check_typed(
    value: Expr, type_: Type, context: Body, bound: dict[str, tuple[Type, Site]], site: Site | None = None
) -> None:
    """A value of this type, at `site` or wherever the context stands."""
    if site is None:
        check_expression(value, context.names, context.place, bound, context.purposes)
    else:
        _check(value, context, site)
    if value.type is not type_:
        raise VerifyError(f"{context.place.where}: a value of type {value.type} where {type_} is wanted")


def _bind(name: str, type_: Type, site: Site, context: Body) -> None:
    if name in context.locals:
        raise VerifyError(f"{context.place.where}: {name} is bound twice")
    check_names(context.place.where, [name])
    context.locals[name] = (type_, site)


def claim_purpose(purpose: int, where: str, purposes: dict[int, str]) -> None:
    """Enter the number of a draw, which no other may have."""
    if not 0 <= purpose < 1 << 16:
        raise VerifyError(f"{where}: the purpose {purpose} of a draw is out of range")
    if purpose in purposes:
        raise VerifyError(f"{where}: the purpose {purpose} of a draw is also used in {purposes[purpose]}")
    purposes[purpose] = where


def check_unique(where: str, what: str, names: Iterable[str]) -> None:
    """No name twice."""
    for name, count in Counter(names).items():
        if count > 1:
            raise VerifyError(f"{where}: the {what} {name} is declared {count} times")


def check_names(where: str, names: Iterable[str]) -> None:
    """Letters, digits, underscores; dots join the parts of a composed name."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise VerifyError(f"{where}: {name!r} is no name")
