"""A primitive that fails is named, in every engine; a defect of an engine stays one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dsl.domain import Domain, load_domain, register
from dsl.errors import DomainError
from dsl.spec import Budget, Spec, task_from_examples
from dsl.types import parse_type
from wake_sleep.wake.blame import blaming_primitives
from wake_sleep.wake.lambdas.search import OpenTermSearch
from wake_sleep.wake.outcome import Status
from wake_sleep.wake.pool.solver import Solver
from wake_sleep.wake.search import Goal
from wake_sleep.wake.solve import SolveSettings, program_grammar, solve_spec

SETTINGS = SolveSettings(Budget(candidates=20_000))
INTEGERS = [((3,), 500), ((7,), 700)]
LISTS = [(((1, 2, 3),), (9, 500, 11)), (((3, 2, 3),), (9, 500, 12))]


def values_spec(name: str, meaning: Callable[[int, int], Any]) -> Spec:
    """A problem for the search over values, whose primitive ``f`` is never right."""
    domain = Domain(f"values-{name}")
    domain.constant(1)
    domain.primitive("int -> int -> int", name="third.f")(meaning)
    register(domain)
    return task_from_examples("t", INTEGERS, domain=domain.name).spec


def lists_spec(name: str, meaning: Callable[[int, int], Any]) -> Spec:
    """The same for the search over open terms: ``f`` can be used in the body of a λ only."""
    domain = Domain(f"lists-{name}")
    domain.primitive("(int -> int) -> list(int) -> list(int)", name="third.map")(lambda f, xs: tuple(map(f, xs)))
    domain.primitive("int -> int -> int", name="third.f")(meaning)
    register(domain)
    return task_from_examples("t", LISTS, domain=domain.name).spec


def columns_spec(name: str, meaning: Callable[[int, int], Any]) -> Spec:
    """The same for the search over columns, which uses the batched meaning."""
    domain = Domain(f"columns-{name}")
    domain.constant(1, parse_type("bv64"))

    def batched(left: Any, right: Any) -> Any:
        return np.vectorize(meaning, otypes=[np.uint64])(left, right)

    # The meaning is tried on zeros once, when the engine is chosen.
    domain.primitive("bv64 -> bv64 -> bv64", name="third.f", batched=batched)(meaning)
    register(domain)
    return task_from_examples("t", INTEGERS, domain=domain.name, type_=parse_type("bv64 -> bv64")).spec


@pytest.mark.parametrize("spec", [values_spec, lists_spec, columns_spec])
@pytest.mark.parametrize(
    "error", [ZeroDivisionError("x"), KeyError("x"), AssertionError("x"), TypeError("x")], ids=repr
)
def test_a_primitive_that_raises_is_named_by_every_engine(spec: Callable[..., Spec], error: Exception) -> None:
    def fails_on_equals(left: int, right: int) -> int:
        if left == right != 0:
            raise error
        return left

    asked = spec(repr(error), fails_on_equals)
    with pytest.raises(DomainError, match=r"the Python meaning of third\.f in domain .* failed with"):
        solve_spec(asked, SETTINGS)


def test_a_batched_meaning_that_fails_at_once_is_an_error_of_the_domain() -> None:
    def fails(left: int, right: int) -> int:
        raise ZeroDivisionError("x")

    outcome = Solver().solve(columns_spec("at-once", fails), SETTINGS)
    assert outcome.status is Status.ERROR
    assert outcome.reason.startswith("the Python meaning of third.f in domain columns-at-once failed with Zero")


@pytest.mark.parametrize("spec", [values_spec, lists_spec])
@pytest.mark.parametrize("value", [None, "text", [1]], ids=repr)
def test_a_primitive_whose_value_is_of_another_type_is_named(spec: Callable[..., Spec], value: object) -> None:
    outcome = Solver().solve(spec(f"of-{value}", lambda left, right: value), SETTINGS)
    assert outcome.status is Status.ERROR
    assert outcome.reason.startswith("the Python meaning of third.f in domain ")


def test_a_primitive_that_returns_a_list_is_told_of_tuples() -> None:
    domain = register(Domain("lists-as-lists"))
    domain.primitive("list(int) -> list(int)", name="third.turn")(lambda xs: list(reversed(xs)))
    spec = task_from_examples("t", LISTS, domain=domain.name).spec
    with pytest.raises(DomainError, match=r"third\.turn in .* returned \[3, 2, 1\], which is not of type list\(int\)"):
        solve_spec(spec, SETTINGS)


@pytest.mark.parametrize("domain", ["lists", "strings", "integers"])
def test_a_defect_of_an_engine_is_no_fault_of_a_primitive(domain: str) -> None:
    examples = LISTS if domain == "lists" else INTEGERS
    spec = task_from_examples("t", examples, domain=domain).spec
    cases = tuple((example.inputs, example.output) for example in spec.examples)
    goal = Goal(program_grammar(spec, spec.functions[0]), load_domain(domain), cases)
    with pytest.raises(ZeroDivisionError), blaming_primitives(goal):
        raise ZeroDivisionError


def test_a_defect_of_an_engine_is_raised_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(search: OpenTermSearch) -> Any:
        yield search.defect  # type: ignore[attr-defined]

    monkeypatch.setattr(OpenTermSearch, "run", broken)
    with pytest.raises(AttributeError, match="defect"):
        solve_spec(task_from_examples("t", LISTS, domain="lists").spec, SETTINGS)
