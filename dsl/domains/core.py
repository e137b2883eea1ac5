"""The Boolean core of SMT-LIB: connectives, equality and the conditional, which the other domains include.

It is no domain of its own: nothing can be searched in it that is worth searching for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dsl.domain import Domain
from dsl.values import Value

core = Domain("core", "Boolean connectives, equality and the conditional of SMT-LIB")


@core.primitive("bool -> t0 -> t0 -> t0", name="ite", smt="(ite {0} {1} {2})", batched=np.where, lazy=True)
def ite(condition: bool, then: Any, otherwise: Any) -> Any:
    """The second argument if the first is true, else the third."""
    return then if condition else otherwise


@core.primitive(name="not", smt="(not {0})", batched=np.logical_not)
def negation(a: bool) -> bool:
    """Negation."""
    return not a


@core.primitive(name="and", smt="(and {0} {1})", batched=np.logical_and, variadic="left", lazy=True)
def conjunction(a: bool, b: bool) -> bool:
    """Conjunction."""
    return a and b


@core.primitive(name="or", smt="(or {0} {1})", batched=np.logical_or, variadic="left", lazy=True)
def disjunction(a: bool, b: bool) -> bool:
    """Disjunction."""
    return a or b


@core.primitive(name="xor", smt="(xor {0} {1})", batched=np.logical_xor, variadic="left", searchable=False)
def exclusive_or(a: bool, b: bool) -> bool:
    """Exclusive or."""
    return a != b


@core.primitive(
    name="=>",
    smt="(=> {0} {1})",
    batched=np.less_equal,
    variadic="right",
    lazy=True,
    searchable=False,
    aliases=("implies",),
)
def implication(a: bool, b: bool) -> bool:
    """Implication."""
    return not a or b


@core.primitive("t0 -> t0 -> bool", name="=", smt="(= {0} {1})", batched=np.equal, variadic="chain", aliases=("iff",))
def equality(a: Value, b: Value) -> bool:
    """Equality of values of one type."""
    return a == b


@core.primitive(
    "t0 -> t0 -> bool",
    name="distinct",
    smt="(distinct {0} {1})",
    batched=np.not_equal,
    variadic="pairwise",
    searchable=False,
)
def distinctness(a: Value, b: Value) -> bool:
    """Whether the arguments are pairwise different."""
    return a != b
