"""Several changes of one registry at once, and changes that are killed at any of their writes."""

import itertools
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gto.api
import pytest

from mltools import events
from mltools.core.tags import parse_tag
from mltools.edges.git.read import Repository
from tests.killing import counted, killing
from tests.registries import clone_of, make_registry, policy, tag, tags
from tests.releases import command, make_project, run
from tests.support import git, make_repo, mltools

pytestmark = [pytest.mark.slow, pytest.mark.full, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

RACERS = 8
STAGES = "[dev, staging, {name: prod, needs: {minimum: {hours: 1}}}]"


def counters(repo: Path) -> list[int]:
    """The numbers of all tags that carry one, in order."""
    said = [parse_tag(name) for name in tags(repo)]
    return sorted(one.counter for one in said if one is not None and one.counter is not None)


def times(repo: Path) -> list[int]:
    shown = git(repo, "for-each-ref", "--format=%(creatordate:unix) %(refname)", "refs/tags/toy#*")
    return sorted(int(line.split()[0]) for line in shown.splitlines())


def test_promotions_at_once_take_numbers_without_a_gap_and_without_a_double(tmp_path: Path) -> None:
    _, remote = make_registry(tmp_path, versions=RACERS, files=policy(STAGES))
    clones = [clone_of(remote, tmp_path / f"clone-{number}") for number in range(RACERS)]
    stages = itertools.cycle(("staging", "prod"))
    work = [
        (clone, ("promote", f"toy@v1.{number}.0", "--stage", stage, "--force", "--reason", f"racer {number}"))
        for number, (clone, stage) in enumerate(zip(clones, stages, strict=False))
    ]
    with ThreadPoolExecutor(RACERS) as pool:
        done = list(pool.map(lambda one: mltools(one[0], "model", *one[1]), work))
    assert [result.code for result in done] == [0] * RACERS, [result.err for result in done]
    assert counters(remote) == list(range(1, RACERS + 1))
    assert len(set(times(remote))) == RACERS
    # What each was told is what stands there, and nothing else stands anywhere.
    for (clone, args), result in zip(work, done, strict=True):
        mine = result.out.partition("(")[2].partition(")")[0]
        assert git(remote, "rev-parse", f"{mine}^{{commit}}") == git(
            clone, "rev-parse", f"{args[1]}^{{commit}}"
        )
        assert set(tags(clone)) <= set(tags(remote))
    # The waived needs of prod are all told, however many wrote at once.
    kept = events.of_model(Repository.find(remote), "toy")
    assert Counter(one.version for one in kept) == {f"v1.{number}.0": 1 for number in range(1, RACERS, 2)}
    shown = gto.api.show(str(remote))["toy"]["stage"]
    listed = mltools(remote, "model", "list", "--json").json["models"][0]["stages"]
    assert shown == listed


def test_the_same_promotion_twice_at_once_is_one_tag(tmp_path: Path) -> None:
    _, remote = make_registry(tmp_path)
    clones = [clone_of(remote, tmp_path / f"clone-{number}") for number in range(3)]
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda clone: mltools(clone, "model", "promote", "toy", "-s", "prod"), clones))
    assert [result.code for result in done] == [0, 0, 0], [result.err for result in done]
    assert tags(remote, "toy#*") == ["toy#prod#1"]
    assert sorted("already" in result.out for result in done) == [False, True, True]


def test_releases_and_promotions_at_once_all_take_their_turn(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    remote = make_repo(tmp_path / "remote.git", bare=True)
    git(project, "remote", "add", "origin", str(remote))
    run(project, 0.5)
    git(project, "push", "-q", "-u", "origin", "main")
    assert command(project, "release").code == 0
    work: list[tuple[Path, tuple[str, ...]]] = []
    for number in range(3):
        clone = clone_of(remote, tmp_path / f"release-{number}")
        git(clone, "switch", "-qc", f"work-{number}")
        run(clone, 0.6 + number / 100, second=10 + number)
        work.append((clone, ("release",)))
        promoter = clone_of(remote, tmp_path / f"promote-{number}")
        work.append((promoter, ("model", "promote", "toy@v0.1.0", "--stage", f"stage-{number}")))
    with ThreadPoolExecutor(len(work)) as pool:
        done = list(pool.map(lambda one: mltools(one[0], *one[1]), work))
    assert [result.code for result in done] == [0] * len(work), [result.err for result in done]
    assert len(tags(remote, "toy@*")) == 4
    assert counters(remote) == [1, 2, 3]
    assert gto.api.show(str(remote))["toy"]["stage"] == {f"stage-{number}": "v0.1.0" for number in range(3)}
    # One step of the chain for each.
    assert git(remote, "rev-list", "--count", "refs/mltools/releases/toy") == "7"


def test_one_promotes_while_another_takes_the_version_back(tmp_path: Path) -> None:
    """Whoever comes second has seen the first: a version that was taken back is never called promoted after it."""
    _, remote = make_registry(tmp_path)
    clones = [clone_of(remote, tmp_path / f"clone-{number}") for number in range(2)]
    commands = (("promote", "toy@v1.2.0", "-s", "prod"), ("deprecate", "toy@v1.2.0"))
    with ThreadPoolExecutor(2) as pool:
        promoted, deprecated = pool.map(
            lambda one: mltools(one[0], "model", *one[1]), zip(clones, commands, strict=True)
        )
    assert deprecated.code == 0
    if promoted.code == 0:
        assert tags(remote)[-2:] == ["toy#prod#1", "toy@v1.2.0!#2"]
    else:
        assert (promoted.code, "was taken back" in promoted.err) == (2, True)
        assert tags(remote)[-1] == "toy@v1.2.0!#1"
    assert gto.api.show(str(remote))["toy"]["stage"].get("prod") is None


def test_two_processes_of_one_clone_without_a_remote(tmp_path: Path) -> None:
    clone, _ = make_registry(tmp_path, versions=4)
    git(clone, "remote", "remove", "origin")
    names = [f"toy@v1.{number}.0" for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda name: mltools(clone, "model", "promote", name, "-s", "prod"), names))
    assert [result.code for result in done] == [0] * 4, [result.err for result in done]
    assert counters(clone) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("promote", "toy@v1.2.0", "--stage", "prod", "--force", "--reason", "it burns"), True),
        (("rollback", "toy", "--stage", "staging", "--reason", "it burns"), True),
        (("rollback", "toy", "--stage", "staging", "--from", "v1.1.0", "--reason", "it burns"), True),
        (("unassign", "toy@v1.1.0", "--stage", "staging", "--reason", "it burns"), False),
        (("deprecate", "toy@v1.1.0", "--reason", "it burns"), False),
        (("deprecate", "toy", "--reason", "it burns"), False),
    ],
    ids=[
        "promote",
        "rollback",
        "rollback from a version",
        "unassign",
        "deprecate a version",
        "deprecate a model",
    ],
)
def test_a_change_that_is_killed_at_any_write_is_completed_by_the_same_command(
    tmp_path: Path, args: tuple[str, ...], *, told: bool
) -> None:
    """`told` says that the change has an event in the journal beside its tag."""
    made = tmp_path / "made"
    clone, _ = make_registry(made, files=policy(STAGES))
    for number, version in enumerate(("v1.0.0", "v1.1.0"), start=1):
        tag(clone, f"toy#staging#{number}", f"toy@{version}^{{commit}}", when=1_767_400_000 + number)
    git(clone, "push", "-q", "--tags")
    whole = copy_of(made, tmp_path / "whole")
    # What `--to` would name is named: a second rollback would go further back, as it should.
    again = (*args, "--to", "v1.0.0") if args[0] == "rollback" and "--from" not in args else args
    assert mltools(whole, "model", *args, env=killing(tmp_path / "whole", 0, after=False)).code == 0
    writes = counted(tmp_path / "whole")
    assert writes >= (5 if told else 3)
    expected = tags(whole)
    assert len(expected) == len(tags(clone)) + 1
    for number in range(1, writes + 1):
        for after in (False, True):
            place = tmp_path / f"{number}-{after}"
            clone = copy_of(made, place)
            remote = place / "remote.git"
            killed = mltools(clone, "model", *args, env=killing(place, number, after=after))
            assert killed.code == -9
            # A tag is whole or not there, and never here without the remote.
            assert set(tags(clone)) <= set(tags(remote)) <= set(expected)
            done = command(clone, "model", *again)
            assert done.code == 0, done.err
            assert tags(clone) == tags(remote) == expected
            kept = [
                (one.reason, one.details["tag"]) for one in events.of_model(Repository.find(remote), "toy")
            ]
            assert kept == ([("it burns", expected[-1])] if told else [])
            assert git(clone, "fsck", "--no-dangling") == ""


def copy_of(made: Path, place: Path) -> Path:
    """The clone and its remote once more, in another place."""
    shutil.copytree(made, place)
    git(place / "clone", "remote", "set-url", "origin", str(place / "remote.git"))
    return place / "clone"
