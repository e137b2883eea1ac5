"""Random well-formed specs: what is printed reads back as the same spec, and a solver accepts it."""

from __future__ import annotations

import random

import pytest

from dsl.printing import smt_sort, to_define_fun
from dsl.source import Source
from dsl.spec import Spec
from dsl.sygus.logics import default_grammar
from dsl.sygus.printing import print_sygus
from dsl.sygus.reader import read_sygus
from dsl.terms import Term
from dsl.types import BOOL, INT, STRING, Type, bit_vector

SORTS = {
    "LIA": (INT, BOOL),
    "NIA": (INT, BOOL),
    "SLIA": (STRING, INT, BOOL),
    "BV": (bit_vector(8), bit_vector(3), BOOL),
}
NAMES = ("x", "y", "|a b|", "f", "let0", "m0", "-", "x!", "|3|")


def signature(rng: random.Random, sorts: tuple[Type, ...]) -> tuple[list[tuple[str, Type]], Type]:
    names = rng.sample(NAMES, rng.randrange(4))
    return [(name, rng.choice(sorts)) for name in names], rng.choice(sorts)


def parameters_text(parameters: list[tuple[str, Type]]) -> str:
    return " ".join(f"({name} {smt_sort(sort)})" for name, sort in parameters)


def sample(rng: random.Random, logic: str, parameters: list[tuple[str, Type]], result: Type, size: int) -> Term:
    """A random program over the whole logic."""
    text = f"(set-logic {logic})(synth-fun f ({parameters_text(parameters)}) {smt_sort(result)})"
    spec = read_sygus(Source(text))
    return default_grammar(spec, spec.functions[0]).sample(rng, size)


def random_file(rng: random.Random, logic: str) -> str:
    """A file with functions, macros that use earlier ones, variables, examples and constraints."""
    sorts = SORTS[logic]
    lines = [f"(set-logic {logic})"]
    callable_: list[tuple[str, list[tuple[str, Type]], Type]] = []
    for number in range(rng.randrange(1, 5)):
        parameters, result = signature(rng, sorts)
        name = f"g{number}"
        if number == 0 or rng.random() < 0.4:
            lines.append(f"(synth-fun {name} ({parameters_text(parameters)}) {smt_sort(result)})")
        else:
            names = [(p.strip("|"), sort) for p, sort in parameters]
            lines.append(to_define_fun(name, names, result, sample(rng, logic, parameters, result, 25)))
        callable_.append((name, parameters, result))
    lines += [f"(declare-var v{i} {smt_sort(sort)})" for i, sort in enumerate(sorts)]
    for name, parameters, result in callable_:
        arguments = [body_text(rng, logic, sort, sorts, ground=rng.random() < 0.5) for _, sort in parameters]
        call = f"({name} {' '.join(arguments)})" if arguments else name
        wanted = body_text(rng, logic, result, sorts, ground=rng.random() < 0.5)
        lines.append(
            rng.choice(("(constraint (= {} {}))", "(constraint (= {1} {0}))", "(assume (= {} {}))")).format(
                call, wanted
            )
        )
    return "\n".join([*lines, "(check-synth)"])


def body_text(rng: random.Random, logic: str, sort: Type, sorts: tuple[Type, ...], *, ground: bool) -> str:
    """The text of a random term over the declared variables, or over none."""
    variables = [] if ground else [(f"v{i}", other) for i, other in enumerate(sorts)]
    text = to_define_fun("n", variables, sort, sample(rng, logic, variables, sort, 12))
    return text[len(f"(define-fun n ({parameters_text(variables)}) {smt_sort(sort)} ") : -1]


@pytest.mark.parametrize("logic", SORTS)
@pytest.mark.parametrize("seed", range(30))
def test_a_random_spec_reads_back_equal(logic: str, seed: int) -> None:
    spec = read_sygus(Source(random_file(random.Random(f"{logic}{seed}"), logic)))
    again: Spec = read_sygus(Source(print_sygus(spec)))
    assert again == spec
    assert again.identity == spec.identity
