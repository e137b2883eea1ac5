"""What a guide of costs is worth: nats per program, and candidates that a search needs on tasks that it never saw.

Run ``python -m workbench.benchmarks.guidance lists``. Dreams are dreamt on the inputs of the domain's tasks; those that
fit one of the sampled tasks are thrown away. Weights are counted on the rest, and a guide is trained on them. Then each
sampled task is searched three times, with equal costs, with the counted ones and with the guide's, each alone. A task
counts in a ratio if both searches solved it. With ``--save`` and ``--guide`` a guide is kept and used again.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsl.domain import Domain, load_domain
from dsl.errors import LimitExceeded
from dsl.evaluate import evaluate
from dsl.probability import UNIFORM, ProbabilisticGrammar, Weights
from dsl.spec import Budget, Spec, Task
from dsl.terms import Term
from dsl.values import typed_key
from wake_sleep.model.guide import Guide
from wake_sleep.sleep.cost_corpus import build_corpus, lessons_of_dreams
from wake_sleep.sleep.dreaming import dream
from wake_sleep.sleep.dreams import Dream, observe_dreams
from wake_sleep.sleep.refit import fit_weights
from wake_sleep.sleep.requests import requests_of
from wake_sleep.wake.blame import blaming_primitives
from wake_sleep.wake.costs import UNIFORM_SHARE, smoothed_costs
from wake_sleep.wake.engines import engine_for
from wake_sleep.wake.fitting import distinct_examples
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.search import Goal
from wake_sleep.wake.solve import program_grammar
from wake_sleep.wake.verify.examples import failing_examples

HARD = 2_000
"""Candidates from which on a task counts as hard."""


@dataclass(frozen=True)
class Trial:
    """One search for one task.

    Attributes:
        is_solved: whether a program was found.
        candidates: by which the first one was found, or all.
        cpu_seconds: of the search.
    """

    is_solved: bool
    candidates: int
    cpu_seconds: float


@dataclass(frozen=True)
class Row:
    """The searches for one task, by the name of their costs."""

    task: str
    trials: dict[str, Trial]


def fits(program: Dream, spec: Spec, domain: Domain) -> bool:
    """Whether a dream answers a spec of one function."""
    function = spec.functions[0]
    if program.request.type is not function.type:
        return False
    for example in spec.examples:
        try:
            value = evaluate(program.program, example.inputs, domain)
        except LimitExceeded:
            return False
        if typed_key(value) != typed_key(example.output):
            return False
    return True


def unlike(dreams: Iterable[Dream], tasks: Sequence[Task], domain: Domain) -> list[Dream]:
    """The dreams that answer none of the tasks."""
    return [each for each in dreams if not any(fits(each, task.spec, domain) for task in tasks)]


def sample(domain: Domain, count: int, seed: int) -> list[Task]:
    """Tasks of a domain with one function and examples only."""
    tasks = [t for t in domain.tasks if len(t.spec.functions) == 1 and t.spec.examples and not t.spec.constraints]
    return random.Random(seed).sample(tasks, min(count, len(tasks)))


def search(spec: Spec, weights: Weights, candidates: int) -> tuple[Trial, Term | None]:
    """Search for a spec with some weights alone, up to the first program that fits all examples.

    What a search finds after its first program, in the hope for a shorter one, would be judged by the weights
    themselves, and so is not part of the comparison.
    """
    function = spec.functions[0]
    grammar, domain = program_grammar(spec, function), load_domain(spec.domain or "")
    examples = distinct_examples(spec.examples)
    goal = Goal(grammar, domain, tuple((e.inputs, e.output) for e in examples))
    meter = Meter(Budget(candidates=candidates, memory=1 << 30))
    search = engine_for(goal)(goal, smoothed_costs(grammar, weights), meter)
    with blaming_primitives(goal):
        try:
            for found in search.run():
                if found is not None:
                    program = grammar.program(found.body)
                    if not failing_examples(program, examples, domain):
                        return Trial(True, meter.candidates, meter.cpu_seconds), program
        except OutOfBudget:
            pass
    return Trial(False, meter.candidates, meter.cpu_seconds), None


def ratios(rows: Sequence[Row], base: str, other: str, least: int = 0) -> list[float]:
    """How many times fewer candidates `other` needs than `base`, where both solve and `base` needs at least so many."""
    pairs = [(row.trials[base], row.trials[other]) for row in rows]
    return [
        a.candidates / max(1, b.candidates) for a, b in pairs if a.is_solved and b.is_solved and a.candidates >= least
    ]


def compare(
    tasks: Sequence[Task], base: Weights, guide: Guide, candidates: int, tell: Callable[[str], object]
) -> list[Row]:
    """Search for all tasks with equal, counted and guided costs."""
    rows = []
    gains = []
    for task in tasks:
        weights = {"uniform": UNIFORM, "counted": base, "guided": guide.weights(task.spec)}
        found = {name: search(task.spec, each, candidates) for name, each in weights.items()}
        row = Row(task.name, {name: trial for name, (trial, _) in found.items()})
        rows.append(row)
        shown = "  ".join(
            f"{name} {t.candidates:>8,}{' ' if t.is_solved else '!'} {t.cpu_seconds:6.2f} s"
            for name, t in row.trials.items()
        )
        tell(f"{task.name[:40]:40} {shown}\n")
        programs = [program for _, program in found.values() if program is not None]
        if programs:
            program = min(programs, key=lambda p: p.size)
            grammar = program_grammar(task.spec, task.spec.functions[0])
            described = [
                ProbabilisticGrammar(grammar, each, UNIFORM_SHARE).log_likelihood(program)
                for each in (base, weights["guided"])
            ]
            gains.append(described[1] - described[0])
    if gains:
        tell(
            f"nats gained on {len(gains)} solutions, smoothed as in a search: "
            f"mean {statistics.mean(gains):.2f}, median {statistics.median(gains):.2f}\n"
        )
    return rows


def summary(rows: Sequence[Row]) -> str:
    """The figures, a line each."""
    lines = []
    for name in ("uniform", "counted", "guided"):
        trials = [row.trials[name] for row in rows]
        seconds = sum(t.cpu_seconds for t in trials)
        lines.append(f"{name:8} solved {sum(t.is_solved for t in trials)} of {len(rows)}, {seconds:.1f} CPU-s in all")
    for base, other in (("uniform", "counted"), ("uniform", "guided"), ("counted", "guided")):
        for least in (0, HARD):
            found = ratios(rows, base, other, least)
            if found:
                worst, middle = min(found), statistics.median(found)
                lines.append(
                    f"{other} against {base} from {least} candidates: {len(found)} tasks, "
                    f"median ÷ {middle:.1f}, worst ÷ {worst:.2f}"
                )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure one domain."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("domain")
    parser.add_argument("--dreams", type=int, default=40_000)
    parser.add_argument("--seconds", type=float, default=90.0, help="CPU-seconds of training")
    parser.add_argument("--sample", type=int, default=40, help="tasks")
    parser.add_argument("--candidates", type=int, default=300_000, help="of one search")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", type=Path, help="where to write the guide")
    parser.add_argument("--guide", type=Path, help="a guide that is there already; nothing is dreamt")
    options = parser.parse_args()
    write = sys.stdout.write
    domain = load_domain(options.domain)
    tasks = sample(domain, options.sample, options.seed)
    if options.guide is not None:
        guide = Guide.from_bytes(options.guide.read_bytes(), domain.name)
    else:
        guide = trained(domain, tasks, options.dreams, options.seconds, options.seed, write)
    if options.save is not None:
        options.save.write_bytes(guide.to_bytes())
    write(f"guide: {len(guide.to_bytes()):,} bytes, {guide.training}\n")
    write(summary(compare(tasks, guide.base, guide, options.candidates, write)))


def trained(
    domain: Domain, tasks: Sequence[Task], dreams: int, seconds: float, seed: int, tell: Callable[[str], object]
) -> Guide:
    """A guide trained on dreams that answer none of the tasks."""
    from wake_sleep.model.cost_training import CostTrainingSettings, train_costs

    requests = requests_of(domain.tasks)
    started = time.process_time()
    kept = unlike(dream(domain, requests, dreams, seed=seed), tasks, domain)
    tell(f"{len(kept):,} dreams in {time.process_time() - started:.0f} CPU-s\n")
    base = fit_weights(observe_dreams(kept, domain))
    settings = CostTrainingSettings(steps=1_000_000, seconds=seconds, seed=seed)
    corpus = build_corpus(domain, lessons_of_dreams(kept, domain), base, requests, seed=seed)
    return train_costs(corpus, settings=settings)


if __name__ == "__main__":
    main()
