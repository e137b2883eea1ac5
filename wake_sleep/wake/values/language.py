"""The language of a goal as the inner loops want it: numbered symbols and rules with their costs.

Nonterminals with the same productions derive the same terms, as ``Start`` and ``ntString`` often do in files, whose
``Start`` is a mere chain rule: they become one symbol, so that nothing is enumerated twice. A constant slot, which
stands for every literal of a type, becomes one rule for each literal that the examples suggest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dsl.grammar import Derivation, Grammar, Nonterminal, Production
from dsl.probability import Context
from dsl.terms import Literal, Operator, Term
from dsl.types import Type
from wake_sleep.wake.costs import UNREACHABLE, Costs


@dataclass(frozen=True, eq=False)
class Rule:
    """One way to make a term of a symbol.

    Attributes:
        symbol: number of the symbol.
        production: with its children replaced by the nonterminals that stand for their symbols.
        children: numbers of the symbols of the arguments.
        cost: least cost over all contexts, that of a literal in a constant slot included.
        class_: of the shifts that contexts add to the cost; see `wake_sleep.wake.costs.Costs`.
        level: of a leaf; less than its cost for a literal in a constant slot, which examples suggest.
        leaf: the term, of a rule without arguments.
        type: of the terms.
    """

    symbol: int
    production: Production
    children: tuple[int, ...]
    cost: int
    class_: int
    level: int
    leaf: Term | None
    type: Type

    @property
    def operator(self) -> Operator | None:
        """What a rule with arguments applies."""
        return self.production.head if self.children and isinstance(self.production.head, Operator) else None

    @property
    def name(self) -> str:
        """Canonical name of the primitive that is applied, empty for leaves, macros and abstractions."""
        return "" if self.operator is None or self.operator.definition is not None else self.operator.name

    def context(self, argument: int) -> Context:
        """The context in which an argument stands."""
        return (self.production.key, argument)


@dataclass(frozen=True, eq=False)
class Symbol:
    """Nonterminals with equal productions.

    Attributes:
        number: its position in the language.
        nonterminal: the one that stands for all.
        rules: how its terms are made.
    """

    number: int
    nonterminal: Nonterminal
    rules: tuple[Rule, ...]

    @property
    def type(self) -> Type:
        """Type of its terms."""
        return self.nonterminal.type


class Language:
    """A λ-free grammar with costs, compiled.

    Attributes:
        costs: what productions cost.
        symbols: the symbols that are reachable from the start; that of the start is the first.
        has_slots: whether literals were left out at a constant slot.
    """

    def __init__(self, grammar: Grammar, costs: Costs, literals: Mapping[Type, Sequence[Literal]]) -> None:
        """Compile a grammar.

        Args:
            grammar: finitely many nonterminals, no λ.
            costs: of this grammar.
            literals: what constant slots of a type may be filled with.
        """
        self.costs, self._grammar = costs, grammar
        self.has_slots = False
        self._literals = literals
        colours = _colours(grammar)
        representatives: dict[int, Nonterminal] = {}
        for nonterminal, colour in colours.items():
            representatives.setdefault(colour, nonterminal)
        self._numbers = {colour: number for number, colour in enumerate(representatives)}
        self._symbol_of = {nonterminal: self._numbers[colour] for nonterminal, colour in colours.items()}
        self._representatives = list(representatives.values())
        self._rules: dict[tuple[int, object, tuple[int, ...]], Rule] = {}
        self.symbols = [
            self._symbol(number, nonterminal, grammar) for number, nonterminal in enumerate(self._representatives)
        ]
        self.start = self.symbols[self._symbol_of[grammar.start]]

    def symbol_of(self, nonterminal: Nonterminal) -> int:
        """Number of the symbol of a nonterminal of the grammar."""
        return self._symbol_of[nonterminal]

    def rules_named(self, symbol: int, name: str) -> list[Rule]:
        """The rules of a symbol that apply the operator with a canonical name."""
        return [rule for rule in self.symbols[symbol].rules if rule.name == name]

    def charge(self, rule: Rule, context: Context) -> int:
        """Cost of a rule in a context."""
        return rule.cost + self.costs.shift(rule.class_, context)

    def rule_of(self, derivation: Derivation) -> Rule | None:
        """The rule at the root of a derivation; one is made for a literal in a constant slot."""
        symbol = self._symbol_of[derivation.nonterminal]
        production = derivation.production
        leaf = None if production.children else derivation.term
        children = tuple(self._symbol_of[child] for child in production.children)
        found = self._rules.get((symbol, leaf or production.head, children))
        if found is not None or not production.is_constant_slot:
            return found
        assert isinstance(leaf, Literal)
        number = self._grammar.productions(derivation.nonterminal).index(production)
        cost = self.costs.least(derivation.nonterminal)[number] + self.costs.literal(leaf)
        class_ = self.costs.classes(derivation.nonterminal)[number]
        return self._make_rule(symbol, production, cost, class_, cost, leaf)

    def counterpart(self, rule: Rule) -> Rule:
        """The rule that makes the terms of a rule of the same grammar under other costs."""
        found = self._rules.get((rule.symbol, rule.leaf or rule.production.head, rule.children))
        if found is not None:
            return found
        nonterminal = self._representatives[rule.symbol]
        number = next(
            i
            for i, production in enumerate(self._grammar.productions(nonterminal))
            if production.head == rule.production.head and self._merged(production) == rule.production
        )
        cost = self.costs.least(nonterminal)[number]
        if rule.production.is_constant_slot and isinstance(rule.leaf, Literal):
            cost += self.costs.literal(rule.leaf)
        class_ = self.costs.classes(nonterminal)[number]
        return self._make_rule(rule.symbol, rule.production, cost, class_, cost, rule.leaf)

    def _symbol(self, number: int, nonterminal: Nonterminal, grammar: Grammar) -> Symbol:
        rules: dict[Rule, None] = {}
        productions = grammar.productions(nonterminal)
        least, classes = self.costs.least(nonterminal), self.costs.classes(nonterminal)
        for production, cost, class_ in zip(productions, least, classes, strict=True):
            if cost < UNREACHABLE:
                for leaf, extra in self._leaves(production, nonterminal.type):
                    rules[self._make_rule(number, production, cost + extra, class_, cost, leaf)] = None
        return Symbol(number, nonterminal, tuple(rules))

    def _make_rule(
        self, symbol: int, production: Production, cost: int, class_: int, level: int, leaf: Term | None
    ) -> Rule:
        """The rule of a production; that of an equal production if there was one."""
        children = tuple(self._symbol_of[child] for child in production.children)
        type_ = self._representatives[symbol].type
        made = Rule(symbol, self._merged(production), children, cost, class_, level, leaf, type_)
        return self._rules.setdefault((symbol, leaf or production.head, children), made)

    def _leaves(self, production: Production, type_: Type) -> list[tuple[Term | None, int]]:
        """The terms that a production without children stands for, each with what it costs beyond the production."""
        if not production.is_constant_slot:
            return [(production.leaf, 0)]
        self.has_slots = True
        return [(literal, self.costs.literal(literal)) for literal in self._literals.get(type_, ())]

    def _merged(self, production: Production) -> Production:
        children = tuple(self._representatives[self._symbol_of[child]] for child in production.children)
        return production if children == production.children else Production(production.head, children, production.key)


def _colours(grammar: Grammar) -> dict[Nonterminal, int]:
    """A number for every reachable nonterminal, equal for those that derive the same terms in the same ways.

    The coarsest partition in which nonterminals of one class have the same productions up to the classes of the
    children, by refinement from the types on.
    """
    reachable = grammar.reachable()
    types: dict[object, int] = {}
    colours = {n: types.setdefault(n.type, len(types)) for n in reachable}
    while True:
        signatures: dict[object, int] = {}
        refined = {}
        for nonterminal in reachable:
            productions = frozenset(
                (p.head, tuple(colours[c] for c in p.children)) for p in grammar.productions(nonterminal)
            )
            refined[nonterminal] = signatures.setdefault((colours[nonterminal], productions), len(signatures))
        if len(set(refined.values())) == len(set(colours.values())):
            return refined
        colours = refined
