"""Ray, as all our actors use it: started or reached lazily, quiet, and ended without a trace.

Ray is imported and started when a `Cluster` is made. On this machine it runs without a dashboard, without writing to
the terminal, in a folder that is removed with it, and ends with the process that started it, however that ends.
"""

from __future__ import annotations

import atexit
import importlib
import logging
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any, Final

from wake_sleep.wake.pool.errors import PoolError

OBJECT_STORE_BYTES: Final = 80 << 20
"""Shared memory for Ray: only specifications and outcomes pass through it."""
CONNECT_SECONDS: Final = 5.0
"""How long a cluster may take to answer at all."""
SERVICES: Final = ("dashboard", "monitor", "log_monitor")
"""Processes of a local Ray that no worker needs."""
ENVIRONMENT: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    # Workers bound their memory themselves; Ray would kill them when other programs fill the machine.
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""How Ray is to behave; variables that the user has set stay."""


class Cluster:
    """What actors run on.

    Attributes:
        ray: the module.
        is_local: whether the actors are on this machine.
        is_ours: whether this object started or reached Ray, which then ends with it.
    """

    def __init__(self, jobs: int, address: str | None = None) -> None:
        """Start Ray with room for so many actors, connect to a cluster, or use what this process is connected to.

        Raises:
            PoolError: if Ray is not installed, does not start or is not at the address.
        """
        self.ray = _import_ray()
        self.is_local = address is None
        self.is_ours = not self.ray.is_initialized()
        self._folder = _start(self.ray, jobs, address) if self.is_ours else None

    def close(self) -> None:
        """End or leave Ray, if this object began that."""
        if self._folder is not None:
            _end_services(self.ray)
        if self.is_ours:
            self.ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _import_ray() -> Any:
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise PoolError(f"Ray cannot be imported ({error}); `--backend in-process` does without it") from None


def _start(ray: Any, jobs: int, address: str | None) -> Path | None:
    """Start or reach Ray; returns the folder of one that was started here."""
    _silence(ray)
    if address is not None:
        _check_reachable(address)
    try:
        if address is not None:
            ray.init(address=address, log_to_driver=False, configure_logging=False)
            return None
        # Ray keeps sockets there, whose names may have 107 characters.
        short = "/tmp" if Path("/tmp").is_dir() else None
        folder = Path(tempfile.mkdtemp(prefix="reverie-", dir=short))
        # For an interrupt before the pool is made; what Ray registers runs before this, and ends its processes.
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        ray.init(
            address="local",
            num_cpus=jobs,
            num_gpus=0,
            include_dashboard=False,
            log_to_driver=False,
            configure_logging=False,
            object_store_memory=OBJECT_STORE_BYTES,
            _temp_dir=str(folder),
        )
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        # A process that names an address has to say itself that it has the token of the cluster.
        hint = "" if address is None or "RAY_AUTH_MODE" in os.environ else "; does it ask for RAY_AUTH_MODE=token?"
        raise PoolError(f"Ray does not start: {error}{hint}") from None
    return folder


def _silence(ray: Any) -> None:
    """Keep Ray from writing to the terminal; what it says of dead workers it would write to stdout, to the results."""
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    ray._private.worker._worker_logs_enabled = False


def _end_services(ray: Any) -> None:
    """End what helps people to watch a Ray of this machine; by itself that would take a second to end."""
    for name in SERVICES:
        for service in ray._private.worker._global_node.all_processes.get(name, ()):
            service.process.kill()


def _check_reachable(address: str) -> None:
    """Raise unless something listens at an address ``host:port``; Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise PoolError(f"there is no Ray cluster at {address}: {error}") from None
