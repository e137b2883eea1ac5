"""What the cost part of a guide tells the network of a task: its features, and corrections of the base weights.

The cost head has learned to read a task by its probes (`wake_sleep.model.features`). What it says, a vector of a few
hundred numbers, is the features of the whole task that the network is given; and the weights that it corrects are the
network's base, so that the network begins where the costs of the enumeration end, and learns only what a context of one
parent cannot say.
"""

from __future__ import annotations

from collections.abc import Sequence

from dsl.domain import Domain
from dsl.grammar import Grammar
from dsl.spec import Hints
from dsl.terms import Term
from dsl.types import arrow
from wake_sleep.model.condition import NO_HINTS, Condition
from wake_sleep.model.features import hint_features
from wake_sleep.model.guide import Guide, shown_of
from wake_sleep.wake.search import Case


def task_features(guide: Guide) -> int:
    """How many features of the whole task a network has that goes with a guide."""
    return len(guide.arrays["out_bias"])


def condition_of(
    guide: Guide,
    grammar: Grammar,
    domain: Domain,
    cases: Sequence[Case],
    *,
    constraints: tuple[Term, ...] = (),
    hints: Hints = NO_HINTS,
) -> Condition:
    """The condition of a task of examples: those that differ most are looked at.

    Args:
        guide: of the domain.
        grammar: the programs allowed.
        domain: what the operators mean.
        cases: inputs and outputs, distinct inputs only.
        constraints: Boolean terms that must hold.
        hints: what kind of program is wanted.
    """
    shown = tuple(shown_of(cases))
    start = grammar.start
    query = guide.asked(arrow(*reversed(start.environment), start.type), shown, hint_features(hints))
    return Condition(grammar, domain, shown, constraints, hints, query, guide.corrections(query))
