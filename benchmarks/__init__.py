"""Benchmarks: `python benchmarks/run.py` runs them all and writes docs/benchmarks.md."""
