"""Questions that tell programs apart: an input on which two of them disagree that both fit all examples.

Inputs are made of the given ones by small changes, always the same ones in the same order, so that a question is about
something that a person recognises. A *guess* is an example that nobody gave: the input is changed and the output in the
same way. Where the present program does something else, a search for one that fits the guess too finds it a rival.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dsl.domain import Domain
from dsl.errors import LimitExceeded
from dsl.spec import Example, Function
from dsl.terms import Term
from dsl.types import BOOL, CHAR, INT, REAL, STRING, Type
from dsl.values import Bottom, Value, has_type, typed_key

MOST_INPUTS: Final = 500
"""Changed inputs that programs are compared on."""
_WORD: Final = re.compile(r"\w+")

Inputs = tuple[Value, ...]


@dataclass(frozen=True)
class Question:
    """Which output is right?

    Attributes:
        function: name of the function.
        inputs: an input that no example has.
        outputs: what programs that fit all examples make of it, no two the same; that of the present one is the first.
        programs: a program for each output.
    """

    function: str
    inputs: Inputs
    outputs: tuple[Value, ...]
    programs: tuple[Term, ...]


def disagreement(
    function: Function, examples: Sequence[Example], domain: Domain, programs: Sequence[Term]
) -> Question | None:
    """The first changed input on which a program disagrees with the first one, or None.

    Args:
        function: what the programs compute.
        examples: examples of the function, which all programs fit.
        domain: what the operators mean.
        programs: closed programs, the present one first.
    """
    if len(programs) < 2:
        return None
    for inputs in changed_inputs(function, examples):
        outputs = [output_of(domain, program, inputs) for program in programs]
        if outputs[0] is None:
            continue
        found = {typed_key(o): (o, p) for o, p in reversed(list(zip(outputs, programs, strict=True))) if o is not None}
        first = typed_key(outputs[0])
        if len(found) > 1:
            rest = [pair for key, pair in reversed(found.items()) if key != first]
            answers = (found[first], *rest)
            return Question(function.name, inputs, tuple(o for o, _ in answers), tuple(p for _, p in answers))
    return None


def output_of(domain: Domain, program: Term, inputs: Inputs) -> Value | None:
    """What a program computes, or None if it is undefined or takes more than the default limits."""
    try:
        output: Value | Bottom = domain.evaluate(program, *inputs)
    except LimitExceeded:
        return None
    return None if isinstance(output, Bottom) else output


def changed_inputs(function: Function, examples: Sequence[Example]) -> Iterator[Inputs]:
    """Inputs that are not among those of the examples: those that differ least come first."""
    types = [type_ for _, type_ in function.parameters]
    seen = {typed_key(example.inputs) for example in examples}
    streams = [_changes_of_one(example.inputs, types) for example in examples]
    turns = (inputs for turn in itertools.zip_longest(*streams) for inputs in turn if inputs is not None)
    for inputs in itertools.islice(turns, MOST_INPUTS):
        key = typed_key(inputs)
        if key not in seen:
            seen.add(key)
            yield inputs


def _changes_of_one(inputs: Inputs, types: Sequence[Type]) -> Iterator[Inputs]:
    """The inputs with one of them changed."""
    streams = [_changes_at(inputs, position, type_) for position, type_ in enumerate(types)]
    for turn in itertools.zip_longest(*streams):
        yield from (changed for changed in turn if changed is not None)


def _changes_at(inputs: Inputs, position: int, type_: Type) -> Iterator[Inputs]:
    for changed in changes(inputs[position], type_):
        yield (*inputs[:position], changed, *inputs[position + 1 :])


def changes(value: Value, type_: Type) -> Iterator[Value]:
    """Values of a type that differ a little from a value of it; small changes come first, some may be equal to it."""
    if isinstance(value, tuple):
        yield from _changed_lists(value, type_.arguments[0])
    elif type_ is STRING:
        yield from _changed_texts(str(value))
    elif type_ is BOOL:
        yield not value
    elif type_ is CHAR:
        yield _next_letter(str(value))
    else:
        yield from _changed_numbers(value, type_)


def _changed_numbers(value: Value, type_: Type) -> Iterator[Value]:
    assert isinstance(value, int | float)
    for number in (value + 1, value - 1, value * 2, value + 10, -value, value * 0):
        if type_ is INT or type_ is REAL:
            yield number
        elif type_.name == "bv":
            yield int(number) % (1 << type_.width)


def _changed_lists(value: tuple[Value, ...], element: Type) -> Iterator[Value]:
    for i, item in enumerate(value):
        yield from ((*value[:i], changed, *value[i + 1 :]) for changed in itertools.islice(changes(item, element), 2))
    if value:
        yield value[1:]
        yield value[:-1]
        yield value + value[:1]
        yield from ((*value, changed) for changed in itertools.islice(changes(value[0], element), 2))
        yield value[::-1]
        yield from (value[:i] + value[i + 1 :] for i in range(1, len(value) - 1))
        yield value + value
    yield ()


def _changed_texts(text: str) -> Iterator[Value]:
    words = list(_WORD.finditer(text))
    for change in (_longer, _shorter, _renamed):
        yield from (_with(text, word, change(word[0])) for word in words)
    for word in words:
        yield (text[: word.start()].rstrip() + text[word.end() :]).strip()
        yield _with(text, word, f"{word[0]} {word[0]}")
        yield _with(text, word, word[0].swapcase())
    yield text[1:]
    yield text[:-1]
    yield text + text
    yield text[::-1]
    yield ""


def _with(text: str, word: re.Match[str], replacement: str) -> str:
    return text[: word.start()] + replacement + text[word.end() :]


def _longer(word: str) -> str:
    """With its last letter twice."""
    return word + word[-1]


def _shorter(word: str) -> str:
    """Without its last letter; one letter stays as it is."""
    return word[:-1] if len(word) > 1 else word


def _renamed(word: str) -> str:
    """With another first letter."""
    return _next_letter(word[0]) + word[1:]


def _next_letter(letter: str) -> str:
    """The next letter or digit, the first one behind the last one; other characters stay as they are."""
    for first, last in ("az", "AZ", "09"):
        if first <= letter <= last:
            return first if letter == last else chr(ord(letter) + 1)
    return letter


def guesses(function: Function, examples: Sequence[Example]) -> Iterator[Example]:
    """Examples that would be right if the same change of an input always changed the output in the same way."""
    given = {typed_key(example.inputs) for example in examples}
    guessed: set[object] = set()
    for example in examples:
        for inputs, output in _alike(example):
            fits = has_type(output, function.result) and all(
                has_type(value, type_) for value, (_, type_) in zip(inputs, function.parameters, strict=True)
            )
            key = typed_key((inputs, output))
            if fits and typed_key(inputs) not in given and key not in guessed:
                guessed.add(key)
                yield Example(example.function, inputs, output)


def _alike(example: Example) -> Iterator[tuple[Inputs, Value]]:
    """The example with something that occurs in it replaced throughout."""
    texts = _parts(example.inputs, str)
    words = dict.fromkeys(word for text in texts for word in _WORD.findall(text))
    for change in (_longer, _shorter):
        for word in words:
            yield from _replaced(example, word, change(word))
    for word in words:
        if sum(text.count(word[0]) for text in texts) == 1:
            yield from _replaced(example, word[0], _next_letter(word[0]))
    yield from _by_number(example)
    numbers = _parts(example.inputs, int)
    wanted = _parts((example.output,), int)
    fresh = max([*numbers, 0]) + 2
    for number in dict.fromkeys(numbers):
        if number in wanted:
            yield from _replaced(example, number, fresh)


def _by_number(example: Example) -> Iterator[tuple[Inputs, Value]]:
    """For one number that a number is made of: what the same difference, ratio, power or no change would make."""
    if len(example.inputs) != 1 or type(example.inputs[0]) is not int or type(example.output) is not int:
        return
    given, made = example.inputs[0], example.output
    other = given + 1
    yield (other,), made + 1
    if given and made % given == 0:
        yield (other,), made // given * other
    if made == given * given:
        yield (other,), other * other
    yield (other,), made


def _replaced(example: Example, old: Any, new: Any) -> Iterator[tuple[Inputs, Value]]:
    """The example with a part of its texts, or a number, replaced, if that changes its inputs."""
    inputs = tuple(_everywhere(value, old, new) for value in example.inputs)
    if typed_key(inputs) != typed_key(example.inputs):
        yield inputs, _everywhere(example.output, old, new)


def _everywhere(value: Value, old: Any, new: Any) -> Value:
    if isinstance(value, tuple):
        return tuple(_everywhere(item, old, new) for item in value)
    if isinstance(value, str) and isinstance(old, str):
        return value.replace(old, new)
    return new if type(value) is type(old) and value == old else value


def _parts(values: Iterable[Value], kind: type) -> list[Any]:
    """The values of a Python type in values, at any depth."""
    found: list[Any] = []
    for value in values:
        if isinstance(value, tuple):
            found += _parts(value, kind)
        elif type(value) is kind:
            found.append(value)
    return found
