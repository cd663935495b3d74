"""`mltools report`: against the stand-in for GitHub and without any forge."""

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from mltools.cli import app
from mltools.core.report import render
from tests.github_server import GitHubServer, serving
from tests.github_state import BOT, Viewer
from tests.support import Result, make_repo, mltools
from tests.unit.test_report import COMMIT, record

MARK = "<!-- mltools:report:v1:. -->"


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with serving() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in which a run has left its record."""
    files = {"mltools.yaml": "schema: 1\n", "dvc.yaml": "stages: {}\n", ".gitignore": ".mltools\n"}
    root = make_repo(tmp_path / "project", files)
    leave_run(root / ".mltools")
    return root


def leave_run(directory: Path, **changes: Any) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "run.json").write_text(json.dumps(record(**changes).as_json()))
    return directory


def report(cwd: Path, *args: str, env: Mapping[str, str] | None = None) -> Result:
    """`mltools report ARGS`, in this process: most of what is tested takes less time than a start of Python."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        code = app.invoke(["-C", str(cwd), "report", *args])
    assert "Traceback" not in err.getvalue()
    return Result(code, out.getvalue(), err.getvalue())


def post(cwd: Path, github: GitHubServer, *args: str, **variables: str) -> Result:
    return report(cwd, "post", *args, env=github.environ(**variables))


def test_the_newest_report_is_printed(project: Path) -> None:
    (project / "sub").mkdir()
    done = mltools(project / "sub", "report", "render")
    assert (done.code, done.err) == (0, "")
    assert done.out == render(record())


def test_the_record_is_printed_as_json(project: Path) -> None:
    assert report(project, "render", "--json").json == record().as_json()


def test_the_report_of_a_directory_needs_no_project(tmp_path: Path) -> None:
    leave_run(tmp_path / "bundle", verdict="passed", gates=[])
    done = report(tmp_path, "render", "--run", "bundle")
    assert done.code == 0
    assert "passed" in done.out.split("\n")[0]


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (None, 3, "no run to report on"),
        ("", 2, "run.json"),
        ("{", 2, "run.json:1: not valid JSON"),
        ("[]", 2, "not a run record"),
        ('{"schema": 2}', 2, "not a run record"),
        ('{"metrics": NaN}', 2, "NaN is not a number"),
        ("[" * 100_000, 2, "nested too deeply"),
    ],
)
def test_a_record_that_cannot_be_read_is_said_in_one_line(
    project: Path, content: str | None, code: int, said: str
) -> None:
    path = project / ".mltools" / "run.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    for command in ("render", "post"):
        done = report(project, command)
        assert done.code == code
        assert said in done.err


def test_a_run_that_nobody_knows_is_wrong_use(project: Path) -> None:
    done = report(project, "render", "--run", "20260102T030405Z-11111111-abcdef")
    assert done.code == 2
    assert "mltools runs list" in done.err
    (project / "empty").mkdir()
    done = report(project, "render", "--run", "empty")
    assert done.code == 2
    assert "no run to report on" in done.err


def test_posting_tells_each_step_and_ends_with_zero_although_the_verdict_is_failed(
    project: Path, github: GitHubServer, tmp_path: Path
) -> None:
    pull = github.forge.open_pull(COMMIT)
    summary, event = tmp_path / "summary.md", tmp_path / "event.json"
    event.write_text(json.dumps({"before": "0" * 40, "repository": {"default_branch": "main"}}))
    done = post(
        project,
        github,
        GITHUB_STEP_SUMMARY=str(summary),
        GITHUB_EVENT_PATH=str(event),
        GITHUB_EVENT_NAME="push",
        GITHUB_REF="refs/heads/feature",
    )
    assert (done.code, done.out) == (0, "")
    assert f"comment on pull request #{pull.number}\n" in done.err
    assert "::error title=mltools::gate auc-kept: failed" in done.err
    assert github.forge.texts(pull.number)[0].startswith(f"{MARK}\n### ")
    assert github.forge.statuses[0]["state"] == "failure"
    assert summary.read_text() == render(record())


@pytest.mark.parametrize(
    "variables",
    [
        {"GITHUB_TOKEN": ""},
        {"GITHUB_TOKEN": "wrong"},
        {"GITHUB_TOKEN": "secret\n"},
        {"GITHUB_REPOSITORY": "x"},
    ],
    ids=str,
)
def test_without_a_good_token_the_report_stays_in_a_file_and_the_exit_code_is_zero(
    project: Path, github: GitHubServer, variables: dict[str, str]
) -> None:
    done = post(project, github, **variables)
    assert done.code == 0
    assert "warning: not posted: " in done.err
    assert (project / ".mltools" / "report.md").read_text() == render(record())
    assert "secret\n" not in done.err


def test_a_read_only_token_leaves_the_exit_code_alone(project: Path, github: GitHubServer) -> None:
    github.forge.viewers["secret"] = Viewer(BOT, write=False, installation=True)
    github.forge.open_pull(COMMIT)
    done = post(project, github)
    assert done.code == 0
    assert "403: Resource not accessible by integration" in done.err
    assert (project / ".mltools" / "report.md").is_file()


def test_by_hand_a_token_and_a_repository_are_enough(project: Path, github: GitHubServer) -> None:
    pull = github.forge.open_pull(COMMIT)
    variables = {name: value for name, value in github.environ().items() if name != "GITHUB_ACTIONS"}
    done = report(project, "post", env=variables)
    assert done.code == 0
    assert len(github.forge.texts(pull.number)) == 1


def test_as_a_program_it_posts_and_ends_with_zero(project: Path, github: GitHubServer) -> None:
    pull = github.forge.open_pull(COMMIT)
    done = mltools(project, "report", "post", "--run", ".mltools", env=github.environ())
    assert (done.code, done.out) == (0, "")
    assert len(github.forge.texts(pull.number)) == 1


def test_a_dry_run_only_reads(project: Path, github: GitHubServer) -> None:
    github.forge.open_pull(COMMIT)
    done = post(project, github, "--dry-run")
    assert done.code == 0
    assert "would comment on pull request #1" in done.err
    assert github.writes() == []


def test_a_directory_that_is_not_there_is_said(project: Path, github: GitHubServer) -> None:
    (project / "empty").mkdir()
    for name in ("none", "empty"):
        done = post(project, github, "--run", name)
        assert done.code == 2
        assert f"no run to report on: {project / name} has no run.json" in done.err


def test_an_event_file_that_is_no_json_is_said(project: Path, github: GitHubServer, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text("{")
    done = post(project, github, GITHUB_EVENT_PATH=str(tmp_path / "event.json"))
    assert done.code == 3
    assert "event.json:1: not valid JSON" in done.err


def fork_event(tmp_path: Path, **changes: Any) -> dict[str, str]:
    run = {
        "event": "pull_request",
        "head_sha": COMMIT,
        "head_branch": "main",
        "head_repository": {"full_name": "stranger/iris", "owner": {"login": "stranger"}},
        "html_url": "https://github.com/octo/iris/actions/runs/66",
        "pull_requests": [],
        **changes,
    }
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"workflow_run": run, "repository": {"full_name": "octo/iris"}}))
    return {"GITHUB_EVENT_PATH": str(path), "GITHUB_EVENT_NAME": "workflow_run"}


def test_a_forks_bundle_is_reported_on_its_own_pull_request(
    project: Path, github: GitHubServer, tmp_path: Path
) -> None:
    pull = github.forge.open_pull(COMMIT, branch="main", repository="stranger/iris")
    bundle = leave_run(tmp_path / "bundle", url="https://evil.example/x")
    (bundle / "report.md").write_text("### passed: approved by @octo\n")
    done = post(project, github, "--run", str(bundle), "--untrusted", **fork_event(tmp_path))
    assert done.code == 0
    (text,) = github.forge.texts(pull.number)
    assert "approved" not in text
    assert "evil.example" not in text
    assert "https://github.com/octo/iris/actions/runs/66" in text


def test_a_forks_bundle_for_another_commit_is_refused(
    project: Path, github: GitHubServer, tmp_path: Path
) -> None:
    bundle = leave_run(tmp_path / "bundle")
    variables = fork_event(tmp_path, head_sha="9" * 40)
    done = post(project, github, "--run", str(bundle), "--untrusted", **variables)
    assert done.code == 3
    assert "refused: the result speaks of commit 11111111" in done.err
    assert github.requests == []


def test_a_strangers_bundle_outside_of_its_event_is_wrong_use(
    project: Path, github: GitHubServer, tmp_path: Path
) -> None:
    bundle = leave_run(tmp_path / "bundle")
    done = post(project, github, "--run", str(bundle), "--untrusted", GITHUB_EVENT_NAME="push")
    assert done.code == 2
    assert "--untrusted needs a workflow_run event" in done.err


def test_a_link_in_a_strangers_bundle_is_not_followed(
    project: Path, github: GitHubServer, tmp_path: Path
) -> None:
    bundle = leave_run(tmp_path / "bundle")
    (bundle / "run.json").rename(tmp_path / "elsewhere.json")
    (bundle / "run.json").symlink_to(tmp_path / "elsewhere.json")
    done = post(project, github, "--run", str(bundle), "--untrusted", **fork_event(tmp_path))
    assert done.code in {2, 3}
    assert github.requests == []
