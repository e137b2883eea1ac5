"""Conditions and candidates of a kind that is easily written down."""

from collections.abc import Callable
from itertools import count

import pytest

from dsl.domain import load_domain
from dsl.source import Source
from dsl.sygus.reader import read_sygus
from dsl.terms import abstract
from wake_sleep.wake.pool.verifiers import Check
from wake_sleep.wake.verify.condition import Condition, condition_of
from wake_sleep.wake.verify.solver import Allowance

MakeCheck = Callable[..., Check]

SPEC = """\
(set-logic BV)
(synth-fun f ((x (_ BitVec {width})) (y (_ BitVec {width}))) (_ BitVec {width}))
(declare-var x (_ BitVec {width}))
(declare-var y (_ BitVec {width}))
(constraint (= (f x y) {wanted}))
(check-synth)
"""


def condition(wanted: str, width: int) -> Condition:
    spec = read_sygus(Source(SPEC.format(width=width, wanted=wanted)), None)
    assert spec.domain is not None
    return condition_of(spec, load_domain(spec.domain))


@pytest.fixture
def make_check() -> MakeCheck:
    """Makes checks of whether a term over bit-vectors x and y is what is wanted; equal wishes share a condition."""
    conditions: dict[tuple[str, int], Condition] = {}
    numbers = count()

    def make(
        candidate: str,
        wanted: str = "(bvadd x y)",
        *,
        width: int = 8,
        seconds: float | None = None,
        is_hard: bool = False,
    ) -> Check:
        definition = condition(candidate, width).definition()
        assert definition is not None
        asked = conditions.setdefault((wanted, width), condition(wanted, width))
        return Check(next(numbers), asked, {"f": abstract(definition, 2)}, Allowance(seconds), is_hard)

    return make


@pytest.fixture
def endless(make_check: MakeCheck) -> MakeCheck:
    """Makes checks that no solver ends in hours: 64-bit products in terms of others."""
    products = "(bvadd (bvmul (bvand x y) (bvor x y)) (bvmul (bvand x (bvnot y)) (bvand (bvnot x) y)))"

    def make(seconds: float | None = None, *, is_hard: bool = False) -> Check:
        return make_check(products, "(bvmul x y)", width=64, seconds=seconds, is_hard=is_hard)

    return make
