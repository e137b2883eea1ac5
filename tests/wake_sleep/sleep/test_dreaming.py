"""Dreams from banks with randomised costs, in all three engines."""

from __future__ import annotations

import itertools

import pytest

from dsl.domain import Domain, load_domain
from dsl.evaluate import evaluate
from dsl.languages import LanguageSettings
from dsl.printing import to_sexpr
from dsl.terms import ABSTRACTION, Application, Literal, Operator, operators, strip_lambdas
from dsl.types import INT, parse_type
from wake_sleep.generation import UNTRAINED, Generation
from wake_sleep.sleep.dreaming import DreamSettings, collect, dream, dream_part
from wake_sleep.sleep.dreams import Dreams, observe_dreams
from wake_sleep.sleep.requests import DreamRequest, probes_of, requests_of

FEW = DreamSettings(candidates=4_000, kept=60)
ENGINES = ("lists", "strings", "bitvectors", "integers")


def dreams_of(name: str, count: int = 80, seed: int = 0) -> tuple[Domain, Dreams]:
    domain = load_domain(name)
    return domain, dream(domain, requests_of(domain.tasks), count, settings=FEW, seed=seed)


@pytest.mark.parametrize("name", ENGINES)
def test_the_examples_are_what_the_program_computes(name: str) -> None:
    domain, found = dreams_of(name)
    assert len(found) == 80
    for made in found:
        for given, output in made.examples:
            assert evaluate(made.program, given, domain) == output


@pytest.mark.parametrize("name", ENGINES)
def test_no_dream_is_a_constant_a_projection_or_mostly_undefined(name: str) -> None:
    _, found = dreams_of(name)
    for made in found:
        outputs = [output for _, output in made.examples]
        assert any(output != outputs[0] for output in outputs)
        for place in range(len(made.request.type.parameters)):
            assert any(
                given[place] != output or type(given[place]) is not type(output) for given, output in made.examples
            )
        assert 4 * len(made.examples) >= 3 * min(FEW.cases, len(made.request.inputs))


def test_every_dream_uses_all_its_parameters_and_has_a_behaviour_of_its_own() -> None:
    _, found = dreams_of("lists", 150)
    assert len({made.behaviour for made in found}) == len(found)
    for made in found:
        count, body = strip_lambdas(made.program, len(made.request.type.parameters))
        assert count == len(made.request.type.parameters)
        assert body.free == count


@pytest.mark.parametrize("name", ["lists", "strings"])
def test_a_part_depends_on_its_number_alone(name: str) -> None:
    domain = load_domain(name)
    requests = requests_of(domain.tasks)
    alone = dream_part(domain, requests, UNTRAINED, FEW, 3, 2)
    parts = [dream_part(domain, requests, UNTRAINED, FEW, 3, part) for part in range(3)]
    assert parts[2] == alone
    assert parts[1] != alone


def test_dreams_are_parts_joined_in_order() -> None:
    domain = load_domain("integers")
    requests = requests_of(domain.tasks)
    settings = FEW.for_count(50)
    parts = (dream_part(domain, requests, UNTRAINED, settings, 3, part) for part in itertools.count())
    assert list(collect(parts, 50)) == list(dream(domain, requests, 50, settings=FEW, seed=3))


def test_of_two_dreams_that_behave_alike_the_shorter_one_stays() -> None:
    _, found = dreams_of("integers")
    made = list(found)
    longer, shorter = max(made, key=lambda d: d.size), min(made, key=lambda d: d.size)
    disguised = Dreams([longer])
    twin = type(shorter)(shorter.request, shorter.program, shorter.compressed, shorter.examples, longer.behaviour, 1.0)
    disguised.add([twin])
    disguised.add([longer])
    assert list(disguised) == [twin]


def test_the_types_of_tasks_are_dreamt_of() -> None:
    domain = load_domain("strings")
    requests = requests_of(domain.tasks)
    found = dream(domain, requests, 400, settings=FEW)
    assert len({made.request.type for made in found}) >= 4
    assert sum(found.counts().values()) == len(found)
    sizes = {size for _, size in found.counts()}
    assert min(sizes) <= 3
    assert max(sizes) >= 7


def test_abstractions_are_used_and_expanded() -> None:
    domain = load_domain("integers")
    twice = domain.parse("(lambda (+ $0 $0))")
    double = Operator("twice", parse_type("int -> int"), ABSTRACTION, twice)
    generation = Generation("g1", "integers", (double,))
    request = DreamRequest(parse_type("int -> int"), tuple((n,) for n in (0, 1, 5, -3)))
    found = dream(domain, [request], 40, generation, settings=FEW)
    using = [made for made in found if double in operators(made.compressed)]
    assert using
    for made in found:
        assert double not in operators(made.program)
    observed = observe_dreams(found, domain, (double,))
    assert all(each.grammar.derive(each.frontier[0].program) for each in observed)


def test_dreams_are_programs_of_the_language_of_their_task() -> None:
    domain, found = dreams_of("lists")
    for each in observe_dreams(found, domain):
        assert each.grammar.derive(each.frontier[0].program) is not None


def test_requests_have_the_inputs_and_constants_of_tasks() -> None:
    domain = load_domain("strings")
    requests = requests_of(domain.tasks)
    assert all(len(request.inputs) == len(set(request.inputs)) for request in requests)
    assert any(request.constants for request in requests)
    for type_, probes in probes_of(requests).items():
        assert 0 < len(probes) <= 24
        assert all(len(given) == len(type_.parameters) for given in probes)


def test_a_request_for_constants_only_gives_no_dream() -> None:
    domain = load_domain("integers")
    request = DreamRequest(parse_type("int -> int"), ((3,),), (Literal(7, INT),))
    assert len(dream(domain, [request], 5, settings=DreamSettings(candidates=200))) == 0


def test_a_narrow_language_is_a_part_of_the_wide_one() -> None:
    domain = load_domain("lists")
    request = DreamRequest(parse_type("list(int) -> int"), (((1, 2),), ((3,),)))
    narrow = request.grammar(domain, settings=LanguageSettings(extra_type_depth=0, bound_variables=2))
    program = domain.parse("(lambda (fold $0 0 (lambda (lambda (+ $1 $0)))))")
    assert isinstance(strip_lambdas(program)[1], Application)
    assert narrow.derive(program) is not None, to_sexpr(program)
    assert request.grammar(domain).derive(program) is not None
