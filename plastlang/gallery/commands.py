"""`plastc plot` and `plastc compare`: from names on the command line to a picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from plastlang.diagnostics import MachineError
from plastlang.gallery.pages import measured
from plastlang.gallery.subject import subject
from plastlang.runtime.calls import bad_call


def compare(names: Sequence[str], output: Path | None) -> Path:
    """Draw the subjects over each other; gives the file written.

    Raises:
        PlastError: a name is wrong, or none of them has anything to show alone.
        MachineError: matplotlib is missing, or the picture cannot be written.
    """
    subjects = [subject(name) for name in names]
    groups = [measured(of) for of in subjects]
    for of, panels in zip(subjects, groups, strict=True):
        if not panels:
            raise bad_call(
                f"{of.label} changes nothing alone that could be drawn",
                "draw a network that uses it: plastc run FILE --plot",
            )
    from plastlang.gallery.drawing import draw, save  # matplotlib is optional, and heavy

    title = " and ".join(of.label for of in subjects)
    path = output or Path("_".join(re.sub(r"\W+", "_", of.label).strip("_") for of in subjects) + ".png")
    try:
        return save(draw(title, groups), path)
    except ValueError:  # matplotlib's word for a format that it does not know
        raise bad_call(f"{path} is no kind of picture", "let the name end in .png, .svg or .pdf") from None
    except OSError as error:
        raise MachineError(f"{path} cannot be written: {error.strerror}") from error
