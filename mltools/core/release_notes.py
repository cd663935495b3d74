"""What a forge's release page says about a version, in Markdown."""

import shlex
from collections.abc import Iterator, Mapping

from mltools.core.markdown import code, details, escape, fence, table
from mltools.core.metrics import Scalar, number
from mltools.core.release_record import ReleaseRecord
from mltools.core.release_terms import sentences
from mltools.core.tags import version_tag

MAX_ROWS = 60


def release_notes(record: ReleaseRecord, before: Mapping[str, Scalar], *, url: str | None = None) -> str:
    """The notes of a version; `before` are the metrics of the version before.

    `url` is where DVC finds the model from outside: None where no DVC remote has it.
    """
    parts = [
        f"**{escape(record.reason, limit=1_000)}**",
        f"Verdict {escape(record.verdict)}, run {code(record.run)} of commit {record.commit}.",
        *(
            f"Gate {escape(item.gate)} failed and was overridden by {escape(item.by)}: {escape(item.reason, limit=1_000)}"
            for item in record.overrides
        ),
        _metrics(record, before),
        "### Get the model",
        fence(_commands(record, url), "console"),
        _model(record),
        details("Data and params", "\n\n".join(_inputs(record))),
        f"<sub>mltools {escape(record.mltools)}</sub>",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _metrics(record: ReleaseRecord, before: Mapping[str, Scalar]) -> str:
    if not record.metrics:
        return ""
    names = list(record.metrics)[:MAX_ROWS]
    if record.previous is None or not before:
        return table(
            ("metric", record.version), [(code(n), _shown(record.metrics[n])) for n in names], right=(1,)
        )
    rows = [
        (code(n), _shown(before.get(n)), _shown(record.metrics[n]), _change(before.get(n), record.metrics[n]))
        for n in names
    ]
    return table(("metric", escape(record.previous), record.version, "change"), rows, right=(1, 2, 3))


def _commands(record: ReleaseRecord, url: str | None) -> str:
    named = shlex.quote(f"{record.model}@{record.version}")
    lines = [f"mltools model get {named}", f"mltools model verify {named}"]
    if url is not None:
        tag = version_tag(record.model, record.version)
        inside = "" if record.project == "." else f"{record.project}/"
        words = ("dvc", "get", "--rev", tag, url, inside + record.file.path)
        lines.append(" ".join(shlex.quote(word) for word in words))
    return "\n".join(lines)


def _model(record: ReleaseRecord) -> str:
    file = record.file
    rows = [
        ("file", code(file.path)),
        ("bytes", f"{file.size:,}"),
        ("MD5 (DVC)", code(file.md5)),
        ("SHA-256 of the list of files" if file.is_dir else "SHA-256", code(file.sha256)),
    ]
    return table(("model", ""), rows)


def _inputs(record: ReleaseRecord) -> Iterator[str]:
    yield from (escape(line, limit=1_000) for line in sentences(record.contracts))
    if record.data:
        rows = [(code(one.path), code(one.md5 or "-"), code(one.contract or "-")) for one in record.data]
        yield table(("data", "MD5", "contract"), rows[:MAX_ROWS])
    if record.params:
        rows_of_two = [(code(name), code(value)) for name, value in record.params.items()]
        yield table(("param", "value"), rows_of_two[:MAX_ROWS])
    yield f"`dvc.lock` MD5 {code(record.lock_md5)}"


def _change(before: Scalar, after: Scalar) -> str:
    old, new = number(before), number(after)
    return "" if old is None or new is None else f"{new - old:+.4g}"


def _shown(value: Scalar) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else escape(value)
