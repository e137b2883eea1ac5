"""Laws of evaluation on random typed terms of the lists domain, with redexes, macros and abstractions among them.

A term is evaluated in four ways: by the small evaluator below, as a program on one input, as a column over all inputs,
and inside a function. All agree; normal forms and expansions have the same types and values.
"""

import functools
import random
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dsl.domain import load_domain
from dsl.errors import LimitExceeded
from dsl.evaluate import Evaluation, evaluate
from dsl.inference import has_instance, infer
from dsl.limits import EXHAUSTED, Cell
from dsl.printing import parse_term, to_sexpr
from dsl.terms import (
    ABSTRACTION,
    MACRO,
    Application,
    Lambda,
    Literal,
    Operator,
    Term,
    Variable,
    abstract,
    beta_normal,
    operators,
    postorder,
    shift,
)
from dsl.types import BOOL, INT, Type, arrow, list_of, parse_type
from dsl.values import BOTTOM, Value

LISTS = load_domain("lists")
NUMBERS = list_of(INT)
UNARY = arrow(INT, INT)
INPUTS: list[tuple[Value, ...]] = [(0, ()), (3, (2, 5)), (-1, (1,)), (2, (4, 0, 7))]
"""Values of an integer and a list; in terms the list is ``$0``."""
SCOPE = (NUMBERS, INT)


def primitive(name: str, arity: int) -> Operator:
    found = LISTS.operator(name, arity)
    assert found is not None
    return found


def definition(name: str, type_: str, kind: str, text: str, *known: Operator) -> Operator:
    named = {(operator.name, operator.arity): operator for operator in known}
    body = parse_term(text, lambda name, arity: named.get((name, arity)) or LISTS.operator(name, arity))
    scheme = parse_type(type_)
    return Operator(name, scheme, kind, abstract(body, scheme_arity(scheme)))


def scheme_arity(scheme: Type) -> int:
    return len(scheme.parameters)


MINUS = definition("minus", "int -> int -> int", MACRO, "(- $1 $0)")
CONSTANT = definition("constant", "int -> int", MACRO, "7")
TAIL_SUM = definition("tail-sum", "list(int) -> int -> int", MACRO, "(minus (sum (cdr $1)) $0)", MINUS)
TWICE = definition("twice", "(t0 -> t0) -> t0 -> t0", ABSTRACTION, "($1 ($1 $0))")
EACH = definition(
    "each", "(int -> int) -> list(int) -> list(int)", ABSTRACTION, "(map (lambda (twice $2 $0)) $0)", TWICE
)
CHOSEN = definition("chosen", "int -> int", ABSTRACTION, "((if (is-even $0) (lambda 0) (lambda (+ $0 $1))) $0)")

APPLICATIONS: dict[Type, list[tuple[Operator, tuple[Type, ...]]]] = {
    INT: [
        (primitive("+", 2), (INT, INT)),
        (primitive("-", 2), (INT, INT)),
        (primitive("*", 2), (INT, INT)),
        (primitive("mod", 2), (INT, INT)),
        (primitive("car", 1), (NUMBERS,)),
        (primitive("length", 1), (NUMBERS,)),
        (primitive("index", 2), (INT, NUMBERS)),
        (primitive("if", 3), (BOOL, INT, INT)),
        (primitive("count", 2), (arrow(INT, BOOL), NUMBERS)),
        (primitive("fold", 3), (NUMBERS, INT, arrow(INT, INT, INT))),
        (MINUS, (INT, INT)),
        (CONSTANT, (INT,)),
        (TAIL_SUM, (NUMBERS, INT)),
        (TWICE, (UNARY, INT)),
        (CHOSEN, (INT,)),
    ],
    BOOL: [
        (primitive("is-even", 1), (INT,)),
        (primitive("gt?", 2), (INT, INT)),
        (primitive("empty?", 1), (NUMBERS,)),
        (primitive("not", 1), (BOOL,)),
        (primitive("and", 2), (BOOL, BOOL)),
        (primitive("or", 2), (BOOL, BOOL)),
        (primitive("if", 3), (BOOL, BOOL, BOOL)),
    ],
    NUMBERS: [
        (primitive("cons", 2), (INT, NUMBERS)),
        (primitive("cdr", 1), (NUMBERS,)),
        (primitive("reverse", 1), (NUMBERS,)),
        (primitive("take", 2), (INT, NUMBERS)),
        (primitive("if", 3), (BOOL, NUMBERS, NUMBERS)),
        (primitive("map", 2), (UNARY, NUMBERS)),
        (primitive("filter", 2), (arrow(INT, BOOL), NUMBERS)),
        (primitive("zip-with", 3), (arrow(INT, INT, INT), NUMBERS, NUMBERS)),
        (primitive("scanl1", 2), (arrow(INT, INT, INT), NUMBERS)),
        (EACH, (UNARY, NUMBERS)),
        (TWICE, (arrow(NUMBERS, NUMBERS), NUMBERS)),
    ],
}


def random_term(rng: random.Random, wanted: Type, scope: tuple[Type, ...], fuel: int) -> Term:
    """A term of a wanted type; ``scope[0]`` is the type of ``$0``."""
    if wanted.is_function:
        return random_function(rng, wanted, scope, fuel)
    if fuel > 0 and rng.random() < 0.85:
        if rng.random() < 0.2:
            return random_redex(rng, wanted, scope, fuel - 1)
        head, parameters = rng.choice(APPLICATIONS[wanted])
        return Application(head, random_arguments(rng, parameters, scope, fuel))
    leaves: list[Term] = [Variable(i) for i, type_ in enumerate(scope) if type_ is wanted]
    leaves += {INT: [Literal(rng.randint(-2, 4), INT)], BOOL: [Literal(rng.random() < 0.5, BOOL)]}.get(wanted, [])
    return rng.choice(leaves or [Application(primitive("empty", 0))])


def random_arguments(rng: random.Random, types: Sequence[Type], scope: tuple[Type, ...], fuel: int) -> tuple[Term, ...]:
    return tuple(random_term(rng, type_, scope, fuel - rng.randint(1, 3)) for type_ in types)


def random_function(rng: random.Random, wanted: Type, scope: tuple[Type, ...], fuel: int) -> Term:
    variables = [Variable(i) for i, type_ in enumerate(scope) if type_ is wanted]
    kind = rng.random()
    if variables and kind < 0.3:
        return rng.choice(variables)
    if kind < 0.1 and fuel > 1 and len(wanted.parameters) == 1:
        return random_redex(rng, wanted, scope, fuel - 1)
    inner = scope
    for parameter in wanted.parameters:
        inner = (parameter, *inner)
    return abstract(random_term(rng, wanted.result, inner, fuel - 1), len(wanted.parameters))


def random_redex(rng: random.Random, wanted: Type, scope: tuple[Type, ...], fuel: int) -> Term:
    """A λ applied to arguments of any types, functions among them, or a parameter function applied."""
    functions = [i for i, t in enumerate(scope) if t.is_function and t.result is wanted]
    if functions and rng.random() < 0.6:
        index = rng.choice(functions)
        return Application(Variable(index), random_arguments(rng, scope[index].parameters, scope, fuel))
    parameters = [rng.choice([INT, BOOL, NUMBERS, UNARY, INT]) for _ in range(rng.randint(1, 2))]
    inner = scope
    for parameter in parameters:
        inner = (parameter, *inner)
    body = random_term(rng, wanted, inner, fuel - 1)
    arguments = random_arguments(rng, parameters, scope, fuel)
    if len(arguments) == 2 and rng.random() < 0.3:
        return Application(Application(abstract(body, 2), arguments[:1]), arguments[1:])
    return Application(abstract(body, len(arguments)), arguments)


def drawn_term(seed: int) -> tuple[Term, Type]:
    rng = random.Random(seed)
    wanted = rng.choice([INT, BOOL, NUMBERS])
    return random_term(rng, wanted, SCOPE, rng.randint(2, 8)), wanted


drawn = st.integers(0, 10**9).map(drawn_term)


# A small evaluator: by need for λs and definitions, by value for primitives, without any limit


class Undefined(Exception):
    """⊥."""


Delayed: TypeAlias = Callable[[], Any]


def meaning(term: Term, scope: tuple[Delayed, ...]) -> Any:
    if isinstance(term, Variable):
        return scope[term.index]()
    if isinstance(term, Literal):
        return term.value
    if isinstance(term, Lambda):
        return lambda argument: meaning(term.body, (argument, *scope))
    assert isinstance(term, Application)
    arguments = [delayed(argument, scope) for argument in term.arguments]
    if not isinstance(term.head, Operator):
        return functools.reduce(lambda function, argument: function(argument), arguments, meaning(term.head, scope))
    if term.head.definition is not None:
        return functools.reduce(
            lambda function, argument: function(argument), arguments, meaning(term.head.definition, ())
        )
    if term.head.name in LAZY:
        return LAZY[term.head.name](*arguments)
    return STRICT[term.head.name](*[argument() for argument in arguments])


def delayed(term: Term, scope: tuple[Delayed, ...]) -> Delayed:
    return functools.cache(lambda: meaning(term, scope))


def call(function: Any, *values: Any) -> Any:
    for value in values:
        function = function(lambda value=value: value)
    return function


def defined(condition: bool) -> None:
    if not condition:
        raise Undefined


def remainder(a: int, b: int) -> int:
    defined(b != 0)
    return a % abs(b)


def element(i: int, xs: tuple[int, ...]) -> int:
    defined(-len(xs) <= i < len(xs))
    return xs[i]


def rest(xs: tuple[int, ...]) -> tuple[int, ...]:
    defined(xs != ())
    return xs[1:]


def fold(xs: tuple[int, ...], start: Any, function: Any) -> Any:
    return start if not xs else call(function, xs[0], fold(xs[1:], start, function))


def scan(function: Any, xs: tuple[int, ...]) -> tuple[int, ...]:
    found = xs[:1]
    for x in xs[1:]:
        found = (*found, call(function, found[-1], x))
    return found


LAZY: dict[str, Callable[..., Any]] = {
    "if": lambda test, then, other: then() if test() else other(),
    "and": lambda a, b: a() and b(),
    "or": lambda a, b: a() or b(),
}
STRICT: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "mod": remainder,
    "gt?": lambda a, b: a > b,
    "is-even": lambda a: a % 2 == 0,
    "not": lambda a: not a,
    "empty": lambda: (),
    "empty?": lambda xs: xs == (),
    "cons": lambda x, xs: (x, *xs),
    "car": lambda xs: element(0, xs),
    "cdr": rest,
    "index": element,
    "length": len,
    "sum": sum,
    "reverse": lambda xs: xs[::-1],
    "take": lambda n, xs: xs[:n],
    "map": lambda f, xs: tuple(call(f, x) for x in xs),
    "filter": lambda f, xs: tuple(x for x in xs if call(f, x)),
    "count": lambda f, xs: len([x for x in xs if call(f, x)]),
    "zip-with": lambda f, xs, ys: tuple(call(f, x, y) for x, y in zip(xs, ys, strict=False)),
    "scanl1": scan,
    "fold": fold,
}


def reference(term: Term, inputs: Sequence[Value]) -> Any:
    try:
        return meaning(term, tuple(lambda value=value: value for value in reversed(inputs)))  # type: ignore[misc]
    except Undefined:
        return BOTTOM


# What agrees


def one_by_one(term: Term) -> list[Cell]:
    found: list[Cell] = []
    for inputs in INPUTS:
        try:
            found.append(evaluate(abstract(term, len(inputs)), inputs, LISTS))
        except LimitExceeded:
            found.append(EXHAUSTED)
    return found


def in_a_function(term: Term) -> list[Cell]:
    singleton = parse_term("(cons 0 empty)", LISTS.operator)
    mapped = Application(primitive("map", 2), (Lambda(shift(term, 1)), singleton))
    return [cell[0] if isinstance(cell, tuple) else cell for cell in Evaluation(LISTS, INPUTS).column(mapped)]


@example(drawn_term(133175))
@given(drawn)
@settings(max_examples=1500, deadline=None)
def test_columns_programs_and_functions_agree_with_a_small_evaluator(pair: tuple[Term, Type]) -> None:
    term, _ = pair
    column = Evaluation(LISTS, INPUTS).column(term)
    assert column == one_by_one(term)
    for cell, inside, inputs in zip(column, in_a_function(term), INPUTS, strict=True):
        if EXHAUSTED not in (cell, inside):
            wanted = reference(term, inputs)
            assert cell == wanted
            assert inside == wanted


@given(drawn)
@settings(max_examples=600, deadline=None)
def test_the_normal_form_has_the_same_type_and_value(pair: tuple[Term, Type]) -> None:
    term, wanted = pair
    normal = beta_normal(term)
    assert beta_normal(normal) is normal
    assert not any(isinstance(t, Application) and isinstance(t.head, Lambda) for t in postorder([normal]))
    assert has_instance(infer(term, SCOPE), wanted)
    assert has_instance(infer(normal, SCOPE), wanted)
    before, after = (Evaluation(LISTS, INPUTS).column(t) for t in (term, normal))
    assert all(a == b for a, b in zip(before, after, strict=True) if EXHAUSTED not in (a, b))


@given(drawn)
@settings(max_examples=600, deadline=None)
def test_a_term_means_what_it_expands_to(pair: tuple[Term, Type]) -> None:
    term, wanted = pair
    expanded = beta_normal(term, expand=True)
    assert beta_normal(expanded, expand=True) is expanded
    assert all(operator.definition is None for operator in operators(expanded))
    assert has_instance(infer(expanded, SCOPE), wanted)
    before, after = (Evaluation(LISTS, INPUTS).column(t) for t in (term, expanded))
    for cell, other in zip(before, after, strict=True):
        assert cell == other or EXHAUSTED in (cell, other)


@given(st.lists(drawn, min_size=2, max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_a_column_does_not_depend_on_what_was_evaluated_before(
    pairs: list[tuple[Term, Type]], rng: random.Random
) -> None:
    terms = [term for term, _ in pairs]
    alone = {term: list(Evaluation(LISTS, INPUTS).column(term)) for term in terms}
    shared = Evaluation(LISTS, INPUTS)
    for term in rng.sample(terms, len(terms)) + terms:
        assert shared.column(term) == alone[term]
    assert {term: shared.column(term) for term in terms} == alone


@given(drawn)
@settings(max_examples=100, deadline=None)
def test_a_term_with_definitions_is_read_as_itself(pair: tuple[Term, Type]) -> None:
    term, _ = pair
    named = {(operator.name, operator.arity): operator for operator in operators(term)}
    assert parse_term(to_sexpr(term), lambda name, arity: named.get((name, arity))) is term
