"""Units: names to dimensions and exact factors of the coherent system (docs/numerics.md), by pint.

The units that almost every model uses are read without pint, whose import costs more than a second start may take;
everything else is asked of one pint registry with decimal factors.
"""

from __future__ import annotations

import difflib
import re
import reprlib
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from plastlang.diagnostics import Diagnostic, PlastError
from plastlang.frontend.checked import Dimension
from plastlang.frontend.dimensions import (
    NUMBER,
    Vector,
    divide,
    from_dimension,
    make,
    multiply,
    raised,
    spoken,
    to_dimension,
)

_PREFIXES = {"": 0, "f": -15, "p": -12, "n": -9, "u": -6, "µ": -6, "μ": -6, "m": -3, "k": 3, "M": 6, "G": 9}

#: Unit -> powers of SI's second, metre, kilogram, ampere.
_COMMON: dict[str, tuple[int, int, int, int]] = {
    "s": (1, 0, 0, 0),
    "Hz": (-1, 0, 0, 0),
    "m": (0, 1, 0, 0),
    "V": (-3, 2, 1, -1),
    "A": (0, 0, 0, 1),
    "S": (3, -2, -1, 2),
    "F": (4, -2, -1, 2),
    "C": (1, 0, 0, 1),
    "ohm": (-3, 2, 1, -2),
    "Ohm": (-3, 2, 1, -2),
}
_BASES = ("ms", "um", "ng", "pA")
#: Decimal exponent of the coherent base in SI: ms, um, ng, pA, K, fmol, cd.
_SCALE = {"ms": -3, "um": -6, "ng": -12, "pA": -12, "K": 0, "fmol": -15, "cd": 0}
_PINT_BASES = {
    "[time]": "ms",
    "[length]": "um",
    "[mass]": "ng",
    "[current]": "pA",
    "[temperature]": "K",
    "[substance]": "fmol",
    "[luminosity]": "cd",
}
#: What people write for a unit, and the name that it has.
_MISSPELT = {
    "msec": "ms",
    "msecs": "ms",
    "sec": "s",
    "secs": "s",
    "usec": "us",
    "nsec": "ns",
    "seconds": "s",
    "milliseconds": "ms",
    "mv": "mV",
    "pa": "pA",
    "na": "nA",
    "pf": "pF",
    "nf": "nF",
    "hz": "Hz",
    "HZ": "Hz",
    "khz": "kHz",
    "KHz": "kHz",
    "volts": "V",
    "percent": "%",
    "Mohms": "MOhm",
    "MOHM": "MOhm",
    "gohm": "GOhm",
    "Sec": "s",
    "mum": "um",
    "micron": "um",
}
_SPELLINGS = (
    "ms",
    "s",
    "us",
    "mV",
    "V",
    "uV",
    "nS",
    "uS",
    "mS",
    "pS",
    "S",
    "pA",
    "nA",
    "uA",
    "pF",
    "nF",
    "uF",
    "Hz",
    "kHz",
    "MOhm",
    "GOhm",
    "kOhm",
    "um",
    "mm",
    "fC",
    "pC",
    "fmol",
    "mol",
    "min",
    "%",
    "minute",
    "hour",
    "day",
)
_UNIT = re.compile(r"\s*(\*\*|[*/()%-]|\d+(?:\.\d+)?|[^\W\d]\w*)")


class UnitError(Exception):
    """A unit name that does not exist; `suggestion` is what may have been meant, or ''."""

    def __init__(self, unit: str, suggestion: str = ""):
        self.unit = unit
        self.suggestion = suggestion
        super().__init__(f"unknown unit {unit!r}")


@lru_cache(maxsize=1)
def _registry() -> Any:
    from pint import UnitRegistry  # costs 0.7 s, and most models never need it

    return UnitRegistry(non_int_type=Decimal, cache_folder=None)


@cache
def _atom(name: str) -> tuple[Decimal, Vector]:
    """Factor to the coherent system and vector of one unit name."""
    if name == "%":
        return Decimal("0.01"), NUMBER
    if name == "dimensionless":
        return Decimal(1), NUMBER
    if name in _MISSPELT:
        raise UnitError(name, _MISSPELT[name])
    return _quick(name) or _ask_pint(name)


def _quick(name: str) -> tuple[Decimal, Vector] | None:
    """A unit of `_COMMON` with a prefix, without pint."""
    for base, powers in _COMMON.items():
        if name.endswith(base) and (prefix := name[: len(name) - len(base)]) in _PREFIXES:
            vector = make(dict(zip(_BASES, map(Fraction, powers), strict=True)))
            shift = _PREFIXES[prefix] - sum(power * _SCALE[atom] for atom, power in zip(_BASES, powers, strict=True))
            return Decimal(1).scaleb(shift), vector
    return None


def is_common(name: str) -> bool:
    """Whether a bare name behind a quantity (`2 mV/ms`) is taken as a unit.

    Pint knows units such as `t`, `d` and `h`: taking those would hide a misspelt variable.
    """
    return name in _SPELLINGS or name == "cm" or _quick(name) is not None


def _ask_pint(name: str) -> tuple[Decimal, Vector]:
    registry = _registry()
    try:
        if name not in registry or not registry.Quantity(Decimal(1), name)._is_multiplicative:
            raise UnitError(name, _suggest(name))
        quantity = registry.Quantity(Decimal(1), name).to_base_units()
        factor = Decimal(quantity.magnitude)
        exponents = {_PINT_BASES[kind]: Fraction(power) for kind, power in quantity.dimensionality.items()}
    except UnitError:
        raise
    except Exception as error:  # pint raises many kinds; an offset unit such as degC is one of them
        raise UnitError(name, _suggest(name)) from error
    shift = -sum(int(power * _SCALE[atom]) for atom, power in exponents.items())
    return factor.scaleb(shift), make(exponents)


def _suggest(name: str) -> str:
    for spelling in _SPELLINGS:
        if spelling.lower() == name.lower():
            return spelling
    near = difflib.get_close_matches(name, _SPELLINGS, 1, 0.6)
    return near[0] if near else ""


class _Reader:
    """Reads `mV / ms ** 2`, `1/ms`, `nS*mV`."""

    def __init__(self, text: str):
        self.text = text
        self.tokens: list[str] = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            match = _UNIT.match(text, position)
            if match is None or len(self.tokens) > 100:
                raise UnitError(self.text)
            self.tokens.append(match.group(1))
            position = match.end()
        self.at = 0

    def take(self) -> str:
        token = self.tokens[self.at] if self.at < len(self.tokens) else ""
        self.at += 1
        return token

    def read(self) -> tuple[Decimal, Vector]:
        result = self.product()
        if self.at < len(self.tokens):
            raise UnitError(self.text)
        return result

    def product(self) -> tuple[Decimal, Vector]:
        factor, vector = self.power()
        while self.at < len(self.tokens) and self.tokens[self.at] in ("*", "/"):
            operator = self.take()
            other, other_vector = self.power()
            if operator == "*":
                factor, vector = factor * other, multiply(vector, other_vector)
            else:
                factor, vector = factor / other, divide(vector, other_vector)
        return factor, vector

    def power(self) -> tuple[Decimal, Vector]:
        factor, vector = self.atom()
        if self.at < len(self.tokens) and self.tokens[self.at] == "**":
            self.take()
            sign = -1 if self.at < len(self.tokens) and self.tokens[self.at] == "-" else 1
            self.at += sign < 0
            digits = self.take()
            if not digits.isdigit() or int(digits) > 12:
                raise UnitError(self.text)
            return factor ** (sign * int(digits)), raised(vector, sign * int(digits))
        return factor, vector

    def atom(self) -> tuple[Decimal, Vector]:
        token = self.take()
        if token == "(":
            inside = self.product()
            if self.take() != ")":
                raise UnitError(self.text)
            return inside
        if token[:1].isdigit() and Decimal(token):
            return Decimal(token), NUMBER
        if token[:1].isalpha() or token in ("%",) or token[:1] == "_":
            return _atom(token)
        raise UnitError(self.text)


@cache
def read_unit(text: str) -> tuple[Decimal, Vector]:
    """Exact factor to the coherent system, and vector, of a unit or product of units.

    Raises:
        UnitError: a name in it is no unit.
    """
    return _Reader(text).read() if text.strip() else (Decimal(1), NUMBER)


def unit_dimension(name: str) -> Dimension:
    """The dimension of a unit such as `mV / ms`. Raises UnitError."""
    return to_dimension(read_unit(name)[1])


def factor_to_coherent(unit: str) -> float:
    """What one `unit` is in the coherent system, rounded once. Raises UnitError."""
    return float(read_unit(unit)[0])


def literal(text: str, unit: str) -> float:
    """The number as written, in `unit`, in the coherent system: exact decimal, rounded once to a double."""
    return float(Decimal(text) * read_unit(unit)[0])


def compatible(a: Dimension, b: Dimension) -> bool:
    return a == b


def product(a: Dimension, b: Dimension) -> Dimension:
    return to_dimension(multiply(from_dimension(a), from_dimension(b)))


def quotient(a: Dimension, b: Dimension) -> Dimension:
    return to_dimension(divide(from_dimension(a), from_dimension(b)))


def power(a: Dimension, exponent: Fraction | int) -> Dimension:
    return to_dimension(raised(from_dimension(a), exponent))


_QUANTITY = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*", re.DOTALL)


def parse_quantity(text: str, of: str = "") -> tuple[float, Vector]:
    """`"17 ms"`, `"-70 mV"`, `"5"` as a value of the coherent system and its vector; `of` begins messages.

    Raises:
        PlastError: it is not a number with a unit.
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise _wrong(f"{of}{text!r} is not a number with a unit", hint='write for example "17 ms"')
    try:
        factor, vector = read_unit(match.group(2))
        return float(Decimal(match.group(1)) * factor), vector
    except UnitError as error:
        suggestion = f"did you mean `{error.suggestion}`?" if error.suggestion else ""
        raise _wrong(f"{of}unknown unit `{error.unit}` in {text!r}", "P403", suggestion) from None
    except (InvalidOperation, OverflowError):
        raise _wrong(f"{of}{text!r} is out of the range of numbers") from None


def quantity(value: object, dimension: Dimension, what: str = "") -> Any:
    """A value of the Python interface in the coherent system.

    Args:
        value: text (`"17 ms"`), a number (already coherent, or without unit), an array of numbers, a pair
            `(array, "ms")`, or a pint quantity.
        dimension: what it must be; an open one takes anything.
        what: the name of the parameter or argument, for messages.

    Returns:
        A float, or a float64 array for an array.

    Raises:
        PlastError: wrong unit, or not a number.
    """
    import numpy as np  # only the Python interface comes here

    want = from_dimension(dimension)
    of = f"{what}: " if what else ""
    scale = Decimal(1)
    vector: Vector | None = None
    if isinstance(value, str):
        number, vector = parse_quantity(value, of)
        if number == 0 and not vector:
            return number
        _expect(want, vector, value, what)
        return number
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], str):
        value, text = value
        scale, vector = _read_for_python(text)
        _expect(want, vector, text, what)
    elif hasattr(value, "units") and hasattr(value, "magnitude"):
        scale, vector = _read_for_python(str(value.units).replace("**-", "** -"))
        _expect(want, vector, str(value), what)
        value = value.magnitude
    if isinstance(value, bool) or value is None:
        raise _wrong(f"{of}{value!r} is not a number")
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise _wrong(f"{of}{reprlib.repr(value)} is not a number or an array of numbers") from None
    result = array if scale == 1 else array * float(scale) if scale >= 1 else array / float(1 / scale)
    return float(result) if result.ndim == 0 else result


def _read_for_python(text: str) -> tuple[Decimal, Vector]:
    try:
        return read_unit(text)
    except UnitError as error:
        suggestion = f"did you mean `{error.suggestion}`?" if error.suggestion else ""
        raise _wrong(f"unknown unit `{error.unit}`", "P403", suggestion) from None


def _expect(want: Vector, got: Vector, text: str, what: str) -> None:
    if want != got and not any(atom.startswith("?") for atom, _ in want):
        needed = f"{what} takes {spoken(want)}" if what else f"{spoken(want)} is needed"
        raise _wrong(f"{text!r} is {spoken(got)}, but {needed}", "P401")


def _wrong(message: str, code: str = "P405", hint: str = "") -> PlastError:
    return PlastError((Diagnostic(code, message, hint=hint),))


def format_value(value: float, dimension: Dimension) -> str:
    """`20 ms`, `0.5 nS`, `3`: a coherent value with its unit, read back by `parse_quantity`."""
    symbol = dimension.symbol
    if symbol == "1 / ms" and 1e-6 <= abs(value) < 1:  # most rates are said in Hz
        return f"{(Decimal(repr(float(value))) * 1000).normalize():f} Hz"
    if symbol.startswith("1 / "):  # a unit in the language begins with a name
        symbol = "kHz" if symbol == "1 / ms" else f"kHz * ms{symbol[1:]}"
    number = repr(float(value)).removesuffix(".0")
    return f"{number} {symbol}" if symbol else number
