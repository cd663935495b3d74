"""What a deployment is called and made of: names that clusters and registries take, out of names that Git takes."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mltools.core.release_record import ReleaseRecord
from mltools.errors import UsageError

Target = Literal["bundle", "docker", "kubernetes", "argo-rollouts", "kserve"]
# The folders of templates that each target is made of, each on top of the ones before.
FOLDERS: Mapping[str, tuple[str, ...]] = {
    "bundle": ("bundle",),
    "docker": ("bundle", "docker"),
    "kubernetes": ("bundle", "docker", "shared", "kubernetes"),
    "argo-rollouts": ("bundle", "docker", "shared", "argo-rollouts"),
    "kserve": ("bundle", "docker", "kserve"),
}
MANIFEST = "deploy.json"
PORT = 8080
LONGEST = 63
# Names of services get endings such as -canary.
LONGEST_NAME = 50
USER = 10001
_IMAGE = re.compile(
    r"[a-z0-9]+([._-][a-z0-9]+)*(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is deployed, and under which names. `python` is such as 3.12."""

    record: ReleaseRecord
    tag: str
    target: Target
    image: str
    base: str
    python: str

    def values(self, pins: Mapping[str, str]) -> dict[str, Any]:
        """What the templates are told."""
        record = self.record
        return {
            "model": record.model,
            "version": record.version,
            "number": record.version.removeprefix("v"),
            "tag": self.tag,
            "commit": record.commit,
            "sha256": record.file.sha256,
            "run": record.run,
            "file": record.file.path.rpartition("/")[2],
            "name": dns_name(record.model),
            "label_version": label_value(record.version.removeprefix("v")),
            "image": self.image,
            "base": self.base,
            "python": self.python,
            "pins": tuple(f"{name}=={version}" for name, version in sorted(pins.items())),
            "port": PORT,
            "user": USER,
            "target": self.target,
        }


def dns_name(model: str) -> str:
    """The model's name as DNS and clusters take it (RFC 1123); names that differ stay different."""
    plain = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")
    if plain == model and len(plain) <= LONGEST_NAME and not plain[0].isdigit():
        return plain
    digest = hashlib.sha256(model.encode()).hexdigest()[:6]
    kept = re.sub(r"^[0-9-]+", "", plain)[: LONGEST_NAME - 7].strip("-") or "model"
    return f"{kept}-{digest}"


def label_value(text: str) -> str:
    """A text as the value of a label: 63 characters of letters, digits, `-`, `_`, `.`, the ends letters or digits."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)[:LONGEST].strip("-._") or "unknown"


def image_of(record: ReleaseRecord, given: str | None) -> str:
    """The image's name: as it is given, with the version as its tag where it has none. Raises UsageError for no name."""
    name = given or dns_name(record.model)
    if _IMAGE.fullmatch(name) is None:
        raise UsageError(
            f"{name!r} names no image",
            hint="such as registry.example/team/model, with :TAG or @sha256:DIGEST",
        )
    if ":" in name.rpartition("/")[2] or "@" in name:
        return name
    return f"{name}:{label_value(record.version.removeprefix('v'))}"


def base_of(name: str) -> str:
    """The image to build on. Raises UsageError for no name, and for one that may be another image tomorrow."""
    last = name.rpartition("/")[2]
    if _IMAGE.fullmatch(name) is None or (":" not in last and "@" not in last):
        raise UsageError(
            f"{name!r} names no image to build on",
            hint="such as python:3.12-slim, or best NAME@sha256:DIGEST",
        )
    return name


def manifest(deployment: Deployment, digests: Mapping[str, str]) -> dict[str, Any]:
    """`deploy.json`: what was deployed, and the SHA-256 of every other file."""
    record = deployment.record
    return {
        "schema": 1,
        "target": deployment.target,
        "model": record.model,
        "version": record.version,
        "tag": deployment.tag,
        "commit": record.commit,
        "sha256": record.file.sha256,
        "image": deployment.image,
        "files": dict(sorted(digests.items())),
    }


def differences(wanted: Mapping[str, str], there: Mapping[str, str]) -> tuple[str, ...]:
    """What is not as it should be, a line for each file or directory that is none of ours; both map paths to hashes."""
    paths: Iterable[str] = sorted({*wanted, *there})
    ours = {path.partition("/")[0] for path in wanted}
    said: dict[str, None] = {}
    for path in paths:
        first, inside, _ = path.partition("/")
        if path not in there:
            said[f"{path} is missing"] = None
        elif path not in wanted:
            other = f"{first}/" if inside and first not in ours else path
            said[f"{other} does not belong there"] = None
        elif wanted[path] != there[path]:
            said[f"{path} is another one"] = None
    return tuple(said)
