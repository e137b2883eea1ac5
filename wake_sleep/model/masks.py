"""The grammar mask: which productions a hole may be expanded to.

A production is legal at a hole if it is one of its nonterminal (which settles result type and variables in scope) and
a program within the size budget can still be reached: what the production and the smallest completion of its children
need beyond the smallest completion of the hole, its *excess*, must fit into the slack, which is the budget less what is
there and what all holes need. Every hole keeps the least that it needs: several can be expanded one after the other
without looking at the network again, and at every hole of every state something is legal. By induction every state is
a prefix of a well-typed program within the budget.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsl.errors import GrammarError
from dsl.grammar import Grammar, Nonterminal
from wake_sleep.model.partial import PartialDerivation


class Mask:
    """The masks of one grammar.

    Attributes:
        grammar: whose.
    """

    def __init__(self, grammar: Grammar) -> None:
        """Know nothing yet: excesses are computed when they are asked for."""
        self.grammar = grammar
        self._known: dict[Nonterminal, tuple[NDArray[np.float64], NDArray[np.bool_]]] = {}

    def excess(self, nonterminal: Nonterminal) -> NDArray[np.float64]:
        """Excess (AST nodes) of each production of a nonterminal, in the order of the grammar, shape (P,)."""
        return self._of(nonterminal)[0]

    def _of(self, nonterminal: Nonterminal) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        found = self._known.get(nonterminal)
        if found is None:
            grammar, productions = self.grammar, self.grammar.productions(nonterminal)
            least = grammar.minimum_size(nonterminal)
            excess = np.array([grammar.completion_size(p) - least for p in productions], np.float64)
            opens = np.array([bool(p.children) for p in productions], np.bool_)
            found = self._known[nonterminal] = (excess, opens)
        return found

    def legal(self, state: PartialDerivation, hole: int, budget: float, least: float = 0) -> NDArray[np.bool_]:
        """Which productions of a hole's nonterminal are legal, shape (P,).

        Args:
            state: with this hole.
            hole: number of the node.
            budget: AST nodes of the largest program.
            least: size that a program should reach; the last hole is not closed below it if there is another way.

        Raises:
            GrammarError: if the budget is below the size of the smallest program that the state can become.
        """
        slack = budget - state.size
        if not slack >= 0:
            raise GrammarError(f"no program of at most {budget} nodes can come of a state that needs {state.size}")
        excess, opens = self._of(state.nonterminals[hole])
        fitting = excess <= slack
        if len(state.holes) == 1 and state.size < least:
            going_on = fitting & (opens | (excess + state.size >= least))
            if going_on.any():
                return going_on
        return fitting
