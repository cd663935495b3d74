"""HTML and SVG put together from values: whatever is no markup of ours is text, and is written as text."""

import re
from collections.abc import Iterable, Sequence

from mltools.core.markdown import visible

_MARKUP = re.compile("[&<>\"']")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})

Value = str | int | float | bool | None


class Html(str):
    """Markup, as opposed to text: made here alone."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: Value) -> Html:
    """An element. Children that are no Html become text.

    `class_` and `aria_label` are how `class` and `aria-label` are written here. An attribute that is None or False is
    left out, one that is True has no value.
    """
    return Html(f"<{name}{_attributes(attributes)}>{join(children)}</{name}>")


def void(name: str, /, **attributes: Value) -> Html:
    """An element that has no content."""
    return Html(f"<{name}{_attributes(attributes)}/>")


def join(children: Iterable[str], between: str = "") -> Html:
    """Several pieces one after the other."""
    return Html(between.join(child if isinstance(child, Html) else text(child) for child in children))


def text(value: str) -> Html:
    """Text as it may stand between tags: no markup, hidden and reordering characters shown."""
    if not (value.isascii() and value.isprintable()):
        value = visible(value)
    return Html(value.translate(_ENTITIES) if _MARKUP.search(value) else value)


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    caption: str,
    right: Iterable[int] = (),
    heads: bool = True,
) -> Html:
    """A table with its caption; `right` are the columns of numbers, and with `heads` the first cell names its row."""
    numbers = set(right)

    def css(index: int) -> str | None:
        return "n" if index in numbers else None

    head = tag("tr", *(tag("th", cell, scope="col", class_=css(index)) for index, cell in enumerate(header)))
    body = (
        tag(
            "tr",
            *(
                tag("th", cell, scope="row", class_=css(index))
                if heads and not index
                else tag("td", cell, class_=css(index))
                for index, cell in enumerate(row)
            ),
        )
        for row in rows
    )
    made = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body))
    # A wide table scrolls by itself; a person without a mouse has to reach it.
    return tag("div", made, class_="wide", tabindex=0, role="region", aria_label=caption)


def details(summary: str, *body: str) -> Html:
    """A folded part."""
    return tag("details", tag("summary", summary), *body)


def figure(name: str, drawn: Html, numbers: Html | None = None) -> Html:
    """A drawing with its name, and the same as a table folded below it."""
    body = [tag("div", drawn, class_="drawn"), *([details("Numbers", numbers)] if numbers else [])]
    return tag("figure", tag("figcaption", name), *body)


def _attributes(attributes: dict[str, Value]) -> str:
    made = []
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        plain = name.rstrip("_").replace("_", "-")
        made.append(f" {plain}" if value is True else f' {plain}="{text(_written(value))}"')
    return "".join(made)


def _written(value: str | float) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
