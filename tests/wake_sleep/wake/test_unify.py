"""Decision trees from partial solutions and predicates."""

import itertools
import random

import pytest

from wake_sleep.wake.meter import OutOfBudget
from wake_sleep.wake.unify import EFFORT, Part, Tree, decision_tree

FORK = 2


def free(_: int) -> None:
    """A budget without end."""


def covered(tree: Tree[str], terms: dict[str, int], predicates: dict[str, int], cases: int) -> int:
    """The cases of a tree on which its leaf is right."""
    if tree.branches is None:
        return terms[tree.payload] & cases
    holds = predicates[tree.payload]
    yes, no = tree.branches
    return covered(yes, terms, predicates, cases & holds) | covered(no, terms, predicates, cases & ~holds)


def cost(tree: Tree[str], costs: dict[str, int]) -> int:
    below = tree.branches or ()
    return costs[tree.payload] + FORK * bool(below) + sum(cost(branch, costs) for branch in below)


def test_one_term_that_is_right_everywhere_is_a_tree_by_itself() -> None:
    terms = [Part(0b111, 5, "dear"), Part(0b111, 3, "cheap"), Part(0b011, 1, "partial")]
    assert decision_tree(terms, [], 0b111, FORK, free) == Tree(3, "cheap")


def test_a_fork_of_two_cheap_terms_is_preferred_to_a_dear_term() -> None:
    terms = [Part(0b11, 50, "dear"), Part(0b01, 1, "a"), Part(0b10, 1, "b")]
    found = decision_tree(terms, [Part(0b01, 1, "p")], 0b11, FORK, free)
    assert found == Tree(1 + 1 + 1 + FORK, "p", (Tree(1, "a"), Tree(1, "b")))


def test_the_branches_stand_where_the_predicate_is_true_and_false() -> None:
    terms = [Part(0b0011, 1, "low"), Part(0b1100, 1, "high")]
    found = decision_tree(terms, [Part(0b1100, 1, "is high")], 0b1111, FORK, free)
    assert found is not None
    assert found.branches == (Tree(1, "high"), Tree(1, "low"))


def test_cases_that_are_not_asked_for_do_not_count() -> None:
    assert decision_tree([Part(0b0110, 1, "a")], [], 0b0110, FORK, free) == Tree(1, "a")


def test_without_cases_the_cheapest_term_is_taken() -> None:
    assert decision_tree([Part(0, 4, "a"), Part(0, 2, "b")], [], 0, FORK, free) == Tree(2, "b")
    assert decision_tree([], [], 0, FORK, free) is None


@pytest.mark.parametrize("effort", [0, EFFORT])
def test_there_is_no_tree_when_a_case_is_covered_by_no_term_or_cannot_be_told_apart(effort: int) -> None:
    assert decision_tree([Part(0b01, 1, "a")], [Part(0b01, 1, "p")], 0b11, FORK, free, effort) is None
    apart = [Part(0b01, 1, "a"), Part(0b10, 1, "b")]
    assert decision_tree(apart, [Part(0b11, 1, "always")], 0b11, FORK, free, effort) is None
    assert decision_tree(apart, [], 0b11, FORK, free, effort) is None


def test_a_fork_of_leaves_is_the_cheapest_there_is() -> None:
    generator = random.Random(0)
    terms = [Part(generator.getrandbits(8), generator.randint(1, 9), f"t{i}") for i in range(40)]
    predicates = [Part(generator.getrandbits(8), generator.randint(1, 9), f"p{i}") for i in range(40)]
    best = min(
        (
            FORK + p.cost + a.cost + b.cost
            for p, a, b in itertools.product(predicates, terms, terms)
            if p.cases & ~a.cases == 0 and ~p.cases & 0xFF & ~b.cases == 0
        ),
    )
    found = decision_tree(terms, predicates, 0xFF, FORK, free)
    assert found is not None
    assert found.cost == best


@pytest.mark.parametrize("count", [5, 64, 200])
@pytest.mark.parametrize("effort", [0, EFFORT])
def test_trees_are_right_on_every_case_and_cost_what_they_say(count: int, effort: int) -> None:
    generator = random.Random(count)
    cases = (1 << count) - 1
    bits = [sum(((i >> k) & 1) << i for i in range(count)) for k in range(8)]
    predicates = {f"p{k}": bits[k] for k in range(8)}
    leaves = [generator.randrange(4) for _ in range(16)]
    terms = {f"t{t}": sum(1 << i for i in range(count) if leaves[i % 16] == t) for t in range(4)}
    costs = {name: generator.randint(1, 9) for name in (*predicates, *terms)}
    found = decision_tree(
        [Part(mask, costs[name], name) for name, mask in terms.items()],
        [Part(mask, costs[name], name) for name, mask in predicates.items()],
        cases,
        FORK,
        free,
        effort,
    )
    assert found is not None
    assert covered(found, terms, predicates, cases) == cases
    assert found.cost == cost(found, costs)


def test_weighing_predicates_never_gives_a_dearer_tree_here() -> None:
    generator = random.Random(3)
    cases = (1 << 60) - 1
    predicates = [Part(generator.getrandbits(60), generator.randint(3, 9), i) for i in range(300)]
    hidden = [p.cases for p in predicates[:5]]
    owner = [sum((mask >> i & 1) << k for k, mask in enumerate(hidden)) % 5 for i in range(60)]
    terms = [Part(sum(1 << i for i in range(60) if owner[i] == t), 5, -1 - t) for t in range(5)]
    quick = decision_tree(terms, predicates, cases, FORK, free, 0)
    slow = decision_tree(terms, predicates, cases, FORK, free)
    assert quick is not None
    assert slow is not None
    assert slow.cost <= quick.cost
    assert decision_tree(terms, predicates, cases, FORK, free) == slow


def test_the_work_can_be_ended() -> None:
    def refuse(_: int) -> None:
        raise OutOfBudget("enough")

    apart = [Part(0b01, 1, "a"), Part(0b10, 1, "b")]
    with pytest.raises(OutOfBudget):
        decision_tree(apart, [Part(0b01, 1, "p")], 0b11, FORK, refuse)
