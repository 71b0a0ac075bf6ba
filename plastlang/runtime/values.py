"""Arrays that were read of a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plastlang.diagnostics import Diagnostic, PlastError

_IN_PLACE = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lshift", "rshift")


class ReadOnlyError(PlastError, ValueError):
    """An element of a copy was assigned: the model would not have changed."""


class Values(np.ndarray[Any, np.dtype[Any]]):
    """What a model had when it was read. `view.w += 1` and `view.w = array` change the model; `view.w[0] = 1` raises.

    What is computed of it is a plain array.
    """

    def __setitem__(self, key: Any, value: Any) -> None:
        if not self.flags.writeable:
            message = (
                "what was read of a model is a read-only copy; change a copy of your own and assign that: "
                "w = view.w.copy(), w[0] = 1, view.w = w"
            )
            raise ReadOnlyError((Diagnostic("R102", message),))
        super().__setitem__(key, value)

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        plain = np.asarray(array)
        return plain if plain.ndim else plain[()]

    def copy(self, order: Any = "C") -> NDArray[Any]:  # type: ignore[override]
        """A plain array of one's own."""
        return np.array(self, order=order)

    def __repr__(self) -> str:
        return repr(np.asarray(self))


def _anew(name: str) -> Callable[[Values, Any], Any]:
    """An operation that is in place where that can be, else makes a new array, which `view.w += 1` then assigns."""
    in_place, plain = getattr(np.ndarray, f"__i{name}__"), getattr(np.ndarray, f"__{name}__")

    def operate(self: Values, other: Any) -> Any:
        return in_place(self, other) if self.flags.writeable else plain(np.asarray(self), other)

    return operate


for _name in _IN_PLACE:
    setattr(Values, f"__i{_name}__", _anew(_name))


def frozen(values: Any) -> NDArray[Any]:
    """A copy cannot be written to: an assignment to an element would be lost without a word."""
    array: NDArray[Any] = np.asarray(values)
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array.view(Values)
