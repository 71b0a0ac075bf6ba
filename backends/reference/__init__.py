"""The backend that defines the meaning of a program, in plain NumPy."""

from plastlang.backends.reference.executable import Reference, ReferenceExecutable

__all__ = ["Reference", "ReferenceExecutable"]
