"""What the installed domains offer: their primitives, constants, training tasks and primitive sets."""

from dataclasses import dataclass

from dsl.domain import Domain, Primitive
from dsl.types import bit_vector


@dataclass(frozen=True)
class DomainSummary:
    """A domain in a list of domains.

    Attributes:
        name: what users write.
        primitives: number of primitives that its grammar offers.
        constants: number of constants.
        tasks: number of training tasks.
        sets: names of its primitive sets, each of which is a domain of its own.
        description: one line for people.
    """

    name: str
    primitives: int
    constants: int
    tasks: int
    sets: tuple[str, ...]
    description: str


@dataclass(frozen=True)
class PrimitiveSummary:
    """A primitive in a list of primitives.

    Attributes:
        name: canonical name.
        type: its type scheme, as text.
        meanings: the meanings that it has, of ``python``, ``smt`` and ``batched``.
        searchable: whether searches use it; others are only understood in specifications.
        description: one line for people.
    """

    name: str
    type: str
    meanings: tuple[str, ...]
    searchable: bool
    description: str


def summarise(domain: Domain) -> DomainSummary:
    """What one line says of a domain."""
    return DomainSummary(
        name=domain.name,
        primitives=sum(primitive.searchable for primitive in domain.primitives),
        constants=len(constants_of(domain)),
        tasks=len(domain.tasks),
        sets=tuple(f"{domain.name}/{name}" for name in domain.primitive_sets),
        description=domain.description,
    )


def constants_of(domain: Domain) -> list[str]:
    """The literals of a domain; those of every width are shown at a width of 8."""
    anywhere = [f"{literal!r} at every width" for literal in domain.constants_of_widths([bit_vector(8)])]
    return [*map(repr, domain.constants), *anywhere]


def primitives_of(domain: Domain) -> list[PrimitiveSummary]:
    """Every primitive of a domain, in the order of its definition."""
    return [
        PrimitiveSummary(
            name=primitive.name,
            type=str(primitive.type),
            meanings=_meanings(primitive),
            searchable=primitive.searchable,
            description=primitive.description,
        )
        for primitive in domain.primitives
    ]


def _meanings(primitive: Primitive) -> tuple[str, ...]:
    further = {"smt": primitive.smt, "batched": primitive.batched}
    return ("python", *(name for name, meaning in further.items() if meaning is not None))
