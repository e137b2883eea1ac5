"""What a cost head is trained on: programs as arrays of choices, their tasks as arrays of features.

All parsing, deriving and evaluating is done here, once; the training loop sees arrays. Tasks come in groups of one
request type each, since these are asked the same questions.

Letters of shapes: N tasks of a group, Q questions of its type, S stated features, M choices of all its programs,
T stands, K keys.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from dsl.domain import Domain
from dsl.grammar import Grammar
from dsl.probability import Weights
from dsl.spec import Hints
from dsl.terms import Operator, Term, operators, strip_lambdas
from dsl.types import Type
from dsl.values import Value
from wake_sleep.model.choices import ChoiceSpace, Stands, choice_space
from wake_sleep.model.features import MOST_EXAMPLES, STATED, FeatureSpace, hint_features
from wake_sleep.model.probes import ProbeSet, find_probes
from wake_sleep.sleep.dreams import Dream
from wake_sleep.sleep.requests import DreamRequest, Inputs

HINTED: Final = 0.2
"""Share of the dreams whose author is made to have given hints."""
FEWEST_EXAMPLES: Final = 3


@dataclass(frozen=True)
class Lesson:
    """A program, and the examples that ask for it.

    Attributes:
        grammar: the language of the program.
        type: the request type.
        program: closed term; it may use the library.
        examples: inputs and outputs.
        weight: how many times this counts.
    """

    grammar: Grammar
    type: Type
    program: Term
    examples: tuple[tuple[Inputs, Value], ...]
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Group:
    """The tasks of one request type.

    Attributes:
        type: the request type.
        columns: features of the questions, shape (Q,).
        answers: shares of the examples that say yes, shape (N, Q).
        stated: shape (N, S).
        offsets: where the choices of each program begin, shape (N + 1,).
        stands: shape (M,).
        keys: what was chosen, shape (M,).
        weights: of the tasks, shape (N,).
    """

    type: Type
    columns: npt.NDArray[np.int64]
    answers: npt.NDArray[np.float16]
    stated: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    stands: npt.NDArray[np.int64]
    keys: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]

    def __len__(self) -> int:
        """N."""
        return len(self.answers)


@dataclass(frozen=True, eq=False)
class CostCorpus:
    """Lessons as arrays, and what their numbers mean.

    Attributes:
        domain: name of the domain.
        base: the weights that are to be corrected.
        features: what the head looks at.
        choices: what it corrects.
        stand_contexts: number of the context of each stand, shape (T,).
        log_base: base log-probabilities in each stand, shape (T, K + 1); see `wake_sleep.model.choices.Stands`.
        groups: the lessons to be learned, by type.
        validation: the lessons that are not learned, by type.
    """

    domain: str
    base: Weights
    features: FeatureSpace
    choices: ChoiceSpace
    stand_contexts: npt.NDArray[np.int64]
    log_base: npt.NDArray[np.float32]
    groups: tuple[Group, ...]
    validation: tuple[Group, ...] = field(default=())

    def __len__(self) -> int:
        """Number of lessons to be learned."""
        return sum(map(len, self.groups))


def lessons_of_dreams(dreams: Iterable[Dream], domain: Domain, abstractions: Sequence[Operator] = ()) -> list[Lesson]:
    """Dreams as lessons, in the terms of a library, if there is one."""
    grammars: dict[object, Grammar] = {}
    lessons = []
    for dream in dreams:
        request = dream.request
        key = (request.type, request.constants)
        if key not in grammars:
            grammars[key] = request.grammar(domain, abstractions)
        program = dream.compressed if abstractions else dream.program
        lessons.append(Lesson(grammars[key], request.type, program, dream.examples))
    return lessons


def told_apart(lessons: Sequence[Lesson], validation: float, chance: random.Random) -> list[bool]:
    """Which lessons are kept back: the same ones for equal seeds, whatever is trained on the others."""
    return [chance.random() < validation for _ in lessons]


def examples_shown(count: int, chance: random.Random) -> int:
    """How many of so many examples a person may give: all that are looked at, or a few in half of the cases."""
    fewest, most = min(FEWEST_EXAMPLES, count), min(MOST_EXAMPLES, count)
    return most if chance.random() < 0.5 else chance.randint(fewest, most)


def build_corpus(
    domain: Domain,
    lessons: Sequence[Lesson],
    base: Weights,
    probes: ProbeSet | Sequence[DreamRequest],
    *,
    validation: float = 0.05,
    seed: int = 0,
) -> CostCorpus:
    """Lessons as arrays.

    Args:
        domain: whose language.
        lessons: those whose grammar does not derive their program are left out.
        base: the weights that are to be corrected, counted on the same programs as a rule.
        probes: what features are made with, or the requests on which probes are to be found.
        validation: share of the lessons that are kept back.
        seed: of which lessons these are, which examples are shown, and which hints are given.
    """
    found = probes if isinstance(probes, ProbeSet) else find_probes(domain, probes, seed)
    features = FeatureSpace.of_requests(found, (lesson.type for lesson in lessons))
    chance = random.Random(seed)
    is_kept_back = told_apart(lessons, validation, chance)
    learned = [each for each, kept in zip(lessons, is_kept_back, strict=True) if not kept]
    space = choice_space(((each.grammar, each.program) for each in learned), base)
    stands = Stands(space, base)
    packer = _Packer(features, stands, chance)
    for lesson, kept in zip(lessons, is_kept_back, strict=True):
        packer.add(lesson, kept)
    learned_groups, kept_groups = packer.groups(False), packer.groups(True)
    telling, groups, kept_back = _telling(features, learned_groups, kept_groups)
    return CostCorpus(
        domain.name,
        base,
        telling,
        space,
        np.array(stands.contexts, np.int64),
        np.array(stands.log_base, np.float32).reshape(len(stands), len(space.keys) + 1),
        groups,
        kept_back,
    )


def _telling(
    features: FeatureSpace, learned: Sequence[Group], kept_back: Sequence[Group]
) -> tuple[FeatureSpace, tuple[Group, ...], tuple[Group, ...]]:
    """The space without the features that are the same for all lessons of each type, and the groups in that space."""
    varies = np.zeros(len(features), bool)
    for group in learned:
        varies[group.columns] |= group.answers.max(0) != group.answers.min(0)
    names = [name for name, is_telling in zip(features.names, varies.tolist(), strict=True) if is_telling]
    space = FeatureSpace(features.probes, names)

    def moved(groups: Sequence[Group]) -> tuple[Group, ...]:
        return tuple(
            dataclasses.replace(
                group,
                columns=space.layout(group.type).columns,
                answers=np.ascontiguousarray(group.answers[:, varies[group.columns]]),
            )
            for group in groups
        )

    return space, moved(learned), moved(kept_back)


@dataclass
class _Rows:
    """The rows of one group so far."""

    answers: list[npt.NDArray[np.float16]] = field(default_factory=list)
    stated: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    choices: list[tuple[int, int]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


class _Packer:
    def __init__(self, features: FeatureSpace, stands: Stands, chance: random.Random) -> None:
        self._features, self._stands, self._chance = features, stands, chance
        self._rows: dict[tuple[bool, Type], _Rows] = {}

    def add(self, lesson: Lesson, kept: bool) -> None:
        choices = self._stands.choices(lesson.grammar, lesson.program)
        if choices is None or not lesson.examples:
            return
        rows = self._rows.setdefault((kept, lesson.type), _Rows())
        shown = lesson.examples[: examples_shown(len(lesson.examples), self._chance)]
        rows.answers.append(self._features.layout(lesson.type).answers(shown).astype(np.float16))
        rows.stated.append(hint_features(self._hints(lesson)).astype(np.uint8))
        rows.lengths.append(len(choices))
        rows.choices += choices
        rows.weights.append(lesson.weight)

    def _hints(self, lesson: Lesson) -> Hints:
        """Hints that are true of the program, in a part of the cases."""
        chance = self._chance
        if chance.random() >= HINTED:
            return Hints()
        size = strip_lambdas(lesson.program, len(lesson.type.parameters))[1].size
        names = {operator.name for operator in operators(lesson.program, into_definitions=True)}
        return Hints(
            maximum_size=round(size * chance.uniform(1.0, 2.0)) if chance.random() < 0.5 else None,
            style="branch-free" if not names & _BRANCHES and chance.random() < 0.5 else None,
            algorithm=_algorithm(names) if chance.random() < 0.5 else None,
        )

    def groups(self, kept: bool) -> tuple[Group, ...]:
        made = []
        for (is_kept, type_), rows in self._rows.items():
            if is_kept is kept:
                choices = np.array(rows.choices, np.int64).reshape(-1, 2)
                made.append(
                    Group(
                        type_,
                        self._features.layout(type_).columns,
                        np.array(rows.answers, np.float16),
                        np.array(rows.stated, np.uint8).reshape(-1, len(STATED)),
                        np.cumsum([0, *rows.lengths]).astype(np.int64),
                        choices[:, 0],
                        choices[:, 1],
                        np.array(rows.weights, np.float32),
                    )
                )
        return tuple(made)


_BRANCHES: Final = frozenset(("if", "ite"))


def _algorithm(names: set[str]) -> str:
    """The family of a program with these operators, as hints name it."""
    if names & _BRANCHES:
        return "conditional"
    if "unfold" in names:
        return "recursive"
    if names & {"fold", "scanl1"}:
        return "fold"
    return "map-filter" if names & {"map", "filter", "count", "zip-with"} else "direct"
