"""Verdicts on examples come from running the programs."""

from dsl.domain import load_domain
from dsl.spec import Example
from wake_sleep.wake.outcome import Judgement
from wake_sleep.wake.verify.examples import failing_examples, verify_examples

DOMAIN = load_domain("lists")
EXAMPLES = [Example("f", ((1, 2),), 1), Example("f", ((3,),), 3), Example("f", ((),), 0)]


def test_a_program_that_fits_gets_the_verdict_examples() -> None:
    program = DOMAIN.parse("(lambda (length $0))")
    verdict = verify_examples({"f": program}, [Example("f", ((1, 2),), 2)], DOMAIN)
    assert verdict.judgement is Judgement.EXAMPLES


def test_a_program_that_is_undefined_on_an_example_is_refuted_by_it() -> None:
    head = next(p.name for p in DOMAIN.primitives if p.name in ("car", "head"))
    program = DOMAIN.parse(f"(lambda ({head} $0))")
    verdict = verify_examples({"f": program}, EXAMPLES, DOMAIN)
    assert (verdict.judgement, verdict.function, verdict.counterexample) == (Judgement.REFUTED, "f", ((),))
    assert failing_examples(program, EXAMPLES, DOMAIN) == [2]


def test_true_is_not_one() -> None:
    program = DOMAIN.parse("(lambda $0)")
    assert failing_examples(program, [Example("f", (True,), 1)], DOMAIN) == [0]
