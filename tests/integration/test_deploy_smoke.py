"""`mltools deploy smoke`: whether what was deployed answers as its release says."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from sklearn.dummy import DummyClassifier

from mltools.server.places import VERSION_FILE
from tests.releases import command
from tests.scorable import FEATURES, release, rows, scorable
from tests.serving import service


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two versions that no test changes, and the bundles of both."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "A Tester")
            patch.setenv(f"GIT_{who}_EMAIL", "tester@example.com")
        top = tmp_path_factory.mktemp("smoking")
        repo = scorable(top / "repo")
        other = DummyClassifier(strategy="constant", constant="no").fit(
            rows(4)[FEATURES], ["yes", "no", "yes", "no"]
        )
        release(repo, "v1.1.0", other)
        for version in ("v1.0.0", "v1.1.0"):
            done = command(repo, "deploy", "render", f"toy@{version}", "-o", str(top / version))
            assert done.code == 0, done.err
        return top


def smoke(top: Path, where: object, *args: str) -> Any:
    return command(top / "repo", "deploy", "smoke", str(where), *args)


def described(bundle: Path) -> Path:
    (found,) = bundle.rglob(VERSION_FILE)
    return found


def test_a_bundle_that_answers_as_its_release_says_passes(shared: Path) -> None:
    python = os.path.relpath(sys.executable, shared / "repo")  # and not as seen from the bundle
    done = smoke(shared, shared / "v1.0.0", "--python", python, "--json")
    assert done.code == 0, done.err
    assert done.json == {
        "schema": 1,
        "where": str(shared / "v1.0.0"),
        "checks": [
            {"name": "ready", "outcome": "passed", "reason": "serves toy 1.0.0"},
            {"name": "rows", "outcome": "passed", "reason": "1 row answered as the release says"},
        ],
    }


def test_a_bundle_whose_service_is_not_ready_fails(shared: Path, tmp_path: Path) -> None:
    done = command(shared / "repo", "deploy", "render", "toy@v1.0.0", "-o", str(tmp_path / "out"))
    assert done.code == 0
    path = described(tmp_path / "out")
    tree = json.loads(path.read_text())
    path.write_text(json.dumps({**tree, "expected": ["neither"]}))
    done = smoke(shared, tmp_path / "out")
    assert (done.code, done.out.startswith("failed    ready: ")) == (1, True), done.out


def test_a_service_is_asked_for_the_version_that_it_should_have(shared: Path) -> None:
    with service(shared / "v1.0.0/models") as running:
        address = running.told["address"]
        good = smoke(shared, address, "--release", "toy@v1.0.0")
        assert good.code == 0, good.out
        assert "1 row answered" in good.out
        wrong = smoke(shared, address, "--release", "toy")
        assert wrong.code == 1
        assert wrong.out == "failed    ready: serves toy 1.0.0, not toy 1.1.0\n"


def test_where_nothing_answers_it_fails(shared: Path) -> None:
    with service(shared / "v1.0.0/models") as running:
        address = running.told["address"]
    done = smoke(shared, address, "--release", "toy@v1.0.0")
    assert done.code == 1, done.err
    assert done.out.startswith("failed    ready: ")


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (".", "is no bundle"),
        ("nowhere", "is no bundle"),
        ("https://models.example/toy", "needs --release"),
    ],
)
def test_what_cannot_be_asked_is_told(shared: Path, where: str, said: str) -> None:
    done = smoke(shared, where)
    assert (done.code, said in done.err) == (2, True), done.err


def test_an_address_that_is_not_safe_is_refused(shared: Path) -> None:
    done = smoke(shared, "http://models.example/toy", "--release", "toy@v1.0.0", "--wait", "3600")
    assert (done.code, "only https is spoken" in done.err) == (3, True), done.err


def test_a_python_without_the_requirements_is_told(shared: Path, tmp_path: Path) -> None:
    empty = tmp_path / "python"
    empty.write_text("#!/bin/sh\nexit 3\n")
    empty.chmod(0o755)
    done = smoke(shared, shared / "v1.0.0", "--python", str(empty))
    assert (done.code, "did not start" in done.err) == (3, True), done.err
    assert smoke(shared, shared / "v1.0.0", "--python", str(tmp_path / "none")).code == 3
