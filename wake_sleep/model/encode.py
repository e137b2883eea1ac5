"""From a state and its task to a graph.

Nothing here depends on what is hidden: a node is described by its production or by the type of its hole, by its place
among what is shown, and by the values of what is closed and shown below it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dsl.grammar import Grammar, Nonterminal
from dsl.probability import Context
from dsl.terms import Lambda, Term, Variable, free_variables, shift
from wake_sleep.model.comparison import COLUMN_SLOTS
from wake_sleep.model.condition import EXAMPLE_SLOTS, Condition, constraint_tokens, hint_tokens
from wake_sleep.model.graph import (
    BINDS,
    CHILD,
    CONSTRAINT,
    EXAMPLE,
    FROM_ROOT,
    FROM_SIGNATURE,
    HOLE,
    METADATA,
    MOST_ARGUMENTS,
    NEXT,
    PARENT,
    PREVIOUS,
    PRODUCTION,
    SIGNATURE,
    TO_ROOT,
    TO_SIGNATURE,
    USES,
    Graph,
)
from wake_sleep.model.partial import PartialDerivation
from wake_sleep.model.symbols import Vocabulary, type_tokens

FEATURES: Final = COLUMN_SLOTS + 2 + EXAMPLE_SLOTS
"""Feature slots of a node: its values beside the outputs, whether it has some, its depth, and those of an example."""


@dataclass(frozen=True)
class Targets:
    """What the network is to say of a state; the default is that nothing is known.

    Attributes:
        holes: for each hole the place in its menu of what stands there.
        weights: weight of the loss of each hole.
        edit: node whose subtree is to be exchanged, or -1.
        edits_left: how many productions are to be filled in or exchanged yet, or -1.
        share_met: share of the examples that the program meets, or -1.
    """

    holes: Sequence[int] = ()
    weights: Sequence[float] = ()
    edit: int = -1
    edits_left: float = -1.0
    share_met: float = -1.0


class Encoder:
    """Makes graphs of the states of one task.

    Attributes:
        condition: the task.
        vocabulary: which the numbers of the graphs refer to.
        values: whether executed values are given.
    """

    def __init__(self, condition: Condition, vocabulary: Vocabulary, *, values: bool = True) -> None:
        """Prepare the nodes of the task."""
        self.condition, self.vocabulary, self.values = condition, vocabulary, values
        start = condition.grammar.start
        tokens = ["signature", f"domain:{condition.domain.name}", *type_tokens("result", start.type)]
        for i, type_ in enumerate(reversed(start.environment)):
            tokens += type_tokens(f"parameter{i}", type_)
        hints = hint_tokens(condition.hints)
        self._kinds = [SIGNATURE, *[EXAMPLE] * len(condition.cases)]
        self._symbols = [vocabulary.symbol(tokens), *[vocabulary.symbol(["example"])] * len(condition.cases)]
        for term in condition.constraints:
            self._kinds.append(CONSTRAINT)
            self._symbols.append(vocabulary.symbol(constraint_tokens(term)))
        if hints:
            self._kinds.append(METADATA)
            self._symbols.append(vocabulary.symbol(hints))
        self._menus: dict[tuple[int, Context], int] = {}
        self._task = np.zeros(0, np.float32) if condition.features is None else condition.features
        self._examples = condition.example_features()

    def encode(self, state: PartialDerivation, attempt: Term | None = None, targets: Targets | None = None) -> Graph:
        """The graph of a state.

        Args:
            state: of the grammar of the task.
            attempt: body of a program that failed, whose outputs the network is told.
            targets: what the network is to say.
        """
        vocabulary, count = self.vocabulary, len(state)
        kinds, symbols, depth = [PRODUCTION] * count, [0] * count, [0] * count
        edges = _Edges()
        for node in range(count):
            production, nonterminal, parent = state.productions[node], state.nonterminals[node], state.parents[node]
            if production is None:
                kinds[node], symbols[node] = HOLE, vocabulary.hole(nonterminal)
            else:
                symbols[node] = vocabulary.production(production, nonterminal.type)
                self._bind(state, node, edges)
            if parent >= 0:
                depth[node] = depth[parent] + 1
                argument = min(state.arguments[node], MOST_ARGUMENTS - 1)
                edges.both(parent, node, CHILD + argument, PARENT + argument)
                if state.arguments[node]:
                    edges.both(state.children[parent][state.arguments[node] - 1], node, NEXT, PREVIOUS)
        for i in range(len(self._kinds)):
            edges.both(count + i, 0, TO_ROOT, FROM_ROOT)
            if i:
                edges.both(count + i, count, TO_SIGNATURE, FROM_SIGNATURE)
        features = np.zeros((count + len(self._kinds), FEATURES), np.float32)
        if self.values:
            self._describe(state, features)
        features[:count, COLUMN_SLOTS + 1] = np.array(depth, np.float32) / 8
        if self.condition.cases:
            rows = slice(count + 1, count + 1 + len(self.condition.cases))
            told = self._examples if attempt is None else self.condition.example_features(attempt)
            features[rows, COLUMN_SLOTS + 2 :] = told
            features[count, COLUMN_SLOTS + 2 :] = told.mean(0)
        return self._graph(state, [*kinds, *self._kinds], [*symbols, *self._symbols], features, edges, depth, targets)

    def menu(self, grammar: Grammar, nonterminal: Nonterminal, context: Context) -> int:
        """The number of the menu of a hole, corrected for the task if the condition says how."""
        found = self.vocabulary.menu(grammar, nonterminal, context)
        if self.condition.corrections is None:
            return found
        corrected = self._menus.get((found, context))
        if corrected is None:
            corrected = self.vocabulary.corrected_menu(found, context, self.condition.corrections)
            self._menus[found, context] = corrected
        return corrected

    def _bind(self, state: PartialDerivation, node: int, edges: _Edges) -> None:
        """Edges between a use of a variable and its binder: a λ, or the signature for a parameter."""
        production = state.productions[node]
        head = None if production is None else production.head
        if not isinstance(head, Variable):
            return
        level, above = head.index, state.parents[node]
        while above >= 0:
            binder = state.productions[above]
            if binder is not None and binder.head is Lambda:
                if level == 0:
                    break
                level -= 1
            above = state.parents[above]
        edges.both(above if above >= 0 else len(state), node, BINDS, USES)

    def _describe(self, state: PartialDerivation, features: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
        """Write the values of closed subtrees; those that use a variable bound above them have none."""
        parameters = state.grammar.parameters
        for node, term in enumerate(state.terms()):
            nonterminal = state.nonterminals[node]
            if term is None or nonterminal.type.is_function:
                continue
            bound = len(nonterminal.environment) - parameters
            if bound:
                if any(index < bound for index in free_variables(term)):
                    continue
                term = shift(term, -bound)
            features[node, :COLUMN_SLOTS] = self.condition.described(term, nonterminal.type)
            features[node, COLUMN_SLOTS] = 1.0

    def _graph(
        self,
        state: PartialDerivation,
        kinds: list[int],
        symbols: list[int],
        features: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
        edges: _Edges,
        depth: list[int],
        targets: Targets | None,
    ) -> Graph:
        known = targets or Targets()
        menus = [self.menu(state.grammar, state.nonterminals[hole], state.contexts[hole]) for hole in state.holes]
        holes = len(state.holes)
        left = -1.0 if known.edits_left < 0 else math.log1p(known.edits_left)
        return Graph(
            kinds=np.array(kinds, np.int64),
            symbols=np.array(symbols, np.int64),
            features=features,
            edges=np.array([edges.sources, edges.ends], np.int64).reshape(2, -1),
            relations=np.array(edges.relations, np.int64),
            parents=np.array([*state.parents, -1, *[len(state)] * (len(self._kinds) - 1)], np.int64),
            depth=np.array([*depth, 0, *[1] * (len(self._kinds) - 1)], np.int64),
            holes=np.array(state.holes, np.int64),
            menus=np.array(menus, np.int64),
            task=self._task,
            targets=np.array(known.holes, np.int64) if len(known.holes) else np.full(holes, -1, np.int64),
            hole_weights=np.array(known.weights, np.float32) if len(known.weights) else np.zeros(holes, np.float32),
            edit=known.edit,
            value=np.array([left, known.share_met], np.float32),
        )


class _Edges:
    """Edges as they are found."""

    def __init__(self) -> None:
        self.sources: list[int] = []
        self.ends: list[int] = []
        self.relations: list[int] = []

    def both(self, source: int, target: int, there: int, back: int) -> None:
        self.sources += (source, target)
        self.ends += (target, source)
        self.relations += (there, back)
