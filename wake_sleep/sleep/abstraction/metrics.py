"""Metrics: what programs and libraries cost by size, as the publications of the field count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dsl.terms import Application, Lambda, Operator, Term


@dataclass(frozen=True)
class Metric:
    """Costs by kind of node; calling it gives the cost of a node itself, as `NodeCosts` asks.

    An application to n arguments counts as n applications to one argument each.

    Attributes:
        name: what it is called.
        leaf: cost of a constant, operator or variable, parameters of abstractions included.
        application: cost of each argument that something is applied to.
        binder: cost of a λ.
        parameter: what a parameter adds to the cost of a library function.
        corpus: what the corpus adds as a whole.
    """

    name: str
    leaf: int
    application: int
    binder: int
    parameter: int = 0
    corpus: int = 0

    def __call__(self, node: Term) -> int:
        """The cost of a node without its children."""
        if isinstance(node, Lambda):
            return self.binder
        if isinstance(node, Application):
            head = self.leaf if isinstance(node.head, Operator) else 0
            return head + self.application * len(node.arguments)
        return self.leaf


STITCH: Final = Metric("stitch", leaf=100, application=1, binder=1)
"""Stitch's and, up to the factor, DreamCoder's size: what counts are the leaves."""
BABBLE: Final = Metric("babble", leaf=1, application=1, binder=1, parameter=1, corpus=1)
"""Babble's size: nodes of the tree, a library function with one λ for each parameter, and one node around all."""
NODES: Final = Metric("nodes", leaf=1, application=0, binder=1)
"""`Term.size`: nodes of the tree, where an application is one node with its operator."""
METRICS: Final = {metric.name: metric for metric in (STITCH, BABBLE, NODES)}
