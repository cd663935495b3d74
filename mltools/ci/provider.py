"""What every forge has, as mltools sees it: the values that are exchanged, and what a provider must offer.

A provider is a module with the functions of `Provider`, listed in `mltools.ci.PROVIDERS`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from mltools.core.config import Config
from mltools.core.context import Context

if TYPE_CHECKING:  # the module loads jinja2, which a run has no use for
    from mltools.edges.templates import RenderedFile


State = Literal["success", "failure", "error", "pending"]
Level = Literal["error", "warning", "notice"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the workflows need to know beside mltools.yaml.

    `prefix` is the project's place in the repository ("" or "sub/dir/"), `remote` the URL of its default DVC remote.
    """

    prefix: str = ""
    remote: str | None = None


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as the forge knows it now; `head_repository` is None when the fork is gone.

    `base` is the branch that it would be merged into.
    """

    number: int
    state: str
    head_sha: str
    head_repository: str | None
    base_repository: str
    url: str = ""
    title: str = ""
    body: str = ""
    base: str = ""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a pull request; `author` is "" when the account is gone."""

    id: int
    author: str
    body: str


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue; `author` is "" when the account is gone."""

    number: int
    author: str
    title: str
    body: str
    open: bool
    url: str = ""


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """The verdict as the forge shows it beside a commit."""

    context: str
    state: State
    description: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of a release; `complete` is false for an upload that broke off. `digest` is `sha256:...` where known.

    `url` is where people who may read the repository get it from, "" where the forge does not tell.
    """

    id: int
    name: str
    size: int
    complete: bool
    digest: str | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """A release on the forge, which stands beside a tag."""

    id: int
    tag: str
    draft: bool
    url: str
    upload_url: str
    assets: tuple[Asset, ...] = ()


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark that the forge shows beside a file's line, or beside the run."""

    level: Level
    text: str
    title: str = "mltools"
    file: str | None = None
    line: int | None = None


class Forge(Protocol):
    """A forge's API for one repository. Every method raises ProviderError when the forge refuses or is out of reach."""

    @property
    def repository(self) -> str: ...

    def pull_requests_of(self, commit: str) -> tuple[PullRequest, ...]:
        """Those that the commit is or was a part of, whatever their state."""

    def pull_requests_from(self, owner: str, branch: str) -> tuple[PullRequest, ...]:
        """The open ones from a branch, which may lie in a fork."""

    def create_pull_request(self, branch: str, base: str, title: str, body: str) -> PullRequest:
        """Ask that a branch of this repository be merged into `base`; the one that asks so already, where there is one."""

    def update_pull_request(self, pull_request: int, body: str) -> None:
        """Give it another text."""

    def merge_pull_request(self, pull_request: int, commit: str, title: str) -> None:
        """Merge it if `commit` is its head; one that is merged already is no error."""

    def start_workflow(self, file: str, branch: str) -> None:
        """Start a workflow that may be started by hand, as the branch has it."""

    def verified_author(self, commit: str) -> str | None:
        """The login of a commit's author, where the forge itself vouches for the signature; None otherwise."""

    def comments(self, pull_request: int) -> tuple[Comment, ...]:
        """All of them, oldest first."""

    def create_comment(self, pull_request: int, body: str) -> Comment: ...

    def update_comment(self, comment: int, body: str) -> bool:
        """False when the comment is gone."""

    def delete_comment(self, comment: int) -> None: ...

    def issues(self, label: str) -> tuple[Issue, ...]:
        """The open ones with a label, no pull requests."""

    def create_issue(self, title: str, body: str, labels: Sequence[str]) -> Issue: ...

    def update_issue(
        self, issue: int, *, title: str | None = None, body: str | None = None, done: bool | None = None
    ) -> None:
        """Change what is given; `done` closes it as completed, or, when False, as not planned."""

    def set_status(self, commit: str, status: CommitStatus) -> None: ...

    def viewer(self) -> str | None:
        """The login that the token stands for, None where the forge does not tell."""

    def release(self, tag: str) -> Release | None:
        """The release of a tag, a draft included."""

    def draft_release(self, tag: str, *, name: str, notes: str, prerelease: bool = False) -> Release:
        """The release of a tag; made as a draft when there is none."""

    def upload_asset(self, release: Release, name: str, path: Path) -> Asset:
        """Attach a file; one of the same name and content stays, another one is replaced."""

    def download_asset(self, asset: Asset, path: Path) -> None:
        """Write an attached file to a path; what came is to be checked by its hash."""

    def publish_release(self, release: Release, *, latest: bool = True) -> Release: ...


class Provider(Protocol):
    """A forge, or another place that runs come from."""

    def detect(self, environ: Mapping[str, str]) -> bool:
        """Whether this process was started by it."""

    def event_file(self, environ: Mapping[str, str]) -> Path | None:
        """Where it describes the event as JSON."""

    def read_context(self, environ: Mapping[str, str], event: Any) -> Context:
        """What started the run; `event` is the event file's content, {} without one."""

    def workflows(self, config: Config, facts: Facts) -> "tuple[RenderedFile, ...]":
        """The workflow files that it runs, with paths from the top of the repository.

        Raises ConfigError for what no workflow can carry.
        """

    def workflow_paths(self, prefix: str) -> Mapping[str, str]:
        """Where each kind of workflow of a project lies, whether or not its configuration asks for it."""

    def once(self) -> "tuple[RenderedFile, ...]":
        """Files beside the workflows that are written where they are missing, and then are the project's own."""

    def connect(self, environ: Mapping[str, str]) -> Forge | None:
        """Its API; None without a token or a repository."""

    def summary(self, environ: Mapping[str, str], text: str) -> bool:
        """Show Markdown on the run's page; False when there is no such page. Raises MltoolsError when it cannot."""

    def output(self, environ: Mapping[str, str], name: str, value: str) -> bool:
        """Hand a value to later steps; False when there are none. Raises MltoolsError when it cannot."""

    def file_address(self, environ: Mapping[str, str], commit: str, path: str) -> str | None:
        """Where people who may read the repository see a file of a commit, raw; None outside of its runs."""

    def annotate(self, annotation: Annotation) -> str | None:
        """The line to be printed for an annotation; None when nobody would read it."""
