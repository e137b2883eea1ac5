"""How fast the guide's network trains, answers and samples, in CPU-seconds of one thread.

Run ``python -m workbench.benchmarks.diffusion``. Graphs are states of programs sampled from the language of lists, with
the nodes of their tasks (six examples), at most 30 nodes each; batches are ready before the clock starts. A call is
one state of one task, from the graph to log-probabilities. Samples are whole programs of an untrained network.
"""

from __future__ import annotations

import argparse
import itertools
import random
import resource
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dsl.domain import load_domain
from dsl.probability import UNIFORM
from wake_sleep.model.backbones import BackboneSettings
from wake_sleep.model.condition import Condition
from wake_sleep.model.diffusion import shown_after
from wake_sleep.model.encode import Encoder, Targets
from wake_sleep.model.graph import Batch, Graph, collate
from wake_sleep.model.network import Network, NetworkSettings
from wake_sleep.model.partial import PartialDerivation
from wake_sleep.model.sampling import Sampler, SamplingSettings
from wake_sleep.model.symbols import Vocabulary
from wake_sleep.model.training import Trainer, TrainingSettings

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


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all shapes and write a table to standard output."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--batch", type=int, default=256, help="graphs a batch")
    parser.add_argument("--rounds", type=int, default=7, help="steps that are timed; their median counts")
    parser.add_argument("--samples", type=int, default=256, help="programs sampled")
    options = parser.parse_args(arguments)
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


if __name__ == "__main__":
    main()
