"""`python -m server --models DIR`: the service by itself."""

import argparse
import logging
import sys
import time
from pathlib import Path

from .files import ServerError
from .settings import Settings


def main(argv: list[str] | None = None) -> int:
    """Parse, serve; the exit code: 2 for wrong usage, 3 when it cannot serve."""
    settings = _settings(argv)
    _log_to_stderr()
    if not settings.models.is_dir():
        sys.stderr.write(f"error: {settings.models}: no such directory\n")
        return 2
    try:
        from .running import run  # noqa: PLC0415 - what is heavy only where it is needed
    except ImportError as error:
        sys.stderr.write(f"error: {error}\nhint: pip install 'mltools-gitops[serve]'\n")
        return 3
    try:
        return run(settings)
    except ServerError as error:
        sys.stderr.write(f"error: {error}\n")
        return 3


def _log_to_stderr() -> None:
    """Times in UTC, as in the request log; of others' words only those that warn."""
    form = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(form)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger(__package__).setLevel(logging.INFO)


def _settings(argv: list[str] | None) -> Settings:
    parser = argparse.ArgumentParser(prog="server", description=__doc__, allow_abbrev=False)
    parser.add_argument("--models", type=Path, required=True, help="directory with plan.json and versions/")
    parser.add_argument(
        "--log", type=Path, help="directory for the request log; without it nothing is logged"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one")
    parser.add_argument("--most-body", type=_positive, default=4 << 20, help="bytes of a request")
    parser.add_argument("--most-rows", type=_positive, default=1_000, help="rows of a request")
    parser.add_argument(
        "--requests", type=_positive, default=64, help="requests at once; further ones get 503"
    )
    parser.add_argument("--connections", type=_positive, default=1_024, help="connections at once")
    parser.add_argument("--threads", type=_positive, default=4, help="threads that predict")
    parser.add_argument("--head-seconds", type=_seconds, default=10.0, help="time for the head of a request")
    parser.add_argument("--body-seconds", type=_seconds, default=10.0, help="time for the body of a request")
    parser.add_argument("--answer-seconds", type=_seconds, default=60.0, help="time for everything")
    parser.add_argument(
        "--drain-seconds", type=_seconds, default=30.0, help="time for what is under way at the end"
    )
    parser.add_argument("--poll-seconds", type=_seconds, default=0.5, help="time between looks at plan.json")
    parser.add_argument(
        "--log-bytes", type=_positive, default=64 << 20, help="size at which a log file is full"
    )
    parser.add_argument(
        "--let-the-model-file-run-any-code",
        dest="pickle",
        action="store_true",
        help="load pickles, whose hash is that of the release: loading one runs whatever is in it",
    )
    parser.add_argument(
        "--end-with-stdin", dest="with_stdin", action="store_true", help="end when stdin is closed"
    )
    return Settings(**vars(parser.parse_args(argv)))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e6:  # noqa: PLR2004 - some days
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main())
