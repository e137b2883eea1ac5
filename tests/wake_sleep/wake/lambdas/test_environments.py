"""Rows: sampled values of bound variables, shared by all scopes."""

from dsl.types import BOOL, INT, STRING, Type, arrow, bit_vector, list_of
from wake_sleep.wake.lambdas.environments import MOST_EXAMPLES, Environments

LIST = list_of(INT)
CASES = [(((4, 7, 1), 9, (8,)), (LIST, INT, LIST)), (((5,), 0, ()), (LIST, INT, LIST))]


def test_values_come_from_the_example_of_the_row() -> None:
    environments = Environments(CASES, 12)
    column = environments.column(INT, 1)
    assert len(column) == len(environments) == 12
    first = [cell for cell, example in zip(column, environments.examples, strict=True) if example == 0]
    assert first[:3] == [4, 7, 1]


def test_variables_at_other_depths_have_other_values() -> None:
    environments = Environments(CASES, 12)
    columns = {environments.column(INT, depth) for depth in (1, 2, 3)}
    assert len(columns) == 3


def test_a_column_over_examples_is_expanded_to_rows() -> None:
    environments = Environments(CASES, 4)
    assert environments.expand(("a", "b")) == ("a", "a", "b", "b")


def test_every_type_has_values() -> None:
    environments = Environments(CASES, 8)
    types: tuple[Type, ...] = (BOOL, STRING, LIST, list_of(LIST), list_of(BOOL), bit_vector(8))
    for type_ in types:
        assert len(environments.column(type_, 1)) == len(environments)


def test_bound_functions_are_the_same_in_every_search() -> None:
    type_ = arrow(INT, INT)
    first, second = (Environments(CASES, 8).column(type_, 1) for _ in range(2))
    given = list(range(-5, 20))
    assert [[f(x) for x in given] for f in first] == [[f(x) for x in given] for f in second]
    assert len({tuple(f(x) for x in given) for f in first}) > 1


def test_a_bound_function_may_get_a_function() -> None:
    type_ = arrow(arrow(INT, INT), INT)
    (function, *_) = Environments(CASES, 8).column(type_, 1)
    assert function(abs) == function(lambda x: x)


def test_of_many_examples_a_few_have_rows() -> None:
    cases = [(((n, n + 1), n, ()), (LIST, INT, LIST)) for n in range(40)]
    environments = Environments(cases, 24)
    assert len(set(environments.examples)) == MOST_EXAMPLES
    assert len(environments.expand(tuple(range(40)))) == len(environments)
