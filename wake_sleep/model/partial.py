"""Partial derivations: the states of the diffusion.

A partial derivation is a tree of productions some of whose leaves are *holes*, which carry the nonterminal that is
still to be rewritten. It begins as one hole at the start of a grammar; `PartialDerivation.expand` fills a hole and may
open others. Since nothing else ever happens to it, it is at all times a prefix of a well-typed program.
"""

from __future__ import annotations

from collections.abc import Sequence

from dsl.grammar import Derivation, Grammar, Nonterminal, Production
from dsl.probability import ROOT, Context
from dsl.terms import Lambda, Literal, Term


class PartialDerivation:
    """A tree of productions and holes; nodes are numbered in the order in which they came, parents before children.

    Attributes:
        grammar: whose derivation it is.
        nonterminals: what each node rewrites.
        contexts: the production above each node and which argument it fills (λs are passed through).
        productions: how each node is rewritten; None at a hole.
        literals: what stands at each constant slot; None everywhere else.
        parents: of each node; -1 for the root.
        arguments: which child of its parent each node is.
        children: of each node, left to right; empty at holes.
        holes: the holes, oldest first.
        size: AST nodes of the smallest program that it can become.
    """

    __slots__ = (
        "arguments",
        "children",
        "contexts",
        "grammar",
        "holes",
        "literals",
        "nonterminals",
        "parents",
        "productions",
        "size",
    )

    def __init__(self, grammar: Grammar) -> None:
        """Start with one hole."""
        self.grammar = grammar
        self.nonterminals: list[Nonterminal] = []
        self.contexts: list[Context] = []
        self.productions: list[Production | None] = []
        self.literals: list[Literal | None] = []
        self.parents: list[int] = []
        self.arguments: list[int] = []
        self.children: list[tuple[int, ...]] = []
        self.holes: list[int] = []
        self.size: float = 0
        self._open(grammar.start, ROOT, -1, 0)

    def _open(self, nonterminal: Nonterminal, context: Context, parent: int, argument: int) -> int:
        number = len(self.nonterminals)
        self.nonterminals.append(nonterminal)
        self.contexts.append(context)
        self.productions.append(None)
        self.literals.append(None)
        self.parents.append(parent)
        self.arguments.append(argument)
        self.children.append(())
        self.holes.append(number)
        self.size += self.grammar.minimum_size(nonterminal)
        return number

    def __len__(self) -> int:
        """Number of nodes, holes included."""
        return len(self.nonterminals)

    @property
    def is_complete(self) -> bool:
        """Whether there is no hole left."""
        return not self.holes

    def copy(self) -> PartialDerivation:
        """A copy that can be expanded by itself."""
        made = object.__new__(PartialDerivation)
        made.grammar, made.size = self.grammar, self.size
        made.nonterminals, made.contexts = self.nonterminals.copy(), self.contexts.copy()
        made.productions, made.literals = self.productions.copy(), self.literals.copy()
        made.parents, made.arguments = self.parents.copy(), self.arguments.copy()
        made.children, made.holes = self.children.copy(), self.holes.copy()
        return made

    def expand(self, hole: int, production: Production, literal: Literal | None = None) -> tuple[int, ...]:
        """Rewrite a hole; the new holes, left to right.

        Args:
            hole: number of the node.
            production: one of the productions of its nonterminal.
            literal: what to put into a constant slot.
        """
        self.holes.remove(hole)
        nonterminal = self.nonterminals[hole]
        self.size += production.size - self.grammar.minimum_size(nonterminal)
        self.productions[hole], self.literals[hole] = production, literal
        below = tuple(
            self._open(child, context, hole, i)
            for i, (child, context) in enumerate(child_holes(production, self.contexts[hole]))
        )
        self.children[hole] = below
        return below

    def subtree(self, node: int) -> list[int]:
        """A node and all below it, in ascending order."""
        found = [node]
        for here in found:
            found.extend(self.children[here])
        return sorted(found)

    def without(self, node: int) -> PartialDerivation:
        """A copy in which the subtree at a node is one hole again; the other nodes keep their order."""
        hidden = set(self.subtree(node))
        made = PartialDerivation(self.grammar)
        number = {0: 0}
        for here in range(len(self)):
            production = self.productions[here]
            if here in hidden or production is None:
                continue
            below = made.expand(number[here], production, self.literals[here])
            number.update(zip(self.children[here], below, strict=True))
        return made

    def terms(self) -> list[Term | None]:
        """The open term of each node; None where a hole is below."""
        found: list[Term | None] = [None] * len(self)
        for node in range(len(self) - 1, -1, -1):
            production, literal = self.productions[node], self.literals[node]
            if production is None:
                continue
            if literal is not None:
                found[node] = literal
                continue
            below = [found[child] for child in self.children[node]]
            known = [term for term in below if term is not None]
            if len(known) == len(below):
                found[node] = production.leaf or production.build(known)
        return found

    def program(self) -> Term | None:
        """The closed program, or None if there are holes."""
        body = self.terms()[0]
        return None if body is None else self.grammar.program(body)


def child_holes(production: Production, context: Context) -> Sequence[tuple[Nonterminal, Context]]:
    """The holes that a production opens in a context, each with its own; a λ passes its context on to its body."""
    if production.head is Lambda:
        return [(production.children[0], context)]
    return [(child, (production.key, i)) for i, child in enumerate(production.children)]


def complete(grammar: Grammar, derivation: Derivation) -> tuple[PartialDerivation, list[int]]:
    """A whole derivation as a partial one without holes, and the number of each of its nodes, taken in pre-order."""
    made = PartialDerivation(grammar)
    numbers: list[int] = []
    waiting = [0]
    for node in derivation.preorder():
        here = waiting.pop()
        numbers.append(here)
        waiting += reversed(made.expand(here, node.production, literal_of(node)))
    return made, numbers


def literal_of(derivation: Derivation) -> Literal | None:
    """What stands in the constant slot at the root of a derivation, if it is one."""
    if not derivation.production.is_constant_slot:
        return None
    assert isinstance(derivation.term, Literal)
    return derivation.term


def preorder_children(derivation: Derivation) -> list[tuple[int, ...]]:
    """For each node of a derivation in pre-order, the places of its children in pre-order."""
    nodes = list(derivation.preorder())
    sizes = [1] * len(nodes)
    found: list[tuple[int, ...]] = [()] * len(nodes)
    for place in range(len(nodes) - 1, -1, -1):
        below, at = [], place + 1
        for _ in nodes[place].children:
            below.append(at)
            at += sizes[at]
        found[place] = tuple(below)
        sizes[place] = at - place
    return found
