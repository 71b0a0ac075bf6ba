"""What is said about a call that cannot be: one sentence, and what to do instead."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Iterable

from plastlang.diagnostics import Diagnostic, PlastError


class UnknownNameError(PlastError, AttributeError):
    """A name that the object does not have. An AttributeError too, so that `hasattr` and `getattr` work."""


def bad_call(message: str, hint: str = "", code: str = "R102") -> PlastError:
    """The error for a call with a wrong value; the model is as it was before."""
    return PlastError((Diagnostic(code, f"{message}; {hint}" if hint else message),))


def unknown(what: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """The error for a name that is not there, with the nearest one that is, or all of them."""
    names = sorted(set(known))
    near = difflib.get_close_matches(name, names, 1, 0.6)
    if near:
        hint = f"did you mean {near[0]!r}?"
    elif names:
        hint = f"there is {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}"
    else:
        hint = "there is none"
    return UnknownNameError((Diagnostic("R101", f"{what} {name!r} does not exist; {hint}"),))


def whole(value: object, what: str, low: int = 0, high: int = 2**63 - 1) -> int:
    """`value` as an int from `low` to `high`; NumPy's whole numbers count, True and 3.0 do not."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # whatever has no __index__ is refused here
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or not low <= number <= high:
        limits = f"at least {low}" if high == 2**63 - 1 else f"from {low} to {high}"
        raise bad_call(f"{what} must be a whole number {limits}, not {value!r}")
    return number
