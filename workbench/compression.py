"""Compression of corpora of programs that other systems wrote."""

from __future__ import annotations

import math
import resource
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from dsl.errors import ReverieError
from wake_sleep.sleep.abstraction.compression import (
    Compression,
    CompressionSettings,
    LibraryFunction,
    compress,
    thorough,
)
from wake_sleep.sleep.abstraction.corpus import read_corpora
from wake_sleep.sleep.abstraction.metrics import METRICS
from wake_sleep.sleep.abstraction.untyped import write_program
from workbench.compression_names import MetricName, Objective


@dataclass(frozen=True)
class FunctionRow:
    """One function of a library, as text.

    Attributes:
        name: its name.
        arity: the number of its parameters.
        body: its body, with ``#0``, ``#1``, … for the parameters.
        uses: how often it is applied, in programs and in other bodies.
        size: by the metric.
    """

    name: str
    arity: int
    body: str
    uses: int
    size: int


@dataclass(frozen=True)
class CorpusRow:
    """What compressing one corpus came to.

    Attributes:
        corpus: its name.
        metric: how size is counted.
        programs: number of programs.
        tasks: number of tasks.
        original: size of the corpus; of several programs of one task the smallest counts.
        rewritten: size of the corpus, rewritten.
        library: size of the library.
        ratio: original over rewritten and library together.
        abstractions: number of functions.
        cpu_seconds: CPU time, that of the miner's process included.
        functions: the library.
        rewritten_programs: all programs, rewritten.
        events: what went wrong with the miner.
    """

    corpus: str
    metric: str
    programs: int
    tasks: int
    original: int
    rewritten: int
    library: int
    ratio: float
    abstractions: int
    cpu_seconds: float
    functions: tuple[FunctionRow, ...]
    rewritten_programs: tuple[str, ...]
    events: tuple[str, ...]


FUNCTION_COLUMNS: Final = tuple(field.name for field in fields(FunctionRow))
"""The keys of a function."""
CORPUS_COLUMNS: Final = tuple(field.name for field in fields(CorpusRow))[:10]
"""The keys of a corpus that are shown in one line."""


class UntypedCorpus(ReverieError):
    """A corpus has no types where they are needed; compress it by size, or learn from tasks by `reverie train`."""


def compress_file(
    path: Path, objective: Objective, metric: MetricName, *, is_thorough: bool = False
) -> Iterator[CorpusRow]:
    """Compress every corpus of a file; each result comes as soon as it is there.

    Args:
        path: the file.
        objective: what is minimised.
        metric: how size is counted.
        is_thorough: whether to take several times as long and find somewhat more.

    Raises:
        CorpusError: if the file holds no corpus.
        UntypedCorpus: for the joint objective: programs in a file have no types.
    """
    corpora = read_corpora(path)
    if objective is Objective.JOINT:
        raise UntypedCorpus(
            f"{path}: --objective joint scores programs by a typed grammar, and these programs have no types;"
            " use --objective size"
        )
    counted = METRICS[metric]
    settings = thorough(counted) if is_thorough else CompressionSettings(metric=counted)
    for corpus in corpora:
        begin = cpu_seconds()
        found = compress(corpus, settings)
        yield corpus_row(found, cpu_seconds() - begin)


def corpus_row(found: Compression, seconds: float) -> CorpusRow:
    """A compression as a row."""
    functions = tuple(_function_row(function) for function in found.library)
    return CorpusRow(
        corpus=found.corpus.name,
        metric=found.metric.name,
        programs=len(found.corpus.programs),
        tasks=len(found.corpus.positions_by_task),
        original=found.original_cost,
        rewritten=found.corpus_cost,
        library=found.library_cost,
        ratio=round(found.ratio, 4),
        abstractions=len(functions),
        cpu_seconds=round(seconds, 2),
        functions=functions,
        rewritten_programs=tuple(write_program(program) for program in found.rewritten),
        events=found.events,
    )


def _function_row(function: LibraryFunction) -> FunctionRow:
    body = write_program(function.body, function.arity)
    return FunctionRow(function.abstraction.name, function.arity, body, function.uses, function.cost)


def geometric_mean(rows: Sequence[CorpusRow]) -> float:
    """The geometric mean of the ratios."""
    return math.exp(sum(math.log(row.ratio) for row in rows) / len(rows))


def cpu_seconds() -> float:
    """CPU time of this process and of its children that have ended."""
    times = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in times)
