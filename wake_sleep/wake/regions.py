"""Outputs that a condition names, and decision lists over where each of them meets it.

`result >= a and result >= b and result in [a, b]` names its outputs: a and b. Where an output t meets the condition is
the condition itself with t in the place of the call; what is always true of that is left out, then everything that the
verifier does not need. This serves whatever theory the solver knows; linear integers have a better way
(`wake_sleep.wake.linear.piecewise`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from dsl.domain import Domain
from dsl.evaluate import Evaluation
from dsl.grammar import Grammar, Nonterminal, Production
from dsl.terms import Application, Operator, Term, Variable, free_variables, postorder, rebuild, substitute
from dsl.types import BOOL
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.outcome import Judgement
from wake_sleep.wake.verify.condition import Condition, Point
from wake_sleep.wake.verify.solver import Allowance, ConditionVerifier

MOST_OUTPUTS: Final = 24
"""Outputs of a list."""
MOST_CHECKS: Final = 400
"""Questions that making a list shorter may take."""
SHARE: Final = 0.1
"""Of the time that is left, what one question may take."""
MIRRORED: Final = {
    ">=": "<=", ">": "<", "<=": ">=", "<": ">",
    "bvuge": "bvule", "bvugt": "bvult", "bvule": "bvuge", "bvult": "bvugt",
    "bvsge": "bvsle", "bvsgt": "bvslt", "bvsle": "bvsge", "bvslt": "bvsgt",
    "str.<": "str.>", "str.<=": "str.>=",
}  # fmt: skip
"""Relations by what they are with their arguments exchanged."""
OPPOSITE: Final = {
    ">=": "<", ">": "<=", "<=": ">", "<": ">=",
    "bvuge": "bvult", "bvugt": "bvule", "bvule": "bvugt", "bvult": "bvuge",
    "bvsge": "bvslt", "bvsgt": "bvsle", "bvsle": "bvsgt", "bvslt": "bvsge",
}  # fmt: skip
"""Relations by their negations."""


class NamedOutputs:
    """Searches a decision list over the outputs that a condition on one call names."""

    def __init__(self, condition: Condition, grammar: Grammar, verifier: ConditionVerifier, meter: Meter) -> None:
        """Prepare; the condition has a `single_call` and speaks of its arguments only."""
        self._condition, self._grammar, self._verifier, self._meter = condition, grammar, verifier, meter
        self._domain: Domain = condition.domain
        self._function = condition.functions[0]
        self._count = len(self._function.parameters)
        self._checks = 0

    def solve(self, relation: Sequence[Term], points: Sequence[Point]) -> Term | None:
        """A body that the verifier proves, or None.

        Args:
            relation: what must hold, over the parameters and, as ``$0``, the output.
            points: inputs on which what is always true shows.
        """
        choice = self._choice()
        outputs = [t for t in _named(relation) if self._derives(t)][:MOST_OUTPUTS]
        for output in outputs:
            if self._is_proved([([], output)]):
                return output
        if choice is None or len(outputs) < 2:
            return None
        test_at = choice.children[0]
        evaluation = Evaluation(self._domain, points)
        entries: list[tuple[list[Term], Term]] = []
        for output in outputs:
            tests: list[Term] = []
            for clause in _conjuncts(relation):
                test = substitute(clause, [output, *map(Variable, range(self._count))])
                if all(cell is True for cell in evaluation.column(test)):
                    continue
                written = next((t for t in _written(test, self._domain) if self._derives(t, test_at)), None)
                if written is None:
                    return None
                tests.append(written)
            entries.append((list(dict.fromkeys(tests)), output))
        entries.sort(key=lambda entry: (len(entry[0]), entry[1].size))
        return self._shortened(entries)

    def _choice(self) -> Production | None:
        """The conditional at the start of the grammar."""
        start = self._grammar.start
        for production in self._grammar.productions(start):
            if getattr(production.head, "name", "") == "ite" and production.children[1:] == (start, start):
                return production
        return None

    def _derives(self, term: Term, at: Nonterminal | None = None) -> bool:
        return self._grammar.derive_at(at or self._grammar.start, term) is not None

    def _shortened(self, entries: list[tuple[list[Term], Term]]) -> Term | None:
        """The list without what it does not need, if it is right at all."""
        if not self._is_proved(entries):
            return None
        for place in reversed(range(len(entries))):
            fewer = [*entries[:place], *entries[place + 1 :]]
            if fewer and self._is_proved(fewer):
                entries = fewer
        for place in range(len(entries) - 1):
            for test in list(entries[place][0]):
                kept = [other for other in entries[place][0] if other is not test]
                if not kept:
                    continue
                fewer = [*entries[:place], (kept, entries[place][1]), *entries[place + 1 :]]
                if self._is_proved(fewer):
                    entries = fewer
        return self._body(entries)

    def _is_proved(self, entries: Sequence[tuple[list[Term], Term]]) -> bool:
        self._checks += 1
        if self._checks > MOST_CHECKS:
            return False
        self._meter.spend(1)
        body = self._body(entries)
        if body is None:
            return False
        left = self._meter.seconds_left
        allowance = Allowance(None if left is None else SHARE * left)
        verdict = self._verifier.check({self._function.name: self._grammar.program(body)}, allowance)
        return verdict.judgement is Judgement.PROVED

    def _body(self, entries: Sequence[tuple[list[Term], Term]]) -> Term | None:
        """The list as a body; the tests of the last output are not asked."""
        body = entries[-1][1]
        production = self._choice()
        for tests, output in reversed(entries[:-1]):
            assert production is not None
            test = tests[0] if tests else None
            for other in tests[1:]:
                assert test is not None
                found = self._domain.overload("and", [BOOL, BOOL])
                assert found is not None
                test = Application(found.operator, (test, other))
            if test is None:
                body = output
            elif not self._derives(test, production.children[0]):
                return None
            else:
                body = production.build([test, output, body])
        return body


def _named(relation: Sequence[Term]) -> list[Term]:
    """What the output is compared with, as terms over the parameters."""
    found: dict[Term, None] = {}
    for node in postorder(relation):
        if isinstance(node, Application) and len(node.arguments) == 2:
            for one, other in (node.arguments, node.arguments[::-1]):
                if one is Variable(0) and 0 not in free_variables(other):
                    found.setdefault(substitute(other, [Variable(0), *_lowered(other)]))
    return sorted(found, key=lambda term: term.size)


def _lowered(term: Term) -> list[Term]:
    """The variables of a term without the output, each by one lower."""
    return [Variable(index) for index in range(max(free_variables(term), default=0))]


def _conjuncts(relation: Sequence[Term]) -> Iterator[Term]:
    for term in relation:
        if isinstance(term, Application) and isinstance(term.head, Operator) and term.head.name == "and":
            yield from _conjuncts(term.arguments)
        else:
            yield term


def _written(term: Term, domain: Domain) -> Iterator[Term]:
    """Ways to write a Boolean term: as it is, and with relations exchanged or negated."""
    yield term
    places = [n for n in postorder([term]) if isinstance(n, Application) and getattr(n.head, "name", "") in OPPOSITE]
    for ways in itertools.islice(itertools.product((1, 2, 3), repeat=len(set(places))), 27):
        chosen = dict(zip(dict.fromkeys(places), ways, strict=True))
        done: dict[Term, Term] = {}
        for node in postorder([term]):
            made = rebuild(node, [done[child] for child in node.children])
            done[node] = _turned(made, chosen[node], domain) if node in chosen else made  # type: ignore[arg-type]
        yield done[term]


def _turned(term: Application, way: int, domain: Domain) -> Term:
    """A comparison as it is, with its arguments exchanged, or as the negation of its opposite."""
    assert isinstance(term.head, Operator)
    types = list(term.head.type.parameters)
    name, arguments = term.head.name, term.arguments
    if way == 1:
        name, arguments = MIRRORED[name], arguments[::-1]
    elif way == 2:
        name = OPPOSITE[name]
    else:
        name, arguments = MIRRORED[OPPOSITE[name]], arguments[::-1]
    found = domain.overload(name, types)
    if found is None:
        return term
    made = Application(found.operator, arguments)
    if way == 1:
        return made
    negation = domain.overload("not", [BOOL])
    assert negation is not None
    return Application(negation.operator, (made,))
