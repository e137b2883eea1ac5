"""CSV tables: cells, their types and their places."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.errors import SpecError
from dsl.native.tables import Table, open_table, read_table
from dsl.source import Source
from dsl.types import BOOL, INT, STRING

FIXTURES = Path(__file__).parents[1] / "fixtures"


def table_of(text: str) -> Table:
    return read_table(Source(text, Path("x.csv")))


def error_of(text: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        table_of(text)
    return caught.value


def cells_of(table: Table) -> list[list[str]]:
    return [[cell.value for cell in row] for row in table.rows]


def test_cells_are_read_with_quotes_commas_and_line_breaks() -> None:
    table = table_of('a,b\r\n"x, ""y""","one\ntwo"\r\n\r\n , z \r\n')
    assert table.names == ("a", "b")
    assert cells_of(table) == [['x, "y"', "one\ntwo"], [" ", " z "]]
    assert [cell.location.line for row in table.rows for cell in row] == [2, 2, 5, 5]


@settings(deadline=None)
@given(
    st.lists(
        st.lists(st.text("ab,\" '\n0é"), min_size=2, max_size=2).filter(lambda row: any(row)), min_size=1, max_size=5
    )
)
def test_what_the_standard_library_writes_is_read_back(rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["a", "b"], *rows])
    assert cells_of(table_of(text.getvalue())) == rows


@pytest.mark.parametrize(
    ("cells", "type_"),
    [
        (["1", "-20", "0"], INT),
        ([" 1", "2 "], INT),
        (["007", "8"], STRING),
        (["+3"], STRING),
        (["-0"], STRING),
        (["1.5"], STRING),
        (["1", ""], STRING),
        (["9" * 5000], STRING),
        (["true", "false"], BOOL),
        (["true", "yes"], STRING),
        (["True"], STRING),
        (["true", "1"], STRING),
    ],
)
def test_a_column_has_the_type_that_all_its_cells_have(cells: list[str], type_: object) -> None:
    table = table_of("a,b\n" + "".join(f"{cell},x\n" for cell in cells))
    assert table.column_type(0) is type_


def test_a_cell_is_a_value_of_its_type_or_the_text_that_it_is() -> None:
    ((number, truth, text),) = table_of("a,b,c\n 7,true,x\n").rows
    assert [number.typed(INT).value, truth.typed(BOOL).value, text.typed(INT).value] == [7, True, "x"]
    assert number.typed(STRING).value == " 7"


def test_columns_become_names_of_variables() -> None:
    table = table_of("Order no.,2nd,größe,a-b,a b,,x\n".replace(",,", ",%,") + "1,2,3,4,5,6,7\n")
    assert table.symbols == ("Order_no", "x_2nd", "größe", "a_b", "a_b_", "x_5", "x")


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "the table has no header"),
        ("\n\n", 1, 1, "the table has no header"),
        ("a,,b\n1,2,3\n", 1, 3, "column 2 has no name"),
        ("a,b,a\n", 1, 5, "two columns are called 'a'"),
        ("a,b\n1\n", 2, 1, "this row has 1 cell, but the header names 2 columns"),
        ("a,b\n1,2\n1,2,3\n", 3, 1, "this row has 3 cells, but the header names 2 columns"),
        ('a,b\n"x,2\n', 2, 1, "this quote is never closed"),
        ('a,b\n"x"y,2\n', 2, 4, "text behind the closing quote of a cell"),
        ('a,b\nx"y,2\n', 2, 2, "a quote inside a cell that is not quoted"),
    ],
)
def test_a_mistake_in_a_table_is_shown_where_it_is(text: str, line: int, column: int, message: str) -> None:
    error = error_of(text)
    assert message in error.message
    assert (error.line, error.column) == (line, column)


def test_another_separator_is_recognised() -> None:
    assert error_of("a;b\n1,2\n").suggestion == "cells are separated by commas, not by semicolons"


def test_an_unknown_column_names_the_nearest_and_all() -> None:
    with pytest.raises(SpecError, match=r"no column 'lsat'; the columns are first, last") as caught:
        table_of("first,last\n").index("lsat")
    assert caught.value.suggestion == "did you mean `last`?"


def test_rows_without_a_value_are_no_answers() -> None:
    table = open_table(FIXTURES / "orders.csv")
    assert len(table.answered(table.index("total")).rows) == len(table.rows) - 1
