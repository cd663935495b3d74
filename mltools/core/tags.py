"""What a tag's name says, in GTO's grammar.

`NAME@vX.Y.Z` registers a version, `NAME#STAGE#N` assigns a stage, a `!` takes either back, `NAME@deprecated` retires
the model; a model in a directory is `dir:name`, written `dir=name` in a tag.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from mltools.core import versions

_NAME = r"[a-zA-Z0-9](?:[a-zA-Z0-9/_-]*[a-zA-Z0-9])?"
_DIRECTORY = r"[a-zA-Z0-9_./-]+"
_TAG = re.compile(
    rf"(?P<model>(?:{_DIRECTORY}=)?{_NAME})"
    rf"(?:(?:#(?P<stage>{_NAME})|@(?P<version>{versions.PATTERN}))(?P<cancel>!?)|@(?P<word>deprecated|created))"
    r"(?:#(?P<counter>[0-9]+))?",
    re.ASCII,
)
_REFERENCE = re.compile(
    rf"(?P<model>(?:{_DIRECTORY}[:=])?{_NAME})"
    rf"(?:#(?P<stage>{_NAME})|@(?P<version>latest|greatest|{versions.PATTERN}))?",
    re.ASCII,
)
_MODEL = re.compile(rf"(?:{_DIRECTORY}:)?{_NAME}", re.ASCII)
_STAGE = re.compile(_NAME, re.ASCII)


class Action(StrEnum):
    CREATE = "create"
    DEPRECATE = "deprecate"
    REGISTER = "register"
    DEREGISTER = "deregister"
    ASSIGN = "assign"
    UNASSIGN = "unassign"


@dataclass(frozen=True, slots=True)
class TagName:
    """What is done to which model, and to which of its versions or stages; the counter tells repetitions apart."""

    action: Action
    model: str
    version: str | None = None
    stage: str | None = None
    counter: int | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """What a person names: a model, one of its versions, or what a stage holds."""

    model: str
    version: str | None = None
    stage: str | None = None
    latest: bool = False


def parse_tag(name: str) -> TagName | None:
    """What a tag's short name says; None when it is not in the grammar."""
    match = _TAG.fullmatch(name)
    if match is None:
        return None
    model, counter = match["model"].replace("=", ":"), match["counter"]
    number = None if counter is None else int(counter)
    if match["version"]:
        action = Action.DEREGISTER if match["cancel"] else Action.REGISTER
        return TagName(action, model, version=match["version"], counter=number)
    if match["stage"]:
        action = Action.UNASSIGN if match["cancel"] else Action.ASSIGN
        return TagName(action, model, stage=match["stage"], counter=number)
    return TagName(Action.CREATE if match["word"] == "created" else Action.DEPRECATE, model, counter=number)


def format_tag(said: TagName) -> str:
    """The tag's short name. Raises ValueError for what the grammar cannot say."""
    match said.action:
        case Action.REGISTER | Action.DEREGISTER:
            what = f"@{said.version}"
        case Action.ASSIGN | Action.UNASSIGN:
            what = f"#{said.stage}"
        case Action.DEPRECATE:
            what = "@deprecated"
        case Action.CREATE:
            what = "@created"
    taken_back = "!" if said.action in {Action.DEREGISTER, Action.UNASSIGN} else ""
    counter = "" if said.counter is None else f"#{said.counter}"
    name = f"{said.model.replace(':', '=')}{what}{taken_back}{counter}"
    if parse_tag(name) != said:
        raise ValueError(f"no tag can say {said}")
    return name


def version_tag(model: str, version: str) -> str:
    """The tag that registers a version."""
    return format_tag(TagName(Action.REGISTER, model, version=version))


def model_name(directory: str, name: str) -> str:
    """The full name of a model in a project's directory ("" at the top). Raises ValueError when no tag can say it."""
    inside = directory.rstrip("/")
    full = f"{inside}:{name}" if inside not in {"", "."} else name
    if not _MODEL.fullmatch(full):
        raise ValueError(
            f"the model name {full!r} cannot stand in a tag: a name has letters, digits and - _ /, "
            "its directory also dots"
        )
    return full


def is_model(name: str) -> bool:
    """Whether a tag can carry this model's full name."""
    return _MODEL.fullmatch(name) is not None


def is_stage(name: str) -> bool:
    """Whether a tag can carry this stage's name."""
    return _STAGE.fullmatch(name) is not None


def parse_reference(text: str) -> Reference | None:
    """NAME, NAME@VERSION, NAME@latest or NAME#STAGE; None for anything else."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    latest = match["version"] in {"latest", "greatest"}
    return Reference(
        model=match["model"].replace("=", ":"),
        version=None if latest else match["version"],
        stage=match["stage"],
        latest=latest,
    )


def why_not(name: str) -> str | None:
    """Why a tag that looks like one of the registry's is none; None for a tag of another kind."""
    model, separator, version = name.partition("@")
    if not separator and "#" not in name:
        return None
    if versions.is_version(f"v{version}"):
        return f"versions start with v: {model}@v{version}"
    return "neither NAME@vX.Y.Z nor NAME#STAGE#N, so nothing can be read from it"
