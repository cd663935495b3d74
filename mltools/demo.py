"""The whole story on real data, told by the commands that a user would type, run for real in a temporary directory."""

import re
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import pathsep
from pathlib import Path

from mltools.edges import documents, files, process
from mltools.errors import CommandError

PROJECT, REMOTE = "tumour", "tumour.git"
IDENTITY = {"NAME": "A. Demo", "EMAIL": "demo@example.com"}


@dataclass(frozen=True, slots=True)
class Told:
    """Where the demonstration left its project."""

    project: Path
    remote: Path


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


def run(
    place: Path, environ: Mapping[str, str], *, say: Callable[[str], None], heading: Callable[[str], str]
) -> Told:
    """Tell the story in the empty directory `place`."""
    teller = Teller(_environment(environ), say, heading)
    project, remote = place / PROJECT, place / REMOTE
    _begin(teller, place, project)
    _improve(teller, project)
    _break_the_data(teller, project)
    _worsen(teller, project)
    _release(teller, project)
    return Told(project, remote)


def _begin(teller: Teller, place: Path, project: Path) -> None:
    teller.chapter("1. A project on real data, and a bare repository that judges every push")
    teller.run(place, "mltools", "init", PROJECT, "--no-input", "--ci", "none")
    teller.run(place, "git", "init", "--quiet", "--bare", "--initial-branch=main", REMOTE)
    teller.run(place, "mltools", "hook", "install", "--enforce", REMOTE)
    teller.run(project, "git", "remote", "add", "origin", f"../{REMOTE}")
    teller.chapter("2. git push: the data is validated, the model trained, judged and recorded")
    teller.run(project, "git", "push", "--quiet", "origin", "main")


def _improve(teller: Teller, project: Path) -> None:
    teller.chapter("3. A branch that improves the model")
    teller.run(project, "git", "checkout", "--quiet", "-b", "less-regularisation")
    teller.edit(project / "params.yaml", r"^(\s+C:) 0\.01$", r"\1 1.0")
    teller.run(project, "git", "commit", "--quiet", "--all", "-m", "Regularise less")
    teller.run(project, "git", "push", "--quiet", "origin", "less-regularisation")


def _break_the_data(teller: Teller, project: Path) -> None:
    teller.chapter("4. A branch whose data breaks the contract: refused before anything is trained")
    teller.run(project, "git", "checkout", "--quiet", "-b", "new-batch", "main")
    teller.run(project, "mltools", "data", "pull")
    teller.edit(project / "data/raw.csv", r"^(1,[^,]*),[^,]+,", r"\1,-17.99,")
    teller.run(project, "dvc", "add", "--quiet", "data/raw.csv")
    teller.run(project, "git", "commit", "--quiet", "--all", "-m", "Add a batch")
    teller.run(project, "git", "push", "--quiet", "origin", "new-batch", expect=1)


def _worsen(teller: Teller, project: Path) -> None:
    teller.chapter("5. A branch that makes the model worse: refused, with the reason")
    teller.run(project, "git", "checkout", "--quiet", "-b", "too-simple", "main")
    teller.edit(project / "params.yaml", r"^(\s+C:) 0\.01$", r"\1 0.000001")
    teller.run(project, "git", "commit", "--quiet", "--all", "-m", "Regularise much more")
    teller.run(project, "git", "push", "--quiet", "origin", "too-simple", expect=1)
    teller.chapter("   The report of that run, as a pull request would show it")
    teller.run(project, "mltools", "runs", "sync")
    teller.run(project, "mltools", "report", "render", "--run", _run_of(teller, project, "too-simple"))


def _run_of(teller: Teller, project: Path, rev: str) -> str:
    """The id of the newest run of a revision."""
    asked = process.run(
        sys.executable, "-m", "mltools", "runs", "show", rev, "--json", cwd=project, env=teller.environ
    )
    return str(documents.read_json(asked.stdout, "run.json")["id"])


def _release(teller: Teller, project: Path) -> None:
    teller.chapter("6. The good branch is merged, judged again from the cache, and released")
    teller.run(project, "git", "checkout", "--quiet", "main")
    teller.run(
        project,
        "git",
        "merge",
        "--quiet",
        "--no-ff",
        "-m",
        "Merge less-regularisation",
        "less-regularisation",
    )
    teller.run(project, "git", "push", "--quiet", "origin", "main")
    teller.run(project, "mltools", "data", "pull")
    teller.run(project, "mltools", "release")
    teller.chapter("7. What Git now knows")
    teller.run(project, "mltools", "runs", "list")
    teller.run(project, "mltools", "model", "list")


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
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
