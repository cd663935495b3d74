"""Rows of cells as aligned lines for a terminal, in colours where it takes them."""

from collections.abc import Callable, Sequence

Paint = Callable[[str, str], str]

COLOURS = {
    "passed": "green",
    "failed": "red",
    "undecided": "yellow",
    "skipped": "bright_black",
    "better": "green",
    "worse": "red",
}


def plain(text: str, colour: str) -> str:  # noqa: ARG001 - the paint that paints nothing
    """The paint for a terminal without colours."""
    return text


def columns(cells: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """Rows of cells as aligned lines; `right` are the columns of numbers."""
    # Column by column: a list of runs may have ten thousand rows.
    made = []
    for index, column in enumerate(zip(*cells, strict=True)):
        width = max(map(len, column))
        made.append([cell.rjust(width) if index in right else cell.ljust(width) for cell in column])
    return ["  ".join(row).rstrip() for row in zip(*made, strict=True)]
