"""Networks on a GPU: emitted CUDA, run through PyCUDA."""
