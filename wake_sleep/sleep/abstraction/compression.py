"""Compression of a corpus by size: a library, and the programs rewritten with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dsl.terms import Application, Lambda, Operator, Term, operators, strip_lambdas
from wake_sleep.sleep.abstraction.antiunify import AntiUnifier
from wake_sleep.sleep.abstraction.corpus import Corpus
from wake_sleep.sleep.abstraction.layers import Definitions, closed, opaque, replaced
from wake_sleep.sleep.abstraction.metrics import STITCH, Metric
from wake_sleep.sleep.abstraction.neighbours import neighbours
from wake_sleep.sleep.abstraction.patterns import order_of
from wake_sleep.sleep.abstraction.rewriting import Rewriter, uses
from wake_sleep.sleep.abstraction.selection import Graph, State, exchange, select
from wake_sleep.sleep.abstraction.stitch import (
    PORTFOLIO,
    SIZE_PORTFOLIO,
    Limits,
    StitchSettings,
    WeightedCorpus,
    propose,
    weighted_corpus,
)
from wake_sleep.sleep.abstraction.untyped import untyped_abstraction


@dataclass(frozen=True)
class CompressionSettings:
    """How a library is looked for.

    Attributes:
        metric: what is minimised.
        portfolio: settings of the miner.
        rounds: how often the miner is asked; from the second time on about the rewritten corpus.
        refinements: how often, after that, neighbours of the library become candidates.
        candidates: how many each time.
        layers: how often, after all that, rewritten programs and library are compressed once more as they are.
        exchanges: whether single functions are exchanged in the end.
        arity: most parameters of a neighbour.
        abstractions: largest library, or None.
        limits: for the miner's process.
    """

    metric: Metric = STITCH
    portfolio: tuple[StitchSettings, ...] = SIZE_PORTFOLIO
    rounds: int = 1
    refinements: int = 3
    candidates: int = 40
    layers: int = 1
    exchanges: bool = False
    arity: int = 4
    abstractions: int | None = None
    limits: Limits = field(default_factory=Limits)


def thorough(metric: Metric) -> CompressionSettings:
    """Settings that take several times as long and find somewhat more."""
    return CompressionSettings(metric, PORTFOLIO + SIZE_PORTFOLIO, rounds=3, refinements=5, layers=3, exchanges=True)


@dataclass(frozen=True)
class LibraryFunction:
    """A function of the library as it is counted.

    Attributes:
        abstraction: its name and its definition in base-language β-normal form.
        arity: the number of parameters that `body` has.
        body: the definition without so many λs, rewritten with the other functions.
        uses: how often it is applied, in rewritten programs and in bodies.
        cost: by the metric.
    """

    abstraction: Operator
    arity: int
    body: Term
    uses: int
    cost: int


@dataclass(frozen=True)
class Compression:
    """A corpus and what became of it.

    Attributes:
        corpus: the corpus.
        metric: what was minimised.
        library: the functions, each after those that its body applies.
        rewritten: the programs of the corpus, rewritten.
        original_cost: of the corpus: for each task that of the cheapest program.
        corpus_cost: the same after rewriting.
        events: what went wrong with the miner; empty if nothing did.
    """

    corpus: Corpus
    metric: Metric
    library: tuple[LibraryFunction, ...]
    rewritten: tuple[Term, ...]
    original_cost: int
    corpus_cost: int
    events: tuple[str, ...] = ()

    @property
    def library_cost(self) -> int:
        """The cost of the library."""
        return sum(function.cost for function in self.library)

    @property
    def ratio(self) -> float:
        """Original size over that of rewritten corpus and library together."""
        return self.original_cost / (self.corpus_cost + self.library_cost)


def compress(corpus: Corpus, settings: CompressionSettings = CompressionSettings()) -> Compression:
    """Find a library under which a corpus of untyped programs and the library together are small.

    Nothing is decided by a clock, unless the miner runs into its limits; then that is an event of the result.
    """
    found = _single_layer(corpus, settings)
    for _ in range(settings.layers):
        with_another = _another_layer(found, settings)
        if with_another.ratio <= found.ratio:
            break
        found = with_another
    return found


def _single_layer(corpus: Corpus, settings: CompressionSettings) -> Compression:
    weighted = weighted_corpus(corpus.programs, corpus.tasks)
    graph = Graph(weighted.programs, weighted.tasks, weighted.weights, settings.metric)
    state, events = _search(graph, weighted, settings)
    if weighted.dropped:
        events.insert(0, f"{weighted.dropped} programs of the corpus were not learned from: it is too large")
    return compressed(corpus, [graph.candidates[n] for n in sorted(state.library)], settings.metric, events)


def _another_layer(found: Compression, settings: CompressionSettings) -> Compression:
    """The compression of rewritten programs and bodies, put together with what they were made from."""
    functions = {f.abstraction.name: closed(f.body, f.arity) for f in found.library}
    programs = (*opaque(found.rewritten), *functions.values())
    tasks = (*found.corpus.tasks, *(f"the function {name}" for name in functions))
    layer = _single_layer(Corpus(found.corpus.name, programs, tasks), settings)
    rewritten = list(opaque(layer.rewritten))
    count = len(found.rewritten)
    bodies = dict(zip(functions, rewritten[count:], strict=True))
    bodies |= {f.abstraction.name: closed(f.body, f.arity) for f in layer.library}
    return _assembled(found.corpus, rewritten[:count], bodies, settings.metric, (*found.events, *layer.events))


def _assembled(
    corpus: Corpus, rewritten: Sequence[Term], bodies: dict[str, Term], metric: Metric, events: tuple[str, ...]
) -> Compression:
    """The compression that programs and functions over constants amount to; unused functions are left out."""
    definitions = Definitions(bodies)
    names = definitions.used_by(rewritten)
    prefix = _prefix(corpus)
    meanings = definitions.operators(names, {name: f"{prefix}{number}" for number, name in enumerate(names)})
    constants: dict[str, Term] = {name: Application(operator) for name, operator in meanings.items()}
    programs = [replaced(program, constants) for program in rewritten]
    counted = {name: _stripped(replaced(bodies[name], constants), metric) for name in names}
    applied = uses([*programs, *(body for _, body, _ in counted.values())])
    functions = [
        LibraryFunction(meanings[name], *counted[name][:2], applied.get(meanings[name], 0), counted[name][2])
        for name in names
    ]
    return _measured(corpus, metric, functions, programs, events)


def _stripped(definition: Term, metric: Metric) -> tuple[int, Term, int]:
    """Parameters, body and cost of a function whose leading λs are parameters."""
    count, body = strip_lambdas(definition)
    return count, body, round(Rewriter([], metric).cost(body)) + metric.parameter * count


def _search(graph: Graph, corpus: WeightedCorpus, settings: CompressionSettings) -> tuple[State, list[str]]:
    state = graph.state([])
    events: list[str] = []
    asked = corpus
    for last in range(settings.rounds - 1, -1, -1):
        proposals = propose(asked, settings.portfolio, settings.limits)
        events += proposals.events
        before = state.total
        state = _improved(graph, state, [p.definition for p in proposals.proposals], settings)
        if state.total >= before:
            break
        if last:
            rewriter = Rewriter([graph.candidates[n] for n in sorted(state.library)], settings.metric)
            rewritten = tuple(rewriter.rewrite(program) for program in corpus.programs)
            asked = WeightedCorpus(rewritten, corpus.tasks, corpus.weights)
    unifier = AntiUnifier(settings.arity)
    for _ in range(settings.refinements):
        before = state.total
        nearby = neighbours(graph, state.library, unifier, settings.candidates)
        state = _improved(graph, state, nearby, settings)
        if state.total >= before:
            break
    if settings.exchanges:
        state = exchange(state, range(len(graph.candidates)), settings.abstractions)
    return state, events


def _improved(graph: Graph, state: State, definitions: Iterable[Term], settings: CompressionSettings) -> State:
    """The best library that is reached from another one with more candidates."""
    graph.add(untyped_abstraction(f"candidate {number}", d) for number, d in enumerate(definitions))
    return select(graph, range(len(graph.candidates)), state.library, settings.abstractions)


def compressed(corpus: Corpus, library: Sequence[Operator], metric: Metric, events: Sequence[str] = ()) -> Compression:
    """A corpus rewritten with a library, functions named by their place; those that are never used are left out.

    Args:
        corpus: the corpus.
        library: untyped abstractions; their names do not matter.
        metric: by which the cheapest forms are chosen.
        events: what is to be told with the result.
    """
    prefix = _prefix(corpus)
    ordered = sorted(library, key=order_of)
    named = [untyped_abstraction(f"{prefix}{n}", _definition(each)) for n, each in enumerate(ordered)]
    rewriter = Rewriter(named, metric)
    rewritten = tuple(rewriter.rewrite(program) for program in corpus.programs)
    bodies = {each: _counted(rewriter, each, metric) for each in named}
    applied = uses([*rewritten, *(body for _, body, _ in bodies.values())])
    functions = tuple(LibraryFunction(each, *bodies[each][:2], applied.get(each, 0), bodies[each][2]) for each in named)
    return _measured(corpus, metric, functions, rewritten, events)


def _prefix(corpus: Corpus) -> str:
    """A beginning of names that no constant of the corpus has."""
    taken = {operator.name for operator in operators(*corpus.programs)}
    prefix = "fn_"
    while any(name.startswith(prefix) for name in taken):
        prefix = f"{prefix}_"
    return prefix


def _measured(
    corpus: Corpus,
    metric: Metric,
    functions: Sequence[LibraryFunction],
    rewritten: Sequence[Term],
    events: Sequence[str],
) -> Compression:
    costs = Rewriter([], metric)
    before, after = ([costs.cost(p) for p in programs] for programs in (corpus.programs, rewritten))
    return Compression(
        corpus,
        metric,
        tuple(functions),
        tuple(rewritten),
        task_cost(corpus, before) + metric.corpus,
        task_cost(corpus, after) + metric.corpus,
        tuple(events),
    )


def task_cost(corpus: Corpus, costs: Sequence[float]) -> int:
    """The cost of a corpus from those of its programs: for each task that of the cheapest."""
    return round(sum(min(costs[i] for i in positions) for positions in corpus.positions_by_task.values()))


def _definition(abstraction: Operator) -> Term:
    assert abstraction.definition is not None
    return abstraction.definition


def _counted(rewriter: Rewriter, abstraction: Operator, metric: Metric) -> tuple[int, Term, int]:
    """The number of parameters, body and cost of a function in the form that is cheapest."""
    stage = _definition(abstraction)
    forms: list[tuple[float, int, Term]] = []
    parameters = 0
    place = order_of(abstraction)
    while True:
        # Under a λ that may be a parameter, the function itself might be applied.
        usable = [
            form
            for form in rewriter.forms(stage, lambda other: order_of(other) < place)
            if not isinstance(form, Lambda)
        ]
        forms += [(rewriter.cost(form) + metric.parameter * parameters, parameters, form) for form in usable]
        if not isinstance(stage, Lambda):
            break
        stage, parameters = stage.body, parameters + 1
    cost, count, body = min(forms, key=lambda f: (f[0], f[1]))
    return count, body, round(cost)
