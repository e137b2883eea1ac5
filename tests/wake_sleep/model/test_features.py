"""Probes and the features that are made with them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dsl.domain import Domain, load_domain
from dsl.spec import Constraint, Example, Function, Hints, Spec
from dsl.terms import free_variables
from dsl.types import INT, Type, parse_type
from wake_sleep.model.features import MOST_PROBES, STATED, FeatureSpace, hint_features, stated_features
from wake_sleep.model.probes import MOST, MOST_OF_ROOT, ProbeSet, find_probes
from wake_sleep.sleep.requests import DreamRequest

REQUESTS = (
    DreamRequest(parse_type("list(int) -> list(int)"), (((3, 1, 2),), ((5, 5),), ((9, -1, 4, 4),))),
    DreamRequest(parse_type("int -> list(int) -> int"), ((1, (3, 1, 2)), (0, (4, 7)), (2, (8, 8, 0)))),
)
REVERSED = tuple((((*xs,),), tuple(reversed(xs))) for xs in ((1, 2, 3), (4, 0), (7, 7, 2)))


@pytest.fixture(scope="module")
def lists() -> Domain:
    return load_domain("lists")


@pytest.fixture(scope="module")
def probes(lists: Domain) -> ProbeSet:
    return find_probes(lists, REQUESTS)


@pytest.fixture(scope="module")
def space(probes: ProbeSet) -> FeatureSpace:
    return FeatureSpace.of_requests(probes, (request.type for request in REQUESTS))


def test_probes_use_all_their_variables_and_few_have_one_root(probes: ProbeSet) -> None:
    by_kind: dict[tuple[tuple[Type, ...], Type], list[object]] = {}
    for probe in probes.probes:
        assert len(free_variables(probe.term)) == len(probe.scope)
        by_kind.setdefault((probe.scope, probe.type), []).append(getattr(probe.term, "head", type(probe.term)))
    for (scope, _), roots in by_kind.items():
        assert len(roots) <= MOST[len(scope)]
        assert all(roots.count(root) <= MOST_OF_ROOT for root in roots)


def test_probes_are_found_again_and_read_back(lists: Domain, probes: ProbeSet) -> None:
    assert find_probes(lists, REQUESTS) == probes
    assert ProbeSet.from_data(json.loads(json.dumps(probes.data()))) == probes


def test_the_answers_of_a_reversal_say_that_the_reversed_input_equals_the_output(space: FeatureSpace) -> None:
    layout = space.layout(parse_type("list(int) -> list(int)"))
    answers = layout.answers(REVERSED)
    named = {space.names[column]: answer for column, answer in zip(layout.columns, answers, strict=True)}

    assert answers.shape == layout.columns.shape
    assert named["(reverse $0) of list(int)#0 to list(int): equal"] == 1.0
    assert named["$0 of list(int)#0 to list(int): same elements"] == 1.0
    assert named["$0 of list(int)#0 to list(int): equal"] == 0.0
    assert named["output list(int): constant"] == 0.0
    assert named["list(int)#0: at most 3"] == 1.0


def test_answers_do_not_depend_on_what_was_asked_before(space: FeatureSpace, probes: ProbeSet) -> None:
    fresh = FeatureSpace(probes, space.names).layout(parse_type("list(int) -> list(int)"))
    layout = space.layout(parse_type("list(int) -> list(int)"))
    for count in range(20):
        layout.answers([(((count,),), (count,))])

    assert np.array_equal(layout.answers(REVERSED), fresh.answers(REVERSED))


def test_a_request_type_that_no_task_has_is_asked_what_is_known(space: FeatureSpace) -> None:
    layout = space.layout(parse_type("bool -> list(int) -> list(int)"))
    answers = layout.answers([((True, (1, 2)), (2, 1)), ((False, (3, 5)), (5, 3))])
    named = {space.names[column]: answer for column, answer in zip(layout.columns, answers, strict=True)}

    assert named["(reverse $0) of list(int)#0 to list(int): equal"] == 1.0
    assert len({*layout.columns.tolist()}) == len(layout.columns)


def test_without_examples_all_answers_are_no(space: FeatureSpace) -> None:
    assert not space.layout(parse_type("list(int) -> list(int)")).answers([]).any()


def test_no_more_probes_are_run_than_are_allowed(probes: ProbeSet) -> None:
    request = parse_type("int -> list(int) -> list(int)")
    space = FeatureSpace.of_requests(probes, [request])
    asked = {name.rpartition(": ")[0] for name in space.names if " to " in name}

    assert 0 < len(asked) <= MOST_PROBES


def test_hints_and_conditions_are_stated_with_masks() -> None:
    function = Function("f", (("x", INT),), INT)
    named = dict(zip(STATED, hint_features(Hints(maximum_size=6, style="readable")), strict=True))
    domain = load_domain("integers")
    condition = domain.parse("(< 0 $0)")
    conditional = Spec((function,), "integers", variables=(("x", INT),), constraints=(Constraint(condition),))
    shown = Spec((function,), "integers", examples=(Example("f", (1,), 2),))

    assert named["size stated"] == named["size 8"] == named["style readable"] == named["algorithm not stated"] == 1.0
    assert named["size 5"] == named["size not stated"] == named["style not stated"] == 0.0
    stated = dict(zip(STATED, stated_features(conditional, function), strict=True))
    assert stated["no examples"] == stated["conditions"] == 1.0
    assert sum(value for name, value in stated.items() if name.startswith("condition ")) >= 1.0
    assert np.array_equal(stated_features(shown, function), hint_features(Hints()))
