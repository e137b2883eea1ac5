"""Files that are too large for a database, each under the hash of its content.

A file is written under a temporary name, brought to the disk and then renamed, so that under its own name there is
never a part of it. The same content has the same name, so that writing it again changes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from store.errors import StoreError

_KIND = re.compile(r"[a-z][a-z0-9_-]*")


def digest_of(content: bytes) -> str:
    """Content hash of a file (BLAKE2b, 256 bits, hexadecimal)."""
    return hashlib.blake2b(content, digest_size=32).hexdigest()


class Artifacts:
    """A folder of files by kind and content hash.

    Attributes:
        folder: where it is, or None if there is none; it is made when the first file is written.
    """

    def __init__(self, folder: Path | None) -> None:
        """Keep files in a folder."""
        self.folder = None if folder is None else folder.absolute()

    def path(self, kind: str, digest: str) -> Path:
        """Where the file of some kind and content is, or would be.

        Raises:
            StoreError: if there is no folder for files.
        """
        if self.folder is None:
            raise StoreError("a store of PostgreSQL has no folder beside it; name one for its files with --artifacts")
        return self.folder / kind / digest

    def has(self, kind: str, digest: str) -> bool:
        """Whether there is a file of some kind and content; it is not read."""
        return self.folder is not None and self.path(kind, digest).is_file()

    def write(self, kind: str, content: bytes) -> str:
        """Write a file, unless it is there, and return its digest.

        Args:
            kind: what it holds, in one word; files of one kind lie in one folder.
            content: all of it.

        Raises:
            StoreError: if it cannot be written; nothing of it is left then.
        """
        if not _KIND.fullmatch(kind):
            raise StoreError(f"{kind!r} is no kind of file; one is written in small letters, as checkpoint or shard")
        digest = digest_of(content)
        path = self.path(kind, digest)
        with named(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            # One of another length, as a failing disk leaves it, is written anew.
            if not path.exists() or path.stat().st_size != len(content):
                write_whole(path, content)
        return digest

    def read(self, kind: str, digest: str) -> bytes:
        """The content of a file.

        Raises:
            StoreError: if it is missing, cannot be read, or is not what was written.
        """
        path = self.path(kind, digest)
        if not path.exists():
            raise StoreError(
                f"the {kind} {path} is missing; put it back from a copy, or name the folder it is in with --artifacts"
            )
        with named(path):
            content = path.read_bytes()
        if digest_of(content) != digest:
            raise StoreError(
                f"the {kind} {path} is damaged: its content is not what was written; restore it from a copy"
            )
        return content


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that there is never a part of it: there is the old content, or the new one.

    Raises:
        OSError: if it cannot be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _bring_to_disk(path.parent)


def _bring_to_disk(folder: Path) -> None:
    """Make a renaming in a folder last, where the system has a way to do so."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """Turn what the system says of a file into an error that names it."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"the file {path} cannot be used: {error.strerror or error}; make room or mend it and start again, "
            f"what was recorded is safe"
        ) from error
