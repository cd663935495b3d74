"""A metric, or a rate, group by group of the rows, as gates and reports use it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# A report is no listing: the largest groups are kept.
MOST = 50


@dataclass(frozen=True, slots=True)
class Group:
    """One group: its metric in this run and in the base, None where there is none; `low`, `high` of the change.

    `judged` is False for a group that is too small, or on which the metric is undefined.
    """

    group: str
    rows: int
    value: float | None
    judged: bool
    base: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Grouped:
    """All groups of a column, the largest first."""

    column: str
    statistic: str
    better: str
    groups: tuple[Group, ...]

    def evidence(self) -> dict[str, Any]:
        return {
            "column": self.column,
            "statistic": self.statistic,
            "better": self.better,
            "count": len(self.groups),
            "groups": [asdict(group) for group in self.groups[:MOST]],
        }


@dataclass(frozen=True, slots=True)
class Gap:
    """The rates of groups in one measure and the distance between the highest and the lowest, with its interval."""

    column: str
    measure: str
    highest: str
    lowest: str
    difference: float
    low: float
    high: float
    groups: tuple[Group, ...]

    def evidence(self) -> dict[str, Any]:
        return {
            "column": self.column,
            "measure": self.measure,
            "highest": self.highest,
            "lowest": self.lowest,
            "difference": self.difference,
            "interval": [self.low, self.high],
            "groups": [
                {key: value for key, value in asdict(group).items() if key in _RATE}
                for group in self.groups[:MOST]
            ],
        }


_RATE = ("group", "rows", "value", "judged")


def grouped_from(evidence: Mapping[str, Any]) -> Grouped | None:
    """The groups that an earlier run's gate kept; None where it kept none, or not all of them."""
    try:
        groups = tuple(Group(**group) for group in evidence["groups"])
        found = Grouped(evidence["column"], evidence["statistic"], evidence["better"], groups)
        return found if evidence["count"] == len(groups) else None
    except (KeyError, TypeError):
        return None


def gap_from(evidence: Mapping[str, Any]) -> Gap | None:
    """The gap that an earlier run's gate kept; None where it kept none."""
    try:
        low, high = evidence["interval"]
        told = {name: evidence[name] for name in ("column", "measure", "highest", "lowest", "difference")}
        groups = tuple(Group(**group) for group in evidence["groups"])
        return Gap(**told, low=low, high=high, groups=groups)
    except (KeyError, TypeError, ValueError):
        return None
