"""Stitch as a miner: it proposes abstractions of a corpus, from a child process that can be ended.

What is known of stitch-core 0.1.29 and kept from happening here: tokens such as ``#t``, numbers with a point, texts
with spaces and letters outside ASCII make it panic or split, so every constant travels as a symbol ``s0``, ``s1``, …;
names of abstractions that occur in the corpus are given out again, so they have a prefix that no symbol has; an empty
corpus makes it panic, so it is never asked; `utility_by_rewrite` ends the interpreter and `eta_long` learns identity
functions, so neither is ever set; it has no time limit and its memory grows faster than the corpus, so corpora are
capped and the process has limits. Its rewritten programs and costs are not used.
"""

from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dsl.errors import ReverieError
from dsl.terms import (
    ABSTRACTION,
    Application,
    Lambda,
    Literal,
    Operator,
    Term,
    Variable,
    abstract,
    beta_normal,
    rebuild,
)
from wake_sleep.sleep.abstraction import stitch_child
from wake_sleep.sleep.abstraction.metrics import STITCH, Metric
from wake_sleep.sleep.abstraction.untyped import read_program, write_program

PROGRAMS: Final = 2_500
"""Largest corpus that Stitch is given."""
PREFIX: Final = "f"
"""Begin of the names of abstractions; those of constants begin with ``s``."""


@dataclass(frozen=True)
class StitchSettings:
    """One run of Stitch.

    Attributes:
        arity: most parameters of an abstraction.
        structure_penalty: what a unit of the size of an abstraction costs against one that it saves.
        single_task: whether abstractions that only one task uses are proposed.
        iterations: most abstractions.
        metric: how it counts sizes.
    """

    arity: int = 3
    structure_penalty: float = 1.0
    single_task: bool = False
    iterations: int = 10
    metric: Metric = STITCH

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of ``stitch_core.compress``."""
        return {
            "iterations": self.iterations,
            "max_arity": self.arity,
            "threads": 1,
            "silent": True,
            # As text: it takes no floats.
            "structure_penalty": str(float(self.structure_penalty)),
            "allow_single_task": self.single_task,
            "no_curried_bodies": True,
            "abstraction_prefix": PREFIX,
            "cost_lam": self.metric.binder,
            "cost_app": self.metric.application,
            "cost_var": self.metric.leaf,
            "cost_ivar": self.metric.leaf,
            "cost_prim_default": self.metric.leaf,
        }


PORTFOLIO: Final = (
    StitchSettings(arity=3, structure_penalty=1.0),
    StitchSettings(arity=2, structure_penalty=1.0, single_task=True),
    StitchSettings(arity=1, structure_penalty=1.5),
    StitchSettings(arity=4, structure_penalty=1.5),
    StitchSettings(arity=2, structure_penalty=3.0),
)
"""Settings whose proposals differ."""


SIZE_PORTFOLIO: Final = (StitchSettings(arity=2, iterations=20),)
"""Enough where the neighbours of what was selected become candidates, too."""


@dataclass(frozen=True)
class Limits:
    """What the child process may use; beyond, it is ended.

    Attributes:
        cpu_seconds: CPU time.
        wall_seconds: time on the clock.
        memory: bytes.
    """

    cpu_seconds: float = 120.0
    wall_seconds: float = 240.0
    memory: int = 4 << 30


@dataclass(frozen=True)
class Proposal:
    """A function that may be worth having in a library.

    Attributes:
        definition: a closed term in base-language β-normal form that begins with a λ for each parameter.
        arity: the number of its parameters.
    """

    definition: Term
    arity: int


@dataclass(frozen=True)
class Proposals:
    """What a miner found.

    Attributes:
        proposals: distinct, in the order in which they were found.
        events: what went wrong, each a sentence for a person; empty if nothing did.
    """

    proposals: tuple[Proposal, ...] = ()
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class WeightedCorpus:
    """Programs of tasks, equal tasks told once.

    Attributes:
        programs: the programs.
        tasks: the number of the task of each.
        weights: how many tasks have the same programs, for each program.
        dropped: how many programs were left out because of the cap.
    """

    programs: tuple[Term, ...]
    tasks: tuple[int, ...]
    weights: tuple[float, ...]
    dropped: int = 0


def weighted_corpus(
    programs: Sequence[Term], tasks: Sequence[str], weights: Sequence[float] | None = None, most: int = PROGRAMS
) -> WeightedCorpus:
    """A corpus of at most `most` programs.

    Tasks with the same programs become one of their total weight. If there are too many programs, only the k smallest
    of each task are kept, with the largest k that suffices; and if there are too many tasks even so, the heaviest ones.

    Args:
        programs: closed terms.
        tasks: for each the task that it solves.
        weights: for each the weight of its task; 1 by default.
        most: the cap.
    """
    frontiers: dict[str, dict[Term, None]] = {}
    weight_of: dict[str, float] = {}
    for number, (program, task) in enumerate(zip(programs, tasks, strict=True)):
        frontiers.setdefault(task, {})[program] = None
        weight_of[task] = 1.0 if weights is None else weights[number]
    merged: dict[tuple[Term, ...], float] = {}
    for task, frontier in frontiers.items():
        ordered = tuple(sorted(frontier, key=lambda p: (p.size, p.digest)))
        merged[ordered] = merged.get(ordered, 0.0) + weight_of[task]
    kept = list(merged.items())
    total = sum(len(frontier) for frontier, _ in kept)
    each = max(map(len, merged), default=0)
    while each > 1 and sum(min(each, len(frontier)) for frontier, _ in kept) > most:
        each -= 1
    if len(kept) > most:
        heaviest = sorted(range(len(kept)), key=lambda i: (-kept[i][1], i))[:most]
        kept = [kept[i] for i in sorted(heaviest)]
    rows = [(p, n, weight) for n, (frontier, weight) in enumerate(kept) for p in frontier[:each]]
    return WeightedCorpus(
        tuple(p for p, _, _ in rows), tuple(n for _, n, _ in rows), tuple(w for _, _, w in rows), total - len(rows)
    )


def propose(
    corpus: WeightedCorpus,
    portfolio: Sequence[StitchSettings] = PORTFOLIO,
    limits: Limits = Limits(),
) -> Proposals:
    """Let Stitch look for abstractions with each of some settings.

    Whatever happens to the child process, there is an answer: what it found until then, and what went wrong.

    Args:
        corpus: programs in base-language β-normal form.
        portfolio: the settings, one run for each.
        limits: for all runs together.
    """
    if not corpus.programs or not portfolio:
        return Proposals()
    symbols = Symbols()
    repeated = _repeated(corpus)
    request = {
        "programs": [write_program(corpus.programs[i], binder="lam", name=symbols.name) for i, _ in repeated],
        "tasks": [task for _, task in repeated],
        "runs": [settings.arguments() for settings in portfolio],
    }
    output, events = run_child(request, limits)
    found: dict[tuple[Term, int], None] = {}
    for settings, line in zip(portfolio, output, strict=False):
        try:
            for proposal in read_answer(line, symbols):
                found[proposal.definition, proposal.arity] = None
        except ReverieError as error:
            events.append(f"Stitch answered nothing of use with {settings}: {error}")
    if len(output) < len(portfolio) and not events:
        events.append(f"Stitch answered {len(output)} of {len(portfolio)} runs")
    return Proposals(tuple(Proposal(*key) for key in found), tuple(events))


def _repeated(corpus: WeightedCorpus) -> list[tuple[int, str]]:
    """Programs by number, each with a task, where tasks of weight n occur n times if that is not too much.

    Stitch's own weights are no way to say this: its bounds do not hold with them, and it panics.
    """
    times = [max(1, round(weight)) for weight in corpus.weights]
    if sum(times) > PROGRAMS:
        times = [1] * len(times)
    rows = range(len(corpus.programs))
    copies = range(max(times))
    return [(i, f"{corpus.tasks[i]}.{copy}") for copy in copies for i in rows if copy < times[i]]


def run_child(request: Mapping[str, Any], limits: Limits, command: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """The lines that a child process answers to a request, and what went wrong.

    Args:
        request: see `stitch_child`.
        limits: what the process may use.
        command: the process; by default the child that runs Stitch.

    Raises:
        ReverieError: if Stitch is not installed.
    """
    # Isolated and without site packages, but for the place of Stitch: it starts in a third of the time.
    command = command or [sys.executable, "-I", "-S", stitch_child.__file__]
    request = {**request, "place": _place()}
    process = subprocess.Popen(
        [*command, str(limits.cpu_seconds), str(limits.memory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    events = []
    try:
        written, said = process.communicate(json.dumps(request).encode(), timeout=limits.wall_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        written, said = process.communicate()
        events.append(f"Stitch was ended after {limits.wall_seconds:g} seconds on the clock")
    except BaseException:
        process.kill()
        process.communicate()
        raise
    else:
        if process.returncode:
            events.append(_ending(process.returncode, said.decode(errors="replace"), limits))
    # A line that was cut off is no answer.
    lines = written.decode(errors="replace").split("\n")[:-1]
    return lines, events


def _place() -> str:
    """The folder that Stitch is imported from."""
    found = importlib.util.find_spec("stitch_core")
    if found is None or found.origin is None:
        raise ReverieError("stitch-core is not installed; `reverie doctor` says what is missing")
    return str(Path(found.origin).parents[1])


def _ending(code: int, said: str, limits: Limits) -> str:
    last = said.strip().splitlines()[-1:] or ["it said nothing"]
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"Stitch was ended after {limits.cpu_seconds:g} CPU-seconds"
    if code < 0:
        return f"Stitch was ended by {signal.Signals(-code).name}: {last[0]}"
    return f"Stitch ended with exit code {code}: {last[0]}"


class _StitchError(ReverieError):
    """An answer of Stitch is none."""


@dataclass
class Symbols:
    """The constants of a corpus and the symbols that stand for them.

    Attributes:
        names: the symbol of each constant.
    """

    names: dict[Operator | Literal, str] = field(default_factory=dict)

    def name(self, constant: Operator | Literal) -> str:
        """The symbol of a constant."""
        return self.names.setdefault(constant, f"s{len(self.names)}")

    def meanings(self) -> dict[str, Term]:
        """The closed term for each symbol: an operator with parameters is a λ over its application.

        Abstractions mean their definitions, so that all that is proposed is in the base language.
        """
        return {name: _constant(constant) for constant, name in self.names.items()}


def _constant(constant: Operator | Literal) -> Term:
    if isinstance(constant, Literal):
        return constant
    if constant.kind == ABSTRACTION and constant.definition is not None:
        return constant.definition
    variables = tuple(Variable(i) for i in reversed(range(constant.arity)))
    return abstract(Application(constant, variables), constant.arity)


def read_answer(line: str, symbols: Symbols) -> list[Proposal]:
    """The proposals of one run.

    Args:
        line: what the child process wrote.
        symbols: those of the request.

    Raises:
        ReverieError: if the line is not an answer.
    """
    try:
        answer = json.loads(line)
        if "error" in answer:
            raise _StitchError(str(answer["error"]))
        rows = [(str(row["name"]), int(row["arity"]), str(row["body"])) for row in answer["abstractions"]]
    except (ValueError, TypeError, KeyError) as error:
        raise _StitchError(f"its answer cannot be read: {error!r}") from error
    meanings = symbols.meanings()
    found = []
    for name, arity, body in rows:
        if name in meanings:
            raise _StitchError(f"it named two functions {name}")
        definition = _definition(body, arity, meanings)
        meanings[name] = definition
        found.append(Proposal(definition, arity))
    return found


def _definition(body: str, arity: int, meanings: Mapping[str, Term]) -> Term:
    """The closed β-normal term for a body with ``#i`` for the parameters."""
    root = read_program(body)
    done: dict[tuple[Term, int], Term] = {}
    stack: list[tuple[Term, int, bool]] = [(root, 0, False)]
    while stack:
        node, level, expanded = stack.pop()
        if (node, level) in done:
            continue
        below = level + isinstance(node, Lambda)
        if isinstance(node, Application) and isinstance(node.head, Operator):
            done[node, level] = _meaning(node.head.name, level, arity, meanings)
        elif expanded or not node.children:
            done[node, level] = rebuild(node, [done[child, below] for child in node.children])
        else:
            stack.append((node, level, True))
            stack.extend((child, below, False) for child in node.children)
    return beta_normal(abstract(done[root, 0], arity))


def _meaning(name: str, level: int, arity: int, meanings: Mapping[str, Term]) -> Term:
    if name.startswith("#"):
        number = int(name[1:]) if name[1:].isascii() and name[1:].isdigit() else arity
        if number >= arity:
            raise _StitchError(f"it has no parameter {name} among {arity}")
        return Variable(level + arity - 1 - number)
    if name not in meanings:
        raise _StitchError(f"it names {name!r}, which is nothing of the corpus")
    return meanings[name]
