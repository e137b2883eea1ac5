"""Specifications: what makes two of them the same, what kind of question they are, and what contradicts itself."""

import dataclasses
import itertools
import pickle
import typing
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from dsl import spec as spec_module
from dsl.domain import load_domain
from dsl.errors import TypeMismatch
from dsl.grammar import Grammar, Nonterminal, nonterminal_symbol
from dsl.printing import parse_term
from dsl.rules import from_rules
from dsl.source import Location
from dsl.spec import (
    Budget,
    Classification,
    Constraint,
    Example,
    Function,
    HeldOut,
    Hints,
    Invariant,
    Macro,
    Problem,
    Spec,
    Task,
    classify,
    contradictions,
    expand_calls,
    task_from_examples,
)
from dsl.terms import FUNCTION, MACRO, Application, Literal, Operator, Term, Variable, abstract
from dsl.types import BOOL, INT, STRING, Type, arrow, bit_vector, list_of, parse_type
from dsl.values import Value

INTEGERS = load_domain("integers")
UNARY, BINARY = parse_type("int -> int"), parse_type("int -> int -> int")
F = Operator("f", UNARY, FUNCTION)
G = Operator("g", BINARY, FUNCTION)
BASE = Function("f", (("x", INT),), INT)
PAIR = Function("g", (("x", INT), ("y", INT)), INT)


def macro(name: str, type_: str, body: Term) -> Operator:
    scheme = parse_type(type_)
    return Operator(name, scheme, MACRO, abstract(body, len(scheme.parameters)))


CALLING = macro("calling", "int -> int", Application(F, (Variable(0),)))
CALLING_INDIRECTLY = macro("indirectly", "int -> int", Application(CALLING, (Variable(0),)))
CALLING_ONE = macro("one", "int -> int", Application(F, (Literal(1, INT),)))
PLAIN = macro("plain", "int -> int", Variable(0))
NEGATIVE = macro("negative", "int -> bool", Literal(True, BOOL))
NAMED: dict[tuple[str, int], Operator] = {
    (operator.name, operator.arity): operator
    for operator in (F, G, CALLING, CALLING_INDIRECTLY, CALLING_ONE, PLAIN, NEGATIVE)
}


def read(text: str, domain: str = "integers") -> Term:
    return parse_term(text, lambda name, arity: NAMED.get((name, arity)) or load_domain(domain).operator(name, arity))


def conditions(*texts: str) -> tuple[Constraint, ...]:
    return tuple(Constraint(read(text)) for text in texts)


def asking(
    *texts: str, variables: Sequence[tuple[str, Type]] = (("x", INT), ("y", INT)), assume: Sequence[str] = ()
) -> Spec:
    """A spec of constraints over `variables`, in which the last one is ``$0``."""
    return Spec(
        (BASE, PAIR),
        "integers",
        variables=tuple(variables),
        constraints=conditions(*texts),
        assumptions=conditions(*assume),
    )


def showing(*pairs: tuple[tuple[Value, ...], Value], function: str = "f") -> Spec:
    return Spec((BASE,), "integers", examples=tuple(Example(function, inputs, output) for inputs, output in pairs))


# Identity: what does not count


def test_names_of_parameters_and_places_do_not_count() -> None:
    place = Location(Path("a.sl"), 3, 4)
    renamed = Function("f", (("other", INT),), INT, location=place)
    one = showing(((1,), 2))
    other = replace(
        one,
        functions=(renamed,),
        examples=(Example("f", (1,), 2, place),),
        budget=Budget(cpu_seconds=3),
        dialect="csv",
        problems=(Problem("no-domain", "none"),),
        source="; a comment",
    )
    assert one.identity == other.identity


def test_names_and_order_of_variables_do_not_count() -> None:
    specs = [
        asking("(= (f $1) (+ $0 $1))", variables=[("x", INT), ("y", INT)]),
        asking("(= (f $1) (+ $0 $1))", variables=[("y", INT), ("x", INT)]),
        asking("(= (f $0) (+ $1 $0))"),
        asking("(= (f $0) (+ $2 $0))", variables=[("unused", INT), ("unused as well", INT), ("a", INT)][::-1]),
    ]
    assert len({spec.identity for spec in specs}) == 1


def test_order_and_repetition_of_constraints_examples_and_functions_do_not_count() -> None:
    one = replace(asking("(< (f $0) $1)", "(> (f $0) 0)"), examples=(Example("f", (1,), 2), Example("f", (2,), 3)))
    other = replace(
        asking("(> (f $1) 0)", "(< (f $0) $1)", "(> (f $0) 0)"),
        functions=(PAIR, BASE),
        examples=(Example("f", (2,), 3), Example("f", (1,), 2), Example("f", (2,), 3)),
    )
    assert one.identity == other.identity


@pytest.mark.parametrize("constraint", ["(= (g $2 $1) $0)", "(= (f $0) 1)", "(= (g $0 $1) 1)"])
def test_order_of_assumptions_does_not_count(constraint: str) -> None:
    assumptions = ["(> $2 0)", "(> $1 0)", "(> $0 0)", "(< $1 $2)", "(> $1 0)"]
    variables = [(name, INT) for name in "xyz"]
    identities = {
        asking(constraint, variables=variables, assume=order).identity for order in itertools.permutations(assumptions)
    }
    assert len(identities) == 1


def test_names_of_variables_do_not_count_under_assumptions() -> None:
    one = asking("(= (f $0) $1)", assume=["(> $0 0)"])
    swapped = asking("(= (f $1) $0)", assume=["(> $1 0)"])
    other = asking("(= (f $0) $1)", assume=["(> $1 0)"])
    assert one.identity == swapped.identity != other.identity


def test_names_of_macros_do_not_count() -> None:
    named = {name: macro(name, "int -> int", read("(+ $0 1)")) for name in ("m", "successor")}
    one, other = (
        replace(asking(), constraints=(Constraint(Application(m, (Variable(0),))),), macros=(Macro(m, ("x",)),))
        for m in named.values()
    )
    assert one.identity == other.identity


def test_names_of_nonterminals_do_not_count() -> None:
    one, other, larger = (with_grammar(name, extra) for name, extra in (("S", ()), ("Start", ()), ("S", ("(f 1)",))))
    assert one.identity == other.identity != larger.identity


def with_grammar(name: str, extra: Sequence[str]) -> Spec:
    start = Nonterminal(INT, (INT,), name)
    rules = [Variable(0), Literal(1, INT), Application(plus(), (nonterminal_symbol(start),) * 2), *map(read, extra)]
    grammar: Grammar = from_rules(start, {start: rules})
    return Spec((replace(BASE, grammar=grammar),), "integers", examples=(Example("f", (1,), 2),))


def plus() -> Operator:
    found = INTEGERS.operator("+", 2)
    assert found is not None
    return found


def test_lambdas_in_constraints_bind_their_own_variables() -> None:
    text = "(= (f ${}) (length (map (lambda (+ $0 ${})) (range ${}))))"
    one, other = (
        replace(asking(), domain="lists", constraints=(Constraint(read(text.format(x, y + 1, y), "lists")),))
        for x, y in ((0, 1), (1, 0))
    )
    different = replace(one, constraints=(Constraint(read(text.format(0, 1, 1), "lists")),))
    assert one.identity == other.identity != different.identity


# Identity: what counts


def test_everything_else_counts() -> None:
    specs = [
        showing(((1,), 2)),
        showing(((1,), 3)),
        showing(((2,), 2)),
        showing(((1,), 2), ((2,), 3)),
        showing(((1,), 2), function="h"),
        replace(showing(((1,), 2)), functions=(replace(BASE, name="h"),)),
        replace(showing(((1,), 2)), functions=(replace(BASE, result=BOOL),)),
        replace(showing(((1,), 2)), functions=(replace(BASE, parameters=(("x", bit_vector(8)),)),)),
        replace(showing(((1,), 2)), functions=(BASE, PAIR)),
        replace(showing(((1,), 2)), domain="lists"),
        replace(showing(((1,), 2)), logic="LIA"),
        replace(showing(((1,), 2)), constants=(Literal(5, INT),)),
        replace(showing(((1,), 2)), constants=(Literal("5", STRING),)),
        replace(showing(((1,), 2)), hints=Hints(maximum_size=5)),
        showing(((True,), 2)),
        showing(((1.0,), 2)),
        showing((("1",), 2)),
        showing((((1,),), 2)),
        showing(((1,), True)),
        showing(),
        with_grammar("S", ()),
        with_grammar("S", ("2",)),
        asking("(= (f $0) $0)"),
        asking("(= $0 (f $0))"),
        asking("(= (f $0) $1)"),
        asking("(= (f $0) $0)", variables=[("x", INT), ("y", BOOL)]),
        asking("(= (f $0) $0)", assume=["(> $0 0)"]),
        asking("(= (f $0) $0)", assume=["(> $1 0)"]),
        asking("(= (f $0) $0)", "(> $0 0)"),
        asking("(= (plain $0) $0)"),
        invariant("(> $0 0)", "(> $0 0)"),
        invariant("(> $0 0)", "(> $0 1)"),
        invariant("(> $0 1)", "(> $0 0)"),
    ]
    assert len({spec.identity for spec in specs}) == len(specs)


def invariant(before: str, after: str) -> Spec:
    pre, post = (macro(name, "int -> bool", read(text)) for name, text in (("pre", before), ("post", after)))
    trans = macro("trans", "int -> int -> bool", read("(= $0 (+ $1 1))"))
    functions = (Function("inv", (("x", INT),), BOOL),)
    return Spec(functions, "integers", invariant=Invariant("inv", pre, trans, post), logic="LIA")


def test_the_width_of_an_operator_counts_where_no_variable_tells_it() -> None:
    widths = (
        Spec((BASE,), "bitvectors", constraints=(Constraint(read(f"(= (bvadd@{w} {o} {o}) {o})", "bitvectors")),))
        for w, o in ((8, "#x00"), (16, "#x0000"))
    )
    assert len({spec.identity for spec in widths}) == 2


# Classification


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("(= (f $0) $1)", Classification.SINGLE_INVOCATION),
        ("(and (< (f $0) $1) (> (f $0) $0))", Classification.SINGLE_INVOCATION),
        ("(= (f (+ $0 1)) (f (+ $0 1)))", Classification.SINGLE_INVOCATION),
        ("(= (g $0 $1) (+ (g $0 $1) 0))", Classification.SINGLE_INVOCATION),
        ("(= $0 $1)", Classification.SINGLE_INVOCATION),
        ("(= (f $0) (f $1))", Classification.MULTI_INVOCATION),
        ("(= (g $0 $1) (g $1 $0))", Classification.MULTI_INVOCATION),
        ("(= (f (f $0)) $0)", Classification.MULTI_INVOCATION),
        ("(= (f $0) (g $0 $1))", Classification.MULTI_INVOCATION),
        ("(= (g (f $0) 1) $0)", Classification.MULTI_INVOCATION),
        ("(= (calling $0) (f $0))", Classification.SINGLE_INVOCATION),
        ("(= (calling $0) (f $1))", Classification.MULTI_INVOCATION),
        ("(= (indirectly $0) (calling $0))", Classification.SINGLE_INVOCATION),
        ("(= (indirectly $0) (calling $1))", Classification.MULTI_INVOCATION),
        ("(= (calling (calling $0)) $0)", Classification.MULTI_INVOCATION),
        ("(= (calling (f $0)) $0)", Classification.MULTI_INVOCATION),
        ("(= (one $0) (one $1))", Classification.SINGLE_INVOCATION),
        ("(= (plain (f $0)) (f (plain $0)))", Classification.MULTI_INVOCATION),
        ("(= (plain (f $0)) (f $0))", Classification.SINGLE_INVOCATION),
    ],
)
def test_a_constraint_is_classified_by_the_calls_in_it(text: str, kind: Classification) -> None:
    assert classify(asking(text)) is kind


def test_different_calls_in_different_constraints_are_single_invocations() -> None:
    assert classify(asking("(= (f $0) $1)", "(< (f $1) 3)")) is Classification.SINGLE_INVOCATION
    assert classify(asking("(= (f $0) $1)", "(= (f $0) (f $1))")) is Classification.MULTI_INVOCATION


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("(= (f $0) (length (map (lambda (f $1)) (range 3))))", Classification.SINGLE_INVOCATION),
        ("(= (f $0) (length (map (lambda (f $0)) (range 3))))", Classification.MULTI_INVOCATION),
        ("(= 1 (length (map (lambda (f $0)) (range 3))))", Classification.MULTI_INVOCATION),
    ],
)
def test_a_call_with_the_variable_of_a_lambda_is_many_calls(text: str, kind: Classification) -> None:
    assert classify(replace(asking(), constraints=(Constraint(read(text, "lists")),))) is kind


def test_specs_without_constraints_are_examples() -> None:
    assert classify(showing(((1,), 2))) is Classification.EXAMPLES
    assert classify(Spec((BASE,), "integers")) is Classification.SINGLE_INVOCATION
    assert classify(invariant("true", "true")) is Classification.INVARIANT


def test_only_macros_that_call_an_unknown_function_are_expanded() -> None:
    assert expand_calls(read("(= (plain $0) $0)")) is read("(= (plain $0) $0)")
    assert expand_calls(read("(= (indirectly (plain $1)) $0)")) is read("(= (f (plain $1)) $0)")


def test_a_constraint_of_deep_macros_and_deep_terms_is_classified() -> None:
    deep, operator = Application(F, (Variable(0),)), CALLING
    for _ in range(5_000):
        deep = Application(plus(), (deep, Variable(0)))
        operator = macro("m", "int -> int", Application(operator, (Variable(0),)))
    term = Application(plus(), (deep, Application(operator, (Variable(0),))))
    assert classify(replace(asking(), constraints=(Constraint(term),))) is Classification.SINGLE_INVOCATION
    assert len(replace(asking(), constraints=(Constraint(term),)).identity) == 32


# Contradictions


def example(inputs: tuple[Value, ...], output: Value, line: int | None = None, function: str = "f") -> Example:
    return Example(function, inputs, output, None if line is None else Location(Path("a.sl"), line, 1))


@pytest.mark.parametrize(
    ("examples", "count"),
    [
        ([example((1,), 2), example((2,), 2)], 0),
        ([example((1,), 2), example((1,), 2)], 0),
        ([example((1,), 2), example((1,), 3)], 1),
        ([example((1,), 2), example((1,), 3), example((1,), 2), example((1,), 4)], 2),
        ([example((1,), 2), example((True,), 3), example((1.0,), 4), example(("1",), 5)], 0),
        ([example((0,), 1), example((0,), True)], 1),
        ([example((1, 2), 3), example((2, 1), 4), example((1, 2), 3)], 0),
        ([example((1, 2), 3), example((1, 2), 4)], 1),
        ([example((1,), 2), example((1,), 3, function="g")], 0),
        ([example(((1,),), 2), example(((True,),), 3)], 0),
        ([example(((1, ()),), ()), example(((1, ()),), ((),))], 1),
        ([example((), 1), example((), 2)], 1),
    ],
)
def test_examples_contradict_each_other_if_one_input_has_two_outputs(examples: list[Example], count: int) -> None:
    found = contradictions(examples)
    assert len(found) == count
    assert all(problem.kind == "contradictory-examples" for problem in found)


def test_a_contradiction_names_both_outputs_and_both_lines() -> None:
    (problem,) = contradictions(
        [example(("a", (1,)), "x", 3), example(("b", ()), "x", 4), example(("a", (1,)), "y", 7)]
    )
    assert problem.message == "f('a', [1]) should be 'x' (line 3) and 'y' (line 7)"
    assert [place.line for place in problem.locations] == [3, 7]
    (silent,) = contradictions([example((1,), 2), example((1,), 3)])
    assert (silent.message, silent.locations) == ("f(1) should be 2 and 3", ())


def test_a_contradiction_of_huge_values_stays_short() -> None:
    (problem,) = contradictions([example(("x" * 10_000,), 10**5_000), example(("x" * 10_000,), 1)])
    assert len(problem.message) < 200
    assert "an integer of 16610 bits" in problem.message


# Held-out examples, tasks and the small parts


def test_a_spec_has_no_field_that_could_hold_held_out_examples() -> None:
    hints = typing.get_type_hints(Spec, vars(spec_module) | {"Grammar": Grammar})
    seen: set[object] = set()
    waiting: list[object] = list(hints.values())
    while waiting:
        annotation = waiting.pop()
        if annotation in seen:
            continue
        seen.add(annotation)
        waiting += typing.get_args(annotation)
        if (
            isinstance(annotation, type)
            and annotation.__module__ == "dsl.spec"
            and dataclasses.is_dataclass(annotation)
        ):
            waiting += typing.get_type_hints(annotation, vars(spec_module) | {"Grammar": Grammar}).values()
    assert Example in seen
    assert not {HeldOut, Task} & seen
    assert [field.name for field in dataclasses.fields(Spec) if "held" in field.name] == []


def test_a_spec_cannot_be_given_another_field() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        showing().held_out = ()  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        Spec((), None, held_out=())  # type: ignore[call-arg]


def test_a_task_keeps_its_held_out_examples_beside_the_spec() -> None:
    task = task_from_examples("double", [((1,), 2)], [((2,), 4), ((3,), 6)], domain="integers")
    assert [e.output for e in task.held_out.examples] == [4, 6]
    assert [e.output for e in task.spec.examples] == [2]
    assert task.spec.identity == task_from_examples("other", [((1,), 2)], domain="integers").spec.identity
    assert (task.split, task.spec.functions[0].signature) == ("train", "f(x0: int) -> int")


@pytest.mark.parametrize(
    ("examples", "type_"),
    [
        ([(([1, 2], "a"), True)], "list(int) -> str -> bool"),
        ([(([],), 1), (([[]],), 2)], "list(list(int)) -> int"),
        ([((), 5)], "int"),
        ([((1,), 1), ((2,), 0.5)], "int -> real"),
        ([((True,), [])], "bool -> list(int)"),
    ],
)
def test_the_type_of_a_task_is_inferred(examples: list[tuple[list[object], object]], type_: str) -> None:
    task = task_from_examples("t", examples, domain=None)
    assert task.spec.functions[0].type is parse_type(type_)


@pytest.mark.parametrize(
    ("examples", "type_", "complaint"),
    [
        ([], None, "task 't' has no example"),
        ([((1,), 2), ((1, 2), 3)], None, "examples have 1, 2 inputs; one number is right"),
        ([((1,), 2), (("a",), 3)], None, "'a' is a str, but earlier values are int"),
        ([((1,), 2)], "int -> int -> int", "1 inputs (1,) do not fit int -> int -> int"),
        ([((True,), 2)], "int -> int", "True is not of type int"),
        ([((1,), 2)], "int -> bool", "2 is not of type bool"),
    ],
)
def test_examples_that_do_not_fit_are_refused(
    examples: list[tuple[tuple[object, ...], object]], type_: str | None, complaint: str
) -> None:
    with pytest.raises(TypeMismatch) as caught:
        task_from_examples("t", examples, type_=None if type_ is None else parse_type(type_), domain=None)
    assert complaint in str(caught.value)


def test_held_out_examples_must_fit_too() -> None:
    with pytest.raises(TypeMismatch, match="'a' is a str, but earlier values are int"):
        task_from_examples("t", [((1,), 2)], [((1,), "a")], domain=None)


def test_contradictory_examples_of_a_task_are_a_problem_of_its_spec() -> None:
    task = task_from_examples("t", [((1,), 2), ((1,), 3)], domain=None)
    assert [problem.kind for problem in task.spec.problems] == ["contradictory-examples"]


def test_a_function_knows_its_type_and_symbol() -> None:
    assert PAIR.type is arrow(INT, INT, INT)
    assert PAIR.operator is G
    assert PAIR.signature == "g(x: int, y: int) -> int"
    assert asking().function("g") is PAIR
    with pytest.raises(KeyError):
        asking().function("h")
    assert Function("list", (), list_of(INT)).type is list_of(INT)


def test_a_spec_survives_pickling() -> None:
    for spec in (
        showing(((1, (2,)), "x")),
        asking("(= (calling $0) $1)", assume=["(> $0 0)"]),
        invariant("true", "false"),
    ):
        copied = pickle.loads(pickle.dumps(spec))
        assert copied == spec
        assert copied.identity == spec.identity
