"""Every example in the documentation does what the page says.

Of each page, top to bottom: a block with ``title="NAME"`` is written to the file NAME; all ``python``
blocks run as one script; each line ``$ reverie …`` of a ``console`` block is run, and must print what
follows it. In what follows, ``...`` stands for any text, alone on a line for any number of lines.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)(?P<options>[^\n]*)\n(?P<body>.*?)^(?P=indent)```$",
    flags=re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, without its indentation."""

    language: str
    title: str | None
    body: str
    line: int


@dataclass(frozen=True)
class Command:
    """A line that a person types, and what is then seen."""

    line: int
    typed: str
    seen: str


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        title = re.search(r'title="([^"]+)"', match["options"])
        body = re.sub(rf"^{match['indent']}", "", match["body"], flags=re.MULTILINE)
        line = text.count("\n", 0, match.start("body")) + 1
        yield Block(match["language"], title[1] if title else None, body, line)


def commands_of(block: Block) -> Iterator[Command]:
    parts = re.split(r"^\$ (.*)\n?", block.body, flags=re.MULTILINE)
    line = block.line + parts[0].count("\n")
    for typed, seen in zip(parts[1::2], parts[2::2], strict=True):
        yield Command(line, typed, seen)
        line += 1 + seen.count("\n")


def pattern_of(seen: str) -> str:
    """A regular expression for an output in which ``...`` stands for anything."""
    lines = [
        r"(?:.*\n)*" if line == "..." else r".*".join(map(re.escape, line.rstrip().split("..."))) + r"\n"
        for line in seen.rstrip("\n").splitlines()
    ]
    return "".join(lines)


def pages_with(language: str) -> list[Path]:
    return [page for page in PAGES if any(block.language == language for block in blocks_of(page))]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder in which the shipped specifications lie where they do in a checkout."""
    ignored = shutil.ignore_patterns("*.py", "__pycache__")
    shutil.copytree(ROOT / "workbench" / "specs", tmp_path / "workbench" / "specs", ignore=ignored)
    return tmp_path


def run(command: list[str], folder: Path) -> tuple[int, str]:
    """Exit code and everything seen, with the installed ``reverie`` first on the path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, "COLUMNS": "100", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("page", pages_with("python"), ids=name_of)
def test_the_python_of_a_page_runs(page: Path, folder: Path) -> None:
    # Lines keep their numbers, so that a traceback points into the page.
    lines = [""] * len(page.read_text(encoding="utf-8").splitlines())
    for block in blocks_of(page):
        if block.title is not None:
            (folder / block.title).write_text(block.body, encoding="utf-8")
        if block.language == "python":
            body = block.body.splitlines()
            lines[block.line - 1 : block.line - 1 + len(body)] = body
    script = folder / f"{page.stem}.py"
    script.write_text("\n".join(lines), encoding="utf-8")
    code, seen = run([sys.executable, "-P", str(script)], folder)
    assert code == 0, seen


@pytest.mark.parametrize("page", pages_with("console"), ids=name_of)
def test_the_commands_of_a_page_print_what_it_shows(page: Path, folder: Path) -> None:
    code = 0
    for block in blocks_of(page):
        if block.title is not None:
            (folder / block.title).write_text(block.body, encoding="utf-8")
        for command in commands_of(block) if block.language == "console" else ():
            where = f"{name_of(page)}:{command.line}: $ {command.typed}"
            if command.typed == "echo $?":
                assert command.seen.strip() == str(code), where
            elif command.typed.startswith("reverie "):
                code, seen = run(["bash", "-c", command.typed], folder)
                trimmed = "".join(f"{line.rstrip()}\n" for line in seen.splitlines())
                assert re.fullmatch(pattern_of(command.seen), trimmed), f"{where}\n{trimmed}"
