"""Seeds: terms from outside, such as sampled programs and solutions of similar tasks, as components of the search."""

from __future__ import annotations

from dsl.grammar import Derivation, Grammar
from dsl.terms import Term
from wake_sleep.wake.values.enumerate import Enumeration


def enter_seed(term: Term, grammar: Grammar, enumeration: Enumeration) -> int | None:
    """Enter a term and its sub-terms into the bank at every symbol that has it, at half their level.

    A sub-term whose values the bank has already is represented by the row with these values.

    Args:
        term: open, over the parameters.
        grammar: of the goal.
        enumeration: whose bank takes the rows.

    Returns:
        the lowest level of a row that is new there, or None if there is none.
    """
    lowest: list[int] = []
    for symbol in enumeration.language.symbols:
        derivation = grammar.derive_at(symbol.nonterminal, term)
        if derivation is not None:
            lowest += _enter(derivation, enumeration)
    return min(lowest, default=None)


def _enter(root: Derivation, enumeration: Enumeration) -> list[int]:
    """Enter a derivation, the sub-terms first; returns the levels of new rows."""
    language, bank = enumeration.language, enumeration.bank
    bank.levels_are_costs = False
    rows: dict[Derivation, int | None] = {}
    levels: list[int] = []
    waiting = [root]
    while waiting:
        here = waiting[-1]
        missing = [child for child in here.children if child not in rows]
        if missing:
            waiting.extend(missing)
            continue
        waiting.pop()
        if here in rows:
            continue
        below = [rows[child] for child in here.children]
        rule = language.rule_of(here)
        if rule is None or None in below:
            rows[here] = None
            continue
        arguments = tuple(row for row in below if row is not None)
        before = len(bank.tables[rule.symbol].values)
        row = rows[here] = enumeration.enter_early(rule, arguments)
        if row is None:
            continue
        table = bank.tables[rule.symbol]
        level = max(1, table.costs[row] // 2)
        if row == before:
            enumeration.put([row], rule.symbol, rule.class_, level)
            levels.append(level)
        elif row in table.early_rows:
            enumeration.take_up([(level, (rule.symbol, row))])
            levels.append(level)
    return levels
