"""Changes to a Git repository, and talk with its remotes. GitPython runs the plumbing.

Every ref moves by compare-and-swap, nothing is ever forced. Whatever is interrupted leaves unreachable objects at worst.
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from mltools.edges.git import importing, plumbing, pushing
from mltools.edges.git.importing import Blob, Entry
from mltools.edges.git.pushing import PushError
from mltools.edges.git.read import Repository
from mltools.edges.git.runner import Runner, words
from mltools.errors import RepositoryError

__all__ = ["PushError", "Writer"]

LOCAL_DEADLINE = 30.0
REMOTE_DEADLINE = 600.0
# Writers that wait cost those who write: with 16 of them at one remote, short pauses take most of its time.
LONGEST_PAUSE, LONGEST_REMOTE_PAUSE = 1.0, 3.0
DOUBLINGS = 20
# How long, in pushes of its own, a writer leaves others alone that pushes again and again.
YIELDED = 5
PATIENCE = 6

# The user's pre-push hook guards what people push (and ours pushes data: it would call itself); tags that happen to
# be reachable and submodules are not ours to push.
_PUSH = ("push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no")
# No FETCH_HEAD, which is shared with the user's own fetches; nothing of the user's is pruned; no gc in the background.
_FETCH = (
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-prune",
    "--no-write-fetch-head",
    "--no-recurse-submodules",
    "--no-auto-maintenance",
)


class Writer:
    """Writes to one repository, with the caller's environment and identity."""

    def __init__(self, repository: Repository, environ: Mapping[str, str]) -> None:
        self.repository = repository
        self.environ = environ
        self._runner = Runner(repository.cwd, environ)
        self._yield = 0.0

    def commit(
        self,
        files: Mapping[str, bytes | Path | None],
        message: str,
        *,
        parent: str | None,
        when: datetime,
        further: Sequence[str] = (),
    ) -> str:
        """A commit on `parent` with its tree and `files` over it (None deletes a file); no ref names it yet.

        `further` are parents that give nothing to its tree.
        """
        # Asked first: fast-import leaves a crash report in .git for a parent that it does not find.
        parents = tuple(map(self.repository.commit, (*((parent,) if parent else ()), *further)))
        return self._commit(self._store(files), message, parents=parents, when=when)

    @property
    def person(self) -> str:
        """Who writes, as "Name <email>": what somebody says of themselves."""
        named = self._runner.identity(datetime.fromtimestamp(0, UTC))
        return f"{named['GIT_COMMITTER_NAME']} <{named['GIT_COMMITTER_EMAIL']}>"

    def append(self, ref: str, files: Mapping[str, bytes | Path], message: str, *, when: datetime) -> str:
        """Add files to the tree of an append-only ref, whoever else is adding; the commit that holds them.

        What is there already is not added again. Raises RepositoryError when a path holds other content.
        """
        if odd := next((path for path in files if not path.isprintable()), None):
            raise RepositoryError(f"{odd!r} cannot be the name of a record or an object")
        stored = self._store(files)
        for _ in attempts(LOCAL_DEADLINE):
            tip = self.repository.oid(ref)
            new = self._missing(tip, stored)
            if tip and not new:
                return tip
            commit = self._commit(new, message, parents=(tip,) if tip else (), when=when)
            if self._swap(ref, commit, tip):
                return commit
        raise RepositoryError(
            f"{ref}: could not be extended within {LOCAL_DEADLINE:g} s",
            hint=f"if no other Git process is at work, remove {self.repository.common_dir / ref}.lock",
        )

    def tag(self, name: str, commit: str, message: str, *, when: datetime) -> str:
        """Create an annotated tag; the tag object's id. The same tag on the same commit is no error.

        Raises RepositoryError when the tag stands on another commit. Signed when the user's Git signs tags.
        """
        existing = self._tagged(name, commit)
        if existing:
            return existing
        env = self._runner.identity(when)
        args = ("tag", "--annotate", "--cleanup=verbatim", "--file=-", "--", name, commit)
        made = self._runner.run(*args, stdin=message.encode(), env=env, check=False)
        existing = self._tagged(name, commit)  # ours, or that of somebody who was faster
        if existing is None:
            raise RepositoryError(f"cannot create the tag {name}: {words(made.err)}")
        return existing

    def update_ref(self, ref: str, new: str, old: str | None) -> None:
        """Move a ref from `old` (None: it does not exist) to `new`. Raises RepositoryError when it is elsewhere."""
        if not self._swap(ref, new, old):
            raise RepositoryError(f"{ref} was changed by somebody else meanwhile", hint="try again")

    def fetch(self, remote: str, *refspecs: str) -> bool:
        """Fetch; False when the remote has no such ref."""
        done = self._runner.run(*_FETCH, "--", remote, *refspecs, check=False)
        if done.status and "couldn't find remote ref" in done.err:
            return False
        if done.status:
            raise _unreachable(remote, done.err)
        return True

    def push(self, remote: str, *refspecs: str, atomic: bool = True) -> None:
        """Push all refs or none. Raises PushError in the remote's own words."""
        # One ref is atomic by itself; some servers do not know the option.
        together = ("--atomic",) if atomic and len(refspecs) > 1 else ()
        done = self._runner.run(*_PUSH, *together, "--", remote, *refspecs, check=False)
        if done.status:
            raise pushing.refused(remote, pushing.refusals(done.text), words(done.err))

    def publish(
        self, remote: str, ref: str, *, when: datetime, fits: Callable[[str], None] | None = None
    ) -> None:
        """Bring an append-only ref to a remote that others write to, too; afterwards both are the same.

        When others were faster, their files and ours are joined on top of both tips, and pushed again. `fits` raises for a
        tip that must not be joined with another.
        """
        theirs: str | None = None
        lost = stuck = 0
        # Who has just pushed needs no look at the remote, so nobody else would ever come in between.
        time.sleep(random.uniform(0, self._yield))  # noqa: S311 - no secret
        for _ in attempts(REMOTE_DEADLINE, longest=LONGEST_REMOTE_PAUSE):
            # Read after the pause, because others win in whatever time lies between this and the push.
            if lost:
                before, theirs = theirs, self._fetch_tip(remote, ref)
                stuck = stuck + 1 if theirs == before else 0
            ours = self.repository.oid(ref)
            candidate = self._union(ours, theirs, when=when, fits=fits)
            if candidate is None:
                return
            begun = time.monotonic()
            try:
                self.push(remote, f"{candidate}:{ref}")
            except PushError as refusal:
                # Refused again and again on top of the remote's own tip: this is no race.
                if not refusal.race or stuck > PATIENCE:
                    raise
                lost += 1
            else:
                self._yield = min(YIELDED * (time.monotonic() - begun), LONGEST_PAUSE)
                if candidate == ours or self._swap(ref, candidate, ours):
                    return
                theirs = candidate  # somebody here added meanwhile; that goes on top
        raise RepositoryError(
            f"{plumbing.without_credentials(remote)}: {ref} could not be pushed within {REMOTE_DEADLINE:g} s, because others push to it all the time",
            hint="nothing is lost: try again",
        )

    def receive(self, remote: str, ref: str, *, fits: Callable[[str], None] | None = None) -> bool:
        """Bring what a remote's append-only ref holds into ours, as `publish`; False when the remote has no such ref."""
        theirs = self._fetch_tip(remote, ref)
        if theirs is None:
            return False
        for _ in attempts(LOCAL_DEADLINE):
            ours = self.repository.oid(ref)
            union = self._union(ours, theirs, when=None, fits=fits)
            if union is None or union == ours or self._swap(ref, union, ours):
                return True
        raise RepositoryError(f"{ref}: could not be updated within {LOCAL_DEADLINE:g} s", hint="try again")

    def remote_refs(self, remote: str, *patterns: str) -> dict[str, str]:
        """The remote's refs that match, with their objects' ids; `NAME^{}` is what an annotated tag stands on."""
        done = self._runner.run("ls-remote", "--quiet", "--", remote, *patterns, check=False)
        if done.status:
            raise _unreachable(remote, done.err)
        lines = (line.partition("\t") for line in done.text.split("\n")[:-1])
        return {name: oid for oid, _, name in lines}

    def remote_tags(self, remote: str, pattern: str) -> dict[str, str]:
        """The remote's tags that match a pattern such as `model@*`, with the commits that they stand on."""
        full = f"refs/tags/{pattern}"
        found = self.remote_refs(remote, full, f"{full}^{{}}")
        names = (name for name in found if not name.endswith("^{}"))
        return {name.removeprefix("refs/tags/"): found.get(f"{name}^{{}}", found[name]) for name in names}

    def _commit(
        self, files: Mapping[str, Entry], message: str, *, parents: Sequence[str], when: datetime
    ) -> str:
        body = importing.stream(files, message, parents=parents, identity=self._runner.identity(when))
        made = self._runner.run(*importing.ARGS, stdin=body).text.strip()
        if not plumbing.OID.fullmatch(made):
            raise RepositoryError(f"Git wrote no commit: {made or 'no answer'}")
        return made

    def _store(self, files: Mapping[str, bytes | Path | None]) -> dict[str, Entry]:
        """The files, those on disk written to Git as blobs: by Git from the disk, never through our memory."""
        paths = {name: path for name, path in files.items() if isinstance(path, Path)}
        asked = b"".join(importing.quoted(str(path.absolute())) + b"\n" for path in paths.values())
        blobs: dict[str, Entry] = {}
        if paths:
            # --no-filters: bytes as they are, whatever autocrlf or an attribute says.
            args = ("hash-object", "-w", "--no-filters", "--stdin-paths")
            oids = self._runner.run(*args, stdin=asked).text.split()
            blobs = {name: Blob(oid) for name, oid in zip(paths, oids, strict=True)}
        return {
            name: blobs[name] if isinstance(content, Path) else content for name, content in files.items()
        }

    def _missing(self, tip: str | None, files: Mapping[str, Entry]) -> dict[str, Entry]:
        """The files that the tip does not hold. Raises RepositoryError for one that it holds differently."""
        if tip is None:
            return dict(files)
        there = plumbing.sizes(self.repository.cwd, [f"{tip}:{importing.checked(path)}" for path in files])
        new: dict[str, Entry] = {}
        for path, content in files.items():
            found = there[f"{tip}:{path}"]
            if found is None:
                new[path] = content
            elif found[0] != _oid(content, len(tip)):
                raise RepositoryError(
                    f"{path} is there already, with other content; what is recorded never changes"
                )
        return new

    def _swap(self, ref: str, new: str, old: str | None) -> bool:
        """Compare-and-swap; False when the ref is elsewhere or being changed at this moment."""
        # An empty old value means: must not exist.
        done = self._runner.run("update-ref", ref, new, old or "", check=False)
        if done.status == 0:
            return True
        if self.repository.oid(ref) != old or "File exists" in done.err:
            return False
        raise RepositoryError(f"cannot update {ref}: {words(done.err)}")

    def _tagged(self, name: str, commit: str) -> str | None:
        """The tag's object if it stands on `commit`, None if there is no such tag."""
        ref = f"refs/tags/{name}"
        there = self.repository.resolve(ref)
        if there is None:
            return None
        if there != self.repository.resolve(commit):
            raise RepositoryError(
                f"the tag {name} stands on another commit, {there[:10]}",
                hint="a tag never moves: choose another name",
            )
        return self.repository.oid(ref)

    def _fetch_tip(self, remote: str, ref: str) -> str | None:
        """The remote's tip with its objects here, named by no ref; None when the remote has no such ref."""
        tip = self.remote_refs(remote, ref).get(ref)
        return tip if tip and self.fetch(remote, ref) else None

    def _union(
        self,
        ours: str | None,
        theirs: str | None,
        *,
        when: datetime | None,
        fits: Callable[[str], None] | None,
    ) -> str | None:
        """A commit with the files of both tips: one of them if it holds all, else a new one on top of both.

        With both as parents nothing that was ever published drops out of the history.
        """
        if ours is None or theirs is None or ours == theirs:
            return ours or theirs
        if self._is_ancestor(theirs, ours):
            return ours
        if self._is_ancestor(ours, theirs):
            return theirs
        if fits is not None:
            fits(theirs)
            fits(ours)
        files = self._difference(theirs, ours)
        if not files:
            return theirs
        return self._commit(
            files,
            "Join with what others added",
            parents=(theirs, ours),
            when=when or self._newest(ours, theirs),
        )

    def _difference(self, theirs: str, ours: str) -> dict[str, Entry]:
        """The files that only `ours` holds. Raises RepositoryError for one that both hold differently."""
        raw = self._runner.run("diff-tree", "-r", "-z", "--raw", "--no-renames", theirs, ours).out.split(
            b"\0"
        )
        files: dict[str, Entry] = {}
        for meta, name in zip(raw[:-1:2], raw[1::2], strict=True):
            _, mode, _, oid, status = meta.decode().removeprefix(":").split(" ")
            path = name.decode("utf-8", "surrogateescape")
            if status == "A":
                files[path] = Blob(oid, mode)
            elif status != "D":
                raise RepositoryError(
                    f"{path} differs between here and the remote; what is recorded never changes",
                    hint="somebody rewrote one of the two: compare them before deciding which to keep",
                )
        return files

    def _is_ancestor(self, a: str, b: str) -> bool:
        return self._runner.run("merge-base", "--is-ancestor", a, b, check=False).status == 0

    def _newest(self, *commits: str) -> datetime:
        """The later of the commits' dates: a join that nobody dates is the same wherever it is made."""
        dates = self._runner.run("show", "--no-patch", "--format=%ct", *commits).text.split()
        return datetime.fromtimestamp(max(int(date) for date in dates), UTC)


def attempts(deadline: float, *, longest: float = LONGEST_PAUSE) -> Iterator[int]:
    """Attempt numbers until the deadline, with growing, jittered pauses between them: racing writers drift apart."""
    end = time.monotonic() + deadline
    number = 0
    while True:
        yield number
        pause = random.uniform(0, min(longest, 0.01 * 2 ** min(number, DOUBLINGS)))  # noqa: S311 - no secret
        if time.monotonic() + pause > end:
            return
        time.sleep(pause)
        number += 1


def _oid(content: Entry, length: int) -> str:
    if isinstance(content, Blob):
        return content.oid
    digest = hashlib.sha1(usedforsecurity=False) if length == 40 else hashlib.sha256()  # noqa: PLR2004 - hex digits
    body = content or b""
    digest.update(b"blob %d\0" % len(body) + body)
    return digest.hexdigest()


def _unreachable(remote: str, said: str) -> RepositoryError:
    name = plumbing.without_credentials(remote)
    return RepositoryError(f"{name} does not answer: {words(said)}", hint=pushing.hint_for(said))
