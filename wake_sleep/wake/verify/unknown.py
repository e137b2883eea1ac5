"""Verdicts that no solver gave: why nothing is known of programs that could not be checked to the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import z3

from dsl.terms import Term
from wake_sleep.wake.outcome import Judgement, Verdict
from wake_sleep.wake.verify.solver import Allowance, ConditionVerifier

OUT_OF_MEMORY: Final = "memory: the check needs more than a worker may have"
"""The reason of a check that was ended for its memory."""


def unknown(reason: str) -> Verdict:
    """A verdict that claims nothing."""
    return Verdict(Judgement.UNKNOWN, reason)


def check_within_memory(verifier: ConditionVerifier, programs: Mapping[str, Term], allowance: Allowance) -> Verdict:
    """Check programs in a process whose memory is bounded: ``unknown`` with `OUT_OF_MEMORY` if that is not enough."""
    try:
        verdict = verifier.check(programs, allowance)
    except MemoryError:
        return unknown(OUT_OF_MEMORY)
    except z3.Z3Exception as error:
        if "out of memory" not in str(error):
            raise
        return unknown(OUT_OF_MEMORY)
    is_short = verdict.judgement is Judgement.UNKNOWN and "out of memory" in verdict.reason
    return unknown(OUT_OF_MEMORY) if is_short else verdict
