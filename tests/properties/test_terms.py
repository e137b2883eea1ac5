"""Laws of terms: writing and reading, substitution, normal forms, pickling."""

import pickle
import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.domain import domain_names, load_domain
from dsl.inference import has_instance, infer
from dsl.printing import parse_term, to_python, to_sexpr
from dsl.terms import (
    FUNCTION,
    Application,
    Lambda,
    Literal,
    Operator,
    Term,
    Variable,
    beta_normal,
    free_variables,
    operators,
    postorder,
    shift,
    substitute,
)
from dsl.types import BOOL, CHAR, INT, REAL, STRING, arrow, bit_vector
from dsl.values import LARGEST_CODE_POINT, LITERAL_BITS, read_string_literal, string_literal

texts = st.text(st.characters(max_codepoint=LARGEST_CODE_POINT, exclude_categories=()))
names = st.one_of(
    st.sampled_from(["f", "x y", "$0", "-1", "true", "lambda", "char", "_", "let", "", "#x0", "é", "a.b!c", "(", '"']),
    st.text(st.characters(exclude_characters="|@", max_codepoint=0x2FF), max_size=6),
)


@st.composite
def literals(draw: st.DrawFn) -> Literal:
    kind = draw(st.sampled_from(["int", "bool", "str", "char", "real", "bv"]))
    if kind == "int":
        return Literal(draw(st.integers(-(2**LITERAL_BITS) + 1, 2**LITERAL_BITS - 1) | st.integers()), INT)
    if kind == "bool":
        return Literal(draw(st.booleans()), BOOL)
    if kind == "str":
        return Literal(draw(texts), STRING)
    if kind == "char":
        return Literal(draw(st.characters(max_codepoint=LARGEST_CODE_POINT, exclude_categories=())), CHAR)
    if kind == "real":
        return Literal(draw(st.floats(allow_nan=False, allow_infinity=False)), REAL)
    width = draw(st.integers(1, 130))
    return Literal(draw(st.integers(0, 2**width - 1)), bit_vector(width))


BIT_VECTOR_OPERATORS = [
    operator
    for text in ("(bvadd@8 $0 $0)", "(bvult@64 $0 $0)", "(concat@8.16 $0 $0)", "((_ extract 3 0 @8) $0)", "(= $0 $0)",
                 "(bvand@8 $0 $0 $0)", "((_ repeat 2 @5) $0)", "(ite $0 $0 $0)", "(bvneg@1 $0)")
    for operator in operators(parse_term(text, load_domain("bitvectors").operator))
]  # fmt: skip


def named(name: str, arguments: list[Term]) -> Term:
    """An operator of any name, applied."""
    return Application(Operator(name, arrow(*[INT] * len(arguments), INT), FUNCTION), tuple(arguments))


any_terms: st.SearchStrategy[Term] = st.recursive(
    literals() | st.builds(Variable, st.integers(0, 12)),
    lambda inner: st.one_of(
        st.builds(Lambda, inner),
        st.builds(named, names, st.lists(inner, max_size=3)),
        st.builds(
            lambda operator, arguments: Application(operator, tuple((arguments * 3)[: operator.arity])),
            st.sampled_from(BIT_VECTOR_OPERATORS),
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(
            lambda head, arguments: Application(head, tuple(arguments)),
            inner.filter(lambda head: not isinstance(head, Literal)),
            st.lists(inner, min_size=1, max_size=3),
        ),
    ),
    max_leaves=12,
)
"""Any term, typable or not: open, with λs, redexes, variables as heads, operators of odd names.

It is made once: a strategy that is made in each draw is checked in each draw, which takes four times as long.
"""


def finder(term: Term) -> Callable[[str, int], Operator | None]:
    """Finds the named operators of a term again by name and number of arguments."""
    known = {(found.name, found.arity): found for found in operators(term) if found.kind == FUNCTION}
    return lambda name, arity: known.get((name, arity)) or load_domain("bitvectors").operator(name, arity)


@given(any_terms)
@settings(max_examples=150, deadline=None)
def test_reading_a_written_term_gives_the_same_object(term: Term) -> None:
    assert parse_term(to_sexpr(term), finder(term)) is term
    assert repr(term) == to_sexpr(term)


@given(any_terms, st.integers(2, pickle.HIGHEST_PROTOCOL))
@settings(max_examples=40, deadline=None)
def test_unpickling_gives_the_same_object(term: Term, protocol: int) -> None:
    assert pickle.loads(pickle.dumps([term, {term: term.children}], protocol))[0] is term


@given(any_terms)
@settings(max_examples=40, deadline=None)
def test_any_term_has_a_digest_and_a_python_text(term: Term) -> None:
    nodes = list(postorder([term]))
    assert len({node.digest for node in nodes}) == len(nodes)
    assert to_python(term, ["a", "b"])


@given(texts)
def test_reading_a_written_string_gives_it_back(text: str) -> None:
    assert read_string_literal(string_literal(text)) == text
    assert string_literal(text).isascii()


# Substitution


def random_term(seed: int) -> Term:
    """An open term with λs, redexes, shared sub-terms and variables as heads; drawing it costs little."""
    rng = random.Random(seed)
    made: list[Term] = [Variable(rng.randrange(4)), Literal(seed % 5, INT)]
    for _ in range(rng.randrange(14)):
        chosen = [rng.choice(made[-5:]) for _ in range(rng.randint(1, 3))]
        kind = rng.randrange(5)
        if kind == 0:
            made.append(Variable(rng.randrange(8)))
        elif kind == 1:
            made.append(Lambda(chosen[0]))
        elif kind == 2:
            made.append(Application(Operator("f", arrow(*[INT] * len(chosen), INT)), tuple(chosen)))
        else:
            head = Lambda(chosen[0]) if kind == 3 else rng.choice([t for t in made if not isinstance(t, Literal)])
            made.append(Application(head, tuple(chosen)))
    return made[-1]


terms = st.integers(0, 2**64).map(random_term)
replacements = st.lists(terms, max_size=3)
small = st.integers(0, 3)


@given(terms, small, small, small)
@settings(max_examples=200, deadline=None)
def test_shifts_compose_and_undo_each_other(term: Term, one: int, other: int, above: int) -> None:
    assert shift(shift(term, one, above), other, above) is shift(term, one + other, above)
    assert shift(shift(term, one, above), other, above + one) is shift(term, one + other, above)
    assert shift(shift(term, one, above), -one, above) is term


@given(terms, replacements)
@settings(max_examples=200, deadline=None)
def test_substituting_for_variables_that_do_not_occur_undoes_a_shift(term: Term, replacement: list[Term]) -> None:
    assert substitute(shift(term, len(replacement)), replacement) is term


@given(terms)
@settings(max_examples=200, deadline=None)
def test_substituting_each_variable_for_itself_changes_nothing(term: Term) -> None:
    assert substitute(term, [Variable(i) for i in range(term.free)]) is term
    assert max(free_variables(term), default=-1) == term.free - 1


@given(terms, terms, terms)
@settings(max_examples=200, deadline=None)
def test_two_substitutions_are_one_substitution(term: Term, first: Term, second: Term) -> None:
    # The substitution lemma (Barendregt 1984, 2.1.16).
    assert substitute(substitute(term, [first]), [second]) is substitute(term, [substitute(first, [second]), second])


@given(terms, terms, small)
@settings(max_examples=200, deadline=None)
def test_substitution_and_shift_commute(term: Term, replacement: Term, by: int) -> None:
    shifted = substitute(shift(term, by, above=1), [shift(replacement, by)])
    assert shift(substitute(term, [replacement]), by) is shifted


@given(terms, replacements)
@settings(max_examples=200, deadline=None)
def test_substitution_passes_under_a_lambda(body: Term, replacement: list[Term]) -> None:
    passed = [Variable(0), *(shift(term, 1) for term in replacement)]
    inside = substitute(shift(body, 1, above=len(passed)), passed)
    assert substitute(Lambda(body), replacement) is Lambda(inside)


@given(terms, st.lists(literals(), max_size=13))
@settings(max_examples=200, deadline=None)
def test_substituting_closed_terms_leaves_the_variables_beyond(term: Term, closed: list[Literal]) -> None:
    found = substitute(term, closed)
    assert free_variables(found) == [i - len(closed) for i in free_variables(term) if i >= len(closed)]


# Programs of the languages


@given(st.sampled_from(domain_names()), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_a_sampled_program_is_read_typed_and_in_normal_form(name: str, seed: int) -> None:
    domain, rng = load_domain(name), random.Random(seed)
    request = rng.choice([task.spec.functions[0].type for task in domain.tasks])
    program = domain.grammar(request).sample(rng, 20)
    assert parse_term(to_sexpr(program), domain.operator) is program
    assert beta_normal(program) is program
    assert has_instance(infer(program), request)
