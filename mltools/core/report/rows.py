"""The one table of a report as values: what was measured against the base, and what the gates made of it.

Every rendering is made from these rows, so that they cannot tell different stories.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mltools.core.metrics import Scalar, lookup, number
from mltools.core.records import GateResult, Record
from mltools.core.report.facts import directions, goodness, way
from mltools.core.verdict import Outcome

MAIN_ROWS = 30
SIGNS = {"better": "\u25b2", "worse": "\u25bc", "equivalent": "\u2248", "cannot tell": "?"}
_BAD = {Outcome.FAILED, Outcome.UNDECIDED}


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a change lies, with the probability `level` (0.95) that the method states."""

    low: float
    high: float
    level: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A metric, or what else a gate judged (`measured` is False then and `name` is the gate's kind).

    `word` says what the change means: better, worse, equivalent, cannot tell; "" where nothing says which way is good.
    `noise` is the standard deviation of the metric between seeds, where that was measured.
    """

    name: str
    base: Scalar = None
    now: Scalar = None
    change: float | None = None
    interval: Interval | None = None
    word: str = ""
    noise: float | None = None
    gates: tuple[GateResult, ...] = ()
    measured: bool = True

    @property
    def sign(self) -> str:
        return SIGNS.get(self.word, "")

    @property
    def bad(self) -> bool:
        """Whether a gate over it did not pass."""
        return any(gate.outcome in _BAD for gate in self.gates)


def table(record: Record) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """The rows that stand open and those that are folded.

    Open are what gates judge and, without a base, everything, else what moved; what failed is never cut off.
    """
    every = rows(record)
    first_run = not record.base_metrics
    wanted = [row for row in every if first_run or row.gates or row.base != row.now]
    if len(wanted) > MAIN_ROWS:
        chosen = {id(row) for row in sorted(wanted, key=lambda row: (not row.bad, not row.gates))[:MAIN_ROWS]}
        wanted = [row for row in wanted if id(row) in chosen]
    open_ = {id(row) for row in wanted}
    return tuple(wanted), tuple(row for row in every if id(row) not in open_)


def rows(record: Record) -> tuple[Row, ...]:
    """Gated metrics first, in the order of the gates, then the others as the files have them."""
    # Where nothing was measured there is nothing to compare.
    names = dict.fromkeys([*record.metrics, *record.base_metrics]) if record.metrics else {}
    of_gate = {id(gate): _metric(gate, names) for gate in record.gates}
    gated: dict[str, list[GateResult]] = {}
    for gate in record.gates:
        gated.setdefault(of_gate[id(gate)], []).append(gate)
    ways = {_known(name, names): way for name, way in directions(record).items()}
    found: dict[str, Row] = {}
    for gate in record.gates:
        name = of_gate[id(gate)]
        if name in names:
            found.setdefault(name, _measured(record, name, tuple(gated[name]), ways.get(name)))
        else:
            found[f"\0{gate.name}"] = _judged(gate, name)
    for name in names:
        if name not in found:
            found[name] = _measured(record, name, (), None)
    return tuple(found.values())


def _metric(gate: GateResult, names: Mapping[str, object]) -> str:
    metric = gate.evidence.get("metric")
    return _known(metric, names) if isinstance(metric, str) else ""


def _known(metric: str, names: Mapping[str, object]) -> str:
    """The metric as the record calls it: a gate may also say FILE:key where the key is unique."""
    key = metric.rpartition(":")[2]
    return key if metric not in names and key in names else metric


def _measured(record: Record, name: str, gates: tuple[GateResult, ...], better: str | None) -> Row:
    base, now = lookup(record.base_metrics, name), lookup(record.metrics, name)
    before, after = number(base), number(now)
    change = None if before is None or after is None else after - before
    interval, said = _statistics(gates)
    word = said or goodness(change, better)
    return Row(name, base, now, change, interval, word, record.noise.get(name), gates)


def _judged(gate: GateResult, name: str) -> Row:
    """A gate over something that no metrics file holds, such as the seconds that training took."""
    evidence = gate.evidence
    base, now = number(evidence.get("base")), number(evidence.get("value", evidence.get("difference")))
    change = None if base is None or now is None else now - base
    interval, said = _statistics((gate,))
    better = way(gate)
    word = said or (goodness(change, better) if better else "")
    return Row(name or _subject(gate), base, now, change, interval, word, gates=(gate,), measured=False)


def _subject(gate: GateResult) -> str:
    """What a gate without a metric is about."""
    named = [gate.evidence.get(key) for key in ("cost", "data", "measure")]
    what = next((text for text in named if isinstance(text, str)), gate.kind)
    column = gate.evidence.get("column")
    return f"{what} by {column}" if isinstance(column, str) else what


def _statistics(gates: Sequence[GateResult]) -> tuple[Interval | None, str]:
    """The interval of a change and the conclusion, of the first gate that has both.

    An interval without a conclusion is that of something else, such as a difference between groups.
    """
    for gate in gates:
        said = gate.evidence.get("verdict")
        interval = _interval(gate.evidence) if said in _WORDS else None
        if interval is not None:
            return interval, str(said).replace("_", " ")
    return None, ""


def _interval(evidence: Mapping[str, Any]) -> Interval | None:
    ends = evidence.get("interval")
    if not isinstance(ends, list | tuple) or len(ends) != 2:  # noqa: PLR2004 - low and high
        return None
    low, high, level = number(ends[0]), number(ends[1]), number(evidence.get("level"))
    if low is None or high is None:
        return None
    return Interval(low, high, level if level is not None and 0 < level < 1 else None)


_WORDS = (*SIGNS, "cannot_tell")
