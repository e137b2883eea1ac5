"""Generations that come with Reverie."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.errors import ReverieError
from store.repository import Store
from wake_sleep.generation import SHIPPED, Generation
from wake_sleep.wake.outcome import Status
from wake_sleep.wake.solve import SolveSettings, solve_spec
from workbench.generations import Generations, named_generation
from workbench.shipped import MOST_BYTES, shipped_generation, write_generation

DOMAINS = ("lists", "strings")


@pytest.mark.parametrize("domain", DOMAINS)
def test_each_has_a_guide_for_the_installed_language(domain: str) -> None:
    generation = shipped_generation(domain)
    assert generation is not None
    assert generation.guide is not None
    assert generation.domain == domain
    assert generation.name == f"{SHIPPED}-{domain}"
    assert len(generation.guide.content) < MOST_BYTES


@pytest.mark.parametrize("domain", DOMAINS)
def test_what_was_written_is_what_is_read(domain: str, tmp_path: Path) -> None:
    generation = shipped_generation(domain)
    assert generation is not None
    for path in write_generation(generation, tmp_path):
        own = Path(__file__).parents[2] / "workbench" / "shipped" / path.name
        if path.suffix == ".safetensors":
            assert path.read_bytes() == own.read_bytes()


def test_a_domain_without_one_is_solved_untrained() -> None:
    assert shipped_generation("integers") is None
    chosen = Generations(SHIPPED)
    assert chosen("integers").name == "none"
    assert chosen(None).name == "none"
    assert chosen("lists/dreamcoder").name == "shipped-lists"
    assert chosen.names == [SHIPPED]


def test_a_task_is_solved_with_one() -> None:
    task = next(t for t in load_domain("strings").tasks if t.spec.examples)
    outcome = solve_spec(task.spec, Generations(SHIPPED)("strings").applied_to(SolveSettings()))
    assert outcome.status is Status.SOLVED
    assert outcome.generation == "shipped-strings"


def test_a_run_can_start_from_one(tmp_path: Path) -> None:
    with Store.open(tmp_path / "runs.db") as store:
        assert named_generation(store, "shipped-lists") is shipped_generation("lists")
        with pytest.raises(ReverieError, match="no generation 'shipped-integers'"):
            named_generation(store, "shipped-integers")


def test_one_without_a_guide_is_not_shipped(tmp_path: Path) -> None:
    with pytest.raises(ReverieError, match="no guide"):
        write_generation(Generation("lists-1", "lists"), tmp_path)
    assert not list(tmp_path.iterdir())
