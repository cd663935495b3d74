"""`mltools model promote`, `unassign` and `deprecate` on real repositories, with and without a remote."""

import subprocess
import sys
from pathlib import Path

import gto.api
import pytest

from mltools import events
from mltools.edges.git.read import Repository
from tests.registries import clone_of, make_registry, policy, tag, tags, writer
from tests.releases import command
from tests.support import commit, git, make_repo

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    return make_registry(tmp_path)


def holds(repo: Path, stage: str, model: str = "toy") -> str | None:
    """What GTO says that a stage holds."""
    held: str | None = gto.api.show(str(repo))[model]["stage"].get(stage)
    return held


def test_a_promotion_is_a_tag_here_and_at_the_remote_as_gto_would_make_it(made: tuple[Path, Path]) -> None:
    clone, remote = made
    done = command(clone, "model", "promote", "toy", "--stage", "prod", "--reason", "good | @team\nreally")
    assert (done.code, done.out, done.err) == (0, "toy v1.2.0 is in prod (toy#prod#1)\n", "")
    for repo in (clone, remote):
        assert git(repo, "rev-parse", "toy#prod#1^{commit}") == git(clone, "rev-parse", "toy@v1.2.0^{commit}")
    assert git(clone, "cat-file", "tag", "toy#prod#1").partition("\n\n")[2] == (
        "Promote toy v1.2.0 to prod\n\ngood | @team\nreally\n\nMltools-Action: promote"
    )
    assert git(clone, "for-each-ref", "--format=%(taggername)", "refs/tags/toy#prod#1") == "A Tester"
    assert holds(clone, "prod") == "v1.2.0"
    assert "prod=v1.2.0" in command(clone, "model", "list").out
    # Nothing that is ordinary needs an event.
    assert git(remote, "for-each-ref", "--format=%(refname)", "refs/mltools") == "refs/mltools/releases/toy"


def test_versions_and_stages_can_be_named(made: tuple[Path, Path]) -> None:
    clone, _ = made
    assert command(clone, "model", "promote", "toy@v1.0.0", "-s", "staging").code == 0
    assert command(clone, "model", "promote", "toy#staging", "-s", "prod").out.startswith(
        "toy v1.0.0 is in prod"
    )
    assert command(clone, "model", "promote", "toy@latest", "-s", "staging", "--json").json == {
        "schema": 1,
        "model": "toy",
        "version": "v1.2.0",
        "stage": "staging",
        "tag": "toy#staging#3",
        "new": True,
        "refused": False,
        "reason": "toy v1.2.0 is in staging",
        "notes": [],
    }
    assert (holds(clone, "staging"), holds(clone, "prod")) == ("v1.2.0", "v1.0.0")


def test_what_is_there_already_is_not_put_there_again(made: tuple[Path, Path]) -> None:
    clone, remote = made
    for _ in range(2):
        done = command(clone, "model", "promote", "toy", "--stage", "prod")
        assert done.code == 0
    assert done.out == "toy v1.2.0 is in prod already (toy#prod#1)\n"
    assert tags(remote, "toy#*") == ["toy#prod#1"]


def test_a_stage_may_have_a_slash_in_its_name(made: tuple[Path, Path]) -> None:
    clone, remote = made
    for version in ("v1.0.0", "v1.1.0"):
        done = command(clone, "model", "promote", f"toy@{version}", "--stage", "eu/prod")
        assert done.code == 0, done.err
    assert command(clone, "model", "rollback", "toy", "--stage", "eu/prod").code == 0
    assert tags(remote, "toy#*") == ["toy#eu/prod#1", "toy#eu/prod#2", "toy#eu/prod#3"]
    assert holds(clone, "eu/prod") == "v1.0.0"
    assert "stages:    eu/prod" in command(clone, "model", "show", "toy@v1.0.0").out


def test_times_grow_though_a_clock_was_wrong(made: tuple[Path, Path]) -> None:
    clone, _ = made
    future = 4_000_000_000
    tag(clone, "toy#prod#7", "toy@v1.2.0^{commit}", when=future)
    git(clone, "push", "-q", "--tags")
    assert command(clone, "model", "promote", "toy@v1.0.0", "--stage", "prod").code == 0
    assert git(clone, "for-each-ref", "--format=%(creatordate:unix)", "refs/tags/toy#prod#8") == str(
        future + 1
    )
    assert holds(clone, "prod") == "v1.0.0"


def test_a_version_leaves_a_stage_and_the_one_before_is_there_again(made: tuple[Path, Path]) -> None:
    clone, remote = made
    command(clone, "model", "promote", "toy@v1.0.0", "--stage", "prod")
    command(clone, "model", "promote", "toy@v1.1.0", "--stage", "prod")
    done = command(clone, "model", "unassign", "toy", "--stage", "prod", "--reason", "slow")
    assert done.out == "toy v1.1.0 is out of prod (toy#prod!#3)\n  prod holds v1.0.0 now\n"
    assert holds(clone, "prod") == "v1.0.0"
    done = command(clone, "model", "unassign", "toy@v1.0.0", "--stage", "prod")
    assert done.out == "toy v1.0.0 is out of prod (toy#prod!#4)\n  prod is empty now\n"
    assert holds(remote, "prod") is None
    for name in ("toy", "toy@v1.0.0"):
        again = command(clone, "model", "unassign", name, "--stage", "prod")
        assert (again.code, tags(remote, "toy#*")[-1]) == (0, "toy#prod!#4")
    assert again.out == "toy v1.0.0 is not in prod\n"
    wrong = command(clone, "model", "unassign", "toy", "--stage", "pord")
    assert wrong.out == "pord of toy holds nothing\n  nothing of it ever was; its stages: prod\n"


def test_versions_and_models_are_deprecated_as_gto_does_it(made: tuple[Path, Path]) -> None:
    clone, remote = made
    command(clone, "model", "promote", "toy", "--stage", "prod")
    done = command(clone, "model", "deprecate", "toy@v1.2.0", "--reason", "a leaked column")
    assert done.out == "toy v1.2.0 is taken back (toy@v1.2.0!#2)\n"
    assert holds(clone, "prod") is None
    assert command(clone, "model", "promote", "toy", "--stage", "prod").out.startswith(
        "toy v1.1.0 is in prod"
    )
    refused = command(clone, "model", "promote", "toy@v1.2.0", "--stage", "prod")
    assert (refused.code, "toy v1.2.0 was taken back" in refused.err) == (2, True)
    assert command(clone, "model", "deprecate", "toy@v1.2.0").out == "toy v1.2.0 is taken back already\n"
    assert command(clone, "model", "deprecate", "toy").out == "toy is deprecated (toy@deprecated#4)\n"
    assert gto.api.show(str(remote)) == {}
    assert command(clone, "model", "deprecate", "toy").out == "toy is deprecated already\n"
    revived = command(clone, "model", "promote", "toy@v1.0.0", "--stage", "prod")
    assert revived.out == "toy v1.0.0 is in prod (toy#prod#5)\n  toy was deprecated, and is in use again\n"
    assert holds(remote, "prod") == "v1.0.0"


def test_gto_goes_on_where_mltools_stopped_and_the_other_way_round(made: tuple[Path, Path]) -> None:
    clone, _ = made
    command(clone, "model", "promote", "toy@v1.0.0", "--stage", "prod")
    gto.api.assign(str(clone), "toy", "staging", version="v1.1.0", push=True)
    assert tags(clone, "toy#*") == ["toy#prod#1", "toy#staging#2"]
    assert command(clone, "model", "promote", "toy@v1.1.0", "--stage", "prod").out.endswith("(toy#prod#3)\n")
    gto.api.unassign(str(clone), "toy", version="v1.1.0", stage="staging", push=True)
    assert (
        command(clone, "model", "unassign", "toy", "--stage", "staging").out
        == "staging of toy holds nothing\n"
    )


def test_a_model_of_a_directory_is_meant_where_one_stands(made: tuple[Path, Path]) -> None:
    clone, remote = made
    tag(clone, "eu/west=toy@v3.0.0")
    git(clone, "push", "-q", "--tags")
    (clone / "eu/west").mkdir(parents=True)
    done = command(clone / "eu/west", "model", "promote", "toy", "--stage", "prod")
    assert done.out == "eu/west:toy v3.0.0 is in prod (eu/west=toy#prod#1)\n"
    assert command(clone, "model", "promote", "eu/west:toy@v3.0.0", "--stage", "dev").code == 0
    assert (
        command(clone, "model", "promote", "toy", "--stage", "prod").out
        == "toy v1.2.0 is in prod (toy#prod#1)\n"
    )
    tag(clone, "us=price@v1.0.0")
    git(clone, "push", "-q", "--tags")
    assert command(clone, "model", "promote", "price", "--stage", "prod").out.startswith("us:price v1.0.0")
    assert holds(remote, "prod", "eu/west:toy") == "v3.0.0"


def test_without_a_remote_the_tag_stands_here(repo: Path, tmp_path: Path) -> None:
    tag(repo, "toy@v1.0.0")
    assert command(repo, "model", "promote", "toy", "--stage", "prod").code == 0
    git(tmp_path, "clone", "-q", "--bare", str(repo), "bare.git")
    git(tmp_path / "bare.git", "remote", "remove", "origin")
    done = command(tmp_path / "bare.git", "model", "promote", "toy", "--stage", "dev")
    assert done.out == "toy v1.0.0 is in dev (toy#dev#2)\n"


def test_a_clone_that_knows_nothing_of_the_tags_fetches_those_of_the_model(
    made: tuple[Path, Path], tmp_path: Path
) -> None:
    clone, remote = made
    tag(clone, "other@v1.0.0")
    git(clone, "push", "-q", "--tags")
    git(tmp_path, "clone", "-q", "--depth=1", "--no-tags", remote.as_uri(), "shallow")
    done = command(tmp_path / "shallow", "model", "promote", "toy@v1.0.0", "--stage", "prod")
    assert (done.code, done.out) == (0, "toy v1.0.0 is in prod (toy#prod#1)\n")
    assert tags(tmp_path / "shallow") == ["toy@v1.0.0", "toy@v1.1.0", "toy@v1.2.0", "toy#prod#1"]


def test_a_tag_that_is_only_here_is_told_and_its_number_left_alone(made: tuple[Path, Path]) -> None:
    clone, _ = made
    tag(clone, "toy#prod#1", "toy@v1.0.0^{commit}")
    done = command(clone, "model", "promote", "toy", "--stage", "prod")
    assert done.out == "toy v1.2.0 is in prod (toy#prod#2)\n"
    assert "the tag toy#prod#1 is here and not at origin, so it does not count" in done.err


def test_odd_tags_are_told_and_in_nobodys_way(made: tuple[Path, Path]) -> None:
    clone, _ = made
    git(clone, "tag", "toy#prod#5")
    git(clone, "tag", "toy@v1.3.0")
    tag(clone, "toy@1.4.0")
    git(clone, "push", "-q", "--tags")
    done = command(clone, "model", "promote", "toy", "--stage", "prod")
    assert done.out == "toy v1.2.0 is in prod (toy#prod#6)\n"
    assert sum("lightweight" in line for line in done.err.splitlines()) == 2
    assert "versions start with v" in done.err


def test_a_version_on_a_commit_with_another_cannot_be_staged(made: tuple[Path, Path]) -> None:
    clone, remote = made
    tag(clone, "toy@v1.3.0", "toy@v1.2.0^{commit}")
    git(clone, "push", "-q", "--tags")
    done = command(clone, "model", "promote", "toy", "--stage", "prod")
    assert done.code == 2
    assert "the commit of toy v1.3.0 also holds v1.2.0" in done.err
    assert tags(remote, "toy#*") == []


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("promote", "tog", "-s", "prod"), "there is no model 'tog'"),
        (("promote", "toy@v1.0.1", "-s", "prod"), "did you mean 'v1.0.0'"),
        (("promote", "toy", "-s", "a b"), "is no name of a stage"),
        (("promote", "toy", "-s", "-x"), "is no name of a stage"),
        (("promote", "toy", "-s", "a#1"), "is no name of a stage"),
        (("promote", "toy", "-s", "../../heads/main"), "is no name of a stage"),
        (("promote", "$(x)", "-s", "prod"), "names no model, version or stage"),
        (("promote", "toy"), "Missing option '-s' / '--stage'"),
        (("promote", "toy", "-s", "prod", "-f"), "--force needs a --reason"),
        (("promote", "toy", "-s", "prod", "-r", "x" * 2_000), "a reason has at most 1,000 characters"),
        (("promote", "toy", "-s", "prod", "-r", "a\x07b"), "characters that cannot be shown"),
        (
            ("promote", "toy", "-s", "prod", "-r", "a\n-----BEGIN SSH SIGNATURE-----"),
            "a part of a tag's message",
        ),
        (("promote", "toy", "-s", "prod", "-r", "a\nMltools-Action: x"), "a part of a tag's message"),
        (("promote", "toy#dev", "-s", "prod"), "toy has nothing in the stage 'dev'"),
        (("deprecate", "toy@v9.0.0"), "toy has no version v9.0.0"),
        (("unassign", "nothing", "-s", "prod"), "there is no model 'nothing'"),
    ],
)
def test_what_cannot_be_meant_is_said_and_changes_nothing(
    made: tuple[Path, Path], args: tuple[str, ...], said: str
) -> None:
    clone, remote = made
    done = command(clone, "model", *args)
    assert (done.code, said in done.err) == (2, True), done.err
    assert tags(clone) == tags(remote) == ["toy@v1.0.0", "toy@v1.1.0", "toy@v1.2.0"]


def test_the_actor_of_a_forges_job_stands_in_the_tag(made: tuple[Path, Path]) -> None:
    clone, _ = made
    env = {"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "ada"}
    assert command(clone, "model", "promote", "toy", "--stage", "prod", env=env).code == 0
    assert git(clone, "cat-file", "tag", "toy#prod#1").endswith("Mltools-Actor: ada on GitHub")
    odd = {**env, "GITHUB_ACTOR": "ada\nMltools-Unmet: x"}
    assert command(clone, "model", "promote", "toy@v1.0.0", "--stage", "prod", env=odd).code == 0
    assert "Mltools-Actor" not in git(clone, "cat-file", "tag", "toy#prod#2")


STAGES = "[dev, {name: prod, needs: {verdict: passed, minimum: {hours: 1}}}]"


def test_every_unmet_need_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    everything = (
        "[dev, {name: prod, needs: {verdict: passed, minimum: {hours: 1}, signed: true, "
        "approvals: {by: [ada]}, monitor: healthy}}]"
    )
    clone, remote = make_registry(
        tmp_path, files=policy(everything, f"  ada: {{gpg: {'A' * 40}}}"), record=None
    )
    done = command(clone, "model", "promote", "toy", "--stage", "prod")
    assert done.code == 1
    assert [line.strip().partition(":")[0] for line in done.out.splitlines()] == [
        "toy v1.2.0 is not promoted to prod",
        "verdict",
        "minimum",
        "signed",
        "approvals",
        "monitor",
    ]
    tree = command(clone, "model", "promote", "toy", "--stage", "prod", "--json")
    assert (tree.code, tree.json["refused"], len(tree.json["notes"])) == (1, True, 5)
    assert tags(clone, "toy#*") == tags(remote, "toy#*") == []
    assert command(clone, "model", "promote", "toy", "--stage", "dev").code == 0


def test_what_is_met_lets_it_through(tmp_path: Path) -> None:
    clone, _ = make_registry(tmp_path, files=policy(STAGES))
    tag(clone, "toy#dev#1", "toy@v1.2.0^{commit}")
    git(clone, "push", "-q", "--tags")
    done = command(clone, "model", "promote", "toy", "--stage", "prod")
    assert done.code == 0, done.err
    assert "met: verdict: is passed" in done.err
    assert "met: minimum: was" in done.err


def test_a_forced_promotion_is_recorded_in_the_tag_and_the_journal(tmp_path: Path) -> None:
    clone, remote = make_registry(tmp_path, files=policy(STAGES))
    done = command(clone, "model", "promote", "toy", "--stage", "prod", "--force", "--reason", "it burns")
    assert done.code == 0
    assert done.out == (
        "toy v1.2.0 is in prod (toy#prod#1)\n  minimum: must be 1 h in dev, and was never there\n"
    )
    assert "Mltools-Unmet: minimum: must be 1 h in dev, and was never there" in git(
        clone, "cat-file", "tag", "toy#prod#1"
    )
    for repo in (clone, remote):
        (kept,) = events.of_model(Repository.find(repo), "toy")
        assert (kept.kind, kept.version, kept.stage, kept.reason) == (
            "promotion",
            "v1.2.0",
            "prod",
            "it burns",
        )
        assert kept.by == "A Tester <tester@example.com>"
        assert kept.details["unmet"] == ["minimum: must be 1 h in dev, and was never there"]
        assert kept.details["tag"] == "toy#prod#1"


def test_a_dry_run_says_what_would_come_of_it_and_writes_no_tag(tmp_path: Path) -> None:
    clone, remote = make_registry(tmp_path, files=policy(STAGES))
    command(clone, "model", "promote", "toy@v1.0.0", "--stage", "dev")
    before = git(remote, "for-each-ref")
    said = {
        ("promote", "toy", "-s", "dev"): "would write toy#dev#2: Promote toy v1.2.0 to dev\n",
        ("promote", "toy", "-s", "prod", "-f", "-r", "x"): (
            "would write toy#prod#2: Promote toy v1.2.0 to prod\n"
            "  minimum: must be 1 h in dev, and was never there\n"
        ),
        ("unassign", "toy", "-s", "dev"): "would write toy#dev!#2: Take toy v1.0.0 out of dev\n",
        ("deprecate", "toy@v1.0.0"): "would write toy@v1.0.0!#2: Deprecate toy v1.0.0\n",
        ("deprecate", "toy"): "would write toy@deprecated#2: Deprecate toy\n",
        ("rollback", "toy", "-s", "dev", "--to", "v1.1.0"): (
            "would write toy#dev#2: Roll dev of toy back to v1.1.0 from v1.0.0\n"
        ),
    }
    for args, words in said.items():
        done = command(clone, "model", *args, "--dry-run")
        assert (done.code, done.out) == (0, words)
        assert command(clone, "model", *args, "--dry-run", "--json").json["new"] is False
    assert command(clone, "model", "promote", "toy", "-s", "prod", "-n").code == 1
    assert git(remote, "for-each-ref") == before
    assert tags(clone) == tags(remote)


def test_a_stage_that_the_policy_does_not_name_is_refused(tmp_path: Path) -> None:
    clone, remote = make_registry(tmp_path, files=policy("[dev, prod]"))
    done = command(clone, "model", "promote", "toy", "--stage", "pord")
    assert done.code == 2
    assert "'pord' is no stage of toy" in done.err
    assert "has: dev, prod" in done.err
    assert tags(remote, "toy#*") == []


def test_the_policy_is_the_base_branchs_and_no_edit_that_is_not_merged(tmp_path: Path) -> None:
    clone, remote = make_registry(tmp_path, files=policy(STAGES))
    commit(clone, policy("[dev, prod]"), "Lower the bar here")
    assert command(clone, "model", "promote", "toy", "--stage", "prod").code == 1
    git(clone, "switch", "-qc", "change")
    git(clone, "push", "-q", "-u", "origin", "change")
    assert command(clone, "model", "promote", "toy", "--stage", "prod").code == 1
    # A clone that has not seen the newest policy is judged by it all the same.
    other = clone_of(remote, tmp_path / "other")
    git(clone, "push", "-q", "origin", "change:main")
    assert command(other, "model", "promote", "toy", "--stage", "prod").code == 0


def test_the_base_branch_may_be_another_than_the_default_one(tmp_path: Path) -> None:
    files = policy("[dev, prod]")
    files["mltools.yaml"] += "compare: {base: trunk}\n"
    clone, _ = make_registry(tmp_path, files=files)
    git(clone, "switch", "-qc", "trunk")
    strict = policy(STAGES)
    strict["mltools.yaml"] += "compare: {base: trunk}\n"
    commit(clone, strict)
    git(clone, "push", "-q", "origin", "trunk")
    git(clone, "switch", "-q", "main")
    assert command(clone, "model", "promote", "toy", "--stage", "prod").code == 1


def test_a_model_of_a_directory_is_judged_by_the_policy_there(tmp_path: Path) -> None:
    nested = {f"eu/{name}": text for name, text in policy(STAGES).items()}
    clone, _ = make_registry(tmp_path, files=nested)
    tag(clone, "eu=toy@v1.0.0", message="said")
    git(clone, "push", "-q", "--tags")
    assert command(clone, "model", "promote", "toy", "--stage", "prod").code == 0
    assert command(clone, "model", "promote", "eu:toy", "--stage", "prod").code == 1


@pytest.mark.parametrize("text", ["schema: [", "schema: 1\nrelease: {model: toy, stages: [{stage: x}]}\n"])
def test_a_broken_policy_is_no_policy_to_pass_by(tmp_path: Path, text: str) -> None:
    clone, remote = make_registry(tmp_path, files={"mltools.yaml": text})
    done = command(clone, "model", "promote", "toy", "--stage", "prod")
    assert done.code == 2
    assert "origin/HEAD@" in done.err
    assert "repair it there" in done.err
    assert tags(remote, "toy#*") == []
    forced = command(clone, "model", "promote", "toy", "--stage", "prod", "--force", "--reason", "it burns")
    assert forced.code == 0
    assert "policy: cannot be read" in forced.out


def test_a_policy_in_a_repository_without_a_remote_is_that_of_main(repo: Path) -> None:
    commit(repo, policy(STAGES))
    tag(repo, "toy@v1.0.0")
    git(repo, "switch", "-qc", "change")
    commit(repo, policy("[prod]"))
    assert command(repo, "model", "promote", "toy", "--stage", "prod").code == 1


def test_a_killed_promotion_leaves_its_event_to_the_next_call(tmp_path: Path) -> None:
    clone, remote = make_registry(tmp_path, files=policy(STAGES))
    command(clone, "model", "promote", "toy", "--stage", "prod", "--force", "--reason", "it burns")
    (kept,) = events.of_model(Repository.find(remote), "toy")
    for repo in (clone, remote):
        git(repo, "update-ref", "-d", "refs/mltools/journal")
    done = command(clone, "model", "promote", "toy", "--stage", "prod")
    assert done.out == "toy v1.2.0 is in prod already (toy#prod#1)\n"
    assert events.of_model(Repository.find(remote), "toy") == (kept,)


def test_a_journal_that_cannot_be_pushed_does_not_undo_a_promotion(tmp_path: Path) -> None:
    clone, remote = make_registry(tmp_path, files=policy(STAGES))
    hook = remote / "hooks/update"
    hook.write_text('#!/bin/sh\ncase "$1" in refs/mltools/journal) echo "GH013: no"; exit 1;; esac\n')
    hook.chmod(0o755)
    done = command(clone, "model", "promote", "toy", "--stage", "prod", "-f", "-r", "it burns")
    assert (done.code, tags(remote, "toy#*")) == (0, ["toy#prod#1"])
    assert "the journal at the remote does not tell of it yet" in done.err
    assert len(events.of_model(Repository.find(clone), "toy")) == 1


def test_promoting_without_a_policy_loads_nothing_heavy(made: tuple[Path, Path]) -> None:
    clone, _ = made
    script = (
        "import sys; from mltools.cli.app import invoke; code = invoke(['model', 'promote', 'toy', '-s', 'prod']); "
        "sys.exit(' '.join({'pydantic', 'requests', 'dvc', 'pandas', 'numpy', 'yaml'} & set(sys.modules)) or code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=clone, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_empty_repository_has_no_model(tmp_path: Path) -> None:
    empty = make_repo(tmp_path / "empty")
    done = command(empty, "model", "promote", "toy", "--stage", "prod")
    assert (done.code, "there is no model 'toy'" in done.err) == (2, True)
    assert writer(empty).repository.head() is None
