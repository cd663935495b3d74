"""A DVC pipeline that is there already becomes a project: only what is missing is added."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from mltools.core.config import FILE as CONFIG_FILE
from mltools.core.config import Release
from mltools.core.metrics import Scalar, number
from mltools.core.stages import Pipeline
from mltools.edges import files, templates, valuefiles
from mltools.edges.templates import RenderedFile
from mltools.errors import MltoolsError, RepositoryError, UsageError
from mltools.project import WORK_DIR, config_from, load_pipeline
from mltools.scaffold.fresh import ci_values
from mltools.scaffold.plan import IGNORE_FILE, Plan, steps
from mltools.scaffold.surroundings import Surroundings, Wish, workflows

TABLES = frozenset({".csv", ".parquet", ".tsv"})
REQUIREMENTS = "requirements.txt"
MOST_GATES = 8

HIGHER = frozenset({"acc", "accuracy", "ap", "auc", "auroc", "bleu", "dice", "f1", "iou", "map", "ndcg"})
HIGHER_TOO = frozenset({"precision", "r2", "recall", "rouge", "score", "sensitivity", "specificity"})
LOWER = frozenset({"brier", "cer", "error", "latency", "logloss", "loss", "mae", "mape", "mse", "perplexity"})
LOWER_TOO = frozenset({"rmse", "seconds", "time", "wer"})


def plan(place: Surroundings, wish: Wish) -> Plan:
    """The plan for a directory with a dvc.yaml. Raises UsageError for a wish that cannot be met there."""
    if wish.template is not None:
        raise UsageError(
            f"{place.root} has a pipeline already (dvc.yaml), so no template can be laid over it",
            hint="leave out --template to add mltools to this pipeline, or name a new directory",
        )
    if wish.git and place.repository is None:
        raise RepositoryError(
            f"{place.root} is not in a Git repository",
            hint="mltools keeps every fact in Git: run `git init` first",
        )
    pipeline = load_pipeline(place.root)
    policy = _policy(place, wish, pipeline)
    config = config_from(policy.content, CONFIG_FILE)
    ignored = RenderedFile(IGNORE_FILE, f"/{WORK_DIR}/\n".encode())
    notes = list(place.notes(wish))
    if wish.ci and config.ci and wish.install_warning and config.ci.install == wish.install:
        notes.insert(0, wish.install_warning)
    return Plan(
        root=place.root,
        top=place.top,
        name=place.name,
        template=None,
        steps=(
            *steps((policy, ignored), place.root, shown_from=place.root),
            *(steps(workflows(config, place), place.top, shown_from=place.root) if wish.ci else ()),
        ),
        data=_tracked(place) if place.dvc_root is None else (),
        dvc_init=wish.git and place.dvc_root is None,
        hook=place.hook if wish.git else None,
        notes=tuple(notes),
    )


def _policy(place: Surroundings, wish: Wish, pipeline: Pipeline) -> RenderedFile:
    """mltools.yaml: the one that is there, else one made from what dvc.yaml declares."""
    path = place.root / CONFIG_FILE
    if path.exists():
        return RenderedFile(CONFIG_FILE, files.read_bytes(path))
    models = [name for name, artifact in pipeline.artifacts.items() if artifact.type in {None, "model"}]
    values = {
        "name": place.name,
        "base": base_branch(place),
        "gates": tuple(gates(place.root, pipeline)),
        "tables": tables(place.root, pipeline),
        "models": models,
        "model": models[0] if len(models) == 1 and releasable(models[0]) else None,
        "requirements": (place.root / REQUIREMENTS).is_file(),
        "ci": ci_values(wish),
    }
    text = templates.render("projects/_adopt/mltools.yaml.j2", values)
    return RenderedFile(CONFIG_FILE, text.encode())


def base_branch(place: Surroundings) -> str:
    """The branch that changes are compared with: main or master where there is one, else the current one."""
    if place.repository is None:
        return "main"
    patterns = ("refs/heads", "refs/remotes/origin")
    names = {ref.name.rpartition("/")[2] for ref in place.repository.refs(*patterns)}
    known = next((name for name in ("main", "master") if name in names), None)
    return known or place.repository.branch() or "main"


def gates(root: Path, pipeline: Pipeline) -> Iterator[dict[str, Any]]:
    """Gates that could be meant, from the metrics that the last run left; those whose direction is known first."""
    found: dict[str, float] = {}
    for path in pipeline.metrics:
        for key, value in _metrics(root / path).items():
            known = number(value)
            if known is not None:
                found[key] = known
    for key in sorted(found, key=lambda key: direction(key) is None)[:MOST_GATES]:
        yield {"name": _slug(key), "metric": key, "better": direction(key), "value": found[key]}


def direction(metric: str) -> str | None:
    """Which way the metric is better, by the words of its key; None when they do not tell."""
    words = re.findall(r"[a-z]+[0-9]?", metric.lower().replace("log_loss", "logloss"))
    for word in reversed(words):
        if word in LOWER | LOWER_TOO:
            return "lower"
        if word in HIGHER | HIGHER_TOO:
            return "higher"
    return None


def tables(root: Path, pipeline: Pipeline) -> tuple[str, ...]:
    """The tables that the pipeline is fed with and does not make itself."""
    made = {stage.place(out.path) for stage in pipeline.stages for out in stage.outs}
    fed = {stage.place(dep): None for stage in pipeline.stages for dep in stage.deps}
    return tuple(
        path
        for path in fed
        if path not in made and PurePosixPath(path).suffix in TABLES and (root / path).is_file()
    )


def releasable(name: str) -> bool:
    """Whether a model of this name can be released: GTO's grammar is narrower than DVC's."""
    try:
        Release(model=name)
    except ValueError:
        return False
    return True


def _metrics(path: Path) -> Mapping[str, Scalar]:
    """The metrics in a file as dotted keys; none when it is not there or cannot be read: it only feeds examples."""
    try:
        return valuefiles.metrics_from(files.read_bytes(path), path.name)
    except MltoolsError:
        return {}


def _slug(key: str) -> str:
    return (
        "keep-" * (not re.search("[a-z0-9]", key.lower()))
        + re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")[:80]
        + "-kept"
    )


def _tracked(place: Surroundings) -> tuple[str, ...]:
    """Data files that a `.dvc` file beside them points at."""
    if place.repository is None:
        return ()
    pointers = place.repository.files(place.prefix, ".dvc")
    data = [path.removeprefix(place.prefix).removesuffix(".dvc") for path in pointers]
    return tuple(path for path in data if (place.root / path).is_file())
