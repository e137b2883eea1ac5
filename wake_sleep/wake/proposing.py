"""Searching by proposals: a network writes whole programs, and what does not fit is of use to the search beside it.

A `Proposer` is a trained network, as the content of its file, with the guide that reads tasks for it. The network is
not loaded, and no library for networks imported, before a `ProposalSearch` takes its first turn. That search goes in
rounds: some programs are sampled, then the best failures are corrected by the network, which is told what they compute.
After ever more rounds the closed parts that proposals have in common are given to the search beside it as terms to
start from, and failures are cut open: each of their parts is exchanged for whatever the proposals or that search have
computed (see `wake_sleep.wake.skeletons`).

No clock decides on anything: a look of the network counts as the effort that the other searches make in the time that
it takes as a rule.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from dsl.evaluate import Evaluation
from dsl.limits import Exhausted
from dsl.terms import Term
from dsl.values import Bottom, Value, typed_key
from wake_sleep.model.network_file import CheckpointError, check_guide
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.dovetail import PartMeter
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.outcome import FoundBy
from wake_sleep.wake.search import Case, Found, Goal, Known, Search
from wake_sleep.wake.skeletons import Parts, cuts, fillings

if TYPE_CHECKING:
    from wake_sleep.model.guide import Guide
    from wake_sleep.model.network import Network
    from wake_sleep.model.partial import PartialDerivation
    from wake_sleep.model.sampling import Sampler

EFFORT_OF_A_MILLISECOND: Final = 200
"""Effort that a search by enumeration makes in a millisecond of CPU time; measured: 90 to 400."""
EFFORT_OF_A_LOOK: Final = 10 * EFFORT_OF_A_MILLISECOND
"""What one call of the network counts as, whatever it looks at."""
EFFORT_OF_A_STATE: Final = EFFORT_OF_A_MILLISECOND
"""What each state that it looks at counts as beyond that."""
START_SECONDS: Final = 6.0
"""CPU-seconds that must be left where the network is not loaded yet: importing what it needs takes most of them."""
_LOADED: Final = 4
_PROPOSAL_BYTES: Final = 4_000
_LEAST_PATIENCE: Final = 20_000
_POPULATION: Final = 48
_SEEDS: Final = 60
_COMPONENTS: Final = 12
_CUT_OPEN: Final = 6
_KNOWN: Final = 400


@dataclass(frozen=True)
class ProposalSettings:
    """How a proposer is asked.

    Attributes:
        batch: programs that are sampled, and corrected, at once.
        largest: AST nodes of the largest program.
        steps: looks of the network at each program, as a rule.
        temperature: of sampling.
        corrections: rounds of the corrector after each round of samples.
        seeds: whether parts of proposals are given to the search beside.
        fills: whether failures are cut open and filled.
    """

    batch: int = 16
    largest: int = 24
    steps: int = 6
    temperature: float = 1.0
    corrections: int = 1
    seeds: bool = True
    fills: bool = True


@dataclass(frozen=True)
class Proposer:
    """A network that proposes programs of one domain.

    Attributes:
        network: content of the file of the network.
        guide: the guide that it was trained with.
        settings: how it is asked.
    """

    network: bytes = field(repr=False)
    guide: Guide = field(repr=False)
    settings: ProposalSettings = ProposalSettings()

    @classmethod
    def of(cls, network: bytes, guide: Guide | None) -> Proposer:
        """The proposer with the network in a file, which is not loaded yet.

        Raises:
            CheckpointError: if the file is damaged at its beginning, of another version, or goes with another guide.
        """
        if guide is None:
            raise CheckpointError("a network goes with a guide, and there is none")
        check_guide(network, guide)
        return cls(network, guide)

    def accepts(self, goal: Goal) -> bool:
        """Whether programs can be proposed for a goal: it is of the domain, and has examples."""
        return goal.domain.name == self.guide.domain and bool(goal.cases) and not goal.relation

    @property
    def is_loaded(self) -> bool:
        """Whether asking takes no start-up in this process: something was asked before."""
        return "wake_sleep.model.sampling" in sys.modules

    def sampler(self, goal: Goal, seed: int) -> Sampler:
        """What samples programs for a goal; the first call in a process takes seconds.

        Raises:
            CheckpointError: if the file of the network is damaged, of another version, or goes with another guide.
        """
        with _undisturbed():
            from wake_sleep.model.conditioning import condition_of
            from wake_sleep.model.sampling import Sampler, SamplingSettings

            check_guide(self.network, self.guide)
            network, guide = _network(self.network), self.guide
        settings = self.settings
        least = int(goal.grammar.minimum_size(goal.grammar.start))
        largest = settings.largest if goal.maximum_size is None else min(settings.largest, goal.maximum_size)
        how = SamplingSettings(max(least, largest), steps=settings.steps, temperature=settings.temperature)
        condition = condition_of(guide, goal.grammar, goal.domain, goal.cases)
        return Sampler(condition, network, how, base=guide.base, choices=guide.choices, seed=seed)


@functools.lru_cache(maxsize=_LOADED)
def _network(content: bytes) -> Network:
    from wake_sleep.model.checkpoint import network_from_bytes

    return network_from_bytes(content)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep timers and interrupts waiting: a library that is half imported cannot be imported again."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPROF, signal.SIGALRM, signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass(frozen=True)
class _Failure:
    """A proposal that does not fit.

    Attributes:
        body: the program without its parameters.
        state: the same as a derivation.
        share: share of the active cases that it meets.
    """

    body: Term
    state: PartialDerivation
    share: float


class ProposalSearch(Search):
    """See the module. It never ends by itself, since a network may propose the same for ever."""

    is_complete = False

    def __init__(
        self,
        goal: Goal,
        costs: Costs,
        meter: Meter,
        proposer: Proposer,
        partner: Search | None = None,
        seed: int = 0,
    ) -> None:
        """Prepare a search.

        Args:
            goal: what is wanted; the proposer must accept it.
            costs: what productions cost; proposals do not go by them.
            meter: what every proposal and every look of the network is counted by.
            proposer: who proposes.
            partner: a search in the same language that is to be given terms to start from, and whose bank is used.
            seed: of everything that is drawn.
        """
        super().__init__(goal, costs, meter)
        self.proposer, self.partner, self._seed = proposer, partner, seed
        self._sampler: Sampler | None = None
        self._failures: dict[Term, _Failure] = {}
        self._cut: set[Term] = set()
        self._seeded: dict[Term, None] = {}
        self._samplers = 0
        self._aim()

    def _aim(self) -> None:
        """Take up the active cases."""
        self._sampler = None
        self._evaluation = Evaluation(self.goal.domain, [given for given, _ in self.goal.cases], self.goal.limits)
        self._wanted = [typed_key(output) for _, output in self.goal.cases]
        self._parts = Parts(self._evaluation)
        self._cut = set()

    def run(self) -> Iterator[Found | None]:
        """See `Search.run`."""
        self.meter.spend(0)
        if not self.proposer.is_loaded:
            left = self.meter.seconds_left
            if left is not None and left < START_SECONDS:
                if self.partner is None:
                    raise OutOfBudget(f"cpu: {left:.1f} s are too few to load the network that proposes programs")
                return
        for round_ in itertools.count(1):
            yield from self._consider(self._asking(self._sampled()))
            for _ in range(self.proposer.settings.corrections):
                yield from self._consider(self._asking(self._corrected()))
            if round_ & (round_ - 1) == 0:
                yield from self._share_out()

    # Asking.

    def _ready(self) -> Sampler:
        """What samples for the active cases."""
        if self._sampler is None:
            self._sampler = self.proposer.sampler(self.goal, self._seed + self._samplers)
            self._samplers += 1
        return self._sampler

    def _sampled(self) -> Iterator[list[PartialDerivation] | None]:
        return self._ready().sampling(self.proposer.settings.batch)

    def _corrected(self) -> Iterator[list[PartialDerivation] | None]:
        chosen = self._best(self.proposer.settings.batch)
        return self._ready().correcting([failure.state for failure in chosen]) if chosen else iter(())

    def _best(self, count: int) -> list[_Failure]:
        """Failures that meet most, of those that meet the same share the latest."""
        latest = list(self._failures.values())[::-1]
        return sorted(latest, key=lambda failure: -failure.share)[:count]

    def _asking(self, steps: Iterator[list[PartialDerivation] | None]) -> Iterator[list[PartialDerivation] | None]:
        """The same steps, each look of the network paid for."""
        price = EFFORT_OF_A_LOOK + EFFORT_OF_A_STATE * self.proposer.settings.batch
        for step in steps:
            if step is None:
                self.meter.spend(0, _PROPOSAL_BYTES * len(self._failures), work=price)
            yield step

    # Judging.

    def _consider(self, steps: Iterable[list[PartialDerivation] | None]) -> Iterator[Found | None]:
        """Run what is proposed on all active cases."""
        for states in steps:
            yield None
            for state in states or ():
                self.meter.spend(1)
                body = state.terms()[0]
                assert body is not None
                if body in self._failures:
                    continue
                share = self._share_met(body)
                if share == 1.0:
                    yield Found(body, FoundBy.DIFFUSION)
                else:
                    self._failures[body] = _Failure(body, state, share)
                self._parts.add_state(state)

    def _share_met(self, body: Term) -> float:
        column = self._evaluation.column(body)
        right = sum(_key(cell) == wanted for cell, wanted in zip(column, self._wanted, strict=True))
        return right / len(self._wanted)

    # What failures are good for.

    def _share_out(self) -> Iterator[Found | None]:
        """Give parts to the search beside, and cut failures open."""
        settings = self.proposer.settings
        if self.partner is not None and settings.seeds and len(self._seeded) < _SEEDS:
            from wake_sleep.model.proposals import components

            program = self.goal.grammar.program
            shared = components([program(body) for body in self._failures], self.goal.grammar.parameters, _COMPONENTS)
            new = [term for term in shared if term not in self._seeded]
            self._seeded.update(dict.fromkeys(new))
            self.meter.spend(0, work=sum(term.size for term in self._failures))
            if new:
                self._give(new)
            yield None
        if settings.fills:
            yield from self._filled()

    def _give(self, terms: Sequence[Term]) -> None:
        """Enter terms into the search beside; one that has no memory left for them is helped no longer."""
        assert self.partner is not None
        meter = self.partner.meter
        try:
            self.partner.seed(terms)
        except OutOfBudget:
            if not (isinstance(meter, PartMeter) and meter.is_full):
                raise
            self.partner = None

    def _filled(self) -> Iterator[Found | None]:
        """Programs that fit and are failures with one part exchanged."""
        if self.partner is not None:
            start = self.goal.grammar.start
            for known in itertools.islice(self.partner.known(), _KNOWN):
                self._parts.add(start.type, known.term)
            self.meter.spend(0, work=10 * _KNOWN)
            yield None
        chosen = [f for f in self._best(_POPULATION) if f.body not in self._cut][:_CUT_OPEN]
        for failure in chosen:
            self._cut.add(failure.body)
            for cut in cuts(failure.state):
                for body in fillings(cut, self._parts, self.goal, self.meter.spend):
                    is_small = self.goal.maximum_size is None or body.size <= self.goal.maximum_size
                    if is_small and self._share_met(body) == 1.0:
                        grammar = self.goal.grammar
                        if grammar.derive_at(grammar.start, body) is not None:
                            yield Found(body, FoundBy.DIFFUSION)
                yield None

    # The rest of a search.

    def patience(self, candidates: int) -> int:
        """See `Search.patience`; what was sampled is seldom the shortest, so the searches beside may look for it."""
        return max(_LEAST_PATIENCE, candidates)

    def add_cases(self, cases: Sequence[Case]) -> None:
        """See `Search.add_cases`; failures stay failures, and are told how many of the cases they meet now."""
        self.goal = replace(self.goal, cases=(*self.goal.cases, *cases))
        self._aim()
        for body, failure in self._failures.items():
            self._failures[body] = replace(failure, share=self._share_met(body))
            self._parts.add_state(failure.state)

    def reprice(self, costs: Costs) -> None:
        """See `Search.reprice`; proposals do not go by costs."""
        self.costs = costs

    def seed(self, terms: Iterable[Term]) -> None:
        """See `Search.seed`; the terms are offered where failures are cut open, if they are of the type wanted."""
        for term in terms:
            if self.goal.grammar.derive_at(self.goal.grammar.start, term) is not None:
                self._parts.add(self.goal.grammar.start.type, term)

    def explore(self) -> Iterator[None]:
        """See `Search.explore`; there is nothing to enumerate."""
        yield from ()

    def known(self) -> Iterator[Known]:
        """See `Search.known`: the proposals that have a value somewhere."""
        for body in self._failures:
            cells = self._evaluation.column(body)
            column = tuple(cell for cell in cells if not isinstance(cell, Exhausted))
            if len(column) == len(cells) and any(not isinstance(cell, Bottom) for cell in column):
                yield Known(body, column)


def _key(cell: Value | Bottom | Exhausted) -> object:
    return None if isinstance(cell, Bottom | Exhausted) else typed_key(cell)
