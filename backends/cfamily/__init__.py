"""What emitters of C-like code share: the printer, the places of a program's parts, statements of one instance."""
