"""Whether a deployment answers as its release says: a bundle that is started for it, or a service that runs somewhere."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mltools.core.verdict import Outcome
from mltools.edges import documents, files, process
from mltools.edges.rest.addresses import require_safe
from mltools.edges.rest.client import Client
from mltools.errors import CommandError, ConfigError, DataError, ProviderError, UsageError
from mltools.models.finding import Place, Released
from mltools.server.comparing import alike
from mltools.server.places import PLAN, VERSION_FILE
from mltools.serving.handing import hand, version_directory

GRACE = 45.0
# Between two looks at a service that is not ready, or serves another version still.
PAUSE = 5.0
LOOK_SECONDS, ASKED_SECONDS = 3.0, 60.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was asked of the service."""

    name: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds to wait until the service has the version, by which clock."""

    seconds: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]


def of_bundle(directory: Path, python: str | None, environ: Mapping[str, str]) -> tuple[Check, ...]:
    """Start a rendered bundle with an interpreter that has its requirements, and ask it its rows to try.

    Raises UsageError for a directory that is none, CommandError when the service does not come up.
    """
    info = _described(directory)
    argv = (python or sys.executable, "-m", "server", "--models", "models", "--port", "0", "--end-with-stdin")
    with process.background(*argv, grace=GRACE, cwd=directory, env=environ) as running:
        line = running.line()
        if line is None:
            code = running.wait(GRACE) or 1
            raise CommandError(
                f"the service of {directory} did not start (exit code {code})", returncode=code
            )
        try:
            told = documents.read_json(line.encode(), "the service's first line")
        except ConfigError as error:
            raise CommandError(f"the service did not say where it listens: {line[:200]}") from error
        return tuple(_checks(str(told["address"]), info, None))


def of_service(place: Place, found: Released, address: str, patience: Patience) -> tuple[Check, ...]:
    """Ask a service the rows to try of a version, which it must come to serve within the given time.

    Raises ProviderError for an address that is not safe to speak to.
    """
    require_safe(address)
    name = found.record.model
    with tempfile.TemporaryDirectory(prefix="mltools-") as scratch:
        hand(place, found, Path(scratch), model=name)
        described = version_directory(Path(scratch), name, found.version.version) / VERSION_FILE
        info = documents.read_json(files.read_bytes(described), VERSION_FILE)
    return tuple(_checks(address.rstrip("/"), info, patience))


def _described(directory: Path) -> dict[str, Any]:
    """The `version.json` of the version that a bundle's plan names."""
    try:
        plan = documents.read_json(files.read_bytes(directory / "models" / PLAN), PLAN)
        place = version_directory(directory / "models", plan["model"], plan["serve"]["stable"])
        info = documents.read_json(files.read_bytes(place / VERSION_FILE), VERSION_FILE)
    except (DataError, ConfigError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{directory} is no bundle of `mltools deploy render`", hint=str(getattr(error, "message", error))
        ) from error
    if not isinstance(info, dict):
        raise UsageError(f"{directory}: {VERSION_FILE} holds no object")
    return info


def _checks(address: str, info: Mapping[str, Any], patience: Patience | None) -> Iterator[Check]:
    ready = _ready(address, info, patience)
    yield ready
    if ready.outcome is not Outcome.PASSED:
        return
    rows = info.get("smoke") or []
    if not rows:
        yield Check("rows", Outcome.UNDECIDED, "the release has no rows to try (serve.smoke in mltools.yaml)")
        return
    try:
        answer = Client(address, seconds=ASKED_SECONDS).post("/predict", {"rows": rows}, repeatable=True)
    except ProviderError as error:
        yield Check("rows", Outcome.FAILED, error.message)
        return
    yield _answered(answer, info, len(rows))


def _ready(address: str, info: Mapping[str, Any], patience: Patience | None) -> Check:
    """Whether the service is ready and serves the version, asked again while there is patience."""
    until = None if patience is None else patience.clock() + patience.seconds
    while True:
        outcome, reason = _look(address, info)
        if outcome is Outcome.PASSED or patience is None or until is None or patience.clock() + PAUSE > until:
            return Check("ready", outcome, reason)
        patience.sleep(PAUSE)


def _look(address: str, info: Mapping[str, Any]) -> tuple[Outcome, str]:
    try:
        said = Client(address, seconds=LOOK_SECONDS).get("/health/ready")
    except ProviderError as error:
        return Outcome.FAILED, error.message
    tree = said if isinstance(said, Mapping) else {}
    serving = tree.get("serving")
    stable = serving.get("stable") if isinstance(serving, Mapping) else None
    if (tree.get("model"), stable) != (info["model"], info["version"]):
        return Outcome.FAILED, f"serves {tree.get('model')} {stable}, not {info['model']} {info['version']}"
    return Outcome.PASSED, f"serves {info['model']} {info['version']}"


def _answered(answer: Any, info: Mapping[str, Any], count: int) -> Check:
    tree = answer if isinstance(answer, Mapping) else {}
    said = tree.get("predictions")
    if not isinstance(said, list) or len(said) != count:
        return Check("rows", Outcome.FAILED, f"{count} rows were asked, and {said!r:.100} was answered")
    if tree.get("version") != info["version"]:
        return Check(
            "rows", Outcome.FAILED, f"version {tree.get('version')!r:.60} answered, not {info['version']}"
        )
    expected = info.get("expected")
    for number, (one, wanted) in enumerate(zip(said, expected or (), strict=False)):
        if not alike(one, wanted):
            return Check(
                "rows", Outcome.FAILED, f"row {number} gives {one!r:.60}, and should give {wanted!r:.60}"
            )
    known = "as the release says" if expected else "; the release does not say how"
    return Check(
        "rows", Outcome.PASSED, f"{count} row{'s' * (count != 1)} answered {known}".replace(" ;", ";")
    )
