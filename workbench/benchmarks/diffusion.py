"""The guide's network: how fast it trains, answers and samples, and what it adds to a search that costs guide.

Run ``python -m workbench.benchmarks.diffusion speed``. Graphs are states of programs sampled from the language of
lists, with the nodes of their tasks (six examples), at most 30 nodes each; batches are ready before the clock starts. A
call is one state of one task, from the graph to log-probabilities. Samples are whole programs of an untrained network.
All in CPU-seconds of one thread.

Run ``python -m workbench.benchmarks.diffusion share lists`` for the share of diffusion. Dreams that fit one of the
sampled tasks are thrown away; a guide of costs is trained on the rest, and a network on the same. Then each task that
the search by these costs does not solve within `HARD` candidates is searched anew for the same CPU-seconds, up to the
first program that fits all examples: by costs alone (``costs``), by proposals alone (``diffusion``), and by costs with
the network for a helper (``both``), also without giving parts of proposals to the search (``no seeds``) and without
filling failures that were cut open (``no fills``). Loading of the library for networks does not count.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsl.domain import Domain, load_domain
from dsl.probability import UNIFORM
from dsl.spec import Budget, Spec, Task
from wake_sleep.model.backbones import BackboneSettings
from wake_sleep.model.checkpoint import network_to_bytes
from wake_sleep.model.condition import Condition
from wake_sleep.model.diffusion import shown_after
from wake_sleep.model.encode import Encoder, Targets
from wake_sleep.model.graph import Batch, Graph, collate
from wake_sleep.model.guide import Guide
from wake_sleep.model.network import Network, NetworkSettings
from wake_sleep.model.partial import PartialDerivation
from wake_sleep.model.sampling import Sampler, SamplingSettings
from wake_sleep.model.symbols import Vocabulary
from wake_sleep.model.training import Trainer, TrainingSettings
from wake_sleep.sleep.cost_corpus import lessons_of_dreams
from wake_sleep.sleep.dreaming import dream
from wake_sleep.sleep.network_training import NetworkTrainingSettings, train_network
from wake_sleep.sleep.requests import requests_of
from wake_sleep.wake.blame import blaming_primitives
from wake_sleep.wake.cegis import diverse
from wake_sleep.wake.costs import smoothed_costs
from wake_sleep.wake.dovetail import Dovetail, Lane, PartMeter
from wake_sleep.wake.engines import engine_for
from wake_sleep.wake.fitting import distinct_examples
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.outcome import FoundBy
from wake_sleep.wake.proposing import ProposalSearch, Proposer
from wake_sleep.wake.search import Goal
from wake_sleep.wake.solve import program_grammar
from wake_sleep.wake.verify.examples import failing_examples
from workbench.benchmarks import guidance

REQUEST = "list(int) -> list(int)"
MOST_NODES = 30
SHAPES = {
    "U-Net, tree, GCN": BackboneSettings(),
    "U-Net, tree, GATv2": BackboneSettings(convolutions=("gatv2", "gatv2", "gatv2")),
    "U-Net, gPool, GCN": BackboneSettings(pooling="gpool"),
    "flat, GCN": BackboneSettings(kind="flat", widths=(104,), layers=9),
    "Transformer": BackboneSettings(kind="transformer", layers=7),
}


@dataclass(frozen=True)
class Speed:
    """What was measured of one shape.

    Attributes:
        name: of the shape.
        parameters: their number.
        trained: graphs per CPU-second of training.
        call: milliseconds of CPU for one state of one task, the building of its graph included.
    """

    name: str
    parameters: int
    trained: float
    call: float


def task(seed: int = 0) -> Condition:
    """Reversal by six examples."""
    domain, chance = load_domain("lists"), random.Random(seed)
    inputs = [tuple(chance.randint(-9, 9) for _ in range(length)) for length in (0, 1, 2, 4, 6, 8)]
    return Condition(domain.grammar(REQUEST), domain, tuple(((given,), given[::-1]) for given in inputs))


def states(condition: Condition, vocabulary: Vocabulary, seed: int = 0) -> Iterator[Graph]:
    """States of sampled programs with at least two thirds of `MOST_NODES` nodes and at most all of them."""
    grammar, chance = condition.grammar, random.Random(seed)
    encoder = Encoder(condition, vocabulary)
    while True:
        derivation = grammar.derive(grammar.sample(chance, 24))
        assert derivation is not None
        count = derivation.term.size
        if count < MOST_NODES // 2:
            continue
        tree = shown_after(grammar, derivation, chance.randrange(count // 3, count), chance)
        holes = len(tree.state.holes)
        graph = encoder.encode(tree.state, targets=Targets(tree.targets(), [count / holes] * holes))
        if 2 * MOST_NODES <= 3 * len(graph) <= 3 * MOST_NODES:
            yield graph


def measure(name: str, batches: Sequence[Batch], rounds: int) -> Speed:
    """Train a network of one shape on batches in turn, and ask it."""
    condition, vocabulary = task(), Vocabulary(UNIFORM)
    network = Network(NetworkSettings(SHAPES[name]))
    trainer = Trainer(network, TrainingSettings(steps=1000))
    times = []
    for round_ in range(rounds + 1):
        started = time.process_time()
        trainer.train_step(batches[round_ % len(batches)])
        times.append(time.process_time() - started)
    encoder, state = Encoder(condition, vocabulary), PartialDerivation(condition.grammar)
    calls = []
    for _ in range(20):
        started = time.process_time()
        network.ask(collate([encoder.encode(state)], vocabulary))
        calls.append(time.process_time() - started)
    return Speed(name, network.size, batches[0].graphs / statistics.median(times[1:]), 1e3 * statistics.median(calls))


def sampled(count: int, budget: int = 20) -> tuple[float, float]:
    """Samples of an untrained network per CPU-second, and the share of distinct ones."""
    sampler = Sampler(task(), Network(), SamplingSettings(budget=budget, spread=True))
    started = time.process_time()
    programs = sampler.sample(count)
    return count / (time.process_time() - started), len(set(programs)) / count


HARD = 2_000
"""Candidates within which the search by costs does not solve a hard task."""
WAYS = ("costs", "both", "no seeds", "no fills", "diffusion")
"""Ways to go about a task; see the module."""


@dataclass(frozen=True)
class Race:
    """One search for one task.

    Attributes:
        by: the part of the engine that found the first program that fits, or None.
        cpu_seconds: until then, or all.
        candidates: likewise.
    """

    by: FoundBy | None
    cpu_seconds: float
    candidates: int


def lanes(way: str, goal: Goal, guide: Guide, spec: Spec, proposer: Proposer, meter: Meter) -> list[Lane]:
    """The searches of one way to go about a task; see the module."""
    costs = smoothed_costs(goal.grammar, guide.weights(spec))
    if way == "diffusion":
        return [Lane(ProposalSearch(goal, costs, meter, proposer))]
    first = Lane(engine_for(goal)(goal, costs, PartMeter(meter)))
    if way == "costs":
        return [first]
    off = {"no seeds": {"seeds": False}, "no fills": {"fills": False}}.get(way, {})
    asked = dataclasses.replace(proposer, settings=dataclasses.replace(proposer.settings, **off))
    return [first, Lane(ProposalSearch(goal, costs, PartMeter(first.meter), asked, first.search), first)]


def race(way: str, spec: Spec, guide: Guide, proposer: Proposer, budget: Budget) -> Race:
    """Search for a spec in one way, up to the first program that fits all examples."""
    domain, grammar = load_domain(spec.domain or ""), program_grammar(spec, spec.functions[0])
    examples = distinct_examples(spec.examples)
    cases = [(e.inputs, e.output) for e in examples]
    whole = Goal(grammar, domain, tuple(cases))
    active = set(diverse(cases, engine_for(whole).initial_cases))
    goal = dataclasses.replace(whole, cases=tuple(cases[i] for i in sorted(active)))
    meter = Meter(budget)
    try:
        with blaming_primitives(goal):
            dovetail = Dovetail(lanes(way, goal, guide, spec, proposer, meter))
            for lane, found in dovetail.run():
                if found is None:
                    continue
                failing = failing_examples(lane.search.goal.grammar.program(found.body), examples, domain)
                if not failing:
                    return Race(found.by, meter.cpu_seconds, meter.candidates)
                active.add(failing[0])
                dovetail.add_cases([cases[failing[0]]])
    except OutOfBudget:
        pass
    return Race(None, meter.cpu_seconds, meter.candidates)


def shares(
    tasks: Sequence[Task], proposer: Proposer, options: argparse.Namespace, tell: Callable[[str], object]
) -> None:
    """Race for the hard tasks among some, and tell of it."""
    guide, ways = proposer.guide, options.ways
    budget = Budget(cpu_seconds=options.cpu, memory=1 << 30)
    rows: list[dict[str, Race]] = []
    for task in tasks:
        if options.hard:
            easy = race("costs", task.spec, guide, proposer, Budget(candidates=options.hard, memory=1 << 30))
            if easy.by is not None:
                continue
        row = {way: race(way, task.spec, guide, proposer, budget) for way in ways}
        rows.append(row)
        shown = "  ".join(f"{way} {r.by or '-':.5} {r.cpu_seconds:5.1f} s" for way, r in row.items())
        tell(f"{task.name[:30]:30} {shown}\n")
        sys.stdout.flush()
        if len(rows) == options.most:
            break
    for way in ways:
        solved = [row[way] for row in rows if row[way].by is not None]
        by = {part: sum(r.by == part for r in solved) for part in sorted({r.by for r in solved if r.by})}
        total = sum(row[way].cpu_seconds for row in rows)
        told = ", ".join(f"{part} {count}" for part, count in by.items())
        sooner = sum(_is_sooner(row[way], row["costs"]) for row in rows)
        later = sum(_is_sooner(row["costs"], row[way]) for row in rows)
        tell(
            f"{way:10} solved {len(solved)} of {len(rows)} ({told}), {total:.0f} CPU-s in all; "
            f"sooner than costs alone {sooner}, later {later}\n"
        )


def _is_sooner(one: Race, other: Race) -> bool:
    """Whether one search solved a task that the other did not, or in less than four fifths of its time."""
    if one.by is None:
        return False
    return other.by is None or one.cpu_seconds < 0.8 * other.cpu_seconds


def proposer_of(
    domain: Domain, tasks: Sequence[Task], options: argparse.Namespace, tell: Callable[[str], object]
) -> Proposer:
    """The proposer in the files named, or one that is trained on dreams that answer none of the tasks."""
    if options.guide is not None and options.guide.exists():
        guide = Guide.from_bytes(options.guide.read_bytes(), domain.name)
    else:
        guide = guidance.trained(domain, tasks, options.dreams, options.seconds, options.seed, tell)
        guide = Guide.from_bytes(guide.to_bytes())
        if options.guide is not None:
            options.guide.write_bytes(guide.to_bytes())
    if options.network is not None and options.network.exists():
        return Proposer(options.network.read_bytes(), guide)
    dreams = guidance.unlike(dream(domain, requests_of(domain.tasks), options.dreams, seed=options.seed), tasks, domain)
    settings = NetworkTrainingSettings(
        steps=1_000_000, seconds=options.seconds, device=options.device, seed=options.seed
    )
    network, score = train_network(domain.name, lessons_of_dreams(dreams, domain), guide, settings=settings)
    tell(f"{len(dreams):,} dreams; network of {network.size:,} parameters, {score}\n")
    content = network_to_bytes(network)
    if options.network is not None:
        options.network.write_bytes(content)
    return Proposer(content, guide)


def measure_share(options: argparse.Namespace) -> None:
    """Measure the share of diffusion in one domain."""
    write = sys.stdout.write
    domain = load_domain(options.domain)
    tasks = guidance.sample(domain, options.sample, options.seed)
    proposer = proposer_of(domain, tasks, options, write)
    changes = {name: value for name in ("batch", "steps", "temperature") if (value := getattr(options, name))}
    proposer = dataclasses.replace(proposer, settings=dataclasses.replace(proposer.settings, **changes))
    shares(tasks, proposer, options, write)


def measure_speed(options: argparse.Namespace) -> None:
    """Measure all shapes and write a table to standard output."""
    write = sys.stdout.write
    write(f"{'shape':20} {'parameters':>10} {'graphs/CPU-s':>13} {'call, ms':>9}\n")
    vocabulary = Vocabulary(UNIFORM)
    found = states(task(), vocabulary)
    batches = [collate(list(itertools.islice(found, options.batch)), vocabulary) for _ in range(2)]
    nodes = sum(len(batch.kinds) for batch in batches) / (2 * options.batch)
    write(f"{nodes:.1f} nodes a graph, {options.batch} graphs a batch\n")
    for name in SHAPES:
        speed = measure(name, batches, options.rounds)
        write(f"{speed.name:20} {speed.parameters:10,} {speed.trained:13,.0f} {speed.call:9.1f}\n")
    rate, distinct = sampled(options.samples)
    write(f"samples/CPU-s {rate:.0f}, distinct {distinct:.1%}\n")
    write(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    speed = kinds.add_parser("speed", help="how fast the network is")
    speed.add_argument("--batch", type=int, default=256, help="graphs a batch")
    speed.add_argument("--rounds", type=int, default=7, help="steps that are timed; their median counts")
    speed.add_argument("--samples", type=int, default=256, help="programs sampled")
    speed.set_defaults(measure=measure_speed)
    share = kinds.add_parser("share", help="what it adds to a search")
    share.add_argument("domain")
    share.add_argument("--dreams", type=int, default=30_000)
    share.add_argument("--seconds", type=float, default=180.0, help="CPU-seconds of each of the two trainings")
    share.add_argument("--sample", type=int, default=40, help="tasks")
    share.add_argument("--most", type=int, default=30, help="hard tasks among them that are raced for")
    share.add_argument(
        "--hard", type=int, default=HARD, help="candidates within which costs do not solve a task; 0: any"
    )
    share.add_argument("--cpu", type=float, default=20.0, help="CPU-seconds of each search")
    share.add_argument("--seed", type=int, default=0)
    share.add_argument("--device", default="auto", help="of the training: cpu, cuda or auto")
    share.add_argument("--guide", type=Path, help="file of the guide, which is made if it is missing")
    share.add_argument("--network", type=Path, help="file of the network, likewise")
    share.add_argument("--batch", type=int, help="programs that are sampled at once")
    share.add_argument("--steps", type=int, help="looks of the network at a program")
    share.add_argument("--temperature", type=float, help="of sampling")
    share.add_argument("--ways", nargs="*", choices=WAYS, default=list(WAYS), help="ways to search, costs first")
    share.set_defaults(measure=measure_share)
    options = parser.parse_args(arguments)
    options.measure(options)


if __name__ == "__main__":
    main()
