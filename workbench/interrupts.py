"""Ctrl-C and SIGTERM during long work: the first ends it in good order, the second at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final, Self

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
"""The signals by which a person, or what manages the processes of a machine, asks for an end."""


class Interruption:
    """While entered, turns the first signal that asks for an end into a request; the second does what it always does.

    In another thread than the main one it does nothing, since only that one gets signals.

    Attributes:
        is_requested: whether the user wants the work to end.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        """Call `stop` on the first signal."""
        self._stop = stop
        self._former: dict[signal.Signals, Any] = {}
        self.is_requested = False

    def __enter__(self) -> Self:
        """Take over the signals."""
        if threading.current_thread() is threading.main_thread():
            self._former = {number: signal.signal(number, self._handle) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.is_requested = True
        self._stop()
