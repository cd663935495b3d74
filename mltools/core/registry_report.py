"""The registry and its versions as JSON trees and as lines for a terminal."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from textwrap import wrap
from typing import Any

from mltools.core.markdown import clean
from mltools.core.metrics import Scalar
from mltools.core.registry import Model, Registry, Version
from mltools.core.release_record import ReleaseRecord, Unreadable, release_record

SCHEMA = 1
KEY_METRICS = 3
ROWS = 40
WIDTH = 120


def registry_tree(registry: Registry) -> dict[str, Any]:
    """All models with their latest version, as `mltools model list --json` prints it."""
    return {
        "schema": SCHEMA,
        "models": [_model_tree(model) for model in registry.models.values()],
        "odd": [{"tag": odd.tag, "reason": odd.reason} for odd in registry.odd],
    }


def version_tree(model: Model, version: Version) -> dict[str, Any]:
    """One version, as `mltools model show --json` prints it."""
    record = release_record(version.event.message)
    return {
        "schema": SCHEMA,
        **_version_tree(model, version),
        "author": version.event.author,
        "model_active": model.active,
        "latest": model.latest.version if model.latest else None,
        "record": None if isinstance(record, Unreadable) else record.as_json(),
        "unreadable": record.reason if isinstance(record, Unreadable) else None,
        "versions": [_version_tree(model, one) for one in model.versions],
    }


def json_text(tree: Mapping[str, Any]) -> str:
    """A tree as text; listing does without the module that also reads YAML, which takes as long to load as the rest."""
    return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def registry_lines(registry: Registry) -> list[str]:
    """A table with a line per model."""
    rows = [("model", "version", "released", "stages", "verdict")]
    for model in registry.models.values():
        latest = model.latest
        record = _record(latest)
        rows.append(
            (
                _named(model),
                latest.version if latest else "-",
                time_of(latest)[:10] if latest else "-",
                _stages(model) or "-",
                clean(record.verdict) if record else "-",
            )
        )
    room = room_beside(rows)
    found = (_record(model.latest) for model in registry.models.values())
    metrics = [_key_metrics(record.metrics, room) if record else "-" for record in found]
    return columns([(*row, last) for row, last in zip(rows, ("metrics", *metrics), strict=True)])


def version_lines(model: Model, version: Version) -> list[str]:
    """What there is to say about one version."""
    record = release_record(version.event.message)
    facts = [
        ("version", f"{version.version}{'' if version.active else ' (taken back)'}"),
        ("tag", version.tag if version.registered else "none; the commit holds a stage only"),
        ("released", f"{time_of(version)} by {clean(version.event.author) or 'nobody named'}"),
        ("stages", ", ".join(model.stages_of(version)) or "none"),
        ("commit", version.commit),
    ]
    if isinstance(record, Unreadable):
        return [_named(model), *_facts([*facts, ("record", f"none: {clean(record.reason, limit=300)}")])]
    parts = [_named(model), *_facts([*facts, *_record_facts(record)])]
    parts += _values("metrics", record.metrics)
    parts += _values("params", record.params)
    return parts


def history_lines(model: Model) -> list[str]:
    """A table with a line per version, the highest first."""
    rows = [("version", "released", "stages", "verdict", "commit")]
    for version in model.versions[:ROWS]:
        record = _record(version)
        rows.append(
            (
                version.version if version.active else f"{version.version} (taken back)",
                time_of(version)[:10],
                ", ".join(model.stages_of(version)) or "-",
                clean(record.verdict) if record else "-",
                version.commit[:10],
            )
        )
    hidden = len(model.versions) - ROWS
    return [*columns(rows), *([f"... and {hidden} more versions"] if hidden > 0 else [])]


def time_of(version: Version) -> str:
    """When the version was released, in UTC."""
    return f"{datetime.fromtimestamp(version.event.when, UTC):%Y-%m-%dT%H:%M:%SZ}"


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as aligned lines."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def lacks_tags(model: Model) -> bool:
    """Whether tags that came before those of the model are not here: a number is left out, or the version before."""
    numbers = {event.said.counter for event in model.events if event.said.counter is not None}
    record = _record(model.latest)
    before = record.previous if record is not None else None
    return len(numbers) < max(numbers, default=0) or (before is not None and model.find(before) is None)


def _named(model: Model) -> str:
    return model.name if model.active else f"{model.name} (deprecated)"


def room_beside(rows: Sequence[Sequence[str]]) -> int:
    """How many characters a last column may have beside these."""
    return WIDTH - sum(max(map(len, column)) + 2 for column in zip(*rows, strict=True))


def _model_tree(model: Model) -> dict[str, Any]:
    latest = model.latest
    record = _record(latest)
    return {
        "model": model.name,
        "active": model.active,
        "version": latest.version if latest else None,
        "tag": latest.tag if latest else None,
        "commit": latest.commit if latest else None,
        "time": time_of(latest) if latest else None,
        "stages": {stage: held.version for stage in model.stages if (held := model.in_stage(stage))},
        "verdict": record.verdict if record else None,
        "metrics": dict(record.metrics) if record else {},
    }


def _version_tree(model: Model, version: Version) -> dict[str, Any]:
    record = _record(version)
    return {
        "model": model.name,
        "version": version.version,
        "tag": version.tag if version.registered else None,
        "commit": version.commit,
        "time": time_of(version),
        "active": version.active,
        "registered": version.registered,
        "stages": list(model.stages_of(version)),
        "verdict": record.verdict if record else None,
    }


def _record(version: Version | None) -> ReleaseRecord | None:
    record = release_record(version.event.message) if version else None
    return record if isinstance(record, ReleaseRecord) else None


def _record_facts(record: ReleaseRecord) -> list[tuple[str, str]]:
    file = record.file
    return [
        ("source", f"commit {record.commit}, run {clean(record.run)}"),
        ("verdict", clean(record.verdict)),
        *(
            ("why" if at == 0 else "", line)
            for at, line in enumerate(wrap(clean(record.reason, limit=500), 100))
        ),
        ("model", f"{clean(file.path)}, {file.size:,} bytes"),
        ("md5", file.md5),
        ("sha256", file.sha256),
        *(("data", f"{clean(one.path)}, MD5 {clean(one.md5 or '-')}") for one in record.data),
        *(("contract", clean(one.contract)) for one in record.data if one.contract),
        ("mltools", clean(record.mltools)),
    ]


def _facts(facts: Iterable[tuple[str, str]]) -> list[str]:
    return [f"  {line}" for line in columns([(f"{name}:" if name else "", value) for name, value in facts])]


def _values(title: str, values: Mapping[str, Scalar]) -> list[str]:
    if not values:
        return []
    rows = [(clean(name, limit=60), _shown(value)) for name, value in list(values.items())[:ROWS]]
    more = [f"  ... and {len(values) - ROWS} more"] if len(values) > ROWS else []
    return [f"{title}:", *(f"  {line}" for line in columns(rows)), *more]


def _stages(model: Model) -> str:
    held = ((stage, model.in_stage(stage)) for stage in model.stages)
    return ", ".join(f"{stage}={version.version[:12]}" for stage, version in held if version)


def _key_metrics(metrics: Mapping[str, Scalar], room: int) -> str:
    """The first metrics, as many as there is room for: a release puts those first that gates judge."""
    named = [f"{clean(name, limit=40)} {_shown(metrics[name])}" for name in list(metrics)[:KEY_METRICS]]
    while len(named) > 1 and len(", ".join(named)) > room:
        named.pop()
    return ", ".join(named) or "-"


def _shown(value: Scalar) -> str:
    return f"{value:.6g}" if isinstance(value, float) else clean(value, limit=60)
