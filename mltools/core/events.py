"""What happened to a model that no tag can say: approvals, waived policies, rollbacks, deployments, what a monitor saw.

An event is a value with a fixed text; its id holds the hash of that text, so the same event is the same file wherever it
is written, and one that was changed afterwards is known for it. No pydantic here: reading a registry starts without it.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NoReturn

from mltools.core import tags, versions
from mltools.errors import ConfigError

SCHEMA = 1
LONGEST_TEXT = 2_000
LARGEST = 256 << 10
DEEPEST = 20

_FIELDS = ("schema", "id", "time", "kind", "model", "version", "stage", "by", "reason", "details")
_KIND = re.compile(r"[a-z][a-z0-9-]{0,39}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_ID = re.compile(r"[0-9]{8}T[0-9]{9}Z-[0-9a-f]{12}")


class Kind(StrEnum):
    """The kinds that mltools writes. One that is not listed here is read and kept as well."""

    APPROVAL = "approval"
    PROMOTION = "promotion"
    ROLLBACK = "rollback"
    DEPLOYMENT = "deployment"
    CANARY = "canary"
    MONITOR = "monitor"
    RETRAIN = "retrain"


class State(StrEnum):
    """What `details.state` of monitoring and deployments says, as far as the registry acts on it."""

    HEALTHY = "healthy"
    BROKEN = "broken"
    SERVING = "serving"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a model, or to its `version` or `stage`.

    `time` is UTC with milliseconds, `by` who says so, as a text that proves nothing; `details` is a JSON object, by kind.
    """

    id: str
    time: str
    kind: str
    model: str
    version: str | None = None
    stage: str | None = None
    by: str = ""
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def when(self) -> datetime:
        return datetime.fromisoformat(self.time)

    @property
    def about(self) -> datetime:
        """The moment that it speaks of: its time, or where it looked at a window the end of that."""
        window = self.details.get("window")
        try:
            end = datetime.fromisoformat(window["end"])  # type: ignore[index] # what is none raises
        except (TypeError, KeyError, ValueError):
            return self.when
        return min(self.when, end) if end.tzinfo else self.when

    @property
    def state(self) -> str | None:
        """What monitoring found, or how a deployment went; None where the event does not say."""
        found = self.details.get("state")
        return found if isinstance(found, str) else None

    def as_json(self) -> dict[str, Any]:
        """The event as a JSON tree, its keys in the order of the fields."""
        return {"schema": SCHEMA, **{name: getattr(self, name) for name in _FIELDS[1:]}}

    @property
    def text(self) -> str:
        """The event as the text of its file: the same event gives the same bytes."""
        tree = self.as_json()
        tree["details"] = _sorted(tree["details"])
        return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def event(
    kind: str,
    model: str,
    *,
    when: datetime,
    version: str | None = None,
    stage: str | None = None,
    by: str = "",
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> Event:
    """A new event, with its id. Raises ConfigError for what an event cannot hold."""
    time = f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"
    made = Event("", time, kind, model, version, stage, by, reason, dict(details or {}))
    try:
        _check(made)
    except (ValueError, TypeError, RecursionError) as error:
        raise ConfigError(f"no event can say this: {error}") from error
    return Event(_id(made), time, kind, model, version, stage, by, reason, made.details)


def parse_event(content: bytes | str, name: str) -> Event:
    """The event in a file. Raises ConfigError naming what is wrong with it; trusts nothing."""
    try:
        if len(content) > LARGEST:
            raise ValueError(f"has {len(content):,} bytes, more than the {LARGEST:,} of an event")  # noqa: TRY301 - one kind of fault
        text = content if isinstance(content, str) else content.decode("utf-8")
        tree = json.loads(text, parse_constant=_refuse, object_pairs_hook=_once)
        return _event(tree)
    except (ValueError, TypeError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise ConfigError(f"{name}: not an event: {error}") from error


def place(found: Event) -> str:
    """Where an event lies in the journal's tree: below its model and month, so that no directory grows without end."""
    month = found.id[:6]
    return f"{directory(found.model)}/{month}/{found.id}.json"


def directory(model: str) -> str:
    """Where the events of a model lie. A model's name may hold a directory; one step of a path holds it all."""
    return f"events/{model.replace('/', '%2F').replace(':', '%3A')}"


def _event(tree: Any) -> Event:
    if not isinstance(tree, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - all faults are of one kind
    if type(tree.get("schema")) is not int or tree["schema"] != SCHEMA:  # True is 1, too
        raise ValueError(f"schema {tree.get('schema')!r} is not {SCHEMA}, the one that is known here")
    if set(tree) != set(_FIELDS):
        missing, extra = set(_FIELDS) - set(tree), set(tree) - set(_FIELDS)
        raise ValueError(f"{min(missing)} is missing" if missing else f"unknown key {min(extra)!r}")
    found = Event(**{name: tree[name] for name in _FIELDS[1:]})
    _check(found)
    if not isinstance(found.id, str) or not _ID.fullmatch(found.id):
        raise ValueError("id is not a time and a hash")
    if found.id != _id(found):
        raise ValueError("its text was changed after it was written: its id is the hash of another one")
    return found


def _check(found: Event) -> None:
    """Raises ValueError naming the first field that is wrong."""
    texts = {"time": _TIME, "kind": _KIND}
    for name, pattern in texts.items():
        value = getattr(found, name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError(f"{name} {value!r} is not of its form")
    datetime.fromisoformat(found.time)
    if not isinstance(found.model, str) or not tags.is_model(found.model):
        raise ValueError(f"model {found.model!r} is no name of a model")
    if found.version is not None and not (
        isinstance(found.version, str) and versions.is_version(found.version)
    ):
        raise ValueError(f"version {found.version!r} is no version")
    if found.stage is not None and not (isinstance(found.stage, str) and tags.is_stage(found.stage)):
        raise ValueError(f"stage {found.stage!r} is no name of a stage")
    for name in ("by", "reason"):
        value = getattr(found, name)
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            raise ValueError(f"{name} is not a text of at most {LONGEST_TEXT:,} characters")
        value.encode("utf-8")
    if not isinstance(found.details, Mapping):
        raise ValueError("details is not an object")  # noqa: TRY004 - all faults are of one kind
    _check_json(found.details, "details", DEEPEST)
    size = len(found.text.encode("utf-8"))
    if size > LARGEST:
        raise ValueError(f"it has {size:,} bytes, more than the {LARGEST:,} of an event")


def _check_json(value: Any, path: str, depth: int) -> None:
    if depth == 0:
        raise ValueError(f"details is nested deeper than {DEEPEST} levels")
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"{path} has a key that is no text: {key!r}")  # noqa: TRY004 - as above
            _check_json(item, f"{path}.{key}", depth - 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check_json(item, f"{path}.{index}", depth - 1)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{path} is not a finite number")
    elif not (value is None or isinstance(value, str | int)):
        raise ValueError(f"{path} is {type(value).__name__}, which JSON does not know")


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list | tuple) else value


def _id(found: Event) -> str:
    tree = found.as_json()
    del tree["id"]
    tree["details"] = _sorted(tree["details"])
    text = json.dumps(tree, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    stamp = re.sub(r"[-:.]", "", found.time)
    return f"{stamp}-{hashlib.sha256(text.encode('utf-8')).hexdigest()[:12]}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")
