"""Reading .plast files: every way in which that can fail is a diagnostic."""

from __future__ import annotations

from pathlib import Path

from plastlang.diagnostics import Diagnostic, PlastError, Source, Span

#: Larger files are not read: no model is written by hand at this size.
MAX_BYTES = 16_000_000
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_source(path: str | Path) -> Source:
    """The text of a file.

    Raises:
        PlastError: P100 there is no such file, P101 it is a directory or no regular file, P102 it cannot be read,
            P103 it is not UTF-8, P106 it is too large.
    """
    path = Path(path)
    try:
        if path.is_dir():
            names = sorted(entry.name for entry in path.glob("*.plast"))[:3]
            hint = f"name a file in it, such as {path / names[0]}" if names else "name a .plast file"
            raise _fault("P101", f"`{path}` is a directory, not a file.", hint)
        if not path.exists():
            raise _fault("P100", f"There is no file `{path}`.", _similar(path))
        if not path.is_file():
            raise _fault("P101", f"`{path}` is not a regular file.", "name a .plast file")
        if path.stat().st_size > MAX_BYTES:
            raise _fault("P106", f"`{path}` is larger than {MAX_BYTES // 1_000_000} MB.", "split it and use `import`")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _fault("P102", f"`{path}` cannot be read: {reason}.", "") from None
    return decode(str(path), data)


def decode(path: str, data: bytes) -> Source:
    """The text that bytes spell in UTF-8 (a byte order mark at the start is dropped).

    Raises:
        PlastError: P103, with the place of the first wrong byte.
    """
    try:
        return Source(path, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        # the excerpt shows what could be read
        source = Source(path, data.decode("utf-8-sig", errors="replace"))
        place = source.text.find("\N{REPLACEMENT CHARACTER}")
        wrong = data[error.start] if error.start < len(data) else 0
        raise PlastError(
            (
                Diagnostic(
                    "P103",
                    f"The file is not UTF-8 text: byte 0x{wrong:02x} at offset {error.start}.",
                    Span(source, place, place + 1),
                    "not UTF-8",
                    ("it begins like a UTF-16 file" if data[:2] in _UTF16_MARKS else "a .plast file is text in UTF-8",),
                    "save it as UTF-8 in your editor",
                ),
            )
        ) from None


def load_import(path: str, importer: Source | None) -> Source:
    """The text behind an import: `rules:NAME.plast` from the installed library, others beside the importer.

    Raises:
        OSError, UnicodeDecodeError: it is not there, or not a text.
    """
    if path.startswith("rules:"):
        from importlib import resources

        name = path.removeprefix("rules:")
        if "/" in name or "\\" in name:
            raise FileNotFoundError(path)
        return Source(path, resources.files("plastlang.rules").joinpath(name).read_text(encoding="utf-8"))
    start = (
        Path(importer.path).parent if importer is not None and not importer.path.startswith(("<", "rules:")) else Path()
    )
    if importer is not None and importer.path.startswith("rules:"):
        return load_import(f"rules:{path}", None)
    target = start / path
    return Source(str(target), target.read_text(encoding="utf-8"))


def _fault(code: str, message: str, hint: str) -> PlastError:
    return PlastError((Diagnostic(code, message, hint=hint),))


def _similar(path: Path) -> str:
    """A file beside the missing one whose name is close to its."""
    from difflib import get_close_matches  # only when a file is missing

    try:
        names = [entry.name for entry in path.parent.glob("*.plast")]
    except OSError:
        names = []
    close = get_close_matches(path.name, names, n=1) or [name for name in names if name == path.name + ".plast"]
    return f"did you mean `{path.parent / close[0]}`?" if close else ""
