"""Verification by examples: programs are run by the reference interpreter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dsl.domain import Domain
from dsl.evaluate import Evaluation
from dsl.limits import DEFAULT_LIMITS, Exhausted, Limits
from dsl.spec import Example
from dsl.terms import Term, strip_lambdas
from dsl.values import typed_key
from wake_sleep.wake.outcome import Judgement, Verdict


def failing_examples(
    program: Term, examples: Sequence[Example], domain: Domain, limits: Limits = DEFAULT_LIMITS
) -> list[int]:
    """Positions of the examples of one function that a closed program fails: another value, ⊥, or beyond the limits."""
    if not examples:
        return []
    _, body = strip_lambdas(program, len(examples[0].inputs))
    cells = Evaluation(domain, [example.inputs for example in examples], limits).column(body)
    return [
        i
        for i, (cell, example) in enumerate(zip(cells, examples, strict=True))
        if isinstance(cell, Exhausted) or typed_key(cell) != typed_key(example.output)
    ]


def verify_examples(
    programs: Mapping[str, Term], examples: Sequence[Example], domain: Domain, limits: Limits = DEFAULT_LIMITS
) -> Verdict:
    """Run programs on all examples by the reference interpreter.

    Returns:
        ``examples`` if all hold, else ``refuted`` with the first that does not.
    """
    for name, program in programs.items():
        own = [example for example in examples if example.function == name]
        failing = failing_examples(program, own, domain, limits)
        if failing:
            return Verdict(Judgement.REFUTED, "an example fails", name, own[failing[0]].inputs)
    return Verdict(Judgement.EXAMPLES)
