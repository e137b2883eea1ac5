"""Deep terms of few shapes."""

from dsl.domain import load_domain
from dsl.printing import to_sexpr
from dsl.source import Source
from dsl.spec import Budget
from dsl.sygus.reader import read_sygus
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.search import Case, Goal
from wake_sleep.wake.solve import program_grammar
from wake_sleep.wake.values.search import ValueSearch

TEXT = """
(set-logic SLIA)
(synth-fun f ((x String)) String
  ((S String) (I Int))
  ((S String (x "," " " "" (str.++ S S) (str.substr S I I) (str.replace S S S)))
   (I Int (0 1 (+ I I) (- I I) (str.indexof S S I) (str.len S)))))
"""


def search_of(cases: list[Case]) -> ValueSearch:
    spec = read_sygus(Source(TEXT + "(constraint true)(check-synth)"))
    grammar = program_grammar(spec, spec.functions[0])
    goal = Goal(grammar, load_domain("strings"), tuple(cases))
    return ValueSearch(goal, Costs(grammar), Meter(Budget(candidates=300_000)))


def fields(*rows: str) -> list[Case]:
    return [((row,), row.split(",")[2]) for row in rows]


def test_the_third_field_is_cut_out_by_the_second_and_third_comma() -> None:
    search = search_of(fields("a,bb,ccc,d", "xx,y,zzzz,ww", "k,lll,m,nn", "pq,r,st,uvw", "12,345,6,78"))
    found = next(f for f in search.run() if f is not None)
    domain, program = search.goal.domain, search.goal.grammar.program(found.body)
    assert domain.evaluate(program, "hello,world,again,and again") == "again"
    assert search.meter.candidates < 300_000


def test_what_is_taken_away_step_by_step_is_found() -> None:
    cases: list[Case] = [((x,), x.replace(", ", "").replace(",", "")) for x in ("a, b,c", "dd, e,fff", "g, hh,i")]
    search = search_of(cases)
    found = next(f for f in search.run() if f is not None)
    program = search.goal.grammar.program(found.body)
    assert search.goal.domain.evaluate(program, "long, words,here") == "longwordshere"


def test_a_deep_row_does_not_hide_a_cheaper_one_with_its_values() -> None:
    search = search_of([(("a,b",), "zz"), (("cc,d",), "zz")])
    for _ in zip(range(400), search.run(), strict=False):
        pass
    for table in search.bank.tables:
        for row, early in table.early.items():
            regular = table.index.get(row, -1)
            assert regular == -1 or table.costs[regular] <= table.costs[early]


def test_rows_made_early_have_the_values_of_their_terms() -> None:
    search = search_of([(("a,b,c",), "zz"), (("cc,d,",), "zz")])
    for _ in zip(range(200), search.run(), strict=False):
        pass
    from dsl.evaluate import Evaluation

    evaluation = Evaluation(search.goal.domain, [given for given, _ in search.goal.cases])
    for symbol, table in enumerate(search.bank.tables):
        for row, number in table.early.items():
            term = search.bank.term(symbol, number)
            assert tuple(evaluation.column(term)) == row, to_sexpr(term)
