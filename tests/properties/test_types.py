"""Laws of types: printing and reading, unification, matching and instantiation."""

from hypothesis import given
from hypothesis import strategies as st

from dsl.types import (
    BASE_TYPES,
    Substitution,
    Type,
    TypeVariable,
    arrow,
    bit_vector,
    canonical,
    list_of,
    match,
    parse_type,
)

base_types = st.sampled_from(BASE_TYPES) | st.integers(1, 128).map(bit_vector)
variables = st.integers(0, 4).map(TypeVariable)


def compound(of: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    return of.map(list_of) | st.tuples(of, of).map(lambda pair: arrow(*pair))


concrete_types = st.recursive(base_types, compound, max_leaves=8)
schemes = st.recursive(base_types | variables | variables.map(lambda v: Type("bv", (v,))), compound, max_leaves=8)


def substituted(scheme: Type, given_types: dict[TypeVariable, Type]) -> Type:
    """The plain definition of applying an assignment, to compare with."""
    if isinstance(scheme, TypeVariable):
        return given_types.get(scheme, scheme)
    return Type(scheme.name, tuple(substituted(a, given_types) for a in scheme.arguments))


@given(schemes)
def test_reading_what_is_printed_gives_the_same_type(type_: Type) -> None:
    assert parse_type(repr(type_)) is type_


@given(schemes, st.integers(0, 3))
def test_blanks_do_not_count(type_: Type, blanks: int) -> None:
    text = repr(type_)
    for symbol in ("(", ")", ",", "->"):
        text = text.replace(symbol, " " * blanks + symbol + " " * blanks)
    assert parse_type(text) is type_


@st.composite
def generalisations(draw: st.DrawFn) -> tuple[Type, Type, Type]:
    """Two types, some of whose parts are variables, and a type that is an instance of both."""
    common = draw(concrete_types)
    names: dict[Type, TypeVariable] = {}

    def generalise(type_: Type) -> Type:
        if draw(st.integers(0, 3)) == 0:
            return names.setdefault(type_, TypeVariable(len(names)))
        return Type(type_.name, tuple(map(generalise, type_.arguments)))

    return generalise(common), generalise(common), common


@given(generalisations())
def test_types_with_a_common_instance_unify_to_what_is_most_general(types: tuple[Type, Type, Type]) -> None:
    left, right, common = types
    solution = Substitution(100)
    assert solution.unify(left, right)
    unified = solution.apply(left)
    assert solution.apply(right) is unified
    assert solution.apply(unified) is unified
    assert match(unified, common) is not None


@given(schemes, schemes)
def test_types_without_a_common_instance_do_not_unify(left: Type, right: Type) -> None:
    solution = Substitution(10)
    if solution.unify(left, right):
        assert solution.apply(left) is solution.apply(right)
    else:
        instance = substituted(left, {TypeVariable(i): BASE_TYPES[0] for i in range(5)})
        assert substituted(right, {TypeVariable(i): BASE_TYPES[0] for i in range(5)}) is not instance


@given(schemes, schemes)
def test_unification_does_not_depend_on_the_order(left: Type, right: Type) -> None:
    forth, back = Substitution(10), Substitution(10)
    unified = forth.unify(left, right)
    assert back.unify(right, left) == unified
    if unified:
        assert canonical(forth.apply(left)) is canonical(back.apply(left))


@given(schemes)
def test_every_type_unifies_with_itself_without_assigning_anything(type_: Type) -> None:
    solution = Substitution(10)
    assert solution.unify(type_, type_)
    assert solution.apply(type_) is type_


@given(schemes, concrete_types)
def test_matching_finds_what_makes_the_scheme_equal(scheme: Type, concrete: Type) -> None:
    assigned = match(scheme, concrete)
    assert (assigned is not None) == Substitution(10).unify(scheme, concrete)
    if assigned is not None:
        assert substituted(scheme, assigned) is concrete


@given(schemes)
def test_instances_are_renamings(scheme: Type) -> None:
    copy = Substitution(10).instantiate(scheme)
    assert canonical(copy) is canonical(scheme)
    assert set(copy.variables()).isdisjoint(scheme.variables()) or not scheme.is_polymorphic


@given(st.lists(schemes, min_size=1, max_size=5))
def test_an_arrow_takes_its_parameters_in_order(types: list[Type]) -> None:
    function = arrow(*types)
    assert function.parameters[: len(types) - 1] == tuple(types[:-1])
    assert function.result is types[-1].result
