"""What DVC says while it reproduces a pipeline, folded into events of stages."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Literal

State = Literal["running", "ran", "cached", "skipped"]

TAIL = 20

EVENTS: tuple[tuple[re.Pattern[str], State], ...] = (
    (re.compile(r"Running stage '(?P<name>.+)':"), "running"),
    (re.compile(r"Stage '(?P<name>.+)' is cached - skipping run, checking out outputs"), "cached"),
    (re.compile(r"Stage '(?P<name>.+)' didn't change, skipping"), "skipped"),
    (re.compile(r"Verifying outputs in frozen stage: '(?P<name>.+)'"), "skipped"),
)
# Lines of DVC's own between and after stages. They never belong to a stage.
SOURCE = re.compile(r"Verifying data sources in stage: '(?P<name>.+)'|'.+\.dvc' didn't change, skipping")
CHATTER = re.compile(
    r"(Generating|Updating) lock file '.*'|To (track the changes with git|enable auto staging), run:"
    r"|Use `dvc push` to send your updates to remote storage\.|Data and pipelines are up to date\."
    r"|\tgit add .*|\tdvc config core\.autostage true"
)
# How DVC's lines begin: a stage that prints a gigabyte is told apart by a look at each line's first word.
STARTS = ("Running ", "Stage '", "Verifying ", "'", "Generating ", "Updating ", "To ", "Use ", "Data ", "\t")


@dataclass(frozen=True, slots=True)
class StageEvent:
    """A stage began (`running`) or is done: it ran, its outputs came from DVC's run cache, or nothing had changed."""

    name: str
    state: State
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Log:
    """Where a reproduction stands: what is done, and what runs since when."""

    now: float
    done: tuple[StageEvent, ...] = ()
    running: str | None = None
    since: float = 0.0

    def feed(self, line: str, now: float) -> tuple["Log", tuple[StageEvent, ...], str | None]:
        """The log after a line, the events that the line means, and the line itself unless it is DVC's routine."""
        if not line.startswith(STARTS):
            return self, (), line if line or self.running else None
        for pattern, state in EVENTS:
            if found := pattern.fullmatch(line):
                return self._event(found["name"], state, now)
        if SOURCE.fullmatch(line):
            closed, events = self._close(now)
            return replace(closed, now=now), events, None
        return self, (), None if CHATTER.fullmatch(line) else line

    def end(self, now: float) -> tuple["Log", tuple[StageEvent, ...]]:
        """The log when DVC has ended well."""
        return self._close(now)

    def _event(self, name: str, state: State, now: float) -> tuple["Log", tuple[StageEvent, ...], None]:
        closed, events = self._close(now)
        if state == "running":
            begun = StageEvent(name, "running")
            return replace(closed, running=name, since=now, now=now), (*events, begun), None
        seconds = now - closed.now if state == "cached" else 0.0
        ended = StageEvent(name, state, seconds)
        return replace(closed, done=(*closed.done, ended), now=now), (*events, ended), None

    def _close(self, now: float) -> tuple["Log", tuple[StageEvent, ...]]:
        if self.running is None:
            return self, ()
        event = StageEvent(self.running, "ran", now - self.since)
        return replace(self, running=None, done=(*self.done, event), now=now), (event,)


def tail(said: Sequence[str], running: str | None) -> tuple[str, ...]:
    """The last lines that the stage which was running printed."""
    if running is None:
        return ()
    begin = f"Running stage '{running}':"
    start = max((number for number, line in enumerate(said) if line == begin), default=-1)
    own = takewhile(lambda line: not line.startswith("ERROR: failed to reproduce "), said[start + 1 :])
    return tuple(own)[-TAIL:]


_FAILED = re.compile(r"failed to reproduce '(?P<name>[^']+)': (?P<reason>.*)", re.DOTALL)
_EXITED = re.compile(r"failed to run: .*, exited with (?P<code>-?\d+)", re.DOTALL)
_NO_FILE = re.compile(r"\[Errno 2\] No such file or directory: '(?P<path>.+)'")
_NO_OUTPUT = re.compile(r"output '(?P<path>.+)' does not exist")
_NO_DATA = re.compile(r"missing data 'source': (?P<path>.+)")
# The code is negative where DVC's shell became the command, and 128 more where it waited for it.
_KILLED = {-9, 137}
_TERMINATED = {-15, 143}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a reproduction failed, in plain words; `stage` is None when no stage is to blame."""

    reason: str
    stage: str | None = None
    hint: str | None = None
    busy: bool = False
    files: bool = False


def failure(said: str, root: str) -> Failure:
    """What DVC's error lines mean. `files` is set when one of the user's own files is wrong, `busy` for locks."""
    errors = "\n".join(_errors(said)) or "\n".join(said.strip().splitlines()[-TAIL:])
    found = _FAILED.search(errors)
    if found is None:
        return _without_stage(errors)
    stage, reason = found["name"], found["reason"].strip()
    if exited := _EXITED.match(reason):
        code = int(exited["code"])
        if code in _KILLED:
            hint = (
                "the system kills what takes more memory than there is; a smaller model or less data may fit"
            )
            return Failure("was killed (SIGKILL)", stage, hint)
        if code in _TERMINATED:
            return Failure("was ended from outside (SIGTERM)", stage)
        return Failure(f"exited with {code}", stage)
    if missing := _NO_OUTPUT.match(reason):
        hint = f"its command ended well without writing {missing['path']}; correct the command, or the outs in dvc.yaml"
        return Failure(f"did not write its output {missing['path']}", stage, hint)
    if missing := _NO_DATA.match(reason):
        path = missing["path"]
        return Failure(
            f"data is missing: {path}",
            hint=f"bring it back with `mltools data pull` or `dvc checkout {stage}`",
        )
    if missing := _NO_FILE.match(reason):
        path = missing["path"].removeprefix(f"{root}/")
        hint = f"create {path}, or take it out of the stage's deps in dvc.yaml"
        return Failure(f"depends on {path}, which does not exist", stage, hint)
    return Failure(f"failed: {reason}", stage, busy=_busy(reason))


def _without_stage(errors: str) -> Failure:
    if _busy(errors):
        return Failure(errors, busy=True)
    if "not inside of a DVC repository" in errors:
        return Failure("this is no DVC repository", hint="make it one with `dvc init`")
    if "No module named dvc" in errors:
        return Failure("DVC is not installed", hint="install it beside mltools: `pip install dvc`")
    own = any(
        mark in errors
        for mark in (
            "validation failed",
            "is invalid",
            "unable to read:",
            "Unable to read parameters",
            "failed to parse",
        )
    )
    return Failure(errors, files=own)


def _busy(reason: str) -> bool:
    return any(mark in reason for mark in ("Unable to acquire lock", "is busy", "RWLock-file"))


def _errors(said: str) -> Iterator[str]:
    """From DVC's first `ERROR: ` or complaint about a file on, less what it always adds."""
    started = False
    for line in said.splitlines():
        if line.startswith("ERROR: ") or re.match(r"'.+' (validation failed|is invalid)", line):
            started = True
        if started and not line.startswith(("Having any troubles?", "DVC version")):
            yield line.removeprefix("ERROR: ").rstrip()
