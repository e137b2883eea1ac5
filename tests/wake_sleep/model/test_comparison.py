"""What computed values say about those wanted."""

from __future__ import annotations

import numpy as np
import pytest

from dsl.domain import load_domain
from dsl.limits import EXHAUSTED, Cell
from dsl.types import BOOL, INT, STRING, Type, bit_vector, list_of
from dsl.values import BOTTOM
from wake_sleep.model.comparison import COLUMN_SLOTS, OUTLINE_SLOTS, RELATION_SLOTS, described, outlined, related
from wake_sleep.model.relations import outline, relations

LISTS = list_of(INT)
TYPES = (INT, BOOL, STRING, LISTS, list_of(LISTS), bit_vector(8), bit_vector(64))


@pytest.mark.parametrize("wanted", TYPES, ids=str)
@pytest.mark.parametrize("found", TYPES, ids=str)
def test_the_slots_have_room_for_all_questions(found: Type, wanted: Type) -> None:
    asked = relations(found, wanted)
    assert asked is None or len(asked.names) <= RELATION_SLOTS // 2
    assert len(outline(found).names) <= OUTLINE_SLOTS


def test_where_there_is_no_value_nothing_is_said() -> None:
    column: list[Cell] = [BOTTOM, EXHAUSTED, 3]
    rows = related(column, INT, [3, 3, 3], INT)
    assert not rows[:2].any()
    assert rows[2].any()
    assert not outlined(column, INT)[:2].any()


def test_a_column_says_how_often_how_surely_and_whether_ever() -> None:
    slots = described([(1,), (2, 3)], LISTS, [(1,), (9,)], LISTS)
    assert slots.shape == (COLUMN_SLOTS,)
    mean, least, most = np.split(slots[1 + OUTLINE_SLOTS :], 3)
    names = relations(LISTS, LISTS)
    assert names is not None
    equal = names.names.index("equal")
    assert (slots[0], mean[equal], least[equal], most[equal]) == (1.0, 0.5, 0.0, 1.0)


def test_pairs_of_equal_types_have_slots_of_their_own() -> None:
    same = related([3], INT, [3], INT)[0]
    other = related([3], INT, [(3,)], LISTS)[0]
    assert not (same.astype(bool) & other.astype(bool)).any()


def test_the_inputs_of_shipped_tasks_can_be_described() -> None:
    for name in ("lists", "strings"):
        for task in load_domain(name).tasks[:40]:
            function = task.spec.functions[0]
            outputs = [example.output for example in task.spec.examples]
            for place, (_, type_) in enumerate(function.parameters):
                column = [example.inputs[place] for example in task.spec.examples]
                assert np.isfinite(described(column, type_, outputs, function.result)).all()
