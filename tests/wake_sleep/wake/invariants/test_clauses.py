"""What is recognised as Horn clauses, and what is refused with a reason."""

import pytest

from dsl.domain import load_domain
from dsl.printing import to_sexpr
from dsl.source import Source
from dsl.sygus.reader import read_sygus
from wake_sleep.wake.invariants.clauses import HornSystem, horn_system
from wake_sleep.wake.verify.condition import condition_of

DECLARATIONS = """
(set-logic LIA)
(synth-fun inv ((x Int) (y Int)) Bool)
(define-fun and3 ((a Bool) (b Bool) (c Bool)) Bool (and (and a b) c))
(define-fun implies ((a Bool) (b Bool)) Bool (or (not a) b))
(declare-var x Int)
(declare-var y Int)
(declare-var x1 Int)
(declare-var b Bool)
"""


def system_of(constraints: str) -> HornSystem | str:
    spec = read_sygus(Source(f"{DECLARATIONS}{constraints}(check-synth)"))
    assert spec.domain is not None
    return horn_system(condition_of(spec, load_domain(spec.domain)))


def shape_of(system: HornSystem | str) -> list[tuple[int, bool]]:
    """For each clause the number of premises, and whether it concludes that a state is in the invariant."""
    assert isinstance(system, HornSystem), system
    return [(len(clause.premises), clause.conclusion is not None) for clause in system.clauses]


def test_facts_steps_and_goals_are_told_apart() -> None:
    system = system_of(
        "(constraint (=> (= x 0) (inv x y)))"
        "(constraint (=> (and (inv x y) (= x1 (+ x 1))) (inv x1 y)))"
        "(constraint (=> (inv x y) (>= x 0)))"
    )
    assert shape_of(system) == [(0, True), (1, True), (1, False)]


def test_macros_around_calls_are_seen_through() -> None:
    system = system_of("(constraint (implies (and3 (inv x y) (< x y) (= x1 (+ x 1))) (inv x1 y)))")
    assert shape_of(system) == [(1, True)]
    assert isinstance(system, HornSystem)
    (clause,) = system.clauses
    assert to_sexpr(clause.constraint) == "(and (< $3 $2) (= $1 (+ $3 1)))"


def test_a_conditional_around_calls_becomes_clauses() -> None:
    system = system_of("(constraint (ite (inv x y) (>= x 0) (< x 0)))")
    assert shape_of(system) == [(1, False), (0, True)]


def test_an_equivalence_of_calls_becomes_two_clauses() -> None:
    assert shape_of(system_of("(constraint (= (inv x y) (inv y x)))")) == [(1, True), (1, True)]


def test_several_premises_are_allowed() -> None:
    assert shape_of(system_of("(constraint (=> (and (inv x y) (inv y x)) (inv x x)))")) == [(2, True)]


def test_a_clause_that_concludes_its_premise_asks_nothing() -> None:
    assert shape_of(system_of("(constraint (=> (and (inv x y) b) (inv x y)))")) == []


@pytest.mark.parametrize(
    ("constraint", "reason"),
    [
        ("(or (inv x y) (inv y x))", "one of several calls must be true"),
        ("(= x (ite (inv x y) 1 0))", "not within Boolean connectives"),
    ],
)
def test_what_is_not_horn_is_refused_with_a_reason(constraint: str, reason: str) -> None:
    found = system_of(f"(constraint {constraint})")
    assert isinstance(found, str)
    assert reason in found


def test_several_functions_are_refused() -> None:
    found = system_of("(synth-fun other ((x Int)) Bool)(constraint (=> (inv x y) (other x)))")
    assert found == "the condition asks for several functions"


def test_a_step_knows_the_states_that_it_leads_from_and_to() -> None:
    system = system_of("(constraint (=> (and (inv x y) (= x1 (+ x 1))) (inv x1 y)))")
    assert isinstance(system, HornSystem)
    step = system.step(0, (4, 7, 5, False))
    assert step is not None
    assert (step.premises, step.conclusion) == (((4, 7),), (5, 7))
    assert system.step(0, (4, 7, 6, False)) is None
