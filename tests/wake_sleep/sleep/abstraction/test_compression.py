"""Libraries for corpora of untyped programs, by size."""

import itertools
from pathlib import Path

import pytest

from dsl.terms import ABSTRACTION, Operator, abstract, beta_normal, operators
from wake_sleep.sleep.abstraction.antiunify import AntiUnifier
from wake_sleep.sleep.abstraction.compression import Compression, CompressionSettings, compress, compressed
from wake_sleep.sleep.abstraction.corpus import Corpus, read_corpora
from wake_sleep.sleep.abstraction.metrics import BABBLE, METRICS, STITCH, Metric
from wake_sleep.sleep.abstraction.rewriting import uses
from wake_sleep.sleep.abstraction.selection import Graph, exchange, select
from wake_sleep.sleep.abstraction.stitch import Limits
from wake_sleep.sleep.abstraction.untyped import read_program, untyped_abstraction, write_program

PUBLIC = Path(__file__).parents[5] / "shared" / "bench" / "compression"


def corpus(*texts: str) -> Corpus:
    tasks = tuple(str(number) for number in range(len(texts)))
    return Corpus("programs", tuple(read_program(text) for text in texts), tasks)


SQUARES = corpus(*[f"(lambda (map (lambda (+ (* $0 $0) {n})) (filter {n} $0)))" for n in "abcd"])


@pytest.mark.parametrize("metric", METRICS.values(), ids=str)
def test_what_programs_share_becomes_a_function(metric: Metric) -> None:
    found = compress(SQUARES, CompressionSettings(metric=metric))
    (function,) = found.library
    assert write_program(function.abstraction.definition or SQUARES.programs[0]) == (
        "(lambda (lambda (map (lambda (+ (* $0 $0) $2)) (filter $1 $0))))"
    )
    assert [write_program(program) for program in found.rewritten] == [f"(fn_0 {n})" for n in "abcd"]
    assert function.uses == 4
    assert found.ratio == found.original_cost / (found.corpus_cost + function.cost)
    for program, form in zip(SQUARES.programs, found.rewritten, strict=True):
        assert beta_normal(form, expand=True) is program


def test_sizes_are_counted_as_published() -> None:
    one = corpus("(lambda (f (g $0) x))")
    nothing = compressed(one, [], STITCH)
    assert nothing.original_cost == 1 + 3 + 4 * 100
    assert compressed(one, [], BABBLE).original_cost == 1 + 3 + 4 + 1
    library = [untyped_abstraction("h", read_program("(lambda (f (g $0)))"))]
    assert compressed(one, library, STITCH).library_cost == 2 + 300
    assert compressed(one, library, BABBLE).library_cost == 2 + 3 + 1


def test_of_several_programs_of_a_task_the_smallest_counts() -> None:
    two = Corpus("two", (read_program("(f (f x))"), read_program("(g x)")), ("task", "task"))
    assert compressed(two, [], METRICS["nodes"]).original_cost == 2


def test_bodies_are_rewritten_and_named_after_what_they_apply() -> None:
    definitions = ("(lambda (f (g $0) 1))", "(lambda (h (f (g $0) 1) (f (g 2) 1)))")
    library = [untyped_abstraction("x", read_program(text)) for text in reversed(definitions)]
    found = compressed(corpus("(h (f (g 7) 1) (f (g 2) 1))", "(f (g 3) 1)"), library, STITCH)
    assert [(f.abstraction.name, f.arity, write_program(f.body, f.arity), f.uses) for f in found.library] == [
        ("fn_0", 1, "(f (g #0) 1)", 3),
        ("fn_1", 1, "(h (fn_0 #0) (fn_0 2))", 1),
    ]
    assert [write_program(program) for program in found.rewritten] == ["(fn_1 7)", "(fn_0 3)"]


def test_names_that_the_corpus_has_are_not_given_out() -> None:
    texts = [text.replace("map", "fn_0") for text in map(write_program, SQUARES.programs)]
    found = compress(corpus(*texts))
    assert [function.abstraction.name for function in found.library] == ["fn__0"]


def test_equal_corpora_give_equal_results_and_order_does_not_matter() -> None:
    first = compress(SQUARES)
    assert compress(SQUARES) == first
    reverse = compress(SQUARES.part([3, 2, 1, 0]))
    assert {f.abstraction.key for f in reverse.library} == {f.abstraction.key for f in first.library}


def test_weights_are_repetitions() -> None:
    function = untyped_abstraction("x", read_program("(lambda (filter $0))"))
    heavy = Graph(SQUARES.programs, range(4), [2.0] * 4, STITCH)
    many = Graph(SQUARES.programs * 2, range(8), [1.0] * 8, STITCH)
    states = [graph.state(graph.add([function])) for graph in (heavy, many)]
    assert states[0].corpus == states[1].corpus
    assert states[0].total == states[1].total


def test_a_miner_that_fails_leaves_the_corpus_as_it_is_and_is_told_of() -> None:
    found = compress(SQUARES, CompressionSettings(limits=Limits(memory=1 << 20)))
    assert found.library == ()
    assert found.rewritten == SQUARES.programs
    assert found.ratio == 1
    assert len(found.events) == 1


def test_anti_unification_keeps_what_is_common() -> None:
    def common(left: str, right: str) -> str:
        found = AntiUnifier().generalise(read_program(left), read_program(right))
        return "" if found is None else write_program(found)

    assert common("(f (g 1) 2)", "(f (g 3) 2)") == "(lambda (f (g $0) 2))"
    assert common("(f 1 1)", "(f 2 2)") == "(lambda (f $0 $0))"
    assert common("(f 1 2)", "(f 2 1)") == "(lambda (lambda (f $1 $0)))"
    assert common("(lambda (f (g $0) 1))", "(lambda (f (h 2 $0) 1))") == "(lambda (lambda (f ($1 $0) 1)))"
    assert common("(f 1 2 3 4 5)", "(f 6 7 8 9 0)") == ""


def test_exchanges_find_what_adding_one_by_one_does_not() -> None:
    # Each half alone gains most, but both together cost more than the whole.
    texts = [f"(f (g (h {n} 1) 2) (k (l 3) {n}))" for n in "abc"]
    programs = corpus(*texts).programs
    graph = Graph(programs, range(3), [1.0] * 3, STITCH)
    whole = "(lambda (f (g (h $0 1) 2) (k (l 3) $0)))"
    numbers = graph.add(
        untyped_abstraction("x", read_program(text))
        for text in ("(lambda (g (h $0 1) 2))", "(lambda (k (l 3) $0))", whole)
    )
    start = graph.state(numbers[:2])
    better = exchange(start, numbers)
    assert better.total < start.total
    assert better.total == min(graph.state(chosen).total for chosen in ([numbers[2]], numbers, numbers[:2]))
    assert select(graph, numbers).total == better.total


def check(found: Compression) -> None:
    """Programs and bodies expand to what they stand for, and no function is defined by itself or a later one."""
    for program, form in zip(found.corpus.programs, found.rewritten, strict=True):
        assert beta_normal(form, expand=True) is program
    known: set[Operator] = set()
    for function in found.library:
        expanded = beta_normal(abstract(function.body, function.arity), expand=True)
        assert expanded is function.abstraction.definition
        assert {each for each in operators(function.body) if each.kind == ABSTRACTION} <= known
        known.add(function.abstraction)
    assert set(uses(found.rewritten)) <= known


def test_no_two_functions_are_defined_by_each_other() -> None:
    texts = ("(lambda (lambda (h $0 $1 (k 1 2))))", "(lambda (lambda (h $1 $0 (k 1 2))))")
    library = [untyped_abstraction(f"x{n}", read_program(text)) for n, text in enumerate(texts)]
    programs = corpus("(h a b (k 1 2))", "(m (lambda (h a $0 (k 1 2))))", "(m (lambda (h $0 a (k 1 2))))")
    for metric in METRICS.values():
        found = compressed(programs, library, metric)
        check(found)
        graph = Graph(programs.programs, range(3), [1.0] * 3, metric)
        state = graph.state(graph.add(library))
        assert state.total == found.corpus_cost - metric.corpus + found.library_cost


def test_a_second_layer_finds_functions_that_take_functions_of_the_library() -> None:
    chains = corpus(
        *[f"(g (p {a} (q {a} 1)) (r (s {b} {b}) 2) {c})" for a, b, c in itertools.product("ab", "cd", "ef")]
    )
    one, two = (compress(chains, CompressionSettings(layers=layers)) for layers in (0, 2))
    assert two.ratio >= one.ratio
    check(one)
    check(two)


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public corpora are not here")
@pytest.mark.parametrize("domain", ["list", "physics", "origami", "towers"])
def test_public_programs_are_rewritten_exactly(domain: str) -> None:
    found = compress(read_corpora(PUBLIC / f"dreamcoder_{domain}.jsonl.gz")[0])
    assert found.ratio > 1
    assert found.events == ()
    check(found)
