"""Rewriting: the cheapest form of a program that uses the abstractions of a library.

The inverse is ``beta_normal(program, expand=True)``: expansion of a rewritten program gives back the very program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from dsl.terms import ABSTRACTION, Application, Operator, Term, beta_normal, operators, postorder
from wake_sleep.sleep.abstraction.patterns import (
    Binding,
    Contents,
    Pattern,
    applied,
    assembled,
    patterns_of,
    pieces,
    root_of,
    unknown,
)

Match: TypeAlias = tuple[Binding, ...]
"""What the parameters of an abstraction stand for where it fits."""
NodeCosts: TypeAlias = Callable[[Term], float]
"""The cost of a node itself, without its children; it may depend on the kind of node, its head and the number of its
arguments, but neither on the arguments nor on the index of a variable. The cost of a term is the sum over its tree."""


def _size(node: Term) -> float:
    return 0.0 if isinstance(node, Application) and not isinstance(node.head, Operator) else 1.0


SIZE: Final[NodeCosts] = _size
"""`Term.size`: operators, literals, variables and λs cost 1."""

_TOLERANCE = 1e-9


class Rewriter:
    """Rewrites programs with a fixed library, each to its cheapest form.

    Bottom-up dynamic programming over the distinct sub-terms: the cheapest form of a sub-term is its own node over
    the cheapest forms of its children, or an abstraction whose pattern it matches, applied to the cheapest forms of
    what the parameters stand for. What was computed is kept, so that many programs share it. The result depends
    neither on the order of the library nor on what was rewritten before: among forms of equal cost the one without
    the abstraction is taken, then the abstraction with the least key.

    Attributes:
        abstractions: the library, ordered by key.
        costs: the costs that are minimised.
    """

    def __init__(self, abstractions: Sequence[Operator], costs: NodeCosts = SIZE) -> None:
        """Take a library.

        Args:
            abstractions: operators whose definitions are in base-language β-normal form. Those that cannot be
                matched (a parameter that does not occur, a body that is nothing but a parameter) are never used.
            costs: the costs of nodes.
        """
        # One definition may stand for functions of different numbers of arguments.
        ordered = sorted(abstractions, key=lambda a: (a.key, a.arity, a.name, str(a.type)), reverse=True)
        by_key = {(abstraction.key, abstraction.arity): abstraction for abstraction in ordered}
        self.abstractions = tuple(reversed(by_key.values()))
        self.costs = costs
        self._contents = Contents()
        self._patterns: dict[object, list[Pattern]] = {}
        self._number = {abstraction: number for number, abstraction in enumerate(self.abstractions)}
        for abstraction in self.abstractions:
            for pattern in patterns_of(abstraction, self._contents):
                self._patterns.setdefault(pattern.root, []).append(pattern)
        self._best: dict[Term, Term] = {}
        self._cost: dict[Term, float] = {}

    def rewrite(self, program: Term) -> Term:
        """The cheapest form of a program.

        Args:
            program: a term in base-language β-normal form, or one that applies abstractions: it is expanded first.

        Raises:
            TypeMismatch: if a program that applies abstractions has no β-normal form.
        """
        if any(operator.kind == ABSTRACTION for operator in operators(program)):
            program = beta_normal(program, expand=True)
        stack: list[tuple[Term, list[tuple[Pattern, Match]] | None]] = [(program, None)]
        while stack:
            term, matches = stack.pop()
            if term in self._best:
                continue
            if matches is None:
                matches = self.matches(term)
                stack.append((term, matches))
                stack.extend((piece, None) for piece in pieces(term))
                for _, match in matches:
                    stack.extend((binding.source, None) for binding in match)
            else:
                self._best[term] = self._cheapest(term, matches)
        return self._best[program]

    def cost(self, term: Term) -> float:
        """The cost of a term as it stands (sharing expanded)."""
        found = self._cost.get(term)
        if found is None:
            for node in unknown(term, self._cost):
                self._cost[node] = self.costs(node) + sum(self._cost[child] for child in node.children)
            found = self._cost[term]
        return found

    def matches(self, term: Term) -> list[tuple[Pattern, Match]]:
        """The abstractions that fit at the root of a base-language term, ordered by key."""
        root = root_of(term)
        candidates = self._patterns.get(root, [])
        if isinstance(term, Application) and term.arguments:
            everywhere = self._patterns.get(None)
            if everywhere:
                candidates = sorted([*candidates, *everywhere], key=lambda p: (self._number[p.abstraction], p.arity))
        found = []
        for pattern in candidates:
            match = pattern.match(term)
            if match is not None:
                found.append((pattern, match))
        return found

    def forms(self, term: Term, allowed: Callable[[Operator], bool]) -> list[Term]:
        """The forms of a base-language term that one choice at its root and the best ones below give.

        The first one keeps the root; in the others abstractions take its place, in the order of their keys.

        Args:
            term: a term in base-language β-normal form; it may be open.
            allowed: which abstractions may be applied at the root.
        """
        for piece in pieces(term):
            self.rewrite(piece)
        matches = [(p, match) for p, match in self.matches(term) if allowed(p.abstraction)]
        for _, match in matches:
            for binding in match:
                self.rewrite(binding.source)
        return self._forms(term, matches)

    def _forms(self, term: Term, matches: Iterable[tuple[Pattern, Match]]) -> list[Term]:
        found = [assembled(term, [self._best[piece] for piece in pieces(term)])]
        for pattern, match in matches:
            arguments = tuple(binding.argument(self._best[binding.source]) for binding in match)
            found.append(applied(pattern.abstraction, arguments))
        return found

    def _cheapest(self, term: Term, matches: Iterable[tuple[Pattern, Match]]) -> Term:
        best, *others = self._forms(term, matches)
        least = self.cost(best)
        for form in others:
            cost = self.cost(form)
            if cost < least - _TOLERANCE:
                best, least = form, cost
        return best


def uses(programs: Iterable[Term]) -> dict[Operator, int]:
    """How often each abstraction is applied in programs (sharing expanded), in order of first use."""
    total: dict[Operator, int] = {}
    for program in programs:
        multiplicity: dict[Term, int] = {program: 1}
        for node in reversed(list(postorder([program]))):
            times = multiplicity[node]
            for child in node.children:
                multiplicity[child] = multiplicity.get(child, 0) + times
            if isinstance(node, Application) and isinstance(node.head, Operator) and node.head.kind == ABSTRACTION:
                total[node.head] = total.get(node.head, 0) + times
    return total
