"""The C backend, which is there for speed. It gives the same bits as the reference."""

from plastlang.backends.c.backend import CBackend, backend

__all__ = ["CBackend", "backend"]
