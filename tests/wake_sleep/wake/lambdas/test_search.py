"""The engine for languages with λs finds programs, tells them all alike, and can be left and gone on with."""

import contextlib
import itertools
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from dsl.domain import Domain, load_domain
from dsl.evaluate import evaluate
from dsl.grammar import Grammar, Nonterminal
from dsl.languages import LanguageSettings
from dsl.printing import parse_term, to_sexpr
from dsl.probability import Weights
from dsl.spec import Budget
from dsl.terms import Literal, Operator, Term
from dsl.types import INT, parse_type
from dsl.values import BOTTOM, Value
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.lambdas.search import OpenTermSearch, has_functions
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.search import Found, Goal

Inputs = Sequence[tuple[Value, ...]]


def search_for(
    domain: Domain | str,
    request: str,
    inputs: Inputs,
    meaning: Callable[..., Any],
    *,
    candidates: int = 400_000,
    maximum_size: int | None = None,
    settings: LanguageSettings | None = None,
    memory: int | None = None,
) -> OpenTermSearch:
    """A search for a function that is given by its meaning in Python."""
    if isinstance(domain, str):
        domain = load_domain(domain)
    grammar = domain.grammar(request, settings)
    cases = tuple((given, meaning(*given)) for given in inputs)
    goal = Goal(grammar, domain, cases, maximum_size)
    return OpenTermSearch(goal, Costs(grammar), Meter(Budget(candidates=candidates, memory=memory)))


def first(search: OpenTermSearch) -> Found:
    """The first body that fits, which is checked with the reference interpreter."""
    found = next(item for item in search.run() if item is not None)
    check(search, found.body)
    return found


def check(search: OpenTermSearch, body: Term) -> None:
    """That a body fits all cases and derives from the grammar."""
    goal = search.goal
    program = goal.grammar.program(body)
    assert goal.grammar.derive(program) is not None
    for inputs, output in goal.cases:
        assert evaluate(program, inputs, goal.domain) == output


LISTS: Sequence[tuple[tuple[int, ...]]] = [
    ((4, 7, 1, 9),),
    ((),),
    ((3,),),
    ((8, 2, 2, 6, 5),),
    ((0, 11, 12, 3, 3, 14),),
    ((5, 10, 4),),
]


def filtered(keep: Callable[[int], bool]) -> Callable[[tuple[int, ...]], tuple[int, ...]]:
    return lambda xs: tuple(x for x in xs if keep(x))


@pytest.mark.parametrize(
    ("language", "request_", "meaning"),
    [
        ("lists/dreamcoder", "list(int) -> list(int)", lambda xs: tuple(x + 2 for x in xs)),
        ("lists/dreamcoder", "list(int) -> list(int)", lambda xs: xs[::-1]),
        ("lists/dreamcoder", "list(int) -> list(int)", lambda xs: (*xs, 5)),
        ("lists/dreamcoder", "list(int) -> list(int)", filtered(lambda x: x % 2 == 1)),
        ("lists/dreamcoder", "list(int) -> list(bool)", lambda xs: tuple(x > 4 for x in xs)),
        ("lists/dreamcoder", "list(int) -> int", lambda xs: sum(xs)),
        ("lists/lambdabeam", "list(int) -> int", lambda xs: sum(x * x for x in xs)),
        ("lists/lambdabeam", "list(int) -> list(int)", filtered(lambda x: x > 4)),
        ("lists/lambdabeam", "list(int) -> list(int)", lambda xs: tuple(itertools.accumulate(xs, max))),
        ("lists/lambdabeam", "list(int) -> list(int)", lambda xs: tuple(x // 2 if x % 2 == 0 else x for x in xs)),
    ],
)
def test_programs_with_functions_of_functions_are_found(
    language: str, request_: str, meaning: Callable[..., Any]
) -> None:
    first(search_for(language, request_, LISTS, meaning))


def test_a_function_may_use_the_parameters_around_it() -> None:
    inputs: Inputs = [((4, 7, 1), 3), ((2, 9), 5), ((6,), 0), ((), 2)]
    found = first(
        search_for(
            "lists/lambdabeam", "list(int) -> int -> list(int)", inputs, lambda xs, n: tuple(x * n + 1 for x in xs)
        )
    )
    assert "map" in to_sexpr(found.body)


def test_functions_within_functions_are_found() -> None:
    inputs: Inputs = [((4, 7, 1),), ((2, 9),), ((6,),), ((1, 1, 3, 3),)]
    settings = LanguageSettings(extra_type_depth=1)
    found = first(
        search_for(
            "lists/lambdabeam",
            "list(int) -> list(int)",
            inputs,
            lambda xs: tuple(sum(y < x for y in xs) for x in xs),
            settings=settings,
            candidates=2_000_000,
        )
    )
    assert to_sexpr(found.body).count("lambda") == 2


def test_unfold_is_searched() -> None:
    domain = Domain("halving", "unfold only", include=[])
    lists = load_domain("lists")
    for name in ("unfold", "gt?", "int-divide", "range"):
        primitive = next(p for p in lists.primitives if p.name == name)
        domain.primitive(primitive.type, name=name)(primitive.function)
    for number in (1, 2):
        domain.constant(number)

    def halves(n: int) -> tuple[int, ...]:
        return () if n < 1 else (n, *halves(n // 2))

    found = first(
        search_for(domain, "int -> list(int)", [(9,), (1,), (30,), (0,), (4,), (17,)], halves, candidates=2_000_000)
    )
    assert "unfold" in to_sexpr(found.body)


def test_a_conditional_is_put_together_of_parts() -> None:
    inputs: Inputs = [(n, m) for n in (-9, -3, 2, 7) for m in (-5, 1, 4, 8)]
    found = first(
        search_for(
            "lists/lambdabeam",
            "int -> int -> int",
            inputs,
            lambda n, m: n * n if n < 0 else m - 1,
            candidates=300_000,
        )
    )
    assert "if" in to_sexpr(found.body)


def passing_functions() -> Domain:
    """A language whose functions get functions."""
    domain = Domain("passing", "functions of functions of functions")

    @domain.primitive("(t0 -> t0) -> t0 -> t0", name="twice")
    def twice(function: Callable[[Any], Any], value: Any) -> Any:
        return function(function(value))

    @domain.primitive("((int -> int) -> int -> int) -> int -> int", name="recurse")
    def recurse(step: Callable[[Callable[[int], int], int], int], start: int) -> int:
        def call(n: int) -> int:
            return 1 if n <= 1 else step(call, n)

        return call(min(start, 30))

    @domain.primitive("int -> int -> int", name="*")
    def multiply(a: int, b: int) -> int:
        return a * b

    @domain.primitive("int -> int", name="pred")
    def predecessor(a: int) -> int:
        return a - 1

    return domain


def test_a_bound_function_is_called_and_passed_on() -> None:
    def factorial(n: int) -> int:
        return 1 if n <= 1 else n * factorial(n - 1)

    found = first(
        search_for(passing_functions(), "int -> int", [(n,) for n in (0, 1, 3, 5, 6)], factorial, candidates=2_000_000)
    )
    assert to_sexpr(found.body) == "(recurse (lambda (lambda (* $0 ($1 (pred $0))))) $0)"


def test_a_function_is_applied_by_what_it_is_given_to() -> None:
    found = first(search_for(passing_functions(), "int -> int", [(2,), (3,), (5,)], lambda n: n**4))
    assert "*" in to_sexpr(found.body)


def test_what_is_undefined_for_some_inputs_may_stand_in_the_branch_that_is_not_taken() -> None:
    found = first(
        search_for("lists/dreamcoder", "list(int) -> int", LISTS, lambda xs: xs[0] if xs else 0, candidates=500_000)
    )
    program = load_domain("lists/dreamcoder").grammar("list(int) -> int").program(found.body)
    assert evaluate(program, ((),), load_domain("lists/dreamcoder")) is not BOTTOM


def test_a_case_that_is_added_is_fitted_too() -> None:
    search = search_for("lists/dreamcoder", "list(int) -> int", [((4, 7),), ((5, 8),)], lambda xs: xs[1] - 3)
    run = search.run()
    found = next(item for item in run if item is not None)
    check(search, found.body)
    assert to_sexpr(found.body) == "(car $0)"
    search.add_cases([(((9, 2, 6),), -1)])
    found = next(item for item in run if item is not None)
    check(search, found.body)


def test_a_case_that_the_last_body_fits_does_not_send_the_search_back() -> None:
    search = search_for("lists/dreamcoder", "list(int) -> int", [((4, 7),), ((5, 8),)], lambda xs: xs[1] - 3)
    run = search.run()
    next(item for item in run if item is not None)
    level = search._pursuit.level
    search.add_cases([(((9, 2, 6),), 9)])
    next(run)
    assert search._pursuit.level >= level > 0


def columns(search: OpenTermSearch, level: int) -> dict[tuple[Nonterminal, Any], int]:
    """The columns without functions of all terms up to a level, with their levels."""
    stores = search._pursuit.solver.enumeration.stores.values()
    return {
        (store.nonterminal, entry.column): entry.level
        for store in stores
        for groups in store.levels.values()
        for group in groups
        for entry in group.entries
        if entry.level <= level and not any(map(callable, entry.column))
    }


@pytest.mark.parametrize("contextual", [False, True])
def test_after_other_costs_terms_stay_and_have_the_levels_of_a_search_that_began_with_them(contextual: bool) -> None:
    domain = load_domain("lists/dreamcoder")
    grammar = domain.grammar("list(int) -> list(int)")
    keys = {repr(p.head): p.key for p in grammar.productions(grammar.start)}
    unigram = {keys["cons"]: 8.0, keys["map"]: 3.0}
    weights = Weights({(keys["cons"], 1): {keys["map"]: 20.0}} if contextual else {}, unigram)
    cases = tuple(((xs,), tuple(71 * i * i + x for i, x in enumerate(xs))) for (xs,) in LISTS)

    def begun(costs: Costs) -> OpenTermSearch:
        return OpenTermSearch(Goal(grammar, domain, cases), costs, Meter(Budget(candidates=2_000_000)))

    def run_to(search: OpenTermSearch, level: int) -> None:
        run = search.run()
        while search._pursuit.level < level + 1:
            next(run)

    search, fresh = begun(Costs(grammar)), begun(Costs(grammar, weights))
    run_to(search, 9)
    before = {column for _, column in columns(search, 9)}
    search.reprice(Costs(grammar, weights))
    # The last level was only begun: one more here, so that all that the other has of it is there.
    run_to(search, 11)
    run_to(fresh, 10)
    found = columns(search, 10)
    assert all(found[key] <= level for key, level in columns(fresh, 10).items())
    assert len(before & {column for _, column in found}) > 100


def test_other_costs_in_the_middle_of_a_search_for_a_nested_body_lead_to_a_right_answer() -> None:
    search = search_for(
        "lists/dreamcoder", "list(int) -> list(int)", LISTS, lambda xs: tuple(x * x + len(xs) + 3 for x in xs)
    )
    run = search.run()
    steps = 0
    for found in run:
        steps += 1
        if found is not None:
            check(search, found.body)
            break
        if steps in (1, 2, 5):
            grammar = search.goal.grammar
            mapped = next(p for p in grammar.productions(grammar.start) if repr(p.head) == "map")
            search.reprice(Costs(grammar, Weights(unigram={mapped.key: float(steps)})))
    assert found is not None
    assert steps > 1


def test_after_other_costs_the_search_goes_on() -> None:
    search = search_for("lists/dreamcoder", "list(int) -> int", LISTS, lambda xs: len(xs) + 2, candidates=60_000)
    run = search.run()
    next(run)
    grammar = search.goal.grammar
    length = next(p for p in grammar.productions(grammar.start) if repr(p.head) == "length")
    search.reprice(Costs(grammar, Weights(unigram={length.key: 50.0})))
    found = next(item for item in run if item is not None)
    check(search, found.body)


def test_contextual_weights_guide_the_enumeration() -> None:
    domain = load_domain("lists/dreamcoder")
    grammar = domain.grammar("list(int) -> list(int)")
    cons = next(p for p in grammar.productions(grammar.start) if repr(p.head) == "cons")
    zero = next(p for p in grammar.productions(cons.children[0]) if repr(p.head) == "0")
    weights = Weights(contextual={(cons.key, 0): {zero.key: 1000.0}}, unigram={cons.key: 5.0})
    cases = tuple(((xs,), (0, 0, 0, *xs)) for (xs,) in LISTS)
    goal = Goal(grammar, domain, cases)
    search = OpenTermSearch(goal, Costs(grammar, weights), Meter(Budget(candidates=100_000)))
    found = next(item for item in search.run() if item is not None and "fold" not in to_sexpr(item.body))
    assert to_sexpr(found.body) == "(cons 0 (cons 0 (cons 0 $0)))"


def test_a_seed_is_tested_at_once() -> None:
    search = search_for("lists/dreamcoder", "list(int) -> list(int)", LISTS, lambda xs: tuple(x % 7 + 4 for x in xs))
    seven = "(+ (+ 1 (+ 1 1)) (* (+ 1 1) (+ 1 1)))"
    text = f"(map (lambda (+ (mod $0 {seven}) (* (+ 1 1) (+ 1 1)))) $0)"
    search.seed([parse_term(text, search.goal.domain.operator)])
    found = first(search)
    assert to_sexpr(found.body) == text
    assert search.meter.candidates < 100


def test_part_of_a_program_as_a_seed_makes_the_search_shorter() -> None:
    def candidates(seeds: list[str]) -> int:
        search = search_for(
            "lists/dreamcoder",
            "list(int) -> int",
            LISTS,
            lambda xs: sum(x * x for x in xs) * 2 + 1,
            candidates=100_000,
        )
        run = search.run()
        next(run)
        search.seed([parse_term(seed, search.goal.domain.operator) for seed in seeds])
        with contextlib.suppress(OutOfBudget):
            next(item for item in run if item is not None)
        return search.meter.candidates

    squares = "(fold $0 0 (lambda (lambda (+ $0 (* $1 $1)))))"
    assert candidates([squares]) < 100_000 <= candidates([])


def test_a_seed_that_the_grammar_does_not_have_is_left_out() -> None:
    search = search_for("lists/dreamcoder", "list(int) -> int", LISTS, lambda xs: len(xs))
    search.seed(
        [parse_term("(sum $0)", load_domain("lists").operator), parse_term("$3", load_domain("lists").operator)]
    )
    assert to_sexpr(first(search).body) == "(length $0)"


def test_all_programs_up_to_a_size_are_tried() -> None:
    search = search_for("lists/dreamcoder", "list(int) -> int", LISTS, lambda xs: 77, maximum_size=7)
    assert [item for item in search.run() if item is not None] == []
    assert not search.is_complete


def test_with_a_bound_on_size_the_smallest_of_equal_programs_is_kept() -> None:
    search = search_for("lists/dreamcoder", "list(int) -> int", LISTS, lambda xs: 3, maximum_size=5)
    bodies = [item.body for item in search.run() if item is not None]
    assert bodies
    assert bodies[0].size == 5


def test_a_finite_language_is_searched_to_its_end() -> None:
    domain = Domain("finite", "nothing but truth values")

    @domain.primitive("(bool -> bool) -> bool", name="always")
    def always(condition: Callable[[bool], bool]) -> bool:
        return condition(True) and condition(False)

    @domain.primitive("bool -> bool", name="not")
    def negation(value: bool) -> bool:
        return not value

    search = search_for(domain, "bool -> int", [(True,), (False,)], lambda b: int(b))
    assert list(search.run()) == [] or all(item is None for item in search.run())
    search = search_for(domain, "bool -> bool", [(True,), (False,)], lambda b: True)
    found = [item for item in search.run() if item is not None]
    assert found
    assert to_sexpr(found[0].body).startswith("(not (always")


def test_equal_budgets_give_equal_searches() -> None:
    def trace() -> list[tuple[int, str]]:
        search = search_for(
            "lists/lambdabeam",
            "list(int) -> list(int)",
            LISTS,
            lambda xs: tuple(x * 2 + 1 for x in sorted(xs)),
            candidates=60_000,
        )
        seen: list[tuple[int, str]] = []
        with contextlib.suppress(OutOfBudget):
            seen.extend((search.meter.candidates, to_sexpr(item.body)) for item in search.run() if item is not None)
        return [*seen, (search.meter.candidates, "end")]

    assert trace() == trace()


_PROGRAM = """
from dsl.domain import load_domain
from dsl.printing import to_sexpr
from dsl.spec import Budget
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.lambdas.search import OpenTermSearch
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.search import Goal
domain = load_domain("lists/lambdabeam")
grammar = domain.grammar("list(int) -> list(int)")
xs = [(4, 7, 1), (9, 2), (5,), (8, 8, 3, 2)]
cases = tuple(((x,), tuple(y * 3 - 1 for y in x if y % 2)) for x in xs)
search = OpenTermSearch(Goal(grammar, domain, cases), Costs(grammar), Meter(Budget(candidates=30_000)))
try:
    for item in search.run():
        if item is not None:
            print(search.meter.candidates, to_sexpr(item.body))
except OutOfBudget:
    print(search.meter.candidates)
"""


def test_the_seed_of_hashes_changes_nothing() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "77")
    }
    assert len(outputs) == 1


def test_a_budget_in_candidates_is_a_hard_stop() -> None:
    search = search_for("lists/lambdabeam", "list(int) -> list(int)", LISTS, lambda xs: xs[:1] * 9, candidates=10_000)
    with pytest.raises(OutOfBudget, match="candidates"):
        for _ in search.run():
            pass
    assert search.meter.candidates <= 11_000


def test_memory_is_a_budget_too() -> None:
    search = search_for(
        "lists/lambdabeam",
        "list(int) -> list(int)",
        LISTS,
        lambda xs: xs[:1] * 9,
        candidates=10**9,
        memory=8 << 20,
    )
    with pytest.raises(OutOfBudget, match="memory"):
        for _ in search.run():
            pass


def test_a_loop_without_end_is_cut_off() -> None:
    domain = Domain("loops", "a loop that may not end")

    @domain.primitive("(int -> bool) -> (int -> int) -> int -> int", name="until")
    def until(stop: Callable[[int], bool], step: Callable[[int], int], start: int) -> int:
        while not stop(start):
            start = step(start)
        return start

    @domain.primitive("int -> int", name="next")
    def successor(n: int) -> int:
        return n + 1

    @domain.primitive("int -> int -> bool", name="<")
    def less(a: int, b: int) -> bool:
        return a < b

    domain.constant(20)
    found = first(
        search_for(domain, "int -> int", [(3,), (40,), (25,), (20,)], lambda n: max(n, 21), candidates=2_000_000)
    )
    assert "until" in to_sexpr(found.body)


def test_an_abstraction_is_applied_with_its_functions() -> None:
    domain = load_domain("lists/dreamcoder")
    definition = parse_term(
        "(lambda (lambda (fold $0 empty (lambda (lambda (if ($3 $1) (cons $1 $0) $0))))))", domain.operator
    )
    keep = Operator("keep", parse_type("(int -> bool) -> list(int) -> list(int)"), "abstraction", definition)
    settings = LanguageSettings(abstractions=(keep,))
    found = first(
        search_for(
            domain, "list(int) -> int", LISTS, lambda xs: sum(x > 1 for x in xs), settings=settings, candidates=300_000
        )
    )
    assert "keep" in to_sexpr(found.body)


@pytest.mark.parametrize(
    ("name", "request_", "expected"),
    [
        ("lists/dreamcoder", "list(int) -> int", True),
        ("lists", "int -> int", True),
        ("integers", "int -> int", False),
        ("strings", "str -> str", False),
    ],
)
def test_the_engine_is_for_languages_with_functions(name: str, request_: str, expected: bool) -> None:
    domain = load_domain(name)
    assert has_functions(domain.grammar(request_), domain) is expected


def test_further_constants_of_a_spec_are_used() -> None:
    settings = LanguageSettings(constants=(Literal(1000, INT),))
    found = first(
        search_for(
            "lists/dreamcoder",
            "list(int) -> list(int)",
            LISTS,
            lambda xs: tuple(x + 1000 for x in xs),
            settings=settings,
        )
    )
    assert "1000" in to_sexpr(found.body)


def test_the_patience_grows_with_the_search_and_is_less_with_a_program_that_says_much() -> None:
    def patience(inputs: Inputs) -> int:
        search = search_for("lists/lambdabeam", "list(int) -> list(int)", inputs, lambda xs: tuple(x + 3 for x in xs))
        first(search)
        assert search.patience(10) == 20_000
        return search.patience(10**6)

    assert patience(LISTS) < patience([((1,),), ((2,),)])


def test_a_grammar_is_not_changed_by_a_search() -> None:
    search = search_for("lists/dreamcoder", "list(int) -> int", LISTS, lambda xs: len(xs))
    before = search.goal.grammar.identity
    first(search)
    assert isinstance(search.goal.grammar, Grammar)
    assert search.goal.grammar.identity == before
