"""`mltools model card` on real releases."""

from pathlib import Path

import pytest

from mltools.edges import documents
from tests.releases import command, make_project, run
from tests.support import commit, git, make_repo

POLICY = """\
model_card:
  intended_use: |
    To show how a card is made.
  limits: [Made of forty rows.]
  license: MIT
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two versions, released to a bare remote; the second one's commit says what the model is for."""
    path = make_project(tmp_path / "project")
    git(path, "remote", "add", "origin", str(make_repo(tmp_path / "remote.git", bare=True)))
    run(path, 0.9)
    assert command(path, "release").code == 0
    commit(path, {"mltools.yaml": (path / "mltools.yaml").read_text() + POLICY}, "Say what it is for | @team")
    run(path, 0.95, warnings=["the test set is small"])
    assert command(path, "release").code == 0
    return path


def test_a_card_tells_the_version_from_its_tag_its_commit_and_the_journal(project: Path) -> None:
    done = command(project, "model", "card", "toy")
    assert done.code == 0, done.err
    front = documents.read_yaml(done.out.split("---\n")[1].encode(), "front matter")
    assert (front["model_name"], front["version"], front["license"]) == ("toy", "v0.2.0", "mit")
    assert front["pipeline_tag"] == "tabular-classification"
    for expected in (
        "# toy v0.2.0\n",
        "## Intended use\n\nTo show how a card is made.",
        "- Made of forty rows.\n- the test set is small",
        "| `test.auc` | 0.9 | 0.95 | +0.05 |",
        "Takes size \\(number\\).",
        "```mermaid",
        "## Changes since v0.1.0",
        "Quality 0.95",
        "| `train.quality` | `0.9` | `0.95` |",
    ):
        assert expected in done.out, expected
    assert "@team" not in done.out
    first = command(project, "model", "card", "toy@v0.1.0")
    assert "Nobody has said so far" in first.out
    assert "## Changes" not in first.out


def test_a_card_is_written_to_a_file_whole(project: Path) -> None:
    done = command(project, "model", "card", "toy@v0.2.0", "-o", "MODEL_CARD.md")
    assert (done.code, done.out) == (0, "")
    assert (project / "MODEL_CARD.md").read_text() == command(project, "model", "card", "toy@v0.2.0").out
    for place in ("data", "params.yaml/card.md"):
        lost = command(project, "model", "card", "toy@v0.2.0", "-o", place)
        assert lost.code in {2, 3}
        assert "Traceback" not in lost.err


def test_a_shallow_clone_and_one_without_a_remote_say_less(project: Path, tmp_path: Path) -> None:
    git(project, "push", "-q", "origin", "main")
    git(tmp_path, "clone", "-q", "--depth=1", (tmp_path / "remote.git").as_uri(), "clone")
    clone = tmp_path / "clone"
    done = command(clone, "model", "card", "toy@v0.2.0")
    assert done.code == 0, done.err
    assert "Which commits lie between the two cannot be told in this clone." in done.out
    assert "| Python | `" in done.out
    git(clone, "update-ref", "-d", "refs/mltools/journal")
    git(clone, "remote", "set-url", "origin", str(tmp_path / "nowhere"))
    done = command(clone, "model", "card", "toy@v0.2.0")
    assert done.code == 0
    assert "the card says what is known here" in done.err
    assert "| Python | `" not in done.out
    assert "| `test.auc` | 0.95 |" in done.out


def test_a_model_or_version_that_is_not_there_is_wrong_use(project: Path) -> None:
    for name in ("toys", "toy@v9.0.0", "toy#prod", "..", "--", "toy@"):
        assert command(project, "model", "card", name).code == 2


def test_a_version_of_gto_alone_has_no_record_to_make_a_card_of(project: Path) -> None:
    git(project, "tag", "-a", "-m", "by hand", "toy@v3.0.0", "HEAD")
    done = command(project, "model", "card", "toy@v3.0.0")
    assert done.code == 3
    assert "no release record" in done.err


def test_a_version_says_where_it_comes_from(project: Path, tmp_path: Path) -> None:
    tree = command(project, "model", "provenance", "toy@v0.2.0").json
    assert tree["predicateType"] == "https://slsa.dev/provenance/v1"
    assert tree["subject"][0]["name"] == "model.bin"
    known = tree["predicate"]["buildDefinition"]["resolvedDependencies"]
    # The remote is a path on this disk: nobody else finds it there.
    assert "uri" not in known[0]
    assert {"data/raw.csv", "dvc.lock", "mltools.yaml"} <= {one["name"] for one in known}
    done = command(
        project, "model", "provenance", "toy@v0.2.0", "--predicate", "-o", str(tmp_path / "p.json")
    )
    assert (done.code, done.out) == (0, "")
    assert documents.read_json((tmp_path / "p.json").read_bytes(), "p") == tree["predicate"]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://forge.example/octo/iris.git", True),
        ("https://user:secret@forge.example/octo/iris.git", False),
        ("git@forge.example:octo/iris.git", False),
    ],
)
def test_an_address_with_a_login_is_not_handed_on(project: Path, address: str, *, told: bool) -> None:
    git(project, "remote", "set-url", "origin", address)
    done = command(project, "model", "provenance", "toy@v0.2.0")
    assert ("forge.example" in done.out) == told
    assert "secret" not in done.out
