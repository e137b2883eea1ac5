"""Literals that examples suggest."""

from dsl.grammar import Nonterminal, any_constant
from dsl.rules import from_rules
from dsl.terms import Literal
from dsl.types import BOOL, INT, STRING, Type, bit_vector
from dsl.values import Value
from wake_sleep.wake.constants import slot_literals, texts_of_outputs
from wake_sleep.wake.search import Case


def literals(type_: Type, *cases: Case) -> list[Value]:
    start = Nonterminal(type_, (STRING,), "S")
    return [
        literal.value for literal in slot_literals(from_rules(start, {start: (any_constant(type_),)}), cases)[type_]
    ]


def test_text_that_all_outputs_share_is_suggested_whole() -> None:
    found = literals(STRING, (("Ann",), "Dr. Ann"), (("Bo",), "Dr. Bo"), (("Dee",), "Dr. Dee"))
    assert "Dr. " in found


def test_marks_of_the_inputs_are_suggested() -> None:
    found = literals(STRING, (("a-b",), "a"), (("cc-dd",), "cc"))
    assert "-" in found


def test_text_of_a_single_output_is_not_suggested() -> None:
    found = literals(STRING, (("a",), "xyz"), (("b",), "uvw"), (("c",), "rst"))
    assert not {"xyz", "uvw", "rst"} & set(found)


def test_the_one_output_of_all_cases_is_suggested() -> None:
    assert "constant" in literals(STRING, (("a",), "constant"), (("b",), "constant"))


def test_small_integers_and_repeated_outputs_are_suggested() -> None:
    cases: list[Case] = [((str(i),), 99 if i else 7) for i in range(9)]
    found = literals(INT, *cases)
    assert {0, 1, -1, 99} <= set(found)


def test_both_booleans_are_suggested() -> None:
    assert literals(BOOL, (("a",), True)) == [False, True]


def test_bit_vectors_of_any_width_have_literals() -> None:
    for width in (1, 8, 96):
        found = literals(bit_vector(width), (("a",), 0))
        assert len(set(found)) == len(found)
        assert all(isinstance(value, int) and 0 <= value < 1 << width for value in found)


def test_a_grammar_without_slots_has_none() -> None:
    start = Nonterminal(STRING, (STRING,), "S")
    assert slot_literals(from_rules(start, {start: (Literal("a", STRING),)}), [(("a",), "a")]) == {}


def test_the_texts_of_outputs_are_those_that_their_inputs_lack() -> None:
    cases = [(("hello",), "HI hello!"), (("well",), "HI well!")]
    assert [literal.value for literal in texts_of_outputs(cases)] == ["HI ", "!"]
    shouted = [(("hello",), "HELLO!"), (("well",), "WELL!")]
    assert [literal.value for literal in texts_of_outputs(shouted)] == ["!"]
    assert texts_of_outputs([(("ab cd",), "cd ab"), (("x y",), "y x")]) == ()
