"""The library against formulas, tables and other simulators."""
