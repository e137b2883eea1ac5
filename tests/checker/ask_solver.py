"""Asks one solver whether a script of SMT-LIB has a model; a program of its own, which can be ended at any time.

``python -P ask_solver.py SOLVER SECONDS < SCRIPT`` writes a JSON object with ``status``: ``sat``, ``unsat``,
``unknown``, or ``unsupported`` if the solver is not installed or cannot read the script; ``reason`` for the latter
two; and ``values`` of the constants if there is a model.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable
from typing import Any

STACK = 1 << 29
"""Bytes of the stack, for deeply nested terms."""


def ask_z3(script: str, milliseconds: int) -> dict[str, Any]:
    """What Z3 says."""
    import z3

    logic = re.match(r"\(set-logic (QF_\w+)\)", script)
    solver = z3.SolverFor(logic.group(1)) if logic else z3.Solver()
    solver.set("timeout", milliseconds)
    try:
        solver.from_string(script)
        found = solver.check()
        if found == z3.sat:
            model = solver.model()
            constants = [declaration for declaration in model.decls() if declaration.arity() == 0]
            return {"status": "sat", "values": {str(c.name()): model[c].sexpr() for c in constants}}
    except z3.Z3Exception as error:
        return {"status": "unsupported", "reason": _told(error)}
    return {"status": str(found), "reason": solver.reason_unknown() if found == z3.unknown else ""}


def _told(error: Exception) -> str:
    message = error.args[0] if error.args else ""
    return message.decode(errors="replace") if isinstance(message, bytes) else str(message)


def ask_cvc5(script: str, milliseconds: int) -> dict[str, Any]:
    """What cvc5 says."""
    import cvc5

    terms = cvc5.TermManager()
    solver = cvc5.Solver(terms)
    for option, value in {"produce-models": "true", "strings-exp": "true", "tlimit-per": str(milliseconds)}.items():
        solver.setOption(option, value)
    symbols = cvc5.SymbolManager(terms)
    parser = cvc5.InputParser(solver, symbols)
    try:
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, script, "script")
        while not (command := parser.nextCommand()).isNull():
            command.invoke(solver, symbols)
        found = solver.checkSat()
        if found.isSat():
            values = {str(term): str(solver.getValue(term)) for term in symbols.getDeclaredTerms()}
            return {"status": "sat", "values": values}
    except RuntimeError as error:
        return {"status": "unsupported", "reason": str(error)}
    return {"status": "unsat" if found.isUnsat() else "unknown", "reason": "" if found.isUnsat() else str(found)}


SOLVERS: dict[str, Callable[[str, int], dict[str, Any]]] = {"z3": ask_z3, "cvc5": ask_cvc5}


def main() -> None:
    """Answer what the arguments and the standard input ask."""
    name, seconds = sys.argv[1:]
    try:
        answer = SOLVERS[name](sys.stdin.read(), int(1000 * float(seconds)))
    except ImportError:
        answer = {"status": "unsupported", "reason": "not installed"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    threading.stack_size(STACK)
    thread = threading.Thread(target=main)
    thread.start()
    thread.join()
