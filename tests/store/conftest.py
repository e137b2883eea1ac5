"""Stores for tests. The suite asks for a location only, so that it runs on every kind of database there will be."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.printing import parse_term
from dsl.spec import Spec, task_from_examples
from dsl.terms import Term
from dsl.types import INT, arrow
from store.records import NewResult, NewRun, NewSolution
from store.repository import Store


@pytest.fixture(params=["sqlite"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new store may be made."""
    assert request.param == "sqlite"
    return f"sqlite:///{tmp_path / 'reverie.db'}"


@pytest.fixture
def store(location: str) -> Iterator[Store]:
    """A new store."""
    with Store.open(location) as opened:
        yield opened


@pytest.fixture
def spec_of() -> Callable[..., Spec]:
    """A specification of integers: `spec_of(2)` wants two added to its input."""

    def make(added: int = 1) -> Spec:
        examples = [((n,), n + added) for n in (1, 5)]
        return task_from_examples("add", examples, type_=arrow(INT, INT), domain="integers").spec

    return make


@pytest.fixture
def integers() -> Callable[[str], Term]:
    """Reads a program of integers."""

    def parse(text: str) -> Term:
        return parse_term(text, load_domain("integers").operator)

    return parse


@pytest.fixture
def new_run() -> NewRun:
    """A batch of two tasks."""
    return NewRun("batch", {"seed": 0, "budget": {"candidates": 10}}, "settings", "tasks", 2, "0.1.0")


@pytest.fixture
def new_result(spec_of: Callable[..., Spec], integers: Callable[[str], Term]) -> Callable[..., NewResult]:
    """A solved task: `new_result("a", 3)` is one to which three is added."""

    def make(name: str, added: int = 1, **changed: object) -> NewResult:
        program = integers(f"(lambda (+ $0 {added}))")
        solution = NewSolution({"f": program}, "examples", 3, 2.5, "enumeration", "none", 7)
        given = {"status": "solved", "solution": solution, "row": {"spec": name}, "answer": "(define-fun …)", **changed}
        return NewResult(name, spec_of(added), **given)  # type: ignore[arg-type]

    return make
