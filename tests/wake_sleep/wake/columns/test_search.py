"""The search of languages of words over columns."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.evaluate import Evaluation
from dsl.grammar import Grammar, Nonterminal
from dsl.printing import parse_term, to_sexpr
from dsl.probability import UNIFORM, Weights
from dsl.source import Source
from dsl.spec import Budget, Spec
from dsl.sygus.reader import read_sygus
from dsl.terms import Operator, Term, strip_lambdas
from dsl.values import Value
from wake_sleep.wake.columns.rules import is_searched_over_columns
from wake_sleep.wake.columns.search import ColumnSearch
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.engines import engine_for
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.outcome import FoundBy, Status
from wake_sleep.wake.search import Case, Found, Goal
from wake_sleep.wake.solve import SolveSettings, program_grammar, solve_spec

BITVECTORS = load_domain("bitvectors")
WORDS = """
(set-logic BV)
(define-fun half ((x (BitVec 64))) (BitVec 64) (bvlshr x #x0000000000000001))
(define-fun pick ((x (BitVec 64)) (y (BitVec 64)) (z (BitVec 64))) (BitVec 64)
  (ite (= x #x0000000000000001) y z))
(synth-fun f ((x (BitVec 64))) (BitVec 64)
  ((S (BitVec 64) (x #x0000000000000000 #x0000000000000001 (half S) (bvnot S) (bvand S S) (bvor S S)
    (bvxor S S) (bvadd S S) (pick S S S)))))
"""
BYTES = """
(set-logic BV)
(synth-fun f ((x (BitVec 8)) (y (BitVec 8))) (BitVec 8)
  ((S (BitVec 8)) (B Bool))
  ((S (BitVec 8) (x y #x01 (bvadd S S) (bvsub S S) (bvshl S S) (ite B S S)))
   (B Bool ((bvult S S) (= S S) (not B)))))
"""
FINITE = """
(set-logic BV)
(synth-fun f ((x (BitVec 8))) (BitVec 8)
  ((S (BitVec 8)) (T (BitVec 8))) ((S (BitVec 8) (x (bvmul T T))) (T (BitVec 8) (x #x02 (bvneg x)))))
"""
SATURATING = """
(set-logic BV)
(synth-fun f ((x (BitVec 1))) (BitVec 1) ((S (BitVec 1))) ((S (BitVec 1) (x (bvand S S) (bvor S S)))))
"""
CONSTANTS = """
(set-logic BV)
(synth-fun f ((x (BitVec 8))) (BitVec 8)
  ((S (BitVec 8)) (C (BitVec 8)))
  ((S (BitVec 8) (x (bvadd S C) (bvand S C))) (C (BitVec 8) ((Constant (BitVec 8))))))
"""


def with_examples(text: str, cases: Sequence[Case], width: int) -> Spec:
    def literal(value: Value) -> str:
        return f"#b{value:0{width}b}"

    constraints = [f"(constraint (= (f {' '.join(map(literal, i))}) {literal(o)}))" for i, o in cases]
    return read_sygus(Source("\n".join([text, *constraints, "(check-synth)"])))


def grammar_of(text: str) -> Grammar:
    spec = read_sygus(Source(text + "(check-synth)"))
    return program_grammar(spec, spec.functions[0])


def body(text: str, grammar: Grammar) -> Term:
    found = parse_term(text, lambda name, arity: _operator(grammar, name, arity))
    assert grammar.derive_at(grammar.start, found) is not None
    return found


def _operator(grammar: Grammar, name: str, arity: int) -> Operator | None:
    heads = [p.head for n in grammar.reachable() for p in grammar.productions(n)]
    macros = {head.name: head for head in heads if isinstance(head, Operator) and head.definition is not None}
    return macros.get(name) or BITVECTORS.operator(name, arity)


def inputs_of(count: int, parameters: int = 1, width: int = 64, seed: int = 0) -> list[tuple[int, ...]]:
    generator = random.Random(seed)
    return [tuple(generator.getrandbits(width) for _ in range(parameters)) for _ in range(count)]


def cases_for(term: Term, inputs: Sequence[tuple[int, ...]]) -> list[Case]:
    outputs = Evaluation(BITVECTORS, inputs).column(term)
    return list(zip(inputs, outputs, strict=True))  # type: ignore[arg-type]


def search_for(
    grammar: Grammar,
    cases: Sequence[Case],
    *,
    budget: Budget | None = None,
    size: int | None = None,
    weights: Weights = UNIFORM,
) -> ColumnSearch:
    goal = Goal(grammar, BITVECTORS, tuple(cases), size)
    return ColumnSearch(goal, Costs(grammar, weights), Meter(budget or Budget(candidates=300_000)))


def first(search: ColumnSearch) -> Found:
    return next(found for found in search.run() if found is not None)


def fits(term: Term, cases: Sequence[Case]) -> bool:
    return Evaluation(BITVECTORS, [i for i, _ in cases]).column(term) == [output for _, output in cases]


@pytest.mark.parametrize(
    "text", ["$0", "(bvnot@64 (half $0))", "(bvadd@64 (half $0) (bvxor@64 $0 #x0000000000000001))"]
)
def test_a_small_program_is_found_by_enumeration(text: str) -> None:
    grammar = grammar_of(WORDS)
    wanted = body(text, grammar)
    cases = cases_for(wanted, inputs_of(10))
    found = next(f for f in search_for(grammar, cases).run() if f is not None and f.by is FoundBy.ENUMERATION)
    assert fits(found.body, cases)
    assert found.body.size <= wanted.size


def test_a_conditional_program_is_found_by_unification_where_a_macro_is_the_conditional() -> None:
    grammar = grammar_of(WORDS)
    test = "(bvand@64 #x0000000000000001 $0)"
    wanted = body(f"(pick {test} (bvnot@64 (half (half $0))) (bvadd@64 $0 (half $0)))", grammar)
    cases = cases_for(wanted, inputs_of(30))
    found = first(search_for(grammar, cases))
    assert found.by is FoundBy.UNIFICATION
    assert fits(found.body, cases)
    assert found.body.size == wanted.size


def test_a_conditional_program_is_found_where_a_nonterminal_of_booleans_states_the_tests() -> None:
    grammar = grammar_of(BYTES)
    wanted = body("(ite (bvult@8 $1 $0) (bvsub@8 $0 $1) (bvadd@8 $1 (bvadd@8 $1 $0)))", grammar)
    cases = cases_for(wanted, inputs_of(30, 2, 8))
    found = first(search_for(grammar, cases))
    assert fits(found.body, cases)
    assert found.body.size <= wanted.size


def test_a_sum_of_two_large_terms_is_deduced() -> None:
    grammar = grammar_of(WORDS)
    half = "(half (half (half (bvxor@64 $0 (half $0)))))"
    wanted = body(f"(bvadd@64 {half} (bvnot@64 (half (bvand@64 $0 (half (half (half $0)))))))", grammar)
    cases = cases_for(wanted, inputs_of(10))
    found = first(search_for(grammar, cases))
    assert found.by is FoundBy.DEDUCTION
    assert fits(found.body, cases)
    assert found.body.size <= wanted.size


def test_a_large_branch_is_deduced_from_its_halves() -> None:
    grammar = grammar_of(WORDS)
    branch = "(bvadd@64 (half (half (half (bvnot@64 $0)))) (bvxor@64 $0 (half (half (bvand@64 $0 (half $0))))))"
    wanted = body(f"(pick (bvand@64 #x0000000000000001 $0) {branch} (bvnot@64 $0))", grammar)
    cases = cases_for(wanted, inputs_of(20))
    found = first(search_for(grammar, cases))
    assert found.by is FoundBy.UNIFICATION
    assert fits(found.body, cases)
    assert found.body.size <= wanted.size


def test_every_answer_fits_and_derives_from_the_grammar() -> None:
    grammar = grammar_of(BYTES)
    cases = cases_for(body("(ite (= $1 #x01) $0 (bvshl@8 $0 #x01))", grammar), inputs_of(20, 2, 8))
    answers: list[Term] = []
    search = search_for(grammar, cases, budget=Budget(candidates=200_000))
    with pytest.raises(OutOfBudget):
        answers.extend(found.body for found in search.run() if found is not None)
    assert answers
    assert len(set(answers)) == len(answers)
    assert all(fits(answer, cases) and grammar.derive_at(grammar.start, answer) for answer in answers)


def test_a_finite_language_is_searched_to_its_end() -> None:
    grammar = grammar_of(FINITE)
    search = search_for(grammar, [((3,), 200), ((4,), 100)])
    assert [found for found in search.run() if found is not None] == []
    assert search.is_complete


def test_a_language_of_few_values_ends_when_no_new_one_appears() -> None:
    search = search_for(grammar_of(SATURATING), [((0,), 1), ((1,), 0)])
    assert [found for found in search.run() if found is not None] == []
    assert search.is_complete


def smallest_by_value(grammar: Grammar, cases: Sequence[Case], size: int) -> dict[tuple[object, ...], int]:
    """For each vector of values the size of the smallest term up to a size, by plain enumeration."""
    evaluation = Evaluation(BITVECTORS, [i for i, _ in cases])
    terms: dict[tuple[Nonterminal, int], list[Term]] = {}
    known: dict[Nonterminal, dict[tuple[object, ...], int]] = {n: {} for n in grammar.reachable()}
    for n in range(1, size + 1):
        for nonterminal in grammar.reachable():
            made = terms.setdefault((nonterminal, n), [])
            for production in grammar.productions(nonterminal):
                arity = len(production.children)
                for split in itertools.product(range(1, n), repeat=arity):
                    if sum(split) == n - 1:
                        pools = [terms.get(pair, []) for pair in zip(production.children, split, strict=True)]
                        for below in itertools.product(*pools):
                            term = production.leaf or production.build(below)
                            key = tuple(evaluation.column(term))
                            if key not in known[nonterminal]:
                                known[nonterminal][key] = n
                                made.append(term)
    return known[grammar.start]


def test_within_a_bound_on_size_exactly_the_values_of_such_programs_are_found() -> None:
    grammar, bound = grammar_of(BYTES), 5
    inputs = inputs_of(4, 2, 8)
    known = smallest_by_value(grammar, [(i, 0) for i in inputs], bound + 2)
    wanted = sorted(known.items(), key=str)[::97]
    assert {size <= bound for _, size in wanted} == {True, False}
    for outputs, size in wanted:
        search = search_for(grammar, list(zip(inputs, outputs, strict=True)), size=bound)  # type: ignore[arg-type]
        answers = [found.body for found in search.run() if found is not None]
        assert bool(answers) == (size <= bound), outputs
        assert all(answer.size <= bound for answer in answers)


def test_a_body_that_was_passed_by_is_found_after_a_case_that_tells_it_apart() -> None:
    grammar = grammar_of(BYTES)
    search = search_for(grammar, [((1, 1), 1)])
    run = search.run()
    passed = 0
    while passed < 3:
        passed += next(run) is not None or search.meter.candidates > 5_000
    wanted = body("(bvshl@8 $0 (bvsub@8 $1 #x01))", grammar)
    cases = cases_for(wanted, inputs_of(12, 2, 4))
    search.add_cases(cases)
    found = next(found for found in run if found is not None)
    assert fits(found.body, [((1, 1), 1), *cases])


def test_cases_added_one_by_one_lead_to_a_body_that_fits_them_all() -> None:
    grammar = grammar_of(WORDS)
    wanted = body("(pick (bvand@64 #x0000000000000001 (half $0)) (half $0) (bvnot@64 $0))", grammar)
    cases = cases_for(wanted, inputs_of(60))
    search, active = search_for(grammar, cases[:1]), 1
    for found in search.run():
        if found is not None:
            assert fits(found.body, cases[:active])
            failing = next((case for case in cases[active:] if not fits(found.body, [case])), None)
            if failing is None:
                break
            cases.remove(failing)
            cases.insert(active, failing)
            active += 1
            search.add_cases([failing])
    assert fits(found.body, cases)  # type: ignore[union-attr]


def test_a_seed_that_is_the_answer_is_found_at_once() -> None:
    grammar = grammar_of(WORDS)
    wanted = body("(half (half (half (half (half (half (half (half (half (bvnot@64 $0))))))))))", grammar)
    search = search_for(grammar, cases_for(wanted, inputs_of(8)))
    search.seed([wanted])
    assert first(search).body is wanted
    assert search.meter.candidates < 10


def test_a_seed_makes_a_program_around_it_cheap() -> None:
    grammar = grammar_of(WORDS)
    part = body("(bvand@64 $0 (half (half (bvxor@64 $0 (half (half (half (half $0))))))))", grammar)
    wanted = body(f"(half (half (bvnot@64 (half {to_sexpr(part)}))))", grammar)
    cases = cases_for(wanted, inputs_of(8))
    plain, seeded = search_for(grammar, cases), search_for(grammar, cases)
    seeded.seed([part])
    assert fits(first(seeded).body, cases)
    assert seeded.meter.candidates < 100_000
    with pytest.raises(OutOfBudget):
        first(plain)


def test_a_seed_in_the_middle_of_a_search_is_combined_with_what_is_there() -> None:
    grammar = grammar_of(WORDS)
    part = body("(bvand@64 $0 (half (half (bvxor@64 $0 (half (half (half (half $0))))))))", grammar)
    cases = cases_for(body(f"(bvnot@64 (half {to_sexpr(part)}))", grammar), inputs_of(8))
    search = search_for(grammar, cases)
    run = search.run()
    while search.meter.candidates < 2_000:
        assert next(run) is None
    search.seed([part])
    found = next(found for found in run if found is not None)
    assert fits(found.body, cases)


def test_contextual_costs_decide_what_is_found_first() -> None:
    grammar = grammar_of(BYTES)
    cases: list[Case] = [((3, 3), 6), ((5, 5), 10)]
    keys = {str(p.head): p.key for p in grammar.productions(grammar.start)}
    favoured = {"bvshl": "(bvshl", "bvadd": "(bvadd"}
    for name, shape in favoured.items():
        other = next(n for n in favoured if n != name)
        table = dict.fromkeys(keys.values(), 1.0)
        table[keys[name]], table[keys[other]] = 20.0, 0.01
        weights = Weights(contextual={(keys["ite"], 1): dict(table)}, unigram=table)
        assert to_sexpr(first(search_for(grammar, cases, weights=weights)).body).startswith(shape)


def test_new_costs_restart_the_levels_and_answers_are_not_repeated() -> None:
    grammar = grammar_of(WORDS)
    cases = cases_for(body("(half (bvnot@64 $0))", grammar), inputs_of(8))
    search = search_for(grammar, cases)
    run = search.run()
    before = next(found for found in run if found is not None)
    search.reprice(Costs(grammar, Weights(unigram={grammar.productions(grammar.start)[3].key: 3.0})))
    after = [found.body for found in itertools.islice(run, 200) if found is not None]
    assert before.body not in after
    assert all(fits(term, cases) for term in after)


def random_weights(draw: random.Random, grammar: Grammar) -> Weights:
    productions = [p for n in grammar.reachable() for p in grammar.productions(n)]
    contexts = [(p.key, i) for p in productions for i in range(len(p.children))]
    return Weights(
        {context: {p.key: draw.uniform(0.05, 1.0) for p in productions} for context in contexts},
        {p.key: draw.uniform(0.05, 1.0) for p in productions},
    )


def levels(search: ColumnSearch) -> dict[Nonterminal, dict[tuple[int, ...], int]]:
    """The least level of each row of values, after checking that the terms of all rows have their values."""
    found: dict[Nonterminal, dict[tuple[int, ...], int]] = {}
    for nonterminal, bank in search._banks.items():
        rows = found.setdefault(nonterminal, {})
        inputs = [given for given, _ in search.goal.cases]
        for row in range(bank.count):
            values = tuple(bank.values[:, row].tolist())
            rows[values] = min(int(bank.levels[row]), rows.get(values, 1 << 30))
            assert Evaluation(BITVECTORS, inputs).column(search._term(bank, row)) == list(values)
    return found


def run_to(search: ColumnSearch, level: int) -> None:
    """Run until a level has begun; those below it are then complete."""
    run = search.run()
    while search._reached < level or search._next <= level:
        next(run)


@pytest.mark.parametrize("text", [WORDS, BYTES, CONSTANTS])
@pytest.mark.parametrize("seed", range(3))
def test_new_costs_keep_all_rows_at_their_new_levels(text: str, seed: int) -> None:
    draw = random.Random(seed)
    grammar = grammar_of(text)
    arity, width = len(grammar.start.environment), grammar.start.type.width
    inputs = inputs_of(6, arity, width)
    cases: list[Case] = [(given, draw.getrandbits(width)) for given in inputs]
    search = search_for(grammar, cases[:3], weights=random_weights(draw, grammar))
    run_to(search, 8)
    if seed:
        search.seed([strip_lambdas(grammar.sample(draw, 9), arity)[1] for _ in range(3)])
        run_to(search, 9)
    before = levels(search)
    weights = random_weights(draw, grammar)
    search.reprice(Costs(grammar, weights))
    assert {n: set(rows) for n, rows in levels(search).items()} == {n: set(rows) for n, rows in before.items()}
    run_to(search, 8)
    fresh = search_for(grammar, cases[:3], weights=weights)
    run_to(fresh, 8)
    found = levels(search)
    for nonterminal, rows in levels(fresh).items():
        assert all(found[nonterminal][values] <= level for values, level in rows.items() if level < 8)
    search.add_cases(cases[3:])
    fresh.add_cases(cases[3:])
    run_to(search, 8)
    run_to(fresh, 8)
    found = levels(search)
    for nonterminal, rows in levels(fresh).items():
        assert all(values in found[nonterminal] for values, level in rows.items() if level < 8)


def test_any_constant_may_be_one_of_the_outputs() -> None:
    grammar = grammar_of(CONSTANTS)
    search = search_for(grammar, [((200,), 8), ((31,), 8), ((9,), 8), ((77,), 8)])
    assert fits(first(search).body, [((200,), 8), ((31,), 8), ((9,), 8), ((77,), 8)])
    assert not search.is_complete


@pytest.mark.parametrize("text", ["(bvadd@8 $0 #x5a)", "(bvand@8 (bvadd@8 $0 #x01) #x5a)"])
def test_a_constant_that_stands_nowhere_is_deduced(text: str) -> None:
    grammar = grammar_of(CONSTANTS)
    cases = cases_for(parse_term(text, BITVECTORS.operator), inputs_of(12, 1, 8))
    found = first(search_for(grammar, cases))
    assert found.by is FoundBy.DEDUCTION
    assert fits(found.body, cases)
    assert grammar.derive_at(grammar.start, found.body) is not None


def test_a_search_goes_on_when_its_memory_is_full() -> None:
    grammar = grammar_of(WORDS)
    wanted = body("(bvadd@64 (half (half $0)) (bvxor@64 $0 (half (half (half $0)))))", grammar)
    cases = cases_for(wanted, inputs_of(8))
    search = search_for(grammar, cases, budget=Budget(candidates=400_000, memory=2 << 20))
    assert fits(first(search).body, cases)
    with pytest.raises(OutOfBudget, match="candidates"):
        list(search.run())
    assert not search.is_complete


@pytest.mark.parametrize("candidates", [100, 3_000, 50_000])
def test_a_budget_in_candidates_is_a_hard_stop(candidates: int) -> None:
    search = search_for(grammar_of(WORDS), [((1,), 77)], budget=Budget(candidates=candidates))
    with pytest.raises(OutOfBudget):
        list(search.run())
    assert candidates <= search.meter.candidates <= candidates * 1.1


REPEATED = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
import importlib.util
spec = importlib.util.spec_from_file_location("columns_search_test", {file!r})
module = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = module
spec.loader.exec_module(module)
sys.stdout.write(module.trace())
"""


def trace() -> str:
    """What a search does until its budget in candidates ends."""
    grammar = grammar_of(WORDS)
    test = "(bvand@64 #x0000000000000001 (half $0))"
    cases = cases_for(body(f"(pick {test} (bvnot@64 (half $0)) (bvadd@64 $0 (half $0)))", grammar), inputs_of(20))
    search = search_for(grammar, cases[:6], budget=Budget(candidates=150_000))
    lines = []
    try:
        for found in search.run():
            if found is not None:
                lines.append(f"{search.meter.candidates} {found.by} {to_sexpr(found.body)}")
                search.add_cases(cases[6:] if len(lines) == 1 else [])
    except OutOfBudget as spent:
        lines.append(str(spent))
    return "\n".join(lines)


def test_equal_searches_do_the_same_in_every_process() -> None:
    script = REPEATED.format(root=str(Path(__file__).parents[4]), file=__file__)
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {trace()}


def test_languages_of_words_are_searched_over_columns_and_others_are_not() -> None:
    for text in (WORDS, BYTES, FINITE, CONSTANTS):
        grammar = grammar_of(text)
        assert is_searched_over_columns(grammar, BITVECTORS)
        assert engine_for(Goal(grammar, BITVECTORS, ())) is ColumnSearch
    for name in ("lists", "strings", "integers"):
        domain = load_domain(name)
        request = {"lists": "list(int) -> list(int)", "strings": "str -> str", "integers": "int -> int"}[name]
        assert not is_searched_over_columns(domain.grammar(request), domain)


def test_a_spec_is_solved_from_its_file() -> None:
    grammar = grammar_of(WORDS)
    wanted = body("(bvadd@64 (half $0) (bvnot@64 $0))", grammar)
    cases = cases_for(wanted, inputs_of(100))
    outcome = solve_spec(with_examples(WORDS, cases, 64), SolveSettings(Budget(candidates=30_000)))
    assert outcome.status is Status.SOLVED
    assert outcome.size == wanted.size


def test_a_finite_language_without_an_answer_is_infeasible() -> None:
    outcome = solve_spec(with_examples(FINITE, [((3,), 200), ((4,), 100)], 8), SolveSettings(Budget(candidates=9_999)))
    assert outcome.status is Status.INFEASIBLE
