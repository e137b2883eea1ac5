"""Probes: small programs that a domain's own search finds, run on the inputs of every task to see what they say of it.

How the value of a probe relates to the output wanted is a feature of the task: where `(sort xs)` has the same
elements as the output, or `(length xs)` is a member of it, something is known of the program. Nobody writes probes:
they are the first programs that a short search enumerates, told apart by behaviour, a few for each operator at the
root. That is all that a new domain needs.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dsl.domain import Domain, load_domain
from dsl.languages import LanguageSettings
from dsl.printing import to_sexpr
from dsl.spec import Budget
from dsl.terms import Application, Literal, Term, Variable, free_variables
from dsl.types import BOOL, CHAR, REAL, STRING, Type, arrow, parse_type
from dsl.values import Value, typed_key
from wake_sleep.model.relations import relations
from wake_sleep.sleep.requests import DreamRequest
from wake_sleep.wake.blame import blaming_primitives
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.engines import engine_for
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.search import Goal

MOST: Final[Mapping[int, int]] = {0: 8, 1: 32, 2: 20, 3: 8}
"""Probes of one type over so many variables."""
MOST_OF_ROOT: Final = 5
"""Of these, probes with one operator at the root."""
_CANDIDATES: Final = 10_000
_ROWS: Final = 10
_LANGUAGE: Final = LanguageSettings(extra_type_depth=0, bound_variables=2)
_MEMORY: Final = 1 << 28
_NO_VALUE: Final[Mapping[Type, Value]] = {BOOL: False, STRING: "", CHAR: "a", REAL: 0.0}


@dataclass(frozen=True)
class Probe:
    """A small program.

    Attributes:
        scope: types of its variables, all of which it uses; the last one is ``$0``.
        type: type of its values.
        term: open term over the variables.
    """

    scope: tuple[Type, ...]
    type: Type
    term: Term


@dataclass(frozen=True)
class ProbeSet:
    """The probes of a domain, for requests of any type.

    Attributes:
        domain: name of the domain.
        probes: in a fixed order.
    """

    domain: str
    probes: tuple[Probe, ...]

    def data(self) -> dict[str, Any]:
        """The set as what JSON can hold; `ProbeSet.from_data` reads it."""
        rows = [[list(map(str, p.scope)), str(p.type), to_sexpr(p.term)] for p in self.probes]
        return {"domain": self.domain, "probes": rows}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> ProbeSet:
        """Read what `data` gave.

        Raises:
            DomainError: if the domain is not installed.
            TermSyntaxError: if the domain has not the operators of a probe.
        """
        domain = load_domain(data["domain"])
        probes = (
            Probe(tuple(map(parse_type, scope)), parse_type(type_), domain.parse(text))
            for scope, type_, text in data["probes"]
        )
        return cls(data["domain"], tuple(probes))


def find_probes(domain: Domain, requests: Sequence[DreamRequest], seed: int = 0) -> ProbeSet:
    """The probes of a domain: for every few of the parameters that its tasks have, and every type that they mention.

    Args:
        domain: whose language.
        requests: of its tasks; probes are told apart on their inputs.
        seed: of the inputs that are drawn.
    """
    values = _values(requests)
    types = _types(domain, requests)
    found: list[Probe] = []
    for scope in _scopes(requests):
        for type_ in types:
            if any(relations(type_, request.type.result) is not None for request in requests if _fits(scope, request)):
                found += _probes(domain, scope, type_, values, seed)
    return ProbeSet(domain.name, tuple(found))


def _scopes(requests: Iterable[DreamRequest]) -> list[tuple[Type, ...]]:
    """Nothing, and the types of one, two and three parameters that a task has, in the order of their names."""
    found: dict[tuple[Type, ...], None] = {(): None}
    for request in requests:
        parameters = sorted(request.type.parameters)
        for count in range(1, max(MOST) + 1):
            found.update(dict.fromkeys(itertools.combinations(parameters, count)))
    return sorted(found, key=lambda scope: (len(scope), str(scope)))


def _fits(scope: tuple[Type, ...], request: DreamRequest) -> bool:
    parameters = list(request.type.parameters)
    return all(parameters.count(t) >= scope.count(t) for t in scope)


def _types(domain: Domain, requests: Iterable[DreamRequest]) -> list[Type]:
    """The types that tasks and the signatures of primitives mention."""
    mentioned = {t for request in requests for t in (*request.type.parameters, request.type.result)}
    mentioned |= {p.type.result for p in domain.primitives if p.searchable and not p.type.result.is_polymorphic}
    return sorted(mentioned)


def _values(requests: Iterable[DreamRequest]) -> dict[Type, list[Value]]:
    """Distinct inputs of each type."""
    found: dict[Type, dict[object, Value]] = {}
    for request in requests:
        for given in request.inputs:
            for type_, value in zip(request.type.parameters, given, strict=True):
                found.setdefault(type_, {}).setdefault(typed_key(value), value)
    return {type_: list(values.values()) for type_, values in found.items()}


def _probes(
    domain: Domain, scope: tuple[Type, ...], type_: Type, values: Mapping[Type, Sequence[Value]], seed: int
) -> Iterator[Probe]:
    chance = random.Random(f"{seed}/{scope}/{type_}")
    rows = [tuple(chance.choice(values[t]) for t in scope) for _ in range(_ROWS if scope else 1)]
    inputs = list({typed_key(row): row for row in rows}.values())
    nothing = _NO_VALUE.get(type_, () if type_.name == "list" else 0)
    grammar = domain.grammar(arrow(*scope, type_), _LANGUAGE)
    goal = Goal(grammar, domain, tuple((given, nothing) for given in inputs))
    search = engine_for(goal)(goal, Costs(grammar), Meter(Budget(candidates=_CANDIDATES, memory=_MEMORY)))
    with blaming_primitives(goal):
        try:
            for _ in search.explore():
                pass
        except OutOfBudget:
            pass
        roots: dict[object, int] = {}
        room = MOST[len(scope)]
        for known in search.known():
            root = _root(known.term)
            if room and roots.get(root, 0) < MOST_OF_ROOT and len(free_variables(known.term)) == len(scope):
                roots[root] = roots.get(root, 0) + 1
                room -= 1
                yield Probe(scope, type_, known.term)


def _root(term: Term) -> object:
    if isinstance(term, Application):
        return term.head
    return Literal if isinstance(term, Literal) else Variable
