"""Terms: one object for equal terms, traversals without recursion, substitution and β-normal forms."""

import copy
import gc
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from dsl import terms
from dsl.domain import load_domain
from dsl.errors import TypeMismatch
from dsl.printing import parse_term, to_sexpr
from dsl.terms import (
    ABSTRACTION,
    FUNCTION,
    MACRO,
    Application,
    Lambda,
    Literal,
    Operator,
    Term,
    Variable,
    abstract,
    beta_normal,
    free_variables,
    occurrences,
    operators,
    postorder,
    rebuild,
    shift,
    strip_lambdas,
    substitute,
)
from dsl.types import BOOL, INT, REAL, STRING, Type, bit_vector, list_of, parse_type
from dsl.values import LITERAL_BITS, Value

DEPTH = 10_000
BINARY = parse_type("int -> int -> int")
PLUS = Operator("+", BINARY)
ONE = Literal(1, INT)
X, Y, Z = Variable(0), Variable(1), Variable(2)


def plus(left: Term, right: Term) -> Term:
    return Application(PLUS, (left, right))


def apply(head: Term, *arguments: Term) -> Term:
    return Application(head, arguments)


def read(text: str) -> Term:
    return parse_term(text, load_domain("lists").operator)


def definition(name: str, type_: str, body: Term, kind: str = MACRO) -> Operator:
    scheme = parse_type(type_)
    return Operator(name, scheme, kind, abstract(body, len(scheme.parameters)))


# Identity


def test_equal_terms_are_one_object() -> None:
    assert plus(X, Lambda(ONE)) is plus(Variable(0), Lambda(Literal(1, INT)))
    assert apply(X, Y) is apply(X, Y)
    assert apply(X, Y) is not apply(Y, X)
    assert Operator("f", BINARY, FUNCTION) is Operator("f", BINARY, FUNCTION)
    assert Operator("f", BINARY, FUNCTION) is not Operator("f", BINARY)
    assert definition("f", "int -> int", X) is not definition("f", "int -> int", ONE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((True, BOOL), (1, INT)),
        ((1, INT), (1.0, REAL)),
        ((1, INT), (1, bit_vector(8))),
        ((1, bit_vector(8)), (1, bit_vector(9))),
        ((0.0, REAL), (-0.0, REAL)),
        (("1", STRING), (1, INT)),
    ],
    ids=repr,
)
def test_literals_that_python_calls_equal_are_different(one: tuple[Value, Type], other: tuple[Value, Type]) -> None:
    left, right = Literal(*one), Literal(*other)
    assert left is not right
    assert left.digest != right.digest
    assert type(left.value) is type(one[0])


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (True, INT),
        (1, BOOL),
        (1.0, INT),
        (1, REAL),
        ("1.5", REAL),
        (float("inf"), REAL),
        (256, bit_vector(8)),
        (-1, bit_vector(8)),
        ("\U00030000", STRING),
        ((), list_of(INT)),
    ],
)
def test_a_literal_has_the_type_it_says_whatever_other_literals_live(value: Value, type_: Type) -> None:
    living = [Literal(1, INT), Literal(True, BOOL), Literal(1.5, REAL), Literal(1.0, REAL)]
    with pytest.raises(TypeMismatch, match="is no literal of type"):
        Literal(value, type_)
    assert [literal.value for literal in living] == [1, True, 1.5, 1.0]


def test_an_integer_literal_is_bounded() -> None:
    longest = Literal(2**LITERAL_BITS - 1, INT)
    assert read(repr(longest)) is longest
    with pytest.raises(TypeMismatch, match="at most 14000 bits"):
        Literal(2**LITERAL_BITS, INT)


def test_equal_terms_made_in_many_threads_are_one_object() -> None:
    made: list[list[Term]] = []
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        made.append([plus(Literal(i, INT), Variable(i % 7)) for i in range(2_000)])

    run_in_threads(work, 8)
    assert len(made) == 8
    assert all(a is b for other in made[1:] for a, b in zip(made[0], other, strict=True))


def test_a_term_that_dies_in_one_thread_and_is_made_in_another_stays_one_object() -> None:
    different: list[int] = []

    def work() -> None:
        for i in range(15_000):
            # No other term refers to these, so that each is dropped as soon as it was made.
            one = plus(Variable(900 + i % 3), ONE)
            if plus(Variable(900 + i % 3), ONE) is not one:
                different.append(i)
            del one

    run_in_threads(work, 4)
    assert different == []


def run_in_threads(work: Callable[[], None], count: int) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)


def test_terms_that_nobody_holds_leave_the_table() -> None:
    gc.collect()
    before = len(terms._entries)
    for i in range(100_000):
        plus(Literal(i, INT), X)
    chain: Term = X
    for _ in range(20_000):
        chain = plus(chain, ONE)
    held = len(terms._entries)
    del chain
    gc.collect()
    assert held - before > 19_000
    assert len(terms._entries) <= before + 3


def test_a_term_made_again_after_it_was_dropped_is_whole() -> None:
    for _ in range(3):
        term = plus(Variable(77), Literal("x", STRING))
        assert (term.size, term.free, repr(term)) == (3, 78, '(+ $77 "x")')
        del term
        gc.collect()


def test_an_interpreter_that_ends_with_living_terms_is_quiet() -> None:
    code = (
        "import dsl.terms, dsl.types\n"
        "from dsl.terms import *\n"
        "plus = Operator('+', dsl.types.parse_type('int -> int -> int'))\n"
        "dsl.types.kept = dsl.terms.kept = kept = [Application(plus, (Variable(i), Variable(1))) for i in range(99)]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_malformed_term_is_refused() -> None:
    with pytest.raises(TypeMismatch, match=r"\+ takes 2 arguments, not 1; its type is int -> int -> int"):
        Application(PLUS, (X,))
    with pytest.raises(TypeMismatch, match="applied to at least one argument"):
        Application(X)
    with pytest.raises(TypeMismatch, match="the definition of f : int -> int -> int begins with 1 λs, not 2"):
        Operator("f", BINARY, MACRO, Lambda(X))
    with pytest.raises(TypeMismatch, match="index=-1 is no de Bruijn index"):
        Variable(-1)


# Attributes and traversals


def test_size_depth_and_free_variables_are_known() -> None:
    term = read("(lambda (map (lambda (+ $0 $2)) $1))")
    assert (term.size, term.depth, term.free, term.is_closed) == (7, 5, 1, False)
    assert (Lambda(term).free, Lambda(Lambda(term)).is_closed) == (0, True)
    applied = apply(X, Y, ONE)
    assert (applied.size, applied.depth, applied.free) == (3, 2, 2)


def test_depth_counts_the_levels_within_definitions() -> None:
    deep = definition("deep", "int -> int", plus(plus(plus(X, ONE), ONE), ONE))
    outer = definition("outer", "int -> int", Application(deep, (X,)))
    assert Application(deep, (ONE,)).depth == 6
    assert Application(outer, (ONE,)).depth == 8


def test_a_shared_term_counts_its_tree_without_walking_it() -> None:
    term: Term = X
    for _ in range(300):
        term = plus(term, term)
    assert term.size == 2**301 - 1
    assert len(list(postorder([term]))) == 301
    assert operators(term) == [PLUS]
    assert free_variables(term) == [0]
    assert len(list(occurrences(term))) == 301
    assert shift(term, 3).free == 4
    assert beta_normal(apply(Lambda(term), ONE)) is substitute(term, [ONE])


def test_postorder_visits_each_term_once_and_children_first() -> None:
    shared = plus(X, ONE)
    root = plus(shared, plus(ONE, shared))
    assert list(postorder([root, shared])) == [X, ONE, shared, plus(ONE, shared), root]


def test_postorder_visits_definitions_before_their_uses() -> None:
    inner = definition("inner", "int -> int", plus(X, ONE))
    outer = definition("outer", "int -> int", Application(inner, (X,)))
    root = Application(outer, (ONE,))
    assert inner not in operators(root)
    assert operators(root, into_definitions=True) == [PLUS, inner, outer]
    order = list(postorder([root], into_definitions=True))
    assert order.index(outer.definition) < order.index(root)  # type: ignore[arg-type]


def test_occurrences_tell_the_lambdas_around() -> None:
    term = plus(X, apply(Lambda(plus(X, Y)), X))
    variables = [(t, level) for t, level in occurrences(term) if isinstance(t, Variable)]
    assert variables == [(X, 0), (X, 1), (Y, 1)]


def test_free_variables_come_in_order_of_occurrence() -> None:
    assert free_variables(read("(+ (+ $3 (length (map (lambda (+ $0 $2)) $5))) $3)")) == [3, 1, 5]
    assert free_variables(read("(lambda (lambda (+ $0 $1)))")) == []


def test_strip_lambdas_undoes_abstract() -> None:
    assert strip_lambdas(abstract(plus(X, Y), 2)) == (2, plus(X, Y))
    assert strip_lambdas(abstract(X, 3), 2) == (2, Lambda(X))
    assert strip_lambdas(X, 2) == (0, X)


@pytest.mark.parametrize("term", [X, ONE, Lambda(X), plus(X, ONE), apply(X, ONE, Y)], ids=repr)
def test_a_term_rebuilt_from_its_children_is_itself(term: Term) -> None:
    assert rebuild(term, term.children) is term


# Content hashes


def test_a_digest_tells_terms_apart() -> None:
    at_8, at_64 = (Application(Operator("bvadd", parse_type(f"bv{w} -> bv{w} -> bv{w}")), (X, Y)) for w in (8, 64))
    unknown = Application(Operator("+", BINARY, FUNCTION), (X, Y))
    different = [
        at_8, at_64, plus(X, Y), plus(Y, X), unknown, apply(X, Y), apply(Y, X), Lambda(X), X, Y, ONE,
        Literal("1", STRING), Literal("true", STRING), Literal(True, BOOL), Literal(1.0, REAL),
        Literal(1, bit_vector(1)), Application(Operator("1", INT)),
    ]  # fmt: skip
    assert len({term.digest for term in different}) == len(different)


def test_a_definition_is_identified_by_its_body_not_its_name() -> None:
    one, same = definition("f", "int -> int", plus(X, ONE)), definition("g", "int -> int", plus(X, ONE), ABSTRACTION)
    other = definition("f", "int -> int", plus(ONE, X))
    assert one.key == same.key != other.key
    assert Application(one, (X,)).digest == Application(same, (X,)).digest
    assert Application(one, (X,)).digest != Application(other, (X,)).digest
    assert (PLUS.key, one.key[0]) == ("+", "#")


# Depth


def deep_terms() -> dict[str, Term]:
    application: Term = X
    function: Term = X
    head: Term = X
    redexes: Term = X
    macro = definition("m", "int -> int", X)
    for number in range(DEPTH):
        application = plus(application, Literal(number % 5, INT))
        function = Lambda(function)
        redexes = apply(Lambda(plus(X, Y)), redexes)
        if number < 1_000:
            head = apply(head, ONE)
    for number in range(DEPTH // 2):
        macro = definition(f"m{number % 3}", "int -> int", Application(macro, (plus(X, ONE),)))
    return {
        "applications": application,
        "lambdas": function,
        "heads": head,
        "redexes": redexes,
        "macros": Application(macro, (X,)),
    }


DEEP = deep_terms()


@pytest.fixture(params=DEEP)
def deep(request: pytest.FixtureRequest) -> Term:
    return DEEP[request.param]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_deep_term_is_itself_again_after_pickling(deep: Term, protocol: int) -> None:
    assert pickle.loads(pickle.dumps(deep, protocol)) is deep


DIGESTS_OF_PICKLES = """
import pickle, sys
from dsl.printing import to_sexpr
for term in pickle.load(sys.stdin.buffer):
    print(term.digest, len(to_sexpr(term)))
"""


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_pickles_and_digests_mean_the_same_in_every_process(seed: str) -> None:
    kept = [*DEEP.values(), read("(lambda (fold $0 0 (lambda (lambda (+ $0 $1)))))"), Literal("é\n", STRING)]
    done = subprocess.run(
        [sys.executable, "-c", DIGESTS_OF_PICKLES],
        input=pickle.dumps(kept),
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().split() == [word for term in kept for word in (term.digest, str(len(to_sexpr(term))))]


def test_a_deep_term_is_itself_when_copied(deep: Term) -> None:
    assert copy.copy(deep) is deep
    assert copy.deepcopy([deep, deep])[1] is deep


def test_a_deep_term_is_hashed_shifted_and_substituted_into_without_recursion(deep: Term) -> None:
    assert len(deep.digest) == 32
    assert shift(shift(deep, 5), -5) is deep
    closed = substitute(deep, [ONE])
    assert closed.is_closed
    assert substitute(closed, [X]) is closed


def test_a_deep_term_is_normalised_without_recursion(deep: Term) -> None:
    normal = beta_normal(deep, expand=True)
    assert beta_normal(normal, expand=True) is normal
    assert not any(isinstance(t, Application) and isinstance(t.head, Lambda) for t in postorder([normal]))
    assert all(operator.definition is None for operator in operators(normal))


def test_very_deep_terms_are_freed_without_recursion() -> None:
    chain: Term = X
    macro = definition("m", "int -> int", X)
    for _ in range(100_000):
        chain = plus(chain, ONE)
    for _ in range(20_000):
        macro = definition("m", "int -> int", Application(macro, (X,)))
    del chain, macro


# Substitution


def test_shift_moves_free_variables_only() -> None:
    term = read("(+ $0 (length (map (lambda (+ $0 $1)) $2)))")
    assert repr(shift(term, 2)) == "(+ $2 (length (map (lambda (+ $0 $3)) $4)))"
    assert repr(shift(term, 2, above=1)) == "(+ $0 (length (map (lambda (+ $0 $1)) $4)))"
    assert shift(term, 0) is term
    with pytest.raises(TypeMismatch, match="is no de Bruijn index"):
        shift(term, -1)


def test_substitution_lowers_the_variables_beyond_and_shifts_under_lambdas() -> None:
    term = read("(+ $0 (length (map (lambda (+ $1 $3)) $1)))")
    replaced = substitute(term, [plus(X, ONE), Variable(7)])
    assert repr(replaced) == "(+ (+ $0 1) (length (map (lambda (+ (+ $1 1) $1)) $7)))"
    assert repr(substitute(term, [ONE])) == "(+ 1 (length (map (lambda (+ 1 $2)) $0)))"


def test_the_last_argument_of_a_program_is_variable_0() -> None:
    minus = Operator("-", BINARY)
    program = abstract(Application(minus, (Y, X)), 2)
    assert beta_normal(apply(program, Literal(5, INT), Literal(3, INT))) is Application(
        minus, (Literal(5, INT), Literal(3, INT))
    )


# Normal forms


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("((lambda (+ $0 $0)) 1)", "(+ 1 1)"),
        ("((lambda (lambda (- $1 $0))) 1 2)", "(- 1 2)"),
        ("((lambda (lambda (- $1 $0))) 1)", "(lambda (- 1 $0))"),
        ("(((lambda (lambda (- $1 $0))) 1) 2)", "(- 1 2)"),
        ("((lambda ($0 1)) (lambda (+ $0 $1)))", "(+ 1 $0)"),
        ("((lambda (lambda ($1 ($1 $0)))) (lambda (+ $0 1)) 5)", "(+ (+ 5 1) 1)"),
        ("((lambda $0) (lambda $0) 3)", "3"),
        ("(lambda ((lambda (lambda $1)) $0))", "(lambda (lambda $1))"),
        ("(map ((lambda (lambda (+ $0 $1))) $0) empty)", "(map (lambda (+ $0 $1)) empty)"),
        ("(($0 1) 2)", "($0 1 2)"),
        ("((if $0 (lambda $0) (lambda 1)) 2)", "((if $0 (lambda $0) (lambda 1)) 2)"),
        ("((lambda 1) (car empty))", "1"),
    ],
)
def test_the_normal_form_has_no_redex(text: str, normal: str) -> None:
    assert beta_normal(read(text)) is read(normal)


def test_expansion_replaces_definitions_at_any_depth() -> None:
    twice = definition("twice", "int -> int", plus(X, X))
    four = definition("four", "int -> int", Application(twice, (Application(twice, (X,)),)))
    constant = Operator("k", INT, MACRO, Literal(7, INT))
    term = Application(four, (Application(constant),))
    assert beta_normal(term) is term
    assert repr(beta_normal(term, expand=True)) == "(+ (+ 7 7) (+ 7 7))"


def test_expansion_applies_the_functions_given_to_a_higher_order_abstraction() -> None:
    apply_twice = definition("twice", "(t0 -> t0) -> t0 -> t0", apply(Y, apply(Y, X)), ABSTRACTION)
    term = Application(apply_twice, (Lambda(plus(X, Y)), ONE))
    assert repr(beta_normal(term, expand=True)) == "(+ (+ 1 $0) $0)"
    mapped = definition("mapped", "(int -> int) -> list(int)", read("(map $0 (range 3))"), ABSTRACTION)
    passed_on = definition("passed", "(int -> int) -> list(int)", Application(mapped, (X,)), ABSTRACTION)
    assert repr(beta_normal(Application(passed_on, (Lambda(plus(X, ONE)),)), expand=True)) == (
        "(map (lambda (+ $0 1)) (range 3))"
    )


def test_an_argument_that_is_used_twice_is_normalised_once() -> None:
    term: Term = ONE
    for _ in range(200):
        term = apply(Lambda(plus(X, X)), term)
    assert beta_normal(term).size == 2**201 - 1


OMEGA = "((lambda ($0 $0)) (lambda ($0 $0)))"
GROWING = "((lambda ($0 $0 $0)) (lambda ($0 $0 $0)))"


@pytest.mark.parametrize("text", [OMEGA, GROWING])
def test_a_term_without_normal_form_is_given_up_with_a_reason(text: str) -> None:
    with pytest.raises(TypeMismatch, match="no β-normal form within 20000 steps; is the term well typed"):
        beta_normal(read(text), limit=20_000)


def test_giving_up_is_cheap_even_if_arguments_pile_up() -> None:
    with pytest.raises(TypeMismatch, match="no β-normal form"):
        beta_normal(read(GROWING), limit=300_000)


def test_definitions_that_expand_to_the_same_have_the_same_key() -> None:
    plus = Operator("+", parse_type("int -> int -> int"))
    unary = parse_type("int -> int")
    direct = Operator("twice", unary, MACRO, Lambda(Application(plus, (Variable(0), Variable(0)))))
    through = Operator("again", unary, MACRO, Lambda(Application(direct, (Variable(0),))))
    other = Operator("next", unary, MACRO, Lambda(Application(plus, (Variable(0), Literal(1, INT)))))
    assert direct.key == through.key != other.key


def test_a_definition_that_expands_exponentially_still_has_a_key() -> None:
    plus = Operator("+", parse_type("int -> int -> int"))
    unary = parse_type("int -> int")
    last = Operator("f0", unary, MACRO, Lambda(Variable(0)))
    for level in range(60):
        nested = (Application(last, (Variable(0),)), Application(last, (Application(plus, (Variable(0),) * 2),)))
        last = Operator(f"f{level + 1}", unary, MACRO, Lambda(Application(plus, nested)))
    assert last.key.startswith("#")
