"""`mltools workflow generate` and `check` on real repositories: nothing that a person wrote is lost."""

from pathlib import Path

import pytest

from tests.support import Result, commit, git, make_repo, mltools

CONFIG = """\
schema: 1
release: {model: tumour}
ci:
  provider: github
  install: mltools-gitops==0.1.0
"""
PIPELINE = "stages:\n  train:\n    cmd: python train.py\n    outs: [model.bin]\n"
FOLDER = Path(".github/workflows")
NAMES = ["mltools-deploy.yml", "mltools-fork.yml", "mltools.yml"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "project", {"mltools.yaml": CONFIG, "dvc.yaml": PIPELINE})


def configure(project: Path, old: str, new: str) -> None:
    path = project / "mltools.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def generate(project: Path, *args: str) -> Result:
    return mltools(project, "workflow", "generate", *args)


def check(project: Path, *args: str) -> Result:
    return mltools(project, "workflow", "check", *args)


def contents(project: Path) -> dict[str, str]:
    return {str(path.relative_to(project)): path.read_text() for path in project.glob(".github/**/*.yml")}


def test_a_new_project_gets_its_workflows_and_dependabots_file(project: Path) -> None:
    done = generate(project)
    assert done.code == 0, done.err
    assert sorted(path.name for path in (project / FOLDER).iterdir()) == NAMES
    assert "github-actions" in (project / ".github/dependabot.yml").read_text()
    assert [line.split()[0] for line in done.out.splitlines()] == ["create"] * 4
    assert check(project).code == 0


def test_nothing_is_written_in_a_dry_run(project: Path) -> None:
    done = generate(project, "--dry-run")
    assert done.code == 0
    assert f"would create {FOLDER}/mltools.yml\n" in done.out
    assert not (project / ".github").exists()


def test_a_second_time_changes_nothing(project: Path) -> None:
    generate(project)
    before = contents(project)
    done = generate(project)
    assert (done.code, done.out) == (0, "")
    assert contents(project) == before


def test_missing_files_are_named(project: Path) -> None:
    done = check(project)
    assert done.code == 1
    assert f"{FOLDER}/mltools.yml is missing" in done.out
    assert "mltools workflow generate" in done.err


def test_a_changed_configuration_makes_the_files_stale_and_generating_updates_them(project: Path) -> None:
    generate(project)
    configure(project, "ci:\n", 'ci:\n  python: "3.13"\n')
    done = check(project)
    assert done.code == 1
    assert f"{FOLDER}/mltools.yml is stale" in done.out
    assert f"update {FOLDER}/mltools.yml" in generate(project).out
    assert 'python-version: "3.13"' in (project / FOLDER / "mltools.yml").read_text()
    assert check(project).code == 0


def test_an_edited_file_is_told_from_a_stale_one_and_refused(project: Path) -> None:
    generate(project)
    path = project / FOLDER / "mltools.yml"
    path.write_text(path.read_text().replace("timeout-minutes: 60", "timeout-minutes: 90"))
    configure(project, "ci:\n", 'ci:\n  python: "3.13"\n')
    before = contents(project)

    looked = check(project)
    assert looked.code == 1
    assert f"{FOLDER}/mltools.yml was edited by hand" in looked.out
    assert f"{FOLDER}/mltools-deploy.yml is stale" in looked.out

    refused = generate(project)
    assert refused.code == 1
    assert f"{FOLDER}/mltools.yml was edited by hand" in refused.err
    assert "--force" in refused.err
    assert contents(project) == before, "either all files are written or none"

    forced = generate(project, "--force")
    assert forced.code == 0
    assert f"overwrite {FOLDER}/mltools.yml: it was edited by hand" in forced.out
    assert check(project).code == 0


def test_a_workflow_of_the_users_own_under_our_name_is_refused(project: Path) -> None:
    (project / FOLDER).mkdir(parents=True)
    (project / FOLDER / "mltools.yml").write_text("name: mine\n")
    done = generate(project)
    assert done.code == 1
    assert "was not written by mltools" in done.err
    assert contents(project) == {f"{FOLDER}/mltools.yml": "name: mine\n"}


def test_other_files_of_the_users_are_no_matter(project: Path) -> None:
    (project / FOLDER).mkdir(parents=True)
    (project / FOLDER / "ci.yml").write_text("name: mine\n")
    (project / ".github/dependabot.yml").write_text("version: 2 # mine\n")
    assert generate(project).code == 0
    assert check(project).code == 0
    assert contents(project)[f"{FOLDER}/ci.yml"] == "name: mine\n"
    assert contents(project)[".github/dependabot.yml"] == "version: 2 # mine\n"


def test_what_is_switched_off_is_taken_away(project: Path) -> None:
    generate(project)
    configure(project, "ci:\n", "ci:\n  forks: false\n")
    done = check(project)
    assert done.code == 1
    assert f"{FOLDER}/mltools-fork.yml is not wanted any more" in done.out
    assert f"would remove {FOLDER}/mltools-fork.yml" in generate(project, "--dry-run").out
    assert generate(project).code == 0
    assert not (project / FOLDER / "mltools-fork.yml").exists()
    assert check(project).code == 0


def test_a_pin_that_was_moved_is_no_edit_and_survives(project: Path) -> None:
    generate(project)
    path = project / FOLDER / "mltools.yml"
    lines = [
        f"        uses: actions/checkout@{'a' * 40} # v99.0.0" if "uses: actions/checkout@" in line else line
        for line in path.read_text().splitlines()
    ]
    path.write_text("\n".join(lines) + "\n")
    assert check(project).code == 0
    configure(project, "ci:\n", 'ci:\n  python: "3.13"\n')
    assert generate(project).code == 0
    assert path.read_text().count(f"actions/checkout@{'a' * 40} # v99.0.0") == 4
    assert check(project).code == 0


def test_a_checkout_with_other_line_ends_is_current(project: Path) -> None:
    generate(project)
    for path in (project / FOLDER).iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert check(project).code == 0


def test_the_answer_as_json(project: Path) -> None:
    generate(project)
    configure(project, "ci:\n", "ci:\n  cache: false\n")
    done = check(project, "--json")
    assert done.code == 1
    assert done.json["schema"] == 1
    assert done.json["current"] is False
    assert {Path(file["path"]).name: file["state"] for file in done.json["files"]} == {
        "mltools.yml": "stale",
        "mltools-deploy.yml": "current",
        "mltools-fork.yml": "current",
    }


def test_a_project_below_the_top_has_workflows_of_its_own_at_the_top(tmp_path: Path) -> None:
    top = make_repo(
        tmp_path / "mono",
        {f"{place}/{name}": text for place in ("a", "b") for name, text in
         {"mltools.yaml": CONFIG, "dvc.yaml": PIPELINE}.items()},
    )  # fmt: skip
    for place in ("a", "b"):
        assert generate(top / place).code == 0
        assert check(top / place).code == 0
    assert sorted(path.name for path in (top / FOLDER).iterdir()) == sorted(
        name.replace(".yml", f"-{place}.yml") for name in NAMES for place in ("a", "b")
    )
    assert 'working-directory: "b"' in (top / FOLDER / "mltools-b.yml").read_text()


def test_the_default_dvc_remote_is_known_from_the_committed_configuration(project: Path) -> None:
    commit(
        project,
        {".dvc/config": "[core]\n    remote = store\n['remote \"store\"']\n    url = s3://bucket/path\n"},
    )
    assert generate(project).code == 0
    assert "AWS_ACCESS_KEY_ID" in (project / FOLDER / "mltools.yml").read_text()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("core]\nremote = x\n", ".dvc/config"),
        ("[core]\n\xff", ".dvc/config"),
    ],
)
def test_a_dvc_configuration_that_cannot_be_read_is_named(project: Path, text: str, says: str) -> None:
    (project / ".dvc").mkdir()
    (project / ".dvc/config").write_bytes(text.encode("latin-1"))
    done = generate(project)
    assert done.code == 2
    assert says in done.err


def test_without_a_ci_section_the_command_says_what_to_add(project: Path) -> None:
    (project / "mltools.yaml").write_text("schema: 1\n")
    done = generate(project)
    assert done.code == 2
    assert "`ci`" in done.err
    assert "hint: add one" in done.err


def test_a_workflow_that_is_no_text_is_named(project: Path) -> None:
    (project / FOLDER).mkdir(parents=True)
    (project / FOLDER / "mltools.yml").write_bytes(b"\xff\xfe\x00")
    done = check(project)
    assert done.code == 3
    assert "mltools.yml: not UTF-8 text" in done.err


def test_outside_of_git_the_error_says_so(tmp_path: Path) -> None:
    (tmp_path / "mltools.yaml").write_text(CONFIG)
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    done = generate(tmp_path)
    assert done.code == 3
    assert "Git repository" in done.err


def test_it_works_from_a_subdirectory(project: Path) -> None:
    (project / "pipeline").mkdir()
    assert generate(project / "pipeline").code == 0
    assert (project / FOLDER / "mltools.yml").is_file()
    assert git(project, "status", "--porcelain") == "?? .github/"
