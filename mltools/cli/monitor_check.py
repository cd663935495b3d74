"""`mltools monitor check`: the request log of a window against the release that serves."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import click

from mltools import __version__, models, monitoring
from mltools.cli import progress
from mltools.cli.model_place import place_of
from mltools.cli.session import Session
from mltools.core.config import Config
from mltools.core.moments import age, moment
from mltools.core.monitor import page, view
from mltools.core.monitor.findings import Assessment
from mltools.core.monitor.policy import Monitor
from mltools.core.serving import local_place
from mltools.edges import documents, files
from mltools.errors import UsageError
from mltools.models import Place, Released
from mltools.monitoring import Asked, Checked, alerting, logs
from mltools.monitoring.reference import policy_of
from mltools.registry import reference as named

Form = Literal["text", "json", "markdown", "html"]
EPILOG = """\b
Examples:
  mltools monitor check 'tumour#prod' --log /var/log/tumour
  mltools monitor check 'tumour#prod' --log s3://bucket/tumour/log --alert
  mltools monitor check tumour@v1.2.0 --log log --since 7d --no-record
  mltools monitor check 'tumour#prod' --log log --format html --output check.html
"""


@click.command("check", epilog=EPILOG)
@click.argument("reference", metavar="NAME[@VERSION|#STAGE]")
@click.option(
    "--log",
    "log",
    metavar="DIR",
    help="Directory of the request log with the labels that came, or an address such as s3://bucket/log.  "
    "[default: monitor.log]",
)
@click.option("--since", metavar="WHEN", help="Where the window begins: 36h, 7d, or a time in ISO 8601.")
@click.option("--window", metavar="LENGTH", help="How long it is: 90m, 24h, 7d.  [default: monitor.window]")
@click.option("--until", metavar="WHEN", help="Where it ends.  [default: now, or one length after --since]")
@click.option(
    "--arm", metavar="NAME", help="Only this arm: stable, canary or shadow.  [default: all that answer]"
)
@click.option(
    "--alert",
    is_flag=True,
    help="Keep an issue on the forge up to date, and tell the webhook in MLTOOLS_WEBHOOK.",
)
@click.option("--no-record", is_flag=True, help="Leave nothing in the journal.")
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.option(
    "--format", "form", type=click.Choice(("text", "json", "markdown", "html")), help="[default: text]"
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it to FILE.")
@click.pass_obj
def command(  # noqa: PLR0913 - each is an option
    session: Session,
    *,
    reference: str,
    log: str | None,
    since: str | None,
    window: str | None,
    until: str | None,
    arm: str | None,
    alert: bool,
    no_record: bool,
    as_json: bool,
    form: Form | None,
    output: Path | None,
) -> int:
    """Hold what serves against its release: drift, predictions, errors, latency, and quality where labels came.

    Says healthy, watch, drifted or broken, why, and what to do; ends with 1 when drifted or broken. The check is kept in
    the journal, where the next ones see how long something lasts. Of too few rows it says so, and never "drift".
    """
    if as_json and form not in {None, "json"}:
        raise click.UsageError(f"--json and --format {form} are two forms; ask for one.")
    place = place_of(session)
    released = models.released(models.find(place, reference)[1])
    policy = monitor_of(place, released)
    now = session.clock()
    start, end = span(since, window or policy.window, until, now)
    chosen: Form = "json" if as_json else form or "text"
    where, base = _log(session, place, released, log or policy.log, given=bool(log))
    with (
        progress.bar(session, "reading the log", wanted=chosen == "text") as told,
        logs.at_hand(where, base, start, told) as directory,
    ):
        asked = Asked(released, named(reference).stage, directory, where, start, end, now, arm)
        checked = monitoring.check(place, asked, policy, progress=told)
    return conclude(
        session, place, checked, policy, record=not no_record, alert=alert, form=chosen, output=output
    )


def conclude(
    session: Session,
    place: Place,
    checked: Checked,
    policy: Monitor,
    *,
    record: bool,
    alert: bool,
    form: Form = "text",
    output: Path | None = None,
) -> int:
    """Keep a check, show it, and tell people; what the command ends with."""
    found = checked.assessment
    before = alerting.last_state(place.repository, found) if alert else None
    if record:
        monitoring.keep(place, checked, when=session.clock(), by=place.writer.person)
    show(session, found, form, output)
    if alert:
        alerting.alert(
            alerting.Desk(session.environ, session.say, session.warn), found, policy, before=before
        )
    return int(found.verdict.alarming)


def _log(
    session: Session, place: Place, released: Released, where: str | None, *, given: bool
) -> tuple[str, Path]:
    """Where the log is, and from where that is seen: what was typed from here, the policy's from the project's place."""
    if where is None:
        hint = "name it with --log, or as `monitor.log` in mltools.yaml"
        own = place.repository.common_dir / local_place(released.record.model) / "log"
        if own.is_dir():
            hint += f"; `mltools serve` left one in {own}"
        raise UsageError("nothing says where the request log is", hint=hint)
    root = place.repository.root
    return where, session.directory if given or root is None else root / released.prefix


def monitor_of(place: Place, released: Released) -> Monitor:
    """The policy by which a version is watched."""
    config: Config | None = policy_of(place, released)
    if config is None:
        place.warn("mltools.yaml of the release cannot be read; it is watched by the defaults")
    return Monitor() if config is None else config.monitor


def span(since: str | None, length: str, until: str | None, now: datetime) -> tuple[datetime, datetime]:
    """From when to when. Raises UsageError for what is no time and no length of time."""
    size = _length(length, "--window")
    if since is None:
        end = now if until is None else _moment(until, "--until", now)
        return end - size, end
    start = _moment(since, "--since", now)
    if until is not None:
        return start, _moment(until, "--until", now)
    # Since a length of time ago means up to now; since a moment, one window from there.
    return start, now if _is_length(since) else min(now, start + size)


def show(session: Session, found: Assessment, form: Form, output: Path | None) -> None:
    """The check in a form, on stdout or in a file; a file beside, stdout has the text."""
    match form:
        case "json":
            text = documents.write_json(found.as_json())
        case "markdown":
            text = view.as_markdown(found)
        case "html":
            text = page.render(found, made_by=__version__)
        case _:
            text = view.as_text(found, session.paint if output is None else view.plain)
    if output is None:
        session.result(text, newline=False)
        return
    files.write_atomic(session.directory / output, text)
    if form != "text":
        session.result(view.as_text(found, session.paint), newline=False)
    session.say(f"wrote {output}")


def _length(text: str, option: str) -> timedelta:
    try:
        return age(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error


def _moment(text: str, option: str, now: datetime) -> datetime:
    try:
        return now - age(text)
    except ValueError:
        pass
    try:
        return moment(text)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{option}: {text!r} is no time such as 2026-01-31T04:00Z, and no length such as 36h"
        ) from error


def _is_length(text: str) -> bool:
    try:
        return bool(age(text))
    except ValueError:
        return False
