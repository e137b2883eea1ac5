"""What every search engine is: an anytime search for the body of one function.

An engine gets a `Goal`, the examples to fit and the language to fit them in, and yields bodies that fit. It can be
left at any yield and gone on with later, be given further examples, other costs and terms to start from, without
beginning again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from dsl.domain import Domain
from dsl.grammar import Grammar
from dsl.limits import DEFAULT_LIMITS, Limits
from dsl.terms import Term
from dsl.values import Bottom, Value
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.outcome import FoundBy

Case = tuple[tuple[Value, ...], Value]
"""An input and the output wanted for it."""


@dataclass(frozen=True)
class Goal:
    """A function wanted by examples.

    Attributes:
        grammar: the programs allowed; a body derives from `grammar.start`.
        domain: what the operators mean.
        cases: the examples, distinct inputs only.
        maximum_size: AST nodes of the largest body wanted, or None.
        limits: what one evaluation may take.
        relation: Boolean terms over the parameters and, as ``$0``, the output, that must hold at every case; where
            there are some, the outputs of the cases say nothing. Only searches over columns take them.
    """

    grammar: Grammar
    domain: Domain
    cases: tuple[Case, ...]
    maximum_size: int | None = None
    limits: Limits = DEFAULT_LIMITS
    relation: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Found:
    """A body that fits the active cases.

    Attributes:
        body: open term over the parameters (the last one is ``$0``) that derives from the grammar.
        by: part of the engine that found it.
    """

    body: Term
    by: FoundBy


@dataclass(frozen=True)
class Known:
    """A term that a search has evaluated.

    Attributes:
        term: open term over the parameters that derives from the grammar.
        column: what it computes on the active cases, one cell each: a value or ⊥.
    """

    term: Term
    column: tuple[Value | Bottom, ...]


class Search(ABC):
    """An anytime search; see the module.

    Attributes:
        initial_cases: how many cases the search is to start with; it is given further ones when they decide.
        is_complete: after `run` has ended, whether nothing was left out (a body whose evaluation met a limit, say).
    """

    initial_cases: ClassVar[int] = 8
    is_complete: bool = True

    def __init__(self, goal: Goal, costs: Costs, meter: Meter) -> None:
        """Prepare a search.

        Args:
            goal: what is wanted; its cases are the ones that are active at first.
            costs: what productions cost.
            meter: what every candidate is counted by.
        """
        self.goal, self.costs, self.meter = goal, costs, meter

    @abstractmethod
    def run(self) -> Iterator[Found | None]:
        """Search, yielding bodies that fit all active cases, roughly the cheapest first.

        Yields None where it may be left for a while, every few milliseconds of work; the methods below may be called
        at every yield. The iterator goes on after a body was found, and ends only when every body of at most
        `goal.maximum_size` nodes (of all, if that is None and they are finitely many) was tried, up to equal values
        on the active cases.

        Raises:
            OutOfBudget: when the budget of the meter is spent.
        """

    def patience(self, candidates: int) -> int:
        """How many further candidates are worth the hope for a shorter body, when the first was found after some."""
        return max(2_000, candidates // 2)

    @abstractmethod
    def add_cases(self, cases: Sequence[Case]) -> None:
        """Make further cases active, to be called at a yield of `run`; what is known is kept and evaluated on them.

        After the call `run` goes on, and may yield bodies that it passed by because they were equal, on the cases
        so far, to others.
        """

    @abstractmethod
    def reprice(self, costs: Costs) -> None:
        """Go on with other costs."""

    @abstractmethod
    def seed(self, terms: Iterable[Term]) -> None:
        """Enter open terms over the parameters as cheap components (at half their level), each tested at once."""

    @abstractmethod
    def explore(self) -> Iterator[None]:
        """Enumerate level after level whatever the outputs of the cases are, in the place of `run`.

        Pauses every few milliseconds; ends when there is nothing left to enumerate.

        Raises:
            OutOfBudget: when the budget of the meter is spent.
        """

    @abstractmethod
    def known(self) -> Iterator[Known]:
        """The terms of the start that the bank holds, one of each behaviour, those of low levels first.

        Terms whose evaluation met a limit are none of them, nor are those that are ⊥ on all active cases.
        """
