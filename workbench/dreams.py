"""Looking at dreams: what a domain dreams of, or what a shard of a run holds, as rows that a person can read."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsl.domain import load_domain
from dsl.errors import ReverieError
from dsl.printing import to_python, to_sexpr
from dsl.values import value_text
from wake_sleep.generation import UNTRAINED
from wake_sleep.sleep.dreaming import dream
from wake_sleep.sleep.dreams import Dream
from wake_sleep.sleep.requests import requests_of
from wake_sleep.sleep.shards import Shard, pack, read_shard, write_shard

EXAMPLES = 3
"""Examples of a dream that are shown."""


@dataclass(frozen=True)
class DreamRow:
    """A dream in a list of dreams.

    Attributes:
        program: readable Python.
        type: of the program.
        size: AST nodes of the body in the base language.
        nats: description length under the weights of the generation that dreamt it.
        examples: a few calls with their results.
        term: the program as an s-expression.
    """

    program: str
    type: str
    size: int
    nats: float
    examples: tuple[str, ...]
    term: str


def dream_of(domain: str, count: int, seed: int) -> Shard:
    """Dreams of a domain that nothing was learned for, on the inputs of its own training tasks.

    Raises:
        ReverieError: if the domain has no training tasks with inputs.
    """
    language = load_domain(domain)
    requests = requests_of(task for task in language.tasks if task.split != "test")
    if not requests:
        raise ReverieError(f"domain {domain} has no training tasks with inputs to dream about")
    return pack(dream(language, requests, count, seed=seed), domain, UNTRAINED.name)


def shard_of(path: Path) -> Shard:
    """The dreams in a file.

    Raises:
        ReverieError: if it cannot be read, or is no shard.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ReverieError(f"cannot read {path}: {error.strerror}") from error
    return read_shard(content)


def write_shard_to(path: Path, shard: Shard) -> None:
    """Write a shard to a file, all of it or nothing.

    Raises:
        ReverieError: if the file cannot be written.
    """
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_bytes(write_shard(shard))
        partial.replace(path)
    except OSError as error:
        raise ReverieError(f"cannot write {path}: {error.strerror}") from error


def dream_rows(shard: Shard, count: int, seed: int) -> Iterator[DreamRow]:
    """Rows of `count` dreams, drawn by the seed, from small to large; of all, if there are no more."""
    drawn: Sequence[int] = range(len(shard))
    if count < len(shard):
        drawn = random.Random(seed).sample(drawn, count)
    for number in sorted(drawn, key=lambda n: (int(shard.sizes[n]), n)):
        yield _row(shard.dream(number))


def count_rows(shard: Shard) -> Iterator[dict[str, object]]:
    """How many dreams there are, by type and size."""
    for (type_, size), count in shard.counts().items():
        yield {"type": str(type_), "size": size, "dreams": count}


def _row(dream: Dream) -> DreamRow:
    type_ = dream.request.type
    names = [f"x{i}" for i in range(len(type_.parameters))] if len(type_.parameters) > 1 else ["x"]
    examples = []
    for inputs, output in dream.examples[:EXAMPLES]:
        given = ", ".join(value_text(value, t) for value, t in zip(inputs, type_.parameters, strict=True))
        examples.append(f"{given} → {value_text(output, type_.result)}")
    return DreamRow(
        program=to_python(dream.compressed, names),
        type=str(type_),
        size=dream.size,
        nats=round(dream.nats, 2),
        examples=tuple(examples),
        term=to_sexpr(dream.program),
    )
