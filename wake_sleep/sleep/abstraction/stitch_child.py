"""Stitch in a process of its own, so that whatever it does can be ended.

``python -I -S stitch_child.py CPU_SECONDS BYTES`` reads one JSON object from the standard input: `place` (the folder
that `stitch_core` is imported from), `programs` (texts), `tasks` (a name for each) and `runs` (a list of keyword
arguments of ``stitch_core.compress``). It writes one JSON line for each run as it ends: the abstractions and programs,
or why there are none:

    {"abstractions": [{"name": "f0", "arity": 1, "body": "(s0 #0 s1)"}], "rewritten": ["(f0 s2)"]}
    {"error": "Rust backend panicked with exception: …"}
"""

from __future__ import annotations

import contextlib
import importlib
import json
import math
import resource
import sys
from collections.abc import Mapping, Sequence
from typing import Any


def bound(cpu_seconds: float, memory: int) -> None:
    """Let the operating system end this process after some CPU time, and refuse it more memory."""
    most = math.ceil(cpu_seconds)
    limits = {
        resource.RLIMIT_CPU: (most, most + 1),
        resource.RLIMIT_AS: (memory, memory),
        resource.RLIMIT_CORE: (0, 0),
    }
    for kind, pair in limits.items():
        # Not every system bounds all of them, and none lets a process raise a bound that it inherits.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, pair)


def answer(stitch: Any, corpus: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, Any]:
    """What Stitch finds in one run, as `abstractions` and `rewritten` programs; or why it fails, as `error`.

    Args:
        stitch: the package.
        corpus: `programs` and `tasks`.
        run: keyword arguments of ``compress``.
    """
    try:
        result = stitch.compress(list(corpus["programs"]), tasks=corpus["tasks"], **run)
    except stitch.StitchException as error:
        return {"error": str(error)}
    found = [{"name": each.name, "arity": each.arity, "body": each.body} for each in result.abstractions]
    return {"abstractions": found, "rewritten": result.rewritten}


def main(arguments: Sequence[str]) -> None:
    """Do all runs of one request within the CPU-seconds and bytes that the arguments name."""
    bound(float(arguments[0]), int(arguments[1]))
    request = json.load(sys.stdin)
    sys.path.append(request["place"])
    stitch = importlib.import_module("stitch_core")
    for run in request["runs"]:
        sys.stdout.write(json.dumps(answer(stitch, request, run)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
