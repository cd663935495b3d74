"""`python -m server --models DIR`: the service by itself."""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
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
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}",
        usage="%(prog)s --models DIR [OPTIONS]",
        description="Serve what plan.json in a models directory names, and swap when it changes.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--models", type=Path, required=True, metavar="DIR", help="directory with plan.json and versions/"
    )
    parser.add_argument(
        "--log", type=Path, metavar="DIR", help="directory of the request log; without it nothing is logged"
    )
    default = {one.name: one.default for one in fields(Settings)}
    for name, kind, shape, words in OPTIONS:
        known = default[name.replace("-", "_")]
        parser.add_argument(f"--{name}", type=kind, default=known, metavar=shape, help=f"{words} [{known}]")
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
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) < 1 << 16):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6:  # noqa: PLR2004 - some days
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0 and below a million")
    return number


OPTIONS: Sequence[tuple[str, Callable[[str], str | int | float], str, str]] = (
    ("host", str, "NAME", "where to listen"),
    ("port", _port, "N", "0 takes a free one"),
    ("most-body", _positive, "N", "bytes of a request"),
    ("most-rows", _positive, "N", "rows of a request"),
    ("requests", _positive, "N", "requests at once; further ones get 503"),
    ("connections", _positive, "N", "connections at once"),
    ("threads", _positive, "N", "threads that predict"),
    ("head-seconds", _seconds, "S", "time for the head of a request"),
    ("body-seconds", _seconds, "S", "time for the body of a request"),
    ("answer-seconds", _seconds, "S", "time for everything"),
    ("drain-seconds", _seconds, "S", "time for what is under way at the end"),
    ("poll-seconds", _seconds, "S", "time between looks at plan.json"),
    ("log-bytes", _positive, "N", "size at which a log file is full"),
)


if __name__ == "__main__":
    sys.exit(main())
