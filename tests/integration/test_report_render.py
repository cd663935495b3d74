"""`mltools report render` in its forms, with what the journal and mltools.yaml add; pictures on a pull request."""

import json
import os
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from mltools import bundle, journal, surroundings
from mltools.core.records import Record
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.project import open_project
from tests import reports
from tests.github_server import Fault, serving
from tests.integration.test_report_command import report
from tests.pictures import png
from tests.rendered import of_html
from tests.stored import make_record
from tests.support import Result, commit, git, make_repo, mltools

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
FILES = {"mltools.yaml": "schema: 1\n", "dvc.yaml": "stages: {}\n", ".gitignore": ".mltools\n"}


def writer_of(place: Path) -> Writer:
    return Writer(Repository.find(place), os.environ)


def chain(place: Path, count: int, **changes: Any) -> list[Record]:
    """Records of one commit after the other, each the base of the next; the last is not kept."""
    made: list[Record] = []
    for number in range(count):
        base = made[-1] if made else None
        record = make_record(
            f"{number + 10:02d}" * 20,
            second=number,
            metrics={"test.auc": 0.5 + number / 100},
            base=base and {"commit": base.commit, "ref": "main", "how": "record", "run": base.id},
            **changes,
        )
        made.append(record)
    for record in made[:-1]:
        journal.append(writer_of(place), record, {}, when=WHEN)
    return made


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "project", FILES)


def leave(place: Path, record: Record) -> None:
    (place / ".mltools").mkdir(exist_ok=True)
    (place / ".mltools/run.json").write_text(json.dumps(record.as_json()))


# ---- the history


def test_the_bases_of_a_record_are_followed_the_nearest_first(project: Path) -> None:
    records = chain(project, 6)
    repository = Repository.find(project)
    assert list(journal.bases(repository, records[-1], 20)) == records[-2::-1]
    assert list(journal.bases(repository, records[-1], 2)) == [records[-2], records[-3]]


def test_the_history_ends_where_a_base_has_no_record(project: Path) -> None:
    records = chain(project, 4)
    repository = Repository.find(project)
    lost = records[-1].model_copy(
        update={"base": records[-1].base and records[-1].base.model_copy(update={"run": None})}
    )
    forged = records[-1].base and records[-1].base.model_copy(update={"run": "../x\ny"})
    assert list(journal.bases(repository, lost, 20)) == []
    assert list(journal.bases(repository, records[-1].model_copy(update={"base": forged}), 20)) == []
    assert list(journal.bases(repository, records[0], 20)) == []


def test_a_circle_of_bases_ends(project: Path) -> None:
    first, second = chain(project, 2)
    circle = first.model_copy(
        update={
            "base": second.base and second.base.model_copy(update={"commit": second.commit, "run": second.id})
        }
    )
    writer = writer_of(make_repo(project.parent / "other", FILES))
    for record in (circle, second):
        journal.append(writer, record, {}, when=WHEN)
    assert list(journal.bases(writer.repository, second, 20)) == [circle]


def test_without_a_journal_there_is_no_history(project: Path) -> None:
    record = reports.full()
    assert surroundings.around(open_project(project), record).history == ()


def test_a_shallow_clone_shows_the_same_history(project: Path, tmp_path: Path) -> None:
    record = chain(project, 5)[-1]
    commit(project, {"a": "b"})
    git(tmp_path, "clone", "-q", "--depth=1", project.as_uri(), "shallow")
    git(tmp_path / "shallow", "fetch", "-q", "origin", "+refs/mltools/*:refs/mltools/*")
    for place in (project, tmp_path / "shallow"):
        leave(place, record)
        found = report(place, "render").out
        assert "History: the last 4 runs of the base branch, and this one" in found
        assert "▁▃▅▆█" in found


# ---- the forms


def test_the_page_is_written_to_a_file(project: Path) -> None:
    leave(project, reports.full())
    done = report(project, "render", "--format", "html", "--output", "report.html")
    assert (done.code, done.out) == (0, "")
    assert f"report: {project / 'report.html'}" in done.err
    made = (project / "report.html").read_text()
    assert of_html(made).found[0][0] == "html"
    assert report(project, "render", "--format", "html").out == made


def test_the_text_is_what_a_terminal_shows(project: Path) -> None:
    leave(project, reports.full())
    done = mltools(project, "--color", "always", "report", "render", "--format", "text")
    assert done.out.startswith("\x1b[31mfailed\x1b[0m: 4 of 7 gates passed")
    plain = mltools(
        project, "report", "render", "--format", "text", env={"NO_COLOR": "1", "FORCE_COLOR": "1"}
    )
    assert "\x1b" not in plain.out
    assert plain.out.startswith("failed: 4 of 7 gates passed")
    done = mltools(project, "--color", "always", "report", "render", "--format", "text", "-o", "x.txt")
    assert (project / "x.txt").read_text() == plain.out


def test_the_record_is_json_in_both_spellings(project: Path) -> None:
    leave(project, reports.full())
    one, other = report(project, "render", "--format", "json"), report(project, "render", "--json")
    assert one.json == other.json == reports.full().as_json()
    assert report(project, "render", "--json", "--format", "html").code == 2


def test_a_form_that_nobody_knows_is_wrong_use(project: Path) -> None:
    done = report(project, "render", "--format", "pdf")
    assert done.code == 2
    assert "markdown" in done.err


def test_a_file_that_cannot_be_written_is_said(project: Path) -> None:
    leave(project, reports.full())
    (project / "taken").mkdir()
    (project / "file").write_text("")
    for name in ("taken", "file/x.md"):
        done = report(project, "render", "-o", name)
        assert done.code == 3
        assert name.partition("/")[0] in done.err


# ---- mltools.yaml


def test_mltools_yaml_orders_and_drops_sections(project: Path) -> None:
    leave(project, reports.full(gates=[], gates_changed=False))
    (project / "mltools.yaml").write_text("schema: 1\nreport: {sections: [environment, metrics]}\n")
    body = report(project, "render").out
    assert body.index("Reproduce this") < body.index("| Metric |")
    assert "<summary>Params" not in body
    assert report(project, "render", "--format", "text").out.split("\n")[1].startswith("metric ")


def test_a_section_that_does_not_exist_is_a_mistake_with_the_nearest_name(project: Path) -> None:
    (project / "mltools.yaml").write_text(
        "schema: 1\nreport:\n  sections: [metrics, all_metrics, gates, gates]\n"
    )
    done = mltools(project, "run")
    assert done.code == 2
    assert "mltools.yaml:3: report.sections[1]: 'all_metrics' is not one of" in done.err
    assert "did you mean 'all-metrics'?" in done.err
    (project / "mltools.yaml").write_text("schema: 1\nreport:\n  sections: [gates, gates]\n")
    assert "'gates' stands there twice" in mltools(project, "run").err


def test_a_report_is_rendered_beside_a_configuration_that_is_broken(project: Path) -> None:
    leave(project, reports.full())
    (project / "mltools.yaml").write_text("schema: [")
    assert report(project, "render", "--run", ".mltools").code == 0


# ---- pictures on a pull request


def pictured(place: Path, directory: Path, content: bytes) -> Record:
    """A bundle of a run that made a picture."""
    digest = sha256(content).hexdigest()
    image = {
        "path": "p.png",
        "title": "A <b>",
        "sha256": digest,
        "size": len(content),
        "width": 2,
        "height": 2,
    }
    record = make_record(git(place, "rev-parse", "HEAD"), trigger="push", images=[image])
    bundle.write(open_project(place), record, bundle.Shown("# r\n", "<p>", {digest: content}), directory)
    return record


def publish(clone: Path, run: Path, images: str, variables: dict[str, str], *more: str) -> Result:
    (clone / "mltools.yaml").write_text(f"schema: 1\nreport: {{images: {images}}}\n")
    added = mltools(clone, "runs", "add", str(run), env=variables)
    assert added.code == 0, added.err
    done = report(clone, "post", "--run", str(run), *more, env=variables)
    assert done.code == 0, done.err
    return added


def test_a_picture_is_shown_in_the_comment_by_the_commit_that_holds_it(
    clone: Path, remote: Path, tmp_path: Path
) -> None:
    commit(clone, FILES)
    git(clone, "push", "-q", "origin", "main")
    record = pictured(clone, tmp_path / "run", png())
    with serving() as github:
        pull = github.forge.open_pull(record.commit)
        variables = {**github.environ(), "GITHUB_SERVER_URL": "https://github.example"}
        added = publish(clone, tmp_path / "run", "ref", variables)
        (text,) = github.forge.texts(pull.number)
    assert "1 picture kept" in added.err
    tip = git(remote, "rev-parse", "refs/mltools/images")
    name = record.images[0].sha256
    address = f"https://github.example/octo/iris/blob/{tip}/{name[:2]}/{name}.png?raw=true"
    assert f"![A &lt;b&gt;]({address})" in text


def test_by_default_a_comment_shows_no_picture(clone: Path, remote: Path, tmp_path: Path) -> None:
    commit(clone, FILES)
    record = pictured(clone, tmp_path / "run", png())
    with serving() as github:
        pull = github.forge.open_pull(record.commit)
        publish(clone, tmp_path / "run", "none", github.environ())
        (text,) = github.forge.texts(pull.number)
    assert "![" not in text
    assert "refs/mltools/images" not in git(remote, "for-each-ref")


def test_pictures_that_cannot_be_kept_stop_nothing(clone: Path, remote: Path, tmp_path: Path) -> None:
    commit(clone, FILES)
    record = pictured(clone, tmp_path / "run", png())
    hook = remote / "hooks/update"
    hook.write_text('#!/bin/sh\ncase "$1" in refs/mltools/images) exit 1;; esac\n')
    hook.chmod(0o755)
    with serving() as github:
        pull = github.forge.open_pull(record.commit)
        added = publish(clone, tmp_path / "run", "ref", github.environ())
        assert len(github.forge.texts(pull.number)) == 1
    assert "the run's pictures are not kept" in added.err


def test_a_picture_in_a_forge_release_is_shown_in_the_comment(clone: Path, tmp_path: Path) -> None:
    commit(clone, FILES)
    record = pictured(clone, tmp_path / "run", png())
    with serving() as github:
        pull = github.forge.open_pull(record.commit)
        publish(clone, tmp_path / "run", "release", github.environ())
        (text,) = github.forge.texts(pull.number)
        ((asset,),) = [each["assets"] for each in github.forge.releases.values()]
        assert github.problems == []
    assert asset["name"] == f"{record.images[0].sha256}.png"
    assert f"]({asset['browser_download_url']})" in text


def test_pictures_that_cannot_be_found_stop_no_comment(clone: Path, tmp_path: Path) -> None:
    commit(clone, FILES)
    record = pictured(clone, tmp_path / "run", png())
    with serving() as github:
        pull = github.forge.open_pull(record.commit)
        github.faults.append(Fault("GET", "/releases/tags/", times=100, status=403))
        added = publish(clone, tmp_path / "run", "release", github.environ())
        assert "![" not in github.forge.texts(pull.number)[0]
    assert "the run's pictures are not kept" in added.err


# ---- more than a comment takes


def test_what_a_comment_cannot_hold_is_on_the_runs_page(project: Path, tmp_path: Path) -> None:
    metrics = {f"group.metric_{number}": number / 7 for number in range(3_000)}
    record = reports.full(metrics=metrics, base_metrics=metrics, gates=[])
    leave(project, record)
    summary = tmp_path / "summary.md"
    with serving() as github:
        pull = github.forge.open_pull(record.commit)
        done = report(project, "post", env=github.environ(GITHUB_STEP_SUMMARY=str(summary)))
        assert done.code == 0
        (text,) = github.forge.texts(pull.number)
    assert text.startswith("<!-- mltools:report:v1:. -->\n### ")
    assert len(text) <= 65_536
    link = "[the run](https://github.com/o/r/actions/runs/1)"
    assert (
        f"Left out, because it would be too long here: all metrics. The page and the artifact of {link}"
        in text
    )
    assert "group.metric_2999" not in text
    assert "group.metric_2999" in summary.read_text()
    assert "Left out" not in summary.read_text()


def test_of_a_strangers_run_no_section_of_its_own_is_shown(project: Path, tmp_path: Path) -> None:
    (project / "mltools.yaml").write_text("schema: 1\nreport: {sections: [extra, metrics]}\n")
    record = reports.full(extras=[{"title": "approved", "text": "**approved** by the maintainers"}])
    run = tmp_path / "run"
    run.mkdir()
    (run / "run.json").write_text(json.dumps(record.as_json()))
    event = {
        "event": "pull_request",
        "head_sha": record.commit,
        "head_branch": "main",
        "head_repository": {"full_name": "stranger/iris", "owner": {"login": "stranger"}},
        "html_url": "https://github.com/octo/iris/actions/runs/66",
        "pull_requests": [],
    }
    (tmp_path / "event.json").write_text(
        json.dumps({"workflow_run": event, "repository": {"full_name": "octo/iris"}})
    )
    with serving() as github:
        pull = github.forge.open_pull(record.commit, branch="main", repository="stranger/iris")
        variables = github.environ(
            GITHUB_EVENT_PATH=str(tmp_path / "event.json"), GITHUB_EVENT_NAME="workflow_run"
        )
        done = report(project, "post", "--run", str(run), "--untrusted", env=variables)
        assert done.code == 0, done.err
        (text,) = github.forge.texts(pull.number)
    assert "approved" not in text
    assert "| `test.roc_auc` |" in text
    assert "Gates (7)" not in text
