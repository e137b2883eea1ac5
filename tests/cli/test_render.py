"""How rows and cards are written."""

import csv
import io
import json
from collections.abc import Iterator

import pytest

from cli.render import Format, OutputError, Row, write, write_card, write_rows

COLUMNS = ("name", "size", "parts")
ROWS: list[Row] = [
    {"name": "plain", "size": 1, "parts": []},
    {"name": "tab\tand\nline, [bold]«ä»", "size": 20, "parts": ["a", "b"]},
    {"name": "bare"},
]

Captured = pytest.CaptureFixture[str]


def test_json_is_one_array_with_what_each_row_has(capsys: Captured) -> None:
    write_rows(ROWS, COLUMNS, Format.JSON)
    assert json.loads(capsys.readouterr().out) == ROWS


def test_json_lines_are_one_object_each(capsys: Captured) -> None:
    write_rows(ROWS, COLUMNS, Format.JSON, json_lines=True)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == ROWS


def test_csv_reads_back(capsys: Captured) -> None:
    write_rows(ROWS, COLUMNS, Format.CSV)
    header, *rows = csv.reader(io.StringIO(capsys.readouterr().out, newline=""))
    assert header == list(COLUMNS)
    assert rows[1] == [ROWS[1]["name"], "20", '["a", "b"]']
    assert rows[2] == ["bare", "", ""]


def test_csv_of_nothing_is_a_header(capsys: Captured) -> None:
    write_rows([], COLUMNS, Format.CSV)
    assert capsys.readouterr().out == "name,size,parts\n"


def test_values_are_one_line_each_whatever_they_hold(capsys: Captured) -> None:
    write_rows(ROWS, COLUMNS, Format.VALUE)
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert lines == [["plain", "1", "[]"], ["tab and line, [bold]«ä»", "20", '["a", "b"]'], ["bare", "", ""]]


def test_a_table_keeps_text_as_it_is_and_ends_no_line_in_blanks(capsys: Captured) -> None:
    write_rows([{"name": "[bold]x[/bold]", "size": 3}], ("name", "size"), Format.TABLE)
    header, _, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["name", "size"]
    assert row.split() == ["[bold]x[/bold]", "3"]
    assert row == row.rstrip()


def test_a_table_that_goes_to_no_terminal_is_never_cut(capsys: Captured) -> None:
    write_rows([{"name": "x" * 500}], ("name",), Format.TABLE)
    assert "x" * 500 in capsys.readouterr().out


def test_a_card_names_equal_fields_once(capsys: Captured) -> None:
    write_card("title", [("find", "f"), ("find", "g"), ("domain", "lists")])
    assert capsys.readouterr().out.splitlines() == ["title", "  find    f", "          g", "  domain  lists"]


@pytest.mark.parametrize("how", [Format.CSV, Format.VALUE])
def test_rows_are_written_as_they_come(how: Format, capsys: Captured) -> None:
    seen: list[str] = []

    def rows() -> Iterator[Row]:
        for row in ROWS:
            seen.append(capsys.readouterr().out)
            yield row

    write_rows(rows(), COLUMNS, how)
    assert "plain" in seen[1]


def test_a_result_that_cannot_be_written_is_an_error_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("sys.stdout", Full())
    monkeypatch.setattr("cli.render.discard_output", lambda: None)
    with pytest.raises(OutputError, match="cannot write the result: No space left on device"):
        write("text")
