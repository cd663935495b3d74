"""What each of GitHub's calls does to the stand-in forge, and what it answers."""

import hashlib
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tests.github_state import BOT, Call, Forge, Pull, Refused, Reply
from tests.openapi import REPO

COMMENT_LIMIT, STATUS_LIMIT, TITLE_LIMIT = 65_536, 140, 256
NOT_ALLOWED = "Resource not accessible by integration"
ZERO = "0" * 40


def answer(forge: Forge, method: str, call: Call) -> Reply:
    """Carry a call out. Raises Refused."""
    if call.template != "/user" and f"{call.path['owner']}/{call.path['repo']}" != forge.repository:
        raise Refused(404, "Not Found")
    if method != "GET":
        if call.viewer is None:
            raise Refused(401, "Requires authentication")
        if not call.viewer.write:
            raise Refused(403, NOT_ALLOWED)
    return ROUTES[method, call.template.removeprefix(REPO)](forge, call)


def viewer(forge: Forge, call: Call) -> Reply:
    if call.viewer is None:
        raise Refused(401, "Requires authentication")
    if call.viewer.installation:
        raise Refused(403, NOT_ALLOWED)
    user = forge.description.example("public-user", login=call.viewer.login, user_view_type="public")
    return Reply(200, user)


def show_repository(forge: Forge, call: Call) -> Reply:  # noqa: ARG001 - every call has the same signature
    return Reply(200, _repository(forge, "full-repository", forge.repository))


def list_pulls(forge: Forge, call: Call) -> Reply:
    state, head = call.query.get("state", "open"), call.query.get("head", "")
    found = [
        pull
        for pull in forge.pulls.values()
        if state in {pull.state, "all"}
        and call.query.get("base", pull.base) == pull.base
        # As GitHub does: a head that is not OWNER:BRANCH filters nothing.
        and (":" not in head or head == _label(pull))
    ]
    return _page(call, [_pull(forge, pull, "pull-request-simple") for pull in reversed(found)])


def create_pull(forge: Forge, call: Call) -> Reply:
    assert call.viewer is not None
    if call.viewer.installation and not forge.may_open_pulls:
        raise Refused(403, "GitHub Actions is not permitted to create or approve pull requests.")
    owner, _, branch = call.body["head"].rpartition(":")
    commit = forge.sha(f"refs/heads/{branch}")
    if commit is None or owner not in {"", forge.repository.split("/")[0]}:
        raise Refused(422, "Validation Failed", field="head", code="invalid")
    if any(pull.branch == branch and pull.state == "open" for pull in forge.pulls.values()):
        raise Refused(422, "Validation Failed", message=f"A pull request already exists for {branch}.")
    pull = forge.open_pull(commit, branch=branch)
    pull.base = call.body["base"]
    pull.title, pull.body, pull.draft = (
        call.body["title"],
        call.body.get("body"),
        call.body.get("draft", False),
    )
    return Reply(201, _pull(forge, pull, "pull-request"))


def show_pull(forge: Forge, call: Call) -> Reply:
    return Reply(200, _pull(forge, _known(forge, call), "pull-request"))


def change_pull(forge: Forge, call: Call) -> Reply:
    pull = _known(forge, call)
    pull.state = call.body.get("state", pull.state)
    pull.title = call.body.get("title", pull.title)
    if "body" in call.body:
        pull.body = _text(call)
    return Reply(200, _pull(forge, pull, "pull-request"))


def merge_pull(forge: Forge, call: Call) -> Reply:
    """Without Git a flag; with it a commit with two parents, as GitHub makes it."""
    pull = _known(forge, call)
    head = forge.head(pull)
    if forge.rules:
        raise Refused(405, forge.rules)
    if pull.state != "open":
        raise Refused(405, "Pull Request is not mergeable")
    if call.body.get("sha", head) != head:
        raise Refused(409, "Head branch was modified. Review and try the merge again.")
    merged = head
    if forge.git is not None:
        base = forge.sha(f"refs/heads/{pull.base}") or ZERO
        tree = forge.ask_git("merge-tree", "--write-tree", base, head)
        title = call.body.get("commit_title", f"Merge #{pull.number}")
        merged = forge.ask_git("commit-tree", "-p", base, "-p", head, "-m", title, tree)
        forge.ask_git("update-ref", f"refs/heads/{pull.base}", merged, base)
    pull.state, pull.merged = "closed", True
    return Reply(200, {"sha": merged, "merged": True, "message": "Pull Request successfully merged"})


def start_workflow(forge: Forge, call: Call) -> Reply:
    ref, file = call.body["ref"], call.path["workflow_id"]
    if forge.git is not None and not forge.ask_git(
        "cat-file", "-t", f"refs/heads/{ref}:.github/workflows/{file}"
    ):
        raise Refused(404, "Not Found")
    forge.started.append((file, ref))
    return Reply(204)


def show_commit(forge: Forge, call: Call) -> Reply:
    commit = call.path["ref"]
    if not forge.knows(commit):
        raise Refused(422, f"No commit found for SHA: {commit}")
    author, committer, verified = forge.signed.get(commit, (None, None, False))
    tree = forge.description.example("commit", sha=commit)
    tree["author"] = None if author is None else forge.user(author)
    tree["committer"] = None if committer is None else forge.user(committer)
    tree["commit"]["verification"] = {
        "verified": verified,
        "reason": "valid" if verified else "unsigned",
        "signature": None,
        "payload": None,
        "verified_at": None,
    }
    return Reply(200, tree)


def pulls_of_commit(forge: Forge, call: Call) -> Reply:
    commit = call.path["commit_sha"]
    if not forge.knows(commit):
        raise Refused(422, f"No commit found for SHA: {commit}")
    for pull in forge.pulls.values():
        forge.head(pull)
    found = [pull for pull in forge.pulls.values() if commit in pull.commits]
    return _page(call, [_pull(forge, pull, "pull-request-simple") for pull in found])


def list_issues(forge: Forge, call: Call) -> Reply:
    """The newest first. As on GitHub a pull request is an issue too, and stands among them."""
    state, labels = (
        call.query.get("state", "open"),
        set(filter(None, call.query.get("labels", "").split(","))),
    )
    found = {
        number: issue
        for number, issue in forge.issues.items()
        if state in {issue["state"], "all"} and labels <= {label["name"] for label in issue["labels"]}
    }
    if not labels:
        found |= {
            pull.number: forge.description.example(
                "issue",
                number=pull.number,
                title=pull.title,
                body=pull.body,
                state=pull.state,
                user=forge.user(BOT),
                pull_request={"diff_url": None, "html_url": None, "patch_url": None, "url": None},
            )
            for pull in forge.pulls.values()
            if state in {pull.state, "all"}
        }
    return _page(call, [found[number] for number in sorted(found, reverse=True)])


def create_issue(forge: Forge, call: Call) -> Reply:
    assert call.viewer is not None
    if len(call.body["title"]) > TITLE_LIMIT:
        raise Refused(422, "Validation Failed", message="title is too long (maximum is 256 characters)")
    return Reply(
        201,
        forge.open_issue(call.viewer.login, call.body["title"], _text(call), call.body.get("labels", ())),
    )


def show_issue(forge: Forge, call: Call) -> Reply:
    return Reply(200, _issue(forge, call))


def change_issue(forge: Forge, call: Call) -> Reply:
    issue = _issue(forge, call)
    if "body" in call.body:
        _text(call)
    kept = {key: call.body[key] for key in ("title", "body", "state", "state_reason") if key in call.body}
    issue.update(kept, updated_at=forge.time())
    return Reply(200, issue)


def list_comments(forge: Forge, call: Call) -> Reply:
    if int(call.path["issue_number"]) in forge.issues:
        return _page(call, forge.comments.get(_issue(forge, call)["number"], []))
    pull = _known(forge, call, "issue_number")
    return _page(call, forge.comments.get(pull.number, []))


def create_comment(forge: Forge, call: Call) -> Reply:
    assert call.viewer is not None
    if int(call.path["issue_number"]) in forge.issues:
        return Reply(201, forge.say(_issue(forge, call)["number"], call.viewer.login, _text(call)))
    pull = _known(forge, call, "issue_number")
    if pull.locked and not call.viewer.write:
        raise Refused(403, "Unable to create comment because issue is locked.")
    return Reply(201, forge.say(pull.number, call.viewer.login, _text(call)))


def show_comment(forge: Forge, call: Call) -> Reply:
    return Reply(200, _comment(forge, call)[1])


def update_comment(forge: Forge, call: Call) -> Reply:
    comment = _comment(forge, call)[1]
    comment.update(body=_text(call), updated_at=forge.time())
    return Reply(200, comment)


def delete_comment(forge: Forge, call: Call) -> Reply:
    comments, comment = _comment(forge, call)
    comments.remove(comment)
    return Reply(204)


def create_status(forge: Forge, call: Call) -> Reply:
    sha, said = call.path["sha"], call.body.get("description") or ""
    if not forge.knows(sha):
        raise Refused(422, f"No commit found for SHA: {sha}")
    if len(said) > STATUS_LIMIT:
        raise Refused(422, "Validation Failed", message="description is too long (maximum is 140 characters)")
    status = forge.description.example(
        "status",
        id=forge.number(),
        state=call.body["state"],
        description=call.body.get("description"),
        target_url=call.body.get("target_url"),
        context=call.body.get("context", "default"),
        creator=forge.user(call.viewer.login if call.viewer else BOT),
        url=f"{forge.base_url}/repos/{forge.repository}/statuses/{sha}",
    )
    forge.statuses.append({**status, "sha": sha})
    return Reply(201, status)


def list_statuses(forge: Forge, call: Call) -> Reply:
    found = [
        {key: value for key, value in status.items() if key != "sha"}
        for status in reversed(forge.statuses)
        if status["sha"] == call.path["ref"]
    ]
    return _page(call, found)


def list_releases(forge: Forge, call: Call) -> Reply:
    drafts = call.viewer is not None and call.viewer.write
    found = [release for release in forge.releases.values() if drafts or not release["draft"]]
    return _page(call, list(reversed(found)))


def create_release(forge: Forge, call: Call) -> Reply:
    release = forge.description.example("release", id=forge.number(), draft=False, prerelease=False)
    root = f"{forge.base_url}/repos/{forge.repository}/releases/{release['id']}"
    release.update(
        name=call.body.get("name"),
        body=call.body.get("body"),
        author=forge.user(call.viewer.login if call.viewer else BOT),
        target_commitish=call.body.get("target_commitish", forge.default_branch),
        url=root,
        assets_url=f"{root}/assets",
        upload_url=f"{root}/assets{{?name,label}}",
        assets=[],
        html_url=f"https://github.com/{forge.repository}/releases/{release['id']}",
    )
    return Reply(201, _settle(forge, release, call))


def release_of_tag(forge: Forge, call: Call) -> Reply:
    for release in forge.releases.values():
        if release["tag_name"] == call.path["tag"] and not release["draft"]:
            return Reply(200, release)
    raise Refused(404, "Not Found")


def show_release(forge: Forge, call: Call) -> Reply:
    return Reply(200, _release(forge, call))


def change_release(forge: Forge, call: Call) -> Reply:
    return Reply(200, _settle(forge, _release(forge, call), call))


def delete_release(forge: Forge, call: Call) -> Reply:
    del forge.releases[_release(forge, call)["id"]]
    return Reply(204)


def list_assets(forge: Forge, call: Call) -> Reply:
    return _page(call, _release(forge, call)["assets"])


def create_asset(forge: Forge, call: Call) -> Reply:
    release, content = _release(forge, call), call.body or b""
    name = re.sub(r"[^A-Za-z0-9._@+-]", ".", call.query["name"])
    if any(asset["name"] == name for asset in release["assets"]):
        raise Refused(422, "Validation Failed", field="name", code="already_exists")
    asset = forge.description.example(
        "release-asset",
        id=forge.number(),
        name=name,
        state="uploaded",
        size=len(content),
        digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
        uploader=forge.user(call.viewer.login if call.viewer else BOT),
    )
    forge.assets[asset["id"]] = content
    release["assets"].append(asset)
    return Reply(201, asset)


def show_asset(forge: Forge, call: Call) -> Reply:
    asset = _asset(forge, call)[1]
    if call.accept == "application/octet-stream":
        return Reply(200, forge.assets[asset["id"]])
    return Reply(200, asset)


def delete_asset(forge: Forge, call: Call) -> Reply:
    release, asset = _asset(forge, call)
    release["assets"].remove(asset)
    return Reply(204)


def show_ref(forge: Forge, call: Call) -> Reply:
    name = f"refs/{call.path['ref']}"
    sha = forge.sha(name)
    if sha is None:
        raise Refused(404, "Not Found")
    return Reply(200, _ref(forge, name, sha))


def create_ref(forge: Forge, call: Call) -> Reply:
    name, sha = call.body["ref"], call.body["sha"]
    if not re.fullmatch(r"refs/[^/]+/.+", name):
        raise Refused(422, "Reference name must start with 'refs/' and have at least two slashes.")
    if not forge.knows(sha):
        raise Refused(422, "Object does not exist")
    if forge.sha(name) is not None:
        raise Refused(422, "Reference already exists")
    if forge.git is not None:
        forge.ask_git("update-ref", name, sha, ZERO)
    else:
        forge.refs[name] = sha
    return Reply(201, _ref(forge, name, sha))


def _page(call: Call, items: list[Any]) -> Reply:
    size, page = min(int(call.query.get("per_page", "30")), 100), int(call.query.get("page", "1"))
    last = max(1, -(-len(items) // size))
    links = [
        f'<{call.url}?{urlencode({**call.query, "page": number})}>; rel="{name}"'
        for name, number in (("prev", page - 1), ("next", page + 1), ("last", last), ("first", 1))
        if 1 <= number <= last and (name != "first" or page > 1) and (name != "last" or page < last)
    ]
    return Reply(200, items[(page - 1) * size : page * size], {"Link": ", ".join(links)} if links else {})


def _known(forge: Forge, call: Call, name: str = "pull_number") -> Pull:
    pull = forge.pulls.get(int(call.path[name]))
    if pull is None:
        raise Refused(404, "Not Found")
    return pull


def _issue(forge: Forge, call: Call) -> dict[str, Any]:
    issue = forge.issues.get(int(call.path["issue_number"]))
    if issue is None:
        raise Refused(404, "Not Found")
    return issue


def _comment(forge: Forge, call: Call) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    for comments in forge.comments.values():
        for comment in comments:
            if comment["id"] == int(call.path["comment_id"]):
                return comments, comment
    raise Refused(404, "Not Found")


def _text(call: Call) -> str:
    text = str(call.body["body"])
    if not text.strip():
        raise Refused(422, "Validation Failed", field="body", code="missing_field")
    if len(text) > COMMENT_LIMIT:
        raise Refused(422, "Validation Failed", message="Body is too long (maximum is 65536 characters)")
    return text


def _release(forge: Forge, call: Call) -> dict[str, Any]:
    release = forge.releases.get(int(call.path["release_id"]))
    if release is None:
        raise Refused(404, "Not Found")
    return release


def _settle(forge: Forge, release: dict[str, Any], call: Call) -> dict[str, Any]:
    """Put the fields of a request into a release, unless its tag has a published one already."""
    changed = {
        key: call.body[key] for key in ("tag_name", "name", "body", "draft", "prerelease") if key in call.body
    }
    after = {**release, **changed}
    for other in forge.releases.values():
        taken = other["tag_name"] == after["tag_name"] and not other["draft"] and other["id"] != after["id"]
        if taken and not after["draft"]:
            raise Refused(422, "Validation Failed", field="tag_name", code="already_exists")
    release.update(after, published_at=None if after["draft"] else forge.time(), created_at=forge.time())
    forge.releases[release["id"]] = release
    return release


def _asset(forge: Forge, call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    for release in forge.releases.values():
        for asset in release["assets"]:
            if asset["id"] == int(call.path["asset_id"]):
                return release, asset
    raise Refused(404, "Not Found")


def _ref(forge: Forge, name: str, sha: str) -> dict[str, Any]:
    kind = forge.ask_git("cat-file", "-t", sha) if forge.git else "commit"
    target = {"type": kind, "sha": sha, "url": f"{forge.base_url}/git/commits/{sha}"}
    return forge.description.example("git-ref", ref=name, object=target)


def _label(pull: Pull) -> str:
    return f"{(pull.head_repository or 'ghost/gone').split('/')[0]}:{pull.branch}"


def _repository(forge: Forge, schema: str, full_name: str) -> dict[str, Any]:
    owner, name = full_name.split("/")
    return forge.description.example(
        schema,
        full_name=full_name,
        name=name,
        owner=forge.user(owner),
        fork=full_name != forge.repository,
        default_branch=forge.default_branch,
    )


def _pull(forge: Forge, pull: Pull, schema: str) -> dict[str, Any]:
    side = forge.description.example(schema)["base"]
    owner = forge.user(forge.repository.split("/")[0])
    head_owner = forge.user(_label(pull).split(":")[0])
    head: dict[str, Any] = {
        **side,
        "label": _label(pull),
        "ref": pull.branch,
        "sha": forge.head(pull),
        "user": head_owner,
        "repo": _repository(forge, "repository", pull.head_repository) if pull.head_repository else None,
    }
    base = {
        **side,
        "label": f"{owner['login']}:{pull.base}",
        "ref": pull.base,
        "sha": forge.sha(f"refs/heads/{pull.base}") or ZERO,
        "user": owner,
        "repo": _repository(forge, "repository", forge.repository),
    }
    return forge.description.example(
        schema,
        number=pull.number,
        state=pull.state,
        locked=pull.locked,
        draft=pull.draft,
        title=pull.title,
        body=pull.body,
        user=head_owner,
        head=head,
        base=base,
        html_url=f"https://github.com/{forge.repository}/pull/{pull.number}",
        **({"merged": pull.merged} if schema == "pull-request" else {}),
    )


ROUTES: dict[tuple[str, str], Callable[[Forge, Call], Reply]] = {
    ("GET", "/user"): viewer,
    ("GET", ""): show_repository,
    ("GET", "/pulls"): list_pulls,
    ("POST", "/pulls"): create_pull,
    ("GET", "/pulls/{pull_number}"): show_pull,
    ("PATCH", "/pulls/{pull_number}"): change_pull,
    ("PUT", "/pulls/{pull_number}/merge"): merge_pull,
    ("POST", "/actions/workflows/{workflow_id}/dispatches"): start_workflow,
    ("GET", "/commits/{ref}"): show_commit,
    ("GET", "/commits/{commit_sha}/pulls"): pulls_of_commit,
    ("GET", "/issues"): list_issues,
    ("POST", "/issues"): create_issue,
    ("GET", "/issues/{issue_number}"): show_issue,
    ("PATCH", "/issues/{issue_number}"): change_issue,
    ("GET", "/issues/{issue_number}/comments"): list_comments,
    ("POST", "/issues/{issue_number}/comments"): create_comment,
    ("GET", "/issues/comments/{comment_id}"): show_comment,
    ("PATCH", "/issues/comments/{comment_id}"): update_comment,
    ("DELETE", "/issues/comments/{comment_id}"): delete_comment,
    ("POST", "/statuses/{sha}"): create_status,
    ("GET", "/commits/{ref}/statuses"): list_statuses,
    ("GET", "/releases"): list_releases,
    ("POST", "/releases"): create_release,
    ("GET", "/releases/tags/{tag}"): release_of_tag,
    ("GET", "/releases/{release_id}"): show_release,
    ("PATCH", "/releases/{release_id}"): change_release,
    ("DELETE", "/releases/{release_id}"): delete_release,
    ("GET", "/releases/{release_id}/assets"): list_assets,
    ("POST", "/releases/{release_id}/assets"): create_asset,
    ("GET", "/releases/assets/{asset_id}"): show_asset,
    ("DELETE", "/releases/assets/{asset_id}"): delete_asset,
    ("GET", "/git/ref/{ref}"): show_ref,
    ("POST", "/git/refs"): create_ref,
}
