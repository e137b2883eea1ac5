"""Z3 proves and refutes candidates of one condition, and remembers what refuted them."""

from __future__ import annotations

import gc
import weakref

import pytest

from dsl.domain import load_domain
from dsl.source import Source
from dsl.sygus.reader import read_sygus
from dsl.terms import Term, abstract
from wake_sleep.wake.outcome import Judgement
from wake_sleep.wake.verify.condition import Condition, condition_of
from wake_sleep.wake.verify.solver import Allowance, ConditionVerifier

STEPS = Allowance(None)


def condition(text: str) -> Condition:
    spec = read_sygus(Source(text + "(check-synth)"))
    assert spec.domain is not None
    return condition_of(spec, load_domain(spec.domain))


def program(text: str, parameters: int, domain: str = "integers") -> Term:
    return abstract(load_domain(domain).parse(text), parameters)


TWICE = "(set-logic LIA)(synth-fun f ((x Int)) Int)(declare-var a Int)(constraint (= (f (f a)) (+ a 4)))"


@pytest.mark.parametrize("allowance", [STEPS, Allowance(5.0)])
def test_a_candidate_is_proved_or_refuted_at_a_point(allowance: Allowance) -> None:
    verifier = ConditionVerifier(condition(TWICE))
    assert verifier.check({"f": program("(+ $0 2)", 1)}, allowance).judgement is Judgement.PROVED
    verdict = verifier.check({"f": program("(* 2 $0)", 1)}, allowance)
    assert verdict.judgement is Judgement.REFUTED
    (a,) = verdict.counterexample or ()
    assert 4 * int(a) != int(a) + 4  # type: ignore[arg-type]


def test_a_known_counterexample_refutes_without_z3() -> None:
    verifier = ConditionVerifier(condition(TWICE))
    wrong = {"f": program("$0", 1)}
    assert verifier.check(wrong, STEPS).judgement is Judgement.REFUTED
    asked = verifier.checks
    assert verifier.check(wrong, STEPS).judgement is Judgement.REFUTED
    assert (verifier.checks, verifier.replayed) == (asked, 1)


def test_a_proof_leaves_division_by_zero_open() -> None:
    found = condition("(set-logic NIA)(synth-fun f ((x Int)) Int)(declare-var a Int)(constraint (= (f a) (div a 0)))")
    verdict = ConditionVerifier(found).check({"f": program("0", 1)}, STEPS)
    assert verdict.judgement is not Judgement.PROVED


def test_assumptions_are_premises() -> None:
    found = condition(
        "(set-logic LIA)(synth-fun f ((x Int)) Int)(declare-var a Int)(assume (> a 0))(constraint (> (f a) 0))"
    )
    verifier = ConditionVerifier(found)
    assert verifier.check({"f": program("$0", 1)}, STEPS).judgement is Judgement.PROVED
    assert verifier.check({"f": program("(- $0 1)", 1)}, STEPS).judgement is Judgement.REFUTED


INVARIANT = """
(set-logic LIA)
(synth-inv inv ((x Int)))
(declare-var step Int)
(define-fun pre ((x Int)) Bool (= x 0))
(define-fun trans ((x Int) (x! Int)) Bool (and (> step 0) (= x! (+ x step))))
(define-fun post ((x Int)) Bool (>= x 0))
(inv-constraint inv pre trans post)
"""


def test_an_invariant_is_checked_for_all_values_of_further_variables() -> None:
    verifier = ConditionVerifier(condition(INVARIANT))
    assert verifier.check({"inv": program("(>= $0 0)", 1)}, STEPS).judgement is Judgement.PROVED
    for text in ("(= $0 0)", "(>= $0 (- 1))", "(> $0 0)"):
        assert verifier.check({"inv": program(text, 1)}, STEPS).judgement is Judgement.REFUTED, text


def test_the_outputs_at_a_point_are_all_those_that_meet_the_condition() -> None:
    found = condition(
        "(set-logic LIA)(synth-fun f ((x Int)) Int)(declare-var a Int)(constraint (and (> (f a) a) (< (f a) (+ a 3))))"
    )
    verifier = ConditionVerifier(found)
    assert sorted(verifier.outputs((5,), STEPS, most=9) or []) == [6, 7]


def test_equal_questions_have_equal_answers_whatever_was_asked_before() -> None:
    def points() -> list[object]:
        verifier = ConditionVerifier(condition(TWICE))
        return [verifier.check({"f": program(t, 1)}, STEPS).counterexample for t in ("$0", "(* 3 $0)", "7")]

    first = points()
    ConditionVerifier(condition(INVARIANT)).check({"inv": program("(= $0 0)", 1)}, STEPS)
    assert points() == first


def test_calls_on_constants_are_stated_of_the_call_on_variables() -> None:
    found = condition(
        "(set-logic LIA)(synth-fun f ((x Int)) Int)(declare-var a Int)(constraint (= (f 3) 8))(constraint (> (f a) a))"
    )
    assert found.single_call is not None
    assert len(found.calls) == 1
    verifier = ConditionVerifier(found)
    assert verifier.check({"f": program("(+ $0 5)", 1)}, STEPS).judgement is Judgement.PROVED
    assert verifier.check({"f": program("(+ $0 4)", 1)}, STEPS).judgement is Judgement.REFUTED


def test_a_verifier_that_is_closed_leaves_nothing_in_z3() -> None:
    gc.collect()
    gc.disable()
    try:
        verifier = ConditionVerifier(condition(TWICE))
        context = weakref.ref(verifier.translation.context)
        verifier.check({"f": program("(+ $0 2)", 1)}, STEPS)
        verifier.close()
        del verifier
        assert context() is None
    finally:
        gc.enable()
