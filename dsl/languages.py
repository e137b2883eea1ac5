"""The languages of domains as grammars.

The primitives of a domain are polymorphic; their instances are made when a nonterminal is expanded, over the types that
the request and the domain mention and lists of these.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsl.errors import GrammarError
from dsl.grammar import (
    Grammar,
    Nonterminal,
    Production,
    content_hash,
    literal_production,
    variable_production,
)
from dsl.inference import has_instance
from dsl.terms import Application, Lambda, Literal, Operator, postorder
from dsl.types import BASE_TYPES, Substitution, Type, assign, canonical, list_of, match, mentions, type_variables

if TYPE_CHECKING:
    from dsl.domain import Domain, Primitive


@dataclass(frozen=True)
class LanguageSettings:
    """How far a polymorphic language is expanded.

    Attributes:
        extra_type_depth: nesting of lists allowed in intermediate types, beyond that of the request.
        bound_variables: largest number of λ-bound variables in scope, beyond the parameters.
        constants: further literals.
        abstractions: library functions; those whose definitions apply an operator or have a literal that the language
            does not have are left out.
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
    settings = settings or LanguageSettings()
    made = _Language(domain, request, settings)
    start = Nonterminal(request.result, tuple(reversed(request.parameters)))
    origin = (language, (domain, request, settings))
    return Grammar(start, made.expand, identity=made.identity, smallest=made.smallest, origin=origin)


class _Language:
    """Expands the nonterminals of a domain's language: primitives are monomorphised when they are needed."""

    def __init__(self, domain: Domain, request: Type, settings: LanguageSettings) -> None:
        self.domain, self.request, self.settings = domain, request, settings
        self.operators = [(p, p.operator) for p in domain.primitives if p.searchable]
        self.widths = [t for t in self._parts(request) if t.name == "bv"]
        self.literals = dict.fromkeys(
            (*domain.constants, *domain.constants_of_widths(self.widths), *settings.constants)
        )
        self.abstractions = tuple(filter(self._has_parts_of, settings.abstractions))
        self.universe = self._universe()
        self._instances: dict[Type, list[tuple[Operator, Type]]] = {}
        self._room = len(request.parameters) + settings.bound_variables
        self._tables: dict[tuple[frozenset[Type], int], dict[Type, float]] = {}

    @property
    def identity(self) -> str:
        settings = self.settings
        return content_hash(
            f"{self.domain.name} {self.request} {settings.extra_type_depth} {settings.bound_variables}",
            *(f"{p.name}:{p.type}" for p, _ in self.operators),
            *sorted(f"{literal!r}:{literal.type}" for literal in self.literals),
            *sorted(a.key for a in self.abstractions),
        )

    def _has_parts_of(self, abstraction: Operator) -> bool:
        """Whether the language has the literals of a definition, and primitives named and typed as its operators."""
        assert abstraction.definition is not None
        searchable = {(p.name, p.arity): p.type for p, _ in self.operators}
        for node in postorder([abstraction.definition]):
            if isinstance(node, Literal) and node not in self.literals:
                return False
            if isinstance(node, Application) and isinstance(node.head, Operator):
                scheme = searchable.get((node.head.name, node.head.arity))
                if node.head.definition is not None or scheme is None or not has_instance(scheme, node.head.type):
                    return False
        return True

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
                yield variable_production(index, environment)
        for literal in self.literals:
            if literal.type is wanted:
                yield literal_production(literal)
        for primitive, operator in self.operators:
            if primitive.arity == 0 and match(primitive.type, wanted) is not None:
                yield Production(operator, (), (operator, wanted))

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
            yield Production(operator, children, (operator, instance))

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
            for abstraction in self.abstractions:
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
