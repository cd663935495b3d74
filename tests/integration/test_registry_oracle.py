"""The registry says what GTO says, on random histories that GTO accepts."""

import os
import subprocess
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gto.api
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mltools.core import registry_history
from mltools.core.registry import Registry, read_registry
from mltools.core.tags import Action, TagName, format_tag
from mltools.edges.git.read import Repository
from tests.registries import make_registry, tags
from tests.releases import command
from tests.support import git

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

COMMITS = 4
MODELS = ("m", "dir:n")
STAGES = ("dev", "eu/prod")
VERSIONS = ("v0.1.0", "v0.2.0-rc.1", "v0.2.0", "v0.10.0")


@dataclass(frozen=True)
class Tag:
    name: str
    commit: str
    when: int
    kind: str = "tag"
    tagger: str = "A Tester"
    message: str = "said"


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[TagName, int, int]]:
    """Tags as (what they say, number of the commit, time): any order in time, no two of one second."""
    said: list[tuple[TagName, int]] = []
    for model in MODELS:
        homes = draw(st.dictionaries(st.sampled_from(VERSIONS), st.integers(0, COMMITS - 1), max_size=3))
        taken: dict[int, str] = {}
        for version, commit in homes.items():
            if commit in taken:
                continue  # GTO allows one version per commit
            taken[commit] = version
            said.append((TagName(Action.REGISTER, model, version=version), commit))
            if draw(st.booleans()) and draw(st.booleans()):
                said.append((TagName(Action.DEREGISTER, model, version=version), commit))
                if draw(st.booleans()):  # and registered again
                    said.append((TagName(Action.REGISTER, model, version=version, counter=99), commit))
        for counter in range(1, draw(st.integers(0, 6)) + 1):
            stage, commit = draw(st.sampled_from(STAGES)), draw(st.integers(0, COMMITS - 1))
            # GTO refuses to take a stage from a commit without a version.
            back = commit in taken and draw(st.booleans())
            action = Action.UNASSIGN if back else Action.ASSIGN
            said.append((TagName(action, model, stage=stage, counter=counter), commit))
        if draw(st.booleans()) and draw(st.booleans()):
            said.append((TagName(Action.DEPRECATE, model), draw(st.integers(0, COMMITS - 1))))
    times = draw(st.permutations(range(len(said))))
    return [(name, commit, 1_700_000_000 + time) for (name, commit), time in zip(said, times, strict=True)]


# Tags that are none of the registry's, or only look like it: neither GTO nor we may stumble over one.
STRANGERS = ("v1.0.0", "m@1.0.0", "m@v1", "m#prod#x", "release/2026", "m@latest", "#prod#1", "m=x=y@v1.0.0")
LIGHT = ("m@v9.0.0", "m#dev#77", "dir=n@deprecated#50")


def write(path: Path, history: list[tuple[TagName, int, int]], others: Collection[str] = ()) -> list[Tag]:
    git(path, "init", "-q", "-b", "main")
    lines = []
    for number in range(COMMITS):
        lines += [
            "commit refs/heads/main",
            f"mark :{number + 1}",
            f"committer A <a@example.com> {1_600_000_000 + number} +0000",
            "data 1\nx",
        ]
    for said, commit, when in history:
        lines += [
            f"tag {format_tag(said)}",
            f"from :{commit + 1}",
            f"tagger A <a@example.com> {when} +0000",
            "data 4\nsaid",
        ]
    for name in others:
        if name in LIGHT:
            lines += [f"reset refs/tags/{name}", "from :1", ""]
        else:
            lines += [f"tag {name}", "from :1", "tagger A <a@example.com> 1700000000 +0000", "data 4\nsaid"]
    subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=path, input="\n".join(lines) + "\n", text=True, check=True
    )
    commits = git(path, "rev-list", "--reverse", "main").split()
    return [Tag(f"refs/tags/{format_tag(said)}", commits[commit], when) for said, commit, when in history]


def as_gto(registry: Registry) -> dict[str, Any]:
    """The registry in the shape of `gto show --json`."""
    stages = sorted({stage for model in registry.models.values() for stage in model.stages})
    shown = {}
    for name, model in registry.models.items():
        holders = {stage: model.in_stage(stage) for stage in stages}
        if model.active:
            shown[name] = {
                "version": model.latest.version if model.latest else None,
                "stage": {stage: held.version if held else None for stage, held in holders.items()},
                "registered": True,
                "active": True,
            }
    return shown


@pytest.mark.full
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(), st.sets(st.sampled_from((*STRANGERS, *LIGHT))))
def test_the_state_of_random_histories_is_the_one_that_gto_shows(
    history: list[tuple[TagName, int, int]], others: set[str]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(os.path.realpath(directory))
        write(path, history, others)
        registry = read_registry(Repository.find(path).refs("refs/tags"))
        assert {odd.tag for odd in registry.odd} == {name for name in others if "@" in name or "#" in name}
        shown = gto.api.show(str(path))
        # GTO collects stages of deprecated models too, and names the same keys for every model.
        assert as_gto(registry) == shown
        for name, model in registry.models.items():
            if not model.active:
                continue
            theirs = [one["version"] for one in gto.api.show(str(path), name)]
            ours = [version.version for version in model.versions if version.active]
            assert list(dict.fromkeys(theirs)) == ours


EVENTS = {
    "registration": "released",
    "deregistration": "taken back",
    "assignment": "promoted",
    "unassignment": "unassigned",
    "deprecation": "deprecated",
}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories())
def test_the_history_of_random_histories_is_the_one_that_gto_tells(
    history: list[tuple[TagName, int, int]],
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(os.path.realpath(directory))
        registry = read_registry(write(path, history))
        theirs = [
            (one["artifact"], one["ref"], EVENTS[one["event"]], one["version"], one["stage"])
            for one in gto.api.history(str(path))
        ]
        ours = [
            (name, entry.source, entry.what, entry.version, entry.stage, entry.when)
            for name, model in registry.models.items()
            for entry in registry_history.entries(model)
        ]
        ours.sort(key=lambda one: one[-1], reverse=True)
        assert [one[:-1] for one in ours] == theirs


COMMANDS = st.lists(
    st.tuples(
        st.sampled_from(("promote", "promote", "unassign", "rollback", "deprecate")),
        st.sampled_from(("", "@v1.0.0", "@v1.1.0", "@v1.2.0")),
        st.sampled_from(("dev", "eu/prod")),
    ),
    min_size=3,
    max_size=8,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(COMMANDS)
def test_whatever_is_done_to_a_registry_gto_sees_it_as_we_do(commands: list[tuple[str, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        clone, remote = make_registry(Path(os.path.realpath(directory)))
        for verb, version, stage in commands:
            name = "toy" if verb == "rollback" else f"toy{version}"
            where = () if verb == "deprecate" else ("--stage", stage)
            if verb == "deprecate" and not version:
                continue  # a retired model is shown by neither, whatever stands in its stages
            done = command(clone, "model", verb, name, *where)
            assert done.code in {0, 1, 2}, done.err
            assert "Traceback" not in done.err
        assert tags(clone) == tags(remote)
        assert as_gto(read_registry(Repository.find(remote).refs("refs/tags"))) == gto.api.show(str(remote))


def test_two_versions_on_a_commit_stop_gto_and_not_us(repo: Path) -> None:
    for name in ("m@v1.0.0", "m@v1.1.0", "n@v1.0.0"):
        git(repo, "tag", "-a", "-m", "said", name)
    assert as_gto(read_registry(Repository.find(repo).refs("refs/tags"))) == gto.api.show(str(repo))
    git(repo, "tag", "-a", "-m", "said", "m#prod#1")
    git(repo, "tag", "-a", "-m", "said", "n#prod#1")
    with pytest.raises(Exception, match="Multiple versions are not allowed"):
        gto.api.show(str(repo))
    registry = read_registry(Repository.find(repo).refs("refs/tags"))
    held = registry.models["n"].in_stage("prod")
    assert held is not None
    assert held.version == "v1.0.0"
    assert [odd.tag for odd in registry.odd] == ["m#prod#1"]
