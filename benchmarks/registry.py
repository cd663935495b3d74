"""The registry at 5,000 tags over 50 models: listed, promoted and released, each against GTO's same command."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import Job, Result, compare, run
from benchmarks.programs import BIN, MLTOOLS

GTO = (str(BIN / "gto"),)
MODELS = 50
VERSIONS = 60
ASSIGNED = 40  # for each model: 100 tags with its versions
STAGES = ("dev", "staging", "prod")
START = 1_700_000_000
GOAL = 0.02
COMPLETION = 3.0
ROOT = Path(__file__).parents[1]

# What `mltools release` does about versions, as a process with all that it loads: which there are, the next, its tag.
RELEASE = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from mltools import registry
from mltools.core.tags import version_tag
from mltools.core.versions import next_version
from mltools.edges.git import tagging
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
repository = Repository.find(Path.cwd())
writer = Writer(repository, dict(os.environ))
model = sys.argv[1]
known = registry.known(writer, model, registry.remote_of(repository))
name = version_tag(model, next_version(known.latest.version, "patch"))
turn = tagging.Turn(registry.turn_ref(model), known.turn)
made = tagging.create(writer, name, repository.head(), "said", remote=None, when=datetime.now(UTC), turn=turn)
assert made
print(name)
"""


def results(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    root = tree(directory / "registry", environ)
    same_state(root, environ)
    at = f"{MODELS * (VERSIONS + ASSIGNED):,} tags"
    ours = Job(f"mltools model list, {at}", ((*MLTOOLS, "model", "list"),), root)
    # One command of GTO's takes many seconds, so a few pairs tell enough.
    pairs = max(rounds // 2, 1)
    yield compare(
        ours.name, ours, Job("gto show", ((*GTO, "show"),), root), goal=GOAL, rounds=pairs, environ=environ
    )
    yield _in_turn(
        (f"mltools model promote, {at}", "gto assign"),
        lambda model: (*MLTOOLS, "model", "promote", f"{model}@{_version(0)}", "--stage", "new"),
        lambda model: (*GTO, "assign", model, "--version", _version(0), "--stage", "new"),
        root,
        rounds=pairs,
        environ=environ,
    )
    yield _in_turn(
        (f"the version of a release decided and tagged, {at}", "gto register --bump-patch"),
        lambda model: (sys.executable, "-c", RELEASE, model),
        lambda model: (*GTO, "register", model, "HEAD", "--bump-patch"),
        root,
        rounds=pairs,
        environ={**environ, "PYTHONPATH": str(ROOT)},
    )
    complete = {
        **environ,
        "_MLTOOLS_COMPLETE": "bash_complete",
        "COMP_WORDS": "mltools model show mod",
        "COMP_CWORD": "3",
    }
    offered = run(MLTOOLS, root, complete)
    if offered.count("plain,model-") != MODELS:
        raise SystemExit(f"completion offers {offered!r}")
    yield from _completion(root, complete, environ, rounds)


def tree(root: Path, environ: Mapping[str, str]) -> Path:
    """A repository with the tags, written at once, packed as after a clone; the same each time."""
    root.mkdir(parents=True)
    run(("git", "init", "-q", "-b", "main"), root, environ)
    chance = random.Random(1)
    lines = []
    for number in range(VERSIONS):
        lines += [
            "commit refs/heads/main",
            f"mark :{number + 1}",
            f"committer A <a@example.com> {START - VERSIONS + number} +0000",
            "data 1\nx",
            f"M 100644 inline a\ndata 3\n{number:03d}",
        ]
    when = START
    for model in range(MODELS):
        said = [(f"model-{model:02d}@{_version(number)}", number) for number in range(VERSIONS)]
        for counter in range(1, ASSIGNED + 1):
            stage, number = chance.choice(STAGES), chance.randrange(VERSIONS)
            said.append((f"model-{model:02d}#{stage}#{counter}", number))
        for name, number in said:
            when += 1
            lines += [
                f"tag {name}",
                f"from :{number + 1}",
                f"tagger A <a@example.com> {when} +0000",
                "data 4\nsaid",
            ]
    done = subprocess.run(
        ("git", "fast-import", "--quiet"), cwd=root, env=dict(environ), input="\n".join(lines) + "\n", text=True, check=True
    )  # fmt: skip
    assert done.returncode == 0
    run(("git", "commit", "-q", "--allow-empty", "-m", "The commit to be released"), root, environ)
    run(("git", "pack-refs", "--all"), root, environ)
    return root


def same_state(root: Path, environ: Mapping[str, str]) -> None:
    """Ends the benchmark where the two do not say the same."""
    theirs = json.loads(run((*GTO, "show", "--json"), root, environ))
    listed = json.loads(run((*MLTOOLS, "model", "list", "--json"), root, environ))
    stages = sorted({stage for one in listed["models"] for stage in one["stages"]})
    ours: dict[str, Any] = {
        one["model"]: {
            "version": one["version"],
            "stage": {stage: one["stages"].get(stage) for stage in stages},
            "registered": True,
            "active": one["active"],
        }
        for one in listed["models"]
    }
    if ours != theirs or len(ours) != MODELS:
        raise SystemExit("mltools model list --json and gto show --json do not say the same")


def _in_turn(
    names: tuple[str, str],
    ours: Callable[[str], tuple[str, ...]],
    theirs: Callable[[str], tuple[str, ...]],
    root: Path,
    *,
    rounds: int,
    environ: Mapping[str, str],
) -> Result:
    """Pairs of commands that each make one tag; what they made is taken away again, so that all see the same registry."""
    pairs = []
    for number in range(rounds):
        seconds, made = [], []
        for command in (ours, theirs):
            before = _tags(root, environ)
            begun = time.perf_counter()
            run(command(f"model-{number % MODELS:02d}"), root, environ)
            seconds.append(time.perf_counter() - begun)
            new = sorted(_tags(root, environ) - before)
            made.append(new)
            run(("git", "tag", "-d", *new), root, environ)
        if made[0] != made[1] or len(made[0]) != 1:
            raise SystemExit(f"mltools made {made[0]}, {names[1]} {made[1]}")
        pairs.append((seconds[0], seconds[1]))
    return Result(
        *names,
        median(first for first, _ in pairs),
        median(second for _, second in pairs),
        median(first / second for first, second in pairs),
        GOAL,
        rounds,
    )


def _completion(
    root: Path, complete: Mapping[str, str], environ: Mapping[str, str], rounds: int
) -> Iterator[Result]:
    """What Tab costs, which is one process of ours, against the least that one of ours can cost."""
    pairs = []
    for _ in range(2 * rounds):
        begun = time.perf_counter()
        run(MLTOOLS, root, complete)
        middle = time.perf_counter()
        run((*MLTOOLS, "--version"), root, environ)
        pairs.append((middle - begun, time.perf_counter() - middle))
    yield Result(
        "names of models on Tab",
        "mltools --version",
        median(first for first, _ in pairs),
        median(second for _, second in pairs),
        median(first / second for first, second in pairs),
        COMPLETION,
        2 * rounds,
    )


def _tags(root: Path, environ: Mapping[str, str]) -> set[str]:
    return set(run(("git", "tag"), root, environ).split())


def _version(number: int) -> str:
    return f"v{number // 20}.{number % 20}.0"
