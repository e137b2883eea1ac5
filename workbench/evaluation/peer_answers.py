"""Answers of peers: what a SyGuS solver wrote, read back by our own reader, so that sizes are counted as ours are."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from dsl.errors import ReverieError, SpecError
from dsl.sexpr import Document, SList
from dsl.source import Source
from dsl.spec import Function, Macro, Spec
from dsl.sygus.printing import print_sygus
from dsl.sygus.reader import read_sygus
from dsl.terms import FUNCTION, Term, operators, strip_lambdas
from dsl.types import BOOL
from wake_sleep.wake.outcome import Status
from workbench.evaluation.peer_process import shown

GIVEN_UP: Final = ("fail", "unknown")
"""What a solver answers that found nothing."""


@dataclass(frozen=True)
class PeerAnswer:
    """What a peer answered.

    Attributes:
        status: ``solved``, ``infeasible``, ``unknown``, or ``error`` for what is no answer.
        text: the ``define-fun``s as the peer wrote them, or None.
        programs: the same as terms; empty if they cannot be read.
        size: AST nodes of all bodies together, or None if they cannot be read.
        reason: why there is no answer, or why it cannot be read.
    """

    status: Status
    text: str | None = None
    programs: Mapping[str, Term] = field(default_factory=dict)
    size: int | None = None
    reason: str = ""


def read_answer(text: str, spec: Spec | None) -> PeerAnswer:
    """What an answer says.

    Args:
        text: a parenthesised list of ``define-fun``, ``infeasible``, ``fail`` or ``unknown``.
        spec: what was asked, or None if it could not be read.
    """
    word = text.strip()
    if word == "infeasible":
        return PeerAnswer(Status.INFEASIBLE, reason="it answers `infeasible`")
    if word in GIVEN_UP:
        return PeerAnswer(Status.UNKNOWN, reason=f"it answers `{word}`")
    definitions = _definitions(text)
    if not definitions:
        return PeerAnswer(Status.ERROR, reason=f"this is no answer: {shown(text)}")
    answer = PeerAnswer(Status.SOLVED, "\n".join(definitions))
    try:
        programs = _programs(definitions, spec)
    except ReverieError as error:
        message = error.message if isinstance(error, SpecError) else str(error)
        return dataclasses.replace(answer, reason=f"its answer cannot be read: {shown(message)}")
    size = sum(strip_lambdas(program, len(f.parameters))[1].size for f, program in programs)
    return dataclasses.replace(answer, programs={f.name: program for f, program in programs}, size=size)


def _definitions(text: str) -> list[str]:
    """The ``define-fun``s of a parenthesised list, as they are written; none if it is anything else."""
    try:
        forms = Document(Source(text)).forms
    except SpecError:
        return []
    if len(forms) != 1 or not isinstance(forms[0], SList):
        return []
    starts = [form.start for form in forms[0] if isinstance(form, SList) and form[:1] == ["define-fun"]]
    if not starts or len(starts) != len(forms[0]):
        return []
    ends = [*starts[1:], text.rindex(")")]
    return [text[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def _programs(definitions: Sequence[str], spec: Spec | None) -> list[tuple[Function, Term]]:
    """Each function of a spec with the program that a definition of its name and signature gives.

    Raises:
        ReverieError: if the definitions cannot be read, or a function has none.
    """
    if spec is None or spec.domain is None:
        raise SpecError("what was asked is not known")
    read = read_sygus(Source(_file_with(definitions, spec)), spec.domain)
    found = {macro.operator.name: macro.operator for macro in read.macros}
    programs = []
    for function in spec.functions:
        operator = found.get(function.name)
        if operator is None or operator.definition is None or operator.type != function.type:
            raise SpecError(f"it does not define {function.signature}")
        programs.append((function, operator.definition))
    return programs


def _file_with(definitions: Sequence[str], spec: Spec) -> str:
    """A file that defines what the file of the spec does, then the answer, and asks for something else."""
    macros = tuple(macro for macro in spec.macros if _may_be_called(macro))
    taken = {function.name for function in spec.functions} | {macro.operator.name for macro in macros}
    name = "else"
    while name in taken:
        name += "_"
    frame = print_sygus(Spec((Function(name, (), BOOL),), spec.domain, macros=macros, logic=spec.logic))
    before, _, after = frame.rpartition("(check-synth)")
    return "\n".join([before, *definitions, f"(check-synth){after}"])


def _may_be_called(macro: Macro) -> bool:
    """Whether a program may call a macro, which calls no function to be synthesized."""
    assert macro.operator.definition is not None
    return all(o.kind != FUNCTION for o in operators(macro.operator.definition, into_definitions=True))
