"""Which domain a signature is taken to speak of."""

import pytest

from dsl.domain import Domain, register
from dsl.errors import DomainError
from dsl.native.fitting import missing_types, suitable_domain, type_names
from dsl.types import Type, parse_type


def types_of(signature: str) -> list[Type]:
    type_ = parse_type(signature)
    return [*type_.parameters, type_.result]


def test_the_preferred_domain_is_taken_if_it_has_the_types() -> None:
    assert suitable_domain(types_of("list(int) -> int"), "lists/dreamcoder") == "lists/dreamcoder"
    assert suitable_domain(types_of("str -> int"), "lists/dreamcoder") == "strings"
    assert suitable_domain(types_of("list(int) -> int"), "lists/of-another-version") == "lists"
    assert suitable_domain(types_of("list(int) -> int"), "of-another-version") == "lists"


def test_a_domain_that_only_a_part_of_the_types_fits_is_not_taken() -> None:
    assert suitable_domain(types_of("list(str) -> bv8")) is None


def test_a_domain_that_grows_has_more_types() -> None:
    domain = register(Domain("growing"))
    domain.constant(1)
    assert missing_types("growing", types_of("int -> real")) == ["real"]
    domain.primitive("int -> real", name="half")(lambda n: n / 2)
    assert missing_types("growing", types_of("int -> real")) == []


def test_an_unknown_domain_is_an_error() -> None:
    with pytest.raises(DomainError, match="there is no domain unheard-of"):
        missing_types("unheard-of", [])


def test_types_are_known_by_the_names_they_are_made_of() -> None:
    assert sorted(type_names([parse_type("list(bv8) -> (int -> bv64) -> list(t0)")])) == ["bv", "int", "list", "t0"]
