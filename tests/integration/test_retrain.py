"""Retraining with Git alone: a branch that only moves forward, and an event for each attempt."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mltools import events
from mltools.core.monitor.findings import Assessment, Finding, Level, Traffic, Verdict, Window
from mltools.edges import documents
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.monitoring import windows
from tests import retrained
from tests.killing import counted, killing
from tests.projects import FILES, dvc
from tests.releases import command
from tests.retrained import BRANCH, attempts, branches, grow
from tests.support import commit, git, make_repo, mltools

WAIT = "retrain: {cooldown_hours: 24, budget: 5}\n"
MERGE = "retrain: {cooldown_hours: 0, merge: non-inferior}\n"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return retrained.released(tmp_path_factory.mktemp("source"))


@pytest.fixture
def both(source: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    return retrained.copied(source, tmp_path)


def journal(remote: Path, below: str = "") -> list[str]:
    """The files of the journal at the remote."""
    where = f"refs/mltools/journal:{below}" if below else "refs/mltools/journal"
    return git(remote, "ls-tree", "-r", "--name-only", where, check=False).splitlines()


def test_it_says_why_not_and_changes_nothing(both: tuple[Path, Path]) -> None:
    project, remote = both
    before = git(project, "for-each-ref"), git(remote, "for-each-ref")
    found = command(project, "retrain", "--json")
    assert (found.code, found.json["retrain"], found.json["state"]) == (0, False, "waiting")
    assert found.json["notes"] == ["no check of what serves is known", "the data are those of v0.1.0"]
    retrained.watched(project)
    loud = command(project, "retrain", "--check")
    assert loud.code == 0
    assert "data, code and params are those of v0.1.0" in loud.out
    assert "although v0.1.0 in prod is drifted" in loud.out
    git(project, "update-ref", "-d", "refs/mltools/journal")
    git(project, "fetch", "-q", "origin", "refs/mltools/journal:refs/mltools/journal")
    assert (git(project, "for-each-ref"), git(remote, "for-each-ref")) == before


def test_new_data_become_one_commit_on_a_branch_of_their_own(both: tuple[Path, Path]) -> None:
    project, remote = both
    tip = grow(project)
    (project / "params.yaml").write_text("train: {quality: 0.1}\n")  # work in progress is no business of it
    found = command(project, "retrain", "--json")
    assert found.code == 0, found.err
    assert (found.json["state"], found.json["verdict"], found.json["branch"]) == ("pushed", "passed", BRANCH)
    made = found.json["commit"]
    assert branches(remote) == {"main": tip, BRANCH: made}
    assert git(project, "rev-parse", BRANCH) == made, "it is a branch here, too"
    assert git(remote, "rev-parse", f"{made}^@") == tip
    assert git(remote, "diff", "--name-only", tip, made).splitlines() == ["dvc.lock", "metrics/test.json"]
    assert '"auc": 0.76' in git(remote, "show", f"{made}:metrics/test.json")
    assert git(project, "status", "--porcelain") == " M params.yaml"

    (event,) = attempts(project)
    assert (event.state, event.details["commit"], event.details["base"]) == ("pushed", made, tip)
    assert event.details["reasons"][0]["kind"] == "data"
    assert f"{event.id}.json" in " ".join(journal(remote, "events"))
    assert f"records/{made[:2]}/{made}/{found.json['run']}/run.json" in journal(remote)
    shown = command(project, "report", "render", "--run", found.json["run"], "--format", "text")
    assert "auc" in shown.out
    assert "passed" in shown.out

    again = command(project, "retrain")
    assert again.code == 0
    assert "nothing has changed since the retraining" in again.out
    assert len(attempts(project)) == 1


def test_what_was_retrained_can_be_released_by_whoever_merges_it(both: tuple[Path, Path]) -> None:
    project, _ = both
    grow(project)
    assert command(project, "retrain").code == 0
    git(project, "merge", "-q", "--no-edit", BRANCH)
    done = command(project, "release")
    assert done.code == 0, done.err
    assert "released toy@v0." in done.out


def test_the_branch_moves_forward_with_its_base_and_is_never_forced(both: tuple[Path, Path]) -> None:
    project, remote = both
    git(remote, "config", "receive.denyNonFastForwards", "true")
    grow(project)
    first = command(project, "retrain", "--json").json["commit"]
    tip = grow(project, 30)
    found = command(project, "retrain", "--json")
    assert found.code == 0, found.err
    made = found.json["commit"]
    assert git(remote, "rev-parse", f"{made}^@").splitlines() == [tip, first]
    assert git(remote, "diff", "--name-only", tip, made).splitlines() == ["dvc.lock", "metrics/test.json"]
    assert git(remote, "merge-base", "main", made) == tip, "against main there is nothing but the results"
    assert branches(remote)[BRANCH] == made
    assert [event.details["commit"] for event in attempts(project)] == [first, made]


def test_it_leaves_a_branch_alone_on_which_somebody_has_committed(both: tuple[Path, Path]) -> None:
    project, remote = both
    grow(project)
    assert command(project, "retrain").code == 0
    git(project, "switch", "-q", BRANCH)
    theirs = commit(project, {"notes.md": "looked at it\n"}, "Notes")
    git(project, "push", "-q", "--no-verify", "origin", BRANCH)
    git(project, "switch", "-q", "main")
    grow(project)
    found = command(project, "retrain")
    assert found.code == 3
    assert f"A Tester committed {theirs[:10]} there, so it is left alone" in found.err
    assert f"git push origin :{BRANCH}" in found.err
    assert branches(remote)[BRANCH] == theirs
    # Nor is one of ours taken for ours that somebody changed.
    git(project, "branch", "-q", "-D", BRANCH)
    ours = git(remote, "rev-parse", f"{BRANCH}~1")
    git(project, "switch", "-q", "-c", BRANCH, ours)
    (project / "metrics/test.json").write_text('{"test": {"auc": 0.99}}')
    git(project, "commit", "-q", "--amend", "--no-edit", "metrics/test.json")
    git(project, "push", "-q", "--no-verify", "--force", "origin", BRANCH)
    git(project, "switch", "-q", "main")
    assert "is left alone" in command(project, "retrain").err


def test_data_that_break_their_contract_train_nothing_and_count(
    source: tuple[Path, Path], tmp_path: Path
) -> None:
    project, remote = retrained.copied(source, tmp_path, WAIT)
    grow(project, wrong=True)
    found = command(project, "retrain")
    assert found.code == 1, found.err
    assert "failed: data/raw.csv breaks its contract, so nothing was trained" in found.out
    assert "stage train" not in found.err
    assert list(branches(remote)) == ["main"]
    assert [event.state for event in attempts(project)] == ["failed"]
    assert "the last retraining was 0 minutes ago" in command(project, "retrain").out


def test_a_stage_that_fails_is_an_attempt_that_failed(source: tuple[Path, Path], tmp_path: Path) -> None:
    project, remote = retrained.copied(source, tmp_path, WAIT)
    commit(project, {"train.py": "raise SystemExit('no memory left')\n"}, "Break it")
    git(project, "push", "-q", "--no-verify", "origin", "main")
    found = command(project, "retrain", "--reason", "try it")
    assert found.code == 3
    assert "train" in found.err
    assert list(branches(remote)) == ["main"]
    (event,) = attempts(project)
    assert event.state == "failed"
    assert "train" in event.reason
    assert f"{event.id}.json" in " ".join(journal(remote, "events"))
    assert "cooldown_hours" in command(project, "retrain", "--reason", "again").out


def test_what_failed_in_a_job_of_its_own_is_kept_by_the_one_that_may_write(
    both: tuple[Path, Path], tmp_path: Path
) -> None:
    project, _ = both
    commit(project, {"train.py": "raise SystemExit('no memory left')\n"}, "Break it")
    git(project, "push", "-q", "--no-verify", "origin", "main")
    git(project, "fetch", "-q", "origin")
    place, page = tmp_path / "run", tmp_path / "page.md"
    job = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page), "GITHUB_EVENT_NAME": "schedule"}
    trained = command(project, "retrain", "--bundle", str(place), "--reason", "try it", env=job)
    assert trained.code == 3
    assert page.read_text().startswith("### Retraining toy\n\n- because asked for by hand: try it\n")
    assert attempts(project) == []
    kept = command(project, "retrain", "--publish", str(place), "--json")
    assert (kept.code, kept.json["state"]) == (1, "failed")
    assert [event.state for event in attempts(project)] == ["failed"]
    for text in ("{", "[]", '{"schema": 1}', '{"schema": NaN}'):
        (place / "retrain.json").write_text(text)
        refused = command(project, "retrain", "--publish", str(place))
        assert refused.code == 3, text
        assert "retrain.json" in refused.err


def test_a_change_that_the_model_does_not_notice_proposes_nothing(both: tuple[Path, Path]) -> None:
    project, remote = both
    commit(project, {"README.md": "About the model.\n"}, "Say what it is")
    git(project, "push", "-q", "--no-verify", "origin", "main")
    found = command(project, "retrain", "--reason", "let us see")
    assert found.code == 0, found.err
    assert "unchanged: the same model came out as v0.1.0; nothing is proposed" in found.out
    assert list(branches(remote)) == ["main"]
    assert [event.state for event in attempts(project)] == ["unchanged"]


def test_what_the_gates_find_not_worse_is_merged_where_the_policy_says_so(
    source: tuple[Path, Path], tmp_path: Path
) -> None:
    project, remote = retrained.copied(source, tmp_path, MERGE)
    grow(project)
    found = command(project, "retrain", "--json")
    assert found.code == 0, found.err
    assert (found.json["state"], found.json["merged"]) == ("merged", True)
    assert branches(remote)["main"] == branches(remote)[BRANCH] == found.json["commit"]
    assert [event.state for event in attempts(project)] == ["pushed", "merged"]
    assert "auc-kept passed" in attempts(project)[-1].reason


def test_what_is_worse_is_proposed_with_its_failed_gate_and_never_merged(
    source: tuple[Path, Path], tmp_path: Path
) -> None:
    project, remote = retrained.copied(source, tmp_path, MERGE)
    lines = (project / "data/raw.csv").read_text().splitlines()[:13]
    tip = commit(project, {"data/raw.csv": "\n".join(lines) + "\n"}, "Fewer rows")
    git(project, "push", "-q", "--no-verify", "origin", "main")
    found = command(project, "retrain", "--json")
    assert found.code == 1
    assert (found.json["state"], found.json["verdict"], found.json["merged"]) == ("pushed", "failed", False)
    assert branches(remote)["main"] == tip
    assert attempts(project)[0].details["merging"].endswith("the verdict is failed.")


def test_a_refused_push_is_kept_as_one_and_the_same_command_completes_it(both: tuple[Path, Path]) -> None:
    project, remote = both
    grow(project)
    hook = remote / "hooks/update"
    hook.write_text(
        '#!/bin/sh\ncase $1 in refs/heads/mltools/*) echo "GH013: no such branches here"; exit 1;; esac\n'
    )
    hook.chmod(0o755)
    refused = command(project, "retrain")
    assert refused.code == 3
    assert "GH013: no such branches here" in refused.err
    assert "a rule of the forge protects this ref" in refused.err
    assert list(branches(remote)) == ["main"]
    assert [event.state for event in attempts(project)] == ["stopped"]
    hook.unlink()
    done = command(project, "retrain", "--json")
    assert done.code == 0, done.err
    assert branches(remote)[BRANCH] == done.json["commit"]
    assert [event.state for event in attempts(project)] == ["stopped", "pushed"]


def test_a_remote_that_is_gone_is_no_reason_to_retrain(both: tuple[Path, Path], tmp_path: Path) -> None:
    project, remote = both
    remote.rename(tmp_path / "elsewhere.git")
    found = command(project, "retrain", "--reason", "now")
    assert found.code == 3
    assert "does not answer" in found.err


def test_two_clones_at_once_come_to_the_same(both: tuple[Path, Path], tmp_path: Path) -> None:
    project, remote = both
    grow(project)
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(remote), "other")
    git(other, "fetch", "-q", "origin", "+refs/mltools/*:refs/mltools/*")
    for place in (project, other):
        done = command(place, "retrain", "--bundle", str(tmp_path / f"{place.name}-run"))
        assert done.code == 0, done.err
    # Both have trained; whoever comes second finds the same commit there.
    first = command(project, "retrain", "--publish", str(tmp_path / "project-run"), "--json")
    second = command(other, "retrain", "--publish", str(tmp_path / "other-run"), "--json")
    assert (first.code, second.code) == (0, 0), second.err
    assert first.json["commit"] == second.json["commit"] == branches(remote)[BRANCH]
    assert len(attempts(other)) == 1


def test_a_handed_over_retraining_may_add_results_and_nothing_else(
    both: tuple[Path, Path], tmp_path: Path
) -> None:
    project, remote = both
    grow(project)
    place = tmp_path / "run"
    assert command(project, "retrain", "--bundle", str(place)).code == 0
    assert list(branches(remote)) == ["main"], "who trains writes nowhere"
    handed = (place / "retrain.json").read_text()
    for old, new, why in (
        ('"metrics/test.json"', '"train.py"', "no result of the pipeline"),
        ('"metrics/test.json"', '".github/workflows/mltools.yml"', "no result of the pipeline"),
        ('"model": "toy"', '"model": "other"', "this project's model is toy"),
        (f'"base": "{git(project, "rev-parse", "main")}"', f'"base": "{"1" * 40}"', "is not on main"),
    ):
        assert old in handed
        (place / "retrain.json").write_text(handed.replace(old, new))
        refused = command(project, "retrain", "--publish", str(place))
        assert refused.code == 3, old
        assert why in refused.err
    (place / "retrain.json").write_text(handed)
    metrics = place / "run/files/metrics/test.json"
    kept = metrics.read_text()
    metrics.write_text('{"test": {"auc": 1.0}}')
    refused = command(project, "retrain", "--publish", str(place))
    assert refused.code == 3
    assert "speaks of commit" in refused.err
    assert list(branches(remote)) == ["main"]
    metrics.write_text(kept)
    assert command(project, "retrain", "--publish", str(place)).code == 0
    assert BRANCH in branches(remote)


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("--check", "--bundle", "x"), "ask for one"),
        (("--publish", "nowhere"), "does not exist"),
        (("--publish", ".", "--force"), "not for --publish"),
        (("--publish", "."), "holds no retraining"),
        (("--bundle", "data"), "is not empty"),
    ],
)
def test_what_cannot_be_meant_is_refused(both: tuple[Path, Path], args: tuple[str, ...], why: str) -> None:
    project, _ = both
    places = [str(project / arg) if not arg.startswith("-") else arg for arg in args]
    found = command(project, "retrain", *places, *(("--force",) if "data" in args else ()))
    assert found.code in {2, 3}
    assert why in found.err


def test_without_a_model_or_a_base_branch_it_says_what_is_missing(
    source: tuple[Path, Path], tmp_path: Path
) -> None:
    project, _ = retrained.copied(source, tmp_path)
    commit(project, {"mltools.yaml": "schema: 1\n"}, "Release nothing")
    git(project, "push", "-q", "--no-verify", "origin", "main")
    found = command(project, "retrain")
    assert found.code == 2
    assert "main:mltools.yaml: has no `release` section" in found.err
    (project / "mltools.yaml").write_text("schema: 1\ncompare: {base: trunk}\n")
    git(project, "branch", "-q", "-m", "main", "other")
    git(project, "push", "-q", "--no-verify", "origin", ":main", check=False)
    assert command(project, "retrain").code in {2, 3}


@pytest.mark.slow
@pytest.mark.full
def test_it_is_killed_at_any_write_and_completed_by_the_same_command(
    both: tuple[Path, Path], tmp_path: Path
) -> None:
    grow(both[0])
    run = tmp_path / "run"
    assert command(both[0], "retrain", "--bundle", str(run)).code == 0
    whole = retrained.copied(both, tmp_path / "whole")
    counting = killing(tmp_path / "whole", 0, after=False)
    assert mltools(whole[0], "retrain", "--publish", str(run), env=counting).code == 0
    writes = counted(tmp_path / "whole")
    assert writes >= 6
    expected = branches(whole[1])[BRANCH]
    for number in range(1, writes + 1):
        place = tmp_path / f"{number}"
        project, remote = retrained.copied(both, place)
        killed = mltools(
            project, "retrain", "--publish", str(run), env=killing(place, number, after=number % 2 == 0)
        )
        assert killed.code == -9
        done = command(project, "retrain", "--publish", str(run))
        assert done.code == 0, done.err
        assert branches(remote)[BRANCH] == expected
        assert [event.details["commit"] for event in attempts(project)] == [expected]
        there = journal(remote, "events")
        assert len(there) == 1
        assert sum(path.endswith("/run.json") and expected in path for path in journal(remote)) == 1


@pytest.mark.full
def test_a_project_below_the_top_keeps_its_data_in_a_dvc_remote(tmp_path: Path) -> None:
    top = make_repo(tmp_path / "repo", {"README.md": "several projects\n"})
    project = top / "eu" / "north"
    for name, text in {**FILES, "train.py": retrained.TRAIN, "mltools.yaml": retrained.policy()}.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    dvc(project, "init", "-q", "--subdir")
    dvc(project, "remote", "add", "-q", "-d", "store", str(tmp_path / "store"))
    dvc(project, "add", "-q", "data/raw.csv")
    commit(top, {}, "A project")
    remote = make_repo(tmp_path / "remote.git", bare=True)
    git(top, "remote", "add", "origin", str(remote))
    retrained.ok(project, "run")
    commit(top, {}, "Results")
    retrained.ok(project, "run")
    git(top, "push", "-q", "-u", "origin", "main")
    retrained.ok(project, "release")
    rows = (project / "data/raw.csv").read_text()
    (project / "data/raw.csv").write_text(rows + "41,1.5,yes\n")
    dvc(project, "add", "-q", "data/raw.csv")
    dvc(project, "push", "-q")
    tip = commit(top, {"README.md": "several projects, one of them with more rows\n"}, "A row")
    git(top, "push", "-q", "origin", "main")

    shutil.rmtree(project / ".dvc/cache")  # what is not here comes from the remote
    (project / "data/raw.csv").unlink()
    found = command(project, "retrain", "--json")
    assert found.code == 0, found.err
    made, branch = found.json["commit"], "mltools/retrain-eu%2Fnorth=toy"
    assert branches(remote) == {"main": tip, branch: made}
    changed = git(remote, "diff", "--name-only", tip, made).splitlines()
    assert changed == ["eu/north/dvc.lock", "eu/north/metrics/test.json"]
    lock = documents.read_yaml(git(remote, "show", f"{made}:eu/north/dvc.lock").encode(), "dvc.lock")
    md5 = lock["stages"]["train"]["outs"][0]["md5"]
    assert (tmp_path / "store/files/md5" / md5[:2] / md5[2:]).is_file(), "the model is where the data are"
    assert git(top, "status", "--porcelain") == ""


def test_what_monitoring_keeps_in_the_journal_is_read_as_a_reason(
    both: tuple[Path, Path],
) -> None:
    project, _ = both
    shift = Finding("feature:size", Level.DRIFTED, "size has drifted", signal=True)
    seen = Assessment(
        model="toy", version="v0.1.0", stage="prod", window=Window("2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"),
        verdict=Verdict.DRIFTED, summary="size drifted in 500 requests", advice="retrain", because="it is worse",
        traffic=Traffic(rows=500, answered=500), labelled=0, findings=(shift,),
    )  # fmt: skip
    made = windows.event_of(seen, when=datetime(2026, 5, 2, tzinfo=UTC), by="a monitor", told=True)
    events.record(Writer(Repository.find(project), os.environ), made)
    found = command(project, "retrain", "--check", "--json")
    assert [reason["kind"] for reason in found.json["reasons"]] == ["drift"]
    assert found.json["reasons"][0]["evidence"]["signals"] == ["feature:size"]
    assert "size drifted in 500 requests" in found.json["reasons"][0]["sentence"]


@pytest.mark.full
def test_the_loop_behind_git_push_judges_it_like_any_other_branch(both: tuple[Path, Path]) -> None:
    project, remote = both
    retrained.ok(project, "hook", "install", str(remote), "--enforce")
    grow(project)
    found = command(project, "retrain", "--json")
    assert found.code == 0, found.err
    made = found.json["commit"]
    assert branches(remote)[BRANCH] == made
    runs = [path for path in journal(remote) if f"/{made}/" in path and path.endswith("/run.json")]
    assert len(runs) == 2, "ours, and that of the hook"


def test_a_model_is_compared_with_what_serves_whatever_ran_on_the_base_branch(
    source: tuple[Path, Path], tmp_path: Path
) -> None:
    project, remote = retrained.copied(source, tmp_path, MERGE)
    retrained.ok(project, "hook", "install", str(remote))  # it judges, and lets everything in
    lines = (project / "data/raw.csv").read_text().splitlines()[:13]
    tip = commit(project, {"data/raw.csv": "\n".join(lines) + "\n"}, "Fewer rows")
    git(project, "push", "-q", "--no-verify", "origin", "main")
    assert any(f"/{tip}/" in path for path in journal(remote)), "the hook has run these very data on main"
    worse = command(project, "retrain", "--json")
    assert (worse.code, worse.json["verdict"], worse.json["merged"]) == (1, "failed", False), worse.err
    shown = command(project, "report", "render", "--run", worse.json["run"], "--json").json
    assert shown["base"]["ref"] == "refs/tags/toy@v0.1.0"
    assert shown["base_metrics"]["test.auc"] == 0.74
    assert branches(remote)["main"] == tip
    assert "the verdict is failed" in attempts(project)[-1].details["merging"]
