"""The text form of a program: readable, one construct a line, numbers in full; `from_text(to_text(p)) == p`.

In expressions `$name` is a parameter, `#name` a derived value, `@name` a value that the network gives, `pre.x` a
variable at its site, `post->v` a variable of the neuron at that end, a bare name a `let`; `:int` and `:bool` follow
what is not real. The number in brackets of a draw is its purpose.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import assert_never

from plastlang.ir.nodes import (
    Assign,
    Binary,
    Block,
    Builtin,
    Call,
    Cast,
    Connect,
    ConnectAll,
    ConnectGiven,
    ConnectOneToOne,
    ConnectProbability,
    Const,
    Deliver,
    Derived,
    Draw,
    EachStep,
    Every,
    Expr,
    GrowMatched,
    GrowRanked,
    GrowThis,
    GrowUniform,
    If,
    InputSum,
    LazyGroup,
    Let,
    Local,
    Param,
    Parameter,
    Population,
    PostSpike,
    PreSpike,
    Program,
    Projection,
    PruneRanked,
    PruneThis,
    PruneWhere,
    Read,
    Record,
    Reduce,
    Renewal,
    Sample,
    Scheduled,
    Select,
    Signal,
    SpikeRecord,
    Spiking,
    Stmt,
    Threshold,
    Trigger,
    Unary,
    Variable,
)
from plastlang.ir.reader import TextError, from_text
from plastlang.ir.schedule import Schedule
from plastlang.ir.types import Type

__all__ = ["TextError", "expression_text", "from_text", "statement_text", "to_text"]

#: How tightly each operator binds; an operand that binds less tightly stands in brackets.
PRECEDENCE = {
    "or": 1, "and": 2, "<": 4, "<=": 4, ">": 4, ">=": 4, "==": 4, "!=": 4,
    "+": 5, "-": 5, "*": 6, "/": 6, "%": 6, "**": 8,
}  # fmt: skip
_NOT, _MINUS, _LEAF = 3, 7, 9


def to_text(program: Program) -> str:
    """The whole program, with its notes."""
    return "\n".join(_program(program)) + "\n"


# ---------------------------------------------------------------- expressions


def expression_text(expression: Expr) -> str:
    """An expression in infix."""
    return _expression(expression)[0]


def _suffix(type_: Type) -> str:
    return "" if type_ is Type.REAL else f":{type_}"


def _constant(constant: Const) -> str:
    match constant.type:
        case Type.BOOL:
            return "@true" if constant.value else "@false"
        case Type.INT:
            return str(constant.value)
        case Type.REAL:
            value = float(constant.value)
            if math.isinf(value):
                return "1e999" if value > 0 else "-1e999"
            return repr(value)
        case _:
            assert_never(constant.type)


def _expression(expression: Expr) -> tuple[str, int]:
    """The text and how tightly it binds."""
    match expression:
        case Const():
            return _constant(expression), _LEAF
        case Param(name=name, type=type_):
            return f"${name}{_suffix(type_)}", _LEAF
        case Derived(name=name, type=type_):
            return f"#{name}{_suffix(type_)}", _LEAF
        case Local(name=name, type=type_):
            return f"{name}{_suffix(type_)}", _LEAF
        case Read(name=name, site=site, type=type_, of=of, before=before):
            return f"{f'{of}->' if of else f'{site}.'}{name}{_suffix(type_)}{'@before' if before else ''}", _LEAF
        case Builtin(name=name):
            return f"@{name}", _LEAF
        case InputSum(port=port):
            return f"input({port})", _LEAF
        case Call(function=function, arguments=arguments):
            return f"{function}({_list(arguments)})", _LEAF
        case Cast(value=value, type=type_):
            return f"{type_}({expression_text(value)})", _LEAF
        case Draw(kind=kind, arguments=arguments, purpose=purpose):
            return f"{kind}[{purpose}]({_list(arguments)})", _LEAF
        case Select(condition=condition, then=then, otherwise=otherwise):
            parts = (expression_text(e) for e in (then, condition, otherwise))
            return "({} if {} else {})".format(*parts), _LEAF
        case Unary(op="not", value=value):
            return f"not {_operand(value, _NOT)}", _NOT
        case Unary(value=value):
            inner = _operand(value, _MINUS + 1)
            return (f"-({inner})" if inner[0].isdigit() else f"-{inner}"), _MINUS
        case Binary(op=("min" | "max") as op, left=left, right=right):
            return f"{op}({_list((left, right))})", _LEAF
        case Binary(op=op, left=left, right=right):
            binding = PRECEDENCE[op]
            tighter = op == "**" or binding == PRECEDENCE["<"]
            return f"{_operand(left, binding + tighter)} {op} {_operand(right, binding + 1)}", binding
        case _:
            assert_never(expression)


def _operand(expression: Expr, binding: int) -> str:
    text, own = _expression(expression)
    return text if own >= binding else f"({text})"


def _list(expressions: Iterable[Expr]) -> str:
    return ", ".join(expression_text(e) for e in expressions)


# ---------------------------------------------------------------- statements


def statement_text(statement: Stmt) -> str:
    """A statement and what is inside it, over several lines."""
    return "\n".join(_statement(statement))


def _indent(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _body(body: tuple[Stmt, ...]) -> Iterator[str]:
    for statement in body:
        yield from _indent(_statement(statement))


def _statement(statement: Stmt) -> Iterator[str]:
    match statement:
        case Let(name=name, value=value, site=site):
            yield f"let {name} at {site} = {expression_text(value)}"
        case Assign(name=name, value=value, site=site):
            yield f"{site}.{name} = {expression_text(value)}"
        case If(condition=condition, then=then, otherwise=otherwise, site=site):
            yield f"if {expression_text(condition)} at {site}"
            yield from _body(then)
            if otherwise:
                yield "else"
                yield from _body(otherwise)
        case Deliver(value=value, after=after, longest=longest):
            late = "" if after is None else f" after {expression_text(after)} longest {longest!r}"
            yield f"deliver {expression_text(value)}{late}"
        case Reduce(name=name, kind=kind, value=value, over=over, site=site, fraction=fraction):
            part = "" if fraction is None else f" fraction {expression_text(fraction)}"
            yield f"reduce {name} at {site} = {kind} over {over} {expression_text(value)}{part}"
        case PruneWhere(condition=condition, bind=bind):
            yield f"prune where {expression_text(condition)}{f' as {bind}' if bind else ''}"
        case GrowUniform(count=count, init=init, purpose=purpose):
            yield f"grow[{purpose}] uniformly {expression_text(count)}"
            yield from _body(init)
        case PruneRanked():
            yield f"prune ranked {_ranking(statement)}"
        case GrowRanked(init=init):
            yield f"grow ranked {_ranking(statement)}"
            yield from _body(init)
        case GrowMatched(axonal=axonal, dendritic=dendritic, probability=probability, init=init, purpose=purpose):
            elements = f"{expression_text(axonal)} to {expression_text(dendritic)}"
            yield f"grow[{purpose}] matched {elements}{_optional(' with', probability)}"
            yield from _body(init)
        case PruneThis(probability=probability, purpose=purpose):
            yield f"prune[{purpose}]{_optional(' with', probability)}"
        case GrowThis(probability=probability, init=init, partner=partner, purpose=purpose):
            caps = _optional(" in", statement.max_in) + _optional(" out", statement.max_out)
            yield f"grow[{purpose}] {partner}{_optional(' with', probability)}{caps}"
            yield from _body(init)
        case Sample(count=count, slots=slots, body=body, purpose=purpose):
            yield f"sample[{purpose}] {expression_text(count)}{_optional(' slots', slots)}"
            yield from _body(body)
        case _:
            assert_never(statement)


def _ranking(statement: PruneRanked | GrowRanked) -> str:
    order = "largest" if statement.largest else "smallest"
    return f"{expression_text(statement.count)} at {statement.per} {order} {expression_text(statement.key)}"


def _optional(word: str, expression: Expr | None) -> str:
    return "" if expression is None else f"{word} {expression_text(expression)}"


# ---------------------------------------------------------------- owners


def _program(program: Program) -> Iterator[str]:
    yield f"program {program.name}"
    yield f"dt {program.dt!r}"
    for population in program.populations:
        yield ""
        yield from _population(population)
    for projection in program.projections:
        yield ""
        yield from _projection(projection)
    if program.records or program.notes:
        yield ""
    yield from (_record(record) for record in program.records)
    for owner, key, value in program.notes:
        yield from _note(owner, key, value)


def _population(population: Population) -> Iterator[str]:
    grid = population.grid
    place = "" if grid is None else f" grid {grid.width} {grid.height}{' periodic' if grid.periodic else ''}"
    yield f"population {population.name} size {population.size}{place}"
    yield from _indent(_declarations(population))
    for port in population.inputs:
        yield f"  input {port.port}{_unit(port.unit)}"
    if population.step:
        yield "  step"
        yield from _indent(_body(population.step))
    if population.spiking is not None:
        yield from _indent(_spiking(population.spiking))
    for block in population.blocks:
        yield from _indent(_block(block))


def _projection(projection: Projection) -> Iterator[str]:
    port = f".{projection.port}" if projection.port else ""
    ends = f"{' + '.join(projection.sources)} -> {projection.target}{port}"
    yield f"projection {projection.name} : {ends} delay {projection.delay_steps}"
    yield f"  {_connect(projection.connect)}"
    yield from _indent(_declarations(projection))
    for group in projection.lazy:
        yield from _indent(_lazy(group))
    if projection.step:
        yield "  step"
        yield from _indent(_body(projection.step))
    for block in projection.blocks:
        yield from _indent(_block(block))


def _declarations(owner: Population | Projection) -> Iterator[str]:
    for parameter in owner.parameters:
        yield _parameter(parameter)
    for derived in owner.derived:
        yield f"derived {derived.name} at {derived.site} = {expression_text(derived.value)}"
    for variable in owner.variables:
        yield from _variable(variable)


def _unit(unit: str) -> str:
    return f" {json.dumps(unit, ensure_ascii=False)}" if unit else ""


def _parameter(parameter: Parameter) -> str:
    suffix, default = _suffix(parameter.type), float(parameter.default)
    number = _constant(Const(default, Type.REAL))
    limits = "".join(
        f" {word} {_constant(Const(float(limit)))}"
        for word, limit in (("low", parameter.low), ("high", parameter.high))
        if limit is not None
    )
    nonzero = " nonzero" if parameter.nonzero else ""
    return f"param {parameter.name}{suffix} at {parameter.site} = {number}{_unit(parameter.unit)}{limits}{nonzero}"


def _variable(variable: Variable) -> Iterator[str]:
    kind = ("hidden " if variable.hidden else "") + ("shared " if variable.shared else "")
    by = f" by {variable.rule}" if variable.rule else ""
    head = f"{kind}var {variable.name}{_suffix(variable.type)} at {variable.site}{_unit(variable.unit)}{by}"
    yield f"{head} = {expression_text(variable.init)}"
    if variable.low is not None:
        yield f"  low {expression_text(variable.low)}"
    if variable.high is not None:
        yield f"  high {expression_text(variable.high)}"


def _lazy(group: LazyGroup) -> Iterator[str]:
    yield f"lazy at {group.site}"
    for name, expression in zip(group.names, group.advance, strict=True):
        yield f"  {name} = {expression_text(expression)}"


def _connect(connect: Connect) -> str:
    match connect:
        case ConnectProbability(probability=probability, purpose=purpose):
            return f"connect[{purpose}] probability {expression_text(probability)}"
        case ConnectAll():
            return "connect all"
        case ConnectOneToOne():
            return "connect one to one"
        case ConnectGiven():
            return "connect given"
        case _:
            assert_never(connect)


def _spiking(spiking: Spiking) -> Iterator[str]:
    match spiking:
        case Threshold(condition=condition):
            yield f"spike when {expression_text(condition)}"
        case Renewal(rate=rate, depends=depends, purpose=purpose):
            yield f"spike[{purpose}] rate {expression_text(rate)} depends {' '.join(depends)}".rstrip()
        case Scheduled():
            yield "spike scheduled"
        case _:
            assert_never(spiking)
    yield from _body(spiking.body)


def _block(block: Block) -> Iterator[str]:
    yield _trigger(block.trigger)
    yield from _body(block.body)


def _trigger(trigger: Trigger) -> str:
    match trigger:
        case PreSpike(after=after, longest=longest) | PostSpike(after=after, longest=longest):
            head = f"on {'pre' if isinstance(trigger, PreSpike) else 'post'} spike"
            if after is not None:
                return f"{head} after {expression_text(after)} longest {longest!r}"
            return f"{head} after {longest!r}" if longest else head
        case EachStep():
            return "each step"
        case Every(period=period):
            return f"every {expression_text(period)}"
        case Signal(name=name, arguments=arguments):
            return f"on signal {name}({', '.join(arguments)})"
        case _:
            assert_never(trigger)


def _record(record: Record) -> str:
    match record:
        case SpikeRecord(population=population):
            return f"record {population} spikes"
        case _:
            return f"record {record.population} variable {record.variable} every {record.every_steps}"


def _note(owner: str, key: str, value: object) -> Iterator[str]:
    head = f"note {json.dumps(owner, ensure_ascii=False)} {json.dumps(key, ensure_ascii=False)}"
    if not isinstance(value, Schedule):
        yield f"{head} = {json.dumps(value, ensure_ascii=False)}"
        return
    yield f"{head} schedule {value.post}{' incoming' if value.incoming else ''}"
    yield f"  reason {json.dumps(value.reason, ensure_ascii=False)}"
    for read in value.payload:
        yield f"  payload {expression_text(read)}"
