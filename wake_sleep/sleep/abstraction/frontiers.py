"""What a library is learned from: the programs of each task, and the languages that they are programs of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from dsl.domain import Domain
from dsl.grammar import Grammar
from dsl.languages import LanguageSettings
from dsl.probability import WeightedProgram
from dsl.terms import Literal, Operator
from dsl.types import Type

Language: TypeAlias = Callable[[Sequence[Operator]], Grammar]
"""The grammar of one task, given a library; with an empty one the base language."""


@dataclass(frozen=True)
class TaskFrontier:
    """The programs found for one function of one task.

    Attributes:
        name: what the task is called.
        identity: canonical hash of its specification; it decides whether the task is held out.
        language: the grammar of the task for a library. Every program is one of the base language.
        programs: closed programs in base-language β-normal form, with the likelihood of the examples given each.
        weight: how many tasks this stands for.
    """

    name: str
    identity: str
    language: Language = field(compare=False)
    programs: tuple[WeightedProgram, ...]
    weight: float = 1.0


def domain_language(domain: Domain, request: Type, constants: Sequence[Literal] = ()) -> Language:
    """The language of a domain's tasks of one type, with literals of their own."""

    def language(abstractions: Sequence[Operator]) -> Grammar:
        settings = LanguageSettings(constants=tuple(constants), abstractions=tuple(abstractions))
        return domain.grammar(request, settings)

    return language


def stated_language(grammar: Grammar) -> Language:
    """The language of a task whose file states a grammar: an abstraction enters it where its body derives."""
    return grammar.with_abstractions


class Languages:
    """The grammars of many tasks; tasks of equal base languages share one, and with it what is expanded of it."""

    def __init__(self, frontiers: Sequence[TaskFrontier]) -> None:
        """Take the tasks whose grammars will be asked for."""
        self._first: dict[Grammar, Language] = {}
        self._base: dict[int, Grammar] = {}
        self._made: dict[tuple[Grammar, tuple[Operator, ...]], Grammar] = {}
        self._frontiers = list(frontiers)
        kept: dict[Grammar, Grammar] = {}
        for frontier in frontiers:
            grammar = frontier.language(())
            base = kept.setdefault(grammar, grammar)
            self._first.setdefault(base, frontier.language)
            self._base[id(frontier)] = base

    def base(self, frontier: TaskFrontier) -> Grammar:
        """The base language of a task."""
        return self._base[id(frontier)]

    def grammar(self, frontier: TaskFrontier, abstractions: tuple[Operator, ...]) -> Grammar:
        """The language of a task with a library."""
        base = self.base(frontier)
        if not abstractions:
            return base
        key = (base, abstractions)
        if key not in self._made:
            self._made[key] = self._first[base](abstractions)
        return self._made[key]


def in_order(frontiers: Sequence[TaskFrontier]) -> list[TaskFrontier]:
    """Frontiers in an order that depends on what they are only: by identity, name and programs."""
    return sorted(frontiers, key=lambda f: (f.identity, f.name, [p.program.digest for p in f.programs]))


def is_held_out(identity: str, share: float) -> bool:
    """Whether a task belongs to the fixed share of tasks that a library is judged by, decided by its hash alone."""
    number = int.from_bytes(hashlib.blake2b(f"hold-out {identity}".encode(), digest_size=8).digest(), "big")
    return number < share * 2**64
