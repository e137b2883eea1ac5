"""What a store takes and hands out of libraries and generations: frozen records, never live rows."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dsl.probability import UNIFORM, Weights
from dsl.terms import Operator, Term
from store.codec import TermText, decode_abstraction, decode_term, decode_weights

# What is published.


@dataclass(frozen=True)
class NewAbstraction:
    """A member of a library that is published.

    Attributes:
        operator: the library function; its definition is a closed term of the base language in β-normal form.
            Where the domain knows one of the same content, that one is meant, whatever the name here; where the
            name is another one's, the store gives a new name.
        uses: how often the programs that it was learned from use it.
        parents: keys of the abstractions of this or an earlier library that its body was built on.
        statistics: what else is known of its use, as data that JSON can say.
    """

    operator: Operator
    uses: int = 0
    parents: Sequence[str] = ()
    statistics: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class NewForm:
    """A program of a stored solution, written with the library that is published.

    Attributes:
        solution: number of the solution.
        function: name of the function.
        program: the program; its abstractions are members of the library.
        cost: description length in nats under the grammar of the generation, or None.
    """

    solution: int
    function: str
    program: Term
    cost: float | None = None


@dataclass(frozen=True)
class NewEvent:
    """Something that is told of a generation, stored with it or not at all.

    Attributes:
        kind: what kind of event, in one word.
        message: what happened, in one sentence.
        data: details, as data that JSON can say.
    """

    kind: str
    message: str
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class NewGeneration:
    """What a cycle has learned of a domain, published as a whole.

    Attributes:
        domain: name of the domain.
        run: number of the run.
        cycle: number of the cycle; a run publishes one generation of a domain in each.
        parent: name of the generation that it came from, or None.
        abstractions: the library, in order.
        weights: learned weights of productions.
        checkpoint: digest of the stored checkpoint of the guide, or None.
        network: digest of the stored checkpoint of the network that proposes programs, or None.
        forms: programs of solutions, written with the library.
        events: what is told of it, as events of the cycle.
    """

    domain: str
    run: int
    cycle: int
    parent: str | None = None
    abstractions: Sequence[NewAbstraction] = ()
    weights: Weights = UNIFORM
    checkpoint: str | None = None
    network: str | None = None
    forms: Sequence[NewForm] = ()
    events: Sequence[NewEvent] = ()


# What is handed out.


@dataclass(frozen=True)
class AbstractionRecord:
    """A stored library function.

    Attributes:
        domain: name of its domain.
        number: its number in the domain; never given again.
        name: its name in the domain; never given again.
        key: content hash of its definition, which is its identity.
        type: its type scheme, as text.
        definition: the definition as text.
        size: AST nodes of the definition, leading λs included.
        parents: names of the abstractions that it was built on, in order of their numbers.
        born: name of the first generation that had it.
        retired: name of the generation that dropped it, if none that came later has it; else None.
        created: when it was first stored.
    """

    domain: str
    number: int
    name: str
    key: str
    type: str
    definition: TermText
    size: int
    parents: tuple[str, ...]
    born: str
    retired: str | None
    created: datetime

    @functools.cached_property
    def operator(self) -> Operator:
        """The function itself, the identical object that was stored.

        Raises:
            DomainError: if its domain is not installed.
            StoreError: if it cannot be read, as when its domain has lost an operator since.
        """
        return decode_abstraction(self.name, self.type, self.definition)


@dataclass(frozen=True)
class MemberRecord:
    """An abstraction as a member of a library.

    Attributes:
        abstraction: the abstraction.
        uses: how often the programs that the generation was learned from use it.
        statistics: what else was known of its use then, as plain data.
    """

    abstraction: AbstractionRecord
    uses: int
    statistics: Mapping[str, Any]


@dataclass(frozen=True)
class LibraryRecord:
    """The library of a generation.

    Attributes:
        domain: name of the domain.
        version: number of the library in the domain; generations with the same abstractions have the same one.
        generation: name of the generation.
        members: the abstractions, in order.
    """

    domain: str
    version: int
    generation: str
    members: tuple[MemberRecord, ...]

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The functions themselves, in order; may raise as `AbstractionRecord.operator` does."""
        return tuple(member.abstraction.operator for member in self.members)


@dataclass(frozen=True)
class GenerationRecord:
    """A stored generation.

    Attributes:
        name: ``DOMAIN-NUMBER``.
        domain: name of the domain.
        number: its number in the domain, from 1 on.
        run: number of the run that published it.
        cycle: number of the cycle that published it.
        parent: name of the generation that it came from, or None.
        library: its library.
        weights_text: its weights, as JSON.
        checkpoint: digest of the checkpoint of the guide, or None.
        network: digest of the checkpoint of the network that proposes programs, or None.
        created: when it was published.
    """

    name: str
    domain: str
    number: int
    run: int
    cycle: int
    parent: str | None
    library: LibraryRecord
    weights_text: str = field(repr=False)
    checkpoint: str | None
    network: str | None
    created: datetime

    @property
    def abstractions(self) -> tuple[Operator, ...]:
        """The functions of the library, in order; may raise as `AbstractionRecord.operator` does."""
        return self.library.operators

    @functools.cached_property
    def weights(self) -> Weights:
        """The learned weights, equal to those that were published.

        Raises:
            StoreError: if they cannot be read.
        """
        return decode_weights(self.weights_text)


@dataclass(frozen=True)
class FormRecord:
    """A program of a solution, written with a library.

    Attributes:
        solution: number of the solution.
        function: name of the function.
        written: the program as text; abstractions by their names.
        size: AST nodes as written, leading λs included.
        cost: description length in nats under the grammar of the generation that published it first, or None.
        library: the library.
    """

    solution: int
    function: str
    written: TermText
    size: int
    cost: float | None
    library: LibraryRecord

    def term(self) -> Term:
        """The program itself, with the abstractions of the library; may raise as `AbstractionRecord.operator` does."""
        return decode_term(self.written, self.library.operators)
