"""Bounded evaluation: values, ⊥, what is not computed, and that nothing hangs."""

import itertools
import pickle
import re
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from dsl.domain import Domain, load_domain
from dsl.errors import DomainError, LimitExceeded, TypeMismatch
from dsl.evaluate import Evaluation, evaluate
from dsl.limits import EXHAUSTED, LARGEST_SIZE, Cell, Exhausted, Limits, check_size
from dsl.printing import parse_term
from dsl.terms import ABSTRACTION, FUNCTION, MACRO, Application, Lambda, Literal, Operator, Term, Variable, abstract
from dsl.types import INT, STRING, parse_type
from dsl.values import BOTTOM, Value

BOTTOM_TEXT = "(car (cdr (cons 1 empty)))"
BOTTOM_TRUTH = "(is-even (car empty))"
HUGE = "(length (range 100000))"
HUGE_TRUTH = f"(is-even {HUGE})"
X = Variable(0)


def read(text: str, domain: Domain | str = "lists") -> Term:
    loaded = load_domain(domain) if isinstance(domain, str) else domain
    return parse_term(text, loaded.operator)


def run(text: str, *inputs: Value, domain: Domain | str = "lists", limits: Limits | None = None) -> Cell:
    """The value of a term whose free variables are the inputs, the last being ``$0``; `EXHAUSTED` for a limit."""
    program = abstract(read(text, domain), len(inputs))
    try:
        return evaluate(program, inputs, load_domain(domain) if isinstance(domain, str) else domain, limits or Limits())
    except LimitExceeded:
        return EXHAUSTED


def under_lambda(text: str) -> str:
    """The same closed Boolean or integer, computed inside a function."""
    return f"(car (map (lambda {text}) (cons 0 empty)))"


def definition(name: str, type_: str, body: Term, kind: str = MACRO) -> Operator:
    scheme = parse_type(type_)
    return Operator(name, scheme, kind, abstract(body, len(scheme.parameters)))


def apply(head: Operator | Term, *arguments: Term) -> Term:
    return Application(head, arguments)


def operator(text: str, domain: str = "lists") -> Operator:
    term = read(text, domain)
    assert isinstance(term, Application)
    assert isinstance(term.head, Operator)
    return term.head


PLUS = operator("(+ 1 1)")


def plus(left: Term, right: Term) -> Term:
    return Application(PLUS, (left, right))


# Values


@pytest.mark.parametrize(
    ("text", "inputs", "value"),
    [
        ("(- $1 $0)", (5, 3), 2),
        ("(map (lambda (+ $0 $1)) $1)", ((1, 2), 10), (11, 12)),
        ("(fold $0 empty (lambda (lambda (cons $1 (cons $1 $0)))))", ((1, 2),), (1, 1, 2, 2)),
        ("(map (lambda (fold $1 $0 (lambda (lambda (+ $0 $1))))) $0)", ((1, 2),), (4, 5)),
        ("(unfold $0 (lambda (gt? $0 3)) (lambda (* $0 $0)) (lambda (+ $0 1)))", (1,), (1, 4, 9)),
        ("(zip-with (lambda (lambda (- $1 $0))) $1 $0)", ((5, 6), (1, 2, 3)), (4, 4)),
        ("(count (lambda (is-even $0)) $0)", ((1, 2, 4),), 2),
        ("(if (is-even $0) 1 2)", (3,), 2),
        ("((lambda (lambda (- $1 $0))) 5 3)", (), 2),
        ("(((lambda (lambda (- $1 $0))) 5) 3)", (), 2),
        ("(map ((lambda (lambda (- $1 $0))) 5) $0)", ((1, 2),), (4, 3)),
        ("((if $0 (lambda (+ $0 1)) (lambda 0)) 4)", (True,), 5),
        ("(map (if $0 (lambda (+ $0 1)) (lambda 0)) (range 2))", (True,), (1, 2)),
        ("((lambda ($0 ($0 1))) (lambda (+ $0 $0)))", (), 4),
        ("((lambda 1) (car empty))", (), 1),
        ("(length empty)", (), 0),
    ],
)
def test_a_program_has_its_value(text: str, inputs: tuple[Value, ...], value: Value) -> None:
    assert run(text, *inputs) == value


def test_a_value_keeps_the_type_of_its_cells() -> None:
    assert run("(= 1 1)", domain="integers") is True
    assert type(run("(+ 0 1)", domain="integers")) is int


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(+ 1 2 3 4)", 10),
        ("(- 10 1 2)", 7),
        ("(< 1 2 3)", True),
        ("(< 1 3 2)", False),
        ("(= 1 1 1)", True),
        ("(distinct 1 2 1)", False),
        ("(and true true false)", False),
        ("(=> true true false)", False),
        ("(=> true false false)", True),
        ("(xor true true true)", True),
    ],
)
def test_operators_of_more_arguments_mean_what_smt_lib_says(text: str, value: Value) -> None:
    assert run(text, domain="integers") is value or run(text, domain="integers") == value


def test_a_column_has_a_cell_for_each_input() -> None:
    evaluation = Evaluation(load_domain("lists"), [((1, 2), 3), ((), 4), ((5,), 100_000)])
    assert evaluation.column(read("(car $1)")) == [1, BOTTOM, 5]
    assert evaluation.column(read("(length (range $0))")) == [3, 4, EXHAUSTED]
    assert evaluation.column(read("(+ (car $1) (length (range $0)))")) == [4, BOTTOM, EXHAUSTED]
    assert evaluation.column(read("7")) == [7, 7, 7]
    assert Evaluation(load_domain("lists"), []).column(read("(map (lambda (+ $0 $1)) (range $0))")) == []


def test_what_has_no_value_is_refused() -> None:
    lists = load_domain("lists")
    with pytest.raises(TypeMismatch, match="2 arguments for a program of 1 parameters"):
        evaluate(read("(lambda $0)"), (1, 2), lists)
    with pytest.raises(TypeMismatch, match="the value of a function is asked for"):
        evaluate(read("(lambda $0)"), (), lists)
    with pytest.raises(TypeMismatch, match=r"variable \$1 has no value: there are 1 inputs"):
        Evaluation(lists, [(1,)]).column(read("(+ $0 $1)"))
    with pytest.raises(DomainError, match="domain lists gives no meaning to function f of 1 arguments"):
        evaluate(apply(Operator("f", parse_type("int -> int"), FUNCTION), Literal(1, INT)), (), lists)
    with pytest.raises(DomainError, match=r"gives no meaning to primitive bvad of 1 arguments; did you mean `bvand`\?"):
        evaluate(apply(Operator("bvad", parse_type("int -> int")), Literal(1, INT)), (), load_domain("bitvectors"))


def test_a_refusal_of_a_shared_program_is_short() -> None:
    term: Term = X
    for _ in range(200):
        term = plus(term, term)
    with pytest.raises(TypeMismatch) as caught:
        evaluate(term, (1,), load_domain("lists"))
    assert len(str(caught.value)) <= 300


def test_shared_terms_are_computed_once() -> None:
    term: Term = X
    for _ in range(500):
        term = plus(term, term)
    assert evaluate(Lambda(term), (1,), load_domain("lists")) == 2**500


def test_a_first_order_term_may_be_deep() -> None:
    term: Term = X
    for _ in range(10_000):
        term = plus(term, Literal(1, INT))
    assert evaluate(Lambda(term), (1,), load_domain("lists")) == 10_001


# ⊥


@pytest.mark.parametrize(
    "text",
    [
        "(+ 1 (car empty))",
        "(cons (car empty) empty)",
        "(length (cdr empty))",
        "(map (lambda (car empty)) (range 1))",
        "(map (lambda $0) (cdr empty))",
        "(fold (range 3) (car empty) (lambda (lambda 0)))",
        "(filter (lambda (is-even (car empty))) (range 2))",
        "(unfold 0 (lambda (is-even (car empty))) (lambda 0) (lambda 0))",
        "(if (is-even (car empty)) 1 2)",
        "(not (is-even (car empty)))",
        "(= (car empty) 1)",
        "((if (is-even (car empty)) (lambda 0) (lambda 0)) 1)",
        "((lambda (+ $0 1)) (car empty))",
    ],
)
def test_undefined_arguments_make_the_result_undefined(text: str) -> None:
    assert run(text) is BOTTOM


def test_a_function_that_is_never_called_may_be_undefined() -> None:
    assert run("(map (lambda (car empty)) empty)") == ()
    assert run("(fold empty 5 (lambda (lambda (car empty))))") == 5


LAZY: list[tuple[str, str | None]] = [
    ("(if true 1 {})", "1"),
    ("(if false {} 1)", "1"),
    ("(if true (+ 1 1) (+ {} 1))", "2"),
    ("(and false {bool})", "false"),
    ("(or true {bool})", "true"),
    ("(=> false {bool})", "true"),
    ("(and true false {bool})", "false"),
    ("(or false true {bool})", "true"),
    ("(=> true false {bool})", "true"),
    ("(if (and false {bool}) {} (if true 3 {}))", "3"),
    ("(if (or (= 1 1) {bool}) (length (if true empty (range {}))) 0)", "0"),
]
STRICT: list[tuple[str, str | None]] = [
    ("(if {bool} 1 1)", None),
    ("(if true {} 1)", None),
    ("(and {bool} false)", None),
    ("(or {bool} true)", None),
    ("(=> {bool} true)", None),
    ("(and true {bool} false)", None),
    ("(=> true {bool})", None),
    ("(= {} {})", None),
]


@pytest.mark.parametrize("place", [str, under_lambda], ids=["column", "function"])
@pytest.mark.parametrize("bad", ["undefined", "not computed"])
@pytest.mark.parametrize(("text", "value"), LAZY + STRICT)
def test_only_the_branch_that_is_taken_counts(
    text: str, value: str | None, bad: str, place: Callable[[str], str]
) -> None:
    number, truth, cell = ("(car empty)", BOTTOM_TRUTH, BOTTOM) if bad == "undefined" else (HUGE, HUGE_TRUTH, EXHAUSTED)
    domain = boolean_lists()
    found = run(place(text.replace("{bool}", truth).replace("{}", number)), domain=domain)
    assert found == cell if value is None else found == run(value, domain=domain)


def boolean_lists() -> Domain:
    """Lists with the n-ary connectives of SMT-LIB."""
    return Domain("boolean lists", include=[load_domain("lists"), load_domain("integers")])


def test_bottom_has_no_truth_value_for_primitives_to_trip_over() -> None:
    evaluation = Evaluation(load_domain("lists"), [((),), ((1,),), ((2,),)])
    assert evaluation.column(read("(if (is-even (car $0)) 1 2)")) == [BOTTOM, 2, 1]
    assert evaluation.column(read("(and (is-even (car $0)) true)")) == [BOTTOM, False, True]


# Not computed is not ⊥


def test_what_was_not_computed_is_no_value_and_not_undefined() -> None:
    assert EXHAUSTED is Exhausted()
    assert pickle.loads(pickle.dumps(EXHAUSTED)) is EXHAUSTED
    assert repr(EXHAUSTED) == "EXHAUSTED"
    assert EXHAUSTED not in (BOTTOM, None, False)


@pytest.mark.parametrize(
    "text",
    [
        f"(+ {HUGE} 1)",
        f"(+ {HUGE} (car empty))",
        f"(+ (car empty) {HUGE})",
        f"(cons {HUGE} (cdr empty))",
        f"(= {HUGE} {HUGE})",
        f"(map (lambda $0) (cons {HUGE} empty))",
    ],
)
def test_what_was_not_computed_outweighs_what_is_undefined(text: str) -> None:
    assert Evaluation(boolean_lists(), [()]).column(read(text, boolean_lists())) == [EXHAUSTED]


def test_an_exhausted_evaluation_says_why() -> None:
    for text, reason in [
        ("(range 100000)", "a value of 100000 elements; the most is 65536"),
        ("(range 5000)", "a value of more than 4096 elements"),
        ("(map (lambda (fold (range 1000) 0 (lambda (lambda (+ $0 $1))))) (range 1000))", "too many steps"),
        ("(fold (range 20) 3 (lambda (lambda (* $0 $0))))", "an integer of more than 4096 bits"),
    ]:
        with pytest.raises(LimitExceeded, match=re.escape(reason)):
            evaluate(read(text), (), load_domain("lists"))


# Limits


@pytest.mark.parametrize(
    "text",
    [
        "(unfold 0 (lambda false) (lambda $0) (lambda (+ $0 1)))",
        "(unfold 0 (lambda (gt? 0 1)) (lambda (unfold 0 (lambda (gt? 0 1)) (lambda 0) (lambda $0))) (lambda $0))",
        "(fold (range 2000) 0 (lambda (lambda (fold (range 2000) $0 (lambda (lambda (+ $0 $1)))))))",
        "(map (lambda (map (lambda (map (lambda (map (lambda 1) (range 99))) (range 99))) (range 99))) (range 99))",
        "(fold (range 50) (range 3) (lambda (lambda (fold $0 $0 (lambda (lambda (cons $1 $0)))))))",
        "(length (fold (range 40) (cons 0 empty) (lambda (lambda (fold $0 $0 (lambda (lambda (cons $1 $0))))))))",
        "(scanl1 (lambda (lambda (* $0 $1))) (map (lambda (+ $0 1000)) (range 4000)))",
    ],
)
def test_loops_end(text: str) -> None:
    assert run(text, domain=boolean_lists()) is EXHAUSTED


@pytest.mark.parametrize(
    "text",
    [
        "(strings.repeat $0 1000000000000)",
        "(strings.pad_left $0 1000000000000 $0)",
        '(str.replace_all (strings.repeat "a" 60000) "a" (strings.repeat "b" 60000))',
        '(str.from_int (str.to_int (strings.repeat "9" 4300)))',
    ],
)
def test_a_value_that_would_be_huge_is_not_built(text: str) -> None:
    assert run(text, "ab", domain="strings") is EXHAUSTED


def test_doubling_ends_at_the_limit() -> None:
    double = operator('(str.++ "" "")', "strings")
    strings: Term = Literal("ab", STRING)
    for _ in range(60):
        strings = apply(double, strings, strings)
    assert Evaluation(load_domain("strings"), [()]).column(strings) == [EXHAUSTED]
    squares: Term = Literal(3, INT)
    for _ in range(60):
        squares = apply(operator("(* 1 1)"), squares, squares)
    assert Evaluation(load_domain("lists"), [()]).column(squares) == [EXHAUSTED]


@pytest.mark.parametrize(
    ("text", "limits", "within"),
    [
        ("(range 10)", Limits(size=10), True),
        ("(range 11)", Limits(size=10), False),
        ("(* 15 17)", Limits(bits=8), True),
        ("(* 16 16)", Limits(bits=8), False),
        ("(- 0 (* 15 17))", Limits(bits=8), True),
        ("(- 0 (* 16 16))", Limits(bits=8), False),
        ("(map (lambda (+ $0 1)) (range 10))", Limits(steps=30), True),
        ("(map (lambda (+ $0 1)) (range 10))", Limits(steps=29), False),
        ("(map (lambda (+ $0 (+ 1 1))) (range 2))", Limits(depth=3), True),
        ("(map (lambda (+ $0 (+ 1 1))) (range 2))", Limits(depth=2), False),
        ("(+ (+ (+ (+ 1 1) 1) 1) 1)", Limits(depth=1), True),
    ],
)
def test_limits_bound_exactly_what_they_say(text: str, limits: Limits, within: bool) -> None:
    assert (run(text, limits=limits) is not EXHAUSTED) is within


def test_a_limit_inside_a_function_is_the_same_limit() -> None:
    for text in ("(* 16 16)", "(length (range 11))"):
        limits = Limits(bits=8, size=10)
        assert run(text, limits=limits) is run(under_lambda(text), limits=limits) is EXHAUSTED


@pytest.mark.parametrize(
    "given", [{"steps": 0}, {"size": 0}, {"bits": -1}, {"depth": 251}, {"size": LARGEST_SIZE + 1}, {"steps": 10**10}]
)
def test_a_limit_that_bounds_nothing_is_refused(given: dict[str, int]) -> None:
    (name,) = given
    with pytest.raises(TypeMismatch, match=f"{name}=.* is out of range; a limit on {name} is between 1 and"):
        Limits(**given)


def test_check_size_refuses_what_no_evaluation_builds() -> None:
    check_size(LARGEST_SIZE)
    with pytest.raises(LimitExceeded, match="a value of 65537 elements; the most is 65536"):
        check_size(LARGEST_SIZE + 1)


def nested_functions(count: int) -> Term:
    body: Term = X
    for _ in range(count):
        body = plus(
            apply(operator("(car empty)"), apply(operator("(map (lambda 1) empty)"), Lambda(body), single())), X
        )
    return body


def single() -> Term:
    return read("(cons 1 empty)")


def test_functions_may_nest_within_the_limit_and_not_beyond() -> None:
    assert evaluate(Lambda(nested_functions(40)), (1,), load_domain("lists")) == 41
    for count in (80, 500, 5_000):
        with pytest.raises(LimitExceeded, match="a term nested deeper than 200 under a λ"):
            evaluate(Lambda(nested_functions(count)), (1,), load_domain("lists"))


def test_the_deepest_evaluation_fits_on_the_stack_of_python() -> None:
    limits = Limits(depth=250, steps=10**6)
    for count in range(50, 70):
        found = Evaluation(load_domain("lists"), [(1,)], limits).column(nested_functions(count))[0]
        assert found in (count + 1, EXHAUSTED)
    assert evaluate(Lambda(nested_functions(49)), (1,), load_domain("lists"), limits) == 50


# Macros and abstractions


def chain(length: int, innermost: Operator) -> Operator:
    """A macro that calls a macro that calls …, each adding 1."""
    made = innermost
    for number in range(length):
        made = definition(f"m{number}", "int -> int", plus(apply(made, X), Literal(1, INT)))
    return made


IDENTITY = definition("identity", "int -> int", X)


def test_macros_may_call_macros_within_the_limit_and_not_beyond() -> None:
    assert evaluate(Lambda(apply(chain(150, IDENTITY), X)), (7,), load_domain("lists")) == 157
    for length in (300, 3_000):
        with pytest.raises(LimitExceeded, match="nested deeper than 200"):
            evaluate(Lambda(apply(chain(length, IDENTITY), X)), (7,), load_domain("lists"))


def test_macros_in_functions_may_nest_within_the_limit_and_not_beyond() -> None:
    def mapped(length: int) -> Term:
        return apply(operator("(map (lambda 1) empty)"), Lambda(apply(chain(length, IDENTITY), X)), read("(range 2)"))

    assert evaluate(mapped(50), (), load_domain("lists")) == (50, 51)
    for length in (100, 150, 300, 3_000):
        with pytest.raises(LimitExceeded, match="nested deeper than 200"):
            evaluate(mapped(length), (), load_domain("lists"))


def test_macros_around_functions_share_one_limit_of_depth() -> None:
    for length, nested in itertools.product((10, 100, 190), (1, 20, 45)):
        innermost = definition("inner", "int -> int", nested_functions(nested))
        found = Evaluation(load_domain("lists"), [(1,)]).column(apply(chain(length, innermost), X))[0]
        assert found == (EXHAUSTED if length + 4 * nested + 2 > 200 else length + nested + 1)


@pytest.mark.parametrize("place", ["column", "function"])
def test_macros_that_call_each_other_twice_end(place: str) -> None:
    doubling = definition("m", "int -> int", plus(X, Literal(1, INT)))
    for number in range(50):
        doubling = definition(f"m{number}", "int -> int", apply(doubling, apply(doubling, X)))
    term = apply(doubling, X)
    if place == "function":
        term = apply(operator("(map (lambda 1) empty)"), Lambda(term), single())
    assert Evaluation(load_domain("lists"), [(1,)]).column(term) == [EXHAUSTED]


def test_macros_called_often_are_within_the_limit() -> None:
    doubling = definition("m", "int -> int", plus(X, Literal(1, INT)))
    for number in range(10):
        doubling = definition(f"m{number}", "int -> int", apply(doubling, apply(doubling, X)))
    assert evaluate(Lambda(apply(doubling, X)), (1,), load_domain("lists")) == 1025


def test_a_definition_means_what_it_expands_to() -> None:
    constant = definition("k", "int -> int", Literal(1, INT))
    guarded = definition("guarded", "bool -> int -> int", read("(if $1 $0 0)"))
    summed = definition("summed", "int -> list(int) -> list(int)", read("(map (lambda (+ $0 $2)) $0)"))
    lists = load_domain("lists")
    for argument, cell in (("(car empty)", BOTTOM), (HUGE, EXHAUSTED), ("5", 5)):
        given = read(argument)
        calls: list[tuple[Term, object]] = [
            (apply(constant, given), 1),
            (apply(guarded, read("(empty? empty)"), given), cell),
            (apply(guarded, read("(not (empty? empty))"), given), 0),
            (apply(summed, given, read("empty")), ()),
            (apply(summed, given, read("(cons 0 empty)")), (cell,) if cell == 5 else cell),
        ]
        for call, wanted in calls:
            assert Evaluation(lists, [()]).column(call) == [wanted]
            under = Application(operator("(map (lambda 1) empty)"), (Lambda(call), read("(range 1)")))
            inner = wanted if wanted in (BOTTOM, EXHAUSTED) else (wanted,)
            assert Evaluation(lists, [()]).column(under) == [inner]


def test_definitions_are_evaluated_wherever_they_stand() -> None:
    minus = definition("minus", "int -> int -> int", read("(- $1 $0)"))
    nullary = Operator("five", INT, MACRO, Literal(5, INT))
    twice = definition("twice", "(t0 -> t0) -> t0 -> t0", apply(Variable(1), apply(Variable(1), X)), ABSTRACTION)
    mapped = definition("mapped", "(int -> int) -> list(int)", read("(map $0 (range 3))"), ABSTRACTION)
    passed = definition("passed", "(int -> int) -> list(int)", apply(mapped, X), ABSTRACTION)
    called = apply(minus, apply(nullary), X)
    lists = load_domain("lists")
    cells: list[tuple[Term, Value]] = [
        (called, 3),
        (apply(operator("(map (lambda 1) empty)"), Lambda(called), read("(range 2)")), (5, 4)),
        (apply(twice, Lambda(plus(X, Variable(1))), X), 6),
        (apply(passed, Lambda(plus(X, Variable(1)))), (2, 3, 4)),
    ]
    for term, value in cells:
        assert Evaluation(lists, [(2,)]).column(term) == [value]


def test_a_definition_uses_its_arguments_in_order() -> None:
    three = definition("three", "int -> int -> int -> list(int)", read("(cons $2 (cons $1 (cons $0 empty)))"))
    term = apply(three, *(Literal(i, INT) for i in (1, 2, 3)))
    assert evaluate(term, (), load_domain("lists")) == (1, 2, 3)


# Primitives of other people


class OwnError(Exception):
    """An error class that nobody here knows."""


def failing(error: BaseException) -> Domain:
    domain = Domain("third", include=[load_domain("lists")])

    @domain.primitive(name="third.fail")
    def fail(number: int) -> int:
        if number == 3:
            raise error
        return number

    return domain


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError("x"), KeyError("x"), AssertionError("x"), RuntimeError("x"), OwnError("x")],
    ids=repr,
)
@pytest.mark.parametrize(
    "text",
    [
        "(third.fail $0)",
        "(map (lambda (third.fail $0)) (range 5))",
        "(fold (range 5) 0 (lambda (lambda (+ (third.fail $1) $0))))",
        "((lambda (third.fail $0)) 3)",
        "(if (is-even 2) (third.fail 3) 0)",
        "(map (lambda (if (is-even $0) 0 (third.fail (+ $0 2)))) (range 5))",
    ],
)
def test_a_primitive_that_raises_is_named(error: Exception, text: str) -> None:
    domain = failing(error)
    with pytest.raises(DomainError, match=r"the Python meaning of third\.fail in domain third failed with") as caught:
        run(text, 3, domain=domain)
    assert caught.value.__cause__ is error
    assert run("(third.fail $0)", 4, domain=domain) == 4


@pytest.mark.parametrize("text", ["(third.fail $0)", "(map (lambda (third.fail $0)) (range 5))"])
def test_a_primitive_that_stops_an_iteration_stops_none_of_ours(text: str) -> None:
    with pytest.raises(DomainError, match=r"meaning of third\.fail in domain third failed with .*StopIteration"):
        run(text, 3, domain=failing(StopIteration()))


@pytest.mark.parametrize("error", [MemoryError(), RecursionError("deep"), LimitExceeded("own limit")], ids=repr)
def test_a_primitive_that_runs_out_of_something_is_not_computed(error: BaseException) -> None:
    assert run("(third.fail $0)", 3, domain=failing(error)) is EXHAUSTED
    assert run("(map (lambda (third.fail $0)) (range 5))", 3, domain=failing(error)) is EXHAUSTED
    assert run("(if true 1 (third.fail $0))", 3, domain=failing(error)) == 1


def test_an_interrupt_is_no_failure_of_a_primitive() -> None:
    with pytest.raises(KeyboardInterrupt):
        run("(map (lambda (third.fail $0)) (range 5))", 3, domain=failing(KeyboardInterrupt()))


@pytest.mark.parametrize(("type_", "value"), [("int", None), ("int", "x"), ("str", None), ("list(int)", 5)])
def test_a_primitive_whose_result_has_another_type_is_named(type_: str, value: object) -> None:
    domain = Domain("third")

    @domain.primitive(f"int -> {type_}", name="third.wrong")
    def wrong(number: int) -> Any:
        return value

    with pytest.raises(DomainError, match="the Python meaning of"):
        run("(third.wrong $0)", 3, domain=domain)


def test_an_endless_primitive_that_checks_its_size_ends() -> None:
    domain = Domain("third")

    @domain.primitive("int -> list(int)", name="third.count")
    def count(number: int) -> tuple[int, ...]:
        found: list[int] = []
        while True:
            check_size(len(found) + 1)
            found.append(number)

    assert run("(third.count 1)", domain=domain) is EXHAUSTED


# What came before does not matter


def test_results_do_not_depend_on_what_was_evaluated_before() -> None:
    texts = [
        "(map (lambda (+ $0 1)) (range $0))",
        "(fold (range $0) 0 (lambda (lambda (+ $0 $1))))",
        "(map (lambda (fold (range $0) 0 (lambda (lambda (+ $0 $1))))) (range $0))",
        "(range $0)",
        "(car (range $0))",
        "(sum (map (lambda (fold (range $0) 0 (lambda (lambda (+ $0 $1))))) (range $0)))",
    ]
    inputs: list[tuple[Value, ...]] = [(0,), (3,), (20,), (700,), (5000,)]
    lists = load_domain("lists")
    alone = {text: Evaluation(lists, inputs).column(read(text)) for text in texts}
    assert {BOTTOM, EXHAUSTED} <= {cell for column in alone.values() for cell in column if not isinstance(cell, tuple)}
    for order in itertools.islice(itertools.permutations(texts), 0, 720, 37):
        evaluation = Evaluation(lists, inputs)
        assert {text: evaluation.column(read(text)) for text in order} == alone
    for text in texts:
        single_cells = [Evaluation(lists, [given]).column(read(text))[0] for given in inputs]
        assert single_cells == alone[text]


def test_a_result_does_not_depend_on_the_stack_it_is_computed_on() -> None:
    term, limits = nested_functions(45), Limits(steps=10**6)

    def deeper(levels: int) -> Cell:
        if levels:
            return deeper(levels - 1)
        return Evaluation(load_domain("lists"), [(1,)], limits).column(term)[0]

    found: list[Cell] = []
    thread = threading.Thread(target=lambda: found.append(deeper((sys.getrecursionlimit() - 800) // 2)))
    thread.start()
    thread.join()
    assert found == [46]


def test_lists_of_lists_that_double_at_every_level_are_refused() -> None:
    nested = "(cons $0 empty)"
    for _ in range(40):
        nested = f"(map (lambda (cons $0 (cons $0 empty))) {nested})"
    lists = load_domain("lists")
    assert Evaluation(lists, [(1,)]).column(read(f"(length {nested})")) == [EXHAUSTED]
    assert Evaluation(lists, [(1,)]).column(read(f"(= {nested} {nested})")) == [EXHAUSTED]
