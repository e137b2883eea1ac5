"""Whether an answer fulfils the conditions of a file for all values: two solvers are asked, by texts of SMT-LIB.

The text is made from the file and the answer by the checker's own reading of them. It asks for values at which the
conditions do not hold, so an answer is right if there are none.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.checker.smt_terms import Translator, Typed, constants
from tests.checker.sygus_files import Function, Invariant, Problem
from tests.checker.syntax import BOOL, Malformed, SExpr, Unsupported, show, width_of

SECONDS = 10.0
"""Time for each solver."""
GRACE = 5.0
"""Further seconds, to start and to read the text, before a solver is ended."""
SOLVERS = ("z3", "cvc5")
_PROGRAM = Path(__file__).with_name("ask_solver.py")
_SHOWN = 12
"""Most values of a counterexample that are told."""
_PREFIXES = {"d": "", "now": "", "then": "!"}
"""Prefixes of declared variables and of two states, and what stands behind their names when they are told."""


@dataclass(frozen=True)
class Reply:
    """What one solver says.

    Attributes:
        status: ``unsat``, ``sat``, ``unknown`` or ``unsupported``.
        reason: why it knows no more.
        values: the values at which the conditions do not hold.
    """

    status: str
    reason: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Proof:
    """What the solvers say together.

    Attributes:
        by: the solvers that confirm that the conditions hold.
        wrong: where they do not hold, or None.
        reason: what solvers say that do not confirm it.
    """

    by: tuple[str, ...]
    wrong: str | None
    reason: str


def prove(problem: Problem, answers: Mapping[str, Function], seconds: float = SECONDS) -> Proof:
    """Ask all solvers whether the answers fulfil the conditions of a file.

    Args:
        problem: the file.
        answers: the functions of the answer.
        seconds: time for each solver.
    """
    try:
        script = script_of(problem, answers)
    except (Malformed, Unsupported) as error:
        return Proof((), None, str(error))
    return together({solver: ask(solver, script, seconds) for solver in SOLVERS})


def together(replies: Mapping[str, Reply]) -> Proof:
    """What solvers say together: one that finds a counterexample is believed, whatever the others say."""
    by = tuple(solver for solver, reply in replies.items() if reply.status == "unsat")
    refuted = [f"{solver}: {_told(reply.values)}" for solver, reply in replies.items() if reply.status == "sat"]
    wrong = f"the conditions do not hold ({'; '.join(refuted)})" if refuted else None
    silent = [
        f"{solver}: {' '.join([reply.status, *reply.reason.split()])[:200]}"
        for solver, reply in replies.items()
        if reply.status not in ("sat", "unsat")
    ]
    return Proof(by, wrong, "; ".join(silent))


def _told(values: Mapping[str, str]) -> str:
    """The values of the variables, as a person reads them."""
    told = []
    for name, value in sorted(values.items()):
        prefix, _, rest = name.strip("|").partition(".")
        if prefix in _PREFIXES:
            told.append(f"{rest}{_PREFIXES[prefix]} = {value}")
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return (", ".join(told[:_SHOWN]) + more) or "at any values"


def ask(solver: str, script: str, seconds: float) -> Reply:
    """Ask one solver, in a process of its own."""
    command = [sys.executable, "-P", str(_PROGRAM), solver, str(seconds)]
    limit = seconds + GRACE
    try:
        done = subprocess.run(command, input=script, capture_output=True, encoding="utf-8", timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return Reply("unknown", "out of time")
    if done.returncode != 0 or not done.stdout:
        return Reply("unknown", f"it ended with code {done.returncode}")
    return Reply(**json.loads(done.stdout))


def script_of(problem: Problem, answers: Mapping[str, Function]) -> str:
    """The text that asks for values at which the conditions of a file do not hold.

    Raises:
        Malformed: if a condition cannot be read.
        Unsupported: if solvers do not know some of it.
    """
    if problem.unsupported:
        raise Unsupported(f"{problem.unsupported[0]} is not checked")
    return _Script(problem, answers).text()


class _Script:
    def __init__(self, problem: Problem, answers: Mapping[str, Function]) -> None:
        self.problem, self.answers = problem, answers
        self.translator = Translator()
        self.variables = constants("d", problem.variables)
        self.states: list[Typed] = []

    def text(self) -> str:
        definitions = list(self.definitions())
        assumptions = [self.condition(assumption) for assumption in self.problem.assumptions]
        conditions = [self.condition(constraint) for constraint in self.problem.constraints]
        for invariant in self.problem.invariants:
            conditions += self.invariant(invariant)
        asserted: list[SExpr] = [*assumptions, ["not", ["and", "true", *conditions]]]
        lines = [
            f"(set-logic {self.logic()})",
            *self.declarations(),
            *definitions,
            *(show(["assert", condition]) for condition in asserted),
        ]
        return "\n".join(lines) + "\n"

    def declarations(self) -> Iterator[str]:
        """What occurs of the declared variables, and the states."""
        used = [variable for variable in self.variables.values() if show(variable[1]) in self.translator.used]
        return (show(["declare-const", constant, sort]) for sort, constant in (*used, *self.states))

    def logic(self) -> str:
        """Solvers are better at bit-vectors if they are told that there is nothing else."""
        sorts = self.translator.sorts.union(self.problem.variables.values()) - {BOOL}
        return "ALL" if any(width_of(sort) is None for sort in sorts) else "QF_BV"

    def definitions(self) -> Iterator[str]:
        """Macros that answers may call, the answers, and macros that call these."""
        late = self.problem.late_names()
        define, macros = self.translator.define, self.problem.macros
        yield from (define(name, macro, self.variables) for name, macro in macros.items() if name not in late)
        yield from (define(name, answer, {}) for name, answer in self.answers.items())
        yield from (define(name, macro, self.variables) for name, macro in macros.items() if name in late)

    def condition(self, node: SExpr) -> SExpr:
        return self.translator.term(node, self.variables, BOOL)

    def invariant(self, invariant: Invariant) -> list[SExpr]:
        """It holds at first, from each state to the next, and implies what is asked of every state."""
        now, after = self.state(invariant.name, "now"), self.state(invariant.name, "then")
        holds = self.predicate(invariant.name, now)
        step: SExpr = ["and", holds, self.predicate(invariant.trans, [*now, *after])]
        return [
            ["=>", self.predicate(invariant.pre, now), holds],
            ["=>", step, self.predicate(invariant.name, after)],
            ["=>", holds, self.predicate(invariant.post, now)],
        ]

    def state(self, name: str, prefix: str) -> list[Typed]:
        """Constants for the parameters of an invariant."""
        wanted = self.problem.wanted.get(name)
        if wanted is None:
            raise Malformed(f"{name} is no function to be found")
        # Two invariants may have parameters of one name.
        prefix += f".{name}" if len(self.problem.invariants) > 1 else ""
        state = list(constants(prefix, wanted.parameters).values())
        self.states += [constant for constant in state if constant not in self.states]
        return state

    def predicate(self, name: str, arguments: Sequence[Typed]) -> SExpr:
        if name not in self.translator.functions:
            raise Malformed(f"there is no function {name}")
        sort, call = self.translator.call(name, arguments)
        if sort != BOOL:
            raise Malformed(f"{name} is no predicate")
        return call
