"""Fitting the weights of productions to programs of many grammars at once.

The programs of a domain lie in as many grammars as there are types of tasks and sets of constants; what they share
are the production keys. So the unit of counting is a *choice*: in a context, from the *menu* of a nonterminal (the keys
of all its productions), one key was taken. Programs become arrays of choices once, and all rounds of
expectation–maximisation work on these arrays.

With n(c, a) the expected uses of key a in context c and N(c, S) the choices from menu S, the M-step is that of Hunter
(2004, MM algorithms for generalized Bradley–Terry models) under a Gamma prior around the weights u that are backed
off to:

    w_c(a) ← (n(c, a) + α·u(a)/Z̄_c) / (Σ_{S∋a} N(c, S)/Σ_{b∈S} w_c(b) + α/Z̄_c),     Z̄_c = Σ_S N(c, S)·u(S) / Σ_S N(c, S)

so that α counts as many choices in each context, spread as the unigram weights say. The unigram weights are fitted in
the same way to the counts of all contexts together, around equal weights of all heads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from dsl.grammar import Forest, Grammar, Nonterminal, Production
from dsl.probability import ROOT, UNIFORM, Context, Frontier, Weights, child_holes, literal_log_probability
from dsl.terms import Literal, Term, strip_lambdas

_Floats: TypeAlias = npt.NDArray[np.float64]
_Numbers: TypeAlias = npt.NDArray[np.int64]

PSEUDO_COUNT: Final = 30.0
"""α where nothing else is said; see docs/benchmarks/dreaming.md for what it was chosen by."""
_INNER_ROUNDS: Final = 12
"""Rounds of minorise–maximise in one M-step."""


@dataclass(frozen=True)
class Observed:
    """Programs of one task (or one dream), and the grammar that they are programs of.

    Attributes:
        grammar: the language of the task, with its own type and constants.
        frontier: the programs found; they share the weight in proportion to p(program) · likelihood.
        weight: how many times this counts.
    """

    grammar: Grammar
    frontier: Frontier
    weight: float = 1.0


def fit_weights(
    observed: Sequence[Observed], start: Weights = UNIFORM, *, rounds: int = 3, pseudo_count: float = PSEUDO_COUNT
) -> Weights:
    """Weights under which the programs of all tasks are likely, by expectation–maximisation; see the module.

    Programs that their grammar does not derive are left out.

    Args:
        observed: the programs, in any number of grammars.
        start: where the climb starts; it matters only if frontiers have several programs, or programs several
            derivations.
        rounds: rounds of expectation–maximisation; where nothing is ambiguous the first says it all.
        pseudo_count: α, the choices that the backed-off weights count for in each context.

    Returns:
        weights contextual by the key of the parent production and the number of the argument, and unigram weights
        where a context was never seen; `start` if nothing could be counted.
    """
    return _fitted(_Corpus(observed), start, rounds, pseudo_count)


def fit_weights_scaled(
    scaled: Sequence[Observed], others: Sequence[Observed], factors: Sequence[float]
) -> tuple[Weights, ...]:
    """For each factor what `fit_weights` says if the first programs count so many times; all are analysed only once."""
    corpus = _Corpus([*scaled, *others])
    tasks, count = corpus.tasks, len(_Corpus(scaled).tasks)
    fitted = []
    for factor in factors:
        first = [replace(task, weight=factor * task.weight) for task in tasks[:count]]
        corpus.tasks = [*first, *tasks[count:]]
        fitted.append(_fitted(corpus))
    return tuple(fitted)


def _fitted(corpus: _Corpus, start: Weights = UNIFORM, rounds: int = 3, pseudo_count: float = PSEUDO_COUNT) -> Weights:
    if not corpus.tasks:
        return start
    logarithms = corpus.layout.logarithms_of(start)
    fitted: _Fitted | None = None
    for _ in range(max(1, rounds) if corpus.is_ambiguous else 1):
        fitted = corpus.layout.maximised(corpus.expected(logarithms), pseudo_count)
        logarithms = fitted.logarithms
    assert fitted is not None
    return corpus.layout.weights(fitted)


def description_length(observed: Sequence[Observed], weights: Weights) -> float:
    """Mean nats that a task takes to describe: −log Σ p(program) · likelihood over its programs, by weight.

    Tasks of which no program is derived by its grammar are left out on both sides of the mean, so that the figure
    is finite; compare figures of the same tasks in languages that have all their programs. Nothing takes 0 nats.
    """
    corpus = _Corpus(observed)
    total = sum(task.weight for task in corpus.tasks)
    if not total:
        return 0.0
    logarithms = corpus.layout.logarithms_of(weights)
    return -sum(task.weight * corpus.log_likelihood(task, logarithms) for task in corpus.tasks) / total


# Programs as arrays of choices.


@dataclass(frozen=True)
class _Alternative:
    """One way to rewrite a node of a forest: a choice, what its literal costs, and the nodes below."""

    choice: int
    literal: float
    below: tuple[int, ...]


@dataclass(frozen=True)
class _Program:
    """The derivations of one program.

    Attributes:
        log_likelihood: of the examples given the program, the literals of its constant slots included.
        choices: the choices of its only derivation, or of none if there are several.
        nodes: of a program with several derivations, the alternatives of each node, children first; the last is
            the root.
    """

    log_likelihood: float
    choices: _Numbers
    nodes: tuple[tuple[_Alternative, ...], ...] = ()


@dataclass(frozen=True)
class _Task:
    """The derivable programs of one frontier."""

    programs: tuple[_Program, ...]
    weight: float


@dataclass(frozen=True)
class _Fitted:
    """The outcome of an M-step: weights by slot and by key, and the log-probability of each choice."""

    contextual: _Floats
    unigram: _Floats
    logarithms: _Floats


class _Corpus:
    """All programs, with everything that they choose from numbered.

    A *stand* is a context with a menu, a *slot* a context with a key, a *choice* a stand with the key that was taken.
    """

    def __init__(self, observed: Sequence[Observed]) -> None:
        self._keys: dict[str, int] = {}
        self._menus: dict[tuple[int, ...], int] = {}
        self._shown: list[tuple[Production, ...]] = []
        self._menu_of: dict[tuple[Grammar, Nonterminal], int] = {}
        self._stands: dict[tuple[Context, int], int] = {}
        self._choices: dict[tuple[int, int], int] = {}
        self.tasks: list[_Task] = []
        self.is_ambiguous = False
        for each in observed:
            programs = [self._program(each.grammar, p.program, p.log_likelihood) for p in each.frontier]
            derived = tuple(p for p in programs if p is not None)
            if derived and each.weight > 0:
                self.tasks.append(_Task(derived, each.weight))
                self.is_ambiguous |= len(derived) > 1 or bool(derived[0].nodes)
        self.layout = _Layout(self._keys, self._menus, self._stands, self._choices, self._shown)

    def _program(self, grammar: Grammar, program: Term, log_likelihood: float) -> _Program | None:
        count, body = strip_lambdas(program, grammar.parameters)
        if count < grammar.parameters:
            return None
        forest = grammar.forest(grammar.start, body)
        if not forest[grammar.start, body]:
            return None
        return self._only_derivation(grammar, forest, body, log_likelihood) or self._all_derivations(
            grammar, forest, body, log_likelihood
        )

    def _only_derivation(self, grammar: Grammar, forest: Forest, body: Term, log_likelihood: float) -> _Program | None:
        """The program if it has one derivation, else None."""
        choices: list[int] = []
        stack = [(grammar.start, body, ROOT)]
        while stack:
            nonterminal, term, context = stack.pop()
            options = forest[nonterminal, term]
            if len(options) > 1:
                return None
            production, below = options[0]
            choices.append(self._choice(grammar, nonterminal, context, production))
            if production.is_constant_slot:
                assert isinstance(term, Literal)
                log_likelihood += literal_log_probability(term)
            for (child, under), argument in zip(child_holes(production, context), below, strict=True):
                stack.append((child, argument, under))
        return _Program(log_likelihood, np.array(choices, np.int64))

    def _all_derivations(self, grammar: Grammar, forest: Forest, body: Term, log_likelihood: float) -> _Program:
        numbers: dict[tuple[Nonterminal, Term, Context], int] = {}
        nodes: list[tuple[_Alternative, ...]] = []
        stack = [(grammar.start, body, ROOT)]
        while stack:
            here = stack[-1]
            if here in numbers:
                stack.pop()
                continue
            nonterminal, term, context = here
            ways = [
                (p, [(c, t, k) for (c, k), t in zip(child_holes(p, context), below, strict=True)])
                for p, below in forest[nonterminal, term]
            ]
            waiting = [pair for _, below in ways for pair in below if pair not in numbers]
            if waiting:
                stack.extend(waiting)
                continue
            numbers[here] = len(nodes)
            literal = literal_log_probability(term) if isinstance(term, Literal) else 0.0
            nodes.append(
                tuple(
                    _Alternative(
                        self._choice(grammar, nonterminal, context, p),
                        literal if p.is_constant_slot else 0.0,
                        tuple(numbers[pair] for pair in below),
                    )
                    for p, below in ways
                )
            )
        return _Program(log_likelihood, np.empty(0, np.int64), tuple(nodes))

    def _choice(self, grammar: Grammar, nonterminal: Nonterminal, context: Context, production: Production) -> int:
        menu = self._menu_of.get((grammar, nonterminal))
        if menu is None:
            menu = self._menu_of[grammar, nonterminal] = self._number_of(grammar.productions(nonterminal))
        stand = self._stands.setdefault((context, menu), len(self._stands))
        return self._choices.setdefault((stand, self._keys[production.key]), len(self._choices))

    def _number_of(self, productions: tuple[Production, ...]) -> int:
        """The number of the menu of these productions."""
        keys = tuple(self._keys.setdefault(p.key, len(self._keys)) for p in productions)
        number = self._menus.setdefault(keys, len(self._menus))
        if number == len(self._shown):
            self._shown.append(productions)
        return number

    # Expectation.

    def log_likelihood(self, task: _Task, logarithms: _Floats) -> float:
        """The logarithm of Σ p(program) · likelihood over the programs of a task."""
        return _log_sum_exp([_inside(program, logarithms)[-1] for program in task.programs])

    def expected(self, logarithms: _Floats) -> _Floats:
        """Expected uses of each choice in the posterior over programs and derivations."""
        uses = np.zeros(len(self._choices))
        chosen: list[_Numbers] = []
        amounts: list[float] = []
        for task in self.tasks:
            insides = [_inside(program, logarithms) for program in task.programs]
            total = _log_sum_exp([inside[-1] for inside in insides])
            if total == -math.inf:
                continue
            for program, inside in zip(task.programs, insides, strict=True):
                share = task.weight * math.exp(inside[-1] - total)
                if program.nodes:
                    _add_outside(program, inside, logarithms, share, uses)
                else:
                    chosen.append(program.choices)
                    amounts.append(share)
        if chosen:
            repeated = np.repeat(np.array(amounts), [len(choices) for choices in chosen])
            uses += _sums(np.concatenate(chosen), repeated, len(uses))
        return uses


class _Layout:
    """Menus, stands, slots and choices as flat arrays of numbers.

    Letters of shapes: C choices, T stands, S slots, K keys, M menus; E entries of stands, F entries of menus, where an
    entry is a production.
    """

    def __init__(
        self,
        keys: dict[str, int],
        menus: dict[tuple[int, ...], int],
        stands: dict[tuple[Context, int], int],
        choices: dict[tuple[int, int], int],
        productions: list[tuple[Production, ...]],
    ) -> None:
        self._names, self._productions = list(keys), productions
        self._contexts: dict[Context, int] = {}
        self._stand_list = list(stands)
        in_menu = list(menus)
        slots: dict[tuple[int, int], int] = {}
        entry_stand: list[int] = []
        entry_slot: list[int] = []
        for stand, (context, menu) in enumerate(stands):
            c = self._contexts.setdefault(context, len(self._contexts))
            for key in in_menu[menu]:
                entry_stand.append(stand)
                entry_slot.append(slots.setdefault((c, key), len(slots)))
        self._slots = list(slots)
        self._entry_stand = np.array(entry_stand, np.int64)  # (E,)
        self._entry_slot = np.array(entry_slot, np.int64)  # (E,)
        self._slot_key = np.array([key for _, key in self._slots], np.int64)  # (S,)
        self._slot_context = np.array([c for c, _ in self._slots], np.int64)  # (S,)
        self._stand_context = np.array([self._contexts[c] for c, _ in self._stand_list], np.int64)  # (T,)
        self._stand_menu = np.array([menu for _, menu in self._stand_list], np.int64)  # (T,)
        self._choice_stand = np.array([stand for stand, _ in choices], np.int64)  # (C,)
        self._choice_key = np.array([key for _, key in choices], np.int64)  # (C,)
        pairs = ((self._contexts[self._stand_list[stand][0]], key) for stand, key in choices)
        self._choice_slot = np.array([slots[pair] for pair in pairs], np.int64)  # (C,)
        self._menu_entry = np.array([m for m, own in enumerate(in_menu) for _ in own], np.int64)  # (F,)
        self._menu_key = np.array([key for own in in_menu for key in own], np.int64)  # (F,)
        self._in_menu = in_menu
        self._choice_names = list(choices)

    def logarithms_of(self, weights: Weights) -> _Floats:
        """Log-probability of each choice under weights by name, shape (C,)."""
        found: list[dict[int, float]] = []
        for context, menu in self._stand_list:
            shares = _normalised(weights.of(context, self._productions[menu]))
            logarithms = [math.log(share) if share > 0 else -math.inf for share in shares]
            found.append(dict(zip(self._in_menu[menu], logarithms, strict=True)))
        return np.array([found[stand][key] for stand, key in self._choice_names])

    def maximised(self, uses: _Floats, pseudo_count: float) -> _Fitted:
        """The M-step; see the module."""
        stand_uses = _sums(self._choice_stand, uses, len(self._stand_list))  # (T,)
        unigram = _maximise(
            _sums(self._choice_key, uses, len(self._names)),
            _sums(self._stand_menu, stand_uses, len(self._in_menu)),
            self._menu_entry,
            self._menu_key,
            self._prior(),
            np.zeros(len(self._names), np.int64),
            np.zeros(len(self._in_menu), np.int64),
            pseudo_count,
        )
        contextual = _maximise(
            _sums(self._choice_slot, uses, len(self._slots)),
            stand_uses,
            self._entry_stand,
            self._entry_slot,
            unigram[self._slot_key],
            self._slot_context,
            self._stand_context,
            pseudo_count,
        )
        totals = _sums(self._entry_stand, contextual[self._entry_slot], len(self._stand_list))  # (T,)
        with np.errstate(divide="ignore"):
            logarithms = np.log(contextual[self._choice_slot]) - np.log(totals[self._choice_stand])
        return _Fitted(contextual, unigram, logarithms)

    def _prior(self) -> _Floats:
        """The mean share of each key where all heads of a menu weigh the same, shape (K,)."""
        shares = [w for productions in self._productions for w in _normalised(UNIFORM.of(ROOT, productions))]
        total = _sums(self._menu_key, np.array(shares), len(self._names))
        return np.asarray(total / np.maximum(1, _sums(self._menu_key, np.ones(len(self._menu_key)), len(self._names))))

    def weights(self, fitted: _Fitted) -> Weights:
        """Fitted weights by name."""
        contextual: dict[Context, dict[str, float]] = {context: {} for context in self._contexts}
        contexts = list(self._contexts)
        for (c, key), weight in zip(self._slots, fitted.contextual.tolist(), strict=True):
            contextual[contexts[c]][self._names[key]] = weight
        return Weights(contextual, dict(zip(self._names, fitted.unigram.tolist(), strict=True)))


def _maximise(
    uses: _Floats,
    menu_uses: _Floats,
    entry_menu: _Numbers,
    entry_weight: _Numbers,
    prior: _Floats,
    weight_group: _Numbers,
    menu_group: _Numbers,
    pseudo_count: float,
) -> _Floats:
    """Minorise–maximise rounds for the weights of several groups (contexts) at once; see the module.

    Args:
        uses: of each weight, shape (W,).
        menu_uses: choices from each menu, shape (M,).
        entry_menu: the menu of each entry, shape (E,).
        entry_weight: the weight of each entry, shape (E,).
        prior: u, shape (W,).
        weight_group: shape (W,).
        menu_group: shape (M,).
        pseudo_count: α.
    """
    groups = 1 + int(max(weight_group.max(initial=0), menu_group.max(initial=0)))
    sums = _sums(entry_menu, prior[entry_weight], len(menu_uses))
    group_uses = _sums(menu_group, menu_uses, groups)
    scale = _sums(menu_group, menu_uses * sums, groups) / np.where(group_uses > 0, group_uses, 1.0)
    strength = np.where(scale > 0, pseudo_count / np.where(scale > 0, scale, 1.0), 0.0)[weight_group]
    weights = prior.copy()
    for _ in range(_INNER_ROUNDS):
        totals = _sums(entry_menu, weights[entry_weight], len(menu_uses))
        pressed = np.divide(menu_uses, totals, out=np.zeros_like(menu_uses), where=totals > 0)
        pressure = _sums(entry_weight, pressed[entry_menu], len(uses)) + strength
        wanted = uses + strength * prior
        weights = np.divide(wanted, pressure, out=weights, where=pressure > 0)
    return weights


def _sums(places: _Numbers, amounts: _Floats, length: int) -> _Floats:
    """The sum of the amounts at each of `length` places."""
    return np.bincount(places, amounts, length).astype(np.float64)


def _normalised(weights: Sequence[float]) -> list[float]:
    total = sum(weights)
    return [weight / total if total > 0 else 1 / len(weights) for weight in weights]


def _inside(program: _Program, logarithms: _Floats) -> list[float]:
    """Log-probability of each node; the last is that of the program, with the likelihood of the examples."""
    if not program.nodes:
        return [float(logarithms[program.choices].sum()) + program.log_likelihood]
    values: list[float] = []
    for node in program.nodes:
        values.append(_log_sum_exp([_weigh(way, values, logarithms) for way in node]))
    values[-1] += program.log_likelihood
    return values


def _weigh(way: _Alternative, values: Sequence[float], logarithms: _Floats) -> float:
    return float(logarithms[way.choice]) + way.literal + sum(values[below] for below in way.below)


def _add_outside(program: _Program, inside: Sequence[float], logarithms: _Floats, weight: float, uses: _Floats) -> None:
    """Add the expected uses of the choices in all derivations of a program, which has this weight in all."""
    outside = [0.0] * len(program.nodes)
    outside[-1] = weight
    totals = [*inside[:-1], inside[-1] - program.log_likelihood]
    for number in range(len(program.nodes) - 1, -1, -1):
        if outside[number] <= 0.0:
            continue
        for way in program.nodes[number]:
            share = outside[number] * math.exp(_weigh(way, inside, logarithms) - totals[number])
            uses[way.choice] += share
            for below in way.below:
                outside[below] += share


def _log_sum_exp(values: Sequence[float]) -> float:
    top = max(values, default=-math.inf)
    if top == -math.inf:
        return top
    return top + math.log(sum(math.exp(value - top) for value in values))
