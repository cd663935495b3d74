"""Changed data in real runs: drift, leakage, contracts that break; what is recorded, shown, judged and handed over."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from mltools import datachanges, journal
from mltools.core.profile import parse_profile, profile_id
from mltools.edges import documents
from mltools.edges.git.read import Repository
from tests.projects import FILES, branch, make_project
from tests.releases import command
from tests.support import Result, commit, git, mltools

pytestmark = pytest.mark.slow

SPLIT = """\
import pathlib
lines = pathlib.Path("data/raw.csv").read_text().splitlines()
share = pathlib.Path("split.txt").read_text().split()
rows = lines[1:]
cut = len(rows) * 3 // 4
leaked = int(share[0])
pathlib.Path("data/train.csv").write_text("\\n".join([lines[0], *rows[: cut + leaked]]) + "\\n")
pathlib.Path("data/test.csv").write_text("\\n".join([lines[0], *rows[cut:]]) + "\\n")
"""
GATES = """\
  - name: data
    kind: data
    path: data/raw.csv
    breaking: fail
    psi: 0.25
    min_rows: 1000
    max_duplicate_rows: 0.01
  - name: leakage
    kind: data
    schema_holds: false
    no_overlap: {train: data/train.csv, test: data/test.csv, id: id}
"""
POLICY = FILES["mltools.yaml"].replace("gates:\n", f"gates:\n{GATES}")
CONTRACT = FILES["schemas/raw.yaml"]


def rows(
    count: int = 2_000, *, mean: float = 4.0, seed: int = 1, sites: tuple[str, ...] = ("yes", "no")
) -> str:
    chance = random.Random(seed)
    lines = [
        f"{number},{min(9.9, max(0.0, chance.gauss(mean, 1))):.3f},{chance.choice(sites)}"
        for number in range(1, count + 1)
    ]
    return "\n".join(["id,size,label", *lines]) + "\n"


def pipeline() -> str:
    """The small project's pipeline with a stage before it that splits the data."""
    stages = FILES["dvc.yaml"]
    python = stages.split("cmd: ")[1].split(" ")[0]
    split = (
        f"  split:\n    cmd: {python} split.py\n    deps: [data/raw.csv, split.py, split.txt]\n"
        "    outs: [data/train.csv, data/test.csv]\n"
    )
    return stages.replace("stages:\n", f"stages:\n{split}")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("template") / "project"
    with pytest.MonkeyPatch.context() as patch:
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "A Tester")
            patch.setenv(f"GIT_{who}_EMAIL", "tester@example.com")
        make_project(
            place,
            **{
                "data/raw.csv": rows(),
                "split.py": SPLIT,
                "split.txt": "0\n",
                "dvc.yaml": pipeline(),
                "mltools.yaml": POLICY,
                ".gitignore": "/model.bin\n/data/train.csv\n/data/test.csv\n",
            },
        )
        first = mltools(place, "run")
        assert first.code == 0, first.err
        commit(place, {}, "Keep the results")
        second = mltools(place, "run")
        assert second.code == 0, second.err
    return place


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Path:
    place = tmp_path / "project"
    shutil.copytree(template, place, symlinks=True)
    return place


def change(project: Path, **files: str) -> str:
    branch(project, "change")
    return commit(project, files)


def run(project: Path, *args: str) -> Result:
    return command(project, "run", *args)


def record(project: Path) -> dict[str, Any]:
    value = json.loads((project / ".mltools/run.json").read_text())
    assert isinstance(value, dict)
    return value


def gate(project: Path, name: str = "data") -> dict[str, Any]:
    return next(gate for gate in record(project)["gates"] if gate["name"] == name)


# ---- runs


def test_a_run_keeps_the_profile_of_its_data_beside_its_record(project: Path) -> None:
    repository = Repository.find(project)
    found = list(journal.records(repository))
    assert [each.verdict.value for each in found] == ["passed", "passed"]
    ids = {each.data[0].profile for each in found}
    assert len(ids) == 1
    (name,) = ids
    content = journal.attachment(repository, found[0], f"profiles/{name}.json")
    assert content is not None
    profile = parse_profile(documents.read_json(content, "profile"), "profile")
    assert (profile_id(profile), profile.rows) == (name, 2_000)
    assert {column.name for column in profile.columns} == {"id", "size", "label"}
    blobs = {
        oid for path, oid in repository.tree(journal.REF).items() if path.endswith(f"/profiles/{name}.json")
    }
    assert len(blobs) == 1  # Git keeps it once


def test_a_run_without_changes_reads_no_data_and_says_nothing_of_them(project: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (project / ".mltools/cache").rglob("*.json")}
    result = mltools(project, "-v", "run", env={"PYTHONVERBOSE": "1"})
    assert result.code == 0
    for name in ("duckdb", "numpy", "pandas", "scipy"):
        assert f"import '{name}'" not in result.err
    assert record(project)["data_changes"] == []
    after = {path: path.stat().st_mtime_ns for path in (project / ".mltools/cache").rglob("*.json")}
    assert after == before


def test_drift_fails_the_gate_and_stands_open_in_the_report(project: Path) -> None:
    change(project, **{"data/raw.csv": rows(2_100, mean=5.5, seed=2)})
    result = run(project)
    assert result.code == 1
    assert "data/raw.csv has drifted: PSI" in result.out
    found = gate(project)
    assert found["outcome"] == "failed"
    assert (found["evidence"]["psi_column"], found["evidence"]["psi"] > 1) == ("size", True)
    (changed,) = record(project)["data_changes"]
    assert (changed["rows"], changed["base_rows"], changed["contract"]) == (2_100, 2_000, "same")
    assert [column["name"] for column in changed["columns"]] == ["size"]
    report = (project / ".mltools/report.md").read_text()
    assert "#### Data against the base" in report
    assert "⚠️" in report.split("#### Data against the base")[1]


def test_a_contract_that_breaks_fails_although_the_data_hold_it(project: Path) -> None:
    change(project, **{"schemas/raw.yaml": CONTRACT.replace("maximum: 10", "maximum: 9.95")})
    result = run(project)
    assert result.code == 1
    assert "refuses what was good: column 'size': maximum is 9.95, was 10" in gate(project)["reason"]
    (changed,) = record(project)["data_changes"]
    assert (changed["kind"], changed["contract"]) == ("same", "breaking")


def test_a_contract_that_takes_more_passes_and_is_folded_in_the_report(project: Path) -> None:
    change(project, **{"schemas/raw.yaml": CONTRACT.replace("maximum: 10", "maximum: 12")})
    result = run(project)
    assert result.code == 0, result.out
    assert gate(project)["outcome"] == "passed"
    report = (project / ".mltools/report.md").read_text()
    assert "<summary>Data against the base: 1 data set changed</summary>" in report
    assert "Contract of `data/raw.csv` (additive)" in report


def test_a_row_in_train_and_test_fails_and_is_named(project: Path) -> None:
    change(project, **{"split.txt": "2\n"})
    result = run(project)
    assert result.code == 1
    found = gate(project, "leakage")
    assert found["evidence"] == {"data": None, "overlap": 2, "overlap_ids": ["1501", "1502"]}
    assert found["reason"] == ("2 of 500 ids in data/test.csv stand in data/train.csv, too (1501, 1502)")
    assert gate(project)["outcome"] == "passed"


def test_a_sensitive_id_is_counted_and_never_shown(project: Path) -> None:
    sensitive = CONTRACT.replace("role: id", "role: sensitive")
    change(project, **{"split.txt": "2\n", "schemas/raw.yaml": sensitive})
    assert run(project).code == 1
    found = gate(project, "leakage")
    assert (found["evidence"]["overlap"], found["evidence"]["overlap_ids"]) == (2, [])
    assert "1501" not in (project / ".mltools/run.json").read_text()


def test_rows_that_repeat_fail_beyond_their_share(project: Path) -> None:
    contract = CONTRACT.replace(", unique: true", "")
    text = rows()
    doubled = text + "\n".join(text.splitlines()[1:101]) + "\n"
    change(project, **{"data/raw.csv": doubled, "schemas/raw.yaml": contract, "split.txt": "0\n"})
    assert run(project).code == 1
    assert (
        "100 of 2,100 rows repeat an earlier one, a share of 0.04762; allowed 0.01" in gate(project)["reason"]
    )


def test_data_that_break_their_contract_are_judged_but_not_trained_on(project: Path) -> None:
    change(project, **{"data/raw.csv": rows().replace("1,", "1,99", 1)})
    result = run(project)
    assert result.code == 1
    found = record(project)
    assert found["stages"] == []
    assert [(gate["name"], gate["outcome"]) for gate in found["gates"]] == [
        ("data", "failed"),
        ("leakage", "undecided"),
    ]
    assert found["data"][0]["profile"] is not None
    assert "nothing was trained" in gate(project, "leakage")["reason"]


def test_a_change_cannot_loosen_the_gate_that_judges_its_data(project: Path) -> None:
    loose = POLICY.replace("psi: 0.25", "psi: 100").replace("breaking: fail", "breaking: allow")
    change(project, **{"mltools.yaml": loose, "data/raw.csv": rows(mean=5.5, seed=2)})
    assert run(project).code == 1
    assert gate(project)["evidence"]["psi_limit"] == 0.25


def test_a_change_that_takes_its_data_out_of_the_project_does_not_pass(project: Path) -> None:
    change(
        project,
        **{"mltools.yaml": POLICY.replace("  - {path: data/raw.csv, schema: schemas/raw.yaml}\n", "  []\n")},
    )
    assert run(project).code == 1
    assert "no longer listed" in gate(project)["reason"]


def test_without_a_record_of_the_base_drift_is_undecided_and_says_what_to_do(project: Path) -> None:
    git(project, "update-ref", "-d", "refs/mltools/journal")
    change(project, **{"data/raw.csv": rows(mean=5.5, seed=2)})
    result = run(project)
    assert result.code == 0
    found = gate(project)
    assert found["outcome"] == "undecided"
    assert "no run of" in found["reason"]
    assert "`mltools run` there records one" in found["reason"]
    assert record(project)["verdict"] == "undecided"


def test_on_a_first_run_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    only = "gates:\n  - {name: drift, kind: data, schema_holds: false, psi: 0.25}\n"
    place = make_project(tmp_path / "p", **{"mltools.yaml": POLICY.split("gates:")[0] + only})
    assert run(place).code == 0
    assert (gate(place, "drift")["outcome"], gate(place, "drift")["reason"]) == ("skipped", "no base yet")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "path: data/raw.csv\n",
            "path: data/row.csv\n",
            "no data set 'data/row.csv' in mltools.yaml; did you mean 'data/raw.csv'?",
        ),
        (
            "test: data/test.csv",
            "test: data/tets.csv",
            "no file 'data/tets.csv' in the project; did you mean 'data/test.csv'?",
        ),
        ("test: data/test.csv", "test: ../../etc/passwd", "no file '../../etc/passwd' in the project"),
        ("psi: 0.25", "psi: -1", "should be greater than 0"),
    ],
)
def test_a_gate_that_cannot_be_meant_ends_with_2(project: Path, old: str, new: str, said: str) -> None:
    change(project, **{"mltools.yaml": POLICY.replace(old, new)})
    for result in (run(project), command(project, "gate", "check")):
        assert result.code == 2
        assert said in result.err


# ---- gate check


def test_gate_check_judges_the_data_as_a_run_does_and_remembers(project: Path) -> None:
    change(project, **{"data/raw.csv": rows(2_100, mean=5.5, seed=2)})
    result = command(project, "gate", "check", "--json")
    assert result.code == 1
    judged = {gate["name"]: gate for gate in result.json["gates"]}
    assert judged["data"]["evidence"]["psi_column"] == "size"
    assert judged["leakage"]["outcome"] == "passed"
    counted = sorted((project / ".mltools/cache/counted").iterdir())
    again = command(project, "gate", "check", "--json")
    assert again.json == result.json
    assert sorted((project / ".mltools/cache/counted").iterdir()) == counted
    counted[0].write_text('{"both": "many"}')  # a damaged memory is no memory
    assert command(project, "gate", "check", "--json").json == result.json


def test_what_is_not_here_is_undecided(project: Path) -> None:
    (project / "data/test.csv").unlink()
    (project / "data/raw.csv").unlink()
    result = command(project, "gate", "check", "--json")
    judged = {gate["name"]: gate for gate in result.json["gates"]}
    assert judged["leakage"]["outcome"] == "undecided"
    assert "data/test.csv: no such file here" in judged["leakage"]["reason"]
    assert judged["data"]["outcome"] == "undecided"


# ---- data diff


def test_two_revisions_are_compared_without_their_data(project: Path) -> None:
    change(
        project,
        **{
            "data/raw.csv": rows(2_100, mean=5.5, seed=2),
            "schemas/raw.yaml": CONTRACT.replace("maximum: 10", "maximum: 12"),
        },
    )
    run(project)
    (project / "data/raw.csv").unlink()
    shutil.rmtree(project / ".mltools")
    result = command(project, "data", "diff", "main", "change")
    assert result.code == 0, result.err
    assert "data/raw.csv: 2,000 -> 2,100 rows (+100)" in result.out
    assert "contract: additive\n    column 'size': maximum is 12, was 10\n" in result.out
    assert "large" in result.out
    tree = command(project, "data", "diff", "main", "change", "--json").json
    assert [tree[side]["name"] for side in ("base", "head")] == ["main", "change"]
    assert tree["data"][0]["columns"][1]["name"] == "size"
    back = command(project, "data", "diff", "change", "main", "--json").json["data"][0]
    assert back["contract"] == "breaking"


def test_the_working_tree_is_compared_with_the_base_branch(project: Path) -> None:
    assert "unchanged: data/raw.csv" in command(project, "data", "diff").out
    (project / "data/raw.csv").write_text(rows(2_500, seed=3))
    result = command(project, "data", "diff")
    assert result.code == 0
    assert result.out.startswith("main (")
    assert "data/raw.csv: 2,000 -> 2,500 rows (+500)" in result.out
    assert "3 other columns" in result.out or "2 other columns" in result.out


def test_data_that_cannot_be_read_leave_the_contract_to_compare(project: Path) -> None:
    (project / "data/raw.csv").write_bytes(b"\x00\x01")
    (project / "schemas/raw.yaml").write_text(CONTRACT.replace("maximum: 10", "maximum: 9"))
    result = command(project, "data", "diff")
    assert result.code == 0
    assert "contract: breaking" in result.out
    assert "contents cannot be compared: now: data/raw.csv:1: holds a NUL byte" in result.out


def test_a_revision_without_a_run_says_what_to_do(project: Path) -> None:
    git(project, "update-ref", "-d", "refs/mltools/journal")
    (project / "data/raw.csv").write_text(rows(2_500, seed=3))
    result = command(project, "data", "diff")
    assert result.code == 0
    assert "no run of" in result.out
    assert "`mltools run` there records one" in result.out


def test_a_renamed_data_set_is_the_same_one(project: Path) -> None:
    branch(project, "change")
    git(project, "mv", "data/raw.csv", "data/all.csv")
    commit(project, {"mltools.yaml": POLICY.replace("data/raw.csv", "data/all.csv")})
    (project / "data/all.csv").write_text(rows(2_100, seed=4))
    result = command(project, "data", "diff")
    assert "data/raw.csv -> data/all.csv: 2,000 -> 2,100 rows (+100)" in result.out
    assert command(project, "data", "diff", "--data", "data/raw.csv").out == result.out


def test_a_run_with_uncommitted_changes_keeps_the_contract_that_it_had(project: Path) -> None:
    branch(project, "change")
    (project / "schemas/raw.yaml").write_text(CONTRACT.replace("maximum: 10", "maximum: 11"))
    run(project)
    name = record(project)["id"]
    (project / "schemas/raw.yaml").write_text(CONTRACT)
    shutil.rmtree(project / ".mltools")
    result = command(project, "data", "diff", "main", name)
    assert result.code == 0, result.err
    assert "column 'size': maximum is 11, was 10" in result.out
    # Of the commit itself the run says nothing.
    assert "unchanged: data/raw.csv" in command(project, "data", "diff", "main", "HEAD").out


def test_a_contract_that_git_does_not_hold_is_known_from_the_record(project: Path) -> None:
    git(project, "rm", "-q", "--cached", "schemas/raw.yaml")
    commit(project, {".gitignore": "/model.bin\n/data/*.csv\n/schemas/\n"})
    assert run(project).code == 0
    (project / "schemas/raw.yaml").write_text(CONTRACT.replace("maximum: 10", "maximum: 11"))
    result = command(project, "data", "diff", "HEAD")
    assert "contract: additive\n    column 'size': maximum is 11, was 10" in result.out


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("nowhere",), 3, "unknown revision 'nowhere'"),
        (("--data", "data/row.csv"), 2, "did you mean data/raw.csv?"),
        (("main", "HEAD", "x"), 2, "unexpected extra argument"),
    ],
)
def test_wrong_use_is_told(project: Path, args: tuple[str, ...], code: int, said: str) -> None:
    result = command(project, "data", "diff", *args)
    assert result.code == code
    assert said in result.err


def test_a_project_without_data_sets_has_nothing_to_compare(project: Path) -> None:
    branch(project, "bare")
    commit(project, {"mltools.yaml": "schema: 1\n"})
    git(project, "branch", "-f", "main", "bare")
    result = command(project, "data", "diff")
    assert (result.code, result.out) == (0, "no data sets\n")


def test_a_contract_that_is_wrong_here_is_a_mistake_with_its_line(project: Path) -> None:
    (project / "schemas/raw.yaml").write_text(CONTRACT.replace("maximum: 10", "maximum: -1"))
    result = command(project, "data", "diff")
    assert result.code == 2
    assert "schemas/raw.yaml:4" in result.err


def test_where_nothing_can_be_compared_every_reason_is_told(project: Path) -> None:
    branch(project, "broken")
    commit(project, {"schemas/raw.yaml": "schema: 1\ncolumns: {size: {type: decimal}}\n"})
    commit(project, {"schemas/raw.yaml": CONTRACT, "data/raw.csv": rows(seed=9)})
    result = command(project, "data", "diff", "HEAD~1")
    assert (result.code, result.out) == (3, "")
    assert "schemas/raw.yaml:2: columns.size.type: 'decimal' is not one of" in result.err
    assert "no run of" in result.err


# ---- handed over


def test_a_bundle_hands_the_profiles_over(project: Path, tmp_path: Path) -> None:
    change(project, **{"data/raw.csv": rows(2_100, seed=2)})
    done = run(project, "--no-record", "--bundle", str(tmp_path / "run"))
    assert done.code == 0, done.err
    profile = record(project)["data"][0]["profile"]
    assert (tmp_path / f"run/profiles/{profile}.json").is_file()
    assert command(project, "runs", "add", str(tmp_path / "run")).code == 0
    repository = Repository.find(project)
    kept = journal.load(repository, record(project)["id"])
    assert kept is not None
    assert set(datachanges.kept_attachments(repository, kept)) == {f"profiles/{profile}.json"}


def test_a_run_that_is_not_computed_again_hands_its_profiles_over_too(project: Path, tmp_path: Path) -> None:
    env = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main"}
    first = mltools(project, "run", env=env)
    assert first.code == 0, first.err
    shutil.rmtree(project / ".mltools")
    second = mltools(project, "run", "--bundle", str(tmp_path / "run"), env=env)
    assert "nothing to compute" in second.err
    assert [path.name for path in (tmp_path / "run/profiles").iterdir()]


@pytest.mark.slow
def test_a_commit_of_a_run_s_results_is_known_by_that_run(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p")
    assert mltools(project, "run").code == 0
    git(project, "add", "-A")
    git(project, "commit", "-qm", "Results")
    rows = (project / "data/raw.csv").read_text().replace(",0.5,", ",9.5,")
    (project / "data/raw.csv").write_text(rows)
    found = mltools(project, "data", "diff", "HEAD", "--json").json["data"][0]
    assert found["problem"] is None
    assert "size" in [column["name"] for column in found["columns"]]
