"""The one place that starts programs: argument lists, never a shell, errors never ignored."""

import logging
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mltools.errors import CommandError

log = logging.getLogger(__name__)

NOT_FOUND = 127
GRACE = 10.0
LONGEST_LINE = 1 << 16


@dataclass(frozen=True, slots=True)
class Completed:
    """What a program left: its exit code, and its output as bytes."""

    returncode: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        return self.stdout.decode("utf-8", "replace")

    @property
    def errors(self) -> str:
        return self.stderr.decode("utf-8", "replace")


def run(
    *argv: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    extra_env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float | None = None,
    check: bool = True,
) -> Completed:
    """Run a program to its end.

    `env` replaces the environment when given, `extra_env` is laid over it. Raises CommandError when the program
    is missing, takes longer than `timeout` seconds or, with `check`, ends with another code than 0.
    """
    log.debug("run %s (cwd=%s)", argv, cwd)
    try:
        done = subprocess.run(
            argv,
            cwd=cwd,
            env=_environment(env, extra_env),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise _missing(argv[0], cwd) from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"{_name(argv)} did not end within {timeout:g} s", returncode=124) from error
    completed = Completed(done.returncode, done.stdout, done.stderr)
    if check and completed.returncode != 0:
        raise failure(argv, completed.returncode, completed.errors)
    return completed


def stream(
    argv: Sequence[str],
    on_line: Callable[[str], None],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> int:
    """Run a program and hand each line of its output (stdout and stderr together) over as it comes.

    The program runs in a process group of its own. An interrupt is passed on to that whole group and waited for, so
    that nothing goes on behind the user's back. Returns the exit code.
    """
    log.debug("stream %s (cwd=%s)", argv, cwd)
    try:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    except FileNotFoundError as error:
        raise _missing(argv[0], cwd) from error
    with process:
        out = process.stdout
        assert out is not None  # noqa: S101 - PIPE was asked for
        try:
            for line in iter(lambda: out.readline(LONGEST_LINE), b""):
                on_line(line.decode("utf-8", "replace").rstrip("\r\n"))
        except BaseException:
            _stop(process)
            raise
    return process.returncode


@contextmanager
def pipe(
    *argv: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    extra_env: Mapping[str, str] | None = None,
) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """A long-lived program as (its stdin, its stdout), ended when the block is left."""
    try:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=_environment(env, extra_env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise _missing(argv[0], cwd) from error
    assert process.stdin is not None  # noqa: S101 - PIPE was asked for
    assert process.stdout is not None  # noqa: S101 - PIPE was asked for
    try:
        yield process.stdin, process.stdout
    finally:
        with suppress(BrokenPipeError):  # the program ended first; whoever reads its output has seen that
            process.stdin.close()
        process.stdout.close()
        process.wait()


class Background:
    """A program that goes on while ours does other things."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def line(self) -> str | None:
        """The next line of its output; None once it has closed that, as when it ended."""
        assert self._process.stdout is not None  # noqa: S101 - PIPE was asked for
        found = self._process.stdout.readline(LONGEST_LINE)
        return found.decode("utf-8", "replace").rstrip("\r\n") if found else None

    def wait(self, timeout: float | None = None) -> int | None:
        """Its exit code; None when it still runs after `timeout` seconds."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def end(self, grace: float) -> int:
        """Ask it to end, and kill what has not ended after `grace` seconds; its exit code."""
        if self._process.poll() is None:
            self._process.terminate()
        if self.wait(grace) is None:
            _signal_group(self._process.pid, signal.SIGKILL)
        return self._process.wait()


@contextmanager
def background(
    *argv: str, grace: float, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[Background]:
    """A program beside ours, ended with the block. It speaks on our stderr; its stdin closes when our process ends.

    It is in a process group of its own, so that an interrupt from the terminal reaches it through us alone.
    """
    try:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
        )
    except FileNotFoundError as error:
        raise _missing(argv[0], cwd) from error
    assert process.stdin is not None  # noqa: S101 - PIPE was asked for
    assert process.stdout is not None  # noqa: S101 - PIPE was asked for
    found = Background(process)
    try:
        yield found
    finally:
        found.end(grace)
        process.stdin.close()
        process.stdout.close()


def find(program: str) -> str | None:
    """Where a program is on the PATH, None when it is not there."""
    return shutil.which(program)


def failure(argv: Sequence[str], returncode: int, stderr: str) -> CommandError:
    last = [line for line in stderr.splitlines() if line.strip()][-8:]
    said = "\n".join(f"  {line}" for line in last)
    message = f"{_name(argv)} failed with exit code {returncode}" + (f":\n{said}" if said else "")
    return CommandError(message, returncode=returncode, stderr=stderr)


def _environment(env: Mapping[str, str] | None, extra: Mapping[str, str] | None) -> dict[str, str] | None:
    if extra is None:
        return None if env is None else dict(env)
    return {**(os.environ if env is None else env), **extra}


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a program and all that it started; kill what is still there after the grace or a second interrupt.

    The group and not the program alone, because DVC ignores interrupts while a stage runs and expects the
    terminal to interrupt the stage.
    """
    _signal_group(process.pid, signal.SIGINT)
    try:
        process.wait(timeout=GRACE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        pass
    finally:
        _signal_group(process.pid, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    # Nobody left in the group is what was wanted.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _name(argv: Sequence[str]) -> str:
    words = [argv[0].rsplit("/", 1)[-1], *(word for word in argv[1:] if not word.startswith("-"))]
    return " ".join(words[:2])


def _missing(program: str, cwd: Path | None) -> CommandError:
    if cwd is not None and not cwd.is_dir():
        return CommandError(f"{cwd} is not a directory", returncode=NOT_FOUND)
    return CommandError(
        f"{program} is not installed or not on the PATH",
        returncode=NOT_FOUND,
        hint=f"install {program} and try again",
    )
