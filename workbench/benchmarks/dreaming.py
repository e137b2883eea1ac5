"""What dreams cost, and what costs counted on them save a search.

Run ``python -m workbench.benchmarks.dreaming lists strings``. Tasks are drawn from those of a domain by the seed;
dreams are made on the inputs of all its tasks, and those that fit one of the drawn tasks are removed. Contextual costs
are counted on the rest. Each task is then searched with equal costs, with the counted costs alone, and with both
searches in turns, until a program fits all examples: what is compared are the candidates until then. A task that was
not solved counts as the whole budget.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from dsl.domain import Domain, load_domain
from dsl.probability import Weights
from dsl.spec import Budget, Task
from dsl.terms import Term
from wake_sleep.sleep.dreaming import dream
from wake_sleep.sleep.dreams import Dreams, observe_dreams
from wake_sleep.sleep.refit import PSEUDO_COUNT, fit_weights
from wake_sleep.sleep.requests import requests_of
from wake_sleep.wake.fitting import Fitting
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.solve import SolveSettings, Strategy, effective_budget, guidance_of
from wake_sleep.wake.verify.examples import failing_examples

HARD = 2_000
"""Candidates from which on a task counts as hard."""


@dataclass(frozen=True)
class Solving:
    """How some tasks were solved.

    Attributes:
        candidates: by task, until a program fitted all examples; None if none did.
        cpu_seconds: of all tasks.
    """

    candidates: tuple[int | None, ...]
    cpu_seconds: float

    @property
    def solved(self) -> int:
        """Number of tasks with an answer."""
        return sum(count is not None for count in self.candidates)


@dataclass(frozen=True)
class Savings:
    """How many times fewer candidates one way to solve tasks took than another.

    Attributes:
        ratios: of the tasks that either solved.
        hard: those of the tasks that took the former at least `HARD` candidates.
    """

    ratios: tuple[float, ...]
    hard: tuple[float, ...]

    @classmethod
    def between(cls, before: Solving, after: Solving, budget: int) -> Savings:
        """Compare two ways, what was not solved counting as the budget."""
        pairs = [
            ((first or budget), (second or budget))
            for first, second in zip(before.candidates, after.candidates, strict=True)
            if first is not None or second is not None
        ]
        ratios = tuple(first / max(1, second) for first, second in pairs)
        hard = tuple(ratio for (first, _), ratio in zip(pairs, ratios, strict=True) if first >= HARD)
        return cls(ratios, hard)

    def __str__(self) -> str:
        """Median of all and of the hard ones, the worst, and how many are more than twice slower."""
        if not self.ratios:
            return "nothing was solved"
        hard = f"÷ {statistics.median(self.hard):.1f} on {len(self.hard)} hard ones" if self.hard else "no hard ones"
        slower = sum(ratio < 0.5 for ratio in self.ratios)
        return (
            f"median ÷ {statistics.median(self.ratios):.1f}, {hard}, worst ÷ {min(self.ratios):.2f}, "
            f"{slower} more than 2× slower"
        )


def drawn_tasks(domain: Domain, count: int, seed: int) -> list[Task]:
    """Tasks of a domain, drawn by the seed."""
    tasks = list(domain.tasks)
    random.Random(seed).shuffle(tasks)
    return tasks[:count]


def without_answers(dreams: Dreams, tasks: Sequence[Task], domain: Domain) -> Dreams:
    """The dreams that fit none of the tasks."""

    def fits(task: Task) -> bool:
        wanted = task.spec.functions[0].type
        return wanted is made.request.type and not failing_examples(made.program, task.spec.examples, domain)

    kept = Dreams()
    for made in dreams:
        if not any(map(fits, tasks)):
            kept.add([made])
    return kept


def solve_tasks(tasks: Sequence[Task], settings: SolveSettings) -> Solving:
    """Search for the first function of each task until a program fits all of its examples."""
    began = time.process_time()
    found = tuple(_first_fit(task, settings) for task in tasks)
    return Solving(found, time.process_time() - began)


def _first_fit(task: Task, settings: SolveSettings) -> int | None:
    """Candidates until a program fits all examples of a task, or None within the budget."""
    spec = task.spec
    function = spec.functions[0]
    meter = Meter(effective_budget(spec, settings.budget))
    fits: list[int] = []

    def stop(_: Term) -> bool:
        fits.append(meter.candidates)
        raise OutOfBudget("a program fits")

    assert spec.domain is not None
    examples = [example for example in spec.examples if example.function == function.name]
    domain, guidance = load_domain(spec.domain), guidance_of(spec, function, settings)
    Fitting(function, guidance, domain, examples, meter, judge=stop).solve()
    return fits[0] if fits else None


def measure(name: str, *, tasks: int, dreams: int, candidates: int, seed: int, pseudo_count: float) -> list[str]:
    """Measure one domain; lines of a report."""
    domain = load_domain(name)
    began = time.process_time()
    found = dream(domain, requests_of(domain.tasks), dreams, seed=seed)
    dreaming = time.process_time() - began
    sizes = [made.size for made in found]
    drawn = drawn_tasks(domain, tasks, seed)
    unseen = without_answers(found, drawn, domain)
    began = time.process_time()
    weights = fit_weights(observe_dreams(unseen, domain), pseudo_count=pseudo_count)
    counting = time.process_time() - began
    lines = [
        f"{name}: {len(found)} dreams, {len(found) / dreaming:.0f} per CPU-second, of sizes {min(sizes)} to "
        f"{max(sizes)} (median {statistics.median(sizes):.0f}); {len(found) - len(unseen)} fit a task and were "
        f"removed; {len(weights.contextual)} contexts counted in {counting:.1f} CPU-seconds"
    ]
    settings = SolveSettings(Budget(candidates=candidates))
    plain = solve_tasks(drawn, settings)
    lines.append(f"  equal costs    solved {plain.solved} of {len(drawn)} in {plain.cpu_seconds:.0f} CPU-seconds")
    for label, strategy in (("dreams alone", Strategy.SYMBOLIC), ("both in turns", Strategy.HYBRID)):
        learned = solve_tasks(drawn, _learned(settings, weights, strategy))
        saved = Savings.between(plain, learned, candidates)
        lines.append(
            f"  {label:14} solved {learned.solved} of {len(drawn)} in {learned.cpu_seconds:.0f} CPU-seconds; {saved}"
        )
    return lines


def _learned(settings: SolveSettings, weights: Weights, strategy: Strategy) -> SolveSettings:
    return dataclasses.replace(settings, weights=weights, strategy=strategy, generation="dreams")


def main() -> None:
    """Measure the domains and write a report to standard output."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("domains", nargs="+")
    parser.add_argument("--tasks", type=int, default=40)
    parser.add_argument("--dreams", type=int, default=5_000)
    parser.add_argument("--candidates", type=int, default=100_000)
    parser.add_argument("--pseudo-count", type=float, default=PSEUDO_COUNT)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name in options.domains:
        lines = measure(
            name,
            tasks=options.tasks,
            dreams=options.dreams,
            candidates=options.candidates,
            seed=options.seed,
            pseudo_count=options.pseudo_count,
        )
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
