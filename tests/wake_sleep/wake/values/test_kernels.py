"""Kernels: what is written out means the same as the primitives."""

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from dsl.domain import Domain, load_domain
from dsl.errors import LimitExceeded
from dsl.limits import DEFAULT_LIMITS
from dsl.types import BOOL, INT, STRING, Type, assign, parse_type, type_variables
from wake_sleep.wake.values.bank import applied
from wake_sleep.wake.values.kernels import _WRITTEN_OUT, is_total, kernel_of
from wake_sleep.wake.values.language import Rule

STRINGS = load_domain("strings")
TEXTS = ["", "a", "ab", "ba b", "007", "42", "-3", "a-b-a", "Ärger", "٣", "x" * 40]
NUMBERS = [-(10**20), -2, -1, 0, 1, 2, 3, 7, 40, 10**20]
VALUES: dict[Type, list[Any]] = {STRING: TEXTS, INT: NUMBERS, BOOL: [False, True]}


def kernels(domain: Domain) -> list[tuple[str, Any]]:
    return [
        (primitive.name, primitive)
        for primitive in domain.primitives
        if primitive.arity and (primitive.function in _WRITTEN_OUT or not primitive.lazy)
    ]


@pytest.mark.parametrize(("name", "primitive"), kernels(STRINGS), ids=[name for name, _ in kernels(STRINGS)])
def test_a_kernel_gives_the_values_of_the_primitive_for_all_combinations(name: str, primitive: Any) -> None:
    kernel = kernel_of(STRINGS, primitive.operator)
    assert kernel is not None
    variables = type_variables(primitive.type)
    draw = random.Random(name)
    for element in (STRING, INT, BOOL):
        instance = assign(primitive.type, dict.fromkeys(variables, element))
        columns = [draw.sample(VALUES[t], min(6, len(VALUES[t]))) for t in instance.parameters]
        rows = list(itertools.product(*columns))
        wanted = applied(STRINGS, rule_of(primitive.operator), rows, DEFAULT_LIMITS)
        try:
            found = kernel(*columns)
        except (ValueError, LimitExceeded):
            continue
        if "EXHAUSTED" not in map(repr, wanted):
            assert [(type(x), x) for x in found] == [(type(x), x) for x in wanted]


def rule_of(operator: Any) -> Rule:
    class Bare:
        children = tuple(range(operator.arity))

    bare: Any = Bare()
    bare.operator = operator
    return bare  # type: ignore[no-any-return]


def test_every_kernel_that_is_written_out_belongs_to_a_primitive_of_the_shipped_domains() -> None:
    functions = {primitive.function for primitive in STRINGS.primitives}
    assert set(_WRITTEN_OUT) <= functions


def test_a_macro_and_a_conditional_of_another_domain_have_no_kernel() -> None:
    domain = Domain("shop")

    @domain.primitive("bool -> t0 -> t0 -> t0", name="choose", lazy=True)
    def choose(condition: bool, then: Any, otherwise: Any) -> Any:
        return then if condition else otherwise

    assert kernel_of(domain, domain.primitives[0].operator) is None


def test_only_what_is_written_out_is_known_to_be_total() -> None:
    plus: Callable[[Any], bool] = lambda name: is_total(STRINGS, operator(name))  # noqa: E731
    assert plus("str.++")
    assert not plus("div")


def operator(name: str) -> Any:
    found = STRINGS.find(name, 2)
    assert found is not None
    return found.operator


def test_types_of_the_test_are_the_ones_of_the_domain() -> None:
    assert parse_type("str") is STRING
