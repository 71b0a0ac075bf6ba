"""Networks on a GPU: emitted CUDA, run through PyCUDA."""

from plastlang.backends.cuda.backend import CudaBackend, backend

__all__ = ["CudaBackend", "backend"]
