"""Sessions: examples given one after the other, and a program that is there after each of them.

    with Session(domain="strings") as session:
        session.example("Ada Lovelace", "A. L.")
        session.run("Grace Hopper")
        session.example("Alan Turing", "A. T.")
        print(session.answer)
        session.save("initials.toml")

Nothing that goes wrong changes a session: an example that does not fit leaves it as it was, and a search that was
broken off leaves the example there. Everything can be undone.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from dsl.domain import load_domain
from dsl.errors import TypeMismatch
from dsl.native.positions import Node
from dsl.native.reader import FUNCTION_NAME
from dsl.native.signatures import read_signature
from dsl.source import Source
from dsl.spec import Budget, Example, Function, Spec, Task
from dsl.terms import Term, strip_lambdas
from dsl.values import typed_key
from wake_sleep.generation import Generation
from wake_sleep.scoring import right_on_held_out
from wake_sleep.wake.outcome import Outcome, Status
from wake_sleep.wake.pool.solver import rare_collections
from wake_sleep.wake.replay import replay
from wake_sleep.wake.solve import UNBOUNDED, asks_only_examples, effective_budget, solve_spec
from workbench.questions import Question, disagreement, guesses, output_of
from workbench.remembering import Memory
from workbench.session_tasks import (
    TASK_NAME,
    SessionError,
    check_domain,
    counted,
    declared_task,
    example_of,
    function_of,
    read_task,
    save_task,
    with_examples,
)
from workbench.settings import Settings, resolve
from workbench.solving import Answer, NotSolved, answer, row, store_url, task_of, task_of_examples

MOST_GUESSES: Final = 4
"""Guesses that one question may search for rivals with."""
GUESS_SECONDS: Final = 2.0
"""CPU-seconds of one such search, if no budget in candidates bounds it."""


@dataclass(frozen=True)
class _State:
    """What is asked, and what came of it.

    Attributes:
        task: what is asked, or None.
        is_typed: whether the types are stated; else they are those of the examples.
        answer: what came of it, or None as long as nothing was searched.
    """

    task: Task | None = None
    is_typed: bool = False
    answer: Answer | None = None


class Session:
    """A problem that grows, and its program.

    A context manager; what a store remembers of it counts as one run of kind ``session``. Ctrl-C ends a search: the
    answer is then the best program so far, or has the status ``interrupted``.
    """

    def __init__(
        self,
        problem: str | os.PathLike[str] | Spec | Task | None = None,
        *,
        domain: str | None = None,
        column: str | None = None,
        cpu_seconds: float | None = None,
        wall_seconds: float | None = None,
        max_candidates: int | None = None,
        max_size: int | None = None,
        strategy: str | None = None,
        library: bool | None = None,
        seed: int | None = None,
        store: str | os.PathLike[str] | None = None,
        generation: str | None = None,
        settings: Settings | None = None,
    ) -> None:
        """Begin, with nothing asked or with a problem, for which nothing is searched yet.

        Args:
            problem: a specification file with one task, or a specification; or None.
            domain: the domain of the examples, and of files that name none; by default that which suits the types.
            column: the column of a CSV table that is to be computed.
            cpu_seconds: CPU time of each search; this and the further arguments are those of `workbench.solve`.
            wall_seconds: time on the clock of each search.
            max_candidates: candidate programs of each search.
            max_size: largest program to try, in nodes.
            strategy: ``symbolic``, ``neural`` or ``hybrid``.
            library: whether learned abstractions are used.
            seed: of everything that is drawn at random.
            store: the database that remembers solutions.
            generation: what was learned.
            settings: all settings at once, in the place of the single ones.

        Raises:
            ReverieError: if the specification or an argument is wrong, or the store cannot be used.
        """
        options = {
            "cpu-seconds": cpu_seconds,
            "wall-seconds": wall_seconds,
            "max-candidates": max_candidates,
            "max-size": max_size,
            "strategy": strategy,
            "library": library,
            "seed": seed,
            "store": store_url(store),
            "generation": generation,
        }
        if domain is not None:
            load_domain(domain)
        self._domain = domain
        task = None if problem is None else task_of(problem, None, domain, column)
        self._state = _State(task, is_typed=task is not None)
        self._past: list[_State] = []
        self._found: dict[Term, None] = {}
        self._shown: set[Term] = set()
        self._results = 0
        self._memory = Memory(resolve(options, {}) if settings is None else settings, "session")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._memory.__exit__(kind, error, trace)

    def close(self) -> None:
        """End the session; a store then counts its run as finished."""
        self._memory.close()

    # What there is.

    @property
    def task(self) -> Task | None:
        """What is asked, or None."""
        return self._state.task

    @property
    def spec(self) -> Spec | None:
        """The specification of what is asked, or None."""
        return None if self._state.task is None else self._state.task.spec

    @property
    def examples(self) -> tuple[Example, ...]:
        """The examples, first to last; their numbers count from 1."""
        return () if self.spec is None else self.spec.examples

    @property
    def answer(self) -> Answer | None:
        """What came of the last search, or None as long as there was none."""
        return self._state.answer

    @property
    def is_solved(self) -> bool:
        """Whether there is a program that does what is asked now."""
        return self.answer is not None and self.answer.status is Status.SOLVED

    @property
    def ignores_inputs(self) -> bool:
        """Whether the program of some function is a constant, as too few examples may come to."""
        if self.answer is None or not self.answer.programs:
            return False
        functions = [f for f in self.answer.spec.functions if f.parameters]
        bodies = [strip_lambdas(self.answer.programs[f.name], len(f.parameters))[1] for f in functions]
        return any(body.free == 0 for body in bodies)

    @property
    def held_out_right(self) -> bool | None:
        """Whether the program is right on the held-out examples of the file; None if there are none, or no program."""
        if self.task is None or self.answer is None or not self.is_solved or not self.task.held_out.examples:
            return None
        return right_on_held_out(self.task, self.answer.outcome)

    @property
    def generation(self) -> Generation:
        """What was learned of the domain of what is asked."""
        return self._memory.generation(self._domain if self.spec is None else self.spec.domain)

    @property
    def contradiction(self) -> tuple[int, int] | None:
        """The numbers of two examples that contradict each other, or None."""
        first: dict[object, int] = {}
        for number, example in enumerate(self.examples, start=1):
            known = first.setdefault((example.function, typed_key(example.inputs)), number)
            if typed_key(self.examples[known - 1].output) != typed_key(example.output):
                return known, number
        return None

    @property
    def alternatives(self) -> tuple[Answer, ...]:
        """Other programs that were found on the way and fit all examples, the shortest descriptions first."""
        task, present = self.task, self.answer
        if task is None or present is None or not present.programs or not _is_simple(task.spec):
            return ()
        others = [program for program in self._found if program not in present.programs.values()]
        fitting = [found for program in others if (found := self._verified(task, program)) is not None]
        return tuple(sorted(fitting, key=lambda found: found.outcome.cost or 0.0))

    # What is asked.

    def example(self, inputs: Any, output: Any, *, function: str | None = None) -> Answer:
        """Add an example, and search for a program if the present one does not fit it.

        Args:
            inputs: a tuple of values, or the one value that is the input.
            output: the value that is wanted.
            function: which function, if there are several.

        Returns:
            what came of it.

        Raises:
            TypeMismatch: if the values do not fit the types of the other examples, or of the parameters.
            SessionError: if there is no such function, or no domain has values like these.
        """
        given = inputs if isinstance(inputs, tuple) else (inputs,)
        task = self._with_example(given, output, function)
        if self.answer is not None and task.spec.identity == self.answer.spec.identity:
            return self.answer
        self._change(dataclasses.replace(self._state, task=task, answer=None))
        return self._settle()

    def signature(self, text: str) -> None:
        """State the types, and names if wanted: ``str -> str`` or ``initials(name: str) -> str``.

        Raises:
            ReverieError: if it is no signature, or the examples do not fit it; nothing is changed then.
        """
        if self.task is not None and self._state.is_typed:
            stated = self.task.spec.functions[0].signature
            raise SessionError(f"the types are stated already, by {stated}; `undo` takes that back")
        examples = [(example.inputs, example.output) for example in self.examples]
        task = declared_task(read_signature(Node(Source(text), 0, text)), examples, self._domain)
        self._change(_State(task, is_typed=True))

    def load(self, path: str | os.PathLike[str], *, column: str | None = None) -> Task:
        """Ask what a file asks, in the place of what was asked; nothing is searched yet.

        Args:
            path: a specification file; followed by ``#`` and the name of a task if it holds several.
            column: the column of a CSV table that is to be computed.

        Raises:
            ReverieError: if it cannot be read; nothing is changed then.
        """
        task = read_task(os.fspath(path), column, self._domain)
        self._change(_State(task, is_typed=True))
        return task

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what is asked into a file that reads back as the same: ``.toml``, or ``.sl`` for SyGuS-IF.

        Raises:
            SessionError: if nothing is asked, or the file cannot be written.
            SpecError: if a file of this kind cannot say what is asked.
        """
        if self.task is None:
            raise SessionError("there is nothing to save yet; give an example first")
        save_task(self.task, Path(path))

    def forget(self, number: int) -> Example:
        """Take an example back, by its number; a program that fits the others stays.

        Raises:
            SessionError: if there is no such example.
        """
        task = self.task
        if task is None or not 1 <= number <= len(self.examples):
            there = f"there are {len(self.examples)}, numbered from 1" if self.examples else "there are none"
            raise SessionError(f"there is no example {number}: {there}")
        gone = self.examples[number - 1]
        rest = [example for position, example in enumerate(self.examples, start=1) if position != number]
        kept = self.answer if self.is_solved else None
        if self._state.is_typed:
            changed: Task | None = with_examples(task, rest)
        else:
            changed = self._inferred([(e.inputs, e.output) for e in rest]) if rest else None
        self._change(dataclasses.replace(self._state, task=changed, answer=None))
        if changed is not None and kept is not None:
            self._keep_if_right(changed, kept)
        return gone

    def undo(self) -> None:
        """Take back the last change: of examples, of the signature, of the program, or of the file that was loaded.

        Raises:
            SessionError: if nothing was changed.
        """
        if not self._past:
            raise SessionError("there is nothing to undo")
        self._state = self._past.pop()
        self._shown.clear()

    # What comes of it.

    def solve(self, cpu_seconds: float | None = None) -> Answer:
        """Search, whatever is known already; a program that is there is kept if no other one is found.

        Args:
            cpu_seconds: what to spend, in the place of the budget of the session.

        Raises:
            SessionError: if nothing is asked.
            SettingsError: if the budget is no positive number.
        """
        task = self._asked()
        budget = UNBOUNDED
        if cpu_seconds is not None:
            budget = Budget(cpu_seconds=resolve({"cpu-seconds": cpu_seconds}, {})["cpu-seconds"])
        former = self.answer
        found = self._search(task, budget, anew=former is not None)
        if former is None or not self.is_solved or found.status is Status.SOLVED:
            self._state = dataclasses.replace(self._state, answer=found)
        return self._state.answer or found

    def run(self, *inputs: Any, function: str | None = None) -> Any:
        """Run the present program; arguments and errors as for `Answer.run`.

        Raises:
            NotSolved: if there is no program.
        """
        if self.answer is None:
            raise NotSolved("there is no program to run yet; give an example first")
        return self.answer.run(*inputs, function=function)

    def another(self) -> Answer | None:
        """Take another program that fits all examples for the present one, or None if no further one is known."""
        for found in self.alternatives:
            (program,) = found.programs.values()
            if program not in self._shown:
                assert self.answer is not None
                self._shown |= {program, *self.answer.programs.values()}
                shown = set(self._shown)
                self._change(self._state)
                self._shown = shown
                self._enter(self._asked(), found)
                return found
        return None

    def question(self) -> Question | None:
        """An input on which the present program and another one that fits all examples disagree.

        Other programs are those that were found on the way, else what a few short searches find with guesses as
        further examples. The example that answers the question decides between them. Equal sessions ask equal
        questions, if their budgets are in candidates.

        Returns:
            the question, or None if no disagreement was found.

        Raises:
            SessionError: if there is no program, or the examples alone do not say what is asked.
            KeyboardInterrupt: if the user ended the search for one.
        """
        task, present = self._asked(), self.answer
        if present is None or not present.programs:
            raise SessionError("there is no program to ask about yet")
        if not _is_simple(task.spec):
            raise SessionError("questions are asked only of one function that examples alone describe")
        function, domain = task.spec.functions[0], load_domain(str(task.spec.domain))
        program = present.programs[function.name]
        rivals = [next(iter(found.programs.values())) for found in self.alternatives]
        found = disagreement(function, self.examples, domain, [program, *rivals])
        return found or self._guessed(task, function, program)

    def _guessed(self, task: Task, function: Function, program: Term) -> Question | None:
        """A question about a guess that a rival fits."""
        domain, settings = load_domain(str(task.spec.domain)), self._memory.solving(task.spec)
        bound = effective_budget(task.spec, settings.budget)
        if bound.candidates is None:
            bound = dataclasses.replace(bound, cpu_seconds=min(GUESS_SECONDS, bound.cpu_seconds or GUESS_SECONDS))
        tries = 0
        for guess in guesses(function, self.examples):
            output = output_of(domain, program, guess.inputs)
            if output is None or typed_key(output) == typed_key(guess.output):
                continue
            spec = with_examples(task, [*self.examples, guess]).spec
            with rare_collections():
                outcome = solve_spec(spec, dataclasses.replace(settings, budget=bound))
            if outcome.status is Status.INTERRUPTED:
                raise KeyboardInterrupt
            if outcome.status is Status.SOLVED:
                self._remember(outcome)
                rival = outcome.programs[function.name]
                return Question(function.name, guess.inputs, (output, guess.output), (program, rival))
            tries += 1
            if tries == MOST_GUESSES:
                break
        return None

    # Inside.

    def _asked(self) -> Task:
        if self.task is None:
            raise SessionError("nothing is asked yet; give an example first")
        return self.task

    def _change(self, state: _State) -> None:
        """Enter another state, so that it can be undone."""
        before, after = self._state.task, state.task
        if after is None or before is None or _language(before.spec) != _language(after.spec):
            self._found.clear()
        self._past.append(self._state)
        self._state = state
        self._shown.clear()

    def _with_example(self, given: tuple[Any, ...], output: Any, function: str | None) -> Task:
        """What is asked with one more example."""
        task = self.task
        if task is None or not self._state.is_typed:
            if function not in (None, FUNCTION_NAME):
                raise SessionError(f"there is no function {function!r}; the function of examples is {FUNCTION_NAME!r}")
            return self._inferred([*((e.inputs, e.output) for e in self.examples), (given, output)])
        asked = function_of(task.spec, function)
        return with_examples(task, [*self.examples, example_of(asked, given, output)])

    def _inferred(self, pairs: Sequence[tuple[tuple[Any, ...], Any]]) -> Task:
        """What examples ask that no signature belongs to."""
        counts = {len(inputs) for inputs, _ in pairs}
        if len(counts) > 1:
            wanted, given = len(pairs[0][0]), len(pairs[-1][0])
            raise TypeMismatch(f"this example has {counted(given, 'input')}, but the others have {wanted}")
        try:
            task = task_of_examples(pairs, self._domain)
        except TypeMismatch as error:
            raise TypeMismatch(
                f"this example does not fit the others: {error}" if len(pairs) > 1 else str(error)
            ) from None
        distinct = list({(typed_key(e.inputs), typed_key(e.output)): e for e in task.spec.examples}.values())
        name = TASK_NAME if self.task is None else self.task.name
        check_domain(task.spec)
        return dataclasses.replace(with_examples(task, distinct), name=name, split=None)

    def _settle(self) -> Answer:
        """Find out what came of a change: the former program if it fits, else what a search finds."""
        task = self._asked()
        former = next((state.answer for state in self._past[-1:] if state.answer is not None), None)
        if former is not None and former.programs and self._keep_if_right(task, former):
            assert self.answer is not None
            return self.answer
        found = self._search(task)
        if found.status not in (Status.SOLVED, Status.INFEASIBLE):
            found = self._known(task) or found
        self._state = dataclasses.replace(self._state, answer=found)
        return found

    def _keep_if_right(self, task: Task, former: Answer) -> bool:
        """Keep a program for a changed task if it is right there, too, and say so."""
        if former.programs.keys() != {function.name for function in task.spec.functions}:
            return False
        if _language(task.spec) != _language(former.spec):
            return False
        outcome = replay(task.spec, former.programs, self._memory.solving(task.spec))
        if outcome is None:
            return False
        # It was found as before, by the same effort; the verdict is the one on what is asked now.
        outcome = dataclasses.replace(
            outcome,
            found_by=former.outcome.found_by,
            compressed=former.outcome.compressed,
            candidates=former.outcome.candidates,
            cpu_seconds=former.outcome.cpu_seconds + outcome.cpu_seconds,
            wall_seconds=former.outcome.wall_seconds + outcome.wall_seconds,
        )
        self._enter(task, Answer(task.spec, outcome))
        return True

    def _enter(self, task: Task, found: Answer) -> None:
        """Take a verified program for a task as the present one, and remember it."""
        self._state = dataclasses.replace(self._state, answer=found)
        name = self._next_name(task)
        self._memory.keep(name, task, found.outcome, row(name, task.spec, found.outcome))

    def _next_name(self, task: Task) -> str:
        """What the next result is called in the store."""
        self._results += 1
        return f"{task.name} #{self._results}"

    def _search(self, task: Task, budget: Budget = UNBOUNDED, *, anew: bool = False) -> Answer:
        found = answer(task, self._memory, self._next_name(task), budget, anew=anew)
        self._remember(found.outcome)
        return found

    def _remember(self, outcome: Outcome) -> None:
        """Keep the programs that were found, since they may fit what is asked later."""
        for programs in (outcome.programs, *outcome.alternatives):
            if len(programs) == 1:
                self._found |= dict.fromkeys(programs.values())

    def _known(self, task: Task) -> Answer | None:
        """A program that was found for something else and fits, or None."""
        if not _is_simple(task.spec):
            return None
        fitting = [found for program in self._found if (found := self._verified(task, program)) is not None]
        return min(fitting, key=lambda found: found.outcome.cost or 0.0, default=None)

    def _verified(self, task: Task, program: Term) -> Answer | None:
        """A program as an answer, if it is one."""
        programs = {task.spec.functions[0].name: program}
        outcome = replay(task.spec, programs, self._memory.solving(task.spec))
        return None if outcome is None else Answer(task.spec, outcome)


def _is_simple(spec: Spec) -> bool:
    """Whether one function is described by examples alone."""
    return len(spec.functions) == 1 and asks_only_examples(spec) and spec.domain is not None


def _language(spec: Spec) -> object:
    """What programs of a spec are written in: equal for specs whose programs may be tried for each other."""
    functions = tuple((f.name, f.type, None if f.grammar is None else f.grammar.identity) for f in spec.functions)
    return spec.domain, functions
