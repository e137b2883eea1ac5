"""Whatever stands in a SyGuS-IF file: it is read, or the error is one for people."""

import random
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.errors import SpecError
from dsl.source import Source
from dsl.sygus.printing import print_sygus
from dsl.sygus.reader import read_sygus

FIXTURES = Path(__file__).parents[1] / "dsl" / "fixtures"
SPECS = Path(__file__).parents[2] / "workbench" / "specs"
SEEDS = [path.read_text(encoding="utf-8") for folder in (FIXTURES, SPECS) for path in sorted(folder.glob("*.sl"))]
TOKEN = re.compile(r'\s+|;[^\n]*|"(?:[^"]|"")*"|\|[^|]*\||[()]|[^\s()";|]+|.')
PIECES = (
    *'();"|\\#_!:.-+é€\U0001f600\ufeff\ud800\x01\t\n0', "()", "(())", "#x", "#b2", "#xfff", "#b" + "1" * 300, "-1",
    "- 1", "00", "1.5", "1e9", "9" * 50, "9" * 5000, "-" + "9" * 5000, "||", "|a\nb|", '""', '"""', '"\\u{30000}"',
    '"\\u{}"', "Int", "Bool", "String", "Real", "RegLan", "(BitVec 8)", "(_ BitVec 8)", "(_ BitVec 0)",
    "(_ BitVec 65536)", "(_ BitVec 99999999999999999999)", "(BitVec 999999)", "(Array Int Int)", "(_ bv5 8)",
    "(_ bv5 65536)", "(_ bv300 8)", "((_ extract 7 0) x)", "((_ extract 999999 0) x)", "((_ zero_extend 65535) x)",
    "((_ repeat 9999) x)", "(_ char #x41)", "((_ rotate_left 999999) x)", "(concat x x)", "let", "(let ((x 1)) x)",
    "(let ((x Int 1) (y Bool true)) y)", "forall", "(forall ((x Int)) true)", "(! x :weight 1)", "(as x Int)",
    "lambda", "true", "false", "x", "y", "f", "name", "Start", "ntInt", "and", "or", "not", "=>", "=", "distinct",
    "ite", "+", "-", "*", "div", "mod", "<=", "bvadd", "bvudiv", "str.++", "str.replace_all", "str.from_int",
    "int.to.str", "iff", "implies", "xor", "(f 1)", "(f x)", "(= (f 1) 2)", "(= 3 (f 1))", "(mod 1 0)",
    "(Constant Int)", "(Variable Int)", "(Constant String)", "(InputVariable Bool)", "(LocalVariable Int)",
    "(set-logic LIA)", "(set-logic BV)", "(set-logic ALL)", "(set-info :a b)", "(check-synth)",
    "(declare-var z Int)", "(declare-primed-var x Int)", "(synth-fun g ((x Int)) Int)", "(synth-inv g ((x Int)))",
    "(define-fun g () Int 1)", "(define-fun g ((y Int)) Int (f y))", "(constraint true)",
    "(constraint (and (= (f 1) 2) true))", "(assume false)", "(inv-constraint inv before step after)",
    "(inv-constraint f f f f)", "(declare-datatypes () ())", "(define-fun-rec)",
    "(synth-fun g ((x Int)) Int ((A Int (x (+ A A)))))", "(synth-fun g () Int ((A Int)) ((A Int (1))))", "(", ")",
    "((", "))",
)  # fmt: skip
SECONDS = 20


def tokens_of(text: str) -> list[str]:
    return TOKEN.findall(text)


def _place(rng: random.Random, tokens: list[str]) -> int:
    return rng.randrange(len(tokens)) if tokens else 0


def _delete(rng: random.Random, tokens: list[str]) -> None:
    at = _place(rng, tokens)
    del tokens[at : at + rng.choice((1, 1, 1, 2, 5))]


def _repeat(rng: random.Random, tokens: list[str]) -> None:
    at = _place(rng, tokens)
    tokens[at:at] = tokens[at : at + rng.choice((1, 1, 2, 10))] * rng.choice((1, 1, 2, 50))


def _swap(rng: random.Random, tokens: list[str]) -> None:
    one, other = _place(rng, tokens), _place(rng, tokens)
    if tokens:
        tokens[one], tokens[other] = tokens[other], tokens[one]


def _replace(rng: random.Random, tokens: list[str]) -> None:
    at = _place(rng, tokens)
    tokens[at : at + 1] = [rng.choice((rng.choice(PIECES), rng.choice(tokens or ["x"])))]


def _insert(rng: random.Random, tokens: list[str]) -> None:
    tokens.insert(_place(rng, tokens), f" {rng.choice(PIECES)} ")


def _truncate(rng: random.Random, tokens: list[str]) -> None:
    del tokens[_place(rng, tokens) :]


def _splice(rng: random.Random, tokens: list[str]) -> None:
    other = tokens_of(rng.choice(SEEDS))
    start = rng.randrange(len(other))
    tokens[_place(rng, tokens) :] = other[start:]


def _nest(rng: random.Random, tokens: list[str]) -> None:
    """Put a token under many operators, lets or bare parentheses."""
    at, depth = _place(rng, tokens), rng.choice((3, 100, 3_000))
    head = rng.choice(
        ("(", "(not ", "(+ 1 ", "(f ", "(let ((x (+ x x))) ", "(let ((a x)) ", "(and true ", "(str.++ name ")
    )
    tokens[at : at + 1] = [head * depth, *tokens[at : at + 1], ")" * rng.choice((depth, depth, depth - 1))]


def _widen(rng: random.Random, tokens: list[str]) -> None:
    """Give an application very many arguments."""
    argument = rng.choice(("x ", "1 ", "true ", "#x01 ", '"a" ', "(f x) "))
    tokens.insert(_place(rng, tokens), f" {argument * rng.choice((3, 400, 3_000))}")


def _exchange(rng: random.Random, tokens: list[str]) -> None:
    """Put another literal or name of the file in the place of one; what comes out is often well-formed."""
    pattern = rng.choice((re.compile(r"-?\d+|#x\w+|true|false|\".*\""), re.compile(r"[a-zA-Z_.]+")))
    places = [i for i, token in enumerate(tokens) if pattern.fullmatch(token)]
    if places:
        tokens[rng.choice(places)] = tokens[rng.choice(places)]


def _command(rng: random.Random, tokens: list[str]) -> None:
    """Leave out, move or double a whole command."""
    starts, depth = [], 0
    for i, token in enumerate(tokens):
        starts += [i] * (token == "(" and depth == 0)
        depth += (token == "(") - (token == ")")
    if not starts:
        return
    number = rng.randrange(len(starts))
    start, end = starts[number], ([*starts, len(tokens)])[number + 1]
    command = tokens[start:end]
    if rng.random() < 0.7:
        del tokens[start:end]
    if rng.random() < 0.7:
        at = rng.choice(starts)
        tokens[at:at] = command


def _macros(rng: random.Random, tokens: list[str]) -> None:
    """Definitions that would expand exponentially, and a use of them."""
    count = rng.choice((3, 40, 300))
    first = rng.choice(
        (
            "(define-fun m0 ((a Int)) Int a)",
            "(define-fun m0 ((a Int)) Int (f a))",
            "(define-fun m0 ((a Int)) Int (+ a x))",
        )
    )
    step = "(define-fun m{} ((a Int)) Int (+ (m{} a) (m{} (+ a 1))))"
    definitions = "".join(step.format(i, i - 1, i - 1) for i in range(1, count))
    use = f"(constraint (= (f 1) (m{count - 1} 1)))"
    places = [i for i, token in enumerate(tokens) if token == "check-synth"]
    at = places[0] - 1 if places else len(tokens)
    tokens[max(0, at) : max(0, at)] = [first, definitions, use]


MUTATIONS: tuple[Callable[[random.Random, list[str]], None], ...] = (
    _delete, _delete, _repeat, _swap, _swap, _replace, _replace, _replace, _insert, _insert, _truncate, _splice, _nest,
    _widen, _macros, *(_exchange, _command) * 6,
)  # fmt: skip


def mutate(rng: random.Random) -> str:
    """A fixture with a few tokens cut, doubled, moved, replaced, nested."""
    tokens = tokens_of(rng.choice(SEEDS))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        rng.choice(MUTATIONS)(rng, tokens)
    return "".join(tokens)


def scramble(rng: random.Random) -> str:
    """A fixture with a few characters cut or replaced by pieces."""
    text = rng.choice(SEEDS)
    for _ in range(rng.choice((1, 2, 5))):
        start = rng.randrange(len(text) + 1)
        text = text[:start] + rng.choice(("", rng.choice(PIECES))) + text[start + rng.choice((0, 1, 3)) :]
    return text


def invent(rng: random.Random) -> str:
    """Random pieces, behind a function to be synthesized or not."""
    start = rng.choice(("", "(synth-fun f ((x Int)) Int)(declare-var x Int)", "(synth-fun f ((name String)) String)"))
    pieces = " ".join(rng.choice(PIECES) for _ in range(rng.randrange(30)))
    return start + rng.choice((pieces, f"(constraint ({pieces}))", f"(constraint (= (f x) ({pieces})))"))


def cases(rng: random.Random) -> tuple[str]:
    """The text of a case."""
    return (rng.choice((mutate, mutate, mutate, mutate, scramble, invent))(rng),)


def check(text: str) -> bool:
    """Read a case, and print and read it again; True if it could be read, False if there was an error for people."""
    try:
        spec = read_sygus(Source(text, FIXTURES / "fuzz.sl"))
    except SpecError as error:
        return not str(error)
    again = read_sygus(Source(print_sygus(spec)))
    assert again == spec
    return True


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Let a case that hangs fail."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"a case took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("seed", range(8))
def test_no_text_makes_the_reader_fail_or_hang(seed: int) -> None:
    rng = random.Random(seed)
    read = 0
    for _ in range(100):
        (text,) = cases(rng)
        with time_limit(SECONDS):
            read += check(text)
    assert 0 < read < 100


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_any_text_is_refused(text: str) -> None:
    assert not check(text)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.sampled_from(PIECES), lambda inner: st.lists(inner, max_size=5).map(lambda parts: f"({' '.join(parts)})")
    )
)
def test_any_nesting_of_pieces_is_read_or_refused(term: str) -> None:
    check(f"(set-logic LIA)(synth-fun f ((x Int)) Int)(declare-var x Int)(constraint {term})")
