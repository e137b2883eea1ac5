"""Dreams: programs that nobody asked for, each with the examples that would have asked for it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dsl.domain import Domain
from dsl.evaluate import Evaluation
from dsl.grammar import Grammar
from dsl.limits import Exhausted, Limits
from dsl.printing import to_sexpr
from dsl.probability import WeightedProgram
from dsl.terms import Literal, Operator, Term, abstract, free_variables, strip_lambdas, without_abstractions
from dsl.types import Type
from dsl.values import BOTTOM, Bottom, Value, typed_key
from store.codec import content_hash
from wake_sleep.sleep.refit import Observed
from wake_sleep.sleep.requests import DreamRequest, Inputs
from wake_sleep.wake.costs import Costs

LIMITS: Final = Limits(steps=2_000, size=256, bits=256)
"""What the evaluation of a dream may take."""
LEAST_DEFINED: Final = 0.75
"""Share of the inputs on which a dream must have a value."""


@dataclass(frozen=True)
class Dream:
    """A program with examples of what it does.

    Attributes:
        request: the type and constants that it was dreamt for.
        program: closed term of the base language, in β-normal form.
        compressed: the same with abstractions of the library, as it was found.
        examples: inputs with the outputs of the program, where it has one.
        behaviour: content hash of what it computes on the probes of its type: equal for equal functions.
        nats: description length of `compressed` under the weights of the generation that dreamt it.
    """

    request: DreamRequest
    program: Term
    compressed: Term
    examples: tuple[tuple[Inputs, Value], ...]
    behaviour: str
    nats: float

    @property
    def size(self) -> int:
        """AST nodes of the body in the base language."""
        return strip_lambdas(self.program, len(self.request.type.parameters))[1].size

    @property
    def order(self) -> tuple[int, float, str]:
        """Of dreams of equal behaviour the least of these is kept: the shortest program."""
        return (self.size, self.nats, to_sexpr(self.program))


class Dreamer:
    """Makes dreams of the terms of one request.

    Attributes:
        request: what is dreamt for.
    """

    def __init__(
        self, request: DreamRequest, domain: Domain, inputs: Sequence[Inputs], probes: Sequence[Inputs], costs: Costs
    ) -> None:
        """Prepare for terms of a request.

        Args:
            request: type and constants.
            domain: what the operators mean.
            inputs: those of the examples; inputs of the request.
            probes: inputs that programs of this type are told apart by.
            costs: what description lengths are measured with.
        """
        self.request, self._costs = request, costs
        self._inputs, self._probes = tuple(inputs), tuple(probes)
        self._on_inputs = Evaluation(domain, self._inputs, LIMITS)
        self._on_probes = Evaluation(domain, self._probes, LIMITS)

    def dream(self, body: Term) -> Dream | None:
        """A dream of an open term over the parameters, or None if it is not worth one.

        Constants, projections of an argument, programs that ignore an argument, and those that are ⊥ on more than a
        quarter of the inputs (`LEAST_DEFINED`) teach nothing.
        """
        parameters = len(self.request.type.parameters)
        if len(free_variables(body)) < parameters:
            return None
        compressed = abstract(body, parameters)
        program = without_abstractions(compressed)
        base = strip_lambdas(program, parameters)[1]
        column, probed = _cells(self._on_inputs, base), _cells(self._on_probes, base)
        if column is None or probed is None:
            return None
        if not (is_telling(self._inputs, column) and is_telling(self._probes, probed)):
            return None
        behaviour = content_hash(str(self.request.type), *(repr(typed_key(cell)) for cell in probed))
        pairs = zip(self._inputs, column, strict=True)
        examples = tuple((given, cell) for given, cell in pairs if not isinstance(cell, Bottom))
        return Dream(self.request, program, compressed, examples, behaviour, self._costs.nats(compressed))


def _cells(evaluation: Evaluation, term: Term) -> list[Value | Bottom] | None:
    """The values of a term, or None if a limit was met."""
    cells = evaluation.column(term)
    computed = [cell for cell in cells if not isinstance(cell, Exhausted)]
    return computed if len(computed) == len(cells) else None


def is_varied(column: Sequence[Value | Bottom]) -> bool:
    """Whether values are mostly there, and not all the same."""
    defined = [cell for cell in column if cell is not BOTTOM]
    return len(defined) >= max(1.0, LEAST_DEFINED * len(column)) and any(cell != defined[0] for cell in defined)


def is_telling(inputs: Sequence[Inputs], column: Sequence[Value | Bottom]) -> bool:
    """Whether values say more than a constant or one of the arguments would, and are mostly there."""
    return is_varied(column) and not any(
        all(cell is BOTTOM or (type(cell) is type(given) and cell == given) for cell, given in pairs)
        for pairs in (list(zip(column, values, strict=True)) for values in zip(*inputs, strict=True))
    )


class Dreams:
    """Dreams of distinct behaviours, in the order in which these were first dreamt."""

    def __init__(self, dreams: Iterable[Dream] = ()) -> None:
        """Start with some dreams."""
        self._kept: dict[str, Dream] = {}
        self.add(dreams)

    def add(self, dreams: Iterable[Dream]) -> None:
        """Add dreams; of two that behave alike the shorter one stays."""
        for dream in dreams:
            known = self._kept.get(dream.behaviour)
            if known is None or dream.order < known.order:
                self._kept[dream.behaviour] = dream

    def __len__(self) -> int:
        """Number of behaviours."""
        return len(self._kept)

    def __iter__(self) -> Iterator[Dream]:
        """The dreams."""
        return iter(self._kept.values())

    def first(self, count: int) -> Dreams:
        """At most `count` of them, those that came first."""
        return Dreams(itertools.islice(self, count))

    def counts(self) -> dict[tuple[Type, int], int]:
        """Number of dreams by type and size, both in ascending order."""
        found: dict[tuple[Type, int], int] = {}
        for dream in self:
            key = (dream.request.type, dream.size)
            found[key] = found.get(key, 0) + 1
        return dict(sorted(found.items(), key=lambda item: (str(item[0][0]), item[0][1])))


def observe_dreams(dreams: Iterable[Dream], domain: Domain, abstractions: Sequence[Operator] = ()) -> list[Observed]:
    """The dreams as programs to be counted, in the language with a library.

    Args:
        dreams: what was dreamt.
        domain: whose language.
        abstractions: the library in whose terms the dreams are counted, if it is that which they were dreamt with;
            without one their base programs are.
    """
    grammars: dict[tuple[Type, tuple[Literal, ...]], Grammar] = {}
    observed = []
    for dream in dreams:
        request = dream.request
        key = (request.type, request.constants)
        if key not in grammars:
            grammars[key] = request.grammar(domain, abstractions)
        program = dream.compressed if abstractions else dream.program
        observed.append(Observed(grammars[key], [WeightedProgram(program)]))
    return observed
