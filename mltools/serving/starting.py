"""The service started as a process beside ours."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mltools.edges import documents, process
from mltools.edges.process import Background
from mltools.errors import CommandError, ConfigError, UsageError

GRACE = 45.0
OPTIONS = "`python -m mltools.server --help` tells what may stand after `--`"


@dataclass(frozen=True, slots=True)
class Started:
    """A service that runs, where it listens, and why it is not ready where it is not."""

    process: Background
    address: str
    error: str | None


@contextmanager
def started(
    models: Path, log: Path | None, options: Sequence[str], *, environ: Mapping[str, str]
) -> Iterator[Started]:
    """The service over a models directory, ended with the block: what is under way is answered first.

    Raises UsageError when it refuses its options, and CommandError when it does not come up otherwise; it has said why on
    stderr.
    """
    argv = [sys.executable, "-m", "mltools.server", "--end-with-stdin", "--models", str(models)]
    argv += [] if log is None else ["--log", str(log)]
    with process.background(*argv, *options, grace=GRACE, env=environ) as running:
        line = running.line()
        if line is None:
            code = running.wait(GRACE)
            if code == UsageError.exit_code:
                raise UsageError("the service refuses its options, as it says above", hint=OPTIONS)
            raise CommandError(f"the service did not start (exit code {code})", returncode=code or 1)
        try:
            told = documents.read_json(line.encode(), "the service's first line")
        except ConfigError as error:
            raise CommandError(
                f"the service did not say where it listens: {line[:200]}", returncode=1
            ) from error
        yield Started(running, str(told["address"]), told.get("error"))
