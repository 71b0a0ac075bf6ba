"""Parameters of rules that a network gives per synapse: they become synapse variables that nothing writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from plastlang.diagnostics import Span
from plastlang.frontend.check_values import SITE_WORDS, Reporter
from plastlang.frontend.checked import CheckedComponent, CheckedParameter, CheckedVariable
from plastlang.ir.nodes import (
    Block,
    Const,
    Every,
    Expr,
    GrowMatched,
    GrowRanked,
    GrowThis,
    GrowUniform,
    If,
    Param,
    PostSpike,
    PreSpike,
    PruneRanked,
    PruneWhere,
    Read,
    Reduce,
    Sample,
    Stmt,
)
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import expressions, map_block, rewrite, walk

_EDGE = (Site.SYNAPSE,)


def with_varied(
    rule: CheckedComponent, values: Mapping[str, tuple[Expr, Span | None]], reporter: Reporter
) -> CheckedComponent:
    """The rule with these parameters as synapse variables that begin with the values.

    Reports those that are needed where there is no synapse: once for a neuron, a pair or the whole projection.
    """
    if not values:
        return rule
    for name, site in _needed(rule):
        if name in values and site not in _EDGE:
            short = name.rpartition(".")[2]
            reporter.error(
                "P525",
                f"`{short}` cannot differ between synapses",
                values[name][1],
                f"the rule needs one value for {SITE_WORDS[site]}",
                "give one number, or change the rule so that only statements of synapses use it",
            )
    varied = {p.name: p for p in rule.parameters if p.name in values}

    def node(expression: Expr) -> Expr:
        if isinstance(expression, Param) and expression.name in varied:
            return Read(expression.name, Site.SYNAPSE)
        return expression

    def one(expression: Expr) -> Expr:
        return rewrite(expression, node)

    def maybe(expression: Expr | None) -> Expr | None:
        return None if expression is None else one(expression)

    own = tuple(_variable(p, values[name][0]) for name, p in varied.items())
    others = (replace(v, init=maybe(v.init), low=maybe(v.low), high=maybe(v.high)) for v in rule.variables)
    return replace(
        rule,
        parameters=tuple(p for p in rule.parameters if p.name not in values),
        variables=(*own, *others),
        equations=tuple(replace(e, value=one(e.value)) for e in rule.equations),
        blocks=tuple(map_block(block, one) for block in rule.blocks),
    )


def _variable(parameter: CheckedParameter, value: Expr) -> CheckedVariable:
    low, high = (None if bound is None else Const(bound) for bound in (parameter.low, parameter.high))
    return CheckedVariable(
        parameter.name, Site.SYNAPSE, Type.REAL, parameter.dimension, value, low, high, span=parameter.span,
        rule=parameter.name.rpartition(".")[0],
    )  # fmt: skip


# ---------------------------------------------------------------- where parameters are used


def _needed(rule: CheckedComponent) -> Iterator[tuple[str, Site]]:
    """Each use of a parameter, and the site for whose instances it is computed."""
    sites = {v.name: v.site for v in rule.variables}
    for variable in rule.variables:
        for part in (variable.init, variable.low, variable.high):
            yield from _used(part, variable.site)
    for equation in rule.equations:
        yield from _used(equation.value, sites[equation.name])
    for block in rule.blocks:
        yield from _block(block)


def _used(expression: Expr | None, site: Site) -> Iterator[tuple[str, Site]]:
    if expression is not None:
        yield from ((e.name, site) for e in walk(expression) if isinstance(e, Param))


def _block(block: Block) -> Iterator[tuple[str, Site]]:
    if isinstance(block.trigger, Every):
        yield from _used(block.trigger.period, Site.GLOBAL)
    elif isinstance(block.trigger, (PreSpike, PostSpike)):
        # one delay for each synapse is none for the neuron, whose variables the block would change
        own = [s.site for s in block.body if s.site not in (Site.SYNAPSE, Site.PAIR)]
        yield from _used(block.trigger.after, own[0] if own else Site.SYNAPSE)
    yield from _body(block.body, None)


def _body(body: tuple[Stmt, ...], site: Site | None) -> Iterator[tuple[str, Site]]:
    """`site` overrides that of the statements: in samples there may be no synapse."""
    for statement in body:
        here = site or statement.site
        places: tuple[Site, ...]
        match statement:
            case Reduce(value=value, over=over, fraction=fraction):
                yield from _used(value, over)
                yield from () if fraction is None else _used(fraction, Site.GLOBAL)
                continue
            case PruneWhere() | PruneRanked():
                places = (Site.SYNAPSE,) if isinstance(statement, PruneWhere) else (statement.per, Site.SYNAPSE)
            case GrowRanked(per=per):
                places = (per, Site.PAIR)
            case GrowMatched():
                places = (Site.PRE, Site.POST, Site.PAIR)
            case _:
                places = (here,) * len(expressions(statement))
        for expression, place in zip(expressions(statement), places, strict=False):
            yield from _used(expression, place)
        match statement:
            case If(then=then, otherwise=otherwise):
                yield from _body((*then, *otherwise), site)
            case Sample(body=inner):
                yield from _body(inner, Site.PAIR)
            case GrowUniform(init=init) | GrowRanked(init=init) | GrowMatched(init=init) | GrowThis(init=init):
                yield from _body(init, Site.SYNAPSE)
            case _:
                pass
