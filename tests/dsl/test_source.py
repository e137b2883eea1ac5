"""Source texts: positions in them, and files that cannot be read."""

import os
from pathlib import Path

import pytest

from dsl import source
from dsl.errors import SpecError
from dsl.source import Location, Source, read_source

TEXT = "first\n\n  thïrd\r\nlast"


@pytest.mark.parametrize(
    ("offset", "line", "column"), [(0, 1, 1), (5, 1, 6), (6, 2, 1), (7, 3, 1), (11, 3, 5), (16, 4, 1), (20, 4, 5)]
)
def test_offsets_become_lines_and_columns(offset: int, line: int, column: int) -> None:
    assert Source(TEXT, Path("a.sl")).locate(offset) == Location(Path("a.sl"), line, column)


def test_a_location_prints_as_editors_read_it() -> None:
    assert str(Location(Path("dir/a.sl"), 3, 7)) == "dir/a.sl:3:7"
    assert str(Location(None, 3, 7)) == "<text>:3:7"


def test_an_error_carries_its_line() -> None:
    error = Source(TEXT, Path("a.sl")).error("wrong", 9, "right")
    assert (error.path, error.line, error.column, error.suggestion) == (Path("a.sl"), 3, 3, "right")
    assert error.source_line == "  thïrd\r"
    assert Source("only").error("wrong", 4).source_line == "only"


def test_a_file_is_read_as_utf_8_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "a.sl"
    for content in ("(ä)".encode(), "(ä)".encode("utf-8-sig")):
        file.write_bytes(content)
        assert (read_source(file).text, read_source(file).path) == ("(ä)", file)


@pytest.mark.parametrize(
    ("content", "line", "column", "complaint"),
    [
        (b"ok\nab\xff", 2, 3, "byte 0xff is not UTF-8 text"),
        ("ok\näb".encode() + b"\xe9 x", 2, 3, "byte 0xe9 is not UTF-8 text"),
        (b"\xef\xbb\xbfab\xfe", 1, 3, "byte 0xfe is not UTF-8 text"),
        ("é".encode("utf-16"), 1, 1, "byte 0xff is not UTF-8 text"),
        (b"\xed\xa0\x80", 1, 1, "byte 0xed is not UTF-8 text"),
        (b"ab\n\0", 2, 1, "a NUL character: this is a binary file, not a specification"),
    ],
)
def test_what_is_no_text_is_refused_where_it_stands(
    tmp_path: Path, content: bytes, line: int, column: int, complaint: str
) -> None:
    file = tmp_path / "a.sl"
    file.write_bytes(content)
    with pytest.raises(SpecError, match=complaint) as caught:
        read_source(file)
    assert (caught.value.path, caught.value.line, caught.value.column) == (file, line, column)


def test_what_is_no_readable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, large, loop = tmp_path / "pipe", tmp_path / "large", tmp_path / "loop"
    os.mkfifo(pipe)
    large.write_bytes(b"x" * 11)
    loop.symlink_to(loop)
    monkeypatch.setattr(source, "LARGEST_FILE", 10)
    for path, complaint in [
        (tmp_path / "missing.sl", "no such file"),
        (large / "below", "the file cannot be read: Not a directory"),
        (tmp_path, "this is a folder, not a specification file"),
        (pipe, "this is a special file, not a specification file"),
        (Path("/dev/null"), "this is a special file, not a specification file"),
        (large, "the file is larger than"),
        (loop, "the file cannot be read"),
        (tmp_path / ("x" * 300), "the file cannot be read: File name too long"),
        (Path("a\0b"), "this is no path of a file"),
    ]:
        with pytest.raises(SpecError, match=complaint) as caught:
            read_source(path)
        assert caught.value.path == path
        assert caught.value.line is None


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.sl"
    file.touch(mode=0)
    with pytest.raises(SpecError, match="the file cannot be read: Permission denied"):
        read_source(file)
