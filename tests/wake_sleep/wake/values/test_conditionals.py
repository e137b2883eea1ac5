"""Decision trees over the rows of a bank."""

from dsl.domain import load_domain
from dsl.printing import to_sexpr
from dsl.source import Source
from dsl.spec import Budget
from dsl.sygus.reader import read_sygus
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.outcome import FoundBy
from wake_sleep.wake.search import Case, Goal
from wake_sleep.wake.solve import program_grammar
from wake_sleep.wake.values.conditionals import conditionals_of
from wake_sleep.wake.values.search import ValueSearch


def search_of(text: str, cases: list[Case]) -> ValueSearch:
    spec = read_sygus(Source(text + "(constraint true)(check-synth)"))
    grammar = program_grammar(spec, spec.functions[0])
    assert spec.domain is not None
    goal = Goal(grammar, load_domain(spec.domain), tuple(cases))
    return ValueSearch(goal, Costs(grammar), Meter(Budget(candidates=200_000)))


CLASSES = """
(set-logic SLIA)
(synth-fun f ((x String)) String
  ((S String) (T String) (B Bool))
  ((S String (T (ite B T S)))
   (T String (x "one" "two" "many"))
   (B Bool ((= x T) (str.prefixof T x) (str.suffixof T x)))))
"""


def test_forks_nest_where_the_grammar_lets_them() -> None:
    cases: list[Case] = [(("one",), "two"), (("two",), "many"), (("many",), "one"), (("zz",), "zz")]
    search = search_of(CLASSES, cases)
    found = next(f for f in search.run() if f is not None)
    assert found.by is FoundBy.UNIFICATION
    assert to_sexpr(found.body).count("ite") == 3
    assert search.goal.grammar.derive_at(search.goal.grammar.start, found.body) is not None


def test_forks_do_not_nest_where_the_grammar_has_one_only() -> None:
    text = CLASSES.replace("(ite B T S)", "(ite B T T)")
    cases: list[Case] = [(("one",), "two"), (("two",), "many"), (("many",), "one"), (("zz",), "zz")]
    search = search_of(text, cases)
    assert [f for f in search.run() if f is not None] == []
    assert search.is_complete


def test_the_cheapest_tree_is_found() -> None:
    cases: list[Case] = [(("one",), "one"), (("twone",), "twone"), (("two",), "many"), (("xy",), "many")]
    search = search_of(CLASSES, cases)
    found = next(f for f in search.run() if f is not None)
    assert to_sexpr(found.body) == '(ite (str.suffixof "one" $0) $0 "many")'


def test_only_conditionals_over_booleans_fork() -> None:
    search = search_of(CLASSES, [(("a",), "a"), (("b",), "b")])
    language = search.language
    assert [rule.name for rule in conditionals_of(language, language.start.number)] == ["ite"]
    assert conditionals_of(language, 1) == []
