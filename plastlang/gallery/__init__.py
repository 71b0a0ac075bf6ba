"""Pages and pictures of neurons and rules, from their files and from runs of them (`plastc doc, plot, compare`)."""
