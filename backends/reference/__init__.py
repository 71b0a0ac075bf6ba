"""The backend that defines the meaning of a program, in plain NumPy."""

from plastlang.backends.reference.executable import Reference, ReferenceExecutable

backend = Reference()

__all__ = ["Reference", "ReferenceExecutable", "backend"]
