"""Reading files: whatever is wrong with one is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from plastlang.diagnostics import PlastError, render
from plastlang.frontend.sources import MAX_BYTES, read_source


def said(path: Path) -> str:
    with pytest.raises(PlastError) as caught:
        read_source(path)
    return render(caught.value.diagnostics).replace(str(path.parent), "DIR")


def test_a_file_is_read_without_its_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.plast"
    path.write_bytes(b"\xef\xbb\xbfconst a = 1\r\n")
    assert read_source(path).text == "const a = 1\r\n"
    assert read_source(str(path)).path == str(path)


def test_missing_file_with_a_similar_one(tmp_path: Path) -> None:
    (tmp_path / "pair_stdp.plast").write_text("")
    assert said(tmp_path / "pair_sdtp.plast") == (
        "error[P100]: There is no file `DIR/pair_sdtp.plast`.\n = help: did you mean `DIR/pair_stdp.plast`?\n"
    )
    assert said(tmp_path / "pair_stdp") == (
        "error[P100]: There is no file `DIR/pair_stdp`.\n = help: did you mean `DIR/pair_stdp.plast`?\n"
    )


def test_missing_file_in_a_missing_directory(tmp_path: Path) -> None:
    assert said(tmp_path / "no" / "a.plast") == "error[P100]: There is no file `DIR/a.plast`.\n"


def test_directory(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    assert said(folder) == "error[P101]: `DIR/rules` is a directory, not a file.\n = help: name a .plast file\n"
    (folder / "a.plast").write_text("")
    assert said(folder) == (
        "error[P101]: `DIR/rules` is a directory, not a file.\n = help: name a file in it, such as DIR/rules/a.plast\n"
    )


def test_no_regular_file() -> None:
    assert said(Path("/dev/null")) == "error[P101]: `DIR/null` is not a regular file.\n = help: name a .plast file\n"


def test_name_that_no_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(PlastError) as caught:
        read_source("a\0b")
    assert caught.value.diagnostics[0].code in ("P100", "P102")
    with pytest.raises(PlastError) as caught:
        read_source(tmp_path / ("x" * 5000))
    assert caught.value.diagnostics[0].code == "P102"


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "a.plast"
    path.write_text("")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert said(path) == "error[P102]: `DIR/a.plast` cannot be read: Permission denied.\n"


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a.plast"
    path.write_bytes(b"const a = 1\n# caf\xe9\n")
    assert said(path) == (
        "error[P103]: The file is not UTF-8 text: byte 0xe9 at offset 17.\n"
        " --> DIR/a.plast:2:6\n"
        "  |\n"
        "2 | # caf\N{REPLACEMENT CHARACTER}\n"
        "  |      ^ not UTF-8\n"
        "  = note: a .plast file is text in UTF-8\n"
        "  = help: save it as UTF-8 in your editor\n"
    )


def test_utf16(tmp_path: Path) -> None:
    path = tmp_path / "a.plast"
    path.write_bytes("const a = 1\n".encode("utf-16"))
    assert "it begins like a UTF-16 file" in said(path)


def test_too_large(tmp_path: Path) -> None:
    path = tmp_path / "a.plast"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert said(path) == "error[P106]: `DIR/a.plast` is larger than 16 MB.\n = help: split it and use `import`\n"
