"""What every command is handed: the environment, the directory, the clock; and how commands speak."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from mltools.errors import ConfigError, MltoolsError


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Session:
    """One call of the command line. Nothing below `cli` reads the environment or the clock by itself."""

    environ: Mapping[str, str]
    directory: Path = Path()
    verbosity: int = 0
    color: str = "auto"
    debug: bool = False
    clock: Callable[[], datetime] = _now

    def with_options(self, **changes: Any) -> "Session":
        return replace(self, **changes)

    def path(self, named: Path) -> Path:
        """The file that a person named, without `..`, as they are told it; a link at its end stays one."""
        path = self.directory / named
        return path.resolve() if path.name in {"", ".."} else path.parent.resolve() / path.name

    def say(self, text: str) -> None:
        """A line of progress or news, on stderr."""
        if self.verbosity > -1:
            click.echo(text, err=True, color=self.colored(sys.stderr))

    def hint(self, text: str) -> None:
        """The next step, on stderr; silent with -q."""
        self.say(f"hint: {text}")

    def warn(self, text: str) -> None:
        if self.verbosity > -2:  # noqa: PLR2004 - -qq silences warnings
            click.echo(f"warning: {text}", err=True)

    def result(self, text: str, *, newline: bool = True) -> None:
        """What the command answers, on stdout."""
        click.echo(text, nl=newline, color=self.colored(sys.stdout))

    def colored(self, stream: Any) -> bool:
        """Whether to colour: --color, then NO_COLOR and its kin, then whether a person is watching."""
        if self.color != "auto":
            return self.color == "always"
        if (
            self.environ.get("NO_COLOR")
            or self.environ.get("CLICOLOR") == "0"
            or self.environ.get("TERM") == "dumb"
        ):
            return False
        if self.environ.get("FORCE_COLOR") or self.environ.get("CLICOLOR_FORCE", "0") != "0":
            return True
        return bool(stream.isatty())

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour, when stdout takes colours."""
        return click.style(text, fg=colour) if self.colored(sys.stdout) else text

    @property
    def interactive(self) -> bool:
        """Whether somebody can be asked."""
        return sys.stdin is not None and sys.stdin.isatty() and not self.environ.get("CI")


def fail(error: MltoolsError, environ: Mapping[str, str]) -> None:
    """Say what happened, where, and what to do; in a GitHub workflow also as an annotation."""
    problems = error.problems if isinstance(error, ConfigError) else ()
    for line in problems or (error.message,):
        click.echo(f"error: {line}", err=True)
    if len(problems) > 1:
        click.echo(f"{len(problems)} problems", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)
    if environ.get("GITHUB_ACTIONS") == "true":
        text = "\n".join(problems or (error.message,))
        escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        click.echo(f"::error title=mltools::{escaped}", err=True)
