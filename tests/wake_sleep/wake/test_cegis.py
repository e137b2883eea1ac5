"""The choice of examples that guide a search."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dsl.values import Value
from wake_sleep.wake.cegis import diverse


def cases_of(*pairs: tuple[Any, Any]) -> list[tuple[tuple[Value, ...], Value]]:
    return [((given,), wanted) for given, wanted in pairs]


def test_few_cases_are_all_taken() -> None:
    assert diverse(cases_of((1, 1), (2, 2)), 8) == [0, 1]


def test_cases_unlike_the_others_are_taken_first() -> None:
    alike = [("abc", "A")] * 20
    assert 7 in diverse(cases_of(*alike[:7], ("a much longer text, with 12 digits", "B1"), *alike[7:]), 2)


def test_cases_that_look_alike_are_taken_in_the_order_of_the_file() -> None:
    assert diverse(cases_of(*[((1, 2), 3)] * 5), 3) == [0, 1, 2]


@given(
    st.lists(st.tuples(st.lists(st.integers()).map(tuple), st.integers() | st.booleans()), min_size=1),
    st.integers(1, 6),
)
def test_as_many_positions_as_asked_for_each_once_and_in_order(pairs: list[tuple[Any, Any]], count: int) -> None:
    chosen = diverse(cases_of(*pairs), count)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(count, len(pairs))
    assert all(0 <= position < len(pairs) for position in chosen)
