"""``from workbench import Session``: examples one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dsl import read_tasks
from dsl.errors import ReverieError, TypeMismatch
from store.repository import Store
from wake_sleep.wake.outcome import FoundBy, Judgement, Status
from workbench import Session, solve
from workbench.questions import changed_inputs
from workbench.session_tasks import SessionError
from workbench.solving import NotSolved

SPECS = Path(__file__).parents[2] / "workbench" / "specs"
STEPS: dict[str, Any] = {"max_candidates": 12_000}

SEVERAL = """\
(set-logic LIA)
(synth-fun same ((x Int)) Int ((S Int)) ((S Int (x 0 1 (+ S S)))))
(synth-fun next ((x Int)) Int ((S Int)) ((S Int (x 0 1 (+ S S)))))
(constraint (= (same 3) 3))
(constraint (= (next 3) 4))
(check-synth)
"""

CLAMP = """\
name = "clamp"
signature = "clamp(x: int, low: int, high: int) -> int"
examples = [{ inputs = [5, 1, 9], output = 5 }]
held_out = [{ inputs = [-3, 1, 9], output = 1 }]
preconditions = "low <= high"
postconditions = ["low <= result <= high", "implies(low <= x <= high, result == x)"]
invariants = "implies(a <= b, clamp(a, low, high) <= clamp(b, low, high))"
forall = { a = "int", b = "int" }
constants = [0, 1]
hints = { maximum_size = 12, style = "shortest" }
budget = { cpu_seconds = 10 }
split = "train"
"""


def test_a_program_is_there_after_each_example() -> None:
    with Session(**STEPS) as session:
        assert (session.task, session.answer, session.is_solved) == (None, None, False)
        first = session.example("ab", "AB")
        assert session.answer is first
        constants = [session.ignores_inputs]
        second = session.example("c", "C")
        assert second.status is Status.SOLVED
        assert second.spec is session.spec
        assert session.run("xyz") == "XYZ"
        assert [*constants, session.ignores_inputs] == [True, False]
        assert [(e.inputs, e.output) for e in session.examples] == [(("ab",), "AB"), (("c",), "C")]


def test_a_program_that_fits_another_example_stays_and_is_verified_for_it() -> None:
    with Session(**STEPS) as session:
        before = session.example("Ada Lovelace", "AL")
        after = session.example("Alan Turing", "AT")
        assert after.programs == before.programs
        assert after.outcome.found_by is before.outcome.found_by
        assert after.outcome.found_by is not FoundBy.REPLAY
        assert after.outcome.candidates == before.outcome.candidates
        assert after.outcome.verdict is not None
        assert after.outcome.verdict.judgement is Judgement.EXAMPLES
        assert after.spec.examples == session.examples


def test_an_example_that_is_there_already_changes_nothing() -> None:
    with Session(**STEPS) as session:
        answer = session.example("ab", "AB")
        assert session.example("ab", "AB") is answer
        assert len(session.examples) == 1
        session.undo()
        assert session.task is None


@pytest.mark.parametrize(
    ("inputs", "output", "domain"),
    [("ab", "AB", "strings"), ([2, 1], [1, 2], "lists"), ((1, 2), 3, "integers"), (True, False, "integers")],
)
def test_the_domain_is_chosen_as_solve_chooses_it(inputs: object, output: object, domain: str) -> None:
    with Session(max_candidates=10) as session:
        session.example(inputs, output)
        assert session.spec is not None
        assert session.spec.domain == domain
        assert session.spec.identity == solve(examples=[(inputs, output)], max_candidates=1).spec.identity


def test_what_does_not_fit_leaves_the_session_as_it_was() -> None:
    with Session(**STEPS) as session:
        answer = session.example("ab", "AB")
        with pytest.raises(TypeMismatch, match="does not fit the others: 5 is a int"):
            session.example("c", 5)
        with pytest.raises(TypeMismatch, match="has 2 inputs, but the others have 1"):
            session.example(("c", "d"), "C")
        with pytest.raises(SessionError, match="there is no function 'g'"):
            session.example("c", "C", function="g")
        with pytest.raises(SessionError, match="there is no example 2: there are 1"):
            session.forget(2)
        with pytest.raises(ReverieError, match="no such file"):
            session.load("missing.toml")
        assert session.answer is answer
        assert len(session.examples) == 1


def test_nothing_can_be_done_with_nothing(tmp_path: Path) -> None:
    with Session() as session:
        with pytest.raises(NotSolved):
            session.run("a")
        for action in (session.undo, session.solve, session.question, lambda: session.save(tmp_path / "a.toml")):
            with pytest.raises(SessionError):
                action()
        assert session.another() is None
        assert session.alternatives == ()


def test_the_two_examples_that_contradict_each_other_are_named_and_one_is_forgotten() -> None:
    with Session(**STEPS) as session:
        session.example("ab", "AB")
        session.example("c", "C")
        answer = session.example("ab", "ab")
        assert answer.status is Status.INFEASIBLE
        before = session.contradiction
        assert session.forget(3).output == "ab"
        assert (before, session.contradiction) == ((1, 3), None)
        assert session.solve().status is Status.SOLVED


def test_undo_takes_back_whatever_was_done_last() -> None:
    with Session(**STEPS) as session:
        one = session.example("ab", "AB")
        two = session.example("c", "C")
        session.forget(1)
        solved = [session.is_solved]
        session.undo()
        assert session.answer is two
        session.load(SPECS / "initials.toml")
        solved.append(session.is_solved)
        session.undo()
        session.undo()
        assert solved == [True, False]
        assert session.answer is one
        session.undo()
        assert session.task is None


def test_types_that_examples_do_not_show_are_stated() -> None:
    with Session(**STEPS) as session:
        session.signature("clear(word: bv8) -> bv8")
        assert session.spec is not None
        assert (session.spec.domain, session.spec.functions[0].signature) == ("bitvectors", "clear(word: bv8) -> bv8")
        session.example(0b1100, 0b1000)
        assert session.example(0b0111, 0b0110).status is Status.SOLVED
        with pytest.raises(TypeMismatch, match="256 is not of type bv8"):
            session.example(256, 0)
        with pytest.raises(SessionError, match="stated already"):
            session.signature("int -> int")
    with Session(domain="bitvectors") as session:
        with pytest.raises(SessionError, match="bitvectors has nothing of type int; the domain integers has"):
            session.example(1, 2)
        with pytest.raises(ReverieError, match="unknown type `strin`"):
            session.signature("strin -> str")
        assert session.task is None


def test_examples_that_are_there_keep_a_signature_from_being_stated_only_if_they_do_not_fit() -> None:
    with Session(**STEPS) as session:
        session.example(1, 2)
        with pytest.raises(TypeMismatch):
            session.signature("str -> str")
        session.signature("after(n: int) -> int")
        assert session.solve().python.startswith("lambda n: ")


def test_another_program_that_fits_is_taken_and_given_back() -> None:
    with Session(**STEPS) as session:
        first = session.example("Ada Lovelace", "AL")
        assert session.alternatives
        seen = [first.python]
        while (found := session.another()) is not None:
            seen.append(found.python)
            assert session.answer is not None
            assert session.run("Ada Lovelace") == "AL"
        assert len(seen) == len(set(seen)) > 1
        for _ in seen[1:]:
            session.undo()
        assert session.answer is first


def test_a_question_is_about_an_input_on_which_fitting_programs_disagree() -> None:
    questions = []
    for _ in range(2):
        with Session(**STEPS) as session:
            session.example("Ada Lovelace", "AL")
            question = session.question()
            assert question is not None
            questions.append(question)
            assert question.inputs not in [e.inputs for e in session.examples]
            assert len(set(question.outputs)) == len(question.outputs) == len(question.programs) > 1
            assert session.run(*question.inputs) == question.outputs[0]
            answer = session.example(question.inputs, question.outputs[1])
            assert answer.status is Status.SOLVED
            assert answer.run(*question.inputs) == question.outputs[1]
    assert questions[0] == questions[1]


def test_guesses_find_a_rival_where_the_search_found_none() -> None:
    with Session(max_candidates=30_000) as session:
        answer = session.example("Ada Lovelace", "Ada")
        before = session.alternatives
        question = session.question()
        assert question is not None
        assert answer.run(*question.inputs) == question.outputs[0]
        assert len(before) == 0 < len(session.alternatives)
        assert session.examples == answer.spec.examples


def test_no_question_is_asked_of_what_conditions_describe() -> None:
    with Session(SPECS / "max_of_two.sl", cpu_seconds=5) as session:
        assert session.solve().status is Status.SOLVED
        with pytest.raises(SessionError, match="examples alone"):
            session.question()


def test_inputs_are_changed_a_little_and_never_back_to_an_example() -> None:
    with Session(max_candidates=1) as session:
        session.example(("Ada L", 1, True), 5)
        assert session.spec is not None
        changed = list(changed_inputs(session.spec.functions[0], session.examples))
    assert len(set(changed)) == len(changed) > 20
    assert session.examples[0].inputs not in changed
    assert all(sum(a != b for a, b in zip(inputs, ("Ada L", 1, True), strict=True)) == 1 for inputs in changed)


def test_what_is_saved_is_the_same_specification(tmp_path: Path) -> None:
    target = tmp_path / "saved.toml"
    with Session(max_candidates=10) as session:
        session.example(('a"\\\x07\x7f é\U0001f600', -5), True)
        assert session.spec is not None
        session.save(target)
        (task,) = read_tasks(target)
        assert task.spec.identity == session.spec.identity
        with Session(max_candidates=10) as other:
            other.example(([], 2), [0])
            other.save(tmp_path / "lists.toml")
            assert other.spec is not None
            assert read_tasks(tmp_path / "lists.toml")[0].spec.identity == other.spec.identity
        with pytest.raises(SessionError, match="should end in"):
            session.save(tmp_path / "saved.txt")
        with pytest.raises(SessionError, match="cannot write"):
            session.save(tmp_path / "nowhere" / "saved.toml")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lists.toml", "saved.toml"]


def test_conditions_hints_budgets_and_held_out_examples_are_saved_too(tmp_path: Path) -> None:
    (tmp_path / "clamp.toml").write_text(CLAMP)
    with Session(tmp_path / "clamp.toml") as session:
        session.save(tmp_path / "again.toml")
        assert session.task is not None
        (again,) = read_tasks(tmp_path / "again.toml")
        assert again.spec.identity == session.task.spec.identity
        assert (again.spec.budget, again.split) == (session.task.spec.budget, "train")
        assert again.held_out == session.task.held_out


def test_a_file_with_a_grammar_is_saved_as_sygus(tmp_path: Path) -> None:
    with Session(SPECS / "swap_names.sl") as session:
        with pytest.raises(SessionError, match=r"a grammar of its own.*`\.sl` may"):
            session.save(tmp_path / "swap.toml")
        session.forget(1)
        session.save(tmp_path / "swap.sl")
        assert session.spec is not None
        (task,) = read_tasks(tmp_path / "swap.sl")
        assert task.spec.identity == session.spec.identity
        assert len(task.spec.examples) == 3


def test_a_file_of_several_functions_takes_examples_of_each(tmp_path: Path) -> None:
    (tmp_path / "two.sl").write_text(SEVERAL)
    with Session(tmp_path / "two.sl", **STEPS) as session:
        session.solve()
        with pytest.raises(SessionError, match="there are several functions: same, next"):
            session.example(8, 9)
        assert session.example(8, 9, function="next").status is Status.SOLVED
        assert (session.run(5, function="same"), session.run(5, function="next")) == (5, 6)


def test_a_task_of_a_file_with_several_is_named_behind_its_path() -> None:
    words = Path(__file__).parents[1] / "dsl" / "fixtures" / "tasks.json"
    names = [task.name for task in read_tasks(words)]
    with Session() as session:
        assert session.load(f"{words}#{names[1]}").name == names[1]
        with pytest.raises(SessionError, match="has no task 'nothing'"):
            session.load(f"{words}#nothing")


def test_a_program_that_is_there_is_kept_if_a_further_search_finds_none(tmp_path: Path) -> None:
    place, examples = tmp_path / "reverie.db", [("Ada Lovelace", "A. L."), ("Grace Hopper", "G. H.")]
    assert solve(examples=examples, store=place, max_candidates=60_000).status is Status.SOLVED
    with Session(store=place, max_candidates=1) as session:
        for given, wanted in examples:
            answer = session.example(given, wanted)
        assert answer.outcome.found_by is FoundBy.REPLAY
        assert session.solve() is answer
        assert session.answer is answer
        with pytest.raises(ReverieError, match="greater than 0"):
            session.solve(-1)


def test_a_store_remembers_what_a_session_found(tmp_path: Path) -> None:
    place = tmp_path / "reverie.db"
    with Session(store=place, **STEPS) as session:
        session.example("ab", "AB")
        session.example("c", "C")
    again = solve(examples=[("ab", "AB"), ("c", "C")], store=place, **STEPS)
    assert again.outcome.found_by is FoundBy.REPLAY
    with Session(store=place, **STEPS) as session:
        assert session.example("ab", "AB").outcome.found_by is FoundBy.REPLAY
        assert session.solve().outcome.found_by is not FoundBy.REPLAY
    with Store.open(place, read_only=True) as store:
        assert [(run.kind, run.status) for run in store.runs()] == [
            ("session", "finished"),
            ("solve", "finished"),
            ("session", "finished"),
        ]


def test_a_generation_is_used_by_its_name(tmp_path: Path) -> None:
    with Session(domain="strings", generation="shipped") as session:
        assert session.generation.name == "shipped-strings"
    assert solve(examples=[("ab", "AB")], generation="none", max_candidates=1).outcome.generation == "none"
    for call in (lambda: Session(generation="latest"), lambda: solve(examples=[(1, 2)], generation="lists-1")):
        with pytest.raises(ReverieError, match="name it with --store"):
            call()
    with pytest.raises(ReverieError, match="there is no generation 'lists-1' in the store"):
        Session(store=tmp_path / "empty.db", generation="lists-1")
