"""`mltools deploy`: what a team deploys a released model with."""

import time
from pathlib import Path
from typing import get_args

import click

from mltools import models
from mltools.cli.model_names import complete_names
from mltools.cli.model_place import place_of
from mltools.cli.session import Session
from mltools.core.deploying import Target
from mltools.core.verdict import Outcome
from mltools.edges import documents
from mltools.errors import UsageError

EPILOG = """\b
Examples:
  mltools deploy render tumour@v1.2.0 -o bundle
  mltools deploy render 'tumour#prod' --target kubernetes --image registry.example/team/tumour -o deploy
  mltools deploy render 'tumour#prod' --target kubernetes -o deploy --check
"""


@click.group("deploy", epilog=EPILOG)
def command() -> None:
    """What a team deploys a released model with."""


@command.command(
    "render", epilog=EPILOG, short_help="Write a bundle, an image's directory or manifests of a version."
)
@click.argument("reference", metavar="NAME[@VERSION|#STAGE]", shell_complete=complete_names)
@click.option(
    "-t",
    "--target",
    type=click.Choice(get_args(Target)),
    default="bundle",
    show_default=True,
    help="For what.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Where it goes."
)
@click.option("--image", metavar="NAME", help="The image's name  [default: MODEL:VERSION]")
@click.option(
    "--base", metavar="IMAGE", help="The image to build on, best by digest  [default: Python's slim one]"
)
@click.option(
    "--check", is_flag=True, help="Write nothing; end with 1 when DIR is not what would be written."
)
@click.option("-f", "--force", is_flag=True, help="Replace a directory that was edited or is not ours.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def render_command(  # noqa: PLR0913 - an option each
    session: Session,
    *,
    reference: str,
    target: Target,
    output: Path,
    image: str | None,
    base: str | None,
    check: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Write a directory with the model, its contract, the server, exact versions of what both need, and manifests.

    The model is checked against its release, loaded and tried first. The same release, options and environment give the
    same bytes. A directory that was edited since is not replaced without --force.
    """
    from mltools import deploying  # noqa: PLC0415 - loads what touches a model's bytes

    place = place_of(session)
    found = models.released(models.find(place, reference)[1])
    wish = deploying.Wish(target, session.path(output), image, base, force)
    done = deploying.render(place, found, wish, check=check)
    stale = check and bool(done.changed)
    if as_json:
        tree = {
            "schema": 1,
            "tag": found.tag,
            "target": target,
            "image": done.deployment.image,
            "directory": str(wish.directory),
            "files": list(done.paths),
            "changed": list(done.changed),
        }
        session.result(documents.write_json(tree), newline=False)
        return 1 if stale else 0
    if stale:
        for line in done.changed:
            session.result(line)
        session.hint(f"`mltools deploy render {found.tag} --target {target} -o {output}` writes it again")
        return 1
    session.say(
        f"{found.tag} for {target}: {'unchanged' if not done.changed else f'{len(done.paths)} files'}"
    )
    session.result(str(wish.directory))
    return 0


@command.command(
    "smoke",
    short_help="Ask a deployment the rows to try of its release.",
    epilog="\b\nExamples:\n  mltools deploy smoke bundle --python serving/bin/python\n"
    "  mltools deploy smoke https://models.example/tumour --release 'tumour#staging' --wait 600",
)
@click.argument("where", metavar="DIR|ADDRESS")
@click.option(
    "--release", metavar="NAME[@VERSION|#STAGE]", help="With an address: which version must answer."
)
@click.option("--python", metavar="PATH", help="With a directory: the Python that has its requirements.")
@click.option(
    "--wait",
    type=click.FloatRange(0, 86_400),
    default=0.0,
    metavar="SECONDS",
    help="With an address: how long the service may need to come to serve the version.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def smoke_command(
    session: Session, *, where: str, release: str | None, python: str | None, wait: float, as_json: bool
) -> int:
    """Ask a deployment the rows to try of its release: a rendered directory, started for it, or a service that runs.

    Ends with 1 when it is not ready, serves another version, or answers otherwise than the release says.
    """
    from mltools.deploying import smoking  # noqa: PLC0415 - loads HTTP

    if where.startswith(("http://", "https://")):
        if release is None:
            raise UsageError("an address needs --release, the version that must answer there")
        place = place_of(session)
        found = models.released(models.find(place, release)[1])
        patience = smoking.Patience(wait, time.monotonic, time.sleep)
        checks = smoking.of_service(place, found, where, patience)
    else:
        if python is not None and "/" in python:
            python = str(session.path(Path(python)))  # the service starts in its own directory
        checks = smoking.of_bundle(session.path(Path(where)), python, session.environ)
    if as_json:
        told = [{"name": one.name, "outcome": one.outcome.value, "reason": one.reason} for one in checks]
        session.result(documents.write_json({"schema": 1, "where": where, "checks": told}), newline=False)
    else:
        for one in checks:
            session.result(f"{one.outcome.value:<9} {one.name}: {one.reason}")
    return 1 if any(one.outcome is Outcome.FAILED for one in checks) else 0
