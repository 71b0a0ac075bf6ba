"""Which walks over synapses are provably nothing in a row: the row's traces are exactly +0, and what is added is zero.

Values are followed through the statements as kinds: exactly +0; a zero of any sign; positive (sign bit clear) or any
number, finite and below a power of two. What is not finite, or may overflow, is no kind: 0 times it is not 0. What
only a run can tell (a trace of the pre neuron is +0, a value of the post neuron is tame) become conditions of the run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from plastlang.ir.nodes import (
    Assign,
    Binary,
    Builtin,
    Call,
    Cast,
    Const,
    Derived,
    Draw,
    EachStep,
    Expr,
    If,
    Let,
    Local,
    Param,
    PostSpike,
    PreSpike,
    Projection,
    Read,
    Select,
    Stmt,
    Unary,
)
from plastlang.ir.sharing import addend
from plastlang.ir.types import Site, Type
from plastlang.ir.walk import all_expressions, statements, walk

#: A value is tame below 2 to this; sums and products of tame values must stay below the other, in single precision too.
TAME, MOST = 20, 120


@dataclass(frozen=True, slots=True)
class _Value:
    """`kind`: "+0", "0" (of either sign), "positive" or "any"; of the last two the magnitude is below 2 ** `bits`."""

    kind: str
    bits: int = 0

    @property
    def zero(self) -> bool:
        return self.kind in ("+0", "0")


_ZERO = _Value("+0")


@dataclass(frozen=True, slots=True)
class Idle:
    """When a walk does nothing in a row.

    Attributes:
        rest: synapse variables of the row that are exactly +0.
        zero: values of the row's pre neuron that are exactly +0.
        tame: values of post neurons and of the network that are finite and below 2 ** TAME.
        positive, finite: constants that are below 2 ** TAME, and not negative.
        sums: synapse variables to which zero is added; none of them is -0 in the row.
        moves: whether the walk writes `rest`.
    """

    rest: tuple[str, ...]
    zero: tuple[Read, ...]
    tame: tuple[Read, ...]
    positive: tuple[Param | Derived, ...]
    finite: tuple[Param | Derived, ...]
    sums: tuple[str, ...]
    moves: bool


@dataclass(slots=True)
class _Run:
    """Follows values through statements. `zero`: reads of the pre neuron that are +0; `positive`: such constants."""

    projection: Projection
    rest: frozenset[str]
    zero: frozenset[Read] | None = None  # None: all
    positive: frozenset[Expr] | None = None
    values: dict[str, _Value | None] = field(default_factory=dict)
    changed: dict[str, _Value | None] = field(default_factory=dict)
    used: set[Expr] = field(default_factory=set)
    sums: set[str] = field(default_factory=set)
    driven: set[str] = field(default_factory=set)
    moves: bool = False

    # ------------------------------------------------------------ expressions

    def value(self, e: Expr) -> _Value | None:
        """The kind of a value; None where nothing is known."""
        match e:
            case Const(value=number, type=Type.REAL):
                return _number(float(number))
            case Param() | Derived():
                if e.type is not Type.REAL:
                    return None
                self.used.add(e)
                sure = self.positive is None or e in self.positive
                return _Value("positive" if sure else "any", TAME)
            case Read():
                return self._read(e)
            case Local(name=name):
                return self.values.get(name)
            case Unary(op="-", value=inner):
                return _negative(self.value(inner))
            case Binary(op=op, left=left, right=right):
                return _combined(op, self.value(left), self.value(right))
            case Select(then=then, otherwise=otherwise):
                return _either(self.value(then), self.value(otherwise))
            case Call(function=function, arguments=(argument,)):
                return _called(function, self.value(argument))
            case Cast(value=inner, type=Type.REAL):
                return _Value("any", 32 if inner.type is Type.INT else 1)
            case Draw(kind="random_sign"):
                return _Value("any", 1)
            case Builtin(type=Type.REAL):
                return _Value("any", 64)
            case _:
                return None

    def _read(self, read: Read) -> _Value | None:
        if read.type is not Type.REAL or read.before:
            return None
        match read.site:
            case Site.SYNAPSE:
                if read.name not in self.rest:
                    return None
                return self.changed.get(read.name, _ZERO)
            case Site.PAIR:
                return self.value(next(v.init for v in self.projection.variables if v.name == read.name))
            case Site.PRE:
                if self.zero is None or read in self.zero:
                    self.used.add(read)
                    return _ZERO
                return None
            case _:
                self.used.add(read)
                return _Value("any", TAME)

    # ------------------------------------------------------------ statements

    def body(self, body: Iterable[Stmt]) -> bool:
        """Whether the statements at synapses change nothing but sums by zero; goes on in any case."""
        fine = True
        for statement in body:
            fine = self._statement(statement) and fine
        return fine

    def _statement(self, statement: Stmt) -> bool:
        match statement:
            case Let(name=name, value=value):
                self.values[name] = self.value(value)
                return True
            case Assign(name=name, site=Site.SYNAPSE) if name in self.rest:
                self.moves = True
                self.changed[name] = self.value(statement.value)
                if self.changed[name] != _ZERO:
                    self.driven.add(name)
                return self.changed[name] == _ZERO
            case Assign(name=name, value=value, site=Site.SYNAPSE):
                added = addend(statement)
                if added is None or not isinstance(value, Binary) or value.op not in ("+", "-"):
                    return False
                self.sums.add(name)
                found = self.value(added)
                return found is not None and found.zero
            case If(then=then, otherwise=otherwise, site=(Site.SYNAPSE | Site.PAIR)):
                before = dict(self.changed)
                first = self.body(then)
                self.changed = before
                return self.body(otherwise) and first
            case _:
                return statement.site not in (Site.SYNAPSE, Site.PAIR)


def _number(number: float) -> _Value | None:
    if number == 0:
        return _ZERO if math.copysign(1, number) > 0 else _Value("0")
    if not math.isfinite(number):
        return None
    return _sized("positive" if number > 0 else "any", max(0, math.frexp(number)[1]))


def _sized(kind: str, bits: int) -> _Value | None:
    return _Value(kind, bits) if bits <= MOST else None


def _negative(value: _Value | None) -> _Value | None:
    if value is None:
        return None
    return _Value("0") if value.zero else _Value("any", value.bits)


def _combined(op: str, a: _Value | None, b: _Value | None) -> _Value | None:
    if a is None or b is None:
        return None
    match op:
        case "*":
            if a.zero or b.zero:
                signless = all(v.kind in ("+0", "positive") for v in (a, b))
                return _ZERO if signless else _Value("0")
            return _sized("positive" if a.kind == b.kind == "positive" else "any", a.bits + b.bits)
        case "+" | "-":
            if a.zero and b.zero:
                return _ZERO if a.kind == "+0" or (op == "+" and b.kind == "+0") else _Value("0")
            if b.zero:
                return a
            if a.zero:
                return b if op == "+" else _negative(b)
            kind = "positive" if op == "+" and a.kind == b.kind == "positive" else "any"
            return _sized(kind, max(a.bits, b.bits) + 1)
        case "min" | "max":
            return _either(a, b)
        case _:
            return None


def _either(a: _Value | None, b: _Value | None) -> _Value | None:
    if a is None or b is None or a == b:
        return a if a == b else None
    if a.zero and b.zero:
        return _Value("0")
    signless = all(v.kind in ("+0", "positive") for v in (a, b))
    return _Value("positive" if signless else "any", max(a.bits, b.bits))


def _called(function: str, value: _Value | None) -> _Value | None:
    if value is None:
        return None
    match function:
        case "abs":
            return _ZERO if value.zero else _Value("positive", value.bits)
        case "exp" if value.zero:
            return _Value("positive", 1)
        case "tanh" | "sign":
            return _Value("any", 1)
        case _:
            return None


# ---------------------------------------------------------------- what rests


def _each_step(projection: Projection) -> list[tuple[Stmt, ...]]:
    return [projection.step, *(b.body for b in projection.blocks if isinstance(b.trigger, EachStep))]


def resting(projection: Projection) -> frozenset[str]:
    """Synapse variables that stay exactly +0 through every step in rows where they are, until something drives them."""
    lazy = {name for group in projection.lazy for name in group.names}
    at_spikes = {
        s.name
        for b in projection.blocks
        if isinstance(b.trigger, (PreSpike, PostSpike))
        for s in statements(b.body)
        if isinstance(s, Assign)
    }
    rest = {
        v.name
        for v in projection.variables
        if v.site is Site.SYNAPSE and v.type is Type.REAL and not v.shared and v.name not in lazy | at_spikes
    }
    while True:
        driven: set[str] = set()
        for body in _each_step(projection):
            run = _Run(projection, frozenset(rest))
            run.body(body)
            driven |= run.driven
        if not driven & rest:
            return frozenset(rest)
        rest -= driven


def sums_of(projection: Projection) -> frozenset[str]:
    """Other synapse variables that steps write."""
    written = (s for body in _each_step(projection) for s in statements(body) if isinstance(s, Assign))
    return frozenset(s.name for s in written if s.site is Site.SYNAPSE) - resting(projection)


def has_walks(projection: Projection) -> bool:
    """Whether steps go through all synapses."""
    return any(s.site is Site.SYNAPSE for body in _each_step(projection) for s in statements(body))


def stirs(projection: Projection, body: Iterable[Stmt]) -> bool:
    """Whether a block that comes now and then writes what rows at rest are known by."""
    kept = resting(projection) | sums_of(projection)
    return has_walks(projection) and any(isinstance(s, Assign) and s.name in kept for s in statements(body))


def _added_only(projection: Projection, names: Iterable[str]) -> bool:
    """Whether steps and spikes do nothing to variables but add, so that none ever becomes -0 there."""
    bodies = [*_each_step(projection)]
    bodies += [b.body for b in projection.blocks if isinstance(b.trigger, (PreSpike, PostSpike))]
    lazy = {name for group in projection.lazy for name in group.names}
    for statement in (s for body in bodies for s in statements(body)):
        if isinstance(statement, Assign) and statement.name in names:
            value = statement.value
            plain = isinstance(value, Binary) and value.op in ("+", "-")
            if addend(statement) is None or not plain or statement.name in lazy:
                return False
    return True


def walks(projection: Projection) -> list[Idle | None]:
    """Of each run of synapse statements in the steps, when it does nothing in a row."""
    found: list[Idle | None] = []
    for body in _each_step(projection):
        group: list[Stmt] = []
        for number, statement in enumerate((*body, None)):
            if statement is not None and statement.site in (Site.SYNAPSE, Site.PAIR):
                group.append(statement)
            elif group:
                found.append(idle(projection, tuple(group), body[: number - len(group)]))
                group = []
    return found


def _stale(group: tuple[Stmt, ...], before: tuple[Stmt, ...]) -> bool:
    """Whether names that are used were bound before something was written: what they hold cannot be checked later."""
    used = {n.name for x in all_expressions(group) for n in walk(x) if isinstance(n, Local)}
    bound = any(getattr(s, "name", "") in used for s in before if not isinstance(s, Assign))
    return bound and any(isinstance(s, Assign) for s in statements(before))


def idle(projection: Projection, group: tuple[Stmt, ...], before: tuple[Stmt, ...] = ()) -> Idle | None:
    """When synapse statements of an `each step` block do nothing in a row; None where that cannot be known.

    `before`: the statements of the block before it, for the names that they bind.
    """
    rest = resting(projection)
    if _stale(group, before):
        return None

    def attempt(zero: frozenset[Read] | None, positive: frozenset[Expr] | None) -> _Run | None:
        run = _Run(projection, rest, zero, positive)
        run.body(s for s in before if s.site not in (Site.SYNAPSE, Site.PAIR) or isinstance(s, Let))
        run.changed.clear()
        run.moves = False
        return run if run.body(group) else None

    run = attempt(None, None)
    if run is None or not _added_only(projection, run.sums):
        return None
    zero = {n for n in run.used if isinstance(n, Read) and n.site is Site.PRE}
    positive = {n for n in run.used if not isinstance(n, Read)}
    for candidate in sorted(zero, key=repr):
        if attempt(frozenset(zero - {candidate}), frozenset(positive)) is not None:
            zero.discard(candidate)
    for constant in sorted(positive, key=repr):
        if attempt(frozenset(zero), frozenset(positive - {constant})) is not None:
            positive.discard(constant)
    last = attempt(frozenset(zero), frozenset(positive))
    assert last is not None
    reads = sorted((n for n in last.used if isinstance(n, Read)), key=repr)
    constants = sorted((n for n in last.used if isinstance(n, (Param, Derived))), key=repr)
    nodes = [n for x in all_expressions(group) for n in walk(x)]
    read = {n.name for n in nodes if isinstance(n, Read) and n.site is Site.SYNAPSE}
    return Idle(
        tuple(sorted((read & rest) | (rest if last.moves else frozenset()))),
        tuple(r for r in reads if r.site is Site.PRE),
        tuple(r for r in reads if r.site is not Site.PRE),
        tuple(c for c in constants if c in positive),
        tuple(c for c in constants if c not in positive),
        tuple(sorted(last.sums)),
        last.moves,
    )
