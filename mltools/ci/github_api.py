"""GitHub's REST API for one repository, as far as mltools uses it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from mltools.ci.fitting import same_text
from mltools.ci.provider import Asset, Comment, CommitStatus, Issue, PullRequest, Release
from mltools.ci.trees import at, need_text, need_whole, text
from mltools.edges import files
from mltools.edges.rest import Client, is_loopback
from mltools.errors import ProviderError

HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
BETWEEN_WRITES = 1.0  # GitHub asks for writes in series, a second apart
NOTES_LIMIT = 125_000
GITHUB_ITSELF = "web-flow"
NOT_FOUND, FORBIDDEN, UNPROCESSABLE = 404, 403, 422
NOT_PERMITTED = (
    'in the repository\'s settings, under Actions, allow "GitHub Actions to create and approve pull requests", '
    "then run the job again"
)


@dataclass(frozen=True, slots=True)
class GitHub:
    """One repository on github.com or on a GitHub server of one's own."""

    rest: Client
    repository: str

    @classmethod
    def of(cls, api: str, repository: str, token: str) -> "GitHub":
        """The repository at an API's address."""
        pace = 0.0 if is_loopback(api) else BETWEEN_WRITES
        return cls(Client(api, token, HEADERS, trusted=_uploads(api), between_writes=pace), repository)

    def pull_requests_of(self, commit: str) -> tuple[PullRequest, ...]:
        """Those that the commit is or was a part of; none for a commit that GitHub does not know."""
        try:
            found = list(self.rest.pages(self._path("commits", commit, "pulls")))
        except ProviderError as error:
            if error.status in {NOT_FOUND, UNPROCESSABLE}:
                return ()
            raise
        return tuple(_pull_request(tree) for tree in found)

    def verified_author(self, commit: str) -> str | None:
        """The author of a commit whose signature GitHub has verified: with their key, or with its own on its pages.

        The signature is the committer's, so an author who is somebody else is not proved by it, unless GitHub itself
        committed for them.
        """
        try:
            tree = self.rest.get(self._path("commits", commit))
        except ProviderError as error:
            if error.status in {NOT_FOUND, UNPROCESSABLE}:
                return None
            raise
        if at(tree, "commit", "verification", "verified") is not True:
            return None
        author, committer = text(tree, "author", "login"), text(tree, "committer", "login")
        return author if committer in {author, GITHUB_ITSELF} else None

    def pull_requests_from(self, owner: str, branch: str) -> tuple[PullRequest, ...]:
        query = {"head": f"{owner}:{branch}", "state": "open"}
        return tuple(_pull_request(tree) for tree in self.rest.pages(self._path("pulls"), query))

    def create_pull_request(self, branch: str, base: str, title: str, body: str) -> PullRequest:
        """A pull request, made once however the connection behaves and whoever else is at it."""

        def find() -> Any | None:
            query = {"head": f"{self.repository.split('/')[0]}:{branch}", "base": base, "state": "open"}
            return next(self.rest.pages(self._path("pulls"), query), None)

        tree = {"head": branch, "base": base, "title": title, "body": body}
        try:
            return _pull_request(self.rest.create(lambda: self.rest.post(self._path("pulls"), tree), find))
        except ProviderError as error:
            if error.status == UNPROCESSABLE and (found := find()) is not None:
                return _pull_request(found)  # somebody else was faster
            if error.status == FORBIDDEN and "not permitted to create" in error.message:
                error.hint = NOT_PERMITTED
            raise

    def update_pull_request(self, pull_request: int, body: str) -> None:
        self.rest.patch(self._path("pulls", str(pull_request)), {"body": body})

    def merge_pull_request(self, pull_request: int, commit: str, title: str) -> None:
        """Merge it if `commit` is its head. After a lost answer it is looked at before it is tried again."""

        def find() -> Any | None:
            tree = self.rest.get(self._path("pulls", str(pull_request)))
            return tree if at(tree, "merged") is True else None

        if find() is not None:
            return
        path = self._path("pulls", str(pull_request), "merge")
        body = {"sha": commit, "commit_title": title, "merge_method": "merge"}
        self.rest.create(lambda: self.rest.put(path, body), find)

    def start_workflow(self, file: str, branch: str) -> None:
        """Sent again only where it certainly did not arrive: a run that is started twice finds its work done."""
        self.rest.post(self._path("actions", "workflows", file, "dispatches"), {"ref": branch})

    def comments(self, pull_request: int) -> tuple[Comment, ...]:
        found = self.rest.pages(self._path("issues", str(pull_request), "comments"))
        return tuple(sorted((_comment(tree) for tree in found), key=lambda comment: comment.id))

    def create_comment(self, pull_request: int, body: str) -> Comment:
        """A new comment, made once however the connection behaves."""
        path = self._path("issues", str(pull_request), "comments")

        def find() -> Any | None:
            same = (tree for tree in self.rest.pages(path) if same_text(str(at(tree, "body") or ""), body))
            return next(same, None)

        return _comment(self.rest.create(lambda: self.rest.post(path, {"body": body}), find))

    def update_comment(self, comment: int, body: str) -> bool:
        try:
            self.rest.patch(self._path("issues", "comments", str(comment)), {"body": body})
        except ProviderError as error:
            if error.status == NOT_FOUND:
                return False
            raise
        return True

    def delete_comment(self, comment: int) -> None:
        self.rest.delete(self._path("issues", "comments", str(comment)))

    def issues(self, label: str) -> tuple[Issue, ...]:
        """The open ones with a label. GitHub lists pull requests among them, which are no issues to anybody else."""
        found = self.rest.pages(self._path("issues"), {"state": "open", "labels": label})
        return tuple(_issue(tree) for tree in found if at(tree, "pull_request") is None)

    def create_issue(self, title: str, body: str, labels: Sequence[str]) -> Issue:
        """A new issue, made once however the connection behaves; labels that there are not are made by GitHub."""
        path = self._path("issues")

        def find() -> Any | None:
            found = self.rest.pages(path, {"state": "open", "labels": ",".join(labels)})
            return next((tree for tree in found if same_text(str(at(tree, "body") or ""), body)), None)

        tree = {"title": title, "body": body, "labels": list(labels)}
        return _issue(self.rest.create(lambda: self.rest.post(path, tree), find))

    def update_issue(
        self, issue: int, *, title: str | None = None, body: str | None = None, done: bool | None = None
    ) -> None:
        """Change what is given; `done` closes it as completed, or, when False, as not planned."""
        tree = {key: value for key, value in (("title", title), ("body", body)) if value is not None}
        if done is not None:
            tree |= {"state": "closed", "state_reason": "completed" if done else "not_planned"}
        self.rest.patch(self._path("issues", str(issue)), tree)

    def set_status(self, commit: str, status: CommitStatus) -> None:
        """The newest status of a context is the one that counts, so setting it twice does no harm."""
        body: dict[str, str] = {
            "context": status.context,
            "state": status.state,
            "description": status.description,
        }
        if status.url is not None:
            body["target_url"] = status.url
        self.rest.post(self._path("statuses", commit), body, repeatable=True)

    def viewer(self) -> str | None:
        """The login of a person's token. A workflow's or an app's token has no user, and GitHub says 403."""
        try:
            return text(self.rest.get("user"), "login")
        except ProviderError as error:
            if error.status in {FORBIDDEN, NOT_FOUND}:
                return None
            raise

    def release(self, tag: str) -> Release | None:
        """A published release by its tag; drafts are known by the list alone."""
        tree = self.rest.find(self._path("releases", "tags", tag)) or self._draft(tag)
        return None if tree is None else _release(tree)

    def draft_release(self, tag: str, *, name: str, notes: str, prerelease: bool = False) -> Release:
        existing = self.release(tag)
        if existing is not None:
            return existing
        body = {
            "tag_name": tag,
            "name": name,
            "body": notes[:NOTES_LIMIT],
            "draft": True,
            "prerelease": prerelease,
        }
        tree = self.rest.create(
            lambda: self.rest.post(self._path("releases"), body), lambda: self._draft(tag)
        )
        return _release(tree)

    def upload_asset(self, release: Release, name: str, path: Path) -> Asset:
        """Attach a file; GitHub changes names that hold more than letters, digits and `._-`."""
        url = release.upload_url.partition("{")[0]
        size, digest = files.size(path), f"sha256:{files.sha256(path)}"

        def find() -> Any | None:
            for tree in self.rest.pages(self._path("releases", str(release.id), "assets")):
                asset = _asset(tree)
                if asset.name != name:
                    continue
                if asset.complete and asset.size == size and asset.digest in {None, digest}:
                    return tree
                self.rest.delete(self._path("releases", "assets", str(asset.id)))
            return None

        def make() -> Any:
            return self.rest.upload(url, path, "application/octet-stream", {"name": name})

        return _asset(find() or self.rest.create(make, find))

    def download_asset(self, asset: Asset, path: Path) -> None:
        self.rest.download(self._path("releases", "assets", str(asset.id)), path, size=asset.size)

    def publish_release(self, release: Release, *, latest: bool = True) -> Release:
        """End the draft. `make_latest` is a word and not a truth value."""
        body = {"draft": False, "make_latest": "true" if latest else "false"}
        return _release(self.rest.patch(self._path("releases", str(release.id)), body))

    def _draft(self, tag: str) -> Any | None:
        releases = self.rest.pages(self._path("releases"))
        return next((tree for tree in releases if at(tree, "tag_name") == tag), None)

    def _path(self, *steps: str) -> str:
        return "/".join(["repos", self.repository, *(quote(step, safe="") for step in steps)])


def _uploads(api: str) -> tuple[str, ...]:
    """The host that takes files: a sister of the API's host, or the API's own host on a server of one's own."""
    host = urlsplit(api).hostname or ""
    return (f"https://uploads.{host.removeprefix('api.')}",) if host.startswith("api.") else ()


def _pull_request(tree: Mapping[str, Any]) -> PullRequest:
    return PullRequest(
        number=need_whole(tree, "number"),
        state=need_text(tree, "state"),
        head_sha=need_text(tree, "head", "sha"),
        head_repository=text(tree, "head", "repo", "full_name"),
        base_repository=need_text(tree, "base", "repo", "full_name"),
        url=text(tree, "html_url") or "",
        title=text(tree, "title") or "",
        body=text(tree, "body") or "",
        base=text(tree, "base", "ref") or "",
    )


def _comment(tree: Mapping[str, Any]) -> Comment:
    return Comment(need_whole(tree, "id"), text(tree, "user", "login") or "", text(tree, "body") or "")


def _issue(tree: Mapping[str, Any]) -> Issue:
    return Issue(
        number=need_whole(tree, "number"),
        author=text(tree, "user", "login") or "",
        title=need_text(tree, "title"),
        body=text(tree, "body") or "",
        open=at(tree, "state") == "open",
        url=text(tree, "html_url") or "",
    )


def _release(tree: Mapping[str, Any]) -> Release:
    return Release(
        id=need_whole(tree, "id"),
        tag=need_text(tree, "tag_name"),
        draft=at(tree, "draft") is True,
        url=text(tree, "html_url") or "",
        upload_url=need_text(tree, "upload_url"),
        assets=tuple(_asset(asset) for asset in at(tree, "assets") or ()),
    )


def _asset(tree: Mapping[str, Any]) -> Asset:
    return Asset(
        id=need_whole(tree, "id"),
        name=need_text(tree, "name"),
        size=need_whole(tree, "size"),
        complete=at(tree, "state") == "uploaded",
        digest=text(tree, "digest"),
        url=text(tree, "browser_download_url") or "",
    )
