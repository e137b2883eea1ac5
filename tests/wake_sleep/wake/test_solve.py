"""The driver: outcomes, and what they may claim."""

from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.evaluate import evaluate
from dsl.spec import Budget, Spec, task_from_examples
from dsl.specfile import read_tasks
from wake_sleep.wake.outcome import Judgement, Status
from wake_sleep.wake.solve import DEFAULT_CPU_SECONDS, SolveSettings, effective_budget, solve_spec

FIRST_WORD = """
(set-logic SLIA)
(synth-fun f ((name String)) String
  ((S String) (I Int))
  ((S String (name " " (str.substr S I I) (str.++ S S)))
   (I Int (0 1 (str.indexof S S I) (str.len S)))))
(declare-var x String)
"""


def spec_of(tmp_path: Path, text: str) -> Spec:
    path = tmp_path / "spec.sl"
    path.write_text(text, encoding="utf-8")
    (task,) = read_tasks(path)
    return task.spec


def first_word(tmp_path: Path, *examples: tuple[str, str]) -> Spec:
    constraints = "".join(f'(constraint (= (f "{given}") "{wanted}"))\n' for given, wanted in examples)
    return spec_of(tmp_path, f"{FIRST_WORD}{constraints}(check-synth)")


def finite(tmp_path: Path, wanted: int) -> Spec:
    return spec_of(
        tmp_path,
        f"(set-logic LIA)(synth-fun f ((x Int)) Int ((I Int) (J Int)) ((I Int (x (+ J J))) (J Int (x 1))))"
        f"(constraint (= (f 5) {wanted}))(check-synth)",
    )


def test_a_program_that_fits_all_examples_is_found_and_says_only_that(tmp_path: Path) -> None:
    outcome = solve_spec(first_word(tmp_path, ("Ann Lee", "Ann"), ("Jo Day", "Jo"), ("Maria Sol", "Maria")))
    assert outcome.status is Status.SOLVED
    assert outcome.verdict is not None
    assert outcome.verdict.judgement is Judgement.EXAMPLES
    assert evaluate(outcome.programs["f"], ("Bob Ray",), load_domain("strings")) == "Bob"
    assert outcome.size == 7
    assert outcome.candidates > 0
    assert outcome.domain == "strings"


def test_contradictory_examples_are_infeasible_with_both_as_witness(tmp_path: Path) -> None:
    outcome = solve_spec(first_word(tmp_path, ("a b", "a"), ("c d", "c"), ("a b", "b")))
    assert outcome.status is Status.INFEASIBLE
    assert outcome.witness == ('f("a b") = "a" (line 8)', 'f("a b") = "b" (line 10)')


def test_a_finite_language_searched_through_is_infeasible(tmp_path: Path) -> None:
    assert solve_spec(finite(tmp_path, 6)).status is Status.SOLVED
    outcome = solve_spec(finite(tmp_path, 7))
    assert outcome.status is Status.INFEASIBLE
    assert "all programs of the grammar of f were tried" in outcome.reason


def test_a_space_bounded_by_the_user_is_exhausted_and_not_infeasible(tmp_path: Path) -> None:
    spec = first_word(tmp_path, ("a b", "zz"), ("c", "y"))
    outcome = solve_spec(spec, SolveSettings(Budget(size=3)))
    assert outcome.status is Status.EXHAUSTED
    assert outcome.reason == "no program of at most 3 nodes fits"


def test_an_infinite_language_that_lacks_the_program_ends_with_the_budget(tmp_path: Path) -> None:
    outcome = solve_spec(first_word(tmp_path, ("a b", "zz")), SolveSettings(Budget(candidates=3_000)))
    assert outcome.status is Status.UNKNOWN
    assert outcome.reason == "candidates: the budget of 3000 is spent"


def test_a_condition_is_met_and_proved(tmp_path: Path) -> None:
    text = "(set-logic LIA)(synth-fun f ((x Int)) Int)(declare-var x Int)(constraint (> (f x) x))(check-synth)"
    outcome = solve_spec(spec_of(tmp_path, text))
    assert outcome.status is Status.SOLVED
    assert outcome.verdict is not None
    assert outcome.verdict.judgement is Judgement.PROVED


def test_several_functions_are_solved_each_by_its_own_examples(tmp_path: Path) -> None:
    text = (
        "(set-logic LIA)(synth-fun f ((x Int)) Int)(synth-fun g ((x Int)) Int)"
        "(constraint (= (f 3) 4))(constraint (= (f 7) 8))(constraint (= (g 3) 6))(constraint (= (g 7) 14))(check-synth)"
    )
    outcome = solve_spec(spec_of(tmp_path, text), SolveSettings(Budget(candidates=200_000)))
    assert outcome.status is Status.SOLVED
    assert list(outcome.programs) == ["f", "g"]
    assert outcome.found_by is not None
    assert evaluate(outcome.programs["g"], (10,), load_domain("integers")) == 20


def test_equal_settings_give_equal_outcomes(tmp_path: Path) -> None:
    spec = first_word(tmp_path, ("Ann Lee", "Ann"), ("Jo Day", "Jo"))
    first, second = (solve_spec(spec, SolveSettings(Budget(candidates=20_000))) for _ in range(2))
    assert first.programs == second.programs
    assert first.candidates == second.candidates


@pytest.mark.parametrize(
    ("asked", "cpu_seconds"),
    [
        (Budget(), DEFAULT_CPU_SECONDS),
        (Budget(candidates=7), None),
        (Budget(wall_seconds=7.0), None),
        (Budget(cpu_seconds=2.0, candidates=7), 2.0),
    ],
)
def test_the_default_time_applies_only_where_nothing_else_bounds_the_work(
    asked: Budget, cpu_seconds: float | None
) -> None:
    spec = task_from_examples("t", [((1,), 2)], domain="integers").spec
    assert effective_budget(spec, asked).cpu_seconds == cpu_seconds


def test_a_function_without_examples_may_be_any_program(tmp_path: Path) -> None:
    text = (
        "(set-logic LIA)(synth-fun f ((x Int)) Int)(synth-fun g ((x Bool)) Bool ((B Bool)) ((B Bool ((not x)))))"
        "(constraint (= (f 3) 4))(check-synth)"
    )
    outcome = solve_spec(spec_of(tmp_path, text), SolveSettings(Budget(candidates=50_000)))
    assert outcome.status is Status.SOLVED
    assert repr(outcome.programs["g"]) == "(lambda (not $0))"


def test_a_spec_that_asks_nothing_is_solved_by_any_program(tmp_path: Path) -> None:
    outcome = solve_spec(spec_of(tmp_path, "(set-logic LIA)(synth-fun f ((x Int)) Int)(check-synth)"))
    assert outcome.status is Status.SOLVED
