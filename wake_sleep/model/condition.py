"""The condition of a guide: what a task says, as the network is told it.

Examples, constraints, the signature, hints and, if there are any, features of the whole task: each kind becomes nodes
of its own, and a task that lacks a kind lacks its nodes. `Condition` also runs the closed parts of partial programs
on the examples; each part is run once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsl.domain import Domain
from dsl.evaluate import Evaluation
from dsl.grammar import Grammar
from dsl.limits import Exhausted, Limits
from dsl.spec import Hints, Spec
from dsl.terms import Application, Literal, Operator, Term, occurrences
from dsl.types import Type
from dsl.values import Bottom, Value
from wake_sleep.model.comparison import COLUMN_SLOTS, OUTLINE_SLOTS, RELATION_SLOTS, described, outlined, related
from wake_sleep.sleep.requests import spread
from wake_sleep.wake.search import Case, Goal

MOST_EXAMPLES = 8
"""Examples that become nodes; of more, some from first to last are taken."""
MOST_CONSTRAINTS = 8
"""Constraints that become nodes."""
COMPARED_INPUTS = 4
"""Inputs of an example that are compared with its output; further ones are told by the signature only."""
EXAMPLE_SLOTS = (COMPARED_INPUTS + 1) * RELATION_SLOTS + OUTLINE_SLOTS + 1
"""Slots of an example: each input and the output of a failed attempt beside the output wanted, that by itself, and
whether there is an attempt."""
NO_HINTS: Final = Hints()
"""Nothing is said of the program beyond its meaning."""
LIMITS = Limits(steps=2_000, size=256, bits=256)
"""What the evaluation of a part may take."""


@dataclass(eq=False)
class Condition:
    """What a task says of the program wanted.

    Attributes:
        grammar: the programs allowed.
        domain: what the operators mean.
        cases: examples, at most `MOST_EXAMPLES`.
        constraints: Boolean terms that must hold.
        hints: what kind of program is wanted.
        features: features of the whole task, shape (F,), or None.
        corrections: nats by which a cost head corrects the base weights for this task, shape (C, K), or None; see
            `wake_sleep.model.conditioning`.
    """

    grammar: Grammar
    domain: Domain
    cases: tuple[Case, ...]
    constraints: tuple[Term, ...] = ()
    hints: Hints = NO_HINTS
    features: NDArray[np.float32] | None = None
    corrections: NDArray[np.float32] | None = None
    _evaluation: Evaluation = field(init=False, repr=False)
    _described: dict[tuple[Term, Type], NDArray[np.float32]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Take some of many examples and constraints."""
        self.cases = spread(self.cases, MOST_EXAMPLES)
        self.constraints = spread(self.constraints, MOST_CONSTRAINTS)
        self._evaluation = Evaluation(self.domain, [given for given, _ in self.cases], LIMITS)

    @classmethod
    def of_goal(cls, goal: Goal, features: NDArray[np.float32] | None = None) -> Condition:
        """What a search is asked for."""
        return cls(goal.grammar, goal.domain, goal.cases, goal.relation, features=features)

    @classmethod
    def of_spec(
        cls, spec: Spec, function: str, grammar: Grammar, domain: Domain, features: NDArray[np.float32] | None = None
    ) -> Condition:
        """What a spec says of one of its functions."""
        cases = {e.inputs: (e.inputs, e.output) for e in spec.examples if e.function == function}
        constraints = tuple(constraint.term for constraint in spec.constraints)
        return cls(grammar, domain, tuple(cases.values()), constraints, spec.hints, features)

    def column(self, term: Term) -> list[Value | Bottom | Exhausted]:
        """The values of an open term over the parameters, one for each example."""
        return self._evaluation.column(term)

    def described(self, term: Term, type_: Type) -> NDArray[np.float32]:
        """How the values of a term relate to the outputs, shape (COLUMN_SLOTS,)."""
        found = self._described.get((term, type_))
        if found is None:
            if self.cases:
                outputs = [output for _, output in self.cases]
                found = described(self.column(term), type_, outputs, self.grammar.start.type)
            else:
                found = np.zeros(COLUMN_SLOTS, np.float32)
            self._described[term, type_] = found
        return found

    def example_features(self, attempt: Term | None = None) -> NDArray[np.float32]:
        """What each example says, shape (examples, EXAMPLE_SLOTS).

        Args:
            attempt: body of a program that failed; its outputs are compared with those wanted. Without one these
                slots are 0.
        """
        if not self.cases:
            return np.zeros((0, EXAMPLE_SLOTS), np.float32)
        wanted, outputs = self.grammar.start.type, [output for _, output in self.cases]
        types = self.grammar.start.environment[::-1][:COMPARED_INPUTS]
        columns = list(zip(*(given for given, _ in self.cases), strict=True))
        blocks = [related(c, t, outputs, wanted) for c, t in zip(columns, types, strict=False)]
        blocks += [np.zeros((len(outputs), RELATION_SLOTS), np.float32)] * (COMPARED_INPUTS - len(blocks))
        told = np.full((len(outputs), 1), attempt is not None, np.float32)
        tried = [] if attempt is None else [related(self.column(attempt), wanted, outputs, wanted)]
        blocks += tried or [np.zeros((len(outputs), RELATION_SLOTS), np.float32)]
        return np.concatenate([*blocks, outlined(outputs, wanted), told], axis=1)

    def share_met(self, body: Term) -> float:
        """Share of the examples that a body meets; 0 without examples."""
        column = self.column(body)
        met = sum(
            not isinstance(cell, Bottom | Exhausted) and cell == output
            for cell, (_, output) in zip(column, self.cases, strict=True)
        )
        return met / len(self.cases) if self.cases else 0.0


def constraint_tokens(term: Term) -> list[str]:
    """Tokens of a constraint: its operators with their depth, and its literals."""
    found = ["constraint"]
    for node, _ in occurrences(term):
        if isinstance(node, Application) and isinstance(node.head, Operator):
            name = node.head.kind if node.head.kind == "function" else node.head.name
            found.append(f"constraint:{name}")
            found += [f"constraint:{name}({_root(child)})" for child in node.children]
        elif isinstance(node, Literal):
            found.append(f"constraint:{node!r}")
    return list(dict.fromkeys(found))[:64]


def _root(term: Term) -> str:
    if isinstance(term, Application) and isinstance(term.head, Operator):
        return term.head.kind if term.head.kind == "function" else term.head.name
    return repr(term) if isinstance(term, Literal) else type(term).__name__


def hint_tokens(hints: Hints) -> list[str]:
    """Tokens of the hints; none if nothing is hinted."""
    stated = {"style": hints.style, "algorithm": hints.algorithm, "maximum_size": hints.maximum_size}
    return [f"hint:{name}={value}" for name, value in stated.items() if value is not None]
