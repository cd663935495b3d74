"""The one comment per project and pull request that is kept up to date: how it is known, and what is to be done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from mltools.ci.fitting import fit, same_text
from mltools.ci.provider import Comment

LIMIT = 65_536
BOT = "github-actions[bot]"


@dataclass(frozen=True, slots=True)
class Create:
    pull_request: int
    body: str


@dataclass(frozen=True, slots=True)
class Update:
    """Create is what is left to do when the comment turns out to be gone."""

    pull_request: int
    comment: int
    body: str


@dataclass(frozen=True, slots=True)
class Delete:
    comment: int


Act = Create | Update | Delete


def marker(key: str) -> str:
    """The hidden first line of a project's comment; `key` is the project's place in the repository."""
    return f"<!-- mltools:report:v1:{quote(key, safe='/._-').replace('--', '%2D%2D')} -->"


def room(key: str, note: str = "") -> int:
    """The characters that are left for the report itself."""
    return LIMIT - len(marker(key)) - len(note) - 8


def body_of(key: str, report: str, *, note: str = "") -> str:
    """A comment's text: the marker, the report and a closing note, cut to what a comment takes."""
    parts = [marker(key), fit(report.strip("\n"), room(key, note))]
    return "\n".join([*parts, *(["", note] if note else [])]) + "\n"


def own(comments: Sequence[Comment], key: str, viewer: Callable[[], str | None]) -> tuple[Comment, ...]:
    """Our comments, the newest last: they start with the marker and were written by us.

    `viewer` tells the token's login; it is asked only when someone else than the workflows' bot wrote a marker.
    """
    first = marker(key)
    marked = [comment for comment in comments if comment.body.startswith(first)]
    ours = {BOT}
    if any(comment.author not in ours for comment in marked):
        ours.add(viewer() or BOT)
    return tuple(sorted((item for item in marked if item.author in ours), key=lambda item: item.id))


def plan(pull_request: int, ours: Sequence[Comment], body: str) -> tuple[Act, ...]:
    """What brings the comment up to date: the newest of ours is kept, older ones go, nothing is sent in vain."""
    if not ours:
        return (Create(pull_request, body),)
    *older, newest = ours
    update = () if same_text(newest.body, body) else (Update(pull_request, newest.id, body),)
    return (*update, *(Delete(comment.id) for comment in older))


def superseded(comments: Sequence[Comment], key: str, made: Comment) -> tuple[Delete, ...]:
    """Earlier comments of the author that a new comment turned out to have, where the token did not tell its login."""
    first = marker(key)
    return tuple(
        Delete(comment.id)
        for comment in comments
        if comment.id != made.id and comment.author == made.author and comment.body.startswith(first)
    )
