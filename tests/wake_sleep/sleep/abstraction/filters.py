"""Frontiers in which a library is to be found: many tasks filter with a fold, as a person without `filter` would."""

import hashlib

from dsl.domain import load_domain
from dsl.probability import WeightedProgram
from dsl.terms import Literal, strip_lambdas
from dsl.types import INT, Type, parse_type
from wake_sleep.sleep.abstraction.frontiers import Language, TaskFrontier, domain_language
from wake_sleep.sleep.abstraction.learning import Miner
from wake_sleep.sleep.abstraction.stitch import Proposal, Proposals

LISTS = load_domain("lists")
NUMBERS = tuple(Literal(n, INT) for n in (3, 4, 9))
CONDITIONS = {
    "primes": "is-prime $1",
    "squares": "is-square $1",
    "above three": "gt? $1 3",
    "below zero": "gt? 0 $1",
    "even": "eq? (mod $1 2) 0",
    "thirds": "eq? (mod $1 3) 0",
    "odd": "eq? (mod $1 2) 1",
    "digits": "< $1 9",
}
KEEP = "(fold $0 empty (lambda (lambda (if ({}) (cons $1 $0) $0))))"
FILTER = "(lambda (lambda (fold $1 empty (lambda (lambda (if ($2 $1) (cons $1 $0) $0))))))"
"""What is to be learned."""

_languages: dict[Type, Language] = {}


def frontier(name: str, *programs: str, request: str = "list(int) -> list(int)", weight: float = 1.0) -> TaskFrontier:
    """A task of the lists domain with these programs."""
    type_ = parse_type(request)
    language = _languages.setdefault(type_, domain_language(LISTS, type_, NUMBERS))
    identity = hashlib.blake2b(name.encode()).hexdigest()
    return TaskFrontier(name, identity, language, tuple(WeightedProgram(LISTS.parse(p)) for p in programs), weight)


def keeping() -> list[TaskFrontier]:
    """Seventeen tasks: thirteen filter with a fold, four do something else."""
    kept = {name: KEEP.format(condition) for name, condition in CONDITIONS.items()}
    found = [frontier(f"keep {name}", f"(lambda {body})") for name, body in kept.items()]
    found += [
        frontier(f"how many {name}", f"(lambda (length {body}))", request="list(int) -> int")
        for name, body in list(kept.items())[:5]
    ]
    return found + [frontier(f"add {n}", f"(lambda (map (lambda (+ $0 {n})) $0))") for n in (1, 2, 3, 4)]


def proposing(*definitions: str) -> Miner:
    """A miner that proposes the same functions for every corpus."""
    terms = [LISTS.parse(text) for text in definitions]
    proposals = tuple(Proposal(term, strip_lambdas(term)[0]) for term in terms)
    return lambda corpus: Proposals(proposals)
