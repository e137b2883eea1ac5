"""The search of λ-free languages by tuples of values."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.evaluate import Evaluation
from dsl.printing import parse_term, to_sexpr
from dsl.probability import Weights
from dsl.source import Source
from dsl.spec import Budget, Spec
from dsl.specfile import read_tasks
from dsl.sygus.reader import read_sygus
from dsl.terms import Term
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.outcome import FoundBy, Status
from wake_sleep.wake.search import Case, Found, Goal
from wake_sleep.wake.solve import SolveSettings, program_grammar, solve_spec
from wake_sleep.wake.values.search import ValueSearch

NAMES = """
(set-logic SLIA)
(synth-fun f ((name String)) String
  ((S String) (I Int))
  ((S String (name " " "." (str.++ S S) (str.substr S I I) (str.at S I)))
   (I Int (0 1 (+ I I) (- I I) (str.indexof S S I) (str.len S)))))
"""
FORKS = """
(set-logic SLIA)
(synth-fun f ((x String)) String
  ((S String) (I Int) (B Bool))
  ((S String (x "-" "Dr" (str.++ S S) (str.substr S I I) (ite B S S)))
   (I Int (0 1 2 (str.indexof S S I) (str.len S)))
   (B Bool ((str.contains S S) (= I I)))))
"""
NUMBERS = """
(set-logic NIA)
(synth-fun f ((x Int) (y Int)) Int
  ((I Int))
  ((I Int (x y 0 1 (+ I I) (* I I) (div I I)))))
"""
FINITE = """
(set-logic LIA)
(synth-fun f ((x Int)) Int ((I Int) (J Int)) ((I Int (x (+ J J))) (J Int (x 1 2))))
"""


def spec_of(text: str) -> Spec:
    return read_sygus(Source(text))


def search_of(
    text: str,
    cases: Sequence[Case],
    *,
    budget: Budget | None = None,
    weights: Weights | None = None,
    maximum_size: int | None = None,
) -> ValueSearch:
    spec = spec_of(f"{text}(constraint true)(check-synth)" if "check-synth" not in text else text)
    assert spec.domain is not None
    grammar = program_grammar(spec, spec.functions[0])
    goal = Goal(grammar, load_domain(spec.domain), tuple(cases), maximum_size)
    costs = Costs(grammar) if weights is None else Costs(grammar, weights)
    return ValueSearch(goal, costs, Meter(budget or Budget(candidates=300_000)))


def founds(search: ValueSearch) -> Iterator[Found]:
    for found in search.run():
        if found is not None:
            yield found


def first(search: ValueSearch) -> Found:
    return next(founds(search))


def fits(search: ValueSearch, body: Term) -> bool:
    inputs = [given for given, _ in search.goal.cases]
    cells = Evaluation(search.goal.domain, inputs).column(body)
    return list(cells) == [wanted for _, wanted in search.goal.cases]


def term(search: ValueSearch, text: str) -> Term:
    return parse_term(text, search.goal.domain.operator)


def texts(*pairs: tuple[str, str]) -> list[Case]:
    return [((given,), wanted) for given, wanted in pairs]


def test_the_shortest_body_is_found_and_derives_from_the_grammar() -> None:
    search = search_of(NAMES, texts(("Ann Lee", "Ann"), ("Jo Day", "Jo"), ("Maria Sol", "Maria")))
    found = first(search)
    assert to_sexpr(found.body) == '(str.substr $0 0 (str.indexof $0 " " 0))'
    assert search.goal.grammar.derive_at(search.goal.grammar.start, found.body) is not None


def test_every_body_yielded_is_right_on_the_active_cases() -> None:
    search = search_of(NAMES, texts(("Ann Lee", "A.L"), ("Jo Day", "J.D")))
    some: list[Found] = []
    with pytest.raises(OutOfBudget):
        some.extend(founds(search))
    assert some
    assert all(fits(search, found.body) for found in some)


def test_a_long_concatenation_is_deduced_from_parts() -> None:
    search = search_of(NAMES, texts(("Ann Lee", "Lee. Ann."), ("Jo Day", "Day. Jo."), ("Maria Sol", "Sol. Maria.")))
    found = first(search)
    assert found.by is FoundBy.DEDUCTION
    assert fits(search, found.body)
    assert found.body.size > 15


def test_arguments_of_a_concatenation_come_from_their_own_nonterminals() -> None:
    text = """
    (set-logic SLIA)
    (synth-fun f ((x String)) String
      ((S String) (P String) (Q String) (I Int))
      ((S String ((str.++ P Q P)))
       (P String ("<" ">"))
       (Q String (x (str.substr x I I)))
       (I Int (0 1 2 3 4))))
    """
    search = search_of(text, texts(("abcdef", "<bcd>"), ("uvwxyz", "<vwx>")))
    assert to_sexpr(first(search).body) == '(str.++ "<" (str.substr $0 1 3) ">")'


def test_nothing_outside_the_grammar_is_deduced() -> None:
    text = """
    (set-logic SLIA)
    (synth-fun f ((x String)) String ((S String) (T String)) ((S String ((str.++ T T))) (T String (x "-"))))
    """
    search = search_of(text, texts(("a", "a-a"), ("b", "b-b")))
    assert list(founds(search)) == []
    assert search.is_complete


def test_cases_are_told_apart_by_a_predicate() -> None:
    search = search_of(FORKS, texts(("a-b", "a"), ("cc-d", "cc"), ("efg", "efg"), ("h", "h"), ("pq-rs", "pq")))
    body = first(search).body
    assert fits(search, body)
    assert "ite" in to_sexpr(body)


def test_branches_may_be_concatenations_of_their_own() -> None:
    cases = texts(("a-bc", "bc-a"), ("cc-d", "d-cc"), ("efg", "Drefg"), ("h", "Drh"), ("pq-rs", "rs-pq"))
    search = search_of(FORKS, cases)
    found = first(search)
    assert found.by is FoundBy.UNIFICATION
    assert fits(search, found.body)


def test_a_conditional_is_found_for_any_type_of_result() -> None:
    text = """
    (set-logic LIA)
    (synth-fun f ((x Int) (y Int)) Int
      ((I Int) (B Bool))
      ((I Int (x y 0 (- I I) (ite B I I))) (B Bool ((< I I)))))
    """
    cases: list[Case] = [((3, 5), 5), ((7, 2), 7), ((-1, -4), -1), ((0, 9), 9)]
    search = search_of(text, cases)
    assert to_sexpr(first(search).body) in ("(ite (< $0 $1) $1 $0)", "(ite (< $1 $0) $0 $1)")


def test_rows_without_a_value_on_some_cases_serve_in_conditionals() -> None:
    text = """
    (set-logic NIA)
    (synth-fun f ((x Int) (y Int)) Int
      ((I Int) (B Bool))
      ((I Int (x y 0 (div I I) (ite B I I))) (B Bool ((= I I)))))
    """
    cases: list[Case] = [((6, 0), 0), ((6, 3), 2), ((9, 3), 3), ((8, 2), 4), ((5, 0), 0)]
    search = search_of(text, cases)
    body = first(search).body
    assert fits(search, body)
    assert "div" in to_sexpr(body)


def test_a_finite_language_ends() -> None:
    search = search_of(FINITE, [((5,), 100)])
    assert list(founds(search)) == []
    assert search.is_complete


def test_all_values_of_a_finite_language_are_reached() -> None:
    for wanted in (5, 10, 6, 7, 2, 3, 4):
        search = search_of(FINITE, [((5,), wanted)])
        assert fits(search, first(search).body)


def test_a_bound_on_the_size_ends_an_infinite_language() -> None:
    cases: list[Case] = [((2, 3), 25), ((1, 5), 36)]
    search = search_of(NUMBERS, cases, maximum_size=6)
    assert list(founds(search)) == []
    search = search_of(NUMBERS, cases, maximum_size=7)
    found = list(founds(search))
    assert found
    assert all(f.body.size <= 7 and fits(search, f.body) for f in found)


def test_a_smaller_term_is_not_lost_to_a_cheaper_one_of_equal_values() -> None:
    text = """
    (set-logic LIA)
    (synth-fun f ((x Int)) Int ((I Int) (J Int) (K Int))
      ((I Int ((+ J K))) (J Int (5 (+ K K))) (K Int (x 1 2 3))))
    """
    spec = spec_of(f"{text}(constraint true)(check-synth)")
    keys = {
        repr(p): p.key
        for n in program_grammar(spec, spec.functions[0]).reachable()
        for p in program_grammar(spec, spec.functions[0]).productions(n)
    }
    # The literal 5 is dear, and 2 + 3 cheap, but only the literal leaves room for the rest.
    weights = Weights(unigram={key: 1e-6 if shown == "5" else 1.0 for shown, key in keys.items()})
    search = search_of(text, [((9,), 14), ((1,), 6)], weights=weights, maximum_size=3)
    assert to_sexpr(first(search).body) == "(+ 5 $0)"


def test_deduction_keeps_to_the_bound_on_the_size() -> None:
    cases = texts(("Ann Lee", "Lee. Ann."), ("Jo Day", "Day. Jo."), ("Maria Sol", "Sol. Maria."))
    free = first(search_of(NAMES, cases)).body.size
    search = search_of(NAMES, cases, maximum_size=free - 1, budget=Budget(candidates=100_000))
    some: list[Found] = []
    with pytest.raises(OutOfBudget):
        some.extend(founds(search))
    assert all(found.body.size < free for found in some)


def test_empty_strings_are_wanted_now_and_then() -> None:
    search = search_of(NAMES, texts(("ab", ""), ("cd", "")))
    assert fits(search, first(search).body)
    search = search_of(FORKS, texts(("a-b", ""), ("cd", "cd"), ("e-", ""), ("fg", "fg")))
    assert fits(search, first(search).body)


def test_numbers_and_numerals_are_wanted_through_one_another() -> None:
    text = """
    (set-logic SLIA)
    (synth-fun f ((x String)) Int
      ((S String) (I Int))
      ((I Int (0 1 (+ I I) (- I I) (str.to_int S) (str.len S) (str.indexof S S I)))
       (S String (x "(" ")" (str.++ S S) (str.substr S I I)))))
    """
    cases: list[Case] = [(("ab (12) x",), 12), (("c (345)",), 345), (("hello (6) t",), 6)]
    search = search_of(text.replace("(S String) (I Int)", "(I Int) (S String)"), cases)
    found = first(search)
    assert found.by is FoundBy.DEDUCTION
    assert search.goal.domain.evaluate(search.goal.grammar.program(found.body), "again (78) and") == 78


def test_a_sum_is_found_from_both_its_parts() -> None:
    inputs = [(2, 3), (1, 4), (5, 6), (0, 2), (7, 1)]
    search = search_of(NUMBERS, [((x, y), x * x * x * y + y * y * y * y + 1) for x, y in inputs])
    found = first(search)
    assert found.by is FoundBy.DEDUCTION
    assert fits(search, found.body)


def test_a_limit_met_in_an_evaluation_makes_the_search_incomplete() -> None:
    text = """
    (set-logic NIA)
    (synth-fun f ((x Int)) Int ((I Int) (J Int)) ((I Int (x (* J J))) (J Int (x (* x x)))))
    """
    search = search_of(text, [((1 << 1500,), 3)])
    assert list(founds(search)) == []
    assert not search.is_complete


def test_bodies_that_were_merged_are_reached_when_a_case_tells_them_apart() -> None:
    search = search_of(NAMES, texts(("ab cd", "ab")))
    run = search.run()
    found = next(f for f in run if f is not None)
    assert not _is_first_word(search, found.body)
    for given, wanted in (("x y", "x"), ("long name", "long"), ("Ann Lee", "Ann")):
        search.add_cases(texts((given, wanted)))
    found = next(f for f in run if f is not None)
    assert fits(search, found.body)
    assert _is_first_word(search, found.body)


def _is_first_word(search: ValueSearch, body: Term) -> bool:
    return Evaluation(search.goal.domain, [("Nancy Freehafer",)]).column(body) == ["Nancy"]


def test_added_cases_give_the_bodies_of_a_search_that_had_them_from_the_start() -> None:
    cases = texts(("a-b", "a"), ("cc-d", "cc"), ("efg", "efg"), ("h", "h"), ("pq-rs", "pq"))
    search = search_of(FORKS, cases[:2])
    run = search.run()
    for _ in range(5):
        next(run)
    search.add_cases(cases[2:])
    found = next(f for f in run if f is not None)
    whole = search_of(FORKS, cases)
    assert fits(whole, found.body)


def test_rows_agree_with_the_reference_interpreter_after_cases_were_added() -> None:
    search = search_of(NUMBERS, [((2, 3), 10**9), ((0, 4), 10**9)], budget=Budget(candidates=50_000))
    run = search.run()
    for _ in range(60):
        next(run)
    search.add_cases([((5, 0), 10**9), ((7, -2), 10**9)])
    for _ in range(40):
        next(run)
    table = search.bank.tables[0]
    evaluation = Evaluation(search.goal.domain, [given for given, _ in search.goal.cases])
    assert len(table.values) > 20
    for number, row in enumerate(table.values):
        assert tuple(evaluation.column(search.bank.term(0, number))) == row


def contextual(text: str, choose: Callable[[str, str], float]) -> Weights:
    """Weights of all productions below all parents, chosen by the names of both."""
    spec = spec_of(f"{text}(constraint true)(check-synth)")
    grammar = program_grammar(spec, spec.functions[0])
    productions = [p for n in grammar.reachable() for p in grammar.productions(n)]
    contexts = {("", 0): "", **{(p.key, i): repr(p.head) for p in productions for i in range(len(p.children))}}
    return Weights(
        {c: {p.key: choose(parent, repr(p.head)) for p in productions} for c, parent in contexts.items()},
        {p.key: 1.0 for p in productions},
    )


def test_levels_follow_contextual_costs() -> None:
    # Below a product 1 is nearly free and y dear, at the root and below a sum it is the other way round.
    def choose(parent: str, child: str) -> float:
        return {("*", "1"): 50.0, ("*", "$0"): 0.02, ("+", "1"): 0.02, ("+", "$0"): 50.0}.get((parent, child), 1.0)

    weights = contextual(NUMBERS, choose)
    search = search_of(NUMBERS, [((7, 11), 10**9)], weights=weights, budget=Budget(candidates=20_000))
    with pytest.raises(OutOfBudget):
        list(search.run())
    table, language = search.bank.tables[0], search.language
    assert len(table.values) > 100
    assert any(language.costs.shift(rule.class_, ("+:int -> int -> int", 0)) for rule in language.start.rules)
    for number, rule in enumerate(table.rules):
        below = sum(
            table.costs[row] + language.costs.shift(table.rules[row].class_, rule.context(i))
            for i, row in enumerate(table.arguments[number])
        )
        assert table.costs[number] == rule.cost + below


def test_costs_decide_which_of_equal_terms_is_kept() -> None:
    for dear, cheap in (("+", "*"), ("*", "+")):
        weights = contextual(NUMBERS, lambda _, child, dear=dear: 0.01 if child == dear else 1.0)  # type: ignore[misc]
        search = search_of(NUMBERS, [((2, 2), 4)], weights=weights, budget=Budget(candidates=2_000))
        bodies: list[Term] = []
        with pytest.raises(OutOfBudget):
            bodies.extend(found.body for found in founds(search))
        assert cheap in to_sexpr(min(bodies, key=lambda b: search.costs.nats(search.goal.grammar.program(b))))


def test_other_costs_lead_to_the_same_answer_in_another_order() -> None:
    search = search_of(NUMBERS, [((2, 3), 25), ((1, 4), 25), ((5, 6), 121)])
    run = search.run()
    for _ in range(3):
        next(run)
    search.reprice(Costs(search.goal.grammar, contextual(NUMBERS, lambda _, child: 5.0 if child == "*" else 1.0)))
    found = next(f for f in run if f is not None)
    assert fits(search, found.body)


def test_other_costs_keep_all_rows_and_enter_each_once_at_its_new_level() -> None:
    search = search_of(NUMBERS, [((2, 3), 10**9), ((1, 4), 10**9)])
    run = search.run()
    while search.enumeration.level < 8:
        next(run)
    table = search.bank.tables[search.language.start.number]
    kept = set(table.values)
    dear = contextual(NUMBERS, lambda _, child: 0.2 if child == "+" else 1.0)
    search.reprice(Costs(search.goal.grammar, dear))
    fresh = search_of(NUMBERS, [((2, 3), 10**9), ((1, 4), 10**9)], weights=dear)
    assert kept == set(table.early)
    for other in (search, fresh):
        again = other.run()
        while other.enumeration.level < 10:
            next(again)
    level = {row: table.costs[number] for row, number in table.index.items()}
    expected = fresh.bank.tables[fresh.language.start.number]
    assert {row: expected.costs[number] for row, number in expected.index.items()}.items() <= level.items()
    assert len(table.values) < len(kept) + len(expected.values)


def test_a_seed_that_fits_is_yielded_at_once() -> None:
    search = search_of(NUMBERS, [((2, 3), 25), ((1, 4), 25)])
    answer = term(search, "(* (+ $0 $1) (+ $0 $1))")
    search.seed([answer])
    assert first(search).body is answer
    assert search.meter.candidates < 50


def test_a_seed_that_does_not_derive_from_the_grammar_is_not_yielded() -> None:
    search = search_of(NUMBERS, [((2, 3), 1)], budget=Budget(candidates=2_000))
    stranger = term(search, "(- $0 $1)")
    search.seed([stranger])
    assert all(found.body is not stranger for found in itertools.islice(founds(search), 1))


def test_half_a_solution_as_a_seed_spares_much_of_the_search() -> None:
    inputs = [(2, 3), (1, 4), (5, 6), (0, 2)]
    cases: list[Case] = [((x, y), y * y * (y + 1) + (x + y) * x) for x, y in inputs]
    spent = []
    for seeds in ((), ("(* (* $0 $0) (+ $0 1))",)):
        search = search_of(NUMBERS, cases)
        run = search.run()
        next(run)
        search.seed([term(search, text) for text in seeds])
        assert fits(search, next(f for f in run if f is not None).body)
        spent.append(search.meter.candidates)
    assert spent[1] < 0.6 * spent[0]


def test_seeds_survive_added_cases_and_other_costs() -> None:
    search = search_of(NUMBERS, [((2, 3), 25)])
    answer = term(search, "(* (+ $0 $1) (+ $0 $1))")
    run = search.run()
    next(run)
    search.seed([answer])
    search.add_cases([((1, 4), 25)])
    search.reprice(Costs(search.goal.grammar))
    assert next(f for f in run if f is not None).body is answer


def test_a_seed_brings_a_literal_for_a_constant_slot() -> None:
    text = """
    (set-logic SLIA)
    (synth-fun f ((x String)) String ((S String)) ((S String (x (Constant String) (str.++ S S)))))
    """
    search = search_of(text, texts(("a", "a"), ("b", "b")), budget=Budget(candidates=5_000))
    search.seed([term(search, '(str.++ $0 "an unheard-of text")')])
    assert any(rule.leaf is not None and "unheard" in to_sexpr(rule.leaf) for rule in search.bank.tables[0].rules)


def test_a_budget_in_candidates_is_never_overdrawn() -> None:
    for budget in (1, 10, 500, 12_345):
        search = search_of(NAMES, texts(("ab", "zzz")), budget=Budget(candidates=budget))
        with pytest.raises(OutOfBudget):
            list(search.run())
        assert search.meter.candidates <= budget + budget // 10


def test_a_budget_in_memory_ends_the_search() -> None:
    search = search_of(NAMES, texts(("ab cd", "zzz"), ("x y", "qqq")), budget=Budget(memory=3 << 20))
    with pytest.raises(OutOfBudget, match="memory"):
        list(search.run())
    assert search.bank.kept_bytes < 6 << 20


def test_a_search_pauses_often() -> None:
    search = search_of(NAMES, texts(("ab cd", "zzz"), ("x y", "qqq")), budget=Budget(candidates=10_000_000))
    counts = [search.meter.candidates for _ in itertools.islice(search.run(), 1_000)]
    assert counts[-1] > 50_000
    assert max(b - a for a, b in itertools.pairwise(counts)) <= 40_000


def test_patience_is_short_after_what_was_enumerated_and_long_after_what_compresses_little() -> None:
    search = search_of(NAMES, texts(("Ann Lee", "Ann"), ("Jo Day", "Jo")))
    run = search.run()
    next(f for f in run if f is not None)
    enumerated = search_of(NUMBERS, [((2, 3), 6), ((4, 9), 36)])
    assert first(enumerated).by is FoundBy.ENUMERATION
    search = search_of(NAMES, texts(("abcdefgh", "cfb"), ("zyxwvuts", "xuy")))
    assert first(search).by is FoundBy.DEDUCTION
    assert search.patience(0) > enumerated.patience(0)


def test_an_alias_of_a_nonterminal_costs_no_candidates() -> None:
    direct = search_of(FINITE, [((5,), 100)])
    list(direct.run())
    aliased = search_of(
        """
        (set-logic LIA)
        (synth-fun f ((x Int)) Int ((A Int) (I Int) (J Int) (K Int))
          ((A Int (I)) (I Int (x (+ J K))) (J Int (x 1 2)) (K Int (x 1 2))))
        """,
        [((5,), 100)],
    )
    list(aliased.run())
    assert aliased.meter.candidates == direct.meter.candidates
    assert len(aliased.language.symbols) == 2


def test_macros_are_searched_by_what_they_expand_to() -> None:
    text = """
    (set-logic LIA)
    (define-fun twice ((a Int)) Int (+ a a))
    (synth-fun f ((x Int)) Int ((I Int)) ((I Int (x 1 (twice I) (- I I)))))
    """
    search = search_of(text, [((3,), 11), ((5,), 19)])
    assert to_sexpr(first(search).body) == "(- (twice (twice $0)) 1)"


def test_wide_bit_vectors_are_searched() -> None:
    text = """
    (set-logic BV)
    (synth-fun f ((x (_ BitVec 96))) (_ BitVec 96)
      ((V (_ BitVec 96))) ((V (_ BitVec 96) (x #x000000000000000000000001 (bvadd V V) (bvand V V) (bvnot V)))))
    """
    cases: list[Case] = [((x,), x & -x) for x in (12, 80, 7, 1 << 90)]
    search = search_of(text, cases)
    assert fits(search, first(search).body)


def test_without_cases_some_body_is_found() -> None:
    assert first(search_of(NUMBERS, [])).body.size == 1


NO_GRAMMAR = """
(set-logic SLIA)
(synth-fun f ((x String)) String)
(declare-var s String)
(constraint (= (f "3 mm") "3 inch")) (constraint (= (f "14 mm") "14 inch")) (constraint (= (f "7 mm") "7 inch"))
(check-synth)
"""


def test_constants_come_from_the_examples_where_no_grammar_is_stated() -> None:
    outcome = solve_spec(spec_of(NO_GRAMMAR), SolveSettings(Budget(candidates=400_000)))
    assert outcome.status is Status.SOLVED
    (program,) = outcome.programs.values()
    assert "inch" in to_sexpr(program)
    assert load_domain("strings").evaluate(program, "25 mm") == "25 inch"


SCRIPT = """
import sys
from dsl.source import Source
from dsl.spec import Budget
from dsl.sygus.reader import read_sygus
from wake_sleep.wake.solve import SolveSettings, solve_spec
outcome = solve_spec(read_sygus(Source(sys.argv[1])), SolveSettings(Budget(candidates=60_000)))
sys.stdout.write(f"{outcome.status} {outcome.programs} {outcome.candidates}")
"""


def test_hash_seeds_of_python_change_nothing() -> None:
    pairs = (("a-bc", "bc-a"), ("cc-d", "d-cc"), ("efg", "Drefg"), ("h", "Drh"), ("pq-rs", "rs-pq"))
    text = FORKS + "".join(f'(constraint (= (f "{a}") "{b}"))' for a, b in pairs) + "(check-synth)"
    outputs = set()
    for seed in ("0", "1", "77"):
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT, text],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.add(run.stdout)
    assert len(outputs) == 1
    assert "solved" in outputs.pop()


BENCH = Path(os.environ.get("REVERIE_BENCH", Path(__file__).parents[5] / "shared" / "bench"))


@pytest.mark.skipif(not (BENCH / "sygus").is_dir(), reason="the public benchmark data is not here")
@pytest.mark.parametrize("family", ["initials", "phone-5", "phone-9", "dr-name"])
def test_what_is_learned_from_few_examples_holds_for_many(family: str) -> None:
    folder = BENCH / "sygus" / "pbe_strings_2017"
    short = next(
        folder / f"{family}{ending}.sl" for ending in ("_short", "_small") if (folder / f"{family}{ending}.sl").exists()
    )
    (task,), (long,) = read_tasks(short), read_tasks(folder / f"{family}-long.sl")
    outcome = solve_spec(task.spec, SolveSettings(Budget(candidates=400_000)))
    (program,) = outcome.programs.values()
    domain = load_domain("strings")
    assert all(domain.evaluate(program, *e.inputs) == e.output for e in long.spec.examples)


def test_concatenations_nest_on_the_first_argument_where_the_last_is_none() -> None:
    text = """
    (set-logic SLIA)
    (synth-fun f ((x String)) String
      ((S String) (P String) (I Int))
      ((S String (P (str.++ S P)))
       (P String (x "<" ">" "," (str.substr x I I)))
       (I Int (0 1 2 3 4))))
    """
    search = search_of(text, texts(("abcdef", "<ab,de>"), ("uvwxyz", "<uv,xy>"), ("klmnop", "<kl,no>")))
    body = first(search).body
    assert fits(search, body)
    assert search.goal.grammar.derive_at(search.goal.grammar.start, body) is not None
