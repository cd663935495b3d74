"""A failed gate that somebody takes on themselves: proved by a signature, listed in the base, bound to exact inputs."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.projects import FILES, make_project
from tests.support import Result, commit, git, mltools

pytestmark = pytest.mark.slow

REASON = "the old test rows held duplicates | @team"


def key(path: Path) -> str:
    """A new SSH key; its public half."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[Path, str]]:
    directory = tmp_path_factory.mktemp("keys")
    return {name: (directory / name, key(directory / name)) for name in ("ada", "eve")}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, keys: Mapping[str, tuple[Path, str]]) -> Path:
    """A project whose main names Ada as one who may override, with a branch that is worse than main."""
    tmp_path = tmp_path_factory.mktemp("made")
    policy = (
        FILES["mltools.yaml"] + f'people:\n  ada: {{ssh: "{keys["ada"][1]}"}}\noverrides: {{by: [ada]}}\n'
    )
    project = make_project(tmp_path / "p", **{"mltools.yaml": policy})
    mltools(project, "run")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "Results")
    git(project, "switch", "-qc", "worse")
    commit(project, {"params.yaml": "train:\n  quality: 0.7\n  seed: 1\n"}, "Worse")
    done = mltools(project, "run")
    assert done.code == 1, done.err
    git(project, "add", "-A")
    git(project, "commit", "-qm", "Results")
    return project


@pytest.fixture
def worse(tmp_path: Path, made: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "p", symlinks=True))


def sign_with(project: Path, private: Path) -> None:
    git(project, "config", "gpg.format", "ssh")
    git(project, "config", "user.signingkey", str(private))


def override(project: Path) -> Result:
    return mltools(project, "gate", "override", "auc-kept", "--reason", REASON)


def record(project: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((project / ".mltools/run.json").read_text())
    return found


def test_a_signed_override_lets_the_gate_through_and_is_told(
    worse: Path, keys: Mapping[str, tuple[Path, str]]
) -> None:
    sign_with(worse, keys["ada"][0])
    done = override(worse)
    assert done.code == 0, done.err
    assert git(worse, "diff", "HEAD~1", "HEAD") == ""

    done = mltools(worse, "run")
    assert done.code == 0, done.err
    assert record(worse)["verdict"] == "passed"
    gate = next(item for item in record(worse)["gates"] if item["name"] == "auc-kept")  # type: ignore[attr-defined]
    assert gate["outcome"] == "failed"
    oid = git(worse, "rev-parse", "HEAD").strip()
    assert gate["override"] == {"by": "ada", "reason": REASON, "commit": oid, "how": "signature"}
    report = (worse / ".mltools/report.md").read_text()
    assert "overridden by ada" in report
    assert "@team" not in report.replace("@\u200bteam", "").replace("&#64;team", "")

    check = mltools(worse, "gate", "check")
    assert check.code == 0
    assert f"overridden by ada: {REASON}" in check.out


def test_a_change_after_the_override_is_judged_anew(
    worse: Path, keys: Mapping[str, tuple[Path, str]]
) -> None:
    sign_with(worse, keys["ada"][0])
    override(worse)
    commit(worse, {"params.yaml": "train:\n  quality: 0.6\n  seed: 1\n"}, "Worse still")
    assert mltools(worse, "run").code == 1


def test_a_squashed_override_holds_where_the_inputs_are_the_same(
    worse: Path, keys: Mapping[str, tuple[Path, str]]
) -> None:
    sign_with(worse, keys["ada"][0])
    override(worse)
    mltools(worse, "run")
    git(worse, "switch", "-q", "main")
    git(worse, "merge", "--squash", "-q", "worse")
    git(worse, "commit", "-qm", "Squashed")
    done = mltools(worse, "run")
    assert done.code == 0, done.err


@pytest.mark.parametrize("who", ["eve", "nobody"])
def test_who_may_not_is_refused_with_the_reason(
    worse: Path, keys: Mapping[str, tuple[Path, str]], who: str
) -> None:
    if who == "eve":
        sign_with(worse, keys["eve"][0])
    assert override(worse).code == 0
    done = mltools(worse, "run")
    assert done.code == 1
    assert "neither a signature nor the forge proves that one who may (ada) made it" in " ".join(
        record(worse)["warnings"]  # type: ignore[arg-type]
    )


def test_nobody_puts_themselves_on_the_list(worse: Path, keys: Mapping[str, tuple[Path, str]]) -> None:
    policy = (worse / "mltools.yaml").read_text().replace(keys["ada"][1], keys["eve"][1])
    commit(worse, {"mltools.yaml": policy}, "Trust me")
    sign_with(worse, keys["eve"][0])
    override(worse)
    assert mltools(worse, "run").code == 1


def test_a_gate_that_the_change_removed_can_be_overridden_for_it_still_judges(
    worse: Path, keys: Mapping[str, tuple[Path, str]]
) -> None:
    sign_with(worse, keys["ada"][0])
    policy = (worse / "mltools.yaml").read_text()
    lines = [line for line in policy.splitlines(keepends=True) if "name: auc-kept" not in line]
    commit(worse, {"mltools.yaml": "".join(lines)}, "Remove the gate")
    assert mltools(worse, "run").code == 1
    assert override(worse).code == 0
    assert mltools(worse, "run").code == 0


def test_where_the_base_lists_nobody_the_override_is_said_to_count_for_nothing(worse: Path) -> None:
    git(worse, "switch", "-q", "main")
    policy = (worse / "mltools.yaml").read_text()
    commit(worse, {"mltools.yaml": policy.replace("{by: [ada]}", "{by: []}")}, "List nobody")
    git(worse, "switch", "-q", "worse")
    git(worse, "merge", "-q", "-m", "Merge", "main")
    assert "names nobody who may override" in override(worse).err


def test_another_gate_is_not_let_through(worse: Path, keys: Mapping[str, tuple[Path, str]]) -> None:
    sign_with(worse, keys["ada"][0])
    commit(worse, {"params.yaml": "train:\n  quality: 0.4\n  seed: 1\n"}, "Below the floor, too")
    override(worse)
    done = mltools(worse, "run")
    assert done.code == 1
    assert record(worse)["verdict"] == "failed"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("override", "auc-keept", "--reason", "x"), "'auc-keept' is no gate of mltools.yaml"),
        (("override", "auc-kept", "--reason", " "), "a reason has 1 to 1000 characters"),
        (("override", "auc-kept"), "Missing option '--reason'"),
    ],
)
def test_a_wrong_call_changes_nothing(worse: Path, args: tuple[str, ...], said: str) -> None:
    before = git(worse, "rev-parse", "HEAD")
    done = mltools(worse, "gate", *args)
    assert done.code == 2
    assert said in done.err
    assert git(worse, "rev-parse", "HEAD") == before


def test_uncommitted_changes_cannot_be_overridden(worse: Path) -> None:
    (worse / "params.yaml").write_text("train:\n  quality: 0.65\n  seed: 1\n")
    done = override(worse)
    assert done.code == 3
    assert "commit first" in done.err


def test_what_somebody_commits_in_the_forge_s_name_counts_for_nothing(worse: Path) -> None:
    """`.mltools` is ignored, but a file can be added by force: the step that asks the forge removes it."""
    policy = (worse / "mltools.yaml").read_text()
    assert "github" not in policy
    override(worse)
    oid = git(worse, "rev-parse", "HEAD").strip()
    says = worse / ".mltools/cache/forge-says.json"
    says.parent.mkdir(parents=True, exist_ok=True)
    says.write_text(json.dumps({oid: "ada"}))
    assert mltools(worse, "gate", "prove").code == 0
    assert not says.exists()
