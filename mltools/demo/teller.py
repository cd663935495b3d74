"""How the demonstration is told: real commands, their real output, and what a person would edit in between."""

import re
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from os import pathsep
from pathlib import Path

from mltools.edges import files, process
from mltools.edges.process import Background
from mltools.errors import CommandError

GRACE = 20.0  # seconds that a service has to end
IDENTITY = {"NAME": "A. Demo", "EMAIL": "demo@example.com"}


@dataclass(frozen=True, slots=True)
class Teller:
    """Runs commands where a reader can follow them: heading, command line, its real output."""

    environ: Mapping[str, str]
    say: Callable[[str], None]
    heading: Callable[[str], str]

    def chapter(self, text: str) -> None:
        self.say(f"\n{self.heading(text)}")

    def run(self, cwd: Path, *argv: str, expect: int = 0) -> None:
        """Run one command. Raises CommandError when it ends otherwise than the story says."""
        self.say(f"$ {shlex.join(argv)}")
        program = [sys.executable, "-m", "mltools", *argv[1:]] if argv[0] == "mltools" else list(argv)
        code = process.stream(program, lambda line: self.say(f"  {line}"), cwd=cwd, env=self.environ)
        if code != expect:
            raise CommandError(
                f"{shlex.join(argv)} ended with {code}, expected {expect}, in {cwd}", returncode=code
            )

    def beside(self, cwd: Path, *argv: str) -> AbstractContextManager[Background]:
        """Start a command of ours that goes on beside the story, and ends with the block."""
        self.say(f"$ {shlex.join(argv)} &")
        program = (sys.executable, "-m", "mltools", *argv[1:])
        return process.background(*program, grace=GRACE, cwd=cwd, env=self.environ)

    def edit(self, path: Path, pattern: str, replacement: str) -> None:
        """Change one place of a file, as a person would in an editor."""
        text = files.read_bytes(path).decode()
        changed, count = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
        if not count:
            raise CommandError(f"{path}: nothing matches {pattern!r}")
        before = next(
            old for old, new in zip(text.splitlines(), changed.splitlines(), strict=True) if old != new
        )
        after = next(
            new for old, new in zip(text.splitlines(), changed.splitlines(), strict=True) if old != new
        )
        files.write_atomic(path, changed)
        self.say(f"# {path.name}: {_short(before)}  ->  {_short(after)}")


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment with our programs first on the PATH, and an identity where Git has none."""
    own = str(Path(sys.executable).parent)
    defaults = {
        f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in IDENTITY.items()
    }
    named = process.run("git", "config", "user.email", env=environ, check=False).returncode == 0
    return {**({} if named else defaults), **environ, "PATH": f"{own}{pathsep}{environ.get('PATH', '')}"}


def _short(line: str) -> str:
    text = line.strip()
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 - fits beside its other version
