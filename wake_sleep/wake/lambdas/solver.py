"""One goal and all that is tried on it: enumeration, inverse semantics, conditionals, and sketches with goals below.

A solution that was put together is not shorter than all that enumeration has tried. Unless it is much shorter than a
table of what it explains, it is held back until the levels have come near its cost, so that a shorter one is found
first if there is one (a first fit over-fits).
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dsl.grammar import Nonterminal
from dsl.terms import Operator
from dsl.types import INT
from dsl.values import BOTTOM
from wake_sleep.wake.cegis import diverse
from wake_sleep.wake.lambdas.bank import Entry, Group, Store, View
from wake_sleep.wake.lambdas.conditionals import Conditionals, choice_of
from wake_sleep.wake.lambdas.enumeration import Column, Enumeration, Language, choose
from wake_sleep.wake.lambdas.forms import Form, Kind
from wake_sleep.wake.lambdas.inverses import INVERSES, Inverse
from wake_sleep.wake.lambdas.ledger import Ledger
from wake_sleep.wake.lambdas.sketches import (
    Branches,
    Sketch,
    calls_of,
    condition_calls,
    consistent,
    element_place,
    open_list,
)
from wake_sleep.wake.outcome import FoundBy
from wake_sleep.wake.search import Case

SLACK: Final = 3
"""Levels by which a solution that was put together may be dearer than what was enumerated."""
SHARE: Final = 2
"""What goals of sketches may take together, in units of what was spent on all else."""
LEAST_EFFORT: Final = 20_000
"""Candidates that goals of sketches may take however little was spent on all else."""
LEAST_STEP: Final = 50
"""Candidates that a level of such a goal counts for at least."""
FIRST_CASES: Final = 8
"""Cases that a goal is begun with."""
DECEPTIONS: Final = 4
"""Wrong solutions after which a goal is begun anew with a further case."""
NESTING: Final = 2
"""How deep goals of sketches are nested."""
MOST_WANTED: Final = 60
"""Most columns that are wanted for open lists."""
BRANCH_LEVEL: Final = 7
"""Highest level of the branches of a conditional whose test is open."""
TEST_AHEAD: Final = 5
"""Levels by which conditionals with an open test are made ahead of other sketches."""
SHORTEST_TABLE: Final = 40
"""Cost up to which a solution is accepted however little the outputs say."""
CROWDED: Final = 0.6
"""Share of the memory from which on goals of sketches are given up."""
GOAL_BYTES: Final = 10_000
"""Memory of the goal of a sketch, without its bank."""
MOST_CHOICE: Final = 24
"""Cases that those that guide are chosen from."""


_Key = tuple[Column, Nonterminal, frozenset[Case]]


@dataclass(frozen=True)
class Solution:
    """A term that fits all cases of a goal.

    Attributes:
        entry: the term.
        cost: its level.
        by: the part of the engine that found it.
        is_sure: whether it is shorter than a table of what it explains.
    """

    entry: Entry
    cost: int
    by: FoundBy
    is_sure: bool


class _Wanted:
    """A column that is looked for.

    Attributes:
        column: the column.
        cost: of what stands around the term that has it.
        sketch: what stands around it; None for the goal itself.
        outer: the column that the sketch then has.
    """

    def __init__(
        self, column: Column, cost: int = 0, sketch: Sketch | None = None, outer: _Wanted | None = None
    ) -> None:
        self.column, self.cost, self.sketch, self.outer = column, cost, sketch, outer

    @property
    def depth(self) -> int:
        """How many sketches stand around it."""
        return 0 if self.outer is None else 1 + self.outer.depth


class Solver:
    """Works on one goal; see the module.

    Attributes:
        enumeration: the bank.
    """

    def __init__(
        self,
        start: Nonterminal,
        cases: Sequence[Case],
        language: Language,
        ledger: Ledger,
        nesting: int = 0,
        table: float = 0.0,
        further: Sequence[Case] = (),
        former: Solver | None = None,
    ) -> None:
        """Prepare for a goal.

        Args:
            start: what terms are wanted.
            cases: their values.
            language: what they are made of.
            ledger: what the work is counted by.
            nesting: how many goals of sketches this one stands in.
            table: nats that it takes to write down the outputs of all cases, also of those that do not guide.
            further: cases that do not guide, but that conditionals are to be right on.
            former: what worked on the same goal at other prices; its terms are taken over, and those of its sketches
                when their turn comes.
        """
        self._language, self._ledger, self._nesting, self._table = language, ledger, nesting, table
        self.enumeration = Enumeration(start, cases, language, ledger)
        self._former_goals: dict[_Key, _SketchGoal] = {}
        if former is not None:
            self.enumeration.adopt(former.enumeration)
            self._former_goals = former._former_goals | former._goals
            ledger.kept_bytes -= GOAL_BYTES * len(former._goals)
        self._cases = tuple(cases)
        self._target = tuple(output for _, output in cases)
        self._wanted = {self._target: _Wanted(self._target)}
        self._held: list[tuple[int, int, Solution]] = []
        self._count = itertools.count()
        self._goals: dict[_Key, _SketchGoal] = {}
        forms = language.forms.of(start)
        self._inverses = [
            (form, known, inverse)
            for form in forms
            for known, inverse in _inverses_of(form)
            if all(slot.nonterminal is start for slot in form.slots)
        ]
        choice = choice_of(forms, start)
        self._conditionals = (
            None if choice is None else Conditionals(choice, self.enumeration, further, language, ledger)
        )
        runnable = [
            form for form in forms if form.function is not None and form.kind in (Kind.STRICT, Kind.HIGHER_ORDER)
        ]
        holes = [(form, hole) for form in runnable for hole in range(len(form.slots))]
        if start.type.name != "list":
            # Only the elements of a list say what stood in a hole.
            holes = []
        self._open_functions = [(form, hole) for form, hole in holes if form.slots[hole].function]
        self._open_lists = [(form, hole) for form, hole in holes if form.slots[hole].nonterminal is start]
        self._spent = 0

    @property
    def level(self) -> int:
        """Levels that were tried."""
        return self.enumeration.level

    def advance(self) -> Iterator[Solution | None]:
        """Try one further level; yields None every few milliseconds.

        Raises:
            OutOfBudget: if the budget is spent.
        """
        wanted, target = self._wanted, self._target
        for entry in self.enumeration.advance():
            if entry is None:
                yield None
                continue
            if entry.column in wanted:
                self._solve(wanted[entry.column], entry, entry.level, FoundBy.ENUMERATION)
            self._look_up(entry)
            if self._conditionals is not None:
                self._conditionals.note(entry)
            yield from self._ripe()
        if self._conditionals is not None:
            self.enumeration.require(self._conditionals.tests, self.level)
            found = self._conditionals.find()
            if found is not None:
                self._solve(wanted[target], found, found.level, FoundBy.UNIFICATION)
        if self._nesting < NESTING and not self._is_crowded():
            for _ in self._try_sketches():
                yield from self._ripe()
                yield None
        yield from self._ripe()

    @property
    def is_exhausted(self) -> bool:
        """Whether all terms were tried."""
        return self.enumeration.is_exhausted

    def release(self) -> None:
        """Count its memory as free."""
        for goal in (*self._goals.values(), *self._former_goals.values()):
            goal.forget()
        self._ledger.kept_bytes -= self.enumeration.kept_bytes + GOAL_BYTES * len(self._goals)
        self.enumeration.kept_bytes = 0

    def _is_crowded(self) -> bool:
        """Whether memory is short, even after the dearer half of the goals of sketches was given up."""
        memory = self._ledger.meter.budget.memory
        if memory is None or self._ledger.kept_bytes < CROWDED * memory:
            return False
        for goal in self._former_goals.values():
            goal.forget()
        self._former_goals.clear()
        ordered = sorted(self._goals.items(), key=lambda item: item[1].cost)
        for key, goal in ordered[len(ordered) // 2 :]:
            goal.forget()
            del self._goals[key]
            self._ledger.kept_bytes -= GOAL_BYTES
        return self._ledger.kept_bytes >= CROWDED * memory

    def held(self) -> list[Solution]:
        """The solutions that are held back, the cheapest first; without those longer than a table of the outputs."""
        held = sorted((solution for _, _, solution in sorted(self._held, key=_order)), key=lambda s: s.cost)
        return [solution for solution in held if solution.cost <= max(SHORTEST_TABLE, self._table)]

    def _ripe(self) -> Iterator[Solution]:
        """The solutions that need not be held back any longer."""
        while self._held and self._held[0][0] <= max(self.level + SLACK, self._table / 2):
            yield heapq.heappop(self._held)[2]

    def _solve(self, wanted: _Wanted, entry: Entry, cost: int, by: FoundBy, *, is_sure: bool = False) -> None:
        """Put the sketches around a term that has a wanted column; what is sure is not held back."""
        total = cost + wanted.cost
        here: _Wanted | None = wanted
        while here is not None and here.sketch is not None and here.outer is not None:
            entry = Entry(here.outer.column, here.sketch.form, here.sketch.filled(entry), total)
            here, by = here.outer, FoundBy.DEDUCTION
        due = 0 if is_sure else total
        solution = Solution(entry, total, by, is_sure or total <= self._table)
        heapq.heappush(self._held, (due, next(self._count), solution))

    # Inverse semantics

    def _look_up(self, entry: Entry) -> None:
        """Look for the other arguments of applications to a new term that give the target."""
        seen = self.enumeration.stores[self.enumeration.start].seen
        if not self._inverses or BOTTOM in entry.column:
            return
        for form, known, inverse in self._inverses:
            other = inverse(self._target, entry.column)
            found = None if other is None else seen.get(other)
            if found is not None:
                children = (entry, found) if known == 0 else (found, entry)
                cost = self._language.price(self.enumeration.start, form) + entry.level + found.level
                made = Entry(self._target, form, children, cost)
                self._solve(self._wanted[self._target], made, cost, FoundBy.DEDUCTION)

    # Sketches

    def _try_sketches(self) -> Iterator[None]:
        """Make the sketches that cost as much as the level, and work on the goals of all."""
        for form, hole in self._open_lists:
            yield from self._want_lists(form, hole)
        for wanted in list(self._wanted.values()):
            if wanted.depth <= 1:
                for form, hole in self._open_functions:
                    yield from self._open_function(wanted, form, hole)
                    if form.slots[hole].nonterminal.type.name == "list":
                        yield from self._open_test(wanted, form, hole)
        yield from self._pursue()

    def _pursue(self) -> Iterator[None]:
        """Work on the goals of sketches, the cheapest first: a while, and in proportion to the work on all else."""
        began = self._ledger.effort
        own = began - self._spent
        queue = [(goal.cost + goal.level, number, goal) for number, goal in enumerate(self._goals.values())]
        heapq.heapify(queue)
        while queue:
            _, number, goal = queue[0]
            if self._is_crowded() or self._goals.get(goal.key) is not goal:
                # What is left of the goals is gone on with at the next level.
                break
            if self._spent + self._ledger.effort - began > max(SHARE * own, LEAST_EFFORT):
                break
            self._ledger.work += LEAST_STEP
            for body in goal.advance(goal.level + 1):
                if body is None:
                    yield None
                else:
                    self._finish(goal, body)
            heapq.heapreplace(queue, (goal.cost + goal.level, number, goal))
        self._spent += self._ledger.effort - began

    def _drawn(self, form: Form, hole: int, inner: int) -> Iterator[tuple[Entry | None, ...] | None]:
        """The other arguments of a form that cost `inner` together; None every few milliseconds."""
        others = [i for i in range(len(form.slots)) if i != hole]
        views: list[View] = []
        for i in others:
            store = self.enumeration.stores.get(form.slots[i].nonterminal)
            if store is None:
                return
            views.append(store.view(form.slots[i], self._language.pricing))
        drawn: Iterator[tuple[Group, ...]] = choose(views, inner) if views else iter([()] if inner == 0 else [])
        for groups in drawn:
            for entries in itertools.product(*(group.entries if group.clean else () for group in groups)):
                self._ledger.pending += 1
                self._ledger.work += 8 * len(self._cases)
                if self._ledger.is_due:
                    self._ledger.settle()
                    yield None
                rest = iter(entries)
                yield tuple(None if i == hole else next(rest) for i in range(len(form.slots)))

    def _arguments(self, form: Form, children: Sequence[Entry | None]) -> Iterator[tuple[Any, ...]]:
        """The arguments at each example; None for the open one."""
        applier = self.enumeration.applier(self.enumeration.start.environment)
        columns: list[Sequence[Any]] = []
        for child, slot in zip(children, form.slots, strict=True):
            if child is None:
                columns.append((None,) * len(self._cases))
            else:
                columns.append(applier.functions(child, slot) if slot.function else child.column)
        for given in zip(*columns, strict=True):
            self.enumeration.closures.steps.left = 400
            yield given

    def _want_lists(self, form: Form, hole: int) -> Iterator[None]:
        """Want the columns of open lists."""
        inner = self.level - self._language.price(self.enumeration.start, form)
        for children in self._drawn(form, hole, inner):
            if children is None:
                yield None
                continue
            for wanted in list(self._wanted.values()):
                if wanted.depth < 2 and len(self._wanted) < MOST_WANTED:
                    column: list[Any] = []
                    for given, target in zip(self._arguments(form, children), wanted.column, strict=True):
                        value = open_list(form, hole, given, target)
                        if value is None:
                            break
                        column.append(value)
                    else:
                        self._want(tuple(column), wanted, Sketch(form, hole, children, self.level))

    def _want(self, column: Column, outer: _Wanted, sketch: Sketch) -> None:
        if column in self._wanted:
            return
        wanted = self._wanted[column] = _Wanted(column, outer.cost + sketch.cost, sketch, outer)
        known = self.enumeration.stores[self.enumeration.start].seen.get(column)
        if known is not None:
            self._solve(wanted, known, known.level, FoundBy.DEDUCTION)

    def _open_function(self, wanted: _Wanted, form: Form, hole: int) -> Iterator[None]:
        """Make goals of the bodies of open λs."""
        cost = self.level - wanted.cost
        for children in self._drawn(form, hole, cost - self._language.price(self.enumeration.start, form)):
            if children is None:
                yield None
                continue
            cases: list[Case] = []
            for (inputs, _), target, given in zip(
                self._cases, wanted.column, self._arguments(form, children), strict=True
            ):
                calls = calls_of(form, hole, given, target)
                if calls is None:
                    break
                cases += [((*inputs, *values), value) for values, value in calls]
            else:
                self._add_goal(wanted, Sketch(form, hole, children, cost), cases)

    def _open_test(self, wanted: _Wanted, form: Form, hole: int) -> Iterator[None]:
        """Make goals of the tests of conditionals in open λs."""
        body = form.slots[hole].nonterminal
        choice = choice_of(self._language.forms.of(body), body)
        store = self.enumeration.stores.get(body)
        if choice is None or element_place(form, hole) is None:
            return
        self.enumeration.require(body, min(self.level, BRANCH_LEVEL))
        if store is None:
            return
        around = self._language.price(self.enumeration.start, form) + self._language.price(body, choice)
        cost = self.level - wanted.cost + TEST_AHEAD
        cheap = [
            entry
            for level in range(1, BRANCH_LEVEL + 1)
            for group in store.levels.get(level, ())
            if group.clean
            for entry in group.entries
        ]
        for then, otherwise in itertools.permutations(cheap, 2):
            inner = cost - around - then.level - otherwise.level
            if inner < 0:
                continue
            branches = Branches(choice, then, otherwise)
            for children in self._drawn(form, hole, inner):
                if children is None:
                    yield None
                else:
                    self._try_test(wanted, Sketch(form, hole, children, cost, branches))

    def _try_test(self, wanted: _Wanted, sketch: Sketch) -> None:
        form, hole, branches = sketch.form, sketch.hole, sketch.branches
        assert branches is not None
        closures, slot = self.enumeration.closures, sketch.form.slots[sketch.hole]
        then, otherwise = closures.function(branches.then, slot), closures.function(branches.otherwise, slot)
        cases: list[Case] = []
        for (inputs, _), target, given in zip(
            self._cases, wanted.column, self._arguments(form, sketch.children), strict=True
        ):
            calls = condition_calls(form, hole, given, target, (then(inputs), otherwise(inputs)))
            if calls is None:
                return
            cases += [((*inputs, *values), value) for values, value in calls]
        self._add_goal(wanted, sketch, cases)

    def _add_goal(self, wanted: _Wanted, sketch: Sketch, cases: Sequence[Case]) -> None:
        distinct = consistent(cases) if cases else None
        if distinct is None:
            return
        key: _Key = (wanted.column, sketch.nonterminal, frozenset(distinct))
        if key not in self._goals:
            self._ledger.kept_bytes += GOAL_BYTES
            goal = _SketchGoal(key, wanted, sketch, distinct, self._language, self._ledger, self._nesting + 1)
            former = self._former_goals.pop(key, None)
            if former is not None:
                goal.take_over(former)
            self._goals[key] = goal

    def _finish(self, goal: _SketchGoal, body: Solution) -> None:
        """Fill a sketch with a body and see whether the wanted column comes out."""
        sketch = goal.sketch
        children = sketch.filled(body.entry)
        applier = self.enumeration.applier(self.enumeration.start.environment)
        arguments = [
            applier.fresh(child, slot) if slot.function else child.column
            for child, slot in zip(children, sketch.form.slots, strict=True)
        ]
        if applier.column(sketch.form, arguments) == goal.wanted.column:
            cost = sketch.cost + body.cost
            entry = Entry(goal.wanted.column, sketch.form, children, cost)
            self._solve(goal.wanted, entry, cost, FoundBy.DEDUCTION, is_sure=body.cost <= goal.table)


class Pursuit:
    """A goal with many cases: few of them guide the search for it, all decide.

    Attributes:
        start: what terms are wanted.
        cases: all of them.
        table: nats that it takes to write their outputs down.
    """

    def __init__(
        self, start: Nonterminal, cases: Sequence[Case], language: Language, ledger: Ledger, nesting: int = 0
    ) -> None:
        """Prepare for a goal: terms of `start` with the outputs of all cases."""
        self.start, self.cases = start, tuple(cases)
        self._language, self._ledger, self._nesting = language, ledger, nesting
        self._active: list[int] = []
        self._patience = DECEPTIONS
        self.table = sum(_information(output) for _, output in cases)
        self._former: list[Solution] = []
        self._solver: Solver | None = None
        self._former_solver: Solver | None = None

    @property
    def solver(self) -> Solver:
        """What works on the active cases."""
        if self._solver is None:
            self._active = self._active or _guiding(self.cases)
            active = [self.cases[i] for i in self._active]
            further = [case for i, case in enumerate(self.cases) if i not in self._active]
            self._solver = Solver(
                self.start,
                active,
                self._language,
                self._ledger,
                self._nesting,
                self.table,
                further,
                self._former_solver,
            )
            self._former_solver = None
        return self._solver

    @property
    def level(self) -> int:
        """Levels that were tried."""
        return 0 if self._solver is None else self._solver.level

    def advance(self, level: int) -> Iterator[Solution | None]:
        """Work up to a level; yields terms that fit all cases, and None every few milliseconds.

        Raises:
            OutOfBudget: if the budget is spent.
        """
        while self.solver.level < level:
            solver = self.solver
            for found in solver.advance():
                if found is None:
                    yield None
                    continue
                failing = self.failing(found.entry, self.cases)
                if failing is None:
                    yield found
                else:
                    self._refuted(found, failing)
                if self._solver is not solver:
                    break

    def _refuted(self, found: Solution, failing: int) -> None:
        """Let the case that a solution fails guide, if the solver will not find others without it."""
        if self._is_deceived(found):
            self._active.append(failing)
            self._former = self.held()
            self.forget()

    def add_cases(self, cases: Sequence[Case], found: Solution | None) -> None:
        """Let further cases decide.

        Args:
            cases: the further ones.
            found: the solution that was yielded last, if any.
        """
        self.cases += tuple(cases)
        self.table += sum(_information(output) for _, output in cases)
        failing = None if found is None else self.failing(found.entry, self.cases)
        if found is not None and failing is not None:
            self._refuted(found, failing)

    def reprice(self) -> None:
        """Go on at the prices that the language has now, keeping all terms."""
        self._former, self._former_solver, self._solver = self.held(), self._solver, None

    def take_over(self, former: Pursuit) -> None:
        """Go on at other prices where another pursuit of the same goal stands."""
        self._active, self._former = former._active, former._former
        self._former_solver = former._solver or former._former_solver

    def held(self) -> list[Solution]:
        """What is held back that fits all cases: of the solver, else what was held back before a case joined."""
        own = [] if self._solver is None else self._solver.held()
        return [solution for solution in (*own, *self._former) if self.fits(solution.entry, self.cases)]

    def forget(self) -> None:
        """Give up all but the cases that guide."""
        for solver in (self._solver, self._former_solver):
            if solver is not None:
                solver.release()
        self._solver = self._former_solver = None

    @property
    def is_exhausted(self) -> bool:
        """Whether all terms were tried."""
        return self._solver is not None and self._solver.is_exhausted

    def store(self, nonterminal: Nonterminal) -> Store | None:
        """The terms of a nonterminal, if there are some."""
        return None if self._solver is None else self._solver.enumeration.stores.get(nonterminal)

    def failing(self, entry: Entry, cases: Sequence[Case]) -> int | None:
        """The position of the first of some cases that a term fails."""
        closures = self.solver.enumeration.closures
        code = closures.code(entry)
        for index, (inputs, output) in enumerate(cases):
            if closures.cell(code, inputs) != output:
                return index
        return None

    def fits(self, entry: Entry, cases: Sequence[Case]) -> bool:
        """Whether a term is right on cases, maybe others than its own."""
        return self.failing(entry, cases) is None

    def _is_deceived(self, solution: Solution) -> bool:
        """Whether a solution that fails a case calls for a solver that knows that case.

        One that was enumerated stands for all with the same values on the active cases, the right one maybe among
        them. One that was put together stands for itself only.
        """
        self._patience -= 1
        if solution.by is FoundBy.ENUMERATION or self._patience <= 0:
            self._patience = DECEPTIONS
            return True
        return False


class _SketchGoal(Pursuit):
    """The open part of a sketch as a goal.

    Attributes:
        key: what tells it from other goals of the same solver.
        wanted: the column that the sketch is to have.
        sketch: the sketch.
        cost: of all that stands around.
    """

    def __init__(
        self,
        key: _Key,
        wanted: _Wanted,
        sketch: Sketch,
        cases: tuple[Case, ...],
        language: Language,
        ledger: Ledger,
        nesting: int,
    ) -> None:
        super().__init__(sketch.nonterminal, cases, language, ledger, nesting)
        self.key, self.wanted, self.sketch, self.cost = key, wanted, sketch, wanted.cost + sketch.cost


def _guiding(cases: Sequence[Case]) -> list[int]:
    """Positions of the cases that a goal is begun with."""
    step = -(-len(cases) // MOST_CHOICE)
    return [step * position for position in diverse(cases[::step], FIRST_CASES)]


def _order(item: tuple[int, int, Solution]) -> tuple[int, int]:
    return item[:2]


def _information(value: Any) -> float:
    """Nats that it takes to write a value down."""
    if isinstance(value, bool):
        return math.log(2)
    if isinstance(value, int):
        return math.log(2 + 2 * abs(value))
    if isinstance(value, str):
        return 1 + 3 * len(value)
    if isinstance(value, tuple):
        return 1 + sum(map(_information, value))
    return 4.0


def _inverses_of(form: Form) -> tuple[tuple[int, Inverse], ...]:
    head = form.production.head
    if form.kind is not Kind.STRICT or form.result is not INT or not isinstance(head, Operator):
        return ()
    return INVERSES.get(head.name, ()) if head.definition is None and len(form.slots) == 2 else ()
