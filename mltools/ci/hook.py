"""Behind a Git hook: a bare repository that runs the loop on `git push`, with no forge around it.

`mltools hook` tells the run what was pushed: MLTOOLS_TRIGGER=hook, MLTOOLS_BRANCH, MLTOOLS_BEFORE and
MLTOOLS_DEFAULT_BRANCH.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mltools.ci.provider import Annotation, Facts, Forge
from mltools.core.config import Config
from mltools.core.context import Context

if TYPE_CHECKING:
    from mltools.edges.templates import RenderedFile


def detect(environ: Mapping[str, str]) -> bool:
    return environ.get("MLTOOLS_TRIGGER") == "hook"


def event_file(environ: Mapping[str, str]) -> Path | None:  # noqa: ARG001 - the environment says it all
    return None


def read_context(environ: Mapping[str, str], event: Any) -> Context:  # noqa: ARG001 - as above
    before = environ.get("MLTOOLS_BEFORE", "")
    return Context(
        trigger="hook",
        branch=environ.get("MLTOOLS_BRANCH") or None,
        before=before if before.strip("0") else None,
        runner="hook",
        default_branch=environ.get("MLTOOLS_DEFAULT_BRANCH") or None,
    )


def workflows(config: Config, facts: Facts) -> "tuple[RenderedFile, ...]":  # noqa: ARG001 - a hook has none
    return ()


def workflow_paths(prefix: str) -> Mapping[str, str]:  # noqa: ARG001 - as above
    return {}


def once() -> "tuple[RenderedFile, ...]":
    return ()


def connect(environ: Mapping[str, str]) -> Forge | None:  # noqa: ARG001 - no forge, no API
    return None


def summary(environ: Mapping[str, str], text: str) -> bool:  # noqa: ARG001 - the pusher's terminal shows the run
    return False


def output(environ: Mapping[str, str], name: str, value: str) -> bool:  # noqa: ARG001 - no later step
    return False


def file_address(environ: Mapping[str, str], commit: str, path: str) -> str | None:  # noqa: ARG001 - no forge
    return None


def annotate(annotation: Annotation) -> str | None:  # noqa: ARG001 - as `summary`
    return None
