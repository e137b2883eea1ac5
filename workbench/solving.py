"""Solving from Python, ``from workbench import solve``, and what an outcome looks like to a person or a program."""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dsl.domain import load_domain
from dsl.errors import ReverieError, TermSyntaxError
from dsl.printing import to_define_fun, to_python, to_sexpr
from dsl.spec import Budget, Function, Spec, Task, task_from_examples
from dsl.specfile import read_tasks
from dsl.terms import Lambda, Term, postorder, strip_lambdas
from dsl.values import BOTTOM, Bottom, Value, from_data
from wake_sleep.wake.outcome import Outcome, Status
from wake_sleep.wake.pool.solver import rare_collections
from wake_sleep.wake.solve import UNBOUNDED, solve_spec
from workbench.remembering import Memory
from workbench.settings import resolve

Row = Mapping[str, object]

COLUMNS: Final = (
    "spec", "status", "verdict", "answer", "program", "size", "cost", "candidates", "cpu_seconds", "wall_seconds",
    "startup_seconds", "found_by", "reason", "witness", "domain", "generation", "seed", "versions",
)  # fmt: skip
"""The keys of a row, in order."""

TIMES: Final = ("cpu_seconds", "wall_seconds", "startup_seconds")
"""The keys whose values differ between equal runs."""

VERSIONED: Final = ("reverie", "numpy", "z3-solver", "ray")
"""The distributions whose versions a row states."""


@dataclass(frozen=True)
class Answer:
    """What came of a problem.

    Attributes:
        spec: what was asked.
        outcome: everything that is known of what came of it.
    """

    spec: Spec = field(repr=False)
    outcome: Outcome = field(repr=False)

    @property
    def status(self) -> Status:
        """How the work ended; only a ``solved`` problem has programs."""
        return self.outcome.status

    @property
    def programs(self) -> Mapping[str, Term]:
        """The program of each function, by its name."""
        return self.outcome.programs

    @property
    def reason(self) -> str:
        """Why it is not solved, in one sentence; empty if it is."""
        return self.outcome.reason

    @property
    def python(self) -> str:
        """The programs as Python for reading, a line for each function; empty if there are none."""
        return "\n".join(python_texts(self.spec, self.outcome).values())

    @property
    def define_funs(self) -> str:
        """The programs in the language of the spec, a line for each function; empty if there are none."""
        return answer_text(self.spec, self.outcome)

    def run(self, *inputs: Any, function: str | None = None) -> Any:
        """Run the answer.

        Args:
            inputs: Python values for the parameters: numbers, texts, lists.
            function: which function, if there are several.

        Returns:
            the output, lists as lists, or `dsl.BOTTOM` where the program is undefined.

        Raises:
            NotSolved: if there is no program, or no function of that name.
            TypeMismatch: if the inputs do not fit the parameters.
            LimitExceeded: if running the program takes more than the default limits.
        """
        if not self.programs:
            raise NotSolved(f"there is no program to run: {self.status}, {self.reason}")
        chosen = self._function(function)
        if len(inputs) != len(chosen.parameters):
            raise NotSolved(f"{chosen.signature} takes {len(chosen.parameters)} inputs, not {len(inputs)}")
        given = [from_data(value, type_) for value, (_, type_) in zip(inputs, chosen.parameters, strict=True)]
        assert self.spec.domain is not None
        return _as_python(load_domain(self.spec.domain).evaluate(self.programs[chosen.name], *given))

    def _function(self, name: str | None) -> Function:
        """The function of a name, or the first one."""
        names = [function.name for function in self.spec.functions]
        if name is not None and name not in names:
            raise NotSolved(f"there is no function {name!r}; there is {', '.join(names)}")
        return self.spec.functions[0] if name is None else self.spec.function(name)

    def __str__(self) -> str:
        return self.python or f"{self.status}: {self.reason}"

    def __repr__(self) -> str:
        return f"<Answer {self}>"


class NotSolved(ReverieError):
    """A program was asked for that was not found or is not there, or with the wrong number of inputs."""


def solve(
    problem: str | os.PathLike[str] | Spec | Task | None = None,
    *,
    examples: Iterable[tuple[Any, Any]] | None = None,
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
) -> Answer:
    """Find a program.

    Ctrl-C ends the search: what comes back is the best program so far, or the status ``interrupted``.

    Args:
        problem: a specification file with one task, or a specification; or None, with `examples`.
        examples: pairs of inputs and output; the inputs are a tuple, or one value that is none.
        domain: the domain of a file or of examples that name none.
        column: the column of a CSV table that is to be computed.
        cpu_seconds: CPU time to spend; 10 if nothing bounds the search.
        wall_seconds: time on the clock to spend.
        max_candidates: candidate programs to try.
        max_size: largest program to try, in nodes.
        strategy: ``symbolic`` or ``hybrid``.
        library: whether learned abstractions are used.
        seed: of everything that is drawn at random.
        store: the database that remembers solutions, a URL such as ``sqlite:///reverie.db`` or the path of a file: a
            stored solution of the same specification is verified and returned, a new one is stored.
        generation: what was learned: ``none``, ``shipped``, ``latest``, or the name of a generation; the last two are
            looked for in the store.

    Returns:
        what came of it; that there is no program, or none was found, is no error.

    Raises:
        ReverieError: if the specification or an argument is wrong, or the store cannot be used.
    """
    task = task_of(problem, examples, domain, column)
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
    with Memory(resolve(options, {}), "solve", [task.name]) as memory:
        return answer(task, memory, task.name)


def store_url(store: str | os.PathLike[str] | None) -> str | None:
    """The URL of a store that is named by a URL, or by the path of an SQLite file."""
    return f"sqlite:///{os.fspath(store)}" if isinstance(store, os.PathLike) else store


def answer(task: Task, memory: Memory, name: str, budget: Budget = UNBOUNDED, *, anew: bool = False) -> Answer:
    """Answer a task: by what is remembered, else by a search, whose result is remembered.

    Args:
        task: what is asked.
        memory: how it is solved, what was learned, and the store.
        name: what the task is called, once in a run of the store.
        budget: what this search may spend, in the place of what the settings say.
        anew: whether a search is wanted whatever is remembered.
    """
    outcome = None if anew else memory.recalled(task.spec)
    if outcome is None:
        settings = memory.solving(task.spec)
        if budget is not UNBOUNDED:
            settings = dataclasses.replace(settings, budget=budget | Budget(size=settings.budget.size))
        with rare_collections():
            outcome = solve_spec(task.spec, settings)
    memory.keep(name, task, outcome, row(name, task.spec, outcome))
    return Answer(task.spec, outcome)


def task_of(
    problem: str | os.PathLike[str] | Spec | Task | None,
    examples: Iterable[tuple[Any, Any]] | None,
    domain: str | None,
    column: str | None,
) -> Task:
    """The task that a caller means; arguments as for `solve`.

    Raises:
        ReverieError: if it cannot be read, or the arguments do not name exactly one.
    """
    if (problem is None) == (examples is None):
        raise ReverieError("give either a problem or examples")
    if domain is not None and not isinstance(domain, str):
        raise ReverieError(f"domain={domain!r}: this must be the name of a domain, such as 'strings'")
    if examples is not None:
        if column is not None:
            raise ReverieError(f"column={column!r}: examples have no columns; only a table has")
        return task_of_examples(examples, domain)
    if isinstance(problem, Task):
        return problem
    if isinstance(problem, Spec):
        return Task("problem", problem)
    if not isinstance(problem, str | os.PathLike):
        raise ReverieError(f"problem={problem!r}: this must be the path of a file, a Task or a Spec"[:200])
    tasks = read_tasks(Path(problem), column=column, domain=domain)
    if len(tasks) != 1:
        names = ", ".join(task.name for task in tasks[:5])
        raise ReverieError(f"{problem} holds {len(tasks)} tasks ({names} …); `dsl.read_tasks` gives each")
    return tasks[0]


def task_of_examples(examples: Iterable[tuple[Any, Any]], domain: str | None = None) -> Task:
    """The task that examples state, pairs of inputs and output, in a domain or in the one that suits their types.

    Raises:
        ReverieError: if they are no such pairs, or have no common type.
    """
    if not isinstance(examples, Iterable):
        raise ReverieError(f"examples={examples!r}: this must be a list of pairs of inputs and output")
    pairs = [_pair(example) for example in examples]
    task = task_from_examples("examples", pairs, domain=domain)
    if domain is not None:
        return task
    return dataclasses.replace(task, spec=dataclasses.replace(task.spec, domain=_domain_for(task.spec.functions[0])))


def _pair(example: Any) -> tuple[tuple[Any, ...], Any]:
    """An example with its inputs as a tuple."""
    if not isinstance(example, tuple | list) or len(example) != 2:
        raise ReverieError(f"examples={example!r} …: each example must be a pair of inputs and output"[:200])
    inputs, output = example
    return inputs if isinstance(inputs, tuple) else (inputs,), output


def _domain_for(function: Function) -> str:
    """The domain that examples of a type are looked at in, if none is named."""
    types = [*(t for _, t in function.parameters), function.result]
    if any(t.name == "list" for t in types):
        return "lists"
    return "strings" if any(t.name == "str" for t in types) else "integers"


def _as_python(value: Value | Bottom) -> Any:
    if value is BOTTOM:
        return value
    return [_as_python(item) for item in value] if isinstance(value, tuple) else value


def answer_text(spec: Spec, outcome: Outcome) -> str:
    """The programs of an outcome as ``define-fun``s; one that SMT-LIB cannot write, as an s-expression."""
    return "\n".join(_definition(function, outcome.programs[function.name]) for function in _answered(spec, outcome))


def _definition(function: Function, program: Term) -> str:
    _, body = strip_lambdas(program, len(function.parameters))
    if any(isinstance(node, Lambda) for node in postorder([body])):
        return to_sexpr(program)
    try:
        return to_define_fun(function.name, function.parameters, function.result, program)
    except TermSyntaxError:
        return to_sexpr(program)


def python_texts(spec: Spec, outcome: Outcome) -> dict[str, str]:
    """The program of each function as Python for reading."""
    return {
        function.name: to_python(outcome.programs[function.name], [name for name, _ in function.parameters])
        for function in _answered(spec, outcome)
    }


def _answered(spec: Spec, outcome: Outcome) -> Sequence[Function]:
    return spec.functions if outcome.programs else ()


def row(name: str, spec: Spec | None, outcome: Outcome) -> Row:
    """What came of a problem, with the keys `COLUMNS`.

    Args:
        name: what the problem is called.
        spec: what was asked, or None if it could not be read.
        outcome: what came of it.
    """
    verdict = outcome.verdict
    values = (
        name,
        outcome.status.value,
        None if verdict is None else verdict.judgement.value,
        (answer_text(spec, outcome) or None) if spec is not None else None,
        (python_texts(spec, outcome) or None) if spec is not None else None,
        outcome.size,
        None if outcome.cost is None else round(outcome.cost, 6),
        outcome.candidates,
        round(outcome.cpu_seconds, 6),
        round(outcome.wall_seconds, 6),
        round(outcome.startup_seconds, 6),
        None if outcome.found_by is None else outcome.found_by.value,
        "; ".join(filter(None, (outcome.reason, *outcome.notes))) or None,
        list(outcome.witness),
        outcome.domain,
        outcome.generation,
        outcome.seed,
        dict(versions()),
    )
    return dict(zip(COLUMNS, values, strict=True))


@functools.cache
def versions() -> Mapping[str, str]:
    """The versions that a result depends on."""
    found = {"python": platform.python_version()}
    for name in VERSIONED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
