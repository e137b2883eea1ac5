"""Whatever stands in a TOML, JSON or CSV file: it is read, or the error is one for people."""

import copy
import json
import random
import signal
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from dsl.errors import SpecError
from dsl.source import Source
from dsl.specfile import read_content

FIXTURES = Path(__file__).parents[1] / "dsl" / "fixtures"
SUFFIXES = (".toml", ".json", ".csv")
SEEDS = {suffix: sorted(path.read_text() for path in FIXTURES.glob(f"*{suffix}")) for suffix in SUFFIXES}
PIECES = (
    *'{}[]()",\'=:.#|\\-+_ \n\r\t\0é€\U0001f600\ufeff\ud7ff',
    '"""', "'''", "[[", "]]", "\\u0000", "\\ud800", "\\U00030000", "\\x", "\r\n", "1e999", "-0", "00", "0x", "0xff",
    "9" * 50, "9" * 5000, "nan", "inf", "true", "null", "1979-05-27", "07:32:00", "[" * 200, '{"a":' * 200, "(" * 300,
    "not " * 200, "x + " * 500, "str", "int", "bv8", "bv999999", "bv(t0)", "list(", "t0", " -> ", "int -> " * 250,
    "tasks", "examples", "inputs", "input", "output", "outputs", "held_out", "primitives", "stringConstants",
    "signature", "type", "parameters", "constants", "domain", "lists/lambdabeam", "forall", "invariants",
    "postconditions", "preconditions", "result", "len(x)", "x[0]", "x == y", "a.b", "result in [x]", "lambda: x",
    "table", "compute", "orders.csv", "budget", "hints", "value", "[tasks]", "[[examples]]",
)  # fmt: skip
DOCUMENTS = [
    *map(json.loads, SEEDS[".json"]),
    *map(tomllib.loads, SEEDS[".toml"]),
]
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 3, 2**70, 0.5, 1e308, "", "x", "Ada", "\U00030000", [], [1], ["a", "b"], [[1], 2], {},
    {"inputs": [1], "output": 2}, {"x": 1}, {"value": 1, "type": "bv8"}, "int", "bv8 -> bv8", "list(int) -> int",
    "f(x: int) -> int", "list(char)", "real", "result > 0", "x + 1 == f(x)", "len(x) in [1, 2]", "strings", "lists",
)  # fmt: skip
SECONDS = 20


def mutate(rng: random.Random, text: str) -> str:
    """`text` with a few places cut, doubled, moved or replaced."""
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        start = rng.randrange(len(text) + 1)
        end = min(len(text), start + rng.choice((0, 1, 1, 2, 5, 20, 100)))
        part = rng.choice(("", rng.choice(PIECES), rng.choice(PIECES), text[start:end] * 2, _slice(rng, text)))
        text = text[:start] + part + text[end:]
    return text


def _slice(rng: random.Random, text: str) -> str:
    start = rng.randrange(len(text) + 1)
    return text[start : start + rng.randrange(40)]


def retype(rng: random.Random, text: str) -> str:
    """`text` with one word or literal replaced by another one of the file or by a piece."""
    words = text.replace("\n", " \n ").split(" ")
    index = rng.randrange(len(words))
    words[index] = rng.choice((rng.choice(words), rng.choice(PIECES), f'"{rng.choice(PIECES)}"'))
    return " ".join(words)


def invent(rng: random.Random, _: str) -> str:
    """A text of random pieces."""
    return "".join(rng.choice(PIECES) for _ in range(rng.randrange(30)))


def reshape(rng: random.Random, text: str) -> str:
    """A document of a fixture with a few of its values exchanged, removed or put under another key, as JSON."""
    document = copy.deepcopy(rng.choice(DOCUMENTS))
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        places = [place for place in _places(document) if place[0]]
        if not places:
            return text
        container, key = rng.choice(places)
        change = rng.randrange(4)
        if change == 0:
            del container[key]
        elif change == 1 and isinstance(container, dict):
            container[rng.choice(PIECES)] = container.pop(key)
        elif change == 2:
            other, step = rng.choice(places)
            container[key] = copy.deepcopy(other[step])
        else:
            container[key] = copy.deepcopy(rng.choice(VALUES))
    return json.dumps(document)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a document with each of its keys."""
    steps = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [(value, step) for step in steps] + [place for step in steps for place in _places(value[step])]


def cases(rng: random.Random) -> tuple[str, str]:
    """A suffix and the text of a file with it."""
    suffix = rng.choice(SUFFIXES)
    make: Callable[[random.Random, str], str] = rng.choice((mutate, mutate, mutate, retype, retype, invent))
    if suffix == ".json" and rng.random() < 0.7:
        make = reshape
    return suffix, make(rng, rng.choice(SEEDS[suffix]))


def check(suffix: str, text: str) -> bool:
    """Read a case as a file is read; True if it could be, False if there was an error for people."""
    column = text.split("\n", 1)[0].split(",")[-1].strip() if suffix == ".csv" else None
    try:
        read_content(Source(text, FIXTURES / f"fuzz{suffix}"), FIXTURES / f"fuzz{suffix}", column=column)
    except SpecError as error:
        return not str(error)
    return True


def _out_of_time(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"a case took more than {SECONDS} s")


@pytest.mark.parametrize("seed", range(8))
def test_no_text_makes_a_reader_fail_or_hang(seed: int) -> None:
    rng = random.Random(seed)
    before = signal.signal(signal.SIGALRM, _out_of_time)
    read = 0
    try:
        for _ in range(250):
            suffix, text = cases(rng)
            signal.alarm(SECONDS)
            read += check(suffix, text)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert 0 < read < 250
