"""Task features: what a specification says of the program wanted, as numbers, one vector for all tasks of a domain.

A feature is a question with a name: whether the value of a probe stands in some relation to the output, what the
outputs and the inputs are like by themselves, which hints and conditions the author of the task gave. The questions
that can be asked of a request type are its *layout*; equal questions of several types are one feature, so that the
features of a domain form a single space. What cannot be asked is absent, which `Layout.columns` tells.

Letters of shapes: E examples, Q questions of one layout, F features of the space, S stated features.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dsl.domain import Domain, load_domain
from dsl.evaluate import Evaluation
from dsl.limits import EXHAUSTED, Cell, Limits
from dsl.printing import to_sexpr
from dsl.spec import ALGORITHMS, STYLES, Function, Hints, Spec
from dsl.terms import Term, operators, rename
from dsl.types import Type
from dsl.values import BOTTOM, Value
from wake_sleep.model.probes import Probe, ProbeSet
from wake_sleep.model.relations import Compare, outline, relations
from wake_sleep.model.symbols import token_rows
from wake_sleep.sleep.requests import Inputs

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
Describe = Callable[[Any], int]
"""A value to the bits of its description."""

MOST_EXAMPLES: Final = 8
"""Examples that are looked at, the first ones."""
LIMITS: Final = Limits(steps=2_000, size=256, bits=256)
"""What the evaluation of a probe may take."""
MOST_PROBES: Final = 120
"""Probes that are run on one task."""
_KEPT: Final = 16
_BITS: Final = 24
"""Questions of one pair of types, at most."""
CONDITION_BUCKETS: Final = 32
"""Features for the operators of conditions, which are hashed."""
SIZES: Final = (3, 5, 8, 12, 20)
"""Bounds on sizes that hints are sorted by."""


class Layout:
    """The questions of one request type.

    Attributes:
        type: the request type.
        columns: for each question its feature, shape (Q,).
    """

    def __init__(
        self,
        type_: Type,
        domain: Domain,
        compared: Sequence[tuple[Term, Compare]],
        described: Sequence[Describe],
        asked: Numbers,
        columns: Numbers,
    ) -> None:
        """Prepare questions.

        Args:
            type_: the request type.
            domain: what the operators of probes mean.
            compared: probes over the parameters, and how their values are compared with the output.
            described: how each parameter and then the output is described.
            asked: for each question its place among the bits of all probes and descriptions, shape (Q,).
            columns: for each question its feature, shape (Q,).
        """
        self.type, self.columns = type_, columns
        self._domain, self._compared, self._described, self._asked = domain, tuple(compared), tuple(described), asked
        self._kept: dict[tuple[Inputs, ...], list[list[Cell]]] = {}

    def answers(self, examples: Sequence[tuple[Inputs, Value]]) -> Floats:
        """For each question the share of the examples (the first `MOST_EXAMPLES`) that say yes, shape (Q,).

        Args:
            examples: inputs and outputs of the request type; without any all answers are 0.
        """
        examples = examples[:MOST_EXAMPLES]
        if not examples:
            return np.zeros(len(self.columns), np.float32)
        inputs, outputs = tuple(given for given, _ in examples), [output for _, output in examples]
        bits: list[int] = []
        for (_, compare), column in zip(self._compared, self._columns(inputs), strict=True):
            bits += [
                0 if value is BOTTOM or value is EXHAUSTED else compare(value, wanted)
                for value, wanted in zip(column, outputs, strict=True)
            ]
        for describe, values in zip(self._described, (*zip(*inputs, strict=True), outputs), strict=True):
            bits += map(describe, values)
        table = np.array(bits, np.int64).reshape(-1, len(examples), 1) >> np.arange(_BITS)  # (P, E, _BITS)
        shares = (table & 1).mean(1, dtype=np.float32)  # (P, _BITS)
        return np.asarray(shares.reshape(-1)[self._asked])

    def _columns(self, inputs: tuple[Inputs, ...]) -> list[list[Cell]]:
        """The values of the probes; those of the last few inputs are kept, since many dreams have the same."""
        found = self._kept.get(inputs)
        if found is None:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            evaluation = Evaluation(self._domain, inputs, LIMITS)
            found = self._kept[inputs] = [evaluation.column(term) for term, _ in self._compared]
        return found


class FeatureSpace:
    """All features of a domain.

    Attributes:
        probes: what the features are made with.
        names: of the features, in their order.
    """

    def __init__(self, probes: ProbeSet, names: Iterable[str]) -> None:
        """Make the space with these features; questions of other names are not asked."""
        self.probes, self.names = probes, tuple(names)
        self._number = {name: number for number, name in enumerate(self.names)}
        self._layouts: dict[Type, Layout] = {}

    @classmethod
    def of_requests(cls, probes: ProbeSet, requests: Iterable[Type]) -> FeatureSpace:
        """The space of all questions that can be asked of some request types."""
        names: dict[str, None] = {}
        for request in dict.fromkeys(requests):
            for _, _, asked in _questions(probes, request):
                names.update(dict.fromkeys(asked))
            for _, asked in _outlines(request):
                names.update(dict.fromkeys(asked))
        return cls(probes, names)

    def __len__(self) -> int:
        """Number of features."""
        return len(self.names)

    @functools.cached_property
    def _domain(self) -> Domain:
        return load_domain(self.probes.domain)

    def layout(self, request: Type) -> Layout:
        """The questions of a request type, those that the space knows."""
        found = self._layouts.get(request)
        if found is None:
            found = self._layouts[request] = self._make_layout(request)
        return found

    def _make_layout(self, request: Type) -> Layout:
        columns: list[int] = []
        asked: list[int] = []
        terms: list[tuple[Term, Compare]] = []
        for term, compare, names in _questions(self.probes, request):
            known = [(bit, self._number[name]) for bit, name in enumerate(names) if name in self._number]
            if known:
                asked += [len(terms) * _BITS + bit for bit, _ in known]
                columns += [number for _, number in known]
                terms.append((term, compare))
        described: list[Describe] = []
        for describe, names in _outlines(request):
            row = len(terms) + len(described)
            known = [(bit, self._number[name]) for bit, name in enumerate(names) if name in self._number]
            asked += [row * _BITS + bit for bit, _ in known]
            columns += [number for _, number in known]
            described.append(describe)
        return Layout(request, self._domain, terms, described, np.array(asked, np.int64), np.array(columns, np.int64))


def _questions(probes: ProbeSet, request: Type) -> Iterator[tuple[Term, Compare, list[str]]]:
    """For each way to apply a probe to the parameters: the term over them, how to compare, and names of questions.

    Ways to apply probes come in turn by the parameters and the type of the probes, those of the type wanted twice as
    often, until there are `MOST_PROBES`.
    """
    parameters, result = request.parameters, request.result
    places: dict[Type, list[int]] = {}
    for place, type_ in enumerate(parameters):
        places.setdefault(type_, []).append(place)
    groups: dict[tuple[tuple[int, ...], Type], list[Probe]] = {}
    for probe in probes.probes:
        if relations(probe.type, result) is not None:
            for chosen in _applications(probe, places):
                groups.setdefault((chosen, probe.type), []).append(probe)
    for chosen, probe in itertools.islice(_in_turn(groups, result), MOST_PROBES):
        asked = relations(probe.type, result)
        assert asked is not None
        last = len(parameters) - 1
        numbering = {len(chosen) - 1 - i: last - place for i, place in enumerate(chosen)}
        ranks = [f"{parameters[place]}#{places[parameters[place]].index(place)}" for place in chosen]
        text = f"{to_sexpr(probe.term)} of {', '.join(ranks)} to {result}"
        yield rename(probe.term, numbering), asked.compare, [f"{text}: {name}" for name in asked.names]


def _in_turn(
    groups: Mapping[tuple[tuple[int, ...], Type], Sequence[Probe]], wanted: Type
) -> Iterator[tuple[tuple[int, ...], Probe]]:
    position = dict.fromkeys(groups, 0)
    while position:
        for (chosen, type_), start in list(position.items()):
            group, step = groups[chosen, type_], 2 if type_ is wanted else 1
            yield from ((chosen, probe) for probe in group[start : start + step])
            position[chosen, type_] = start + step
            if start + step >= len(group):
                del position[chosen, type_]


def _applications(probe: Probe, places: Mapping[Type, Sequence[int]]) -> Iterable[tuple[int, ...]]:
    """Parameters for the variables of a probe; those of one type keep their order."""
    options: list[tuple[int, ...]] = [()]
    for type_ in probe.scope:
        options = [
            (*chosen, place)
            for chosen in options
            for place in places.get(type_, ())
            if not any(earlier >= place for earlier in chosen if earlier in places[type_])
        ]
    return options


def _outlines(request: Type) -> Iterable[tuple[Any, list[str]]]:
    """How each parameter and the output are described, with the names of these questions."""
    seen: dict[Type, int] = {}
    for type_ in request.parameters:
        rank = seen[type_] = seen.get(type_, -1) + 1
        described = outline(type_)
        yield described.describe, [f"{type_}#{rank}: {name}" for name in described.names]
    described = outline(request.result)
    yield described.describe, [f"output {request.result}: {name}" for name in described.names]


# What is stated.

STATED: Final = (
    *("no examples", "conditions", "no conditions"),
    *(f"condition {bucket}" for bucket in range(CONDITION_BUCKETS)),
    *("size stated", "size not stated", *(f"size {bound}" for bound in SIZES)),
    *("style not stated", *(f"style {style}" for style in STYLES)),
    *("algorithm not stated", *(f"algorithm {algorithm}" for algorithm in ALGORITHMS)),
)
"""Names of the stated features: what is said in other ways than by examples, with masks."""
_PLACE: Final = {name: place for place, name in enumerate(STATED)}


def stated_features(spec: Spec, function: Function) -> Floats:
    """What a specification says of a function other than by examples, shape (S,): zeros and ones."""
    found = hint_features(spec.hints)
    has_examples = any(example.function == function.name for example in spec.examples)
    found[_PLACE["no examples"]] = not has_examples
    conditions = [constraint.term for constraint in (*spec.constraints, *spec.assumptions)]
    found[_PLACE["conditions"]] = bool(conditions)
    found[_PLACE["no conditions"]] = not conditions
    for operator in operators(*conditions, into_definitions=True):
        found[_PLACE[f"condition {token_rows(operator.name)[0] % CONDITION_BUCKETS}"]] = 1.0
    return found


def hint_features(hints: Hints) -> Floats:
    """The part of the stated features that hints decide, with the rest as for a task of examples alone."""
    found = np.zeros(len(STATED), np.float32)
    found[_PLACE["no conditions"]] = 1.0
    found[_PLACE["size not stated" if hints.maximum_size is None else "size stated"]] = 1.0
    for bound in SIZES:
        found[_PLACE[f"size {bound}"]] = hints.maximum_size is not None and hints.maximum_size <= bound
    found[_PLACE["style not stated" if hints.style is None else f"style {hints.style}"]] = 1.0
    found[_PLACE["algorithm not stated" if hints.algorithm is None else f"algorithm {hints.algorithm}"]] = 1.0
    return found
