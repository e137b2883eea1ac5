"""What a library function gives for some arguments: examples that tell a person what it does."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dsl.domain import Domain
from dsl.errors import DomainError, GrammarError, LimitExceeded
from dsl.inference import has_instance
from dsl.printing import to_python
from dsl.terms import Application, Operator, Term, Variable, abstract
from dsl.types import BASE_TYPES, INT, Type, assign, type_variables
from dsl.values import Bottom, Value, typed_key, value_text

EXAMPLES = 3
"""Examples shown of each function."""
SAMPLES = 12
"""Arguments tried for examples."""
_LONGEST_VALUE = 40

_LETTERS: Mapping[str, str] = {
    "int": "nmkij",
    "bool": "pqr",
    "str": "stuvw",
    "char": "cde",
    "real": "abxyz",
    "bv": "abcde",
}


def parameter_names(type_: Type) -> tuple[str, ...]:
    """Names for the parameters of a function by custom: ``xs`` for a list, ``n`` for a number, ``f`` for a function."""
    given: list[str] = []
    for parameter in type_.parameters:
        letters, plural = ("fgh", "") if parameter.is_function else _letters(parameter)
        candidates = (f"{letter}{plural}{number or ''}" for number in itertools.count() for letter in letters)
        given.append(next(name for name in candidates if name not in given))
    return tuple(given)


def _letters(type_: Type) -> tuple[str, str]:
    plural = ""
    while type_.name == "list":
        type_, plural = type_.arguments[0], f"{plural}s"
    return ("xyzuvw" if plural else _LETTERS.get(type_.name, "xyzuvw"), plural)


@dataclass(frozen=True)
class _Argument:
    """An argument of an example: a value, or a closed λ-term if it is a function; and its text."""

    given: Value | Term
    text: str


def examples_of(domain: Domain, operator: Operator, count: int = EXAMPLES) -> tuple[str, ...]:
    """What a function gives for some arguments, such as the tasks of its domain are about.

    Args:
        domain: gives the operators their meanings.
        operator: a function with a definition.
        count: examples wanted; fewer if little can be said.

    Returns:
        texts such as ``double([3, 1]) = [6, 2]``, those of different results before others, undefined ones last.
    """
    type_ = _monomorphic(operator.type, domain)
    columns = [_arguments(domain, parameter) for parameter in type_.parameters]
    if not all(columns):
        return ()
    defined: dict[str, str] = {}
    undefined: list[str] = []
    for row in range(max(map(len, columns))):
        # Shifted by one in each column, so that equal types do not get equal arguments.
        chosen = [column[(row + place) % len(column)] for place, column in enumerate(columns)]
        values = [argument.given for argument in chosen if not isinstance(argument.given, Term)]
        try:
            found = domain.evaluate(_applied(operator, chosen), *values)
        except LimitExceeded:
            continue
        text = f"{operator.name}({', '.join(argument.text for argument in chosen)}) = "
        if isinstance(found, Bottom):
            undefined.append(f"{text}undefined")
        else:
            result = value_text(found, type_.result)
            defined.setdefault(result, text + result)
    return tuple([*defined.values(), *undefined][:count])


def _monomorphic(type_: Type, domain: Domain) -> Type:
    """An instance of a type scheme at the first base type of which the tasks of the domain have inputs."""
    inputs = [t for task in domain.tasks for f in task.spec.functions for _, p in f.parameters for t in _parts(p)]
    base = next((t for t in BASE_TYPES if t in inputs), INT)
    return assign(type_, dict.fromkeys(type_variables(type_), base))


def _parts(type_: Type) -> Iterator[Type]:
    yield type_
    for argument in type_.arguments:
        yield from _parts(argument)


def _arguments(domain: Domain, type_: Type) -> list[_Argument]:
    if type_.is_function:
        return [_Argument(term, to_python(term)) for term in _functions(domain, type_)]
    return [_Argument(value, value_text(value, type_)) for value in sample_values(domain, type_)]


def sample_values(domain: Domain, type_: Type, count: int = SAMPLES) -> list[Value]:
    """Values of a type from the inputs of the domain's tasks; else the smallest that its language can make.

    Whole inputs come before elements of lists.
    """
    found: dict[object, Value] = {}
    inside: dict[object, Value] = {}
    for task in domain.tasks:
        for example in task.spec.examples[:1]:
            parameters = task.spec.function(example.function).parameters
            for given, (_, parameter) in zip(example.inputs, parameters, strict=True):
                for value, own in _values_in(given, parameter):
                    if own is type_ and len(value_text(value, type_)) <= _LONGEST_VALUE:
                        (found if value is given else inside).setdefault(typed_key(value), value)
    found = {**found, **{key: value for key, value in inside.items() if key not in found}}
    if found:
        known = list(found.values())
        # Spread over all of them; what is empty or zero tells little and comes last.
        return sorted(known[:: max(1, len(known) // count)][:count], key=lambda value: not value)
    grammar = domain.grammar(type_)
    try:
        made = domain.evaluate(grammar.program(grammar.smallest(grammar.start)))
    except (GrammarError, DomainError):
        return []
    return [] if isinstance(made, Bottom) else [made]


def _values_in(value: Value, type_: Type) -> Iterator[tuple[Value, Type]]:
    """A value and all that it is made of, with their types."""
    yield value, type_
    if isinstance(value, tuple):
        for element in value:
            yield from _values_in(element, type_.arguments[0])


def _functions(domain: Domain, type_: Type) -> list[Term]:
    """Functions of a type as closed λ-terms: primitives, or the smallest that the language has."""
    count = len(type_.parameters)
    variables = tuple(Variable(i) for i in reversed(range(count)))
    found = [
        abstract(Application(p.operator, variables), count)
        for p in domain.primitives
        if p.searchable and p.arity == count and not p.is_width_dependent and has_instance(p.type, type_)
    ]
    if found:
        return found[:2]
    grammar = domain.grammar(type_)
    try:
        return [grammar.program(grammar.smallest(grammar.start))]
    except GrammarError:
        return []


def _applied(operator: Operator, chosen: Sequence[_Argument]) -> Term:
    """The operator over its function arguments, with λs for the other ones."""
    count = left = sum(not isinstance(argument.given, Term) for argument in chosen)
    arguments: list[Term] = []
    for argument in chosen:
        if isinstance(argument.given, Term):
            arguments.append(argument.given)
        else:
            left -= 1
            arguments.append(Variable(left))
    return abstract(Application(operator, tuple(arguments)), count)
