"""Stored programs are believed only after they were run."""

import pytest

from dsl.domain import Domain, load_domain, register
from dsl.source import Source
from dsl.spec import Budget, Spec, task_from_examples
from dsl.sygus.reader import read_sygus
from dsl.terms import Term
from wake_sleep.wake.outcome import FoundBy, Judgement, Status
from wake_sleep.wake.replay import replay
from wake_sleep.wake.solve import SolveSettings


@pytest.fixture
def spec() -> Spec:
    return task_from_examples("twice", [((3,), 6), ((10,), 20)], domain="integers").spec


def program(text: str) -> dict[str, Term]:
    return {"f": load_domain("integers").parse(text)}


def test_programs_that_do_what_is_asked_are_an_outcome(spec: Spec) -> None:
    outcome = replay(spec, program("(lambda (+ $0 $0))"), SolveSettings(seed=4))
    assert outcome is not None
    assert (outcome.status, outcome.found_by, outcome.size) == (Status.SOLVED, FoundBy.REPLAY, 3)
    assert outcome.verdict is not None
    assert outcome.verdict.judgement is Judgement.EXAMPLES
    assert outcome.cost is not None
    assert outcome.cost > 0
    assert (outcome.candidates, outcome.seed, outcome.domain) == (0, 4, "integers")


def test_programs_that_fail_an_example_are_none(spec: Spec) -> None:
    assert replay(spec, program("(lambda (+ $0 3))"), SolveSettings()) is None


def test_programs_with_a_primitive_that_fails_are_none() -> None:
    domain = register(Domain("fails-now"))

    @domain.primitive("int -> int", name="third.fail")
    def fail(number: int) -> int:
        raise ZeroDivisionError

    asked = task_from_examples("t", [((3,), 4)], domain=domain.name).spec
    assert replay(asked, {"f": domain.parse("(lambda (third.fail $0))")}, SolveSettings()) is None


def test_programs_that_are_larger_than_asked_are_none(spec: Spec) -> None:
    programs = program("(lambda (+ $0 $0))")
    assert replay(spec, programs, SolveSettings(Budget(size=2))) is None
    assert replay(spec, programs, SolveSettings(Budget(size=3))) is not None


def test_programs_outside_the_language_are_none(spec: Spec) -> None:
    assert replay(spec, program("(lambda (+ $0 (- $0 12345)))"), SolveSettings()) is None


def test_programs_for_a_condition_are_proved_anew() -> None:
    text = "(set-logic LIA)(synth-fun f ((x Int)) Int)(declare-var x Int)(constraint (> (f x) x))(check-synth)"
    condition = read_sygus(Source(text))
    outcome = replay(condition, program("(lambda (+ $0 1))"), SolveSettings())
    assert outcome is not None
    assert outcome.verdict is not None
    assert outcome.verdict.judgement is Judgement.PROVED
    assert replay(condition, program("(lambda $0)"), SolveSettings()) is None
