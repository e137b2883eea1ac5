"""Kernels of higher-order primitives give what the primitives give, ⊥ and what is not computed included."""

import random
from typing import Any

import pytest

from dsl.closures import Undefined
from dsl.domains import lists
from dsl.errors import LimitExceeded
from dsl.limits import EXHAUSTED, Steps
from dsl.values import BOTTOM
from wake_sleep.wake.lambdas.kernels import KERNELS
from wake_sleep.wake.lambdas.memory import HalfMemo, Memo, PairMemo, Remembered

ROWS = 40


def _number(scope: tuple[Any, ...]) -> int:
    """Of two or three variables: ⊥ for some values and too large for others."""
    result = 3 * scope[0] + sum((i + 1) * value for i, value in enumerate(scope[1:]))
    if result % 11 == 0:
        raise Undefined
    if result % 13 == 0:
        raise LimitExceeded("too large")
    return int(result % 20)


def _truth(scope: tuple[Any, ...]) -> bool:
    return _number(scope) > 9


def _remembered(kind: type[Memo], code: Any) -> tuple[Remembered, Steps]:
    steps = Steps()
    return Remembered([kind(code, (row % 7,), steps) for row in range(ROWS)]), steps


def _list(rng: random.Random) -> Any:
    return BOTTOM if rng.random() < 0.1 else tuple(rng.randrange(6) for _ in range(rng.randrange(5)))


def _expected(primitive: Any, steps: Steps, *arguments: Any) -> Any:
    if BOTTOM in arguments:
        return BOTTOM
    steps.left = 1_000
    try:
        return primitive(*arguments)
    except Undefined:
        return BOTTOM
    except LimitExceeded:
        return EXHAUSTED


@pytest.mark.parametrize(
    ("primitive", "kind", "code", "count"),
    [
        (lists.map_elements, Memo, _number, 1),
        (lists.keep_elements, Memo, _truth, 1),
        (lists.count_elements, Memo, _truth, 1),
        (lists.zip_with, PairMemo, _number, 2),
    ],
)
def test_a_kernel_of_lists_agrees_with_its_primitive(primitive: Any, kind: type[Memo], code: Any, count: int) -> None:
    rng = random.Random(1)
    for _ in range(20):
        body, steps = _remembered(kind, code)
        columns = [[_list(rng) for _ in range(ROWS)] for _ in range(count)]
        steps.left = 10_000
        found = KERNELS[primitive](body, *columns)
        fresh, fresh_steps = _remembered(kind, code)
        rows = zip(fresh.functions, *columns, strict=True)
        assert found == tuple(_expected(primitive, fresh_steps, *given) for given in rows)


def test_the_kernel_of_a_fold_agrees_with_it() -> None:
    rng = random.Random(2)
    for _ in range(20):
        body, steps = _remembered(PairMemo, _number)
        columns = [_list(rng) for _ in range(ROWS)]
        initials = [rng.choice((0, 1, 5, BOTTOM)) for _ in range(ROWS)]
        steps.left = 10_000
        found = KERNELS[lists.fold_right](body, columns, initials)
        rows = zip(columns, initials, body.functions, strict=True)
        assert found == tuple(_expected(lists.fold_right, steps, *given) for given in rows)


def test_the_kernel_of_an_unfold_agrees_with_it() -> None:
    rng = random.Random(3)
    (stop, steps), (element, _), (successor, _) = (_remembered(Memo, code) for code in (_truth, _number, _number))
    for body in (element, successor):
        for memo in body.memos:
            memo.steps = steps
    states = [rng.choice((*range(9), BOTTOM)) for _ in range(ROWS)]
    steps.left = 100_000
    found = KERNELS[lists.unfold](stop, element, successor, states)
    # The functions of a memo count what is looked up, too, so that a state that comes back ends the primitive as well.
    fresh = [Remembered([Memo(m.code, m.scope, steps) for m in b.memos]) for b in (stop, element, successor)]
    rows = zip(states, *(body.functions for body in fresh), strict=True)
    assert found == tuple(_expected(lists.unfold, steps, *given) for given in rows)


def test_where_calls_ran_out_nothing_is_remembered() -> None:
    body, steps = _remembered(Memo, lambda scope: scope[-1] + 1)
    steps.left = 2
    with pytest.raises(LimitExceeded):
        KERNELS[lists.map_elements](body, [(1, 2, 3, 4)] * ROWS)
    steps.left = 10_000
    assert KERNELS[lists.map_elements](body, [(1, 2, 3, 4)] * ROWS) == ((2, 3, 4, 5),) * ROWS


@pytest.mark.parametrize("place", [0, 1])
def test_a_body_that_uses_one_of_its_variables_is_called_once_for_each_value_of_it(place: int) -> None:
    steps = Steps()
    steps.left = 6
    memo = HalfMemo(lambda scope: scope[0] + scope[1 + place], (10,), steps, place=place)
    pairs = [(x, y) for x in range(6) for y in range(6)]
    assert [memo[pair] for pair in pairs] == [10 + pair[place] for pair in pairs]
