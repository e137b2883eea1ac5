r"""cvc5 in a process of its own, so that what it costs can be told and ended whatever it does.

``python -m workbench.evaluation.cvc5_process CPU_SECONDS BYTES`` reads a SyGuS-IF file of version 2.1 from the standard
input. It writes JSON Lines: how long it took to start, and then the answer or why there is none:

    {"startup_seconds": 0.08}
    {"answer": "(\n(define-fun f ((x Int)) Int (+ x 1))\n)"}
"""

from __future__ import annotations

import contextlib
import importlib
import json
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

OPTIONS: Final = {"sygus": "true", "incremental": "false"}
"""What cvc5's own program sets for such a file; incrementally, it is many times slower."""


def bound(cpu_seconds: float, memory: int) -> None:
    """Let the operating system end this process some time beyond its CPU time, and refuse it more memory."""
    most = math.ceil(1.1 * cpu_seconds) + 1
    limits = {
        resource.RLIMIT_CPU: (most, most + 1),
        resource.RLIMIT_AS: (memory, memory),
        resource.RLIMIT_CORE: (0, 0),
    }
    for kind, pair in limits.items():
        # Not every system bounds all of them, and none lets a process raise a bound that it inherits.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, pair)


def answer(cvc5: Any, text: str) -> dict[str, str]:
    """What cvc5 answers to a file, as ``answer``; or why it does not, as ``error``.

    Args:
        cvc5: the package.
        text: the file, in version 2.1 of SyGuS-IF.
    """
    manager = cvc5.TermManager()
    solver = cvc5.Solver(manager)
    for name, value in OPTIONS.items():
        solver.setOption(name, value)
    symbols = cvc5.SymbolManager(manager)
    parser = cvc5.InputParser(solver, symbols)
    try:
        parser.setStringInput(cvc5.InputLanguage.SYGUS_2_1, text, "file")
        while not (command := parser.nextCommand()).isNull():
            said = str(command.invoke(solver, symbols)).strip()
            if command.getCommandName() == "check-synth":
                return {"answer": said}
            if said not in ("", "success"):
                return {"error": said}
    except RuntimeError as error:
        return {"error": str(error)}
    return {"error": "the file does not ask for an answer by (check-synth)"}


def main(arguments: Sequence[str]) -> None:
    """Answer one file within the CPU-seconds and bytes that the arguments name; beyond them a signal ends it."""
    cpu_seconds, memory = float(arguments[0]), int(arguments[1])
    bound(cpu_seconds, memory)
    text = sys.stdin.buffer.read().decode()
    cvc5 = importlib.import_module("cvc5")
    _write({"startup_seconds": time.process_time()})
    # No handler of Python's runs while cvc5 works: the signal itself ends the process.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    _write(answer(cvc5, text))


def _write(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
    # Taking apart what cvc5 built is no part of the answer.
    os._exit(0)
