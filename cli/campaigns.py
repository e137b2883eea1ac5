"""What `train` and `resume` have in common: a campaign at work, how far it is, and how it ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from typing import Final

import typer

from cli.main import EXIT_INTERRUPTED
from cli.progress import EVERY
from cli.render import Format, Row, complain, write_rows
from wake_sleep.cycle import SLEEP, Watch
from workbench.campaign import Campaign
from workbench.interrupts import Interruption

LISTED: Final = (
    "cycle", "solved", "solved_so_far", "tasks", "candidates", "saved", "test_solved", "test_right", "tests",
    "test_candidates", "test_saved", "abstractions", "dreams", "generations",
)  # fmt: skip
"""The columns of the table of cycles."""


def run_campaign(campaign: Campaign, how: Format, location: str) -> None:
    """Let a campaign work, write a row for each cycle, and exit.

    Args:
        campaign: begun or gone on with.
        how: the form of the rows.
        location: the URL of its store, for people.

    Raises:
        typer.Exit: with 130 if it was interrupted.
    """
    number = campaign.run.id
    learned, tested = len(campaign.tasks.training), len(campaign.tasks.tests)
    complain(f"run {number} in {location}: learns from {learned} tasks, is tested on {tested}")
    for note in campaign.tasks.notes:
        complain(note)
    watch = LiveWatch(campaign)
    with campaign, Interruption(campaign.stop):
        write_rows(_told(campaign.work(watch), watch), LISTED, how, json_lines=True)
    watch.clear()
    if not campaign.is_finished:
        complain(
            f"interrupted; what is done is kept, and `reverie resume --store {location}` goes on with run {number}"
        )
        raise typer.Exit(EXIT_INTERRUPTED)
    complain(f"run {number} is finished; `reverie report --store {location} --html report.html` shows it")


def _told(rows: Iterator[Row], watch: LiveWatch) -> Iterator[Row]:
    """The same rows; each is told to a person, too, as soon as it is there."""
    for row in rows:
        watch.clear()
        complain(cycle_text(row))
        yield row


def cycle_text(row: Mapping[str, object]) -> str:
    """What a cycle came to, in a line."""
    parts = []
    if row["tried"]:
        parts.append(f"{row['solved']} of {row['tried']} tasks solved")
    if row["tests"]:
        parts.append(f"{row['test_solved']} of {row['tests']} tests")
    if row["tried"]:
        parts.append(f"{row['abstractions']} abstractions, {row['dreams']} dreams")
    if row["test_saved"] is not None:
        parts.append(f"tests need {row['test_saved']} times fewer candidates")
    return f"cycle {row['cycle']}: {', '.join(parts) or 'nothing to do'}"


class LiveWatch(Watch):
    """Tells a person at a terminal how far a campaign is, in a line that is written anew."""

    def __init__(self, campaign: Campaign) -> None:
        """Show nothing yet."""
        self._campaign = campaign
        self._is_shown = sys.stderr.isatty()
        self._head, self._total = "", 0
        self._began = self._last = time.monotonic()
        self._cycle, self._phase = 0, ""

    def begin(self, cycle: int, phase: str, total: int) -> None:
        """See `Watch.begin`."""
        settings = self._campaign.order.settings
        self._cycle, self._phase, self._total = cycle, phase, total
        self._began, self._last = time.monotonic(), 0.0
        self._head = f"cycle {cycle} of {settings.cycles}, {phase}"
        self.advance(0, 0, 0)

    def advance(self, done: int, solved: int, candidates: int) -> None:
        """See `Watch.advance`."""
        now = time.monotonic()
        if not self._is_shown or now - self._last < EVERY:
            return
        self._last = now
        spent = now - self._began
        things = "domains" if self._phase == SLEEP else "tasks"
        text = f"{self._head}: {done} of {self._total} {things}"
        if candidates:
            text += f", {solved} solved, {candidates / max(spent, 1e-9) / 1000:.0f} k candidates/s"
        left = self._seconds_left(done, spent)
        if left is not None:
            text += f", {_clock(left)} left"
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

    def _seconds_left(self, done: int, spent: float) -> float | None:
        """Seconds that the run takes at most if its phases have times, else what this phase takes at this rate."""
        settings = self._campaign.order.settings
        if settings.wake_seconds is not None and settings.sleep_seconds is not None:
            rest = (settings.cycles - self._cycle) * (settings.wake_seconds + settings.sleep_seconds)
            here = settings.sleep_seconds if self._phase == SLEEP else settings.wake_seconds + settings.sleep_seconds
            return max(0.0, rest + here - spent)
        return spent / done * (self._total - done) if done else None

    def clear(self) -> None:
        """Take the line away, before something else is written to the terminal."""
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
