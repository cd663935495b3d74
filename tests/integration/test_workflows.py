"""The generated workflows pass every validator, and our own rules, for all pairs of options."""

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from mltools.ci import actions
from mltools.ci.github_workflows import DEPENDABOT, FOLDER, Facts, dependabot, workflows
from mltools.core.config import parse_config
from mltools.edges.documents import read_yaml

BIN = Path(sys.executable).parent
TOP = Path(__file__).parents[2]

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
}


def pairwise(options: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Cases that hold every pair of values of every two options, chosen greedily and always the same."""
    names = list(options)
    wanted = {
        ((a, x), (b, y))
        for a, b in itertools.combinations(range(len(names)), 2)
        for x in range(len(options[names[a]]))
        for y in range(len(options[names[b]]))
    }
    cases = []
    while wanted:
        case: dict[int, int] = dict(min(wanted))
        for option in range(len(names)):
            if option not in case:
                case[option] = max(
                    range(len(options[names[option]])),
                    key=lambda value: (
                        sum(_pair((option, value), (other, case[other])) in wanted for other in case),
                        -value,
                    ),
                )
        wanted -= {_pair(a, b) for a, b in itertools.combinations(case.items(), 2)}
        cases.append({name: options[name][case[index]] for index, name in enumerate(names)})
    return cases


def _pair(a: tuple[int, int], b: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    return (a, b) if a < b else (b, a)


CASES = pairwise(OPTIONS)


def rendered(options: Mapping[str, Any]) -> dict[str, str]:
    """The files of a case, by path."""
    ci = {name: options[name] for name in options if name not in {"prefix", "remote", "base", "release"}}
    tree = {"schema": 1, "compare": {"base": options["base"]}, "ci": ci}
    if options["release"]:
        tree["release"] = {"model": options["release"]}
    files = workflows(parse_config(tree), Facts(prefix=options["prefix"], remote=options["remote"]))
    return {file.path: file.content.decode() for file in (*files, dependabot())}


@dataclass(frozen=True)
class Job:
    """A job with where it stands, for messages and rules."""

    path: str
    name: str
    tree: Mapping[str, Any]
    text: str
    workflow: Mapping[str, Any] = field(repr=False)

    @property
    def steps(self) -> list[dict[str, Any]]:
        return list(self.tree.get("steps", ()))

    @property
    def commands(self) -> str:
        return "\n".join(step.get("run", "") for step in self.steps)

    @property
    def permissions(self) -> Mapping[str, str]:
        return dict(self.tree["permissions"])


def jobs(files: Mapping[str, str]) -> Iterator[Job]:
    for path, text in files.items():
        if path != DEPENDABOT:
            tree = read_yaml(text.encode(), path)
            for name, job in tree["jobs"].items():
                yield Job(path, name, job, text, tree)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every case's files, each case in a directory of its own."""
    top = tmp_path_factory.mktemp("workflows")
    for index, case in enumerate(CASES):
        for path, text in rendered(case).items():
            target = top / f"case-{index:02}" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return top


def run(*argv: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(arg) for arg in argv], cwd=cwd, capture_output=True, text=True, check=False)


def test_the_cases_hold_every_pair_of_values() -> None:
    seen = {
        ((a, repr(case[a])), (b, repr(case[b])))
        for case in CASES
        for a, b in itertools.combinations(OPTIONS, 2)
    }
    missing = [
        (a, x, b, y)
        for a, b in itertools.combinations(OPTIONS, 2)
        for x in OPTIONS[a]
        for y in OPTIONS[b]
        if ((a, repr(x)), (b, repr(y))) not in seen
    ]
    assert missing == []
    assert len(CASES) <= 24


class TestValidators:
    def test_zizmor_finds_nothing_in_its_strictest_mode(self, folder: Path) -> None:
        done = run(
            BIN / "zizmor", "--offline", "--no-config", "--strict-collection", "--persona", "auditor",
            "--format", "json-v1", "-q", folder,
        )  # fmt: skip
        findings = [
            (item["ident"], item["locations"][0]["symbolic"]["key"], item["desc"])
            for item in json.loads(done.stdout)
        ]
        assert findings == []
        assert done.returncode == 0, done.stderr
        count = sum(1 for path in folder.rglob("*.yml"))
        assert count > 2 * len(CASES)

    def test_the_files_match_githubs_schemas(self, folder: Path) -> None:
        paths = sorted(folder.glob(f"*/{FOLDER}/*.yml"))
        for schema in ("vendor.github-workflows", "custom.github-workflows-require-timeout"):
            done = run(BIN / "check-jsonschema", "--builtin-schema", schema, *paths)
            assert done.returncode == 0, done.stdout
        done = run(
            BIN / "check-jsonschema", "--builtin-schema", "vendor.dependabot", folder / "case-00" / DEPENDABOT
        )
        assert done.returncode == 0, done.stdout

    def test_shellcheck_finds_nothing_in_the_scripts(self, tmp_path: Path) -> None:
        scripts = sorted(
            {
                step["run"]
                for case in CASES
                for job in jobs(rendered(case))
                for step in job.steps
                if "run" in step
            }
        )
        for index, script in enumerate(scripts):
            (tmp_path / f"{index:02}.sh").write_text(f"#!/bin/bash\nset -eo pipefail\n{script}")
        done = run(BIN / "shellcheck", *sorted(tmp_path.glob("*.sh")))
        assert done.stdout == ""
        assert done.returncode == 0, done.stderr
