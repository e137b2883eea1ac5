"""How terms are written and read: s-expressions exactly, SMT-LIB with `let`, Python for people."""

import operator
import random
from collections.abc import Callable

import pytest
import z3

from dsl.domain import Domain, domain_names, load_domain
from dsl.errors import TermSyntaxError, TypeMismatch
from dsl.evaluate import evaluate
from dsl.printing import excerpt, parse_term, smt_literal, smt_sort, to_define_fun, to_python, to_sexpr, to_smt
from dsl.terms import (
    FUNCTION,
    MACRO,
    Application,
    Lambda,
    Literal,
    Operator,
    Term,
    Variable,
    abstract,
    postorder,
    strip_lambdas,
)
from dsl.types import BOOL, CHAR, INT, REAL, STRING, Type, bit_vector, list_of, parse_type
from dsl.values import BOTTOM, Value, string_literal

BINARY = parse_type("int -> int -> int")
PLUS = Operator("+", BINARY)
ONE = Literal(1, INT)
X, Y = Variable(0), Variable(1)


def read(text: str, domain: str = "lists") -> Term:
    return parse_term(text, load_domain(domain).operator)


def plus(left: Term, right: Term) -> Term:
    return Application(PLUS, (left, right))


def doubled(times: int) -> Term:
    term: Term = X
    for _ in range(times):
        term = plus(term, term)
    return term


# S-expressions


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        ("lists", "(lambda (map (lambda (+ $0 1)) $0))"),
        ("lists", "(lambda (lambda (fold $0 $1 (lambda (lambda (+ $0 $1))))))"),
        ("lists", "(($0 1) 2)"),
        ("lists", "($0 1 2)"),
        ("lists", "((lambda (+ $0 1)) 2)"),
        ("lists", "(((lambda (lambda $1)) $3) $2)"),
        ("lists", "((if $0 (lambda $0) (lambda 1)) 2)"),
        ("integers", "(+ 1 2 3 4)"),
        ("integers", "(and true (= 1 $0 2) (< $0 $1))"),
        ("integers", "(- (- -1) 2)"),
        ("strings", '(str.++ "" "a""b" "\\u{0}\\u{a}\\u{e9}\\u{1f600}\\u{2ffff}" "\\u{5c}u{41}" "\\x41 \\n")'),
        ("strings", "1.5"),
        ("strings", "-1e-07"),
        ("strings", '(char "\\u{e9}")'),
        ("bitvectors", "(bvadd@8 #x0f (bvneg@8 $0))"),
        ("bitvectors", "(bvadd@64 $0 $1 $2)"),
        ("bitvectors", "(concat@8.16 $0 $1)"),
        ("bitvectors", "(concat@3.5.8 #b101 $1 #xff)"),
        ("bitvectors", "((_ extract 3 0 @8) $0)"),
        ("bitvectors", "((_ zero_extend 8 @8) ((_ rotate_left 1 @8) $0))"),
        ("bitvectors", "(bvcomp@13 $0 $1)"),
        ("bitvectors", "(ite (= $0 #b1) (bvult@1 $0 #b0) false)"),
    ],
)
def test_a_term_prints_as_it_is_written_and_reads_as_the_same_object(domain: str, text: str) -> None:
    term = read(text, domain)
    assert to_sexpr(term) == text
    assert read(to_sexpr(term), domain) is term


@pytest.mark.parametrize(
    "literal",
    [
        Literal(-(2**200), INT),
        Literal(True, BOOL),
        Literal("", STRING),
        Literal("".join(map(chr, range(0x180))), STRING),
        Literal("\ud800\\\\u\\u{41}\\u0041\\é", STRING),
        Literal('"', CHAR),
        Literal("\0", CHAR),
        Literal(-0.0, REAL),
        Literal(1e300, REAL),
        Literal(5e-324, REAL),
        Literal(0, bit_vector(1)),
        Literal(2**128 - 1, bit_vector(128)),
        Literal(5, bit_vector(7)),
    ],
    ids=lambda literal: str(literal.type),
)
def test_a_literal_reads_as_itself(literal: Literal) -> None:
    assert read(to_sexpr(literal)) is literal


@pytest.mark.parametrize(
    "name",
    [
        "f",
        "a b",
        "",
        "é",
        "x(y",
        ")",
        ";",
        '"',
        "1",
        "-1",
        "+2",
        "$0",
        "$x",
        "lambda",
        "let",
        "char",
        "_",
        "true",
        "a\nb",
    ],
)
@pytest.mark.parametrize("arity", [0, 1, 2])
def test_an_operator_of_any_name_reads_as_itself(name: str, arity: int) -> None:
    types = [parse_type(" -> ".join(["str"] * (n + 1))) for n in range(3)]
    operators = {(name, n): Operator(name, type_, FUNCTION) for n, type_ in enumerate(types)}
    term = Application(operators[name, arity], (Literal("s", STRING),) * arity)
    nested = Application(operators[name, 1], (term,))
    assert parse_term(to_sexpr(nested), lambda n, count: operators.get((n, count))) is nested


def test_a_constant_that_is_applied_reads_as_itself() -> None:
    anything = Operator("anything", parse_type("t0"))
    term = Application(Application(anything), (ONE, Application(Application(anything), (ONE,))))
    assert to_sexpr(term) == "((anything) 1 ((anything) 1))"
    assert parse_term(to_sexpr(term), lambda name, arity: anything if arity == 0 else None) is term


def test_comments_and_blanks_do_not_count() -> None:
    assert read("; a term\n ( +\t$0 ; of two\n 1 )\n") is plus(X, ONE)
    assert read("+1") is ONE


def test_the_representation_of_a_huge_tree_is_cut() -> None:
    assert repr(doubled(3)) == to_sexpr(doubled(3))
    shown = repr(doubled(100))
    assert shown == excerpt(doubled(100))
    assert shown.startswith("(+ (+ (+ ")
    assert shown.endswith("…")
    assert len(shown) < 200_000


@pytest.mark.parametrize(
    ("text", "column", "complaint"),
    [
        ("(+ $0 (foo 1 2))", 8, "`foo` is no known operator of 2 arguments"),
        ("(+ 1)", 2, "`+` is no known operator of 1 arguments"),
        ("(+ 1 bar)", 6, "`bar` is no known operator of 0 arguments"),
        ("(+ 1 ())", 6, "`()` is no term"),
        ("(lambda)", 1, "a λ is written `(lambda body)`"),
        ("(+ 1 (lambda 1 2))", 6, "a λ is written `(lambda body)`"),
        ("(+ 1 ($0))", 6, "a term is applied to at least one argument"),
        ("((lambda $0))", 1, "a term is applied to at least one argument"),
        ("(+ 1", 1, "this parenthesis is never closed"),
        ("(+ 1 2))", 8, "this parenthesis closes nothing"),
        ('(length "abc)', 9, "this string is not closed"),
        ("(length |abc)", 9, "this quoted symbol is not closed"),
        ("(+ 1 1e999)", 6, "inf is no literal of type real"),
        ('(+ 1 "\\u{3ffff}")', 6, "beyond the last character of SMT-LIB"),
        (f"(+ 1 {'9' * 5000})", 6, "an integer literal has at most 4215 digits"),
        (f"(+ 1 {'9' * 4215})", 6, "an integer literal has at most 14000 bits"),
        ('(+ 1 (char "ab"))', 6, "'ab' is no literal of type char"),
        ("(+ 1 #xg)", 6, "`#xg` is no known operator of 0 arguments"),
        ("(+ 1 #b)", 6, "`#b` is no known operator of 0 arguments"),
        ("(+ 1 1.)", 6, "`1.` is no known operator of 0 arguments"),
        ("(+ 1 $)", 6, "`$` is no known operator of 0 arguments"),
        ("(+ 1 $x)", 6, "`$x` is no known operator of 0 arguments"),
        ("(+ 1 $123456789)", 6, "`$123456789` is no known operator of 0 arguments"),
        ("((_ extract 3 0) 1)", 2, "`(_ extract 3 0)` is no known operator of 1 arguments"),
        ("((_ (f) 0) 1)", 6, "`f` is no known operator of 0 arguments"),
    ],
)
def test_an_error_in_a_term_says_where_and_what(text: str, column: int, complaint: str) -> None:
    with pytest.raises(TermSyntaxError) as caught:
        read(text)
    message = str(caught.value)
    assert complaint in message
    assert message.startswith(f"<text>:1:{column}: ")


@pytest.mark.parametrize(("text", "count"), [("", 0), ("; nothing", 0), ("1 2", 2)])
def test_a_text_is_one_term(text: str, count: int) -> None:
    with pytest.raises(TermSyntaxError, match=f"{count} expressions where one term is expected"):
        read(text)


OPENED, CLOSED = "(" * 20_000, ")" * 20_000


@pytest.mark.parametrize("text", [OPENED, f"{OPENED}1{CLOSED}", f"((_ {OPENED}{CLOSED}) 1)"], ids=["open", "one", "_"])
def test_deep_nonsense_is_refused_without_recursion(text: str) -> None:
    with pytest.raises(TermSyntaxError):
        read(text)


# SMT-LIB


def test_smt_lib_names_the_variables_the_last_being_variable_0() -> None:
    assert to_smt(plus(X, Y), ["first", "last"]) == "(+ last first)"
    assert to_smt(plus(X, Y), ["let", "a b"]) == "(+ |a b| |let|)"


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        (Literal(-1, INT), "(- 1)"),
        (Literal(7, INT), "7"),
        (Literal(-1.5, REAL), "(- 1.5)"),
        (Literal(1e-7, REAL), "0.0000001"),
        (Literal(1e22, REAL), "10000000000000000000000.0"),
        (Literal(-0.0, REAL), "(- 0.0)"),
        (Literal('a"é', STRING), '"a""\\u{e9}"'),
        (Literal(True, BOOL), "true"),
        (Literal(10, bit_vector(12)), "#x00a"),
        (Literal(2, bit_vector(3)), "#b010"),
    ],
    ids=repr,
)
def test_literals_are_written_as_smt_lib_writes_them(literal: Literal, text: str) -> None:
    assert smt_literal(literal) == text


def test_every_real_literal_is_a_decimal_of_the_same_value_to_z3() -> None:
    rng = random.Random(5)
    for _ in range(200):
        value = rng.choice([-1, 1]) * rng.random() * 10.0 ** rng.randint(-30, 30)
        (equation,) = z3.parse_smt2_string(f"(assert (= 0.0 {smt_literal(Literal(value, REAL))}))")
        assert float(z3.simplify(equation.arg(1)).as_fraction()) == value


def test_sorts_are_those_of_smt_lib() -> None:
    assert [smt_sort(t) for t in (INT, BOOL, STRING, REAL, bit_vector(64))] == [
        "Int", "Bool", "String", "Real", "(_ BitVec 64)",
    ]  # fmt: skip
    for type_ in (CHAR, list_of(INT), parse_type("int -> int")):
        with pytest.raises(TermSyntaxError, match="is no sort of SMT-LIB"):
            smt_sort(type_)


def test_a_program_prints_as_define_fun() -> None:
    program = abstract(plus(X, Y), 2)
    text = to_define_fun("f", [("x", INT), ("a b", INT)], INT, program)
    assert text == "(define-fun f ((x Int) (|a b| Int)) Int (+ |a b| x))"


def test_too_few_names_are_refused() -> None:
    with pytest.raises(TypeMismatch, match=r"1 names for 2 free variables: \(\+ \$0 \$1\)"):
        to_smt(plus(X, Y), ["x"])
    with pytest.raises(TypeMismatch, match="f has 2 parameters, but its program only 1 λs"):
        to_define_fun("f", [("x", INT), ("y", INT)], INT, Lambda(X))


def test_what_is_shared_a_little_is_written_out() -> None:
    assert to_smt(doubled(2), ["x"]) == "(+ (+ x x) (+ x x))"


def test_what_is_shared_so_that_the_tree_explodes_is_bound_by_let() -> None:
    text = to_smt(doubled(300), ["x"])
    assert len(text) < 11_000
    script = f"(declare-const x Int)(assert (= (* x 0) {text}))"
    assert len(z3.parse_smt2_string(script)) == 1


def test_a_let_never_captures_a_name_of_the_term() -> None:
    macro = Operator("let0", INT, MACRO, Literal(3, INT))
    term = plus(Application(macro), X)
    for _ in range(20):
        term = plus(term, term)
    text = to_smt(term, ["let_1"])
    script = f"(define-fun let0 () Int 3)(define-fun f ((let_1 Int)) Int {text})(assert (= (f 4) {7 * 2**20}))"
    assert z3.is_true(z3.simplify(z3.parse_smt2_string(script)[0]))


@pytest.mark.parametrize("width", [1, 7, 8, 64])
def test_z3_reads_bit_vector_terms_as_they_are_meant(width: int) -> None:
    check_with_z3("bitvectors", f"bv{width} -> bv{width} -> bv{width}", [(0, 1), ((1 << width) - 1, 1 << (width - 1))])


def test_z3_reads_integer_terms_as_they_are_meant() -> None:
    check_with_z3("integers", "int -> int -> int", [(0, -1), (7, 3), (-100, 100)])


def test_z3_reads_string_terms_as_they_are_meant() -> None:
    check_with_z3("strings", "str -> str -> str", [("", "a"), ('Say "Höh"\n', " "), ("\\u{41}", "u")])


def check_with_z3(domain_name: str, request: str, inputs: list[tuple[Value, ...]]) -> None:
    """What a program printed as SMT-LIB means to Z3 is its value, for random programs and the given inputs."""
    domain, type_ = load_domain(domain_name), parse_type(request)
    grammar, rng = domain.grammar(type_), random.Random(request)
    parameters = [(f"p {i}", t) for i, t in enumerate(type_.parameters)]
    checked = 0
    while checked < 25:
        program = grammar.sample(rng, 15)
        if any(name.startswith("strings.") for name in operator_names(program)):
            continue
        script = to_define_fun("f", parameters, type_.result, program)
        for given in inputs:
            value = evaluate(program, given, domain)
            if value is not BOTTOM:
                arguments = " ".join(smt(v, t) for v, t in zip(given, type_.parameters, strict=True))
                script += f"(assert (= (f {arguments}) {smt(value, type_.result)}))"
        claims = z3.parse_smt2_string(script)
        assert all(z3.is_true(z3.simplify(claim)) for claim in claims), program
        checked += 1


def smt(value: object, type_: Type) -> str:
    return smt_literal(Literal(value, type_))  # type: ignore[arg-type]


def operator_names(term: Term) -> set[str]:
    return {t.head.name for t in postorder([term]) if isinstance(t, Application) and isinstance(t.head, Operator)}


# Python


@pytest.mark.parametrize(
    ("domain", "text", "python"),
    [
        ("lists", "(lambda (map (lambda (+ $0 1)) $0))", "lambda xs: map(lambda x: x + 1, xs)"),
        ("lists", "(lambda (fold $0 0 (lambda (lambda (+ $0 $1)))))", "lambda xs: fold(xs, 0, lambda x, y: y + x)"),
        ("lists", "(is-even (car $0))", "is_even(car(free0))"),
        ("lists", "(empty? (if true empty empty))", "empty(empty if True else empty)"),
        ("integers", "(- (- $0 1) (- $1 2))", "free0 - 1 - (free1 - 2)"),
        ("integers", "(* (+ 1 2) 3)", "(1 + 2) * 3"),
        ("integers", "(= (< 1 2) (< 2 3))", "(1 < 2) == (2 < 3)"),
        ("integers", "(< 1 $0 3)", "1 < free0 < 3"),
        ("integers", "(distinct 1 2 3)", "distinct(1, 2, 3)"),
        ("integers", "(distinct 1 2)", "1 != 2"),
        ("integers", "(=> true false)", "implies(True, False)"),
        ("integers", "(not (and true (or false true)))", "not (True and (False or True))"),
        ("integers", "(- (- 1))", "--1"),
        ("integers", "(- (+ 1 2))", "-(1 + 2)"),
        ("integers", "(+ (ite true 1 2) 3)", "(1 if True else 2) + 3"),
        ("bitvectors", "(bvand@8 (bvor@8 $0 $1) #x0f)", "(free0 | free1) & 0xf"),
        ("bitvectors", "(bvor@8 (bvand@8 $0 $1) #x0f)", "free0 & free1 | 0xf"),
        ("bitvectors", "(bvnot@8 (bvxor@8 $0 $1))", "~(free0 ^ free1)"),
        ("bitvectors", "((_ extract 3 0 @8) $0)", "extract_3_0(free0)"),
        ("strings", '(str.++ ": lambda " "é")', "': lambda ' + 'é'"),
        ("strings", '(lambda ": lambda ")', "lambda xs: ': lambda '"),
        ("lists", "((lambda (+ $0 1)) 2)", "(lambda xs: xs + 1)(2)"),
        ("lists", "($0 1 2)", "free0(1, 2)"),
    ],
)  # fmt: skip
def test_a_program_reads_like_python(domain: str, text: str, python: str) -> None:
    assert to_python(read(text, domain), ["xs"]) == python


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["a", "b"], "lambda a, b: a + b"),
        ([], "lambda x, y: x + y"),
        (["a b", "lambda"], "lambda p0, p1: p0 + p1"),
        (["x", "x"], "lambda x, x_: x + x_"),
        (["y"], "lambda y, x: y + x"),
        (["ß", "2"], "lambda ß, p1: ß + p1"),
    ],
)
def test_parameters_have_distinct_names_that_python_allows(names: list[str], shown: str) -> None:
    assert to_python(abstract(plus(Y, X), 2), names) == shown


@pytest.mark.parametrize("name", ["²", "2x", "class", "a²", "=>", "?", "", "str.<", "é", "x y"])
def test_any_operator_becomes_a_python_name(name: str) -> None:
    term = Application(Operator(name, parse_type("int -> int")), (Application(Operator(name, INT)),))
    compile(to_python(term), "term", "eval")


@pytest.mark.parametrize("domain_name", domain_names())
def test_random_programs_are_valid_python(domain_name: str) -> None:
    domain, rng = load_domain(domain_name), random.Random(3)
    for request in {task.spec.functions[0].type for task in domain.tasks[:8]}:
        grammar = domain.grammar(request)
        for _ in range(30):
            compile(to_python(grammar.sample(rng, 25), ["p", "q"]), "program", "eval")


def test_arithmetic_written_as_python_means_the_same() -> None:
    for domain_name, request, inputs in [
        ("integers", "int -> int -> int", [(3, -4), (0, 10), (-7, -7)]),
        ("bitwise", "bv8 -> bv8 -> bv8", [(0, 255), (0x5A, 0x0F)]),
    ]:
        domain = bitwise() if domain_name == "bitwise" else load_domain(domain_name)
        grammar, rng = domain.grammar(request), random.Random(8)
        for _ in range(100):
            program = grammar.sample(rng, 30)
            function = eval(to_python(program, ["a", "b"]))
            for given in inputs:
                assert function(*given) == evaluate(program, given, domain), to_python(program)


def bitwise() -> Domain:
    domain = Domain("bitwise")
    for name, function in {"bvand": operator.and_, "bvor": operator.or_, "bvxor": operator.xor}.items():

        @domain.primitive("bv(t0) -> bv(t0) -> bv(t0)", name=name)
        def meaning(a: int, b: int, *, function: Callable[[int, int], int] = function) -> int:
            return function(a, b)

    return domain


def test_deep_terms_print_without_recursion() -> None:
    sums: Term = X
    functions: Term = X
    for _ in range(10_000):
        sums, functions = plus(sums, ONE), Lambda(functions)
    assert parse_term(to_sexpr(sums), load_domain("integers").operator) is sums
    assert parse_term(to_sexpr(functions), load_domain("integers").operator) is functions
    assert to_smt(sums, ["x"]).endswith(" 1)")
    assert to_python(Lambda(sums), ["x"]).startswith("lambda x: x + 1 + 1")
    assert to_python(functions, ["a", "b"]).startswith("lambda a, b, x, y, z, u,")
    assert strip_lambdas(functions)[0] == 10_000


def test_a_wide_application_prints_and_reads() -> None:
    domain = load_domain("integers")
    wide = domain.find("+", 5_000)
    assert wide is not None
    term = Application(wide.operator, (X, ONE) * 2_500)
    assert read(to_sexpr(term), "integers") is term
    assert len(term.digest) == 32
    assert to_python(term, []).count("+") == 4_999


@pytest.mark.parametrize("type_", [list_of(INT), parse_type("int -> int"), parse_type("t0")], ids=repr)
def test_a_type_without_literals_is_refused(type_: Type) -> None:
    with pytest.raises(TypeMismatch, match="is no literal of type"):
        Literal((), type_)


def test_a_string_literal_is_read_by_z3_as_the_same_string() -> None:
    for text in ["", 'a"b', "\\", "\\u{41}", "\\\\u", "é\n\0😀", "\\u{", "u{41}"]:
        (equation,) = z3.parse_smt2_string(f"(assert (= {string_literal(text)} {string_literal(text + 'x')}))")
        assert z3.simplify(z3.Length(equation.arg(0))).as_long() == len(text)
