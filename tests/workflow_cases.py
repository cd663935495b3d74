"""Configurations that hold every pair of options, and the workflows made from them."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mltools.ci.github_workflows import DEPENDABOT, dependabot, workflows
from mltools.ci.provider import Facts
from mltools.core.config import parse_config
from mltools.edges.documents import read_yaml

OPTIONS: Mapping[str, Sequence[Any]] = {
    "prefix": ("", "models/tumour/", "größe 2/it's/"),
    "remote": (None, "s3://bucket/dvc", "ssh://host/dvc", "../storage"),
    "base": ("main", "release/2.0", "it's|$(touch x)"),
    "release": (None, "tumour"),
    "python": ("3.11", "3.20"),
    "runner": ("ubuntu-latest", "self-hosted", "gpu-box"),
    "install": ("mltools-gitops==0.1.0", "mltools-gitops @ git+https://example.com/mltools.git@v1"),
    "requirements": (None, "requirements.txt", 'requirements/it\'s "prod" $(x).txt'),
    "timeout_minutes": (5, 360),
    "schedule": (None, "17 4 * * MON"),
    "cache": (True, False),
    "forks": (True, False),
    "environment": (None, "production eu"),
    "overrides": (None, "ada"),
    "pictures": (None, "s3://pictures/reports"),
    "stages": (None, ("staging", "prod"), ("eu/a_b", {"name": "prod", "needs": {"verdict": "passed"}}, "x")),
    "retrain": (None, {}, {"schedule": "41 5 * * *", "merge": "non-inferior"}),
    "monitor": (
        {},
        {"schedule": "3 * * * *", "log": "/var/log/tumour", "stage": "eu/a_b", "runner": "self-hosted"},
        {"schedule": "3 * * * *", "log": "s3://logs/tumour"},
    ),
}

Choice = tuple[int, int]


def pairwise(options: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Cases that hold every pair of values of every two options, chosen greedily and always the same."""
    names = list(options)
    counts = [len(options[name]) for name in names]
    wanted = {
        ((a, x), (b, y))
        for a, b in itertools.combinations(range(len(names)), 2)
        for x in range(counts[a])
        for y in range(counts[b])
    }
    cases = []
    while wanted:
        case: dict[int, int] = dict(min(wanted))
        for option in range(len(names)):
            if option not in case:
                gains = [
                    sum(_pair((option, value), other) in wanted for other in case.items())
                    for value in range(counts[option])
                ]
                case[option] = gains.index(max(gains))
        wanted -= {_pair(a, b) for a, b in itertools.combinations(case.items(), 2)}
        cases.append({name: options[name][case[index]] for index, name in enumerate(names)})
    return cases


def _pair(a: Choice, b: Choice) -> tuple[Choice, Choice]:
    return (a, b) if a < b else (b, a)


CASES = pairwise(OPTIONS)
PLAIN = {name: values[0] for name, values in OPTIONS.items()} | {
    "release": "tumour",
    "requirements": "requirements.txt",
}


def rendered(**options: Any) -> dict[str, str]:
    """The files of a case, by path."""
    beside = {"prefix", "remote", "base", "release", "overrides", "pictures", "retrain", "stages", "monitor"}
    ci = {name: options[name] for name in options if name not in beside}
    tree: dict[str, Any] = {"schema": 1, "compare": {"base": options["base"]}, "ci": ci}
    if options["release"]:
        tree["release"] = {"model": options["release"], "stages": options["stages"] or ()}
    if options["retrain"] is not None:
        tree["retrain"] = options["retrain"]
    # A model in a directory that no tag can say is never released, so there is nothing to watch.
    if options["prefix"].isascii():
        tree["monitor"] = options["monitor"]
    if options["pictures"]:
        at = "https://pictures.example/reports"
        tree["report"] = {"images": "s3", "images_to": options["pictures"], "images_at": at}
    if options["overrides"]:
        tree["people"] = {options["overrides"]: {"github": options["overrides"]}}
        tree["overrides"] = {"by": [options["overrides"]]}
    files = workflows(parse_config(tree), Facts(prefix=options["prefix"], remote=options["remote"]))
    return {file.path: file.content.decode() for file in (*files, dependabot())}


@dataclass(frozen=True)
class Job:
    """A job, and the workflow that it stands in."""

    path: str
    name: str
    tree: Mapping[str, Any] = field(repr=False)
    workflow: Mapping[str, Any] = field(repr=False)
    text: str = field(repr=False)

    @property
    def kind(self) -> str:
        """Its name without the number of its stage."""
        return re.sub(r"-\d+$", "", self.name)

    @property
    def steps(self) -> list[dict[str, Any]]:
        return list(self.tree.get("steps", ()))

    @property
    def commands(self) -> str:
        return "\n".join(step.get("run", "") for step in self.steps)

    @property
    def permissions(self) -> dict[str, str]:
        return dict(self.tree["permissions"])

    def uses(self, action: str) -> list[dict[str, Any]]:
        """The steps that use an action."""
        return [step for step in self.steps if step.get("uses", "").startswith(f"{action}@")]


def trees(files: Mapping[str, str]) -> dict[str, Any]:
    """The workflows among the files, as values."""
    return {path: read_yaml(text.encode(), path) for path, text in files.items() if path != DEPENDABOT}


def jobs(files: Mapping[str, str]) -> Iterator[Job]:
    """The jobs of all the workflows among the files."""
    for path, tree in trees(files).items():
        for name, job in tree["jobs"].items():
            yield Job(path, name, job, tree, files[path])
