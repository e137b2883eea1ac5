"""Which backbone of the diffusion network describes programs best: equal parameters, equal CPU-seconds, equal graphs.

Run ``python -m workbench.benchmarks.backbones lists``. Dreams are dreamt on the inputs of the domain's tasks, a guide
of costs is trained on them, and graphs are made of them once, before any clock starts. Then every variant is trained on
these graphs for the same time, as often as there are seeds, and told by the nats per program on dreams that were kept
back. Beside them stand what needs no network: the weights counted on dreams (the bigram), and what the guide of costs
makes of these for each task, which is what all networks correct (with ``--base counted`` they correct the counted
weights, and are given what the guide says of the task as features only). A guide in a file must be one of the same
dreams and seed, or it has learned what is kept back.

Variants: the U-Net with tree coarsening, with gPool, and with attention (GATv2) in the place of gated convolutions;
the flat graph network; the Transformer; no look at the graph at all; T = 2 and 3 passes of the U-Net; the U-Net without
executed values.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dsl.domain import Domain, load_domain
from wake_sleep.model.backbones import BackboneSettings
from wake_sleep.model.conditioning import task_features
from wake_sleep.model.graph import Batch
from wake_sleep.model.guide import Guide
from wake_sleep.model.network import Network, NetworkSettings
from wake_sleep.model.packing import Pack
from wake_sleep.model.states import StateSettings
from wake_sleep.model.training import Trainer, TrainingSettings, best_device
from wake_sleep.sleep.cost_corpus import lessons_of_dreams
from wake_sleep.sleep.dreaming import dream
from wake_sleep.sleep.network_corpus import NetworkCorpus, Validation
from wake_sleep.sleep.requests import requests_of
from workbench.benchmarks import guidance

SHARD = 500
"""Programs of which graphs are made together."""
STATES = StateSettings()
EVALUATED = 512
"""Graphs that are evaluated at once."""


@dataclass(frozen=True)
class Variant:
    """A way to build the network.

    Attributes:
        backbone: what looks at the graph.
        passes: T.
        values: whether it sees executed values.
    """

    backbone: BackboneSettings
    passes: int = 1
    values: bool = True


SMALL: dict[str, Variant] = {
    "U-Net, tree": Variant(BackboneSettings()),
    "U-Net, gPool": Variant(BackboneSettings(pooling="gpool")),
    "U-Net, tree, GATv2": Variant(BackboneSettings(convolutions=("gatv2", "gatv2", "gatv2"))),
    "flat": Variant(BackboneSettings(kind="flat", widths=(104,), layers=9)),
    "Transformer": Variant(BackboneSettings(kind="transformer", layers=7)),
    "no look": Variant(BackboneSettings(kind="none", widths=(196,))),
    "U-Net, tree, T=2": Variant(BackboneSettings(), passes=2),
    "U-Net, tree, T=3": Variant(BackboneSettings(), passes=3),
    "U-Net, no values": Variant(BackboneSettings(), values=False),
}
"""Variants of about 0.9 M parameters."""
LARGE: dict[str, Variant] = {
    "U-Net, tree": Variant(BackboneSettings(widths=(256, 384, 512))),
    "U-Net, gPool": Variant(BackboneSettings(widths=(256, 384, 512), pooling="gpool")),
    "U-Net, tree, GATv2": Variant(BackboneSettings(widths=(256, 384, 512), convolutions=("gatv2", "gatv2", "gatv2"))),
    "flat": Variant(BackboneSettings(kind="flat", widths=(256,), layers=13)),
    "Transformer": Variant(BackboneSettings(kind="transformer", widths=(256,), layers=8, heads=8)),
    "no look": Variant(BackboneSettings(kind="none", widths=(640,))),
    "U-Net, tree, T=2": Variant(BackboneSettings(widths=(256, 384, 512)), passes=2),
    "U-Net, tree, T=3": Variant(BackboneSettings(widths=(256, 384, 512)), passes=3),
    "U-Net, no values": Variant(BackboneSettings(widths=(256, 384, 512)), values=False),
}
"""Variants of some 6 M parameters, for a GPU."""


@dataclass(frozen=True)
class Result:
    """What one training came to.

    Attributes:
        parameters: of the network.
        nats: per program that was kept back.
        graphs: that were trained on.
        seconds: that it took.
    """

    parameters: int
    nats: float
    graphs: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Material:
    """Graphs with or without executed values.

    Attributes:
        packs: of the programs to be learned.
        validation: those kept back.
    """

    packs: tuple[Pack, ...]
    validation: Validation


def material(corpus: NetworkCorpus, epochs: int) -> Material:
    """The graphs of some epochs."""
    shards = max(1, epochs * len(corpus.learned) // SHARD)
    return Material(tuple(corpus.shard(number, SHARD, STATES) for number in range(shards)), corpus.validation())


def batches(packs: Sequence[Pack], size: int, seed: int) -> Iterator[Batch]:
    """Batches in an order drawn with a seed, pack after pack, for ever."""
    chance = np.random.default_rng(seed)
    for _ in itertools.count():
        for number in chance.permutation(len(packs)):
            pack = packs[number]
            order = chance.permutation(len(pack))
            for chosen in np.array_split(order, max(1, round(len(pack) / size))):
                yield pack.batch(chosen.tolist())


def train(variant: Variant, own: Material, guide: Guide, options: argparse.Namespace, seed: int) -> Result:
    """Train a variant for the time given, and evaluate it.

    Time is that of the CPU, or on a GPU that on the clock; putting graphs side by side counts.
    """
    is_cuda = options.device.startswith("cuda")
    clock: Callable[[], float] = time.monotonic if is_cuda else time.process_time
    shape = NetworkSettings(variant.backbone, variant.passes, task_features(guide), guide.digest)
    settings = TrainingSettings(steps=10_000_000, bf16=is_cuda, seed=seed)
    trainer = Trainer(Network(shape, seed=seed), settings, options.device)
    started, graphs = clock(), 0
    for batch in batches(own.packs, options.batch, seed):
        trainer.share = min(1.0, (clock() - started) / options.seconds)
        if trainer.share >= 1.0:
            break
        trainer.train_step(batch)
        graphs += batch.graphs
    taken = clock() - started
    return Result(trainer.network.size, validated(trainer, own.validation), graphs, taken)


def validated(trainer: Trainer, known: Validation) -> float:
    """Nats per program that was kept back, by the estimator of the bound."""
    pack = known.pack
    assert pack is not None, "nothing was kept back"
    total = 0.0
    for start in range(0, len(pack), EVALUATED):
        numbers = range(start, min(start + EVALUATED, len(pack)))
        total += trainer.evaluate(pack.batch(numbers)) * len(numbers)
    return total / len(pack)


def corpus_of(domain: Domain, options: argparse.Namespace, tell: Callable[[str], object]) -> NetworkCorpus:
    """Dreams and the guide that was trained on them, or the one in a file."""
    tasks = guidance.sample(domain, options.sample, options.dream_seed)
    if options.guide is not None and options.guide.exists():
        guide = Guide.from_bytes(options.guide.read_bytes(), domain.name)
    else:
        guide = guidance.trained(domain, tasks, options.dreams, options.guide_seconds, options.dream_seed, tell)
        guide = Guide.from_bytes(guide.to_bytes())
        if options.guide is not None:
            options.guide.write_bytes(guide.to_bytes())
    requests = requests_of(domain.tasks)
    dreams = guidance.unlike(dream(domain, requests, options.dreams, seed=options.dream_seed), tasks, domain)
    # As with the guide, so that it has seen none of what is kept back.
    lessons = lessons_of_dreams(dreams, domain)
    is_corrected = options.base == "guided"
    return NetworkCorpus.of(domain, guide, lessons, seed=options.dream_seed, is_corrected=is_corrected)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train all variants with all seeds, and write a table to standard output."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("domain")
    parser.add_argument("--seconds", type=float, default=120.0, help="of each training")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each variant")
    parser.add_argument("--dreams", type=int, default=30_000)
    parser.add_argument("--dream-seed", type=int, default=0)
    parser.add_argument("--sample", type=int, default=40, help="tasks whose answers are not among the dreams")
    parser.add_argument("--guide", type=Path, help="file of the guide, which is made if it is missing")
    parser.add_argument("--guide-seconds", type=float, default=90.0, help="CPU-seconds of its training")
    parser.add_argument("--epochs", type=int, default=1, help="of which graphs are made; they are used again")
    parser.add_argument("--batch", type=int, default=256, help="graphs of one step")
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto")
    parser.add_argument("--size", choices=("small", "large"), help="of the networks; large on a GPU by default")
    parser.add_argument("--base", choices=("guided", "counted"), default="guided", help="weights that are corrected")
    parser.add_argument("--only", nargs="*", help="names of variants")
    options = parser.parse_args(arguments)
    options.device = best_device() if options.device == "auto" else options.device
    size = options.size or ("large" if options.device.startswith("cuda") else "small")
    variants = LARGE if size == "large" else SMALL
    write = sys.stdout.write
    chosen = {name: each for name, each in variants.items() if not options.only or name in options.only}
    corpus = corpus_of(load_domain(options.domain), options, write)
    started = time.process_time()
    made = {
        values: material(replace(corpus, values=values), options.epochs)
        for values in sorted({each.values for each in chosen.values()}, reverse=True)
    }
    known = next(iter(made.values())).validation
    graphs = sum(map(len, next(iter(made.values())).packs))
    write(
        f"{graphs:,} graphs of {len(corpus.learned):,} dreams in {time.process_time() - started:.0f} CPU-s; "
        f"{known.programs} dreams kept back; {options.seconds:.0f} s of training on {options.device}\n"
        f"{'':20} {'parameters':>10} {'nats':>7} {'± seeds':>7} {'gain':>6} {'graphs/s':>9}\n"
    )
    for name, nats in (("counted (bigram)", known.counted), ("guide of costs", known.guided)):
        write(f"{name:20} {'':10} {nats:7.2f} {'':7} {known.counted - nats:6.2f}\n")
    order = list(chosen)
    random.Random(0).shuffle(order)
    for name in order:
        variant = chosen[name]
        found = [train(variant, made[variant.values], corpus.guide, options, seed) for seed in range(options.seeds)]
        mean = statistics.mean(result.nats for result in found)
        spread = statistics.stdev(result.nats for result in found) if len(found) > 1 else 0.0
        rate = sum(result.graphs for result in found) / sum(result.seconds for result in found)
        write(
            f"{name:20} {found[0].parameters:10,} {mean:7.2f} {spread:7.2f} {known.counted - mean:6.2f} {rate:9,.0f}\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
