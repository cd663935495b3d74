"""Git's notes of the runs, `refs/notes/mltools`: made from the journal, for those who read with Git alone.

They hold nothing of their own. So a race is settled by making them anew on top of what was faster, from a journal that was
fetched after it: notes are pushed after the journal that they were made from.
"""

import hashlib
from datetime import datetime

from mltools import journal, runindex
from mltools.core.run_notes import notes
from mltools.edges.git.pushing import PushError
from mltools.edges.git.read import Repository
from mltools.edges.git.write import LONGEST_REMOTE_PAUSE, REMOTE_DEADLINE, Writer, attempts
from mltools.errors import RepositoryError

REF = "refs/notes/mltools"
MESSAGE = "Notes of runs, made from refs/mltools/journal\n"
_SHA1_DIGITS = 40


def write(writer: Writer, *, when: datetime) -> int:
    """Bring the notes here up to the journal here; how many commits have one. Raises RepositoryError."""
    repository = writer.repository
    for _ in attempts(REMOTE_DEADLINE):
        ours = repository.oid(REF)
        new, count = _made(writer, ours, when=when)
        if new == ours or new is None:
            return count
        try:
            writer.update_ref(REF, new, ours)
        except RepositoryError:
            if repository.oid(REF) == ours:
                raise
        else:
            return count
    raise RepositoryError(
        f"{REF} could not be written, because others write it all the time", hint="try again"
    )


def share(writer: Writer, remote: str, *, when: datetime) -> int:
    """Bring notes and journal of a remote together with ours, both sides the same; how many commits have a note.

    Raises PushError in the remote's words, RepositoryError when it does not answer.
    """
    for _ in attempts(REMOTE_DEADLINE, longest=LONGEST_REMOTE_PAUSE):
        theirs = writer.remote_refs(remote, REF).get(REF)
        if theirs is not None:
            writer.fetch(remote, REF)
        journal.fetch(writer, remote)  # after the notes: it holds whatever they were made from
        new, count = _made(writer, theirs, when=when)
        if new is None:
            return 0
        try:
            if new != theirs:
                writer.push(remote, f"{new}:{REF}")
        except PushError as refusal:
            if not refusal.race:
                raise
        else:
            _move(writer, new)
            return count
    raise RepositoryError(
        f"{remote}: {REF} could not be pushed, because others push it all the time", hint="try again"
    )


def used(writer: Writer, remote: str | None) -> bool:
    """Whether somebody wants notes: they are here, or at the remote."""
    here = writer.repository.oid(REF) is not None
    return here or (remote is not None and REF in writer.remote_refs(remote, REF))


def _made(writer: Writer, tip: str | None, *, when: datetime) -> tuple[str | None, int]:
    """Notes of all runs on top of a tip, which is the answer where nothing changed; and how many there are."""
    repository = writer.repository
    wanted = notes(runindex.rows(repository))
    there = _there(repository, tip)
    digits = len(next(iter(wanted), tip or ""))
    changed: dict[str, bytes] = {}
    for commit, text in wanted.items():
        path, oid = there.get(commit, (f"{commit[:2]}/{commit[2:]}", ""))
        content = text.encode("utf-8", "replace")
        if oid != _blob(content, digits):
            changed[path] = content
    if not changed:
        return tip, len(wanted)
    return writer.commit(dict(changed), MESSAGE, parent=tip, when=when), len(wanted)


def _there(repository: Repository, tip: str | None) -> dict[str, tuple[str, str]]:
    """The notes of a tip by their commits: Git spreads them over directories as it likes."""
    files = {} if tip is None else repository.tree(tip)
    return {path.replace("/", ""): (path, oid) for path, oid in files.items()}


def _move(writer: Writer, new: str) -> None:
    """Let the notes here be those of the remote; whatever stood here was made from the same journal."""
    ours = writer.repository.oid(REF)
    if ours != new:
        writer.update_ref(REF, new, ours)


def _blob(content: bytes, digits: int) -> str:
    digest = hashlib.sha1(usedforsecurity=False) if digits == _SHA1_DIGITS else hashlib.sha256()
    digest.update(b"blob %d\0" % len(content) + content)
    return digest.hexdigest()
