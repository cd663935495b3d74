"""`mltools data validate` as a user calls it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import pytest

from mltools.cli.data import command
from tests.support import make_repo, mltools

CONTRACT = """\
schema: 1
columns:
  id: {type: integer, required: true, unique: true}
  size:
    type: number
    minimum: 0
    maximum: 30
  note: {type: string, max_length: 3, severity: warn}
"""
POLICY = """\
schema: 1
data:
  - {path: data/raw.csv, schema: schemas/raw.yaml}
  - {path: data/new batch.csv, schema: schemas/raw.yaml}
"""
GOOD = "id,size,note\n1,0.5,ok\n2,30,\n"
FILES = {
    "mltools.yaml": POLICY,
    "dvc.yaml": "stages: {}\n",
    "schemas/raw.yaml": CONTRACT,
    "data/raw.csv": GOOD,
    "data/new batch.csv": GOOD,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "project", FILES)


def write(project: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (project / name).write_text(text)


def test_data_that_keep_their_contracts_pass(project: Path) -> None:
    done = mltools(project, "data", "validate")
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "data                rows  size  contract          verdict",
        "data/raw.csv           2  28 B  schemas/raw.yaml  passed",
        "data/new batch.csv     2  28 B  schemas/raw.yaml  passed",
    ]
    assert done.err == ""


def test_every_broken_rule_is_told_with_its_line_in_the_contract(project: Path) -> None:
    write(project, {"data/raw.csv": "id,size,note\n1,31.2,long\n1,x,\n,-1,\n"})
    done = mltools(project, "data", "validate", "--examples", "1")
    assert done.code == 1
    assert done.out.splitlines()[1:] == [
        "data/raw.csv           3  35 B  schemas/raw.yaml  failed",
        "data/new batch.csv     2  28 B  schemas/raw.yaml  passed",
        "schemas/raw.yaml:3: error: 1 of 3 rows: id has no value",
        "    row 3",
        "schemas/raw.yaml:3: error: 1 of 3 rows: id repeats the value of an earlier row",
        "    row 2: 1 (as in row 1)",
        "schemas/raw.yaml:5: error: 1 of 3 rows: size is not a number",
        "    row 2: x",
        "schemas/raw.yaml:6: error: 1 of 3 rows: size below minimum 0 (smallest -1)",
        "    row 3: -1",
        "schemas/raw.yaml:7: error: 1 of 3 rows: size above maximum 30 (largest 31.2)",
        "    row 1: 31.2",
        "schemas/raw.yaml:8: warning: 1 of 3 rows: note longer than 3 characters (longest 4)",
        "    row 1: long",
    ]


def test_warnings_alone_pass(project: Path) -> None:
    write(project, {"data/raw.csv": "id,size,note\n1,2,long\n"})
    done = mltools(project, "data", "validate", "data/raw.csv")
    assert done.code == 0
    assert "passed, with warnings" in done.out
    assert "schemas/raw.yaml:8: warning:" in done.out


def test_json_holds_everything(project: Path) -> None:
    write(project, {"data/raw.csv": "id,size,note\n1,31.2,\n"})
    done = mltools(project, "data", "validate", "--json", "data/raw.csv")
    assert done.code == 1
    assert done.json["schema"] == 1
    (data,) = done.json["data"]
    assert (data["path"], data["rows"], data["outcome"]) == ("data/raw.csv", 1, "failed")
    assert data["violations"] == [
        {
            "column": "size",
            "rule": "maximum",
            "message": "1 of 1 row: size above maximum 30 (largest 31.2)",
            "count": 1,
            "severity": "error",
            "examples": ["row 1: 31.2"],
            "line": 7,
        }
    ]


def test_a_data_set_is_named_from_where_one_stands(project: Path) -> None:
    done = mltools(project / "data", "data", "validate", "new batch.csv")
    assert done.code == 0, done.err
    assert "data/new batch.csv" in done.out
    assert "raw.csv" not in done.out


def test_a_data_set_may_be_named_from_below_as_the_project_names_it(project: Path) -> None:
    (project / "src/deep").mkdir(parents=True)
    done = mltools(project / "src/deep", "data", "validate", "data/new batch.csv")
    assert done.code == 0, done.err
    assert "data/new batch.csv" in done.out
    assert "raw.csv" not in done.out


def test_an_unknown_data_set_is_refused_with_the_nearest(project: Path) -> None:
    done = mltools(project, "data", "validate", "data/row.csv")
    assert done.code == 2
    assert "error: data/row.csv is no data set of mltools.yaml; did you mean data/raw.csv?" in done.err
    assert done.out == ""


def test_what_cannot_be_read_ends_with_3_and_hides_nothing_else(project: Path) -> None:
    write(project, {"data/raw.csv": "id,size,note\n1,2\n", "data/new batch.csv": "id,size,note\nx,2,\n"})
    done = mltools(project, "data", "validate")
    assert done.code == 3
    assert "unreadable" in done.out
    assert "error: data/raw.csv:2: 2 fields where the header has 3" in done.out
    assert "schemas/raw.yaml:3: error: 1 of 1 row: id is not an integer" in done.out
    assert "hint: a field that holds the delimiter" in done.err
    data = mltools(project, "data", "validate", "--json").json["data"]
    assert data[0]["error"] == "data/raw.csv:2: 2 fields where the header has 3"
    assert data[0]["contract"] == "schemas/raw.yaml"


@pytest.mark.parametrize("kind", ["missing", "directory", "fifo", "empty"])
def test_what_is_no_data_file_ends_with_3(project: Path, kind: str) -> None:
    path = project / "data/raw.csv"
    path.unlink()
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "empty":
        path.touch()
    done = mltools(project, "data", "validate", "data/raw.csv", timeout=30)
    assert done.code == 3
    assert "error: data/raw.csv: " in done.out
    assert "Traceback" not in done.err


def test_all_mistakes_of_all_contracts_are_told_at_once(project: Path) -> None:
    write(
        project,
        {
            "mltools.yaml": POLICY.replace("schemas/raw.yaml}\n  -", "schemas/other.yaml}\n  -"),
            "schemas/other.yaml": "schema: 1\ncolumns:\n  id: {type: int, unic: true}\n",
            "schemas/raw.yaml": CONTRACT.replace("maximum: 30", "maximum: -30"),
        },
    )
    done = mltools(project, "data", "validate")
    assert done.code == 2
    assert "error: schemas/other.yaml:3: columns.id: unknown key 'unic'" in done.err
    assert "error: schemas/other.yaml:3: columns.id.type: 'int' is not one of" in done.err
    assert "error: schemas/raw.yaml:7: columns.size.maximum: -30 is below the minimum 0" in done.err
    assert "3 problems" in done.err
    assert done.out == ""


def test_a_contract_that_is_not_there_is_a_mistake(project: Path) -> None:
    (project / "schemas/raw.yaml").unlink()
    done = mltools(project, "data", "validate")
    assert done.code == 2
    assert "there is no contract schemas/raw.yaml" in done.err
    assert "`mltools data infer data/raw.csv` writes one" in done.err


def test_a_pattern_that_the_engine_refuses_is_a_mistake(project: Path) -> None:
    write(project, {"schemas/raw.yaml": CONTRACT.replace("max_length: 3", "pattern: '(a'")})
    done = mltools(project, "data", "validate")
    assert done.code == 2
    assert "error: schemas/raw.yaml:8: columns.note.pattern: missing ): (a" in done.err


def test_no_data_sets_are_nothing_to_fail(project: Path) -> None:
    write(project, {"mltools.yaml": "schema: 1\n"})
    done = mltools(project, "data", "validate")
    assert (done.code, done.out) == (0, "no data sets\n")
    assert "list them in mltools.yaml" in done.err
    assert mltools(project, "data", "validate", "--json").json == {"schema": 1, "data": []}


def test_examples_are_bounded(project: Path) -> None:
    write(project, {"data/raw.csv": "id,size,note\nx,1,\ny,1,\n"})
    assert "row 1" not in mltools(project, "data", "validate", "--examples", "0").out
    assert mltools(project, "data", "validate", "--examples", "21").code == 2


def test_the_group_loads_no_engine() -> None:
    code = (
        "import sys; from mltools.cli.app import invoke; assert invoke(['data', '--help']) == 0; "
        "assert not {'duckdb', 'pydantic', 'git', 'dvc'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "validate" in done.stdout


def test_every_command_of_the_group_is_there() -> None:
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        assert found.name == name
        assert found.help
