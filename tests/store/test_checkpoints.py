"""What a store promises of files: complete or not there, found again, and missed aloud."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from store.artifacts import Artifacts, digest_of
from store.errors import StoreError
from store.repository import Store

ROOT = Path(__file__).parents[2]


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def folder_of(store: Store) -> Path:
    assert store.artifacts.folder is not None
    return store.artifacts.folder


def test_a_file_comes_back_as_it_was(store: Store) -> None:
    content = bytes(range(256)) * 1000
    saved = store.save_checkpoint("guide", content)
    assert (saved.kind, saved.digest, saved.size) == ("guide", digest_of(content), 256_000)
    assert store.read_checkpoint(saved.digest) == content
    assert store.checkpoints() == store.checkpoints("guide") == (saved,)
    assert store.checkpoints("shard") == ()
    assert store.checkpoint("0" * 64) is None
    assert files(folder_of(store)) == [f"guide/{saved.digest}"]


def test_the_same_content_is_stored_once(store: Store) -> None:
    first = store.save_checkpoint("guide", b"the same")
    assert store.save_checkpoint("shard", b"the same") == first
    assert len(files(folder_of(store))) == 1


def test_a_file_that_is_not_known_is_named(store: Store) -> None:
    with pytest.raises(StoreError, match="knows no file with the digest abc"):
        store.read_checkpoint("abc")


def test_a_file_that_was_deleted_is_named_and_can_be_stored_again(store: Store) -> None:
    saved = store.save_checkpoint("guide", b"content")
    path = store.artifacts.path("guide", saved.digest)
    path.unlink()
    with pytest.raises(StoreError, match=rf"the guide .*{saved.digest} is missing; .* --artifacts"):
        store.read_checkpoint(saved.digest)
    assert store.save_checkpoint("guide", b"content") == saved
    assert store.read_checkpoint(saved.digest) == b"content"


@pytest.mark.parametrize("content", [b"", b"contenT", b"content and more"])
def test_a_file_that_was_damaged_is_named(content: bytes, store: Store) -> None:
    saved = store.save_checkpoint("guide", b"content")
    store.artifacts.path("guide", saved.digest).write_bytes(content)
    with pytest.raises(StoreError, match=rf"{saved.digest} is damaged: .*; restore it from a copy"):
        store.read_checkpoint(saved.digest)


@pytest.mark.parametrize("kind", ["", "../elsewhere", "Guide", "a/b", "."])
def test_a_kind_that_is_no_word_is_refused(kind: str, store: Store) -> None:
    with pytest.raises(StoreError, match="is no kind of file"):
        store.save_checkpoint(kind, b"content")
    assert store.checkpoints() == ()


def test_a_file_without_a_row_is_taken_over(store: Store) -> None:
    digest = store.artifacts.write("guide", b"content")
    assert store.checkpoint(digest) is None
    assert store.save_checkpoint("guide", b"content").digest == digest


def test_a_place_without_folder_says_so() -> None:
    with pytest.raises(StoreError, match="has no folder beside it; name one for its files with --artifacts"):
        Artifacts(None).write("guide", b"content")


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match=r"cannot be used: .*what was recorded is safe"):
        Artifacts(tmp_path / "taken").write("guide", b"content")


FULL = """
import resource, sys
from pathlib import Path
from store.artifacts import Artifacts
from store.errors import StoreError

artifacts = Artifacts(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
artifacts.write("guide", b"small")
try:
    artifacts.write("guide", b"x" * 5000)
except StoreError as error:
    print(error)
"""

KILLED = """
import os, signal, sys
from pathlib import Path
from store.artifacts import Artifacts

os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
Artifacts(Path(sys.argv[1])).write("guide", b"content")
"""


def run_child(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.skipif(os.name != "posix", reason="limits are those of POSIX")
def test_a_file_for_which_there_is_no_room_leaves_nothing(tmp_path: Path) -> None:
    done = run_child(FULL, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "cannot be used: File too large; make room" in done.stdout
    assert files(tmp_path) == [f"guide/{digest_of(b'small')}"]


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_a_file_that_is_being_written_when_its_process_is_killed_is_not_there(tmp_path: Path) -> None:
    assert run_child(KILLED, tmp_path).returncode == -signal.SIGKILL
    assert not Artifacts(tmp_path).has("guide", digest_of(b"content"))
    Artifacts(tmp_path).write("guide", b"content")
    assert Artifacts(tmp_path).read("guide", digest_of(b"content")) == b"content"
