"""Lower bounds on what it costs to write the rest of a string."""

from wake_sleep.wake.costs import UNREACHABLE
from wake_sleep.wake.values.remainder import Jump, remainders


def test_parts_are_joined_at_the_cost_of_a_concatenation_each() -> None:
    assert remainders("abab", [("ab", 5)], [], 2) == [12, UNREACHABLE, 5, UNREACHABLE, 0]


def test_the_cheaper_of_two_ways_counts() -> None:
    assert remainders("abc", [("a", 1), ("bc", 1), ("abc", 9)], [], 3)[0] == 5
    assert remainders("abc", [("a", 1), ("bc", 1), ("abc", 4)], [], 3)[0] == 4


def test_a_jump_writes_as_much_as_it_reaches() -> None:
    assert remainders("abcd", [], [Jump([3, 0, 0, 1, 0], 4)], 1) == [
        9,
        UNREACHABLE,
        UNREACHABLE,
        4,
        0,
    ]


def test_what_no_part_continues_cannot_be_written() -> None:
    assert remainders("ax", [("a", 1)], [], 1)[0] == UNREACHABLE


def test_nothing_is_left_to_write_at_the_end() -> None:
    assert remainders("", [("a", 1)], [], 1) == [0]
