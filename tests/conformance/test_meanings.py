"""All meanings of a primitive agree: in Python, in Z3 and over columns.

Every primitive of every installed domain is applied to argument tuples that mix boundary cases with random values,
and random terms are evaluated on random inputs. By default a sample is checked; with ``REVERIE_CONFORMANCE=full`` it
is 10 000 tuples for each primitive and 2 000 terms for each domain. Where Python says ⊥, Z3 may read anything; a
column may say `EXHAUSTED` only where an integer is beyond its range.
"""

import functools
import itertools
import math
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
import z3

from dsl.batched import LARGEST_INTEGER, BatchedEvaluation, is_batched, supports
from dsl.domain import Domain, Primitive, domain_names, load_domain
from dsl.errors import LimitExceeded
from dsl.evaluate import Evaluation
from dsl.limits import Cell, Exhausted
from dsl.smt import sort_of, to_z3, value_from_z3, value_to_z3
from dsl.terms import Application, Operator, Term, Variable, operators, strip_lambdas
from dsl.types import BOOL, CHAR, INT, REAL, STRING, Type, arrow, assign, bit_vector, mentions, type_variables
from dsl.values import Bottom, Value, has_type

FULL = os.environ.get("REVERIE_CONFORMANCE") == "full"
TUPLES = 10_000 if FULL else 200
TERMS = 2_000 if FULL else 200
INPUTS = 10
LARGEST_TERM = 24
SOLVER_LIMIT = 2_000_000
SHOWN = 5

WIDTHS = (1, 2, 8, 13, 64, 128)
Member = tuple[tuple[int, ...], tuple[int, ...]]
ROTATIONS: list[Member] = [((k,), (w,)) for k, w in ((0, 8), (1, 1), (3, 8), (8, 8), (13, 8), (63, 64), (65, 128))]
FAMILY_MEMBERS: dict[str, list[Member]] = {
    "concat": [((), (1, 1)), ((), (8, 8)), ((), (3, 5, 8)), ((), (1, 63)), ((), (32, 32)), ((), (64, 64))],
    "extract": [
        ((0, 0), (1,)),
        ((7, 0), (8,)),
        ((7, 4), (8,)),
        ((0, 0), (64,)),
        ((63, 63), (64,)),
        ((40, 9), (64,)),
        ((100, 60), (128,)),
    ],
    "zero_extend": [((0,), (8,)), ((8,), (8,)), ((63,), (1,)), ((1,), (64,))],
    "sign_extend": [((0,), (8,)), ((8,), (8,)), ((63,), (1,)), ((0,), (64,)), ((1,), (64,))],
    "rotate_left": ROTATIONS,
    "rotate_right": ROTATIONS,
    "repeat": [((1,), (8,)), ((2,), (8,)), ((64,), (1,)), ((3,), (13,)), ((2,), (64,))],
}  # fmt: skip
"""Indices and argument widths at which operators with a computed type are checked."""

INTEGERS = (
    *(0, 1, -1, 2, -2, 3, 7, -10, 100),
    *(2**31, 2**62, -(2**62), 2**62 - 1, 2**62 + 1, 2**63 - 1, -(2**63), 2**64, -(10**25)),
    *(0x2FFFF, 0x30000, ord("a")),
)
STRINGS = (
    *("", "a", "A", "ab", "aa", "aba", "ababa", "aaaa", "b a", " ", "  a  b "),
    *("0", "-1", "007", "42", "٣", "²", '"', "\\", "\\u{41}", "\x00", "\n"),
    *("é", "e\u0301", "ß", "İ", "日本", "😀", "a😀b😀", "\ud800", "\U0002ffff"),
)
ALPHABETS = ("ab", "aB, .-", "0123456789", "aé日😀\U0002ffff", "A a-1.")


def boundary_values(type_: Type) -> tuple[Value, ...]:
    """Values of a type at which meanings are likeliest to differ."""
    if type_ is BOOL:
        return (False, True)
    if type_ is INT:
        return INTEGERS
    if type_ is STRING:
        return STRINGS
    if type_ is CHAR:
        return ("a", " ", "0", "😀")
    if type_ is REAL:
        return (0.0, -1.0, 0.5, 1e300)
    if type_.name == "list":
        elements = boundary_values(type_.arguments[0])
        return ((), elements[:1], elements[:2], elements[1:2] * 3, elements)
    width = type_.width
    top = 1 << (width - 1)
    values = (0, 1, 2, width - 1, width, width + 1, top - 1, top, top + 1, 2 * top - 2, 2 * top - 1)
    return tuple(dict.fromkeys(v % (2 * top) for v in values))


def random_value(type_: Type, rng: random.Random) -> Value:
    """A value of a type, small ones being likelier."""
    if rng.random() < 0.15:
        return rng.choice(boundary_values(type_))
    if type_ is BOOL:
        return rng.random() < 0.5
    if type_ is INT:
        return rng.randint(-3, 12) if rng.random() < 0.6 else rng.randint(-1, 1) * rng.getrandbits(rng.randint(1, 61))
    if type_ is STRING:
        return "".join(rng.choices(rng.choice(ALPHABETS), k=rng.randint(0, 8)))
    if type_ is CHAR:
        return rng.choice(rng.choice(ALPHABETS))
    if type_ is REAL:
        return rng.uniform(-10, 10)
    if type_.name == "list":
        return tuple(random_value(type_.arguments[0], rng) for _ in range(rng.randint(0, 6)))
    return rng.getrandbits(rng.randint(1, type_.width))


def random_tuple(types: Sequence[Type], rng: random.Random) -> tuple[Value, ...]:
    """Values of the types; half of the time later strings are parts of the first, so that they occur in it."""
    values = [random_value(type_, rng) for type_ in types]
    first = next((v for v, t in zip(values, types, strict=True) if t is STRING), "")
    assert isinstance(first, str)
    for i, type_ in enumerate(types):
        if type_ is STRING and first and rng.random() < 0.5 and i > 0:
            start = rng.randrange(len(first))
            values[i] = first[start : start + rng.randint(1, 3)]
    return tuple(values)


def argument_tuples(types: Sequence[Type], count: int, rng: random.Random) -> list[tuple[Value, ...]]:
    """`count` tuples, up to half of which combine boundary values."""
    boundaries = [boundary_values(type_) for type_ in types]
    combinations = math.prod(map(len, boundaries))
    if combinations <= count // 2:
        chosen = list(itertools.product(*boundaries))
    else:
        chosen = [tuple(rng.choice(values) for values in boundaries) for _ in range(count // 2)]
    return chosen + [random_tuple(types, rng) for _ in range(count - len(chosen))]


@dataclass(frozen=True)
class Instance:
    """A primitive of a domain at a monomorphic type."""

    domain: Domain
    primitive: Primitive
    type: Type

    @property
    def term(self) -> Term:
        """The primitive applied to variables, its first argument being the first input."""
        operator = (
            Operator(self.primitive.name, self.type) if self.primitive.is_width_dependent else self.primitive.operator
        )
        count = self.primitive.arity
        return Application(operator, tuple(Variable(count - 1 - i) for i in range(count)))


def monomorphic_types(scheme: Type) -> list[Type]:
    """The instances of a scheme that are checked."""
    variables = type_variables(scheme)
    if mentions(scheme, "bv"):
        choices: tuple[Type, ...] = tuple(bit_vector(width).arguments[0] for width in WIDTHS)
    elif mentions(scheme, "list"):
        choices = (INT, BOOL)
    else:
        choices = (INT, BOOL, STRING, bit_vector(1), bit_vector(64), bit_vector(65))
    return [
        assign(scheme, dict(zip(variables, chosen, strict=True)))
        for chosen in itertools.product(choices, repeat=len(variables))
    ]


def instances(domain: Domain, primitive: Primitive) -> list[Instance]:
    """A primitive at its types, and with three and four arguments if it takes them."""
    variants = [primitive, *(primitive.at_arity(n) for n in (3, 4) if primitive.variadic)]
    return [Instance(domain, p, type_) for p in variants if p is not None for type_ in monomorphic_types(p.type)]


def families(domain: Domain) -> list[str]:
    """Names of the operators with a computed type."""
    primitives = {name for p in domain.primitives for name in (p.name, *p.aliases)}
    return [name for name in domain.names() if name not in primitives]


def family_instances(domain: Domain, name: str) -> list[Instance]:
    found = []
    for indices, widths in FAMILY_MEMBERS[name]:
        overload = domain.overload(name, [bit_vector(width) for width in widths], indices)
        assert overload is not None
        found.append(Instance(domain, overload.primitive, overload.primitive.type))
    return found


def all_primitives() -> Iterator[tuple[str, list[Instance]]]:
    """Every primitive and family of every domain once, with its instances."""
    seen: set[int] = set()
    for name in domain_names():
        domain = load_domain(name)
        for primitive in domain.primitives:
            if id(primitive) not in seen:
                seen.add(id(primitive))
                yield f"{name}:{primitive.name}/{primitive.arity}", instances(domain, primitive)
        for family in families(domain):
            yield f"{name}:(_ {family})", family_instances(domain, family)


PRIMITIVES = dict(all_primitives())
SEVERAL_MEANINGS = [name for name, found in PRIMITIVES.items() if found[0].primitive.smt or found[0].primitive.batched]


def z3_disagreements(
    term: Term,
    domain: Domain,
    types: Sequence[Type],
    result: Type,
    rows: Sequence[tuple[Value, ...]],
    cells: Sequence[Cell],
) -> list[tuple[tuple[Value, ...], Cell, str]]:
    """The rows on which Z3 computes another value than `cells` say."""
    variables = [z3.Const(f"x{i}", sort_of(type_)) for i, type_ in enumerate(types)]
    expression = to_z3(term, variables, domain)
    found: list[tuple[tuple[Value, ...], Cell, str]] = []
    for row, cell in zip(rows, cells, strict=True):
        if isinstance(cell, Bottom | Exhausted):
            continue
        values = [value_to_z3(value, type_) for value, type_ in zip(row, types, strict=True)]
        computed = z3.simplify(z3.substitute(expression, *zip(variables, values, strict=True)))
        if not computed.eq(value_to_z3(cell, result)) and not must_equal(computed, cell, result):
            found.append((row, cell, str(computed)))
    return found


def must_equal(computed: z3.ExprRef, cell: Value, type_: Type) -> bool:
    """Whether an expression that simplification left open can have no other value than `cell`."""
    if computed.children() == []:
        return value_from_z3(computed, type_) == cell
    solver = z3.Solver()
    solver.set("rlimit", SOLVER_LIMIT)
    solver.add(computed != value_to_z3(cell, type_))
    return bool(solver.check() == z3.unsat)


def batched_disagreements(
    term: Term, domain: Domain, types: Sequence[Type], rows: Sequence[tuple[Value, ...]], cells: Sequence[Cell]
) -> list[tuple[tuple[Value, ...], Cell, Cell]]:
    """The rows on which columns hold another cell than `cells` say, where they hold a value or ⊥."""
    columns = BatchedEvaluation(domain, rows, types).column(term).cells()
    found: list[tuple[tuple[Value, ...], Cell, Cell]] = []
    for row, cell, computed in zip(rows, cells, columns, strict=True):
        excused = isinstance(computed, Exhausted) and may_be_exhausted(term, row, cell)
        if not excused and (type(computed) is not type(cell) or computed != cell):
            found.append((row, cell, computed))
    return found


def may_be_exhausted(term: Term, row: Sequence[Value], cell: Cell) -> bool:
    """Whether an integer beyond the range of columns can occur in the evaluation of `term` on this row."""
    integers = [value for value in (*row, cell) if isinstance(value, int)]
    if isinstance(cell, Exhausted) or any(abs(value) > LARGEST_INTEGER for value in integers):
        return True
    has_intermediate_values = len(term.children) > 2 or any(child.children for child in term.children)
    return has_intermediate_values and any(op.type.result is INT for op in operators(term))


@pytest.mark.parametrize("name", SEVERAL_MEANINGS)
def test_the_meanings_of_a_primitive_agree(name: str) -> None:
    rng = random.Random(name)
    share = math.ceil(TUPLES / len(PRIMITIVES[name]))
    for instance in PRIMITIVES[name]:
        types, term, domain = instance.type.parameters, instance.term, instance.domain
        rows = argument_tuples(types, share, rng)
        cells = Evaluation(domain, rows).column(term)
        if instance.primitive.smt is not None:
            wrong = z3_disagreements(term, domain, types, instance.type.result, rows, cells)
            assert wrong[:SHOWN] == [], f"{instance.type}: Z3 differs"
        if supports(term, domain) and all(map(is_batched, types)):
            differing = batched_disagreements(term, domain, types, rows, cells)
            assert differing[:SHOWN] == [], f"{instance.type}: columns differ"


# Random terms.

BIT_VECTOR_REQUESTS = [arrow(bit_vector(w), bit_vector(w), result) for w in WIDTHS for result in (bit_vector(w), BOOL)]


@functools.cache
def translatable(domain: Domain) -> Domain:
    """The primitives of a domain that have an SMT meaning, those for specifications only included."""
    made = Domain(f"{domain.name} in SMT-LIB")
    for primitive in domain.primitives:
        if primitive.smt is not None and not any(p.is_function for p in primitive.type.parameters):
            made.primitive(primitive.type, name=primitive.name, smt=primitive.smt, lazy=primitive.lazy)(
                primitive.function
            )
    for name in families(domain):
        for instance in family_instances(domain, name):
            member = instance.primitive
            if made.find(member.name, member.arity) is None:
                made.primitive(member.type, name=member.name)(member.function)
    for literal in domain.constants:
        made.constant(literal.value, literal.type)
    return made


def requests(domain: Domain) -> list[Type]:
    """Types of programs over the base types that the primitives of a domain mention."""
    schemes = [p.type for p in translatable(domain).primitives]
    if any(mentions(scheme, "bv") for scheme in schemes):
        return BIT_VECTOR_REQUESTS
    base = [t for t in (INT, STRING, BOOL) if any(t in (*s.parameters, s.result) for s in schemes)]
    return [arrow(*base, *base, result) for result in base]


@pytest.mark.parametrize("name", domain_names())
def test_the_meanings_of_random_terms_agree(name: str) -> None:
    domain, rng = load_domain(name), random.Random(name)
    wanted = requests(domain)
    count = math.ceil(TERMS / len(wanted))
    for request in wanted:
        types, grammar = request.parameters, translatable(domain).grammar(request)
        compared = 0
        for _ in range(count):
            program = grammar.sample(rng, LARGEST_TERM)
            term = body_of(program, len(types))
            rows = [random_tuple(types, rng) for _ in range(INPUTS)]
            cells = Evaluation(domain, rows).column(term)
            assert z3_disagreements(term, domain, types, request.result, rows, cells)[:SHOWN] == [], term
            if supports(term, domain) and all(map(is_batched, types)):
                assert batched_disagreements(term, domain, types, rows, cells)[:SHOWN] == [], term
            assert_typed(cells, request.result, term)
            compared += sum(not isinstance(cell, Bottom | Exhausted) for cell in cells)
        assert compared > count * INPUTS // 2, f"too few values of {request} to compare"


def body_of(program: Term, parameters: int) -> Term:
    return strip_lambdas(program, parameters)[1]


# What every primitive keeps, whatever its meanings.


def assert_typed(cells: Sequence[Cell], type_: Type, what: object) -> None:
    wrong = [c for c in cells if not isinstance(c, Bottom | Exhausted) and not has_type(c, type_)]
    assert wrong[:SHOWN] == [], f"{what!r} should give values of type {type_}"


def applied(instance: Instance, rng: random.Random) -> tuple[Term, tuple[Type, ...]]:
    """The instance applied to random λ-terms where functions are wanted and to inputs elsewhere."""
    parameters = instance.type.parameters
    inputs = tuple(p for p in parameters if not p.is_function)
    arguments: list[Term] = []
    remaining = len(inputs)
    for parameter in parameters:
        if parameter.is_function:
            arguments.append(instance.domain.grammar(parameter).sample(rng, 8))
        else:
            remaining -= 1
            arguments.append(Variable(remaining))
    head = instance.term
    assert isinstance(head, Application)
    return Application(head.head, tuple(arguments)), inputs


@pytest.mark.parametrize("name", PRIMITIVES)
def test_a_primitive_gives_a_value_of_its_type_or_bottom(name: str) -> None:
    rng = random.Random(name)
    for instance in PRIMITIVES[name]:
        higher_order = any(p.is_function for p in instance.type.parameters)
        for _ in range(10 if higher_order else 1):
            term, types = applied(instance, rng)
            rows = argument_tuples(types, 20, rng)
            assert_typed(Evaluation(instance.domain, rows).column(term), instance.type.result, term)


def hostile_values(type_: Type) -> tuple[Value, ...]:
    """Values that make a careless primitive slow, or its result huge."""
    if type_ is INT:
        return (10**4000, -(10**4000), 2**31, -(2**63), 0)
    if type_ is STRING:
        return ("a" * 60_000, "ab" * 2_000, "😀" * 4_000, "9" * 5_000, "")
    if type_.name == "list":
        elements = hostile_values(type_.arguments[0])
        return ((), elements[:2] * 2_000, elements[-2:] * 10_000)
    return boundary_values(type_)[-3:]


@pytest.mark.parametrize("name", PRIMITIVES)
def test_a_primitive_survives_hostile_values(name: str) -> None:
    rng = random.Random(name)
    for instance in PRIMITIVES[name]:
        term, types = applied(instance, rng)
        rows = [tuple(rng.choice(hostile_values(t)) for t in types) for _ in range(12)]
        assert_typed(Evaluation(instance.domain, rows).column(term), instance.type.result, term)
        if not any(p.is_function for p in instance.type.parameters):
            call_directly(instance, rows)


def call_directly(instance: Instance, rows: Sequence[tuple[Value, ...]]) -> None:
    """Call the Python meaning as it is: `LimitExceeded` is all that it may raise."""
    primitive = instance.primitive
    keywords = {"widths": primitive.widths(instance.type)} if primitive.takes_widths else {}
    for row in rows:
        try:
            primitive.function(*row, **keywords)
        except LimitExceeded:
            continue


@pytest.mark.parametrize("name", domain_names())
def test_an_alias_is_read_as_its_operator(name: str) -> None:
    domain = load_domain(name)
    for primitive in domain.primitives:
        for alias in primitive.aliases:
            assert domain.find(alias, primitive.arity) is primitive
            assert domain.operator(alias, primitive.arity) is domain.operator(primitive.name, primitive.arity)
