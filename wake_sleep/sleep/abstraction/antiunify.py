"""Anti-unification: the least general function of which two terms are instances.

G. Plotkin, "A note on inductive generalization" (1970), for terms with λs: where two terms differ there is a parameter,
the same one for the same pair of parts; parts that mention variables bound inside become a parameter applied to these.
Free variables always become parameters, so that the result is closed.
"""

from __future__ import annotations

from dsl.terms import Application, Lambda, Operator, Term, Variable, abstract, rebuild, rename, shift
from wake_sleep.sleep.abstraction.patterns import Contents

_Part = tuple[Term, Term]


class AntiUnifier:
    """Generalises pairs of terms.

    Attributes:
        arity: most parameters of a result.
    """

    def __init__(self, arity: int = 4) -> None:
        """Allow so many parameters."""
        self.arity = arity
        self._contents = Contents()
        self._known: dict[_Part, Term | None] = {}

    def generalise(self, left: Term, right: Term) -> Term | None:
        """A closed term λx₁ … xₙ. b such that either term is an instance of b, or None if n would be too large.

        The parameters are numbered by their first occurrence in b, from left to right. What was asked before is known.
        """
        pair = (left, right)
        if pair not in self._known:
            self._known[pair] = self._generalise(left, right)
        return self._known[pair]

    def _generalise(self, left: Term, right: Term) -> Term | None:
        parameters: dict[tuple[_Part, int], int] = {}
        # Leaves of the result, with parameters as negative numbers until their count is known.
        done: dict[tuple[Term, Term, int], Term] = {}
        stack: list[tuple[Term, Term, int, bool]] = [(left, right, 0, False)]
        holes: list[tuple[tuple[Term, Term, int], int, tuple[int, ...]]] = []
        order: list[tuple[tuple[Term, Term, int], bool]] = []
        while stack:
            u, v, depth, expanded = stack.pop()
            key = (u, v, depth)
            if expanded:
                order.append((key, True))
                continue
            if key in done:
                continue
            done[key] = u
            if (u is v and u.free <= depth) or not self._is_common(u, v, depth):
                if u is v and u.free <= depth:
                    order.append((key, False))
                    continue
                hole = self._hole(u, v, depth)
                if hole is None:
                    return None
                part, bound = hole
                number = parameters.setdefault((part, len(bound)), len(parameters))
                if number >= self.arity:
                    return None
                holes.append((key, number, bound))
                continue
            below = depth + isinstance(u, Lambda)
            stack.append((u, v, depth, True))
            stack.extend((a, b, below, False) for a, b in reversed(list(zip(u.children, v.children, strict=True))))
        count = len(parameters)
        for key, number, bound in holes:
            variable = Variable(key[2] + count - 1 - number)
            done[key] = Application(variable, tuple(Variable(i) for i in bound)) if bound else variable
        for key, is_inner in order:
            if is_inner:
                u, v, depth = key
                below = depth + isinstance(u, Lambda)
                children = [done[a, b, below] for a, b in zip(u.children, v.children, strict=True)]
                done[key] = rebuild(u, children)
        return abstract(done[left, right, 0], count)

    def _is_common(self, u: Term, v: Term, depth: int) -> bool:
        """Whether the roots of two terms are the same, and stay in the generalisation."""
        if isinstance(u, Lambda):
            return isinstance(v, Lambda)
        if isinstance(u, Application) and isinstance(v, Application):
            if isinstance(u.head, Operator) or isinstance(v.head, Operator):
                return u.head is v.head
            # A head that is a free variable may become a parameter as any other child.
            return len(u.arguments) == len(v.arguments) and u.head is v.head
        return False

    def _hole(self, u: Term, v: Term, depth: int) -> tuple[_Part, tuple[int, ...]] | None:
        """What a parameter stands for in either term, and the bound variables that it is applied to."""
        captured = (self._contents.free(u) | self._contents.free(v)) & ((1 << depth) - 1)
        bound = tuple(i for i in reversed(range(depth)) if captured >> i & 1)
        if not bound:
            return (shift(u, -depth), shift(v, -depth)), ()
        if (isinstance(u, Variable) and isinstance(v, Variable)) or len(bound) > 2:
            return None
        place = {index: len(bound) - 1 - position for position, index in enumerate(bound)}
        return (self._renamed(u, depth, place), self._renamed(v, depth, place)), bound

    def _renamed(self, term: Term, depth: int, place: dict[int, int]) -> Term:
        mask = self._contents.free(term)
        numbering = {i: place[i] if i < depth else i - depth + len(place) for i in range(mask.bit_length())
                     if mask >> i & 1}  # fmt: skip
        return abstract(rename(term, numbering), len(place))
