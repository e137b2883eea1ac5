"""The typed tree grammar: the one form of every language.

A nonterminal is a type together with the variables in scope (and, in grammars that files state, a name). A production
rewrites a nonterminal to an operator, a literal, a variable or a λ over child nonterminals. Hand-written languages
are expanded lazily from the primitives of a domain (`language`); grammars of spec files are given by rules
(`from_rules`). Search, sampling, diffusion and masking know only this form.

Nonterminals describe the *body* of a program: its parameters are the outermost variables in scope.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from dsl.errors import GrammarError
from dsl.printing import to_sexpr
from dsl.terms import (
    Application,
    Lambda,
    Literal,
    Operator,
    Term,
    Variable,
    abstract,
    postorder,
    strip_lambdas,
)
from dsl.types import BASE_TYPES, Substitution, Type, assign, canonical, list_of, match, mentions, type_variables

if TYPE_CHECKING:
    import random

    from dsl.domain import Domain, Primitive

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
        key: identity across grammars: the canonical operator with its monomorphic type; literals by value,
            variables by type and position (counted from the outermost), definitions by the hash of their body.
        size: AST nodes that the production itself adds.
        is_constant_slot: whether any literal of a type stands here.
        leaf: the term that a production without children derives, else None.
    """

    __slots__ = ("children", "head", "is_constant_slot", "key", "leaf", "size")

    def __init__(self, head: Operator | Term | type[Lambda], children: tuple[Nonterminal, ...], key: str) -> None:
        self.head, self.children, self.key = head, children, key
        self.size = 1
        self.is_constant_slot = isinstance(head, Operator) and head.kind == CONSTANT
        self.leaf: Term | None = None if children or self.is_constant_slot else self.build(())

    def __repr__(self) -> str:
        shown = "lambda" if self.head is Lambda else repr(self.head)
        return f"({shown} {' '.join(map(repr, self.children))})" if self.children else shown

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


def _literal_production(literal: Literal) -> Production:
    return Production(literal, (), f"literal {literal!r}:{literal.type}")


def _variable_production(index: int, environment: tuple[Type, ...]) -> Production:
    type_ = environment[index]
    children = tuple(Nonterminal(p, environment) for p in type_.parameters)
    return Production(Variable(index), children, f"variable {len(environment) - 1 - index}:{type_}")


def _operator_key(operator: Operator, instance: Type) -> str:
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
        smallest: Callable[[Nonterminal], float] | None = None,
    ) -> None:
        """Make a grammar from a function that expands one nonterminal.

        Args:
            start: the nonterminal of program bodies; the parameters are its environment.
            expand: the productions of a nonterminal, always the same in the same order.
            identity: canonical name of the language; computed from the productions if None (finite grammars).
            rules: what a file states.
            smallest: size of the smallest term of a nonterminal, if that can be had without expanding all that is
                reachable.
        """
        self.start = start
        self.parameters = len(start.environment)
        self.rules = rules
        self._expand, self._smallest = expand, smallest
        self._identity = identity
        self._productions: dict[Nonterminal, tuple[Production, ...]] = {}
        self._by_head: dict[Nonterminal, dict[_Head, list[Production]]] = {}
        self._minimum: dict[Nonterminal, float] = {}

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
            self._identity = _bisimulation_hash(self)
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

    def program(self, body: Term) -> Term:
        """The closed program with this body."""
        return abstract(body, self.parameters)

    def with_abstractions(self, abstractions: Sequence[Operator]) -> Grammar:
        """This grammar with library functions as further productions.

        An abstraction enters a nonterminal only if its body derives from it with each argument at a nonterminal
        of this grammar, so that every program, expanded, is one of this grammar.

        Args:
            abstractions: operators of kind ``abstraction`` with first-order parameters.
        """
        extra: dict[Nonterminal, list[Production]] = {}

        def expand(nonterminal: Nonterminal) -> Iterable[Production]:
            if nonterminal not in extra:
                extra[nonterminal] = [p for a in abstractions for p in _entries(self, nonterminal, a)]
            return (*self.productions(nonterminal), *extra[nonterminal])

        joined = hashlib.blake2b("\n".join(sorted(a.key for a in abstractions)).encode(), digest_size=16).hexdigest()
        return Grammar(self.start, expand, identity=f"{self.identity}+{joined}" if abstractions else self.identity)


if TYPE_CHECKING:
    from dsl.probability import ProbabilisticGrammar


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
                yield Production(abstraction, children, _operator_key(abstraction, abstraction.type))


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


def _bisimulation_hash(grammar: Grammar) -> str:
    """A hash of the start nonterminal up to bisimilarity, by partition refinement over what is reachable."""
    reachable = grammar.reachable()
    colour = {n: f"{n.type}|{','.join(map(str, n.environment))}" for n in reachable}
    classes = len(set(colour.values()))
    while True:
        refined = {
            n: _hash(
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


def _hash(*parts: str) -> str:
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
    return _hash(*lines)


# Grammars that files state.


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

    return Grammar(start, expand, rules=rules)


class _RuleCompiler:
    """Turns right-hand sides into productions: nested terms get nonterminals of their own."""

    def __init__(self, start: Nonterminal, rules: Rules) -> None:
        self.rules = rules
        self.environment = start.environment
        self.by_name = {nonterminal.name: nonterminal for nonterminal in rules}
        self._nested: dict[Term, Nonterminal] = {}
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
            return _literal_production(term)
        if isinstance(term, Variable):
            return _variable_production(term.index, self.environment)
        if not isinstance(term, Application) or not isinstance(term.head, Operator):
            raise GrammarError(f"{to_sexpr(term)} cannot stand in a rule; operators applied to terms can")
        children = tuple(self.child(argument) for argument in term.arguments)
        instance = functools.reduce(
            lambda result, parameter: Type("->", (parameter, result)),
            reversed([child.type for child in children]),
            self.type_of(term),
        )
        return Production(term.head, children, _operator_key(term.head, instance))

    def child(self, term: Term) -> Nonterminal:
        """The nonterminal for an argument: the one it names, or a new one for this nested term."""
        named = self.symbol(term)
        if named is not None:
            return named
        if term not in self._nested:
            self._nested[term] = Nonterminal(self.type_of(term), self.environment, f"#{to_sexpr(term)}")
        return self._nested[term]

    def anonymous(self) -> Iterator[tuple[Nonterminal, Term]]:
        """The nested terms with their nonterminals, those that appear while iterating included."""
        position = 0
        while position < len(self._nested):
            term, nonterminal = next(itertools.islice(self._nested.items(), position, None))
            self._chains[nonterminal] = []
            yield nonterminal, term
            position += 1

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
        types: dict[Term, Type] = {}
        for node in postorder([term]):
            if isinstance(node, Literal):
                types[node] = node.type
            elif isinstance(node, Variable):
                if node.index >= len(self.environment):
                    raise GrammarError(f"variable ${node.index} is no parameter")
                types[node] = self.environment[node.index]
            elif isinstance(node, Application) and isinstance(node.head, Operator):
                types[node] = _result_type(node.head, [types[a] for a in node.arguments])
            else:
                raise GrammarError(f"{to_sexpr(node)} cannot stand in a rule")
        return types[term]


def _result_type(operator: Operator, arguments: Sequence[Type]) -> Type:
    assigned = match(Type("tuple", operator.type.parameters), Type("tuple", arguments))
    if assigned is None:
        raise GrammarError(f"{operator.name} : {operator.type} is applied to {', '.join(map(str, arguments))}")
    return assign(operator.type.result, assigned)


# Languages of domains.


@dataclass(frozen=True)
class LanguageSettings:
    """How far a polymorphic language is expanded.

    Attributes:
        extra_type_depth: nesting of lists allowed in intermediate types, beyond that of the request.
        bound_variables: largest number of λ-bound variables in scope, beyond the parameters.
        constants: further literals.
        abstractions: library functions.
    """

    extra_type_depth: int = 2
    bound_variables: int = 4
    constants: tuple[Literal, ...] = ()
    abstractions: tuple[Operator, ...] = ()


def language(domain: Domain, request: Type, settings: LanguageSettings | None = None) -> Grammar:
    """The programs of a monomorphic type in the language of a domain.

    Args:
        domain: its searchable primitives and constants are the language.
        request: type of the wanted programs.
        settings: how far polymorphic primitives are instantiated.

    Raises:
        GrammarError: if the request is polymorphic.
    """
    if request.is_polymorphic:
        raise GrammarError(f"a program is asked for at a monomorphic type, not at {request}")
    made = _Language(domain, request, settings or LanguageSettings())
    start = Nonterminal(request.result, tuple(reversed(request.parameters)))
    return Grammar(start, made.expand, identity=made.identity, smallest=made.smallest)


class _Language:
    """Expands the nonterminals of a domain's language: primitives are monomorphised when they are needed."""

    def __init__(self, domain: Domain, request: Type, settings: LanguageSettings) -> None:
        self.domain, self.request, self.settings = domain, request, settings
        self.operators = [(p, p.operator) for p in domain.primitives if p.searchable]
        self.widths = [t for t in self._parts(request) if t.name == "bv"]
        self.literals = dict.fromkeys(
            (*domain.constants, *domain.constants_of_widths(self.widths), *settings.constants)
        )
        self.universe = self._universe()
        self._instances: dict[Type, list[tuple[Operator, Type]]] = {}
        self._room = len(request.parameters) + settings.bound_variables
        self._tables: dict[tuple[frozenset[Type], int], dict[Type, float]] = {}

    @property
    def identity(self) -> str:
        settings = self.settings
        return _hash(
            f"{self.domain.name} {self.request} {settings.extra_type_depth} {settings.bound_variables}",
            *(f"{p.name}:{p.type}" for p, _ in self.operators),
            *sorted(f"{literal!r}:{literal.type}" for literal in self.literals),
            *sorted(a.key for a in settings.abstractions),
        )

    def _parts(self, request: Type) -> list[Type]:
        """The first-order types that occur in a type, in order."""
        if request.is_function:
            return list(dict.fromkeys(t for part in request.arguments for t in self._parts(part)))
        if request.name == "list":
            return [*self._parts(request.arguments[0]), request]
        return [request]

    def _universe(self) -> list[Type]:
        """Ground types that a free type variable is instantiated with."""
        parts = self._parts(self.request)
        mentioned = [
            part for p, _ in self.operators for part in self._ground(p.type) if part in BASE_TYPES or part.name == "bv"
        ]
        base = dict.fromkeys((*(t for t in parts if t.name != "list"), *(c.type for c in self.literals), *mentioned))
        uses_lists = any(mentions(p.type, "list") for p, _ in self.operators)
        types = list(base)
        if uses_lists:
            depth = max(t.depth for t in parts) + self.settings.extra_type_depth
            layer = list(base)
            for _ in range(depth):
                layer = [list_of(t) for t in layer]
                types += layer
        return types

    def _ground(self, scheme: Type) -> list[Type]:
        if not scheme.arguments or scheme.name == "bv":
            return [] if scheme.is_polymorphic else [scheme]
        return [t for argument in scheme.arguments for t in self._ground(argument)]

    def _leaves(self, nonterminal: Nonterminal) -> Iterator[Production]:
        environment, wanted = nonterminal.environment, nonterminal.type
        if wanted.is_function:
            return
        for index, type_ in enumerate(environment):
            if type_.result is wanted:
                yield _variable_production(index, environment)
        for literal in self.literals:
            if literal.type is wanted:
                yield _literal_production(literal)
        for primitive, operator in self.operators:
            if primitive.arity == 0 and match(primitive.type, wanted) is not None:
                yield Production(operator, (), _operator_key(operator, wanted))

    def expand(self, nonterminal: Nonterminal) -> Iterator[Production]:
        """All productions of a nonterminal."""
        environment, wanted = nonterminal.environment, nonterminal.type
        if wanted.is_function:
            parameter, result = wanted.arguments
            if len(environment) < self._room:
                yield Production(Lambda, (Nonterminal(result, (parameter, *environment)),), f"lambda:{wanted}")
            return
        yield from self._leaves(nonterminal)
        for operator, instance in self._instances_of(wanted):
            children = tuple(Nonterminal(p, environment) for p in instance.parameters)
            yield Production(operator, children, _operator_key(operator, instance))

    def smallest(self, nonterminal: Nonterminal) -> float:
        """AST nodes of the smallest term of a nonterminal; infinity if there is none.

        It depends on the *set* of types in scope only, and not on those of which there is a constant anyway: so
        few tables of smallest sizes serve the very many nonterminals.
        """
        bound = nonterminal.type.parameters
        room = self._room - len(nonterminal.environment) - len(bound)
        if room < 0 and bound:
            return math.inf
        scope = self._scope((*nonterminal.environment, *bound))
        return len(bound) + self._smallest_of(nonterminal.type.result, scope, max(room, 0))

    def _smallest_of(self, wanted: Type, scope: frozenset[Type], room: int) -> float:
        table = self._table(scope, room)
        if wanted not in table:
            options = self._options(wanted, scope, room)
            table[wanted] = min((own + sum(table[t] for t in below) for own, below in options), default=math.inf)
        return table[wanted]

    def _scope(self, environment: Iterable[Type]) -> frozenset[Type]:
        return frozenset(t for t in environment if t not in self._constant_types)

    @functools.cached_property
    def _constant_types(self) -> frozenset[Type]:
        """Types of which there is a literal or a nullary operator."""
        types = {literal.type for literal in self.literals}
        nullary = [p.type for p, _ in self.operators if p.arity == 0]
        return frozenset(types | {t for t in self._allowed for scheme in nullary if match(scheme, t) is not None})

    def _table(self, scope: frozenset[Type], room: int) -> dict[Type, float]:
        """Smallest sizes for all allowed types, with `room` for further λ-bound variables."""
        found = self._tables.get((scope, room))
        if found is None:
            options = {t: self._options(t, scope, room) for t in sorted(self._allowed)}
            found = dict.fromkeys(options, math.inf)
            changed = True
            while changed:
                changed = False
                for type_, ways in options.items():
                    best = min((own + sum(found[t] for t in below) for own, below in ways), default=math.inf)
                    if best < found[type_]:
                        found[type_], changed = best, True
            self._tables[scope, room] = found
        return found

    def _options(self, wanted: Type, scope: frozenset[Type], room: int) -> list[tuple[float, tuple[Type, ...]]]:
        """For each way to make a term of `wanted` its own size, λs and all below them included, and the other types."""
        if wanted in self._constant_types or wanted in scope:
            return [(1, ())]
        applied = [t for t in scope if t.is_function and t.result is wanted]
        found = []
        for instance in (*applied, *(instance for _, instance in self._instances_of(wanted))):
            functions = [p for p in instance.parameters if p.is_function]
            own = 1 + sum(self._smallest_function(p, scope, room) for p in functions)
            if own < math.inf:
                found.append((own, tuple(p for p in instance.parameters if not p.is_function)))
        return found

    def _smallest_function(self, type_: Type, scope: frozenset[Type], room: int) -> float:
        bound = type_.parameters
        if len(bound) > room:
            return math.inf
        return len(bound) + self._smallest_of(type_.result, scope | self._scope(bound), room - len(bound))

    def _instances_of(self, wanted: Type) -> list[tuple[Operator, Type]]:
        """Operators with arguments and the monomorphic types at which they yield `wanted`."""
        if wanted not in self._instances:
            found = [pair for p, _ in self.operators if p.arity for pair in self._instantiate(p, wanted)]
            for abstraction in self.settings.abstractions:
                found += [(abstraction, t) for t in self._monomorphise(abstraction.type, wanted)]
            self._instances[wanted] = found
        return self._instances[wanted]

    def _instantiate(self, primitive: Primitive, wanted: Type) -> Iterator[tuple[Operator, Type]]:
        for instance in self._monomorphise(primitive.type, wanted):
            operator = Operator(primitive.name, instance) if primitive.is_width_dependent else primitive.operator
            yield operator, instance

    def _monomorphise(self, scheme: Type, wanted: Type) -> Iterator[Type]:
        """Instances of `scheme` with result `wanted`, free variables ranging over the universe."""
        substitution = Substitution()
        general = substitution.instantiate(scheme)
        if not substitution.unify(general.result, wanted):
            return
        partial = canonical(substitution.apply(general))
        free = type_variables(partial)
        widths = _width_variables(partial)
        choices = [[t.arguments[0] for t in self.widths] if v in widths else self.universe for v in free]
        for assignment in itertools.product(*choices):
            instance = assign(partial, dict(zip(free, assignment, strict=True)))
            if all(self._is_allowed(p) for p in instance.parameters):
                yield instance

    def _is_allowed(self, type_: Type) -> bool:
        """Whether a type stays within the universe (function types: all their parts)."""
        if type_.is_function:
            return all(map(self._is_allowed, type_.arguments))
        return type_ in self._allowed

    @functools.cached_property
    def _allowed(self) -> frozenset[Type]:
        return frozenset((*self.universe, *self._parts(self.request)))


def _width_variables(type_: Type) -> set[Type]:
    if type_.name == "bv":
        return set(type_.variables())
    return {v for argument in type_.arguments for v in _width_variables(argument)}
