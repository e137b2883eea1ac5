"""Probabilistic grammars: contextual probabilities, sampling, likelihood and the inside–outside refit.

The probability of a production depends on the production above it and on the argument that it fills (λs are passed
through). Probabilities are not stored for nonterminals but as *weights* of production keys, so that they carry over
between grammars: at a nonterminal N in context c, p(a) = w_c(a) / Σ_b w_c(b) over the productions b of N.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from dsl.errors import GrammarError, TypeMismatch
from dsl.grammar import Derivation, Forest, Grammar, Nonterminal, Production
from dsl.terms import Lambda, Literal, Term, strip_lambdas
from dsl.types import BOOL, INT, STRING, Type, arrow, parse_type

if TYPE_CHECKING:
    import random

Context: TypeAlias = tuple[str, int]
"""Key of the parent production and number of the argument."""
ROOT: Final[Context] = ("", 0)
_UNSEEN: Final[Context] = ("", 1)


@dataclass(frozen=True)
class Weights:
    """Weights of productions by key: the learned parameters of a domain.

    Attributes:
        contextual: weights in a context.
        unigram: weights where the context was never seen.
    """

    contextual: Mapping[Context, Mapping[str, float]] = field(default_factory=dict)
    unigram: Mapping[str, float] = field(default_factory=dict)

    def of(self, context: Context, productions: Sequence[Production]) -> list[float]:
        """Weights of the productions of one nonterminal in a context; unseen keys get the mean of the seen ones.

        Unseen instances of one operator share that mean, lest the very many types of a polymorphic one that was never
        used take what belongs to the others. Where nothing was seen, all operators weigh the same, and the instances
        of one share its weight in the same way.
        """
        filled = self._filled(context, productions)
        return [weight * self.factor(p) for weight, p in zip(filled, productions, strict=True)]

    def factor(self, production: Production) -> float:
        """What the weight of a production is multiplied by in every context, seen or not; nothing changes it here."""
        return 1.0

    def _filled(self, context: Context, productions: Sequence[Production]) -> list[float]:
        known = self.contextual.get(context, self.unigram)
        if not known and not self.unigram:
            return equal_shares(productions)
        found = [known.get(p.key, self.unigram.get(p.key)) for p in productions]
        seen = [weight for weight in found if weight is not None]
        if not seen:
            return equal_shares(productions)
        if len(seen) == len(found):
            return seen
        mean = sum(seen) / len(seen)
        shares = equal_shares([p for p, weight in zip(productions, found, strict=True) if weight is None])
        rest = iter(shares)
        return [mean * next(rest) if weight is None else weight for weight in found]


UNIFORM: Final = Weights()


def _normalised(weights: Sequence[float]) -> tuple[float, ...]:
    """Weights as probabilities; where all are 0, equal ones."""
    total = sum(weights)
    return tuple([weight / total if total > 0 else 1 / len(weights) for weight in weights])


def equal_shares(productions: Sequence[Production]) -> list[float]:
    """Equal weight for every head, split evenly among its instances."""
    count: dict[object, int] = {}
    for production in productions:
        count[production.head] = count.get(production.head, 0) + 1
    return [1.0 / count[production.head] for production in productions]


def _shares(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The rows of an array, each divided by its sum; equal shares in a row of zeros."""
    totals = weights.sum(axis=1, keepdims=True)
    equal = np.full_like(weights, 1 / max(1, weights.shape[1]))
    return np.asarray(np.divide(weights, totals, out=equal, where=totals > 0))


class _WeightTable:
    """Learned weights of many contexts as one array.

    Letters of shapes: C contexts, K keys, P productions of a nonterminal.
    """

    def __init__(self, weights: Weights, contexts: Sequence[Context]) -> None:
        self._weights = weights
        keys = dict.fromkeys(weights.unigram)
        for known in weights.contextual.values():
            keys.update(dict.fromkeys(known))
        self._numbers = {key: number for number, key in enumerate(keys)}
        # What no weight was learned for is no number; the last column stands for all other keys.
        self._known = np.full((len(contexts), len(keys) + 1), np.nan)  # (C, K + 1)
        for row, context in zip(self._known, contexts, strict=True):
            for known in (weights.unigram, weights.contextual.get(context, {})):
                row[[self._numbers[key] for key in known]] = list(known.values())

    def of(self, productions: Sequence[Production]) -> npt.NDArray[np.float64]:
        """What `Weights.of` says in each context, shape (C, P)."""
        numbers = [self._numbers.get(p.key, -1) for p in productions]
        found = self._known[:, numbers]  # (C, P)
        unseen = np.isnan(found)
        if unseen.any():
            for mask in np.unique(unseen, axis=0):
                rows = np.flatnonzero((unseen == mask).all(axis=1))
                shares = equal_shares([p for p, is_new in zip(productions, mask.tolist(), strict=True) if is_new])
                seen = found[np.ix_(rows, np.flatnonzero(~mask))]
                mean = seen.mean(axis=1, keepdims=True) if seen.shape[1] else 1.0
                found[np.ix_(rows, np.flatnonzero(mask))] = mean * np.array([shares])
        return np.asarray(found * np.array([self._weights.factor(p) for p in productions]))


@dataclass(frozen=True)
class WeightedProgram:
    """A program of a frontier.

    Attributes:
        program: closed term.
        log_likelihood: log-probability of the task's examples given the program (0 if it fits).
    """

    program: Term
    log_likelihood: float = 0.0


Frontier: TypeAlias = Sequence[WeightedProgram]
"""The programs found for one task."""


class ProbabilisticGrammar:
    """A grammar with weights.

    Attributes:
        grammar: whose programs.
        weights: from which the probabilities of productions are made.
        uniform_share: α, the share of the uniform probabilities in those of every choice.
    """

    def __init__(self, grammar: Grammar, weights: Weights = UNIFORM, uniform_share: float = 0.0) -> None:
        """Give probabilities to a grammar; uniform ones by default.

        Args:
            grammar: whose programs.
            weights: from which the probabilities of productions are made.
            uniform_share: α in p = (1-α)·p_learned + α·p_uniform. With α > 0 no production is starved: it costs at
                most log 1/α nats more than without weights.
        """
        self.grammar = grammar
        self.weights = weights
        self.uniform_share = uniform_share
        self._probabilities: dict[tuple[Nonterminal, Context], tuple[float, ...]] = {}
        self._logarithms: dict[tuple[Nonterminal, Context], dict[Production, float]] = {}
        self._choices: dict[tuple[Nonterminal, Context], _Choices] = {}
        self._tables: dict[tuple[Context, ...], _WeightTable] = {}

    def probabilities(self, nonterminal: Nonterminal, context: Context = ROOT) -> tuple[float, ...]:
        """Probabilities of ``grammar.productions(nonterminal)`` in a context, in that order; they sum to 1."""
        key = (nonterminal, self._known(context))
        found = self._probabilities.get(key)
        if found is None:
            productions = self.grammar.productions(nonterminal)
            found = _normalised(self.weights.of(context, productions))
            if self.uniform_share > 0.0:
                share, uniform = self.uniform_share, _normalised(equal_shares(productions))
                found = tuple([(1 - share) * p + share * u for p, u in zip(found, uniform, strict=True)])
            self._probabilities[key] = found
        return found

    def table(self, nonterminal: Nonterminal, contexts: Sequence[Context]) -> npt.NDArray[np.float64]:
        """Probabilities of the productions of a nonterminal in many contexts at once, shape (contexts, productions).

        Args:
            nonterminal: whose productions.
            contexts: always the same, since what is known of them is laid out in an array once.
        """
        found = self._tables.get(tuple(contexts))
        if found is None:
            found = self._tables[tuple(contexts)] = _WeightTable(self.weights, contexts)
        productions = self.grammar.productions(nonterminal)
        learned = _shares(found.of(productions))
        if self.uniform_share > 0.0:
            uniform = _shares(np.array([equal_shares(productions)]))
            learned = (1 - self.uniform_share) * learned + self.uniform_share * uniform
        return learned

    # Sampling.

    def sample(self, random: random.Random, budget: int) -> Term:
        """A program of at most `budget` AST nodes (its leading λs not counted).

        Holes are filled from left to right; at each, a production has its probability renormalised over those
        that leave room for all holes to be completed.

        Raises:
            GrammarError: if no program is that small.
        """
        return self.grammar.program(self.sample_at(random, self.grammar.start, budget))

    def sample_at(self, random: random.Random, nonterminal: Nonterminal, budget: int, context: Context = ROOT) -> Term:
        """An open term of at most `budget` AST nodes from one nonterminal; see `sample`."""
        slack = budget - self.grammar.minimum_size(nonterminal)
        if slack < 0:
            raise GrammarError(f"no term of {nonterminal!r} has at most {budget} nodes")
        uniform = random.random
        chosen: list[Production | Term] = []
        choices = self._choices
        holes = [(nonterminal, context)]
        while holes:
            hole = holes.pop()
            here = choices.get(hole)
            if here is None:
                here = choices[hole] = self._make_choices(*hole)
            cumulative, options = here.at(slack)
            production, excess, children = options[bisect.bisect_right(cumulative, uniform() * cumulative[-1])]
            slack -= excess
            if children:
                chosen.append(production)
                holes += children
            else:
                chosen.append(production.leaf or sample_literal(random, hole[0].type))
        return _assemble(chosen)

    def _make_choices(self, nonterminal: Nonterminal, context: Context) -> _Choices:
        minimum = self.grammar.minimum_size(nonterminal)
        options = []
        productions = self.grammar.productions(nonterminal)
        for production, probability in zip(productions, self.probabilities(nonterminal, context), strict=True):
            excess = self.grammar.completion_size(production) - minimum
            if probability > 0 and math.isfinite(excess):
                options.append((probability, (production, int(excess), self._holes(production, context))))
        if all(excess > 0 for _, (_, excess, _) in options):
            raise GrammarError(f"every smallest term of {nonterminal!r} has probability 0")
        return _Choices(options)

    def _known(self, context: Context) -> Context:
        """The context itself, or one name for all contexts that no weights were learned for."""
        return context if context in self.weights.contextual else _UNSEEN

    def _holes(self, production: Production, context: Context) -> tuple[tuple[Nonterminal, Context], ...]:
        """The child holes, the last one first."""
        if not self.weights.contextual:
            return tuple((child, _UNSEEN) for child in reversed(production.children))
        return tuple((child, self._known(c)) for child, c in reversed(child_holes(production, context)))

    # Likelihood.

    def log_likelihood(self, program: Term) -> float:
        """Log-probability (nats) that the program is generated, over all its derivations; -∞ if there is none."""
        count, body = strip_lambdas(program, self.grammar.parameters)
        if count < self.grammar.parameters:
            return -math.inf
        forest = self.grammar.forest(self.grammar.start, body)
        inside = _Inside(self, forest)
        return inside((self.grammar.start, body), ROOT)

    def derivation_log_likelihood(self, derivation: Derivation) -> float:
        """Log-probability (nats) of one derivation."""
        total = 0.0
        stack = [(derivation, ROOT)]
        while stack:
            here, context = stack.pop()
            total += self._log_probability(here.nonterminal, context, here.production, here.term)
            below = child_holes(here.production, context)
            stack.extend((child, c) for child, (_, c) in zip(here.children, below, strict=True))
        return total

    def _log_probability(self, nonterminal: Nonterminal, context: Context, production: Production, term: Term) -> float:
        key = (nonterminal, self._known(context))
        logarithms = self._logarithms.get(key)
        if logarithms is None:
            pairs = zip(self.grammar.productions(nonterminal), self.probabilities(*key), strict=True)
            logarithms = {p: math.log(share) if share > 0 else -math.inf for p, share in pairs}
            self._logarithms[key] = logarithms
        found = logarithms[production]
        if production.is_constant_slot:
            assert isinstance(term, Literal)
            found += literal_log_probability(term)
        return found

    def expected_counts(self, frontiers: Iterable[Frontier]) -> Counts:
        """Expected uses of productions in the posterior over derivations and frontier programs (the E-step).

        The programs of one frontier share one unit of weight in proportion to p(program) · likelihood.
        Programs that the grammar does not generate are left out.
        """
        counts = Counts()
        for frontier in frontiers:
            analysed = []
            for item in frontier:
                count, body = strip_lambdas(item.program, self.grammar.parameters)
                if count < self.grammar.parameters:
                    continue
                inside = _Inside(self, self.grammar.forest(self.grammar.start, body))
                log_joint = inside((self.grammar.start, body), ROOT) + item.log_likelihood
                if log_joint > -math.inf:
                    analysed.append((log_joint, inside, body))
            total = _log_sum_exp([log_joint for log_joint, _, _ in analysed])
            counts.log_likelihood += total if analysed else 0.0
            for log_joint, inside, body in analysed:
                inside.add_expected(counts, (self.grammar.start, body), math.exp(log_joint - total))
        return counts

    def refit(self, frontiers: Sequence[Frontier], *, rounds: int = 10, pseudo_count: float = 1.0) -> Weights:
        """Weights fitted to frontiers by expectation–maximisation (inside–outside, Lari and Young 1990).

        The M-step is exact in the sense of Hunter (2004, MM algorithms for generalized Bradley–Terry models): one
        choice among the productions S of a nonterminal has p(a) = w(a)/Σ_{b∈S} w(b), and
        w(a) ← (n(a) + α) / (Σ_{S∋a} n(S)/Σ_{b∈S} w(b) + α/u(a)) never lowers the objective, where n are
        expected counts and u the unigram weights (1 for the unigrams themselves).

        Args:
            frontiers: the programs found for each task.
            rounds: rounds of expectation–maximisation.
            pseudo_count: α, the strength of the pull towards the unigram weights; with 0 the log-likelihood
                of the frontiers never falls.
        """
        current = self
        for _ in range(rounds):
            counts = current.expected_counts(frontiers)
            current = ProbabilisticGrammar(self.grammar, counts.maximised(current, pseudo_count))
        return current.weights


class _Choices:
    """The productions of one hole, and their cumulative weights for each amount of room that is left."""

    __slots__ = ("_at", "_largest", "_options")

    def __init__(self, options: list[tuple[float, _Option]]) -> None:
        self._options = options
        self._largest = max(excess for _, (_, excess, _) in options)
        self._at: dict[int, tuple[list[float], list[_Option]]] = {}

    def at(self, slack: float) -> tuple[list[float], list[_Option]]:
        room = self._largest if slack >= self._largest else int(slack)
        found = self._at.get(room)
        if found is None:
            fitting = [(weight, option) for weight, option in self._options if option[1] <= room]
            cumulative = list(itertools.accumulate(weight for weight, _ in fitting))
            # A draw of exactly the total must still find the last option.
            found = self._at[room] = ([*cumulative[:-1], math.nextafter(cumulative[-1], 2)], [o for _, o in fitting])
        return found


_Option: TypeAlias = tuple[Production, int, tuple[tuple[Nonterminal, Context], ...]]


def child_holes(production: Production, context: Context) -> list[tuple[Nonterminal, Context]]:
    """The child nonterminals of a production with their contexts; a λ passes its own context through."""
    if production.head is Lambda:
        return [(production.children[0], context)]
    return [(child, (production.key, i)) for i, child in enumerate(production.children)]


@functools.lru_cache(maxsize=1 << 16)
def types_within(context: Context) -> tuple[Type, ...] | None:
    """The types of the terms that a context can stand above: of its argument, and of the bodies of the λs there.

    Returns:
        nothing at all for an argument that the production does not have; None for a key that does not end in a type,
        as the root.
    """
    key, argument = context
    try:
        parameters = parse_type(key.rpartition(":")[2]).parameters
    except TypeMismatch:
        return None
    if not 0 <= argument < len(parameters):
        return ()
    wanted = parameters[argument]
    return (wanted, *(arrow(*wanted.parameters[i:], wanted.result) for i in range(1, len(wanted.parameters) + 1)))


def _assemble(preorder: Sequence[Production | Term]) -> Term:
    """The term of a sequence of productions and finished leaves, parents first."""
    done: list[Term] = []
    for item in reversed(preorder):
        if isinstance(item, Production):
            arity = len(item.children)
            arguments = done[: -arity - 1 : -1]
            del done[-arity:]
            done.append(item.build(arguments))
        else:
            done.append(item)
    return done[0]


def _log_sum_exp(values: Sequence[float]) -> float:
    top = max(values, default=-math.inf)
    if top == -math.inf:
        return top
    return top + math.log(sum(math.exp(value - top) for value in values))


_Pair: TypeAlias = tuple[Nonterminal, Term]


class _Inside:
    """Inside log-probabilities of a derivation forest: of each pair of nonterminal and sub-term, in a context."""

    def __init__(self, owner: ProbabilisticGrammar, forest: Forest) -> None:
        self.owner, self.forest = owner, forest
        self._values: dict[tuple[_Pair, Context], float] = {}
        self._analysed: dict[tuple[_Pair, Context], list[tuple[float, list[tuple[_Pair, Context]]]]] = {}

    def __call__(self, pair: _Pair, context: Context) -> float:
        values = self._values
        stack = [(pair, context)]
        while stack:
            here = stack[-1]
            if here in values:
                stack.pop()
                continue
            waiting = [below for _, children in self._options(*here) for below in children if below not in values]
            if waiting:
                stack.extend(waiting)
                continue
            values[here] = _log_sum_exp(
                [own + sum(values[below] for below in children) for own, children in self._options(*here)]
            )
            stack.pop()
        return values[pair, context]

    def _options(self, pair: _Pair, context: Context) -> list[tuple[float, list[tuple[_Pair, Context]]]]:
        """For each production that can stand here its log-probability and the pairs below it."""
        found = self._analysed.get((pair, context))
        if found is None:
            nonterminal, term = pair
            found = self._analysed[pair, context] = [
                (
                    self.owner._log_probability(nonterminal, context, production, term),
                    [((c, t), k) for (c, k), t in zip(child_holes(production, context), below, strict=True)],
                )
                for production, below in self.forest[pair]
            ]
        return found

    def add_expected(self, counts: Counts, pair: _Pair, weight: float) -> None:
        """Add the expected uses of productions in derivations of `pair`, which has this weight in all."""
        outside: dict[tuple[_Pair, Context], float] = {(pair, ROOT): weight}
        for here in reversed(list(self._values)):
            mass = outside.get(here, 0.0)
            if mass <= 0.0:
                continue
            (nonterminal, _), context = here
            total = self._values[here]
            for (own, below), (production, _) in zip(self._options(*here), self.forest[here[0]], strict=True):
                share = mass * math.exp(own + sum(self._values[b] for b in below) - total)
                if share > 0.0:
                    counts.add(nonterminal, context, production, share)
                    for b in below:
                        outside[b] = outside.get(b, 0.0) + share


@dataclass
class Counts:
    """Expected numbers of choices.

    Attributes:
        uses: per context and production key.
        choices: per context and nonterminal, how often a production of it was chosen.
        log_likelihood: of the frontiers, in nats.
    """

    uses: dict[Context, dict[str, float]] = field(default_factory=dict)
    choices: dict[Context, dict[Nonterminal, float]] = field(default_factory=dict)
    log_likelihood: float = 0.0

    def add(self, nonterminal: Nonterminal, context: Context, production: Production, amount: float) -> None:
        """Count `amount` choices of a production."""
        uses = self.uses.setdefault(context, {})
        uses[production.key] = uses.get(production.key, 0.0) + amount
        choices = self.choices.setdefault(context, {})
        choices[nonterminal] = choices.get(nonterminal, 0.0) + amount

    def maximised(self, owner: ProbabilisticGrammar, pseudo_count: float) -> Weights:
        """The weights of the M-step; see `ProbabilisticGrammar.refit`."""
        pooled_uses: dict[str, float] = {}
        pooled_choices: dict[Nonterminal, float] = {}
        for context, uses in self.uses.items():
            for key, amount in uses.items():
                pooled_uses[key] = pooled_uses.get(key, 0.0) + amount
            for nonterminal, amount in self.choices[context].items():
                pooled_choices[nonterminal] = pooled_choices.get(nonterminal, 0.0) + amount
        start = owner.weights.unigram
        unigram = _maximise(owner.grammar, pooled_uses, pooled_choices, start, {}, pseudo_count)
        contextual = {
            context: _maximise(
                owner.grammar, uses, self.choices[context], self._start(owner, context), unigram, pseudo_count
            )
            for context, uses in self.uses.items()
        }
        return Weights(contextual, unigram)

    def _start(self, owner: ProbabilisticGrammar, context: Context) -> dict[str, float]:
        """The weights in force, from which the M-step climbs."""
        found: dict[str, float] = {}
        for nonterminal in self.choices[context]:
            productions = owner.grammar.productions(nonterminal)
            weights = owner.weights.of(context, productions)
            found.update((p.key, w) for p, w in zip(productions, weights, strict=True))
        return found


_INNER_ROUNDS = 8


def _maximise(
    grammar: Grammar,
    uses: Mapping[str, float],
    choices: Mapping[Nonterminal, float],
    start: Mapping[str, float],
    prior: Mapping[str, float],
    pseudo_count: float,
) -> dict[str, float]:
    """Minorise–maximise rounds for the weights of one context (see `ProbabilisticGrammar.refit`)."""
    keys = {n: [p.key for p in grammar.productions(n)] for n in choices}
    every = dict.fromkeys(key for n in choices for key in keys[n])
    weights = {key: start.get(key, 1.0) for key in every}
    for _ in range(_INNER_ROUNDS):
        pressure = dict.fromkeys(every, 0.0)
        for nonterminal, amount in choices.items():
            total = sum(weights[key] for key in keys[nonterminal])
            for key in keys[nonterminal]:
                pressure[key] += amount / total
        for key in every:
            pull = pseudo_count / prior.get(key, 1.0) if pseudo_count else 0.0
            if pressure[key] + pull > 0.0:
                weights[key] = (uses.get(key, 0.0) + pseudo_count) / (pressure[key] + pull)
    return weights


# Literals of constant slots.

_PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F))


def sample_literal(random: random.Random, type_: Type) -> Literal:
    """A literal for a constant slot: short ones are likelier; see `literal_log_probability`."""
    if type_ is BOOL:
        return Literal(random.random() < 0.5, BOOL)
    if type_.name == "bv":
        return Literal(random.getrandbits(type_.width), type_)
    if type_ is STRING:
        return Literal("".join(random.choice(_PRINTABLE) for _ in range(_geometric(random))), STRING)
    if type_ is INT:
        bits = _geometric(random)
        magnitude = (1 << bits >> 1) + (random.getrandbits(bits - 1) if bits > 1 else 0)
        return Literal(-magnitude if magnitude and random.random() < 0.5 else magnitude, INT)
    raise GrammarError(f"constants of type {type_} cannot be sampled")


def _geometric(random: random.Random) -> int:
    """The number of heads before the first tail, at most 63."""
    count = 0
    while count < 63 and random.random() < 0.5:
        count += 1
    return count


def literal_log_probability(literal: Literal) -> float:
    """Log-probability (nats) of a literal in a constant slot: a description length.

    Booleans and bit-vectors are uniform; the number of bits of an integer and of characters of a string is
    geometric with ratio 1/2. Characters beyond printable ASCII cost as much as 21 bits.
    """
    bit = -math.log(2)
    if literal.type is BOOL:
        return bit
    if literal.type.name == "bv":
        return literal.type.width * bit
    if literal.type is STRING:
        text = str(literal.value)
        return (len(text) + 1) * bit + sum(-math.log(95) if c in _PRINTABLE else 21 * bit for c in text)
    if literal.type is INT:
        bits = abs(int(literal.value)).bit_length()  # type: ignore[arg-type]
        return (2 * bits + 1) * bit if bits else bit
    raise GrammarError(f"constants of type {literal.type} have no probability")
