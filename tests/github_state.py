"""What the stand-in forge remembers."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.openapi import Description

DOCS = "https://docs.github.com/rest"
BOT = "github-actions[bot]"


@dataclass(frozen=True)
class Viewer:
    """Whom a token stands for; an installation's token has no user of its own."""

    login: str
    write: bool = True
    installation: bool = False


@dataclass(frozen=True)
class Call:
    template: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    viewer: Viewer | None
    url: str
    accept: str = ""


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818 - an answer, not an error of ours
    """The call is answered with an error of GitHub's kind."""

    def __init__(self, status: int, words: str, **error: str) -> None:
        super().__init__(words)
        self.reply = Reply(status, {"message": words, "documentation_url": DOCS})
        if error:
            self.reply.body["errors"] = [{"resource": "Thing", "code": "custom", **error}]


@dataclass
class Pull:
    number: int
    head_repository: str | None
    branch: str
    base: str
    commits: list[str]  # every head that it ever had, the present one last
    title: str = "A change"
    body: str | None = None
    state: str = "open"
    merged: bool = False
    draft: bool = False
    locked: bool = False


@dataclass
class Forge:
    """One repository on the forge. With `git`, branches and tags are read from that bare repository."""

    repository: str = "octo/iris"
    base_url: str = "http://127.0.0.1"
    git: Path | None = None
    default_branch: str = "main"
    viewers: dict[str, Viewer] = field(default_factory=lambda: {"secret": Viewer(BOT, installation=True)})
    refs: dict[str, str] = field(default_factory=dict)
    commits: set[str] = field(default_factory=set)
    signed: dict[str, tuple[str | None, str | None, bool]] = field(
        default_factory=dict
    )  # author, committer, verified
    pulls: dict[int, Pull] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    started: list[tuple[str, str]] = field(default_factory=list)  # workflows by hand: file, ref
    may_open_pulls: bool = True  # the setting of the repository for the workflows' own token
    rules: str = ""  # what a rule of the base branch says to whoever merges
    releases: dict[int, dict[str, Any]] = field(default_factory=dict)
    assets: dict[int, bytes] = field(default_factory=dict)
    renamed_from: str | None = None
    description: Description = field(default_factory=Description.load)
    _last: int = 0

    def open_pull(self, commit: str, *, branch: str = "topic", repository: str | None = None) -> Pull:
        """A pull request from a branch of this repository, or of `repository`, a fork."""
        pull = Pull(self.number(), repository or self.repository, branch, self.default_branch, [commit])
        self.pulls[pull.number] = pull
        self.commits.add(commit)
        return pull

    def open_issue(self, login: str, title: str, body: str, labels: Sequence[str] = ()) -> dict[str, Any]:
        """An issue by anybody; labels that are not there yet are made, as GitHub does for who may write."""
        number = self.number()
        issue = self.description.example(
            "issue",
            id=number + 1_000_000,
            number=number,
            title=title,
            body=body,
            state="open",
            user=self.user(login),
            labels=[{"name": name} for name in labels],
            html_url=f"https://github.com/{self.repository}/issues/{number}",
            created_at=self.time(),
            updated_at=self.time(),
        )
        self.issues[number] = issue
        return issue

    def say(self, number: int, login: str, body: str) -> dict[str, Any]:
        """A comment by anybody."""
        comment = self.description.example(
            "issue-comment",
            id=self.number(),
            body=body,
            user=self.user(login),
            html_url=f"https://github.com/{self.repository}/pull/{number}#issuecomment-{self._last}",
            created_at=self.time(),
            updated_at=self.time(),
            author_association="NONE",
        )
        self.comments.setdefault(number, []).append(comment)
        return comment

    def texts(self, number: int) -> list[str]:
        return [comment["body"] for comment in self.comments.get(number, [])]

    def seen(self) -> dict[str, Any]:
        """The state as JSON that a test of another process reads."""
        return {
            "pulls": {number: vars(pull) for number, pull in self.pulls.items()},
            "comments": {
                number: [
                    {"id": item["id"], "author": item["user"]["login"], "body": item["body"]}
                    for item in items
                ]
                for number, items in self.comments.items()
            },
            "issues": [
                {key: item[key] for key in ("number", "title", "body", "state")}
                for item in self.issues.values()
            ],
            "statuses": [
                {
                    "sha": item["sha"],
                    **{key: item[key] for key in ("context", "state", "description", "target_url")},
                }
                for item in self.statuses
            ],
            "releases": [
                {
                    **{key: item[key] for key in ("id", "tag_name", "name", "body", "draft", "prerelease")},
                    "assets": [
                        {"name": asset["name"], "size": asset["size"], "digest": asset["digest"]}
                        for asset in item["assets"]
                    ],
                }
                for item in self.releases.values()
            ],
            "refs": self.refs,
            "started": self.started,
        }

    def user(self, login: str) -> dict[str, Any]:
        bot = login.endswith("[bot]")
        page = f"apps/{login.removesuffix('[bot]')}" if bot else login
        return self.description.example(
            "simple-user", login=login, type="Bot" if bot else "User", html_url=f"https://github.com/{page}"
        )

    def sha(self, ref: str) -> str | None:
        """Where a full ref name points."""
        if ref in self.refs or self.git is None:
            return self.refs.get(ref)
        return self.ask_git("rev-parse", "--verify", "--quiet", "--end-of-options", ref) or None

    def knows(self, commit: str) -> bool:
        if commit in self.commits or commit in self.refs.values():
            return True
        return self.git is not None and self.ask_git("cat-file", "-t", commit) == "commit"

    def head(self, pull: Pull) -> str:
        """A pull request's head, which follows its branch."""
        now = self.sha(f"refs/heads/{pull.branch}") if pull.head_repository == self.repository else None
        if now is not None and now != pull.commits[-1] and pull.state == "open":
            pull.commits.append(now)
        return pull.commits[-1]

    def ask_git(self, *args: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.git), *args], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    def number(self) -> int:
        self._last += 1
        return self._last

    def time(self) -> str:
        return (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._last)).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
