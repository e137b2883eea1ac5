"""Stitch as a miner: what its defects cannot do here, and what comes of a child that fails."""

import random
import sys
from collections.abc import Sequence

import pytest

from dsl.errors import ReverieError
from dsl.terms import Application, Lambda, Literal, Operator, Term, Variable, beta_normal
from dsl.types import INT, STRING, arrow
from wake_sleep.sleep.abstraction import stitch
from wake_sleep.sleep.abstraction.stitch import (
    PORTFOLIO,
    Limits,
    StitchSettings,
    Symbols,
    WeightedCorpus,
    propose,
    read_answer,
    run_child,
    weighted_corpus,
)
from wake_sleep.sleep.abstraction.untyped import read_program, write_program

LIMITS = Limits(cpu_seconds=20, wall_seconds=60)


def corpus(*texts: str) -> WeightedCorpus:
    return weighted_corpus([read_program(text) for text in texts], [str(n) for n in range(len(texts))])


def proposed(*texts: str, settings: StitchSettings = PORTFOLIO[0]) -> list[str]:
    found = propose(corpus(*texts), [settings], LIMITS)
    assert found.events == ()
    return [write_program(proposal.definition) for proposal in found.proposals]


def test_what_programs_share_is_proposed() -> None:
    assert proposed("(f (g 1 (h 2 3)) 4)", "(f (g 1 (h 2 5)) 4)") == ["(lambda (f (g 1 (h 2 $0)) 4))"]


def test_an_empty_corpus_is_never_asked_about() -> None:
    assert propose(corpus()) == stitch.Proposals()
    assert propose(corpus("(f x)"), []) == stitch.Proposals()


@pytest.mark.parametrize("token", ["#t", "é", "0.5", '"a b"', "#0", "fn_0", "f0", "s0", "lam_", "'('"])
def test_no_token_breaks_it(token: str) -> None:
    if "(" in token:
        token = token.replace("(", "[")
    texts = [f"(g ({token} {token} 1) (h {token} {n}))" for n in range(3)]
    assert proposed(*texts) == [f"(lambda (g ({token} {token} 1) (h {token} $0)))"]


def test_functions_that_the_corpus_has_already_are_not_named_again() -> None:
    texts = [f"(fn_0 (fn_1 fn_2 fn_3) {n} (f0 f1 s0 s1))" for n in range(4)]
    assert proposed(*texts) == ["(lambda (fn_0 (fn_1 fn_2 fn_3) $0 (f0 f1 s0 s1)))"]


def test_settings_that_break_it_are_never_made() -> None:
    arguments = [settings.arguments() for settings in PORTFOLIO]
    for given in arguments:
        assert given["no_curried_bodies"] is True
        assert {"utility_by_rewrite", "eta_long"}.isdisjoint(given)


def test_weights_are_repetitions() -> None:
    # With weights of its own, its bounds do not hold and it panics.
    texts = ["(f (g 1 (h 2 3)) 4)"] * 40 + ["(f (g 1 (h 2 5)) 4)"] * 30 + ["(f (g 1 2) 4)"]
    given = corpus(*texts)
    assert (len(given.programs), given.weights) == (3, (40.0, 30.0, 1.0))
    found = propose(given, PORTFOLIO, LIMITS)
    assert found.events == ()
    assert found.proposals


def test_programs_that_apply_abstractions_get_proposals_in_the_base_language() -> None:
    definition = read_program("(lambda (g 1 (h 2 $0)))")
    learned = Operator("learned", arrow(INT, INT), "abstraction", definition)
    programs = [Application(Operator("f", arrow(INT, INT, INT)), (Application(learned, (each,)), each))
                for each in (Application(Operator(name, INT)) for name in "abc")]  # fmt: skip
    found = propose(weighted_corpus(programs, ["1", "2", "3"]), [PORTFOLIO[0]], LIMITS)
    assert [write_program(p.definition) for p in found.proposals] == ["(lambda (f (g 1 (h 2 $0)) $0))"]


def test_operators_of_a_typed_language_are_fully_applied() -> None:
    plus = Operator("plus", arrow(INT, INT, INT))
    of = Operator("map", arrow(arrow(INT, INT), INT, INT))

    def program(number: int) -> Term:
        inner = Application(plus, (Literal(7, INT), Application(plus, (Literal(8, INT), Variable(0)))))
        return Application(of, (Lambda(inner), Literal(number, INT)))

    found = propose(weighted_corpus([program(n) for n in range(4)], list("abcd")), [PORTFOLIO[0]], LIMITS)
    definitions = [proposal.definition for proposal in found.proposals]
    assert all(beta_normal(definition) is definition and definition.is_closed for definition in definitions)
    inner = program(0).children[0]
    assert Lambda(Application(of, (inner, Variable(0)))) in definitions


def test_literals_of_any_text_survive() -> None:
    join = Operator("join", arrow(STRING, STRING, STRING))
    texts = ["a b", "(", "#t", "é", '"']
    inner = Application(join, (Literal("x y", STRING), Literal("(", STRING)))
    programs = [Application(join, (inner, Literal(text, STRING))) for text in texts]
    found = propose(weighted_corpus(programs, texts), [StitchSettings(arity=1)], LIMITS)
    assert found.events == ()
    expected = Lambda(Application(join, (inner, Variable(0))))
    assert [proposal.definition for proposal in found.proposals] == [expected]


def test_a_corpus_is_capped_by_what_tasks_have_in_common_and_by_their_smallest_programs() -> None:
    texts = ["(f x)", "(f (f x))", "(f x)", "(f (f x))", "(g x)"]
    tasks = ["a", "a", "b", "b", "c"]
    programs = [read_program(text) for text in texts]
    full = weighted_corpus(programs, tasks)
    assert (full.tasks, full.weights, full.dropped) == ((0, 0, 1), (2.0, 2.0, 1.0), 0)
    smaller = weighted_corpus(programs, tasks, most=2)
    assert smaller.programs == (programs[0], programs[4])
    assert smaller.dropped == 1
    heaviest = weighted_corpus(programs, tasks, most=1)
    assert (heaviest.programs, heaviest.dropped) == ((programs[0],), 2)


def child(code: str, limits: Limits = LIMITS) -> tuple[list[str], list[str]]:
    return run_child({"runs": []}, limits, [sys.executable, "-c", code])


def test_a_child_that_hangs_is_ended() -> None:
    code = "import sys, time; print('{}', flush=True); time.sleep(600)"
    lines, events = child(code, Limits(wall_seconds=2))
    assert lines == ["{}"]
    assert events == ["Stitch was ended after 2 seconds on the clock"]


@pytest.mark.parametrize(
    ("code", "event"),
    [
        ("import os; os.abort()", "Stitch was ended by SIGABRT: it said nothing"),
        ("import sys; sys.exit('no memory')", "Stitch ended with exit code 1: no memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", "Stitch was ended after 20 CPU-seconds"),
    ],
)
def test_a_child_that_dies_is_told_of(code: str, event: str) -> None:
    lines, events = child(f"import sys; sys.stdin.read(); {code}")
    assert (lines, events) == ([], [event])


def test_memory_is_bounded() -> None:
    found = propose(corpus("(f (g 1 2) x)", "(f (g 1 2) y)"), PORTFOLIO, Limits(cpu_seconds=20, memory=1 << 20))
    assert found.proposals == ()
    assert len(found.events) == 1
    assert "Stitch" in found.events[0]


def test_cpu_time_is_bounded_and_what_was_found_by_then_counts() -> None:
    rng = random.Random(0)

    def tree(depth: int) -> str:
        return f"({rng.choice('fgh')} {tree(depth - 1)} {tree(depth - 1)})" if depth else rng.choice("abcd")

    easy = StitchSettings(arity=0, iterations=1)
    hard = StitchSettings(arity=4, iterations=50)
    texts = [tree(7) for _ in range(60)]
    found = propose(corpus(*texts), [easy, hard], Limits(cpu_seconds=1))
    assert found.proposals
    assert found.events == ("Stitch was ended after 1 CPU-seconds",)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("no JSON", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"error": "panic"}', "panic"),
        ('{"abstractions": [{"name": "f0", "arity": "x", "body": ""}]}', "cannot be read"),
        ('{"abstractions": [{"name": "f0", "arity": 1, "body": "(s0 #1)"}]}', "no parameter #1"),
        ('{"abstractions": [{"name": "f0", "arity": 1, "body": "(s9 #0)"}]}', "nothing of the corpus"),
        ('{"abstractions": [{"name": "s0", "arity": 1, "body": "(s0 #0)"}]}', "two functions s0"),
        ('{"abstractions": [{"name": "f0", "arity": 0, "body": "(s0 $0)"}]}', "bound nowhere"),
        ('{"abstractions": [{"name": "f0", "arity": 0, "body": "(s0"}]}', "never closed"),
    ],
)
def test_garbage_is_no_answer(line: str, message: str) -> None:
    symbols = Symbols()
    write_program(read_program("(f x)"), name=symbols.name)
    with pytest.raises(ReverieError, match=message):
        read_answer(line, symbols)


def test_garbage_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(*_: object) -> tuple[Sequence[str], list[str]]:
        return ["garbage"], []

    monkeypatch.setattr(stitch, "run_child", answers)
    found = propose(corpus("(f x)", "(f y)"), PORTFOLIO[:2])
    assert found.proposals == ()
    assert "answered nothing of use" in found.events[0]
