"""Small tasks, grammars and networks that the tests of the model share."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from dsl.domain import load_domain
from dsl.grammar import Grammar, Nonterminal, any_constant, nonterminal_symbol
from dsl.rules import from_rules
from dsl.terms import Application, Operator, Term, Variable
from dsl.types import BOOL, INT, parse_type
from dsl.values import Value
from wake_sleep.model.backbones import BackboneSettings
from wake_sleep.model.condition import Condition
from wake_sleep.model.network import Network, NetworkSettings

TASKS: Mapping[str, tuple[str, Sequence[tuple[tuple[Value, ...], Value]]]] = {
    "lists": (
        "list(int) -> list(int)",
        [((x,), x[::-1]) for x in [(1, 2, 3), (4, 5), (), (7, 8, 9, 1), (3, 3), (2,)]],
    ),
    "strings": ("str -> str", [((x,), x[:2]) for x in ["abc", "hello world", "xx y"]]),
    "bitvectors": ("bv64 -> bv64", [((x,), x & (x - 1)) for x in [12, 15, 1 << 40, 77]]),
    "integers": ("int -> int -> int", [((x, y), max(x, y)) for x, y in [(1, 2), (5, 3), (-1, -1)]]),
}


@functools.lru_cache
def condition(name: str = "lists") -> Condition:
    """The task of a domain."""
    request, cases = TASKS[name]
    domain = load_domain(name)
    return Condition(domain.grammar(request), domain, tuple(cases))


def tiny(*, passes: int = 1, seed: int = 0, **changes: object) -> Network:
    """A network of few parameters."""
    shape = {"widths": (16, 24, 32), "layers": 2, "heads": 2, **changes}
    return Network(NetworkSettings(BackboneSettings(**shape), passes), seed=seed)  # type: ignore[arg-type]


PLUS = Operator("+", parse_type("int -> int -> int"))
NEGATE = Operator("-", parse_type("int -> int"))
LESS = Operator("<", parse_type("int -> int -> bool"))
ITE = Operator("ite", parse_type("bool -> t0 -> t0 -> t0"))
SCOPE = (INT, INT)
START, TEST = Nonterminal(INT, SCOPE, "Start"), Nonterminal(BOOL, SCOPE, "Test")


def conditional(*further: Term) -> Grammar:
    """Sums and conditionals over two integers."""
    s, t = nonterminal_symbol(START), nonterminal_symbol(TEST)
    rules: Mapping[Nonterminal, Sequence[Term]] = {
        START: [Variable(1), Variable(0), Application(PLUS, (s, s)), Application(ITE, (t, s, s)), *further],
        TEST: [Application(LESS, (s, s))],
    }
    return from_rules(START, rules)


def with_constants() -> Grammar:
    """The same with any integer constant."""
    return conditional(any_constant(INT))
