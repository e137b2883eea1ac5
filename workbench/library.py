"""Libraries as a person reads them: what each function is called, takes, does, and is good for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsl.domain import Domain, load_domain
from dsl.errors import ReverieError, nearest
from dsl.printing import to_python, to_sexpr
from dsl.terms import Operator, Term, abstract, operators
from store.library_records import AbstractionRecord, GenerationRecord
from store.repository import Store
from wake_sleep.sleep.abstraction.joint import bodies_of
from wake_sleep.sleep.abstraction.rewriting import Rewriter, uses
from workbench.library_examples import examples_of, parameter_names

LIBRARY_COLUMNS = (
    "name", "type", "parameters", "body", "expression", "uses", "test_uses", "born", "retired", "parents", "examples",
)  # fmt: skip
DIFFERENCE_COLUMNS = ("change", "name", "type", "body", "uses_before", "uses_after")


@dataclass(frozen=True)
class AbstractionView:
    """One library function.

    Attributes:
        name: its name.
        type: its type scheme.
        parameters: names for its parameters, by their types.
        body: what it computes, as readable Python over the library.
        expression: its definition in the base language, as an s-expression.
        uses: how often the programs that the generation was learned from use it; None if it is no member.
        test_uses: how often those of test tasks would; None if there are none, or it is no member.
        born: name of the first generation that had it.
        retired: name of the generation that dropped it, or None.
        parents: names of the functions that its body is written with.
        examples: what it gives for some arguments, as text.
    """

    name: str
    type: str
    parameters: tuple[str, ...]
    body: str
    expression: str
    uses: int | None
    test_uses: int | None
    born: str
    retired: str | None
    parents: tuple[str, ...]
    examples: tuple[str, ...]


def find_generation(store: Store, name: str | None = None) -> GenerationRecord:
    """The generation with a name, the latest of a domain, or the latest of all.

    Args:
        store: where generations are.
        name: name of a generation or of a domain; None for the one that was published last.

    Raises:
        ReverieError: if there is none.
    """
    known = store.generations()
    if not known:
        raise ReverieError(f"the store {store.name} has no generation; `reverie train` makes some")
    if name is None:
        return max(known, key=lambda g: (g.created, g.run, g.cycle, g.name))
    found = store.generation(name) or store.latest_generation(name)
    if found is None:
        hint = nearest(name, [*(g.name for g in known), *(g.domain for g in known)])
        latest = ", ".join(g.name for g in known[-5:])
        raise ReverieError(
            f"the store {store.name} has no generation {name!r}; the latest are {latest}"
            + (f"; {hint}" if hint else "")
        )
    return found


def describe_library(
    store: Store, generation: GenerationRecord, *, with_retired: bool = False
) -> list[AbstractionView]:
    """The functions of a generation's library, in order.

    Args:
        store: where it is.
        generation: the generation.
        with_retired: also those that the domain had before or has after.

    Raises:
        ReverieError: if the domain is not installed or no longer has an operator that a function is made of.
    """
    library = generation.library.operators
    domain = load_domain(generation.domain)
    bodies = bodies_of(library)
    tested = uses_on_tests(store, generation)
    views = []
    for member, operator in zip(generation.library.members, library, strict=True):
        on_tests = None if tested is None else tested.get(operator, 0)
        views.append(_view(domain, member.abstraction, bodies[operator], member.uses, on_tests))
    if with_retired:
        present = {member.abstraction.key for member in generation.library.members}
        for record in store.abstractions(generation.domain):
            if record.key not in present:
                body = bodies_of((*library, record.operator))[record.operator]
                views.append(_view(domain, record, body, None, None))
    return views


def uses_on_tests(store: Store, generation: GenerationRecord) -> dict[Operator, int] | None:
    """How often programs of test tasks use each function, once rewritten; None if there are no such programs."""
    rewriter = Rewriter(generation.library.operators)
    forms = []
    for result in store.results(generation.run, generation.cycle):
        if not result.evaluation or result.solution is None or result.spec is None:
            continue
        spec = store.spec(result.spec)
        if spec is None or spec.domain != generation.domain:
            continue
        for solution in store.solutions(result.spec, evaluation=True):
            if solution.id == result.solution:
                forms += [rewriter.rewrite(program.term()) for program in solution.programs]
    return uses(forms) if forms else None


def _view(
    domain: Domain, record: AbstractionRecord, body: Term, used: int | None, tested: int | None
) -> AbstractionView:
    operator = record.operator
    assert operator.definition is not None
    names = parameter_names(operator.type)
    parents = tuple(o.name for o in operators(body) if o.definition is not None)
    return AbstractionView(
        record.name,
        str(operator.type),
        names,
        python_text(body, names),
        to_sexpr(operator.definition),
        used,
        tested,
        record.born,
        record.retired,
        tuple(dict.fromkeys((*parents, *record.parents))),
        examples_of(domain, operator),
    )


def python_text(body: Term, names: Sequence[str]) -> str:
    """A body with names for its parameters, as readable Python."""
    text = to_python(abstract(body, len(names)), names)
    prefix = f"lambda {', '.join(names)}: "
    assert text.startswith(prefix), text
    return text.removeprefix(prefix)


def difference(store: Store, before: GenerationRecord, after: GenerationRecord) -> list[dict[str, object]]:
    """The functions of two generations of one domain: what was added, removed and kept.

    Raises:
        ReverieError: if they are of different domains.
    """
    if before.domain != after.domain:
        raise ReverieError(
            f"generation {before.name} is of domain {before.domain} and {after.name} of {after.domain}; "
            "only libraries of one domain can be compared"
        )
    old, new = ({view.name: view for view in describe_library(store, g)} for g in (before, after))
    rows: list[dict[str, object]] = []
    for change, names in (
        ("added", [n for n in new if n not in old]),
        ("removed", [n for n in old if n not in new]),
        ("kept", [n for n in new if n in old]),
    ):
        for name in names:
            view = new.get(name) or old[name]
            rows.append(
                {
                    "change": change,
                    "name": name,
                    "type": view.type,
                    "body": view.body,
                    "uses_before": old[name].uses if name in old else None,
                    "uses_after": new[name].uses if name in new else None,
                }
            )
    return rows
