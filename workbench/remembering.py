"""What searches take along and leave behind: what was learned, and a store that remembers solutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from wake_sleep.generation import NO_GENERATION, UNTRAINED, Generation
from workbench.settings import Settings, artifacts_of

if TYPE_CHECKING:
    from dsl.spec import Spec, Task
    from store.repository import Store
    from wake_sleep.wake.outcome import Outcome
    from wake_sleep.wake.solve import SolveSettings
    from workbench.generations import Generations
    from workbench.recording import Recorder


def open_recorder(settings: Settings, generation: str) -> tuple[Recorder | None, Generations | None]:
    """What records a run in the store, and what was learned, if there are to be these.

    Args:
        settings: which store.
        generation: name of what was learned.

    Raises:
        ReverieError: if there is no such generation, or no store that it could be in.
    """
    if settings["store"] is None:
        return None, _generations(generation, None)
    from workbench.recording import Recorder

    recorder = Recorder.open(settings["store"], artifacts=artifacts_of(settings))
    try:
        return recorder, _generations(generation, recorder.store)
    except BaseException:
        recorder.store.close()
        raise


def _generations(name: str, store: Store | None) -> Generations | None:
    """What was learned, if something is to be used."""
    if name == NO_GENERATION:
        return None
    from workbench.generations import Generations

    return Generations(name, store)


class Memory:
    """What is learned and remembered, for one problem after the other in this process.

    Without a store and a generation it is empty, and costs nothing. With a store, everything that is kept belongs to
    one run, which begins with the first thing that is kept. Used as a context manager, or closed by `close`.

    Attributes:
        settings: the settings in force.
        kind: what the run is called in the store.
    """

    def __init__(self, settings: Settings, kind: str, names: Sequence[str] = ()) -> None:
        """Open the store and look for the generation.

        Args:
            settings: which store, which generation, and how problems are solved.
            kind: ``solve`` or ``session``.
            names: what is to be solved, as far as it is known.

        Raises:
            ReverieError: if there is no such generation, or no store that it could be in.
        """
        self.settings, self.kind, self._names = settings, kind, names
        self._recorder, self._generations = open_recorder(settings, settings["generation"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        try:
            if error is None and recorder.run is not None:
                recorder.finish()
        finally:
            recorder.__exit__(kind, error, trace)

    def close(self) -> None:
        """Say that the run is finished, and close the store; closing again does nothing."""
        self.__exit__(None, None, None)

    def generation(self, domain: str | None) -> Generation:
        """What was learned of a domain."""
        return UNTRAINED if self._generations is None else self._generations(domain)

    def solving(self, spec: Spec) -> SolveSettings:
        """How a spec is solved, with what was learned of its domain."""
        settings = self.settings.solving
        return settings if self._generations is None else self._generations(spec.domain).applied_to(settings)

    def recalled(self, spec: Spec) -> Outcome | None:
        """What a stored solution comes to, verified anew; None if there is none, or none is to be looked for."""
        if self._recorder is None or not self.settings["replay"]:
            return None
        return self._recorder.recalled(spec, self.solving(spec))

    def keep(self, name: str, task: Task, outcome: Outcome, row: Mapping[str, object]) -> None:
        """Remember what came of a task, if there is a store; arguments as for `Recorder.record`.

        Args:
            name: what the task is called, once in the run.
            task: what was asked.
            outcome: what came of it.
            row: the report of it.
        """
        if self._recorder is None:
            return
        if self._recorder.run is None:
            known = [] if self._generations is None else self._generations.names
            options = {"replay": self.settings["replay"], "generations": known}
            names = self._names or [name]
            self._recorder.begin(self.kind, self.settings.solving, names, options=options, resume=False)
        self._recorder.record(name, task, outcome, row)
