"""GitPython as a runner of plumbing: argument lists in, bytes out, an identity and a date per call."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from mltools.edges.git import plumbing
from mltools.errors import CommandError, RepositoryError

if TYPE_CHECKING:
    from git.cmd import Git

NAME, EMAIL = "mltools", "mltools@users.noreply.localhost"

# A remote that answers no byte for a minute is gone; without this, Git waits for ever.
_PATIENCE = {"GIT_HTTP_LOW_SPEED_LIMIT": "1", "GIT_HTTP_LOW_SPEED_TIME": "60"}
_CRUD = " .,:;<>\"\\'\n\r\t\0"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a Git process left."""

    status: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode("utf-8", "replace")


class Runner:
    """Starts Git in one directory, with the caller's environment."""

    def __init__(self, cwd: Path, environ: Mapping[str, str]) -> None:
        self._cwd = cwd
        self._started: Git | None = None
        # Who sets GIT_TERMINAL_PROMPT wants to be asked for a password.
        prompt = {"GIT_TERMINAL_PROMPT": environ.get("GIT_TERMINAL_PROMPT", "0")}
        self._environ = {**_PATIENCE, **environ, **plumbing.ENV, **prompt}
        self._identity: dict[str, str] | None = None

    def _git(self) -> "Git":
        """GitPython, loaded when the first thing is written: most runs write nothing, and it is slow to load."""
        if self._started is None:
            try:
                from git.cmd import Git  # noqa: PLC0415 - see above
            except ImportError as error:  # GitPython looks for the program when it is imported
                raise CommandError(
                    "git is not installed or not on the PATH",
                    returncode=127,
                    hint="install git and try again",
                ) from error
            self._started = Git(str(self._cwd))
        return self._started

    def run(
        self,
        *args: str,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> Answer:
        """Run `git ARGS`. Raises RepositoryError in Git's own words when `check` and it says no."""
        with _given(stdin) as source:
            status, out, err = self._git().execute(
                ["git", *args],
                istream=source,
                env={**self._environ, **(env or {})},
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
            )
        answer = Answer(int(status), bytes(out), str(err))
        if check and answer.status:
            raise RepositoryError(
                f"git {args[0]} failed: {words(answer.err) or f'exit code {answer.status}'}"
            )
        return answer

    def identity(self, when: datetime) -> dict[str, str]:
        """The variables that name author, committer and date: the user's own, or mltools where none is set.

        They go with one call each; nothing is written to a configuration.
        """
        if self._identity is None:
            self._identity = self._people()
        date = f"@{int(when.timestamp())} +0000"
        return {**self._identity, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}

    def _people(self) -> dict[str, str]:
        listed = self.run(
            "config", "-z", "--get-regexp", r"^(user|author|committer)\.(name|email)$", check=False
        )
        settings = dict(entry.split("\n", 1) for entry in listed.text.split("\0")[:-1] if "\n" in entry)
        people = {}
        for role in ("author", "committer"):
            for part, fallback in (("name", NAME), ("email", EMAIL)):
                variable = f"GIT_{role.upper()}_{part.upper()}"
                given = (
                    self._environ.get(variable)
                    or settings.get(f"{role}.{part}")
                    or settings.get(f"user.{part}")
                    or (part == "email" and self._environ.get("EMAIL"))
                    or fallback
                )
                people[variable] = _plain(given) or fallback
        return people


@contextmanager
def _given(stdin: bytes | None) -> Iterator[BinaryIO | None]:
    """The input as a file: GitPython hands it on as it is, so that nothing else will do."""
    if stdin is None:
        yield None
        return
    with ExitStack() as stack:
        try:
            # Without a buffer: closing would try to write again what the disk has no room for.
            source = cast("BinaryIO", stack.enter_context(tempfile.TemporaryFile(buffering=0)))
            left = memoryview(stdin)
            while left:
                left = left[source.write(left) :]
            source.seek(0)
        except OSError as error:
            raise RepositoryError(
                f"cannot write a temporary file: {error.strerror or error}",
                hint="check the free space of the disk; TMPDIR names another place for temporary files",
            ) from error
        yield source


_ADVICE = (
    "hint:",
    "To ",
    "error: failed to push some refs",
    "Please make sure you have the correct access rights",
    "and the repository exists.",
)


def words(said: str) -> str:
    """What Git or a remote said, in one piece: no progress, no advice, no credentials."""
    lines = []
    for raw in said.replace("\r", "\n").split("\n"):
        line = raw.removeprefix("remote:").strip()
        if not line or line.startswith(_ADVICE):
            continue
        lines.append(line.removeprefix("fatal: ").removeprefix("error: "))
    return plumbing.without_credentials("\n".join(dict.fromkeys(lines)))


def _plain(text: str) -> str:
    """A name or address without what a commit's header cannot hold."""
    return "".join(letter for letter in text if letter not in "<>\n\r\0").strip(_CRUD)
