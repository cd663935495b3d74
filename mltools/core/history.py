"""The journal as a person reads it: a row per run, gated metrics as columns."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from mltools.core.markdown import clean
from mltools.core.metrics import Scalar, lookup, number, shown
from mltools.core.tabular import COLOURS, Paint, columns, plain

if TYPE_CHECKING:  # kept rows are listed without pydantic, which takes longer to load than they do
    from mltools.core.records import Record

REF = "refs/mltools/journal"
REPAIR = "delete its file where `git fsck` names one; `git fetch --refetch REMOTE refs/mltools/journal` brings it again"
ELSEWHERE = "`mltools run` records one; `mltools runs sync` brings those of others"
SHORT = 8
METRICS = 6


@dataclass(frozen=True, slots=True)
class Row:
    """What a list says of a run: of what it was, how it ended, its metrics. `gated` are metrics that gates judged."""

    id: str
    time: str
    commit: str
    branch: str | None
    project: str
    dirty: bool
    trigger: str
    verdict: str
    summary: str
    metrics: Mapping[str, Scalar]
    params: Mapping[str, Scalar]
    model: str | None = None
    gated: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        # Not `asdict`, which copies each metric.
        return {name: getattr(self, name) for name in FIELDS if name != "gated"}

    def fields(self) -> list[Any]:
        """The values in the order of FIELDS."""
        return [getattr(self, name) for name in FIELDS]


FIELDS = tuple(each.name for each in fields(Row))


def of_fields(values: Sequence[Any]) -> Row:
    """The row that gave these fields. Raises ValueError or TypeError for what no row gave."""
    *rest, gated = values
    return Row(*[*rest, tuple(gated)])


def row(record: "Record") -> Row:
    names = (gate.evidence.get("metric") for gate in record.gates)
    return Row(
        record.id,
        record.time,
        record.commit,
        record.branch,
        record.project,
        record.dirty,
        record.trigger,
        record.verdict.value,
        record.summary,
        record.metrics,
        record.params,
        record.model,
        tuple(dict.fromkeys(name for name in names if isinstance(name, str))),
    )


def lines(
    rows: Sequence[Row],
    paint: Paint = plain,
    *,
    metrics: Sequence[str] = (),
    params: Sequence[str] = (),
) -> list[str]:
    """A header and a line per run; with the metrics and params that are named, else the gated metrics."""
    names = list(metrics) or ([] if params else gated(rows)[:METRICS])
    several = len({one.project for one in rows}) > 1
    header = ["run", "time", "commit", "branch", *(["project"] if several else []), "verdict"]
    head = [*header, *(clean(name, limit=30) for name in (*names, *params))]
    body = [[*_cells(one, several=several), *_values(one, names, params)] for one in rows]
    made = columns([head, *body], right=range(len(header), len(header) + len(names)))
    # Painted after aligning, since colours take no room; by position, as a branch may be called "failed".
    at = made[0].index("verdict")
    painted = [
        line[:at] + line[at:].replace(word, paint(word, COLOURS[word]), 1)
        for line, word in zip(made[1:], (one.verdict for one in rows), strict=True)
    ]
    return [made[0], *painted]


def _cells(one: Row, *, several: bool) -> list[str]:
    return [
        one.id,
        one.time.replace("T", " ").removesuffix("Z"),
        one.commit[:SHORT] + ("+" if one.dirty else ""),
        clean(one.branch or "-", limit=30),
        *([clean(one.project, limit=30)] if several else []),
        one.verdict,
    ]


def _values(one: Row, metrics: Sequence[str], params: Sequence[str]) -> list[str]:
    found = [lookup(one.metrics, name) for name in metrics] + [lookup(one.params, name) for name in params]
    return [clean(shown(value), limit=20) for value in found]


def gated(rows: Iterable[Row]) -> list[str]:
    """The metrics that gates of these runs judge, in the order in which they come up."""
    return list(dict.fromkeys(name for one in rows for name in one.gated))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs a list shows; None asks for nothing. `since` is a time as records write it, or its beginning.

    `model` is a model's name, or its name in the registry, with the project's place before it.
    """

    branch: str | None = None
    verdict: str | None = None
    model: str | None = None
    project: str | None = None
    since: str | None = None
    commits: frozenset[str] | None = None

    def takes(self, one: Row) -> bool:
        return (
            self.branch in {None, one.branch}
            and self.verdict in {None, one.verdict}
            and self.model in {None, one.model, f"{one.project}:{one.model}"}
            and self.project in {None, one.project}
            and (self.since is None or one.time >= self.since)
            and (self.commits is None or one.commit in self.commits)
        )


def unknown(rows: Sequence[Row], names: Iterable[str], *, kinds: Sequence[str]) -> list[str]:
    """Those of the names that none of the runs has among its `metrics` or `params`."""
    wanted = dict.fromkeys(names) if rows else {}
    return [
        name
        for name in wanted
        if all(lookup(getattr(one, kind), name) is None for one in rows for kind in kinds)
    ]


def ordered(rows: Iterable[Row], name: str, *, ascending: bool) -> list[Row]:
    """The runs by a metric or param, numbers first; runs without a value at the end, each in the order given."""
    numbers: list[tuple[float, Row]] = []
    texts: list[tuple[str, Row]] = []
    without: list[Row] = []
    for one in rows:
        value = lookup(one.metrics, name)
        value = lookup(one.params, name) if value is None else value
        found = number(value)
        if found is not None:
            numbers.append((found, one))
        elif value is None:
            without.append(one)
        else:
            texts.append((str(value), one))
    by_value: Callable[[tuple[Any, Row]], Any] = lambda pair: pair[0]  # noqa: E731 - a key, twice
    known = [
        *sorted(numbers, key=by_value, reverse=not ascending),
        *sorted(texts, key=by_value, reverse=not ascending),
    ]
    return [*(one for _, one in known), *without]


def json_text(rows: Sequence[Row]) -> str:
    """The list as JSON, a line for each run: one call of the fast encoder each, and `grep` finds a run."""
    made = (json.dumps(one.as_json(), ensure_ascii=False, allow_nan=False) for one in rows)
    body = ",\n    ".join(made)
    return '{\n  "schema": 1,\n  "runs": [' + (f"\n    {body}\n  " if rows else "") + "]\n}\n"
