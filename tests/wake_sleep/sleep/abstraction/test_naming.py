"""Names of abstractions."""

from dsl.domain import load_domain
from dsl.terms import Operator
from wake_sleep.sleep.abstraction.candidates import candidate
from wake_sleep.sleep.abstraction.naming import Names, stem


def abstraction(text: str, domain: str = "lists") -> Operator:
    found = candidate(load_domain(domain).parse(text))
    assert isinstance(found, Operator)
    return found


def test_a_name_tells_what_the_body_does() -> None:
    assert stem(abstraction("(lambda (filter (lambda (is-even $0)) $0))")) == "filter_is_even"
    assert stem(abstraction("(lambda (+ $0 (* $0 $0)))")) == "plus_times"
    assert stem(abstraction('(lambda (str.++ (strings.upper $0) "!"))', "strings")) == "join_upper"
    assert stem(abstraction("(lambda (bvand@8 $0 (bvneg@8 $0)))", "bitvectors")) == "bvand_bvneg"


def test_numbers_go_on_and_none_is_given_twice() -> None:
    names = Names({"#1": "double_1", "#2": "twice_3"}, next_number=4)
    double, triple = abstraction("(lambda (+ $0 $0))"), abstraction("(lambda (+ $0 (+ $0 $0)))")
    assert [names(double), names(triple), names(double)] == ["plus_4", "plus_5", "plus_4"]


def test_what_had_a_name_keeps_it() -> None:
    double = abstraction("(lambda (+ $0 $0))")
    assert Names({double.key: "double"}, next_number=9)(double) == "double"


def test_a_name_that_another_one_has_is_not_given() -> None:
    double = abstraction("(lambda (+ $0 $0))")
    assert Names({"#1": "plus_1"}, next_number=1)(double) == "plus_2"
