"""What to measure and draw about a network that changes: needs the extra `plastlang[plot]`."""
