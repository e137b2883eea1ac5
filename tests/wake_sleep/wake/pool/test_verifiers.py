"""What goes out together, what comes back, and checking in this process."""

import signal
from collections.abc import Callable

import pytest

from wake_sleep.wake.outcome import Judgement, Verdict
from wake_sleep.wake.pool import Backend
from wake_sleep.wake.pool.errors import PoolError, QueueFull
from wake_sleep.wake.pool.verifiers import BATCH, SMALL_SECONDS, Call, Check, LocalVerifiers, Verifiers, open_verifiers
from wake_sleep.wake.verify.solver import ConditionVerifier
from wake_sleep.wake.verify.unknown import unknown

MakeCheck = Callable[..., Check]

RIGHT, WRONG = "(bvsub x (bvneg y))", "(bvor x y)"


class PlayedVerifiers(Verifiers):
    """Verifiers whose workers answer as they are told, and as late.

    Attributes:
        calls: all that was given out.
        waiting: what is not answered.
    """

    def __init__(self, workers: int, verdict: Verdict, *, last_first: bool = False) -> None:
        super().__init__(workers)
        self.workers, self.verdict, self.last_first = workers, verdict, last_first
        self.calls: list[Call] = []
        self.waiting: list[Call] = []

    def close(self) -> None:
        pass

    def _begin(self, call: Call) -> None:
        self.calls.append(call)
        self.waiting.append(call)

    def _work(self) -> None:
        call = self.waiting.pop(-1 if self.last_first else 0)
        for check in call.checks:
            self._settle(call, check, self.verdict)

    def _drop(self, check: Check) -> None:
        self.waiting = [call for call in self.waiting if any(map(self._is_open, call.checks))]

    @property
    def _has_room(self) -> bool:
        return len(self.waiting) < self.workers

    @property
    def _is_idle(self) -> bool:
        return not self.waiting


def numbers_of(calls: list[Call], first: int) -> list[list[int]]:
    return [[check.number - first for check in call.checks] for call in calls]


def verdicts_of(verifiers: Verifiers, checks: list[Check]) -> list[Verdict]:
    """All verdicts in the order of the checks, as many being submitted at a time as there is room for."""
    waiting, found = checks[::-1], dict[int, Verdict]()
    while len(found) < len(checks):
        while waiting and len(checks) - len(waiting) - len(found) < verifiers.capacity:
            verifiers.submit(waiting.pop())
        collected = verifiers.collect()
        assert collected is not None
        found[collected[0]] = collected[1]
    return [found[check.number] for check in checks]


# What goes out together.


def test_small_checks_go_out_a_hundred_at_a_time(make_check: MakeCheck) -> None:
    verifiers = PlayedVerifiers(2, unknown("played"))
    checks = [make_check(RIGHT) for _ in range(BATCH + 1)]
    for check in checks[:-1]:
        assert not verifiers.calls
        verifiers.submit(check)
    verifiers.submit(checks[-1])
    assert numbers_of(verifiers.calls, checks[0].number) == [list(range(BATCH))]


@pytest.mark.parametrize(("workers", "last_first"), [(1, False), (2, True), (3, False), (3, True)])
def test_if_only_steps_count_the_batches_are_those_of_one_worker(
    make_check: MakeCheck, workers: int, last_first: bool
) -> None:
    wishes = ("(bvadd x y)", "(bvor x y)", "(bvadd x y)")
    checks = [make_check(RIGHT, wishes[i % 3]) for i in range(1_000)]
    one, several = (
        PlayedVerifiers(count, unknown("played"), last_first=late)
        for count, late in ((1, False), (workers, last_first))
    )
    verdicts_of(one, checks)
    verdicts_of(several, checks)
    first = checks[0].number
    assert numbers_of(several.calls, first) == numbers_of(one.calls, first)


def test_a_hard_check_goes_out_alone_and_at_once(make_check: MakeCheck) -> None:
    verifiers = PlayedVerifiers(1, unknown("played"))
    verifiers.submit(make_check(RIGHT, seconds=5.0))
    verifiers.submit(hard := make_check(RIGHT, seconds=5.0, is_hard=True))
    (call,) = verifiers.calls
    assert call.checks == (hard,)
    assert call.allowance.seconds == 5.0


def test_what_a_batch_does_not_settle_goes_out_alone_with_all_of_its_allowance(make_check: MakeCheck) -> None:
    verifiers = PlayedVerifiers(1, unknown("played"))
    verifiers.submit(make_check(RIGHT, seconds=5.0))
    assert verifiers.collect() is not None
    assert [call.allowance.seconds for call in verifiers.calls] == [SMALL_SECONDS, 5.0]


def test_a_batch_holds_checks_of_one_condition(make_check: MakeCheck) -> None:
    verifiers = PlayedVerifiers(4, unknown("played"))
    checks = [make_check(RIGHT, wanted, seconds=0.01) for wanted in ("x", "y", "x")]
    verdicts_of(verifiers, checks)
    assert numbers_of(verifiers.calls, checks[0].number) == [[0, 2], [1]]


# What a user does wrong, or no longer wants.


def test_a_full_queue_takes_no_more_until_something_is_collected(make_check: MakeCheck) -> None:
    verifiers = PlayedVerifiers(1, unknown("played"))
    for _ in range(verifiers.capacity):
        verifiers.submit(make_check(RIGHT))
    with pytest.raises(QueueFull, match=f"{verifiers.capacity} checks are uncollected"):
        verifiers.submit(make_check(RIGHT))
    assert verifiers.collect() is not None
    verifiers.submit(make_check(RIGHT))


def test_no_two_open_checks_have_the_same_number(make_check: MakeCheck) -> None:
    verifiers = PlayedVerifiers(1, unknown("played"))
    verifiers.submit(check := make_check(RIGHT))
    with pytest.raises(PoolError, match=f"a check with the number {check.number} is open"):
        verifiers.submit(check)


def test_a_cancelled_check_leaves_the_queue_wherever_it_is(make_check: MakeCheck) -> None:
    verifiers = PlayedVerifiers(1, unknown("played"))
    forming, waiting, ready, ready_too = (
        make_check(RIGHT, seconds=1.0, is_hard=hard) for hard in (False, True, True, True)
    )
    for check in (ready, ready_too, waiting):
        verifiers.submit(check)
    verifiers._work()
    verifiers._work()
    verifiers.submit(forming)
    for check in (forming, waiting, ready):
        verifiers.cancel(check.number)
    assert verifiers.waiting == []
    assert verifiers.collect() == (ready_too.number, unknown("played"))
    assert verifiers.collect() is None
    assert len(verifiers.calls) == 3
    verifiers.cancel(12_345)


def test_room_that_a_cancelled_check_took_is_given_again(make_check: MakeCheck) -> None:
    verifiers = PlayedVerifiers(1, unknown("played"))
    checks = [make_check(RIGHT) for _ in range(verifiers.capacity)]
    for check in checks:
        verifiers.submit(check)
    verifiers.cancel(checks[7].number)
    verifiers.submit(checks[7])
    collected = [verifiers.collect() for _ in checks]
    assert len({number for number, _ in filter(None, collected)}) == len(checks)


# In this process.


def test_this_process_proves_and_refutes(make_check: MakeCheck) -> None:
    with open_verifiers() as verifiers:
        right, wrong = verdicts_of(verifiers, [make_check(RIGHT), make_check(WRONG)])
    assert right.judgement is Judgement.PROVED
    assert wrong.judgement is Judgement.REFUTED
    assert wrong.counterexample is not None
    x, y = wrong.counterexample
    assert (int(x) | int(y)) != (int(x) + int(y)) % 256  # type: ignore[arg-type]


def test_verdicts_do_not_depend_on_what_was_checked_before_if_only_steps_count(make_check: MakeCheck) -> None:
    checks = [make_check(candidate, width=12) for candidate in (WRONG, RIGHT, "(bvxor x y)", "x", "y") * 30]
    with LocalVerifiers() as fresh, LocalVerifiers() as used:
        verdicts_of(used, [make_check("(bvand x y)", width=12) for _ in range(30)])
        assert verdicts_of(fresh, checks) == verdicts_of(used, checks)


def test_checks_of_one_condition_share_its_translation_if_time_is_bounded(
    make_check: MakeCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[ConditionVerifier] = []
    original = ConditionVerifier.__init__

    def counted(self: ConditionVerifier, *arguments: object) -> None:
        made.append(self)
        original(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ConditionVerifier, "__init__", counted)
    with LocalVerifiers() as verifiers:
        verdicts_of(verifiers, [make_check(WRONG, seconds=5.0) for _ in range(3 * BATCH)])
    assert len(made) == 1
    assert made[0].checks + made[0].replayed == 3 * BATCH


def test_stopping_ends_a_check_that_is_under_way(make_check: MakeCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    verifiers = LocalVerifiers()
    former = signal.signal(signal.SIGUSR1, lambda *_: verifiers.stop())

    def interrupted(*_: object) -> Verdict:
        signal.raise_signal(signal.SIGUSR1)
        raise AssertionError("the signal was lost")

    monkeypatch.setattr(ConditionVerifier, "check", interrupted)
    try:
        verifiers.submit(make_check(RIGHT))
        assert verifiers.collect() is None
    finally:
        signal.signal(signal.SIGUSR1, former)


def test_an_interrupt_loses_no_check(make_check: MakeCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    verifiers = LocalVerifiers()
    checks = [make_check(RIGHT) for _ in range(3)]
    for check in checks:
        verifiers.submit(check)
    assert verifiers.collect() is not None

    def interrupted(*_: object) -> Verdict:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ConditionVerifier, "check", interrupted)
        with pytest.raises(KeyboardInterrupt):
            verifiers.collect()
    rest = [verifiers.collect(), verifiers.collect()]
    assert [collected[0] for collected in rest if collected] == [check.number for check in checks[1:]]
    assert verifiers.collect() is None


def test_what_one_process_cannot_do_is_refused() -> None:
    with pytest.raises(PoolError, match="not by 3 workers"):
        open_verifiers(3, Backend.IN_PROCESS)
