"""`mltools serve`: a released model as an HTTP service, once or following a stage."""

import platform
import shlex
import time
from pathlib import Path
from typing import Any

import click

from mltools import models, registry, serving
from mltools.cli.model_names import complete_names
from mltools.cli.model_place import place_of
from mltools.cli.session import Session
from mltools.core.serving import local_models, local_place, plain
from mltools.edges import documents, files
from mltools.edges.process import Background
from mltools.errors import ConfigError, DataError, MltoolsError
from mltools.models import Place
from mltools.server.places import PLAN, VERSION_FILE
from mltools.serving.agent import Agent, follows
from mltools.serving.alone import alone
from mltools.serving.handing import version_directory
from mltools.serving.plans import Wanted, put_plan
from mltools.serving.retention import KEPT


@click.command(
    "serve",
    epilog="\b\nExamples:\n  mltools serve tumour@v1.2.0\n  mltools serve 'tumour#prod' --follow --port 8080\n"
    "  mltools serve 'tumour#prod' --follow --agent-only --models /srv/models\n"
    "  mltools serve tumour -- --most-rows 100 --threads 2",
)
@click.argument("reference", metavar="NAME[@VERSION|#STAGE]", shell_complete=complete_names)
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[-- SERVER OPTIONS]")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one."
)
@click.option(
    "--models",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Models directory  [default: one for each stage and version, below .git]",
)
@click.option(
    "--log",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Request log  [default: below .git]",
)
@click.option("--no-log", is_flag=True, help="Log no requests.")
@click.option("--follow", is_flag=True, help="Watch the registry, and swap when the stage's tag moves.")
@click.option(
    "--interval",
    type=click.FloatRange(0.1, 86_400),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between looks at the registry.",
)
@click.option(
    "--target", metavar="NAME", help="What deployment records call this place  [default: the host's name]"
)
@click.option(
    "--keep",
    type=click.IntRange(1, 1_000),
    default=KEPT,
    show_default=True,
    metavar="N",
    help="With --follow: how many versions stay in the models directory beside those that are served.",
)
@click.option("--no-record", is_flag=True, help="Write no deployment records.")
@click.option(
    "--agent-only", is_flag=True, help="With --follow: fill the models directory, start no service."
)
@click.pass_obj
def command(  # noqa: PLR0913 - the options of one command
    session: Session,
    reference: str,
    options: tuple[str, ...],
    *,
    host: str,
    port: int,
    directory: Path | None,
    log: Path | None,
    no_log: bool,
    follow: bool,
    interval: float,
    target: str | None,
    keep: int,
    no_record: bool,
    agent_only: bool,
) -> int:
    """Serve a released model over HTTP: rows in, predictions out, held to the release's input contract.

    The model is fetched and verified, and loaded in a process that knows nothing of Git. With --follow the registry is
    watched: when the stage's tag moves, the new version is fetched, tried and swapped in without losing a request; one that
    cannot serve leaves the old one in place. Rolling back is `mltools model rollback`. Prints the address.

    What stands after -- goes to the service: limits, threads, times. `python -m mltools.server --help` lists it.
    """
    place = place_of(session)
    wanted = registry.reference(reference)
    own = place.repository.common_dir
    directory = session.path(directory) if directory is not None else own / local_models(wanted)
    given = session.path(log) if log is not None else own / local_place(wanted.model) / "log"
    log = None if no_log else given
    if agent_only and not follow:
        raise click.UsageError("--agent-only is for --follow")
    if log is not None and not agent_only:
        _make(log)
    name = target or platform.node() or "here"
    with alone(directory):
        agent = None
        if follow:
            agent = Agent(
                place,
                follows(wanted),
                directory,
                name,
                session.clock,
                record=not no_record,
                log=log,
                kept=keep,
            )
            agent.tick(serving=agent_only)
        else:
            _hand(place, reference, directory)
        try:
            while agent is not None and agent_only:
                time.sleep(interval)
                agent.tick()
            told = ("--host", host, "--port", str(port), *options)
            with serving.started(directory, log, told, environ=session.environ) as running:
                if agent is None and running.error is not None:
                    raise MltoolsError(f"{reference} does not serve: {running.error}")
                _announce(session, directory, log, running.address)
                return _wait(running.process, agent, interval)
        except KeyboardInterrupt:
            return 0  # how a service ends


def _make(log: Path) -> None:
    """The service would serve without a log that cannot be written; whoever named it should know at once."""
    try:
        log.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.unwritable(log, error) from error


def _wait(process: Background, agent: Agent | None, interval: float) -> int:
    """Until the service ends; the agent looks meanwhile."""
    code = None
    while code is None:
        if agent is not None:
            agent.tick()
        code = process.wait(None if agent is None else interval)
    if code:
        raise MltoolsError(f"the service ended by itself (exit code {code}); its last words are above")
    return 0


def _hand(place: Place, reference: str, directory: Path) -> None:
    """The version that is named, and the plan that says so."""
    model, version = models.find(place, reference)
    new = serving.hand(place, models.released(version), directory, model=model.name)
    put_plan(directory, Wanted(model.name, plain(version.version)), again=new)


def _announce(session: Session, directory: Path, log: Path | None, address: str) -> None:
    session.result(address)
    if log is not None:
        session.say(f"requests are logged in {log}")
    rows = _rows(directory)
    if rows:
        body = shlex.quote(documents.write_json({"rows": rows[:1]}, indent=None).strip())
        session.hint(f"curl -s {address}/predict -d {body}")
    else:
        session.hint(f"curl -s {address}/health/ready tells what it waits for")


def _rows(directory: Path) -> list[Any]:
    """Rows to try the service with; none where nothing is handed yet."""
    try:
        plan = documents.read_json(files.read_bytes(directory / PLAN), PLAN)
        place = version_directory(directory, plan["model"], plan["serve"]["stable"])
        found = documents.read_json(files.read_bytes(place / VERSION_FILE), VERSION_FILE)["smoke"]
    except (DataError, ConfigError, KeyError, TypeError):
        return []
    return found if isinstance(found, list) else []
