"""Describing programs with a library: their likeliest forms, and the weights under which they are likely."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dsl.grammar import Grammar, Nonterminal
from dsl.probability import UNIFORM, ProbabilisticGrammar, WeightedProgram, Weights
from dsl.terms import Operator, Term, abstract
from dsl.types import INT, assign, type_variables
from wake_sleep.sleep.abstraction.frontiers import Languages, TaskFrontier
from wake_sleep.sleep.abstraction.joint import UnigramCosts, bodies_of
from wake_sleep.sleep.abstraction.rewriting import SIZE, NodeCosts, Rewriter
from wake_sleep.sleep.refit import Observed, description_length, fit_weights


@dataclass(frozen=True)
class Form:
    """A program of a frontier, written with a library.

    Attributes:
        program: the program in base form.
        form: the same with the library.
        cost: −log p(form) under the grammar of the task with the library, in nats.
        log_likelihood: of the examples given the program.
    """

    program: Term
    form: Term
    cost: float
    log_likelihood: float = 0.0


@dataclass(frozen=True)
class Description:
    """Tasks described with a library.

    Attributes:
        library: the abstractions.
        weights: fitted to the tasks that they were learned from.
        forms: for each task its programs, the likeliest first.
        nats: mean description length of a task.
    """

    library: tuple[Operator, ...]
    weights: Weights
    forms: tuple[tuple[Form, ...], ...]
    nats: float


def observed_bodies(library: Sequence[Operator], grammar: Grammar) -> list[Observed]:
    """The bodies of a library as programs to count, each once, written with the other members.

    Where every use of an operator was taken into a body, nothing else says that it is likely inside of arguments.

    Args:
        library: the abstractions.
        grammar: a language of the domain with the library. That of a file, whose nonterminals have names, has no
            place for a body, and gives none.
    """
    if grammar.start.name:
        return []
    found = []
    for abstraction, body in bodies_of(library).items():
        type_ = assign(abstraction.type, dict.fromkeys(type_variables(abstraction.type), INT))
        start = Nonterminal(type_.result, tuple(reversed(type_.parameters)))
        here = Grammar(start, grammar.productions, identity=f"{grammar.identity} at {type_}")
        found.append(Observed(here, [WeightedProgram(abstract(body, abstraction.arity))]))
    return found


class Describer:
    """Describes tasks with libraries."""

    def __init__(self, languages: Languages, pseudo_count: float) -> None:
        """Take the grammars of the tasks, and how many choices the backed-off weights count for in each context."""
        self._languages = languages
        self._pseudo_count = pseudo_count

    def fitted(self, frontiers: Sequence[TaskFrontier], library: Sequence[Operator]) -> Description:
        """Tasks with weights fitted to themselves."""
        ordered = tuple(sorted(library, key=lambda a: a.key))
        small = self._forms(frontiers, ordered, None, SIZE)
        weights = self._fit(frontiers, ordered, small)
        costs: NodeCosts = SIZE
        if ordered:
            costs = UnigramCosts.counted(
                (form.form, frontier.weight / len(forms))
                for frontier, forms in zip(frontiers, small, strict=True)
                for form in forms
            )
            likely = self._forms(frontiers, ordered, weights, SIZE, costs)
            weights = self._fit(frontiers, ordered, likely)
        return self._described(frontiers, ordered, weights, costs)

    def described(
        self, frontiers: Sequence[TaskFrontier], library: Sequence[Operator], weights: Weights
    ) -> Description:
        """Tasks with given weights, such as held-out ones with those of the others."""
        return self._described(frontiers, tuple(sorted(library, key=lambda a: a.key)), weights, SIZE)

    def _described(
        self, frontiers: Sequence[TaskFrontier], library: tuple[Operator, ...], weights: Weights, costs: NodeCosts
    ) -> Description:
        forms = self._forms(frontiers, library, weights, SIZE, costs)
        nats = description_length(self._observed(frontiers, library, forms), weights)
        ranked = (sorted(own, key=lambda f: (f.cost - f.log_likelihood, f.form.size, f.form.digest)) for own in forms)
        return Description(library, weights, tuple(map(tuple, ranked)), nats)

    def _observed(
        self, frontiers: Sequence[TaskFrontier], library: tuple[Operator, ...], forms: Sequence[Sequence[Form]]
    ) -> list[Observed]:
        return [
            Observed(
                self._languages.grammar(frontier, library),
                [WeightedProgram(form.form, form.log_likelihood) for form in own],
                frontier.weight,
            )
            for frontier, own in zip(frontiers, forms, strict=True)
        ]

    def _fit(
        self, frontiers: Sequence[TaskFrontier], library: tuple[Operator, ...], forms: Sequence[Sequence[Form]]
    ) -> Weights:
        observed = self._observed(frontiers, library, forms)
        if library and observed:
            observed += observed_bodies(library, observed[0].grammar)
        return fit_weights(observed, pseudo_count=self._pseudo_count)

    def _forms(
        self,
        frontiers: Sequence[TaskFrontier],
        library: tuple[Operator, ...],
        weights: Weights | None,
        *costs: NodeCosts,
    ) -> list[list[Form]]:
        """For each program its likeliest form; without weights the first rewriting that its grammar derives."""
        rewriters = [Rewriter(library, c) for c in dict.fromkeys(costs)] if library else []
        grammars: dict[int, ProbabilisticGrammar] = {}
        found = []
        for frontier in frontiers:
            grammar = self._languages.grammar(frontier, library)
            if id(grammar) not in grammars:
                grammars[id(grammar)] = ProbabilisticGrammar(grammar, weights or UNIFORM)
            here = grammars[id(grammar)]
            own = []
            for item in frontier.programs:
                written = dict.fromkeys([*(rewriter.rewrite(item.program) for rewriter in rewriters), item.program])
                if weights is None:
                    form = next((w for w in written if here.grammar.derive(w) is not None), item.program)
                    own.append(Form(item.program, form, math.nan, item.log_likelihood))
                else:
                    costs_of = {w: -here.log_likelihood(w) for w in written}
                    form = min(costs_of, key=lambda w: (costs_of[w], w.size, w.digest))
                    own.append(Form(item.program, form, costs_of[form], item.log_likelihood))
            found.append(own)
        return found
