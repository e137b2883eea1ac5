"""The productions of a grammar, ready to be applied to rows of banks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from dsl.domain import Domain
from dsl.grammar import Derivation, Grammar, Nonterminal, Production
from dsl.terms import Literal, Operator, Term, Variable
from dsl.types import BOOL, Type
from dsl.values import Value
from wake_sleep.wake.columns.bank import Bank
from wake_sleep.wake.columns.conditionals import Conditional
from wake_sleep.wake.columns.hashing import Rows
from wake_sleep.wake.columns.kernels import Kernel, is_columnar, kernel_of
from wake_sleep.wake.costs import UNREACHABLE, Costs

_COMMUTATIVE: Final = frozenset(
    [
        "bvand",
        "bvor",
        "bvxor",
        "bvadd",
        "bvmul",
        "bvnand",
        "bvnor",
        "bvxnor",
        "bvcomp",
        "=",
        "distinct",
        "and",
        "or",
        "xor",
    ]
)
_MOST_OUTPUTS: Final = 8


@dataclass(frozen=True, eq=False)
class Rule:
    """A production, ready to be applied to rows.

    Attributes:
        number: position among all rules.
        bank: where its terms go.
        children: where its arguments come from.
        production: the production.
        leaf: its term, if it has no children.
        kernel: what it computes, if it has children.
        cost: least cost over all contexts.
        class_: class of shifts.
        is_symmetric: whether its two arguments may be exchanged.
        conditional: what it tests, if it is a conditional.
    """

    number: int
    bank: Bank
    children: tuple[Bank, ...]
    production: Production
    leaf: Term | None
    kernel: Kernel | None
    cost: int
    class_: int
    is_symmetric: bool
    conditional: Conditional | None

    @property
    def name(self) -> str:
        """Name of the primitive at the root of the terms, empty for macros and leaves."""
        head = self.production.head
        return head.name if isinstance(head, Operator) and head.definition is None else ""


def is_searched_over_columns(grammar: Grammar, domain: Domain) -> bool:
    """Whether all that a grammar derives can be computed over columns."""
    found = {grammar.start: None}
    queue = [grammar.start]
    for nonterminal in queue:
        # What is not columnar ends the walk: languages with λs may have infinitely many nonterminals.
        if not is_columnar(nonterminal.type):
            return False
        for production in grammar.productions(nonterminal):
            if not _is_computed(production, domain):
                return False
            new = [child for child in dict.fromkeys(production.children) if child not in found]
            found.update(dict.fromkeys(new))
            queue.extend(new)
    return True


def _is_computed(production: Production, domain: Domain) -> bool:
    if production.is_constant_slot or isinstance(production.head, Literal):
        return True
    if isinstance(production.head, Variable):
        return not production.children
    if not isinstance(production.head, Operator):
        return False
    if not all(is_columnar(child.type) for child in production.children):
        return False
    is_leaf = not production.children and production.head.definition is None
    return not is_leaf and kernel_of(production.head, domain) is not None


class RuleBook:
    """The rules of a language.

    Attributes:
        rules: in order of the grammar.
        is_complete: whether together they derive all terms of the grammar.
    """

    def __init__(
        self,
        grammar: Grammar,
        domain: Domain,
        costs: Costs,
        banks: Mapping[Nonterminal, Bank],
        choices: Sequence[Conditional],
        outputs: Sequence[Value],
    ) -> None:
        """Make the rules.

        Args:
            grammar: a language that `is_searched_over_columns`.
            domain: what the operators mean.
            costs: what productions cost; those that are never chosen get no rule.
            banks: one for each nonterminal.
            choices: the conditionals of the grammar.
            outputs: what is wanted; as constants they may serve where any constant is allowed.
        """
        self.rules: list[Rule] = []
        self.is_complete = True
        self._grammar, self._domain, self._costs = grammar, domain, costs
        self._banks, self._choices = banks, choices
        self._outputs = dict.fromkeys(outputs)
        for nonterminal in banks:
            self._add_all(nonterminal)

    def of(self, conditional: Conditional) -> Rule:
        """The rule of a conditional."""
        return next(rule for rule in self.rules if rule.conditional is conditional)

    def match(self, former: Sequence[Rule]) -> npt.NDArray[np.int16]:
        """For the rules of another book of the same grammar and banks the numbers of their equals here.

        A production that is never chosen now, or a constant that is not offered, gets a rule that costs too much for
        any level.
        """
        known = {(rule.bank, rule.production, rule.leaf): rule.number for rule in self.rules}
        numbers = []
        for rule in former:
            key = (rule.bank, rule.production, rule.leaf)
            if key not in known:
                known[key] = len(self.rules)
                self.rules.append(replace(rule, number=len(self.rules), cost=UNREACHABLE, class_=0))
            numbers.append(known[key])
        return np.array(numbers, np.int16)

    def _add_all(self, nonterminal: Nonterminal) -> None:
        productions = self._grammar.productions(nonterminal)
        least, classes = self._costs.least(nonterminal), self._costs.classes(nonterminal)
        for production, cost, class_ in zip(productions, least, classes, strict=True):
            if cost >= UNREACHABLE:
                self.is_complete = False
            elif production.children:
                self._add(nonterminal, production, None, cost, class_)
            elif production.is_constant_slot:
                self.is_complete = False
                literals = self._constants(nonterminal.type)
                choice = round(math.log(len(literals)) * self._costs.resolution)
                for literal in literals:
                    self._add(nonterminal, production, literal, cost + choice, class_)
            else:
                self._add(nonterminal, production, production.leaf, cost, class_)

    def _add(self, nonterminal: Nonterminal, production: Production, leaf: Term | None, cost: int, class_: int) -> None:
        kernel, is_symmetric, conditional = None, False, None
        children = production.children
        if children:
            head = production.head
            assert isinstance(head, Operator)
            kernel = kernel_of(head, self._domain)
            contexts = [self._costs.canonical((production.key, i)) for i in range(len(children))]
            is_commutative = head.name in _COMMUTATIVE and head.definition is None and len(children) == 2
            is_symmetric = is_commutative and contexts[0] == contexts[1] and children[0] is children[1]
        if nonterminal is self._grammar.start:
            conditional = next((c for c in self._choices if c.production is production), None)
        rule = Rule(
            len(self.rules),
            self._banks[nonterminal],
            tuple(self._banks[child] for child in children),
            production,
            leaf,
            kernel,
            cost,
            class_,
            is_symmetric,
            conditional,
        )
        self.rules.append(rule)

    def _constants(self, type_: Type) -> list[Literal]:
        """The literals that are tried where any literal may stand: special ones, and the outputs if they are few."""
        if type_ is BOOL:
            return [Literal(False, BOOL), Literal(True, BOOL)]
        width = type_.width
        values: dict[Value, None] = dict.fromkeys([0, 1, (1 << width) - 1, 1 << (width - 1), 2 % (1 << width)])
        if type_ is self._grammar.start.type and len(self._outputs) <= _MOST_OUTPUTS:
            values |= self._outputs
        return [Literal(value, type_) for value in values]


def level_of(derivation: Derivation, costs: Costs) -> tuple[int, int]:
    """The level of a derived term and the class of its root production."""
    known: dict[int, tuple[int, int]] = {}
    for here in reversed(list(derivation.preorder())):
        nonterminal, production = here.nonterminal, here.production
        place = costs.grammar.productions(nonterminal).index(production)
        total = costs.least(nonterminal)[place]
        if production.is_constant_slot and isinstance(here.term, Literal):
            total += costs.literal(here.term)
        for i, child in enumerate(here.children):
            level, class_ = known[id(child)]
            total += level + costs.shift(class_, (production.key, i))
        known[id(here)] = total, costs.classes(nonterminal)[place]
    return known[id(derivation)]


@dataclass(frozen=True)
class Pairs:
    """A block of pairs of rows, numbered line by line.

    Attributes:
        outer: first row of the slice that varies slowest.
        inner: first row of the other.
        width: pairs in a line.
        is_turned: whether the outer slice is that of the second argument.
    """

    outer: int
    inner: int
    width: int
    is_turned: bool

    def rows(self, positions: npt.NDArray[np.intp]) -> list[Rows]:
        """The rows of both arguments at some positions."""
        line, place = np.divmod(positions, self.width)
        first, second = (line + self.outer).astype(np.int32), (place + self.inner).astype(np.int32)
        return [second, first] if self.is_turned else [first, second]


Slices = list[tuple[int, int]]
"""Rows of a bank: [start, stop) each."""


def combinations(groups: Sequence[Slices]) -> Iterator[tuple[tuple[int, int], ...]]:
    """One slice of each group, in order."""
    if not groups:
        yield ()
        return
    for piece in list(groups[0]):
        for others in combinations(groups[1:]):
            yield (piece, *others)


def rows_of(arguments: Sequence[Rows] | Pairs, positions: npt.NDArray[np.intp]) -> list[Rows]:
    """The rows of the arguments of some applications."""
    if isinstance(arguments, Pairs):
        return arguments.rows(positions)
    return [rows[positions] for rows in arguments]


def sizes_of(rule: Rule, rows: Sequence[Rows]) -> Rows:
    """AST nodes of the terms of a rule with these arguments."""
    sizes = np.ones(1, np.int32)
    for child, argument in zip(rule.children, rows, strict=True):
        sizes = sizes + child.sizes[argument]
    return sizes
