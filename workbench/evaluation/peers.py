"""Peers: other solvers, run on the problems of a suite in the same run and within the same limits as Reverie.

Threads start a process for each problem and wait for its end; problems are read, and answers scored, in this thread.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dsl.errors import DomainError, ReverieError, SpecError, nearest
from dsl.source import read_source
from dsl.spec import Budget
from dsl.sygus.printing import print_sygus
from wake_sleep.scoring import right_on_held_out
from wake_sleep.wake.outcome import Outcome, Status
from wake_sleep.wake.solve import DEFAULT_CPU_SECONDS
from workbench.batch import Problem, Result
from workbench.evaluation.peer_answers import PeerAnswer, read_answer
from workbench.evaluation.peer_process import Limits, PeerProcesses, Reply
from workbench.interrupts import Interruption
from workbench.solving import row, versions

WAKING: Final = 0.2
"""Seconds after which a wait for a peer looks whether the user wants an end."""
MEMORY: Final = 4 << 30
"""Bytes of the address space of a peer's process."""
WALL_OF_CPU: Final = (5.0, 60.0)
"""A budget in CPU-seconds t makes the wall limit a·t + b seconds: other processes may have the cores."""


@dataclass(frozen=True)
class Peer:
    """Another solver of SyGuS files.

    Attributes:
        name: what it is called.
        package: the Python package that has it, and the distribution of the same name.
        module: the module that answers one file; see `workbench.evaluation.cvc5_process`.
    """

    name: str
    package: str
    module: str

    @property
    def version(self) -> str:
        """The version that is installed."""
        return importlib.metadata.version(self.package)

    def command(self, limits: Limits) -> list[str]:
        """What answers one file; nothing in the working directory can take the place of the module."""
        return [sys.executable, "-P", "-m", self.module, str(limits.cpu_seconds), str(limits.memory)]


PEERS: Final = {"cvc5": Peer("cvc5", "cvc5", "workbench.evaluation.cvc5_process")}
"""Every peer, by name."""


def find_peers(names: Iterable[str]) -> tuple[Peer, ...]:
    """The peers of these names, each once.

    Raises:
        ReverieError: if there is no such peer, or it is not installed.
    """
    found = []
    for name in dict.fromkeys(names):
        if name not in PEERS:
            hint = nearest(name, PEERS)
            raise ReverieError(f"there is no peer {name!r}; known: {', '.join(PEERS)}" + (f"; {hint}" if hint else ""))
        if importlib.util.find_spec(PEERS[name].package) is None:
            raise ReverieError(f"the peer {name} is not installed; it comes with: pip install 'reverie[peers]'")
        found.append(PEERS[name])
    return tuple(found)


def limits_of(budget: Budget) -> Limits:
    """What a peer may spend on a problem that Reverie has a budget for.

    Candidates and sizes are ours alone: where only these are bounded, it has the default CPU-seconds.
    """
    cpu, wall = budget.cpu_seconds, budget.wall_seconds
    if cpu is None:
        cpu = DEFAULT_CPU_SECONDS if wall is None else wall
    factor, constant = WALL_OF_CPU
    return Limits(cpu, factor * cpu + constant if wall is None else wall, MEMORY)


class PeerRun:
    """Lets a peer solve problems, and gives its results in their order.

    Attributes:
        was_interrupted: whether the user ended the work before its end.
    """

    def __init__(self, peer: Peer, budget: Budget, jobs: int = 1) -> None:
        """Prepare a run.

        Args:
            peer: who solves; it is installed.
            budget: what Reverie may spend on a problem.
            jobs: how many problems are solved at a time.
        """
        self.peer, self.jobs = peer, jobs
        self.limits = limits_of(budget)
        self.was_interrupted = False
        self._versions = {**versions(), peer.package: peer.version}

    def run(self, problems: Iterable[Problem]) -> Iterator[Result]:
        """Solve problems, yielding the result of each as soon as those before it are there.

        Ctrl-C kills what runs; what was broken off has the status ``interrupted``.
        """
        processes = PeerProcesses()
        waiting: deque[tuple[Problem, Future[Reply]]] = deque()
        with Interruption(processes.stop) as interruption, ThreadPoolExecutor(self.jobs) as executor:
            try:
                for problem in problems:
                    if interruption.is_requested:
                        break
                    waiting.append((problem, executor.submit(self._reply, processes, _question(problem))))
                    if len(waiting) > self.jobs:
                        yield self._next(waiting)
                while waiting:
                    yield self._next(waiting)
            finally:
                processes.stop()
            self.was_interrupted = interruption.is_requested

    def _reply(self, processes: PeerProcesses, question: str | SpecError) -> Reply:
        """What comes of a question, or of what cannot be asked."""
        if isinstance(question, SpecError):
            return Reply(failure=Status.ERROR, reason=question.message)
        return processes.ask(self.peer.command(self.limits), question, self.limits)

    def _next(self, waiting: deque[tuple[Problem, Future[Reply]]]) -> Result:
        problem, future = waiting.popleft()
        # A signal that comes just before a wait begins does not end it; its handler runs when the wait is over.
        while not wait((future,), WAKING).done:
            pass
        return self._result(problem, future.result())

    def _result(self, problem: Problem, reply: Reply) -> Result:
        """What came of a problem, with the keys of our own rows; what a peer does not tell is null."""
        spec = None if problem.task is None else problem.task.spec
        if reply.answer is None:
            answer = PeerAnswer(reply.failure or Status.ERROR, reason=reply.reason)
        else:
            answer = read_answer(reply.answer, spec)
        outcome = Outcome(
            answer.status,
            answer.programs,
            reason=answer.reason,
            size=answer.size,
            cpu_seconds=reply.cpu_seconds,
            wall_seconds=reply.wall_seconds,
            startup_seconds=reply.startup_seconds,
            domain=None if spec is None else spec.domain,
        )
        told = {"answer": answer.text, "candidates": None, "generation": None, "seed": None, "versions": self._versions}
        failed = answer.status is Status.ERROR
        diagnostic = f"{problem.name}: {self.peer.name}: {answer.reason}" if failed else ""
        return Result({**row(problem.name, None, outcome), **told}, diagnostic, _is_right(problem, outcome))


def _question(problem: Problem) -> str | SpecError:
    """The file of a problem in version 2.1, as it stands if it is written so, or why there is none.

    A file that we cannot read may still be one that a peer can.
    """
    try:
        spec = None if problem.task is None else problem.task.spec
        if spec is None or spec.source is None:
            return read_source(Path(problem.name)).text
        is_whole = all(found.kind != "no-check-synth" for found in spec.problems)
        return spec.source if spec.dialect == "sygus-2.1" and is_whole else print_sygus(spec)
    except SpecError as error:
        return error


def _is_right(problem: Problem, outcome: Outcome) -> bool | None:
    """Whether an answer is right on the held-out examples, or None if there are none.

    One that cannot be read, or has no value there, is not right.
    """
    try:
        return None if problem.task is None else right_on_held_out(problem.task, outcome)
    except DomainError:
        return False
