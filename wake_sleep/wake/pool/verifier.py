"""One verifier: what a process needs to check candidates against one condition after the other.

If only steps count, every call starts from a fresh translation without counterexamples, so that a verdict does not
depend on what the process did before. Otherwise a translation, with the counterexamples that were found, is kept for
the conditions that were asked about last.
"""

from __future__ import annotations

import gc
import os
import resource
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from dsl.errors import ReverieError
from dsl.terms import Term
from wake_sleep.wake.outcome import Verdict
from wake_sleep.wake.pool.solver import INTERNAL_ERROR
from wake_sleep.wake.verify.condition import Condition
from wake_sleep.wake.verify.solver import Allowance, ConditionVerifier
from wake_sleep.wake.verify.unknown import OUT_OF_MEMORY, check_within_memory, unknown

KEPT_CONDITIONS: Final = 8
"""Most conditions whose translations are kept."""

Loaded = TypeVar("Loaded")

Programs = Mapping[str, Term]
"""A closed program for every function of a condition."""


@dataclass
class _Known:
    """A condition, and its translation unless that is to be made anew."""

    condition: Condition
    verifier: ConditionVerifier | None = None


class Verifier:
    """Checks candidates in this process.

    Attributes:
        translations: how many conditions were translated.
    """

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.translations = 0
        self._kept: OrderedDict[str, _Known] = OrderedDict()

    def check(
        self, key: str, load: Callable[[], Condition], candidates: Sequence[Programs], allowance: Allowance
    ) -> Iterator[Verdict]:
        """The verdicts on candidates, each when it is asked for.

        Args:
            key: what the condition is known by.
            load: returns the condition, and is called if it is not known.
            candidates: programs to check.
            allowance: what each check may take.
        """
        begins_anew = allowance.seconds is None
        if begins_anew:
            self._drop_translation(key)
        for programs in candidates:
            verdict = self._verdict(key, load, programs, allowance)
            if verdict.reason == OUT_OF_MEMORY:
                self.forget()
            yield verdict
        if begins_anew:
            self._drop_translation(key)

    def forget(self) -> None:
        """Give back the memory of all translations."""
        self._kept.clear()
        gc.collect()

    def _drop_translation(self, key: str) -> None:
        if key in self._kept:
            self._kept[key].verifier = None

    def _verdict(self, key: str, load: Callable[[], Condition], programs: Programs, allowance: Allowance) -> Verdict:
        try:
            return check_within_memory(self._translated(key, load), programs, allowance)
        except MemoryError:
            return unknown(OUT_OF_MEMORY)
        except ReverieError as error:
            return unknown(f"nothing can be proved of this condition: {error}")
        except Exception as error:  # noqa: BLE001 - a defect that one candidate brings to light must not end the others
            if os.environ.get("REVERIE_DEBUG", "") not in ("", "0"):
                traceback.print_exception(error)
            return unknown(f"{INTERNAL_ERROR}: {type(error).__name__}: {error}")

    def _translated(self, key: str, load: Callable[[], Condition]) -> ConditionVerifier:
        if key not in self._kept:
            self._kept[key] = _Known(load())
            if len(self._kept) > KEPT_CONDITIONS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        known = self._kept[key]
        if known.verifier is None:
            self.translations += 1
            known.verifier = ConditionVerifier(known.condition)
        return known.verifier


class MemoryBound:
    """A limit on the address space of this process, beyond what it has when the limit is set.

    Where the system does not tell how much that is, there is no limit.
    """

    def __init__(self, size: int) -> None:
        """Set it; allocations beyond it fail from now on."""
        self._size = size
        self._outset = _address_space()
        self._set(self._outset + size)

    @property
    def is_nearly_reached(self) -> bool:
        """Whether less than half of what is allowed is left."""
        return _address_space() - self._outset > self._size // 2

    def beside(self, load: Callable[[], Loaded]) -> Loaded:
        """Load something that does not count, such as the modules of a domain."""
        before = _address_space()
        self._set(None)
        try:
            return load()
        finally:
            self._outset += max(0, _address_space() - before)
            self._set(self._outset + self._size)

    def _set(self, limit: int | None) -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        is_possible = self._outset > 0 and (hard == resource.RLIM_INFINITY or (limit or 0) < hard)
        if is_possible:
            resource.setrlimit(resource.RLIMIT_AS, (hard if limit is None else limit, hard))


def _address_space() -> int:
    """Bytes of address space of this process; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()
