"""Small constants that a language only has as sums and products of others, entered for less than these cost.

DreamCoder's lists know 0 and 1 only: 5 takes nine nodes, and a program that needs it lies behind millions of others.
"""

from __future__ import annotations

from typing import Final

from dsl.errors import LimitExceeded
from dsl.grammar import Nonterminal
from dsl.types import INT
from wake_sleep.wake.lambdas.bank import Entry
from wake_sleep.wake.lambdas.forms import Form, Forms, Kind
from wake_sleep.wake.lambdas.pricing import Pricing

LARGEST: Final = 10
_DEAREST: Final = 60


def small_constants(start: Nonterminal, forms: Forms, pricing: Pricing) -> list[Entry]:
    """Closed terms for small integers that are no literals, each at a level that grows with its length in bits.

    Args:
        start: the nonterminal of programs, for its scope.
        forms: of the language.
        pricing: of the language.
    """
    nonterminal = Nonterminal(INT, start.environment)
    prices = pricing.prices(nonterminal)
    all_forms = forms.of(nonterminal)
    known: dict[int, Entry] = {}
    for form in all_forms:
        if form.kind is Kind.VALUE and type(form.value) is int:
            known.setdefault(form.value, Entry((form.value,), form, (), prices[form.index]))
    literals = dict(known)
    binary = [
        form
        for form in all_forms
        if form.kind is Kind.STRICT and [slot.nonterminal for slot in form.slots] == [nonterminal] * 2
    ]
    if not known or not binary:
        return []
    dearest = max(entry.level for entry in known.values())
    for _ in range(8):
        before = {value: entry.level for value, entry in known.items()}
        for form in binary:
            _combine(known, form, prices[form.index])
        if before == {value: entry.level for value, entry in known.items()}:
            break
    found = []
    for value in sorted(set(known) - set(literals), key=lambda v: (abs(v), -v)):
        entry = known[value]
        level = dearest + max(1, round(abs(value).bit_length() * pricing.costs.resolution))
        if abs(value) <= LARGEST and level < entry.level:
            found.append(Entry(entry.column, entry.form, entry.children, level))
    return found


def _combine(known: dict[int, Entry], form: Form, price: int) -> None:
    """Add what a form makes of two known constants, if that is cheaper."""
    assert form.function is not None
    for a, left in list(known.items()):
        for b, right in list(known.items()):
            level = price + left.level + right.level
            if level > _DEAREST:
                continue
            try:
                value = form.function(a, b)
            except LimitExceeded:
                continue
            if type(value) is int and abs(value) <= LARGEST and (value not in known or known[value].level > level):
                known[value] = Entry((value,), form, (left, right), level)
