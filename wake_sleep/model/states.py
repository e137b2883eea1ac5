"""What the network is trained on: states of programs whose end is known.

Three kinds, one for each thing that sampling asks of the network: *diffusion* states, in which some of a program is
shown; *edit* states, programs in which one subtree was exchanged for another, which the network is to find; and
*repair* states, in which that subtree is hidden again, some of the right one is shown, and the outputs of the wrong
program are told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dsl.grammar import Derivation
from dsl.probability import ProbabilisticGrammar
from dsl.terms import Term
from wake_sleep.model.diffusion import EQUAL_HAZARDS, Hazards, ShownTree, shown_after
from wake_sleep.model.encode import Encoder, Targets
from wake_sleep.model.graph import Graph
from wake_sleep.model.partial import PartialDerivation, complete, literal_of

if TYPE_CHECKING:
    import random

_ATTEMPTS = 4
_GROWTH = 4


@dataclass(frozen=True)
class StateSettings:
    """How many states of each kind are made of one program.

    Attributes:
        diffusion: states with some of the program shown.
        edits: wrong programs, each with a state of its repair.
        hazards: at which speed productions are hidden.
    """

    diffusion: int = 2
    edits: int = 1
    hazards: Hazards = field(default_factory=lambda: EQUAL_HAZARDS)


@dataclass(frozen=True)
class Mutant:
    """A program with one subtree exchanged.

    Attributes:
        state: the wrong program.
        body: its term.
        site: node of `state` (and of `kept`) at the root of the subtree.
        kept: what is right of it: a hole stands at the site.
        right: what belongs there.
    """

    state: PartialDerivation
    body: Term
    site: int
    kept: PartialDerivation
    right: Derivation


def training_graphs(
    encoder: Encoder, derivation: Derivation, random: random.Random, settings: StateSettings = StateSettings()
) -> list[Graph]:
    """Graphs with targets of one program of the task of an encoder."""
    grammar = encoder.condition.grammar
    found = [_diffusion_graph(encoder, derivation, random, settings.hazards) for _ in range(settings.diffusion)]
    mutator = encoder.vocabulary.probabilistic(grammar)
    for _ in range(settings.edits):
        mutant = mutate(mutator, derivation, random)
        if mutant is not None:
            met = encoder.condition.share_met(mutant.body)
            exchanged = sum(1 for _ in mutant.right.preorder())
            targets = Targets(edit=mutant.site, edits_left=exchanged, share_met=met)
            found.append(encoder.encode(mutant.state, mutant.body, targets))
            found.append(_repair_graph(encoder, mutant, random))
    return found


def _diffusion_graph(encoder: Encoder, derivation: Derivation, random: random.Random, hazards: Hazards) -> Graph:
    grammar = encoder.condition.grammar
    count = sum(1 for _ in derivation.preorder())
    shown = random.randrange(count)
    tree = shown_after(grammar, derivation, shown, random, hazards)
    weights = [count * q for q in tree.posterior(hazards)]
    return encoder.encode(tree.state, targets=Targets(tree.targets(), weights, edits_left=count - shown))


def _repair_graph(encoder: Encoder, mutant: Mutant, random: random.Random) -> Graph:
    count = sum(1 for _ in mutant.right.preorder())
    tree = ShownTree(mutant.kept.copy(), mutant.site, mutant.right)
    shown = random.randrange(count)
    for _ in range(shown):
        tree.show(random.choice(tree.state.holes))
    holes = len(tree.state.holes)
    targets = Targets(tree.targets(), [count / holes] * holes, edits_left=count - shown)
    return encoder.encode(tree.state, mutant.body, targets)


def mutate(grammar: ProbabilisticGrammar, derivation: Derivation, random: random.Random) -> Mutant | None:
    """A program with one subtree exchanged for a drawn one, or None if the draws only gave what was there.

    The site is uniform among the nodes; the new subtree has at most a few nodes more than the old one.
    """
    whole, numbers = complete(grammar.grammar, derivation)
    nodes = list(derivation.preorder())
    for _ in range(_ATTEMPTS):
        place = random.randrange(len(nodes))
        right, kept = nodes[place], whole.without(numbers[place])
        hole = kept.holes[0]
        drawn = grammar.sample_at(random, right.nonterminal, right.term.size + _GROWTH, kept.contexts[hole])
        if drawn is right.term:
            continue
        wrong = kept.copy()
        other = grammar.grammar.derive_at(right.nonterminal, drawn)
        assert other is not None
        graft(wrong, hole, other)
        body = wrong.terms()[0]
        assert body is not None
        return Mutant(wrong, body, hole, kept, right)
    return None


def graft(state: PartialDerivation, hole: int, derivation: Derivation) -> None:
    """Expand a hole to a whole derivation of its nonterminal."""
    waiting = [(hole, derivation)]
    while waiting:
        here, node = waiting.pop()
        below = state.expand(here, node.production, literal_of(node))
        waiting += zip(below, node.children, strict=True)
