"""`mltools model approve`: an approval counts for the key that signed it, for one version and one stage, and no more."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mltools import events
from mltools.core.events import Event, Kind, event
from mltools.edges.git.read import Repository
from tests.integration.test_override import key, sign_with
from tests.registries import clone_of, make_registry, policy, tags, writer
from tests.releases import command
from tests.support import commit, git

STAGES = "[dev, {name: prod, needs: {approvals: {by: [ada, bob], count: %d}}}]"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[Path, str]]:
    directory = tmp_path_factory.mktemp("keys")
    return {name: (directory / name, key(directory / name)) for name in ("ada", "bob", "eve")}


def make(place: Path, keys: Mapping[str, tuple[Path, str]], count: int = 1) -> tuple[Path, Path]:
    people = "\n".join(f'  {name}: {{ssh: "{keys[name][1]}"}}' for name in ("ada", "bob", "eve"))
    return make_registry(place, files=policy(STAGES % count, people))


@pytest.fixture
def made(tmp_path: Path, keys: Mapping[str, tuple[Path, str]]) -> tuple[Path, Path]:
    return make(tmp_path, keys)


def promote(clone: Path, version: str = "v1.2.0") -> int:
    return command(clone, "model", "promote", f"toy@{version}", "--stage", "prod").code


def approve(clone: Path, private: Path | None = None, name: str = "toy@v1.2.0", *more: str) -> Any:
    if private is not None:
        sign_with(clone, private)
    return command(clone, "model", "approve", name, "--stage", "prod", *more)


def test_a_signed_approval_of_somebody_who_may_lets_it_through_anywhere(
    made: tuple[Path, Path], tmp_path: Path, keys: Mapping[str, tuple[Path, str]]
) -> None:
    clone, remote = made
    assert promote(clone) == 1
    done = approve(clone, keys["ada"][0], "toy@v1.2.0", "--reason", "seen\n\nMltools-Stage: dev")
    assert done.code == 2  # a reason that begins like a part of the statement
    done = approve(clone, keys["ada"][0], "toy@v1.2.0", "--reason", "seen & checked")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("approved toy v1.2.0 for prod (")
    # A clone that has neither journal nor key checks it by the policy alone.
    other = clone_of(remote, tmp_path / "other")
    shown = command(other, "model", "promote", "toy@v1.2.0", "--stage", "prod")
    assert (shown.code, "met: approvals: by ada" in shown.err) == (0, True)


def test_it_is_an_event_in_the_journal(made: tuple[Path, Path], keys: Mapping[str, tuple[Path, str]]) -> None:
    clone, remote = made
    done = approve(clone, keys["ada"][0], "toy@latest", "--json")
    tree = done.json
    assert (tree["schema"], tree["signed"], tree["shared"]) == (1, True, True)
    (kept,) = events.of_model(Repository.find(remote), "toy")
    assert kept.as_json() == tree["event"]
    assert (kept.kind, kept.version, kept.stage) == ("approval", "v1.2.0", "prod")
    assert kept.by == "A Tester <tester@example.com>"
    assert kept.details["tag"] == "toy@v1.2.0"


def test_each_person_counts_once(tmp_path: Path, keys: Mapping[str, tuple[Path, str]]) -> None:
    clone, _ = make(tmp_path, keys, count=2)
    for _ in range(2):
        assert approve(clone, keys["ada"][0]).code == 0
    assert promote(clone) == 1
    assert approve(clone, keys["bob"][0]).code == 0
    assert promote(clone) == 0


@pytest.mark.parametrize("who", ["eve", None])
def test_nobody_elses_word_counts(
    made: tuple[Path, Path], keys: Mapping[str, tuple[Path, str]], who: str | None
) -> None:
    clone, _ = made
    done = approve(clone, keys[who][0] if who else None)
    assert done.code == 0
    assert ("nothing proves that it was you" in done.err) == (who is None)
    shown = command(clone, "model", "promote", "toy", "--stage", "prod")
    assert shown.code == 1
    assert "1 more is without proof" in shown.out


def forge(clone: Path, original: Event, **changes: Any) -> None:
    """An event as somebody would write it by hand who has no key."""
    tree = {**json.loads(original.text), **changes}
    writing = writer(clone)
    made = event(
        tree["kind"],
        tree["model"],
        when=original.when,
        version=tree["version"],
        stage=tree["stage"],
        by=tree["by"],
        reason=tree["reason"],
        details=tree["details"],
    )
    events.record(writing, made)
    events.share(writing, "origin", made)


def test_an_approval_cannot_be_turned_into_one_of_something_else(
    made: tuple[Path, Path], keys: Mapping[str, tuple[Path, str]]
) -> None:
    clone, _ = made
    approve(clone, keys["ada"][0], "toy@v1.0.0")
    (kept,) = events.of_model(Repository.find(clone), "toy")
    forge(clone, kept, version="v1.2.0")
    forge(clone, kept, version="v1.1.0", details={**kept.details, "tag": "toy@v1.1.0"})
    statement = str(kept.details["statement"])
    for text in (statement.replace("v1.0.0", "v1.2.0"), "", "tree\n\nApprove", statement * 50, "x" * 70_000):
        forge(clone, kept, version="v1.2.0", details={"statement": text})
    forge(clone, kept, version="v1.2.0", details={"statement": {"a": 1}})
    assert promote(clone, "v1.2.0") == promote(clone, "v1.1.0") == 1
    assert promote(clone, "v1.0.0") == 0


def test_an_approval_for_another_stage_is_none(
    made: tuple[Path, Path], keys: Mapping[str, tuple[Path, str]]
) -> None:
    clone, _ = made
    sign_with(clone, keys["ada"][0])
    assert command(clone, "model", "approve", "toy@v1.2.0", "--stage", "dev").code == 0
    assert promote(clone) == 1


def test_the_version_must_be_signed_by_one_of_the_people(
    tmp_path: Path, keys: Mapping[str, tuple[Path, str]]
) -> None:
    people = f'  ada: {{ssh: "{keys["ada"][1]}"}}'
    clone, _ = make_registry(tmp_path, files=policy("[{name: prod, needs: {signed: true}}]", people))
    for number, who in enumerate(("ada", "eve")):
        commit(clone, {"params.yaml": f"n: {9 + number}\n"})
        sign_with(clone, keys[who][0])
        git(clone, "tag", "-s", "-m", "said", f"toy@v2.{number}.0")
    git(clone, "push", "-q", "--tags")
    assert promote(clone, "v1.0.0") == promote(clone, "v2.1.0") == 1
    assert promote(clone, "v2.0.0") == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("toy", "-s", "prod"), "an approval is for one version"),
        (("toy#prod", "-s", "prod"), "an approval is for one version"),
        (("toy@v9.0.0", "-s", "prod"), "toy has no version v9.0.0"),
        (("toy@v1.0.0", "-s", "production"), "'production' is no stage of toy"),
        (("toy@v1.0.0", "-s", "a b"), "is no name of a stage"),
    ],
)
def test_what_cannot_be_meant_is_said(made: tuple[Path, Path], args: tuple[str, ...], said: str) -> None:
    clone, remote = made
    done = command(clone, "model", "approve", *args)
    assert (done.code, said in done.err) == (2, True), done.err
    assert git(remote, "for-each-ref", "refs/mltools") == ""


def test_a_signer_that_fails_leaves_nothing(made: tuple[Path, Path], tmp_path: Path) -> None:
    clone, remote = made
    done = approve(clone, tmp_path / "gone")
    assert (done.code, "cannot sign" in done.err) == (3, True)
    assert git(clone, "for-each-ref", "refs/mltools") == git(remote, "for-each-ref", "refs/mltools") == ""


def test_an_approval_that_does_not_arrive_is_kept_here_and_said(
    made: tuple[Path, Path], keys: Mapping[str, tuple[Path, str]]
) -> None:
    clone, remote = made
    hook = remote / "hooks/update"
    hook.write_text('#!/bin/sh\ncase "$1" in refs/mltools/*) echo "GH013: no" >&2; exit 1;; esac\n')
    hook.chmod(0o755)
    done = approve(clone, keys["ada"][0])
    assert (done.code, done.out) == (3, "")
    assert "the approval is kept here and not at origin" in done.err
    assert "GH013: no" in done.err
    hook.unlink()
    assert command(clone, "runs", "sync").code == 0
    assert promote(clone) == 0


def test_a_promotion_is_signed_where_tags_are(tmp_path: Path, keys: Mapping[str, tuple[Path, str]]) -> None:
    clone, remote = make_registry(tmp_path)
    sign_with(clone, keys["ada"][0])
    git(clone, "config", "tag.gpgSign", "true")
    assert command(clone, "model", "promote", "toy", "--stage", "prod", "--reason", "good").code == 0
    assert "BEGIN SSH SIGNATURE" in git(remote, "cat-file", "tag", "toy#prod#1")
    git(clone, "config", "user.signingkey", str(tmp_path / "gone"))
    done = command(clone, "model", "promote", "toy@v1.0.0", "--stage", "prod")
    assert (done.code, "cannot make the tag toy#prod#2" in done.err) == (3, True)
    assert tags(clone, "toy#*") == tags(remote, "toy#*") == ["toy#prod#1"]


def trials_of(clone: Path) -> list[Event]:
    """The trials that were begun, as the journal has them."""
    found = events.of_model(Repository.find(clone), "toy", {Kind.CANARY})
    return [one for one in found if one.state == "started"]


def test_what_could_not_be_promoted_answers_nobody_in_a_trial_either(
    made: tuple[Path, Path], keys: Mapping[str, tuple[Path, str]]
) -> None:
    clone, _ = made
    args = ("model", "canary", "toy@v1.2.0", "--stage", "prod")
    forced = ("model", "promote", "toy@v1.0.0", "--stage", "prod", "--force", "--reason", "the first")
    assert command(clone, *forced).code == 0
    for asked in (args, ("model", "promote", "toy@v1.2.0", "--stage", "prod", "--canary", "10%")):
        tried = command(clone, *asked)
        assert tried.code == 1, tried.err
        assert tried.out.splitlines()[0] == "toy v1.2.0 is not tried in prod"
        assert "approvals: 0 of 1" in tried.out
        assert "--force --reason" in tried.err
    assert trials_of(clone) == []
    assert command(clone, *args, "--force").code == 2, "it takes a reason"
    assert command(clone, *args, "--force", "--reason", "an emergency").code == 0
    (begun,) = trials_of(clone)
    assert begun.details["unmet"][0].startswith("approvals: 0 of 1")
    assert command(clone, "model", "canary", "toy", "--stage", "prod", "--abort").code == 0
    assert approve(clone, keys["ada"][0]).code == 0
    tried = command(clone, *args)
    assert (tried.code, "v1.2.0 is tried in prod beside v1.0.0" in tried.out) == (0, True), tried.err
    assert "unmet" not in trials_of(clone)[-1].details
