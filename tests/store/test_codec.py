"""Terms and values are stored as text a person can read, and come back as the identical object."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.domain import load_domain
from dsl.errors import DomainError
from dsl.printing import parse_term
from dsl.source import read_source
from dsl.spec import Example
from dsl.sygus.reader import read_sygus
from dsl.terms import ABSTRACTION, MACRO, Application, Lambda, Literal, Operator, Term, Variable, abstract, operators
from dsl.types import BOOL, CHAR, INT, REAL, STRING, Type, arrow, bit_vector, list_of, parse_type
from dsl.values import Value, typed_key
from store.codec import (
    TermText,
    content_hash,
    decode_example,
    decode_term,
    decode_text,
    decode_value,
    decode_values,
    encode_example,
    encode_term,
    encode_text,
    encode_value,
    encode_values,
    to_json,
)
from store.errors import StoreError

PROGRAMS = Path(__file__).parents[1] / "dsl" / "domains"
FIXTURES = Path(__file__).parents[1] / "dsl" / "fixtures"
DOMAINS = ("integers", "strings", "bitvectors", "lists")
ODD_TEXTS = ["", "\x00", "a\x00b", "\ud83d\ude00", "😀", "\ud800", "escaped:", "escaped:\\x41", "\\x41", "é\n\t\\", '"']

X = Variable(0)
PLUS = Operator("+", arrow(INT, INT, INT))


def macro(name: str, *types: Type, body: Term) -> Operator:
    return Operator(name, arrow(*types), MACRO, abstract(body, len(types) - 1))


DOUBLE = macro("double", INT, INT, body=Application(PLUS, (X, X)))


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_reference_programs_of_a_domain_come_back(domain: str) -> None:
    texts = json.loads((PROGRAMS / f"reference_programs_{domain}.json").read_text(encoding="utf-8"))
    for text in texts.values():
        term = parse_term(text, load_domain(domain).operator)
        stored = encode_term(term, domain)
        assert (stored.text, stored.notes) == (text, "")
        assert decode_term(stored) is term


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_program_comes_back_without_its_domain(domain: str) -> None:
    texts = json.loads((PROGRAMS / f"reference_programs_{domain}.json").read_text(encoding="utf-8"))
    for text in list(texts.values())[::10]:
        term = parse_term(text, load_domain(domain).operator)
        assert decode_term(encode_term(term, None)) is term


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("version_*.sl")), ids=lambda path: path.name)
def test_macros_and_conditions_of_a_file_come_back(path: Path) -> None:
    spec = read_sygus(read_source(path))
    definitions = [m.operator.definition for m in spec.macros if m.operator.definition is not None]
    calls = [
        abstract(Application(m.operator, tuple(map(Variable, range(m.operator.arity)))), m.operator.arity)
        for m in spec.macros
    ]
    for term in [*definitions, *calls, *(constraint.term for constraint in spec.constraints)]:
        assert decode_term(encode_term(term, spec.domain)) is term


def test_the_text_of_a_macro_is_its_call() -> None:
    stored = encode_term(Lambda(Application(DOUBLE, (X,))), "integers")
    assert stored.text == "(lambda (double $0))"
    assert json.loads(stored.notes) == [
        {"as": "double", "kind": "macro", "name": "double", "type": "int; int", "definition": "(lambda (+ $0 $0))"}
    ]


@pytest.mark.parametrize("name", ["+", "lambda", "x y", "a|b", "", "$0", "#x1", "12", "é", "\ud800", "(_ f 1)", "true"])
def test_an_operator_of_any_name_comes_back(name: str) -> None:
    odd = macro(name, INT, INT, INT, body=Application(PLUS, (Variable(1), Application(DOUBLE, (X,)))))
    term = Lambda(Application(odd, (Application(PLUS, (X, X)), Application(odd, (X, X)))))
    assert decode_term(encode_term(term, "integers")) is term


def test_operators_that_share_a_name_come_back_apart() -> None:
    once = macro("f", INT, INT, body=Application(DOUBLE, (X,)))
    again = macro("f", INT, INT, body=Application(once, (Application(once, (X,)),)))
    learnt = Operator("f", arrow(INT, INT), ABSTRACTION, Lambda(X))
    term = Lambda(Application(again, (Application(once, (Application(learnt, (X,)),)),)))
    stored = encode_term(term, "integers")
    assert decode_term(stored) is term
    assert [op.kind for op in operators(decode_term(stored))] == [ABSTRACTION, MACRO, MACRO]


def test_functions_and_polymorphic_operators_come_back() -> None:
    apply = Operator("apply", parse_type("(t0 -> t1) -> list(t0) -> t1"), ABSTRACTION, abstract(Variable(0), 2))
    term = Lambda(Application(apply, (Lambda(Application(X, (Literal(1, INT),))), X)))
    assert decode_term(encode_term(term, "lists")) is term
    assert decode_term(encode_term(Application(Lambda(X), (X,)), "lists")) is Application(Lambda(X), (X,))


def test_bit_vector_operators_keep_their_widths() -> None:
    domain = load_domain("bitvectors")
    texts = ["(concat@8.16 $1 $0)", "((_ extract 3 0 @8) $0)", "(bvadd@13 $0 #b0000000000001)", "(bvnot@64 $0)"]
    for text in texts:
        term = parse_term(text, domain.operator)
        stored = encode_term(term, "bitvectors")
        assert (stored.text, decode_term(stored)) == (text, term)


def test_a_term_whose_tree_is_huge_is_stored_as_small_as_its_graph() -> None:
    term: Term = X
    for _ in range(300):
        term = Application(PLUS, (term, term))
    stored = encode_term(Lambda(term), "integers")
    assert len(stored.text) + len(stored.notes) < 40_000
    assert decode_term(stored) is Lambda(term)


def test_a_definition_whose_tree_is_huge_is_stored_as_small_as_its_graph() -> None:
    body: Term = X
    for _ in range(300):
        body = Application(PLUS, (body, Application(DOUBLE, (body,))))
    huge = macro("shared", INT, INT, body=body)
    term = Lambda(Application(huge, (body,)))
    stored = encode_term(term, "integers")
    assert len(stored.text) + len(stored.notes) < 80_000
    assert decode_term(stored) is term


def test_a_term_ten_thousand_levels_deep_comes_back() -> None:
    term: Term = X
    for _ in range(10_000):
        term = Application(PLUS, (term, X))
    assert decode_term(encode_term(term, "integers")) is term


def test_odd_literals_come_back() -> None:
    integer = Literal((1 << 14_000) - 1, INT)
    texts = [Literal(text, STRING) for text in ODD_TEXTS]
    others = [
        Literal(-1, INT),
        Literal(True, BOOL),
        Literal("\ud800", CHAR),
        Literal(1e-300, REAL),
        Literal(-0.0, REAL),
    ]
    for literal in [integer, *texts, *others, Literal((1 << 127) + 1, bit_vector(128))]:
        assert decode_term(encode_term(Lambda(literal), "strings")) is Lambda(literal)


def test_terms_of_one_text_over_two_domains_have_two_digests() -> None:
    assert encode_term(Lambda(X), "integers").digest != encode_term(Lambda(X), "strings").digest


def test_a_program_of_a_domain_that_is_not_installed_says_so() -> None:
    with pytest.raises(DomainError, match="there is no domain colours"):
        decode_term(TermText("(lambda (red $0))", "colours"))


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("(lambda (vanished $0))", ""),
        ("(lambda", ""),
        ("$0", "{"),
        ("$0", "[1]"),
        ("$0", '[{"as": "f"}]'),
        ("$0", '[{"as": "f", "kind": "macro", "name": "f", "type": "int; int", "definition": "$0"}]'),
        ("$0", "7"),
    ],
)
def test_a_program_that_cannot_be_read_is_an_error_of_the_store(text: str, notes: str) -> None:
    with pytest.raises(StoreError, match="damaged"):
        decode_term(TermText(text, "integers", notes))


def test_a_program_says_which_operator_its_domain_has_lost() -> None:
    with pytest.raises(StoreError, match="`vanished` is no known operator of 1 arguments"):
        decode_term(TermText("(lambda (vanished $0))", "integers"))


def test_a_program_of_a_primitive_of_another_type_comes_back_as_it_was() -> None:
    shorter = Operator("strings.lower", arrow(INT, INT))
    term = Lambda(Application(shorter, (X,)))
    stored = encode_term(term, "strings")
    assert decode_term(stored) is term
    assert json.loads(stored.notes)[0]["type"] == "int; int"


@given(st.integers(-(1 << 15_000), 1 << 15_000))
def test_integers_of_any_length_come_back(value: int) -> None:
    assert decode_value(encode_value(value), INT) == value


@given(st.text(st.characters(max_codepoint=0x2FFFF, codec=None)))
def test_texts_come_back(value: str) -> None:
    assert decode_value(encode_value(value), STRING) == value


@given(st.text(st.characters(codec=None)))
def test_names_come_back_and_can_be_stored(text: str) -> None:
    stored = encode_text(text)
    assert decode_text(stored) == text
    assert b"\x00" not in stored.encode("utf-8")


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_texts_come_back(text: str) -> None:
    assert decode_text(encode_text(text)) == text
    assert decode_value(encode_value(text), STRING) == text
    assert decode_values(encode_values([(text, text)]), [list_of(STRING)]) == ((text, text),)
    encode_value(text).encode("utf-8")


@pytest.mark.parametrize(
    ("value", "type_", "text"),
    [
        (True, BOOL, "true"),
        (1, INT, "1"),
        (-0.0, REAL, "-0.0"),
        (1.0, REAL, "1.0"),
        ("é", STRING, '"é"'),
        ("a", CHAR, '"a"'),
        (255, bit_vector(8), "255"),
        (((1, 2), ()), list_of(list_of(INT)), "[[1, 2], []]"),
        (("a", "b"), list_of(CHAR), '["a", "b"]'),
        ("\ud83d\ude00", STRING, '{"escaped": "\\\\ud83d\\\\ude00"}'),
    ],
)
def test_values_are_json_that_a_person_can_read(value: Value, type_: Type, text: str) -> None:
    assert encode_value(value) == text
    assert typed_key(decode_value(text, type_)) == typed_key(value)
    assert str(decode_value(text, type_)) == str(value)


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("1", BOOL),
        ("true", INT),
        ("256", bit_vector(8)),
        ("[1]", INT),
        ("{", INT),
        ('{"hex": "z"}', INT),
        ("null", INT),
    ],
)
def test_a_value_of_another_type_is_an_error_of_the_store(text: str, type_: Type) -> None:
    with pytest.raises(StoreError, match="damaged"):
        decode_value(text, type_)


def test_a_wrong_number_of_values_is_an_error_of_the_store() -> None:
    with pytest.raises(StoreError, match="2 values were expected"):
        decode_values("[1]", [INT, INT])


def test_an_example_comes_back() -> None:
    example = Example("f", ((1, 2), "\ud800"), (True,))
    type_ = arrow(list_of(INT), STRING, list_of(BOOL))
    assert decode_example(*encode_example(example), "f", type_) == example


def test_json_of_reports_can_be_stored_and_reads_back() -> None:
    row = {"spec": "naïve \udcff.sl", "answer": None, "size": 3}
    text = to_json(row)
    assert text == '{"spec": "naïve \\udcff.sl", "answer": null, "size": 3}'
    assert json.loads(text) == row


def test_a_content_hash_tells_where_its_parts_end() -> None:
    assert content_hash("ab", "c") != content_hash("a", "bc")
    assert content_hash("a\0", "b") != content_hash("a", "\0b")
    assert content_hash("a") == content_hash("a")
