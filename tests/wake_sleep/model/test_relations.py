"""Relations between values and the values wanted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.domain import load_domain
from dsl.types import BOOL, INT, STRING, Type, list_of, parse_type
from dsl.values import Value
from wake_sleep.model.relations import outline, relations

BV8 = parse_type("bv8")
BITS = 24


def true_of(found: Type, wanted: Type, value: Value, output: Value) -> set[str]:
    asked = relations(found, wanted)
    assert asked is not None
    bits = asked.compare(value, output)
    return {name for place, name in enumerate(asked.names) if bits >> place & 1}


def likeness(type_: Type, value: Value) -> set[str]:
    asked = outline(type_)
    bits = asked.describe(value)
    return {name for place, name in enumerate(asked.names) if bits >> place & 1}


@pytest.mark.parametrize(
    ("found", "wanted", "value", "output", "expected"),
    [
        (list_of(INT), list_of(INT), (3, 1), (3, 1, 2), {"begins it", "all in it", "same first", "is contained"}),
        (list_of(INT), list_of(INT), (1, 2, 3), (3, 2, 1), {"same length", "same elements", "has all of it"}),
        (list_of(INT), list_of(INT), (1, 2, 3, 4), (2, 4), {"contains it", "same last", "has all of it"}),
        (STRING, STRING, "abc", "c", {"ends with it", "contains it"}),
        (INT, INT, 3, 12, {"less", "divides it"}),
        (INT, INT, -4, 4, {"opposite", "same parity", "divides it"}),
        (BOOL, BOOL, True, False, {"true alone"}),
        (BV8, BV8, 0b1010, 0b1110, {"bits in it", "one bit apart", "same lowest bit"}),
        (INT, list_of(INT), 2, (2, 5, 3), {"in it", "first of it", "its smallest", "shorter"}),
        (list_of(INT), INT, (4, 5), 9, {"of which its sum"}),
        (INT, STRING, 3, "abc", {"its length"}),
        (STRING, INT, "7a", 7, {"of which digits in it"}),
        (list_of(STRING), STRING, ("a", "b"), "a", {"of which first of it"}),
        (BOOL, INT, True, 0, {"true"}),
        (INT, BOOL, 5, True, {"something where true"}),
    ],
)
def test_relations_say_what_their_names_say(
    found: Type, wanted: Type, value: Value, output: Value, expected: set[str]
) -> None:
    assert expected <= true_of(found, wanted, value, output)


@given(st.lists(st.integers(-3, 3), max_size=5).map(tuple), st.lists(st.integers(-3, 3), max_size=5).map(tuple))
def test_equal_lists_alone_are_equal(value: tuple[int, ...], output: tuple[int, ...]) -> None:
    true = true_of(list_of(INT), list_of(INT), value, output)

    assert ("equal" in true) == (value == output)
    assert ("same elements" in true) == (sorted(value) == sorted(output))
    assert ("all in it" in true) == (set(value) <= set(output))


@pytest.mark.parametrize("name", ["lists", "strings", "bitvectors", "integers"])
def test_every_type_of_a_task_has_an_outline_and_relations_to_itself(name: str) -> None:
    for task in load_domain(name).tasks:
        for function in task.spec.functions:
            for example in task.spec.examples:
                same = relations(function.result, function.result)
                assert same is not None
                assert same.compare(example.output, example.output) & 1, "equal is the first relation"
                assert 0 <= outline(function.result).describe(example.output) < 1 << BITS
                assert len(same.names) <= BITS


def test_an_outline_says_what_its_names_say() -> None:
    assert {"ascending", "distinct", "no negative", "at most 3"} <= likeness(list_of(INT), (1, 5, 9))
    assert {"capital first", "with spaces", "digit last"} <= likeness(STRING, "Room 7")
    assert {"odd", "low ones", "one byte"} <= likeness(BV8, 7)
    assert likeness(list_of(INT), ()) == {"empty", "at most 3", "at most 8"}


def test_types_that_have_nothing_to_do_with_one_another_have_no_relations() -> None:
    assert relations(list_of(INT), list_of(BOOL)) is None
