"""The request log of a service: counted by DuckDB, and its rows laid out as data files that everything else reads.

The log is append-only JSON lines, `requests-*.jsonl`; labels come later in `labels-*.jsonl` beside it. A server may be
writing while it is read, or may have been killed in the middle of a line: a last line that is cut off is passed over,
and any other that is no request is counted.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mltools.core.monitor.findings import Traffic
from mltools.edges.tables.cells import literal
from mltools.edges.tables.engine import Engine, Progress, opened
from mltools.errors import DataError

REQUESTS, LABELS = "requests-*.jsonl", "labels-*.jsonl"
FEATURES, CHECKED, SAID = "features.jsonl", "checked.jsonl", "predictions.jsonl"
# A file that was last written so long before the window holds nothing of it, whatever the clocks say.
MARGIN = timedelta(days=1)
# By so much clocks of two machines may differ without a word.
AHEAD = timedelta(minutes=5)
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
# Labelled rows are joined in memory; of more, the latest count.
MOST_LABELLED = 1_000_000
MEGABYTES = 700
# No character of JSON text, so that a line is written as it is.
APART = "\x01"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests: of one version, from `start` up to before `end`; `arm` None means all that were answered from.

    `positive` is the class whose probability the score is, `slow` the milliseconds that an answer may take.
    """

    model: str
    version: str
    start: datetime
    end: datetime
    now: datetime
    arm: str | None = None
    positive: Any = None
    coded: bool = False
    slow: float | None = None


@dataclass(frozen=True, slots=True)
class Labelled:
    """An answered request with what turned out to be true."""

    id: str
    label: Any
    prediction: Any
    score: float | None
    features: Mapping[str, Any]


class RequestLog:
    """The requests of a window, open for questions; the rows lie in files of a scratch directory."""

    def __init__(self, engine: Engine, scratch: Path, wanted: Wanted, labels: tuple[Path, ...]) -> None:
        self._engine = engine
        self._scratch = scratch
        self._wanted = wanted
        self._labels = labels

    def traffic(self, *, torn: int) -> Traffic:
        """What is counted; `torn` last lines are the writer's business and no damage."""
        wanted = self._wanted
        slow = "NULL" if wanted.slow is None else f"count_if(ms <= {wanted.slow!r})"
        listed = ", ".join(str(share) for share in QUANTILES.values())
        rows, answered, failed, refused, within, timed, latency, first, last, ids = self._engine.row(
            f"SELECT count(*), count_if(status < 400), count_if(status >= 500), "
            f"count_if(status >= 400 AND status < 500), {slow}, count(ms), quantile_cont(ms, [{listed}]), "
            "min(time), max(time), count(DISTINCT id) FROM chosen"
        )
        unreadable, ahead, others = self._engine.row(
            "SELECT count_if(time IS NULL OR id IS NULL OR model IS NULL), "
            f"count_if({_is_wanted(wanted)} AND time > {_moment(wanted.now + AHEAD)}), "
            f"count_if(model = {literal(wanted.model)} AND version <> {literal(wanted.version)} AND "
            f"time >= {_moment(wanted.start)} AND time < {_moment(wanted.end)}) FROM every"
        )
        arms = dict(self._engine.rows("SELECT coalesce(arm, ''), count(*) FROM chosen GROUP BY 1 ORDER BY 1"))
        return Traffic(
            # Of no rows at all, DuckDB counts nothing and not 0.
            rows=rows,
            answered=answered or 0,
            failed=failed or 0,
            refused=refused or 0,
            within=within,
            timed=timed,
            latency={} if latency is None else dict(zip(QUANTILES, latency, strict=True)),
            unreadable=max(0, (unreadable or 0) - torn),
            ahead=ahead or 0,
            repeated=rows - ids,
            other_versions=others or 0,
            arms=arms,
            first=_shown(first),
            last=_shown(last),
        )

    def features(self) -> tuple[Path, int]:
        """The features of answered requests as JSON lines, and how many there are."""
        return self._copy(FEATURES, "features", "status < 400 AND features IS NOT NULL")

    def checked(self) -> tuple[Path, int]:
        """The features of all requests, those that were refused too."""
        return self._copy(CHECKED, "features", "features IS NOT NULL")

    def said(self) -> tuple[Path, int]:
        """Predictions and scores of answered requests as JSON lines with these two keys."""
        row = f"json_object('prediction', {_prediction(self._wanted)}, 'score', {_score(self._wanted)})"
        return self._copy(SAID, row, "status < 400")

    def labelled(self) -> Iterator[Labelled]:
        """Answered requests whose label came, each once, in the order of their ids."""
        if not self._labels:
            return
        listing = ", ".join(literal(str(path)) for path in self._labels)
        self._engine.rows(
            "CREATE OR REPLACE TEMP TABLE truths AS SELECT id, arg_max(label, row(time, p, n)) AS label FROM ("
            "SELECT json_extract_string(json, '$.id') AS id, CAST(json_extract(json, '$.label') AS VARCHAR) AS label, "
            "coalesce(try_cast(json_extract_string(json, '$.time') AS TIMESTAMPTZ), TIMESTAMPTZ '1970-01-01') AS time, "
            "file_index AS p, row_number() OVER () AS n "
            f"FROM read_json_objects([{listing}], format = 'newline_delimited', ignore_errors = true)) "
            "WHERE id IS NOT NULL AND label IS NOT NULL AND label <> 'null' GROUP BY id"
        )
        # A caller that repeats a request gets one row: the last.
        once = (
            "SELECT id, max(time) AS time, "
            "arg_max(struct_pack(prediction := prediction, score := score, features := features), time) AS r "
            "FROM chosen WHERE status < 400 GROUP BY id"
        )
        answers = f"SELECT id, time, r.prediction AS prediction, r.score AS score, r.features AS features FROM ({once})"
        found = self._engine.rows(
            f"SELECT id, label, CAST({_prediction(self._wanted)} AS VARCHAR), {_score(self._wanted)}, "
            f"CAST(features AS VARCHAR) FROM ({answers}) JOIN truths USING (id) "
            f"ORDER BY time DESC, id LIMIT {MOST_LABELLED}"
        )
        for name, label, prediction, score, features in sorted(found):
            yield Labelled(
                name,
                json.loads(label),
                None if prediction is None else json.loads(prediction),
                score,
                {} if features is None else json.loads(features),
            )

    def _copy(self, name: str, what: str, condition: str) -> tuple[Path, int]:
        path = self._scratch / name
        ((count,),) = self._engine.rows(
            f"COPY (SELECT CAST({what} AS VARCHAR) FROM chosen WHERE {condition}) TO {literal(str(path))} "
            f"(FORMAT csv, USE_TMP_FILE false, HEADER false, QUOTE '', ESCAPE '', DELIMITER '{APART}')"
        )
        return path, int(count)


@contextmanager
def opened_log(
    directory: Path, wanted: Wanted, scratch: Path, *, name: str, progress: Progress | None = None
) -> Iterator[tuple[RequestLog, Traffic]]:
    """The log in a directory, and what its window holds. Raises DataError where there is none or it cannot be read."""
    files = log_files(directory, REQUESTS, name)
    if not files:
        raise DataError(
            f"{name}: no request log there",
            hint=f"the service writes {REQUESTS} into the directory that its --log names",
        )
    recent = tuple(path for path in files if _modified(path) >= wanted.start - MARGIN)
    labels = log_files(directory, LABELS, name)
    torn = sum(_is_torn(path) for path in recent)
    names = {path: f"{name}/{path.relative_to(directory.absolute())}" for path in (*recent, *labels)}
    written = {scratch / file: file for file in (FEATURES, CHECKED, SAID)}
    with opened({**names, **written}, progress, megabytes=MEGABYTES) as engine:
        _read(engine, recent, wanted)
        log = RequestLog(engine, scratch, wanted, labels)
        yield log, log.traffic(torn=torn)


def _read(engine: Engine, files: tuple[Path, ...], wanted: Wanted) -> None:
    """Two tables: `every` request with what it is known by, `chosen` those of the window with all that is asked."""
    listing = ", ".join(literal(str(path)) for path in files)
    source = (
        f"read_json_objects([{listing}], format = 'newline_delimited', ignore_errors = true)"
        if files
        else "(SELECT CAST(NULL AS JSON) AS json WHERE false)"
    )
    texts = ("id", "model", "version", "arm")
    parts = ", ".join(f"json_extract_string(json, '$.{key}') AS {key}" for key in texts)
    engine.rows(
        f"CREATE TEMP TABLE every AS SELECT {parts}, "
        "CAST(try_cast(json_extract_string(json, '$.time') AS TIMESTAMPTZ) AS TIMESTAMP) AS time, "
        "coalesce(try_cast(json_extract_string(json, '$.status') AS INTEGER), 200) AS status, "
        "CASE WHEN isfinite(try_cast(json_extract_string(json, '$.milliseconds') AS DOUBLE)) "
        "THEN try_cast(json_extract_string(json, '$.milliseconds') AS DOUBLE) END AS ms, "
        "CASE WHEN json_type(json, '$.features') = 'OBJECT' THEN json_extract(json, '$.features') END AS features, "
        "json_extract(json, '$.prediction') AS prediction, json_extract(json, '$.score') AS score "
        f"FROM {source}"
    )
    engine.rows(
        f"CREATE TEMP VIEW chosen AS SELECT * FROM every WHERE {_is_wanted(wanted)} AND id IS NOT NULL AND "
        f"time >= {_moment(wanted.start)} AND time < {_moment(wanted.end)}"
    )


def _is_wanted(wanted: Wanted) -> str:
    # What answers in the shadow answers nobody.
    arm = "coalesce(arm, '') <> 'shadow'" if wanted.arm is None else f"arm = {literal(wanted.arm)}"
    return f"model = {literal(wanted.model)} AND version = {literal(wanted.version)} AND {arm}"


def _prediction(wanted: Wanted) -> str:
    """The prediction as JSON; 1 and 0 where the release's predictions are coded so and the service answers classes."""
    if not wanted.coded:
        return "prediction"
    positive = literal(_text(wanted.positive))
    return (
        "CASE WHEN prediction IS NULL OR CAST(prediction AS VARCHAR) = 'null' THEN NULL "
        f"WHEN json_extract_string(prediction, '$') = {positive} THEN CAST('1' AS JSON) ELSE CAST('0' AS JSON) END"
    )


def _score(wanted: Wanted) -> str:
    """The score as a number: of classes that of the positive one, else the highest."""
    of_classes = "TRY_CAST(score AS MAP(VARCHAR, DOUBLE))"
    chosen = f"list_max(map_values({of_classes}))"
    if wanted.positive is not None:
        chosen = f"{of_classes}[{literal(_text(wanted.positive))}]"
    return (
        f"CASE json_type(score) WHEN 'OBJECT' THEN {chosen} "
        "ELSE TRY_CAST(json_extract_string(score, '$') AS DOUBLE) END"
    )


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _moment(value: datetime) -> str:
    return f"TIMESTAMP {literal(value.astimezone(UTC).replace(tzinfo=None).isoformat(' '))}"


def _shown(value: datetime | None) -> str | None:
    return None if value is None else f"{value.isoformat(timespec='milliseconds')}Z"


def log_files(directory: Path, pattern: str, name: str) -> tuple[Path, ...]:
    """The files of a log that a pattern names, in their order, those in directories below it (one for each pod) too.

    Raises DataError where there is no such directory.
    """
    try:
        if not directory.is_dir():
            raise DataError(f"{name}: no such directory", hint="--log names the directory of the request log")
        return tuple(sorted(path.absolute() for path in directory.rglob(pattern) if path.is_file()))
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from error


def _modified(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return datetime.max.replace(tzinfo=UTC)


def _is_torn(path: Path) -> bool:
    """Whether the last line is cut off."""
    try:
        with path.open("rb") as stream:
            stream.seek(0, 2)
            if not stream.tell():
                return False
            stream.seek(-1, 2)
            return stream.read(1) != b"\n"
    except OSError:
        return False
