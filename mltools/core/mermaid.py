"""Diagrams as Mermaid text that means what it says, whatever the names in it hold.

Mermaid reads text of its own (quotes, Markdown, icons, links, math, directives) inside labels. So every character that
is neither a letter, a digit nor a blank is written as the entity code that Mermaid shows as that character.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mltools.core.markdown import clean, fence

# Read by Mermaid even out of entity codes: icons, math, line breaks. A blank inside ends their meaning.
_ICON = re.compile(r"\b(fa[a-z]?):(?=fa-)")
_PAIRS = (("$$", "$ $"), ("\\n", "\\ n"))


LARGEST = 1e12


@dataclass(frozen=True, slots=True)
class Node:
    """A box: lines of text, and whether it stands out."""

    lines: tuple[str, ...]
    marked: bool = False


def label(text: object, *, limit: int = 40) -> str:
    """Text for the inside of Mermaid's quotes."""
    line = _ICON.sub(r"\1: ", clean(text, limit=limit))
    for pair, apart in _PAIRS:
        while pair in line:
            line = line.replace(pair, apart)
    return "".join(char if char.isalnum() or char == " " else f"#{ord(char)};" for char in line)


def flowchart(nodes: Mapping[str, Node], edges: Iterable[tuple[str, str]]) -> str:
    """A graph from left to right as a fenced block; edges between unknown nodes are left out."""
    ids = {name: f"n{index}" for index, name in enumerate(nodes)}
    lines = ["flowchart LR"]
    for name, node in nodes.items():
        text = "<br/>".join(label(line) for line in node.lines)
        lines.append(f'  {ids[name]}["{text}"]{":::changed" if node.marked else ""}')
    lines += [f"  {ids[one]} --> {ids[other]}" for one, other in edges if one in ids and other in ids]
    if any(node.marked for node in nodes.values()):
        lines.append("  classDef changed stroke-width:4px")
    return fence("\n".join(lines), "mermaid")


def line_chart(title: str, labels: Sequence[str], values: Sequence[float]) -> str | None:
    """A line over named places, as a fenced block; None for numbers that are too large for it."""
    axis = ", ".join(f'"{label(text)}"' for text in labels)
    return _xychart(title, f"[{axis}]", "", values)


def curve(
    title: str, axes: tuple[str, str], span: tuple[float, float], values: Sequence[float]
) -> str | None:
    """A line over a numeric axis, its values evenly spaced from the one end of `span` to the other; None as above."""
    x, y = axes
    return _xychart(title, f'"{label(x)}" {_plain(span[0])} --> {_plain(span[1])}', y, values)


def _xychart(title: str, x_axis: str, y_title: str, values: Sequence[float]) -> str | None:
    if max(map(abs, values)) > LARGEST:
        return None
    low, high = min(values), max(values)
    pad = (high - low) * 0.1 or abs(high) * 0.1 or 1.0
    least, most = low - pad, high + pad
    if low >= 0 and high <= 1:  # shares
        least, most = max(least, 0.0), min(most, 1.0)
    lines = [
        "xychart-beta",
        f'  title "{label(title, limit=60)}"',
        f"  x-axis {x_axis}",
        f'  y-axis "{label(y_title)}" {_plain(least)} --> {_plain(most)}',
        f"  line [{', '.join(map(_plain, values))}]",
    ]
    return fence("\n".join(lines), "mermaid")


def _plain(value: float) -> str:
    """A number without an exponent, which Mermaid does not read."""
    text = f"{float(f'{value:.6g}'):.12f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
