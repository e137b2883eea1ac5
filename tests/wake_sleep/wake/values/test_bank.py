"""The bank of rows."""

from typing import Any

from dsl.domain import Domain, load_domain
from dsl.evaluate import Evaluation
from dsl.grammar import Grammar, Nonterminal, nonterminal_symbol
from dsl.limits import EXHAUSTED, Limits
from dsl.rules import from_rules
from dsl.spec import Budget
from dsl.terms import Application, Literal, Term, Variable
from dsl.types import INT, list_of
from dsl.values import BOTTOM
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.values.bank import Bank, Group, Made
from wake_sleep.wake.values.enumerate import Enumeration
from wake_sleep.wake.values.language import Language

LISTS = load_domain("lists")
INTS = list_of(INT)


def apply(domain: Domain, name: str, *arguments: Term) -> Term:
    found = domain.find(name, len(arguments))
    assert found is not None, name
    return Application(found.operator, arguments)


def numbers_of_lists() -> Grammar:
    """Integers from a list of integers, whose head may be ⊥."""
    number = Nonterminal(INT, (INTS,), "I")
    items = Nonterminal(INTS, (INTS,), "L")
    i, xs = nonterminal_symbol(number), nonterminal_symbol(items)
    return from_rules(
        number,
        {
            number: (Literal(1, INT), apply(LISTS, "head", xs), apply(LISTS, "+", i, i), apply(LISTS, "length", xs)),
            items: (Variable(0), apply(LISTS, "tail", xs)),
        },
    )


def filled(grammar: Grammar, domain: Domain, inputs: list[tuple[Any, ...]], levels: int, **how: Any) -> Bank:
    costs = Costs(grammar)
    language = Language(grammar, costs, {})
    bank = Bank(language, domain, how.pop("limits", Limits()), list(inputs), **how)
    enumeration = Enumeration(language, bank, Meter(Budget()))
    for _ in range(levels):
        for _ in enumeration.run_level():
            pass
    return bank


def test_rows_are_what_the_reference_interpreter_computes() -> None:
    inputs: list[tuple[Any, ...]] = [((1, 2, 3),), ((),), ((5,),)]
    bank = filled(numbers_of_lists(), LISTS, inputs, 6)
    evaluation = Evaluation(LISTS, inputs)
    assert len(bank.tables[0].values) > 20
    for symbol, table in enumerate(bank.tables):
        for number, row in enumerate(table.values):
            assert tuple(evaluation.column(bank.term(symbol, number))) == row


def test_a_row_that_is_undefined_on_some_cases_is_kept_and_one_that_is_on_all_is_not() -> None:
    inputs: list[tuple[Any, ...]] = [((1, 2, 3),), ((),), ((5,),)]
    rows = filled(numbers_of_lists(), LISTS, inputs, 6).tables[0].values
    assert (1, BOTTOM, 5) in rows
    assert all(any(cell is not BOTTOM for cell in row) for row in rows)


def test_rows_have_distinct_values() -> None:
    for table in filled(numbers_of_lists(), LISTS, [((1, 2),), ((4,),)], 8).tables:
        assert len(set(table.values)) == len(table.values)


def test_a_value_beyond_a_limit_is_not_kept_and_makes_the_bank_incomplete() -> None:
    bank = filled(numbers_of_lists(), LISTS, [((3,),)], 9, limits=Limits(bits=3))
    assert not bank.is_complete
    assert all(abs(row[0]) < 8 for row in bank.tables[0].values)
    assert filled(numbers_of_lists(), LISTS, [((3,),)], 4).is_complete


def test_further_inputs_extend_every_row() -> None:
    inputs: list[tuple[Any, ...]] = [((1, 2, 3),), ((4,),)]
    more: list[tuple[Any, ...]] = [((),), ((7, 8),)]
    bank = filled(numbers_of_lists(), LISTS, inputs, 6)
    calls: list[int] = []
    bank.extend(more, calls.append)
    evaluation = Evaluation(LISTS, [*inputs, *more])
    assert calls
    for symbol, table in enumerate(bank.tables):
        for number, row in enumerate(table.values):
            assert tuple(evaluation.column(bank.term(symbol, number))) == row
            assert table.find(row) == number


def test_a_row_that_a_further_input_exhausts_is_no_longer_found() -> None:
    bank = filled(numbers_of_lists(), LISTS, [((1,),), ((2,),)], 6, limits=Limits(bits=6))
    before = bank.is_complete
    bank.extend([((60,),)], lambda _: None)
    assert (before, bank.is_complete) == (True, False)
    for table in bank.tables:
        for row in table.values:
            if EXHAUSTED in row:
                assert table.find(row) is None


def test_no_row_is_larger_than_the_bound() -> None:
    bank = filled(numbers_of_lists(), LISTS, [((1, 2, 3),), ((4,),)], 9, maximum_size=5)
    sizes = [bank.term(s, n).size for s, table in enumerate(bank.tables) for n in range(len(table.values))]
    assert max(sizes) == 5
    assert sizes == [size for table in bank.tables for size in table.sizes]


def test_a_row_made_before_its_level_is_found_only_by_those_who_ask_for_it() -> None:
    bank = filled(numbers_of_lists(), LISTS, [((1, 2, 3),), ((4,),)], 2)
    table = bank.tables[0]
    (rule,) = (r for r in bank.language.start.rules if r.name == "+")
    one = table.find((1, 1))
    assert one is not None
    row = bank.enter_early(rule, (2, 2), (one, one))
    assert row is not None
    assert table.find((2, 2)) is None
    assert table.find_early((2, 2)) == row
    assert bank.enter_early(rule, (2, 2), (one, one)) == row
    assert table.costs[row] == bank.cost(rule, (one, one))


def test_a_piece_is_built_from_rows_and_other_pieces() -> None:
    bank = filled(numbers_of_lists(), LISTS, [((1, 2, 3),)], 3)
    (rule,) = (r for r in bank.language.start.rules if r.name == "+")
    one = bank.tables[0].find((1,))
    assert one is not None
    piece = Made(rule, (Made(rule, ((0, one), (0, one))), (0, one)))
    i = Literal(1, INT)
    assert bank.build(piece) is apply(LISTS, "+", apply(LISTS, "+", i, i), i)


def test_memory_is_counted() -> None:
    small = filled(numbers_of_lists(), LISTS, [((1, 2, 3),)], 4)
    large = filled(numbers_of_lists(), LISTS, [((1, 2, 3),)], 9)
    assert 0 < small.kept_bytes < large.kept_bytes


def test_joined_groups_have_all_rows_and_those_with_failures_apart() -> None:
    bank = filled(numbers_of_lists(), LISTS, [((1, 2, 3),), ((),)], 5)
    table = bank.tables[0]
    groups = []
    for row, values in enumerate(table.values):
        group = Group(table)
        group.rows, group.is_partial = [row], BOTTOM in values
        groups.append(group)
    clean, partial = Group.joined(groups)
    assert sorted(clean.rows + partial.rows) == list(range(len(table.values)))
    for joined in (clean, partial):
        assert list(zip(*joined.columns(), strict=True)) == [table.values[row] for row in joined.rows]
    assert not clean.is_partial
    assert partial.is_partial
    assert not any(BOTTOM in cells for cells in clean.columns())
    assert Group.joined(groups[:1]) == groups[:1]
