"""How metrics went over the last runs of the base branch: a line of blocks, a chart, and the numbers beside it."""

from mltools.core.markdown import code, details, escape, table
from mltools.core.mermaid import line_chart
from mltools.core.records import Record
from mltools.core.report.around import Around
from mltools.core.report.facts import marked, shown
from mltools.core.report.series import HERE, Series, series
from mltools.core.spark import spark

SHORT = 7
CHARTS = 2


def render(record: Record, around: Around) -> str | None:
    found = series(record, around.history) if around.history else ()
    if not found:
        return None
    runs = len(around.history)
    lines = table(
        ("Metric", "Oldest to newest", "Lowest", "Highest", "This change"), map(_line, found), right=(2, 3, 4)
    )
    charts = filter(None, (_chart(one, around) for one in found[:CHARTS]))
    title = f"History: the last {runs} run{'s' * (runs != 1)} of the base branch, and this one"
    return details(title, "\n\n".join([lines, *charts, _numbers(record, around, found)]))


def _line(one: Series) -> tuple[str, ...]:
    low, high, now = min(one.known), max(one.known), one.values[-1]
    return code(one.name), spark(one.values), *(escape(shown(value)) for value in (low, high, now))


def _chart(one: Series, around: Around) -> str | None:
    names = [*(run.commit[:SHORT] for run in around.history), HERE]
    points = [(name, value) for name, value in zip(names, one.values, strict=True) if value is not None]
    return line_chart(one.name, [name for name, _ in points], [value for _, value in points])


def _numbers(record: Record, around: Around, found: tuple[Series, ...]) -> str:
    """The table beside the charts: a row for each run, the newest first."""
    runs = [(run.commit, run.time, run.verdict) for run in around.history]
    runs.append((record.commit, record.time, record.verdict))
    rows = [
        (
            commit[:SHORT] + (f" ({HERE})" if index == len(runs) - 1 else ""),
            time.replace("T", " ").removesuffix("Z"),
            marked(verdict),
            *(escape(shown(one.values[index])) for one in found),
        )
        for index, (commit, time, verdict) in enumerate(runs)
    ]
    header = ("Commit", "Time (UTC)", "Verdict", *(code(one.name) for one in found))
    return table(header, reversed(rows), right=range(3, 3 + len(found)))
