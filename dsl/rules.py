"""Grammars that files state by rules.

In the right-hand side of a rule, a term, `nonterminal_symbol` stands for a nonterminal and `any_constant` for any
literal. Compiling gives the one form of every language: nested terms get nonterminals of their own, and chain rules are
resolved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dsl.errors import GrammarError
from dsl.grammar import (
    NONTERMINAL,
    Grammar,
    Nonterminal,
    Production,
    Rules,
    literal_production,
    variable_production,
)
from dsl.printing import to_sexpr
from dsl.terms import Application, Literal, Operator, Term, Variable, postorder
from dsl.types import Type, arrow, assign, match

_READABLE = 40
"""Largest right-hand side, in nodes, by which the nonterminal of a nested term is named in full."""


def from_rules(start: Nonterminal, rules: Rules) -> Grammar:
    """The grammar that rules state.

    Args:
        start: where programs start; its environment are the parameters.
        rules: right-hand sides of every nonterminal: terms over the parameters (as variables), literals, operators,
            `nonterminal_symbol` and `any_constant`; a bare symbol is a chain rule.

    Raises:
        GrammarError: if a right-hand side names a nonterminal without rules or is of another type than its
            nonterminal.
    """
    compiler = _RuleCompiler(start, rules)
    table = {nonterminal: compiler.direct(nonterminal) for nonterminal in rules}
    for nested, term in compiler.anonymous():
        table[nested] = [compiler.production(term)]

    def expand(nonterminal: Nonterminal) -> Iterable[Production]:
        return [p for n in compiler.chain_closure(nonterminal) for p in table[n]]

    return Grammar(start, expand, rules=rules, origin=(from_rules, (start, rules)))


class _RuleCompiler:
    """Turns right-hand sides into productions: nested terms get nonterminals of their own."""

    def __init__(self, start: Nonterminal, rules: Rules) -> None:
        self.rules = rules
        self.environment = start.environment
        self.by_name = {nonterminal.name: nonterminal for nonterminal in rules}
        self._nested: dict[Term, Nonterminal] = {}
        self._waiting: list[Term] = []
        self._types: dict[Term, Type] = {}
        self._chains: dict[Nonterminal, list[Nonterminal]] = {n: [] for n in rules}
        if start not in rules:
            raise GrammarError(f"the start nonterminal {start!r} has no rules")

    def direct(self, nonterminal: Nonterminal) -> list[Production]:
        """The productions of the rules that are no chain rules."""
        found = []
        for term in self.rules[nonterminal]:
            type_ = self.type_of(term)
            if type_ is not nonterminal.type:
                raise GrammarError(
                    f"rule {to_sexpr(term)} of nonterminal {nonterminal!r} has type {type_}, not {nonterminal.type}"
                )
            target = self.symbol(term)
            if target is None:
                found.append(self.production(term))
            else:
                self._chains[nonterminal].append(target)
        return found

    def symbol(self, term: Term) -> Nonterminal | None:
        """The nonterminal that `term` stands for, if it is one."""
        if not (isinstance(term, Application) and isinstance(term.head, Operator) and term.head.kind == NONTERMINAL):
            return None
        found = self.by_name.get(term.head.name)
        if found is None:
            raise GrammarError(f"nonterminal {term.head.name} has no rules")
        return found

    def production(self, term: Term) -> Production:
        """The production for the root of a right-hand side."""
        if isinstance(term, Literal):
            return literal_production(term)
        if isinstance(term, Variable):
            return variable_production(term.index, self.environment)
        if not isinstance(term, Application) or not isinstance(term.head, Operator):
            raise GrammarError(f"{to_sexpr(term)} cannot stand in a rule; operators applied to terms can")
        children = tuple(self.child(argument) for argument in term.arguments)
        instance = arrow(*(child.type for child in children), self.type_of(term))
        return Production(term.head, children, (term.head, instance))

    def child(self, term: Term) -> Nonterminal:
        """The nonterminal for an argument: the one it names, or a new one for this nested term."""
        named = self.symbol(term)
        if named is not None:
            return named
        if term not in self._nested:
            name = to_sexpr(term) if term.size <= _READABLE else term.digest
            self._nested[term] = Nonterminal(self.type_of(term), self.environment, f"#{name}")
            self._waiting.append(term)
        return self._nested[term]

    def anonymous(self) -> Iterator[tuple[Nonterminal, Term]]:
        """The nested terms with their nonterminals, those that appear while iterating included."""
        for term in self._waiting:
            nonterminal = self._nested[term]
            self._chains[nonterminal] = []
            yield nonterminal, term

    def chain_closure(self, nonterminal: Nonterminal) -> list[Nonterminal]:
        """The nonterminals reached by chain rules, this one first."""
        found = {nonterminal: None}
        queue = [nonterminal]
        for here in queue:
            new = [target for target in self._chains[here] if target not in found]
            found.update(dict.fromkeys(new))
            queue.extend(dict.fromkeys(new))
        return queue

    def type_of(self, term: Term) -> Type:
        """Type of a right-hand side."""
        if term not in self._types:
            for node in postorder([term]):
                if node not in self._types:
                    self._types[node] = self._type_of_node(node)
        return self._types[term]

    def _type_of_node(self, node: Term) -> Type:
        if isinstance(node, Literal):
            return node.type
        if isinstance(node, Variable) and node.index < len(self.environment):
            return self.environment[node.index]
        if isinstance(node, Application) and isinstance(node.head, Operator):
            return _result_type(node.head, [self._types[a] for a in node.arguments])
        raise GrammarError(f"{to_sexpr(node)} cannot stand in a rule over {len(self.environment)} parameters")


def _result_type(operator: Operator, arguments: Sequence[Type]) -> Type:
    assigned = match(Type("tuple", operator.type.parameters), Type("tuple", arguments))
    if assigned is None:
        raise GrammarError(f"{operator.name} : {operator.type} is applied to {', '.join(map(str, arguments))}")
    return assign(operator.type.result, assigned)
