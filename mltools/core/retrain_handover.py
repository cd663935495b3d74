"""What the job that trains hands to the one that may write, `retrain.json`; and how a retraining is known in Git and on a forge.

Strict and bounded, as the run beside it: the job that made it runs the project's code.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import ConfigDict, Field, ValidationError

from mltools.core.markdown import code, escape, table
from mltools.core.parts import Hash, Name, Oid, Part, Text
from mltools.core.records import Record
from mltools.errors import DataError

SCHEMA: Literal[1] = 1
MOST = 100
BRANCHES = "mltools/retrain-"
NOTE = (
    "<sub>The report of the run is in the comment below. Made and kept up to date by `mltools retrain`, "
    "which stops when somebody else commits on this branch.</sub>"
)

_MODEL = r"^[^\s\x00-\x1f\x7f]{1,200}$"
_TRAILERS = re.compile(r"\nSource: (?P<source>[0-9a-f]{40,64})\nSeal: (?P<seal>[0-9a-f]{64})\n*\Z")


class Why(Part):
    """One reason, as it is kept and shown."""

    kind: Name
    sentence: Text
    evidence: dict[Name, Any] = Field(default_factory=dict, max_length=50)


class Handover(Part):
    """A retraining that took place. `files` are those that its commit adds to `base`; the run lies beside this file."""

    schema_: Literal[1] = Field(default=SCHEMA, alias="schema")
    model: Annotated[str, Field(pattern=_MODEL)]
    base: Oid
    state: Literal["trained", "unchanged", "failed"]
    why: Text
    reasons: Annotated[tuple[Why, ...], Field(max_length=MOST)]
    notes: Annotated[tuple[Text, ...], Field(max_length=MOST)] = ()
    inputs: Hash
    released: Name | None = None
    commit: Oid | None = None
    files: Annotated[tuple[Name, ...], Field(max_length=1_000)] = ()

    model_config = ConfigDict(
        defer_build=True, frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )

    def as_json(self) -> dict[str, Any]:
        """The value as a JSON tree, its keys in the order of the fields."""
        return self.model_dump(mode="json", by_alias=True)


def parse_handover(tree: Any, name: str) -> Handover:
    """The value in a JSON tree. Raises DataError naming the first field that is wrong; trusts nothing."""
    try:
        return Handover.model_validate(tree)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise DataError(f"{name}: not what a retraining hands over: {where}: {first['msg']}") from error


def branch_of(model: str) -> str:
    """The one branch that a model is retrained on. A model's name is one step of it, as in `refs/mltools/releases`."""
    return f"{BRANCHES}{model.replace('/', '%2F').replace(':', '=')}"


def seal(base: str, files: Mapping[str, bytes]) -> str:
    """The hash of what a retraining adds to a commit: by it a commit of ours is told from one that somebody changed."""
    digest = hashlib.sha256(f"mltools retrain\0{base}\0".encode())
    for path in sorted(files):
        content = hashlib.sha256(files[path]).hexdigest()
        digest.update(f"{path}\0{content}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def commit_message(model: str, base: str, files: Mapping[str, bytes]) -> str:
    """The message of the commit. The same results on the same base give the same text, and so the same commit."""
    return (
        f"Retrain {model}\n\nWhat the pipeline left of {base[:10]}. Commit on top of it and mltools stops to move this branch.\n\n"
        f"Source: {base}\nSeal: {seal(base, files)}\n"
    )


def sealed(message: str) -> tuple[str, str] | None:
    """The base and the seal that a commit's message names; None for a commit that is not ours."""
    found = _TRAILERS.search(message)
    return None if found is None else (found["source"], found["seal"])


def marker(model: str) -> str:
    """The hidden first line of a model's pull request."""
    return f"<!-- mltools:retrain:v1:{quote(model, safe='/._=:-').replace('--', '%2D%2D')} -->"


def pull_request_body(handed: Handover, record: Record, merging: str) -> str:
    """The text of the pull request: why, from what, how it went, who merges."""
    rows = [(escape(reason.kind), escape(reason.sentence, limit=1_000)) for reason in handed.reasons]
    parts = [
        marker(handed.model),
        f"### Retrained {escape(handed.model)}: {record.verdict.value}",
        escape(record.summary, limit=1_000),
        "**Why**",
        table(("", "reason"), rows),
    ]
    proof = [line for reason in handed.reasons for line in _evidence(reason)]
    if proof:
        parts.append("\n".join(proof))
    before = f" Newest release: {code(handed.released)}." if handed.released else ""
    files = ", ".join(code(path) for path in handed.files[:20])
    parts += [
        f"Base {handed.base[:10]}, run {code(record.id)}.{before} Files: {files}.",
        *(f"- {escape(note, limit=1_000)}" for note in handed.notes[:20]),
        escape(merging, limit=1_000),
        NOTE,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _evidence(reason: Why) -> list[str]:
    shown = {key: value for key, value in reason.evidence.items() if value not in (None, "", [])}
    if not shown:
        return []
    facts = "; ".join(f"{escape(key)}: {code(_plain(value), limit=300)}" for key, value in shown.items())
    return [f"- {escape(reason.kind)}: {facts}"]


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
