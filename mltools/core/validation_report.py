"""What a validation found, for those who read it: Markdown, and remarks beside the lines of the contract.

Names and values out of data are anybody's text. None of these forms lets them be more than text.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mltools.core.contract import Contract
from mltools.core.records import DataSet
from mltools.core.report.data import unfolded


@dataclass(frozen=True, slots=True)
class Checked:
    """A data set after its check, with the contract it was checked against and how long that took."""

    data: DataSet
    contract: Contract | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to be shown beside a line of a file, or beside the run."""

    level: Literal["error", "warning"]
    text: str
    file: str | None = None
    line: int | None = None


def markdown(data: Sequence[DataSet]) -> str:
    """The report's section on data, with nothing folded away."""
    return f"{unfolded(data)}\n" if data else "No data sets.\n"


def remarks(data: Iterable[DataSet], folder: str = "") -> tuple[Remark, ...]:
    """Broken rules at their lines of the contract, and what could not be read; `folder` leads to the project."""
    return tuple(remark for item in data for remark in _remarks(item, folder))


def _remarks(data: DataSet, folder: str) -> Iterator[Remark]:
    for broken in data.violations:
        yield Remark(
            "error" if broken.severity == "error" else "warning",
            f"{data.path}: {broken.message}",
            folder + data.contract if data.contract else None,
            broken.line if data.contract else None,
        )
    if data.error and not data.violations:
        yield Remark("error", f"{data.path}: {data.error}")
