"""Dreaming: what a search holds in its bank after a while, costs drawn at random, is as many solved tasks.

A dream is a behaviour with a short program for it. Sampling programs gives mostly dead code; a bottom-up search with
observational equivalence has each behaviour once, with the cheapest program that it met. Many short searches,
each on the inputs of a training task and with costs of its own, look into more corners of the language than a long
one does, and reach sizes that equal costs would not.

The unit is a *part*: one search. It is a function of settings, seed and its number alone, so that any number of
workers dream the same parts; they are joined in order.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dsl.domain import Domain
from dsl.languages import LanguageSettings
from dsl.spec import Budget
from dsl.types import BOOL, CHAR, REAL, STRING, Type
from dsl.values import Value
from wake_sleep.generation import UNTRAINED, Generation
from wake_sleep.sleep.dreams import LIMITS, Dream, Dreamer, Dreams, is_varied
from wake_sleep.sleep.randomised import randomised
from wake_sleep.sleep.requests import DreamRequest, probes_of
from wake_sleep.wake.blame import blaming_primitives
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.engines import engine_for
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.search import Goal, Known, Search

_LEAST_PARTS: Final = 20
"""Searches that even few dreams come from."""
_LEAST_CANDIDATES: Final = 2_000
"""Candidates of one search, at least."""
_LEAST_KEPT: Final = 20
_MEMORY: Final = 1 << 29
_NO_VALUE: Final[Mapping[Type, Value]] = {BOOL: False, STRING: "", CHAR: "a", REAL: 0.0}
"""What stands for the outputs of a goal that has none; 0 or the empty list at all other types."""


NARROW: Final = LanguageSettings(extra_type_depth=1, bound_variables=2)
"""A language with fewer types than that of tasks."""


@dataclass(frozen=True)
class DreamSettings:
    """How dreams are made.

    Attributes:
        candidates: of one search.
        kept: dreams of one search, at most.
        cases: inputs of one search, at most.
        spreads: standard deviations, in nats, of the random costs around those of the generation; one is drawn.
        uniform_share: share of the searches whose costs are drawn around equal ones instead.
        largest: AST nodes of the largest dream.
        language: how far the language is expanded: less far than for a task, or a short search sees little but types.
    """

    candidates: int = 30_000
    kept: int = 800
    cases: int = 8
    spreads: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0)
    uniform_share: float = 0.25
    largest: int = 40
    language: LanguageSettings = NARROW

    def for_count(self, count: int) -> DreamSettings:
        """The settings for so many dreams: few come from more searches than one, too, each as much shorter."""
        kept = min(self.kept, max(_LEAST_KEPT, count // _LEAST_PARTS))
        candidates = max(min(_LEAST_CANDIDATES, self.candidates), self.candidates * kept // self.kept)
        return dataclasses.replace(self, kept=kept, candidates=candidates)


DEFAULT_SETTINGS: Final = DreamSettings()


def dream(
    domain: Domain,
    requests: Sequence[DreamRequest],
    count: int,
    generation: Generation = UNTRAINED,
    *,
    settings: DreamSettings = DEFAULT_SETTINGS,
    seed: int = 0,
) -> Dreams:
    """At least `count` dreams, unless the language has fewer within reach; part after part in this process.

    Args:
        domain: whose language.
        requests: types and inputs, as training tasks have them.
        count: how many dreams are wanted.
        generation: what the costs are drawn around, and what abstractions programs may use.
        settings: how dreams are made.
        seed: of everything that is drawn at random.
    """
    fitting = settings.for_count(count)
    numbers = range(most_parts(count, fitting))
    return collect((dream_part(domain, requests, generation, fitting, seed, part) for part in numbers), count)


def most_parts(count: int, settings: DreamSettings) -> int:
    """Parts after which it is given up to dream `count` dreams."""
    return 4 + 8 * -(-count // settings.kept)


def collect(parts: Iterable[Sequence[Dream]], count: int) -> Dreams:
    """Join parts, in their order, until there are `count` distinct dreams; no further part is asked for then."""
    found = Dreams()
    for part in parts:
        found.add(part)
        if len(found) >= count:
            break
    return found.first(count)


def dream_part(
    domain: Domain,
    requests: Sequence[DreamRequest],
    generation: Generation,
    settings: DreamSettings,
    seed: int,
    part: int,
) -> tuple[Dream, ...]:
    """The dreams of one search: distinct behaviours, balanced by size.

    Args:
        domain: whose language.
        requests: of which one is drawn, its type first: types are less unequal than the tasks of each type are.
        generation: see `dream`.
        settings: how dreams are made.
        seed: of all parts together.
        part: the number of this one.
    """
    if not requests:
        return ()
    chance = random.Random(f"{seed}/{part}")
    request = _drawn(requests, chance)
    spread = chance.choice(settings.spreads)
    base = UNTRAINED.weights if chance.random() < settings.uniform_share else generation.weights
    grammar = request.grammar(domain, generation.abstractions, settings.language)
    inputs = tuple(chance.sample(request.inputs, min(settings.cases, len(request.inputs))))
    output = _NO_VALUE.get(request.type.result, () if request.type.result.name == "list" else 0)
    goal = Goal(grammar, domain, tuple((given, output) for given in inputs), None, LIMITS)
    costs = Costs(grammar, randomised(base, spread, f"{seed}/{part}"))
    search = engine_for(goal)(goal, costs, Meter(Budget(candidates=settings.candidates, memory=_MEMORY)))
    with blaming_primitives(goal):
        explore(search)
        probes = probes_of(requests)[request.type]
        dreamer = Dreamer(request, domain, inputs, probes, Costs(grammar, generation.weights))
        return tuple(select(search, dreamer, settings, chance))


def explore(search: Search) -> None:
    """Enumerate until there is nothing left or the budget is spent."""
    try:
        for _ in search.explore():
            pass
    except OutOfBudget:
        return


def select(search: Search, dreamer: Dreamer, settings: DreamSettings, chance: random.Random) -> Iterator[Dream]:
    """Dreams of what a search holds, as many of each size as there are, up to an equal share.

    Args:
        search: with terms of the request of the dreamer.
        dreamer: makes dreams of terms.
        settings: how many and how large.
        chance: which ones, of those of one size.
    """
    by_size: dict[int, list[Known]] = {}
    for known in search.known():
        if known.term.size <= settings.largest and is_varied(known.column):
            by_size.setdefault(known.term.size, []).append(known)
    room, sizes = settings.kept, sorted(by_size)
    for number, size in enumerate(sizes):
        share = -(-room // (len(sizes) - number))
        waiting = by_size[size]
        chance.shuffle(waiting)
        for known in waiting:
            if share <= 0:
                break
            made = dreamer.dream(known.term)
            if made is not None:
                share, room = share - 1, room - 1
                yield made


def _drawn(requests: Sequence[DreamRequest], chance: random.Random) -> DreamRequest:
    """A request: its type with a probability that grows with the square root of how often it is asked for."""
    by_type: dict[Type, list[DreamRequest]] = {}
    for request in requests:
        by_type.setdefault(request.type, []).append(request)
    types = list(by_type)
    type_ = chance.choices(types, [len(by_type[t]) ** 0.5 for t in types])[0]
    return chance.choice(by_type[type_])
