"""Numbers as a line of block characters, and as text bars."""

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
EMPTY = "·"
FULL = "█"


def spark(values: Sequence[float | None]) -> str:
    """One character for each value, lowest to highest; a value that is missing is a dot, a constant line is flat."""
    # Halved, so that the difference of any two is finite.
    values = [None if value is None else value / 2 for value in values]
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    top = len(BLOCKS) - 1
    middle = top // 2
    return "".join(
        EMPTY if value is None else BLOCKS[round((value - low) / span * top) if span else middle]
        for value in values
    )


def bar(value: float, largest: float, *, width: int = 20) -> str:
    """A bar whose length is the share of the largest absolute value."""
    return FULL * round(abs(value) / largest * width) if largest else ""
