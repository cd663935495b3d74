"""GitHub as a provider of runs: what started one, and how its result is shown."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mltools.ci import github_events, github_job
from mltools.ci.provider import Facts, Forge
from mltools.core.config import Config
from mltools.errors import ProviderError

if TYPE_CHECKING:
    from mltools.edges.templates import RenderedFile

API = "https://api.github.com"
SERVER = "https://github.com"
TOKENS = ("GH_TOKEN", "GITHUB_TOKEN")
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*/(?!\.{1,2}$)[A-Za-z0-9_.-]+")

read_context = github_events.read_context
summary = github_job.summary
output = github_job.output
annotate = github_job.annotate


def detect(environ: Mapping[str, str]) -> bool:
    return environ.get("GITHUB_ACTIONS") == "true"


def event_file(environ: Mapping[str, str]) -> Path | None:
    name = environ.get("GITHUB_EVENT_PATH")
    return Path(name) if name else None


def file_address(environ: Mapping[str, str], commit: str, path: str) -> str | None:
    """The address that GitHub answers with the file itself, in private repositories, too, for who is signed in."""
    server, repository = environ.get("GITHUB_SERVER_URL") or SERVER, environ.get("GITHUB_REPOSITORY")
    if not repository or not REPOSITORY.fullmatch(repository):
        return None
    return f"{server.rstrip('/')}/{repository}/blob/{commit}/{path}?raw=true"


def workflows(config: Config, facts: Facts) -> "tuple[RenderedFile, ...]":
    from mltools.ci import github_workflows  # noqa: PLC0415 - loads jinja2, which only this call needs

    return github_workflows.workflows(config, facts)


def workflow_paths(prefix: str) -> Mapping[str, str]:
    from mltools.ci import github_workflows  # noqa: PLC0415 - as above

    return github_workflows.paths(prefix)


def once() -> "tuple[RenderedFile, ...]":
    from mltools.ci import github_workflows  # noqa: PLC0415 - as above

    return (github_workflows.dependabot(),)


def connect(environ: Mapping[str, str]) -> Forge | None:
    """The API of the repository that the variables name; None without a token or a repository.

    Raises ProviderError for a repository, an address or a token that cannot be one.
    """
    from mltools.ci.github_api import GitHub  # noqa: PLC0415 - loads requests, which only this call needs

    token = next((environ[name] for name in TOKENS if environ.get(name)), None)
    repository = environ.get("GITHUB_REPOSITORY")
    if token is None or not repository:
        return None
    if not REPOSITORY.fullmatch(repository):
        raise ProviderError(f"GITHUB_REPOSITORY: {repository!r} is not OWNER/NAME")
    return GitHub.of(environ.get("GITHUB_API_URL") or API, repository, token)
