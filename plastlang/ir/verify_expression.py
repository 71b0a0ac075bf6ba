"""Is an expression well formed at the place where it stands?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import assert_never

from plastlang.ir.builtins import POPULATION, PROJECTION
from plastlang.ir.nodes import (
    Binary,
    Builtin,
    Call,
    Cast,
    Const,
    Derived,
    DerivedValue,
    Draw,
    Expr,
    InputSum,
    Local,
    Param,
    Parameter,
    Population,
    Projection,
    Read,
    Select,
    Unary,
    Variable,
)
from plastlang.ir.types import ARITHMETIC, COMPARISONS, DRAWS, FUNCTIONS, LOGICAL, UNARY, Site, Type
from plastlang.ir.walk import children

_CASTS = {(Type.INT, Type.REAL), (Type.BOOL, Type.REAL), (Type.REAL, Type.INT), (Type.INT, Type.BOOL)}
_DRAW_ARGUMENT = {"randint": Type.INT}


class VerifyError(AssertionError):
    """The compiler has made a malformed program. The text says where and what."""


@dataclass(frozen=True, slots=True)
class Names:
    """What can be named in an owner. `ends`: the populations behind `pre.NAME` and `post.NAME`."""

    where: str
    owner: Population | Projection
    ends: dict[str, tuple[Population, ...]]
    ports: frozenset[str] = frozenset()
    derived_before: tuple[DerivedValue, ...] | None = None

    def with_derived(self, derived: tuple[DerivedValue, ...]) -> Names:
        """The same with only these derived values known."""
        return replace(self, derived_before=derived)

    @property
    def variables(self) -> dict[str, Variable]:
        return {v.name: v for v in self.owner.variables}

    @property
    def parameters(self) -> dict[str, Parameter]:
        return {p.name: p for p in self.owner.parameters}

    @property
    def derived(self) -> dict[str, DerivedValue]:
        known = self.owner.derived if self.derived_before is None else self.derived_before
        return {d.name: d for d in known}

    @property
    def lazy(self) -> frozenset[str]:
        """Names of the lazy variables."""
        if isinstance(self.owner, Population):
            return frozenset()
        return frozenset(name for group in self.owner.lazy for name in group.names)


@dataclass(frozen=True, slots=True)
class Place:
    """What an expression may use. `reads`: "all", "pair" (pair variables only) or "none".

    `closed`: constants, parameters, derived values, locals and `dt` only.
    """

    where: str
    visible: frozenset[Site]
    draws: bool = True
    reads: str = "all"
    input_sum: bool = False
    connected: bool = False
    closed: bool = False


def connected_when(condition: Expr, value: bool) -> bool:
    """Whether `condition` being `value` means that the sampled pair is connected."""
    match condition:
        case Builtin(name="connected"):
            return value
        case Unary(op="not", value=inner):
            return connected_when(inner, not value)
        case Binary(op="and", left=left, right=right):
            return value and (connected_when(left, True) or connected_when(right, True))
        case Binary(op="or", left=left, right=right):
            return not value and (connected_when(left, False) or connected_when(right, False))
        case _:
            return False


def check_expression(
    expression: Expr, names: Names, place: Place, bound: dict[str, tuple[Type, Site]], purposes: dict[int, str]
) -> None:
    """Raise `VerifyError` unless `expression` is well formed here; its draws are entered in `purposes`."""
    for child in children(expression):
        check_expression(child, names, place, bound, purposes)
    where = place.where
    match expression:
        case Const():
            _constant(expression, where)
        case Param(name=name, type=type_):
            parameter = names.parameters.get(name)
            if parameter is None:
                raise VerifyError(f"{where}: there is no parameter {name}")
            _leaf(f"parameter {name}", type_, parameter.site, parameter.type, parameter.site, place)
        case Derived(name=name, type=type_):
            derived = names.derived.get(name)
            if derived is None:
                raise VerifyError(f"{where}: there is no derived value {name} at this point")
            _leaf(f"derived value {name}", type_, derived.site, derived.value.type, derived.site, place)
        case Read():
            _read(expression, names, place)
        case Local(name=name, type=type_):
            if name not in bound:
                raise VerifyError(f"{where}: {name} is not bound at this point")
            _leaf(name, type_, bound[name][1], *bound[name], place)
        case Builtin(name=name, type=type_, site=site):
            known = (POPULATION if isinstance(names.owner, Population) else PROJECTION).get(name)
            if known is None or (name == "connected" and not place.connected) or (place.closed and name != "dt"):
                raise VerifyError(f"{where}: {name} is not known here")
            _leaf(name, type_, site, *known, place)
        case InputSum(port=port, type=type_):
            if not place.input_sum or port not in names.ports:
                raise VerifyError(f"{where}: the sum of port {port} is not known here")
            _leaf(f"input {port}", type_, Site.NEURON, Type.REAL, Site.NEURON, place)
        case Unary(op=op, value=value):
            if op not in UNARY or (op == "not") != (value.type is Type.BOOL):
                raise VerifyError(f"{where}: {op} of a value of type {value.type}")
        case Binary():
            _binary(expression, where)
        case Select(condition=condition, then=then, otherwise=otherwise):
            if condition.type is not Type.BOOL or then.type is not otherwise.type:
                raise VerifyError(f"{where}: {then.type} if {condition.type} else {otherwise.type}")
        case Call(function=function, arguments=arguments, type=type_):
            if FUNCTIONS.get(function) != len(arguments):
                raise VerifyError(f"{where}: {function} with {len(arguments)} arguments")
            if type_ is not Type.REAL or any(a.type is not Type.REAL for a in arguments):
                raise VerifyError(f"{where}: {function} of or to something that is not real")
        case Cast(value=value, type=type_):
            if (value.type, type_) not in _CASTS:
                raise VerifyError(f"{where}: a cast from {value.type} to {type_}")
        case Draw():
            _draw(expression, place, purposes)
        case _:
            assert_never(expression)


def _leaf(what: str, type_: Type, site: Site, known_type: Type, known_site: Site, place: Place) -> None:
    if type_ is not known_type:
        raise VerifyError(f"{place.where}: {what} is {known_type}, used as {type_}")
    if site is not known_site:
        raise VerifyError(f"{place.where}: {what} lives at {known_site}, used as at {site}")
    if site not in place.visible:
        raise VerifyError(f"{place.where}: {what} at {site} cannot be seen here")


def _constant(constant: Const, where: str) -> None:
    value = constant.value
    match constant.type:
        case Type.REAL:
            good = isinstance(value, float) and not math.isnan(value)
        case Type.INT:
            good = isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31
        case Type.BOOL:
            good = isinstance(value, bool)
        case _:
            assert_never(constant.type)
    if not good:
        raise VerifyError(f"{where}: the constant {value!r} of type {constant.type}")


def _read(read: Read, names: Names, place: Place) -> None:
    where, name = place.where, read.name
    if not read.of:
        variable = names.variables.get(name)
        if variable is None:
            raise VerifyError(f"{where}: there is no variable {name}")
        _leaf(f"variable {name}", read.type, read.site, variable.type, variable.site, place)
    else:
        if read.of not in names.ends:
            raise VerifyError(f"{where}: {read.of}.{name} is not known here")
        for population in names.ends[read.of]:
            found = next((v for v in population.variables if v.name == name), None)
            if found is None or found.site is not Site.NEURON:
                raise VerifyError(f"{where}: the neurons of {population.name} have no variable {name}")
            _leaf(f"{read.of}.{name}", read.type, read.site, found.type, Site(read.of), place)
    if place.reads == "none" or (place.reads == "pair" and (read.of or read.site is not Site.PAIR)):
        raise VerifyError(f"{where}: the variable {name} cannot be read here")


def _binary(binary: Binary, where: str) -> None:
    left, right, op = binary.left.type, binary.right.type, binary.op
    if op in LOGICAL:
        good = left is Type.BOOL and right is Type.BOOL
    elif op in COMPARISONS:
        good = left is right and left is not Type.BOOL
    elif op in ARITHMETIC:
        good = left is right and (left is Type.REAL or (left is Type.INT and op not in ("/", "**")))
    else:
        good = False
    if not good:
        raise VerifyError(f"{where}: {left} {op} {right}")


def _draw(draw: Draw, place: Place, purposes: dict[int, str]) -> None:
    where = place.where
    if not place.draws or place.closed:
        raise VerifyError(f"{where}: {draw.kind} is drawn where no draw is allowed")
    if draw.kind not in DRAWS or len(DRAWS[draw.kind]) != len(draw.arguments):
        raise VerifyError(f"{where}: a draw {draw.kind} with {len(draw.arguments)} arguments")
    wanted = _DRAW_ARGUMENT.get(draw.kind, Type.REAL)
    if any(a.type is not wanted for a in draw.arguments):
        raise VerifyError(f"{where}: an argument of {draw.kind} is not {wanted}")
    if not 0 <= draw.purpose < 1 << 16:
        raise VerifyError(f"{where}: the purpose {draw.purpose} of a draw is out of range")
    if draw.purpose in purposes:
        raise VerifyError(f"{where}: the purpose {draw.purpose} of a draw is also used in {purposes[draw.purpose]}")
    purposes[draw.purpose] = where
