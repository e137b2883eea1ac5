"""The dependency graph of a library as SVG: which function's body is written with which other ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from workbench.library import AbstractionView

_CHARACTER: Final = 7.3
"""Width of a character in the font of the boxes, in pixels."""
_LINE: Final = 17
_PADDING: Final = 10
_GAP: Final = 28
_LAYER_GAP: Final = 64
_MARGIN: Final = 24
_LONGEST: Final = 44
_SWEEPS: Final = 8


@dataclass(frozen=True)
class _Box:
    """Where a function stands: its upper left corner and its size, in pixels."""

    x: float
    y: float
    width: float
    height: float


def library_svg(title: str, views: Sequence[AbstractionView]) -> str:
    """The graph as one SVG document.

    Functions stand in layers: those built on nothing else at the top, each other one below all that its body uses.
    The picture has a title, a description that tells the whole graph in words, and a title for every function.

    Args:
        title: of the picture.
        views: the functions; parents that are not among them are left out.
    """
    names = [view.name for view in views]
    parents = {view.name: [p for p in view.parents if p in names] for view in views}
    layers = _ordered(_layers(names, parents), parents)
    lines = {view.name: _text_of(view) for view in views}
    boxes, width, height = _placed(layers, lines)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title description" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="description">{escape(_told(views, parents))}</desc>',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#5b6572"/></marker></defs>',
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>',
    ]
    for name in names:
        parts += [_edge(boxes[parent], boxes[name], f"{name} uses {parent}") for parent in parents[name]]
    parts += [_drawn(view, boxes[view.name], lines[view.name]) for view in views]
    if not views:
        parts.append(f'<text x="{_MARGIN}" y="{_MARGIN + _LINE}">the library is empty</text>')
    return "\n".join([*parts, "</svg>", ""])


def _layers(names: Sequence[str], parents: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Functions by the longest chain of others below them."""
    level: dict[str, int] = {}
    waiting = list(reversed(names))
    open_: set[str] = set()
    while waiting:
        name = waiting[-1]
        missing = [p for p in parents[name] if p not in level and p not in open_]
        if name in level or not missing:
            waiting.pop()
            open_.discard(name)
            level.setdefault(name, 1 + max((level[p] for p in parents[name] if p in level), default=-1))
        else:
            open_.add(name)
            waiting += missing
    layers: list[list[str]] = [[] for _ in range(1 + max(level.values(), default=-1))]
    for name in names:
        layers[level[name]].append(name)
    return layers


def _ordered(layers: list[list[str]], parents: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Layers with their functions ordered so that few lines cross: by the mean place of neighbours, back and forth."""
    children: dict[str, list[str]] = {name: [] for name in parents}
    for name, above in parents.items():
        for parent in above:
            children[parent].append(name)
    found = [list(layer) for layer in layers]
    for sweep in range(_SWEEPS):
        neighbours: Mapping[str, Sequence[str]] = parents if sweep % 2 == 0 else children
        for layer in found if sweep % 2 == 0 else reversed(found):
            place = {name: i / max(1, len(row) - 1) for row in found for i, name in enumerate(row)}
            layer.sort(key=lambda name: (_mean([place[n] for n in neighbours[name]], place[name]), place[name]))
    return found


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _text_of(view: AbstractionView) -> list[str]:
    uses = "" if view.uses is None else f"{view.uses} use{'' if view.uses == 1 else 's'}"
    return [_cut(f"{view.name}({', '.join(view.parameters)})"), _cut(view.type), _cut(view.body), uses]


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _placed(
    layers: Sequence[Sequence[str]], lines: Mapping[str, Sequence[str]]
) -> tuple[dict[str, _Box], float, float]:
    """A box for each function, each layer centred, and the size of the picture."""
    widths = {n: 2 * _PADDING + _CHARACTER * max(map(len, text)) for n, text in lines.items()}
    height = 2 * _PADDING + 4 * _LINE
    total = [sum(widths[n] for n in layer) + _GAP * (len(layer) - 1) for layer in layers]
    widest = max(total, default=200.0)
    boxes = {}
    for number, layer in enumerate(layers):
        x = _MARGIN + (widest - total[number]) / 2
        y = _MARGIN + number * (height + _LAYER_GAP)
        for name in layer:
            boxes[name] = _Box(round(x, 1), y, round(widths[name], 1), height)
            x += widths[name] + _GAP
    rows = max(1, len(layers))
    return boxes, round(widest + 2 * _MARGIN), 2 * _MARGIN + rows * height + (rows - 1) * _LAYER_GAP


def _edge(parent: _Box, child: _Box, told: str) -> str:
    x1, y1 = round(parent.x + parent.width / 2, 1), parent.y + parent.height
    x2, y2 = round(child.x + child.width / 2, 1), child.y
    bend = (y1 + y2) / 2
    path = f"M{x1:g},{y1:g} C{x1:g},{bend:g} {x2:g},{bend:g} {x2:g},{y2:g}"
    return (
        f'<path d="{path}" fill="none" stroke="#5b6572" stroke-width="1.4" marker-end="url(#arrow)">'
        f"<title>{escape(told)}</title></path>"
    )


def _drawn(view: AbstractionView, box: _Box, lines: Sequence[str]) -> str:
    label = f"{view.name}: {view.type}"
    inner = [
        f'<g role="listitem" aria-label={quoteattr(label)}><title>{escape(f"{label} = {view.body}")}</title>',
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="6" '
        f'fill="#f2f6fc" stroke="#3a5f95"/>',
    ]
    styles = ('font-weight="bold" fill="#12233d"', 'fill="#3d4754"', 'fill="#12233d"', 'fill="#3d4754"')
    for number, (text, style) in enumerate(zip(lines, styles, strict=True)):
        y = box.y + _PADDING + _LINE * (number + 0.8)
        inner.append(f'<text x="{box.x + _PADDING:g}" y="{y:g}" {style}>{escape(text)}</text>')
    return "".join([*inner, "</g>"])


def _told(views: Sequence[AbstractionView], parents: Mapping[str, Sequence[str]]) -> str:
    """The graph in words."""
    if not views:
        return "The library is empty."
    told = [
        f"{view.name} of type {view.type}"
        + (f" is built on {' and '.join(parents[view.name])}." if parents[view.name] else " is built on no other.")
        for view in views
    ]
    return f"{len(views)} function{'' if len(views) == 1 else 's'}. {' '.join(told)}"
