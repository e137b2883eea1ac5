"""Focused enumeration for texts: deep terms of the few shapes that editing text is made of, long before their level.

Two families of terms are cheap to go through completely because all but one of their arguments are at hand: the
positions of the first few occurrences of a mark in a parameter, each sought behind the one before, and replacements
in strings near the wanted ones, which leave a part of what is wanted. They enter the bank at their own level.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from dsl.types import STRING
from wake_sleep.wake.values.bank import Row
from wake_sleep.wake.values.enumerate import Enumeration
from wake_sleep.wake.values.language import Rule

INDEX: Final = "str.indexof"
SUM: Final = "+"
REPLACEMENT: Final = "str.replace"
_MOST_OCCURRENCES: Final = 4
_MOST_MARKS: Final = 12
_MOST_TEXTS: Final = 4
_MOST_FILLS: Final = 8
_MARKS_AMONG: Final = 200
_MOST_NEAR: Final = 2
_LONGEST: Final = 512


class Focus:
    """Enters deep terms into the bank of an enumeration."""

    def __init__(self, enumeration: Enumeration, goals: Sequence[Sequence[str]]) -> None:
        """Begin anew.

        Args:
            enumeration: whose bank takes the terms.
            goals: wanted strings, one for each case.
        """
        self.enumeration, self.language, self.bank = enumeration, enumeration.language, enumeration.bank
        self.goals = goals
        # The constants and parameters of each symbol of strings, and how many of its rows were looked at.
        self._steady: dict[int, list[int]] = {s.number: [] for s in self.language.symbols if s.type is STRING}
        self._looked: dict[int, int] = dict.fromkeys(self._steady, 0)
        self._tried: set[tuple[Rule, int, int]] = set()
        self._nearest: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self._near_seen: dict[tuple[int, int], int] = {}
        self._patterns: dict[tuple[Rule, int, int], int] = {}

    def update(self) -> None:
        """Enter what the rows that are new make possible."""
        for symbol, steady in self._steady.items():
            table = self.bank.tables[symbol]
            new = range(self._looked[symbol], len(table.values))
            steady += [n for n in new if table.rules[n].leaf is not None or not _varies(table.values[n])]
            self._looked[symbol] = len(table.values)
        for rules in (symbol.rules for symbol in self.language.symbols):
            for rule in rules:
                if rule.name == INDEX and len(rule.children) == 3:
                    self._positions(rule)
                elif rule.name == REPLACEMENT:
                    for goal in range(len(self.goals)):
                        self._replacements(rule, goal)

    # Positions.

    def _positions(self, rule: Rule) -> None:
        """Positions of the occurrences of marks in texts."""
        texts, marks, start = rule.children
        zeros, one = self._constant(start, 0), self._constant(rule.symbol, 1)
        sums = [r for r in self.language.rules_named(start, SUM) if r.children == (rule.symbol, rule.symbol)]
        if zeros is None or (sums and one is None):
            return
        for text in self._varying(texts, _MOST_TEXTS):
            for mark in self._marks(marks, self.bank.tables[texts].values[text]):
                if (rule, text, mark) not in self._tried:
                    self._tried.add((rule, text, mark))
                    self._occurrences(rule, text, mark, zeros, sums[0] if sums else None, one)

    def _occurrences(self, rule: Rule, text: int, mark: int, start: int, adding: Rule | None, one: int | None) -> None:
        for _ in range(_MOST_OCCURRENCES):
            found = self.enumeration.enter_early(rule, (text, mark, start))
            if found is None or adding is None or one is None:
                return
            if all(cell.__class__ is int and cell < 0 for cell in self.bank.tables[rule.symbol].values[found]):
                return
            behind = self.enumeration.enter_early(adding, (one, found))
            if behind is None:
                return
            start = behind

    def _constant(self, symbol: int, value: Any) -> int | None:
        return self.bank.tables[symbol].find_early((value,) * len(self.bank.inputs))

    def _varying(self, symbol: int, most: int) -> list[int]:
        """The parameters and other leaves that are not the same for all cases."""
        table = self.bank.tables[symbol]
        leaves = [n for n in self._steady.get(symbol, ()) if table.rules[n].leaf is not None]
        return [n for n in leaves if _varies(table.values[n])][:most]

    def _marks(self, symbol: int, texts: Row) -> list[int]:
        """The cheapest constant strings that occur in a text of some cases."""
        table = self.bank.tables[symbol]
        found = []
        for number in self._steady.get(symbol, ())[:_MARKS_AMONG]:
            mark = table.values[number][0]
            if mark.__class__ is str and mark and not _varies(table.values[number]):
                found += [number] * any(text.__class__ is str and mark in text for text in texts)
        return sorted(found, key=table.costs.__getitem__)[:_MOST_MARKS]

    # Replacements.

    def _replacements(self, rule: Rule, goal: int) -> None:
        """Replacements that leave parts of the wanted strings, or come nearer to them by what they take away."""
        texts, patterns, fills = rule.children
        near = dict.fromkeys((*self._varying(texts, _MOST_TEXTS), *self._near(texts, goal)))
        chosen = self._fills(fills)
        for text in near:
            for pattern in self._new_patterns(rule, text, goal):
                self.enumeration.meter.spend(len(chosen), self.bank.kept_bytes)
                before, row = self.bank.tables[texts].values[text], self.bank.tables[patterns].values[pattern]
                for fill in chosen:
                    if _is_promising(before, row, self.bank.tables[fills].values[fill], self.goals[goal]):
                        self.enumeration.enter_early(rule, (text, pattern, fill))

    def _fills(self, symbol: int) -> list[int]:
        """The cheapest constant strings, the empty one among them."""
        table = self.bank.tables[symbol]
        chosen = sorted(self._steady.get(symbol, ())[:_MARKS_AMONG], key=table.costs.__getitem__)[:_MOST_FILLS]
        nothing = self._constant(symbol, "")
        return chosen if nothing is None or nothing in chosen else [*chosen, nothing]

    def _new_patterns(self, rule: Rule, text: int, goal: int) -> Iterator[int]:
        """The constants and parameters not yet tried that occur in a text of some cases, and are no whole text."""
        before, table = self.bank.tables[rule.children[0]].values[text], self.bank.tables[rule.children[1]]
        steady = self._steady.get(rule.children[1], [])
        for number in steady[self._patterns.get((rule, text, goal), 0) :]:
            if any(
                pattern.__class__ is str and given.__class__ is str and pattern and pattern in given != pattern
                for pattern, given in zip(table.values[number], before, strict=True)
            ):
                yield number
        self._patterns[rule, text, goal] = len(steady)

    def _near(self, symbol: int, goal: int) -> list[int]:
        """The shortest rows from which the wanted strings come by taking characters away."""
        table, wanted = self.bank.tables[symbol], tuple(self.goals[goal])
        best = self._nearest.setdefault((symbol, goal), [])
        for number in range(self._near_seen.get((symbol, goal), 0), len(table.values)):
            row = table.values[number]
            if all(map(_is_subsequence, wanted, row)) and row != wanted:
                best.append((sum(map(len, row)), number))
        self._near_seen[symbol, goal] = len(table.values)
        best.sort()
        del best[_MOST_NEAR:]
        return [number for _, number in best]


def _is_promising(texts: Row, patterns: Row, fills: Row, wanted: Sequence[str]) -> bool:
    """Whether a replacement leaves parts of all wanted strings, or takes away only what none of them has."""
    is_part = is_near = True
    for text, pattern, fill, goal in zip(texts, patterns, fills, wanted, strict=True):
        if not (text.__class__ is str and pattern.__class__ is str and fill.__class__ is str) or len(text) > _LONGEST:
            return False
        made = text.replace(pattern, fill, 1)
        is_part = is_part and made in goal
        is_near = is_near and not fill and _is_subsequence(goal, made)
        if not (is_part or is_near):
            return False
    return True


def _varies(row: Row) -> bool:
    return len(row) == 1 or row.count(row[0]) != len(row)


def _is_subsequence(short: str, long: Any) -> bool:
    """Whether `short` comes from `long` by taking characters away."""
    if long.__class__ is not str or len(short) > len(long):
        return False
    characters = iter(long)
    return all(character in characters for character in short)
