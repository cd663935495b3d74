"""The workflows that GitHub runs for a project, from its configuration alone: the same input gives the same bytes.

They are thin callers of the commands that a developer types. Where they end up and what happens to a file that is
already there is decided elsewhere.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from mltools import __version__
from mltools.ci import remotes
from mltools.ci.actions import PINNED
from mltools.ci.provider import Facts
from mltools.ci.stamp import stamped
from mltools.core.config import CI, FILE, Config
from mltools.core.stage_policy import stages_of
from mltools.core.tags import model_name
from mltools.edges.templates import RenderedFile, render
from mltools.errors import ConfigError

FOLDER = ".github/workflows"
DEPENDABOT = ".github/dependabot.yml"
EXPRESSION = "${{"
# What there may be beside the workflow that trains.
KINDS = ("deploy", "fork", "retrain", "monitor")


def workflows(config: Config, facts: Facts) -> tuple[RenderedFile, ...]:
    """The workflow files, with paths from the top of the repository.

    Raises ConfigError when mltools.yaml holds text that no workflow can carry.
    """
    assert config.ci is not None  # noqa: S101 - who asked for the provider saw it
    _carriable(config, config.ci, facts)
    values = _values(config, config.ci, facts)
    names = paths(facts.prefix)
    wanted = {"mltools": True, "mltools-deploy": config.release is not None, "mltools-fork": config.ci.forks}
    wanted["mltools-retrain"] = _retrains(config)
    wanted["mltools-monitor"] = config.monitor.schedule is not None and config.release is not None
    return tuple(
        RenderedFile(names[kind], stamped(_render(kind, values), __version__).encode())
        for kind, used in wanted.items()
        if used
    )


def dependabot() -> RenderedFile:
    """The file that makes Dependabot move the actions' pins; written once and then the project's own."""
    return RenderedFile(DEPENDABOT, render("ci/github/dependabot.yml.j2", {}).encode())


def paths(prefix: str) -> dict[str, str]:
    """Where each kind of workflow of a project lies. Projects below the top carry their place in the name."""
    suffix = _suffix(prefix)
    kinds = ("mltools", *(f"mltools-{kind}" for kind in KINDS))
    return {kind: f"{FOLDER}/{kind}{suffix}.yml" for kind in kinds}


def _render(kind: str, values: Mapping[str, Any]) -> str:
    return render(f"ci/github/{kind}.yml.j2", {**values, "title": values["titles"][kind]})


def _values(config: Config, ci: CI, facts: Facts) -> dict[str, Any]:
    directory = facts.prefix.rstrip("/")
    suffix = _suffix(facts.prefix)
    place = f" ({directory})" if directory else ""
    remote, pictures = remotes.access(facts.remote), remotes.access(config.report.images_to)
    log = remotes.access(config.monitor.log)
    return {
        "titles": {
            "mltools": f"mltools{place}",
            "mltools-deploy": f"mltools deploy{place}",
            "mltools-fork": f"mltools fork report{place}",
            "mltools-retrain": f"mltools retrain{place}",
            "mltools-monitor": f"mltools monitor{place}",
        },
        "watched": f"mltools{place}",
        "directory": directory,
        "slug": f"mltools{suffix}",
        "deploy_slug": f"mltools-deploy{suffix}",
        "fork_slug": f"mltools-fork{suffix}",
        "retrain_slug": f"mltools-retrain{suffix}",
        "retrain_bundle": f"mltools-retraining{suffix}",
        "retrain_schedule": config.retrain and config.retrain.schedule,
        "retrain_merges": config.retrain is not None and config.retrain.merge != "never",
        "retrains": _retrains(config),
        "monitor_slug": f"mltools-monitor{suffix}",
        "monitor_bundle": f"mltools-check{suffix}",
        "monitor_schedule": config.monitor.schedule,
        "monitor_runner": config.monitor.runner or ci.runner,
        "monitored": _monitored(config, facts),
        "deploy_file": paths(facts.prefix)["mltools-deploy"].rpartition("/")[2],
        "bundle": f"mltools-run{suffix}",
        "base": config.compare.base,
        "on_base": f"github.ref == {_expression_text(f'refs/heads/{config.compare.base}')}",
        "release": config.release is not None,
        "model": config.release.model if config.release else "",
        "stages": _stages(config),
        "python": ci.python,
        "runner": ci.runner,
        "install": ci.install,
        "serve_install": _with_extra(ci.install, "serve"),
        "plugin": remotes.plugins(remote, pictures),
        "log_plugin": remotes.plugins(remote, log),
        "remote_secrets": remote.secrets,
        "record_secrets": remotes.secrets(remote, pictures),
        "log_secrets": remotes.secrets(remote, log),
        "requirements": ci.requirements,
        "timeout": ci.timeout_minutes,
        "schedule": ci.schedule,
        "asks_forge": any(config.people[name].github for name in config.overrides.by),
        "cache": ci.cache,
        "cache_inputs": tuple(
            f"{facts.prefix}{name}" for name in (ci.requirements, FILE) if name is not None
        ),
        "cache_paths": tuple(dict.fromkeys((".dvc/cache", f"{facts.prefix}.dvc/cache"))),
        "forks": ci.forks,
        "environment": ci.environment,
        "uses": {name: action.pinned for name, action in PINNED.items()},
    }


def _stages(config: Config) -> tuple[dict[str, str], ...]:
    """The stages with what expressions and the forge's variables call them."""
    found = stages_of(config.release.stages if config.release is not None else ())
    return tuple(
        {
            "name": stage.name,
            "text": _expression_text(stage.name),
            "variable": "MLTOOLS_ADDRESS_" + re.sub(r"[^A-Z0-9]+", "_", stage.name.upper()),
        }
        for stage in found
    )


def _retrains(config: Config) -> bool:
    return config.retrain is not None and config.release is not None


def _monitored(config: Config, facts: Facts) -> str:
    """What the checks look at: the model as a stage holds it, else its newest version; "" where nothing checks."""
    if config.release is None or config.monitor.schedule is None:
        return ""
    try:
        model = model_name(facts.prefix, config.release.model)
    except ValueError as error:
        raise ConfigError(f"{FILE}: {error}") from error
    return model if config.monitor.stage is None else f"{model}#{config.monitor.stage}"


def _with_extra(requirement: str, extra: str) -> str:
    """The requirement with an extra: `mltools-gitops[serve]==0.1.0`."""
    found = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[([^\]]*)\])?(.*)", requirement)
    if found is None:
        return requirement
    extras = ",".join(filter(None, (found[2], extra)))
    return f"{found[1]}[{extras}]{found[3]}"


def _suffix(prefix: str) -> str:
    """What tells the files of a project below the top apart: `-` and its directory in letters that all names take."""
    directory = prefix.rstrip("/")
    if not directory:
        return ""
    plain = directory.replace("/", "-")
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-.") or "project"
    # A directory `deploy` must not take the name of the workflow that deploys.
    if name == directory and name.partition("-")[0] not in KINDS:
        return f"-{name}"
    return f"-{name}-{hashlib.sha256(directory.encode()).hexdigest()[:6]}"


def _expression_text(text: str) -> str:
    """A text as a literal in GitHub's expression language."""
    return "'" + text.replace("'", "''") + "'"


def _carriable(config: Config, ci: CI, facts: Facts) -> None:
    """Refuse what GitHub would evaluate or break up, wherever it were quoted."""
    texts = {
        "compare.base": config.compare.base,
        "ci.install": ci.install,
        "ci.requirements": ci.requirements or "",
        "the project's directory": facts.prefix,
    }
    problems = [
        f"{FILE}: {name}: {text!r} cannot stand in a workflow"
        for name, text in texts.items()
        if EXPRESSION in text or not text.isprintable()
    ]
    if problems:
        raise ConfigError(
            "\n".join(problems), problems=problems, hint="leave out `${{` and control characters"
        )
