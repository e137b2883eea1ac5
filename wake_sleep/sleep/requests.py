"""What dreams are asked for: types of programs, with real inputs and constants, as training tasks have them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from dsl.domain import Domain
from dsl.grammar import Grammar
from dsl.languages import LanguageSettings
from dsl.spec import Task
from dsl.terms import Literal, Operator
from dsl.types import STRING, Type
from dsl.values import Value, typed_key
from wake_sleep.wake.constants import texts_of_outputs

_Item = TypeVar("_Item")

Inputs = tuple[Value, ...]
"""The arguments of one call."""

MOST_INPUTS: Final = 16
"""Inputs of a request."""
MOST_PROBES: Final = 24
"""Inputs that programs of one type are told apart by."""

WIDE: Final = LanguageSettings()
"""The language of tasks."""


@dataclass(frozen=True)
class DreamRequest:
    """What programs are dreamt of: those that could have been asked for in the place of a task.

    Attributes:
        type: of the programs, monomorphic.
        inputs: on which they are run; distinct.
        constants: literals that they may use beyond those of the domain.
    """

    type: Type
    inputs: tuple[Inputs, ...]
    constants: tuple[Literal, ...] = ()

    def grammar(
        self, domain: Domain, abstractions: Sequence[Operator] = (), settings: LanguageSettings = WIDE
    ) -> Grammar:
        """The language of the programs.

        Args:
            domain: whose language.
            abstractions: the library.
            settings: how far it is expanded; its constants and abstractions do not count.
        """
        wanted = dataclasses.replace(settings, constants=self.constants, abstractions=tuple(abstractions))
        return domain.grammar(self.type, wanted)


def requests_of(tasks: Iterable[Task]) -> tuple[DreamRequest, ...]:
    """The requests that stand behind tasks: types, inputs and constants of their functions.

    Held-out examples are not looked at. Functions without parameters or without examples make no request, since
    nothing would tell programs apart.
    """
    found: dict[DreamRequest, None] = {}
    for task in tasks:
        for function in task.spec.functions:
            examples = [e for e in task.spec.examples if e.function == function.name]
            if not examples or not function.parameters:
                continue
            constants = [c for c in task.spec.constants if isinstance(c, Literal)]
            if function.result is STRING:
                constants += texts_of_outputs([(e.inputs, e.output) for e in examples])
            inputs = _distinct(e.inputs for e in examples)[:MOST_INPUTS]
            found[DreamRequest(function.type, inputs, tuple(dict.fromkeys(constants)))] = None
    return tuple(found)


def probes_of(requests: Iterable[DreamRequest]) -> dict[Type, tuple[Inputs, ...]]:
    """For each type the fixed inputs that its programs are told apart by, drawn from all requests in turn."""
    by_type: dict[Type, list[tuple[Inputs, ...]]] = {}
    for request in requests:
        by_type.setdefault(request.type, []).append(request.inputs)
    probes = {}
    for type_, lists in by_type.items():
        longest = max(map(len, lists))
        turns = (inputs[turn] for turn in range(longest) for inputs in lists if turn < len(inputs))
        probes[type_] = spread(_distinct(turns), MOST_PROBES)
    return probes


def _distinct(inputs: Iterable[Inputs]) -> tuple[Inputs, ...]:
    return tuple({typed_key(given): given for given in inputs}.values())


def spread(items: Sequence[_Item], count: int) -> tuple[_Item, ...]:
    """At most `count` of the items, evenly from first to last."""
    if len(items) <= count:
        return tuple(items)
    return tuple(items[i * len(items) // count] for i in range(count))
