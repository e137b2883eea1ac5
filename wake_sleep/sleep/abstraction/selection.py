"""Selection by size: the library of candidates under which corpus and library together are smallest.

What is minimised is, with the metric m and programs rewritten as `Rewriter` does it,

    Σ over tasks: weight · min over its programs p: m(rewrite(p))  +  Σ over abstractions a: m(rewrite(body of a))

The bodies are rewritten with the other abstractions. All programs and bodies are one graph of distinct sub-terms in
which every match of every candidate is found once; a library is a set of matches that may be used, and what adding a
candidate changes is computed by passing cheaper costs on to the terms above.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from dsl.terms import Lambda, Operator, Term, strip_lambdas
from wake_sleep.sleep.abstraction.metrics import Metric
from wake_sleep.sleep.abstraction.patterns import Binding, Contents, Pattern, order_of, patterns_of, pieces, root_of


@dataclass(slots=True)
class _Node:
    """A distinct sub-term: its own cost and children, and the matches of candidates at its root.

    Attributes:
        own: cost of the node itself.
        children: numbers of its pieces.
        matches: candidate, cost beside the parts, numbers of the parts.
        users: numbers of the nodes whose cost depends on this one.
    """

    own: int
    children: tuple[int, ...]
    matches: list[_Match] = field(default_factory=list)
    users: list[int] = field(default_factory=list)


_Match: TypeAlias = tuple[int, int, tuple[int, ...]]
"""A use of a candidate: its number, its cost beside the parts, and the numbers of the nodes that are its parts."""
_Active: TypeAlias = dict[int, tuple[_Match, ...]]
"""The matches that may be used, by the node at which they are."""


class Graph:
    """The sub-terms of a corpus and of candidates, and where each candidate may be used.

    Attributes:
        candidates: the candidates, numbered by their place.
        empty: the state of the empty library.
    """

    def __init__(
        self, programs: Sequence[Term], tasks: Sequence[int], weights: Sequence[float], metric: Metric
    ) -> None:
        """Take a corpus; see `WeightedCorpus`.

        Args:
            programs: closed terms in base-language β-normal form.
            tasks: for each the number of its task.
            weights: for each the weight of its task.
            metric: how they are measured.
        """
        self.metric = metric
        self.candidates: list[Operator] = []
        self._contents = Contents()
        self._number: dict[Term, int] = {}
        self._terms: list[Term] = []
        self._by_root: dict[object, list[Term]] = {}
        self._nodes: list[_Node] = []
        self._patterns: dict[object, list[tuple[int, Pattern]]] = {}
        self._known: dict[tuple[Term, int], int] = {}
        self._definitions: list[list[int]] = []
        self._places: list[tuple[int, str]] = []
        self._order: list[int] = []
        self._rank: list[int] = []
        self._sites: list[list[int]] = []
        self._add_terms(programs)
        self._roots = [self._number[program] for program in programs]
        self._tasks_of: dict[int, list[int]] = {}
        self._programs_of: dict[int, list[int]] = {}
        self._weight: dict[int, float] = {}
        for root, task, weight in zip(self._roots, tasks, weights, strict=True):
            self._tasks_of.setdefault(root, []).append(task)
            self._programs_of.setdefault(task, []).append(root)
            self._weight[task] = weight
        self._sort()

    def add(self, abstractions: Iterable[Operator]) -> list[int]:
        """Make abstractions candidates; their numbers, without those that can never be used."""
        numbers = []
        fresh: list[tuple[int, Pattern]] = []
        for abstraction in abstractions:
            assert abstraction.definition is not None
            key = (abstraction.definition, abstraction.arity)
            if key in self._known:
                numbers.append(self._known[key])
                continue
            patterns = patterns_of(abstraction, self._contents)
            if not patterns:
                continue
            number = self._known[key] = len(self.candidates)
            self.candidates.append(abstraction)
            self._sites.append([])
            for pattern in patterns:
                self._patterns.setdefault(pattern.root, []).append((number, pattern))
                fresh.append((number, pattern))
            numbers.append(number)
        by_root: dict[object, list[tuple[int, Pattern]]] = {}
        for number, pattern in fresh:
            by_root.setdefault(pattern.root, []).append((number, pattern))
        for node in range(len(self._nodes)):
            self._match(node, by_root)
        for abstraction in self.candidates[len(self._definitions) :]:
            self._definitions.append(self._stages(abstraction))
            self._places.append(order_of(abstraction))
        self._sort()
        return numbers

    def rooted(self, root: object) -> Sequence[Term]:
        """The distinct sub-terms of programs and candidates with this root (`root_of`)."""
        return self._by_root.get(root, [])

    def places(self, number: int) -> list[Term]:
        """The terms at whose root a candidate may be used."""
        return [self._terms[place] for place in self._sites[number]]

    def _stages(self, abstraction: Operator) -> list[int]:
        """The nodes of a definition without its first 0, 1, … λs, with which it begins at least."""
        assert abstraction.definition is not None
        _, stage = strip_lambdas(abstraction.definition, abstraction.arity)
        stages = [stage]
        while isinstance(stage, Lambda):
            stage = stage.body
            stages.append(stage)
        self._add_terms(stages)
        return [self._number[stage] for stage in stages]

    def _sort(self) -> None:
        """Order the nodes so that each stands behind all that its cost depends on."""
        order: list[int] = []
        placed = [False] * len(self._nodes)
        for root in range(len(self._nodes)):
            stack = [root]
            while stack:
                place = stack[-1]
                node = self._nodes[place]
                waiting = [] if placed[place] else [c for c in node.children if not placed[c]]
                if not placed[place]:
                    waiting += [part for _, _, parts in node.matches for part in parts if not placed[part]]
                if waiting:
                    stack += waiting
                    continue
                stack.pop()
                if not placed[place]:
                    placed[place] = True
                    order.append(place)
        self._order = order
        self._rank = [0] * len(order)
        for rank, place in enumerate(order):
            self._rank[place] = rank

    def _add_terms(self, terms: Iterable[Term]) -> None:
        """Number terms and all that their costs depend on, dependencies first."""
        number = self._number
        found: dict[Term, list[tuple[int, Pattern, tuple[Binding, ...]]]] = {}
        for root in terms:
            stack = [root]
            while stack:
                term = stack[-1]
                if term in number:
                    stack.pop()
                    continue
                if term not in found:
                    found[term] = self._matches(term, self._patterns)
                    waiting = [child for child in pieces(term) if child not in number]
                    for _, _, match in found[term]:
                        waiting += [b.source for b in match if b.source not in number]
                    if waiting:
                        stack += waiting
                        continue
                stack.pop()
                self._number_term(term, found.pop(term))

    def _number_term(self, term: Term, matches: Sequence[tuple[int, Pattern, tuple[Binding, ...]]]) -> None:
        place = self._number[term] = len(self._nodes)
        made_of = pieces(term)
        children = tuple(self._number[piece] for piece in made_of)
        # The application to all but the last argument is a node of its own.
        own = self.metric(term) if len(made_of) == len(term.children) else self.metric.application
        node = _Node(own, children)
        self._nodes.append(node)
        self._terms.append(term)
        self._by_root.setdefault(root_of(term), []).append(term)
        for child in set(children):
            self._nodes[child].users.append(place)
        for number, pattern, match in matches:
            self._note(place, number, pattern, match)

    def _match(self, place: int, patterns: Mapping[object, list[tuple[int, Pattern]]]) -> None:
        """Find the matches of new candidates at a node that has a number."""
        matches = self._matches(self._terms[place], patterns)
        if matches:
            self._add_terms(b.source for _, _, match in matches for b in match)
            for number, pattern, match in matches:
                self._note(place, number, pattern, match)

    def _matches(
        self, term: Term, patterns: Mapping[object, list[tuple[int, Pattern]]]
    ) -> list[tuple[int, Pattern, tuple[Binding, ...]]]:
        found = []
        lacking = ~self._contents.constants(term)
        for root in (root_of(term), None):
            for number, pattern in patterns.get(root, ()):
                match = None if pattern.constants & lacking else pattern.match(term)
                if match is not None:
                    found.append((number, pattern, match))
        return found

    def _note(self, place: int, number: int, pattern: Pattern, match: tuple[Binding, ...]) -> None:
        metric = self.metric
        beside = metric.leaf + metric.application * pattern.arity
        beside += metric.binder * sum(len(binding.bound) for binding in match)
        parts = tuple(self._number[binding.source] for binding in match)
        self._nodes[place].matches.append((number, beside, parts))
        self._sites[number].append(place)
        for part in set(parts):
            if place not in self._nodes[part].users:
                self._nodes[part].users.append(place)

    # Costs.

    def state(self, library: Iterable[int]) -> State:
        """The costs of everything with a library."""
        chosen = frozenset(library)
        active = self._active(chosen)
        costs = [0] * len(self._nodes)
        for place in self._order:
            costs[place] = self._cost(place, costs, active)
        return State(self, chosen, active, costs)

    def _active(self, library: Iterable[int]) -> _Active:
        """The matches of some candidates by the node at which they are."""
        active: _Active = {}
        for number in sorted(library):
            for place in dict.fromkeys(self._sites[number]):
                usable = [match for match in self._nodes[place].matches if match[0] == number]
                active[place] = active.get(place, ()) + tuple(usable)
        return active

    def _cost(self, place: int, costs: Sequence[int] | _Overlay, active: _Active) -> int:
        node = self._nodes[place]
        least = node.own
        for child in node.children:
            least += costs[child]
        if place in active:
            for _, cost, parts in active[place]:
                for part in parts:
                    cost += costs[part]
                if cost < least:
                    least = cost
        return least

    def definition_cost(self, number: int, costs: Sequence[int] | _Overlay, active: _Active) -> int:
        """What a candidate costs in the library, its body rewritten with the others.

        Leading λs are parameters, as many as make it cheapest.
        """
        stages, places = self._definitions[number], self._places
        parameters = self.candidates[number].arity
        last = self._nodes[stages[-1]]
        least = last.own + self.metric.parameter * (parameters + len(stages) - 1)
        for child in last.children:
            least += costs[child]
        for stage in stages:
            for other, cost, parts in active.get(stage, ()):
                if places[other] < places[number]:
                    cost += self.metric.parameter * parameters
                    for part in parts:
                        cost += costs[part]
                    if cost < least:
                        least = cost
            parameters += 1
        return least


EXCHANGES = 12
"""Abstractions of either kind that `exchange` tries before it gives up."""


class _Overlay(dict[int, int]):
    """Changed costs over others."""

    def __init__(self, below: Sequence[int]) -> None:
        super().__init__()
        self._below = below

    def __missing__(self, place: int) -> int:
        return self._below[place]


class State:
    """A library and the costs that it gives rise to.

    Attributes:
        library: numbers of its candidates.
        corpus: cost of the corpus: over the tasks, that of the cheapest program.
        total: cost of corpus and library together.
    """

    def __init__(self, graph: Graph, library: frozenset[int], active: _Active, costs: list[int]) -> None:
        """The state of `graph` for a library, with its matches and the costs of all nodes."""
        self._graph = graph
        self.library = library
        self._active = active
        self._costs = costs
        self._task_costs = {task: min(costs[root] for root in roots) for task, roots in graph._programs_of.items()}
        self.corpus = sum(graph._weight[task] * cost for task, cost in self._task_costs.items())
        self.total = self.corpus + self._library_cost(library, active, costs)

    def gain(self, number: int) -> float:
        """By how much the total falls if a candidate is added, or taken out if it is there; negative if it rises."""
        graph = self._graph
        library = self.library ^ {number}
        active, changed = self._toggled(number)
        gain = 0.0
        tasks = {task for place in changed for task in graph._tasks_of.get(place, ())}
        for task in tasks:
            after = min(changed[root] for root in graph._programs_of[task])
            gain += graph._weight[task] * (self._task_costs[task] - after)
        return gain + (self.total - self.corpus) - self._library_cost(library, active, changed)

    def toggled(self, number: int) -> State:
        """The state with a candidate added, or taken out if it is there."""
        active, changed = self._toggled(number)
        costs = list(self._costs)
        for place, cost in changed.items():
            costs[place] = cost
        return State(self._graph, self.library ^ {number}, active, costs)

    def _library_cost(self, library: Iterable[int], active: _Active, costs: Sequence[int] | _Overlay) -> int:
        return sum(self._graph.definition_cost(number, costs, active) for number in library)

    def _toggled(self, number: int) -> tuple[_Active, _Overlay]:
        """The matches that may be used then, and the costs that are others then."""
        graph = self._graph
        sites = dict.fromkeys(graph._sites[number])
        own = graph._active([number])
        active = dict(self._active)
        for place in sites:
            if number in self.library:
                active[place] = tuple(match for match in active[place] if match[0] != number)
            else:
                active[place] = active.get(place, ()) + own[place]
        changed = _Overlay(self._costs)
        rank, order = graph._rank, graph._order
        waiting = sorted(rank[place] for place in sites)
        queued = set(waiting)
        while waiting:
            place = order[heapq.heappop(waiting)]
            cost = graph._cost(place, changed, active)
            if cost != self._costs[place]:
                changed[place] = cost
                for user in graph._nodes[place].users:
                    user_rank = rank[user]
                    if user_rank not in queued:
                        queued.add(user_rank)
                        heapq.heappush(waiting, user_rank)
        return active, changed


def select(graph: Graph, candidates: Sequence[int], start: Iterable[int] = (), most: int | None = None) -> State:
    """A library that no candidate improves and that no removal improves.

    Greedy: the candidate of the greatest gain is added until none gains; then what has become superfluous is taken
    out, the costliest first; and both again until nothing changes.

    Args:
        graph: the corpus and the candidates.
        candidates: which may be added.
        start: the library to begin with.
        most: largest number of abstractions.
    """
    state = graph.state(start)
    while True:
        before = state.total
        state = prune(grow(state, candidates, most))
        if state.total >= before:
            return state


def exchange(state: State, candidates: Sequence[int], most: int | None = None) -> State:
    """A library from which no exchange of one abstraction leads to a better one.

    An abstraction is taken out, or one is put in although it does not gain by itself; then the library is completed
    without, or around it. What gains the most, or costs the least, is tried first.

    Args:
        state: the library to begin with.
        candidates: which may be added.
        most: largest number of abstractions.
    """
    tried: set[int] = set()
    while True:
        others = [number for number in candidates if number not in state.library and number not in tried]
        promising = heapq.nlargest(EXCHANGES, others, key=lambda number: (state.gain(number), -number))
        inside = sorted((number for number in state.library if number not in tried), key=lambda n: (-state.gain(n), n))
        for number in (*inside[:EXCHANGES], *promising):
            tried.add(number)
            without = [each for each in candidates if each != number]
            found = prune(grow(prune(state.toggled(number), number), without, most))
            if found.total < state.total:
                state = found
                break
        else:
            return state


def grow(state: State, candidates: Sequence[int], most: int | None = None) -> State:
    """Add candidates greedily while one gains."""
    # Gains mostly fall as the library grows, so former gains tell in which order to look.
    queue = [(-float("inf"), number) for number in candidates if number not in state.library]
    heapq.heapify(queue)
    dropped: list[int] = []
    while queue and (most is None or len(state.library) < most):
        _, number = heapq.heappop(queue)
        gain = state.gain(number)
        if gain <= 0:
            dropped.append(number)
        elif queue and -gain > queue[0][0]:
            heapq.heappush(queue, (-gain, number))
        else:
            state = state.toggled(number)
    return state


def prune(state: State, kept: int | None = None) -> State:
    """Take abstractions out, but for one, while the total does not rise; that of the greatest fall first."""
    while True:
        gains = [(state.gain(number), -number) for number in sorted(state.library) if number != kept]
        gain, number = max(gains, default=(-1.0, 0))
        if gain < 0:
            return state
        state = state.toggled(-number)
