"""What a person is told about each mistake in a SyGuS-IF file: the place, the reason, and what would be right."""

from pathlib import Path

import pytest

from dsl.errors import SpecError
from dsl.source import Source
from dsl.sygus.reader import read_sygus

INTEGERS = "(set-logic LIA)\n(synth-fun f ((x Int)) Int)\n(declare-var x Int)\n"
BITS = "(set-logic BV)\n(synth-fun f ((x (_ BitVec 8))) (_ BitVec 8))\n(declare-var x (_ BitVec 8))\n"
STRINGS = "(set-logic SLIA)\n(synth-fun f ((s String)) String)\n(declare-var s String)\n"
INVARIANT = "(set-logic LIA)\n(synth-inv i ((x Int)))\n(define-fun p ((a Int)) Bool true)\n"


def refusal(text: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        read_sygus(Source(text, Path("a.sl")))
    return caught.value


def check(text: str, place: str, message: str, suggestion: str | None = None) -> None:
    error = refusal(text)
    assert f"{error.line}:{error.column}" == place, str(error)
    assert message in error.message
    assert error.source_line == text.split("\n")[(error.line or 0) - 1]
    if suggestion is not None:
        assert suggestion in (error.suggestion or "")
    assert str(error).startswith(f"a.sl:{place}: ")


@pytest.mark.parametrize(
    ("text", "place", "message", "suggestion"),
    [
        ("", "1:1", "no synth-fun", "(synth-fun f ((x Int)) Int)"),
        ("; nothing\n(set-logic LIA)\n(check-synth)\n", "3:1", "no synth-fun", "(synth-fun"),
        ("hello", "1:1", "`hello` stands outside", "parentheses"),
        ("check-synth", "1:1", "`check-synth` stands outside", "it is written (check-synth)"),
        ("()", "1:1", "a command begins with its name", "(set-logic LIA)"),
        ("((a))", "1:1", "a command begins with its name", None),
        ("(synth-fn f () Int)", "1:2", "there is no command `synth-fn`", "did you mean `synth-fun`?"),
        ("(set-logic)", "1:1", "this `set-logic` is incomplete", "(set-logic LIA)"),
        ("(set-logic LAI)", "1:12", "there is no logic `LAI`", "did you mean `LIA`?"),
        ("(set-logic (LIA))", "1:12", "the name of a logic", "LIA"),
        ("(set-logic LIA)\n(set-logic LIA)", "2:1", "set already in line 1", None),
        ("(synth-fun f ((x Int)))", "1:1", "this `synth-fun` is incomplete", "(synth-fun f ((x Int)) Int)"),
        ("(synth-fun f () Int 1 2 3)", "1:25", "has too many parts", None),
        ("(synth-fun f x Int)", "1:14", "the parameters of the function", "((x Int) (y Int))"),
        ("(synth-fun f (x Int) Int)", "1:15", "a parameter is a name with its sort", "(x Int)"),
        ("(synth-fun f ((x Int) (x Int)) Int)", "1:24", "two parameters `x`", None),
        ("(synth-fun let () Int)", "1:12", "`let` is a reserved word", None),
        ("(synth-fun 3f () Int)", "1:12", "`3f` cannot name", "|3f|"),
        ("(synth-fun -3 () Int)", "1:12", "`-3` cannot name", "|-3|"),
        ('(synth-fun "f" () Int)', "1:12", '`"f"` cannot name', None),
        ("(synth-fun (f) () Int)", "1:12", "the name of a function", None),
        ("(synth-fun and () Int)", "1:12", "`and` is an operator of the theory", "choose another name"),
        (INTEGERS + "(declare-var f Int)", "4:14", "`f` is declared already, as a function", None),
        (INTEGERS + "(declare-var x Int)", "4:14", "as a variable in line 3", None),
        (INTEGERS + "(declare-var y)", "4:1", "this `declare-var` is incomplete", "(declare-var x Int)"),
        (INTEGERS + "(declare-primed-var x Int)", "4:21", "`x` is declared already", None),
        (INTEGERS + "(constraint true) (check-synth)\n(constraint true)", "5:2", "stands after check-synth", None),
        (INTEGERS + "(check-synth)(check-synth)", "4:15", "stands after check-synth (line 4)", None),
        (INTEGERS + "(constraint true", "4:1", "never closed", "add the missing `)`"),
        (INTEGERS + "(constraint true))", "4:18", "closes nothing", None),
        (INTEGERS + '(constraint (= x "a))', "4:18", "string is not closed", None),
        (INTEGERS + "(constraint (= x |a))", "4:18", "quoted symbol is not closed", None),
    ],
)
def test_a_malformed_command(text: str, place: str, message: str, suggestion: str | None) -> None:
    check(text, place, message, suggestion)


@pytest.mark.parametrize(
    "command",
    [
        "(declare-datatypes ((L 0)) (((nil))))",
        "(declare-datatype L ((nil)))",
        "(oracle-constraint-io f g)",
        "(declare-oracle-fun f () Int)",
        "(define-fun-rec g ((x Int)) Int (g x))",
        "(define-funs-rec ((g () Int)) (1))",
        "(chc-constraint () true true)",
        "(declare-weight w)",
        "(optimize-synth () () ())",
        "(define-sort A () Int)",
        "(declare-sort A 0)",
        "(declare-fun g (Int) Int)",
        "(assert true)",
        "(check-sat)",
        "(push 1)",
    ],
)
def test_a_command_that_is_not_supported_is_named(command: str) -> None:
    name = command[1:].split()[0].rstrip(")")
    check(INTEGERS + command, "4:2", f"the command `{name}` is not supported")


@pytest.mark.parametrize(
    "command", ["(set-info :a b)", "(set-option :a b)", "(set-options ((a b)))", "(set-feature :f true)"]
)
def test_annotations_are_accepted_everywhere(command: str) -> None:
    assert len(read_sygus(Source(command + INTEGERS + command + "(check-synth)" + command)).functions) == 1


@pytest.mark.parametrize(
    ("sort", "offset", "message", "suggestion"),
    [
        ("Real", 0, "the sort `Real` (real numbers) is not supported", "Int, Bool, String"),
        ("(Array Int Int)", 0, "(arrays) is not supported", None),
        ("(Seq Int)", 0, "(sequences) is not supported", None),
        ("RegLan", 0, "(regular expressions) is not supported", None),
        ("(Enum ((a)))", 0, "(enumerations) is not supported", None),
        ("Itn", 0, "`Itn` is no sort", "did you mean `Int`?"),
        ("string", 0, "`string` is no sort", "did you mean `String`?"),
        ("BitVec", 0, "`BitVec` is no bit-vector sort", "(_ BitVec 64)"),
        ("(_ BitVec)", 0, "`(_ BitVec)` is no bit-vector sort", "(_ BitVec 64)"),
        ("(BitVec 0)", 8, "bit-vectors of 0 bits", "from 1 to 65536"),
        ("(_ BitVec -1)", 10, "a width is a numeral, not `-1`", None),
        ("(_ BitVec 65537)", 10, "bit-vectors of 65537 bits", None),
        ("(_ BitVec 99999999999999999999)", 10, "at most six digits", None),
        ("()", 0, "`()` is no sort", None),
        ("(List Int)", 0, "`(List Int)` is no sort", None),
    ],
)
def test_a_sort_that_is_none(sort: str, offset: int, message: str, suggestion: str | None) -> None:
    check(f"(synth-fun f ((x {sort})) Bool)", f"1:{18 + offset}", message, suggestion)


@pytest.mark.parametrize(
    ("text", "place", "message", "suggestion"),
    [
        (INTEGERS + "(constraint x)", "4:13", "a constraint is of sort Bool, but this is Int", None),
        (INTEGERS + "(assume (f x))", "4:9", "an assumption is of sort Bool, but this is Int", None),
        (INTEGERS + "(constraint (and true (f x)))", "4:23", "a constraint is of sort Bool, but this is Int", None),
        (INTEGERS + "(constraint (= (f x) xx))", "4:22", "unknown symbol `xx`", "did you mean `x`?"),
        (INTEGERS + "(constraint (nott true))", "4:14", "unknown symbol `nott`", "did you mean `not`?"),
        (INTEGERS + "(constraint (ff x))", "4:14", "unknown symbol `ff`", "did you mean `f`?"),
        (INTEGERS + "(constraint (> (f x x) x))", "4:21", "`f` takes 1 argument, but is given 2", None),
        (INTEGERS + "(constraint (> (f true) x))", "4:19", "`f` takes Int, but is given Bool", None),
        (INTEGERS + "(constraint (> f x))", "4:16", "`f` takes 1 argument, but has none", "(f a1)"),
        (INTEGERS + "(constraint (>= (f x) true))", "4:14", "`>=` takes Int and Int, but is given Int and Bool", None),
        (INTEGERS + "(constraint (= (f x) true))", "4:14", "`=` takes S and S for one sort S", None),
        (INTEGERS + "(constraint (ite x x x))", "4:14", "`ite` takes Bool, S and S", None),
        (INTEGERS + "(constraint (not true true))", "4:14", "`not` takes 1 argument, but is given 2", None),
        (INTEGERS + "(constraint (=> true))", "4:14", "`=>` takes 2 or more arguments, but is given 1", None),
        (INTEGERS + "(constraint (= x (-)))", "4:18", "`-` is applied to nothing", None),
        (INTEGERS + "(constraint +)", "4:13", "the operator `+` is applied to nothing", "(+ …)"),
        (INTEGERS + "(constraint (x 1))", "4:14", "`x` is a variable and cannot be applied", None),
        (INTEGERS + "(constraint (let ((f 1)) (f 1)))", "4:27", "`f` is no function here", None),
        (INTEGERS + "(constraint (1 < 2))", "4:14", "the literal `1` cannot be applied", "(+ x 1)"),
        (INTEGERS + "(constraint (true))", "4:14", "the literal `true` cannot be applied", "parentheses"),
        (INTEGERS + "(constraint ((= x x)))", "4:14", "a term begins with an operator", "extra pair"),
        (INTEGERS + "(constraint ())", "4:13", "`()` is no term", None),
        (INTEGERS + "(constraint (forall ((y Int)) true))", "4:14", "`forall` terms are not supported", None),
        (INTEGERS + "(constraint (exists ((y Int)) true))", "4:14", "`exists` terms are not supported", None),
        (INTEGERS + "(constraint (lambda ((y Int)) true))", "4:14", "`lambda` terms are not supported", None),
        (INTEGERS + "(constraint (match x ((y y))))", "4:14", "`match` terms are not supported", None),
        (INTEGERS + "(constraint (! true :named n))", "4:14", "`!` terms are not supported", None),
        (INTEGERS + "(constraint ((as f Int) x))", "4:14", "qualified names", None),
        (INTEGERS + "(constraint (let (x 1) true))", "4:19", "a let binds a name to a term", "(x term)"),
        (INTEGERS + "(constraint (let ((y 1))))", "4:13", "this is no let term", "(let ((x term) …) term)"),
        (INTEGERS + "(constraint (let ((y 1) (y 2)) true))", "4:26", "this let binds `y` twice", None),
        (INTEGERS + "(constraint (let ((y Bool 1)) true))", "4:27", "the let states sort Bool", None),
        (INTEGERS + "(constraint (= x 1.5))", "4:18", "`1.5` is of sort Real", None),
        (INTEGERS + "(constraint (= x 7y))", "4:18", "`7y` is no literal", "names do not begin with a digit"),
        (INTEGERS + "(constraint (= x #xgg))", "4:18", "`#xgg` is no literal", "#x0f"),
        (INTEGERS + "(constraint (= x #x0f))", "4:18", "domain integers, which has no sort (_ BitVec 8)", None),
        (INTEGERS + "(constraint :named)", "4:13", "the keyword `:named`", None),
        (INTEGERS + "(constraint (= x " + "9" * 5000 + "))", "4:18", "an integer literal has at most", None),
        (INTEGERS + "(constraint (= x (- " + "9" * 5000 + ")))", "4:21", "an integer literal has at most", None),
        (INTEGERS + "(constraint (= x (select x x)))", "4:19", "`select` is an operator of arrays", None),
        (INTEGERS + "(constraint (bvult x x))", "4:14", "`bvult` is an operator of domain bitvectors", None),
        (INTEGERS + "(define-fun g ((y Int)) Bool y)", "4:30", "of sort Bool, but its body is Int", None),
        (INTEGERS + "(define-fun g ((y Int)) Int (g y))", "4:30", "recursion is not supported", None),
        (INTEGERS + "(define-fun + ((y Int)) Int y)", "4:13", "cannot be redefined", None),
        (INTEGERS + "(define-fun g ((y Int)) Int)", "4:1", "this `define-fun` is incomplete", None),
        (
            BITS + "(constraint (= x (bvadd x #x1)))",
            "4:19",
            "of one width n, but is given (_ BitVec 8) and (_ BitVec 4)",
            None,
        ),
        (BITS + "(constraint (= x (bvad x x)))", "4:19", "unknown symbol `bvad`", "did you mean `bv"),
        (BITS + "(constraint (= x (+ x x)))", "4:19", "`+` is an operator of domain integers", "cannot be mixed"),
        (BITS + "(constraint (= x ((_ extract 9 0) x)))", "4:19", "(_ extract 9 0) of a bit-vector of 8 bits", None),
        (BITS + "(constraint (= x ((_ zero_extend y) x)))", "4:34", "an index is a numeral", None),
        (BITS + "(constraint (= x ((_ zero_extend) x)))", "4:19", "`(_ zero_extend)` is no operator", None),
        (BITS + "(constraint (= x ((_ rotate 1) x)))", "4:22", "`(_ rotate 1)` is no operator", "`rotate_"),
        (BITS + "(constraint (= x ((_ zero_extend 99999) x)))", "4:19", "100007 bits", None),
        (BITS + "(constraint (= x (_ bv300 8)))", "4:21", "`bv300` does not fit into 8 bits", None),
        (BITS + "(constraint (= x (_ foo)))", "4:18", "`(_ foo)` is no term", None),
        (BITS + "(constraint (= x 1))", "4:18", "domain bitvectors, which has no sort Int", None),
        (BITS + "(declare-var y Int)", "4:16", "domain bitvectors, which has no sort Int", "cannot be mixed"),
        (BITS + "(declare-var y String)", "4:16", "domain bitvectors, which has no sort String", None),
        (STRINGS + "(constraint (= s (str.concat s s)))", "4:19", "unknown symbol `str.concat`", "did you mean `str."),
        (
            STRINGS + "(constraint (= s (str.++ s 1)))",
            "4:19",
            "takes String and String, but is given String and Int",
            None,
        ),
        (STRINGS + "(constraint (= s (str.substr s 1)))", "4:19", "`str.substr` takes 3 arguments", None),
        (STRINGS + "(constraint (str.in_re s (re.* s)))", "4:27", "operator of regular expressions", None),
        (STRINGS + '(constraint (= s "\\u{fffff}"))', "4:18", "beyond the last character", None),
        (STRINGS + "(constraint (= s (_ char #x30000)))", "4:26", "beyond the last character", None),
        (STRINGS + "(constraint (= s #x01))", "4:18", "which has no sort (_ BitVec 8)", None),
    ],
)
def test_an_ill_formed_or_ill_sorted_term(text: str, place: str, message: str, suggestion: str | None) -> None:
    check(text, place, message, suggestion)


@pytest.mark.parametrize(
    ("command", "column", "message", "suggestion"),
    [
        ("(inv-constraint j p p p)", 17, "`j` is no function to be synthesized", "the function is i"),
        ("(inv-constraint i q p p)", 19, "`q` is not defined by a define-fun", "the macro is p"),
        ("(inv-constraint i i p p)", 19, "`i` is not defined by a define-fun", None),
        ("(inv-constraint i p p p)", 21, "the transition `p` has the wrong signature (Int) Bool", "(Int Int) Bool"),
        ("(inv-constraint i p p)", 1, "this `inv-constraint` is incomplete", "(inv-constraint inv pre trans post)"),
        ("(inv-constraint i p (p) p)", 21, "the name of a transition is expected", None),
    ],
)
def test_a_wrong_inv_constraint(command: str, column: int, message: str, suggestion: str | None) -> None:
    check(INVARIANT + command, f"4:{column}", message, suggestion)


def test_an_invariant_is_a_predicate() -> None:
    text = INTEGERS + "(define-fun p ((a Int)) Bool true)\n(inv-constraint f p p p)"
    check(text, "5:17", "an invariant is of sort Bool, but `f` is Int")


def test_one_file_has_one_inv_constraint() -> None:
    text = INVARIANT + "(define-fun t ((a Int) (b Int)) Bool true)\n" + "(inv-constraint i p t p)\n" * 2
    check(text, "6:1", "a second inv-constraint is not supported")


def test_macros_that_would_expand_without_bound_are_refused() -> None:
    macros = "(define-fun m0 ((a Int)) Int (f a))\n" + "".join(
        f"(define-fun m{i} ((a Int)) Int (+ (m{i - 1} a) (m{i - 1} (+ a 1))))\n" for i in range(1, 60)
    )
    check(INTEGERS + macros + "(constraint (> (m59 x) 0))", "64:13", "the macros expand to more than")


def test_macros_over_variables_that_would_expand_without_bound_are_refused() -> None:
    macros = "(define-fun m0 ((a Int)) Int (+ a x))" + "".join(
        f"(define-fun m{i} ((a Int)) Int (+ (m{i - 1} a) (m{i - 1} (+ a 1))))" for i in range(1, 60)
    )
    assert "the macros expand to more than" in refusal(INTEGERS + macros).message


def test_an_error_without_a_file_names_the_text() -> None:
    with pytest.raises(SpecError, match=r"<text>:1:1: `a` stands outside"):
        read_sygus(Source("a"))
