"""Labels out of a data file, matched with the requests of a log by DuckDB; what is new is laid out as JSON lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mltools.core.monitor.labels import NAMED, Labelling
from mltools.core.names import nearest, title
from mltools.core.wording import JSON, TEXT
from mltools.edges.tables.cells import literal
from mltools.edges.tables.engine import Engine, Progress, opened
from mltools.edges.tables.reading import Data, opened_data, parts
from mltools.edges.tables.requests import APART, LABELS, MEGABYTES, REQUESTS, log_files
from mltools.errors import DataError

# By so much clocks of two machines may differ without a word.
AHEAD = "INTERVAL 5 MINUTE"


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of the file hold the request's id, its label and, where there is one, when that was known."""

    id: str = "id"
    label: str = "label"
    time: str = "time"


def match(
    file: Path,
    name: str,
    log: Path,
    target: Path,
    *,
    columns: Columns,
    now: datetime,
    log_name: str,
    progress: Progress | None = None,
) -> Labelling:
    """Write the labels that are new for the log to `target`, and say what became of all of them.

    Raises DataError for a file or a log that cannot be read, or that has not the columns.
    """
    requests = log_files(log, REQUESTS, log_name)
    if not requests:
        raise DataError(f"{log_name}: no request log there, so no label can belong to anything")
    labels = log_files(log, LABELS, log_name)
    names = {part.path: part.name for part in parts(file, name)}
    names |= {path: f"{log_name}/{path.relative_to(log.absolute())}" for path in (*requests, *labels)}
    with (
        opened({**names, target: target.name}, progress, megabytes=MEGABYTES) as engine,
        opened_data(file, name, wanted=(columns.id, columns.label), within=engine, scan="handed") as data,
    ):
        _given(data, columns, now)
        _known(engine, requests, labels)
        _decide(engine)
        engine.rows(
            "COPY (SELECT CAST(json_object('id', id, 'label', truth, 'time', "
            "strftime(time, '%Y-%m-%dT%H:%M:%S.%gZ')) AS VARCHAR) FROM decided "
            f"WHERE fate IN ('new', 'changed') ORDER BY id) TO {literal(str(target))} "
            f"(FORMAT csv, USE_TMP_FILE false, HEADER false, QUOTE '', ESCAPE '', DELIMITER '{APART}')"
        )
        return _counted(engine)


def _given(data: Data, columns: Columns, now: datetime) -> None:
    """A table of what the file says: ids, labels as text, times."""
    header = {column: f"c{index}" for index, column in enumerate(data.header)}
    for column in (columns.id, columns.label):
        if column not in header:
            close = nearest(column, tuple(header))
            meant = f"; did you mean {title(close)}?" if close else ""
            raise DataError(
                f"{data.name}: has no column {title(column)}{meant}",
                hint="--id and --label name the columns of the request's id and of the truth",
            )
    texts = {what: _text(header[what], data.header[what]) for what in (columns.id, columns.label)}
    moment = literal(now.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "milliseconds"))
    when = f"TIMESTAMP {moment}"
    told = "NULL"
    if columns.time in header:
        text = _text(header[columns.time], data.header[columns.time])
        told = f"CAST(TRY_CAST({text} AS TIMESTAMPTZ) AS TIMESTAMP)"
    data.rows(
        f"CREATE TEMP TABLE given AS SELECT id, label, told > {when} + {AHEAD} AS ahead, "
        f"CASE WHEN told IS NULL OR told > {when} THEN {when} ELSE told END AS time FROM (SELECT "
        f"nullif(trim({texts[columns.id]}), '') AS id, nullif(trim({texts[columns.label]}), '') AS label, "
        f"{told} AS told FROM {data.scan})"
    )


def _known(engine: Engine, requests: Sequence[Path], labels: Sequence[Path]) -> None:
    """The requests of the log with the kind of their answers, and the labels that they have."""
    engine.rows(
        "CREATE TEMP TABLE asked AS SELECT id, any_value(kind) AS kind, min(time) AS time FROM (SELECT "
        "json_extract_string(json, '$.id') AS id, json_type(json, '$.prediction') AS kind, "
        "CAST(TRY_CAST(json_extract_string(json, '$.time') AS TIMESTAMPTZ) AS TIMESTAMP) AS time "
        f"FROM {_lines(requests)}) WHERE id IS NOT NULL GROUP BY id"
    )
    source = _lines(labels) if labels else "(SELECT CAST(NULL AS JSON) AS json, 0 AS file_index WHERE false)"
    engine.rows(
        "CREATE TEMP TABLE labelled AS SELECT id, arg_max(label, row(time, p, n)) AS before FROM (SELECT "
        "json_extract_string(json, '$.id') AS id, json_extract_string(json, '$.label') AS label, "
        "coalesce(TRY_CAST(json_extract_string(json, '$.time') AS TIMESTAMPTZ), TIMESTAMPTZ '1970-01-01') AS time, "
        f"file_index AS p, row_number() OVER () AS n FROM {source}) WHERE id IS NOT NULL AND label IS NOT NULL GROUP BY id"
    )


def _decide(engine: Engine) -> None:
    """What becomes of each id. A label is written as its request was answered: as a number, a truth value or text."""
    number = "kind IN ('DOUBLE', 'BIGINT', 'UBIGINT', 'HUGEINT')"
    spelt = "regexp_full_match(label, '[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?')"
    plain = "regexp_full_match(label, '-?(0|[1-9][0-9]*)(\\.[0-9]+)?')"
    truth = (
        f"CASE WHEN {number} THEN CASE WHEN NOT coalesce(isfinite(TRY_CAST(label AS DOUBLE)), false) THEN NULL "
        f"WHEN {plain} THEN CAST(label AS JSON) WHEN {spelt} THEN to_json(TRY_CAST(label AS DOUBLE)) END "
        "WHEN kind = 'BOOLEAN' THEN CASE WHEN lower(label) IN ('true', '1') THEN CAST('true' AS JSON) "
        "WHEN lower(label) IN ('false', '0') THEN CAST('false' AS JSON) END "
        "ELSE to_json(label) END"
    )
    engine.rows(
        "CREATE TEMP TABLE decided AS SELECT *, CASE WHEN several > 1 THEN 'conflicting' WHEN requested IS NULL THEN 'unknown' "
        "WHEN truth IS NULL THEN 'misfit' WHEN before IS NULL THEN 'new' "
        "WHEN before = json_extract_string(truth, '$') THEN 'same' ELSE 'changed' END AS fate FROM ("
        f"SELECT id, label, several, ahead, g.time AS time, a.time AS asked_at, a.id AS requested, before, "
        f"{truth} AS truth FROM ("
        "SELECT id, any_value(label) AS label, count(DISTINCT label) AS several, bool_or(ahead) AS ahead, max(time) AS time "
        "FROM given WHERE id IS NOT NULL AND label IS NOT NULL GROUP BY id) AS g "
        "LEFT JOIN asked AS a USING (id) LEFT JOIN labelled AS l USING (id))"
    )


def _counted(engine: Engine) -> Labelling:
    rows, empty = engine.row("SELECT count(*), count_if(id IS NULL OR label IS NULL) FROM given")
    fates: Mapping[str, int] = dict(engine.rows("SELECT fate, count(*) FROM decided GROUP BY fate"))
    early, ahead = engine.row(
        "SELECT count_if(time < asked_at), count_if(ahead) FROM decided WHERE fate IN ('new', 'changed')"
    )
    return Labelling(
        rows=rows,
        new=fates.get("new", 0),
        changed=fates.get("changed", 0),
        same=fates.get("same", 0),
        unknown=fates.get("unknown", 0),
        conflicting=fates.get("conflicting", 0),
        misfit=fates.get("misfit", 0),
        empty=empty or 0,
        early=early or 0,
        ahead=ahead or 0,
        unknown_ids=_examples(engine, "id", "unknown"),
        conflicting_ids=_examples(engine, "id", "conflicting"),
        misfits=_examples(engine, "label", "misfit"),
    )


def _examples(engine: Engine, column: str, fate: str) -> tuple[str, ...]:
    found: list[tuple[Any, ...]] = engine.rows(
        f"SELECT DISTINCT left({column}, 100) FROM decided WHERE fate = '{fate}' ORDER BY 1 LIMIT {NAMED}"
    )
    return tuple(text for (text,) in found)


def _lines(files: Sequence[Path]) -> str:
    listing = ", ".join(literal(str(path)) for path in files)
    return f"read_json_objects([{listing}], format = 'newline_delimited', ignore_errors = true)"


def _text(cell: str, kept_as: str) -> str:
    if kept_as == JSON:
        return f"json_extract_string({cell}, '$')"
    return cell if kept_as == TEXT else f"CAST({cell} AS VARCHAR)"
