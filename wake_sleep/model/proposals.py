"""What a search can use of proposals that do not fit: their closed parts, as cheap components."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dsl.terms import Lambda, Term, free_variables, occurrences, shift, strip_lambdas

MOST_COMPONENTS = 20
"""Components that are worth entering into a search."""


def components(programs: Iterable[Term], parameters: int, most: int = MOST_COMPONENTS) -> list[Term]:
    """Parts that many proposals have in common: open terms over the parameters, those of most programs first.

    The whole bodies are among them. Of parts that occur equally often the larger ones come first, then the earlier;
    leaves, functions and parts that use a variable bound above them are left out.

    Args:
        programs: closed, with a leading λ for each parameter; repetitions do not count.
        parameters: how many of these there are.
        most: how many parts are wanted.
    """
    found: dict[Term, int] = {}
    for program in dict.fromkeys(programs):
        _, body = strip_lambdas(program, parameters)
        for part in dict.fromkeys(_parts(body)):
            found[part] = found.get(part, 0) + 1
    return sorted(found, key=lambda part: (-found[part], -part.size))[:most]


def _parts(body: Term) -> Iterator[Term]:
    for part, level in occurrences(body):
        if part.size > 1 and not isinstance(part, Lambda) and all(i >= level for i in free_variables(part)):
            yield shift(part, -level)
