"""Choices: what a cost head predicts, which is the production at each place of a program, in its context.

The head corrects *base weights*, those that were counted on dreams. A *stand* is a context with a menu, the productions
that could be chosen there. Keys that no program chose are not told apart: they are the *rest* of a stand, to which the
base weights give what they give.

Letters of shapes: K keys, T stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from dsl.grammar import Grammar, Nonterminal, Production
from dsl.probability import ROOT, Context, ProbabilisticGrammar, Weights
from dsl.terms import Lambda, Term
from dsl.types import Type, parse_type
from wake_sleep.model.symbols import production_tokens

OTHER: Final[Context] = ("", -1)
"""Stands for all contexts without weights of their own."""

Choice = tuple[int, int]
"""A stand and the number of the key taken there; the rest is the last number."""


class ChoiceSpace:
    """The contexts and keys that a head tells apart.

    Attributes:
        contexts: the first is that of all contexts without weights of their own.
        keys: production keys.
        context_tokens: what describes each context.
        key_tokens: what describes each key.
    """

    def __init__(
        self,
        contexts: Sequence[Context],
        keys: Sequence[str],
        context_tokens: Sequence[Sequence[str]],
        key_tokens: Sequence[Sequence[str]],
    ) -> None:
        """Make the space of these contexts and keys."""
        self.contexts, self.keys = tuple(contexts), tuple(keys)
        self.context_tokens = tuple(map(tuple, context_tokens))
        self.key_tokens = tuple(map(tuple, key_tokens))
        self._context_number = {context: number for number, context in enumerate(self.contexts)}
        self._key_number = {key: number for number, key in enumerate(self.keys)}

    def context(self, context: Context) -> int:
        """The number of a context."""
        return self._context_number.get(context, 0)

    def key(self, key: str) -> int:
        """The number of a key; that of the rest if it is none of them."""
        return self._key_number.get(key, len(self.keys))


class Stands:
    """The stands that programs met, numbered, with their base weights.

    Attributes:
        space: the contexts and keys.
        contexts: number of the context of each stand.
        log_base: base log-probabilities of the keys and of the rest in each stand, shape (K + 1,) each; −∞ for what is
            not on the menu.
    """

    def __init__(self, space: ChoiceSpace, base: Weights) -> None:
        """Know no stand yet.

        Args:
            space: the contexts and keys.
            base: weights that are corrected.
        """
        self.space, self._base = space, base
        self.contexts: list[int] = []
        self.log_base: list[npt.NDArray[np.float32]] = []
        self._numbers: dict[tuple[int, bytes], int] = {}
        self._made: dict[tuple[Grammar, Nonterminal, Context], int] = {}
        self._grammars: dict[Grammar, ProbabilisticGrammar] = {}

    def __len__(self) -> int:
        """Number of stands."""
        return len(self.contexts)

    def of(self, grammar: Grammar, nonterminal: Nonterminal, context: Context) -> int:
        """The number of the stand of a hole."""
        place = (grammar, nonterminal, context if self.space.context(context) else OTHER)
        found = self._made.get(place)
        if found is None:
            probabilistic = self._grammars.get(grammar)
            if probabilistic is None:
                probabilistic = self._grammars[grammar] = ProbabilisticGrammar(grammar, self._base)
            shares = np.zeros(len(self.space.keys) + 1)
            productions = grammar.productions(nonterminal)
            for production, share in zip(productions, probabilistic.probabilities(nonterminal, context), strict=True):
                shares[self.space.key(production.key)] += share
            with np.errstate(divide="ignore"):
                logs = np.log(shares).astype(np.float32)
            number = self.space.context(context)
            content = (number, logs.tobytes())
            found = self._numbers.setdefault(content, len(self.contexts))
            if found == len(self.contexts):
                self.contexts.append(number)
                self.log_base.append(logs)
            self._made[place] = found
        return found

    def choices(self, grammar: Grammar, program: Term) -> list[Choice] | None:
        """The choices by which a grammar derives a program, or None if it does not."""
        steps = derivation_steps(grammar, program)
        if steps is None:
            return None
        return [(self.of(grammar, hole, context), self.space.key(p.key)) for hole, context, p in steps]


def derivation_steps(grammar: Grammar, program: Term) -> list[tuple[Nonterminal, Context, Production]] | None:
    """The productions of a program with the holes and contexts that they fill, or None if there is no derivation."""
    derivation = grammar.derive(program)
    if derivation is None:
        return None
    steps = []
    stack = [(derivation, ROOT)]
    while stack:
        here, context = stack.pop()
        production = here.production
        steps.append((here.nonterminal, context, production))
        for i, child in enumerate(here.children):
            stack.append((child, context if production.head is Lambda else (production.key, i)))
    return steps


def choice_space(
    programs: Iterable[tuple[Grammar, Term]], base: Weights, *, least_uses: int = 3, most_keys: int = 1_000
) -> ChoiceSpace:
    """The contexts that base weights know and the keys that programs choose.

    Args:
        programs: with their grammars; those that have no derivation are left out.
        base: weights that are corrected.
        least_uses: keys that are chosen less often than this belong to the rest.
        most_keys: how many keys are told apart, those that are chosen most.
    """
    uses: dict[str, int] = {}
    tokens: dict[str, list[str]] = {}
    for grammar, program in programs:
        for _, _, production in derivation_steps(grammar, program) or ():
            key = production.key
            uses[key] = uses.get(key, 0) + 1
            if key not in tokens:
                tokens[key] = key_tokens(production)
    often = sorted((key for key, count in uses.items() if count >= least_uses), key=lambda key: (-uses[key], key))
    keys = often[:most_keys]
    contexts = sorted(base.contextual)
    described = [["any place"], *([f"argument {i} of {parent}", *tokens.get(parent, ())] for parent, i in contexts)]
    return ChoiceSpace([OTHER, *contexts], keys, described, [tokens[key] for key in keys])


def key_tokens(production: Production) -> list[str]:
    """What describes a production wherever it stands: see `wake_sleep.model.symbols`."""
    type_ = parse_type(production.key.rpartition(":")[2])
    return production_tokens(production, result_of(production, type_))


def result_of(production: Production, type_: Type) -> Type:
    """The type of what a production yields, by the type that its key ends with."""
    return type_ if production.head is Lambda else type_.result
