"""An annotated tag as an object that no ref names yet: it can be pushed first, and named here once the remote took it.

`git tag` signs as the user's Git is set to, but always writes a ref as well. So it works in a scratch repository that
shares the objects; a kill at any moment, or a remote that says no, leaves no tag behind.
"""

import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mltools.edges.git.pushing import PushError
from mltools.edges.git.read import Repository
from mltools.edges.git.runner import Runner, words
from mltools.edges.git.write import Writer
from mltools.errors import RepositoryError

TAGS = "refs/tags/"

_SHA256 = 64


@dataclass(frozen=True, slots=True)
class Turn:
    """An append-only ref that moves on with each tag of a kind, and where it stood (`tip`) when those were read.

    So a tag that was decided by looking at the others is only made if no other came in between.
    """

    ref: str
    tip: str | None


def create(
    writer: Writer,
    name: str,
    commit: str,
    message: str,
    *,
    remote: str | None,
    when: datetime,
    turn: Turn | None = None,
) -> bool:
    """Create an annotated tag; False when there is one of that name already, at the remote or here, or it is another's turn.

    With a remote the tag stands there before it stands here, so that a refused push leaves nothing behind. Raises
    PushError when the remote refuses for another reason.
    """
    made = tag_object(writer.repository, writer.environ, name, commit, message, when=when)
    ref = f"{TAGS}{name}"
    if turn is None:
        return (remote is None or pushed(writer, remote, f"{made}:{ref}")) and _named(writer, ref, made)
    if remote is not None and turn.tip is not None and writer.repository.resolve(turn.tip) is None:
        writer.fetch(remote, turn.ref)
    # Two that ask for the same in the same second would write the same objects, and both take themselves for the first.
    step = writer.commit({}, f"{name}\n\n{secrets.token_hex(8)}\n", parent=turn.tip, when=when)
    if remote is None:
        return _named_in_turn(writer, ref, made, turn, step)
    return _pushed_in_turn(writer, remote, f"{made}:{ref}", f"{step}:{turn.ref}") and _named(
        writer, ref, made
    )


def pushed(writer: Writer, remote: str, refspec: str) -> bool:
    """Push a new ref; False when somebody else's stands there. Raises PushError when the remote refuses."""
    try:
        writer.push(remote, refspec)
    except PushError as error:
        if error.race:
            return False
        raise
    return True


def _pushed_in_turn(writer: Writer, remote: str, tag: str, step: str) -> bool:
    """Push tag and turn, both or none; False when somebody else's stands there."""
    try:
        writer.push(remote, tag, step)
    except PushError as error:
        if error.race:
            return False
        if "atomic" not in error.message:
            raise
        # A server that knows no atomic push: the turn first, so that whoever comes second sees it.
        return pushed(writer, remote, step) and pushed(writer, remote, tag)
    return True


def _named_in_turn(writer: Writer, ref: str, made: str, turn: Turn, step: str) -> bool:
    """Give the tag its name and take the turn, both or none; False when another process was faster."""
    moved = f"update {turn.ref} {step} {turn.tip}" if turn.tip else f"create {turn.ref} {step}"
    asked = f"start\ncreate {ref} {made}\n{moved}\ncommit\n"
    done = Runner(writer.repository.cwd, writer.environ).run(
        "update-ref", "--stdin", stdin=asked.encode(), check=False
    )
    if done.status and writer.repository.oid(ref) is None and writer.repository.oid(turn.ref) == turn.tip:
        raise RepositoryError(f"cannot create {ref}: {words(done.err)}")
    return done.status == 0


def _named(writer: Writer, ref: str, made: str) -> bool:
    """Give the tag its name here; False when another process of this clone was faster with another one."""
    try:
        writer.update_ref(ref, made, None)
    except RepositoryError:
        there = writer.repository.oid(ref)
        if there is None:
            raise
        return there == made
    return True


def tag_object(
    repository: Repository,
    environ: Mapping[str, str],
    name: str,
    commit: str,
    message: str,
    *,
    when: datetime,
) -> str:
    """Write an annotated tag of a commit; the object's id. Raises RepositoryError when Git, or its signer, says no."""
    runner = Runner(repository.cwd, environ)
    fmt = "sha256" if len(commit) == _SHA256 else "sha1"
    with tempfile.TemporaryDirectory(prefix="mltools-tag-") as scratch:
        runner.run("init", "--quiet", "--bare", "--template=", f"--object-format={fmt}", "--", scratch)
        env = {
            **runner.identity(when),
            "GIT_DIR": scratch,
            "GIT_OBJECT_DIRECTORY": os.fspath(repository.common_dir / "objects"),
        }
        # The repository's own settings say who signs, and how.
        settings = ("-c", f"include.path={repository.common_dir / 'config'}", "-c", "core.bare=true")
        args = ("tag", "--cleanup=verbatim", "--file=-", "--", name, commit)
        made = runner.run(*settings, *args, stdin=message.encode(), env=env, check=False)
        # Git 2.39 goes on without a signature when the signer fails.
        if made.status or (made.err and _signs(repository)):
            raise RepositoryError(f"cannot make the tag {name}: {words(made.err)}")
        return runner.run("rev-parse", "--verify", f"refs/tags/{name}", env=env).text.strip()


def _signs(repository: Repository) -> bool:
    settings = (repository.config(f"tag.{key}") for key in ("gpgSign", "forceSignAnnotated"))
    return any(value is not None and value.lower() in {"", "true", "yes", "on", "1"} for value in settings)
