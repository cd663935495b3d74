"""What a check of a served model finds, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal

from mltools.core.drift import Share

SCHEMA = 1

Advice = Literal["none", "wait", "investigate", "retrain"]


class Level(StrEnum):
    """How much one finding means. `untold`: it could not be said, which is neither good nor bad."""

    OK = "ok"
    UNTOLD = "untold"
    WATCH = "watch"
    DRIFTED = "drifted"
    BROKEN = "broken"

    @property
    def weight(self) -> int:
        return tuple(Level).index(self)


class Verdict(StrEnum):
    """What a check says of a model as a whole."""

    HEALTHY = "healthy"
    WATCH = "watch"
    DRIFTED = "drifted"
    BROKEN = "broken"

    @property
    def alarming(self) -> bool:
        """Whether somebody has to do something; the command then ends with 1."""
        return self in {Verdict.DRIFTED, Verdict.BROKEN}


@dataclass(frozen=True, slots=True)
class Window:
    """From when (included) to when (not included), RFC 3339 in UTC."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, in one sentence. `key` is the same in each check, such as `feature:age`.

    `signal`: this window alone shows drift, whether or not that was yet seen often enough to count.
    """

    key: str
    level: Level
    sentence: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    signal: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """How far one column moved: a feature, the prediction or the score.

    `test` is "ks" or "chi-square" with its `statistic` and `p_value`; `q_value` is that corrected for all columns.
    Without an index, `reason` says why the columns cannot be compared. `weight` is the share of the model's importance.
    Of numbers that moved `median` and `base_median` say whither, and `shares` where the rows of all that moved lie.
    """

    key: str
    name: str
    type: str
    psi: float | None = None
    noise: float = 0.0
    test: str | None = None
    statistic: float | None = None
    p_value: float | None = None
    q_value: float | None = None
    missing: float = 0.0
    base_missing: float = 0.0
    missing_q: float | None = None
    weight: float | None = None
    reason: str = ""
    level: Level = Level.OK
    median: float | None = None
    base_median: float | None = None
    shares: tuple[Share, ...] = ()

    @property
    def is_feature(self) -> bool:
        return self.key.startswith("feature:")


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was counted of the requests in a window, of one version.

    `rows` were logged, `answered` with a prediction; `failed` ended in an error of the service (5xx), `refused` in one of
    the caller (4xx). Latencies are in milliseconds. `unreadable` lines are no request; `ahead` are dated after the check.
    """

    rows: int = 0
    answered: int = 0
    failed: int = 0
    refused: int = 0
    within: int | None = None
    timed: int = 0
    latency: Mapping[str, float] = field(default_factory=dict)
    unreadable: int = 0
    ahead: int = 0
    repeated: int = 0
    other_versions: int = 0
    arms: Mapping[str, int] = field(default_factory=dict)
    first: str | None = None
    last: str | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """Rows that break the input contract: `rows` of `checked`, with the rules, the most broken first."""

    rows: int = 0
    checked: int = 0
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric of the labelled rows with its interval, and against the release's where its predictions are known.

    `decision` is that of `core.stats.decide`: better, worse, equivalent, within-noise or undecided.
    """

    metric: str
    better: str
    value: float | None
    low: float | None = None
    high: float | None = None
    rows: int = 0
    base: float | None = None
    decision: str | None = None
    change: tuple[float, float] | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """A whole check."""

    model: str
    version: str
    stage: str | None
    window: Window
    verdict: Verdict
    summary: str
    advice: Advice
    because: str
    traffic: Traffic
    labelled: int
    findings: tuple[Finding, ...]
    shifts: tuple[Shift, ...] = ()
    quality: tuple[Measured, ...] = ()
    windows: int = 1
    notes: tuple[str, ...] = ()

    @property
    def signals(self) -> tuple[str, ...]:
        """What shows drift in this window by itself; later checks count these."""
        return tuple(finding.key for finding in self.findings if finding.signal)

    @property
    def drifted(self) -> tuple[str, ...]:
        """The features that drifted by this window alone, the most important first."""
        found = [
            shift for shift in self.shifts if shift.is_feature and f"feature:{shift.name}" in self.signals
        ]
        return tuple(shift.name for shift in sorted(found, key=_first))

    def as_json(self) -> dict[str, Any]:
        """The check as a JSON tree."""
        tree = asdict(self)
        return {"schema": SCHEMA, **tree, "signals": list(self.signals), "drifted": list(self.drifted)}


def worst(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings, the gravest first, in their order among equals."""
    return tuple(sorted(findings, key=lambda finding: -finding.level.weight))


def _first(shift: Shift) -> tuple[float, float]:
    return -(shift.weight or 0.0), -(shift.psi or 0.0)
