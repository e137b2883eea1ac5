"""Which domain suits a signature: what a file that names no domain is taken to speak of."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Final

from dsl.domain import Domain, domain_names, load_domain
from dsl.errors import DomainError
from dsl.types import CHAR, Type

_USUAL: Final = (("str", "strings"), ("bv", "bitvectors"), ("list", "lists"))
"""The usual domain of signatures that mention a type, the first that is mentioned."""
_LAST: Final = "integers"


def suitable_domain(types: Sequence[Type], preferred: str | None = None) -> str | None:
    """The domain in which functions over these types are written, or None if no installed one has them all.

    It is the preferred one, else ``strings`` if there is a text, ``bitvectors`` if there is a bit-vector, ``lists``
    if there is a list, ``integers`` if there is none of these, else the first other one that has the types.
    """
    mentioned = type_names(types)
    usual = [domain for name, domain in _USUAL if name in mentioned]
    installed = domain_names()
    candidates = [*([] if preferred is None else [preferred]), *usual, _LAST, *installed]
    for name in dict.fromkeys(candidates):
        if name.partition("/")[0] in installed and _has(name, types):
            return name
    return None


def missing_types(name: str, types: Iterable[Type]) -> list[str]:
    """The names of types that a domain has nothing of.

    Characters have no operations of their own: they are had wherever there are lists for them to stand in.

    Raises:
        DomainError: if there is no such domain.
    """
    domain = load_domain(name)
    known = _known(domain, len(domain.primitives))
    return sorted(type_names(types) - (known | {CHAR.name} if "list" in known else known))


def type_names(types: Iterable[Type]) -> frozenset[str]:
    """The names that `types` are made of; all widths of bit-vectors are ``bv``, and ``->`` is none."""
    found: set[str] = set()
    todo = list(types)
    while todo:
        type_ = todo.pop()
        if not type_.is_function:
            found.add(type_.name)
        if type_.name != "bv":
            todo.extend(type_.arguments)
    return frozenset(found)


def _has(name: str, types: Iterable[Type]) -> bool:
    try:
        return not missing_types(name, types)
    except DomainError:
        return False


@functools.lru_cache(maxsize=64)
def _known(domain: Domain, primitives: int) -> frozenset[str]:
    """The type names of a domain; `primitives`, their number, renews what is remembered of a domain that grows."""
    assert primitives == len(domain.primitives)
    return type_names([*(p.type for p in domain.primitives), *(c.type for c in domain.constants)])
