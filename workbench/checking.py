"""What a specification file asks, without answering it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dsl.errors import SpecError
from dsl.printing import to_smt
from dsl.spec import Function, Problem, Spec, Task
from dsl.specfile import Corpus, read
from dsl.values import value_text

SHOWN = 3
"""Examples, assumptions and constraints that a report shows of each kind."""
LONGEST = 100
"""Characters of one line of a report."""


@dataclass(frozen=True)
class Unreadable:
    """Why a file cannot be read, and where in it.

    Attributes:
        message: what is wrong, in one sentence.
        line: 1-based line, or None if the whole file is meant.
        column: 1-based column, or None.
        text: the whole diagnostic for a person: the place, the line with a caret, what would be right.
    """

    message: str
    line: int | None
    column: int | None
    text: str


@dataclass(frozen=True)
class CheckReport:
    """What one specification asks, or why it cannot be read.

    Attributes:
        spec: the file; followed by ``#`` and the name of the task if the file holds several.
        dialect: how the file is written.
        logic: the logic that it states.
        classification: what kind of question it is, or ``corpus`` for programs that ask nothing.
        functions: the functions to find.
        domain: the domain whose primitives it speaks of, or None if no installed one fits.
        asks: what is wanted, one line each: examples, conditions, the parts of an invariant; the first few.
        counts: how many there are of examples, held-out examples, constraints and so on.
        problems: what its author should know.
        error: why the file cannot be read; everything else is then empty.
    """

    spec: str
    dialect: str | None = None
    logic: str | None = None
    classification: str | None = None
    functions: tuple[Function, ...] = ()
    domain: str | None = None
    asks: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    error: Unreadable | None = None


def check_file(path: Path, *, column: str | None = None, domain: str | None = None) -> list[CheckReport]:
    """Report on every specification in a file, or why the file cannot be read.

    Args:
        path: a file in any of the formats that specifications are written in.
        column: the column of a CSV table that is to be computed.
        domain: the domain of a file that names none.
    """
    try:
        content = read(path, column=column, domain=domain)
    except SpecError as error:
        return [_unreadable(path, error)]
    if isinstance(content, Corpus):
        return [_report_corpus(path, content)]
    several = len(content) > 1
    return [_report_task(f"{path}#{task.name}" if several else str(path), task) for task in content]


def _unreadable(path: Path, error: SpecError) -> CheckReport:
    return CheckReport(str(path), error=Unreadable(error.message, error.line, error.column, str(error)))


def _report_task(name: str, task: Task) -> CheckReport:
    spec = task.spec
    return CheckReport(
        spec=name,
        dialect=spec.dialect,
        logic=spec.logic,
        classification=spec.classification.value,
        functions=spec.functions,
        domain=spec.domain,
        asks=tuple(_asks(spec)),
        counts=_counts(spec, held_out=len(task.held_out.examples)),
        problems=spec.problems,
    )


def _report_corpus(path: Path, corpus: Corpus) -> CheckReport:
    counts = {"programs": len(corpus.programs)}
    return CheckReport(str(path), dialect="corpus", classification="corpus", counts=counts)


def _asks(spec: Spec) -> Iterator[str]:
    """The first examples and conditions, and an invariant, as a person would write them down."""
    for example in spec.examples[:SHOWN]:
        function = spec.function(example.function)
        typed = zip(example.inputs, (type_ for _, type_ in function.parameters), strict=True)
        inputs = ", ".join(value_text(value, type_) for value, type_ in typed)
        yield _shortened(f"{example.function}({inputs}) = {value_text(example.output, function.result)}")
    names = [name for name, _ in spec.variables]
    for assumption in spec.assumptions[:SHOWN]:
        yield _shortened(f"assuming {to_smt(assumption.term, names)}")
    for constraint in spec.constraints[:SHOWN]:
        yield _shortened(to_smt(constraint.term, names))
    if spec.invariant is not None:
        wanted, invariant = spec.invariant.function, spec.invariant
        yield f"{invariant.pre.name} implies {wanted}"
        yield f"{wanted} and {invariant.trans.name} imply {wanted} of the next state"
        yield f"{wanted} implies {invariant.post.name}"


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _counts(spec: Spec, held_out: int) -> dict[str, int]:
    return {
        "examples": len(spec.examples),
        "held_out": held_out,
        "constraints": len(spec.constraints),
        "assumptions": len(spec.assumptions),
        "variables": len(spec.variables),
        "macros": len(spec.macros),
    }
