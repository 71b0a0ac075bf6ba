"""`python -m plastlang` is `plastc`."""

from plastlang.cli import main

main()
