"""The schema of native specifications: what each key means, and where each mistake is shown."""

from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.errors import SpecError
from dsl.evaluate import evaluate
from dsl.native.positions import parse_json, parse_toml
from dsl.native.reader import Setting, read_document
from dsl.source import Source
from dsl.spec import Budget, Classification, Hints, Spec, Task
from dsl.specfile import read_tasks
from dsl.terms import abstract
from dsl.types import parse_type

FIXTURES = Path(__file__).parents[1] / "fixtures"
ONE = 'examples = [[["Ada"], "A"]]\n'
TWO_INTS = 'signature = "f(x: int, y: int) -> int"\n'


def tasks_of(text: str, setting: Setting | None = None) -> tuple[Task, ...]:
    json = text.lstrip().startswith("{")
    source = Source(text, Path("spec.json" if json else "spec.toml"))
    return read_document((parse_json if json else parse_toml)(source), setting or Setting("spec"))


def spec_of(text: str) -> Spec:
    (task,) = tasks_of(text)
    return task.spec


def error_of(text: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        tasks_of(text)
    return caught.value


def signature_of(text: str) -> str:
    return spec_of(text).functions[0].signature


def pairs_of(spec: Spec) -> list[tuple[object, object]]:
    return [(example.inputs, example.output) for example in spec.examples]


def test_a_task_can_say_everything_at_once() -> None:
    (task,) = read_tasks(FIXTURES / "complete.toml")
    spec = task.spec
    assert (task.name, task.split) == ("clamp", "train")
    assert spec.functions[0].signature == "clamp(x: int, low: int, high: int) -> int"
    assert pairs_of(spec) == [((5, 1, 9), 5), ((-3, 1, 9), 1), ((12, 1, 9), 9)]
    assert spec.variables == tuple((name, parse_type("int")) for name in ("x", "low", "high", "a", "b"))
    assert [str(c.term) for c in spec.assumptions] == ["(<= $3 $2)"]
    assert [str(c.term) for c in spec.constraints] == [
        "(and (<= $3 (clamp $4 $3 $2)) (<= (clamp $4 $3 $2) $2))",
        "(ite (and (<= $3 $4) (<= $4 $2)) (= (clamp $4 $3 $2) $4) true)",
        "(=> (<= $1 $0) (<= (clamp $1 $3 $2) (clamp $0 $3 $2)))",
    ]
    assert (spec.domain, spec.dialect, spec.logic) == ("integers", "native", None)
    assert spec.classification is Classification.MULTI_INVOCATION
    assert [str(constant) for constant in spec.constants] == ["0", "7"]
    assert spec.hints == Hints(12, 30.5, "shortest", "conditional")
    assert spec.budget == Budget(10.0, 1_000_000)
    assert [(e.inputs, e.output) for e in task.held_out.examples] == [((0, 0, 0), 0)]
    assert spec.problems == ()


def test_a_file_can_hold_many_tasks_that_share_what_stands_beside_them() -> None:
    first, joined = read_tasks(FIXTURES / "tasks.toml")
    assert [task.name for task in (first, joined)] == ["first letter", "joined"]
    assert [task.spec.domain for task in (first, joined)] == ["strings", "strings"]
    assert first.spec.functions[0].signature == "f(x: str) -> str"
    assert joined.spec.functions[0].signature == "f(left: str, right: str) -> str"
    assert len(first.held_out.examples) == 1


def test_json_says_the_same_as_toml() -> None:
    length, negated = read_tasks(FIXTURES / "tasks.json")
    assert pairs_of(length.spec) == [(((1, 2),), 2), (((),), 0)]
    assert negated.spec.functions[0].signature == "f(x: bool) -> bool"
    assert [task.spec.domain for task in (length, negated)] == ["lists", "lists"]


@pytest.mark.parametrize(
    "example",
    [
        '{ inputs = ["a", 1], output = true }',
        "{ inputs = { s = 'a', n = 1 }, output = true }",
        "{ inputs = { n = 1, s = 'a' }, output = true }",
        '[["a", 1], true]',
        "[{ n = 1, s = 'a' }, true]",
    ],
)
def test_an_example_can_be_written_in_several_ways(example: str) -> None:
    spec = spec_of(f'signature = "f(s: str, n: int) -> bool"\nexamples = [{example}]')
    assert pairs_of(spec) == [(("a", 1), True)]


def test_the_only_input_needs_no_array() -> None:
    assert pairs_of(spec_of("examples = [{ input = [1, 2], output = 3 }]")) == [(((1, 2),), 3)]


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("examples = [[[1, 'a'], true]]", "f(x0: int, x1: str) -> bool"),
        ("examples = [[[[]], []], [[[1]], [[true]]]]", "f(x: list(int)) -> list(list(bool))"),
        ("examples = [[[1], 1], [[0.5], 2]]", "f(x: real) -> int"),
        ("examples = [[{ low = 1, high = 2 }, 3]]", "f(low: int, high: int) -> int"),
        ("examples = [[[1, 2], 3]]\nparameters = ['a', 'b']", "f(a: int, b: int) -> int"),
        ("examples = [[[], 3]]", "f() -> int"),
        ("examples = [[[[]], 0]]\nheld_out = [[[[true]], 1]]", "f(x: list(bool)) -> int"),
        ("signature = 'int -> (int)'\nexamples = [[[1], 3]]", "f(x: int) -> int"),
        ("type = 'bv8 -> bv64'\nexamples = [[[1], 3]]", "f(x: bv8) -> bv64"),
        ("signature = ' get ( xs:list(int),i : int )-> int '\nexamples = [[[[1], 0], 1]]", None),
        ("signature = 'now() -> int'\nexamples = [[[], 3]]", "now() -> int"),
        ("signature = 'real -> list(char)'\nexamples = [[[1], 'ab']]", "f(x: real) -> list(char)"),
    ],
)
def test_the_signature_is_stated_or_inferred(text: str, signature: str | None) -> None:
    assert signature_of(text) == (signature or "get(xs: list(int), i: int) -> int")


@pytest.mark.parametrize(
    ("signature", "example", "domain"),
    [
        ("str -> int", "[['a'], 1]", "strings"),
        ("bv8 -> bool", "[[255], true]", "bitvectors"),
        ("list(int) -> int", "[[[1]], 1]", "lists"),
        ("list(char) -> list(char)", "[['ab'], 'a']", "lists"),
        ("int -> bool", "[[1], true]", "integers"),
        ("bool -> bool", "[[true], true]", "integers"),
        ("real -> real", "[[1], 2.5]", None),
        ("str -> bv8", "[['a'], 1]", None),
    ],
)
def test_the_domain_follows_from_the_types(signature: str, example: str, domain: str | None) -> None:
    spec = spec_of(f"signature = '{signature}'\nexamples = [{example}]")
    assert spec.domain == domain
    assert [problem.kind for problem in spec.problems] == ([] if domain else ["no-domain"])


def test_the_domain_of_a_file_that_names_none_can_be_given() -> None:
    (task,) = tasks_of(ONE, Setting("spec", domain="integers"))
    assert (task.spec.domain, task.spec.problems[0].kind) == ("integers", "no-domain")
    assert tasks_of(ONE + "domain = 'strings'", Setting("spec", domain="integers"))[0].spec.domain == "strings"
    with pytest.raises(SpecError, match="there is no domain lits"):
        tasks_of(ONE, Setting("spec", domain="lits"))


def test_a_selection_of_primitives_can_be_the_domain_of_conditions() -> None:
    spec = spec_of(
        'domain = "lists/lambdabeam"\nsignature = "f(x: list(int)) -> list(int)"\n'
        'postconditions = "len(result) == len(x) and not result == [] "'
    )
    assert spec.domain == "lists/lambdabeam"
    assert "(length (f $0))" in str(spec.constraints[0].term)


def test_conditions_hold_of_the_program_that_was_meant() -> None:
    integers = load_domain("integers")
    spec = spec_of(TWO_INTS + 'preconditions = "x > 0"\npostconditions = ["result >= x", "result >= y"]')
    assert spec.classification is Classification.SINGLE_INVOCATION
    (assumption,) = spec.assumptions
    assert evaluate(abstract(assumption.term, 2), (1, -5), integers) is True
    assert evaluate(abstract(assumption.term, 2), (-5, 1), integers) is False


def test_contradictory_examples_are_a_problem_with_both_places() -> None:
    spec = spec_of('examples = [\n [["a"], "b"],\n [["c"], "d"],\n [["a"], "x"],\n [["a"], "b"],\n]')
    (problem,) = spec.problems
    assert problem.kind == "contradictory-examples"
    assert [place.line for place in problem.locations] == [2, 4]
    assert spec.classification is Classification.EXAMPLES


def test_examples_conditions_and_functions_know_their_place() -> None:
    text = f'{TWO_INTS}\npostconditions = [\n  "result > x",\n]\n[[examples]]\ninputs = [1, 2]\noutput = 3\n'
    spec = spec_of(text)
    places = [spec.functions[0].location, spec.constraints[0].location, spec.examples[0].location]
    assert [(place.line, place.column) for place in places if place is not None] == [(1, 13), (4, 3), (6, 1)]


def test_held_out_examples_do_not_reach_the_spec() -> None:
    without = spec_of(ONE)
    (task,) = tasks_of(ONE + 'held_out = [[["Ada"], "different"], [["zzz"], "secret"]]')
    assert task.spec.identity == without.identity
    assert task.spec.problems == ()
    assert "secret" not in repr(task.spec)
    assert "Ada" in str(without.source)


@pytest.mark.parametrize("order", [0, 1])
def test_equal_tasks_are_one_whatever_they_are_called(order: int) -> None:
    texts = ["name = 'a'\nexamples = [[{ n = 1 }, 2]]", "name = 'b'\n[[examples]]\ninputs = [1]\noutput = 2"]
    assert spec_of(texts[order]).identity == spec_of(texts[1 - order]).identity


def test_constants_have_the_type_of_their_value_or_of_the_bit_vectors() -> None:
    spec = spec_of(
        "signature = 'bv16 -> bv16'\nconstants = [1, 0xff, { value = 1, type = 'bv8' }, 1]\nexamples = [[[1], 1]]"
    )
    assert [str(constant) for constant in spec.constants] == ["#x0001", "#x00ff", "#x01"]
    assert [str(c) for c in spec_of("constants = [[1], ',']\nexamples = [[[[1]], 1]]").constants] == [
        "(cons 1 empty)",
        '","',
    ]


def test_dreamcoder_files_are_known_by_their_shape() -> None:
    add, greet, speed, untyped = read_tasks(FIXTURES / "dreamcoder.json")
    assert {task.spec.dialect for task in (add, greet, speed, untyped)} == {"dreamcoder"}
    assert [task.spec.domain for task in (add, greet, untyped)] == ["lists/dreamcoder"] * 3
    assert pairs_of(greet.spec) == [((("A", "l"),), tuple("Hi Al")), ((("B", "o"),), tuple("Hi Bo"))]
    assert [str(constant) for constant in greet.spec.constants] == [
        '(cons (char "H") (cons (char "i") (cons (char " ") empty)))'
    ]
    assert (speed.spec.domain, speed.spec.problems[0].kind) == (None, "no-domain")
    assert pairs_of(speed.spec) == [((1.0, 2.0), 0.5)]
    assert untyped.spec.functions[0].signature == "f(x0: int, x1: list(bool)) -> list(bool)"
    assert add.split is None


def test_lambdabeam_files_are_known_by_their_shape() -> None:
    take, _ = read_tasks(FIXTURES / "lambdabeam.json")
    assert take.spec.dialect == "lambdabeam"
    assert take.spec.domain == "lists/lambdabeam"
    assert take.spec.functions[0].signature == "f(n: int, x: list(int)) -> list(int)"
    assert pairs_of(take.spec) == [((1, (5, 6)), (5,)), ((2, (7, 8, 9)), (7, 8))]
    assert [(e.inputs, e.output) for e in take.held_out.examples] == [((0, (3,)), ())]
    assert take.split is None


def test_held_out_values_decide_a_type_that_the_examples_leave_open() -> None:
    _, nothing = read_tasks(FIXTURES / "lambdabeam.json")
    assert nothing.spec.functions[0].signature == "f(x: list(bool)) -> list(bool)"


def test_a_spec_can_name_a_table() -> None:
    (task,) = read_tasks(FIXTURES / "orders.toml")
    assert task.spec.functions[0].signature == (
        "total(Order_no: str, item: str, price: int, amount: int, paid: bool) -> int"
    )
    assert pairs_of(task.spec)[1] == (("012", 'a "big" box', 10, 1, False), 10)
    assert [problem.kind for problem in task.spec.problems] == ["rows-without-output", "renamed-columns"]
    assert [place.line for place in task.spec.problems[0].locations] == [5]
    assert str(task.spec.constraints[0].term) == "(>= (total $4 $3 $2 $1 $0) 0)"
    assert task.held_out.examples[0].inputs == ("022", "mug", 3, 3, True)


def test_the_cells_of_a_table_have_the_types_that_are_stated(tmp_path: Path) -> None:
    (tmp_path / "codes.csv").write_text("code,next\n7,8\n9,10\n")
    spec = tmp_path / "codes.toml"
    spec.write_text("signature = 'str -> bv8'\ntable = 'codes.csv'\ncompute = 'next'\n")
    (task,) = read_tasks(spec)
    assert pairs_of(task.spec) == [(("7",), 8), (("9",), 10)]
    assert task.spec.functions[0].signature == "f(code: str) -> bv8"
    spec.write_text("signature = 'bool -> int'\ntable = 'codes.csv'\ncompute = 'next'\n")
    with pytest.raises(SpecError, match=r"codes\.csv:2:1: '7' is not of type bool"):
        read_tasks(spec)


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "suggestion"),
    [
        # The function.
        ("signature = 'string -> str'\n" + ONE, 1, 14, "unknown type `string`", "did you mean `str`?"),
        ("signature = 'f(x: float) -> str'\n" + ONE, 1, 19, "unknown type `float`", "did you mean `real`?"),
        ("signature = 'f(x: str) -> quux'\n" + ONE, 1, 27, "unknown type `quux`", "the types are int, bool"),
        ("signature = 'list(int -> str'\n" + ONE, 1, 14, "expected `)`", None),
        ("signature = 'f(x: str -> str'\n" + ONE, 1, 13, "is no signature", "initials(name: str) -> str"),
        ("signature = 'f(x) -> str'\n" + ONE, 1, 16, "the parameter `x` has no type", "`name: type`"),
        ("signature = 'f(: str) -> str'\n" + ONE, 1, 16, "a parameter has no name", None),
        ("signature = 'f(x y: str) -> str'\n" + ONE, 1, 16, "'x y' is no name of a parameter", "letters"),
        ("signature = '(x: str) -> str'\n" + ONE, 1, 14, "the function has no name", None),
        ("signature = 'f(x: str, x: str) -> str'\n" + ONE, 1, 13, "two things are called `x`", None),
        ("signature = 'f(f: str) -> str'\n" + ONE, 1, 13, "two things are called `f`", None),
        ("signature = 'f(x: str) -> str -> str'\n" + ONE, 1, 13, "no type of a value", None),
        ("signature = 'list(t0) -> str'\n" + ONE, 1, 14, "list(t0) stands for many types", None),
        ("signature = '(int -> int) -> str'\n" + ONE, 1, 14, "int -> int is a type of functions", None),
        ("signature = 3\n" + ONE, 1, 13, "a signature is a text, not 3", None),
        ("signature = 'str -> str'\ntype = 'str -> str'\n" + ONE, 2, 1, "say the same thing", None),
        ("signature = 'bv0 -> str'\n" + ONE, 1, 14, "bit-vector width 0", None),
        ("signature = 'f(x: str) -> str'\nparameters = ['y']\n" + ONE, 2, 1, "names the parameters already", None),
        ("signature = 'str -> str'\nparameters = ['y', 'z']\n" + ONE, 2, 14, "2 names for 1 parameters", None),
        ("parameters = ['y z']\n" + ONE, 1, 16, "'y z' is no name of a parameter", None),
        ("parameters = [1]\n" + ONE, 1, 15, "a name is a text, not 1", None),
        ("parameters = ['f']\n" + ONE, 1, 1, "a parameter is called `f`, like the function", None),
        ("examples = [[{ 'a b' = 1 }, 2]]", 1, 17, "'a b' is no name of a parameter", None),
        ("postconditions = 'True'", 1, 1, "the function needs a signature", "signature = "),
        (f"examples = [[{[1] * 300}, 1]]", 1, 1, "more than 200 parameters", None),
        (f"signature = '{'int -> ' * 300}int'\n" + ONE, 1, 13, "more than 200 parameters", None),
        # Examples.
        ("exampels = []", 1, 1, "unknown key `exampels` in a task", "did you mean `examples`?"),
        ("zzz = 1", 1, 1, "unknown key `zzz` in a task", "known are name, description"),
        ("name = 'x'", 1, 1, "nothing says what the function should do", "give `examples` or `postconditions`"),
        ("examples = []", 1, 12, "nothing says what the function should do", None),
        ("examples = {}", 1, 12, "`examples` is an array, not a table", None),
        ("examples = [1]", 1, 13, "an example is a table of keys and values, not 1", None),
        ("examples = [[1, 2]]", 1, 13, "a short example is an array of two", None),
        ("examples = [[[1], 2, 3]]", 1, 13, "a short example is an array of two", None),
        ("examples = [{ inputs = [1] }]", 1, 13, "this example has no `output`", None),
        ("examples = [{ output = 1 }]", 1, 13, "this example has no `inputs`", "one value for each parameter"),
        ("examples = [{ inputs = [1], input = 1, output = 1 }]", 1, 29, "both `inputs` and `input`", None),
        ("examples = [{ inputs = 'a', output = 1 }]", 1, 24, "`inputs` is an array", "`input = …`"),
        ("examples = [{ inputs = [1], outptu = 1 }]", 1, 29, "unknown key `outptu`", "did you mean `output`?"),
        ("examples = [[[1], 1], [[1, 2], 1]]", 1, 23, "2 inputs, but the function has 1 parameter: x", None),
        (TWO_INTS + "examples = [[[1], 1]]", 2, 13, "1 input, but the function has 2 parameters: x, y", None),
        (TWO_INTS + "examples = [[{ x = 1, z = 2 }, 1]]", 2, 23, "the function has no parameter `z`", None),
        (TWO_INTS + "examples = [[{ x = 1 }, 1]]", 2, 13, "this example has no input `y`", None),
        (TWO_INTS + "examples = [[[1, 'a'], 1]]", 2, 18, "'a' is not of type int", None),
        (TWO_INTS + "examples = [[[1, true], 1]]", 2, 18, "true is not of type int", None),
        (TWO_INTS + "examples = [[[1, 2], 1.0]]", 2, 22, "1.0 is not of type int", None),
        (TWO_INTS + "examples = [[[1, [2]], 1]]", 2, 18, "an array is not of type int", None),
        (TWO_INTS + "held_out = [[[1, 2], 'a']]\nexamples = [[[1, 2], 3]]", 2, 22, "'a' is not of type int", None),
        ("type = 'str -> str'\nexamples = [{ input = ['a'], output = '' }]", 2, 23, "an array is", "`inputs = […]`"),
        ("type = 'list(int) -> int'\nexamples = [[[[1, 'a']], 1]]", 2, 19, "'a' is not of type int", None),
        ("type = 'bv8 -> bv8'\nexamples = [[[255], 256]]", 2, 21, "256 is not of type bv8", "0 to 2^8 - 1"),
        ("type = 'char -> bool'\nexamples = [[['ab'], true]]", 2, 15, "'ab' is not of type char", None),
        ("type = 'str -> str'\nexamples = [[['\U00030000'], '']]", 2, 15, "U+30000 is beyond U+2FFFF", None),
        ("examples = [[[1], 1], [['a'], 1]]", 1, 25, "input x is 'a' here, but of type int", "all examples"),
        ("examples = [[[1], 1], [[2], 'a']]", 1, 29, "the output is 'a' here, but of type int", None),
        ("examples = [[[[1, 'a']], 1]]", 1, 15, "the values in this array have no common type", None),
        ("examples = [[[nan], 1]]", 1, 15, "nan is no value; numbers are finite", None),
        ("examples = [[[-inf], 1]]", 1, 15, "-inf is no value", None),
        ("examples = [[[2020-01-01], 1]]", 1, 15, "a date or time is no value", None),
        ("examples = [[[{}], 1]]", 1, 15, "a table is no value", None),
        ('{"examples": [[[null], 1]]}', 1, 17, "null is no value", None),
        ('{"examples": [[[[1, null]], 1]]}', 1, 21, "null is no value", None),
        ('{"type": "int -> int", "examples": [[[null], 1]]}', 1, 39, "null is not of type int", None),
        # The rest of a task.
        ("name = ''\n" + ONE, 1, 8, "this name is empty", None),
        ("description = 1\n" + ONE, 1, 15, "`description` is a text, not 1", None),
        ("split = 'tets'\n" + ONE, 1, 9, "'tets' is no split; known are train, test", "did you mean `test`?"),
        ("domain = 'sting'\n" + ONE, 1, 10, "there is no domain sting", None),
        ("domain = 'lists/lamda'\n" + ONE, 1, 10, "has no primitive set lamda", None),
        ("domain = ''\n" + ONE, 1, 10, "there is no domain", None),
        ("hints = 1\n" + ONE, 1, 9, "`hints` is a table", None),
        ("hints = { size = 1 }\n" + ONE, 1, 11, "unknown key `size` in `hints`", None),
        ("hints = { style = 'short' }\n" + ONE, 1, 19, "'short' is no style", None),
        ("hints = { algorithm = 'flod' }\n" + ONE, 1, 23, "'flod' is no algorithm", "did you mean `fold`?"),
        ("hints = { maximum_size = 0 }\n" + ONE, 1, 26, "`maximum_size` is a positive integer, not 0", None),
        ("hints = { maximum_size = true }\n" + ONE, 1, 26, "a positive integer, not true", None),
        ("budget = { cpu_seconds = -1 }\n" + ONE, 1, 26, "`cpu_seconds` is a positive number, not -1", None),
        ("budget = { cpu_seconds = inf }\n" + ONE, 1, 26, "a positive number, not inf", None),
        ("budget = { candidates = 1.5 }\n" + ONE, 1, 25, "a positive integer, not 1.5", None),
        ("constants = 1\n" + ONE, 1, 13, "`constants` is an array, not 1", None),
        ("constants = [{ value = 1 }]\n" + ONE, 1, 14, "this constant has no `type`", None),
        ("constants = [{ value = 1, type = 'bv8', x = 1 }]\n" + ONE, 1, 41, "unknown key `x` in a constant", None),
        ("constants = [{ value = 1, type = 'int -> int' }]\n" + ONE, 1, 34, "is no type of a value", None),
        ("constants = [{ value = 'a', type = 'int' }]\n" + ONE, 1, 24, "'a' is not of type int", None),
        ("constants = [[1]]\n" + ONE, 1, 14, "no primitive of the domain strings builds a constant", None),
        ("constants = [1979-05-27]\n" + ONE, 1, 14, "a date or time is no value", None),
        # Conditions.
        (TWO_INTS + "postconditions = []", 2, 18, "`postconditions` is empty", None),
        (TWO_INTS + "postconditions = 1", 2, 18, "`postconditions` is an array, not 1", None),
        (TWO_INTS + "postconditions = [1]", 2, 19, "a condition is a text, not 1", None),
        (TWO_INTS + "postconditions = ['result > zz']", 2, 29, "unknown name `zz`", "x, y, result"),
        (TWO_INTS + "postconditions = 'result'", 2, 19, "a condition is true or false", None),
        (TWO_INTS + 'postconditions = "\\u0078 > zz"', 2, 18, "unknown name `zz`", None),
        (TWO_INTS + 'postconditions = """(x >\n  zz)"""', 3, 3, "unknown name `zz`", None),
        (TWO_INTS + "invariants = 'result > 1'", 2, 15, "unknown name `result`", "a postcondition speaks of"),
        (TWO_INTS + "forall = { a = 'itn' }\nexamples = [[[1, 2], 3]]", 2, 17, "unknown type `itn`", "`int`?"),
        (TWO_INTS + "forall = { x = 'int' }\n" + "examples = [[[1, 2], 3]]", 2, 12, "`x` means something", None),
        (TWO_INTS + "forall = { result = 'int' }\n" + "examples = [[[1, 2], 3]]", 2, 12, "`result` means", None),
        (TWO_INTS + "preconditions = 'f(x, y) > 1'\npostconditions = 'True'", 2, 17, "cannot call the function", None),
        ("signature = 'f(result: int) -> int'\npostconditions = 'result > 1'", 2, 1, "a parameter is called so", None),
        ("type = 'real -> real'\npostconditions = 'result > 1'", 2, 1, "a condition needs a domain", None),
        # Tables.
        ("compute = 'x'\n" + ONE, 1, 1, "`compute` names a column of a `table`, but there is none", None),
        ("table = 'no such.csv'\ncompute = 'x'", 1, 9, "no such.csv: no such file", None),
        # Several tasks.
        ("tasks = []", 1, 9, "the file has no task", None),
        ("tasks = [1]", 1, 10, "a task is a table of keys and values, not 1", None),
        ("tasks = [{ examples = [[[1], 2]] }]", 1, 10, "this task has no name", None),
        ("examples = []\ntasks = [{ name = 'a', examples = [[[1], 2]] }]", 1, 1, "unknown key `examples`", None),
        ("[[tasks]]\nname = 'a'\n" + ONE + "[[tasks]]\nname = 'a'\n" + ONE, 5, 8, "the first is in line 2", None),
        ("[[tasks]]\nname = 'a'\n" + ONE + "[[tasks]]\nname = 'b'\nexamples = 3", 6, 12, "is an array", None),
        # Other projects' shapes.
        ('{"primitives": [], "tasks": [{"name": "a", "type": "int"}]}', 1, 30, "nothing says what", None),
        ('{"tasks": [{"name": "a", "stringConstants": [1], "examples": [[["a"], ""]]}]}', 1, 46, "is a text", None),
        ('{"tasks": [{"name": "a", "outputs": [1]}]}', 1, 12, "have `inputs` and `outputs`", None),
        ('{"tasks": [{"name": "a", "inputs": {"x": [1, 2]}, "outputs": [1]}]}', 1, 42, "but `outputs` has 1", None),
        ('{"tasks": [{"name": "a", "inputs": {"x": 1}, "outputs": [1]}]}', 1, 42, "the column 'x' is an array", None),
        (
            '{"tasks": [{"name": "a", "inputs": {"x": [1]}, "outputs": [1], "examples": [[[2], 1]]}]}',
            1, 64, "`examples` differ from `inputs` and `outputs`", None,
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_shown_where_it_is(
    text: str, line: int, column: int, message: str, suggestion: str | None
) -> None:
    error = error_of(text)
    assert message in error.message
    assert (error.line, error.column) == (line, column)
    assert error.source_line == text.split("\n")[line - 1]
    assert suggestion is None or suggestion in (error.suggestion or "")


def test_a_table_needs_to_be_told_what_to_compute(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    spec = tmp_path / "t.toml"
    for text, message, suggestion in [
        ("table = 't.csv'", "which column of the table is to be computed?", 'write `compute = "b"`'),
        ("table = 't.csv'\ncompute = 'c'", "the table has no column 'c'; its columns are a, b", None),
    ]:
        spec.write_text(text)
        with pytest.raises(SpecError) as caught:
            read_tasks(spec)
        assert caught.value.path == spec
        assert (caught.value.message, caught.value.suggestion) == (message, suggestion)


def test_a_mistake_inside_a_table_is_shown_in_the_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1\n")
    (tmp_path / "t.toml").write_text("table = 't.csv'\ncompute = 'b'")
    with pytest.raises(SpecError, match=r"t\.csv:2:1: this row has 1 cell"):
        read_tasks(tmp_path / "t.toml")
