"""One verifying process: what it keeps, what it makes of what goes wrong, and what it loads."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from dsl.errors import DomainError
from wake_sleep.wake.outcome import Judgement, Verdict
from wake_sleep.wake.pool import verifier as module
from wake_sleep.wake.pool.verifier import KEPT_CONDITIONS, Verifier
from wake_sleep.wake.pool.verifiers import Check
from wake_sleep.wake.verify.solver import Allowance, ConditionVerifier
from wake_sleep.wake.verify.unknown import OUT_OF_MEMORY, unknown

MakeCheck = Callable[..., Check]
TIMED = Allowance(5.0)


def checked(verifier: Verifier, check: Check, key: str = "a", allowance: Allowance = TIMED) -> Verdict:
    (verdict,) = verifier.check(key, lambda: check.condition, [check.programs], allowance)
    return verdict


def test_only_the_conditions_asked_about_last_are_kept(make_check: MakeCheck) -> None:
    verifier, check = Verifier(), make_check("(bvadd y x)")
    for i in range(KEPT_CONDITIONS + 1):
        checked(verifier, check, str(i))
    checked(verifier, check, "1")
    assert verifier.translations == KEPT_CONDITIONS + 1
    checked(verifier, check, "0")
    assert verifier.translations == KEPT_CONDITIONS + 2


def test_if_only_steps_count_each_call_begins_anew(make_check: MakeCheck) -> None:
    verifier, check = Verifier(), make_check("(bvadd y x)")
    list(verifier.check("a", lambda: check.condition, [check.programs] * 5, Allowance()))
    assert verifier.translations == 1
    checked(verifier, check, allowance=Allowance())
    assert verifier.translations == 2


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), OUT_OF_MEMORY),
        (DomainError("no meaning"), "nothing can be proved of this condition: no meaning"),
        (KeyError("lost"), "internal error: KeyError: 'lost'"),
    ],
)
def test_what_goes_wrong_with_one_candidate_is_its_verdict(
    make_check: MakeCheck, error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Verdict:
        raise error

    verifier, check = Verifier(), make_check("(bvadd y x)")
    with monkeypatch.context() as patched:
        patched.setattr(ConditionVerifier, "check", fail)
        assert checked(verifier, check) == unknown(reason)
    assert checked(verifier, check).judgement is Judgement.PROVED


def test_a_check_that_needs_too_much_memory_gives_it_back(
    make_check: MakeCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier, check = Verifier(), make_check("(bvadd y x)")
    monkeypatch.setattr(module, "check_within_memory", lambda *_: unknown(OUT_OF_MEMORY))
    checked(verifier, check)
    checked(verifier, check)
    assert verifier.translations == 2


def test_a_verifying_process_loads_nothing_of_learning_storing_or_ray() -> None:
    code = "import json, sys, wake_sleep.wake.pool.verifier; sys.stdout.write(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    packages = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert packages & {"torch", "torch_geometric", "ray", "sqlalchemy", "alembic", "typer", "rich"} == set()
