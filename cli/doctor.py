"""``reverie doctor``: is this installation whole?"""

import typer

from cli.render import Format, FormatOption, Row, complain, write_rows
from workbench.health import Finding, examine

COLUMNS = ("check", "ok", "found", "advice")

EXIT_NOT_WHOLE = 1


def doctor(how: FormatOption = Format.TABLE) -> None:
    """Check that this installation is whole.

    Looks at the version of Python, at where each of the packages is imported from, at the versions of
    the dependencies and at every domain. The exit code is 0 if all is well, else 1.
    """
    findings = list(examine())
    write_rows([_row(finding, how) for finding in findings], COLUMNS, how)
    failed = sum(not finding.ok for finding in findings)
    if failed:
        complain(f"{failed} of {len(findings)} checks failed")
        raise typer.Exit(EXIT_NOT_WHOLE)


def _row(finding: Finding, how: Format) -> Row:
    ok: object = finding.ok if how is not Format.TABLE else ("yes" if finding.ok else "NO")
    return {"check": finding.check, "ok": ok, "found": finding.found, "advice": finding.advice}
