"""Expressions of the tree to typed expressions of the intermediate representation: names, units, types, sites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import assert_never

from plastlang.diagnostics import Span
from plastlang.frontend import ast
from plastlang.frontend.builtins import CALLED, CHANGING, RESERVED, builtin_of, builtins_of
from plastlang.frontend.check_values import (
    BrokenName,
    Entry,
    KnownName,
    LetName,
    ParameterName,
    Place,
    Reporter,
    Value,
    VariableName,
    did_you_mean,
    nearest,
)
from plastlang.frontend.checked import CheckedConst, CheckedFunction
from plastlang.frontend.dimensions import (
    NUMBER,
    TIME,
    Unifier,
    Vector,
    divide,
    from_dimension,
    multiply,
    raised,
    spoken,
    to_dimension,
)
from plastlang.frontend.evaluate import NotConstant, evaluate
from plastlang.frontend.units import UnitError, is_common, read_unit
from plastlang.ir.nodes import Binary, Builtin, Call, Cast, Const, Draw, Expr, Param, Read, Select, Unary
from plastlang.ir.types import DRAWS, FUNCTIONS, Site, Type, join

DEEPEST = 120
LARGEST = 5000

#: What other languages call it.
_FOREIGN = {
    "clamp": "clip",
    "power": "**",
    "pow": "**",
    "ln": "log",
    "rand": "uniform",
    "random": "uniform",
    "randn": "normal",
    "gauss": "normal",
    "heaviside": "... if ... else ...",
    "where": "... if ... else ...",
    "fabs": "abs",
    "sgn": "sign",
    "trunc": "int",
    "real": "x * 1.0",
    "float": "x * 1.0",
    "mod": "%",
    "maximum": "max",
    "minimum": "min",
    "dist": "distance",
}
_SAME_UNIT = ("abs", "min", "max", "clip")
_VERBS = {"+": "add {1} to {0}", "-": "subtract {1} from {0}", "%": "take {0} modulo {1}"}


def dotted(node: ast.Expression) -> str:
    """`pre.pos.x` of an attribute chain of names, or ''."""
    match node:
        case ast.Name(name=name):
            return name
        case ast.Attribute(value=value, name=name):
            start = dotted(value)
            return f"{start}.{name}" if start else ""
    return ""


@dataclass(slots=True)
class Elaborator:
    """Elaborates the expressions of one component or network. `kind`: neuron, rule, network (constants), pair."""

    kind: str
    reporter: Reporter
    consts: Mapping[str, CheckedConst]
    functions: Mapping[str, CheckedFunction]
    broken: frozenset[str] = frozenset()  # names of the file that have an error of their own
    components: frozenset[str] = frozenset()
    entries: dict[str, Entry] = field(default_factory=dict)
    locals: dict[str, Value | None] = field(default_factory=dict)
    unifier: Unifier = field(default_factory=Unifier)
    unknown: set[str] = field(default_factory=set)  # names that were reported as unknown: once is enough
    neuron_reads: dict[tuple[str, str], tuple[Vector, Span | None]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    draws: int = 0
    trail: list[tuple[Site, Span | None, str]] = field(default_factory=list)
    lets: dict[str, Value | None] = field(default_factory=dict)
    _open_lets: list[str] = field(default_factory=list)
    _open_functions: list[str] = field(default_factory=list)
    _depth: int = 0

    # ------------------------------------------------------------ entry points

    def elaborate(self, node: ast.Expression, place: Place) -> Value | None:
        """The value of an expression, or None if something in it is wrong (and has been reported)."""
        self.trail.clear()
        return self.value(node, place)

    def real(self, node: ast.Expression, place: Place, vector: Vector | None = None) -> Value | None:
        """As `elaborate`, made REAL, with the unit `vector` if one is given."""
        value = self.as_type(self.elaborate(node, place), Type.REAL, node.span, place.what)
        if value is None or vector is None:
            return value
        if not self.unifier.unify(value.vector, vector):
            self.report_unit(node.span, f"{place.what} must be {self.say(vector)}", value.vector)
            return None
        return value

    def condition(self, node: ast.Expression, place: Place) -> Value | None:
        return self.as_type(self.elaborate(node, place), Type.BOOL, node.span, place.what)

    def whole(self, node: ast.Expression, place: Place) -> Value | None:
        """As `elaborate`, made INT by force: counts may be given by REAL parameters."""
        value = self.elaborate(node, place)
        if value is None:
            return None
        if not self.unifier.unify(value.vector, NUMBER):
            self.report_unit(node.span, f"{place.what} must be a number", value.vector)
            return None
        if value.type is Type.REAL and value.integer is None:
            return Value(Cast(value.expr, Type.INT), NUMBER, value.site, None, value.draws, value.state, value.size + 1)
        return self.as_type(value, Type.INT, node.span, place.what)

    def constant(self, node: ast.Expression, what: str) -> tuple[float, Vector, Value] | None:
        """The number that a constant expression is."""
        place = Place(what, draws=False, state=False, parameters=False)
        value = self.elaborate(node, place)
        if value is None:
            return None
        if value.type is Type.BOOL:
            self.reporter.error("P405", f"{what} must be a number, not a condition", node.span)
            return None
        number = self.number(value, node.span, what)
        return None if number is None else (number, value.vector, value)

    def number(self, value: Value, span: Span | None, what: str) -> float | None:
        """The finite number that an elaborated constant expression has."""
        try:
            number = float(evaluate(value.expr))
        except NotConstant:
            self.reporter.error(
                "P309",
                f"{what} must be known before the run",
                span,
                "this is not constant",
                "use numbers, constants and functions of them",
            )
            return None
        except (ArithmeticError, ValueError) as error:
            self.reporter.error("P407", f"{what} cannot be computed: {error}", span)
            return None
        if not abs(number) < float("inf"):
            self.reporter.error("P407", f"{what} is not a finite number", span)
            return None
        return number

    def say(self, vector: Vector) -> str:
        return spoken(self.unifier.close(vector))

    # ------------------------------------------------------------ dispatch

    def value(self, node: ast.Expression, place: Place) -> Value | None:
        self._depth += 1
        try:
            if self._depth > DEEPEST:
                self.reporter.error(
                    "P406",
                    "this expression is nested too deeply",
                    node.span,
                    f"more than {DEEPEST} levels",
                    "name its parts with `let`",
                )
                return None
            value = self._dispatch(node, place)
        finally:
            self._depth -= 1
        if value is not None and value.size > LARGEST:
            self.reporter.error(
                "P406",
                "this expression is too large once functions and names are written out",
                node.span,
                f"more than {LARGEST} operations",
                "bind parts that occur often with `let` in a block",
            )
            return None
        return value

    def _dispatch(self, node: ast.Expression, place: Place) -> Value | None:
        match node:
            case ast.Number():
                return self._number(node)
            case ast.Name():
                return self._name(node, place)
            case ast.Attribute():
                return self._attribute(node, place)
            case ast.Before():
                return self._before(node, place)
            case ast.UnaryOp():
                return self._unary(node, place)
            case ast.BinaryOp():
                return self._binary(node, place)
            case ast.Comparison():
                return self._comparison(node, place)
            case ast.Conditional():
                return self._conditional(node, place)
            case ast.CallExpression():
                return self._call(node, place)
            case _:
                assert_never(node)

    # ------------------------------------------------------------ literals

    def _number(self, node: ast.Number) -> Value | None:
        quantity = self._quantity(node)
        if quantity is None:
            return None
        number, vector = quantity
        real = self._finite(number, node.span)
        if real is None:
            return None
        if node.unit:
            return Value(Const(real), vector)
        if number == 0:
            vector = self.unifier.fresh()
        whole = node.text.isdigit() and number < 2**31
        return Value(Const(real), vector, integer=int(number) if whole else None)

    def _finite(self, number: Decimal, span: Span | None) -> float | None:
        real = float(number)
        if abs(real) == float("inf"):
            self.reporter.error("P407", "this number is too large", span)
            return None
        return real

    def _quantity(self, node: ast.Expression) -> tuple[Decimal, Vector] | None:
        """A number with its unit, the unit perhaps written on behind it: `2 mV/ms`."""
        match node:
            case ast.Number(text=text, unit=unit):
                try:
                    factor, vector = read_unit(unit)
                except UnitError as error:
                    self.report_unknown_unit(error, node.span)
                    return None
                return Decimal(text) * factor, vector
            case ast.BinaryOp(op=op, left=left, right=right):
                start = self._quantity(left)
                if start is None:
                    return None
                text, power = self._unit_power(right)
                factor, vector = read_unit(text)
                power = power if op == "*" else -power
                return start[0] * factor**power, multiply(start[1], vector, power)
        return None

    def _unit_power(self, node: ast.Expression) -> tuple[str, int]:
        match node:
            case ast.Name(name=name):
                return name, 1
            case ast.BinaryOp(op="**", left=ast.Name(name=name), right=ast.Number(text=text)):
                return name, int(text)
            case ast.BinaryOp(
                op="**", left=ast.Name(name=name), right=ast.UnaryOp(op="-", value=ast.Number(text=text))
            ):
                return name, -int(text)
        return "", 0

    def _is_quantity(self, node: ast.Expression) -> bool:
        match node:
            case ast.Number(unit=unit):
                return unit != ""
            case ast.BinaryOp(op="*" | "/", left=left, right=right):
                return self._is_unit(right) and self._is_quantity(left)
        return False

    def _is_unit(self, node: ast.Expression) -> bool:
        match node:
            case ast.Name(name=name):
                return not self._declared(name) and is_common(name)
            case ast.BinaryOp(op="**", left=ast.Name(name=name), right=right):
                digits = right.value if isinstance(right, ast.UnaryOp) and right.op == "-" else right
                whole = (
                    isinstance(digits, ast.Number)
                    and digits.text.isdigit()
                    and not digits.unit
                    and len(digits.text) < 3
                )
                return whole and not self._declared(name) and is_common(name)
        return False

    def _declared(self, name: str) -> bool:
        declared = (self.locals, self.entries, self.consts, self.broken)
        return any(name in known for known in declared) or builtin_of(self.kind, name) is not None

    def report_unknown_unit(self, error: UnitError, span: Span | None) -> None:
        hint = (
            f"did you mean `{error.suggestion}`?"
            if error.suggestion
            else "units are written like ms, mV, nS, pA, Hz, %"
        )
        self.reporter.error("P403", f"there is no unit `{error.unit}`", span, "unknown unit", hint)

    # ------------------------------------------------------------ names

    def _name(self, node: ast.Name, place: Place) -> Value | None:
        name = node.name
        if name in self.locals:
            self.used.add(name)
            local = self.locals[name]
            if local is not None:
                self.trail.append((local.site, node.span, name))
            return local
        builtin = builtin_of(self.kind, name)
        if builtin is not None:
            return self._builtin(builtin, node.span, place)
        if name in self.entries:
            return self._entry(self.entries[name], node.span, place)
        if name in self.consts:
            self.used.add(name)
            const = self.consts[name]
            return const_value(const)
        if name in self.broken:
            return None
        self._unknown(node, place)
        return None

    def _unknown(self, node: ast.Name, place: Place) -> None:
        name = node.name
        if name in self.unknown:
            return
        self.unknown.add(name)
        known = self.names()
        if name in self.functions or name in CALLED or name in FUNCTIONS or name in DRAWS:
            arguments = "pre, post" if name == "distance" else "..."
            self.reporter.error(
                "P211", f"`{name}` is a function", node.span, "used like a value", f"write `{name}({arguments})`"
            )
        elif name in ("pre", "post", "pos"):
            example = {"pos": "pos.x"}.get(name, f"{name}.v")
            self.reporter.error(
                "P211",
                f"`{name}` alone is not a value",
                node.span,
                "needs a name behind it",
                f"write for example `{example}`",
            )
        elif name in self.components:
            self.reporter.error("P211", f"`{name}` is a neuron or rule, not a value", node.span)
        elif name in RESERVED.get(self.kind, frozenset()) or any(builtin_of(kind, name) for kind in ("neuron", "rule")):
            where = "rules" if builtin_of("rule", name) else "neurons"
            hint = f"write `pre.{name}` or `post.{name}`" if self.kind == "rule" and where == "neurons" else ""
            self.reporter.error("P201", f"`{name}` is known in {where} only", node.span, f"not in {place.what}", hint)
        else:
            hint = did_you_mean(name, known)
            if not hint and is_common(name):
                hint = "a unit stands behind a number: `1 " + name + "`"
            self.reporter.error("P201", f"unknown name `{name}`", node.span, "not declared", hint)

    def names(self) -> list[str]:
        """Everything that could be meant by a name here."""
        return [
            *self.locals,
            *self.entries,
            *self.consts,
            *(name for name in builtins_of(self.kind) if "." not in name),
        ]

    def _entry(self, entry: Entry, span: Span | None, place: Place) -> Value | None:
        self.used.add(entry.name)
        match entry:
            case BrokenName():
                return None
            case KnownName(value=value):
                return value
            case ParameterName():
                if not place.parameters:
                    self.reporter.error(
                        "P309",
                        f"{place.what} must be constant",
                        span,
                        "this is a parameter",
                        "use numbers, constants (`const`) and functions of them",
                    )
                    return None
                return Value(Param(entry.name), entry.vector)
            case VariableName():
                return self._variable(entry, span, place)
            case LetName():
                return self._let(entry, span, place)
            case _:
                assert_never(entry)

    def _variable(self, entry: VariableName, span: Span | None, place: Place) -> Value | None:
        self.read.add(entry.name)
        if not self._state_allowed(place, span, entry.name, entry.site):
            return None
        self.trail.append((entry.site, span, entry.name))
        return Value(
            Read(entry.name, entry.site, entry.type), entry.vector, entry.site, state=entry.site is not Site.PAIR
        )

    def _state_allowed(self, place: Place, span: Span | None, name: str, site: Site) -> bool:
        if not place.state and not (site is Site.PAIR and place.pairs):
            self.reporter.error(
                "P309",
                f"{place.what} cannot depend on `{name}`, which changes during the run",
                span,
                "this is state",
                "use parameters, constants, positions and draws" if place.draws else "use parameters and constants",
            )
            return False
        if site is Site.SYNAPSE and place.sample and not place.connected:
            self.reporter.error(
                "P307",
                f"`{name}` belongs to a synapse, and here there may be none",
                span,
                "read in a sample",
                "read it inside `if connected:`",
            )
            return False
        return True

    def _let(self, entry: LetName, span: Span | None, place: Place) -> Value | None:
        value = self.let_value(entry)
        if value is None:
            return None
        if value.state and not self._state_allowed(place, span, entry.name, Site.GLOBAL):
            return None
        sampled = Place(place.what, sample=place.sample, connected=place.connected)
        if not self._state_allowed(sampled, span, entry.name, value.site):
            return None
        if not place.parameters:
            self.reporter.error(
                "P309",
                f"{place.what} must be constant",
                span,
                f"`{entry.name}` is a `let` of the component",
                "use `const` for a constant of the file",
            )
            return None
        self.trail.append((value.site, span, entry.name))
        return value

    def let_value(self, entry: LetName) -> Value | None:
        """The value of a component's `let`, elaborated once."""
        if entry.name in self.lets:
            return self.lets[entry.name]
        if entry.name in self._open_lets:
            ring = " -> ".join([*self._open_lets[self._open_lets.index(entry.name) :], entry.name])
            self.reporter.error("P208", f"`{entry.name}` is defined by itself", entry.span, ring)
            return None
        self._open_lets.append(entry.name)
        trail, inner = self.trail, self.locals
        self.trail, self.locals = [], {}
        value = self.value(entry.value, Place("a `let` of the component", draws=False))
        self.trail, self.locals = trail, inner
        self._open_lets.pop()
        self.lets[entry.name] = value
        return value

    def _attribute(self, node: ast.Attribute, place: Place) -> Value | None:
        path = dotted(node)
        builtin = builtin_of(self.kind, path) if path else None
        if builtin is not None:
            return self._builtin(builtin, node.span, place)
        head, _, rest = path.partition(".")
        if self.kind == "rule" and head in ("pre", "post") and rest and "." not in rest:
            return self._neuron_read(head, rest, node.span, place)
        possible = [name for name in builtins_of(self.kind) if "." in name]
        near = nearest(path, possible) if path else ""
        if head in self.entries or head in self.locals:
            self.reporter.error(
                "P205",
                f"`{head}` has no parts",
                node.span,
                "not possible",
                "`pre.NAME` and `post.NAME` read the neurons of a rule" if self.kind == "rule" else "",
            )
        elif self.kind in ("pair", "place") and path in CHANGING:
            self._changing(place, path, node.span)
        elif self.kind == "neuron" and head in ("pre", "post"):
            self.reporter.error(
                "P205",
                "a neuron does not see the neurons that it is connected with",
                node.span,
                f"`{head}` is known in rules",
                "write this in a rule",
            )
        else:
            self.reporter.error(
                "P205",
                f"unknown name `{path or '...'}`",
                node.span,
                "not known here",
                f"did you mean `{near}`?" if near else "",
            )
        return None

    def _neuron_read(self, end: str, name: str, span: Span | None, place: Place) -> Value | None:
        site = Site.PRE if end == "pre" else Site.POST
        fixed = [path for path in builtins_of("rule") if path.startswith(end + ".")]
        other = f"{'post' if end == 'pre' else 'pre'}.{name}"
        if builtin_of("rule", other) is not None:
            near = nearest(f"{end}.{name}", fixed)
            self.reporter.error(
                "P205",
                f"there is no `{end}.{name}`",
                span,
                "",
                f"did you mean `{other}`?" if not near else f"did you mean `{near}` or `{other}`?",
            )
            return None
        if not self._state_allowed(place, span, f"{end}.{name}", site):
            return None
        if (end, name) not in self.neuron_reads:
            self.neuron_reads[end, name] = (self.unifier.fresh(f"{end}.{name}"), span)
        self.trail.append((site, span, f"{end}.{name}"))
        return Value(Read(name, site, of=end), self.neuron_reads[end, name][0], site, state=True)

    def _builtin(self, builtin: Builtin, span: Span | None, place: Place) -> Value | None:
        name = builtin.name
        if name == "connected" and not place.sample:
            self.reporter.error(
                "P307",
                "`connected` is known in samples only",
                span,
                "not in a sample",
                "use it inside `sample N pairs:` or `sample N slots of M per post:`",
            )
            return None
        if not place.parameters:
            self.reporter.error(
                "P309", f"{place.what} must be constant", span, f"`{name}` is known only when the network is built"
            )
            return None
        changes = name in CHANGING
        if changes and not place.state:
            self._changing(place, name, span)
            return None
        self.trail.append((builtin.site, span, name))
        return Value(builtin, TIME if name in ("t", "dt") else NUMBER, builtin.site, state=changes)

    def _changing(self, place: Place, name: str, span: Span | None) -> None:
        message = f"{place.what} cannot depend on `{name}`, which changes during the run"
        self.reporter.error("P309", message, span, "changes")

    def _before(self, node: ast.Before, place: Place) -> Value | None:
        inner = node.value
        if not place.before:
            self.reporter.error(
                "P306",
                "`@before` is known in `on pre spike` and `on post spike` only",
                node.span,
                f"not in {place.what}",
                "read the variable itself",
            )
            return None
        entry = self.entries.get(inner.name) if isinstance(inner, ast.Name) and inner.name not in self.locals else None
        if isinstance(entry, VariableName) and entry.site in (Site.PRE, Site.POST, Site.SYNAPSE):
            value = self._entry(entry, node.span, place)
            if value is not None and isinstance(value.expr, Read):
                read = Read(value.expr.name, value.expr.site, value.expr.type, before=True)
                return Value(read, value.vector, value.site, state=True)
            return None
        if isinstance(entry, BrokenName):
            return None
        if isinstance(inner, ast.Name) and self.value(inner, place) is None:
            return None
        self.reporter.error(
            "P306",
            "`@before` stands behind a pre, post or synapse variable of the rule",
            node.span,
            "not such a variable",
        )
        return None

    # ------------------------------------------------------------ operators

    def _unary(self, node: ast.UnaryOp, place: Place) -> Value | None:
        value = self.value(node.value, place)
        if value is None:
            return None
        if node.op == "not":
            value = self.as_type(value, Type.BOOL, node.value.span, "what `not` stands before")
            return None if value is None else self._wrap(Unary("not", value.expr), NUMBER, value)
        if value.type is Type.BOOL:
            self._not_a_number(node.value.span)
            return None
        if node.op == "+":
            return value
        if isinstance(value.expr, Const):
            integer = None if value.integer is None else -value.integer
            return Value(Const(-value.expr.value, value.type), value.vector, integer=integer)
        return self._wrap(Unary("-", value.expr), value.vector, value)

    def _wrap(self, expr: Expr, vector: Vector, *parts: Value) -> Value:
        site = parts[0].site
        for part in parts[1:]:
            site = join(site, part.site)
        return Value(
            expr,
            vector,
            site,
            None,
            any(part.draws for part in parts),
            any(part.state for part in parts),
            1 + sum(part.size for part in parts),
        )

    def _binary(self, node: ast.BinaryOp, place: Place) -> Value | None:
        if node.op in ("*", "/") and self._is_quantity(node):
            quantity = self._quantity(node)
            real = self._finite(quantity[0], node.span) if quantity else None
            return None if quantity is None or real is None else Value(Const(real), quantity[1])
        left = self.value(node.left, place)
        right = self.value(node.right, place)
        if left is None or right is None:
            return None
        if node.op in ("and", "or"):
            a = self.as_type(left, Type.BOOL, node.left.span, f"what stands before `{node.op}`")
            b = self.as_type(right, Type.BOOL, node.right.span, f"what stands behind `{node.op}`")
            return None if a is None or b is None else self._wrap(Binary(node.op, a.expr, b.expr), NUMBER, a, b)
        if not self._numbers((left, node.left.span), (right, node.right.span)):
            return None
        if node.op == "**":
            return self._power(left, right, node)
        if node.op == "*":
            vector = multiply(left.vector, right.vector)
        elif node.op == "/":
            vector = divide(left.vector, right.vector)
        else:
            if not self.unifier.unify(left.vector, right.vector):
                first, second = (left, right)
                sentence = _VERBS[node.op].format(self.say(first.vector), self.say(second.vector))
                self.report_mismatch(f"cannot {sentence}", left, right, node)
                return None
            vector = left.vector
        return self.arithmetic(node.op, left, right, vector)

    def arithmetic(self, op: str, left: Value, right: Value, vector: Vector) -> Value:
        """left op right, both numbers, their types brought together."""
        if left.integer is not None and right.integer is not None and op in ("+", "-", "*"):
            result = {
                "+": left.integer + right.integer,
                "-": left.integer - right.integer,
                "*": left.integer * right.integer,
            }[op]
            if abs(result) < 2**31:
                return Value(Const(float(result)), vector, integer=result)
        if op == "/":
            a, b = self._as_real(left), self._as_real(right)
        else:
            a, b = self._together(left, right)
        return self._wrap(Binary(op, a, b), vector, left, right)

    def _numbers(self, *parts: tuple[Value, Span | None]) -> bool:
        for value, span in parts:
            if value.type is Type.BOOL:
                self._not_a_number(span)
                return False
        return True

    def _not_a_number(self, span: Span | None) -> None:
        self.reporter.error("P405", "a condition is not a number", span, "true or false", "write `1 if ... else 0`")

    def _as_real(self, value: Value) -> Expr:
        return value.expr if value.type is Type.REAL else Cast(value.expr, Type.REAL)

    def _together(self, left: Value, right: Value) -> tuple[Expr, Expr]:
        if left.type is right.type:
            return left.expr, right.expr
        if left.type is Type.INT and right.integer is not None:
            return left.expr, Const(right.integer, Type.INT)
        if right.type is Type.INT and left.integer is not None:
            return Const(left.integer, Type.INT), right.expr
        return self._as_real(left), self._as_real(right)

    def _power(self, base: Value, exponent: Value, node: ast.BinaryOp) -> Value | None:
        if not self.unifier.unify(exponent.vector, NUMBER):
            self.report_unit(node.right.span, "an exponent must be a number without a unit", exponent.vector)
            return None
        try:
            literal: float | None = float(evaluate(exponent.expr))
        except (NotConstant, ArithmeticError, ValueError):
            literal = None
        if literal is not None and abs(literal) <= 64:
            vector = raised(base.vector, Fraction(literal).limit_denominator(1000))
        elif self.unifier.unify(base.vector, NUMBER):
            vector = NUMBER
        else:
            self.report_unit(
                node.left.span,
                "the base of an exponent that is not a literal must be a number without a unit",
                base.vector,
                hint="divide by a reference value first",
            )
            return None
        a = self._as_real(base)
        if literal in (2.0, 3.0) and not base.draws:
            square = Binary("*", a, a)
            return self._wrap(square if literal == 2.0 else Binary("*", square, a), vector, *([base] * int(literal)))
        return self._wrap(Binary("**", a, self._as_real(exponent)), vector, base, exponent)

    def _comparison(self, node: ast.Comparison, place: Place) -> Value | None:
        operands = [self.value(operand, place) for operand in node.operands]
        result: Value | None = None
        for position, op in enumerate(node.ops):
            left, right = operands[position], operands[position + 1]
            if left is None or right is None:
                return None
            spans = node.operands[position].span, node.operands[position + 1].span
            if not self._numbers((left, spans[0]), (right, spans[1])):
                return None
            if not self.unifier.unify(left.vector, right.vector):
                sentence = f"cannot compare {self.say(left.vector)} with {self.say(right.vector)}"
                self.report_mismatch(sentence, left, right, node)
                return None
            if right.draws and position + 1 < len(node.ops):
                self.reporter.error(
                    "P309",
                    "a draw in the middle of a comparison would be made twice",
                    spans[1],
                    "drawn here",
                    "bind it with `let` first",
                )
                return None
            a, b = self._together(left, right)
            step = self._wrap(Binary(op, a, b), NUMBER, left, right)
            result = step if result is None else self._wrap(Binary("and", result.expr, step.expr), NUMBER, result, step)
        return result

    def _conditional(self, node: ast.Conditional, place: Place) -> Value | None:
        condition = self.as_type(
            self.value(node.condition, place), Type.BOOL, node.condition.span, "what stands behind `if`"
        )
        then = self.value(node.then, place)
        otherwise = self.value(node.otherwise, place)
        if condition is None or then is None or otherwise is None:
            return None
        if (then.type is Type.BOOL) != (otherwise.type is Type.BOOL):
            self._not_a_number((node.then if then.type is Type.BOOL else node.otherwise).span)
            return None
        if not self.unifier.unify(then.vector, otherwise.vector):
            sentence = f"`if ... else` gives {self.say(then.vector)} or {self.say(otherwise.vector)}"
            self.report_mismatch(sentence, then, otherwise, node)
            return None
        a, b = self._together(then, otherwise)
        return self._wrap(Select(condition.expr, a, b), then.vector, condition, then, otherwise)

    # ------------------------------------------------------------ calls

    def _call(self, node: ast.CallExpression, place: Place) -> Value | None:
        name = node.function
        if name in self.functions:
            return self._inline(self.functions[name], node, place)
        if name == "distance":
            return self._distance(node, place)
        if name in DRAWS:
            return self._draw(node, place)
        if name not in FUNCTIONS and name not in CALLED:
            for argument in node.arguments:
                self.value(argument.value, place)
            if name not in self.broken:
                self._unknown_function(node)
            return None
        for argument in node.arguments:
            if argument.name:
                self.reporter.error("P209", f"`{name}` takes its arguments without names", argument.span)
                return None
        arguments = [self.value(argument.value, place) for argument in node.arguments]
        count = FUNCTIONS.get(name, CALLED.get(name, 1))
        if len(arguments) != count:
            self._argument_count(node, str(count))
            return None
        values = [value for value in arguments if value is not None]
        spans = [argument.value.span for argument in node.arguments]
        if len(values) < count or not self._numbers(*zip(values, spans, strict=True)):
            return None
        return self._function(name, values, spans, node)

    def _argument_count(self, node: ast.CallExpression, wanted: str) -> None:
        plural = "" if wanted == "1" else "s"
        self.reporter.error(
            "P209", f"`{node.function}` takes {wanted} argument{plural}, not {len(node.arguments)}", node.span
        )

    def _unknown_function(self, node: ast.CallExpression) -> None:
        name = node.function
        known = [*self.functions, *FUNCTIONS, *DRAWS, *CALLED]
        other = _FOREIGN.get(name.lower()) or nearest(name, known)
        if self._declared(name):
            self.reporter.error("P211", f"`{name}` is not a function", node.span, "a value", "multiply with `*`")
            return
        hint = f"did you mean `{other}`?" if other else "functions are: " + ", ".join(sorted([*FUNCTIONS, *CALLED]))
        self.reporter.error("P203", f"unknown function `{name}`", node.span, "not defined", hint)

    def _function(
        self, name: str, values: list[Value], spans: list[Span | None], node: ast.CallExpression
    ) -> Value | None:
        first = values[0]
        if name in ("min", "max", "clip"):
            for other in values[1:]:
                if not self.unifier.unify(first.vector, other.vector):
                    sentence = (
                        f"`{name}` needs values of one unit, not {self.say(first.vector)} and {self.say(other.vector)}"
                    )
                    self.report_mismatch(sentence, first, other, node)
                    return None
            if name != "clip":
                return self.arithmetic(name, first, values[1], first.vector)
            low = self.arithmetic("max", first, values[1], first.vector)
            return self.arithmetic("min", low, values[2], first.vector)
        if name in ("abs", "int", "sqrt", "sign"):
            vector = {"abs": first.vector, "sqrt": raised(first.vector, Fraction(1, 2))}.get(name, NUMBER)
        else:
            vector = NUMBER
        if (name == "int" or (name in FUNCTIONS and name not in ("abs", "sqrt", "sign"))) and not self.unifier.unify(
            first.vector, NUMBER
        ):
            self.report_unit(
                spans[0],
                f"the argument of `{name}` must be a number without a unit",
                first.vector,
                hint="divide by a value of the same unit",
            )
            return None
        if name == "int":
            integer = self.as_type(first, Type.INT, spans[0], "") if first.integer is not None else None
            if integer is not None or first.type is Type.INT:
                return integer or first
            return self._wrap(Cast(first.expr, Type.INT), NUMBER, first)
        return self._wrap(Call(name, (self._as_real(first),)), vector, first)

    def _distance(self, node: ast.CallExpression, place: Place) -> Value | None:
        ends = sorted(
            argument.value.name if isinstance(argument.value, ast.Name) else "" for argument in node.arguments
        )
        builtin = builtin_of(self.kind, "distance()")
        if builtin is None:
            self.reporter.error(
                "P203",
                "`distance(pre, post)` is known in rules and projections only",
                node.span,
                "no pair of neurons here",
            )
            return None
        if ends != ["post", "pre"]:
            self.reporter.error(
                "P209", "`distance` takes `pre` and `post`", node.span, "", "write `distance(pre, post)`"
            )
            return None
        return self._builtin(builtin, node.span, place)

    def _draw(self, node: ast.CallExpression, place: Place) -> Value | None:
        kind = node.function
        if not place.draws:
            self.reporter.error(
                "P309",
                f"{place.what} cannot contain a draw",
                node.span,
                "drawn at random",
                "draw in a block (`let u = ...`) or in a start value",
            )
            return None
        names = DRAWS[kind]
        arguments = self._bind(node, names, place, () if kind != "uniform" or node.arguments else names)
        if arguments is None:
            return None
        if kind == "uniform" and not arguments:
            arguments = [Value(Const(0.0), NUMBER), Value(Const(1.0), NUMBER)]
        vector = NUMBER if not arguments or kind in ("poisson", "randint") else arguments[0].vector
        for value in arguments:
            if not self.unifier.unify(value.vector, vector):
                if kind in ("poisson", "randint"):
                    self.report_unit(
                        node.span, f"the argument of `{kind}` must be a number without a unit", value.vector
                    )
                else:
                    sentence = f"`{kind}` needs values of one unit, not {self.say(vector)} and {self.say(value.vector)}"
                    self.reporter.error("P401", sentence, node.span, "different units")
                return None
        want = Type.INT if kind == "randint" else Type.REAL
        exprs = []
        for value in arguments:
            typed = self.as_type(value, want, node.span, f"the argument of `{kind}`")
            if typed is None:
                return None
            exprs.append(typed.expr)
        draw = Draw(kind, tuple(exprs), self.next_draw())
        wrapped = self._wrap(draw, vector, *arguments) if arguments else Value(draw, vector)
        return Value(draw, vector, wrapped.site, None, True, wrapped.state, wrapped.size)

    def next_draw(self) -> int:
        """The purpose of the next draw in the text."""
        self.draws += 1
        return self.draws - 1

    def _bind(
        self, node: ast.CallExpression, names: tuple[str, ...], place: Place, optional: tuple[str, ...] = ()
    ) -> list[Value] | None:
        """Arguments by position and name, in the order of `names`; reports what does not fit."""
        bound: dict[str, Value | None] = {}
        complete = True
        for position, argument in enumerate(node.arguments):
            value = self.value(argument.value, place)
            name = argument.name or (names[position] if position < len(names) else "")
            if not name:
                self._argument_count(node, str(len(names)))
                return None
            if name not in names:
                self.reporter.error(
                    "P209",
                    f"`{node.function}` has no argument `{name}`",
                    argument.span,
                    "",
                    did_you_mean(name, names) or f"it has: {', '.join(names)}",
                )
                return None
            if name in bound:
                self.reporter.error("P209", f"`{node.function}` is given `{name}` twice", argument.span)
                return None
            bound[name] = value
            complete = complete and value is not None
        missing = [name for name in names if name not in bound and name not in optional]
        if missing:
            wanted = str(len(names)) if not any(argument.name for argument in node.arguments) else ""
            if wanted:
                self._argument_count(node, wanted)
            else:
                self.reporter.error("P209", f"`{node.function}` needs `{missing[0]}`", node.span)
            return None
        values = [bound[name] for name in names if name in bound]
        return [value for value in values if value is not None] if complete else None

    def _inline(self, function: CheckedFunction, node: ast.CallExpression, place: Place) -> Value | None:
        declaration = function.declaration
        self.used.add(declaration.name)
        arguments = self._bind(node, declaration.arguments, place)
        if arguments is None:
            return None
        if declaration.name in self._open_functions:
            self.reporter.error(
                "P208",
                f"`{declaration.name}` calls itself",
                node.span,
                "functions are written out where they are called",
            )
            return None
        for name, argument in zip(declaration.arguments, arguments, strict=True):
            if argument.draws and uses(declaration.value, name) > 1:
                self.reporter.error(
                    "P309",
                    f"`{declaration.name}` uses its argument `{name}` more than once, and it is a draw",
                    node.span,
                    "would be drawn more than once",
                    "bind the draw with `let` first",
                )
                return None
        self._open_functions.append(declaration.name)
        kept = self.entries, self.locals, self.consts, self.functions, self.reporter, self.kind, self.used, self.broken
        inner = Reporter()
        self.entries, self.consts, self.functions, self.reporter, self.kind = (
            {},
            function.consts,
            function.functions,
            inner,
            "function",
        )
        self.locals = dict(zip(declaration.arguments, arguments, strict=True))
        self.used = set()
        value = self.value(declaration.value, Place(f"`fn {declaration.name}`", draws=False, state=False))
        self.entries, self.locals, self.consts, self.functions, self.reporter, self.kind, self.used, self.broken = kept
        self._open_functions.pop()
        if inner.errors:
            cause = inner.errors[0]
            self.reporter.error(
                cause.code,
                cause.message,
                node.span,
                f"in this call of `{declaration.name}`",
                cause.hint,
                (f"`{declaration.name}` is written out where it is called",),
            )
        return value

    # ------------------------------------------------------------ types and units

    def as_type(self, value: Value | None, want: Type, span: Span | None, what: str) -> Value | None:
        """The value as `want`; REAL is never made INT silently."""
        if value is None or (value.type is want and not (want is Type.INT and value.integer is not None)):
            return value
        if want is Type.BOOL:
            self.reporter.error(
                "P405", f"{what} must be a condition", span, "this is a number", "compare it, for example `... > 0`"
            )
            return None
        if value.type is Type.BOOL:
            self._not_a_number(span)
            return None
        if want is Type.REAL:
            return Value(
                Cast(value.expr, Type.REAL), value.vector, value.site, None, value.draws, value.state, value.size
            )
        if value.integer is not None:
            return Value(Const(value.integer, Type.INT), value.vector, integer=value.integer)
        self.reporter.error("P405", f"{what} must be a whole number", span, "this is a real number", "write `int(...)`")
        return None

    def report_unit(self, span: Span | None, sentence: str, got: Vector, hint: str = "") -> None:
        self.reporter.error("P401", f"{sentence}, not {self.say(got)}", span, f"this is {self.say(got)}", hint)

    def report_mismatch(self, sentence: str, left: Value, right: Value, node: ast.Expression) -> None:
        one, other = self.say(left.vector), self.say(right.vector)
        hint = ""
        for value, against in ((left, right), (right, left)):
            symbol = to_dimension(self.unifier.close(against.vector)).symbol
            if isinstance(value.expr, Const) and not self.unifier.close(value.vector) and symbol:
                hint = f"give the number a unit: `{value.expr.value:g} {symbol}`"
        self.reporter.error("P401", sentence, node.span, f"{one} and {other}", hint)


def const_value(const: CheckedConst) -> Value:
    """A constant of the file as a value."""
    number = const.value.value
    vector = from_dimension(const.dimension)
    whole = const.value.type is Type.INT
    return Value(Const(float(number)), vector, integer=int(number) if whole else None)


def uses(node: ast.Expression, name: str) -> int:
    """How often a name occurs in an expression."""
    match node:
        case ast.Name(name=other):
            return int(other == name)
        case ast.Number():
            return 0
        case ast.Attribute(value=value) | ast.Before(value=value) | ast.UnaryOp(value=value):
            return uses(value, name)
        case ast.BinaryOp(left=left, right=right):
            return uses(left, name) + uses(right, name)
        case ast.Comparison(operands=operands):
            return sum(uses(operand, name) for operand in operands)
        case ast.Conditional(condition=condition, then=then, otherwise=otherwise):
            return uses(condition, name) + uses(then, name) + uses(otherwise, name)
        case ast.CallExpression(arguments=arguments):
            return sum(uses(argument.value, name) for argument in arguments)
        case _:
            assert_never(node)
