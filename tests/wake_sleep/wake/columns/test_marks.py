"""Which rows are right on which cases."""

import numpy as np

from dsl.grammar import Nonterminal
from dsl.types import BOOL, bit_vector
from wake_sleep.wake.columns.bank import Bank
from wake_sleep.wake.columns.hashing import hash_columns
from wake_sleep.wake.columns.marks import Marks, as_integers, first_of_each_set

BYTE = Nonterminal(bit_vector(8))


def bank_of(*columns: list[int], levels: list[int]) -> Bank:
    bank = Bank(BYTE, len(columns), 0)
    values = np.array(columns, np.uint64)
    for row, level in enumerate(levels):
        one = values[:, row : row + 1]
        bank.add(0, [], one, hash_columns(one), 1, level)
    return bank


def ones(values: np.ndarray, _: int) -> np.ndarray:
    flags: np.ndarray = values == 1
    return flags


def sets(marks: Marks) -> dict[int, int]:
    rows, packed = marks.distinct()
    return dict(zip(rows.tolist(), as_integers(packed), strict=True))


def test_rows_are_marked_with_their_cases_and_those_without_any_are_left_out() -> None:
    marks = Marks(bank_of([1, 0, 0], [1, 1, 0], levels=[1, 1, 1]), ones)
    assert sets(marks) == {0: 0b11, 1: 0b10}


def test_of_equal_sets_the_row_of_the_lowest_level_stands() -> None:
    assert sets(Marks(bank_of([1, 1, 1], [0, 2, 3], levels=[4, 2, 2]), ones)) == {1: 0b01}


def test_rows_added_later_are_marked_later() -> None:
    bank = bank_of([0], [1], levels=[1])
    marks = Marks(bank, ones)
    assert sets(marks) == {0: 0b10}
    new = np.array([[1], [0]], np.uint64)
    bank.add(0, [], new, hash_columns(new), 1, 2)
    assert sets(marks) == {0: 0b10, 1: 0b01}


def test_a_further_case_extends_the_sets_and_tells_rows_apart_that_were_alike() -> None:
    bank = bank_of([1, 1, 0], [0, 2, 0], levels=[1, 2, 3])
    marks = Marks(bank, ones)
    assert sets(marks) == {0: 0b01}
    bank.open_cases(1)
    bank.values[2] = [0, 1, 1]
    assert sets(marks) == {0: 0b001, 1: 0b101, 2: 0b100}


def test_a_test_that_is_the_value_itself_leaves_the_bank_as_it_is() -> None:
    bank = Bank(Nonterminal(BOOL), 1, 0)
    values = np.array([[True, False]])
    bank.add(0, [], values, hash_columns(values), 1, 1)
    marks = Marks(bank, lambda flags, _: flags)
    assert sets(marks) == {0: 0b1}
    bank.open_cases(1)
    bank.values[1] = [True, True]
    assert sets(marks) == {0: 0b11, 1: 0b10}
    assert bank.values.tolist() == [[True, False], [True, True]]


def test_sets_of_many_cases_are_kept_whole() -> None:
    columns = [[int(case == 70), 1] for case in range(80)]
    assert sets(Marks(bank_of(*columns, levels=[1, 1]), ones)) == {0: 1 << 70, 1: (1 << 80) - 1}


def test_no_sets_have_no_first() -> None:
    assert first_of_each_set(np.zeros((0, 3), np.uint8)).size == 0
