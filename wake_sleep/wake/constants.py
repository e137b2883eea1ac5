"""Literals that the examples suggest.

A grammar with ``(Constant String)`` has every literal, which no enumeration can go through; the language of a domain
has a few. A constant of a string program is nearly always text that outputs share and inputs do not have, or a mark
that inputs share.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from dsl.grammar import Grammar
from dsl.terms import Literal
from dsl.types import BOOL, INT, STRING, Type
from dsl.values import Value
from wake_sleep.wake.search import Case

_MOST_TEXTS: Final = 24
_MOST_OUTPUT_TEXTS: Final = 6
_LONGEST_MARK: Final = 3
_LONGEST_TEXT: Final = 24


def slot_literals(grammar: Grammar, cases: Sequence[Case]) -> dict[Type, tuple[Literal, ...]]:
    """Literals worth trying at the constant slots of a grammar, by type; the likeliest first."""
    slots = {
        n.type: None
        for n in grammar.reachable()
        for production in grammar.productions(n)
        if production.is_constant_slot
    }
    return {type_: tuple(Literal(value, type_) for value in _values(type_, cases)) for type_ in slots}


def texts_of_outputs(cases: Sequence[Case]) -> tuple[Literal, ...]:
    """Texts that outputs have and the inputs of their cases lack, whatever the case of letters; the commonest first.

    A language without constant slots has to be given them as constants.
    """
    strange: list[str] = []
    for given, output in cases:
        if isinstance(output, str):
            inputs = _strings(given)
            folded = [text.swapcase() for text in inputs]
            strange += dict.fromkeys((*_unexplained(output, inputs), *_unexplained(output, [*inputs, *folded])))
    return tuple(Literal(text, STRING) for text in _shared(strange, len(cases))[:_MOST_OUTPUT_TEXTS])


def _values(type_: Type, cases: Sequence[Case]) -> list[Value]:
    if type_ is BOOL:
        return [False, True]
    if type_ is STRING:
        return list(_texts(cases))
    if type_ is INT:
        outputs = [output for _, output in cases if type(output) is int]
        shared = outputs if len(set(outputs)) <= max(1, len(outputs) // 3) else []
        return list(dict.fromkeys([0, 1, -1, 2, 3, 4, *shared]))
    if type_.name == "bv":
        ones = (1 << type_.width) - 1
        return list(dict.fromkeys([0, 1, ones, 2 % (ones + 1), (ones >> 1) + 1]))
    return []


def _texts(cases: Sequence[Case]) -> list[str]:
    """Strings that outputs or inputs share."""
    outputs = [output for _, output in cases if isinstance(output, str)]
    inputs = [_strings(given) for given, _ in cases]
    found: dict[str, None] = {"": None, " ": None}
    if outputs:
        found.update(dict.fromkeys(_common(outputs, inputs)))
        strange = [
            run for given, (_, output) in zip(inputs, cases, strict=True) for run in _unexplained(str(output), given)
        ]
        found.update(dict.fromkeys(_shared(strange, len(cases))))
    columns = list(zip(*inputs, strict=True)) if inputs and len({len(row) for row in inputs}) == 1 else []
    for column in columns:
        marks = [mark for text in column for mark in _marks(text)]
        found.update(dict.fromkeys(_shared(marks, len(cases))))
    return list(found)[:_MOST_TEXTS]


def _strings(values: Sequence[Value]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def _common(outputs: Sequence[str], inputs: Sequence[Sequence[str]]) -> list[str]:
    """The longest texts that all outputs have, unless all inputs have them too; the longest first."""
    shortest, *others = sorted(outputs, key=len)
    found: list[str] = []
    for length in range(min(len(shortest), _LONGEST_TEXT), 0, -1):
        for start in range(len(shortest) - length + 1):
            text = shortest[start : start + length]
            if (
                not any(text in known for known in found)
                and all(text in output for output in others)
                and not all(any(text in given for given in texts) for texts in inputs)
            ):
                found.append(text)
    return found if len(set(outputs)) > 1 else [shortest]


def _unexplained(output: str, given: Sequence[str]) -> Iterable[str]:
    """The longest runs of an output that no input has."""
    run = ""
    for character in output:
        if any(character in text for text in given):
            if run:
                yield run
            run = ""
        else:
            run += character
    if run:
        yield run


def _marks(text: str) -> Iterable[str]:
    """The runs of a text that are neither letters nor digits, whole and by character."""
    run = ""
    found: dict[str, None] = {}
    for character in (*text, "a"):
        if character.isalnum():
            if run:
                found.update(dict.fromkeys((run[:_LONGEST_MARK], *run)))
            run = ""
        else:
            run += character
    return found


def _shared(texts: Iterable[str], cases: int) -> list[str]:
    """Texts that occur for at least two cases (one, if there is no more), the most frequent first."""
    count: dict[str, int] = {}
    for text in texts:
        count[text] = count.get(text, 0) + 1
    return sorted((t for t in count if count[t] >= min(2, cases)), key=lambda t: -count[t])
