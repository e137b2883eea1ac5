"""The typed tree grammar: the one form of every language.

A nonterminal is a type together with the variables in scope (and, in grammars that files state, a name). A production
rewrites a nonterminal to an operator, a literal, a variable or a λ over child nonterminals. Hand-written languages
are expanded lazily from the primitives of a domain (`dsl.languages`); grammars of spec files are given by rules
(`dsl.rules`). Search, sampling, diffusion and masking know only this form.

Nonterminals describe the *body* of a program: its parameters are the outermost variables in scope.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from dsl.errors import GrammarError
from dsl.terms import (
    Application,
    Lambda,
    Literal,
    Operator,
    Term,
    Variable,
    abstract,
    strip_lambdas,
)
from dsl.types import BOOL, STRING, Type, match
from dsl.values import Value

if TYPE_CHECKING:
    import random

    from dsl.probability import ProbabilisticGrammar

NONTERMINAL: Final = "nonterminal"
CONSTANT: Final = "constant"


class Nonterminal:
    """What a hole of a partial program may be filled with; interned, compared by identity.

    Attributes:
        type: type of the terms derived from it.
        environment: types of the variables in scope, the innermost (``$0``) first.
        name: name in the grammar of a file, else empty.
    """

    __slots__ = ("environment", "name", "type")
    _interned: ClassVar[dict[tuple[Type, tuple[Type, ...], str], Nonterminal]] = {}
    type: Type
    environment: tuple[Type, ...]
    name: str

    def __new__(cls, type_: Type, environment: tuple[Type, ...] = (), name: str = "") -> Nonterminal:
        """Return the one nonterminal with these properties."""
        key = (type_, environment, name)
        found = cls._interned.get(key)
        if found is None:
            found = object.__new__(cls)
            found.type, found.environment, found.name = key
            found = cls._interned.setdefault(key, found)
        return found

    def __reduce__(self) -> tuple[object, ...]:
        """Re-intern on unpickling."""
        return (Nonterminal, (self.type, self.environment, self.name))

    def __repr__(self) -> str:
        if self.name:
            return self.name
        scope = ", ".join(map(str, reversed(self.environment)))
        return f"⟨{self.type} | {scope}⟩" if scope else f"⟨{self.type}⟩"


def nonterminal_symbol(nonterminal: Nonterminal) -> Term:
    """The term that stands for a nonterminal inside the right-hand side of a rule."""
    return Application(Operator(nonterminal.name, nonterminal.type, NONTERMINAL))


def any_constant(type_: Type) -> Term:
    """The term that stands for ``(Constant S)``, any literal of a type, inside the right-hand side of a rule."""
    return Application(Operator("Constant", type_, CONSTANT))


class Production:
    """One way to rewrite a nonterminal.

    Attributes:
        head: an operator, a literal, a variable, `Lambda` for a λ, or the operator of `any_constant`.
        children: nonterminals of the sub-terms.
        size: AST nodes that the production itself adds.
        is_constant_slot: whether any literal of a type stands here.
        leaf: the term that a production without children derives, else None.
    """

    __slots__ = ("_identity", "children", "head", "is_constant_slot", "leaf", "size")

    def __init__(
        self,
        head: Operator | Term | type[Lambda],
        children: tuple[Nonterminal, ...],
        identity: str | tuple[Operator, Type],
    ) -> None:
        """Make a production; `identity` is its key, or the operator and its monomorphic type that give the key."""
        self.head, self.children, self._identity = head, children, identity
        self.size = 1
        self.is_constant_slot = isinstance(head, Operator) and head.kind == CONSTANT
        self.leaf: Term | None = None if children or self.is_constant_slot else self.build(())

    def __repr__(self) -> str:
        shown = "lambda" if self.head is Lambda else repr(self.head)
        return f"({shown} {' '.join(map(repr, self.children))})" if self.children else shown

    @property
    def key(self) -> str:
        """Identity across grammars.

        The canonical operator with its monomorphic type; literals by value, variables by type and position (counted
        from the outermost), definitions by the hash of their body. Made when it is asked for: most productions are
        never chosen.
        """
        if not isinstance(self._identity, str):
            self._identity = operator_key(*self._identity)
        return self._identity

    def build(self, children: Sequence[Term]) -> Term:
        """The term with this production at its root.

        Raises:
            GrammarError: for a constant slot; choose a literal instead.
        """
        head = self.head
        if head is Lambda:
            return Lambda(children[0])
        if self.is_constant_slot:
            raise GrammarError(f"{head!r} stands for any literal; a literal must be chosen")
        assert isinstance(head, Operator | Term)
        if children or isinstance(head, Operator):
            return Application(head, tuple(children))
        return head


def literal_production(literal: Literal) -> Production:
    """The production of a literal."""
    return Production(literal, (), f"literal {literal!r}:{literal.type}")


def variable_production(index: int, environment: tuple[Type, ...]) -> Production:
    """The production of the variable ``$index``; one of function type is applied to all its arguments."""
    type_ = environment[index]
    children = tuple(Nonterminal(p, environment) for p in type_.parameters)
    return Production(Variable(index), children, f"variable {len(environment) - 1 - index}:{type_}")


def operator_key(operator: Operator, instance: Type) -> str:
    """Identity across grammars of an operator at a monomorphic type."""
    return f"{operator.key}:{instance}"


@dataclass(frozen=True, eq=False)
class Derivation:
    """How a term is derived: a production and the derivations of its children.

    Attributes:
        nonterminal: what was rewritten.
        production: how.
        term: the resulting term.
        children: derivations of the sub-terms.
    """

    nonterminal: Nonterminal
    production: Production
    term: Term = field(repr=False)
    children: tuple[Derivation, ...] = field(repr=False)

    def preorder(self) -> Iterator[Derivation]:
        """This derivation and all below, parents first, left to right."""
        stack = [self]
        while stack:
            here = stack.pop()
            yield here
            stack.extend(reversed(here.children))


Expand: TypeAlias = Callable[[Nonterminal], Iterable[Production]]
Rules: TypeAlias = Mapping[Nonterminal, Sequence[Term]]
_Head: TypeAlias = object


class Grammar:
    """A typed tree grammar, expanded as far as it is asked.

    Two grammars are equal if they have the same `identity`.

    Attributes:
        start: the nonterminal of program bodies.
        parameters: number of parameters of a program.
        rules: right-hand sides as a file states them, or None for the language of a domain.
    """

    def __init__(
        self,
        start: Nonterminal,
        expand: Expand,
        *,
        identity: str | None = None,
        rules: Rules | None = None,
        origin: tuple[Callable[..., Grammar], tuple[object, ...]] | None = None,
        smallest: Callable[[Nonterminal], float] | None = None,
    ) -> None:
        """Make a grammar from a function that expands one nonterminal.

        Args:
            start: the nonterminal of program bodies; the parameters are its environment.
            expand: the productions of a nonterminal, always the same in the same order.
            identity: canonical name of the language; computed from the productions if None (finite grammars).
            rules: what a file states.
            origin: a call that makes this grammar again; without it the grammar cannot be pickled.
            smallest: size of the smallest term of a nonterminal, if that can be had without expanding all that is
                reachable.
        """
        self.start = start
        self.parameters = len(start.environment)
        self.rules = rules
        self._origin = origin
        self._expand, self._smallest = expand, smallest
        self._identity = identity
        self._productions: dict[Nonterminal, tuple[Production, ...]] = {}
        self._by_head: dict[Nonterminal, dict[_Head, list[Production]]] = {}
        self._minimum: dict[Nonterminal, float] = {}

    def __reduce__(self) -> tuple[object, ...]:
        """Make the grammar anew on unpickling."""
        if self._origin is None:
            raise TypeError("this grammar cannot be pickled: it was made without an `origin`")
        return self._origin

    def __eq__(self, other: object) -> bool:
        """Whether both allow the same programs in the same way."""
        return isinstance(other, Grammar) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    def __str__(self) -> str:
        """The reachable productions, one nonterminal a line."""
        return "\n".join(
            f"{nonterminal!r} : {nonterminal.type} ::= {' | '.join(map(repr, self.productions(nonterminal)))}"
            for nonterminal in self.reachable()
        )

    def productions(self, nonterminal: Nonterminal) -> tuple[Production, ...]:
        """All productions of a nonterminal, in a fixed order."""
        found = self._productions.get(nonterminal)
        if found is None:
            distinct = {(p.head, p.children): p for p in reversed(tuple(self._expand(nonterminal)))}
            found = tuple(reversed(tuple(distinct.values())))
            self._productions[nonterminal] = found
        return found

    def reachable(self) -> tuple[Nonterminal, ...]:
        """The nonterminals reachable from the start, breadth first; only for grammars with finitely many."""
        found = {self.start: None}
        queue = [self.start]
        for nonterminal in queue:
            for production in self.productions(nonterminal):
                new = [child for child in production.children if child not in found]
                found.update(dict.fromkeys(new))
                queue.extend(dict.fromkeys(new))
        return tuple(found)

    @property
    def identity(self) -> str:
        """Canonical name: equal for grammars that differ in names and order of nonterminals and productions only."""
        if self._identity is None:
            self._identity = _bisimulationcontent_hash(self)
        return self._identity

    # Completion costs and the mask.

    def minimum_size(self, nonterminal: Nonterminal) -> float:
        """AST nodes of the smallest term of a nonterminal; infinity if there is none."""
        found = self._minimum.get(nonterminal)
        if found is None:
            if self._smallest is not None:
                found = self._minimum[nonterminal] = self._smallest(nonterminal)
            else:
                self._minimum |= self.minimum_cost(lambda production: production.size, nonterminal)
                found = self._minimum[nonterminal]
        return found

    def minimum_cost(
        self, cost: Callable[[Production], float], start: Nonterminal | None = None
    ) -> dict[Nonterminal, float]:
        """The cheapest completion of every nonterminal reachable from `start` (Knuth 1977).

        Args:
            cost: non-negative cost of a production; a completion costs the sum over its productions.
            start: where to begin; the start of the grammar by default.

        Returns:
            infinity for nonterminals from which nothing can be derived.
        """
        found = {start or self.start: math.inf}
        order = [start or self.start]
        for nonterminal in order:
            for production in self.productions(nonterminal):
                new = [c for c in dict.fromkeys(production.children) if c not in found]
                found.update(dict.fromkeys(new, math.inf))
                order.extend(new)
        changed = True
        while changed:
            changed = False
            for nonterminal in reversed(order):
                options = (cost(p) + sum(found[c] for c in p.children) for p in self.productions(nonterminal))
                best = min(options, default=math.inf)
                if best < found[nonterminal]:
                    found[nonterminal], changed = best, True
        return found

    def completion_size(self, production: Production) -> float:
        """AST nodes of the smallest term with this production at its root."""
        return production.size + sum(map(self.minimum_size, production.children))

    def legal(self, nonterminal: Nonterminal, budget: float) -> tuple[Production, ...]:
        """The productions of a hole from which a term of at most `budget` AST nodes can still be derived."""
        return tuple(p for p in self.productions(nonterminal) if self.completion_size(p) <= budget)

    # Membership.

    def derive(self, program: Term) -> Derivation | None:
        """A derivation of a program (closed, one leading λ a parameter), or None if the grammar does not have it.

        Of several derivations, the one that uses the earliest production at each node, from the root on.
        """
        count, body = strip_lambdas(program, self.parameters)
        return self.derive_at(self.start, body) if count == self.parameters else None

    def derive_at(self, nonterminal: Nonterminal, term: Term) -> Derivation | None:
        """A derivation of an open term from one nonterminal, or None."""
        options = self.forest(nonterminal, term)
        if not options[nonterminal, term]:
            return None
        return _first_derivation(options, nonterminal, term)

    def forest(self, nonterminal: Nonterminal, term: Term) -> Forest:
        """All derivations of `term` as a packed forest.

        Returns:
            for each pair of nonterminal and sub-term that was tried, the productions that can stand at its root;
            pairs occur after the pairs of their sub-terms.
        """
        done: Forest = {}
        stack: list[tuple[Nonterminal, Term, bool]] = [(nonterminal, term, False)]
        while stack:
            here, node, ready = stack.pop()
            if (here, node) in done:
                continue
            matching = self._matching(here, node)
            if ready:
                fitting = [
                    (p, below)
                    for p, below in matching
                    if all(done[child, t] for child, t in zip(p.children, below, strict=True))
                ]
                done[here, node] = fitting
                continue
            stack.append((here, node, True))
            stack.extend((c, t, False) for p, below in matching for c, t in zip(p.children, below, strict=True))
        return done

    def _matching(self, nonterminal: Nonterminal, term: Term) -> list[tuple[Production, tuple[Term, ...]]]:
        """Productions of `nonterminal` whose root is that of `term`, each with the sub-terms of its children."""
        by_head = self._by_head.get(nonterminal)
        if by_head is None:
            by_head = {}
            for production in self.productions(nonterminal):
                head = CONSTANT if production.is_constant_slot else production.head
                by_head.setdefault(head, []).append(production)
            self._by_head[nonterminal] = by_head
        if isinstance(term, Literal):
            slot = by_head.get(CONSTANT, []) if term.type is nonterminal.type else []
            return [(p, ()) for p in (*by_head.get(term, ()), *slot)]
        if isinstance(term, Lambda):
            return [(p, (term.body,)) for p in by_head.get(Lambda, ())]
        if not isinstance(term, Application):
            return [(p, ()) for p in by_head.get(term, ()) if not p.children]
        return [
            (production, term.arguments)
            for production in by_head.get(term.head, ())
            if len(production.children) == len(term.arguments)
            and all(map(_has_root_of, production.children, term.arguments))
        ]

    # Programs.

    def sample(self, random: random.Random, budget: int) -> Term:
        """A program of at most `budget` AST nodes, every legal production being equally likely at each hole.

        Raises:
            GrammarError: if no program is that small.
        """
        return self._uniform.sample(random, budget)

    @functools.cached_property
    def _uniform(self) -> ProbabilisticGrammar:
        from dsl.probability import ProbabilisticGrammar

        return ProbabilisticGrammar(self)

    def smallest(self, nonterminal: Nonterminal) -> Term:
        """The smallest term of a nonterminal; of several the one that uses the first production at each node.

        Raises:
            GrammarError: if nothing can be derived.
        """
        if self.minimum_size(nonterminal) == math.inf:
            raise GrammarError(f"{nonterminal!r} derives no term")
        done: dict[Nonterminal, Term] = {}
        waiting = [nonterminal]
        while waiting:
            here = waiting[-1]
            production = min(self.productions(here), key=self.completion_size)
            missing = [child for child in production.children if child not in done]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            if production.is_constant_slot:
                done[here] = Literal(_FIRST_VALUES.get(here.type, 0), here.type)
            else:
                done[here] = production.build([done[child] for child in production.children])
        return done[nonterminal]

    def program(self, body: Term) -> Term:
        """The closed program with this body."""
        return abstract(body, self.parameters)

    def with_abstractions(self, abstractions: Sequence[Operator]) -> Grammar:
        """This grammar with library functions as further productions.

        An abstraction enters a nonterminal only if its body derives from it with each argument at a nonterminal
        of this grammar, so that every program, expanded, is one of this grammar. The `rules` stay those of the file.

        Args:
            abstractions: operators of kind ``abstraction`` with first-order parameters.
        """
        extra: dict[Nonterminal, list[Production]] = {}

        def expand(nonterminal: Nonterminal) -> Iterable[Production]:
            if nonterminal not in extra:
                extra[nonterminal] = [p for a in abstractions for p in _entries(self, nonterminal, a)]
            return (*self.productions(nonterminal), *extra[nonterminal])

        joined = hashlib.blake2b("\n".join(sorted(a.key for a in abstractions)).encode(), digest_size=16).hexdigest()
        return Grammar(
            self.start,
            expand,
            identity=f"{self.identity}+{joined}" if abstractions else self.identity,
            rules=self.rules,
            origin=(Grammar.with_abstractions, (self, tuple(abstractions))),
        )


_FIRST_VALUES: Final[Mapping[Type, Value]] = {BOOL: False, STRING: ""}
"""What stands in a constant slot if any literal will do; 0 at all other types."""


def _has_root_of(nonterminal: Nonterminal, term: Term) -> bool:
    """Whether the root of `term` can have the type of `nonterminal`: spares the expansion of most instances."""
    if isinstance(term, Lambda):
        return nonterminal.type.is_function
    if isinstance(term, Literal):
        return term.type is nonterminal.type
    head = term.head if isinstance(term, Application) else term
    if isinstance(head, Variable):
        scope = nonterminal.environment
        return head.index < len(scope) and scope[head.index].result is nonterminal.type
    return isinstance(head, Operator) and _can_yield(head, nonterminal.type)


@functools.lru_cache(maxsize=65536)
def _can_yield(operator: Operator, type_: Type) -> bool:
    return match(operator.type.result, type_) is not None


Forest: TypeAlias = dict[tuple[Nonterminal, Term], list[tuple[Production, tuple[Term, ...]]]]


def _first_derivation(forest: Forest, nonterminal: Nonterminal, term: Term) -> Derivation:
    """The derivation with the first production at every node; shared sub-terms share their derivation."""
    made: dict[tuple[Nonterminal, Term], Derivation] = {}
    stack = [(nonterminal, term)]
    while stack:
        here, node = stack[-1]
        if (here, node) in made:
            stack.pop()
            continue
        production, below = forest[here, node][0]
        pairs = list(zip(production.children, below, strict=True))
        waiting = [pair for pair in pairs if pair not in made]
        if waiting:
            stack.extend(waiting)
            continue
        made[here, node] = Derivation(here, production, node, tuple(made[pair] for pair in pairs))
        stack.pop()
    return made[nonterminal, term]


def _entries(grammar: Grammar, nonterminal: Nonterminal, abstraction: Operator) -> Iterator[Production]:
    """The productions by which an abstraction enters a nonterminal of a finite grammar."""
    assert abstraction.definition is not None
    if abstraction.type.result is not nonterminal.type or any(p.is_function for p in abstraction.type.parameters):
        return
    count, body = strip_lambdas(abstraction.definition, abstraction.arity)
    if count != abstraction.arity:
        return
    seen: set[tuple[Nonterminal, ...]] = set()
    for binding in _bindings(grammar, nonterminal, body, {}):
        if len(binding) == count:
            children = tuple(binding[count - 1 - i] for i in range(count))
            if children not in seen:
                seen.add(children)
                yield Production(abstraction, children, (abstraction, abstraction.type))


def _bindings(
    grammar: Grammar, nonterminal: Nonterminal, term: Term, bound: Mapping[int, Nonterminal]
) -> Iterator[Mapping[int, Nonterminal]]:
    """Ways to put a nonterminal at each variable of `term` so that `term` derives from `nonterminal`."""
    if isinstance(term, Variable):
        if bound.get(term.index, nonterminal) is nonterminal:
            yield {**bound, term.index: nonterminal}
        return
    for production, below in grammar._matching(nonterminal, term):
        options: Iterable[Mapping[int, Nonterminal]] = [bound]
        for child, argument in zip(production.children, below, strict=True):
            options = [b for option in options for b in _bindings(grammar, child, argument, option)]
        yield from options


def _bisimulationcontent_hash(grammar: Grammar) -> str:
    """A hash of the start nonterminal up to bisimilarity, by partition refinement over what is reachable."""
    reachable = grammar.reachable()
    colour = {n: f"{n.type}|{','.join(map(str, n.environment))}" for n in reachable}
    classes = len(set(colour.values()))
    while True:
        refined = {
            n: content_hash(
                colour[n],
                *sorted({f"{p.key}({','.join(colour[c] for c in p.children)})" for p in grammar.productions(n)}),
            )
            for n in reachable
        }
        count = len(set(refined.values()))
        colour = refined
        if count == classes:
            break
        classes = count
    # The colours see only as many levels as there were rounds; the listing of the quotient sees all of it.
    return _canonical_listing(grammar, colour)


def content_hash(*parts: str) -> str:
    """128 bits of the content of `parts`, hexadecimal."""
    return hashlib.blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _canonical_listing(grammar: Grammar, colour: Mapping[Nonterminal, str]) -> str:
    """A hash of the quotient grammar, its classes numbered in breadth-first order of sorted productions."""
    number: dict[str, int] = {colour[grammar.start]: 0}
    queue = [grammar.start]
    lines = []
    for nonterminal in queue:
        ordered = sorted(
            {(p.key, tuple(colour[c] for c in p.children)): p for p in grammar.productions(nonterminal)}.items(),
            key=lambda item: item[0],
        )
        for _, production in ordered:
            for child in production.children:
                if colour[child] not in number:
                    number[colour[child]] = len(number)
                    queue.append(child)
        shown = sorted(f"{key}({','.join(str(number[c]) for c in below)})" for (key, below), _ in ordered)
        scope = ",".join(map(str, nonterminal.environment))
        lines.append(f"{number[colour[nonterminal]]}:{nonterminal.type}|{scope}::={'|'.join(shown)}")
    return content_hash(*lines)
