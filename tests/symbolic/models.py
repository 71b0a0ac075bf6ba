"""Checked components written as Python expressions, and a step of a lowered program in double precision."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

import numpy as np

from plastlang.backends.reference.evaluate import evaluate
from plastlang.frontend.checked import (
    CheckedComponent,
    CheckedInput,
    CheckedNetwork,
    CheckedParameter,
    CheckedPopulation,
    CheckedProjection,
    CheckedVariable,
    Dimension,
    Equation,
    Hold,
)
from plastlang.ir.nodes import (
    ELAPSED,
    Assign,
    Binary,
    Block,
    Builtin,
    Call,
    ConnectAll,
    Const,
    Derived,
    Draw,
    Expr,
    InputSum,
    Let,
    Local,
    Param,
    Population,
    PreSpike,
    Projection,
    Read,
    Renewal,
    Scheduled,
    Select,
    Spiking,
    Threshold,
    Unary,
)
from plastlang.ir.types import DRAWS, Site, Type
from plastlang.ir.verify import verify
from plastlang.symbolic import Lowered, lower

NONE = Dimension()
_BINARY: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%", ast.Pow: "**", ast.Lt: "<", ast.Gt: ">",
    ast.LtE: "<=", ast.GtE: ">=", ast.And: "and", ast.Or: "or",
}  # fmt: skip


def expression(text: str, names: Mapping[str, Expr]) -> Expr:
    """A Python expression over `names` as IR; functions and draws by their names."""
    purposes = iter(range(100))

    def build(node: ast.AST) -> Expr:
        match node:
            case ast.Constant(value=value):
                return Const(float(value))
            case ast.Name(id=name):
                return names[name]
            case ast.Attribute(value=ast.Name(id="post"), attr=name):
                return Read(name, Site.POST, of="post")
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Unary("-", build(operand))
            case ast.BinOp(left=left, op=op, right=right):
                return Binary(_BINARY[type(op)], build(left), build(right))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return Binary(_BINARY[type(op)], build(left), build(right))
            case ast.BoolOp(op=op, values=[left, right]):
                return Binary(_BINARY[type(op)], build(left), build(right))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return Select(build(test), build(body), build(orelse))
            case ast.Call(func=ast.Name(id=name), args=args) if name in DRAWS:
                return Draw(name, tuple(map(build, args)), next(purposes))
            case ast.Call(func=ast.Name(id="min" | "max" as name), args=[left, right]):
                return Binary(name, build(left), build(right))
            case ast.Call(func=ast.Name(id=name), args=args):
                return Call(name, tuple(map(build, args)))
            case _:
                raise AssertionError(ast.dump(node))

    return build(ast.parse(text, mode="eval").body)


def scope(params: Mapping[str, float], variables: Mapping[str, Site]) -> dict[str, Expr]:
    """What names stand for."""
    builtins: dict[str, Expr] = {n: Builtin(n, Type.REAL, Site.GLOBAL) for n in ("t", "dt")}
    known: dict[str, Expr] = {n: Param(n) for n in params}
    return builtins | known | {n: Read(n, site) for n, site in variables.items()}


def component(
    equations: Mapping[str, str],
    params: Mapping[str, float],
    sites: Mapping[str, Site],
    init: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    inputs: Mapping[str, str] | None = None,
    spike: str = "",
    reset: Mapping[str, str] | None = None,
    hold: Mapping[str, str] | None = None,
    rate: str = "",
    blocks: tuple[Block, ...] = (),
    method: str = "",
) -> CheckedComponent:
    """A neuron or rule from text."""
    names = scope(params, sites)
    body = tuple(Assign(n, expression(e, names), sites[n]) for n, e in (reset or {}).items())
    spiking: Spiking | None = Scheduled(body) if body else None
    if spike:
        spiking = Threshold(expression(spike, names), body)
    if rate:
        spiking = Renewal(expression(rate, names), (), body, 7)

    def bound(value: float | None) -> Const | None:
        return None if value is None else Const(value)

    limits = bounds or {}
    return CheckedComponent(
        "neuron" if Site.NEURON in sites.values() else "rule",
        "Made",
        "",
        tuple(CheckedParameter(n, v, NONE) for n, v in params.items()),
        tuple(
            CheckedVariable(
                n, s, Type.REAL, NONE, Const((init or {}).get(n, 0.0)), *map(bound, limits.get(n, (None, None)))
            )
            for n, s in sites.items()
        ),
        tuple(Equation(n, expression(e, names)) for n, e in equations.items()),
        tuple(CheckedInput(port, v, NONE) for port, v in (inputs or {}).items()),
        spiking,
        tuple(Hold(n, expression(e, names)) for n, e in (hold or {}).items()),
        blocks,
        method,
    )


def neuron(equations: Mapping[str, str], params: Mapping[str, float], **more: object) -> CheckedComponent:
    """A neuron whose states are those of the equations and of `more["states"]`."""
    states = [*equations, *more.pop("states", ())]  # type: ignore[misc]
    return component(equations, params, dict.fromkeys(states, Site.NEURON), **more)  # type: ignore[arg-type]


def network(population: CheckedComponent, rule: CheckedComponent | None = None, dt: float = 0.1) -> CheckedNetwork:
    """One population called `p`, and the rule on a projection `s` from it onto itself."""
    port = population.inputs[0].port if population.inputs else ""
    projections = () if rule is None else (CheckedProjection("s", ("p",), "p", port, rule, ConnectAll(), None),)
    return CheckedNetwork("net", "", dt, (CheckedPopulation("p", population, 3, None),), projections)


def lowered(population: CheckedComponent, rule: CheckedComponent | None = None, dt: float = 0.1) -> Lowered:
    """The lowered network, verified."""
    result = lower(network(population, rule, dt))
    verify(result.program)
    return result


def hows(result: Lowered, owner: str = "p") -> dict[str, str]:
    """How each variable of the owner is integrated."""
    return {e.variable: e.how for e in result.explanations if e.owner == owner}


class Machine:
    """Runs steps and lazy formulas of one owner, one instance of everything, in double precision."""

    def __init__(
        self,
        owner: Population | Projection,
        dt: float,
        params: Mapping[str, float] | None = None,
        real: type = np.float64,
    ) -> None:
        self.owner = owner
        self.real = np.dtype(real)
        self.dt = dt
        self.t = 0.0
        self.state = {v.name: float(v.init.value) for v in owner.variables if isinstance(v.init, Const)}
        self.params = {p.name: p.default for p in owner.parameters} | dict(params or {})
        self.inputs: dict[str, float] = {}
        self.locals: dict[str, float] = {}
        self.derived: dict[str, float] = {}
        for derived in owner.derived:  # in double, whatever the precision
            value = evaluate(derived.value, np.dtype(np.float64), self._leaf(np.dtype(np.float64)))
            self.derived[derived.name] = float(value[0])

    def _leaf(self, real: np.dtype) -> Callable[[Expr], np.ndarray]:
        tables = {Param: self.params, Derived: self.derived, Read: self.state, Local: self.locals}

        def leaf(e: Expr) -> np.ndarray:
            match e:
                case Builtin(name=name):
                    value = {"dt": self.dt, "t": self.t}[name]
                case InputSum(port=port):
                    value = self.inputs.get(port, 0.0)
                case _:
                    value = tables[type(e)][e.name]
            return np.full(1, value, np.int32 if e.type is Type.INT else real)

        return leaf

    def value(self, e: Expr) -> float:
        return float(evaluate(e, self.real, self._leaf(self.real))[0])

    def run(self, body: tuple) -> None:
        for statement in body:
            match statement:
                case Let(name=name, value=value):
                    self.locals[name] = self.value(value)
                case Assign(name=name, value=value):
                    self.state[name] = self.value(value)
                case _:
                    raise AssertionError(statement)

    def step(self, count: int = 1, **inputs: float) -> dict[str, float]:
        """`count` steps, the inputs arriving in the first."""
        for _ in range(count):
            self.inputs, inputs = inputs, {}
            self.run(self.owner.step)
            self.t += self.dt
        return self.state

    def lazy(self, n: int) -> dict[str, float]:
        """The lazy variables n steps on."""
        found: dict[str, float] = {}
        for group in self.owner.lazy:
            self.locals = {name: self.state[name] for name in group.names} | {ELAPSED: n}
            found |= {name: self.value(e) for name, e in zip(group.names, group.advance, strict=True)}
        return found


PRE_SPIKE = PreSpike()
