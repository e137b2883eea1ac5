"""Drafts: what unfinished work has come to so far, so that it goes on after its process was killed.

A draft has a name and is written over again and again, other than an artifact. With it stands a key, the digest of all
that the work depends on, and a digest of the content. What a draft says can always be worked out anew: one that is
missing or damaged, or that comes of other material, is none.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from store.artifacts import digest_of, named, write_whole
from store.codec import content_hash

_DIGEST: Final = len(digest_of(b""))


@dataclass(frozen=True)
class Draft:
    """What one piece of work has come to; it can be sent to another process of this machine.

    Attributes:
        path: the file, or None if the store has no folder for files: nothing is kept then.
        key: digest of all that the work depends on.
    """

    path: Path | None
    key: str

    def read(self) -> bytes | None:
        """What was written last, or None if nothing was that belongs to this work."""
        if self.path is None:
            return None
        try:
            text = self.path.read_bytes()
        except OSError:
            return None
        content = text[len(self.key) + _DIGEST :]
        return content if text == self._whole(content) else None

    def write(self, content: bytes) -> None:
        """Put something in the place of what was written before.

        Raises:
            StoreError: if it cannot be written, as on another machine; what was written before is still there then.
        """
        if self.path is not None:
            with named(self.path):
                write_whole(self.path, self._whole(content))

    def _whole(self, content: bytes) -> bytes:
        """What the file holds for some content."""
        return (self.key + digest_of(content)).encode() + content

    def content(self, make: Callable[[], bytes]) -> bytes:
        """What was written, or else what is made and written now.

        Raises:
            StoreError: if it cannot be written.
        """
        known = self.read()
        if known is not None:
            return known
        made = make()
        self.write(made)
        return made


class Drafts:
    """The drafts of one piece of work with several parts."""

    def __init__(self, folder: Path | None) -> None:
        """Keep them in a folder of their own, or nowhere."""
        self._folder = folder

    def draft(self, name: str, *material: str) -> Draft:
        """The draft of one part.

        Args:
            name: of the part.
            material: all that it depends on.

        Raises:
            StoreError: if the folder cannot be made.
        """
        key = content_hash(*material)
        if self._folder is None:
            return Draft(None, key)
        with named(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        return Draft(self._folder / name, key)

    def discard(self) -> None:
        """Remove all of them: the work is done.

        Raises:
            StoreError: if they cannot be removed.
        """
        if self._folder is not None and self._folder.exists():
            with named(self._folder):
                shutil.rmtree(self._folder)
