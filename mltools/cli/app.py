"""The command line: global options, commands loaded when they are called, one boundary from errors to exit codes."""

import errno
import logging
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from mltools import __version__
from mltools.cli.lazy import Entry, LazyGroup
from mltools.cli.session import Session, fail
from mltools.errors import MltoolsError

PASSED, SAID_NO, WRONG_USE, UNDECIDABLE, BUG, INTERRUPTED = 0, 1, 2, 3, 4, 130
UNREAD = 141  # what a shell says of a program that SIGPIPE ended

ISSUES = "https://github.com/mltools-gitops/mltools/issues"

COMMANDS: dict[str, Entry] = {
    "init": Entry("mltools.cli.init", "Make a project that runs at once, or add what is missing to one."),
    "run": Entry("mltools.cli.run", "The loop: validate, reproduce, compare, judge, report, record."),
    "data": Entry("mltools.cli.data", "Check data against its contract; move data objects."),
    "compare": Entry(
        "mltools.cli.compare", "Metrics, params and stages of two revisions; nothing checked out."
    ),
    "gate": Entry("mltools.cli.gate", "Judge the metrics that are there by the project's gates."),
    "noise": Entry("mltools.cli.noise", "Measure how far metrics move when only the seed does."),
    "report": Entry("mltools.cli.report", "Render a run's report, or post it on its pull requests."),
    "workflow": Entry("mltools.cli.workflow", "Write the forge's workflows, or check that they are current."),
    "runs": Entry("mltools.cli.runs", "The journal of runs."),
    "release": Entry("mltools.cli.release", "Release the model of this commit as a version."),
    "model": Entry("mltools.cli.model", "The registry: models, their versions and where they are."),
    "deploy": Entry("mltools.cli.deploy", "What a team deploys a released model with."),
    "predict": Entry("mltools.cli.predict", "Score a file by a released model, in batches."),
    "serve": Entry("mltools.cli.serve", "A released model as an HTTP service; it can follow a stage."),
    "monitor": Entry("mltools.cli.monitor", "What serves, held against its release: drift, errors, quality."),
    "retrain": Entry("mltools.cli.retrain", "Train again where it is time, and propose the result."),
    "hook": Entry("mltools.cli.hook", "Put the loop behind `git push` to a bare repository."),
    "demo": Entry("mltools.cli.demo", "The whole story on real data, in a temporary directory."),
}

# Variables by which Git tells a hook which repository it runs for. Passed on, they would point every Git call of
# ours, and of the stages that we start, at that repository instead of the one they stand in.
GIT_CONTEXT = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    "GIT_COMMON_DIR",
)


class _Lines(logging.Formatter):
    """Log lines as the commands speak: what somebody should know reads like any other warning."""

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        return f"warning: {text}" if record.levelno == logging.WARNING else super().format(record)


@click.group(
    cls=LazyGroup,
    entries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 passed, 1 a gate or check said no, 2 wrong usage or configuration, "
    "3 could not decide, 4 a bug in mltools, 130 interrupted.",
)
@click.version_option(__version__, message="mltools %(version)s")
@click.option("-C", "--directory", default=".", metavar="DIR", help="Work as if started in DIR.")
@click.option("-q", "--quiet", count=True, help="Less on stderr; twice: errors only.")
@click.option("-v", "--verbose", count=True, help="More on stderr; twice: every program that is started.")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the output."
)
@click.pass_context
def cli(ctx: click.Context, *, directory: str, quiet: int, verbose: int, debug: bool, color: str) -> None:
    """GitOps CI/CD for machine learning: every fact kept in Git, no server."""
    level = logging.DEBUG if verbose > 1 else logging.INFO if verbose else logging.WARNING
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines("%(name)s: %(message)s"))
    logging.basicConfig(level=logging.ERROR if quiet > 1 else level, handlers=[handler])
    path = Path(directory).resolve()
    if not path.is_dir():
        raise click.UsageError(f"-C {directory}: no such directory")
    if ctx.obj is None:
        ctx.obj = Session(environ=dict(os.environ))
    ctx.obj = ctx.obj.with_options(directory=path, verbosity=verbose - quiet, color=color, debug=debug)


def main(argv: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code."""
    sys.exit(invoke(sys.argv[1:] if argv is None else argv))


def invoke(argv: list[str]) -> int:
    """Run one command; the exit code. Everything that can go wrong is turned into words and a code here."""
    for name in GIT_CONTEXT:
        os.environ.pop(name, None)
    signal.signal(signal.SIGTERM, _interrupt)
    environ = dict(os.environ)
    debug = "--debug" in argv
    try:
        result: Any = cli.main(argv, prog_name="mltools", standalone_mode=False)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.Abort:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return WRONG_USE
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: nothing was left half-written\n")
        return INTERRUPTED
    except MltoolsError as error:
        if debug:
            traceback.print_exc()
        fail(error, environ)
        return error.exit_code
    except (BrokenPipeError, SystemExit) as ended:
        # The reader of our output went away (`| head`), for which click ends the process with 1: that is what a gate
        # says that failed. Nothing can be flushed any more. It ends so as well when it has told a shell what Tab may become.
        completed = isinstance(ended, SystemExit) and "_MLTOOLS_COMPLETE" in environ
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PASSED if completed else UNREAD
    except Exception as error:  # noqa: BLE001 - the boundary: whatever is left is a bug of ours
        return _confess(error, environ)
    return result if isinstance(result, int) else PASSED


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - the signature of a signal handler
    raise KeyboardInterrupt


def _no_room(error: Exception) -> MltoolsError | None:
    """The disk's fault: it is full, or may not be written. Python looks for a temporary directory by trying to write."""
    if not isinstance(error, OSError):
        return None
    nowhere = error.errno == errno.ENOENT and "temporary directory" in str(error.strerror)
    if not nowhere and error.errno not in _NO_ROOM:
        return None
    where = f"{error.filename}: " if error.filename else ""
    return MltoolsError(
        f"cannot write: {where}{error.strerror}",
        hint="check the free space and the permissions of the disk; TMPDIR names another place for temporary files",
    )


_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


def _confess(error: Exception, environ: Mapping[str, str]) -> int:
    """Tell what nobody expected: of a disk that takes nothing in words, of all else as a bug; the exit code."""
    full = _no_room(error)
    if full is not None:
        fail(full, environ)
        return full.exit_code
    versions = f"mltools {__version__}, Python {sys.version.split()[0]}, {sys.platform}"
    traceback.print_exc()
    fail(
        MltoolsError(f"a bug in mltools ({versions})", hint=f"please report the lines above at {ISSUES}"),
        environ,
    )
    return BUG
