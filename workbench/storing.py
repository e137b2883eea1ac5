"""What a person asks of a store as a whole: what is in it, whether it is up to date, and all of it as text."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from dsl.errors import ReverieError
from store.engine import stored_version
from store.repository import Store
from store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from store.inventory import Line

INFO_COLUMNS: Final = ("item", "value")
"""The keys of a row of `describe` and `upgrade`."""


def describe(store: Store) -> Iterator[dict[str, object]]:
    """What a store is and holds, a row for each item: its place, schema version and sizes, then counts."""
    yield {"item": "store", "value": store.name}
    yield {"item": "database", "value": store.place.backend}
    yield {"item": "schema version", "value": SCHEMA_VERSION}
    yield {"item": "bytes", "value": store.size()}
    folder = store.artifacts.folder
    yield {"item": "artifacts", "value": None if folder is None else str(folder)}
    files = store.checkpoints()
    yield {"item": "artifact bytes", "value": sum(file.size for file in files)}
    yield {"item": "artifacts missing", "value": sum(not store.artifacts.has(file.kind, file.digest) for file in files)}
    for name, count in store.counts().items():
        yield {"item": name, "value": count}


def upgrade(location: str | Path) -> Iterator[dict[str, object]]:
    """Bring a store that is there to the newest schema version.

    Raises:
        StoreError: if there is none, or it cannot be upgraded; it is left as it was then.
    """
    before = stored_version(location)
    with Store.open(location) as store:
        yield {"item": "store", "value": store.name}
    yield {"item": "schema version before", "value": before}
    yield {"item": "schema version", "value": SCHEMA_VERSION}


def export(store: Store, out: TextIO) -> int:
    """Write everything that a store holds as JSON Lines, and return the number of lines."""
    count = 0
    for line in store.export():
        out.write(line_text(line))
        count += 1
    return count


def line_text(line: Line) -> str:
    """A line of an export, its end included."""
    return json.dumps(line, ensure_ascii=False) + "\n"


def export_to(store: Store, path: Path) -> int:
    """Write everything that a store holds into a file, which has all of it or is not changed.

    Returns:
        the number of lines.

    Raises:
        ReverieError: if the file cannot be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        # Lone surrogates, as undecodable names of files have, are kept as JSON escapes them.
        with part.open("x", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            count = export(store, file)
        part.replace(path)
    except OSError as error:
        raise ReverieError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)
    return count
