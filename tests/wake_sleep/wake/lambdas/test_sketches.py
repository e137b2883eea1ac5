"""What a wanted result tells of an argument that is left open."""

from collections.abc import Callable
from typing import Any

import pytest

from dsl.domain import Domain, load_domain
from dsl.grammar import Nonterminal
from dsl.limits import DEFAULT_LIMITS
from dsl.types import parse_type
from wake_sleep.wake.lambdas.forms import Form, Forms
from wake_sleep.wake.lambdas.sketches import calls_of, condition_calls, consistent, element_place, open_list


def form(name: str, result: str, *parameters: str, domain: Domain | None = None) -> Form:
    """The first form of an operator with a result and parameters of given types."""
    language = domain or load_domain("lists")
    grammar = language.grammar(parse_type(f"list(int) -> {result}"))
    wanted = Nonterminal(parse_type(result), grammar.start.environment)
    return next(
        found
        for found in Forms(grammar, language, DEFAULT_LIMITS).of(wanted)
        if repr(found.production.head) == name
        and (not parameters or [str(child.type) for child in found.production.children] == list(parameters))
    )


def map_integers() -> Form:
    return form("map", "list(int)", "int -> int", "list(int)")


def test_the_elements_of_a_result_are_the_values_of_an_open_function() -> None:
    assert calls_of(map_integers(), 0, (None, (3, 5)), (4, 6)) == [((3,), 4), ((5,), 6)]


def test_a_result_of_another_length_has_no_function() -> None:
    assert calls_of(map_integers(), 0, (None, (3, 5)), (4,)) is None


def test_pairs_are_the_arguments_of_an_open_function_of_two() -> None:
    zip_with = form("zip-with", "list(int)", "int -> int -> int", "list(int)", "list(int)")
    assert calls_of(zip_with, 0, (None, (3, 5), (1, 2, 9)), (4, 7)) == [((3, 1), 4), ((5, 2), 7)]


def test_a_value_that_is_passed_on_is_known_from_the_result() -> None:
    scan = form("scanl1", "list(int)")
    assert calls_of(scan, 0, (None, (1, 2, 3)), (1, 5, 8)) == [((1, 2), 5), ((5, 3), 8)]
    assert calls_of(scan, 0, (None, (1, 2, 3)), (9, 5, 8)) is None


def test_a_result_that_does_not_show_all_values_tells_nothing() -> None:
    fold = form("fold", "list(int)", "list(int)", "list(int)", "int -> list(int) -> list(int)")
    assert calls_of(fold, 2, ((1, 2), (), None), (1, 2)) is None


def test_a_condition_holds_for_what_is_kept() -> None:
    keep = form("filter", "list(int)")
    assert calls_of(keep, 0, (None, (4, 1, 6)), (4, 6)) == [((4,), True), ((1,), False), ((6,), True)]
    assert calls_of(keep, 0, (None, (4, 1, 6)), (6, 4)) is None


def test_truth_values_as_elements_are_those_of_an_open_condition() -> None:
    test = form("map", "list(bool)", "int -> bool", "list(int)")
    assert calls_of(test, 0, (None, (4, 1)), (True, False)) == [((4,), True), ((1,), False)]


def test_the_test_of_a_conditional_in_a_fold_keeps_elements() -> None:
    fold = form("fold", "list(int)", "list(int)", "list(int)", "int -> list(int) -> list(int)")
    branches: tuple[Callable[..., Any], Callable[..., Any]] = (lambda x, acc: (x, *acc), lambda x, acc: acc)
    assert condition_calls(fold, 2, ((4, 1), (), None), (4,), branches) == [((1, ()), False), ((4, ()), True)]
    assert condition_calls(fold, 2, ((4, 1), (9,), None), (4,), branches) is None


def test_what_may_be_an_element_of_the_result_is_told_by_types() -> None:
    fold = form("fold", "list(int)", "list(int)", "list(int)", "int -> list(int) -> list(int)")
    assert element_place(fold, 2) == 0
    assert element_place(form("filter", "list(int)"), 0) == 0
    assert element_place(form("count", "int"), 0) is None


@pytest.mark.parametrize(
    ("name", "parameters", "hole", "arguments", "target", "expected"),
    [
        ("cons", ("int", "list(int)"), 1, (4, None), (4, 5, 6), (5, 6)),
        ("cons", ("int", "list(int)"), 1, (7, None), (4, 5, 6), None),
        ("reverse", ("list(int)",), 0, (None,), (4, 5, 6), (6, 5, 4)),
        ("map", ("int -> int", "list(int)"), 1, (lambda x: x + 1, None), (4, 5), None),
        ("sort", ("list(int)",), 0, (None,), (5, 4), None),
    ],
)
def test_an_open_list_is_what_its_marker_stands_for(
    name: str, parameters: tuple[str, ...], hole: int, arguments: tuple[Any, ...], target: Any, expected: Any
) -> None:
    assert open_list(form(name, "list(int)", *parameters), hole, arguments, target) == expected


def test_the_start_of_a_fold_is_the_end_of_what_it_makes() -> None:
    fold = form("fold", "list(int)", "list(int)", "list(int)", "int -> list(int) -> list(int)")

    def prepend(x: int, acc: tuple[int, ...]) -> tuple[int, ...]:
        return (x, *acc)

    assert open_list(fold, 1, ((1, 2), None, prepend), (1, 2, 8, 9)) == (8, 9)
    assert open_list(fold, 1, ((1, 2), None, prepend), (2, 2, 8, 9)) is None


def test_cases_are_consistent_if_equal_inputs_have_equal_outputs() -> None:
    assert consistent([((1,), 2), ((3,), 4), ((1,), 2)]) == (((1,), 2), ((3,), 4))
    assert consistent([((1,), 2), ((1,), 3)]) is None


def test_primitives_of_other_domains_are_opened_alike() -> None:
    domain = Domain("twins", "a higher-order primitive that is known to nobody")

    @domain.primitive("(int -> int) -> int -> list(int)", name="around")
    def around(function: Callable[[int], int], n: int) -> tuple[int, ...]:
        return (function(n - 1), n, function(n + 1))

    domain.constant(1)
    assert calls_of(form("around", "list(int)", domain=domain), 0, (None, 5), (7, 5, 9)) == [((4,), 7), ((6,), 9)]
    assert calls_of(form("around", "list(int)", domain=domain), 0, (None, 5), (7, 6, 9)) is None
