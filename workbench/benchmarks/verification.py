"""What checks cost, and how much faster two verifiers are than one.

Run ``python -m workbench.benchmarks.verification``. Three tables are written: the cost of small checks of sampled
candidates in one process; a refutation by a counterexample that is known beside one by a fresh solver; and hard checks,
identities of products of bit-vectors, by one verifier actor and by several, the start of Ray not counted. The hard
checks are bounded by steps, so that the work is equal and their verdicts have to be.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dsl.domain import load_domain
from dsl.source import Source
from dsl.spec import Spec
from dsl.sygus.reader import read_sygus
from dsl.terms import Term, abstract
from wake_sleep.wake.outcome import Judgement, Verdict
from wake_sleep.wake.pool.verifier_actors import ActorVerifiers
from wake_sleep.wake.pool.verifiers import Check
from wake_sleep.wake.solve import program_grammar
from wake_sleep.wake.verify.condition import Condition, condition_of
from wake_sleep.wake.verify.solver import Allowance, ConditionVerifier

FAMILIES: Final = {
    "integers": """\
(set-logic LIA)
(synth-fun f ((x Int) (y Int) (z Int)) Int
  ((I Int) (B Bool)) ((I Int (x y z 0 1 (+ I I) (- I I) (ite B I I))) (B Bool ((<= I I) (= I I) (and B B)))))
(declare-var x Int) (declare-var y Int) (declare-var z Int)
(constraint (and (>= (f x y z) x) (>= (f x y z) y) (>= (f x y z) z)))
(constraint (or (= (f x y z) x) (= (f x y z) y) (= (f x y z) z)))
""",
    "bit-vectors": """\
(set-logic BV)
(synth-fun f ((x (_ BitVec 32)) (y (_ BitVec 32))) (_ BitVec 32)
  ((S (_ BitVec 32)))
  ((S (_ BitVec 32) (x y #x00000000 #x00000001 (bvnot S) (bvneg S) (bvand S S) (bvor S S) (bvadd S S) (bvsub S S)))))
(declare-var x (_ BitVec 32)) (declare-var y (_ BitVec 32))
(constraint (= (f x y) (bvxor x y)))
""",
    "Booleans": """\
(set-logic BV)
(synth-fun f ((a Bool) (b Bool) (c Bool) (d Bool)) Bool
  ((S Bool)) ((S Bool (a b c d (not S) (and S S) (or S S) (xor S S)))))
(declare-var a Bool) (declare-var b Bool) (declare-var c Bool) (declare-var d Bool)
(constraint (= (f a b c d) (or (and a b) (and c (xor b d)))))
""",
}
"""Conditions that most candidates fail."""

PRODUCT: Final = """\
(set-logic BV)
(synth-fun f ((x (_ BitVec {width})) (y (_ BitVec {width}))) (_ BitVec {width}))
(declare-var x (_ BitVec {width})) (declare-var y (_ BitVec {width}))
(define-fun m ((y (_ BitVec {width}))) (_ BitVec {width}) (bvand y (_ bv{mask} {width})))
(define-fun in-parts ((x (_ BitVec {width})) (y (_ BitVec {width}))) (_ BitVec {width})
  (bvadd (bvmul (bvand x y) (bvor x y)) (bvmul (bvand x (bvnot y)) (bvand (bvnot x) y))))
(constraint (= (f x y) {term}))
"""
PLAIN: Final = "(bvmul x (m y))"
IN_PARTS: Final = "(in-parts x (m y))"
WIDTHS: Final = (10, 11, 12, 13, 14)
MASKS: Final = (7, 11, 13, 14)
"""Which bits of a factor count; three of them make a check of some tenths of a second."""
BUDGET: Final = 15
"""AST nodes of a sampled candidate at most."""
SECONDS: Final = 5.0
"""What a small check may take."""


@dataclass(frozen=True)
class SmallChecks:
    """What small checks of one family cost.

    Attributes:
        family: the kind of condition.
        count: number of candidates.
        median: milliseconds a check.
        upper: the 90th percentile.
        replayed: milliseconds of a refutation by a known point, median.
        fresh: milliseconds of a refutation by a fresh solver, median.
    """

    family: str
    count: int
    median: float
    upper: float
    replayed: float
    fresh: float


@dataclass(frozen=True)
class HardChecks:
    """What so many verifiers did.

    Attributes:
        workers: number of actors.
        seconds: from the first submission to the last verdict.
        alone: the same without the time that a verifier waited for a core which some other program had; equal where
            the system does not tell.
        verdicts: in the order of the checks.
    """

    workers: int
    seconds: float
    alone: float
    verdicts: tuple[Verdict, ...]


def measure_small(family: str, candidates: int, fresh: int, seed: int = 0) -> SmallChecks:
    """Check sampled candidates one after the other, and refute some of them again."""
    spec, condition = _read(FAMILIES[family])
    (function,) = spec.functions
    grammar, chance = program_grammar(spec, function), random.Random(seed)
    programs = [{function.name: grammar.sample(chance, BUDGET)} for _ in range(candidates)]
    verifier, times, wrong = ConditionVerifier(condition), [], []
    for each in programs:
        begun = time.perf_counter()
        verdict = verifier.check(each, Allowance(SECONDS))
        times.append(1e3 * (time.perf_counter() - begun))
        if verdict.judgement is Judgement.REFUTED:
            wrong.append(each)
    replayed = [_milliseconds(verifier, each) for each in wrong]
    renewed = []
    for each in wrong[:fresh]:
        begun = time.perf_counter()
        ConditionVerifier(condition).check(each, Allowance(SECONDS))
        renewed.append(1e3 * (time.perf_counter() - begun))
    upper = statistics.quantiles(times, n=10)[-1]
    return SmallChecks(
        family, len(times), statistics.median(times), upper, statistics.median(replayed), statistics.median(renewed)
    )


def hard_checks(count: int) -> list[Check]:
    """Identities of products, each once for every width and mask before the first comes again."""
    kinds = [(width, mask) for mask in MASKS for width in WIDTHS]
    pairs = [_product(*kind) for kind in kinds[:count]]
    return [Check(i, *pairs[i % len(pairs)], Allowance(), is_hard=True) for i in range(count)]


def compare_hard(workers: int, checks: Sequence[Check], rounds: int) -> tuple[HardChecks, HardChecks]:
    """The same checks by one actor and by several, in turn; of each the round with least disturbance."""
    measured = [(measure_hard(1, checks), measure_hard(workers, checks)) for _ in range(rounds)]
    ones, more = zip(*measured, strict=True)
    return min(ones, key=lambda run: run.alone), min(more, key=lambda run: run.alone)


def measure_hard(workers: int, checks: Sequence[Check]) -> HardChecks:
    """Check all by so many actors that are there already."""
    with ActorVerifiers(workers) as verifiers:
        condition, programs = _product(4, 1)
        while len(verifiers.processes) < workers:
            verifiers.submit(Check(-1, condition, programs, Allowance(), is_hard=True))
            verifiers.collect()
        waited = {process: _waited(process) for process in verifiers.processes}
        begun = time.perf_counter()
        found: dict[int, Verdict] = {}
        for check in checks:
            verifiers.submit(check)
            if check.number - len(found) + 1 >= verifiers.capacity:
                found.update(filter(None, [verifiers.collect()]))
        while (collected := verifiers.collect()) is not None:
            found.update([collected])
        seconds = time.perf_counter() - begun
        # A verifier that has used much memory is replaced by another.
        delays = [_waited(process) - before for process, before in waited.items() if process in verifiers.processes]
    return HardChecks(
        workers, seconds, seconds - min(delays, default=0.0), tuple(found[check.number] for check in checks)
    )


def report_small(measured: Sequence[SmallChecks]) -> str:
    """The cost of small checks, and of refutations, as a small table."""
    head = f"{'small checks':14}{'count':>6}{'median ms':>11}{'p90 ms':>8}"
    head += f"{'replayed ms':>13}{'fresh ms':>10}{'ratio':>7}\n"
    return head + "".join(
        f"{m.family:14}{m.count:6}{m.median:11.3f}{m.upper:8.2f}{m.replayed:13.3f}{m.fresh:10.2f}"
        f"{m.fresh / m.replayed:6.0f}×\n"
        for m in measured
    )


def report_hard(one: HardChecks, several: HardChecks) -> str:
    """The comparison of actors as a small table."""
    equal = "equal" if one.verdicts == several.verdicts else "DIFFERENT"
    proved = sum(verdict.judgement is Judgement.PROVED for verdict in one.verdicts)
    lines = [f"{len(one.verdicts)} hard checks, {proved} proved; verdicts {equal}"]
    lines += [f"{'verifiers':>9}{'wall s':>9}{'alone s':>9}"]
    lines += [f"{run.workers:9}{run.seconds:9.1f}{run.alone:9.1f}" for run in (one, several)]
    lines += [f"throughput × {one.seconds / several.seconds:.2f}, alone × {one.alone / several.alone:.2f}"]
    return "".join(f"{line}\n" for line in lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--candidates", type=int, default=300, help="small checks of each family (default 300)")
    parser.add_argument("--fresh", type=int, default=100, help="refutations by a fresh solver (default 100)")
    parser.add_argument("--hard", type=int, default=120, help="hard checks (default 120; 0 for none)")
    parser.add_argument("--workers", type=int, default=2, help="verifiers that are compared with one (default 2)")
    parser.add_argument("--rounds", type=int, default=2, help="how often they are checked (default 2)")
    chosen = parser.parse_args(arguments)
    sys.stdout.write(report_small([measure_small(family, chosen.candidates, chosen.fresh) for family in FAMILIES]))
    if chosen.hard:
        checks = hard_checks(chosen.hard)
        sys.stdout.write(report_hard(*compare_hard(chosen.workers, checks, chosen.rounds)))


def _milliseconds(verifier: ConditionVerifier, programs: dict[str, Term]) -> float:
    """What a check takes that a known point settles."""
    begun = time.perf_counter()
    verifier.check(programs, Allowance(SECONDS))
    return 1e3 * (time.perf_counter() - begun)


def _waited(process: int) -> float:
    """Seconds that the main thread of a process could run and had no core; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except OSError:
        return 0.0


def _product(width: int, mask: int) -> tuple[Condition, dict[str, Term]]:
    """The condition that a product is asked for, and one in parts that is equal to it."""
    _, condition = _read(PRODUCT.format(width=width, mask=mask, term=PLAIN))
    _, other = _read(PRODUCT.format(width=width, mask=mask, term=IN_PARTS))
    definition = other.definition()
    assert definition is not None
    return condition, {"f": abstract(definition, 2)}


def _read(text: str) -> tuple[Spec, Condition]:
    spec = read_sygus(Source(f"{text}(check-synth)\n"), None)
    assert spec.domain is not None
    return spec, condition_of(spec, load_domain(spec.domain))


if __name__ == "__main__":
    main()
