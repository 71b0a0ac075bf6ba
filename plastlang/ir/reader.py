"""Reading the text form of a program back (see `plastlang.ir.text`)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from plastlang.ir.expression_reader import Cursor, TextError, expression
from plastlang.ir.nodes import (
    Block,
    Connect,
    ConnectAll,
    ConnectGiven,
    ConnectOneToOne,
    ConnectProbability,
    Const,
    DerivedValue,
    EachStep,
    Every,
    Expr,
    Grid,
    Input,
    LazyGroup,
    Parameter,
    Population,
    PostSpike,
    PreSpike,
    Program,
    Projection,
    Read,
    Record,
    Renewal,
    Scheduled,
    Signal,
    SpikeRecord,
    Spiking,
    StateRecord,
    Stmt,
    Threshold,
    Trigger,
    Variable,
)
from plastlang.ir.schedule import Schedule
from plastlang.ir.statement_reader import Line, read_body
from plastlang.ir.types import Type

__all__ = ["TextError", "from_text"]


def from_text(text: str) -> Program:
    """The program that `to_text` has written. Raises `TextError` with the number of the line."""
    lines = _tree(text)
    if len(lines) < 2:
        raise TextError("line 1: a program begins with its name and dt")
    head = lines[0].cursor
    head.expect("program")
    name = head.name()
    head.end()
    step = lines[1].cursor
    step.expect("dt")
    dt = step.number()
    step.end()
    populations: list[Population] = []
    projections: list[Projection] = []
    records: list[Record] = []
    notes: list[tuple[str, str, object]] = []
    for line in lines[2:]:
        match line.cursor.peek():
            case "population":
                populations.append(_population(line))
            case "projection":
                projections.append(_projection(line))
            case "record":
                records.append(_record(line.cursor))
            case _:
                notes.append(_note(line))
    return Program(name, dt, tuple(populations), tuple(projections), tuple(records), tuple(notes))


def _tree(text: str) -> list[Line]:
    top: list[Line] = []
    levels = [top]
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip(" "))
        if depth % 2 or depth // 2 >= len(levels):
            raise TextError(f"line {number}: indented by {depth}")
        new = Line(Cursor(line.strip(), number))
        del levels[depth // 2 + 1 :]
        levels[-1].append(new)
        levels.append(new.below)
    return top


# ---------------------------------------------------------------- owners


@dataclass(slots=True)
class _Owner:
    """What a population and a projection hold alike."""

    parameters: list[Parameter] = field(default_factory=list)
    derived: list[DerivedValue] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    step: tuple[Stmt, ...] = ()
    blocks: list[Block] = field(default_factory=list)

    def take(self, line: Line) -> None:
        match line.cursor.peek():
            case "param":
                self.parameters.append(_parameter(line.cursor))
            case "derived":
                self.derived.append(_derived(line.cursor))
            case "var" | "hidden" | "shared":
                self.variables.append(_variable(line))
            case "step":
                self.step = read_body(line.below)
            case _:
                self.blocks.append(Block(_trigger(line.cursor), read_body(line.below)))


def _population(line: Line) -> Population:
    cursor = line.cursor
    cursor.expect("population")
    name = cursor.name()
    cursor.expect("size")
    size = cursor.integer()
    grid = None
    if cursor.accept("grid"):
        width, height = cursor.integer(), cursor.integer()
        grid = Grid(width, height, cursor.accept("periodic"))
    cursor.end()
    owner = _Owner()
    inputs: list[Input] = []
    spiking: Spiking | None = None
    for inner in line.below:
        match inner.cursor.peek():
            case "input":
                inner.cursor.expect("input")
                inputs.append(Input(inner.cursor.name(), inner.cursor.string_or_empty()))
                inner.cursor.end()
            case "spike":
                spiking = _spiking(inner)
            case _:
                owner.take(inner)
    return Population(
        name,
        size,
        grid,
        tuple(owner.parameters),
        tuple(owner.derived),
        tuple(owner.variables),
        tuple(inputs),
        owner.step,
        spiking,
        tuple(owner.blocks),
    )


def _projection(line: Line) -> Projection:
    cursor = line.cursor
    cursor.expect("projection")
    name = cursor.name()
    cursor.expect(":")
    sources = [cursor.name()]
    while cursor.accept("+"):
        sources.append(cursor.name())
    cursor.expect("->")
    target, _, port = cursor.name().partition(".")
    cursor.expect("delay")
    delay = cursor.integer()
    cursor.end()
    owner = _Owner()
    lazy: list[LazyGroup] = []
    connect: Connect = ConnectGiven()
    for inner in line.below:
        match inner.cursor.peek():
            case "connect":
                connect = _connect(inner.cursor)
            case "lazy":
                lazy.append(_lazy(inner))
            case _:
                owner.take(inner)
    return Projection(
        name,
        tuple(sources),
        target,
        port,
        delay,
        tuple(owner.parameters),
        tuple(owner.derived),
        tuple(owner.variables),
        tuple(lazy),
        owner.step,
        tuple(owner.blocks),
        connect,
    )


def _parameter(cursor: Cursor) -> Parameter:
    cursor.expect("param")
    name, type_ = cursor.name(), cursor.type()
    site = cursor.site()
    cursor.expect("=")
    default = cursor.number()
    unit = cursor.string_or_empty()
    low = cursor.number() if cursor.accept("low") else None
    high = cursor.number() if cursor.accept("high") else None
    nonzero = cursor.accept("nonzero")
    cursor.end()
    return Parameter(name, default, site, unit, type_, low, high, nonzero)


def _derived(cursor: Cursor) -> DerivedValue:
    cursor.expect("derived")
    name, site = cursor.name(), cursor.site()
    cursor.expect("=")
    value = expression(cursor)
    cursor.end()
    return DerivedValue(name, value, site)


def _variable(line: Line) -> Variable:
    cursor = line.cursor
    hidden = cursor.accept("hidden")
    shared = cursor.accept("shared")
    cursor.expect("var")
    name, type_, site = cursor.name(), cursor.type(), cursor.site()
    unit = cursor.string_or_empty()
    rule = cursor.name() if cursor.accept("by") else ""
    cursor.expect("=")
    init = expression(cursor)
    cursor.end()
    low: Expr | None = None
    high: Expr | None = None
    for inner in line.below:
        if inner.cursor.accept("low"):
            low = expression(inner.cursor)
        else:
            inner.cursor.expect("high")
            high = expression(inner.cursor)
        inner.cursor.end()
    return Variable(name, site, init, type_, unit, low, high, hidden, shared, rule)


def _lazy(line: Line) -> LazyGroup:
    cursor = line.cursor
    cursor.expect("lazy")
    site = cursor.site()
    cursor.end()
    names, advance = [], []
    for inner in line.below:
        names.append(inner.cursor.name())
        inner.cursor.expect("=")
        advance.append(expression(inner.cursor))
        inner.cursor.end()
    return LazyGroup(tuple(names), site, tuple(advance))


def _connect(cursor: Cursor) -> Connect:
    cursor.expect("connect")
    if cursor.peek() == "[":
        purpose = cursor.purpose()
        cursor.expect("probability")
        probability = expression(cursor)
        cursor.end()
        return ConnectProbability(probability, purpose)
    words = cursor.rest()
    kinds: dict[str, Connect] = {
        "all": ConnectAll(),
        "one to one": ConnectOneToOne(),
        "given": ConnectGiven(),
    }
    if words not in kinds:
        raise cursor.error(f"there is no connect {words}")
    return kinds[words]


def _spiking(line: Line) -> Spiking:
    cursor = line.cursor
    cursor.expect("spike")
    body = read_body(line.below)
    if cursor.accept("when"):
        condition = expression(cursor)
        cursor.end()
        return Threshold(condition, body)
    if cursor.accept("scheduled"):
        cursor.end()
        return Scheduled(body)
    purpose = cursor.purpose()
    cursor.expect("rate")
    rate = expression(cursor)
    cursor.expect("depends")
    depends = []
    while not cursor.at_end():
        depends.append(cursor.name())
    return Renewal(rate, tuple(depends), body, purpose)


def _trigger(cursor: Cursor) -> Trigger:
    trigger: Trigger
    if cursor.accept("each"):
        cursor.expect("step")
        trigger = EachStep()
    elif cursor.accept("every"):
        trigger = Every(expression(cursor))
    else:
        cursor.expect("on")
        if cursor.accept("signal"):
            name = cursor.name()
            cursor.expect("(")
            arguments = []
            while not cursor.accept(")"):
                arguments.append(cursor.name())
                cursor.accept(",")
            trigger = Signal(name, tuple(arguments))
        else:
            kind = PreSpike if cursor.accept("pre") else PostSpike
            if kind is PostSpike:
                cursor.expect("post")
            cursor.expect("spike")
            trigger = _late(kind, cursor)
    cursor.end()
    return trigger


def _late(kind: type[PreSpike | PostSpike], cursor: Cursor) -> Trigger:
    if not cursor.accept("after"):
        return kind()
    after = expression(cursor)
    if cursor.accept("longest"):
        return kind(after, cursor.number())
    if not isinstance(after, Const) or after.type is not Type.REAL:
        raise cursor.error("a delay that is not one number has a longest one")
    return kind(None, float(after.value))


def _record(cursor: Cursor) -> Record:
    cursor.expect("record")
    population = cursor.name()
    record: Record
    if cursor.accept("spikes"):
        record = SpikeRecord(population)
    else:
        cursor.expect("variable")
        variable = cursor.name()
        cursor.expect("every")
        record = StateRecord(population, variable, cursor.integer())
    cursor.end()
    return record


def _note(line: Line) -> tuple[str, str, object]:
    cursor = line.cursor
    cursor.expect("note")
    owner, key = cursor.string(), cursor.string()
    if cursor.accept("="):
        return owner, key, cursor.convert(json.loads, cursor.raw())
    cursor.expect("schedule")
    post, incoming = cursor.name(), cursor.accept("incoming")
    cursor.end()
    reason, payload = "", []
    for inner in line.below:
        if inner.cursor.accept("reason"):
            reason = inner.cursor.string()
        else:
            inner.cursor.expect("payload")
            read = expression(inner.cursor)
            if not isinstance(read, Read):
                raise inner.cursor.error("a payload is a variable")
            payload.append(read)
        inner.cursor.end()
    return owner, key, Schedule(post, reason, tuple(payload), incoming)
