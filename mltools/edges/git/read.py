"""Questions to a Git repository: revisions, contents, refs. Nothing is written, checked out or fetched.

Git is asked by bare processes, because GitPython costs more to import than all that a comparison asks. Machine formats
only (`-z`, NUL fields); a revision from outside reaches Git only behind `rev-parse --verify --end-of-options`.
"""

import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from mltools.edges import process
from mltools.edges.git import plumbing
from mltools.errors import RepositoryError

_NAMED = re.compile(r"refs/[^\x00-\x20\x7f~^:?*\[\\]+")
_SIGNATURE = re.compile(
    r"^-----BEGIN (?:PGP|SSH|SIGNED) (?:SIGNATURE|MESSAGE)-----$.*", re.DOTALL | re.MULTILINE
)
_SIGNED = "-----BEGIN "
DAMAGED = "`git fsck` tells what is damaged; a clone that is whole has it"
_FIELDS = (
    "%(refname)",
    "%(objectname)",
    "%(objecttype)",
    "%(*objectname)",
    "%(*objecttype)",
    "%(taggername)",
    "%(taggeremail)",
    "%(creatordate:unix)",
    "%(contents)",
)


@dataclass(frozen=True, slots=True)
class Ref:
    """A ref: `commit` is the peeled commit (None when it is none), `kind` the type of the object it names.

    `tagger` is "Name <email>" of an annotated tag, `when` its date or the commit's (unix seconds), `message` without
    signature.
    """

    name: str
    oid: str
    commit: str | None
    kind: str
    tagger: str
    when: int
    message: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository and its working tree: `common_dir` differs from `git_dir` in a worktree, `root` is None when bare."""

    git_dir: Path
    common_dir: Path
    root: Path | None

    @classmethod
    def find(cls, start: Path) -> "Repository":
        """The repository that `start` lies in. Raises RepositoryError when there is none or Git will not read it."""
        # One process for all questions. `--show-toplevel` fails in a bare repository, after the others were answered.
        questions = ("--git-dir", "--git-common-dir", "--is-bare-repository", "--show-toplevel")
        asked = plumbing.git(start, "rev-parse", "--path-format=absolute", *questions, check=False)
        if asked.returncode and "must be run in a work tree" not in asked.errors:
            raise _not_found(start, asked.errors)
        answers = os.fsdecode(asked.stdout).split("\n")[:-1]
        if len(answers) != (3 if asked.returncode else 4):  # a path holds a line break: ask one by one
            answers = [
                os.fsdecode(plumbing.git(start, "rev-parse", "--path-format=absolute", question).stdout)[:-1]
                for question in (questions[:3] if asked.returncode else questions)
            ]
        return cls(Path(answers[0]), Path(answers[1]), None if asked.returncode else Path(answers[3]))

    @property
    def cwd(self) -> Path:
        """Where Git is started: the top of the working tree, or the bare repository."""
        return self.root or self.git_dir

    def resolve(self, rev: str) -> str | None:
        """The commit that `rev` names, None when it names none."""
        return self._verified(rev, "commit")

    def commit(self, rev: str) -> str:
        """The commit that `rev` names. Raises RepositoryError when it names none."""
        found = self.resolve(rev)
        if found is None:
            raise self._unknown(rev)
        return found

    def head(self) -> str | None:
        """The commit checked out, None before the first one."""
        return self.resolve("HEAD")

    def branch(self) -> str | None:
        """The branch checked out, None on a detached HEAD."""
        # Not --short: that says `heads/main` where a tag is called main, too.
        done = self._git("symbolic-ref", "--quiet", "HEAD", check=False)
        return done.text.removesuffix("\n").removeprefix("refs/heads/") if done.returncode == 0 else None

    def default_branch(self) -> str | None:
        """The branch that the remote `origin` has checked out, as this clone knows it."""
        done = self._git("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD", check=False)
        return done.text.strip().removeprefix("refs/remotes/origin/") if done.returncode == 0 else None

    def dirty(self, prefix: str = "") -> bool:
        """Whether files below `prefix` differ from HEAD: changed, staged, or new and not ignored."""
        return bool(self._status(prefix, "normal"))

    def changes(self, prefix: str = "") -> tuple[str, ...]:
        """The files below `prefix` that differ from HEAD, each by its full path; new ones one by one."""
        entries = iter(self._status(prefix, "all").split(b"\0")[:-1])
        paths = []
        for entry in entries:
            paths.append(entry[3:].decode("utf-8", "surrogateescape"))
            if entry[:1] in b"RC":  # a rename is followed by the path it came from
                paths.append(next(entries).decode("utf-8", "surrogateescape"))
        return tuple(paths)

    def shallow(self) -> bool:
        """Whether history was cut off when this clone was made."""
        return self._git("rev-parse", "--is-shallow-repository").text.strip() == "true"

    def parents(self, commit: str) -> tuple[str, ...]:
        """The commit's parents as the commit itself names them, also those that a shallow clone does not hold."""
        head = self._git("cat-file", "commit", self.commit(commit)).text.partition("\n\n")[0]
        return tuple(line.removeprefix("parent ") for line in head.splitlines() if line.startswith("parent "))

    def merge_base(self, a: str, b: str) -> str | None:
        """The best common ancestor, None when the histories share none (or the clone is too shallow to know)."""
        done = self._git("merge-base", self.commit(a), self.commit(b), check=False)
        if done.returncode > 1:
            raise process.failure(("git", "merge-base"), done.returncode, done.errors)
        return done.text.strip() or None

    def is_ancestor(self, a: str, b: str) -> bool:
        """Whether `a` is `b` or lies in its history."""
        done = self._git("merge-base", "--is-ancestor", self.commit(a), self.commit(b), check=False)
        if done.returncode > 1:
            raise process.failure(("git", "merge-base"), done.returncode, done.errors)
        return done.returncode == 0

    def read(self, rev: str, path: str) -> bytes | None:
        """A file's bytes at a revision, None when it is not there. Raises RepositoryError for an unknown revision."""
        return self.read_many(rev, (path,))[path]

    def read_many(self, rev: str, paths: Iterable[str]) -> dict[str, bytes | None]:
        """Files' bytes at a revision, read through one process; None for what is not there."""
        wanted = dict.fromkeys(paths)
        found: dict[str, bytes | None] = dict.fromkeys(wanted)
        names = {path: name for path in wanted if (name := self._name(rev, path))}
        for path, (_, content) in zip(names, self.contents(names.values()), strict=True):
            found[path] = content
        if all(content is None for content in found.values()) and self._verified(rev, "tree") is None:
            raise self._unknown(rev)
        return found

    def contents(self, names: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
        """Blobs by object id or `REV:PATH`, streamed through one process; None for what is missing or damaged."""
        return plumbing.contents(self.cwd, names)

    def asking(self) -> AbstractContextManager[Callable[[str], bytes | None]]:
        """A function that reads one blob by object id or `REV:PATH`, for names that stand in the answers before."""
        return plumbing.asking(self.cwd)

    def refs(self, *patterns: str, messages: bool = True) -> tuple[Ref, ...]:
        """The refs below each pattern (`refs/tags`, `refs/tags/model@*`), in the order of their names.

        Without `messages` these are empty: of thousands of tags they are nearly all that there is to read.
        """
        shape = "%00".join(_FIELDS if messages else (*_FIELDS[:-1], "")) + "%00"
        done = self._git("for-each-ref", f"--format={shape}", "--", *patterns)
        # Each field ends with NUL, each ref with NUL and a line break: messages may hold anything else.
        fields = done.text.split("\0")
        step = len(_FIELDS)
        return tuple(self._ref(fields[at : at + step]) for at in range(0, len(fields) - 1, step))

    def tree(self, rev: str, path: str = "") -> dict[str, str]:
        """Every file of a revision, or of one directory of it, with its blob's id; full paths."""
        where = (path.rstrip("/") + "/",) if path else ()
        done = self._git("ls-tree", "-r", "-z", "--full-tree", self._treeish(rev), "--", *where, check=False)
        if done.returncode:
            if self._verified(rev, "tree") is None:
                raise self._unknown(rev)
            failed = process.failure(("git", "ls-tree"), done.returncode, done.errors)
            raise RepositoryError(failed.message, hint=DAMAGED)
        entries = done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]
        files: dict[str, str] = {}
        for entry in entries:
            meta, _, name = entry.partition("\t")
            # "100644 blob OID": mode and type have fixed widths; a submodule is a commit.
            if meta[7:11] == "blob":
                files[name] = meta[12:]
        return files

    def top(self, rev: str) -> dict[str, str]:
        """The names at the top of a revision's tree, with the types of what they name: `blob`, `tree` or `commit`."""
        listing = self._git("ls-tree", "-z", "--full-tree", self._treeish(rev)).stdout
        entries = (entry.partition("\t") for entry in listing.decode("utf-8", "surrogateescape").split("\0"))
        return {name: meta.split(" ")[1] for meta, tab, name in entries if tab}

    def files(self, prefix: str, *suffixes: str) -> tuple[str, ...]:
        """Files of the working tree below `prefix` that end in a suffix: tracked, or new and not ignored."""
        if self.root is None:
            return ()
        # Ignored directories, where DVC keeps data, are not entered.
        literal = re.sub(r"([*?\[\\])", r"\\\1", prefix)
        patterns = (f":(top,glob){literal}**/*{suffix}" for suffix in suffixes)
        listing = (
            "ls-files",
            "-z",
            "--full-name",
            "--cached",
            "--others",
            "--exclude-standard",
            "--deduplicate",
        )
        names = self._git(*listing, "--", *patterns).stdout.split(b"\0")[:-1]
        return tuple(sorted(name.decode("utf-8", "surrogateescape") for name in names))

    def by_author(self, commits: Iterable[str], text: str) -> frozenset[str]:
        """Those of the commits whose author's name or address holds a text; what is not in this clone has none."""
        asked = "".join(f"{commit}\n" for commit in sorted(commits) if plumbing.OID.fullmatch(commit))
        shape = "--format=%H%x00%aN <%aE>"
        args = ("log", "--no-walk=unsorted", "--ignore-missing", shape, "-z", "--stdin")
        done = plumbing.git(self.cwd, *args, stdin=asked.encode()) if asked else None
        fields = [] if done is None else done.text.split("\0")
        return frozenset(
            oid
            for oid, name in zip(fields[::2], fields[1::2], strict=False)
            if text.casefold() in name.casefold()
        )

    def remotes(self) -> tuple[str, ...]:
        return tuple(self._git("remote").text.split("\n")[:-1])

    def config(self, key: str) -> str | None:
        """A setting's value, None when it is not set."""
        done = self._git("config", "-z", "--get", key, check=False)
        return done.text.removesuffix("\0") if done.returncode == 0 else None

    def oid(self, rev: str) -> str | None:
        """The object that `rev` names, whatever its type; None when there is none."""
        return self._verified(rev, None)

    def _verified(self, rev: str, kind: str | None) -> str | None:
        if not rev or "\0" in rev:
            return None
        asked = f"{rev}^{{{kind}}}" if kind else rev
        done = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", asked, check=False)
        answer = done.text.strip()
        # `^main` is answered with `^<id>`: a set of commits, not one.
        return answer if done.returncode == 0 and plumbing.OID.fullmatch(answer) else None

    def _treeish(self, rev: str) -> str:
        """A form of `rev` that no option can hide in; a full id or ref name needs no question."""
        if plumbing.OID.fullmatch(rev) or _NAMED.fullmatch(rev):
            return rev
        found = self._verified(rev, "tree")
        if found is None:
            raise self._unknown(rev)
        return found

    def _name(self, rev: str, path: str) -> str | None:
        """How `cat-file` is asked for a file; None for a path that no tree can hold."""
        plain = posixpath.normpath(path)
        # `REV:../x` would end cat-file, with all that was asked behind it.
        if not path or plain == ".." or plain.startswith(("../", "/")) or "\0" in path or "\n" in rev:
            return None
        if "\n" in plain:  # cat-file is asked by lines
            return self._verified(f"{rev}:{plain}", None)
        return f"{rev}:{plain}"

    def _ref(self, fields: Sequence[str]) -> Ref:
        name, oid, kind, peeled, peeled_kind, tagger, email, when, message = fields
        name = name.removeprefix("\n")
        if kind == "commit":
            commit: str | None = oid
        elif peeled_kind == "commit":
            commit = peeled
        else:  # a tag of a tag, or of something that is no commit
            commit = self.resolve(name) if peeled_kind == "tag" else None
        return Ref(
            name=name,
            oid=oid,
            commit=commit,
            kind=kind,
            tagger=f"{tagger} {email}".strip(),
            when=int(when or 0),
            message=_SIGNATURE.sub("", message) if _SIGNED in message else message,
        )

    def _status(self, prefix: str, untracked: str) -> bytes:
        if self.root is None:
            return b""
        where = ("--", prefix) if prefix else ()
        asked = ("status", "--porcelain", "-z", f"--untracked-files={untracked}", *where)
        return self._git("--literal-pathspecs", *asked).stdout

    def _git(self, *args: str, check: bool = True) -> process.Completed:
        return plumbing.git(self.cwd, *args, check=check)

    def _unknown(self, rev: str) -> RepositoryError:
        hint = "`git branch -a` and `git tag` list what there is"
        if self.shallow():
            hint = "this clone is shallow: `git fetch --unshallow` (in CI: fetch-depth: 0) brings the rest"
        elif plumbing.OID.fullmatch(rev):
            hint = "no such object is here: it was never fetched, or `git fsck` tells that it is damaged"
        return RepositoryError(f"unknown revision {rev!r}", hint=hint)


def _not_found(start: Path, said: str) -> RepositoryError:
    if "dubious ownership" in said:
        return RepositoryError(
            f"{start}: the repository belongs to another user, so Git does not read it (dubious ownership)",
            hint=next(
                (line.strip() for line in said.splitlines() if "safe.directory" in line and "--add" in line),
                "see `safe.directory` in `git help config`",
            ),
        )
    if "not a git repository" in said:
        return RepositoryError(
            f"{start} is not inside a Git repository",
            hint="run `git init` there, or `mltools init DIR` for a new project",
        )
    return RepositoryError(f"{start}: Git cannot open the repository: {said.strip().removeprefix('fatal: ')}")
