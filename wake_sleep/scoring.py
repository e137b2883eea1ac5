"""Whether an answer is right beyond the examples that it was found from."""

from __future__ import annotations

from dsl.domain import load_domain
from dsl.spec import Task
from wake_sleep.wake.outcome import Judgement, Outcome
from wake_sleep.wake.verify.examples import verify_examples


def right_on_held_out(task: Task, outcome: Outcome) -> bool | None:
    """Whether the programs of an outcome are right on all held-out examples of its task.

    Args:
        task: what was asked.
        outcome: what came of it.

    Returns:
        None if there are no held-out examples; False if there is no program.
    """
    if not task.held_out.examples:
        return None
    if not outcome.programs or task.spec.domain is None:
        return False
    verdict = verify_examples(outcome.programs, task.held_out.examples, load_domain(task.spec.domain))
    return verdict.judgement is Judgement.EXAMPLES
