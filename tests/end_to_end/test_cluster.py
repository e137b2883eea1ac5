"""A Ray cluster that is there already, as ``ray start --head`` begins one, and ``--ray-address``."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

ENVIRONMENT = {
    # Ray would take 127.0.0.1 for another address of this machine, at which the cluster is not to listen.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    # Whether a cluster asks for a token depends on whether this user ever had one.
    "RAY_AUTH_MODE": "disabled",
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}

TIMES = ("cpu_seconds", "wall_seconds", "startup_seconds")

DOUBLE = """\
(set-logic LIA)
(synth-fun twice ((x Int)) Int ((S Int)) ((S Int (x 0 1 (+ S S)))))
(constraint (= (twice 3) 6))
(constraint (= (twice 10) 20))
(check-synth)
"""
CONTRADICTORY = """\
(set-logic SLIA)
(synth-fun f ((s String)) String)
(constraint (= (f "a") "b"))
(constraint (= (f "a") "c"))
(check-synth)
"""
CLEAR = """\
(set-logic BV)
(synth-fun clear ((x (_ BitVec 8))) (_ BitVec 8)
  ((S (_ BitVec 8))) ((S (_ BitVec 8) (x #x01 (bvand S S) (bvsub S S)))))
(constraint (= (clear #x0c) #x08))
(constraint (= (clear #x07) #x06))
(constraint (= (clear #xf0) #xe0))
(check-synth)
"""


@pytest.fixture
def head() -> Iterator[str]:
    """The address of a cluster of this machine alone, in a folder of its own; all of it ends with the test."""
    ray = Path(sys.executable).parent / "ray"
    if not ray.exists() or not Path("/proc/self/stat").exists():
        pytest.skip("no Ray, or its processes cannot be found")
    port, manager = free_ports(2)
    with ExitStack() as stack:
        # Ray keeps sockets there, whose names may have 107 characters.
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(dir="/tmp", prefix="reverie-", ignore_cleanup_errors=True)
        )
        command = [
            *(str(ray), "start", "--head", "--block", "--node-ip-address", "127.0.0.1", "--port", str(port)),
            *("--node-manager-port", str(manager), "--num-cpus", "2"),
            *("--num-gpus", "0", "--include-dashboard", "false", "--include-log-monitor", "false"),
            *("--object-store-memory", str(80 << 20), "--temp-dir", folder, "--disable-usage-stats"),
        ]
        environment = {**os.environ, **ENVIRONMENT}
        process = stack.enter_context(
            subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        )
        stack.callback(end, process)
        assert process.stdout is not None
        said = []
        # It says so once its processes are there.
        while "Ray runtime started" not in (line := process.stdout.readline()):
            said.append(line)
            assert line, "".join(said)
        yield f"127.0.0.1:{port}"


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens at."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def end(process: subprocess.Popen[str]) -> None:
    """Kill a process with all that it started and that these started; nothing else of Ray on this machine."""
    for child in sorted(processes_below(process.pid)):
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    process.kill()
    process.communicate()


def processes_below(process: int) -> set[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = {process}
    while new := {child for child, parent in parents.items() if parent in found} - found:
        found |= new
    return found - {process}


def rows_of(output: str) -> list[dict[str, object]]:
    """The rows of a batch without their times."""
    rows = [json.loads(line) for line in output.splitlines()]
    return [{key: value for key, value in row.items() if key not in TIMES} for row in rows]


def test_a_batch_on_a_cluster_writes_what_one_process_writes(head: str, tmp_path: Path, run: Run) -> None:
    (tmp_path / "specs").mkdir()
    for name, text in (("a", DOUBLE), ("b", CONTRADICTORY), ("c", CLEAR)):
        (tmp_path / "specs" / f"{name}.sl").write_text(text)
    options = ("batch", "specs", "--max-candidates", "10000", "--format", "json")
    on_cluster = run(*options, "--ray-address", head, "--jobs", "2", **ENVIRONMENT)
    in_process = run(*options, "--backend", "in-process")
    assert on_cluster.returncode == in_process.returncode == 1
    assert [row["status"] for row in rows_of(in_process.stdout)] == ["solved", "infeasible", "solved"]
    assert rows_of(on_cluster.stdout) == rows_of(in_process.stdout)
    # The cluster is not ours to end.
    host, _, port = head.partition(":")
    socket.create_connection((host, int(port)), timeout=5).close()
