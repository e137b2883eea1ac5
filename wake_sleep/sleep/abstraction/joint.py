"""The joint score of a library: how well the frontiers are described with it, less what the library itself costs.

    score(L) = log p(frontiers | L) − a·|L| − λ·Σ_{f∈L} |body of f|

The programs of each task are rewritten to the forms that are likeliest with L, and the contextual probabilities of
productions are integrated out rather than fitted: with n(c, a) the expected uses of production a in context c,

    log p = Σ_c [log Γ(α) − log Γ(α + n(c)) + Σ_a log Γ(α·u(a) + n(c, a)) − log Γ(α·u(a))] + Σ_tasks H(posterior)

where u are unigram probabilities by type and the posterior is that over the programs of a task (the evidence of a
Dirichlet–multinomial model with its variational bound over programs). The likelihood after a fit would be too good
for productions that were seen once or twice in a context of their own, as those inside of a body are: it hides what
an abstraction saves. A body is written with the other members of the library, and measured in AST nodes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dsl.grammar import Grammar, Nonterminal
from dsl.terms import Application, Lambda, Literal, Operator, Term, Variable, postorder, strip_lambdas
from dsl.types import Type, match
from wake_sleep.sleep.abstraction.choices import Choice, choices_of
from wake_sleep.sleep.abstraction.frontiers import Languages, TaskFrontier
from wake_sleep.sleep.abstraction.rewriting import SIZE, NodeCosts, Rewriter

_Floats = npt.NDArray[np.float64]
_Numbers = npt.NDArray[np.int64]


def _log_gamma(values: _Floats) -> float:
    """Σ log Γ of all values."""
    return sum(map(math.lgamma, values.tolist()))


def _sums(places: _Numbers, amounts: _Floats, length: int) -> _Floats:
    """The sum of the amounts at each of `length` places."""
    return np.bincount(places, amounts, length).astype(np.float64)


@dataclass(frozen=True)
class ScoreSettings:
    """What the score counts.

    Attributes:
        aic: a, nats that each abstraction costs.
        structure_penalty: λ, nats that each AST node of a body costs.
        pseudo_count: α, how many choices the unigram probabilities count for in each context.
        rounds: rounds of expectation–maximisation over the programs of frontiers.
    """

    aic: float = 1.0
    structure_penalty: float = 1.5
    pseudo_count: float = 1.0
    rounds: int = 2


@dataclass(frozen=True)
class Scored:
    """A library with its score.

    Attributes:
        library: its abstractions, ordered by key.
        score: see the module, in nats.
        log_evidence: log p(frontiers | L) alone, in nats.
        forms: the programs of all frontiers as rewritten, task after task.
        shares: their posterior probabilities within their task.
        bodies: each abstraction's body, written with the others.
    """

    library: tuple[Operator, ...]
    score: float
    log_evidence: float
    forms: tuple[Term, ...]
    shares: _Floats = field(repr=False)
    bodies: dict[Operator, Term] = field(repr=False)


class JointScore:
    """Scores libraries for fixed frontiers.

    Letters of shapes: P programs, T tasks, N choices of all programs, C distinct choices, G contexts with a type, U
    distinct things taken at a type.
    """

    def __init__(self, frontiers: Sequence[TaskFrontier], languages: Languages, settings: ScoreSettings) -> None:
        """Take the programs.

        Args:
            frontiers: the tasks; programs that have not the type of their task are left out.
            languages: the grammars of these tasks.
            settings: what the score counts.
        """
        self.settings = settings
        self._numbering = _Numbering()
        self._programs: list[Term] = []
        self._requests: list[tuple[Type, tuple[Type, ...]]] = []
        self._log_likelihoods: list[float] = []
        self._weights: list[float] = []
        self.first: list[int] = []
        self.tasks: list[TaskFrontier] = []
        self._numbers: dict[tuple[Term, Type, tuple[Type, ...]], _Numbers | None] = {}
        for frontier in frontiers:
            grammar = languages.base(frontier)
            request = (grammar.start.type, grammar.start.environment)
            fitting = [p for p in frontier.programs if self._choices(p.program, *request) is not None]
            if not fitting:
                continue
            self.first.append(len(self._programs))
            self.tasks.append(frontier)
            self._weights.append(frontier.weight)
            self._programs += [p.program for p in fitting]
            self._log_likelihoods += [p.log_likelihood for p in fitting]
            self._requests += [request] * len(fitting)
            self._numbering.learn_menus(grammar)
        self._task_of = np.zeros(len(self._programs), np.int64)
        self._task_of[self.first[1:]] = 1
        self._task_of = self._task_of.cumsum()

    @property
    def programs(self) -> Sequence[Term]:
        """All programs in base form, task after task."""
        return self._programs

    @property
    def task_numbers(self) -> list[int]:
        """For each program the place of its task among `tasks`."""
        found: list[int] = self._task_of.tolist()
        return found

    def _choices(self, form: Term, result: Type, environment: tuple[Type, ...]) -> _Numbers | None:
        key = (form, result, environment)
        if key not in self._numbers:
            found = choices_of(form, result, environment)
            self._numbers[key] = None if found is None else self._numbering.numbers(found)
        return self._numbers[key]

    def occurrences(self, abstractions: Sequence[Operator]) -> dict[Operator, list[int]]:
        """For each abstraction the numbers of the programs that it fits somewhere."""
        rewriter = Rewriter(abstractions)
        fits: dict[Term, tuple[Operator, ...]] = {}
        found: dict[Operator, list[int]] = {a: [] for a in abstractions}
        for number, program in enumerate(self._programs):
            here: dict[Operator, None] = {}
            for term in postorder([program]):
                if term not in fits:
                    fits[term] = tuple(pattern.abstraction for pattern, _ in rewriter.matches(term))
                here.update(dict.fromkeys(fits[term]))
            for abstraction in here:
                found[abstraction].append(number)
        return found

    def score(
        self,
        library: Iterable[Operator],
        costs: NodeCosts = SIZE,
        known: Scored | None = None,
        changed: Iterable[int] = (),
    ) -> Scored:
        """The score of a library.

        Args:
            library: the abstractions.
            costs: what rewriting minimises.
            known: a scored library from whose forms and shares to start.
            changed: with `known`, the programs whose forms may differ; all others keep them.
        """
        ordered = tuple(sorted(library, key=lambda a: a.key))
        rewriter = Rewriter(ordered, costs)
        numbers = range(len(self._programs)) if known is None else changed
        forms = list(self._programs if known is None else known.forms)
        for number in numbers:
            form = rewriter.rewrite(self._programs[number])
            if self._choices(form, *self._requests[number]) is None:
                form = self._programs[number]
            forms[number] = form
        shares = self._start() if known is None else known.shares
        log_evidence, shares = self._evidence(forms, shares, ordered)
        bodies = bodies_of(ordered)
        size = sum(body.size for body in bodies.values())
        score = log_evidence - self.settings.aic * len(ordered) - self.settings.structure_penalty * size
        return Scored(ordered, score, log_evidence, tuple(forms), shares, bodies)

    def _start(self) -> _Floats:
        """Equal shares for the programs of a task, shape (P,)."""
        count = np.bincount(self._task_of, minlength=len(self.first))
        return np.asarray(1.0 / count[self._task_of], np.float64)

    def _evidence(self, forms: Sequence[Term], shares: _Floats, library: Sequence[Operator]) -> tuple[float, _Floats]:
        if not forms:
            return 0.0, shares
        found = [self._choices(form, *request) for form, request in zip(forms, self._requests, strict=True)]
        arrays = [numbers for numbers in found if numbers is not None]
        taken = np.concatenate(arrays)  # (N,)
        program_of = np.repeat(np.arange(len(arrays)), [len(a) for a in arrays])  # (N,)
        weights = np.array(self._weights)[self._task_of]  # (P,)
        likelihoods = np.array(self._log_likelihoods)  # (P,)
        model = _Model(self._numbering, library, self.settings.pseudo_count)
        for _ in range(self.settings.rounds if len(forms) > len(self.first) else 0):
            uses = _sums(taken, (weights * shares)[program_of], self._numbering.count)
            logs = model.log_probabilities(uses)
            joint = _sums(program_of, logs[taken], len(arrays)) + likelihoods  # (P,)
            shares = _softmax(joint, self._task_of, self.first)
        uses = _sums(taken, (weights * shares)[program_of], self._numbering.count)
        entropy = -shares * np.log(np.where(shares > 0, shares, 1.0))  # (P,)
        return model.log_evidence(uses) + float((weights * (entropy + shares * likelihoods)).sum()), shares

    def costs(self, scored: Scored) -> UnigramCosts:
        """Unigram nats of nodes in the forms of a scored library."""
        weights = np.array(self._weights)[self._task_of] * scored.shares
        return UnigramCosts.counted(zip(scored.forms, weights.tolist(), strict=True))

    def task_weight(self, programs: Iterable[int]) -> float:
        """The weight of the tasks of some programs, each task once."""
        tasks = dict.fromkeys(self._task_of[list(programs)].tolist())
        return float(sum(self._weights[task] for task in tasks))

    def task_count(self, programs: Iterable[int]) -> int:
        """The number of tasks of some programs."""
        return len(set(self._task_of[list(programs)].tolist()))


def bodies_of(library: Sequence[Operator]) -> dict[Operator, Term]:
    """For each abstraction its body, without the λs of its parameters, in the smallest form that the others allow."""
    bodies = {}
    for abstraction in library:
        assert abstraction.definition is not None
        _, body = strip_lambdas(abstraction.definition, abstraction.arity)
        others = [other for other in library if _may_occur(other, abstraction)]
        bodies[abstraction] = Rewriter(others).rewrite(body) if others else body
    return bodies


def _may_occur(inner: Operator, outer: Operator) -> bool:
    """Whether the body of `outer` may be written with `inner`; of two that could be in each other, only one way."""
    return _occurs(inner, outer) and (inner.key < outer.key or not _occurs(outer, inner))


@functools.lru_cache(maxsize=65536)
def _occurs(inner: Operator, outer: Operator) -> bool:
    """Whether `inner` shortens the body of `outer`."""
    assert outer.definition is not None
    _, body = strip_lambdas(outer.definition, outer.arity)
    return inner is not outer and Rewriter([inner]).rewrite(body) is not body


class UnigramCosts:
    """The cost of a node in nats: −log of the share of its head in all nodes; λs cost nothing."""

    def __init__(self, uses: Mapping[object, float]) -> None:
        """Take how often each kind of node is used."""
        self._uses = uses
        self._log_total = math.log(sum(uses.values()) + 1.0)
        self._overlay: tuple[Operator, float] | None = None

    @classmethod
    def counted(cls, forms: Iterable[tuple[Term, float]]) -> UnigramCosts:
        """Count the nodes of programs with weights."""
        uses: dict[object, float] = {}
        for form, weight in forms:
            times: dict[Term, float] = {form: weight}
            for node in reversed(list(postorder([form]))):
                own = times[node]
                kind = _kind(node)
                if kind is not None:
                    uses[kind] = uses.get(kind, 0.0) + own
                for child in node.children:
                    times[child] = times.get(child, 0.0) + own
        return cls(uses)

    def expecting(self, abstraction: Operator, uses: float) -> UnigramCosts:
        """The same costs with an abstraction of which so many uses are expected."""
        made = UnigramCosts.__new__(UnigramCosts)
        made._uses, made._log_total, made._overlay = self._uses, self._log_total, (abstraction, uses)
        return made

    def __call__(self, node: Term) -> float:
        """The cost of one node."""
        kind = _kind(node)
        if kind is None:
            return 0.0
        uses = self._uses.get(kind, 0.0)
        if self._overlay is not None and kind is self._overlay[0]:
            uses = max(uses, self._overlay[1])
        return max(0.0, self._log_total - math.log(uses)) if uses > 0 else self._log_total


def _kind(node: Term) -> object:
    """What nodes are counted by: operator or literal; one kind for all variables; None for what costs nothing."""
    if isinstance(node, Application):
        return node.head if isinstance(node.head, Operator) else None
    if isinstance(node, Literal):
        return node
    return None if isinstance(node, Lambda) else Variable


class _Numbering:
    """Numbers for choices, the contexts of choices, and what was taken at each type."""

    def __init__(self) -> None:
        self._choices: dict[Choice, int] = {}
        self._groups: dict[tuple[object, int, Type], int] = {}
        self._pools: dict[tuple[Type, object], int] = {}
        self._types: dict[Type, int] = {}
        self._group_of: list[int] = []
        self._pool_of: list[int] = []
        self._type_of: list[int] = []
        self._heads: dict[Type, int] = {}
        self._grammars: dict[Grammar, None] = {}

    @property
    def count(self) -> int:
        """C."""
        return len(self._choices)

    def numbers(self, choices: Sequence[Choice]) -> _Numbers:
        """The numbers of choices."""
        return np.array([self._number(choice) for choice in choices], np.int64)

    def _number(self, choice: Choice) -> int:
        found = self._choices.get(choice)
        if found is None:
            found = self._choices[choice] = len(self._choices)
            group = (choice.parent, choice.argument, choice.type)
            self._group_of.append(self._groups.setdefault(group, len(self._groups)))
            pool = (choice.type, choice.taken)
            if pool not in self._pools:
                self._pools[pool] = len(self._pools)
                self._type_of.append(self._types.setdefault(choice.type, len(self._types)))
            self._pool_of.append(self._pools[pool])
        return found

    def learn_menus(self, grammar: Grammar) -> None:
        """Remember a grammar, from which the number of heads at each type is read when it is needed."""
        self._grammars[grammar] = None

    def heads(self, type_: Type) -> int:
        """The number of distinct heads among the productions of a type in the base languages; at least 1."""
        if type_ not in self._heads:
            self._heads[type_] = max(1, *(_heads(grammar, type_) for grammar in self._grammars))
        return self._heads[type_]

    def arrays(self) -> tuple[_Numbers, _Numbers, _Numbers, list[Type]]:
        """The context (C,) and what was taken (C,) of each choice, the type (U,) of the latter, and all types."""
        return (
            np.array(self._group_of, np.int64),
            np.array(self._pool_of, np.int64),
            np.array(self._type_of, np.int64),
            list(self._types),
        )


def _heads(grammar: Grammar, type_: Type) -> int:
    if type_.is_polymorphic:
        return 0
    if grammar.rules is not None:
        menus = [grammar.productions(n) for n in grammar.reachable() if n.type is type_]
    else:
        menus = [grammar.productions(Nonterminal(type_, grammar.start.environment))]
    return max((len({production.head for production in menu}) for menu in menus), default=0)


class _Model:
    """Contextual probabilities backed off to unigram ones by type."""

    def __init__(self, numbering: _Numbering, library: Sequence[Operator], pseudo_count: float) -> None:
        self._group_of, self._pool_of, self._type_of, types = numbering.arrays()
        self._alpha = pseudo_count
        results = [abstraction.type.result for abstraction in library]
        further = [sum(match(result, t) is not None for result in results) for t in types]
        self._menu = np.array([numbering.heads(t) for t in types], np.float64) + further  # by type

    def _prior(self, uses: _Floats) -> _Floats:
        """α·u of each choice, shape (C,)."""
        pooled = np.bincount(self._pool_of, uses)  # (U,)
        totals = np.bincount(self._type_of, pooled)
        unigram = (pooled + 1.0 / self._menu[self._type_of]) / (totals[self._type_of] + 1.0)
        return np.asarray(self._alpha * unigram[self._pool_of], np.float64)

    def log_probabilities(self, uses: _Floats) -> _Floats:
        """Posterior mean log-probability of each choice given expected uses, shape (C,)."""
        totals = np.bincount(self._group_of, uses)
        return np.asarray(np.log((uses + self._prior(uses)) / (totals[self._group_of] + self._alpha)))

    def log_evidence(self, uses: _Floats) -> float:
        """Log-probability of all choices with the contextual probabilities integrated out."""
        totals = _sums(self._group_of, uses, 0)
        totals = totals[totals > 0]
        used = uses > 0
        prior, uses = self._prior(uses)[used], uses[used]
        of_contexts = len(totals) * math.lgamma(self._alpha) - _log_gamma(self._alpha + totals)
        return of_contexts + _log_gamma(uses + prior) - _log_gamma(prior)


def _softmax(values: _Floats, task_of: _Numbers, first: Sequence[int]) -> _Floats:
    """exp(values) normalised within each task."""
    top = np.maximum.reduceat(values, first)
    weights = np.exp(values - top[task_of])
    return np.asarray(weights / np.add.reduceat(weights, first)[task_of], np.float64)
