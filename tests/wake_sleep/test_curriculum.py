from collections import Counter

from wake_sleep.curriculum import Experience, next_batch

NAMES = [f"task {number}" for number in range(10)]


def test_every_task_is_taken_if_no_size_is_set() -> None:
    assert sorted(next_batch(NAMES, {}, None, seed=0, cycle=1)) == NAMES


def test_easy_tasks_come_first_then_nearly_solved_ones() -> None:
    known = {
        "task 3": Experience(1, candidates=10),
        "task 5": Experience(1, candidates=1_000),
        "task 7": Experience(1, share=0.9),
        "task 1": Experience(1, share=0.2),
    }
    batch = next_batch(NAMES, known, None, seed=0, cycle=1)
    assert batch[:4] == ["task 3", "task 5", "task 7", "task 1"]


def test_tasks_are_visited_in_turn() -> None:
    visits: Counter[str] = Counter()
    for cycle in range(1, 6):
        known = {name: Experience(count) for name, count in visits.items()}
        visits.update(next_batch(NAMES, known, 4, seed=0, cycle=cycle))
    assert {visits[name] for name in NAMES} == {2}


def test_of_equally_visited_tasks_the_nearly_solved_are_chosen() -> None:
    known = {name: Experience(1, share=0.1 * number) for number, name in enumerate(NAMES)}
    assert next_batch(NAMES, known, 3, seed=0, cycle=2) == ["task 9", "task 8", "task 7"]


def test_the_order_depends_on_the_seed_alone() -> None:
    assert next_batch(NAMES, {}, None, seed=1, cycle=1) == next_batch(NAMES, {}, None, seed=1, cycle=1)
    assert next_batch(NAMES, {}, None, seed=1, cycle=1) != next_batch(NAMES, {}, None, seed=2, cycle=1)
    assert next_batch(NAMES, {}, None, seed=1, cycle=1) != next_batch(NAMES, {}, None, seed=1, cycle=2)
