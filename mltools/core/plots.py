"""The plots of a run as a record keeps them: few points, few classes, numbers as short text on one line.

Numbers stand in one text, separated by blanks, because a record is written with a line for each item of a list.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mltools.core.parts import Count, Name, Part, Sha256

MOST_POINTS = 200
MOST_LINES = 8
MOST_CLASSES = 50
MOST_BARS = 30
MOST_PLOTS = 30
MOST_IMAGES = 20
MOST_EXTRAS = 10
MOST_COUNTED = 10**15
LARGEST = 1e300  # so that differences are finite, too

Label = Annotated[str, Field(max_length=100)]
Numbers = Annotated[str, Field(max_length=20 * MOST_POINTS, pattern=r"^[0-9eE+. -]*$")]


class _Plot(Part):
    """`path` is the file that dvc.yaml declares, `x` and `y` are what the axes are called."""

    path: Name
    title: Name = ""
    x: Name = ""
    y: Name = ""


class Matrix(_Plot):
    """How often each class (`y`, a row) was taken for each (`x`, a column)."""

    kind: Literal["matrix"] = "matrix"
    labels: Annotated[tuple[Label, ...], Field(max_length=MOST_CLASSES)]
    rows: Annotated[tuple[Numbers, ...], Field(max_length=MOST_CLASSES)]

    @property
    def counts(self) -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(int(value) for value in row.split()) for row in self.rows)

    @model_validator(mode="after")
    def _square(self) -> Self:
        size = len(self.labels)
        whole = len(self.rows) == size and all(len(row) == size for row in self.counts)
        if not whole or not all(0 <= count <= MOST_COUNTED for row in self.counts for count in row):
            raise ValueError("the matrix needs a row and a column of counts for each label")
        return self


class Line(Part):
    """Points with a name."""

    name: Name = ""
    x: Numbers
    y: Numbers

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        return tuple(zip(numbers(self.x), numbers(self.y), strict=True))

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if not 0 < len(self.points) <= MOST_POINTS or not all(map(drawable, chain(*self.points))):
            raise ValueError(f"a line has 1 to {MOST_POINTS} points, each with two finite numbers")
        return self


class Curves(_Plot):
    """Lines, or clouds of points, over the same axes."""

    kind: Literal["curves"] = "curves"
    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=MOST_LINES)]
    scattered: bool = False


class Bars(_Plot):
    """A number for each label."""

    kind: Literal["bars"] = "bars"
    labels: Annotated[tuple[Label, ...], Field(min_length=1, max_length=MOST_BARS)]
    values: Numbers

    @property
    def heights(self) -> tuple[float, ...]:
        return numbers(self.values)

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        if len(self.heights) != len(self.labels) or not all(map(drawable, self.heights)):
            raise ValueError("each label needs one finite number")
        return self


Plot = Annotated[Matrix | Curves | Bars, Field(discriminator="kind")]


class Image(Part):
    """A PNG that the pipeline made, by the hash of its bytes; sizes in bytes and pixels."""

    path: Name
    title: Name = ""
    sha256: Sha256
    size: Count
    width: Count
    height: Count


class Extra(Part):
    """A section of the project's own, as Markdown."""

    title: Annotated[str, Field(max_length=100)]
    text: Annotated[str, Field(max_length=20_000)]


def drawable(value: float) -> bool:
    """Whether a number has a place on a chart."""
    return abs(value) <= LARGEST


def numbers(text: str) -> tuple[float, ...]:
    """The numbers in a text of them. Raises ValueError."""
    return tuple(float(word) for word in text.split())


def written(values: Iterable[float]) -> str:
    """Numbers as such a text, five significant digits each."""
    return " ".join(f"{value:.5g}" for value in values)
