"""DVC as a program: reproduce, init, add, checkout, pull, push. Its answers become values, its failures plain words."""

import importlib.util
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import pathsep
from pathlib import Path

from mltools.core.stagelog import Failure, Log, StageEvent, failure, tail
from mltools.edges import documents, dvclocks, process
from mltools.errors import CommandError, ConfigError, MltoolsError

__all__ = [
    "Reproduced",
    "StageEvent",
    "add",
    "cache_dir",
    "checkout",
    "find_root",
    "get",
    "init",
    "lacking",
    "pull",
    "push",
    "repro",
    "version",
]

DVC = (sys.executable, "-m", "dvc")


@dataclass(frozen=True, slots=True)
class Reproduced:
    """The stages in the order in which DVC came to them, each with how it ended and how long it took."""

    stages: tuple[StageEvent, ...]
    seconds: float


def repro(
    root: Path,
    on_event: Callable[[StageEvent], None],
    *,
    environ: Mapping[str, str],
    targets: Sequence[str] = (),
    on_line: Callable[[str], None] | None = None,
    clean_locks: bool = False,
    fresh: bool = False,
) -> Reproduced:
    """Run `dvc repro` in the project at `root`, telling each stage's begin and end as it happens.

    `on_line` gets what stages print. `clean_locks` removes locks that a killed DVC left, as befits CI. With `fresh`
    every stage runs, whatever DVC remembers. Raises CommandError naming the stage that failed, with its last lines;
    ConfigError when dvc.yaml or a params file is wrong.
    """
    if clean_locks and (dvc_root := find_root(root)):
        dvclocks.clean(dvc_root / ".dvc")
    begun = time.monotonic()
    log = Log(now=begun)
    said: deque[str] = deque(maxlen=KEPT)

    def take(line: str) -> None:
        nonlocal log
        said.append(line)
        log, events, own = log.feed(line, time.monotonic())
        for event in events:
            on_event(event)
        if own is not None and on_line is not None:
            on_line(own)

    anew = ("--force", "--no-run-cache") if fresh else ()
    code = process.stream([*DVC, "repro", *anew, *targets], take, cwd=root, env=_environment(environ))
    if code != 0:
        raise _failed("dvc repro", code, said, root, running=log.running)
    log, events = log.end(time.monotonic())
    for event in events:
        on_event(event)
    return Reproduced(log.done, time.monotonic() - begun)


def init(root: Path, *, environ: Mapping[str, str], subdir: bool = False) -> None:
    """Make a DVC repository; with `subdir`, in a directory below the Git repository's top."""
    _run("init", *(["--subdir"] if subdir else []), root=root, environ=environ)


def add(root: Path, path: str, *, environ: Mapping[str, str]) -> None:
    """Track a data file or directory: `PATH.dvc` beside it, its content in the cache."""
    _run("add", "--", path, root=root, environ=environ)


def checkout(
    root: Path, *, environ: Mapping[str, str], targets: Sequence[str] = (), allow_missing: bool = False
) -> None:
    """Put what dvc.lock and the .dvc files name from the cache into the workspace."""
    _run(
        "checkout", *(["--allow-missing"] if allow_missing else []), *_after(targets),
        root=root, environ=environ,
    )  # fmt: skip


def pull(root: Path, *, environ: Mapping[str, str], targets: Sequence[str] = ()) -> None:
    """Fetch data objects from the DVC remote into the cache and the workspace."""
    _run("pull", *_after(targets), root=root, environ=environ)


def push(root: Path, *, environ: Mapping[str, str], targets: Sequence[str] = ()) -> None:
    """Send data objects from the cache to the DVC remote."""
    _run("push", *_after(targets), root=root, environ=environ)


def lacking(root: Path, *, environ: Mapping[str, str], targets: Sequence[str] = ()) -> tuple[str, ...]:
    """What the DVC remote does not hold of the targets: `dvc push` ends well also where it had nothing to send."""
    done = process.run(
        *DVC,
        "status",
        "--cloud",
        "--json",
        *_after(targets),
        cwd=root,
        env=_environment(environ),
        check=False,
    )
    if done.returncode != 0:
        raise _failed(
            "dvc status --cloud", done.returncode, [*done.text.splitlines(), *done.errors.splitlines()], root
        )
    found = documents.read_json(done.stdout, "dvc status --cloud")
    states = found.items() if isinstance(found, dict) else ()
    return tuple(sorted(name for name, state in states if state in {"new", "missing"}))


def get(repository: Path, path: str, target: Path, *, rev: str, environ: Mapping[str, str]) -> None:
    """Write a file or directory of another revision to `target`, from the cache or the DVC remote."""
    where = ("--rev", rev, "-o", str(target), "--", str(repository), path)
    _run("get", *where, root=repository, environ=environ)


def cache_dir(root: Path, *, environ: Mapping[str, str]) -> Path:
    """Where DVC keeps objects, asked where its configuration is more than `dvcfiles.cache_dir` reads."""
    done = process.run(*DVC, "cache", "dir", cwd=root, env=_environment(environ), check=False)
    lines = done.text.strip().splitlines()
    if done.returncode != 0 or not lines:
        raise _failed("dvc cache dir", done.returncode, [*lines, *done.errors.splitlines()], root)
    return Path(lines[-1])


def version() -> str | None:
    """DVC's version, None when it is not installed beside mltools. Looked up, because asking DVC takes its start."""
    spec = importlib.util.find_spec("dvc")
    if spec is None or not spec.origin:
        return None
    package = Path(spec.origin).parent
    for found in package.parent.glob("dvc-[0-9]*.dist-info"):
        return found.name.removeprefix("dvc-").removesuffix(".dist-info")
    source = package / "_version.py"
    told = re.search(r"version = ['\"]([^'\"]+)", source.read_text()) if source.is_file() else None
    return told[1] if told else None


def find_root(directory: Path) -> Path | None:
    """The nearest directory upwards that is a DVC repository."""
    return next((place for place in (directory, *directory.parents) if (place / ".dvc").is_dir()), None)


KEPT = 200


def _run(*args: str, root: Path, environ: Mapping[str, str]) -> None:
    done = process.run(*DVC, *args, cwd=root, env=_environment(environ), check=False)
    if done.returncode != 0:
        raise _failed(
            f"dvc {args[0]}", done.returncode, [*done.text.splitlines(), *done.errors.splitlines()], root
        )


def _after(targets: Sequence[str]) -> list[str]:
    return ["--", *targets] if targets else []


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment; no reports and no update checks of DVC's.

    `CI` would stop the update check too, but stages would see it and behave as in CI. A stage's `python` is the one of
    the environment that the user activated; where none is, the one that mltools is installed beside, so that
    `.venv/bin/mltools run` works as it stands.
    """
    own = str(Path(sys.executable).parent)
    path = environ.get("PATH", "")
    places = [path, own] if environ.get("VIRTUAL_ENV") or environ.get("CONDA_PREFIX") else [own, path]
    return {
        **environ,
        "PATH": pathsep.join(place for place in places if place),
        "DVC_NO_ANALYTICS": "1",
        "DVC_TEST": "true",
    }


def _failed(
    what: str, code: int, lines: Iterable[str], root: Path, *, running: str | None = None
) -> MltoolsError:
    """The error for a DVC that ended badly."""
    last = list(lines)
    said = "\n".join(last)
    why = failure(said, str(root))
    if why.busy:
        return _locked(root, code, said, why)
    if why.stage is None and running is not None:
        why = Failure(f"did not end: DVC itself ended with {code}", running)
    headline = f"stage {why.stage!r} {why.reason}" if why.stage else f"{what}: {why.reason}"
    if why.files:
        return ConfigError(headline, hint=why.hint)
    shown = "".join(f"\n  {line}" for line in tail(last, running))
    return CommandError(headline + shown, returncode=code, stderr=said, hint=why.hint)


def _locked(root: Path, code: int, said: str, why: Failure) -> CommandError:
    dvc_root = find_root(root) or root
    lock = dvc_root / ".dvc" / dvclocks.RWLOCK
    found = dvclocks.holders(dvc_root / ".dvc")
    living = [holder for holder in found if holder.alive]
    if living:
        who = ", ".join(f"PID {holder.pid}: {holder.command}" for holder in living)
        message = f"another DVC is at work in this project ({who})"
        return CommandError(
            message, returncode=code, stderr=said, hint="wait until it has ended, and try again"
        )
    if found:
        message = "a DVC that was killed left its lock behind"
        hint = f"if no DVC is at work here, remove it and try again: rm {lock}"
        return CommandError(message, returncode=code, stderr=said, hint=hint)
    hint = "wait until other DVC commands in this project have ended, and try again"
    return CommandError(f"DVC could not get its lock: {why.reason}", returncode=code, stderr=said, hint=hint)
