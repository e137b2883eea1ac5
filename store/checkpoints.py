"""Files that runs leave: the artifacts of a store, and which of them it knows."""

from __future__ import annotations

from sqlalchemy import select

from store.artifacts import digest_of
from store.database import Database
from store.drafts import Drafts
from store.errors import StoreError
from store.models import CheckpointRow
from store.records import CheckpointRecord


class Checkpoints(Database):
    """Checkpoints, shards and other files; a part of `Store`."""

    def save_checkpoint(self, kind: str, content: bytes) -> CheckpointRecord:
        """Remember a file; the same content that was stored before stays.

        The file is complete under its name before the database knows of it. Dying in between leaves a file that no
        row names, which the next attempt finds.

        Args:
            kind: what it holds, in one word such as ``guide`` or ``shard``.
            content: all of it.

        Raises:
            StoreError: also if the file cannot be written.
        """
        known = self.checkpoint(digest_of(content))
        # Written before any transaction, and also where a row is there but the file was lost.
        digest = self.artifacts.write(kind if known is None else known.kind, content)
        if known is not None:
            return known
        with self._writing() as session:
            row = session.scalar(select(CheckpointRow).where(CheckpointRow.digest == digest))
            if row is None:
                row = CheckpointRow(kind=kind, digest=digest, size=len(content), created=self._clock())
                session.add(row)
                session.flush()
            return checkpoint_record(row)

    def drafts(self, work: str) -> Drafts:
        """What some unfinished work has come to so far, which is kept beside the files; nothing of it is remembered.

        Args:
            work: what it is called.
        """
        folder = self.artifacts.folder
        return Drafts(None if folder is None else folder / "drafts" / work)

    def checkpoint(self, digest: str) -> CheckpointRecord | None:
        """The file with a digest, or None if the store does not know it."""
        with self._reading() as session:
            row = session.scalar(select(CheckpointRow).where(CheckpointRow.digest == digest))
            return None if row is None else checkpoint_record(row)

    def checkpoints(self, kind: str | None = None) -> tuple[CheckpointRecord, ...]:
        """All files, or those of one kind, the oldest first."""
        wanted = select(CheckpointRow).order_by(CheckpointRow.id)
        if kind is not None:
            wanted = wanted.where(CheckpointRow.kind == kind)
        with self._reading() as session:
            return tuple(map(checkpoint_record, session.scalars(wanted)))

    def read_checkpoint(self, digest: str) -> bytes:
        """The content of a stored file.

        Raises:
            StoreError: if the store does not know it, or the file is missing or is not what was written.
        """
        known = self.checkpoint(digest)
        if known is None:
            raise StoreError(f"the store {self.name} knows no file with the digest {digest}")
        return self.artifacts.read(known.kind, digest)


def checkpoint_record(row: CheckpointRow) -> CheckpointRecord:
    """A stored file as it is handed out."""
    return CheckpointRecord(row.kind, row.digest, row.size, row.created)
