"""Compression of public corpora by Reverie and by Stitch, in one run and by the same metrics.

The corpora are other people's and no part of Reverie: they lie in the folder that ``--bench`` or the environment
variable ``REVERIE_BENCH`` names, or beside the checkout in ``../shared/bench``.
Run it as ``python -m workbench.benchmarks.compression``.
"""

import argparse
import csv
import json
import math
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsl.errors import ReverieError
from dsl.terms import Term, beta_normal, postorder
from wake_sleep.sleep.abstraction.compression import CompressionSettings, compress, task_cost, thorough
from wake_sleep.sleep.abstraction.corpus import Corpus, read_corpora
from wake_sleep.sleep.abstraction.metrics import METRICS, Metric
from wake_sleep.sleep.abstraction.rewriting import Rewriter
from wake_sleep.sleep.abstraction.stitch import (
    Limits,
    Proposals,
    StitchSettings,
    Symbols,
    read_answer,
    run_child,
)
from wake_sleep.sleep.abstraction.untyped import read_program, untyped_abstraction, write_program
from workbench.benchmarks.reading import VARIABLE, bench_folder
from workbench.compression import cpu_seconds

DOMAINS = ("list", "text", "logo", "towers", "physics")
"""DreamCoder's domains with published compression figures."""
COGSCI = ("nuts-bolts", "wheels", "dials", "furniture", "city", "bridge", "castle", "house")
PUBLISHED = {
    "list": "babble_list-beam-400-lps-1-rounds-20.csv",
    "physics": "babble_physics-beam-400-lps-1-rounds-20.csv",
}
"""Babble's own costs, file by file."""
ARITIES = (2, 3, 4)
"""Stitch runs with each of these as the most parameters, for 20 iterations; the best run of each corpus counts."""


@dataclass(frozen=True)
class Sizes:
    """A corpus before and after, by one metric.

    Attributes:
        original: size of the corpus.
        rewritten: size of the rewritten corpus.
        library: size of the library.
    """

    original: int
    rewritten: int
    library: int

    @property
    def ratio(self) -> float:
        """Original over rewritten and library."""
        return self.original / (self.rewritten + self.library)


def size_of(term: Term, metric: Metric) -> int:
    """The size of a term (sharing expanded)."""
    sizes: dict[Term, int] = {}
    for node in postorder([term]):
        sizes[node] = metric(node) + sum(sizes[child] for child in node.children)
    return sizes[term]


def stitch_alone(
    corpus: Corpus, arities: Sequence[int] = ARITIES
) -> tuple[list[Callable[[Metric], Sizes]], list[Proposals]]:
    """What Stitch makes of a corpus by itself, for each arity: its own library and its own rewritten programs.

    Raises:
        ReverieError: if Stitch fails.
    """
    symbols = Symbols()
    runs = [StitchSettings(arity=arity, iterations=20) for arity in arities]
    # Here as anybody would call it: functions may be partially applied in its library.
    arguments = [{**run.arguments(), "no_curried_bodies": False} for run in runs]
    request = {
        "programs": [write_program(p, binder="lam", name=symbols.name) for p in corpus.programs],
        "tasks": list(corpus.tasks),
        "runs": arguments,
    }
    lines, events = run_child(request, Limits(cpu_seconds=600.0, wall_seconds=1800.0))
    if events:
        raise ReverieError(f"{corpus.name}: {'; '.join(events)}")
    found: list[Callable[[Metric], Sizes]] = []
    libraries = []
    for line in lines:
        answer = json.loads(line)
        libraries.append(Proposals(tuple(read_answer(line, symbols))))
        # `#0` and the names of its functions are leaves like every constant.
        programs = [read_program(text) for text in answer["rewritten"]]
        bodies = [(read_program(row["body"]), int(row["arity"])) for row in answer["abstractions"]]

        def sizes(
            metric: Metric,
            programs: Sequence[Term] = tuple(programs),
            bodies: Sequence[tuple[Term, int]] = tuple(bodies),
        ) -> Sizes:
            before = task_cost(corpus, [size_of(p, metric) for p in corpus.programs]) + metric.corpus
            after = task_cost(corpus, [size_of(p, metric) for p in programs]) + metric.corpus
            library = sum(size_of(body, metric) + metric.parameter * arity for body, arity in bodies)
            return Sizes(before, after, library)

        found.append(sizes)
    return found, libraries


@dataclass(frozen=True)
class Outcome:
    """One corpus compressed by both.

    Attributes:
        corpus: the corpus.
        ours: by Reverie.
        theirs: by Stitch, its best run.
        cpu: CPU-seconds that Reverie took.
        wrong: rewritten programs that do not expand to the program.
        events: what went wrong with the miner.
    """

    corpus: Corpus
    ours: Sizes
    theirs: Sizes
    cpu: float
    wrong: int
    events: tuple[str, ...]


def compress_both(
    corpora: Iterable[Corpus], metrics: Sequence[Metric], settings_for: Callable[[Metric], CompressionSettings]
) -> dict[str, list[Outcome]]:
    """Compress corpora by Reverie, once for each metric, and by Stitch; by the name of the metric."""
    outcomes: dict[str, list[Outcome]] = {metric.name: [] for metric in metrics}
    for corpus in corpora:
        theirs, _ = stitch_alone(corpus)
        for metric in metrics:
            begin = cpu_seconds()
            found = compress(corpus, settings_for(metric))
            seconds = cpu_seconds() - begin
            pairs = zip(corpus.programs, found.rewritten, strict=True)
            wrong = sum(beta_normal(form, expand=True) is not program for program, form in pairs)
            ours = Sizes(found.original_cost, found.corpus_cost, found.library_cost)
            best = max((sizes(metric) for sizes in theirs), key=lambda sizes: sizes.ratio)
            outcomes[metric.name].append(Outcome(corpus, ours, best, seconds, wrong, found.events))
    return outcomes


def first_size(corpus: Corpus, metric: Metric) -> int:
    """What Babble takes for the size of a corpus: the first program of each task."""
    firsts = (positions[0] for positions in corpus.positions_by_task.values())
    return sum(size_of(corpus.programs[i], metric) for i in firsts) + metric.corpus


def geometric_mean(ratios: Iterable[float]) -> float:
    """The geometric mean."""
    logarithms = [math.log(ratio) for ratio in ratios]
    return math.exp(sum(logarithms) / len(logarithms))


def dreamcoder_line(domain: str, metric: str, outcomes: Sequence[Outcome]) -> str:
    """One line of the table of DreamCoder's corpora."""
    ours, theirs = ([each.ratio for each in side] for side in zip(*((o.ours, o.theirs) for o in outcomes), strict=True))
    total = [sum(o.ours.original for o in outcomes) / sum(s.rewritten + s.library for s in side)
             for side in ([o.ours for o in outcomes], [o.theirs for o in outcomes])]  # fmt: skip
    worse = sum(o.ours.ratio < o.theirs.ratio for o in outcomes)
    return (
        f"{domain:10}{metric:8}{len(outcomes):5}"
        f"{sum(ours) / len(ours):9.4f}{sum(theirs) / len(theirs):9.4f}{total[0]:9.4f}{total[1]:9.4f}{worse:7}"
        f"{sum(o.cpu for o in outcomes):8.1f}{sum(o.wrong for o in outcomes):7}"
        f"{sum(bool(o.events) for o in outcomes):8}"
    )


DREAMCODER_HEAD = (
    f"{'domain':10}{'metric':8}{'files':>5}{'mean':>9}{'Stitch':>9}{'total':>9}{'Stitch':>9}{'worse':>7}{'CPU s':>8}"
    f"{'wrong':>7}{'events':>8}"
)


def babble_line(domain: str, bench: Path, outcomes: Sequence[Outcome]) -> str:
    """Babble's published costs beside ours, as geometric means over the files that are there."""
    metric = METRICS["babble"]
    with (bench / "compression" / PUBLISHED[domain]).open(encoding="utf-8", newline="") as file:
        rows = {row["benchmark"]: row for row in csv.DictReader(file)}
    both = [(outcome, rows[outcome.corpus.name]) for outcome in outcomes if outcome.corpus.name in rows]
    same = sum(first_size(outcome.corpus, metric) == int(row["initial"]) for outcome, row in both)
    ratios = {
        "ours": [int(row["initial"]) / (o.ours.rewritten + o.ours.library) for o, row in both],
        "Stitch": [int(row["initial"]) / (o.theirs.rewritten + o.theirs.library) for o, row in both],
        "babble": [int(row["initial"]) / int(row["all none"]) for _, row in both],
        "babble with equations": [int(row["initial"]) / int(row["all dsrs"]) for _, row in both],
    }
    shown = ", ".join(f"{name} {geometric_mean(found):.4f}" for name, found in ratios.items())
    return f"{domain}: {len(both)} files ({same} of equal initial cost): {shown}"


def cogsci_line(name: str, corpus: Corpus, metric: Metric, seed: int) -> str:
    """Learn on one half of a corpus, and apply the library to the other half."""
    count = len(corpus.programs)
    chosen = set(random.Random(seed).sample(range(count), count // 2))
    train, test = (corpus.part([i for i in range(count) if (i in chosen) is wanted]) for wanted in (True, False))
    begin = cpu_seconds()
    found = compress(train, CompressionSettings(metric=metric))
    seconds = cpu_seconds() - begin
    stated, libraries = stitch_alone(train, ARITIES[:2])
    best = max(range(len(stated)), key=lambda i: stated[i](metric).ratio)
    their_library = [untyped_abstraction(f"stitch {n}", p.definition) for n, p in enumerate(libraries[best].proposals)]
    before = task_cost(test, [size_of(p, metric) for p in test.programs])
    tested = []
    for library in ([function.abstraction for function in found.library], their_library):
        rewriter = Rewriter(library, metric)
        forms = [rewriter.rewrite(p) for p in test.programs]
        wrong = sum(beta_normal(form, expand=True) is not p for p, form in zip(test.programs, forms, strict=True))
        tested.append((before / task_cost(test, [rewriter.cost(form) for form in forms]), wrong))
    return (
        f"{name:14}{found.ratio:9.3f}{stated[best](metric).ratio:9.3f}{tested[0][0]:9.3f}{tested[1][0]:9.3f}"
        f"{len(found.library):7}{len(their_library):7}{seconds:8.1f}{tested[0][1]:7}"
    )


COGSCI_HEAD = (
    f"{'corpus':14}{'train':>9}{'Stitch':>9}{'test':>9}{'Stitch':>9}{'funcs':>7}{'Stitch':>7}{'CPU s':>8}{'wrong':>7}"
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Compress public corpora by Reverie and by Stitch.")
    parser.add_argument("--bench", type=Path, help=f"folder of the public data (default ${VARIABLE})")
    parser.add_argument("--sample", type=int, help="so many files of each domain (default all)")
    parser.add_argument("--metric", choices=tuple(METRICS), action="append", help="may be repeated (default all)")
    parser.add_argument("--domain", choices=(*DOMAINS, "cogsci"), action="append", help="may be repeated (default all)")
    parser.add_argument("--thorough", action="store_true", help="take longer with DreamCoder's corpora")
    parser.add_argument("--seed", type=int, default=0, help="of sample and halves")
    stated = parser.parse_args(arguments)
    bench = bench_folder(stated.bench)
    if bench is None:
        sys.stderr.write(f"there are no public benchmark files here; name their folder by --bench or {VARIABLE}\n")
        return
    metrics = [METRICS[name] for name in stated.metric or METRICS]
    domains = stated.domain or (*DOMAINS, "cogsci")
    write = sys.stdout.write
    write(f"{DREAMCODER_HEAD}\n")
    for domain in (name for name in domains if name != "cogsci"):
        corpora = read_corpora(bench / "compression" / f"dreamcoder_{domain}.jsonl.gz")
        if stated.sample is not None and stated.sample < len(corpora):
            kept = random.Random(stated.seed).sample(range(len(corpora)), stated.sample)
            corpora = [corpora[i] for i in sorted(kept)]
        outcomes = compress_both(corpora, metrics, thorough if stated.thorough else CompressionSettings)
        for metric in metrics:
            write(f"{dreamcoder_line(domain, metric.name, outcomes[metric.name])}\n")
        if domain in PUBLISHED and "babble" in outcomes:
            write(f"{babble_line(domain, bench, outcomes['babble'])}\n")
        sys.stdout.flush()
    if "cogsci" in domains:
        write(f"{COGSCI_HEAD}\n")
        for name in COGSCI[: stated.sample]:
            corpus = read_corpora(bench / "compression" / f"cogsci_{name}.json")[0]
            write(f"{cogsci_line(name, corpus, metrics[0], stated.seed)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
