"""How fast terms are sampled and evaluated, in CPU-seconds of one core.

Run ``python -m workbench.benchmarks.rates``. For each language, programs of at most 15 nodes are sampled from the
uniform grammar and evaluated on ten random inputs; the figures are medians over the rounds. Python's cyclic garbage
collector is part of the figure; ``--no-gc`` shows what it costs. Each language has a process of its own, because the
collector's work grows with all that a process holds.
"""

from __future__ import annotations

import argparse
import functools
import gc
import multiprocessing
import random
import statistics
import sys
import time
from dataclasses import dataclass

from dsl.domain import load_domain
from dsl.evaluate import Evaluation
from dsl.limits import Limits
from dsl.terms import strip_lambdas

LANGUAGES = (
    ("lists/dreamcoder", "list(int) -> list(int)"),
    ("lists/lambdabeam", "list(int) -> list(int)"),
    ("lists", "list(int) -> list(int)"),
)
BUDGET = 15
LIMITS = Limits(steps=2_000, size=256)


@dataclass(frozen=True)
class Rates:
    """What was measured for one language.

    Attributes:
        language: domain and primitive set.
        nodes: mean number of AST nodes of the sampled programs.
        sampled: terms per CPU-second.
        evaluated: pairs of term and example per CPU-second.
    """

    language: str
    nodes: float
    sampled: float
    evaluated: float


def measure(language: tuple[str, str], *, terms: int, rounds: int, seed: int = 0, collector: bool = True) -> Rates:
    """Sample and evaluate `terms` programs of a language in each of `rounds` rounds, after one that does not count."""
    if not collector:
        gc.disable()
    name, request = language
    domain = load_domain(name)
    grammar = domain.grammar(request)
    chance = random.Random(seed)
    inputs = [(tuple(chance.randint(-9, 9) for _ in range(chance.randint(0, 8))),) for _ in range(10)]
    sampled, evaluated, nodes = [], [], 0.0
    for _ in range(rounds + 1):
        started = time.process_time()
        programs = [grammar.sample(chance, BUDGET) for _ in range(terms)]
        sampled.append(terms / (time.process_time() - started))
        bodies = [strip_lambdas(program, 1)[1] for program in programs]
        nodes = statistics.mean(body.size for body in bodies)
        started = time.process_time()
        evaluation = Evaluation(domain, inputs, LIMITS)
        for body in bodies:
            evaluation.column(body)
        evaluated.append(terms * len(inputs) / (time.process_time() - started))
    return Rates(name, nodes, statistics.median(sampled[1:]), statistics.median(evaluated[1:]))


def main() -> None:
    """Measure all languages and write a table to standard output."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--terms", type=int, default=20_000, help="programs a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-gc", action="store_true", help="switch the cyclic garbage collector off")
    options = parser.parse_args()
    task = functools.partial(
        measure, terms=options.terms, rounds=options.rounds, seed=options.seed, collector=not options.no_gc
    )
    write = sys.stdout.write
    write(f"{'language':18} {'nodes':>6} {'terms/CPU-s':>12} {'pairs/CPU-s':>12}\n")
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for found in pool.imap(task, LANGUAGES, chunksize=1):
            write(f"{found.language:18} {found.nodes:6.1f} {found.sampled:12,.0f} {found.evaluated:12,.0f}\n")


if __name__ == "__main__":
    main()
