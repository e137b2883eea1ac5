"""What is known of an invariant at single states: counterexamples of all clauses, used as such.

A state that a fact derives is in the invariant, one that a goal excludes is not, and a step says that one state is in
if another is (Garg, Löding, Madhusudan and Neider, ICE, CAV 2014; with several premises: Ezudheen et al., OOPSLA 2018).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wake_sleep.wake.invariants.clauses import State, Step


class Contradiction(Exception):
    """A state is in every invariant and in none.

    Attributes:
        trace: the steps that derive it, each after those of its premises; the last one is excluded.
    """

    def __init__(self, trace: tuple[Step, ...]) -> None:
        super().__init__("the clauses contradict each other")
        self.trace = trace


@dataclass(frozen=True)
class Rule:
    """A step over numbered states.

    Attributes:
        premises: numbers of states; that of the conclusion follows from all of them.
        conclusion: number of a state, or None if the premises cannot all be in.
        step: what it stands for.
    """

    premises: tuple[int, ...]
    conclusion: int | None
    step: Step


class Sample:
    """States and what follows from the steps between them.

    Attributes:
        states: all states, by number.
        rules: the steps.
        positive: states that are in every invariant, each with the rule that derives it.
        negative: states that are in none.
    """

    def __init__(self) -> None:
        """Start with nothing known."""
        self.states: list[State] = []
        self.rules: list[Rule] = []
        self.positive: dict[int, Rule] = {}
        self.negative: set[int] = set()
        self._numbers: dict[State, int] = {}

    def add(self, step: Step) -> None:
        """Learn from a step.

        Raises:
            Contradiction: if the steps leave no invariant.
        """
        premises = tuple(dict.fromkeys(map(self._number, step.premises)))
        conclusion = None if step.conclusion is None else self._number(step.conclusion)
        self.rules.append(Rule(premises, conclusion, step))
        self._close()

    def _number(self, state: State) -> int:
        number = self._numbers.setdefault(state, len(self.states))
        if number == len(self.states):
            self.states.append(state)
        return number

    def _close(self) -> None:
        changed = True
        while changed:
            changed = False
            for rule in self.rules:
                if all(p in self.positive for p in rule.premises):
                    if rule.conclusion is None or rule.conclusion in self.negative:
                        raise Contradiction(self._trace(rule))
                    if rule.conclusion not in self.positive:
                        self.positive[rule.conclusion] = rule
                        changed = True
                elif rule.conclusion is None or rule.conclusion in self.negative:
                    open_ = [p for p in rule.premises if p not in self.positive]
                    if len(open_) == 1 and open_[0] not in self.negative:
                        self.negative.add(open_[0])
                        changed = True

    def _trace(self, last: Rule) -> tuple[Step, ...]:
        """The steps that derive the premises of a rule, it itself, and those from it to an excluded state."""
        found: dict[Rule, None] = {}

        def derive(states: Iterable[int]) -> None:
            waiting = [(rule, False) for state in states for rule in (self.positive[state],)]
            while waiting:
                rule, ready = waiting.pop()
                if rule in found:
                    continue
                if ready:
                    found[rule] = None
                else:
                    waiting.append((rule, True))
                    waiting += [(self.positive[p], False) for p in rule.premises]

        rule: Rule | None = last
        while rule is not None:
            derive(rule.premises)
            found[rule] = None
            if rule.conclusion is None:
                break
            self.positive.setdefault(rule.conclusion, rule)
            conclusion = rule.conclusion
            rule = next(
                (
                    r
                    for r in self.rules
                    if conclusion in r.premises
                    and all(p in self.positive for p in r.premises)
                    and (r.conclusion is None or r.conclusion in self.negative)
                    and r not in found
                ),
                None,
            )
        return tuple(rule.step for rule in found)

    def violated(self, holds: Sequence[bool]) -> bool:
        """Whether a predicate with these values at the states contradicts a step."""
        return any(
            all(holds[p] for p in rule.premises) and not (rule.conclusion is not None and holds[rule.conclusion])
            for rule in self.rules
        )

    def closed(self, asserted: Iterable[int], denied: Iterable[int]) -> tuple[set[int], set[int]] | None:
        """The states in and out if more are asserted or denied than is known, or None if that cannot be."""
        inside, outside = set(self.positive) | set(asserted), self.negative | set(denied)
        changed = True
        while changed:
            changed = False
            for rule in self.rules:
                open_ = [p for p in rule.premises if p not in inside]
                is_out = rule.conclusion is None or rule.conclusion in outside
                if not open_ and is_out:
                    return None
                if not open_ and rule.conclusion not in inside:
                    assert rule.conclusion is not None
                    inside.add(rule.conclusion)
                    changed = True
                elif is_out and len(open_) == 1 and open_[0] not in outside:
                    outside.add(open_[0])
                    changed = True
        return None if inside & outside else (inside, outside)
