"""Symbols: what a production, a hole or a hint is, as a bag of hashed tokens.

The embedding of a symbol is computed from the tokens that describe it: the operator, its types, the value of a
constant, the operators in the body of an abstraction. A new abstraction or a constant that only one file has therefore
needs no row of an output layer of its own, and a language never seen before shares what it has in common with others.
Each token has `HASHES` buckets in one table (Svenstrup et al. 2017, *Hash embeddings*), so that two tokens are told
apart even where one of their buckets coincides.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from dsl.grammar import Grammar, Nonterminal, Production
from dsl.probability import Context, ProbabilisticGrammar, Weights
from dsl.terms import Application, Lambda, Literal, Operator, Variable, postorder
from dsl.types import Type

if TYPE_CHECKING:
    from wake_sleep.model.choices import ChoiceSpace

BUCKETS: Final = 2048
"""Rows of the table of tokens."""
HASHES: Final = 2
"""Rows that each token has."""
_LONGEST_TEXT: Final = 12
_MOST_BODY_NODES: Final = 24


@functools.lru_cache(maxsize=1 << 16)
def token_rows(token: str) -> tuple[int, ...]:
    """The rows of a token in the table."""
    digest = hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=4 * HASHES).digest()
    return tuple(int.from_bytes(digest[4 * i : 4 * i + 4], "big") % BUCKETS for i in range(HASHES))


def type_tokens(role: str, type_: Type) -> list[str]:
    """Tokens of a type in some role: the whole, its constructor, and what it is made of."""
    return [f"{role}:{type_}", f"{role}<{type_.name}>", *(f"{role}/{part}" for part in type_.arguments)]


def production_tokens(production: Production, result: Type) -> list[str]:
    """Tokens of a production of a nonterminal whose type is `result`."""
    found = [f"key:{production.key}", f"arity:{len(production.children)}", *type_tokens("result", result)]
    for i, child in enumerate(production.children):
        found += type_tokens(f"argument{i}", child.type)
    head = production.head
    if head is Lambda:
        found.append("head:lambda")
    elif isinstance(head, Literal):
        found += _literal_tokens(head)
    elif isinstance(head, Variable):
        found.append("head:variable")
    elif isinstance(head, Operator):
        found += _operator_tokens(head)
    return found


def _operator_tokens(operator: Operator) -> list[str]:
    if operator.definition is None:
        return [f"head:{operator.name}", f"kind:{operator.kind}"]
    found = ["head:definition"]
    for node in list(postorder([operator.definition]))[-_MOST_BODY_NODES:]:
        if isinstance(node, Application) and isinstance(node.head, Operator):
            found.append(f"body:{node.head.key}")
        elif isinstance(node, Literal):
            found.append(f"body:{node!r}")
    return found


def _literal_tokens(literal: Literal) -> list[str]:
    value = literal.value
    found = ["head:literal"]
    if isinstance(value, str):
        found += [f"length:{min(len(value), _LONGEST_TEXT)}"]
        found += [f"character:{c}" for c in dict.fromkeys(value[:_LONGEST_TEXT])]
    elif isinstance(value, int):
        found += [f"bits:{min(int(value).bit_length(), 64)}", f"negative:{value < 0}", f"odd:{int(value) % 2}"]
    return found


def hole_tokens(nonterminal: Nonterminal) -> list[str]:
    """Tokens of a hole: its type, and the types in scope."""
    scope = [f"scope:{t}" for t in dict.fromkeys(nonterminal.environment)]
    return ["hole", *type_tokens("wanted", nonterminal.type), *scope]


class Vocabulary:
    """The symbols and menus that states refer to by number.

    A *menu* is what a hole is filled from: the productions of a nonterminal in a context, with base log-probabilities
    that the network corrects. Equal descriptions have one number.

    Attributes:
        base: weights from which the base log-probabilities are made; with uniform ones the network begins at the
            uniform grammar, with counted ones at the bigram.
        bags: for each symbol the rows of its tokens.
        menus: for each menu the symbols of its productions, in the order of the grammar.
        log_base: for each menu the base log-probabilities of its productions.
    """

    def __init__(self, base: Weights, choices: ChoiceSpace | None = None) -> None:
        """Know nothing yet.

        Args:
            base: from which base log-probabilities are made.
            choices: the contexts and keys whose weights are corrected for each task, if any are.
        """
        self.base, self._choices = base, choices
        self._keys: dict[int, list[str]] = {}
        self._key_numbers: dict[int, NDArray[np.int64]] = {}
        self.bags: list[NDArray[np.int64]] = []
        self.menus: list[NDArray[np.int64]] = []
        self.log_base: list[NDArray[np.float32]] = []
        self._symbols: dict[tuple[str, ...], int] = {}
        self._menus: dict[tuple[tuple[int, ...], bytes], int] = {}
        self._productions: dict[tuple[Production, Type], int] = {}
        self._holes: dict[Nonterminal, int] = {}
        self._menu_of: dict[tuple[int, Nonterminal, Context], int] = {}
        # By the object, which is kept: equal grammars may have other productions in another order.
        self._grammars: dict[int, ProbabilisticGrammar] = {}

    def emptied(self) -> Vocabulary:
        """One that knows no symbol yet, but all that this one knows of grammars."""
        made = Vocabulary(self.base, self._choices)
        made._grammars = self._grammars
        return made

    def probabilistic(self, grammar: Grammar) -> ProbabilisticGrammar:
        """A grammar with the base weights."""
        found = self._grammars.get(id(grammar))
        if found is None:
            found = self._grammars[id(grammar)] = ProbabilisticGrammar(grammar, self.base)
        return found

    def symbol(self, tokens: Iterable[str]) -> int:
        """The number of the symbol that these tokens describe."""
        key = tuple(tokens)
        found = self._symbols.get(key)
        if found is None:
            found = self._symbols[key] = len(self.bags)
            self.bags.append(np.array([row for token in key for row in token_rows(token)], np.int64))
        return found

    def production(self, production: Production, result: Type) -> int:
        """The symbol of a production of a nonterminal whose type is `result`."""
        found = self._productions.get((production, result))
        if found is None:
            found = self.symbol(production_tokens(production, result))
            self._productions[production, result] = found
        return found

    def hole(self, nonterminal: Nonterminal) -> int:
        """The symbol of a hole."""
        found = self._holes.get(nonterminal)
        if found is None:
            found = self._holes[nonterminal] = self.symbol(hole_tokens(nonterminal))
        return found

    def corrected_menu(self, menu: int, context: Context, corrections: NDArray[np.float32]) -> int:
        """A further menu: another one whose base log-probabilities are corrected for one task.

        Args:
            menu: number of the other one.
            context: where it stands.
            corrections: nats by which the weight of each key is corrected in each context of the choices that this
                vocabulary was made with, shape (C, K).
        """
        assert self._choices is not None, "this vocabulary was made without the choices that are corrected"
        numbers = self._key_numbers.get(menu)
        if numbers is None:
            numbers = self._key_numbers[menu] = np.array([self._choices.key(k) for k in self._keys[menu]], np.int64)
        row = np.append(corrections[self._choices.context(context)], np.float32(0))  # the last is that of the rest
        logs = self.log_base[menu] + row[numbers]
        top = logs.max()
        self.menus.append(self.menus[menu])
        self.log_base.append((logs - (top + np.log(np.exp(logs - top).sum()))).astype(np.float32))
        return len(self.menus) - 1

    def menu(self, grammar: Grammar, nonterminal: Nonterminal, context: Context) -> int:
        """The number of the menu of a hole."""
        known = context if context in self.base.contextual else ("", 1)
        probabilistic = self.probabilistic(grammar)
        key = (id(grammar), nonterminal, known)
        found = self._menu_of.get(key)
        if found is None:
            symbols = [self.production(p, nonterminal.type) for p in grammar.productions(nonterminal)]
            shares = np.array(probabilistic.probabilities(nonterminal, context), np.float32)
            logs = np.log(np.maximum(shares, np.float32(1e-12)))
            content = (tuple(symbols), logs.tobytes())
            found = self._menus.get(content)
            if found is None:
                found = self._menus[content] = len(self.menus)
                self.menus.append(np.array(symbols, np.int64))
                self._keys[found] = [p.key for p in grammar.productions(nonterminal)]
                self.log_base.append(logs)
            self._menu_of[key] = found
        return found
