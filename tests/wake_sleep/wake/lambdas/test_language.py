"""Prices, small constants, inverse semantics and compiled terms of languages with λs."""

import math

import pytest

from dsl.closures import Undefined
from dsl.domain import load_domain
from dsl.errors import LimitExceeded
from dsl.evaluate import evaluate
from dsl.limits import DEFAULT_LIMITS, EXHAUSTED
from dsl.probability import Weights
from dsl.values import BOTTOM
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.lambdas.bank import Entry
from wake_sleep.wake.lambdas.closures import LONGEST, SHORTEST, Closures, longest_of
from wake_sleep.wake.lambdas.constants import small_constants
from wake_sleep.wake.lambdas.forms import Form, Forms
from wake_sleep.wake.lambdas.inverses import INVERSES
from wake_sleep.wake.lambdas.pricing import Pricing

DREAMCODER = load_domain("lists/dreamcoder")
GRAMMAR = DREAMCODER.grammar("list(int) -> int")
FORMS = Forms(GRAMMAR, DREAMCODER, DEFAULT_LIMITS)


def form(text: str) -> Form:
    """The form of an operator, literal or variable among those of integers."""
    return next(f for f in FORMS.of(GRAMMAR.start) if repr(f.production.head) == text)


def number(text: str) -> Entry:
    found = form(text)
    return Entry((), found, (), 1)


def apply(name: str, *children: Entry) -> Entry:
    return Entry((), form(name), children, 1)


def test_instances_at_strange_types_cost_more() -> None:
    pricing = Pricing(Costs(GRAMMAR), by_size=False)
    prices = pricing.prices(GRAMMAR.start)
    lengths = [
        (str(p.children[0].type), price)
        for p, price in zip(GRAMMAR.productions(GRAMMAR.start), prices, strict=True)
        if repr(p.head) == "length"
    ]
    by_type = dict(lengths)
    assert by_type["list(int)"] < by_type["list(bool)"]
    assert by_type["list(int)"] < by_type["list(list(int))"] < by_type["list(list(list(int)))"]


def test_what_was_learned_of_instances_counts_beside_how_strange_they_are() -> None:
    lengths = [p for p in GRAMMAR.productions(GRAMMAR.start) if repr(p.head) == "length"]
    weights = Weights(unigram={p.key: 2.0**i for i, p in enumerate(lengths)})
    costs = Costs(GRAMMAR, weights, resolution=10.0)
    prices, least = Pricing(costs, by_size=False).prices(GRAMMAR.start), costs.least(GRAMMAR.start)
    places = {str(p.children[0].type): GRAMMAR.productions(GRAMMAR.start).index(p) for p in lengths}
    dearer = {type_: prices[i] - least[i] for type_, i in places.items()}
    assert dearer["list(int)"] < 0 < dearer["list(list(list(int)))"] - dearer["list(list(int))"]
    assert dearer["list(int)"] < dearer["list(bool)"]
    # All instances together weigh what they did.
    shares = [sum(math.exp(-table[i] / 10) for i in places.values()) for table in (prices, least)]
    assert shares[0] == pytest.approx(shares[1], rel=0.05)


def test_with_a_bound_on_size_every_node_costs_one() -> None:
    pricing = Pricing(Costs(GRAMMAR), by_size=True)
    assert set(pricing.prices(GRAMMAR.start)) == {1}
    assert pricing.lambda_ == 1


def test_small_constants_are_cheaper_than_their_terms() -> None:
    pricing = Pricing(Costs(GRAMMAR), by_size=False)
    found = small_constants(GRAMMAR.start, FORMS, pricing)
    values = {evaluate(GRAMMAR.program(entry.term(1)), ((),), DREAMCODER): entry.level for entry in found}
    assert set(range(2, 11)) <= set(values)
    assert values[2] <= values[5] <= values[10] < 12


def test_a_language_without_literals_has_no_small_constants() -> None:
    strings = load_domain("lists/dreamcoder").grammar("list(bool) -> bool")
    forms = Forms(strings, DREAMCODER, DEFAULT_LIMITS)
    assert small_constants(strings.start, forms, Pricing(Costs(strings), by_size=False)) != []


@pytest.mark.parametrize("name", ["+", "-", "*"])
def test_an_inverse_gives_the_other_argument(name: str) -> None:
    function = form(name).function
    assert function is not None
    for known, inverse in INVERSES[name]:
        for a in (-6, 2, 3):
            for b in (-4, 1, 5):
                result = function(a, b)
                given, other = (a, b) if known == 0 else (b, a)
                assert inverse((result,), (given,)) == (other,)


def test_a_factor_that_does_not_divide_has_no_inverse() -> None:
    ((_, inverse),) = INVERSES["*"]
    assert inverse((7,), (2,)) is None
    assert inverse((7,), (0,)) is None


def test_exchangeable_arguments_are_noticed() -> None:
    assert form("+").commutes
    assert form("*").commutes
    assert not form("-").commutes
    assert not form("mod").commutes
    assert not form("index").commutes


def test_compiled_terms_mean_what_they_say() -> None:
    closures = Closures()
    total = apply("+", apply("*", number("1"), number("1")), number("1"))
    assert closures.cell(closures.code(total), ((),)) == 2
    undefined = apply("mod", number("1"), number("0"))
    assert closures.cell(closures.code(undefined), ((),)) is BOTTOM
    with pytest.raises(Undefined):
        closures.code(undefined)(((),))


def test_what_is_too_large_is_not_computed() -> None:
    closures = Closures(longest=50)
    with pytest.raises(LimitExceeded):
        closures.checked(1 << 70)
    with pytest.raises(LimitExceeded):
        closures.checked((0,) * 51)
    with pytest.raises(LimitExceeded):
        closures.checked(EXHAUSTED)
    assert closures.checked((0,) * 50) == (0,) * 50


def test_the_longest_list_of_a_search_follows_from_the_examples() -> None:
    assert longest_of([(1, 2), 3]) == SHORTEST
    assert longest_of([(1,) * 100]) == 200
    assert longest_of([10**9]) == LONGEST
    assert longest_of(["a" * 60]) == 120
