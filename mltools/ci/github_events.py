"""What GitHub's variables and event file say about why a run takes place."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mltools.ci.trees import at, text, whole
from mltools.core.context import Context
from mltools.core.markdown import clean

OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
BRANCHES = "refs/heads/"


def read_context(environ: Mapping[str, str], event: Any) -> Context:
    """What started the run. What neither the event nor the variables tell is None: nothing here is worth a failure.

    A branch of a fork is called OWNER:BRANCH, as GitHub does, so that a fork's `main` is never taken for ours.
    """
    name = environ.get("GITHUB_EVENT_NAME") or "unknown"
    repository = environ.get("GITHUB_REPOSITORY") or text(event, "repository", "full_name")
    context = Context(
        trigger=clean(name, limit=100),
        branch=_branch(environ, event),
        url=run_url(environ),
        runner=clean(environ.get("RUNNER_NAME") or "github", limit=200),
        repository=repository,
        default_branch=text(event, "repository", "default_branch"),
    )
    match name:
        case "push":
            return replace(context, before=_oid(event, "before"))
        case "pull_request" | "pull_request_target":
            return _pull_request(context, event)
        case "workflow_run":
            return _workflow_run(context, event)
        case "merge_group":
            return replace(context, head=_oid(event, "merge_group", "head_sha"))
        case _:
            return context


def run_url(environ: Mapping[str, str]) -> str | None:
    """The page of the run, such as https://github.com/OWNER/NAME/actions/runs/ID."""
    server = environ.get("GITHUB_SERVER_URL", "").rstrip("/")
    repository, run = environ.get("GITHUB_REPOSITORY", ""), environ.get("GITHUB_RUN_ID", "")
    if not re.match(r"https?://[^\s/]+", server) or not repository or not re.fullmatch(r"\d{1,20}", run):
        return None
    return f"{server}/{repository}/actions/runs/{run}"


def _pull_request(context: Context, event: Any) -> Context:
    pull = at(event, "pull_request")
    source, branch = text(pull, "head", "repo", "full_name"), text(pull, "head", "ref")
    fork = source is None or source != context.repository
    label = text(pull, "head", "label") or f"{text(pull, 'head', 'user', 'login') or 'unknown'}:{branch}"
    return replace(
        context,
        branch=label if fork else branch or context.branch,
        head=_oid(pull, "head", "sha"),
        pull_request=whole(pull, "number") or whole(event, "number"),
        fork=fork,
    )


def _workflow_run(context: Context, event: Any) -> Context:
    """The run that this one follows: its head, and its page, which is the one with the log to read."""
    run = at(event, "workflow_run")
    source, branch = text(run, "head_repository", "full_name"), text(run, "head_branch")
    fork = source is None or source != context.repository
    owner = text(run, "head_repository", "owner", "login") or (source or "unknown").split("/")[0]
    page = text(run, "html_url")
    ours = (
        page is not None and context.url is not None and page.startswith(context.url.rpartition("/")[0] + "/")
    )
    return replace(
        context,
        branch=f"{owner}:{branch}" if fork else branch,
        head=_oid(run, "head_sha"),
        url=page if ours else context.url,
        fork=fork,
    )


def _branch(environ: Mapping[str, str], event: Any) -> str | None:
    """The branch by its full ref, None for a tag."""
    ref = environ.get("GITHUB_REF") or text(event, "ref") or ""
    return ref.removeprefix(BRANCHES) or None if ref.startswith(BRANCHES) else None


def _oid(tree: Any, *path: str) -> str | None:
    """The commit at a path; None for all zeros, which stand for "no commit"."""
    found = text(tree, *path) or ""
    return found if OID.fullmatch(found) and found.strip("0") else None
