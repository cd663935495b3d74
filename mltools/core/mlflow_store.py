"""The layout of MLflow's file store: runs as the files that its own client reads, and such files as runs.

`<experiment>/meta.yaml`, and in `<experiment>/<run>/` again `meta.yaml` and a file for each of `metrics/`, `params/` and
`tags/`. MLflow takes names as paths: what cannot be one there gets another name; `run.json` among the artifacts has its own.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from posixpath import normpath
from typing import Any

from mltools.core.markdown import clean
from mltools.core.metrics import Scalar, number
from mltools.core.records import Record

META = "meta.yaml"
ARTIFACTS = "artifacts"
# MLflow takes no directory for a run that lacks one of these, empty or not.
PARTS = ("metrics", "params", "tags", ARTIFACTS)
GIT_COMMIT, GIT_BRANCH, GIT_DIRTY = (f"mlflow.source.git.{each}" for each in ("commit", "branch", "dirty"))
RUN_ID = "mltools.run"
FINISHED = 3
LONGEST_PART, LONGEST_NAME, LONGEST_TEXT = 120, 240, 5_000

_ODD = re.compile(r"[^/A-Za-z0-9_.\- :]")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_WHOLE = re.compile(r"[-+]?\d{1,18}")
_WORDS: dict[str, Scalar] = {"True": True, "False": False, "true": True, "false": False, "None": None}
_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp() * 1000


def experiment_name(record: Record) -> str:
    """What MLflow calls the project: by its model, else by its directory."""
    return clean(record.model or ("mltools" if record.project == "." else record.project), limit=200)


def experiment_id(name: str) -> str:
    """A number that is always the same for the same name."""
    return str(10**17 + int(hashlib.sha256(name.encode()).hexdigest()[:13], 16))


def run_key(record: Record) -> str:
    """The run's id in MLflow, always the same for the same run."""
    return hashlib.sha256(record.id.encode()).hexdigest()[:32]


def experiment_meta(key: str, name: str, place: str, when: int) -> str:
    """`meta.yaml` of an experiment whose directory has the address `place`. JSON is YAML, too."""
    return _meta(
        artifact_location=place, creation_time=when, experiment_id=key, last_update_time=when,
        lifecycle_stage="active", name=name,
    )  # fmt: skip


def run_files(record: Record, experiment: str, place: str) -> dict[str, str]:
    """The files of a run below its directory, which has the address `place`."""
    end = milliseconds(record.time)
    metrics = {name: found for name, value in record.metrics.items() if (found := number(value)) is not None}
    texts = {f"mltools.metric.{name}": value for name, value in record.metrics.items() if name not in metrics}
    files = {
        META: _meta(
            artifact_uri=f"{place}/{ARTIFACTS}", end_time=end, entry_point_name="", experiment_id=experiment,
            lifecycle_stage="active", run_id=run_key(record), run_name=record.id, source_name="", source_type=4,
            source_version="", start_time=end - int(record.seconds * 1000), status=FINISHED, tags=[], user_id="",
        )
    }  # fmt: skip
    files |= {f"metrics/{name}": f"{end} {value!r} 0\n" for name, value in _named(metrics)}
    files |= {f"params/{name}": _text(value) for name, value in _named(record.params)}
    files |= {f"tags/{name}": _text(value) for name, value in _named({**_tags(record), **texts})}
    return files


def milliseconds(time: str) -> int:
    """A record's time as MLflow counts."""
    return int(datetime.fromisoformat(time).timestamp() * 1000)


def _tags(record: Record) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {
        "mlflow.runName": record.id,
        "mlflow.source.name": "mltools run",
        "mlflow.source.type": "LOCAL",
        "mlflow.note.content": record.summary or None,
        GIT_COMMIT: record.commit,
        GIT_BRANCH: record.branch,
        GIT_DIRTY: "true" if record.dirty else "false",
        RUN_ID: record.id,
        "mltools.verdict": record.verdict.value,
        "mltools.trigger": record.trigger,
        "mltools.url": record.url,
        "mltools.base": None if record.base is None else record.base.commit,
    }
    found |= {f"mltools.data.{data.path}": data.md5 for data in record.data}
    return {name: value for name, value in found.items() if value is not None}


def _named(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values by names that are paths of their own: none outside, none that is a directory of another."""
    taken: set[str] = set()
    above: set[str] = set()
    for name, value in values.items():
        found = _path(name)
        parents = _above(found)
        if found in taken or found in above or parents & taken:
            found = f"{found.replace('/', '.')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
            parents = set()
        taken.add(found)
        above |= parents
        yield found, value


def _path(name: str) -> str:
    found = _ODD.sub("_", name)
    parts = [part for part in found.split("/") if part not in {"", ".", ".."}]
    found = "/".join(parts)
    long = len(found) > LONGEST_NAME or any(len(part) > LONGEST_PART for part in parts)
    if not found or long or found != normpath(found):
        return f"{found.replace('/', '.')[:LONGEST_PART]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return found


def _above(path: str) -> set[str]:
    steps = path.split("/")
    return {"/".join(steps[:depth]) for depth in range(1, len(steps))}


def _text(value: Scalar) -> str:
    return str(value)[:LONGEST_TEXT]


def _meta(**values: Any) -> str:
    return json.dumps(values, ensure_ascii=False, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class Tracked:
    """A run as MLflow's files say it; `lost` are the values that no record can hold, and why."""

    key: str
    name: str
    end: int
    start: int
    metrics: Mapping[str, Scalar] = field(default_factory=dict)
    params: Mapping[str, Scalar] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    lost: tuple[str, ...] = ()

    @property
    def time(self) -> str:
        return f"{datetime.fromtimestamp(self.end // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"

    @property
    def seconds(self) -> float:
        return max(self.end - self.start, 0) / 1000


def read_run(meta: Any, files: Mapping[str, str]) -> Tracked:
    """A run from its `meta.yaml` and its files. Raises ValueError when it is none, or not a finished one."""
    if not isinstance(meta, dict):
        raise ValueError("its meta.yaml is no document of keys and values")  # noqa: TRY004 - all faults are of one kind
    key = meta.get("run_id", meta.get("run_uuid"))
    if not isinstance(key, str) or not re.fullmatch(r"[A-Za-z0-9][\w-]{0,255}", key):
        raise ValueError("its meta.yaml names no run_id")
    if meta.get("lifecycle_stage", "active") != "active":
        raise ValueError("it was deleted")
    start: Any = meta.get("start_time")
    end: Any = meta.get("end_time")
    if not _time(end):
        raise ValueError("it has not ended")
    lost: list[str] = []
    metrics = {}
    for name, text in _below(files, "metrics/"):
        try:
            metrics[name] = _last(text)
        except ValueError as error:
            lost.append(f"metric {clean(name, limit=80)}: {error}")
    params = {name: typed(text) for name, text in _below(files, "params/") if _fits(name, text, lost)}
    tags = dict(_below(files, "tags/"))
    name = meta.get("run_name") or tags.get("mlflow.runName") or key
    began = start if _time(start) else end
    return Tracked(key, str(name), int(end), int(began), metrics, params, tags, tuple(lost))


def typed(text: str) -> Scalar:
    """A param as it was before MLflow made text of it: numbers, true and false, none."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def _below(files: Mapping[str, str], top: str) -> Iterator[tuple[str, str]]:
    return ((path.removeprefix(top), text) for path, text in files.items() if path.startswith(top))


def _fits(name: str, text: str, lost: list[str]) -> bool:
    if len(name) <= LONGEST_NAME * 2 and len(text) <= LONGEST_TEXT * 2:
        return True
    lost.append(f"param {clean(name, limit=80)}: too long")
    return False


def _last(text: str) -> float:
    """The value of the last step: MLflow keeps a line for each. Raises ValueError for what is no finite number."""
    found = None
    for line in text.splitlines():
        fields = line.split(" ")
        if len(fields) not in {2, 3, 5}:
            raise ValueError("not a line of time, value and step")
        time, value = int(fields[0]), float(fields[1])
        step = int(fields[2]) if len(fields) > 2 else 0  # noqa: PLR2004 - a line of two has no step
        if found is None or (step, time) >= found[:2]:
            found = (step, time, value)
    if found is None:
        raise ValueError("it has no value")
    if not math.isfinite(found[2]):
        raise ValueError(f"its last value is {found[2]}")
    return found[2]


def _time(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LATEST
