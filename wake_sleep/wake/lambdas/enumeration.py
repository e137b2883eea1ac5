"""Bottom-up enumeration of open terms by levels.

Terms of a nonterminal are enumerated only as far as programs of the level that is due can have use for them, and in a
scope below a λ only those that use its variable: the others are taken over from the scope around. Two terms are one
if they have equal values on all rows of the sampled environments. What that merges wrongly is lost, but never claimed:
an application of a higher-order primitive is really run.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from dsl.grammar import Nonterminal
from dsl.limits import EXHAUSTED
from dsl.types import INT, Type
from dsl.values import BOTTOM, Bottom
from wake_sleep.wake.costs import UNREACHABLE
from wake_sleep.wake.lambdas.application import HigherOrder, binary_columns, lazy_column, strict_column
from wake_sleep.wake.lambdas.bank import Entry, Group, Store, View
from wake_sleep.wake.lambdas.closures import LARGEST, Closures, longest_of
from wake_sleep.wake.lambdas.environments import Environments
from wake_sleep.wake.lambdas.forms import Form, Forms, Kind
from wake_sleep.wake.lambdas.ledger import Ledger
from wake_sleep.wake.lambdas.pricing import Pricing
from wake_sleep.wake.search import Case

ROWS = 24
Column = tuple[Any, ...]
Made = tuple[Column | None, tuple[Entry, ...]]
"""A new column with the children of the term that has it; None where the enumeration may be left."""


class Language:
    """What all enumerations in one grammar share.

    Attributes:
        forms: the forms of all nonterminals.
        pricing: their prices.
        closures: compiled terms.
        cheap: terms that are entered at the given levels, by type (small constants, seeds).
    """

    def __init__(self, forms: Forms, pricing: Pricing, cases: Sequence[Case]) -> None:
        """Prepare for searches on some cases and on what follows from them."""
        self.forms = forms
        self.closures = Closures(longest_of(value for inputs, output in cases for value in (*inputs, output)))
        self.reprice(pricing)

    def reprice(self, pricing: Pricing) -> None:
        """Take up other prices; what is entered at given levels is to be entered again."""
        self.pricing = pricing
        self.cheap: dict[Type, list[Entry]] = {}
        self._lowest: dict[Nonterminal, float] = {}
        self._edges: dict[tuple[Nonterminal, bool], list[tuple[Nonterminal, int]]] = {}
        self._priced: dict[Nonterminal, tuple[tuple[Form, int, int], ...]] = {}

    def priced(self, nonterminal: Nonterminal) -> tuple[tuple[Form, int, int], ...]:
        """The forms of a nonterminal with their least prices, λs included, and their classes of shifts."""
        found = self._priced.get(nonterminal)
        if found is None:
            classes = self.pricing.classes(nonterminal)
            # Of constants that the examples do not tell apart, the smallest is the likeliest.
            forms = sorted(self.forms.of(nonterminal), key=_magnitude)
            found = tuple((form, self.price(nonterminal, form), classes[form.index]) for form in forms)
            self._priced[nonterminal] = found
        return found

    def enter(self, type_: Type, entry: Entry) -> None:
        """Have a term over the parameters entered at its level in all banks."""
        self.cheap.setdefault(type_, []).append(entry)

    def price(self, nonterminal: Nonterminal, form: Form) -> int:
        """The least price of a form with the λs of its arguments."""
        price = self.pricing.prices(nonterminal)[form.index]
        if not self.pricing.lambda_:
            return price
        return price + self.pricing.lambda_ * sum(len(slot.binders) for slot in form.slots)

    def least(self, nonterminal: Nonterminal) -> int:
        """The least price of a form of a nonterminal."""
        return min(self.pricing.prices(nonterminal), default=1)

    def edges(self, nonterminal: Nonterminal, is_inner: bool) -> list[tuple[Nonterminal, int]]:
        """The nonterminals below (and that of the scope around), with the least price of what stands around them."""
        found = self._edges.get((nonterminal, is_inner))
        if found is None:
            offsets: dict[Nonterminal, float] = {}
            if is_inner and not nonterminal.name:
                offsets[_outer(nonterminal)] = 0
            for form in self.forms.of(nonterminal):
                lowest = [self.lowest(slot.nonterminal) for slot in form.slots]
                around = self.price(nonterminal, form) + sum(lowest)
                for slot, own in zip(form.slots, lowest, strict=True):
                    offsets[slot.nonterminal] = min(around - own, offsets.get(slot.nonterminal, math.inf))
            found = [(child, int(offset)) for child, offset in offsets.items()]
            self._edges[nonterminal, is_inner] = found
        return found

    def lowest(self, nonterminal: Nonterminal) -> float:
        """What the terms of a nonterminal cost at least, as a rule."""
        found = self._lowest.get(nonterminal)
        if found is None:
            size = self.forms.grammar.minimum_size(nonterminal)
            found = self._lowest[nonterminal] = size * self.pricing.floor
        return found


class Enumeration:
    """The bank of one goal, and its growth.

    Attributes:
        start: the nonterminal whose terms are wanted.
        cases: the examples.
        level: levels enumerated so far.
        stores: terms by nonterminal.
        environments: the rows.
        closures: compiled terms.
        kept_bytes: estimate of what the bank keeps in memory.
    """

    def __init__(self, start: Nonterminal, cases: Sequence[Case], language: Language, ledger: Ledger) -> None:
        """Start with an empty bank."""
        self.start, self.cases, self._language, self._ledger = start, cases, language, ledger
        types = (*reversed(start.environment), start.type)
        self._parameters = len(start.environment)
        self.environments = Environments([((*i, o), types) for i, o in cases], ROWS)
        self.closures = language.closures
        self.level = 0
        self.kept_bytes = 0
        self.stores: dict[Nonterminal, Store] = {}
        self._needed: dict[Nonterminal, int] = {}
        self._appliers: dict[tuple[Type, ...], HigherOrder] = {}
        self._waiting: dict[Nonterminal, dict[int, list[tuple[Entry, int, int]]]] = {}

    def adopt(self, former: Enumeration) -> None:
        """Take over the terms of an enumeration of the same goal that had other prices, before the first level.

        Each enters when its new level comes, unless a cheaper term has its column by then; none is evaluated again.
        """
        self.environments, self._appliers = former.environments, former._appliers
        self.kept_bytes, former.kept_bytes = self.kept_bytes + former.kept_bytes, 0
        relevel = Relevel(self._language)
        kept: list[tuple[Nonterminal, Group]] = []
        for store in former.stores.values():
            for group in (group for groups in store.levels.values() for group in groups):
                origin = self._origin(store, group)
                relevel.note(origin, group.entries)
                if origin is store.nonterminal:
                    kept.append((origin, group))
        for nonterminal, waiting in former._waiting.items():
            for entry, _, uses in (item for items in waiting.values() for item in items):
                group = Group(0, uses, clean=BOTTOM not in entry.column)
                group.add(entry)
                relevel.note(nonterminal, group.entries)
                kept.append((nonterminal, group))
        for nonterminal, group in kept:
            waiting = self._waiting.setdefault(nonterminal, {})
            for entry in group.entries:
                level, class_ = relevel.of(entry, nonterminal)
                if level < UNREACHABLE:
                    waiting.setdefault(level, []).append((entry, class_, group.uses))
        relevel.apply()

    def _origin(self, store: Store, group: Group) -> Nonterminal:
        """Where the terms of a group were made: in the store, or in a scope around."""
        nonterminal = store.nonterminal
        if store.is_shared:
            for _ in range(store.depth):
                if group.uses >> len(nonterminal.environment) - 1:
                    break
                nonterminal = _outer(nonterminal)
        return nonterminal

    def advance(self) -> Iterator[Entry | None]:
        """Enumerate the next level; yields every term of the start that was kept, and None every few milliseconds.

        Raises:
            OutOfBudget: if the budget is spent.
        """
        self._ledger.close()
        self.level += 1
        self._need(self.start, self.level)
        tasks = [
            (level, store.depth, number, store)
            for number, store in enumerate(self.stores.values())
            for level in range(store.filled + 1, self._needed[store.nonterminal] + 1)
        ]
        for level, _, _, store in sorted(tasks, key=lambda task: task[:3]):
            yield from self._fill(store, level)

    @property
    def is_exhausted(self) -> bool:
        """Whether there is nothing left to enumerate: no arguments that are here cost more than was tried."""
        return all(self._bound(store) <= store.filled for store in self.stores.values())

    def _bound(self, store: Store) -> float:
        """The highest level that a term of what is here can have."""
        bound: float = max(self._waiting.get(store.nonterminal, ()), default=0)
        pricing = self._language.pricing
        for form, price, _ in self._language.priced(store.nonterminal):
            below = [self.stores.get(slot.nonterminal) for slot in form.slots]
            if None in below:
                return math.inf
            views = [s.view(slot, pricing) for s, slot in zip(below, form.slots, strict=True) if s is not None]
            if all(views):
                bound = max(bound, price + sum(map(max, views)))
        return bound

    def require(self, nonterminal: Nonterminal, level: int) -> None:
        """Have the terms of a nonterminal enumerated up to a level, too, with the next level of all."""
        self._need(nonterminal, level)

    def applier(self, environment: tuple[Type, ...]) -> HigherOrder:
        """What applies higher-order forms in a scope."""
        found = self._appliers.get(environment)
        if found is None:
            scopes = [inputs for inputs, _ in self.cases]
            bound = environment[: len(environment) - self._parameters]
            if bound:
                columns = [self.environments.column(t, len(bound) - i) for i, t in enumerate(bound)]
                rows = zip(self.environments.examples, *reversed(columns), strict=True)
                scopes = [(*scopes[example], *values) for example, *values in rows]
            found = self._appliers[environment] = HigherOrder(self.closures, scopes, remember=not bound)
        return found

    def _need(self, nonterminal: Nonterminal, level: int) -> None:
        """Note that terms of a nonterminal are needed up to a level, and what they are made of."""
        waiting = [(nonterminal, level)]
        while waiting:
            here, level = waiting.pop()
            if level < 1 or self._needed.get(here, 0) >= level:
                continue
            depth = len(here.environment) - self._parameters
            if here not in self.stores:
                self.stores[here] = Store(here, depth)
                if depth:
                    # Rows are a sample, so that terms may count as equal that are not.
                    self._ledger.is_complete = False
            self._needed[here] = level
            if level > self._language.least(here):
                waiting += [(child, level - offset) for child, offset in self._language.edges(here, depth > 0)]
            elif self.stores[here].is_shared:
                waiting.append((_outer(here), level))

    def _fill(self, store: Store, level: int) -> Iterator[Entry | None]:
        """Enumerate one level of one nonterminal."""
        if store.is_shared:
            self._inherit(store, level)
        new: dict[tuple[int, int, bool], Group] = {}
        nonterminal, language, ledger = store.nonterminal, self._language, self._ledger
        is_start = nonterminal is self.start
        if not store.depth:
            for entry in language.cheap.get(nonterminal.type, ()):
                if entry.level == level:
                    made = self._cheap(entry, store)
                    class_ = language.pricing.unshifted
                    if made is not None and self._keep(store, new, made, class_, 0) and is_start:
                        yield made
        for entry, class_, uses in self._waiting.get(nonterminal, {}).pop(level, ()):
            if entry.column not in store.seen:
                store.seen[entry.column] = entry
                clean = BOTTOM not in entry.column
                new.setdefault((class_, uses, clean), Group(class_, uses, clean)).add(entry)
                if is_start:
                    yield entry
        for form, price, class_ in language.priced(nonterminal):
            inner = level - price
            if inner < 0 or (inner == 0) == bool(form.slots):
                continue
            for uses, groups in self._draw(store, form, inner):
                for column, children in self._apply(store, form, groups):
                    if column is None:
                        ledger.settle()
                        yield None
                    else:
                        entry = Entry(column, form, children, level)
                        if self._keep(store, new, entry, class_, uses) and is_start:
                            yield entry
        for group in new.values():
            store.put(level, group)
        store.filled = level

    def _cheap(self, entry: Entry, store: Store) -> Entry | None:
        """A term that is entered from outside, with its column here, if that is new."""
        code = self.closures.code(entry)
        column = tuple(self.closures.cell(code, inputs) for inputs, _ in self.cases)
        self._ledger.pending += 1
        if column in store.seen or EXHAUSTED in column:
            return None
        return Entry(column, entry.form, entry.children, entry.level)

    def _inherit(self, store: Store, level: int) -> None:
        """Take over the terms of the scope around that do not use the innermost variable."""
        outer = self.stores[_outer(store.nonterminal)]
        for group in outer.levels.get(level, ()):
            inner = group
            if store.depth == 1:
                inner = Group(group.class_, group.uses, group.clean)
                expand = self.environments.expand
                for entry in group.entries:
                    inner.add(Entry(expand(entry.column), entry.form, entry.children, level))
                self._account(len(group.entries), store)
            store.seen.update(zip(inner.columns, inner.entries, strict=True))
            store.put(level, inner)

    def _draw(self, store: Store, form: Form, inner: int) -> Iterator[tuple[int, tuple[Group, ...]]]:
        """Groups for the arguments that cost `inner` together, and the variables that the application uses."""
        scope = len(store.nonterminal.environment)
        innermost = 1 << (scope - 1) if store.is_shared else 0
        bound = (1 << scope) - 1
        if not form.slots:
            if not innermost or form.uses == innermost:
                yield form.uses, ()
            return
        views: list[View] = []
        least = most = 0
        for slot in form.slots:
            below = self.stores.get(slot.nonterminal)
            if below is None or not below.levels:
                return
            least, most = least + below.least, most + below.most
            views.append(below.view(slot, self._language.pricing))
        is_flat = self._language.pricing.is_flat
        if inner < least or (inner > most and is_flat):
            return
        if is_flat:
            drawn = _pairs(views[0], inner) if form.commutes else choose(views, inner)
        elif form.commutes:
            drawn = self._commuting(form, views, inner)
        else:
            drawn = itertools.chain.from_iterable(
                itertools.product(*map(Group.joined, split)) for split in splits(views, inner)
            )
        for groups in drawn:
            uses = form.uses
            for group in groups:
                uses |= group.uses
            uses &= bound
            if not innermost or uses & innermost:
                yield uses, groups

    def _commuting(self, form: Form, views: Sequence[View], inner: int) -> Iterator[tuple[Group, Group]]:
        """Pairs of groups that cost `inner`, of both orders of two arguments only the cheaper one.

        With d the difference of the shifts in the two places, x before y costs d(x) − d(y) more than y before x.
        """
        costs = self._language.pricing.costs
        places = [costs.canonical(slot.context) for slot in form.slots]

        def difference(group: Group) -> int:
            return costs.shift(group.class_, places[0]) - costs.shift(group.class_, places[1])

        def ranked(groups: Sequence[Group], cost: int, turned: bool) -> list[tuple[tuple[int, int, int, bool], Group]]:
            found = []
            for group in Group.joined(groups, difference):
                d = difference(group)
                found.append(((d, cost + d if turned else cost, group.uses, group.clean), group))
            return found

        for cost, groups in views[0].items():
            others = views[1].get(inner - cost)
            if others is not None:
                behind = ranked(others, inner - cost, True)
                for rank, first in ranked(groups, cost, False):
                    for second_rank, second in behind:
                        if rank <= second_rank:
                            yield first, (first if rank == second_rank else second)

    def _apply(self, store: Store, form: Form, groups: tuple[Group, ...]) -> Iterator[Made]:
        if form.kind is Kind.HIGHER_ORDER:
            return self._apply_higher_order(store, form, groups)
        if not groups:
            return self._apply_leaf(store, form)
        if len(groups) == 2 and form.kind is Kind.STRICT:
            return self._apply_binary(store, form, *groups)
        return self._apply_first_order(store, form, groups)

    def _apply_leaf(self, store: Store, form: Form) -> Iterator[Made]:
        self._ledger.pending += 1
        column = self._leaf(store, form)
        if column not in store.seen:
            yield column, ()

    def _apply_binary(self, store: Store, form: Form, first: Group, second: Group) -> Iterator[Made]:
        """Apply a strict form of two arguments."""
        seen, ledger, clean = store.seen, self._ledger, first.clean and second.clean
        columns, entries = second.columns, second.entries
        # Of two equal groups, each pair is tried once if the arguments can be exchanged.
        once = form.commutes and first is second
        for number, left in enumerate(first.entries):
            for start in range(number if once else 0, len(columns), _CHUNK):
                part = columns[start : start + _CHUNK]
                results = binary_columns(form, left.column, part, clean)
                for index, result in enumerate(results, start):
                    if result not in seen:
                        if result is None:
                            ledger.is_complete = False
                        else:
                            yield result, (left, entries[index])
                ledger.pending += len(part)
                if ledger.is_due:
                    yield None, ()

    def _apply_first_order(self, store: Store, form: Form, groups: tuple[Group, ...]) -> Iterator[Made]:
        seen, ledger = store.seen, self._ledger
        clean = all(group.clean for group in groups)
        for children in itertools.product(*(group.entries for group in groups)):
            given = [child.column for child in children]
            ledger.pending += 1
            made = strict_column(form, given, clean) if form.kind is Kind.STRICT else lazy_column(form, given)
            if made is None:
                ledger.is_complete = False
            elif made not in seen:
                yield made, children
            if ledger.is_due:
                yield None, ()

    def _apply_higher_order(self, store: Store, form: Form, groups: tuple[Group, ...]) -> Iterator[Made]:
        applier, seen, ledger, slots = self.applier(store.nonterminal.environment), store.seen, self._ledger, form.slots
        # The functions in the outer loop: they are made once for all values that they are applied with.
        order = sorted(range(len(slots)), key=lambda i: not slots[i].function)
        count = sum(slot.function for slot in slots)
        outer = [groups[i].entries for i in order[:count]]
        values = [groups[i] for i in order[count:]]
        place = [order.index(i) for i in range(len(slots))]
        work = 4 * len(applier.scopes)
        arguments = list(itertools.product(*[group.columns for group in values]))
        entries = list(itertools.product(*[group.entries for group in values]))
        for bodies, apply in applier.applied(form, order, itertools.product(*outer)):
            for start in range(0, len(arguments), _FEW):
                columns = list(itertools.starmap(apply, arguments[start : start + _FEW]))
                for number, column in enumerate(columns, start):
                    if column not in seen:
                        if column is None:
                            ledger.is_complete = False
                        else:
                            children = (*bodies, *entries[number])
                            yield column, tuple([children[i] for i in place])
                ledger.pending += len(columns)
                ledger.work += work * len(columns)
                if ledger.is_due:
                    yield None, ()

    def _leaf(self, store: Store, form: Form) -> Column:
        """The column of a form without arguments."""
        if form.position >= self._parameters:
            scope = store.nonterminal.environment
            return self.environments.column(scope[-1 - form.position], form.position - self._parameters + 1)
        if form.position >= 0:
            column = tuple(inputs[form.position] for inputs, _ in self.cases)
        else:
            column = (form.value if form.function is None else form.function(),) * len(self.cases)
        return self.environments.expand(column) if store.depth else column

    def _keep(
        self, store: Store, new: dict[tuple[int, int, bool], Group], entry: Entry, class_: int, uses: int
    ) -> bool:
        """Enter a term whose column is new; False if it is of no use."""
        column = entry.column
        kinds = set(map(type, column))
        clean = Bottom not in kinds
        if not clean and len(kinds) == 1:
            store.seen[column] = None
            return False
        whole = len(column) == self._rows(store)
        if not whole or not _within_bounds(column, store.nonterminal.type, clean, self.closures.longest):
            store.seen[column] = None
            self._ledger.is_complete = False
            return False
        if self._ledger.is_full:
            self._ledger.is_complete = False
            return store.nonterminal is self.start
        store.seen[column] = entry
        self._account(1, store)
        group = new.get((class_, uses, clean))
        if group is None:
            group = new[class_, uses, clean] = Group(class_, uses, clean)
        group.add(entry)
        return True

    def _account(self, count: int, store: Store) -> None:
        kept = count * (360 + (86 if store.nonterminal.type.arguments else 17) * self._rows(store))
        self.kept_bytes += kept
        self._ledger.kept_bytes += kept

    def _rows(self, store: Store) -> int:
        return len(self.environments) if store.depth else len(self.cases)


class Relevel:
    """The levels of terms at the prices of now."""

    def __init__(self, language: Language) -> None:
        """Start without terms."""
        self._language = language
        self._homes: dict[Entry, Nonterminal] = {}
        self._found: dict[Entry, tuple[int, int]] = {}

    def note(self, nonterminal: Nonterminal, entries: Iterable[Entry]) -> None:
        """Terms that were made as terms of a nonterminal, whatever scope they stand in."""
        self._homes.update(dict.fromkeys(entries, nonterminal))

    def of(self, entry: Entry, nonterminal: Nonterminal) -> tuple[int, int]:
        """The level of a term and the class of its root; of a nonterminal, unless another was noted."""
        found = self._found.get(entry)
        if found is None:
            home, form, pricing = self._homes.get(entry, nonterminal), entry.form, self._language.pricing
            level = self._language.price(home, form)
            for child, slot in zip(entry.children, form.slots, strict=True):
                below, class_ = self.of(child, slot.nonterminal)
                level += below + (0 if pricing.is_flat else pricing.costs.shift(class_, slot.context))
            found = self._found[entry] = level, pricing.classes(home)[form.index]
        return found

    def apply(self) -> None:
        """Let the terms have these levels."""
        for entry, (level, _) in self._found.items():
            entry.level = level


_CHUNK = 500
_FEW = 25


def _magnitude(form: Form) -> float:
    """How large a literal number is; 0 for all else."""
    value = form.value
    return abs(value) + (value < 0) / 2 if isinstance(value, int | float) else 0.0


def _outer(nonterminal: Nonterminal) -> Nonterminal:
    """The same type in the scope around."""
    return Nonterminal(nonterminal.type, nonterminal.environment[1:])


def _within_bounds(column: Column, type_: Type, clean: bool, longest: int) -> bool:
    values = column if clean else [cell for cell in column if cell is not BOTTOM]
    if EXHAUSTED in values:
        return False
    if type_ is INT:
        return bool(max(values) < LARGEST and min(values) > -LARGEST)
    if type_.name in ("list", "str"):
        return max(map(len, values)) <= longest
    return True


def _pairs(view: View, inner: int) -> Iterator[tuple[Group, Group]]:
    """Pairs of groups of one view whose costs sum to `inner`, each once."""
    for cost, groups in view.items():
        if 2 * cost < inner:
            yield from itertools.product(groups, view.get(inner - cost, ()))
        elif 2 * cost == inner:
            yield from itertools.combinations_with_replacement(groups, 2)


def choose(views: Sequence[View], inner: int) -> Iterator[tuple[Group, ...]]:
    """One group from each view, their costs summing to `inner`."""
    first, rest = views[0], views[1:]
    if not rest:
        for group in first.get(inner, ()):
            yield (group,)
        return
    if len(rest) == 1:
        (second,) = rest
        for cost, groups in first.items():
            others = second.get(inner - cost)
            if others is not None:
                yield from itertools.product(groups, others)
        return
    for cost, groups in first.items():
        if cost < inner:
            for chosen in choose(rest, inner - cost):
                for group in groups:
                    yield (group, *chosen)


def splits(views: Sequence[View], inner: int) -> Iterator[tuple[list[Group], ...]]:
    """The groups of one cost from each view, these costs summing to `inner`."""
    first, rest = views[0], views[1:]
    if not rest:
        if inner in first:
            yield (first[inner],)
        return
    for cost, groups in first.items():
        if cost < inner:
            for others in splits(rest, inner - cost):
                yield (groups, *others)
