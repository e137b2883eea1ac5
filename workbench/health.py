"""Whether this installation is whole: the right Python, our own packages, their dependencies, the domains."""

import importlib
import importlib.metadata
import importlib.util
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

DISTRIBUTION = "reverie"
PACKAGES = ("dsl", "store", "wake_sleep", "workbench", "cli")

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)\s*(?P<bounds>[^;]*)(?P<marker>;.*)?")
_BOUND = re.compile(r"(?P<relation>>=|<)\s*(?P<version>[0-9.]+)")


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        check: what was looked at.
        ok: whether it is as it should be.
        found: what was found.
        advice: what to do, empty if all is well.
    """

    check: str
    ok: bool
    found: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Check everything, one finding after the other."""
    yield _examine_python()
    try:
        distribution = importlib.metadata.distribution(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        yield Finding("distribution", False, "not installed", f"install `{DISTRIBUTION}`")
        return
    root = installed_root(distribution)
    yield Finding("distribution", True, f"{distribution.version} at {root}")
    for package in PACKAGES:
        yield _examine_package(package, root)
    for requirement in distribution.requires or ():
        finding = _examine_requirement(requirement)
        if finding is not None:
            yield finding
    yield from _examine_domains()


def installed_root(distribution: importlib.metadata.Distribution) -> Path:
    """The folder that holds the packages of a distribution, be it installed as files or editable."""
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        return Path(unquote(urlsplit(origin["url"]).path)).resolve()
    return Path(str(distribution.locate_file(""))).resolve()


def _examine_python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    ok = (3, 11) <= sys.version_info[:2] < (3, 14)
    return Finding("python", ok, version, "" if ok else "use Python 3.11, 3.12 or 3.13")


def _examine_package(package: str, root: Path) -> Finding:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return Finding(f"package {package}", False, "not found", f"reinstall `{DISTRIBUTION}`")
    file = Path(spec.origin).resolve()
    ours = file.parent == root / package
    advice = "" if ours else f"another `{package}` hides ours: take its folder off PYTHONPATH"
    return Finding(f"package {package}", ours, str(file), advice)


def _examine_requirement(requirement: str) -> Finding | None:
    """Whether a run-time requirement is met; None for the requirement of an extra."""
    match = _REQUIREMENT.match(requirement)
    assert match is not None, f"{requirement!r} is not a requirement"
    if "extra" in (match["marker"] or ""):
        return None
    name, bounds = match["name"], match["bounds"].strip()
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(f"dependency {name}", False, "not installed", f"install `{name}{bounds}`")
    ok = _within(version, bounds)
    return Finding(f"dependency {name}", ok, version, "" if ok else f"install `{name}{bounds}`")


def _within(version: str, bounds: str) -> bool:
    """Whether a version lies within bounds such as ``>=1.2,<2``."""
    release = _release(version)
    relations: dict[str, Callable[[tuple[int, ...]], bool]] = {
        ">=": lambda bound: release >= bound,
        "<": lambda bound: release < bound,
    }
    return all(relations[match["relation"]](_release(match["version"])) for match in _BOUND.finditer(bounds))


def _release(version: str) -> tuple[int, ...]:
    """The leading numbers of a version, trailing zeros left out, so that 2 equals 2.0."""
    numbers = re.match(r"\d+(\.\d+)*", version)
    parts = [int(part) for part in numbers[0].split(".")] if numbers else []
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _examine_domains() -> Iterator[Finding]:
    from dsl.domain import domain_names, load_domain

    for name in domain_names():
        try:
            domain = load_domain(name)
        except Exception as error:  # noqa: BLE001 - a domain of another distribution may raise anything
            yield Finding(f"domain {name}", False, str(error) or repr(error), "mend what provides it")
        else:
            yield Finding(f"domain {name}", True, f"{len(domain.primitives)} primitives")
