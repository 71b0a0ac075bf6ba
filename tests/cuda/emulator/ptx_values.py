"""Instructions of PTX that are one expression of C++, of registers that hold bits."""

from __future__ import annotations

from collections.abc import Callable

#: What C++ calls the bits of a type.
BITS = {"b8": "uint8_t", "b16": "uint16_t", "b32": "uint32_t", "b64": "uint64_t", "pred": "bool"}
TYPES = {
    **BITS, **{f"u{n}": f"uint{n}_t" for n in (8, 16, 32, 64)}, **{f"s{n}": f"int{n}_t" for n in (8, 16, 32, 64)},
    "f32": "uint32_t", "f64": "uint64_t",
}  # fmt: skip

Expression = Callable[[str, list[str]], str]


class Unknown(AssertionError):
    """PTX that was not expected."""


def typed(type_: str, value: str) -> str:
    """Bits as a number of a type."""
    return f"F({value})" if type_ == "f32" else f"D({value})" if type_ == "f64" else f"({TYPES[type_]})({value})"


def _arithmetic(integers: str, numbers: str = "") -> Expression:
    """Text in which {0}, {1} and {2} are the operands: of integers, and what C++ calls it for numbers."""

    def expression(type_: str, operands: list[str]) -> str:
        values = [typed(type_, value) for value in operands]
        if type_[0] == "f":
            if not numbers:
                raise Unknown(f"{integers} of {type_}")
            return f"BITS({numbers.format(*values, f='f' if type_ == 'f32' else '')})"
        # signed integers wrap: nothing overflows on bits
        unsigned = [f"({TYPES['u' + type_[1:]]})({value})" for value in operands] if type_ != "pred" else values
        return f"({TYPES[type_]})({integers.format(*unsigned)})"

    return expression


def _of_type(text: str, numbers: str = "") -> Expression:
    """The same where the sign of integers matters. {t} is their type."""

    def expression(type_: str, operands: list[str]) -> str:
        values = [typed(type_, value) for value in operands]
        if type_[0] == "f":
            return f"BITS({numbers.format(*values)})"
        return text.format(*values, t=TYPES[type_])

    return expression


def _shift(name: str) -> Expression:
    def expression(type_: str, operands: list[str]) -> str:
        return f"{name}<{TYPES[type_]}>(({TYPES[type_]})({operands[0]}), (uint32_t)({operands[1]}))"

    return expression


def _wide(type_: str, operands: list[str]) -> str:
    """mul.wide: the product has twice the bits."""
    of, to = TYPES[type_], TYPES[f"{type_[0]}{2 * int(type_[1:])}"]
    return " * ".join(f"({to})({of})({value})" for value in operands)


def _high(type_: str, operands: list[str]) -> str:
    bits = int(type_[1:])
    twice = {32: {"u": "uint64_t", "s": "int64_t"}, 64: {"u": "unsigned __int128", "s": "__int128"}}[bits][type_[0]]
    a, b = (f"({twice})({TYPES[type_]})({value})" for value in operands)
    return f"({TYPES[type_]})({a} * {b} >> {bits})"


def _absolute(type_: str, operands: list[str]) -> str:
    (value,) = operands
    if type_[0] == "f":
        return f"({value}) & ({TYPES[type_]})~((uint64_t)1 << {int(type_[1:]) - 1})"
    return f"({typed(type_, value)} < 0 ? 0 - ({value}) : ({value}))"


EXPRESSIONS: dict[str, Expression] = {
    "add": _arithmetic("{0} + {1}", "{0} + {1}"), "sub": _arithmetic("{0} - {1}", "{0} - {1}"),
    "mul": _arithmetic("{0} * {1}", "{0} * {1}"), "mad": _arithmetic("{0} * {1} + {2}"),
    "fma": _arithmetic("", "fma{f}({0}, {1}, {2})"), "neg": _arithmetic("0 - {0}", "-{0}"),
    "and": _arithmetic("{0} & {1}"), "or": _arithmetic("{0} | {1}"), "xor": _arithmetic("{0} ^ {1}"),
    "not": lambda type_, x: f"!({x[0]})" if type_ == "pred" else f"({TYPES[type_]})~({x[0]})",
    "div": _of_type("ptx_div<{t}>({0}, {1})", "{0} / {1}"), "rem": _of_type("ptx_rem<{t}>({0}, {1})"),
    "min": _of_type("ptx_min<{t}>({0}, {1})", "ptx_least({0}, {1})"),
    "max": _of_type("ptx_max<{t}>({0}, {1})", "ptx_most({0}, {1})"),
    "rcp": _arithmetic("", "1.0{f} / {0}"), "sqrt": _arithmetic("", "sqrt{f}({0})"),
    "fma.rm": _arithmetic("", "ptx_fma_down({0}, {1}, {2})"), "ex2.approx.ftz": _arithmetic("", "ptx_power({0})"),
    "rcp.approx.ftz": _arithmetic("", "ptx_reciprocal({0})"),
    "sqrt.approx": _arithmetic("", "ptx_about(sqrt({0}), 23)"),
    "div.full": _arithmetic("", "ptx_about((double){0} / {1}, 22)"),
    "abs": _absolute, "mul.wide": _wide, "mul.hi": _high,
    "shl": _shift("ptx_shl"), "shr": _shift("ptx_shr"),
    "popc": lambda type_, x: f"__builtin_popcount{'ll' if type_ == 'b64' else ''}({typed(type_, x[0])})",
    "clz": lambda type_, x: f"({x[0]}) == 0 ? {type_[1:]} : __builtin_clz{'ll' if type_ == 'b64' else ''}({x[0]})",
    "bfind.shiftamt": lambda type_, x: f"(uint32_t)({x[0]}) == 0 ? 0xffffffffu : __builtin_clz({x[0]})",
    "brev": lambda type_, x: f"ptx_reverse({x[0]})",
    "bfi": lambda type_, x: f"ptx_insert<{TYPES[type_]}>({', '.join(x)})",
}  # fmt: skip
