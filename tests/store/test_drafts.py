"""Drafts: what unfinished work has come to so far."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from store.drafts import Draft, Drafts
from store.errors import StoreError


def test_what_was_written_last_is_read(tmp_path: Path) -> None:
    draft = Draft(tmp_path / "draft", "key")
    assert draft.read() is None
    draft.write(b"one")
    draft.write(b"two")
    assert draft.read() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["draft"]


def test_a_draft_of_other_material_is_none(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "work")
    drafts.draft("guide", "dreams", "1").write(b"one")
    assert drafts.draft("guide", "dreams", "1").read() == b"one"
    assert drafts.draft("guide", "dreams", "2").read() is None
    assert drafts.draft("guide", "dreams1").read() is None
    assert drafts.draft("network", "dreams", "1").read() is None


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:10], lambda b: b"", lambda b: b[:-1] + b"x"])
def test_a_damaged_draft_is_none(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "draft"
    draft = Draft(path, "key")
    draft.write(b"content")
    path.write_bytes(damage(path.read_bytes()))
    assert draft.read() is None


def test_content_is_made_once(tmp_path: Path) -> None:
    draft = Draft(tmp_path / "draft", "key")
    assert draft.content(lambda: b"first") == b"first"
    assert draft.content(lambda: b"second") == b"first"


def test_without_a_folder_nothing_is_kept() -> None:
    drafts = Drafts(None)
    assert drafts.draft("guide", "material").path is None
    drafts.discard()
    draft = drafts.draft("guide", "material")
    draft.write(b"content")
    assert draft.read() is None
    assert draft.content(lambda: b"first") == b"first"
    assert draft.content(lambda: b"second") == b"second"


def test_discarded_drafts_are_gone(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "work")
    drafts.draft("guide").write(b"content")
    drafts.discard()
    drafts.discard()
    assert drafts.draft("guide").read() is None


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        Drafts(tmp_path / "file").draft("guide")
    draft = Draft(tmp_path / "missing" / "guide", "key")
    with pytest.raises(StoreError, match="missing"):
        draft.write(b"content")
    with pytest.raises(StoreError, match="missing"):
        draft.content(lambda: b"content")
