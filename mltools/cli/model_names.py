"""Names of models and versions for the shell: what Tab completes to."""

import re
from pathlib import Path

import click

from mltools.edges.git import plumbing
from mltools.errors import MltoolsError

MOST = 200
_BEGINNING = re.compile(r"[a-zA-Z0-9_./=@#+-]*", re.ASCII)


def complete_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's signature
    """Models that begin so, and behind a whole name its versions and stages.

    Read from the tags' names alone, in the directory that -C names: Tab must answer at once, and never fail.
    """
    root = ctx.find_root()
    directory = Path(str(root.params.get("directory") or "."))
    begun = incomplete.replace(":", "=")
    if not _BEGINNING.fullmatch(begun):
        return []
    # A star ends at a slash, which models and stages may hold.
    patterns = (f"refs/tags/{begun}*", f"refs/tags/{begun}*/**")
    try:
        done = plumbing.git(
            directory,
            "for-each-ref",
            "--format=%(refname:lstrip=2)",
            "--",
            *patterns,
            check=False,
        )
    except (MltoolsError, OSError):
        return []
    return names(done.text.split("\n"), incomplete)


def complete_stages(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The stages that the model on the line ever had something in."""
    # Behind an option whose value is still to come, click leaves the arguments where they are.
    named = ctx.params.get("reference") or ctx.params.get("name") or next(iter(ctx.args), "")
    model = re.split(r"[@#]", named)[0]
    found = complete_names(ctx, param, f"{model}#{incomplete}") if model else []
    return [name.removeprefix(f"{model}#") for name in found]


def names(tags: list[str], incomplete: str) -> list[str]:
    """What the tags offer for a beginning: first the models; once one is named, its versions and stages, the last first."""
    from mltools.core.tags import parse_tag  # noqa: PLC0415 - not for every command of this group

    said = [one for tag in tags if (one := parse_tag(tag)) is not None]
    whole = any(mark in incomplete for mark in "@#")
    found: dict[str, None] = {}
    for one in said:
        full = one.model
        if whole and one.version:
            full = f"{one.model}@{one.version}"
        elif whole and one.stage:
            full = f"{one.model}#{one.stage}"
        if full.startswith(incomplete):
            found[full] = None
    return list(found)[-MOST:][::-1] if whole else list(found)[:MOST]
