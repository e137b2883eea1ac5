"""Finding invariants: each engine finds one, what has none is proved to have none, and budgets are kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from dsl.domain import load_domain
from dsl.grammar import Grammar
from dsl.printing import to_sexpr
from dsl.source import Source
from dsl.spec import Budget, Spec
from dsl.sygus.reader import read_sygus
from dsl.terms import Term, strip_lambdas
from wake_sleep.wake.invariants.clauses import HornSystem, horn_system
from wake_sleep.wake.invariants.houdini import inductive_subset
from wake_sleep.wake.invariants.learner import IceLearner
from wake_sleep.wake.invariants.lemmas import joined, reduced
from wake_sleep.wake.invariants.sample import Contradiction
from wake_sleep.wake.invariants.search import Found, NoInvariant, find_invariant
from wake_sleep.wake.invariants.vocabulary import Vocabulary
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.outcome import FoundBy, Judgement
from wake_sleep.wake.solve import program_grammar
from wake_sleep.wake.verify.condition import condition_of
from wake_sleep.wake.verify.horn import HornSolver, SpacerSettings, Unsafe
from wake_sleep.wake.verify.solver import Allowance, ConditionVerifier

SUM = """
(set-logic LIA)
(synth-inv inv ((i Int) (c Int) (n Int)))
(define-fun pre ((i Int) (c Int) (n Int)) Bool (and (= i 0) (= c 0) (> n 0)))
(define-fun trans ((i Int) (c Int) (n Int) (i! Int) (c! Int) (n! Int)) Bool
  (and (< i n) (= i! (+ i 1)) (= c! (+ c i)) (= n! n)))
(define-fun post ((i Int) (c Int) (n Int)) Bool (=> (>= i n) (>= c 0)))
(inv-constraint inv pre trans post)
(check-synth)
"""

UNSAFE = """
(set-logic LIA)
(synth-inv inv ((x Int)))
(define-fun pre ((x Int)) Bool (= x 0))
(define-fun trans ((x Int) (x! Int)) Bool (= x! (+ x 2)))
(define-fun post ((x Int)) Bool (not (= x 6)))
(inv-constraint inv pre trans post)
(check-synth)
"""

TURNSTILE = """
(set-logic LIA)
(synth-inv inv ((open Bool) (alarm Bool) (count Int)))
(define-fun pre ((open Bool) (alarm Bool) (count Int)) Bool (and (not open) (not alarm) (= count 0)))
(define-fun trans ((open Bool) (alarm Bool) (count Int) (open! Bool) (alarm! Bool) (count! Int)) Bool
  (and (= open! (not open)) (= count! (ite open (- count 1) (+ count 1))) (= alarm! (or alarm (< count 0)))))
(define-fun post ((open Bool) (alarm Bool) (count Int)) Bool (not alarm))
(inv-constraint inv pre trans post)
(check-synth)
"""

BITS = """
(set-logic BV)
(synth-inv inv ((x (_ BitVec 8)) (y (_ BitVec 8)) (n (_ BitVec 8))))
(define-fun pre ((x (_ BitVec 8)) (y (_ BitVec 8)) (n (_ BitVec 8))) Bool (and (= x #x00) (= y #x00)))
(define-fun trans ((x (_ BitVec 8)) (y (_ BitVec 8)) (n (_ BitVec 8))
                   (x! (_ BitVec 8)) (y! (_ BitVec 8)) (n! (_ BitVec 8))) Bool
  (and (bvult x n) (= x! (bvadd x #x01)) (= y! (bvadd y #x01)) (= n! n)))
(define-fun post ((x (_ BitVec 8)) (y (_ BitVec 8)) (n (_ BitVec 8))) Bool (=> (bvuge x n) (= y n)))
(inv-constraint inv pre trans post)
(check-synth)
"""

INPUT = """
(set-logic LIA)
(declare-var chosen Int)
(synth-inv inv ((x Int) (y Int)))
(define-fun pre ((x Int) (y Int)) Bool (and (= x chosen) (= y chosen)))
(define-fun trans ((x Int) (y Int) (x! Int) (y! Int)) Bool
  (and (= x! (+ x chosen)) (= y! (+ y (ite (> chosen 0) chosen 0)))))
(define-fun post ((x Int) (y Int)) Bool (<= x y))
(inv-constraint inv pre trans post)
(check-synth)
"""

STATED = """
(set-logic LIA)
(synth-fun inv ((x Int) (n Int)) Bool
  ((Start Bool) (Atom Bool) (Sum Int) (Term Int) (Sign Int) (Var Int) (Const Int))
  ((Start Bool ((and Atom Atom) (or Atom Atom)))
   (Atom Bool ((<= Sum Const) (= Sum Const)))
   (Sum Int ((+ Term Term)))
   (Term Int ((* Sign Var)))
   (Sign Int (0 1 -1))
   (Var Int (x n))
   (Const Int (CONSTANTS))))
(declare-var x Int)
(declare-var n Int)
(declare-var x1 Int)
(constraint (=> (and (= x 0) (>= n 0)) (inv x n)))
(constraint (=> (and (inv x n) (< x n) (= x1 (+ x 1))) (inv x1 n)))
(constraint (=> (and (inv x n) (>= x n)) (= x n)))
(check-synth)
"""


@dataclass(frozen=True)
class Problem:
    """A spec, made ready."""

    spec: Spec
    grammar: Grammar
    verifier: ConditionVerifier
    system: HornSystem

    def find(self, budget: Budget, seed: int = 0) -> Found | NoInvariant | str:
        stated = self.spec.functions[0].grammar is not None
        verifier = ConditionVerifier(self.system.condition)
        return find_invariant(
            self.system.condition, self.grammar, verifier, Meter(budget), has_stated_grammar=stated, seed=seed
        )

    def is_proved(self, body: Term) -> bool:
        programs = {self.spec.functions[0].name: self.grammar.program(body)}
        return self.verifier.check(programs, Allowance()).judgement is Judgement.PROVED

    def solver(self, budget: Budget = Budget(candidates=10_000)) -> tuple[HornSolver, Meter]:  # noqa: B008
        meter = Meter(budget)
        return HornSolver(self.system, meter), meter


def problem(text: str) -> Problem:
    spec = read_sygus(Source(text))
    assert spec.domain is not None
    condition = condition_of(spec, load_domain(spec.domain))
    system = horn_system(condition)
    assert isinstance(system, HornSystem)
    return Problem(spec, program_grammar(spec, spec.functions[0]), ConditionVerifier(condition), system)


def body_of(found: Found | NoInvariant | str) -> Term:
    assert isinstance(found, Found), found
    assert found.verdict.judgement is Judgement.PROVED
    return strip_lambdas(found.program)[1]


@pytest.mark.parametrize("text", [SUM, TURNSTILE, BITS, INPUT], ids=["integers", "Booleans", "bit-vectors", "inputs"])
def test_an_invariant_is_found_and_proved(text: str) -> None:
    given = problem(text)
    found = given.find(Budget(candidates=2_000))
    body = body_of(found)
    assert isinstance(found, Found)
    assert given.grammar.derive(found.program) is not None
    assert given.is_proved(body)
    assert body.size <= 20


def test_spacer_finds_a_relation() -> None:
    given = problem(SUM)
    solver, _ = given.solver()
    assert given.is_proved(solver.relation(SpacerSettings({"spacer.global": True}), 5_000_000))


def test_spacer_answers_equally_whatever_was_asked_before() -> None:
    first, _ = problem(SUM).solver()
    second, _ = problem(SUM).solver()
    settings = SpacerSettings({"spacer.global": True})
    assert first.relation(settings, 5_000_000) is second.relation(settings, 5_000_000)


def test_spacer_says_that_there_is_no_relation() -> None:
    solver, _ = problem(UNSAFE).solver()
    with pytest.raises(Unsafe):
        solver.relation(SpacerSettings(), 5_000_000)


def test_houdini_finds_a_conjunction_of_atoms() -> None:
    given = problem(SUM)
    solver, meter = given.solver()
    kept = inductive_subset(Vocabulary(given.system).pool(), solver, meter)
    assert kept is not None
    assert given.is_proved(joined("and", kept, given.system.domain))


def test_houdini_says_if_no_conjunction_suffices() -> None:
    given = problem(UNSAFE)
    solver, meter = given.solver()
    assert inductive_subset(Vocabulary(given.system).pool(), solver, meter) is None


@pytest.mark.parametrize("text", [SUM, TURNSTILE, BITS], ids=["integers", "Booleans", "bit-vectors"])
def test_the_learner_finds_a_decision_tree(text: str) -> None:
    given = problem(text)
    solver, meter = given.solver()
    learner = IceLearner(Vocabulary(given.system), solver, meter)
    found = next(body for _ in range(200) if (body := learner.round()) is not None)
    assert given.is_proved(found)


def test_the_learner_sees_that_states_contradict_each_other() -> None:
    given = problem(UNSAFE)
    solver, meter = given.solver()
    learner = IceLearner(Vocabulary(given.system), solver, meter)
    with pytest.raises(Contradiction) as caught:
        next(body for _ in range(200) if (body := learner.round()) is not None)
    assert [step.conclusion for step in caught.value.trace] == [(0,), (2,), (4,), (6,), None]


def test_what_has_no_invariant_is_proved_to_have_none_by_a_trace() -> None:
    found = problem(UNSAFE).find(Budget(candidates=2_000))
    assert isinstance(found, NoInvariant)
    assert found.witness == ("state 0: x = 0", "state 1: x = 2", "state 2: x = 4", "state 3: x = 6", "excluded: x = 6")


def test_an_invariant_of_a_stated_grammar_derives_from_it() -> None:
    given = problem(STATED.replace("CONSTANTS", "-1 0 1"))
    found = given.find(Budget(candidates=100_000))
    body = body_of(found)
    assert isinstance(found, Found)
    assert found.by is FoundBy.ENUMERATION
    assert given.grammar.derive(found.program) is not None
    assert given.is_proved(body)


def test_a_grammar_with_sums_of_constants_is_searched_too() -> None:
    given = problem(STATED.replace("CONSTANTS", "0 1 (+ Const Const) (- Const Const)"))
    assert given.is_proved(body_of(given.find(Budget(candidates=200_000))))


def test_a_finite_grammar_without_an_invariant_is_infeasible() -> None:
    found = problem(STATED.replace("CONSTANTS", "-7")).find(Budget(candidates=100_000))
    assert isinstance(found, NoInvariant)
    assert "all programs of the grammar" in found.reason
    assert any(line.startswith("in the invariant: ") for line in found.witness)
    assert any(line.startswith("not in the invariant: ") for line in found.witness)


def test_an_invariant_is_reduced_to_what_is_needed() -> None:
    given = problem(INPUT)
    solver, meter = given.solver()
    texts = ("(<= x y)", "(or (<= x y) (> x 5))", "(<= x (+ y 3))")
    bodies = [_over(given, text) for text in texts]
    shortest = reduced(joined("and", bodies, given.system.domain), solver, meter)
    assert to_sexpr(shortest) == "(<= $1 $0)"


def _over(given: Problem, text: str) -> Term:
    parameters = " ".join(f"({name} Int)" for name, _ in given.spec.functions[0].parameters)
    macro = f"(set-logic LIA)(define-fun m ({parameters}) Bool {text})"
    definition = read_sygus(Source(f"{macro}(synth-fun f () Int)(check-synth)")).macros[0].operator.definition
    assert definition is not None
    return strip_lambdas(definition)[1]


def test_a_budget_in_candidates_is_kept_and_equal_runs_end_equally() -> None:
    given = problem(STATED.replace("CONSTANTS", "0 1 (+ Const Const)"))

    def ends(limit: int) -> Sequence[object]:
        meter = Meter(Budget(candidates=limit))
        verifier = ConditionVerifier(given.system.condition)
        with pytest.raises(OutOfBudget) as caught:
            find_invariant(given.system.condition, given.grammar, verifier, meter, has_stated_grammar=True)
        return str(caught.value), meter.candidates, tuple(verifier.points)

    assert ends(5) == ends(5)


def test_equal_seeds_give_equal_invariants() -> None:
    first, second = (problem(TURNSTILE).find(Budget(candidates=500), seed=3) for _ in range(2))
    assert body_of(first) is body_of(second)


def test_a_condition_that_is_not_horn_is_given_back_with_the_reason() -> None:
    spec = read_sygus(
        Source(
            "(set-logic LIA)(synth-fun p ((x Int)) Bool)(declare-var x Int)"
            "(constraint (or (p x) (p (+ x 1))))(check-synth)"
        )
    )
    condition = condition_of(spec, load_domain("integers"))
    grammar = program_grammar(spec, spec.functions[0])
    meter = Meter(Budget(candidates=10))
    found = find_invariant(condition, grammar, ConditionVerifier(condition), meter, has_stated_grammar=False)
    assert isinstance(found, str)
    assert "Horn" in found
